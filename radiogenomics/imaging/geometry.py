"""Where voxels lie: the regular grid that a volume and its masks share.

Coordinates are LPS millimetres throughout (x to the patient's Left, y to Posterior, z to Superior), as in DICOM
(PS3.3 C.7.6.2.1.1) and SimpleITK. NIfTI is RAS; the change of signs happens in one place, in ITK's NIfTI reader and
writer, and nowhere in this package.

Arrays, shapes, spacings and indices are in the order (slice k, row j, column i); SimpleITK's own order is the reverse,
and `Grid.from_image` and `Grid.stamp` are the only places that turn it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Values = npt.NDArray[Any]  # voxel values of whatever type
Triple = tuple[float, float, float]
# No coordinate lies further from the origin: a kilometre. Beyond it, whole numbers of voxels lose their meaning.
FARTHEST_MM = 1e6


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels.

    Parameters
    ----------
    shape : (n_slices, n_rows, n_columns)
        Number of voxels along each axis.
    origin_mm : (x, y, z)
        Centre of voxel (0, 0, 0) in LPS mm.
    spacing_mm : (slices, rows, columns)
        Distance of neighbouring voxel centres along each axis, in mm.
    direction : three unit vectors
        LPS direction in which the slice, row and column index rises; orthogonal.
    """

    shape: tuple[int, int, int]
    origin_mm: Triple
    spacing_mm: Triple
    direction: tuple[Triple, Triple, Triple]

    @cached_property
    def steps_mm(self) -> FloatArray:
        """(3, 3) float64: LPS displacement in mm of one step along the slice, row and column axis, one a line."""
        steps: FloatArray = np.array(self.direction) * np.array(self.spacing_mm)[:, None]
        return steps

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel in mm³."""
        return float(np.prod(self.spacing_mm))

    def to_lps(self, index_kji: npt.ArrayLike) -> FloatArray:
        """LPS mm of (…, 3) voxel indices (k, j, i); fractions are allowed."""
        result: FloatArray = np.asarray(index_kji, dtype=np.float64) @ self.steps_mm + np.array(self.origin_mm)
        return result

    def to_index(self, lps_mm: npt.ArrayLike) -> FloatArray:
        """Fractional voxel indices (k, j, i) of (…, 3) points in LPS mm."""
        offset = np.asarray(lps_mm, dtype=np.float64) - np.array(self.origin_mm)
        result: FloatArray = offset @ np.linalg.inv(self.steps_mm)
        return result

    def corners(self) -> FloatArray:
        """(8, 3) LPS mm of the centres of the corner voxels, the last axis running fastest."""
        return self.to_lps(self.corner_index())

    def corner_index(self) -> npt.NDArray[np.int_]:
        """(8, 3) indices (k, j, i) of the corner voxels, the last axis running fastest."""
        ends = [(0, n - 1) for n in self.shape]
        return np.array(np.meshgrid(*ends, indexing="ij"), dtype=int).reshape(3, -1).T

    def distance_mm(self, other: "Grid") -> float:
        """Largest distance in mm between equal corners of two grids; infinite if their shapes differ."""
        if self.shape != other.shape:
            return float("inf")
        return float(np.linalg.norm(self.corners() - other.corners(), axis=1).max())

    def describe(self) -> str:
        """Shape, spacing and origin for a message."""
        spacing = " × ".join(f"{value:.4g}" for value in self.spacing_mm)
        origin = ", ".join(f"{value:.2f}" for value in self.origin_mm)
        return f"{' × '.join(map(str, self.shape))} voxels of {spacing} mm at ({origin})"

    def record(self) -> dict[str, Any]:
        """Plain data of the grid, read back by `from_record`."""
        return {
            "shape": self.shape,
            "origin_mm": self.origin_mm,
            "spacing_mm": self.spacing_mm,
            "direction": self.direction,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Grid":
        """Grid from plain data; raises KeyError, TypeError or ValueError where it does not fit."""
        n_slices, n_rows, n_columns = (int(value) for value in record["shape"])
        slices, rows, columns = (triple(vector) for vector in record["direction"])
        return cls(
            (n_slices, n_rows, n_columns),
            triple(record["origin_mm"]),
            triple(record["spacing_mm"]),
            (slices, rows, columns),
        )

    @classmethod
    def from_image(cls, image: sitk.Image) -> "Grid":
        """Grid of a three-dimensional SimpleITK image."""
        columns = np.array(image.GetDirection()).reshape(3, 3).T  # one direction a line, in the order x, y, z
        n_columns, n_rows, n_slices = image.GetSize()
        slices, rows, across = (triple(vector) for vector in columns[::-1])
        return cls(
            (n_slices, n_rows, n_columns),
            triple(image.GetOrigin()),
            triple(image.GetSpacing()[::-1]),
            (slices, rows, across),
        )

    def stamp(self, image: sitk.Image) -> sitk.Image:
        """Give a SimpleITK image of this shape the grid's origin, spacing and direction."""
        image.SetOrigin(self.origin_mm)
        image.SetSpacing(self.spacing_mm[::-1])
        image.SetDirection(np.array(self.direction)[::-1].T.ravel().tolist())
        return image


