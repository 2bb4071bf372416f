"""Commands: hits in each site alone and pooled, and results tables of several sites pooled."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.audit import together
from radiogenomics.association.errors import FewTablesError, NoStandardErrorError, ResultsDifferError
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.meta import META_REASONS, Interval, Tau2, pool
from radiogenomics.provenance import Provenance, digests
from radiogenomics.table import read_provenance

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]

PAIR = ["analysis", "feature", "marker", "gene", "adjustment", "effect"]
WEIGHED = ["estimate", "se", "n", "n_carriers"]
# Effects of markers that are carried or not, and of those that are numbers, by model.
COMPARABLE = (
    frozenset({tables.EFFECTS[0], tables.EFFECTS[3]}),
    frozenset({tables.EFFECTS[1], tables.EFFECTS[4]}),
    frozenset({tables.EFFECTS[2]}),
)
RANK_EFFECTS = COMPARABLE[1]
METHODS = dict(
    zip(
        tables.META_METHODS,
        ((Tau2.FIXED, Interval.NORMAL), (Tau2.REML, Interval.HARTUNG_KNAPP_FLOOR)),
        strict=True,
    )
)
# Settings that decide what an estimate is.
SAME = ("model", "volume_feature")


def sites(
    *, features: Path, markers: Path, covariates: Path, settings: str, results: Path, meta: Path, sites: Path
) -> None:
    """Estimate every hit of the results in each site, with all of its own features ranked, and pool.

    Raises
    ------
    MissingFileError, TableError, NoVolumeFeatureError, VolumeNotPositiveError, UnknownClassError, NoCommonPatientError
        As ``association test``.
    NoGroupError
        ``association.site`` names no category of the covariates.
    """
    inputs = Inputs.read(features, markers, covariates, settings)
    rows = tables.RESULTS.read_below(results, "q_two_level", inputs.options.alpha, PAIR)
    hits = rows.astype(str)
    parts = [tables.SITES.frame([])]
    passed = inputs.options.model_copy(update={"min_icc_low": None})  # as the features of hits have
    for analysis in inputs.analyses():
        own = hits[hits["analysis"] == analysis.name].reset_index(drop=True)
        levels = analysis.groups("site")
        for level in sorted(levels.dropna().unique()) if len(own) else ():
            part = replace(analysis.at((levels == level).to_numpy(), str(inputs.options.site)), options=passed)
            parts.append(_estimates(part, own).assign(site=level))
    found = together(tables.SITES, parts)
    provenance = inputs.provenance(results, *inputs.options.files)
    tables.SITES.write(found, sites, provenance)
    tables.META.write(_pooled([part for _, part in found.groupby("site", sort=True)]), meta, provenance)
    logger.info("%d hits pooled over %d sites", len(hits), found["site"].nunique())


def pool_results(*, results: Sequence[Path], meta: Path) -> None:
    """Pool the rows of several results tables by analysis, feature, marker and adjustment.

    Raises
    ------
    MissingFileError, TableError
    FewTablesError, NoStandardErrorError
    ResultsDifferError
        The tables differ in what an estimate is: effect, model or volume feature.
    """
    if len(results) < 2:
        raise FewTablesError(len(results))
    parts = [tables.RESULTS.read(path)[PAIR + WEIGHED] for path in results]
    names = [f"table {number}" for number in range(1, len(parts) + 1)]
    effects = {name: sorted(set(part["effect"].astype(str))) for name, part in zip(names, parts, strict=True)}
    present = {effect for values in effects.values() for effect in values}
    if not any(present <= of_model for of_model in COMPARABLE):
        raise ResultsDifferError("effect", effects)
    if without := sorted(present & RANK_EFFECTS):
        raise NoStandardErrorError(without[0])
    settings = {name: read_provenance(path).get("settings", {}) for name, path in zip(names, results, strict=True)}
    for key in SAME:
        values = {name: [str(record[key])] for name, record in settings.items() if key in record}
        if len({value for (value,) in values.values()}) > 1:
            raise ResultsDifferError(key, values)
    if len({tuple(record.get("covariates", ())) for record in settings.values()}) > 1:
        logger.warning("the adjustment full has other covariates in some tables than in others")
    record = {"tables": len(results), **{key: settings[names[0]].get(key, "") for key in SAME}}
    found = _pooled(parts)
    tables.META.write(found, meta, Provenance("association", record, digests(list(results))))
    logger.info("%d rows of %d tables pooled", len(found) // len(METHODS), len(results))


def _estimates(site: Analysis, hits: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``tables.SITES`` of one site, without its name; all hits of the analysis, by their adjustment."""
    feature = pd.Index(site.features.names["feature"]).get_indexer(hits["feature"])
    marker = pd.Index(site.markers.names["marker"]).get_indexer(hits["marker"])
    wanted_features, row = np.unique(feature, return_inverse=True)
    wanted_markers, column = np.unique(marker, return_inverse=True)
    scan = site.scan(site.ranked[:, wanted_features], threads=1)
    values, numbers = site.markers.values[:, wanted_markers], site.markers.numbers
    numbers = None if numbers is None else numbers[wanted_markers]
    parts = []
    for block, fits in scan.run(lambda block: values[:, block], scan.blocks(values.shape[1]), numbers):
        for adjustment, fit in fits.items():
            here = (column >= block.start) & (column < block.stop) & (hits["adjustment"] == adjustment).to_numpy()
            place = row[here], column[here] - block.start
            parts.append(
                hits[here].assign(
                    estimate=fit.estimate[place],
                    se=fit.se[place],
                    n=fit.n[place],
                    n_carriers=_carriers(fit.n_carriers[place], numbers, column[here]),
                    flag=[tables.NOT_TESTED_REASONS[code] for code in fit.flag[place]],
                )
            )
    found: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return found


