"""Command: family-wise p of the pairs with the largest statistics, by permutation under the full adjustment."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.audit import together
from radiogenomics.association.exchange import strata
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.patterns import patterns
from radiogenomics.association.permutation import MaxT, max_t
from radiogenomics.association.statistics_errors import NothingToTestError

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# Pairs that are written, beside those below alpha.
ROWS = 1000
# Features of a further pattern of missing values must leave so much of the share of patients that can be exchanged.
KEPT_MOVABLE = 0.9


def permute(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    settings: str,
    threads: int,
    permutation: Path,
    stability: Path | None = None,
) -> None:
    """Write max-T adjusted p-values of each analysis; no row where no pair can be tested, which the log says.

    Raises
    ------
    MissingFileError, TableError, NoVolumeFeatureError, VolumeNotPositiveError, UnknownClassError, NoCommonPatientError
        As ``association test``.
    NoGroupError
        ``exchange_within`` names no category of the covariates.
    TooFewOrdersError
        Patients can be exchanged in fewer ways than there are permutations.
    """
    inputs = Inputs.read(features, markers, covariates, settings, stability)
    parts = [tables.PERMUTATION.frame([])]
    for number, analysis in enumerate(inputs.analyses()):
        rng = np.random.default_rng([inputs.options.seed, number])
        try:
            parts.append(permuted(analysis, rng, threads))
        except NothingToTestError as error:
            logger.warning("%s: %s", analysis.name, error)
    tables.PERMUTATION.write(together(tables.PERMUTATION, parts), permutation, inputs.provenance())


def permuted(analysis: Analysis, rng: np.random.Generator, threads: int) -> pd.DataFrame:
    """Rows of ``tables.PERMUTATION``, largest statistic first.

    Raises
    ------
    NothingToTestError, TooFewOrdersError, NoGroupError
    """
    options, design, markers = analysis.options, analysis.designs[analysis.fullest], analysis.carriers
    groups = pd.factorize(analysis.groups("exchange_within"), sort=True)[0].astype(np.intp)
    values = analysis.ranked
    kept = exchangeable(values, design, groups)
    family = family_of(values, markers.values, design, options.min_patients, options.min_carriers)
    family &= kept[:, None]
    if analysis.stable is not None:
        family &= analysis.stable[:, None]
    found = max_t(
        values,
        markers.values,
        design,
        groups=groups,
        n_permutations=options.permutations,
        rng=rng,
        tested=family,
        threads=threads,
    )
    place = _largest(found, options.alpha)
    feature, marker = place
    names = markers.names
    left_out = int((~kept).sum())
    logger.info(
        "%s: %d permutations of %d pairs; family-wise p below %g for %d; %d features left out; movable %.2f",
        *(analysis.name, options.permutations, int(np.isfinite(found.statistic).sum()), options.alpha),
        *(int((found.step_down < options.alpha).sum()), left_out, found.movable),
    )
    return pd.DataFrame(
        {
            "analysis": analysis.name,
            "adjustment": analysis.fullest,
            "feature": analysis.features.names["feature"].to_numpy(object)[feature],
            "marker": names["marker"].to_numpy(object)[marker],
            "gene": names["gene"].to_numpy(object)[marker],
            "statistic": found.statistic[place],
            "p_single_step": found.single_step[place],
            "p_step_down": found.step_down[place],
            "n_permutations": options.permutations,
            "n_pairs": int(np.isfinite(found.statistic).sum()),
            "n_left_out": left_out,
            "movable": found.movable,
        }
    )


def family_of(
    features: FloatArray, markers: FloatArray, design: FloatArray, min_patients: int, min_carriers: int
) -> BoolArray:
    """Pairs (n_features, n_markers) with as many patients, carriers and others as the tests ask for."""
    complete = np.isfinite(design).all(axis=1)
    present = np.isfinite(features[complete]).T.astype(float)
    own = markers[complete]
    n, carriers = present @ np.isfinite(own), present @ (own > 0)
    enough: BoolArray = (n >= min_patients) & (np.minimum(carriers, n - carriers) >= min_carriers)
    return enough


def exchangeable(features: FloatArray, design: FloatArray, groups: IntArray) -> BoolArray:
    """Features (n_features,) that can be permuted together.

    Patients are exchanged only with those that miss the same features, so that values missing here and there would stop
    all exchange. Patterns of missing values are taken by their number of features, the largest first, each if patients
    that can be exchanged stay nearly as many.
    """
    present = np.isfinite(features)
    found = sorted(patterns(present), key=lambda pattern: -len(pattern[1]))
    kept: BoolArray = np.zeros(features.shape[1], bool)
    chosen: list[int] = []
    least = 0.0
    for has, columns in found:
        if not has.any():
            continue
        share = _movable(features[:, [*chosen, columns[0]]], design, groups)
        if not chosen:
            least = KEPT_MOVABLE * share
        if share >= least:
            chosen.append(int(columns[0]))
            kept[columns] = True
    return kept


def _movable(features: FloatArray, design: FloatArray, groups: IntArray) -> float:
    """Share of the patients with any of the features and the design that have somebody in their stratum."""
    there = np.isfinite(features).any(axis=1) & np.isfinite(design).all(axis=1)
    own = strata(features, design, groups)[there]
    return float((np.bincount(own)[own] > 1).mean()) if len(own) else 0.0


def _largest(found: MaxT, alpha: float) -> tuple[IntArray, IntArray]:
    """Features and markers of the pairs that are written."""
    order = np.argsort(-found.statistic, axis=None, kind="stable")
    below = int((found.step_down < alpha).sum())
    order = order[: min(max(ROWS, below), int(np.isfinite(found.statistic).sum()))]
    feature, marker = np.unravel_index(order, found.statistic.shape)
    return feature.astype(np.intp), marker.astype(np.intp)
