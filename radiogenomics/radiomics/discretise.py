"""Intensities to grey levels: fixed bin width or fixed bin number (IBSI 4K0R), and pyradiomics' way."""

from typing import Any

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.region import Definition, FloatArray, LevelArray

# More grey levels than this mean that the bin width does not fit the unit of the image.
MAX_LEVELS = 100_000


class DiscretisationError(ValueError):
    """The bins do not fit the intensities."""


def fixed_width(values: npt.NDArray[Any], width: float, origin: float | None, definition: Definition) -> LevelArray:
    """Grey levels of a fixed bin width, from 1.

    IBSI numbers bins from the origin. pyradiomics puts the edges at multiples of the width and numbers them from the
    one that holds the minimum; its edges are sums from there in the precision of the image.

    Parameters
    ----------
    values : (voxels,) integer or float
        Intensities, none of them NaN.
    origin
        Lower edge of the first bin, the minimum where it is None; not used by pyradiomics.

    Raises
    ------
    DiscretisationError
        An intensity lies below the origin, or there would be more than `MAX_LEVELS` levels.
    """
    values = _wide(values)
    low, high = values.min(), values.max()
    if definition == "pyradiomics":
        origin = low - low % width
    elif origin is None:
        origin = float(low)
    if low < origin:
        raise DiscretisationError(f"an intensity of {low:g} lies below bin_origin {origin:g}")
    if (float(high) - float(origin)) / width > MAX_LEVELS:
        raise DiscretisationError(f"bins of {width:g} cut {low:g} to {high:g} into more than {MAX_LEVELS:,} levels")
    if definition == "pyradiomics":
        return _between(values, np.arange(origin, high + 2 * width, width))
    return _levels(np.floor((values - origin) / width) + 1)


def fixed_count(values: npt.NDArray[Any], count: int, definition: Definition) -> LevelArray:
    """Grey levels 1 to ``count`` between the minimum and the maximum of the values, (voxels,) integer or float."""
    values = _wide(values)
    low, high = values.min(), values.max()
    if low == high:
        return np.ones(len(values), np.int32)
    if definition == "pyradiomics":
        try:
            edges = np.histogram_bin_edges(values, count)
        except ValueError:  # bins narrower than numbers are apart: the intensities differ by rounding alone
            return np.ones(len(values), np.int32)
        edges[-1] += 1
        # In single precision 1 more than a large number may be the number itself.
        return np.minimum(_between(values, edges), count)
    return _levels(np.minimum(np.floor(count * (values - low) / (high - low)) + 1, count))


def _wide(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Whole numbers in a type that holds their differences and the edges of bins around them."""
    return values.astype(np.int64) if values.dtype.kind in "iu" else values


def _between(values: npt.NDArray[Any], edges: npt.NDArray[Any]) -> LevelArray:
    """Number of edges up to each value, as `numpy.digitize` counts them; all are exact in double precision."""
    return _edges_up_to(values.astype(np.float64, copy=False), edges.astype(np.float64, copy=False))


@kernel("int32[::1](float64[::1], float64[::1])")
def _edges_up_to(values: FloatArray, edges: FloatArray) -> LevelArray:
    """Guess by the first two edges, then compare with the edges themselves; only speed depends on the guess."""
    found = np.empty(values.size, np.int32)
    width, last = edges[1] - edges[0], edges.size - 1
    per_unit = 1 / width if width > 0 else 0.0
    for i in range(values.size):
        value = values[i]
        edge = min(max(int((value - edges[0]) * per_unit), 0), last)
        while edge < last and edges[edge + 1] <= value:
            edge += 1
        while edge > 0 and edges[edge] > value:
            edge -= 1
        found[i] = edge + 1
    return found


def _levels(numbers: npt.NDArray[Any]) -> LevelArray:
    levels: LevelArray = numbers.astype(np.int32)
    return levels
