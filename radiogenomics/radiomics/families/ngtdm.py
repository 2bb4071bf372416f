"""Features of the neighbourhood grey tone difference matrix (IBSI reference manual, 3.10)."""

import numpy as np

from radiogenomics.radiomics.matrices.layout import IndexArray
from radiogenomics.radiomics.region import FloatArray

# The double sum of the complexity is taken over blocks of this many pairs of levels.
BLOCK = 2**20


def grey_tone_features(level: IndexArray, n_voxels: IndexArray, difference: FloatArray) -> dict[str, FloatArray]:
    """Compute the features of one matrix.

    Parameters
    ----------
    level : (n,) int64
        Grey levels that occur.
    n_voxels : (n,) int64
        Voxels of each level.
    difference : (n,) float64
        Sum over these voxels of the absolute difference between the level and the mean level of the neighbours.

    Returns
    -------
    dict of (1,) float64
        Values by name, NaN where a feature is undefined.
    """
    total = n_voxels.sum()
    i, p = level.astype(np.float64), n_voxels / total
    weighted = p @ difference
    spread = i - i.mean()
    # Sum over i and j of |i p(i) − j p(j)|: of sorted terms, and of whole numbers, so that it is 0 when it should be.
    terms = np.sort(level * n_voxels)
    imbalance = 2 * ((2 * np.arange(i.size) - i.size + 1) @ terms) / total
    variance = p @ (i - p @ i) ** 2
    strength = 2 * (i.size * (p @ spread**2) + spread @ spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "Coarseness": _defined(np.divide(1, weighted)),
            "Contrast": _defined(2 * variance / (i.size * (i.size - 1)) * difference.sum() / total),
            "Busyness": _defined(weighted / imbalance),
            "Complexity": _defined(_complexity(i, p, p * difference) / total),
            "Strength": _defined(strength / difference.sum()),
        }


def _defined(value: np.floating) -> FloatArray:
    """The value, or NaN where it is infinite."""
    return np.array([value if np.isfinite(value) else np.nan])


def _complexity(i: FloatArray, p: FloatArray, weighted: FloatArray) -> np.floating:
    """Sum over i and j of |i − j| (p(i) s(i) + p(j) s(j)) / (p(i) + p(j)), as twice that of the first term."""
    rows = max(BLOCK // max(i.size, 1), 1)
    parts = [
        weighted[block] @ (np.abs(i[block, None] - i) / (p[block, None] + p)).sum(axis=1)
        for block in (slice(first, first + rows) for first in range(0, i.size, rows))
    ]
    return np.float64(2 * sum(parts))
