"""Convex hull of a region and the boxes around it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.mesh import Body
from radiogenomics.radiomics.region import FloatArray

IndexArray = npt.NDArray[np.int64]
Sides = tuple[float, float, float]

# Boxes of which the volumes differ by less, relatively, have the same volume.
TIE = 1e-9


class Hull(NamedTuple):
    """A convex polyhedron of triangles.

    ``corners`` (corners, 3) mm, ``normals`` (triangles, 3) outward unit vectors; each edge by the two ``corners`` it
    joins (edges, 2) and by the two triangles it joins (edges, 2).
    """

    body: Body
    corners: FloatArray
    normals: FloatArray
    edges: IndexArray
    sides: IndexArray


def convex_hull(points: FloatArray) -> Hull:
    """Convex hull of points, (points, 3) in mm, that do not lie in one plane."""
    from scipy.spatial import ConvexHull

    hull = ConvexHull(points)
    rank = np.zeros(len(points), np.int64)
    rank[hull.vertices] = np.arange(len(hull.vertices))
    triangles = rank[hull.simplices]
    # A triangle meets its neighbour k at the edge across from its corner k.
    own = np.repeat(np.arange(len(triangles)), 3)
    edges = np.stack([triangles[:, [1, 2, 0]].ravel(), triangles[:, [2, 0, 1]].ravel()], axis=1)
    sides = np.stack([own, hull.neighbors.ravel().astype(np.int64)], axis=1)
    once = sides[:, 0] < sides[:, 1]
    normals = np.ascontiguousarray(hull.equations[:, :3])
    return Hull(Body(hull.volume, hull.area), points[hull.vertices], normals, edges[once], sides[once])


def cuboid(sides: Sides) -> Body:
    """Box with three sides."""
    a, b, c = sides
    return Body(a * b * c, 2 * (a * b + b * c + c * a))


def oriented_box(hull: Hull) -> Body:
    """The smallest box of those with a side flush with a facet of the hull; of boxes of one volume that of least area.

    The smallest box of all needs two adjacent sides flush with an edge each (O'Rourke, 1985), which is rarely smaller
    and far slower to find. The IBSI does not standardise the features that depend on this box.
    """
    sign = np.where(hull.normals[:, 0] < -1e-9, -1.0, 1.0)
    _, first = np.unique(np.round(hull.normals * sign[:, None], 9), axis=0, return_index=True)
    a, b, c = _smallest_box(hull.corners, hull.normals, hull.edges, hull.sides, hull.normals[first])
    return cuboid((a, b, c))


@kernel("UniTuple(f8, 3)(f8[:, ::1], f8[:, ::1], i8[:, ::1], i8[:, ::1], f8[:, ::1])")
def _smallest_box(
    corners: FloatArray, normals: FloatArray, edges: IndexArray, sides: IndexArray, directions: FloatArray
) -> Sides:
    """Sides of the smallest box of which one side is across one of the directions, (directions, 3) unit vectors.

    Seen along a direction the outline of the hull consists of the edges between a triangle that faces the viewer and
    one that does not, and the smallest rectangle around it is flush with one of them.
    """
    best = (np.inf, np.inf, np.inf)
    smallest = least_area = np.inf
    facing = np.empty(len(normals))
    outline = np.empty((len(edges), 3))
    on_outline = np.empty(len(corners), np.int64)
    seen = np.empty((len(corners), 3))
    for d in range(len(directions)):
        nz, ny, nx = directions[d, 0], directions[d, 1], directions[d, 2]
        for i in range(len(normals)):
            facing[i] = normals[i, 0] * nz + normals[i, 1] * ny + normals[i, 2] * nx
        low, high = np.inf, -np.inf
        for i in range(len(corners)):
            height = corners[i, 0] * nz + corners[i, 1] * ny + corners[i, 2] * nx
            low, high = min(low, height), max(high, height)
            on_outline[i] = 0
        size = points = 0
        for i in range(len(edges)):
            if facing[sides[i, 0]] * facing[sides[i, 1]] > 1e-12:
                continue
            for k in range(2):
                corner = edges[i, k]
                if on_outline[corner] == 0:
                    on_outline[corner] = 1
                    for axis in range(3):
                        seen[points, axis] = corners[corner, axis]
                    points += 1
            for axis in range(3):
                outline[size, axis] = corners[edges[i, 1], axis] - corners[edges[i, 0], axis]
            size += 1
        for i in range(size):
            ez, ey, ex = outline[i, 0], outline[i, 1], outline[i, 2]
            rise = ez * nz + ey * ny + ex * nx
            ez, ey, ex = ez - rise * nz, ey - rise * ny, ex - rise * nx
            length = np.sqrt(ez * ez + ey * ey + ex * ex)
            if length < 1e-9:
                continue
            ez, ey, ex = ez / length, ey / length, ex / length
            fz, fy, fx = ny * ex - nx * ey, nx * ez - nz * ex, nz * ey - ny * ez
            e_low, e_high, f_low, f_high = np.inf, -np.inf, np.inf, -np.inf
            for k in range(points):
                e = seen[k, 0] * ez + seen[k, 1] * ey + seen[k, 2] * ex
                f = seen[k, 0] * fz + seen[k, 1] * fy + seen[k, 2] * fx
                e_low, e_high = min(e_low, e), max(e_high, e)
                f_low, f_high = min(f_low, f), max(f_high, f)
            box = (high - low, e_high - e_low, f_high - f_low)
            volume = box[0] * box[1] * box[2]
            area = box[0] * box[1] + box[1] * box[2] + box[2] * box[0]
            if volume < smallest * (1 - TIE) or (volume < smallest * (1 + TIE) and area < least_area):
                smallest, least_area, best = volume, area, box
    return best
