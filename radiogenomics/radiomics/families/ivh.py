"""Intensity–volume histogram (IBSI P88C): which share of the region is at least how intense."""

import numpy as np

from radiogenomics.config.extraction import VolumeHistogram
from radiogenomics.radiomics.discretise import fixed_count, fixed_width
from radiogenomics.radiomics.region import FloatArray, Values

NAMES = (
    "VolumeFraction10",
    "VolumeFraction90",
    "Intensity10",
    "Intensity90",
    "VolumeFractionDifference",
    "IntensityDifference",
    "AreaUnderCurve",
)


def volume_histogram(values: FloatArray, settings: VolumeHistogram, low: float | None, high: float | None) -> Values:
    """Features of the intensity–volume histogram (IBSI 3.5).

    Parameters
    ----------
    values : (voxels,) float64
    settings
        With a bin width the centres of bins stand for intensities, with a bin count the numbers of bins. With neither
        intensities are taken as they are: in steps of 1 where all are whole numbers.
    low, high
        Intensities that stand for 0 and 100 %, the ends of the re-segmentation range; the region's own where None.

    Raises
    ------
    DiscretisationError
    """
    if settings.bin_count is not None:
        values, low, high = fixed_count(values, settings.bin_count, "ibsi").astype(np.float64), 1, settings.bin_count
    low = float(values.min()) if low is None else low
    high = float(values.max()) if high is None else high
    if high <= low:
        return dict.fromkeys(NAMES, "all intensities are equal")
    grid: FloatArray
    if (width := settings.bin_width) is not None:
        values = low + width * (fixed_width(values, width, low, "ibsi").astype(np.float64) - 0.5)
        grid = low + width * np.arange(0.5, np.ceil((high - low) / width), dtype=np.float64)
    elif np.array_equal(values, np.rint(values)):
        grid = np.arange(low, high + 1, dtype=np.float64)
    else:
        grid = np.unique(values)
    return _features(np.sort(values), grid, low, high)


def _features(ordered: FloatArray, grid: FloatArray, low: float, high: float) -> Values:
    """Of sorted intensities and the rising intensities that the histogram is asked at."""
    share = 1 - np.searchsorted(ordered, grid, side="left") / len(ordered)
    intensity = (grid - low) / (high - low)
    above = np.append(share, 0.0)  # nothing lies above the highest bin
    v10, v90 = (float(above[np.searchsorted(intensity, level - 1e-9)]) for level in (0.1, 0.9))
    i10, i90 = (_reached_by(grid, share, level) for level in (0.1, 0.9))
    area = float(np.trapezoid(share, intensity))
    return dict(zip(NAMES, (v10, v90, i10, i90, v10 - v90, i10 - i90, area), strict=True))


def _reached_by(grid: FloatArray, share: FloatArray, level: float) -> float:
    """The smallest intensity that at most this share of the region reaches; the highest where none is."""
    found = np.flatnonzero(share <= level)
    return float(grid[found[0]] if len(found) else grid[-1])
