"""Exact complete-case least squares of every feature on every marker.

For one model, feature = design · γ + marker · β + error. By the theorem of Frisch, Waugh and Lovell β is the slope of
the residual of the feature on the residual of the marker, both after projection on the design, so that all pairs that
share the same patients come from three matrix products. Pairs are grouped by their pattern of missing values; nothing
is imputed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.tables import NOT_TESTED_REASONS

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Share of the sum of squares that must be left after projection on the design; below it only rounding is left.
RESIDUAL_TOLERANCE = 1e-10
# Smallest p that is still a normal float64 with all its digits; further out the tail is computed as a logarithm.
P_TAIL = 1e-290

TESTED, FEW_PATIENTS, FEW_CARRIERS, CONSTANT, COLLINEAR, NO_DF = range(len(NOT_TESTED_REASONS))


@dataclass(frozen=True)
class Fits:
    """One model, all pairs: arrays of shape (n_features, n_markers). NaN where ``flag`` is not TESTED.

    ``flag`` indexes ``tables.NOT_TESTED_REASONS``.
    """

    estimate: FloatArray
    se: FloatArray
    t: FloatArray
    df: NDArray[np.int32]
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    n_carriers: NDArray[np.int32]
    flag: NDArray[np.int8]

    @property
    def half_width(self) -> FloatArray:
        """Half the width of the 95 % confidence interval."""
        with np.errstate(invalid="ignore"):
            return np.where(self.flag == TESTED, special.stdtrit(np.maximum(self.df, 1), 0.975) * self.se, np.nan)


def fit(features: FloatArray, markers: FloatArray, design: FloatArray, *, min_patients: int, min_carriers: int) -> Fits:
    """Fit every pair on the patients that have the feature, the marker and every column of the design.

    Parameters
    ----------
    features : (n_patients, n_features) float64
        NaN where missing.
    markers : (n_patients, n_markers) float64
        1 for carriers, 0 for the others, NaN where not assayed.
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing. Columns may be collinear; their span is what counts.
    min_patients, min_carriers : int
        Smaller pairs are flagged instead of tested; ``min_carriers`` holds for carriers and for non-carriers.
    """
    shape = (features.shape[1], markers.shape[1])
    missing = {name: np.full(shape, np.nan) for name in ("estimate", "se", "t", "p", "neg_log10_p")}
    df, n, n_carriers = (np.zeros(shape, np.int32) for _ in range(3))
    out = Fits(**missing, df=df, n=n, n_carriers=n_carriers, flag=np.zeros(shape, np.int8))
    complete = np.isfinite(design).all(axis=1)
    for feature_mask, rows in _patterns(np.isfinite(features)):
        for marker_mask, columns in _patterns(np.isfinite(markers)):
            patients = complete & feature_mask & marker_mask
            block = _fit_block(
                features[patients][:, rows], markers[patients][:, columns], design[patients], min_patients, min_carriers
            )
            where = np.ix_(rows, columns)
            for name, values in block.items():
                getattr(out, name)[where] = values
    return out


def tail(t: FloatArray, df: NDArray[np.int32]) -> tuple[FloatArray, FloatArray]:
    """Two-sided p of Student's t and its −log10, which stays exact where p underflows.

    Far out p = I_x(df/2, 1/2) with x = df / (df + t²) is taken as x^a (1−x)^b / (a B(a, b)) · ₂F₁(a+b, 1; a+1; x).
    """
    p = 2 * special.stdtr(df, -np.abs(t))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        a, b = df / 2, 0.5
        far = ~(p > P_TAIL) & np.isfinite(t)
        log_x = -2 * np.log(np.hypot(1, t / np.sqrt(df)))
        x = np.where(far, np.exp(log_x), 0.5)
        log_p = (
            a * log_x + b * np.log1p(-x) - np.log(a) - special.betaln(a, b) + np.log(special.hyp2f1(a + b, 1, a + 1, x))
        )
        log_p = np.where(far, log_p, np.log(p))
        return p, np.where(np.isinf(t), np.inf, -log_p / np.log(10)) + 0.0


def _patterns(present: BoolArray) -> Iterator[tuple[BoolArray, NDArray[np.intp]]]:
    """Distinct columns of ``present`` (n_patients, n), each with the indices of the columns that are like it."""
    if present.shape[1] == 0:
        return
    packed = np.packbits(present, axis=0)
    _, first, inverse = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for number, column in enumerate(first):
        yield present[:, column], np.flatnonzero(inverse.ravel() == number)


def _fit_block(
    y: FloatArray, g: FloatArray, design: FloatArray, min_patients: int, min_carriers: int
) -> dict[str, NDArray[np.generic] | int]:
    """Pairs that share their patients: y (n, F), g (n, M), design (n, C) without missing values."""
    n = len(y)
    carriers = g.sum(axis=0).astype(np.int32)
    flag = np.zeros((y.shape[1], g.shape[1]), np.int8)
    result: dict[str, NDArray[np.generic] | int] = {
        "n": n,
        "n_carriers": np.broadcast_to(carriers, flag.shape),
        "flag": flag,
    }
    if n < min_patients:
        flag[:] = FEW_PATIENTS
        return result
    basis = _orthonormal(design)
    df = n - basis.shape[1] - 1
    y_left, g_left = y - basis @ (basis.T @ y), g - basis @ (basis.T @ g)
    syy, sgg = (y_left**2).sum(axis=0)[:, None], (g_left**2).sum(axis=0)[None, :]
    y_total, g_total = _centred_squares(y)[:, None], _centred_squares(g)[None, :]
    flag[:] = np.select(
        [
            np.broadcast_to(np.minimum(carriers, n - carriers) < min_carriers, flag.shape),
            np.broadcast_to(y_total <= RESIDUAL_TOLERANCE, flag.shape),
            (syy <= RESIDUAL_TOLERANCE * y_total) | (sgg <= RESIDUAL_TOLERANCE * g_total),
            np.full(flag.shape, df < 1),
        ],
        [FEW_CARRIERS, CONSTANT, COLLINEAR, NO_DF],
        TESTED,
    )
    tested = flag == TESTED
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (y_left.T @ g_left) / sgg
        residual = np.maximum(syy - slope**2 * sgg, 0)
        se = np.sqrt(residual / max(df, 1) / sgg)
        t = np.where(tested, slope / se, np.nan)
    p, neg_log10_p = tail(t, np.array(max(df, 1), np.int32))
    result |= {
        name: np.where(tested, values, np.nan)
        for name, values in {"estimate": slope, "se": se, "p": p, "neg_log10_p": neg_log10_p}.items()
    }
    return result | {"t": t, "df": max(df, 0)}


def _orthonormal(design: FloatArray) -> FloatArray:
    """Orthonormal basis of the span of the columns, after scaling them to one length."""
    lengths = np.linalg.norm(design, axis=0)
    scaled = design[:, lengths > 0] / lengths[lengths > 0]
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    basis: FloatArray = u[:, s > s[0] * max(design.shape) * np.finfo(float).eps * 10]
    return basis


def _centred_squares(values: FloatArray) -> FloatArray:
    squares: FloatArray = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    return squares
