"""ComBat: means and variances of batches brought together, covariates kept (Johnson, Li and Rabinovic 2007).

For feature f, row i of batch b: value = α + covariates · β + γ_b + δ_b · error. The batch means γ and variances δ² of
the standardised feature are shrunk towards those of all features of the batch (parametric empirical Bayes) and removed.

Fit on the rows that train a model and transform any row of the same batches: rows that are held out then teach nothing.
Keeping an outcome as a covariate brings the outcome into the features; do not do so with what is tested or predicted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.patterns import patterns
from radiogenomics.association.statistics_errors import (
    ConfoundedDesignError,
    ConstantInBatchError,
    NotConvergedError,
    ShapeMismatchError,
    SparseBatchError,
    TooFewRowsError,
    UnknownBatchError,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Largest relative change of a mean or variance at which the iteration has settled (R's sva stops at 1e-4).
SETTLED = 1e-12
MAX_ITERATIONS = 10_000
# A standard deviation within a batch up to this share of the largest distance from the mean is rounding,
SD_TOLERANCE = 1e-10
# and so is one up to this share of the largest value.
ROUNDING = 1e-14


@dataclass(frozen=True)
class Combat:
    """What was learnt: arrays of n_features columns.

    ``centre`` and ``scale`` (n_features,) standardise, ``slopes`` (n_covariates, n_features) are the covariates' part,
    ``shift`` and ``spread`` (n_batches, n_features) the shrunken mean and standard deviation of each batch, and
    ``raw_shift`` and ``raw_spread`` the same before shrinkage.
    """

    batches: tuple[str, ...]
    reference: str | None
    centre: FloatArray
    scale: FloatArray
    slopes: FloatArray
    shift: FloatArray
    spread: FloatArray
    raw_shift: FloatArray
    raw_spread: FloatArray

    def kept(self, covariates: FloatArray) -> FloatArray:
        """The covariates' part (n_rows, n_features) of (n_rows, n_covariates).

        Summed column by column: a matrix product may round equal rows of one batch differently, and ties would be lost.
        """
        part = np.zeros((len(covariates), len(self.centre)))
        for column, slope in zip(covariates.T, self.slopes, strict=True):
            part += column[:, None] * slope
        return part

    def transform(self, values: FloatArray, batch: Sequence[str], covariates: FloatArray) -> FloatArray:
        """Harmonised values (n_rows, n_features); NaN stays NaN, a row with a missing covariate is NaN.

        Rows of the reference batch come back as they were.

        Raises
        ------
        ShapeMismatchError, UnknownBatchError
        """
        _check_rows(values, batch, covariates)
        unknown = sorted(set(batch) - set(self.batches))
        if unknown:
            raise UnknownBatchError(unknown, self.batches)
        index = np.array([self.batches.index(name) for name in batch], np.intp)
        expected = self.centre + self.kept(covariates)
        standard = (values - expected) / self.scale
        result: FloatArray = (standard - self.shift[index]) / self.spread[index] * self.scale + expected
        if self.reference is not None:
            kept = index == self.batches.index(self.reference)
            result[kept] = values[kept]
        return result


def fit(
    values: FloatArray,
    batch: Sequence[str],
    covariates: FloatArray,
    *,
    reference: str | None = None,
    mean_only: bool = False,
) -> Combat:
    """Learn the batches.

    A feature is fitted on the rows that have it; rows with a missing covariate are left out. The variance of residuals
    is their mean square over these rows (sva divides by one less as soon as any value of the table is missing).

    Parameters
    ----------
    values : (n_rows, n_features) float64
        At least two features; NaN where missing.
    batch : n_rows str
    covariates : (n_rows, n_covariates) float64
        To be kept, without an intercept, categories as indicators; (n_rows, 0) for none.
    reference : str, optional
        The batch that the others are brought to; without it they meet at their weighted mean.
    mean_only : bool
        Leave variances alone. As in sva the mean is then shrunk as if each batch had one row.

    Raises
    ------
    ShapeMismatchError, TooFewRowsError, UnknownBatchError, SparseBatchError, ConfoundedDesignError,
    ConstantInBatchError, NotConvergedError
    """
    _check_rows(values, batch, covariates)
    if values.shape[1] < 2:
        raise TooFewRowsError(values.shape[1], 2, "features that ComBat borrows strength from")
    used = np.isfinite(covariates).all(axis=1)
    names = np.array(batch, dtype=str)[used]
    values, covariates = values[used], covariates[used]
    batches = tuple(sorted(set(names.tolist())))
    if reference is not None and reference not in batches:
        raise UnknownBatchError([reference], batches)
    members = [names == name for name in batches]
    for name, rows in zip(batches, members, strict=True):
        sparse = np.flatnonzero(np.isfinite(values[rows]).sum(axis=0) < (1 if mean_only else 2))
        if sparse.size:
            raise SparseBatchError(name, 1 if mean_only else 2, sparse.tolist(), int(rows.sum()))
    design = np.column_stack([*members, covariates]).astype(float)
    coefficients = _least_squares(values, design)
    means, slopes = coefficients[: len(batches)], coefficients[len(batches) :]
    at = None if reference is None else batches.index(reference)
    centre = design[:, : len(batches)].mean(axis=0) @ means if at is None else means[at]
    residual = (values - design @ coefficients) if at is None else (values - design @ coefficients)[members[at]]
    scale = np.sqrt(np.nanmean(residual**2, axis=0))
    _check_varies(values, values - design @ coefficients, scale, members, batches, mean_only)
    standard = (values - centre - covariates @ slopes) / scale
    shrunk = [_shrink(standard[rows], mean_only) for rows in members]
    shift, spread = np.array([one[0] for one in shrunk]), np.array([one[1] for one in shrunk])
    raw_shift = np.array([np.nanmean(standard[rows], axis=0) for rows in members])
    raw_spread = np.array(
        [np.ones(len(scale)) if mean_only else np.nanstd(standard[rows], axis=0, ddof=1) for rows in members]
    )
    if at is not None:
        shift[at], spread[at], raw_shift[at], raw_spread[at] = 0, 1, 0, 1
    return Combat(batches, reference, centre, scale, slopes, shift, spread, raw_shift, raw_spread)


def _least_squares(values: FloatArray, design: FloatArray) -> FloatArray:
    """Coefficients (n_columns, n_features), each feature on the rows that have it."""
    result = np.empty((design.shape[1], values.shape[1]))
    for present, columns in patterns(np.isfinite(values)):
        own = design[present]
        solution, _, rank, _ = np.linalg.lstsq(own, values[np.ix_(present, columns)], rcond=1e-10)
        if rank < design.shape[1]:
            raise ConfoundedDesignError(design.shape[1], int(rank))
        result[:, columns] = solution
    return result


def _check_varies(
    values: FloatArray,
    residual: FloatArray,
    scale: FloatArray,
    members: Sequence[BoolArray],
    batches: Sequence[str],
    mean_only: bool,
) -> None:
    largest = np.nanmax(np.abs(values - np.nanmean(values, axis=0)), axis=0)
    rounding = ROUNDING * np.nanmax(np.abs(values), axis=0)
    for name, rows in zip(batches, members, strict=True):
        within = scale if mean_only else np.nanstd(residual[rows], axis=0)
        flat = np.flatnonzero(~(within > np.maximum(SD_TOLERANCE * largest, rounding)))
        if flat.size:
            raise ConstantInBatchError(name, flat.tolist())


def _shrink(standard: FloatArray, mean_only: bool) -> tuple[FloatArray, FloatArray]:
    """Posterior mean and standard deviation (n_features,) of one batch, its rows standardised."""
    mean = np.nanmean(standard, axis=0)
    prior_mean, prior_variance = mean.mean(), mean.var(ddof=1)
    if mean_only:
        return (prior_variance * mean + prior_mean) / (prior_variance + 1), np.ones_like(mean)
    n = np.isfinite(standard).sum(axis=0)
    variance = np.nanvar(standard, axis=0, ddof=1)
    # Inverse gamma prior of the variances with their mean and variance.
    level, scatter = variance.mean(), variance.var(ddof=1)
    shape, rate = 2 + level**2 / scatter, level + level**3 / scatter
    shift, square = mean, variance
    for _ in range(MAX_ITERATIONS):
        last = shift, square
        shift = (prior_variance * n * mean + square * prior_mean) / (prior_variance * n + square)
        squares = (n - 1) * variance + n * (mean - shift) ** 2
        square = (squares / 2 + rate) / (n / 2 + shape - 1)
        change = np.maximum(np.abs(shift - last[0]) / np.sqrt(square), np.abs(square / last[1] - 1))
        if change.max() < SETTLED:
            return shift, np.sqrt(square)
    raise NotConvergedError("ComBat", MAX_ITERATIONS)


def _check_rows(values: FloatArray, batch: Sequence[str], covariates: FloatArray) -> None:
    if not len(values) == len(batch) == len(covariates) or covariates.ndim != 2:
        raise ShapeMismatchError(values=values.shape, batch=(len(batch),), covariates=covariates.shape)
