"""How well a feature repeats itself: intraclass correlations with confidence bounds, and features that hardly vary.

Which coefficient: perturbed or repeated images of each patient, without an identity of their own, ask for ICC(1,1);
a set of readers or scanners that stands for more of its kind, for ICC(2,1); exactly these readers and no other, with
their constant differences forgiven, for ICC(3,1). Higher is better, 1 is perfect.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.statistics_errors import ShapeMismatchError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ICC_REASONS = ("", "fewer than 3 complete targets", "no variation")
FEW_TARGETS, NO_VARIATION = 1, 2
MIN_TARGETS = 3
# Sums of squares below this share of the sum of squared values are rounding.
SQUARES_TOLERANCE = 1e-20
# Near-zero variance (Kuhn): one value in 95 % of patients, or 19 times as often as the next and few values in all.
NEAR_CONSTANT = {"max_share": 0.95, "max_ratio": 19.0, "min_distinct": 0.1}


class Model(StrEnum):
    """Shrout and Fleiss 1979; in McGraw and Wong 1996 ICC(1), ICC(A,1) and ICC(C,1)."""

    ONE_WAY = "ICC(1,1)"
    TWO_WAY_RANDOM = "ICC(2,1)"
    TWO_WAY_MIXED = "ICC(3,1)"


@dataclass(frozen=True)
class Icc:
    """Coefficient of each feature with its confidence bounds, arrays (n_features,).

    NaN where ``flag``, an index of ``ICC_REASONS``, is not 0. ``n`` counts the targets used.
    """

    icc: FloatArray
    low: FloatArray
    high: FloatArray
    n: NDArray[np.intp]
    flag: NDArray[np.int8]

    def stable(self, minimum: float) -> BoolArray:
        """Features whose lower confidence bound reaches ``minimum``; one without a coefficient is not stable."""
        return np.nan_to_num(self.low, nan=-np.inf) >= minimum


def icc(ratings: FloatArray, model: Model, *, confidence: float = 0.95) -> Icc:
    """Intraclass correlation of a single rating, for all features at once.

    A target counts for a feature only if all of its ratings of this feature are there. Bounds are those of Shrout and
    Fleiss 1979, for ICC(2,1) with Satterthwaite's degrees of freedom; they assume normal ratings. Those degrees of
    freedom can vanish where the coefficient is negative, and the bounds of ICC(2,1) then need not enclose it.

    Parameters
    ----------
    ratings : (n_targets, n_raters, n_features) float64
        NaN where missing; at least two raters.
    model : Model
    confidence : float
        Of the two-sided interval.

    Raises
    ------
    ShapeMismatchError
        Not three axes, or fewer than two raters.
    """
    if ratings.ndim != 3 or ratings.shape[1] < 2:
        raise ShapeMismatchError(ratings=ratings.shape)
    k = ratings.shape[1]
    complete: BoolArray = np.all(np.isfinite(ratings), axis=1)
    n = complete.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        squares = _mean_squares(np.where(complete[:, None, :], ratings, 0), complete, n)
        value, low, high = _BOUNDS[model](squares, n.astype(float), k, (1 + confidence) / 2)
    flag = np.select([n < MIN_TARGETS, squares.flat], [FEW_TARGETS, NO_VARIATION], 0).astype(np.int8)
    known = flag == 0
    value, low, high = (np.where(known, values, np.nan) for values in (value, low, high))
    return Icc(value, low, high, n, flag)


def components(ratings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances (n_features,) between targets and within them that make ICC(1,1), from the targets that `icc` uses.

    The first is 0 where its estimate, (B − W) / k, is negative; NaN where there are too few targets.
    """
    k = ratings.shape[1]
    complete: BoolArray = np.all(np.isfinite(ratings), axis=1)
    n = complete.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        squares = _mean_squares(np.where(complete[:, None, :], ratings, 0), complete, n)
    few = n < MIN_TARGETS
    between = np.maximum((squares.between - squares.within) / k, 0)
    return np.where(few, np.nan, between), np.where(few, np.nan, squares.within)


@dataclass(frozen=True)
class _Squares:
    """Mean squares between targets, within targets, between raters and of the residual, each (n_features,)."""

    between: FloatArray
    within: FloatArray
    raters: FloatArray
    residual: FloatArray
    flat: BoolArray


