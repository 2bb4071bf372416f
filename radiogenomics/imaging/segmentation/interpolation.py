"""Shape-based interpolation: slices between two drawn planes, from the signed distances to both outlines.

Raya and Udupa, IEEE Trans Med Imaging 9:32 (1990); Herman, Zheng and Bucholtz, IEEE Comput Graph Appl 12(3):69 (1992).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid
from radiogenomics.imaging.segmentation.polygons import DECIMALS, fill_plane

# Planes further apart than this many times their median distance are parts of their own.
WIDEST_GAP = 1.5
# A single distance, which no other confirms, counts as the spacing of contours up to this many slices.
WIDEST_ALONE = 3.0
# Distances are measured on pixels this many times as small (odd, so that centres coincide): half-way between two planes
# many pixels are as far from one outline as from the other, and whole pixels would decide them all alike.
FINER = 3


class _Plane(NamedTuple):
    """A drawn plane: its position in slices, the edges of its outlines, and the pixels that they enclose."""

    position: float
    edges: FloatArray
    area: BoolArray


@dataclass
class Filled:
    """A mask (n_slices, n_rows, n_columns), and how it came about."""

    mask: BoolArray
    interpolated: int = 0
    gaps_mm: list[float] = field(default_factory=list)
    smaller_than_pixel: int = 0

    def notes(self) -> tuple[str, ...]:
        """Sentences for a reader; none where every slice was drawn."""
        found = []
        if self.interpolated:
            found.append(f"{self.interpolated} slice(s) between contours were interpolated")
        if self.gaps_mm:
            widths = ", ".join(f"{gap:.4g}" for gap in self.gaps_mm)
            found.append(f"gaps between contours were left empty, wider than their usual distance: {widths} mm")
        if self.smaller_than_pixel:
            found.append(f"{self.smaller_than_pixel} plane(s) of contours enclose no pixel centre")
        return tuple(found)


def fill_between(
    positions: FloatArray, outlines: Callable[[int], FloatArray], grid: Grid, tolerance_mm: float
) -> Filled:
    """Fill slices from planes that were drawn at other positions along the slice normal.

    A slice within ``tolerance_mm`` of a plane takes it as it was drawn. A slice strictly between two neighbouring
    planes holds the pixels where the signed Euclidean distance to the outline, in mm and positive inside, is not
    negative when it is interpolated linearly in position between the two. Nothing is extrapolated beyond the first and
    the last plane, so that a single plane between slices fills none.

    Straight lines between outlines lie within a convex body, and the caps beyond the last planes are missing: a sphere
    of 14 mm with a hole of 6 mm keeps 99 to 100 % of its voxels if drawn every 1.3 mm, 96.5 to 98.6 % every 2.4 mm,
    95 to 97 % every 4 mm.

    Two planes are neighbours of one part where they are no further apart than ``WIDEST_GAP`` times the median distance
    of neighbouring planes of the region. A wider gap separates two parts and stays empty: where the region was drawn on
    every slice but a few, those few were left out on purpose or by mistake, and nothing tells which. Two planes alone
    have one distance, which confirms itself; it counts up to ``WIDEST_ALONE`` slices.

    Parameters
    ----------
    positions : (n_planes,) float64
        Positions of the planes in slices of ``grid``, rising; they may lie outside it.
    outlines : callable
        Edges (n_edges, 4) of the outlines of a plane by its number, as in `polygons.fill_plane`. A plane that encloses
        no pixel centre has no distance; slices beside it stay empty.
    tolerance_mm : float
        Largest distance of a plane from a slice that takes it as it is.
    """
    filled = Filled(np.zeros(grid.shape, dtype=np.bool_))
    slice_mm = grid.spacing_mm[0]
    distances_mm = np.diff(positions) * slice_mm
    widest_mm = WIDEST_GAP * float(np.median(distances_mm)) if len(distances_mm) else 0.0
    if len(distances_mm) == 1:
        widest_mm = WIDEST_ALONE * slice_mm
    before: _Plane | None = None
    for n in _needed(positions, grid.shape[0]):
        edges = outlines(n)
        plane = _Plane(float(positions[n]), edges, fill_plane(edges, *grid.shape[1:]))
        on = round(plane.position)
        if not plane.area.any():
            filled.smaller_than_pixel += 1
            continue
        if 0 <= on < grid.shape[0] and _lies_in(on, plane.position, slice_mm, tolerance_mm):
            filled.mask[on] |= plane.area
        if before is not None:
            between = _between(before.position, plane.position, grid, tolerance_mm)
            gap_mm = (plane.position - before.position) * slice_mm
            if between and gap_mm > widest_mm + tolerance_mm:
                filled.gaps_mm.append(gap_mm)
            elif between:
                filled.interpolated += _interpolate(before, plane, between, filled.mask, grid)
        before = plane
    return filled


def signed_distance_mm(area: BoolArray, pixel_mm: tuple[float, float]) -> FloatArray:
    """Distance in mm of each pixel centre from the nearest one on the other side of the outline: positive inside.

    Parameters
    ----------
    area : (n_rows, n_columns) bool
        With at least one pixel set; outside the array there is none.
    pixel_mm : (rows, columns)
        Distance of neighbouring pixel centres in mm.
    """
    padded = np.pad(area, 1)
    inside = ndimage.distance_transform_edt(padded, sampling=pixel_mm)
    outside = ndimage.distance_transform_edt(~padded, sampling=pixel_mm)
    distance: FloatArray = (inside - outside)[1:-1, 1:-1]
    return distance


def _needed(positions: FloatArray, n_slices: int) -> range:
    """Planes within the volume, and the nearest one on either side."""
    first = int(np.searchsorted(positions, 0.0))
    last = int(np.searchsorted(positions, n_slices - 1.0, side="right"))
    return range(max(first - 1, 0), min(last + 1, len(positions)))


def _lies_in(k: int, position: float, slice_mm: float, tolerance_mm: float) -> bool:
    """Whether a plane lies in slice k, within the tolerance and the rounding of its vertices."""
    return round(abs(position - k) * slice_mm, DECIMALS) <= tolerance_mm


def _between(low: float, high: float, grid: Grid, tolerance_mm: float) -> list[int]:
    """Slices of the volume between two planes, in which neither lies."""
    slice_mm = grid.spacing_mm[0]
    return [
        k
        for k in range(max(math.ceil(low), 0), min(math.floor(high), grid.shape[0] - 1) + 1)
        if not any(_lies_in(k, position, slice_mm, tolerance_mm) for position in (low, high))
    ]


def _interpolate(below: _Plane, above: _Plane, slices: list[int], mask: BoolArray, grid: Grid) -> int:
    """Fill the slices between two planes, on the box that holds both; returns how many now hold a pixel."""
    rows, columns = ndimage.find_objects((below.area | above.area).view(np.uint8))[0]
    start = np.array([rows.start, columns.start]) - 1
    shape = rows.stop - rows.start + 2, columns.stop - columns.start + 2
    low, high = (_distance_at_centres(plane.edges, start, shape, grid) for plane in (below, above))
    for k in slices:
        share = (k - below.position) / (above.position - below.position)
        inside = (1 - share) * low + share * high >= 0
        mask[k, rows, columns] |= inside[1:-1, 1:-1]
    return sum(bool(mask[k].any()) for k in slices)


def _distance_at_centres(
    edges: FloatArray, start: npt.NDArray[np.int_], shape: tuple[int, int], grid: Grid
) -> FloatArray:
    """Signed distances in mm at the pixel centres of a box, measured on pixels that are `FINER` times as small."""
    moved = (edges - np.tile(start, 2)) * FINER + FINER // 2
    area = fill_plane(moved, shape[0] * FINER, shape[1] * FINER)
    distance = signed_distance_mm(area, (grid.spacing_mm[1] / FINER, grid.spacing_mm[2] / FINER))
    return distance[FINER // 2 :: FINER, FINER // 2 :: FINER]
