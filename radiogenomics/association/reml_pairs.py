"""Mixed models of many pairs that share patients: kernels over markers and features around ``reml``."""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.flags import TESTED, UNSETTLED
from radiogenomics.association.reml import (
    BORDER,
    INSIDE,
    NOWHERE,
    Pair,
    empty_point,
    likelihood,
    maximum,
    satterthwaite,
)
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]


@kernel("void(float64[:,::1],float64[:,::1],float64[::1],float64[::1],int64,float64[::1],boolean[::1])")
def null_ratios(
    basis: FloatArray,
    y: FloatArray,
    yy: FloatArray,
    d: FloatArray,
    free: int,
    ratio: FloatArray,
    settled: NDArray[np.bool_],
) -> None:
    """Fill ``ratio`` and ``settled`` (f,) of the model without a marker.

    ``basis`` (j, c) and ``y`` (f, j) are sums Uᵀ of the design's basis and of the features, which are projected on
    it; ``yy`` (f,) their sums of squares.
    """
    j, c = basis.shape
    sums, a = np.empty((j, c + 1)), np.zeros(c)
    sums[:, :c] = basis
    at = empty_point(j, c)
    for f in range(len(y)):
        sums[:, c] = y[f]
        ratio[f], where = maximum(Pair(sums, d, a, yy[f], free), at)
        settled[f] = where != NOWHERE


@kernel(
    "void(float64[:,::1],float64[:,::1],float64[:,::1],float64[:,::1],float64[::1],float64[::1],int64,boolean[:,::1],"
    "boolean[:,::1],float64[:,::1],float64[:,::1],float64[:,::1],float64[:,::1],float64[:,::1],int8[:,::1])"
)
def fit(
    basis: FloatArray,
    g: FloatArray,
    y: FloatArray,
    gy: FloatArray,
    yy: FloatArray,
    d: FloatArray,
    free: int,
    wanted: NDArray[np.bool_],
    exact: NDArray[np.bool_],
    ratio: FloatArray,
    estimate: FloatArray,
    se: FloatArray,
    variance: FloatArray,
    df: FloatArray,
    flag: NDArray[np.int8],
) -> None:
    """Fit wanted pairs (m, f), at the ratio given, or at their own of largest likelihood where ``exact``.

    ``basis`` (j, c), ``g`` (m, j) and ``y`` (f, j) are sums Uᵀ of the design's basis and of markers of length 1 and
    features, both projected on it; ``gy`` (m, f) their products, ``yy`` (f,) sums of squares, ``free`` = n − c − 1.
    """
    j, c = basis.shape
    k = c + 1
    sums, a = np.empty((j, k + 1)), np.zeros(k)
    sums[:, :c] = basis
    at = empty_point(j, k)
    for m in range(len(g)):
        sums[:, c] = g[m]
        for f in range(len(y)):
            if not wanted[m, f]:
                continue
            sums[:, k] = y[f]
            a[c] = gy[m, f]
            pair = Pair(sums, d, a, yy[f], free)
            flag[m, f], where = TESTED, BORDER
            if exact[m, f]:
                ratio[m, f], where = maximum(pair, at)
                if where == NOWHERE:
                    flag[m, f] = UNSETTLED
                    continue
            _, _, squares = likelihood(ratio[m, f], pair, at)
            df[m, f] = satterthwaite(ratio[m, f], squares, pair, at) if where == INSIDE else float(free)
            if np.isnan(df[m, f]) or not squares > 0 or at.inverse[c] == 0:
                flag[m, f] = UNSETTLED
                continue
            variance[m, f] = squares / free
            estimate[m, f] = at.e[c] * at.inverse[c]
            se[m, f] = at.inverse[c] * np.sqrt(variance[m, f])