def _mean_squares(values: FloatArray, complete: BoolArray, n: NDArray[np.intp]) -> _Squares:
    k = values.shape[1]
    centre = values.sum(axis=(0, 1)) / (n * k)
    scale = (values**2).sum(axis=(0, 1))
    left = np.where(complete[:, None, :], values - centre, 0)
    targets, raters = left.mean(axis=1), left.sum(axis=0) / n
    between = k * (targets**2).sum(axis=0)
    columns = n * (raters**2).sum(axis=0)
    apart = np.where(complete[:, None, :], left - targets[:, None, :], 0)
    within = (apart**2).sum(axis=(0, 1))
    residual = (np.where(complete[:, None, :], apart - raters, 0) ** 2).sum(axis=(0, 1))
    return _Squares(
        between / (n - 1),
        within / (n * (k - 1)),
        columns / (k - 1),
        residual / ((n - 1) * (k - 1)),
        between + within <= SQUARES_TOLERANCE * scale,
    )


Interval = tuple[FloatArray, FloatArray, FloatArray]


def _one_way(squares: _Squares, n: FloatArray, k: int, share: float) -> Interval:
    return _ratio(squares.between, squares.within, n - 1, n * (k - 1), k, share)


def _two_way_mixed(squares: _Squares, n: FloatArray, k: int, share: float) -> Interval:
    return _ratio(squares.between, squares.residual, n - 1, (n - 1) * (k - 1), k, share)


def _ratio(
    between: FloatArray, error: FloatArray, df: FloatArray, df_error: FloatArray, k: int, share: float
) -> Interval:
    """(F − 1) / (F + k − 1) for F the ratio of mean squares and for its two bounds."""

    def coefficient(limit: FloatArray | float) -> FloatArray:
        result: FloatArray = (between - limit * error) / (between + (k - 1) * limit * error)
        return result

    return (
        coefficient(1),
        coefficient(special.fdtri(df, df_error, share)),
        coefficient(1 / special.fdtri(df_error, df, share)),
    )


def _two_way_random(squares: _Squares, n: FloatArray, k: int, share: float) -> Interval:
    between, raters, error = squares.between, squares.raters, squares.residual
    value = (between - error) / (between + (k - 1) * error + k * (raters - error) / n)
    # Satterthwaite's degrees of freedom of k·MSR + (kn − k − n)·MSE, with numerator and denominator times MSE².
    weight = n * (1 + (k - 1) * value) - k * value
    numerator = (k - 1) * (n - 1) * (k * value * raters + weight * error) ** 2
    v = numerator / ((n - 1) * (k * value * raters) ** 2 + (weight * error) ** 2)
    rest = k * raters + (k * n - k - n) * error
    # The upper quantile of F as the reciprocal of a lower one, which stays finite where v is near 0.
    reciprocal, lower = special.fdtri(v, n - 1, 1 - share), special.fdtri(v, n - 1, share)
    # Without any disagreement v is 0/0 and the interval a point.
    exact = rest <= 0
    low = np.where(exact, value, n * (reciprocal * between - error) / (rest + n * reciprocal * between))
    high = np.where(exact, value, n * (lower * between - error) / (rest + n * lower * between))
    return value, low, high


_BOUNDS = {
    Model.ONE_WAY: _one_way,
    Model.TWO_WAY_RANDOM: _two_way_random,
    Model.TWO_WAY_MIXED: _two_way_mixed,
}


@dataclass(frozen=True)
class Variety:
    """How a feature spreads over its values, arrays (n_features,); NaN for a feature without any value.

    ``top_share`` is the share of the most frequent value, ``ratio`` how often that occurs for each occurrence of the
    second most frequent (infinite for a constant), ``distinct_share`` distinct values over values.
    """

    top_share: FloatArray
    ratio: FloatArray
    distinct_share: FloatArray

    def near_constant(self, *, max_share: float, max_ratio: float, min_distinct: float) -> BoolArray:
        """Features of which one value makes up more than ``max_share``, or that have few values and one far ahead.

        The second criterion needs both a ratio above ``max_ratio`` and a share of distinct values below
        ``min_distinct`` (Kuhn's near-zero variance: 95/5 and 10 %). A feature without values is near constant.
        """
        few = (self.ratio > max_ratio) & (self.distinct_share < min_distinct)
        return np.isnan(self.top_share) | (self.top_share > max_share) | few


def variety(values: FloatArray) -> Variety:
    """Frequencies of equal values in each column of ``values`` (n_patients, n_features), NaN left out."""
    ordered = np.sort(values, axis=0)
    n = np.isfinite(values).sum(axis=0).astype(float)
    first, second, distinct = (np.full(values.shape[1], np.nan) for _ in range(3))
    for column in np.flatnonzero(n):
        known = ordered[: int(n[column]), column]
        counts = np.sort(np.diff(np.flatnonzero(np.r_[True, known[1:] != known[:-1], True])))
        first[column], second[column] = counts[-1], counts[-2] if counts.size > 1 else 0
        distinct[column] = counts.size
    with np.errstate(divide="ignore", invalid="ignore"):
        return Variety(first / n, first / second, distinct / n)
