"""Intensity histogram (IBSI ZVCW): statistics of the grey levels."""

from typing import Any

import numpy as np
import numpy.typing as npt

from radiogenomics.radiomics.families.firstorder import information, statistics
from radiogenomics.radiomics.region import LevelArray, Values


def histogram(levels: LevelArray, n_levels: int) -> Values:
    """Histogram features of the grey levels of a region.

    Parameters
    ----------
    levels : (voxels,) int32
        Grey levels from 1 to ``n_levels``; levels that do not occur count as empty bins in the gradients.
    """
    counts = np.bincount(levels, minlength=n_levels + 1)[1:]
    found = statistics(levels.astype(np.float64))
    modes = np.flatnonzero(counts == counts.max()) + 1
    mean = found["Mean"]
    assert isinstance(mean, float)
    return found | {"Mode": float(modes[np.argmin(np.abs(modes - mean))])} | information(counts) | _gradients(counts)


def _gradients(counts: npt.NDArray[np.integer[Any]]) -> Values:
    """Steepest rise and fall of the histogram, by central differences."""
    if len(counts) < 2:
        names = ("MaximumGradient", "MaximumGradientGreyLevel", "MinimumGradient", "MinimumGradientGreyLevel")
        return dict.fromkeys(names, "one grey level")
    gradient = np.gradient(counts.astype(np.float64))
    return {
        "MaximumGradient": float(gradient.max()),
        "MaximumGradientGreyLevel": float(np.argmax(gradient) + 1),
        "MinimumGradient": float(gradient.min()),
        "MinimumGradientGreyLevel": float(np.argmin(gradient) + 1),
    }
