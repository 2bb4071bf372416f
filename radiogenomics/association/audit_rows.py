"""Rows of the audits of one analysis: confounding, power, effective tests, redundancy."""

import logging
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association import redundancy, stability
from radiogenomics.association.confounding import (
    Measure,
    Strength,
    aliases,
    explained_by_design,
    feature_map,
    marker_map,
)
from radiogenomics.association.inputs import Analysis
from radiogenomics.association.multiplicity import effective_tests
from radiogenomics.association.power import detectable_effect
from radiogenomics.association.projection import basis_of

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

WANTED_POWER = 0.8
# A column that a larger share of the patients lacks would cost all others their patients.
MAX_MISSING = 0.1
# Clusters need some matrices of this many rows and columns, 0.3 GB each.
MAX_CLUSTERED = 6000
# Matrix products may differ in the last digits by the number of threads; tables must not.
DIGITS = 10


def confounding_rows(analysis: Analysis) -> Iterator[dict[str, object]]:
    """Rows of ``tables.CONFOUNDING``: all features, and the markers that can be tested."""
    confounders, options = analysis.confounders, analysis.options
    if not len(confounders.columns):
        return
    known = confounders.notna().to_numpy()
    names = analysis.features.names["feature"].tolist()
    n = np.isfinite(analysis.features.values).T.astype(np.int64) @ known
    for strength in feature_map(analysis.features.values, confounders):
        counts = n[:, confounders.columns.get_loc(strength.confounder)]
        yield from _rows(analysis.name, "feature", names, [""] * len(names), strength, counts, {})
    chosen = analysis.carriers.names.iloc[analysis.testable]
    values, design = analysis.carriers.values[:, analysis.testable], analysis.designs[analysis.fullest]
    limits = {"flag_strength": options.max_association, "flag_r2": options.max_r2}
    verdicts = {
        (alias.marker, alias.confounder, alias.measure): str(alias.verdict)
        for alias in aliases(values, confounders, design, **limits)
    }
    n = np.isfinite(values).T.astype(np.int64) @ known
    strengths = [
        (strength, n[:, confounders.columns.get_loc(strength.confounder)])
        for strength in marker_map(values, confounders)
    ]
    complete = np.isfinite(design).all(axis=1)
    together = Strength(", ".join(map(str, confounders)), Measure.R2, explained_by_design(values, design))
    strengths.append((together, np.isfinite(values[complete]).sum(axis=0)))
    for strength, counts in strengths:
        own = {
            marker: verdict
            for (marker, confounder, measure), verdict in verdicts.items()
            if (confounder, measure) == (strength.confounder, strength.measure)
        }
        yield from _rows(analysis.name, "marker", chosen["marker"], chosen["gene"], strength, counts, own)


def _rows(
    analysis: str,
    kind: str,
    names: "pd.Series[str] | list[str]",
    genes: "pd.Series[str] | list[str]",
    strength: Strength,
    n: NDArray[np.int64],
    verdicts: Mapping[int, str],
) -> Iterator[dict[str, object]]:
    for index, (name, gene, value) in enumerate(zip(names, genes, strength.values, strict=True)):
        yield {
            "analysis": analysis,
            "kind": kind,
            "name": name,
            "gene": gene,
            "confounder": strength.confounder,
            "measure": str(strength.measure),
            "strength": round(float(value), DIGITS),
            "n": int(n[index]),
            "verdict": verdicts.get(index, ""),
        }


def power_frame(analysis: Analysis, n_tests: Mapping[str, int]) -> pd.DataFrame:
    """The table ``POWER``; ``n_tests`` are those made under each adjustment."""
    parts = [_power(analysis, name, design, n_tests.get(name, 0)) for name, design in analysis.designs.items()]
    return tables.POWER.conform(pd.concat(parts, ignore_index=True), tables.POWER.name)


