"""Upper tails of weighted sums of χ² variables, exact to rounding however small they are.

P(Σ aⱼ χ²(νⱼ, δⱼ) > x) is the integral of exp(K(s) − s x) / (2πi s) along any line from below to above that crosses the
real axis between 0 and the first singularity of K, the cumulant generating function (Gil-Pelaez 1951, Imhof 1961,
Davies 1980 on the imaginary axis). Here it crosses at the minimum of the integrand on the real axis, as Rice (1980)
has it, where nothing cancels: the error is relative to the tail, not to 1. Points are those of the trapezoidal rule in
u, with s = c + σ (i sinh u + β (cosh u − 1)), which converges exponentially; the step is halved until two sums agree.
"""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]

# Two sums that agree to this share of the result, the second of twice as many points, are taken as settled: the error
# is squared by each halving, so that the second is good to rounding.
SETTLED = 1e-9
FIRST_STEP, HALVINGS = 0.25, 6
# Terms below this share of the largest are left out; the last point in u, where e^u is beyond all scales.
NEGLIGIBLE, LAST_POINT = 1e-18, 80.0
# β is 0 for weights of both signs. The integrand of positive weights falls exponentially to the right, so that the line
# is bent there; with many degrees of freedom it falls anyhow, and rises where the line comes close to a singularity.
MOST_BEND, BENT_DF = 0.5, 16.0
# A product of factors is brought back to size 1 beyond this.
LARGE = 1e100


@kernel(inline=True)
def _exponent(weights: FloatArray, df: FloatArray, shift: FloatArray, x: float, s: float) -> tuple[float, float, float]:
    """K(s) − s x − ln s and its first two derivatives at a real s between 0 and the edge."""
    value, first, second = -s * x - np.log(s), -x - 1 / s, 1 / s**2
    for j in range(len(weights)):
        a, free = weights[j], 1 - 2 * weights[j] * s
        value += -0.5 * df[j] * np.log(free) + shift[j] * a * s / free
        first += a * (df[j] + shift[j] / free) / free
        second += 2 * a * a * (df[j] + 2 * shift[j] / free) / free**2
    return value, first, second


@kernel(inline=True)
def _saddle(weights: FloatArray, df: FloatArray, shift: FloatArray, x: float, edge: float) -> float:
    """Where the convex exponent is least between 0 and the edge; three digits are enough."""
    low, high, s = 0.0, edge, edge / 2
    for _ in range(200):
        _, first, second = _exponent(weights, df, shift, x, s)
        if first > 0:
            high = s
        else:
            low = s
        new = s - first / second
        if not (low < new < high):
            new = (low + high) / 2
        moved = abs(new - s)
        if new <= 0 or new >= edge:
            break
        s = new
        if moved <= 1e-3 * min(s, edge - s):
            break
    return s


@kernel(inline=True)
def _sum(
    weights: FloatArray,
    df: FloatArray,
    shift: FloatArray,
    x: float,
    bend: float,
    c: float,
    width: float,
    height: float,
    start: float,
    step: float,
) -> tuple[float, float]:
    """Integrand of the tail, and of the density, summed over u = start, start + step, …; half of it at u = 0.

    Factors of one degree of freedom are multiplied before their logarithm is taken; ``turns`` counts how often the
    product went around the origin.
    """
    tail, density, largest, u, small = 0.0, 0.0, 0.0, start, 0
    while u < LAST_POINT:
        sinh, cosh = np.sinh(u), np.cosh(u)
        s = complex(c + width * bend * (cosh - 1), width * sinh)
        total = -s * x - height
        product, turns = complex(1.0, 0.0), 0
        for j in range(len(weights)):
            free = 1 - 2 * weights[j] * s
            if shift[j] > 0:
                total += shift[j] * weights[j] * s / free
            if df[j] != 1:
                total -= 0.5 * df[j] * np.log(free)
                continue
            before = product.imag
            product *= free
            if free.imag > 0 and before >= 0 and product.imag < 0:
                turns += 1
            elif free.imag < 0 and before < 0 and product.imag >= 0:
                turns -= 1
            if abs(product.real) + abs(product.imag) > LARGE:
                total -= 0.5 * np.log(abs(product))
                product /= abs(product)
        total -= 0.5 * (np.log(product) + complex(0.0, 2 * np.pi * turns))
        term = np.exp(total) * complex(width * bend * sinh, width * cosh)
        share = 0.5 if u == 0 else 1.0
        value = term / s
        tail += share * value.imag
        density += share * term.imag
        size = abs(value)
        largest = max(largest, size)
        small = small + 1 if size <= NEGLIGIBLE * largest else 0
        if small == 3:
            break
        u += step
    return tail, density


