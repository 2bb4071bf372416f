"""Two-sided p-values of Student's t and their −log10, exact where p underflows, and fast from a table of splines.

Everything is a function of ``z = sqrt(df · ln(1 + t²/df))``, which is nearly a normal deviate for every number of
degrees of freedom (Wallace 1959), so that −ln p is smooth in z and one evenly spaced grid serves all of them.
"""

from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
# Smallest p that is still a normal float64 with all its digits; further out the tail is computed as a logarithm.
P_TAIL = 1e-290
# Cells for each unit of z. The error of −ln p of a quintic is (1/32)⁶/46080 times its sixth derivative: below 1e-13.
CELLS = 32
# The table ends where p is about 1e-350; further out the tail is computed one by one.
LAST_Z = 40
LN_10 = float(np.log(10))


def tail(t: FloatArray, df: NDArray[np.int32]) -> tuple[FloatArray, FloatArray]:
    """Two-sided p of Student's t and its −log10, to 1e-12 relative, whether or not p is a float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        w = 2 * np.log(np.hypot(1, t / np.sqrt(df)))
    p = 2 * special.stdtr(df, -np.abs(t))
    return p, np.where(np.isinf(t), np.inf, _minus_log(p, w, np.asarray(df)) / LN_10) + 0.0


def _minus_log(p: FloatArray, w: FloatArray, df: NDArray[np.int32]) -> FloatArray:
    """−ln p, given ``w = ln(1 + t²/df)``.

    Far out p = I_x(df/2, 1/2) with x = exp(−w) is taken as x^a (1−x)^b / (a B(a, b)) · ₂F₁(a+b, 1; a+1; x).
    """
    a, b = df / 2, 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        far = ~(p > P_TAIL) & np.isfinite(w)
        x = np.where(far, np.exp(-w), 0.5)
        log_p = -a * w + b * np.log1p(-x) - np.log(a) - _log_beta(a) + np.log(special.hyp2f1(a + b, 1, a + 1, x))
        minus: FloatArray = -np.where(far, log_p, np.log(p))
    return minus


def _log_beta(a: FloatArray | float) -> FloatArray | float:
    """Logarithm of B(a, 1/2), without the difference of two large logarithms that ``betaln`` takes."""
    value: FloatArray | float = 0.5 * np.log(np.pi) - np.log(special.poch(a, 0.5))
    return value


class Tails:
    """Splines of −ln p for the degrees of freedom that were asked for; safe to share between threads."""

    def __init__(self) -> None:
        self._coefficients: dict[int, FloatArray] = {}
        self._lock = Lock()

    def __call__(self, t: FloatArray, df: NDArray[np.int32]) -> tuple[FloatArray, FloatArray]:
        """Two-sided p and −log10 p of ``t`` (n, m) with ``df`` (n, m); NaN where t is NaN.

        To 2e-13 of −log10 p and 1e-12 of p against ``tail``. Where p < 1e-300, p itself has the digits that a float64
        has there.
        """
        counts = np.bincount(np.clip(df, 1, None).ravel())
        present = np.flatnonzero(counts)
        row_of = np.zeros(len(counts), np.int64)
        row_of[present] = np.arange(len(present))
        table = np.stack([self._of(int(number)) for number in present]) if len(present) else np.zeros((0, 1, 6))
        p, neg_log10_p = np.empty(t.shape), np.empty(t.shape)
        if _evaluate(t, df, row_of, table, p, neg_log10_p):
            beyond = np.isnan(p) & ~np.isnan(t)
            p[beyond], neg_log10_p[beyond] = tail(t[beyond], df[beyond])
        return p, neg_log10_p

    def _of(self, df: int) -> FloatArray:
        with self._lock:
            if df not in self._coefficients:
                self._coefficients[df] = _spline(df)
            return self._coefficients[df]


def _spline(df: int) -> FloatArray:
    """Coefficients (n_cells, 6) of the quintic that takes value, slope and curvature of −ln p(z) at both ends."""
    z = np.arange(1, CELLS * LAST_Z + 1) / CELLS
    w = z**2 / df
    grown = -np.expm1(-w)  # t² / (df + t²)
    with np.errstate(over="ignore"):
        t = np.sqrt(df * np.expm1(w))
    value = _minus_log(2 * special.stdtr(df, -t), w, np.array(df))
    # ln(2 f(0)) of the density f, and ln(z/t); the slope is 2 f(t) / p · dt/dz.
    log_density = np.log(2) - 0.5 * np.log(df) - _log_beta(df / 2)
    log_ratio = np.log(z) - 0.5 * (np.log(df) + w + np.log(grown))
    slope = np.exp(log_density - w * (df - 1) / 2 + log_ratio + value)
    bend = np.where(w < 1e-4, -w / 2 - w**2 / 12, 1 - w / grown) / z
    curvature = slope * (slope - z * (df - 1) / df + bend)
    start = np.exp(log_density)  # at z = 0, where p = 1
    value = np.concatenate([[0], value])
    slope = np.concatenate([[start], slope]) / CELLS
    curvature = np.concatenate([[start**2], curvature]) / CELLS**2
    rise = value[1:] - value[:-1]
    first, second = slope[:-1], curvature[:-1] / 2
    a, b, c = rise - first - second, slope[1:] - first - 2 * second, curvature[1:] / 2 - second
    return np.column_stack([value[:-1], first, second, 10 * a - 4 * b + c, 7 * b - 15 * a - 2 * c, 6 * a - 3 * b + c])


@kernel("int64(float64[:,::1],int32[:,::1],int64[::1],float64[:,:,::1],float64[:,::1],float64[:,::1])")
def _evaluate(
    t: FloatArray,
    df: NDArray[np.int32],
    row_of: NDArray[np.int64],
    table: FloatArray,
    p: FloatArray,
    neg_log10_p: FloatArray,
) -> int:
    """Fill ``p`` and ``neg_log10_p``, NaN where t is NaN or beyond the table; returns how many lie beyond."""
    beyond = 0
    for i in range(t.shape[0]):
        for j in range(t.shape[1]):
            x = abs(t[i, j])
            p[i, j] = np.nan
            neg_log10_p[i, j] = np.nan
            if np.isnan(x):
                continue
            z = CELLS * np.sqrt(df[i, j] * np.log1p(x * x / df[i, j])) if x < 1e100 else np.inf
            if z >= CELLS * LAST_Z:
                beyond += 1
                continue
            cell = int(z)
            s = z - cell
            c = table[row_of[df[i, j]], cell]
            value = c[0] + s * (c[1] + s * (c[2] + s * (c[3] + s * (c[4] + s * c[5]))))
            p[i, j] = np.exp(-value)
            neg_log10_p[i, j] = value / LN_10
    return beyond
