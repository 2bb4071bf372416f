"""SKAT-O: the best mixture of burden test and SKAT, and the p-value of having chosen it (Lee, Wu and Lin 2012).

Under ρ the statistic is (1 − ρ) SKAT + ρ burden, and the smallest p over a grid of ρ is what is tested. Each p is exact
for any number of patients (``ratio``). How they depend on one another is taken from normal residuals of known
variance, where SKAT given the burden is a noncentral mixture of χ²: one integral over the burden. No moment is
matched, unlike in the paper, whose remainder term is replaced by its exact distribution.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.chebyshev import interpolated
from radiogenomics.association.quadratic import log_tail, log_tails
from radiogenomics.association.ratio import EIGENVALUE_TOLERANCE

FloatArray = NDArray[np.float64]

# Grid of ρ (Wu and others 2016; the default of R's SKAT, where 1 is 0.999).
RHO: FloatArray = np.array([0, 0.01, 0.04, 0.09, 0.16, 0.25, 0.5, 1])
# Gauss-Legendre points of a panel, and the largest panel in SD of the burden.
POINTS, PANEL = 6, 1.0
# Largest relative error that interpolation between smallest p-values may add. The price of choosing has bends where
# another ρ comes into play, so more digits would cost as much as no interpolation.
INTERPOLATION_ERROR = 3e-4
# Panels whose whole weight is below this share of the smallest p are left out.
NEGLIGIBLE = -37.0
QUANTILE_STEPS = 100
QUANTILE_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Mixture:
    """The tests of all ρ of one set.

    ``eigenvalues`` (r,) are those of Z'Z above 0, with Z the weighted genotypes after projection on the covariates;
    ``loading`` (r,) is the burden's direction: Q(ρ) = (1 − ρ) Σ λⱼ gⱼ² + ρ (Σ loadingⱼ gⱼ)² with g normal.
    """

    eigenvalues: FloatArray
    loading: FloatArray

    @classmethod
    def of(cls, gram: FloatArray) -> "Mixture":
        """From Z'Z (m, m)."""
        values, vectors = np.linalg.eigh(gram)
        kept = values > EIGENVALUE_TOLERANCE * values[-1]
        values, vectors = values[kept], vectors[:, kept]
        return cls(values, np.sqrt(values) * vectors.sum(axis=0))

    @property
    def burden(self) -> float:
        """Variance of the burden's numerator."""
        return float(self.loading @ self.loading)

    def eigenvalues_of(self, rho: float) -> FloatArray:
        """Eigenvalues (r,) or fewer of the form under one ρ."""
        form = (1 - rho) * np.diag(self.eigenvalues) + rho * np.outer(self.loading, self.loading)
        if rho == 1:
            return np.array([self.burden])
        values = np.linalg.eigvalsh(form)
        kept: FloatArray = values[values > EIGENVALUE_TOLERANCE * values[-1]]
        return kept

    def log_p(self, smallest: FloatArray) -> FloatArray:
        """Logarithm of the p-value for the logarithm (n,) of the smallest p over ``RHO``; NaN where not settled."""
        if len(self.eigenvalues) == 1:
            return smallest.copy()
        # The price of having chosen, between 0 and ln of the number of ρ, is what varies slowly.
        place = np.sqrt(-smallest)
        price = interpolated(lambda x: np.array([self._price(-(y**2)) for y in x]), place, INTERPOLATION_ERROR)
        return np.minimum(smallest + np.clip(price, 0, np.log(len(RHO))), 0)

    @cached_property
    def _forms(self) -> list[FloatArray]:
        return [self.eigenvalues_of(rho) for rho in RHO]

    @cached_property
    def _rest(self) -> tuple[FloatArray, FloatArray, float]:
        """SKAT given the burden η (in SD): Σ μ χ²₁(η² · shift) + η² · constant; μ, shift and constant."""
        direction = self.loading / np.sqrt(self.burden)
        # Orthonormal basis whose first column is the direction, by one reflection.
        mirror = direction.copy()
        mirror[0] += np.copysign(1.0, direction[0])
        basis = np.eye(len(direction)) - 2 * np.outer(mirror, mirror) / (mirror @ mirror)
        turned = basis.T @ (self.eigenvalues[:, None] * basis)
        values, vectors = np.linalg.eigh(turned[1:, 1:])
        along = vectors.T @ turned[1:, 0]
        return values, (along / values) ** 2, float(turned[0, 0] - (along**2 / values).sum())

    def _price(self, smallest: float) -> float:
        """Logarithm of p over the smallest p, from the integral over the burden."""
        if smallest >= 0:
            return 0.0
        limits = np.array([quantile(form, smallest) for form in self._forms])
        if not np.isfinite(limits).all():
            return float("nan")
        weights, shift, constant = self._rest
        end = np.sqrt(limits[-1] / self.burden)
        nodes, lengths = _panels(self._breaks(limits, end))
        density = -(nodes**2) / 2 - np.log(2 * np.pi) / 2
        used = density > smallest + NEGLIGIBLE
        squares = nodes[used] ** 2
        lines = (limits[:-1, None] - RHO[:-1, None] * self.burden * squares) / (1 - RHO[:-1, None])
        tails = np.empty(len(squares))
        log_tails(weights, shift, squares, lines.min(axis=0) - squares * constant, tails)
        logs = np.append(density[used] + np.log(lengths[used]) + tails, special.log_ndtr(-end))
        return float(np.log(2) + special.logsumexp(logs)) - smallest

    def _breaks(self, limits: FloatArray, end: float) -> FloatArray:
        """Where another ρ begins to set the limit of SKAT, in SD of the burden, between 0 and the end."""
        height, slope = limits[:-1] / (1 - RHO[:-1]), self.burden * RHO[:-1] / (1 - RHO[:-1])
        first, second = np.triu_indices(len(height), 1)
        squares = (height[first] - height[second]) / (slope[first] - slope[second])
        inside = np.sqrt(squares[(squares > 0) & (squares < end**2)])
        return np.unique(np.concatenate([[0.0], inside, [end]]))


def _panels(breaks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points and weights of Gauss-Legendre between neighbouring breaks, long intervals cut."""
    pieces = np.maximum(np.ceil(np.diff(breaks) / PANEL).astype(int), 1)
    edges = [np.linspace(a, b, n, endpoint=False) for a, b, n in zip(breaks, breaks[1:], pieces, strict=False)]
    starts = np.concatenate(edges)
    half = np.diff(np.append(starts, breaks[-1])) / 2
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    return ((starts + half)[:, None] + half[:, None] * nodes).ravel(), (half[:, None] * weights).ravel()


def quantile(weights: FloatArray, log_p: float) -> float:
    """The x with ln P(Σ aⱼ χ²₁ > x) = ``log_p``, by Newton's method in ln x between bounds; NaN if not settled."""
    ones, none = np.ones(len(weights)), np.zeros(len(weights))
    # P(a₁ χ²₁ > x) ≤ P ≤ P(a₁ χ²ₘ > x), with a₁ the largest weight.
    low, high = np.log(weights.max()) + np.log([1e-300, 1e300])
    at = np.log(weights.sum() + 2 * weights.max() * max(-log_p - 1, 0))
    for _ in range(QUANTILE_STEPS):
        x = np.exp(at)
        value, density, settled = log_tail(weights, ones, none, x)
        if not settled:
            return float("nan")
        off = value - log_p
        low, high = (at, high) if off > 0 else (low, at)
        step = off / (density * x) if density > 0 else np.inf
        new = at + step
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - at) <= QUANTILE_TOLERANCE:
            return float(np.exp(new))
        at = new
    return float("nan")
