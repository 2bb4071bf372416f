"""Proportional hazards: score test of every predictor given covariates, and full fits of selected ones.

Times are right-censored. Patients are taken in order of falling time, so that every sum over those at risk is a running
sum, and the null model, covariates alone, is fitted once for each pattern of missing predictors.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.asymptotic import normal_tail
from radiogenomics.association.logistic import residuals
from radiogenomics.association.partial_likelihood import Point, Risk, Ties, maximum
from radiogenomics.association.patterns import patterns
from radiogenomics.association.projection import basis_of
from radiogenomics.association.proportionality import late_times, trend
from radiogenomics.association.rank import check_rows, flag_of
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError

FloatArray = NDArray[np.float64]

COX_REASONS = (
    "",
    "no event",
    "no variation left among those at risk",
    "null model without a finite fit",
    "fit did not settle",
)
NO_EVENT, NO_VARIATION, NO_NULL, UNSETTLED = 1, 2, 3, 4
# A predictor with less than this share of its information left by the covariates has none.
INFORMATION_SHARE = 1e-10


@dataclass(frozen=True)
class CoxTests:
    """One test or fit for each predictor, arrays (n_predictors,), NaN where ``flag``, index of COX_REASONS, is not 0.

    ``estimate`` is the log hazard ratio for one unit of the predictor: the maximum in ``fits``, in ``score_tests`` the
    first Newton step towards it, near it only if small. ``z`` is the signed root of the score statistic, or Wald's.
    ``lr``, the likelihood ratio of 1 degree of freedom, and ``trend``, the normal deviate of ``proportionality.trend``,
    are of ``fits`` only, else NaN.
    """

    estimate: FloatArray
    se: FloatArray
    z: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    n_events: NDArray[np.int32]
    flag: NDArray[np.int8]
    lr: FloatArray
    trend: FloatArray


def score_tests(
    time: FloatArray, event: FloatArray, predictors: FloatArray, covariates: FloatArray, *, ties: Ties = Ties.EFRON
) -> CoxTests:
    """Test every predictor on the patients that have it, a time and every covariate.

    Parameters
    ----------
    time : (n_patients,) float64
        Time to the event or to the end of observation, from 0 up, in any unit; NaN where unknown.
    event : (n_patients,) float64
        1 if the time ends with the event, 0 if censored, NaN where unknown. At one time events come before censoring.
    predictors : (n_patients, n_predictors) float64
        NaN where missing. Each pattern of missing values costs one null fit.
    covariates : (n_patients, n_covariates) float64
        Without an intercept, possibly no column; NaN where missing. Their span is what counts.
    ties : Ties

    Raises
    ------
    ShapeMismatchError, OutOfRangeError
    """
    return _each(time, event, predictors, covariates, ties, _score_block)


def fits(
    time: FloatArray, event: FloatArray, predictors: FloatArray, covariates: FloatArray, *, ties: Ties = Ties.EFRON
) -> CoxTests:
    """Fit each predictor with the covariates by Newton's method; parameters as in ``score_tests``.

    A predictor whose carriers have all the events, or none, has no finite estimate and is flagged as not settled; its
    score test stays valid.
    """
    return _each(time, event, predictors, covariates, ties, _fit_block)


@dataclass(frozen=True)
class _Block:
    """Predictors (n, m) of one pattern of missing values, and their null model.

    ``x`` is what the covariates leave of the predictors, ``whole`` all of them less their means.
    """

    risk: Risk
    basis: FloatArray
    null: Point
    x: FloatArray
    whole: FloatArray


def _score_block(block: _Block) -> tuple[FloatArray, NDArray[np.int8]]:
    """First step, its error and z (3, n_predictors), and flag of every predictor."""
    null, x = block.null, block.x
    means = block.risk.sums(null.hazard[:, None] * x) / null.total[:, None]
    basis_means = block.risk.sums(null.hazard[:, None] * block.basis) / null.total[:, None]
    own = (x**2).T @ null.weight
    shared = x.T @ (null.weight[:, None] * block.basis) - means.T @ basis_means
    inverse = np.linalg.inv(np.linalg.cholesky(null.information))
    variance = own - (means**2).sum(axis=0) - ((shared @ inverse.T) ** 2).sum(axis=1)
    flag = flag_of((NO_VARIATION, ~(variance > INFORMATION_SHARE * own)))
    score, variance = x.T @ null.residual, np.where(flag == 0, variance, np.nan)
    return np.stack([score / variance, 1 / np.sqrt(variance), score / np.sqrt(variance)]), flag


def _fit_block(block: _Block) -> tuple[FloatArray, NDArray[np.int8]]:
    """Estimate, its error, z, likelihood ratio and trend (5, n_predictors), and flag of every predictor."""
    _, flag = _score_block(block)
    estimate, se, lr, trends = np.full((4, len(flag)), np.nan)
    late = late_times(block.risk)
    for column in np.flatnonzero(flag == 0):
        length = np.linalg.norm(block.x[:, column])
        design = np.column_stack([block.basis, block.x[:, column] / length])
        found = maximum(block.risk, design, np.append(block.null.beta, 0))
        if found is None:
            flag[column] = UNSETTLED
            continue
        estimate[column] = found.beta[-1] / length
        se[column] = np.sqrt(np.linalg.inv(found.information)[-1, -1]) / length
        lr[column] = max(2 * (found.value - block.null.value), 0.0)
        trends[column] = trend(block.risk, np.column_stack([block.basis, block.whole[:, column]]), found, late)
    return np.stack([estimate, se, estimate / se, lr, trends]), flag


def _each(
    time: FloatArray,
    event: FloatArray,
    predictors: FloatArray,
    covariates: FloatArray,
    ties: Ties,
    work: Callable[[_Block], tuple[FloatArray, NDArray[np.int8]]],
) -> CoxTests:
    """Null model and work for each pattern of missing predictors."""
    _check(time, event, predictors, covariates)
    order = np.argsort(-time, kind="stable")
    time, event, predictors, covariates = time[order], event[order], predictors[order], covariates[order]
    m = predictors.shape[1]
    values = np.full((5, m), np.nan)
    n, n_events, flag = np.zeros(m, np.int32), np.zeros(m, np.int32), np.zeros(m, np.int8)
    usable = ~np.isnan(np.column_stack([time, event, covariates])).any(axis=1)
    for present, columns in patterns(~np.isnan(predictors)):
        rows = usable & present
        n[columns], n_events[columns] = rows.sum(), event[rows].sum()
        if not event[rows].any():
            flag[columns] = NO_EVENT
            continue
        risk = Risk.of(time[rows], event[rows] == 1, ties)
        intercept = np.ones((rows.sum(), 1))
        basis = basis_of(covariates[rows] - covariates[rows].mean(axis=0))
        null = maximum(risk, basis, np.zeros(basis.shape[1]))
        if null is None:
            flag[columns] = NO_NULL
            continue
        whole = np.column_stack([intercept / np.sqrt(len(intercept)), basis])
        raw = predictors[np.ix_(rows, columns)]
        x, flat = residuals(raw, whole)
        found, flag[columns] = work(_Block(risk, basis, null, np.where(flat, 0, x), raw - raw.mean(axis=0)))
        values[: len(found), columns] = found
    estimate, se, z, lr, trends = np.where(flag == 0, values, np.nan)
    p, neg_log10_p = normal_tail(z)
    return CoxTests(estimate, se, z, p, neg_log10_p, n, n_events, flag, lr, trends)


def _check(time: FloatArray, event: FloatArray, predictors: FloatArray, covariates: FloatArray) -> None:
    if time.ndim != 1 or time.shape != event.shape or len(time) != len(predictors):
        raise ShapeMismatchError(time=time.shape, event=event.shape, predictors=predictors.shape)
    check_rows(predictors=predictors, covariates=covariates)
    late = time[(time < 0) | np.isinf(time)]
    if late.size:
        raise OutOfRangeError("time", float(late[0]), "finite times from 0 up, NaN where unknown")
    odd = event[~np.isnan(event) & (event != 0) & (event != 1)]
    if odd.size:
        raise OutOfRangeError("event", float(odd[0]), "1 for events, 0 for censored times, NaN where unknown")