def _carriers(
    n: NDArray[np.int32], numbers: NDArray[np.bool_] | None, marker: NDArray[np.intp]
) -> pd.api.extensions.ExtensionArray:
    """Carriers of each pair, missing where its marker is a number."""
    carriers = pd.array(n, dtype="Int32")
    if numbers is not None:
        carriers[numbers[marker]] = pd.NA
    return carriers


def _pooled(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The table ``META`` from frames with PAIR and WEIGHED, one a site; a pair may be missing in some."""
    by_pair = [part.astype(dict.fromkeys(PAIR, str)).set_index(PAIR)[WEIGHED] for part in parts]
    index = pd.concat(by_pair).index.unique().sort_values() if by_pair else pd.Index([])
    if not len(index):
        return tables.META.frame([])
    estimate, se, n, carriers = (
        np.array([frame[name].reindex(index).to_numpy(dtype=float, na_value=np.nan) for frame in by_pair])
        for name in WEIGHED
    )
    used = np.isfinite(estimate) & np.isfinite(se)
    # A marker that is a number has no carriers in any site.
    counted = np.where(used, carriers, 0).sum(axis=0)
    counted[np.isnan(carriers).all(axis=0)] = np.nan
    base = index.to_frame(index=False).assign(
        n_sites=used.sum(axis=0),
        n=np.where(used, n, 0).sum(axis=0).astype(np.int64),
        n_carriers=pd.array(counted, dtype="Int64"),
    )
    frames = []
    for method, (tau2, interval) in METHODS.items():
        found = pool(np.where(used, estimate, np.nan), np.where(used, se, np.nan), tau2=tau2, interval=interval)
        frames.append(
            base.assign(
                method=method,
                estimate=found.estimate,
                se=found.se,
                ci_low=found.low,
                ci_high=found.high,
                p=found.p,
                neg_log10_p=found.neg_log10_p,
                q=found.q,
                q_p=found.q_p,
                i2=found.i2,
                tau2=found.tau2,
                n_same_sign=(used & (np.sign(estimate) == np.sign(found.estimate))).sum(axis=0),
                flag=[META_REASONS[code] for code in found.flag],
            )
        )
    return tables.META.conform(pd.concat(frames, ignore_index=True), tables.META.name)
