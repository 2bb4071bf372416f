"""Expected information of proportional odds: what a patient tells, averaged over the levels that the model allows.

With few carriers the observed information of a predictor depends on where the carriers happen to lie: those at the ends
tell less, which makes a score test by it liberal. The expected information does not, and without covariates the test is
that of Wilcoxon, but for a factor of n / (n − 1) in χ².
"""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]


@kernel("void(float64[::1],float64[::1],float64[:,::1],float64[::1],float64[::1],float64[:,::1],float64[:,::1])")
def _gather(
    theta: FloatArray, eta: FloatArray, x: FloatArray,
    diagonal: FloatArray, beside: FloatArray, meeting: FloatArray, within: FloatArray,
) -> None:  # fmt: skip
    """Fill the information of intercepts (tridiagonal), of columns with intercepts (c, K), and of columns (c, c)."""
    n, c = x.shape
    n_cuts = len(theta)
    diagonal[:] = 0
    beside[:] = 0
    meeting[:] = 0
    within[:] = 0
    high, steep = np.exp(-theta), np.empty(n_cuts)
    for k in range(1, n_cuts):
        between = 1 / np.expm1(theta[k] - theta[k - 1])
        steep[k] = between * (1 + between)
    chance = np.empty(n_cuts + 1)
    cumulated = np.empty(n_cuts)
    for i in range(n):
        scale = np.exp(eta[i])
        for k in range(n_cuts):
            cumulated[k] = 1 / (1 + scale * high[k])
        chance[0] = cumulated[0]
        for k in range(1, n_cuts):
            chance[k] = cumulated[k] * (1 - cumulated[k - 1]) * -np.expm1(theta[k - 1] - theta[k])
        chance[n_cuts] = 1 - cumulated[n_cuts - 1]
        weight = 0.0
        for k in range(n_cuts):
            part = cumulated[k] * (1 - cumulated[k]) * (chance[k] + chance[k + 1])
            weight += part
            diagonal[k] += part
            if k > 0:
                curve = chance[k] * steep[k]
                diagonal[k] += curve
                diagonal[k - 1] += curve
                beside[k] -= curve
            for j in range(c):
                meeting[j, k] -= part * x[i, j]
        for j in range(c):
            for h in range(c):
                within[j, h] += weight * x[i, j] * x[i, h]


@kernel("void(float64[::1],float64[::1],float64[:,::1])")
def _reduce(diagonal: FloatArray, beside: FloatArray, meeting: FloatArray) -> None:
    """Replace ``meeting`` by L⁻¹ times it, a column of intercepts a row; L is the factor of the intercepts' own."""
    for k in range(len(diagonal)):
        if k > 0:
            beside[k] /= diagonal[k - 1]
            diagonal[k] -= beside[k] ** 2
        diagonal[k] = np.sqrt(diagonal[k])
        for j in range(len(meeting)):
            if k > 0:
                meeting[j, k] -= beside[k] * meeting[j, k - 1]
            meeting[j, k] /= diagonal[k]


def expected_variance(theta: FloatArray, eta: FloatArray, x: FloatArray) -> float:
    """Expected information of the last column of ``x`` (n, c), less what intercepts and other columns take of it.

    Parameters
    ----------
    theta : (K,) float64
        Intercepts, rising.
    eta : (n,) float64
        Linear predictors.
    x : (n, c) float64
        Columns without an intercept, the covariates first.
    """
    c, k = x.shape[1], len(theta)
    diagonal, beside, meeting, within = np.empty(k), np.empty(k), np.empty((c, k)), np.empty((c, c))
    _gather(theta, eta, np.ascontiguousarray(x), diagonal, beside, meeting, within)
    _reduce(diagonal, beside, meeting)
    left = within - np.einsum("jk,hk->jh", meeting, meeting)
    if c == 1:
        return float(left[0, 0])
    taken = np.linalg.solve(left[:-1, :-1], left[:-1, -1])
    return float(left[-1, -1] - left[-1, :-1] @ taken)