@dataclass(frozen=True)
class Placement:
    """How the voxels of one grid fall on those of another: axes swapped, flipped and shifted, nothing interpolated."""

    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    start: tuple[int, int, int]

    def put(self, values: BoolArray, target: BoolArray) -> int:
        """Set voxels of ``target`` that are set in ``values``; returns how many set voxels fall outside ``target``."""
        turned = np.transpose(values, self.order)
        turned = turned[tuple(slice(None, None, -1) if flip else slice(None) for flip in self.flipped)]
        inner, outer = [], []
        for start, length, limit in zip(self.start, turned.shape, target.shape, strict=True):
            low, high = max(start, 0), max(min(start + length, limit), max(start, 0))
            outer.append(slice(low, high))
            inner.append(slice(low - start, high - start))
        inside = turned[tuple(inner)]
        if inside.size:
            target[tuple(outer)] |= inside
        return int(np.count_nonzero(values)) - int(np.count_nonzero(inside))


def misfit_mm(source: Grid, target: Grid) -> float:
    """Largest distance in mm of a voxel centre of ``source`` from where it would fall on ``target``'s lattice.

    Where the axes and spacings are nearly equal, it is the distance of a corner from where whole steps on the lattice
    lead, counted from the first voxel: a corner that falls on some other point of the lattice does not pass, as it
    would after resampling with aligned corners. Elsewhere it is the distance of a corner from the lattice, or that by
    which one step misses it, if larger. Infinite beyond `FARTHEST_MM`.
    """
    corners = source.corners()
    if not np.abs(corners).max() <= FARTHEST_MM:
        return float("inf")
    axes = _axes(source, target)
    if axes is not None:
        return float(np.linalg.norm(corners - target.to_lps(_landing(source, target, axes)), axis=1).max())
    nearest = target.to_lps(np.round(target.to_index(corners)))
    distance = float(np.linalg.norm(corners - nearest, axis=1).max())
    wide = np.array(source.shape) > 1  # along an axis of one voxel there is no step
    unlike = np.abs(np.subtract.outer(source.spacing_mm, target.spacing_mm)).min(axis=1)[wide].max()
    steps = (source.steps_mm @ np.linalg.inv(target.steps_mm))[wide]
    missed = np.linalg.norm((steps - np.round(steps)) @ target.steps_mm, axis=1).max()
    return max(distance, float(unlike), float(missed))


def placement(source: Grid, target: Grid, tolerance_mm: float) -> Placement | None:
    """How ``source`` falls on ``target``; None where a voxel is further than ``tolerance_mm`` from its place."""
    axes = _axes(source, target)
    if axes is None or misfit_mm(source, target) > tolerance_mm:
        return None
    order = [int(np.flatnonzero(axes[:, axis])[0]) for axis in range(3)]
    flipped = [bool(axes[order[axis], axis] < 0) for axis in range(3)]
    start = _landing(source, target, axes).min(axis=0)
    return Placement(
        (order[0], order[1], order[2]),
        (flipped[0], flipped[1], flipped[2]),
        (int(start[0]), int(start[1]), int(start[2])),
    )


def _landing(source: Grid, target: Grid, axes: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    """(8, 3) indices on ``target`` of the corners of ``source``: the first voxel's nearest one, then whole steps."""
    first: npt.NDArray[np.int_] = np.round(target.to_index(source.origin_mm)).astype(int)
    return first + source.corner_index() @ axes


def _axes(source: Grid, target: Grid) -> npt.NDArray[np.int_] | None:
    """One step along each axis of ``source`` in whole steps of ``target``; None unless a signed permutation."""
    steps = source.steps_mm @ np.linalg.inv(target.steps_mm)
    if source.shape[0] == 1:  # the thickness of a single plane does not matter, only its side
        steps[0] = np.cross(steps[1], steps[2])
    whole: npt.NDArray[np.int_] = np.round(steps).astype(int)
    once = (np.abs(whole).sum(axis=0) == 1).all() and (np.abs(whole).sum(axis=1) == 1).all()
    return whole if once else None


def triple(values: Sequence[float] | FloatArray) -> Triple:
    """Three numbers as a tuple of floats."""
    x, y, z = (float(value) for value in values)
    return x, y, z
