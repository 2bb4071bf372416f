"""Clusters of features that say the same, each with the feature that stands for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.cluster import hierarchy

from radiogenomics.association.statistics_errors import ShapeMismatchError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Correlations are rounded to this many digits before they are compared, so that ties are ties on every machine.
DIGITS = 10
# Fewer common patients say nothing about a correlation.
MIN_COMMON = 3


@dataclass(frozen=True)
class Clusters:
    """``medoid_of`` (n_features,): column of the medoid of each feature's cluster; a feature alone is its own."""

    medoid_of: IntArray

    @property
    def medoids(self) -> IntArray:
        """Columns that stand for a cluster, ascending."""
        return np.unique(self.medoid_of)


def clusters(
    values: FloatArray,
    names: Sequence[str],
    *,
    threshold: float,
    linkage: Literal["complete", "average"] = "complete",
) -> Clusters:
    """Agglomerate features at distance 1 − |ρ| (Spearman) until no two clusters are within 1 − ``threshold``.

    With complete linkage every two features of a cluster have |ρ| ≥ ``threshold``; with average linkage their mean
    has. The medoid has the largest mean |ρ| with the rest of its cluster. Ties go to the first name in alphabetical
    order, so the result does not depend on the order of columns. No outcome is used, so clustering before testing does
    not bias the tests; clustering before cross-validation uses the left-out patients.

    Parameters
    ----------
    values : (n_patients, n_features) float64
        NaN where missing.
    names : n_features str
        All different.

    Raises
    ------
    ShapeMismatchError
    """
    if len(names) != values.shape[1]:
        raise ShapeMismatchError(values=values.shape, names=(len(names),))
    if len(names) < 2:
        return Clusters(np.arange(len(names)))
    by_name = np.argsort(np.array(names, dtype=str), kind="stable")
    alike = np.abs(rank_correlation(values[:, by_name])).round(DIGITS)
    alike[np.isnan(alike)] = 0
    np.fill_diagonal(alike, 1)
    upper = np.triu_indices(len(names), 1)
    tree = hierarchy.linkage(1 - alike[upper], linkage)
    label = hierarchy.fcluster(tree, 1 - threshold + 10.0**-DIGITS, "distance")
    medoid_of = np.empty(len(names), np.intp)
    for number in np.unique(label):
        members = np.flatnonzero(label == number)
        mean = alike[np.ix_(members, members)].sum(axis=1).round(DIGITS - 1)
        medoid_of[by_name[members]] = by_name[members[np.argmax(mean)]]
    return Clusters(medoid_of)


def rank_correlation(values: FloatArray) -> FloatArray:
    """Correlation (n_features, n_features) of the ranks of columns, over the patients that have both.

    Ranks, ties at their mean, are taken once a column over all of its values. Without missing values this is Spearman's
    ρ. NaN where a column does not vary among the common patients, or fewer than 3 are common.
    """
    present = np.isfinite(values)
    ranks = stats.rankdata(values, axis=0, nan_policy="omit")
    n_values = present.sum(axis=0)
    # Ranks centred and scaled to ±1: sums of products keep their digits.
    centred = np.where(present, (ranks - (n_values + 1) / 2) / np.maximum(n_values, 1), 0)
    mask = present.astype(float)
    n = mask.T @ mask
    totals, squares = centred.T @ mask, (centred**2).T @ mask
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = centred.T @ centred - totals * totals.T / n
        spread = squares - totals**2 / n
        spread[spread <= 1e-12 * n] = np.nan
        rho: FloatArray = np.clip(shared / np.sqrt(spread * spread.T), -1, 1)
    rho[n < MIN_COMMON] = np.nan
    return rho
