"""Proportional odds: the feature as an ordered response with as many intercepts as distinct values, less one.

Only the order of the values counts. The model without the marker is fitted once for each feature and each pattern of
missing values; every marker then has a score test. Without covariates the score is that of the Wilcoxon test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.asymptotic import normal_tail
from radiogenomics.association.expected_logit import Expected
from radiogenomics.association.logistic import residuals
from radiogenomics.association.ordinal_model import Model, covariate_basis, with_intercept
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
# So many responses are held together.
TOGETHER = 64


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
            x = covariate_basis(design[rows])
            left, flat = residuals(predictors[np.ix_(rows, columns)], with_intercept(x))
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
    key: tuple[int, bytes] | None = None
    known: _Known | None = None
    for place, (response, predictor) in enumerate(chosen):
        rows = usable & ~np.isnan(responses[:, response]) & ~np.isnan(predictors[:, predictor])
        n[place] = rows.sum()
        # Pairs of one response follow one another, and often have the same patients.
        if known is None or key != (int(response), rows.tobytes()):
            key, known = (int(response), rows.tobytes()), _Known.of(responses[rows, response], design[rows])
        values[:, place], flag[place] = known.pair(predictors[rows, predictor])
    estimate, se, z, lr = values
    p, neg_log10_p = normal_tail(z)
    return OrdinalTests(estimate, se, z, p, neg_log10_p, n, flag, lr)


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


@dataclass(frozen=True)
class _Known:
    """A response on some patients and its model without a predictor; ``flag`` says why there is none, else 0."""

    response: FloatArray
    x: FloatArray
    null: Model | None
    flag: int

    @classmethod
    def of(cls, response: FloatArray, design: FloatArray) -> "_Known":
        x = covariate_basis(design)
        null = Model.fitted(response, x)
        return cls(response, x, null, _reason(null, response, design))

    @cached_property
    def expected(self) -> Expected | None:
        """Expected information; None without a model."""
        if self.null is None:
            return None
        return Expected.of(self.null.theta, np.einsum("ij,j->i", self.x, self.null.beta), self.x)

    def pair(self, predictor: FloatArray) -> tuple[tuple[float, ...], int]:
        """Estimate, standard error, deviate of the score test, likelihood ratio, and the flag of one predictor."""
        if self.flag or self.null is None or self.expected is None:
            return (np.nan,) * 4, self.flag
        left, flat = residuals(predictor[:, None], with_intercept(self.x))
        if flat[0]:
            return (np.nan,) * 4, COLLINEAR
        length = float(np.linalg.norm(left))
        column = left[:, 0] / length
        slope = float(np.einsum("i,i->", self.null.parts[0], column))
        z = slope / float(np.sqrt(self.expected.variance(column)))
        full = Model.fitted(self.response, np.column_stack([self.x, column]), self.null)
        if full is None or not full.settled:
            return (np.nan, np.nan, z, np.nan), UNSETTLED
        lr = max(2 * (full.value - self.null.value), 0.0)
        return (float(full.beta[-1]) / length, full.last_error / length, z, lr), 0
