"""Proportional odds: the feature as an ordered response with as many intercepts as distinct values, less one.

Only the order of the values counts. The model without the marker is fitted once for each feature and each pattern of
missing values; every marker then has a score test. Without covariates the score is that of the Wilcoxon test.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association import cumulative_logit
from radiogenomics.association.asymptotic import normal_tail
from radiogenomics.association.expected_logit import expected_variance
from radiogenomics.association.logistic import residuals
from radiogenomics.association.patterns import patterns
from radiogenomics.association.products import product
from radiogenomics.association.projection import basis_of
from radiogenomics.association.rank import check_rows
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ORDINAL_REASONS = (
    "",
    "one value only",
    "collinear with covariates",
    "null model without a finite fit",
    "fit did not settle",
)
ONE_VALUE, COLLINEAR, NO_NULL, UNSETTLED = 1, 2, 3, 4
# A predictor with less than this share of its information left by the covariates has none.
INFORMATION_SHARE = 1e-10
# So many responses are held together, and so many predictors stay in a near cache.
TOGETHER, TILE = 64, 128


@dataclass(frozen=True)
class OrdinalTests:
    """Tests (n_responses, n_predictors) or fits (n_pairs,), NaN where ``flag``, index of ORDINAL_REASONS, is not 0.

    ``estimate`` is the log odds ratio of a larger response for one unit of the predictor: the maximum in ``fits``, in
    ``score_tests`` the first Newton step towards it, near it only if small; ``se`` is Wald's in ``fits``. ``z`` and
    ``p`` are of the score test, by the observed information in ``score_tests``, by the expected information in
    ``fits``, which keeps its level with few carriers. ``lr``, of ``fits`` only, is the likelihood ratio.
    """

    estimate: FloatArray
    se: FloatArray
    z: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    flag: NDArray[np.int8]
    lr: FloatArray


def score_tests(responses: FloatArray, predictors: FloatArray, design: FloatArray) -> OrdinalTests:
    """Test every pair on the patients that have the response, the predictor and every column of the design.

    Parameters
    ----------
    responses : (n_patients, n_responses) float64
        Of which the order counts; NaN where missing.
    predictors : (n_patients, n_predictors) float64
        NaN where missing. Each pattern of missing values costs one null fit of every response.
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing. Columns may be collinear; their span is what counts.

    Raises
    ------
    ShapeMismatchError
    """
    check_rows(responses=responses, predictors=predictors, design=design)
    shape = responses.shape[1], predictors.shape[1]
    score, variance = np.full(shape, np.nan), np.full(shape, np.nan)
    n, flag = np.zeros(shape, np.int32), np.zeros(shape, np.int8)
    usable = ~np.isnan(design).any(axis=1)
    for there, rows_of in patterns(~np.isnan(responses)):
        for present, columns in patterns(~np.isnan(predictors)):
            rows = usable & there & present
            n[np.ix_(rows_of, columns)] = rows.sum()
            if not rows.any():
                flag[np.ix_(rows_of, columns)] = ONE_VALUE
                continue
            x = _basis(design[rows])
            left, flat = residuals(predictors[np.ix_(rows, columns)], _with_intercept(x))
            for start in range(0, len(rows_of), TOGETHER):
                part = rows_of[start : start + TOGETHER]
                nulls = [Model.fitted(responses[rows, response], x) for response in part]
                here = np.ix_(part, columns)
                score[here], variance[here], own = _scores(nulls, left)
                why = [_reason(null, responses[rows, j], design[rows]) for null, j in zip(nulls, part, strict=True)]
                gone = flat | ~(variance[here] > INFORMATION_SHARE * own)
                flag[here] = np.where(np.array(why)[:, None] > 0, np.array(why)[:, None], np.where(gone, COLLINEAR, 0))
    score[flag != 0] = variance[flag != 0] = np.nan
    z = score / np.sqrt(variance)
    p, neg_log10_p = normal_tail(z)
    return OrdinalTests(score / variance, 1 / np.sqrt(variance), z, p, neg_log10_p, n, flag, np.full(shape, np.nan))


def fits(
    responses: FloatArray, predictors: FloatArray, design: FloatArray, pairs: NDArray[np.integer] | None = None
) -> OrdinalTests:
    """Fit pairs by maximum likelihood, with their score tests; other parameters as in ``score_tests``.

    A predictor that orders the responses has no finite estimate: it has the score test and the flag UNSETTLED.

    Parameters
    ----------
    pairs : (n_pairs, 2) int
        Column of the response and column of the predictor. All, by response, if not given.

    Raises
    ------
    ShapeMismatchError, OutOfRangeError
    """
    check_rows(responses=responses, predictors=predictors, design=design)
    chosen = np.argwhere(np.ones((responses.shape[1], predictors.shape[1]))) if pairs is None else pairs
    if chosen.ndim != 2 or chosen.shape[1] != 2:
        raise ShapeMismatchError(pairs=chosen.shape)
    outside = chosen[((chosen < 0) | (chosen >= (responses.shape[1], predictors.shape[1]))).any(axis=1)]
    if outside.size:
        raise OutOfRangeError("pair", float(outside[0].max()), "columns of responses and of predictors, counted from 0")
    values = np.full((4, len(chosen)), np.nan)
    n, flag = np.zeros(len(chosen), np.int32), np.zeros(len(chosen), np.int8)
    usable = ~np.isnan(design).any(axis=1)
    for place, (response, predictor) in enumerate(chosen):
        rows = usable & ~np.isnan(responses[:, response]) & ~np.isnan(predictors[:, predictor])
        n[place] = rows.sum()
        values[:, place], flag[place] = _pair(responses[rows, response], predictors[rows, predictor], design[rows])
    estimate, se, z, lr = values
    p, neg_log10_p = normal_tail(z)
    return OrdinalTests(estimate, se, z, p, neg_log10_p, n, flag, lr)


@dataclass(frozen=True)
class Model:
    """A fitted model; what ``maximise`` filled is kept in ``parts``, from ``residual`` to ``schur``."""

    level: IntArray
    x: FloatArray
    theta: FloatArray
    beta: FloatArray
    value: float
    settled: bool
    parts: tuple[FloatArray, ...]

    @classmethod
    def fitted(cls, response: FloatArray, x: FloatArray, start: "Model | None" = None) -> "Model | None":
        """Of a response (n,) on orthonormal columns (n, c); None where the response has one value.

        ``start`` is a model of the first columns.
        """
        n, c = x.shape
        _, level, counts = np.unique(response, return_inverse=True, return_counts=True)
        if len(counts) < 2:
            return None
        share = np.cumsum(counts)[:-1] / n
        theta, beta = np.log(share / (1 - share)), np.zeros(c)
        if start is not None:
            theta[:] = start.theta
            beta[: len(start.beta)] = start.beta
        k = len(theta)
        parts = (*np.empty((3, n)), *np.empty((2, k)), np.empty((c, k)), np.empty((c, c)))
        level, x = level.astype(np.int64), np.ascontiguousarray(x)
        value, settled = cumulative_logit.maximise(level, x, theta, beta, *parts)
        return cls(level, x, theta, beta, value, settled, parts)

    def terms(self) -> FloatArray:
        """∂l/∂η, the weight of each patient, and what ``whitened`` fills: (n, 2 + c)."""
        residual, upper, lower, diagonal, beside, shared, schur = self.parts
        out = np.empty(self.x.shape)
        cumulative_logit.whitened(self.level, self.x, upper, lower, diagonal, beside, shared, schur, out)
        return np.column_stack([residual, upper + lower, out])

    def met(self, predictors: FloatArray) -> FloatArray:
        """What the intercepts take of the information of each of the predictors (n, m): (m,)."""
        _, upper, lower, diagonal, beside, *_ = self.parts
        order, out = np.argsort(self.level, kind="stable"), np.empty(predictors.shape[1])
        cumulative_logit.met_by_intercepts(self.level, order, upper, lower, diagonal, beside, predictors, out, TILE)
        return out

    @property
    def last_error(self) -> float:
        """Standard error of the last coefficient."""
        return float(1 / self.parts[-1][-1, -1])


def _scores(nulls: Sequence[Model | None], predictors: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Scores of the predictors (n, m), their variances given each model and without it: (n_models, m) each."""
    found = np.full((3, len(nulls), predictors.shape[1]), np.nan)
    chosen = [place for place, null in enumerate(nulls) if null is not None and null.settled]
    models = [null for null in nulls if null is not None and null.settled]
    if models:
        terms = np.stack([model.terms() for model in models])  # (n_models, n, 2 + c)
        residual, weight = np.ascontiguousarray(terms[:, :, 0].T), np.ascontiguousarray(terms[:, :, 1].T)
        turned = np.ascontiguousarray(predictors.T)
        own = product(turned**2, weight).T
        left = own - np.stack([model.met(predictors) for model in models])
        for column in range(2, terms.shape[2]):
            left -= product(turned, np.ascontiguousarray(terms[:, :, column].T)).T ** 2
        found[:, chosen] = product(turned, residual).T, left, own
    return found[0], found[1], found[2]


