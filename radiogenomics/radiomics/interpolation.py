"""Resampling to another voxel spacing on a grid that shares the image's centre (IBSI 2.4, VTM2)."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from radiogenomics.radiomics.region import FloatArray

Method = Literal["nearest", "linear", "cubic"]
# A spline's value depends on samples this far away to 1e-14: the prefilter decays by 0.27 a voxel.
SPLINE_REACH = 26


@dataclass(frozen=True)
class Axis:
    """Sample points along one axis of an image: point n lies at ``origin + n * step``, in voxels of the image."""

    origin: float
    step: float
    count: int

    def positions(self, first: int, count: int) -> FloatArray:
        """Places of ``count`` points from point ``first``, in voxels of the image."""
        return self.origin + self.step * np.arange(first, first + count, dtype=np.float64)

    def covering(self, first: int, last: int) -> tuple[int, int]:
        """The first and last point that lie within half a voxel of voxels ``first`` to ``last``."""
        low = math.ceil((first - 0.5 - self.origin) / self.step - 1e-9)
        high = math.floor((last + 0.5 - self.origin) / self.step + 1e-9)
        return max(low, 0), min(high, self.count - 1)


def centred(size: int, spacing_mm: float, new_spacing_mm: float) -> Axis:
    """The axis of the new grid: as many voxels as cover the image, both grids with the same centre.

    The grid does not depend on the region, so that all regions of an image share it.
    """
    if new_spacing_mm in (0, spacing_mm):
        return Axis(0.0, 1.0, size)
    step = new_spacing_mm / spacing_mm
    count = max(1, math.ceil(size / step - 1e-6))
    return Axis((size - 1) / 2 - step * (count - 1) / 2, step, count)


def sample(image: npt.NDArray[Any], positions: tuple[FloatArray, FloatArray, FloatArray], method: Method) -> FloatArray:
    """The image at the points of a grid along its axes; a point beyond the image has the value of the border.

    Parameters
    ----------
    image : (z, y, x), any number
    positions : three float64 arrays
        Places along z, y and x, in voxels of the image.
    method
        Nearest voxel (the upper one at the middle), linear, or a cubic B-spline through all voxels (mirrored at the
        border).

    Returns
    -------
    (len(z), len(y), len(x)) float64
    """
    moved = [axis for axis in range(3) if not np.array_equal(positions[axis], np.round(positions[axis]))]
    values = np.asarray(image, np.float64)
    if method == "cubic":
        from scipy.ndimage import spline_filter1d

        for axis in moved:
            values = spline_filter1d(values, order=3, axis=axis, mode="mirror")
    for axis in range(3):
        size = image.shape[axis]
        places = np.clip(positions[axis], 0, size - 1)
        if axis in moved:
            values = _along(values, axis, *_taps(places, size, method))
        else:
            values = values.take(places.astype(np.intp), axis)
    return np.ascontiguousarray(values)


def _taps(places: FloatArray, size: int, method: Method) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Voxels that each point is made of, (taps, points), and their weights."""
    if method == "nearest":
        return np.floor(places + 0.5).astype(np.intp)[None], np.ones((1, len(places)))
    below = np.minimum(np.floor(places), max(size - 2, 0)).astype(np.intp)
    t = places - below
    if method == "linear":
        taps, weights = below + np.arange(2)[:, None], np.stack([1 - t, t])
    else:
        taps = below + np.arange(-1, 3)[:, None]
        cubes = [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, 3 * (1 - t) ** 3 - 6 * (1 - t) ** 2 + 4, t**3]
        weights = np.stack(cubes) / 6
    last = size - 1
    return (np.abs(last - np.abs(last - np.abs(taps))) if last else np.zeros_like(taps)), weights


def _along(values: FloatArray, axis: int, taps: npt.NDArray[np.intp], weights: FloatArray) -> FloatArray:
    shape = [1, 1, 1]
    shape[axis] = -1
    total: FloatArray = values.take(taps[0], axis)
    total *= weights[0].reshape(shape)
    for voxels, weight in zip(taps[1:], weights[1:], strict=True):
        part = values.take(voxels, axis)
        part *= weight.reshape(shape)
        total += part
    return total
