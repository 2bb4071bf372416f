"""One pair at a time, from its own rows, its own basis and its residuals: slow, and right where digits run short."""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.flags import COLLINEAR, CONSTANT, NO_DF, NO_RESIDUAL, ONE_PATIENT, TESTED
from radiogenomics.association.projection import dot, orthonormal
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Share of the sum of squares that must be left after projection on the design; below it only rounding is left.
RESIDUAL_TOLERANCE = 1e-10
# The same of the residual of the whole model, which is formed as a vector and so has twice the digits.
FIT_TOLERANCE = 1e-24
# A leverage closer to 1 than this is 1: the fit goes through that patient.
LEVERAGE_TOLERANCE = 1e-10


@kernel(inline=True)
def sandwich(squares: float, residual: float, g: float, free: float, sgg: float) -> tuple[float, bool]:
    """Add one patient to the sum of HC3; says whether the slope rests on that patient alone.

    ``free`` is 1 minus the leverage that the design gives the patient. Where it is 0 the covariates fit the patient
    exactly and nothing is added; where only the marker takes it to 0, HC3 is not defined.
    """
    if free <= LEVERAGE_TOLERANCE:
        return squares, False
    rest = free - g * g / sgg
    if rest <= LEVERAGE_TOLERANCE:
        return squares, True
    return squares + (g * residual / rest) ** 2, False


@kernel(
    "void(float64[:,::1],float64[:,::1],float64[:,::1],int64[:,::1],boolean[::1],"
    "float64[::1],float64[::1],int64[::1],int64[::1])"
)
def refit(
    features: FloatArray,
    markers: FloatArray,
    design: FloatArray,
    pairs: IntArray,
    robust: NDArray[np.bool_],
    slope: FloatArray,
    se: FloatArray,
    df: IntArray,
    flag: IntArray,
) -> None:
    """Fit pairs ``(marker, feature)``.

    Parameters
    ----------
    features, markers, design : (m, n), (f, n), (c, n) float64
        Columns as rows; NaN where missing (in the design nowhere).
    pairs : (k, 2) int64
    robust : (k,) bool
        Whether the standard error is HC3.
    slope, se, df, flag : (k,)
        Filled; ``slope`` and ``se`` are NaN where ``flag`` is not TESTED.
    """
    for number in range(len(pairs)):
        g_all, y_all = markers[pairs[number, 0]], features[pairs[number, 1]]
        rows = np.flatnonzero(~(np.isnan(g_all) | np.isnan(y_all)))
        x = np.empty((len(design), len(rows)))
        for c in range(len(design)):
            x[c] = design[c][rows]
        basis = orthonormal(x)
        y, g = y_all[rows], g_all[rows]
        y -= y.mean()
        g -= g.mean()
        y_total, g_total = dot(y, y), dot(g, g)
        for column in (y, g):
            for _ in range(2):
                for k in range(len(basis)):
                    column -= dot(basis[k], column) * basis[k]
        syy, sgg = dot(y, y), dot(g, g)
        df[number] = len(rows) - len(basis) - 1
        slope[number] = np.nan
        se[number] = np.nan
        if y_total <= RESIDUAL_TOLERANCE:
            flag[number] = CONSTANT
        elif syy <= RESIDUAL_TOLERANCE * y_total or sgg <= RESIDUAL_TOLERANCE * g_total:
            flag[number] = COLLINEAR
        elif df[number] < 1:
            flag[number] = NO_DF
        else:
            beta = dot(y, g) / sgg
            left = y - beta * g
            squares = dot(left, left)
            flag[number] = TESTED if squares > FIT_TOLERANCE * syy else NO_RESIDUAL
            if flag[number] == TESTED and robust[number]:
                squares = 0.0
                for i in range(len(rows)):
                    free = 1.0
                    for k in range(len(basis)):
                        free -= basis[k, i] * basis[k, i]
                    squares, bad = sandwich(squares, left[i], g[i], free, sgg)
                    if bad:
                        flag[number] = ONE_PATIENT
                if flag[number] == TESTED:
                    slope[number], se[number] = beta, np.sqrt(squares) / sgg
            elif flag[number] == TESTED:
                slope[number], se[number] = beta, np.sqrt(squares / df[number] / sgg)
