"""Expected information of proportional odds: what a patient tells, averaged over the levels that the model allows.

With few carriers the observed information of a predictor depends on where the carriers happen to lie: those at the ends
tell less, which makes a score test by it liberal. The expected information does not, and without covariates the test is
that of Wilcoxon, but for a factor of n / (n − 1) in χ².
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.products import product
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]


@kernel("void(float64[::1],float64[::1],float64[:,::1],float64[::1],float64[::1],float64[::1])")
def _gather(
    theta: FloatArray, eta: FloatArray,
    across: FloatArray, weight: FloatArray, diagonal: FloatArray, beside: FloatArray,
) -> None:  # fmt: skip
    """Fill what each patient's η shares with each intercept (n, K), its own (n,), and the intercepts' tridiagonal."""
    n, n_cuts = across.shape
    diagonal[:] = 0
    beside[:] = 0
    weight[:] = 0
    falling, apart, steep = np.exp(-theta), np.empty(n_cuts), np.empty(n_cuts)
    for k in range(1, n_cuts):
        apart[k] = -np.expm1(theta[k - 1] - theta[k])
        between = 1 / np.expm1(theta[k] - theta[k - 1])
        steep[k] = between * (1 + between)
    chance, cumulated = np.empty(n_cuts + 1), np.empty(n_cuts)
    for i in range(n):
        scale = np.exp(eta[i])
        for k in range(n_cuts):
            cumulated[k] = 1 / (1 + scale * falling[k])
        chance[0] = cumulated[0]
        for k in range(1, n_cuts):
            chance[k] = cumulated[k] * (1 - cumulated[k - 1]) * apart[k]
        chance[n_cuts] = 1 - cumulated[n_cuts - 1]
        for k in range(n_cuts):
            across[i, k] = cumulated[k] * (1 - cumulated[k]) * (chance[k] + chance[k + 1])
            weight[i] += across[i, k]
            diagonal[k] += across[i, k]
        for k in range(1, n_cuts):
            curve = chance[k] * steep[k]
            diagonal[k] += curve
            diagonal[k - 1] += curve
            beside[k] -= curve


@kernel("void(float64[::1],float64[::1])")
def _factor(diagonal: FloatArray, beside: FloatArray) -> None:
    """Replace the tridiagonal by its Cholesky factor."""
    for k in range(len(diagonal)):
        if k > 0:
            beside[k] /= diagonal[k - 1]
            diagonal[k] -= beside[k] ** 2
        diagonal[k] = np.sqrt(diagonal[k])


@kernel("void(float64[::1],float64[::1],float64[:,::1])")
def _forward(diagonal: FloatArray, beside: FloatArray, rows: FloatArray) -> None:
    """Replace each row (K,) by L⁻¹ times it."""
    for j in range(len(rows)):
        for k in range(len(diagonal)):
            if k > 0:
                rows[j, k] -= beside[k] * rows[j, k - 1]
            rows[j, k] /= diagonal[k]


@dataclass(frozen=True)
class Expected:
    """Expected information of a fitted model with columns ``x`` (n, c), from which that of any predictor follows.

    ``across`` (n, K), ``weight`` (n,), ``diagonal`` and ``beside`` (K,) are filled by ``_gather``; ``shared`` (c, K) is
    what the columns share with the intercepts, ``inverse`` (c, c) of what these leave of the columns' own.
    """

    x: FloatArray
    across: FloatArray
    weight: FloatArray
    diagonal: FloatArray
    beside: FloatArray
    shared: FloatArray
    inverse: FloatArray

    @classmethod
    def of(cls, theta: FloatArray, eta: FloatArray, x: FloatArray) -> "Expected":
        """Of intercepts (K,) that rise, linear predictors (n,) and the covariates without an intercept (n, c)."""
        n, k = len(eta), len(theta)
        across, weight, diagonal, beside = np.empty((n, k)), np.empty(n), np.empty(k), np.empty(k)
        _gather(theta, np.ascontiguousarray(eta), across, weight, diagonal, beside)
        _factor(diagonal, beside)
        shared = -product(x.T, across)
        _forward(diagonal, beside, shared)
        left = product(x.T * weight, x) - product(shared, shared.T)
        return cls(x, across, weight, diagonal, beside, shared, np.linalg.inv(left).astype(np.float64))

    def variance(self, predictor: FloatArray) -> float:
        """Information of a predictor (n,), less what intercepts and covariates take of it."""
        met = -product(predictor[None], self.across)
        _forward(self.diagonal, self.beside, met)
        weighted = predictor * self.weight
        beside = product(self.x.T, weighted[:, None]) - product(self.shared, met.T)
        own = np.einsum("i,i->", weighted, predictor) - np.einsum("jk,jk->", met, met)
        return float(own - product(beside.T, product(self.inverse, beside)).item())
