"""Many tests at once: adjusted p-values, two levels of discoveries, number of tests.

Every function takes p-values of any shape as float64, NaN where a test was not done. A NaN stays a NaN and does not
count as a test.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.statistics_errors import (
    ConstantColumnError,
    NotAProbabilityError,
    NullShareError,
    ShapeMismatchError,
    TooFewRowsError,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# Where the share of true null hypotheses is estimated (the grid of Storey and Tibshirani 2003).
LAMBDAS: FloatArray = np.arange(1, 20) / 20
# Share of the variance that the components counted by simpleM explain (Gao et al. 2008).
SIMPLEM_SHARE = 0.995
# Eigenvalues are rounded to this many digits before Li–Ji takes their whole part: 2 − 1e-15 is 2.
EIGENVALUE_DIGITS = 9


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Adjusted p-values that control the FDR of independent or positively dependent tests (1995)."""
    return _adjusted(p, _step_up)


def benjamini_yekutieli(p: FloatArray) -> FloatArray:
    """Adjusted p-values that control the FDR under any dependence (2001): BH times 1 + 1/2 + … + 1/m."""
    return _adjusted(p, lambda known: np.minimum(_step_up(known) * (1 / np.arange(1, known.size + 1)).sum(), 1))


def holm(p: FloatArray) -> FloatArray:
    """Adjusted p-values that control the FWER under any dependence (Holm 1979)."""
    return _adjusted(p, _step_down)


@dataclass(frozen=True)
class Storey:
    """q-values, of the shape of p, and the estimated share of true null hypotheses."""

    q: FloatArray
    pi0: float


def storey(p: FloatArray) -> Storey:
    """q-values with π₀ chosen by the bootstrap criterion over ``LAMBDAS`` (Storey, Taylor and Siegmund 2004).

    π₀(λ) = #{p ≥ λ} / (m (1 − λ)); the λ with the least mean squared error is taken, which has a closed form
    (that of R's ``qvalue``), so nothing is drawn at random. It needs hundreds of tests to mean anything.

    Raises
    ------
    NotAProbabilityError, NullShareError
    """
    known = _known(p)
    m = known.size
    if m == 0:
        return Storey(np.full(p.shape, np.nan), 1.0)
    pi0 = null_share(m - np.searchsorted(np.sort(known), LAMBDAS, side="left"), m)
    return Storey(_adjusted(p, lambda values: pi0 * _step_up(values)), pi0)


def null_share(above: IntArray, m: int) -> float:
    """Share π₀ of true null hypotheses from the counts of p ≥ λ among ``m`` tests, one for each of ``LAMBDAS``.

    Raises
    ------
    NullShareError
    """
    shares = above / (m * (1 - LAMBDAS))
    error = above / (m * (1 - LAMBDAS)) ** 2 * (1 - above / m) + (shares - np.quantile(shares, 0.1)) ** 2
    pi0 = float(min(shares[error == error.min()].min(), 1))
    if pi0 <= 0:
        raise NullShareError(m)
    return pi0


@dataclass(frozen=True)
class TwoLevel:
    """Discoveries of groups (genes) and, inside them, of their pairs.

    ``group_p`` and ``group_q`` (n_groups,) are Simes' p and its BH adjusted value; NaN for a group without a test.
    ``q`` (n_pairs,) is the smallest level at which the pair is found in a group that is found.
    """

    group_p: FloatArray
    group_q: FloatArray
    q: FloatArray


