"""Contours of the lesion in its slices, from its exact shape and not from the voxels of the mask."""

from collections import defaultdict

import numpy as np

from radiogenomics.simulate.lesion import FloatArray, Lesion

# Distance of the points that the shape is sampled on; between them the surface is taken as straight, which moves a
# contour by about STEP_MM² / (8 × radius of curvature), a hundredth of a pixel.
STEP_MM = 0.4
_REACH = 3.0
Node = tuple[int, int, int]


def lesion_contours(lesion: Lesion, z_mm: FloatArray) -> list[FloatArray]:
    """Trace the lesion where it meets the given axial planes.

    Parameters
    ----------
    lesion : Lesion
        The shape.
    z_mm : (n,) float64
        Heights of the planes, LPS mm.

    Returns
    -------
    list of (n_points, 3) float64
        Vertices in LPS mm, plane by plane; a closed contour does not repeat its first vertex.
    """
    half = np.arange(-_REACH * lesion.radius_mm, _REACH * lesion.radius_mm, STEP_MM)
    x, y = lesion.centre_mm[0] + half, lesion.centre_mm[1] + half
    found: list[FloatArray] = []
    for z in z_mm:
        if abs(z - lesion.centre_mm[2]) > _REACH * lesion.radius_mm:
            continue
        points = np.stack([*np.meshgrid(x, y, indexing="xy"), np.full((half.size, half.size), z)], axis=-1)
        level = lesion.level_mm(points)
        for loop in zero_loops(level):
            plane = np.stack([x[0] + loop[:, 1] * STEP_MM, y[0] + loop[:, 0] * STEP_MM, np.full(len(loop), z)], axis=1)
            found.append(plane)
    return found


def zero_loops(level: FloatArray) -> list[FloatArray]:
    """Trace the closed lines on which a sampled function is zero (marching squares, saddles split by their mean).

    Parameters
    ----------
    level : (n_rows, n_columns) float64
        The function, positive on the border of the array.

    Returns
    -------
    list of (n_points, 2) float64
        Row and column of each vertex, in samples.
    """
    links: dict[Node, list[Node]] = defaultdict(list)
    below = level <= 0
    corners = below[:-1, :-1] + 2 * below[:-1, 1:] + 4 * below[1:, 1:] + 8 * below[1:, :-1]
    for row, column in np.argwhere((corners > 0) & (corners < 15)):
        for one, other in _segments(level, int(row), int(column), int(corners[row, column])):
            links[one].append(other)
            links[other].append(one)
    return [np.array([_crossing(level, node) for node in loop]) for loop in _loops(links)]


def _segments(level: FloatArray, row: int, column: int, case: int) -> list[tuple[Node, Node]]:
    """Pairs of cell edges that a line joins; an edge is (row, column, 0 along columns or 1 along rows)."""
    top, right, bottom, left = (row, column, 0), (row, column + 1, 1), (row + 1, column, 0), (row, column, 1)
    if case in (5, 10):
        joined = level[row : row + 2, column : column + 2].mean() <= 0
        return [(top, right), (bottom, left)] if joined == (case == 5) else [(top, left), (bottom, right)]
    pairs = {1: (left, top), 2: (top, right), 3: (left, right), 4: (right, bottom), 6: (top, bottom), 7: (left, bottom)}
    return [pairs[min(case, 15 - case)]]


def _crossing(level: FloatArray, node: Node) -> tuple[float, float]:
    row, column, along_rows = node
    first = level[row, column]
    second = level[row + 1, column] if along_rows else level[row, column + 1]
    share = float(first / (first - second))
    return (row + share, float(column)) if along_rows else (float(row), column + share)


def _loops(links: dict[Node, list[Node]]) -> list[list[Node]]:
    """Walk the links: every node of a closed line has two."""
    left = dict.fromkeys(links)
    loops: list[list[Node]] = []
    while left:
        start = next(iter(left))
        loop, previous, node = [start], start, links[start][0]
        del left[start]
        while node != start:
            loop.append(node)
            del left[node]
            one, other = links[node]
            previous, node = node, other if one == previous else one
        loops.append(loop)
    return loops
