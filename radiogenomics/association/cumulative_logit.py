"""Likelihood of proportional odds with an intercept for each distinct value but one, and its maximum.

P(Y ≤ k) = 1 / (1 + exp(η − θ_k)) with θ rising in k (McCullagh 1980). A patient at level k meets θ_{k−1} and θ_k only,
so the information of the intercepts is tridiagonal: its Cholesky factor has two diagonals, and several hundred levels
cost little more than the patients do. With b = θ_k − η, a = θ_{k−1} − η and d = b − a, the likelihood of one patient is
F(b) (1 − F(a)) (1 − e^{−d}), whose derivatives lose no digits however close the two intercepts are.
"""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ITERATIONS, HALVINGS = 60, 30
# A step has settled when no linear predictor moves by more; none moves further than the second in one step. Where the
# likelihood has no maximum it moves by about 1 for ever.
ETA_TOLERANCE, ETA_STEP = 1e-9, 4.0
# A pivot of the information of orthonormal columns below this is that of a likelihood without a maximum.
PIVOT_TOLERANCE = 1e-10


@kernel(inline=True)
def _logistic(value: float) -> float:
    small = np.exp(-abs(value))
    high: float = 1 / (1 + small)
    return high if value >= 0 else small * high


@kernel(inline=True)
def _log_likelihood(level: IntArray, x: FloatArray, theta: FloatArray, beta: FloatArray) -> float:
    """Log likelihood; minus infinity where the intercepts do not rise."""
    total = 0.0
    for i in range(len(level)):
        eta = 0.0
        for j in range(len(beta)):
            eta += x[i, j] * beta[j]
        k = level[i]
        if k < len(theta):
            total += np.log(_logistic(theta[k] - eta))
        if k > 0:
            total += np.log(_logistic(eta - theta[k - 1]))
        if 0 < k < len(theta):
            gap = theta[k] - theta[k - 1]
            if not gap > 0:
                return -np.inf
            total += np.log(-np.expm1(-gap))
    return total


@kernel(inline=True)
def _derivatives(
    level: IntArray, x: FloatArray, theta: FloatArray, beta: FloatArray,
    residual: FloatArray, upper: FloatArray, lower: FloatArray,
    slope: FloatArray, diagonal: FloatArray, beside: FloatArray,
) -> None:  # fmt: skip
    """Fill ∂l/∂η, F(1 − F) at both intercepts of each patient; gradient and tridiagonal information of intercepts."""
    slope[:] = 0
    diagonal[:] = 0
    beside[:] = 0
    for i in range(len(level)):
        eta = 0.0
        for j in range(len(beta)):
            eta += x[i, j] * beta[j]
        k = level[i]
        above, below, upper[i], lower[i] = 1.0, 0.0, 0.0, 0.0
        between, curve = 0.0, 0.0
        if 0 < k < len(theta):
            gap = theta[k] - theta[k - 1]
            between = 1 / np.expm1(gap)
            curve = between * (1 + between)
        if k < len(theta):
            above = _logistic(theta[k] - eta)
            upper[i] = above * (1 - above)
            slope[k] += 1 - above + between
            diagonal[k] += upper[i] + curve
        if k > 0:
            below = _logistic(theta[k - 1] - eta)
            lower[i] = below * (1 - below)
            slope[k - 1] -= below + between
            diagonal[k - 1] += lower[i] + curve
        if 0 < k < len(theta):
            beside[k] -= curve
        residual[i] = above + below - 1


@kernel(inline=True)
def _factor(diagonal: FloatArray, beside: FloatArray) -> bool:
    """Replace the tridiagonal information by its Cholesky factor; ``beside[k]`` is that of row k and column k - 1."""
    for k in range(len(diagonal)):
        if k > 0:
            beside[k] /= diagonal[k - 1]
            diagonal[k] -= beside[k] ** 2
        if not diagonal[k] > 0:
            return False
        diagonal[k] = np.sqrt(diagonal[k])
    return True


@kernel(inline=True)
def _shared(
    level: IntArray, column: FloatArray, upper: FloatArray, lower: FloatArray,
    diagonal: FloatArray, beside: FloatArray, out: FloatArray,
) -> None:  # fmt: skip
    """L⁻¹ times the information that a predictor (n,) shares with the intercepts; L is the factor of their own."""
    out[:] = 0
    for i in range(len(level)):
        k = level[i]
        if k < len(out):
            out[k] -= upper[i] * column[i]
        if k > 0:
            out[k - 1] -= lower[i] * column[i]
    for k in range(len(out)):
        if k > 0:
            out[k] -= beside[k] * out[k - 1]
        out[k] /= diagonal[k]


