"""Burden, SKAT, SKAT-O and their Cauchy combination of one set, for all features with the same patients at once.

With r the residuals of a feature on the covariates and Z the weighted genotypes, projected on them too, everything is
a function of the scores Z'r, one matrix product for all features, of r'r, and of Z'Z, which they share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.acat import acat
from radiogenomics.association.exact import RESIDUAL_TOLERANCE
from radiogenomics.association.optimal import RHO, Mixture
from radiogenomics.association.products import product
from radiogenomics.association.projection import basis_of
from radiogenomics.association.ratio import Ratio
from radiogenomics.association.set_weights import Genotypes
from radiogenomics.association.stability import variety
from radiogenomics.association.tail import Tails
from radiogenomics.tables import SET_P_METHODS, SET_REASONS

FloatArray = NDArray[np.float64]
CodeArray = NDArray[np.int8]

TESTED, FEW_PATIENTS, FEW_VARIANTS, FEW_COPIES, CONSTANT, ALIKE, COLLINEAR, NO_DF, UNSETTLED = range(len(SET_REASONS))
P_METHOD = {"burden": 1, "skat": 2, "skat_o": 3, "acat": 4}
if len(P_METHOD) != len(SET_P_METHODS) - 1:
    raise ValueError("a method without a name of how its p is computed")
# Variants with at most so many copies are taken together as a burden, one term of ACAT-V (Liu and others 2019).
VERY_RARE = 10
# Ranks are made normal, but for ties. Where more of the patients than this share one value, the few others lie far out,
# and if one of them alone carries a variant, quadratic forms take that for proof.
MOST_ALIKE = 0.5
# Smaller p-values enter a Cauchy combination as this.
LEAST_P = 1e-300
# A p nearer to 1 than the inversion has digits would outweigh all others of a Cauchy combination.
MOST_P = 1 - 1e-8
LN_10 = float(np.log(10))


@dataclass(frozen=True)
class Null:
    """Features without the set: ``residuals`` (n, f) on the orthonormal ``basis`` (n, c), their ``squares`` (f,).

    ``df`` is n − c; ``flag`` (f,) marks features that cannot be tested, whatever the set.
    """

    residuals: FloatArray
    basis: FloatArray
    squares: FloatArray
    df: int
    flag: CodeArray

    @classmethod
    def of(cls, features: FloatArray, design: FloatArray) -> "Null":
        """Of features (n, f) and design (n, columns) without a missing value."""
        basis = np.ascontiguousarray(basis_of(design))
        centred = features - features.sum(axis=0) / max(len(features), 1)
        residuals = left(centred, basis)
        total, squares = (centred**2).sum(axis=0), (residuals**2).sum(axis=0)
        flag = np.where(squares <= RESIDUAL_TOLERANCE * total, COLLINEAR, TESTED)
        flag = np.where(variety(features).top_share > MOST_ALIKE, ALIKE, flag)
        flag = np.where(total <= RESIDUAL_TOLERANCE, CONSTANT, flag).astype(np.int8)
        return cls(residuals, basis, squares, len(features) - basis.shape[1], flag)


@dataclass(frozen=True)
class Tests:
    """By method (k, f): see ``tables.SET_RESULTS``; NaN where ``flag`` is not TESTED."""

    statistic: FloatArray
    rho: FloatArray
    log_p: FloatArray
    flag: CodeArray


def left(columns: FloatArray, basis: FloatArray) -> FloatArray:
    """What is left of columns (n, k) after projection on an orthonormal basis (n, c), projected twice."""
    for _ in range(2):
        columns = columns - product(basis, product(np.ascontiguousarray(basis.T), columns))
    return columns


def untested(null: Null, n_methods: int, reason: int) -> Tests:
    """Every method without a p-value, for one reason."""
    shape = n_methods, len(null.squares)
    flag = np.full(shape, reason, np.int8)
    statistic, rho, log_p = (np.full(shape, np.nan) for _ in range(3))
    return Tests(statistic, rho, log_p, flag)


@dataclass
class SetTests:
    """Tests of the methods, in their order."""

    methods: Sequence[str]
    _tails: Tails = field(default_factory=Tails)

    def __call__(self, null: Null, genotypes: Genotypes) -> Tests:
        """All features against one set."""
        if null.df < 2:
            return untested(null, len(self.methods), NO_DF)
        raw = genotypes.copies * genotypes.weight
        projected = left(raw, null.basis)
        gram = product(np.ascontiguousarray(projected.T), projected)
        # A variant that the covariates fit has rounding left, which no test should see.
        fitted = np.diag(gram) <= RESIDUAL_TOLERANCE * (raw**2).sum(axis=0)
        if fitted.all():
            return untested(null, len(self.methods), COLLINEAR)
        kept = ~fitted
        scores = product(np.ascontiguousarray(projected[:, kept].T), null.residuals)
        state = _State(null, gram[np.ix_(kept, kept)], scores, genotypes, kept, self._tails)
        found = untested(null, len(self.methods), TESTED)
        for row, method in enumerate(self.methods):
            statistic, rho, log_p = state.of(method)
            flag = np.where(np.isnan(log_p), UNSETTLED, TESTED)
            if method == "burden" and not state.has_burden:
                flag[:] = COLLINEAR
            flag = np.where(null.flag != TESTED, null.flag, flag)
            found.flag[row] = flag
            for target, values in ((found.statistic, statistic), (found.rho, rho), (found.log_p, log_p)):
                target[row] = np.where(flag == TESTED, values, np.nan)
        return found


class _State:
    """What the methods of one set share."""

    def __init__(
        self,
        null: Null,
        gram: FloatArray,
        scores: FloatArray,
        genotypes: Genotypes,
        kept: NDArray[np.bool_],
        tails: Tails,
    ) -> None:
        self.gram, self.scores, self.df, self.tails = gram, scores, null.df, tails
        self.squares = np.where(null.flag == TESTED, null.squares, 1.0)
        self.weight, self.frequency = genotypes.weight[kept], genotypes.frequency[kept]
        self.very_rare = genotypes.count[kept] <= VERY_RARE
        self.skat, self.summed = (scores**2).sum(axis=0), scores.sum(axis=0)
        self.has_burden = bool(gram.sum() > RESIDUAL_TOLERANCE * np.sqrt(np.diag(gram)).sum() ** 2)
        self._known: dict[str, tuple[FloatArray, FloatArray, FloatArray]] = {}

    def of(self, method: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Statistic, ρ and ln p (f,) of a method."""
        if method not in self._known:
            self._known[method] = getattr(self, f"_{method}")()
        return self._known[method]

    @property
    def _none(self) -> FloatArray:
        return np.full(len(self.squares), np.nan)

    def _student(self, scores: FloatArray, variance: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """t, p and −log10 p (k, f) of scores, of which ``variance`` (k,) is the sum of squares of the regressor."""
        correlation = scores / np.sqrt(variance[:, None] * self.squares)
        with np.errstate(divide="ignore"):
            t = np.sqrt(self.df - 1) * correlation / np.sqrt(np.maximum(1 - correlation**2, 0))
        p, height = self.tails(np.ascontiguousarray(t), np.full(t.shape, self.df - 1, np.int32))
        return t, p, height

    def _burden(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        if not self.has_burden:
            return self._none, self._none, self._none
        t, _, height = self._student(self.summed[None], np.array([self.gram.sum()]))
        return t[0], self._none, -height[0] * LN_10

    @cached_property
    def mixture(self) -> Mixture:
        """Spectrum of the kernel."""
        return Mixture.of(self.gram)

    def _ratio_p(self, eigenvalues: FloatArray, rho: float) -> FloatArray:
        ratio = Ratio(eigenvalues, self.df)
        if not ratio.varies:
            return self._none
        return ratio.log_p(((1 - rho) * self.skat + rho * self.summed**2) / self.squares)

    def _skat(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        log_p = self._ratio_p(self.mixture.eigenvalues, 0.0)
        return self.skat / (self.squares / self.df), self._none, log_p

    def _skat_o(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        mixture = self.mixture
        log_p = [self.of("skat")[2]]
        if self.has_burden and len(mixture.eigenvalues) > 1:
            log_p += [self._ratio_p(mixture.eigenvalues_of(rho), rho) for rho in RHO[1:]]
        logs = np.array(log_p)
        known = ~np.isnan(logs).any(axis=0)
        smallest, rho = self._none, self._none
        smallest[known] = logs[:, known].min(axis=0)
        rho[known] = RHO[logs[:, known].argmin(axis=0)]
        found = smallest.copy()
        if len(logs) > 1 and known.any():
            found[known] = mixture.log_p(smallest[known])
        return np.exp(smallest), rho, found

    def _acat(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        parts = [np.exp(self.of(name)[2]) for name in ("burden", "skat")]
        joined = np.stack([*parts, self._single_variants()], axis=-1)
        return self._none, self._none, -acat(np.clip(joined, LEAST_P, MOST_P)).neg_log10_p * LN_10

    def _single_variants(self) -> FloatArray:
        """ACAT-V (f,): variants alone, the very rare ones as one burden, weighed by w² times the variance of copies."""
        weight = self.weight**2 * self.frequency * (1 - self.frequency)
        common, rare = np.flatnonzero(~self.very_rare), np.flatnonzero(self.very_rare)
        scores, variance, share = self.scores[common], np.diag(self.gram)[common], weight[common]
        block = self.gram[np.ix_(rare, rare)]
        if block.sum() > RESIDUAL_TOLERANCE * np.sqrt(np.diag(block)).sum() ** 2:
            scores = np.vstack([scores, self.scores[rare].sum(axis=0)])
            variance, share = np.append(variance, block.sum()), np.append(share, weight[rare].mean())
        if not len(scores):
            return self._none
        _, p, _ = self._student(scores, variance)
        return acat(np.clip(p.T, LEAST_P, MOST_P), share).p
