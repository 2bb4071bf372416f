"""Restricted likelihood of one variance ratio, its maximum, and degrees of freedom there.

The model is y = X b + u + e, var e = s² I, var u = s² ratio K. With K = U diag(d) Uᵀ (only d > 0 are kept) everything
that the likelihood needs of the n patients are the sums Uᵀ[X, y], because (I + ratio K)⁻¹ = I − U diag(w) Uᵀ with
w = ratio d / (1 + ratio d). For a category K = Z Zᵀ and the sums are those of its levels divided by √n_level, so that
one value of the likelihood takes no more than levels · columns² operations. Columns of X are orthonormal.

Sums run in one fixed order and nothing calls BLAS or LAPACK.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.projection import factor, forward
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]

# Ratios at which the likelihood is compared before its maximum is narrowed down, as multiples of 1/mean(d). At the last
# the residual is a millionth of the variance: the other border, where twice the log likelihood of a matrix that leaves
# no direction out stands still. If it still moves by more than this from the last but one, the random effect explains
# all there is, and the fit has not settled (each direction left out moves it by ln 10).
GRID, STILL = 10.0 ** np.arange(-5, 7), 0.1
# The ratio is settled if a step changes it by less than this share.
RATIO_TOLERANCE, STEPS = 1e-13, 200
# Where the maximum is: nowhere, between the borders, or on one of them, where one variance is left.
NOWHERE, INSIDE, BORDER = 0, 1, 2
# Twice a log likelihood that rises by less than the first above that of ratio 0, or moves by less than the second over
# the whole grid (covariates span the levels, say; what moves is rounding): 0 is taken.
RISE, FLAT = 1e-8, 1e-6


class Pair(NamedTuple):
    """What the likelihood needs of n patients.

    ``sums`` (j, k + 1) are Uᵀ[X, y], ``d`` (j,) the eigenvalues, ``a`` (k,) is Xᵀy, ``yy`` is yᵀy and ``free`` n − k.
    """

    sums: FloatArray
    d: FloatArray
    a: FloatArray
    yy: float
    free: int


class Point(NamedTuple):
    """What the likelihood leaves at a ratio.

    ``low`` (k, k) and ``inverse`` (k,) are the Cholesky factor of XᵀH⁻¹X and the inverse of its diagonal, ``e`` (k,) is
    L⁻¹XᵀH⁻¹y, ``z`` (j, k) and ``r`` (j,) are the sums Uᵀ of XL⁻ᵀ and of the residual.
    """

    low: FloatArray
    inverse: FloatArray
    e: FloatArray
    z: FloatArray
    r: FloatArray


@kernel(inline=True)
def empty_point(j: int, k: int) -> Point:
    """Room for a point."""
    return Point(np.empty((k, k)), np.empty(k), np.empty(k), np.empty((j, k)), np.empty(j))


@kernel(inline=True)
def likelihood(ratio: float, pair: Pair, at: Point) -> tuple[float, float, float]:
    """Minus twice the restricted log likelihood, up to a constant, its slope in the ratio, and the sum of squares."""
    sums, d, a, yy, free = pair
    low, inverse, e, z, r = at
    k = len(a)
    for p in range(k):
        e[p] = a[p]
        for q in range(p + 1):
            low[p, q] = 1.0 if p == q else 0.0
    squares, deviance, slope = yy, 0.0, 0.0
    for j in range(len(d)):
        share = d[j] / (1 + ratio * d[j])
        w = ratio * share
        deviance += np.log1p(ratio * d[j])
        slope += share
        squares -= w * sums[j, k] * sums[j, k]
        for p in range(k):
            part = w * sums[j, p]
            e[p] -= part * sums[j, k]
            for q in range(p + 1):
                low[p, q] -= part * sums[j, q]
    factor(low, inverse)
    forward(low, inverse, e)
    for p in range(k):
        squares -= e[p] * e[p]
        if inverse[p] > 0:
            deviance -= 2 * np.log(inverse[p])
    fall = 0.0
    for j in range(len(d)):
        change = d[j] / (1 + ratio * d[j]) ** 2
        for p in range(k):
            z[j, p] = sums[j, p]
        forward(low, inverse, z[j])
        r[j] = sums[j, k]
        for p in range(k):
            r[j] -= z[j, p] * e[p]
            slope -= change * z[j, p] * z[j, p]
        fall += change * r[j] * r[j]
    return free * np.log(squares) + deviance, slope - free * fall / squares, squares


@kernel(inline=True)
def maximum(pair: Pair, at: Point) -> tuple[float, int]:
    """The ratio of largest restricted likelihood, and where it is: NOWHERE, INSIDE or BORDER."""
    d = pair.d
    if len(d) == 0:
        return 0.0, BORDER
    zero, at_zero, _ = likelihood(0.0, pair, at)
    scale, best, least, at_best, moved, value, before = d.mean(), -1, zero, at_zero, 0.0, zero, zero
    for i in range(len(GRID)):
        before = value
        value, slope, _ = likelihood(GRID[i] / scale, pair, at)
        moved = max(moved, abs(value - zero))
        if value < least:
            best, least, at_best = i, value, slope
    if moved <= FLAT or (best < 0 and at_zero >= 0):
        return 0.0, BORDER
    # The slope changes its sign between the best and the neighbour that it points to.
    left = 0.0 if best < 0 else GRID[best] / scale
    if at_best < 0:
        if best + 1 == len(GRID):
            return left, BORDER if before - value <= STILL else NOWHERE
        right = GRID[best + 1] / scale
    else:
        left, right = 0.0 if best == 0 else GRID[best - 1] / scale, left
    f_left = likelihood(left, pair, at)[1]
    f_right = likelihood(right, pair, at)[1]
    if f_left >= 0 or f_right <= 0:
        return left, NOWHERE
    ratio, last, value, side = left, right, least, 0
    for step in range(STEPS):
        # The secant, with the older end's slope halved if it stays (Illinois), and halves where that is slow.
        ratio = (left * f_right - right * f_left) / (f_right - f_left)
        if step % 12 == 11 or not left < ratio < right:
            ratio = (left + right) / 2
        value, slope, _ = likelihood(ratio, pair, at)
        if slope == 0 or abs(ratio - last) <= RATIO_TOLERANCE * ratio or right - left <= RATIO_TOLERANCE * right:
            return (0.0, BORDER) if zero - value <= RISE else (ratio, INSIDE)
        if slope < 0:
            left, f_left, f_right, side = ratio, slope, f_right / 2 if side < 0 else f_right, -1
        else:
            right, f_right, f_left, side = ratio, slope, f_left / 2 if side > 0 else f_left, 1
        last = ratio
    return (0.0, BORDER) if zero - value <= RISE else (ratio, NOWHERE)


@kernel(inline=True)
def satterthwaite(ratio: float, squares: float, pair: Pair, at: Point) -> float:
    """Degrees of freedom of the last column's t (Satterthwaite), from the second derivatives of the likelihood.

    At most n − k, which they are on a border. NaN where the likelihood is not curved as at a maximum. ``at`` is what
    ``likelihood`` left there.
    """
    d, free, inverse, z, r = pair.d, pair.free, at.inverse, at.z, at.r
    k, variance = len(inverse), squares / free
    second, bend, fall, rise = 0.0, 0.0, 0.0, 0.0
    pulled, outer = np.zeros(k), np.zeros((k, k))
    last = inverse[k - 1]
    for j in range(len(d)):
        grown = 1 + ratio * d[j]
        change, turn = d[j] / grown**2, -2 * d[j] ** 2 / grown**3
        second -= (d[j] / grown) ** 2
        rise += change * (z[j, k - 1] * last) ** 2
        fall -= change * r[j] ** 2
        bend -= turn * r[j] ** 2
        for p in range(k):
            second -= turn * z[j, p] ** 2
            pulled[p] += change * r[j] * z[j, p]
            for q in range(k):
                outer[p, q] += change * z[j, p] * z[j, q]
    for p in range(k):
        bend -= 2 * pulled[p] ** 2
        for q in range(k):
            second -= outer[p, q] ** 2
    # Second derivatives in (variance, ratio), and the slope of the error's square m · variance.
    h11, h12, h22 = free / variance**2, -fall / variance**2, second + bend / variance
    determinant = h11 * h22 - h12 * h12
    if not determinant > 0:
        return np.nan
    m = last * last
    by_variance, by_ratio = m, variance * rise
    spread = 2 * (h22 * by_variance**2 - 2 * h12 * by_variance * by_ratio + h11 * by_ratio**2) / determinant
    return float(min(2 * (variance * m) ** 2 / spread, free))
