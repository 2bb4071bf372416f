"""Volume and area of the surface half-way between the voxels inside and outside of a mask.

Marching cubes (Lorensen and Cline, SIGGRAPH 1987): a cell is a cube of 2×2×2 voxel centres, each inside or outside, and
its share of the surface depends on these 256 configurations alone. So the cells of each configuration are counted in
one pass and their triangles are summed once per configuration. The triangles follow from the geometry of the cube:
there is no table of cases.

A face of a cell with two inside corners on a diagonal can be cut in two ways. ``definition: ibsi`` always cuts the two
corners off, so that neighbouring cells agree and the surface is closed. ``definition: pyradiomics`` does as pyradiomics
3 does: it takes half of the configurations for their complement, in which the outside corners are cut off. So the
surface of a ragged mask has holes, its volume depends on where the origin is (one voxel before the box of the mask),
and for a few voxels that touch at edges it can even be 0 or negative.
"""

import math
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.region import BoolArray, Definition, FloatArray

IndexArray = npt.NDArray[np.int64]
Index = tuple[int, int, int]
Edge = tuple[int, int]
Point = tuple[float, float, float]
Polygon = tuple[Point, ...]
Triangle = tuple[Point, Point, Point]

CONFIGURATIONS = 256
# Corner c of a cell lies at (z, y, x); a configuration has bit c where corner c is inside.
CORNERS: tuple[Index, ...] = tuple((c >> 2 & 1, c >> 1 & 1, c & 1) for c in range(8))
# The corners of each face in the order of a right-handed screw that points out of the cell.
FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
# pyradiomics replaces configurations with this corner, (1, 1, 0), by their complement.
PYRADIOMICS_COMPLEMENT = 6


class Body(NamedTuple):
    """Volume and surface area of a body."""

    volume_mm3: float
    area_mm2: float


def surface(mask: BoolArray, spacing_mm: tuple[float, float, float], definition: Definition) -> Body:
    """Volume and area of the mesh at 0.5 of a mask.

    Parameters
    ----------
    mask : (z, y, x) bool
        Cropped to the box of what it holds.
    spacing_mm : (z, y, x)
        Distance of voxel centres.
    """
    cells, places = count_cells(np.pad(mask, 1))
    triangles, configuration = cell_triangles(definition)
    a, b, c = np.moveaxis(triangles, 1, 0)
    vectors = np.cross(b - a, c - a)
    across = vectors * (np.prod(spacing_mm) / np.array(spacing_mm))
    area = cells[configuration] @ np.linalg.norm(across, axis=1) / 2
    # Six times the volume between each triangle and the origin. Moving the triangle by p adds p · vector, so only the
    # sum of the places of cells is needed. In voxels all are multiples of 1/8, which do not round.
    volumes = cells[configuration] @ np.einsum("ti,ti->t", np.cross(a, b), c)
    moved = np.einsum("ti,ti->", places[configuration], vectors)
    return Body(float((volumes + moved) / 6 * np.prod(spacing_mm)), float(area))


@kernel("Tuple((i8[::1], i8[:, ::1]))(b1[:, :, ::1])")
def count_cells(mask: BoolArray) -> tuple[IndexArray, IndexArray]:
    """Cells of each configuration, (256,), and the sums of their first corners' indices, (256, 3), in voxels."""
    slices, rows, columns = mask.shape
    cells = np.zeros(256, np.int64)
    places = np.zeros((256, 3), np.int64)
    for z in range(slices - 1):
        for y in range(rows - 1):
            left = 0
            for x in range(columns):
                right = mask[z, y, x] | mask[z, y + 1, x] << 2 | mask[z + 1, y, x] << 4 | mask[z + 1, y + 1, x] << 6
                configuration = left | right << 1
                left = right
                if x > 0 and configuration != 0 and configuration != 255:
                    cells[configuration] += 1
                    places[configuration, 0] += z
                    places[configuration, 1] += y
                    places[configuration, 2] += x - 1
    return cells, places


@cache
def cell_triangles(definition: Definition) -> tuple[FloatArray, IndexArray]:
    """All triangles, (triangles, 3 vertices, 3) from the first corner in voxels, and their configurations.

    Seen from outside the region the vertices run counter-clockwise (in right-handed axes z, y, x).
    """
    triangles: list[Polygon] = []
    configurations: list[int] = []
    for configuration in range(1, CONFIGURATIONS - 1):
        swapped = definition == "pyradiomics" and bool(configuration >> PYRADIOMICS_COMPLEMENT & 1)
        for polygon in _polygons(configuration ^ 255 if swapped else configuration):
            fan = _fan(polygon)
            triangles += [triangle[::-1] if swapped else triangle for triangle in fan]
            configurations += [configuration] * len(fan)
    return np.array(triangles), np.array(configurations)


def _polygons(configuration: int) -> Iterator[Polygon]:
    """The closed polygons in which the surface crosses a cell.

    On each face a line runs from the edge where the face's outline enters the region to the one where it leaves.
    """
    inside = [bool(configuration >> corner & 1) for corner in range(8)]
    line: dict[Edge, Edge] = {}
    for face in FACES:
        for i in range(4):
            if inside[face[i]] and not inside[face[i - 1]]:
                last = next(j for j in range(i, i + 4) if not inside[face[(j + 1) % 4]])
                line[_edge(face[i - 1], face[i])] = _edge(face[last % 4], face[(last + 1) % 4])
    while line:
        start, end = line.popitem()
        polygon = [start]
        while end != start:
            polygon.append(end)
            end = line.pop(end)
        yield tuple(_middle(CORNERS[a], CORNERS[b]) for a, b in polygon)


def _edge(a: int, b: int) -> Edge:
    return (min(a, b), max(a, b))


def _middle(a: Point, b: Point) -> Point:
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)


def _fan(polygon: Polygon) -> list[Triangle]:
    """Triangles that share one corner of the polygon.

    The polygon is not flat, so the choice matters. That of Bourke's public domain code (Polygonising a scalar field,
    1994), which pyradiomics and others have taken over, is the fan of the largest area, and for seven corners the one
    whose diagonals are equally long.
    """
    fans = [
        [(turned[0], turned[i], turned[i + 1]) for i in range(1, len(turned) - 1)]
        for turned in (polygon[apex:] + polygon[:apex] for apex in range(len(polygon)))
    ]
    if len(polygon) == 7:
        return min(fans, key=_unevenness)
    return max(fans, key=lambda fan: round(sum(map(_area, fan)), 9))


def _unevenness(fan: list[Triangle]) -> float:
    diagonals = [math.dist(triangle[0], triangle[2]) for triangle in fan[:-1]]
    return max(diagonals) - min(diagonals)


def _area(triangle: Triangle) -> float:
    (az, ay, ax), (bz, by, bx), (cz, cy, cx) = triangle
    uz, uy, ux, vz, vy, vx = bz - az, by - ay, bx - ax, cz - az, cy - ay, cx - ax
    return math.hypot(uy * vx - ux * vy, ux * vz - uz * vx, uz * vy - uy * vz) / 2
