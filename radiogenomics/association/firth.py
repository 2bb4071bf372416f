"""Firth's penalised logistic regression with its likelihood-ratio test, for selected pairs.

The log likelihood plus half the logarithm of the determinant of the information (Firth 1993) has a finite maximum also
where a predictor separates cases from controls, and little bias with few cases (Heinze and Schemper 2002). The
restricted model of the test keeps the penalty of the full design: without it the two likelihoods are not comparable.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.asymptotic import normal_tail
from radiogenomics.association.logistic import (
    COLLINEAR,
    ETA_STEP,
    ONE_OUTCOME,
    UNSETTLED,
    check_binary,
    residuals,
)
from radiogenomics.association.products import product
from radiogenomics.association.projection import basis_of
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError

FloatArray = NDArray[np.float64]

ITERATIONS, HALVINGS = 200, 20
# The gradient for an orthonormal design has settled below this; one case more or less is of the order of 0.1.
GRADIENT_TOLERANCE = 1e-11


@dataclass(frozen=True)
class FirthFits:
    """Penalised fits, arrays (n_pairs,), NaN where ``flag``, an index of ``logistic.LOGISTIC_REASONS``, is not 0.

    ``estimate`` is the log odds ratio for one unit of the predictor. ``se`` is that of Wald, which means little where
    the predictor separates the outcome; ``p`` is of the likelihood ratio ``lr``, with 1 degree of freedom.
    """

    estimate: FloatArray
    se: FloatArray
    lr: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    n_cases: NDArray[np.int32]
    flag: NDArray[np.int8]


def firth(
    outcomes: FloatArray, predictors: FloatArray, design: FloatArray, pairs: NDArray[np.integer] | None = None
) -> FirthFits:
    """Fit pairs on the patients that have the outcome, the predictor and every column of the design.

    Parameters
    ----------
    outcomes : (n_patients, n_outcomes) float64
        1 for cases, 0 for controls, NaN where unknown.
    predictors : (n_patients, n_predictors) float64
        NaN where missing.
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing. Columns may be collinear; their span is what counts.
    pairs : (n_pairs, 2) int
        Column of the predictor and column of the outcome. All, by predictor, if not given.

    Raises
    ------
    ShapeMismatchError, OutOfRangeError
    """
    check_binary(outcomes, predictors, design)
    chosen = np.argwhere(np.ones((predictors.shape[1], outcomes.shape[1]))) if pairs is None else pairs
    if chosen.ndim != 2 or chosen.shape[1] != 2:
        raise ShapeMismatchError(pairs=chosen.shape)
    outside = chosen[((chosen < 0) | (chosen >= (predictors.shape[1], outcomes.shape[1]))).any(axis=1)]
    if outside.size:
        raise OutOfRangeError("pair", float(outside[0].max()), "columns of predictors and of outcomes, counted from 0")
    values = np.full((3, len(chosen)), np.nan)
    n, n_cases, flag = np.zeros(len(chosen), np.int32), np.zeros(len(chosen), np.int32), np.zeros(len(chosen), np.int8)
    usable = ~np.isnan(design).any(axis=1)
    for place, (predictor, outcome) in enumerate(chosen):
        rows = usable & ~np.isnan(predictors[:, predictor]) & ~np.isnan(outcomes[:, outcome])
        y = outcomes[rows, outcome]
        n[place], n_cases[place] = len(y), y.sum()
        if not 0 < n_cases[place] < n[place]:
            flag[place] = ONE_OUTCOME
            continue
        values[:, place], flag[place] = _pair(y, predictors[rows, predictor], design[rows])
    estimate, se, lr = values
    p, neg_log10_p = normal_tail(np.sqrt(lr))
    return FirthFits(estimate, se, lr, p, neg_log10_p, n, n_cases, flag)


def _pair(y: FloatArray, predictor: FloatArray, design: FloatArray) -> tuple[tuple[float, float, float], int]:
    """Estimate, standard error, likelihood ratio, and the flag."""
    basis = basis_of(design)
    x, flat = residuals(predictor[:, None], basis)
    if flat[0]:
        return (np.nan, np.nan, np.nan), COLLINEAR
    length = float(np.linalg.norm(x))
    # In an orthonormal design with x last the penalty differs by a constant that both models share.
    full = np.column_stack([basis, x / length])
    start = np.append(basis.sum(axis=0) * special.logit((y.sum() + 0.5) / (len(y) + 1)), 0)
    restricted = _maximum(y, full, start, free=full.shape[1] - 1)
    fitted = _maximum(y, full, start if restricted is None else restricted.beta, free=full.shape[1])
    if restricted is None or fitted is None:
        return (np.nan, np.nan, np.nan), UNSETTLED
    error = float(np.sqrt(np.linalg.inv(fitted.information)[-1, -1]))
    lr = max(2 * (fitted.value - restricted.value), 0.0)
    return (float(fitted.beta[-1]) / length, error / length, lr), 0


@dataclass(frozen=True)
class _Point:
    """Coefficients (k,) with the penalised log likelihood, its gradient (k,), the information and the slope (k, k).

    The slope is minus the derivative of the gradient at fixed leverages: Σ w (1 + h) x xᵀ. Steps by the information
    alone are twice too long for a single carrier, whose h is nearly 1, and jump to and fro.
    """

    beta: FloatArray
    value: float
    gradient: FloatArray
    information: FloatArray
    slope: FloatArray


def _at(y: FloatArray, design: FloatArray, beta: FloatArray) -> _Point:
    eta = np.einsum("ij,j->i", design, beta)
    fitted = special.expit(eta)
    weight = fitted * special.expit(-eta)
    weighted = np.sqrt(weight)[:, None] * design
    information = product(weighted.T, weighted)
    sign, determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return _Point(beta, -np.inf, beta, information, information)
    leverage = (product(weighted, np.linalg.inv(information).astype(np.float64)) * weighted).sum(axis=1)
    value = float(special.log_expit(np.where(y == 1, eta, -eta)).sum() + determinant / 2)
    slope = product(weighted.T * (1 + leverage), weighted)
    gradient = np.einsum("ij,i->j", design, y - fitted + leverage * (0.5 - fitted))
    return _Point(beta, value, gradient, information, slope)


def _maximum(y: FloatArray, design: FloatArray, start: FloatArray, free: int) -> _Point | None:
    """Maximum over the first ``free`` coefficients, the others kept; None where it does not settle."""
    here = _at(y, design, start)
    for _ in range(ITERATIONS):
        if not np.isfinite(here.value):
            return None
        if np.abs(here.gradient[:free]).max(initial=0) <= GRADIENT_TOLERANCE:
            return here
        step = np.zeros(len(start))
        step[:free] = np.linalg.solve(here.slope[:free, :free], here.gradient[:free])
        step /= max(float(np.abs(np.einsum("ij,j->i", design, step)).max()) / ETA_STEP, 1)
        for _ in range(HALVINGS):
            there = _at(y, design, here.beta + step)
            # Near the maximum the value is flat to rounding, and the gradient alone tells.
            if there.value >= here.value - 1e-12 * abs(here.value):
                break
            step /= 2
        else:
            return None
        here = there
    return None