def _reason(null: Model | None, response: FloatArray, design: FloatArray) -> int:
    """Why no predictor can be tested given this model, 0 if it can. Covariates may order the response by themselves."""
    if null is None:
        return ONE_VALUE
    if null.settled:
        return 0
    _, combination = residuals(response[:, None], basis_of(design))
    ordered = any(_orders(sign * column, null.level) for column in design.T for sign in (1, -1))
    return COLLINEAR if combination[0] or ordered else NO_NULL


def _orders(column: FloatArray, level: IntArray) -> bool:
    """Whether all values at a level are above those at the level below."""
    lowest, highest = np.full(level.max() + 1, np.inf), np.full(level.max() + 1, -np.inf)
    np.minimum.at(lowest, level, column)
    np.maximum.at(highest, level, column)
    return bool((highest[:-1] < lowest[1:]).all())


def _pair(response: FloatArray, predictor: FloatArray, design: FloatArray) -> tuple[tuple[float, ...], int]:
    """Estimate, standard error, deviate of the score test, likelihood ratio, and the flag."""
    x = _basis(design)
    null = Model.fitted(response, x)
    if null is None or not null.settled:
        return (np.nan,) * 4, _reason(null, response, design)
    left, flat = residuals(predictor[:, None], _with_intercept(x))
    if flat[0]:
        return (np.nan,) * 4, COLLINEAR
    length = float(np.linalg.norm(left))
    both = np.column_stack([x, left / length])
    variance = expected_variance(null.theta, x @ null.beta, both)
    z = float(null.parts[0] @ both[:, -1]) / float(np.sqrt(variance))
    full = Model.fitted(response, both, null)
    if full is None or not full.settled:
        return (np.nan, np.nan, z, np.nan), UNSETTLED
    lr = max(2 * (full.value - null.value), 0.0)
    return (float(full.beta[-1]) / length, full.last_error / length, z, lr), 0


def _basis(design: FloatArray) -> FloatArray:
    """Orthonormal columns that span those of a design with the intercept, but for the intercept."""
    return basis_of(design - design.mean(axis=0)) if len(design) else np.empty((0, 0))


def _with_intercept(x: FloatArray) -> FloatArray:
    n = len(x)
    return np.column_stack([np.full((n, 1), 1 / np.sqrt(max(n, 1))), x])