@kernel("Tuple((float64,float64,boolean))(float64[::1],float64[::1],float64[::1],float64)")
def log_tail(weights: FloatArray, df: FloatArray, shift: FloatArray, x: float) -> tuple[float, float, bool]:
    """Logarithm of P(Σ aⱼ χ²(νⱼ, δⱼ) > x), the density over that probability, and whether the integral settled.

    Parameters
    ----------
    weights, df, shift : (k,) float64
        aⱼ, νⱼ > 0 and δⱼ ≥ 0 (noncentrality). Some weight must be above 0.
    x : float
        With weights of one sign only, x must lie inside the range of the sum.
    """
    most = weights.max()
    if not most > 0:
        return -np.inf, 0.0, x >= 0
    edge = 1 / (2 * most)
    c = _saddle(weights, df, shift, x, edge)
    height, _, second = _exponent(weights, df, shift, x, c)
    width = 1 / np.sqrt(second)
    bend = 0.0
    if weights.min() > 0 and x > 0:
        bend = MOST_BEND * min(1.0, np.sqrt(BENT_DF / (df.sum() + shift.sum())))
    step = FIRST_STEP
    tail, density = _sum(weights, df, shift, x, bend, c, width, height, 0.0, step)
    tail, density = tail * step, density * step
    settled = False
    for _ in range(HALVINGS):
        more, more_density = _sum(weights, df, shift, x, bend, c, width, height, step / 2, step)
        new = (tail + more * step) / 2
        density = (density + more_density * step) / 2
        step /= 2
        settled = abs(new - tail) <= SETTLED * abs(new)
        tail = new
        if settled:
            break
    if not tail > 0:
        return np.nan, np.nan, False
    return min(height + np.log(tail / np.pi), 0.0), density / tail, settled


@kernel("void(float64[::1],float64[::1],float64[::1],float64[::1],float64[::1])")
def log_tails(weights: FloatArray, shift: FloatArray, scale: FloatArray, x: FloatArray, out: FloatArray) -> None:
    """Fill ``out`` (n,) with ln P(Σ aⱼ χ²(1, scaleᵢ · shiftⱼ) > xᵢ), weights above 0; NaN where not settled."""
    ones = np.ones(len(weights))
    for i in range(len(x)):
        out[i] = 0.0
        if x[i] > 0:
            value, _, settled = log_tail(weights, ones, shift * scale[i], x[i])
            out[i] = value if settled else np.nan


@kernel("void(float64[::1],float64[::1],float64[::1],float64[::1])")
def log_ratio_tails(eigenvalues: FloatArray, df: FloatArray, t: FloatArray, out: FloatArray) -> None:
    """Fill ``out`` (n,) with ln P(Σ λⱼ χ²(νⱼ) / Σ χ²(νⱼ) > tᵢ), t below the largest λ; NaN where not settled."""
    none = np.zeros(len(eigenvalues))
    least = eigenvalues.min()
    for i in range(len(t)):
        out[i] = 0.0
        if t[i] > least:
            value, _, settled = log_tail(eigenvalues - t[i], df, none, 0.0)
            out[i] = value if settled else np.nan
