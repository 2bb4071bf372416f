"""Meta-analysis over sites: fixed and random effects, heterogeneity, for all pairs at once.

Each site gives an estimate and its standard error for each pair; a site that lacks either does not count for that pair.
With wᵢ = 1/(seᵢ² + τ²) the pooled estimate is Σ w y / Σ w. τ² is 0 (fixed effect), or that of DerSimonian and Laird
1986, Paule and Mandel 1982, or restricted maximum likelihood.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.asymptotic import chi2_tail, normal_tail
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError
from radiogenomics.association.tail import tail

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

META_REASONS = ("", "fewer than two sites", "variance between sites did not settle")
FEW_SITES, UNSETTLED = 1, 2
# A flat restricted likelihood takes hundreds of steps; scoring can also jump to and fro, so later steps are halved.
ITERATIONS, FULL_STEPS = 3000, 50
# τ² has settled when a step changes τ² plus a typical sampling variance by no more than this share.
TAU2_TOLERANCE = 1e-12


class Tau2(StrEnum):
    """How the variance of the true effects between sites is estimated."""

    FIXED = "fixed"
    DERSIMONIAN_LAIRD = "dersimonian_laird"
    PAULE_MANDEL = "paule_mandel"
    REML = "reml"


class Interval(StrEnum):
    """How the pooled estimate is tested.

    Normal deviates ignore that τ² is estimated and are liberal with few sites: 5 sites of unequal size with a true τ²
    give 12 % at a level of 5 %. Hartung and Knapp 2001 scale the variance by Σ w (y − μ)² / (k − 1) and take Student's
    t with k − 1; where sites agree by chance that is narrower than the fixed effect, which a floor of 1 prevents.
    """

    NORMAL = "normal"
    HARTUNG_KNAPP = "hartung_knapp"
    HARTUNG_KNAPP_FLOOR = "hartung_knapp_floor"


@dataclass(frozen=True)
class Pooled:
    """Pooled effects, arrays of the shape of one site; NaN where ``flag``, an index of META_REASONS, is not 0.

    ``statistic`` is z or t; ``low`` and ``high`` bound the estimate. ``q`` is Cochran's Q with its ``q_p`` on
    ``n_sites`` − 1 degrees of freedom, ``tau2`` the variance between sites and ``i2``, from 0 to 1, its share
    τ²/(τ² + s²) with Higgins and Thompson's typical sampling variance s²; for a fixed effect 1 − (k − 1)/Q, or 0.
    """

    estimate: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    statistic: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    q: FloatArray
    q_p: FloatArray
    i2: FloatArray
    tau2: FloatArray
    n_sites: NDArray[np.int32]
    flag: NDArray[np.int8]


def pool(
    estimates: FloatArray,
    errors: FloatArray,
    *,
    tau2: Tau2 = Tau2.REML,
    interval: Interval = Interval.HARTUNG_KNAPP_FLOOR,
    confidence: float = 0.95,
) -> Pooled:
    """Pool the sites of every pair.

    Parameters
    ----------
    estimates : (n_sites, ...) float64
        Effect of each pair in each site, on one scale and for one effect allele; NaN where not estimated.
    errors : (n_sites, ...) float64
        Standard errors, above 0; NaN where unknown.
    tau2 : Tau2
    interval : Interval
        Anything but NORMAL also applies to a fixed effect.
    confidence : float
        Of the two-sided interval.

    Raises
    ------
    ShapeMismatchError, OutOfRangeError
    """
    if estimates.ndim < 1 or estimates.shape != errors.shape:
        raise ShapeMismatchError(estimates=estimates.shape, errors=errors.shape)
    if not 0 < confidence < 1:
        raise OutOfRangeError("confidence", confidence, "a share between 0 and 1")
    wrong = errors[(errors <= 0) | np.isinf(errors)]
    if wrong.size:
        raise OutOfRangeError("standard error", float(wrong[0]), "finite standard errors above 0, or NaN")
    shape = estimates.shape[1:]
    y, v = estimates.reshape(len(estimates), -1), errors.reshape(len(estimates), -1) ** 2
    there = ~np.isnan(y) & ~np.isnan(v)
    k = there.sum(axis=0)
    sites = _Sites(np.where(there, y, 0), np.where(there, v, 1), there)
    enough = k >= 2
    between, settled = np.zeros(y.shape[1]), np.ones(y.shape[1], bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        between[enough], settled[enough] = _ESTIMATORS[tau2](sites.of(enough))
        values = _pooled(sites, k, between, tau2, interval, confidence)
    flag = np.select([~enough, ~settled], [FEW_SITES, UNSETTLED], 0).astype(np.int8)
    known = {name: np.where(flag == 0, value, np.nan).reshape(shape) for name, value in values.items()}
    return Pooled(**known, n_sites=k.astype(np.int32).reshape(shape), flag=flag.reshape(shape))


@dataclass(frozen=True)
class _Sites:
    """Effects, sampling variances and whether they are there, each (n_sites, n_pairs)."""

    y: FloatArray
    v: FloatArray
    there: BoolArray

    def of(self, columns: NDArray[np.generic]) -> "_Sites":
        return _Sites(self.y[:, columns], self.v[:, columns], self.there[:, columns])

    def weights(self, tau2: FloatArray | float) -> FloatArray:
        weights: FloatArray = np.where(self.there, 1 / (self.v + tau2), 0)
        return weights

    def residuals(self, w: FloatArray) -> FloatArray:
        """Effects less their mean of weights w; y is centred first, so that a common offset costs no digits."""
        centred = np.where(self.there, self.y - self.y.sum(axis=0) / self.there.sum(axis=0), 0)
        return np.where(self.there, centred - (w * centred).sum(axis=0) / w.sum(axis=0), 0)

    def typical_variance(self) -> FloatArray:
        """Sampling variance s² of Higgins and Thompson 2002."""
        w = self.weights(0)
        total = w.sum(axis=0)
        variance: FloatArray = (self.there.sum(axis=0) - 1) * total / (total**2 - (w**2).sum(axis=0))
        return variance


def _pooled(
    sites: _Sites, k: NDArray[np.intp], between: FloatArray, tau2: Tau2, interval: Interval, confidence: float
) -> dict[str, FloatArray]:
    fixed, w = sites.weights(0), sites.weights(between)
    q = (fixed * sites.residuals(fixed) ** 2).sum(axis=0)
    share = 1 - (k - 1) / q if tau2 is Tau2.FIXED else between / (between + sites.typical_variance())
    estimate, se = (w * sites.y).sum(axis=0) / w.sum(axis=0), 1 / np.sqrt(w.sum(axis=0))
    if interval is Interval.NORMAL:
        quantile: FloatArray | float = float(special.ndtri((1 + confidence) / 2))
        p, neg_log10_p = normal_tail(estimate / se)
    else:
        scale = (w * sites.residuals(w) ** 2).sum(axis=0) / (k - 1)
        se = se * np.sqrt(np.maximum(scale, 1) if interval is Interval.HARTUNG_KNAPP_FLOOR else scale)
        df = np.maximum(k - 1, 1).astype(np.int32)
        quantile = special.stdtrit(df, (1 + confidence) / 2)
        p, neg_log10_p = tail(estimate / se, df)
    return {
        "estimate": estimate,
        "se": se,
        "low": estimate - quantile * se,
        "high": estimate + quantile * se,
        "statistic": estimate / se,
        "p": p,
        "neg_log10_p": neg_log10_p,
        "q": q,
        "q_p": chi2_tail(q, np.maximum(k - 1, 1))[0],
        "i2": np.where(q > 0, np.maximum(share, 0), 0),
        "tau2": between,
    }


def _none(sites: _Sites) -> tuple[FloatArray, BoolArray]:
    return np.zeros(sites.y.shape[1]), np.ones(sites.y.shape[1], bool)


def _dersimonian_laird(sites: _Sites) -> tuple[FloatArray, BoolArray]:
    """Closed form that makes Q its expectation."""
    w = sites.weights(0)
    excess = (w * sites.residuals(w) ** 2).sum(axis=0) - (sites.there.sum(axis=0) - 1)
    scale = w.sum(axis=0) - (w**2).sum(axis=0) / w.sum(axis=0)
    return np.maximum(excess / scale, 0), np.ones(len(excess), bool)


def _paule_mandel_step(sites: _Sites, tau2: FloatArray) -> FloatArray:
    """Newton's step to Σ w (y − μ)² = k − 1. The sum is convex and falls, so from 0 the root is met from below."""
    w = sites.weights(tau2)
    squares = sites.residuals(w) ** 2
    step: FloatArray = ((w * squares).sum(axis=0) - (sites.there.sum(axis=0) - 1)) / (w**2 * squares).sum(axis=0)
    return step