def two_level(p: FloatArray, groups: IntArray) -> TwoLevel:
    """Simes in each group, BH over groups, then BH inside each selected group at level q·R/G.

    R of G groups are selected at level q, and the pairs of a selected group are tested at q·R/G (Benjamini and
    Bogomolov 2014; TreeBH with two levels, Bogomolov et al. 2021). Taking every pair with ``q`` up to a level
    controls at that level the FDR of groups and the expected share of false pairs averaged over the selected groups.
    The FDR of all pairs pooled is not what is controlled.

    A selected group always holds a selected pair, and a pair's ``q`` is never below that of its group.

    Parameters
    ----------
    p : (n_pairs,) float64
    groups : (n_pairs,) int
        Group of each pair, 0 … n_groups − 1.

    Raises
    ------
    NotAProbabilityError, ShapeMismatchError
    """
    if p.shape != groups.shape:
        raise ShapeMismatchError(p=p.shape, groups=groups.shape)
    _known(p)
    n_groups = int(groups.max()) + 1 if groups.size else 0
    group_p, inside, q = np.full(n_groups, np.nan), np.full(p.shape, np.nan), np.full(p.shape, np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    members = tested[np.argsort(groups[tested], kind="stable")]
    for part in np.split(members, np.flatnonzero(np.diff(groups[members])) + 1) if members.size else ():
        inside[part] = _step_up(p[part])
        group_p[groups[part[0]]] = inside[part].min()
    group_q = benjamini_hochberg(group_p)
    levels = np.sort(group_q[np.isfinite(group_q)])
    if levels.size:
        q[tested] = level_of_pair(inside[tested], group_q[groups[tested]], levels)
    return TwoLevel(group_p, group_q, q)


def level_of_pair(inside: FloatArray, group_q: FloatArray, levels: FloatArray) -> FloatArray:
    """Smallest q with group_q ≤ q and inside ≤ q · R(q) / G, where R(q) counts ``levels`` ≤ q.

    With at least k groups selected the level needed is max(levels[k], inside · G / k). The first rises with k, the
    second falls, so the least is where they cross, or at the k where the group itself is selected.
    """
    n_groups = levels.size
    rank = np.arange(1, n_groups + 1)
    crossing = np.searchsorted(levels * rank / n_groups, inside, side="left") + 1  # first k where the level suffices
    first = np.searchsorted(levels, group_q, side="right")  # groups with the same q are selected together
    best = np.full(inside.shape, np.inf)
    for candidate in (crossing - 1, crossing):
        k = np.clip(np.maximum(candidate, first), 1, n_groups)
        best = np.minimum(best, np.maximum(levels[k - 1], inside * n_groups / k))
    level: FloatArray = np.minimum(best, 1)
    return level


@dataclass(frozen=True)
class EffectiveTests:
    """Effective number of independent tests among correlated columns, by four definitions that disagree."""

    li_ji: float
    galwey: float
    simplem: float
    nyholt: float


def effective_tests(values: FloatArray) -> EffectiveTests:
    """Effective number of tests from the eigenvalues λ of the correlation matrix of the columns.

    Li–Ji 2005: Σ [λ ≥ 1] + λ − ⌊λ⌋. Galwey 2009: (Σ √λ)² / Σ λ. simpleM (Gao 2008): components that explain 99.5 %.
    Nyholt 2004: 1 + (M − 1)(1 − var λ / M). With fewer rows than columns all but Nyholt's are bounded by the rows.

    Parameters
    ----------
    values : (n_rows, n_columns) float64
        Rows with a NaN are left out.

    Raises
    ------
    TooFewRowsError, ConstantColumnError
    """
    complete = values[np.isfinite(values).all(axis=1)]
    n, m = complete.shape
    if n < 3:
        raise TooFewRowsError(n, 3, "effective number of tests")
    flat = np.flatnonzero(np.ptp(complete, axis=0) == 0)
    if flat.size:
        raise ConstantColumnError(flat.tolist(), "effective number of tests")
    standard = (complete - complete.mean(axis=0)) / (complete.std(axis=0) * np.sqrt(n))
    gram = standard.T @ standard if m <= n else standard @ standard.T
    eigenvalues = np.zeros(m)
    found = np.maximum(np.linalg.eigvalsh(gram), 0)[::-1][:m]
    eigenvalues[: found.size] = found
    rounded = np.round(eigenvalues, EIGENVALUE_DIGITS)
    explained = np.cumsum(eigenvalues) / eigenvalues.sum()
    return EffectiveTests(
        li_ji=float((rounded >= 1).sum() + (rounded - np.floor(rounded)).sum()),
        galwey=float(np.sqrt(eigenvalues).sum() ** 2 / eigenvalues.sum()),
        simplem=float(np.argmax(explained >= SIMPLEM_SHARE - np.finfo(float).eps * m) + 1),
        nyholt=float(1 + (m - 1) * (1 - eigenvalues.var(ddof=1) / m)) if m > 1 else 1.0,
    )


def _known(p: FloatArray) -> FloatArray:
    known = p[~np.isnan(p)]
    if known.size and not (known.min() >= 0 and known.max() <= 1):
        raise NotAProbabilityError(float(known.min()), float(known.max()))
    return known


def _adjusted(p: FloatArray, method: Callable[[FloatArray], FloatArray]) -> FloatArray:
    known = _known(p)
    adjusted = np.full(p.shape, np.nan)
    if known.size:
        adjusted[~np.isnan(p)] = method(known)
    return adjusted


def _step_up(p: FloatArray) -> FloatArray:
    """BH of p (m,) without NaN: the least of p₍ₖ₎ m / k over the ranks k from its own on."""
    order = np.argsort(p, kind="stable")[::-1]
    adjusted = np.empty_like(p)
    ratio = p[order] * p.size / np.arange(p.size, 0, -1)
    adjusted[order] = np.minimum(np.minimum.accumulate(ratio), 1)
    return adjusted


def _step_down(p: FloatArray) -> FloatArray:
    """Holm of p (m,) without NaN."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1)
    return adjusted
