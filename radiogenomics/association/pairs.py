"""Command: test every pair under every model and write the results."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association import linear
from radiogenomics.association.design import (
    Features,
    Markers,
    designs,
    rank_normal,
    read_features,
    read_markers,
    read_patients,
    spearman,
)
from radiogenomics.config import load_section
from radiogenomics.config.models import Association
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)
# A crude hit is explained by volume if adjusting for volume removes it and takes more than this share of its estimate.
EXPLAINED_SHARE = 0.5


def test(*, features: Path, markers: Path, covariates: Path, settings: str, results: Path, tsv: Path | None) -> None:
    """Test every feature against every marker under the three models."""
    options = load_section(Association, settings)
    patients = read_patients(covariates)
    carriers = read_markers(markers, list(patients.index), options.classes)
    record = {
        **options.model_dump(mode="json"),
        "covariates": list(patients.columns),
        "explained_share": EXPLAINED_SHARE,
    }
    provenance = Provenance("association", record, digests([features, markers, covariates]))
    frames: list[pd.DataFrame] = []
    with tables.RESULTS.writer(results, provenance) as write:
        for part in read_features(features, list(patients.index), options.volume_feature):
            for frame in analyse(part, carriers, patients, options):
                write(frame)
                frames.append(frame)
    if tsv is not None:
        table = pd.concat(frames, ignore_index=True) if frames else tables.RESULTS.frame([])
        tables.RESULTS.write(table.sort_values("neg_log10_p", ascending=False, kind="stable"), tsv)


def analyse(
    features: Features, markers: Markers, covariates: pd.DataFrame, options: Association
) -> Iterator[pd.DataFrame]:
    """Rows of the results table, one frame a model."""
    volume = features.volume(options.volume_feature)
    y = rank_normal(features.values)
    fits = {
        model: linear.fit(
            y, markers.values, design, min_patients=options.min_patients, min_carriers=options.min_carriers
        )
        for model, design in designs(volume, covariates).items()
    }
    adjusted = {model: benjamini_hochberg(fit.p) for model, fit in fits.items()}
    rho = spearman(features.values, volume)
    explained = _volume_explained(fits, adjusted, options.alpha)
    for model, fit in fits.items():
        tested = fit.flag == linear.TESTED
        hits = int((adjusted[model] < options.alpha).sum())
        logger.info(
            "%s, %s: %d of %d pairs tested, %d below FDR %g",
            features.analysis,
            model,
            tested.sum(),
            tested.size,
            hits,
            options.alpha,
        )
        yield _frame(features, markers, model, fit, adjusted[model], rho, explained)


def benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjusted p-values over those that are not NaN (Benjamini and Hochberg 1995)."""
    from statsmodels.stats.multitest import multipletests

    adjusted = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        adjusted[tested] = multipletests(p[tested], method="fdr_bh")[1]
    return adjusted


def _volume_explained(
    fits: dict[str, linear.Fits], adjusted: dict[str, NDArray[np.float64]], alpha: float
) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        shrunk = np.abs(fits["volume"].estimate) < EXPLAINED_SHARE * np.abs(fits["crude"].estimate)
        explained: NDArray[np.bool_] = (adjusted["crude"] < alpha) & (adjusted["volume"] >= alpha) & shrunk
    return explained


def _frame(
    features: Features,
    markers: Markers,
    model: str,
    fit: linear.Fits,
    q: NDArray[np.float64],
    rho: NDArray[np.float64],
    explained: NDArray[np.bool_],
) -> pd.DataFrame:
    """Pairs of one model as rows, markers outside, features inside."""
    n_features, n_markers = fit.p.shape
    half = fit.half_width

    def per_pair(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return values.T.ravel()

    def per_feature(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.tile(values, n_markers)

    def per_marker(name: str) -> NDArray[np.generic]:
        return np.repeat(markers.names[name].to_numpy(object), n_features)

    flags = per_pair(fit.flag)
    frame = pd.DataFrame(
        {
            "analysis": features.analysis,
            "feature": per_feature(features.names["feature"].to_numpy(object)),
            "image_type": per_feature(features.names["image_type"].to_numpy(object)),
            "family": per_feature(features.names["family"].to_numpy(object)),
            "marker": per_marker("marker"),
            "gene": per_marker("gene"),
            "model": model,
            "estimate": per_pair(fit.estimate),
            "se": per_pair(fit.se),
            "ci_low": per_pair(fit.estimate - half),
            "ci_high": per_pair(fit.estimate + half),
            "t": per_pair(fit.t),
            "df": pd.Series(per_pair(fit.df), dtype="Int32").mask(flags != linear.TESTED),
            "p": per_pair(fit.p),
            "neg_log10_p": per_pair(fit.neg_log10_p),
            "q_bh": per_pair(q),
            "n": per_pair(fit.n),
            "n_carriers": per_pair(fit.n_carriers),
            "n_missing": len(features.patients) - per_pair(fit.n),
            "volume_rho": per_feature(rho),
            "volume_explained": per_pair(explained),
            "flag": np.array(tables.NOT_TESTED_REASONS, dtype=object)[flags],
        }
    )
    return tables.RESULTS.conform(frame, tables.RESULTS.name)
