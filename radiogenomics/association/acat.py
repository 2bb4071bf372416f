"""Cauchy combination of p-values (ACAT; Liu and others 2019, Liu and Xie 2020).

T = Σ w tan((½ − p)π) / Σ w is compared with a standard Cauchy: p = ½ − arctan(T)/π. Whatever the dependence of the
p-values, the tail is right where it matters, and the smallest p decides. So it joins masks of one gene, tests of one
region, or models of one pair.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.statistics_errors import NotAProbabilityError, OutOfRangeError, ShapeMismatchError

FloatArray = NDArray[np.float64]

ACAT_REASONS = ("", "no p-value with a weight", "p-values of exactly 0 and exactly 1")
NONE, UNDECIDED = 1, 2


@dataclass(frozen=True)
class Combined:
    """One p-value for each set, of the shape of the input without its last axis.

    NaN where ``flag``, an index of ``ACAT_REASONS``, is not 0. ``n`` counts the p-values that were combined.
    """

    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.intp]
    flag: NDArray[np.int8]


def acat(p: FloatArray, weights: FloatArray | None = None) -> Combined:
    """Combine the p-values along the last axis.

    A p of exactly 1 makes the result 1, as the formula has it, so discrete tests that give 1 should not be combined
    as they are. A p near 1 takes from the others no more than its weight allows.

    Parameters
    ----------
    p : (..., n_tests) float64
        NaN where a test was not done; it and its weight do not count.
    weights : broadcasts to p, float64
        Not negative; only their ratios matter. Equal if not given. A weight of 0 leaves the test out.

    Raises
    ------
    NotAProbabilityError, OutOfRangeError, ShapeMismatchError
    """
    share = np.ones(p.shape) if weights is None else weights
    if p.ndim < 1 or np.broadcast_shapes(p.shape, share.shape) != p.shape:
        raise ShapeMismatchError(p=p.shape, weights=share.shape)
    known = p[~np.isnan(p)]
    if known.size and not (known.min() >= 0 and known.max() <= 1):
        raise NotAProbabilityError(float(known.min()), float(known.max()))
    if share.size and not (np.isfinite(share).all() and share.min() >= 0):
        raise OutOfRangeError(
            "weight", float(share[~(np.isfinite(share) & (share >= 0))][0]), "finite weights from 0 up"
        )
    used = ~np.isnan(p) & (share > 0)
    zero, one = ((used & (p == end)).any(axis=-1) for end in (0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(used, share, 0) / np.where(used, share, 0).sum(axis=-1, keepdims=True)
        # T times the smallest p, so that no term overflows. 1 − p is exact for p from ½ on.
        least = np.where(used, p, 1).min(axis=-1, initial=1)
        cotangent = np.where(p <= 0.5, 1, -1) * (least[..., None] / np.tan(np.pi * np.minimum(p, 1 - p)))
        scaled = np.where(used, share * cotangent, 0)
        total = scaled.sum(axis=-1)
        found = np.arctan2(least, total) / np.pi
    found = np.select([zero, one], [0.0, 1.0], found)
    n = used.sum(axis=-1)
    flag = np.select([n == 0, zero & one], [NONE, UNDECIDED], 0).astype(np.int8)
    found = np.where(flag == 0, found, np.nan)
    with np.errstate(divide="ignore"):
        return Combined(found, -np.log10(found) + 0.0, n, flag)
