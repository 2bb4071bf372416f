"""p-values of normal deviates and of χ², and their −log10, which goes on where p is no float64 any more."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.tail import LN_10, P_TAIL

FloatArray = NDArray[np.float64]
# Terms of the continued fraction of the far tail of χ²; there it settles in fewer than twenty.
FRACTION_TERMS = 60


def normal_tail(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two-sided p of a normal deviate of any shape and its −log10; NaN where z is NaN."""
    distance = np.abs(z)
    p: FloatArray = 2 * special.ndtr(-distance)
    neg_log10_p: FloatArray = np.maximum(-(np.log(2) + special.log_ndtr(-distance)) / LN_10, 0)
    return p, neg_log10_p


def chi2_tail(x: FloatArray, df: NDArray[np.integer]) -> tuple[FloatArray, FloatArray]:
    """Upper tail p of χ² and its −log10, far out by the continued fraction of Legendre; NaN where x is NaN."""
    p: FloatArray = special.chdtrc(df, x)
    far = p < P_TAIL
    with np.errstate(divide="ignore"):
        neg_log10_p = -np.log10(p) + 0.0
    a, half = np.broadcast_to(df, x.shape)[far] / 2, x[far] / 2
    fraction = half + 2 * FRACTION_TERMS + 1 - a
    for k in range(FRACTION_TERMS, 0, -1):
        fraction = half + 2 * k - 1 - a - k * (k - a) / fraction
    neg_log10_p[far] = (half - a * np.log(half) + special.gammaln(a) + np.log(fraction)) / LN_10
    return p, neg_log10_p
