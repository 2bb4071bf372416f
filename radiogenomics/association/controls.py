"""Negative controls: the same analysis on data without the association, and how many more hits the real data have.

Three ways to lose the association and keep the rest. Shuffled identities keep both tables as they are and lose who is
who. Random features keep the correlations of features. Random gene sets of the same size ask whether a set is special
or any set would do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association import exchange
from radiogenomics.association.statistics_errors import (
    OutOfRangeError,
    ShapeMismatchError,
    SmallPoolError,
    TooFewRowsError,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


def shuffled_identities(groups: IntArray, n_runs: int, rng: np.random.Generator) -> IntArray:
    """Orders (n_runs, n_patients) of rows, each inside its group; ``features[order]`` against the markers is a control.

    Covariates go with the features if they explain them (then shuffle both), else stay with the markers. Keep what must
    not be broken, such as the site, in ``groups`` (n_patients,).
    """
    return np.vstack([np.zeros((0, len(groups)), np.intp), *exchange.orders(groups, n_runs, rng)])


def random_features(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Normal features (n_patients, n_features) with means, variances and correlations of ``values``, and its NaN.

    With X the centred table, rows are drawn as zᵀ X / √(n − 1), z normal. Missing values count as the mean for the
    correlations, which weakens those of columns with many; variances are those of the values present.

    Raises
    ------
    TooFewRowsError
        A column without two values.
    """
    present = np.isfinite(values)
    counts = present.sum(axis=0)
    if (counts < 2).any():
        raise TooFewRowsError(int(counts.min()), 2, "random features of the same covariance")
    mean = np.nanmean(values, axis=0)
    centred = np.where(present, values - mean, 0)
    drawn = rng.normal(size=(len(values), len(values))) @ centred / np.sqrt(len(values) - 1)
    # A column with missing values has lost variance to the zeros put in their place.
    drawn *= np.sqrt((len(values) - 1) / (counts - 1))
    return np.where(present, mean + drawn, np.nan)


def random_sets(
    sets: Sequence[IntArray], strata: IntArray, n_runs: int, rng: np.random.Generator
) -> Iterator[list[IntArray]]:
    """For each run, sets of other genes: each as large as its original, with as many genes of each stratum.

    Parameters
    ----------
    sets : sequence of (n_genes of the set,) int
        Genes by index.
    strata : (n_genes,) int
        What a replacement must share with the gene it replaces, for instance a bin of its number of carriers. All genes
        of a stratum can be drawn, also the members of the set.
    n_runs : int
    rng : Generator

    Raises
    ------
    SmallPoolError
        A set lists a gene more often than its stratum has genes.
    """
    pools = {int(stratum): np.flatnonzero(strata == stratum) for stratum in np.unique(strata)}
    needs = [
        [(int(kind), int(count)) for kind, count in zip(*np.unique(strata[one], return_counts=True), strict=True)]
        for one in sets
    ]
    for kind, count in (need for one in needs for need in one):
        if count > len(pools[kind]):
            raise SmallPoolError(kind, count, len(pools[kind]))
    for _ in range(n_runs):
        yield [
            np.sort(np.concatenate([rng.choice(pools[kind], count, replace=False) for kind, count in one]))
            if one
            else np.zeros(0, np.intp)
            for one in needs
        ]


def carrier_bins(n_carriers: IntArray, n_bins: int) -> IntArray:
    """Stratum (n_genes,) of each gene by quantiles of its number of carriers; equal numbers stay together."""
    edges = np.quantile(n_carriers, np.linspace(0, 1, n_bins + 1)[1:-1])
    return np.searchsorted(edges, n_carriers, side="left")


@dataclass(frozen=True)
class Specificity:
    """Hits in the data over hits in controls.

    ``ratio`` is infinite without a hit in any control, and NaN without a hit anywhere. ``low`` and ``high`` bound it;
    ``low`` above 1 says that the data have more hits than chance gives. ``p`` is the share of runs, the data counted as
    one, with at least as many hits as the data. ``dispersion`` is how much more the counts of controls vary than
    Poisson counts do, at least 1.
    """

    hits: int
    control_mean: float
    ratio: float
    low: float
    high: float
    p: float
    dispersion: float
    n_runs: int


def specificity(hits: int, control_hits: IntArray, *, confidence: float = 0.95) -> Specificity:
    """Ratio of hits in the data to the mean of control runs, with an interval for that mean.

    Hits come in clumps, because features are correlated, so the counts of controls vary more than Poisson counts. The
    interval of their mean is Garwood's exact Poisson interval of the total over the dispersion (variance / mean),
    scaled back. The hits of the data are taken as given. Use 50 runs or more: with few, clumps may not show.

    Parameters
    ----------
    hits : int
    control_hits : (n_runs,) int
        At least two runs, each counted as the data were.
    confidence : float

    Raises
    ------
    TooFewRowsError, OutOfRangeError
    """
    runs = len(control_hits)
    if runs < 2:
        raise TooFewRowsError(runs, 2, "control runs")
    if hits < 0 or control_hits.min() < 0:
        raise OutOfRangeError("hits", min(hits, int(control_hits.min())), "counts, none negative")
    mean = float(control_hits.mean())
    dispersion = max(1.0, float(control_hits.var(ddof=1)) / mean) if mean > 0 else 1.0
    total, tail = runs * mean / dispersion, (1 - confidence) / 2
    least = float(special.gammaincinv(total, tail)) * dispersion / runs if total > 0 else 0.0
    most = float(special.gammaincinv(total + 1, 1 - tail)) * dispersion / runs
    return Specificity(
        hits=hits,
        control_mean=mean,
        ratio=_ratio(hits, mean),
        low=hits / most,
        high=_ratio(hits, least),
        p=float((1 + (control_hits >= hits).sum()) / (1 + runs)),
        dispersion=dispersion,
        n_runs=runs,
    )


def _ratio(hits: int, controls: float) -> float:
    if controls > 0:
        return hits / controls
    return float("inf") if hits else float("nan")


@dataclass(frozen=True)
class Exceedance:
    """For each hit the share of control runs that reach its statistic, with exact bounds, arrays (n_hits,)."""

    share: FloatArray
    low: FloatArray
    high: FloatArray


def exceedance(observed: FloatArray, controls: FloatArray, *, confidence: float = 0.95) -> Exceedance:
    """How often the statistic of the same pair in controls is at least that of the data.

    Parameters
    ----------
    observed : (n_hits,) float64
        Larger is more extreme, such as −log10 p.
    controls : (n_runs, n_hits) float64
        The same pairs in the controls; NaN, a pair that a control did not test, does not count.
    confidence : float
        Of the interval of Clopper and Pearson.

    Raises
    ------
    ShapeMismatchError
    """
    if controls.ndim != 2 or observed.shape != controls.shape[1:]:
        raise ShapeMismatchError(observed=observed.shape, controls=controls.shape)
    return exceedance_of((controls >= observed).sum(axis=0), np.isfinite(controls).sum(axis=0), confidence=confidence)


def exceedance_of(reached: IntArray, n: IntArray, *, confidence: float = 0.95) -> Exceedance:
    """The same from counts: of ``n`` (n_hits,) controls that tested the pair, ``reached`` (n_hits,) do as well."""
    tail = (1 - confidence) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(reached > 0, special.betaincinv(reached, n - reached + 1, tail), 0)
        high = np.where(reached < n, special.betaincinv(reached + 1, n - reached, 1 - tail), 1)
        unknown = n == 0
        return Exceedance(
            np.where(unknown, np.nan, reached / n), *(np.where(unknown, np.nan, end) for end in (low, high))
        )