def _reml_step(sites: _Sites, tau2: FloatArray) -> FloatArray:
    """Fisher's scoring of the restricted likelihood, with P = W − W11ᵀW/Σw: (yᵀPPy − tr P)/tr PP."""
    w = sites.weights(tau2)
    total, second, third = w.sum(axis=0), (w**2).sum(axis=0), (w**3).sum(axis=0)
    score = (w**2 * sites.residuals(w) ** 2).sum(axis=0) - (total - second / total)
    step: FloatArray = score / (second - 2 * third / total + (second / total) ** 2)
    return step


def _iterated(
    step: Callable[[_Sites, FloatArray], FloatArray],
    start: Callable[[_Sites], tuple[FloatArray, BoolArray]],
    sites: _Sites,
) -> tuple[FloatArray, BoolArray]:
    """Steps from the start until every pair has settled, never below 0; which of them have."""
    tau2, _ = start(sites)
    typical = sites.typical_variance()
    active = np.arange(len(tau2))
    for iteration in range(ITERATIONS):
        if not active.size:
            break
        change = step(sites.of(active), tau2[active])
        new = np.maximum(tau2[active] + (change if iteration < FULL_STEPS else change / 2), 0)
        moved = np.abs(new - tau2[active]) > TAU2_TOLERANCE * (tau2[active] + typical[active])
        tau2[active] = new
        active = active[moved | np.isnan(new)]
    settled = np.ones(len(tau2), bool)
    settled[active] = False
    return tau2, settled


_ESTIMATORS: dict[Tau2, Callable[[_Sites], tuple[FloatArray, BoolArray]]] = {
    Tau2.FIXED: _none,
    Tau2.DERSIMONIAN_LAIRD: _dersimonian_laird,
    Tau2.PAULE_MANDEL: lambda sites: _iterated(_paule_mandel_step, _none, sites),
    Tau2.REML: lambda sites: _iterated(_reml_step, _dersimonian_laird, sites),
}
