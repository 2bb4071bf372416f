"""Boxes of voxels: the part of an image that holds a region, and how far around it."""

import itertools
from collections.abc import Sequence

import numpy as np

from radiogenomics.boxes import Box, bounding_box
from radiogenomics.imaging.errors import PerturbationError
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Triple


def region_box(mask: BoolArray) -> Box:
    """Smallest box around the set voxels of a mask; PerturbationError where there are none."""
    if not mask.any():
        raise PerturbationError("is empty", 0)
    return bounding_box(mask)


def corners(box: Box) -> FloatArray:
    """(8, 3) indices of the voxels at the corners, the last axis running fastest."""
    return np.array(list(itertools.product(*((axis.start, axis.stop - 1) for axis in box))), dtype=np.float64)


def widen(box: Box, margin_mm: float, spacing_mm: Triple, shape: Sequence[int]) -> Box:
    """Box with a margin of whole voxels on all sides, as far as the image of this shape reaches."""
    margin = np.ceil(margin_mm / np.array(spacing_mm))
    starts, stops = np.array([(axis.start, axis.stop) for axis in box]).T
    return clip(starts - margin, stops + margin, shape)


def clip(starts: FloatArray, stops: FloatArray, shape: Sequence[int]) -> Box:
    """Box within an image; at least one voxel thick, where it lies outside the nearest ones."""
    first = np.clip(starts, 0, np.array(shape) - 1).astype(int)
    last = np.clip(stops, first + 1, shape).astype(int)
    slices, rows, columns = (slice(int(low), int(high)) for low, high in zip(first, last, strict=True))
    return slices, rows, columns
