"""Polygons in one plane: the pixels that they enclose, and whether two are the same outline or cross.

A polygon is (n_points, 2) float64, row and column of its vertices; the last edge closes it.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from radiogenomics.imaging.geometry import BoolArray, FloatArray

# Crossings are rounded to this part of a pixel, so that a centre that lies on an edge is decided by the rule, not by
# the last bit of a float.
DECIMALS = 6
# Shares of an edge that differ by less are one point.
ROUNDING = 1e-9
# Edges in a row that are compared with those near them: few enough to lie close together.
NEIGHBOURS = 32
# Pairs of points and edges that are compared at a time: 8 MB for each quantity.
PAIRS = 1_000_000
Indices = npt.NDArray[np.int64]


def edges(polygon: FloatArray) -> FloatArray:
    """(n_points, 4): row and column of the start and the end of each edge, the last one closing the polygon."""
    return np.hstack([polygon, np.roll(polygon, -1, axis=0)])


def fill_plane(edges: FloatArray, n_rows: int, n_columns: int) -> BoolArray:
    """Fill closed polygons on a plane of pixels by the even-odd rule.

    An edge crosses a row of pixel centres when it starts at or above it and ends below it, or the reverse; a centre
    lies inside when the crossings at or left of it are odd in number.

    Parameters
    ----------
    edges : (n_edges, 4) float64
        Row and column of start and end, in pixels; pixel (j, i) is centred at (j, i).

    Returns
    -------
    (n_rows, n_columns) bool
    """
    upwards = edges[:, 0] > edges[:, 2]
    edges = np.where(upwards[:, None], edges[:, [2, 3, 0, 1]], edges)
    first = np.clip(np.ceil(edges[:, 0]), 0, n_rows).astype(np.int64)
    last = np.clip(np.ceil(edges[:, 2]), 0, n_rows).astype(np.int64)
    times = last - first
    edges, first = np.repeat(edges, times, axis=0), np.repeat(first, times)
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    rows = first + within
    share = (rows - edges[:, 0]) / (edges[:, 2] - edges[:, 0])
    crossings = np.round(edges[:, 1] + share * (edges[:, 3] - edges[:, 1]), DECIMALS)
    start = np.clip(np.ceil(crossings), 0, n_columns).astype(np.int64)
    changes = np.bincount(rows * (n_columns + 1) + start, minlength=n_rows * (n_columns + 1))
    parity = np.bitwise_xor.accumulate((changes & 1).astype(np.uint8).reshape(n_rows, n_columns + 1), axis=1)
    filled: BoolArray = parity[:, :n_columns].astype(np.bool_)
    return filled


def outline(polygon: FloatArray) -> bytes:
    """Key of an outline: the same wherever its vertices start, whichever way they run, and if the first is repeated."""
    points = polygon[(polygon != np.roll(polygon, 1, axis=0)).any(axis=1)] + 0.0
    if not len(points):
        return polygon[:1].tobytes()
    lowest = points[np.lexsort(points.T[::-1])[0]]
    turned: list[bytes] = [
        np.roll(way, -int(start), axis=0).tobytes()
        for way in (points, points[::-1])
        for start in np.flatnonzero((way == lowest).all(axis=1))
    ]
    return min(turned)


def cross(first: FloatArray, second: FloatArray, touch: float) -> bool:
    """Whether two outlines cross: each runs inside the other for one part and outside for another.

    Disjoint polygons do not cross, nor does one within another (a hole), nor do two that share vertices or edges. Parts
    within ``touch`` of the other outline count for nothing. Two that differ nowhere by more than ``touch`` are one
    outline drawn twice, and count as crossing.
    """
    if (first.max(axis=0) < second.min(axis=0)).any() or (second.max(axis=0) < first.min(axis=0)).any():
        return False
    first_edges, second_edges = edges(first), edges(second)
    cuts = _cuts(first_edges, second_edges)
    if not len(cuts[0]):
        return False
    there = _sides(_pieces(first_edges, *cuts), second_edges, touch)
    back = _sides(_pieces(second_edges, *_cuts(second_edges, first_edges)), first_edges, touch)
    return there == back and there[0] == there[1]


def _cuts(ours: FloatArray, theirs: FloatArray) -> tuple[Indices, FloatArray]:
    """Where ``theirs`` meet ``ours``: number of our edge, and the share of its length before the point."""
    found = [(np.empty(0, dtype=np.int64), np.empty(0))]
    low, high = np.minimum(theirs[:, :2], theirs[:, 2:]), np.maximum(theirs[:, :2], theirs[:, 2:])
    for start in range(0, len(ours), NEIGHBOURS):
        part = ours[start : start + NEIGHBOURS]
        ends = part.reshape(-1, 2)
        near = theirs[((low <= ends.max(axis=0) + ROUNDING) & (high >= ends.min(axis=0) - ROUNDING)).all(axis=1)]
        along, along_theirs = (part[:, 2:] - part[:, :2])[:, None], (near[:, 2:] - near[:, :2])[None]
        apart, turn = near[None, :, :2] - part[:, None, :2], _turn(along, along_theirs)
        with np.errstate(divide="ignore", invalid="ignore"):  # parallel edges meet nowhere, or at other edges' ends
            share, share_theirs = _turn(apart, along_theirs) / turn, _turn(apart, along) / turn
            met = (np.abs(share - 0.5) <= 0.5 + ROUNDING) & (np.abs(share_theirs - 0.5) <= 0.5 + ROUNDING)
        number, other = np.nonzero(met)
        found.append((start + number, np.clip(share[number, other], 0, 1)))
    numbers, shares = zip(*found, strict=True)
    return np.concatenate(numbers), np.concatenate(shares)


def _pieces(ours: FloatArray, number: Indices, share: FloatArray) -> FloatArray:
    """(n_pieces, 2): middles of the pieces that edges are cut into."""
    every = np.arange(len(ours))
    number = np.concatenate([number, every, every])
    share = np.concatenate([share, np.zeros(len(ours)), np.ones(len(ours))])
    order = np.lexsort((share, number))
    number, share = number[order], share[order]
    same = number[1:] == number[:-1]
    middle, number = ((share[1:] + share[:-1]) / 2)[same], number[1:][same]
    pieces: FloatArray = ours[number, :2] + middle[:, None] * (ours[number, 2:] - ours[number, :2])
    return pieces


def _sides(points: FloatArray, theirs: FloatArray, touch: float) -> tuple[bool, bool]:
    """Whether some points lie inside, and some outside, of a polygon's edges by more than ``touch``."""
    along = theirs[:, 2:] - theirs[:, :2]
    length = np.maximum((along**2).sum(axis=1), np.finfo(np.float64).tiny)
    inside, outside = False, False
    for _, part in _parts(points, len(theirs)):
        apart = part[:, None] - theirs[None, :, :2]
        share = np.clip((apart * along).sum(axis=2) / length, 0, 1)
        distance = ((apart - share[..., None] * along) ** 2).sum(axis=2).min(axis=1)
        below = theirs[:, 0] > part[:, :1]
        spans = below != (theirs[:, 2] > part[:, :1])
        left = (_turn(along, apart) < 0) == below
        within = (np.count_nonzero(spans & left, axis=1) % 2).astype(np.bool_)
        clear = distance > touch**2
        inside, outside = inside or bool((within & clear).any()), outside or bool((~within & clear).any())
    return inside, outside


def _turn(first: FloatArray, second: FloatArray) -> FloatArray:
    """Cross product of vectors in the plane, along the last axis."""
    product: FloatArray = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    return product


def _parts(rows: FloatArray, width: int) -> Iterator[tuple[int, FloatArray]]:
    """Rows in parts of at most `PAIRS` pairs with ``width`` others, each with the number of its first row."""
    step = max(PAIRS // width, 1)
    for start in range(0, len(rows), step):
        yield start, rows[start : start + step]