@kernel(inline=True)
def _cholesky(matrix: FloatArray) -> bool:
    """Replace a small symmetric matrix by its lower Cholesky factor; False where a pivot is too small."""
    for j in range(len(matrix)):
        for i in range(j, len(matrix)):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i > j:
                matrix[i, j] = total / matrix[j, j]
            elif total > PIVOT_TOLERANCE:
                matrix[j, j] = np.sqrt(total)
            else:
                return False
    return True


@kernel(
    "Tuple((float64,boolean))(int64[::1],float64[:,::1],float64[::1],float64[::1],float64[::1],float64[::1],float64[::1],"
    "float64[::1],float64[::1],float64[:,::1],float64[:,::1])"
)
def maximise(
    level: IntArray, x: FloatArray, theta: FloatArray, beta: FloatArray,
    residual: FloatArray, upper: FloatArray, lower: FloatArray,
    diagonal: FloatArray, beside: FloatArray, shared: FloatArray, schur: FloatArray,
) -> tuple[float, bool]:  # fmt: skip
    """Newton's method with halved steps; the log likelihood, and whether it settled.

    Parameters
    ----------
    level : (n,) int64
        0 … K, each held by a patient.
    x : (n, c) float64
        Orthonormal columns without an intercept.
    theta, beta : (K,), (c,) float64
        Start, and then the maximum.
    residual, upper, lower : (n,) float64
        Filled with ∂l/∂η and with F(1 − F) at the intercepts above and below each patient.
    diagonal, beside : (K,) float64
        Filled with the Cholesky factor L of the information of the intercepts.
    shared : (c, K) float64
        Filled with L⁻¹ times the information that the columns share with the intercepts, a row a column of ``x``.
    schur : (c, c) float64
        Filled with the lower Cholesky factor of what the intercepts leave of the information of ``x``.
    """
    n, c = x.shape
    slope, step_theta, step_beta = np.empty(len(theta)), np.empty(len(theta)), np.empty(c)
    next_theta, next_beta = np.empty(len(theta)), np.empty(c)
    value = _log_likelihood(level, x, theta, beta)
    for _ in range(ITERATIONS):
        _derivatives(level, x, theta, beta, residual, upper, lower, slope, diagonal, beside)
        if not _factor(diagonal, beside):
            return value, False
        for k in range(len(theta)):  # L⁻¹ of the gradient
            if k > 0:
                slope[k] -= beside[k] * slope[k - 1]
            slope[k] /= diagonal[k]
        for j in range(c):
            _shared(level, x[:, j].copy(), upper, lower, diagonal, beside, shared[j])
        for j in range(c):
            step_beta[j] = 0.0
            for i in range(n):
                step_beta[j] += x[i, j] * residual[i]
            for k in range(len(theta)):
                step_beta[j] -= shared[j, k] * slope[k]
            for h in range(j + 1):
                total = 0.0
                for i in range(n):
                    total += x[i, j] * x[i, h] * (upper[i] + lower[i])
                for k in range(len(theta)):
                    total -= shared[j, k] * shared[h, k]
                schur[j, h] = schur[h, j] = total
        if not _cholesky(schur):
            return value, False
        for j in range(c):
            for h in range(j):
                step_beta[j] -= schur[j, h] * step_beta[h]
            step_beta[j] /= schur[j, j]
        for j in range(c - 1, -1, -1):
            for h in range(j + 1, c):
                step_beta[j] -= schur[h, j] * step_beta[h]
            step_beta[j] /= schur[j, j]
        furthest = 0.0
        for k in range(len(theta) - 1, -1, -1):
            step_theta[k] = slope[k]
            for j in range(c):
                step_theta[k] -= shared[j, k] * step_beta[j]
            if k + 1 < len(theta):
                step_theta[k] -= beside[k + 1] * step_theta[k + 1]
            step_theta[k] /= diagonal[k]
        for i in range(n):
            eta = 0.0
            for j in range(c):
                eta += x[i, j] * step_beta[j]
            if level[i] < len(theta):
                furthest = max(furthest, abs(step_theta[level[i]] - eta))
            if level[i] > 0:
                furthest = max(furthest, abs(step_theta[level[i] - 1] - eta))
        if furthest <= ETA_TOLERANCE:
            return value, True
        if not furthest < np.inf:
            return value, False
        share = min(1.0, ETA_STEP / furthest)
        for _ in range(HALVINGS):
            next_theta[:] = theta + share * step_theta
            next_beta[:] = beta + share * step_beta
            there = _log_likelihood(level, x, next_theta, next_beta)
            if there >= value - 1e-12 * abs(value):
                break
            share /= 2
        else:
            return value, False
        theta[:], beta[:], value = next_theta, next_beta, there
    return value, False
