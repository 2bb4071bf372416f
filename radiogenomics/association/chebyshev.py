"""A smooth function at many points, from its values at few: Chebyshev interpolation that checks itself."""

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Intervals of the first grid; each next one has twice as many, and the points of the one before.
FIRST, LAST = 16, 256


def interpolated(function: Callable[[FloatArray], FloatArray], x: FloatArray, tolerance: float) -> FloatArray:
    """``function`` at ``x`` (n,), from fewer evaluations where it has many points and is smooth enough.

    The polynomial through one grid is compared with the function at the points that the next grid adds; once no
    difference is above the tolerance, the polynomial through that next grid is taken. Where no grid with fewer points
    than ``x`` has reached that, the function itself is evaluated.

    Parameters
    ----------
    function : callable
        From (k,) to (k,); a NaN in its values ends the interpolation.
    x : (n,) float64
        No NaN.
    """
    low, high = x.min(initial=np.inf), x.max(initial=-np.inf)
    if not low < high:
        return function(x)
    size = FIRST
    values = np.empty(0)
    while size <= LAST and size + 1 < len(x):
        nodes = np.cos(np.pi * np.arange(size + 1) / size)
        new = nodes if not len(values) else nodes[1::2]
        found = function((low + high) / 2 + (high - low) / 2 * new)
        if not np.isfinite(found).all():
            break
        if not len(values):
            values = found
        else:
            error = np.abs(chebyshev.chebval(new, _coefficients(values)) - found).max()
            values = _between(values, found)
            if error <= tolerance:
                place = (2 * x - low - high) / (high - low)
                return np.asarray(chebyshev.chebval(np.clip(place, -1, 1), _coefficients(values)), float)
        size *= 2
    return function(x)


def _between(values: FloatArray, new: FloatArray) -> FloatArray:
    """Values of a grid and those that stand between them, in order."""
    joined = np.empty(len(values) + len(new))
    joined[::2], joined[1::2] = values, new
    return joined


def _coefficients(values: FloatArray) -> FloatArray:
    """Coefficients of the polynomial through values at cos(π k / n), k = 0 … n."""
    n = len(values) - 1
    spectrum = np.fft.rfft(np.concatenate([values, values[-2:0:-1]])).real / n
    spectrum[[0, n]] /= 2
    return np.asarray(spectrum, float)