def _power(analysis: Analysis, adjustment: str, design: FloatArray, n_tests: int) -> pd.DataFrame:
    options = analysis.options
    complete = np.isfinite(design).all(axis=1) & analysis.imaged
    values = analysis.carriers.values[complete]
    n_covariates = basis_of(design[complete]).shape[1] - 1
    n, carriers = np.isfinite(values).sum(axis=0), (values > 0).sum(axis=0)
    r2 = explained_by_design(values, design[complete])
    fewer = np.minimum(carriers, n - carriers)
    tested = (n >= options.min_patients) & (fewer >= options.min_carriers) & (r2 < 1) & (n_tests > 0)
    effect = np.full(len(n), np.nan)
    if tested.any():
        # Noncentrality depends on the degrees of freedom only, which few markers differ in.
        sizes, place = np.unique(n[tested], return_inverse=True)
        half = detectable_effect(
            sizes,
            sizes / 2,
            wanted_power=WANTED_POWER,
            alpha=options.alpha,
            n_tests=n_tests,
            n_covariates=n_covariates,
        )
        noncentrality = (half * np.sqrt(sizes / 4))[place]
        information = carriers[tested] * (n - carriers)[tested] / n[tested] * (1 - r2[tested])
        effect[tested] = noncentrality / np.sqrt(information)
    return pd.DataFrame(
        {
            "analysis": analysis.name,
            "adjustment": adjustment,
            "marker": analysis.carriers.names["marker"],
            "gene": analysis.carriers.names["gene"],
            "n": n,
            "n_carriers": carriers,
            "r2": r2.round(DIGITS),
            "n_tests": n_tests,
            "detectable_effect": effect.round(DIGITS),
            "events_per_variable": fewer / (n_covariates + 1),
        }
    )


def effective_rows(analysis: Analysis) -> Iterator[dict[str, object]]:
    """Rows of ``tables.EFFECTIVE_TESTS``: features as they are tested, and markers that can be tested."""
    markers = analysis.carriers.values[:, analysis.testable]
    for kind, values in (("feature", analysis.ranked), ("marker", markers)):
        yield {"analysis": analysis.name, "kind": kind, **_effective(values[analysis.imaged])}


def _effective(values: FloatArray) -> dict[str, object]:
    used = values[:, np.isnan(values).sum(axis=0) <= MAX_MISSING * len(values)]
    used = used[np.isfinite(used).all(axis=1)]
    used = used[:, np.ptp(used, axis=0) > 0] if len(used) else used[:, :0]
    row: dict[str, object] = {"n_columns": values.shape[1], "n_used": used.shape[1], "n_patients": len(used)}
    if len(used) < 3 or not used.shape[1]:
        return row | dict.fromkeys(("li_ji", "galwey", "simplem", "nyholt"))
    found = effective_tests(used)
    numbers = {"li_ji": found.li_ji, "galwey": found.galwey, "simplem": found.simplem, "nyholt": found.nyholt}
    return row | {name: round(value, 6) for name, value in numbers.items()}


def redundancy_frame(analysis: Analysis) -> pd.DataFrame:
    """The table ``REDUNDANCY``."""
    names = analysis.features.names["feature"].to_numpy(dtype=object)
    values = analysis.features.values
    spread = stability.variety(values)
    medoid, size = np.full(len(names), "", dtype=object), np.zeros(len(names), np.int64)
    if len(names) <= MAX_CLUSTERED:
        medoid_of = redundancy.clusters(values, names.tolist(), threshold=analysis.options.cluster_rho).medoid_of
        medoid, size = names[medoid_of], np.bincount(medoid_of, minlength=len(names))[medoid_of]
    else:
        logger.warning("%s: %d features, more than %d, are not clustered", analysis.name, len(names), MAX_CLUSTERED)
    frame = pd.DataFrame(
        {
            "analysis": analysis.name,
            "feature": names,
            "medoid": medoid,
            "cluster_size": size,
            "top_share": spread.top_share,
            "near_constant": spread.near_constant(**stability.NEAR_CONSTANT),
        }
    )
    return tables.REDUNDANCY.conform(frame, tables.REDUNDANCY.name)
