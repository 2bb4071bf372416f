"""Logistic score test of every predictor on every binary outcome, given covariates.

Which is outcome and which predictor is the caller's choice: markers on a clinical outcome, or features on carrying a
mutation. The null model, covariates alone, is fitted once for each outcome and pattern of missing predictors, all
outcomes at a time; the tests are then 2 + covariates matrix products. The score test asks for no fit that a separated
predictor could make diverge, but is liberal or conservative with few cases: see ``firth`` for selected pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.asymptotic import normal_tail
from radiogenomics.association.patterns import patterns
from radiogenomics.association.products import product
from radiogenomics.association.projection import basis_of
from radiogenomics.association.rank import check_rows, flag_of
from radiogenomics.association.statistics_errors import OutOfRangeError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LOGISTIC_REASONS = (
    "",
    "one outcome only",
    "collinear with covariates",
    "null model without a finite fit",
    "fit did not settle",
)
ONE_OUTCOME, COLLINEAR, NO_NULL, UNSETTLED = 1, 2, 3, 4
# Where covariates separate the outcome the linear predictor grows by about 1 a step for ever.
ITERATIONS = 25
# A step has settled when no linear predictor moves by more; none moves further than the second in one step.
ETA_TOLERANCE, ETA_STEP = 1e-10, 4.0
# Columns of a design, or a predictor, with less than this share of squares of their own are combinations of the others.
SQUARES_TOLERANCE = 1e-10
# The information of an orthonormal design below this is that of a separated or deficient one.
INFORMATION_TOLERANCE = 1e-12


@dataclass(frozen=True)
class ScoreTests:
    """Score tests, arrays (n_predictors, n_outcomes), NaN where ``flag``, an index of LOGISTIC_REASONS, is not 0.

    ``z`` has the sign of the effect. ``one_step`` is the first Newton step of the log odds ratio for one unit of the
    predictor, near the estimate only if that is small, with ``one_step_se``. ``n`` patients, of them ``n_cases``.
    """

    z: FloatArray
    one_step: FloatArray
    one_step_se: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    n_cases: NDArray[np.int32]
    flag: NDArray[np.int8]


def score_tests(outcomes: FloatArray, predictors: FloatArray, design: FloatArray) -> ScoreTests:
    """Test every pair on the patients that have the outcome, the predictor and every column of the design.

    Parameters
    ----------
    outcomes : (n_patients, n_outcomes) float64
        1 for cases, 0 for controls, NaN where unknown.
    predictors : (n_patients, n_predictors) float64
        NaN where missing. Each pattern of missing values costs one null fit of every outcome.
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing. Columns may be collinear; their span is what counts.

    Raises
    ------
    ShapeMismatchError, OutOfRangeError
    """
    check_binary(outcomes, predictors, design)
    shape = predictors.shape[1], outcomes.shape[1]
    score, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    n, n_cases, flag = np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.int8)
    usable = ~np.isnan(design).any(axis=1)
    for present, columns in patterns(~np.isnan(predictors)):
        rows = usable & present
        y, there = np.nan_to_num(outcomes[rows]), ~np.isnan(outcomes[rows])
        n[columns], n_cases[columns] = there.sum(axis=0), y.sum(axis=0)
        varied = (y.sum(axis=0) > 0) & (y.sum(axis=0) < there.sum(axis=0))
        basis = basis_of(design[rows])
        null = _null(basis, y, there, varied)
        x, flat = residuals(predictors[np.ix_(rows, columns)], basis)
        score[columns], variance[columns], own = _score(x, basis, null)
        small = flat[:, None] | ~(variance[columns] > SQUARES_TOLERANCE * own)
        flag[columns] = flag_of(
            (ONE_OUTCOME, np.broadcast_to(~varied, small.shape)),
            (NO_NULL, np.broadcast_to(~null.settled, small.shape)),
            (COLLINEAR, small),
        )
    score[flag != 0] = variance[flag != 0] = np.nan
    z = score / np.sqrt(variance)
    p, neg_log10_p = normal_tail(z)
    return ScoreTests(z, score / variance, 1 / np.sqrt(variance), p, neg_log10_p, n, n_cases, flag)


def check_binary(outcomes: FloatArray, predictors: FloatArray, design: FloatArray) -> None:
    """Refuse matrices of different patients and outcomes that are not 0, 1 or NaN."""
    check_rows(outcomes=outcomes, predictors=predictors, design=design)
    odd = outcomes[~np.isnan(outcomes) & (outcomes != 0) & (outcomes != 1)]
    if odd.size:
        raise OutOfRangeError("outcome", float(odd[0]), "1 for cases, 0 for controls, NaN where unknown")


def residuals(x: FloatArray, basis: FloatArray) -> tuple[FloatArray, BoolArray]:
    """What the basis leaves of the columns x, and which are nothing but rounding.

    Neither the score test nor the coefficient of x changes, and it spares differences of large numbers.
    """
    left = x - product(basis, product(basis.T, x))
    left -= product(basis, product(basis.T, left))
    flat: BoolArray = (left**2).sum(axis=0) <= SQUARES_TOLERANCE * ((x - x.mean(axis=0)) ** 2).sum(axis=0)
    # Of a constant column rounding may leave something, and its own sum of squares is 0.
    return left, flat | (x == x[:1]).all(axis=0)


@dataclass(frozen=True)
class _Null:
    """Null models of all outcomes: residuals and weights (n_rows, n_outcomes), information (n_outcomes, k, k)."""

    residual: FloatArray
    weight: FloatArray
    information: FloatArray
    settled: BoolArray


def _null(basis: FloatArray, y: FloatArray, there: BoolArray, varied: BoolArray) -> _Null:
    """Newton's method for each outcome (n_rows, n_outcomes) that varies, on the rows that are there."""
    n, k = basis.shape
    products = (basis[:, :, None] * basis[:, None, :]).reshape(n, k * k)

    def at(beta: FloatArray, which: NDArray[np.intp]) -> tuple[FloatArray, FloatArray, FloatArray]:
        fitted = special.expit(product(basis, beta))
        weight = there[:, which] * fitted * (1 - fitted)
        return there[:, which] * (y[:, which] - fitted), weight, product(products.T, weight).T.reshape(-1, k, k)

    share = np.where(varied, y.sum(axis=0) / np.maximum(there.sum(axis=0), 1), 0.5)
    beta = basis.sum(axis=0)[:, None] * special.logit(share)
    settled = np.zeros(y.shape[1], bool)
    active = np.flatnonzero(varied)
    for _ in range(ITERATIONS):
        if not active.size:
            break
        residual, _, information = at(beta[:, active], active)
        sound = np.linalg.eigvalsh(information)[:, :1].min(axis=1, initial=np.inf) > INFORMATION_TOLERANCE
        active, residual, information = active[sound], residual[:, sound], information[sound]
        step = np.linalg.solve(information, product(basis.T, residual).T[..., None])[..., 0].T
        furthest = np.abs(product(basis, step)).max(axis=0, initial=0)
        beta[:, active] += step / np.maximum(furthest / ETA_STEP, 1)
        settled[active] = furthest <= ETA_TOLERANCE
        active = active[~settled[active]]
    residual, weight, information = at(beta, np.arange(y.shape[1]))
    information[~settled] = np.eye(k)
    return _Null(residual, weight, information, settled)


def _score(x: FloatArray, basis: FloatArray, null: _Null) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scores, their variances given the covariates, and without: each (n_predictors, n_outcomes)."""
    own = product((x**2).T, null.weight)
    inverse = np.linalg.inv(np.linalg.cholesky(null.information))
    shared = np.zeros(own.shape)
    for j in range(basis.shape[1]):
        shared += product(x.T, null.weight * product(basis, inverse[:, j].T)) ** 2
    return product(x.T, null.residual), own - shared, own
