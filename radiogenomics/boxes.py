"""Boxes of voxels as slices along z, y and x."""

import numpy as np
import numpy.typing as npt

Box = tuple[slice, slice, slice]


def bounding_box(mask: npt.NDArray[np.bool_]) -> Box:
    """The smallest box that holds a mask, (z, y, x) bool, that is not empty."""
    plane = np.any(mask, axis=0)
    slices, rows, columns = np.any(mask, axis=(1, 2)), np.any(plane, axis=1), np.any(plane, axis=0)
    return _extent(slices), _extent(rows), _extent(columns)


def _extent(found: npt.NDArray[np.bool_]) -> slice:
    places = np.flatnonzero(found)
    return slice(int(places[0]), int(places[-1]) + 1)
