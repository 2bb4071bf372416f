"""Observed information of proportional odds: what a fitted model takes of that of many predictors at once."""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel(
    "void(int64[::1],float64[:,::1],float64[::1],float64[::1],float64[::1],float64[::1],float64[:,::1],float64[:,::1],"
    "float64[:,::1])"
)
def whitened(
    level: IntArray, x: FloatArray, upper: FloatArray, lower: FloatArray,
    diagonal: FloatArray, beside: FloatArray, shared: FloatArray, schur: FloatArray, out: FloatArray,
) -> None:  # fmt: skip
    """Fill ``out`` (n, c): the sum of squares of its products with a predictor is what ``x`` takes of its information.

    The other arguments are those of ``maximise`` at the maximum. The intercepts have taken their part before.
    """
    n, c = x.shape
    turned = np.empty(len(diagonal))
    for j in range(c):
        for k in range(len(turned) - 1, -1, -1):  # (Lᵀ)⁻¹
            turned[k] = shared[j, k]
            if k + 1 < len(turned):
                turned[k] -= beside[k + 1] * turned[k + 1]
            turned[k] /= diagonal[k]
        for i in range(n):
            out[i, j] = x[i, j] * (upper[i] + lower[i])
            if level[i] < len(turned):
                out[i, j] += upper[i] * turned[level[i]]
            if level[i] > 0:
                out[i, j] += lower[i] * turned[level[i] - 1]
            for h in range(j):
                out[i, j] -= schur[j, h] * out[i, h]
            out[i, j] /= schur[j, j]


@kernel(
    "void(int64[::1],int64[::1],float64[::1],float64[::1],float64[::1],float64[::1],float64[:,::1],float64[::1],int64)"
)
def met_by_intercepts(
    level: IntArray, order: IntArray, upper: FloatArray, lower: FloatArray,
    diagonal: FloatArray, beside: FloatArray, predictors: FloatArray, out: FloatArray, tile: int,
) -> None:  # fmt: skip
    """Fill ``out`` (m,) with what the intercepts take of the information of each of ``predictors`` (n, m).

    ``order`` (n,) sorts the patients by level. ``tile`` predictors are taken together, which stay in a near cache.
    """
    n, m = predictors.shape
    for start in range(0, m, tile):
        stop = min(start + tile, m)
        meeting, gathered, carried = np.zeros(stop - start), np.zeros(stop - start), np.zeros(stop - start)
        total = out[start:stop]
        total[:] = 0
        place = 0
        for k in range(len(diagonal) + 1):
            gathered[:] = carried
            carried[:] = 0
            while place < n and level[order[place]] == k:
                i = order[place]
                row = predictors[i, start:stop]
                for j in range(len(row)):
                    carried[j] -= upper[i] * row[j]
                    gathered[j] -= lower[i] * row[j]
                place += 1
            # What is gathered belongs to the intercept below this level.
            if k > 0:
                along, scale = beside[k - 1], 1 / diagonal[k - 1]
                for j in range(len(total)):
                    meeting[j] = (gathered[j] - along * meeting[j]) * scale
                    total[j] += meeting[j] ** 2
