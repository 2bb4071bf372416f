"""Largest diameters of the mesh of a mask, and the few voxels that decide them.

The vertices of the mesh lie half a voxel from an inside voxel along one axis, so the convex hull of the mesh is that of
the voxel centres, moved by half a voxel along each axis in both directions. An outermost voxel is the first or last of
its row, and a corner of the hull of every plane through it: few are left, and no mesh is needed.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.region import BoolArray, FloatArray

IndexArray = npt.NDArray[np.int64]
Spacing = tuple[float, float, float]


class Outline(NamedTuple):
    """First and last voxel of each row of each plane, (planes, rows); of the rows that hold any."""

    first: IndexArray
    last: IndexArray
    present: BoolArray

    def across(self) -> "Outline":
        """The same rows, sorted into the planes across: (rows, planes)."""
        return Outline(
            np.ascontiguousarray(self.first.T), np.ascontiguousarray(self.last.T), np.ascontiguousarray(self.present.T)
        )

    def corners(self) -> IndexArray:
        """(corners, 3) plane, row and column of the corners of the convex hull of each plane, ordered by plane."""
        return _indices(self, _on_hull(-self.first, self.present), _on_hull(self.last, self.present))


def _outline(mask: BoolArray) -> Outline:
    """Ends of the rows along the last axis."""
    last = mask.shape[2] - 1 - mask[:, :, ::-1].argmax(axis=2)
    return Outline(mask.argmax(axis=2), last, np.any(mask, axis=2))


def outermost(mask: BoolArray) -> IndexArray:
    """(voxels, 3) indices of all voxels that can be corners of the convex hull of the mask, and few others."""
    rows = _outline(mask)
    first, last = _on_hull(-rows.first, rows.present), _on_hull(rows.last, rows.present)
    across = rows.across()
    first = _on_hull(-across.first, np.ascontiguousarray(first.T)).T
    last = _on_hull(across.last, np.ascontiguousarray(last.T)).T
    return _indices(rows, first, last)


def maximum_3d_diameter(voxels: IndexArray, spacing_mm: Spacing) -> float:
    """Largest distance of two vertices of the mesh, in mm, from its ``outermost`` voxels."""
    planes = np.zeros(len(voxels), np.int64)
    return float(_widest(voxels * np.array(spacing_mm), planes, np.array(spacing_mm)))


def maximum_2d_diameters(mask: BoolArray, spacing_mm: Spacing) -> Spacing:
    """Largest distance, in mm, of two vertices of the mesh with the same z, with the same y and with the same x.

    Vertices lie in the planes of voxel centres, at the outline of the mask in the plane, and half-way between two
    planes, where one holds a voxel and the other does not.
    """
    turned = np.ascontiguousarray(mask.swapaxes(1, 2))
    along_x, along_y = _outline(mask), _outline(turned)
    sections = (  # in voxel centres, half-way, and the axes of plane, row and column
        (along_x, _outline(mask[1:] ^ mask[:-1]), (0, 1, 2)),
        (along_x.across(), _outline(mask[:, 1:] ^ mask[:, :-1]).across(), (1, 0, 2)),
        (along_y.across(), _outline(turned[:, 1:] ^ turned[:, :-1]).across(), (2, 0, 1)),
    )
    widest = []
    for centres, half_way, axes in sections:
        spacing = np.array([spacing_mm[axis] for axis in axes])
        reach = spacing * (0, 1, 1)
        on_centres, between = centres.corners(), half_way.corners()
        widest.append(
            max(
                float(_widest(on_centres * spacing, on_centres[:, 0].copy(), reach)),
                float(_widest(between * spacing, between[:, 0].copy(), np.zeros(3))),
            )
        )
    return widest[0], widest[1], widest[2]


def _indices(rows: Outline, first: BoolArray, last: BoolArray) -> IndexArray:
    """Plane, row and column of the marked ends, ordered by plane; a row of one voxel gives it once."""
    last = last & ~(first & (rows.first == rows.last))
    plane, row, end = np.nonzero(np.stack([first, last], axis=2))
    column = np.where(end == 0, rows.first[plane, row], rows.last[plane, row])
    return np.stack([plane, row, column], axis=1)


@kernel("b1[:, ::1](i8[:, ::1], b1[:, ::1])")
def _on_hull(height: IndexArray, present: BoolArray) -> BoolArray:
    """Mark the corners of the upper convex hull of the points (row, height) of each plane (Andrew's monotone chain)."""
    planes, rows = height.shape
    corner = np.zeros((planes, rows), np.bool_)
    chain = np.empty(rows, np.int64)
    for plane in range(planes):
        size = 0
        for row in range(rows):
            if not present[plane, row]:
                continue
            while size > 1:
                a, b = chain[size - 2], chain[size - 1]
                rise = (height[plane, b] - height[plane, a]) * (row - a)
                if rise > (height[plane, row] - height[plane, a]) * (b - a):
                    break
                size -= 1
            chain[size] = row
            size += 1
        for i in range(size):
            corner[plane, chain[i]] = True
    return corner


@kernel("f8(f8[:, ::1], i8[::1], f8[::1])")
def _widest(points: FloatArray, planes: IndexArray, reach: FloatArray) -> float:
    """Largest distance within a plane once each point may move by half the reach along one axis.

    Two points move apart furthest along the same axis. ``planes`` is sorted.
    """
    widest = 0.0
    for i in range(len(points)):
        for j in range(i, len(points)):
            if planes[j] != planes[i]:
                break
            square = 0.0
            gain = 0.0
            for axis in range(3):
                distance = abs(points[i, axis] - points[j, axis])
                square += distance * distance
                gain = max(gain, (2 * distance + reach[axis]) * reach[axis])
            widest = max(widest, square + gain)
    return math.sqrt(widest)
