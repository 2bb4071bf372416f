"""Closed planar contours filled on the slices of a grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid
from radiogenomics.imaging.segmentation.interpolation import Filled, fill_between
from radiogenomics.imaging.segmentation.polygons import DECIMALS, cross, edges, fill_plane, outline
from radiogenomics.imaging.segmentation_errors import (
    CrossingContoursError,
    MaskOutsideVolumeError,
    OffPlaneContourError,
    TiltedContourError,
)


class Contour(NamedTuple):
    """A closed contour: its vertices (n_points, 3) in LPS mm, and whether it is a CLOSEDPLANAR_XOR one."""

    points: FloatArray
    exclusive: bool = False


@dataclass(frozen=True)
class Structure:
    """The contours of one structure, and what to say of them in errors.

    Parameters
    ----------
    path, roi
        File and region.
    contours : sequence of Contour
        In the order of the file.
    """

    path: Path
    roi: str
    contours: Sequence[Contour]


class _Flat(NamedTuple):
    """A contour parallel to the slices: its position in slices, its vertices (n_points, 2) in rows and columns."""

    position: float
    points: FloatArray
    exclusive: bool


def fill_contours(
    structure: Structure, grid: Grid, plane_tolerance_mm: float, *, interpolate: bool = False
) -> tuple[BoolArray, tuple[str, ...]]:
    """Fill the closed planar contours of one structure on a voxel grid.

    A voxel belongs to the structure when its centre lies inside an odd number of the contours of its slice. That is
    the definition of CLOSEDPLANAR_XOR, and it fills a keyhole, where one contour runs around a hole and back along a
    narrow channel (both PS3.3 C.8.8.6.3). That a CLOSED_PLANAR contour inside another is a hole is not in the standard,
    but the convention of planning systems. Where two of them cross, neither convention nor standard tells whether the
    overlap is inside, so they are refused. A contour that is stored twice counts once.

    A centre on an edge belongs to the side of the lower row and column index.

    Parameters
    ----------
    structure : Structure
        Contours with vertices in LPS mm.
    grid : Grid
        Target geometry; voxel (k, j, i) is centred at ``grid.to_lps([k, j, i])``.
    plane_tolerance_mm : float
        Largest distance of a vertex from its plane, of a plane from its slice, and the depth of overlap up to which two
        contours touch.
    interpolate : bool
        Whether contours may lie between slices, and slices between contours are filled by shape-based interpolation
        (`interpolation.fill_between`). Contours are one plane where their positions along the normal span no more than
        twice the tolerance. Without it every contour must lie in a slice, and slices without contours stay empty.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        The mask; what lies outside the grid is cut off. Empty where no voxel centre is enclosed.
    tuple of str
        Notes: slices interpolated, or left empty between contours.

    Raises
    ------
    OffPlaneContourError
        A contour lies further than ``plane_tolerance_mm`` from every slice (without ``interpolate``).
    TiltedContourError
        A contour is not parallel to the slices within ``plane_tolerance_mm``; never interpolated.
    CrossingContoursError
        Two CLOSED_PLANAR contours of a plane overlap in part.
    MaskOutsideVolumeError
        All contours lie outside the grid.
    """
    flat = [_flatten(structure, n, grid, plane_tolerance_mm, interpolate) for n in range(len(structure.contours))]
    planes = _planes(flat, 2 * plane_tolerance_mm / grid.spacing_mm[0] if interpolate else 0.0)
    positions = np.array([_middle(plane) for plane in planes])

    def outlines(n: int) -> FloatArray:
        different = list({outline(contour.points): contour for contour in planes[n]}.values())
        _refuse_crossing(structure, float(positions[n]), different, grid, plane_tolerance_mm)
        return np.concatenate([edges(contour.points) for contour in different])

    if interpolate:
        filled = fill_between(positions, outlines, grid, plane_tolerance_mm)
        notes = filled.notes()
    else:
        filled = Filled(np.zeros(grid.shape, dtype=np.bool_))
        for n in np.flatnonzero((positions >= 0) & (positions < grid.shape[0])):
            filled.mask[int(positions[n])] = fill_plane(outlines(int(n)), *grid.shape[1:])
        notes = _holes(positions, grid.shape[0])
    if flat and not filled.mask.any() and not any(_touches(contour, grid) for contour in flat):
        raise MaskOutsideVolumeError(structure.path, structure.roi)
    return filled.mask, notes


def _flatten(structure: Structure, n: int, grid: Grid, tolerance_mm: float, interpolate: bool) -> _Flat:
    """Position of a contour: that of its slice if all its vertices lie in it, else half-way between its extremes."""
    contour = structure.contours[n]
    index = np.round(grid.to_index(contour.points), DECIMALS)
    k = float(np.round(index[:, 0].mean()))
    distance_mm = round(float(np.abs(index[:, 0] - k).max()) * grid.spacing_mm[0], DECIMALS)
    if distance_mm <= tolerance_mm:
        return _Flat(k, index[:, 1:], contour.exclusive)
    middle = float(index[:, 0].min() + index[:, 0].max()) / 2
    rise_mm = float(np.ptp(index[:, 0])) / 2 * grid.spacing_mm[0]
    if rise_mm > tolerance_mm:
        angle = _angle_degrees(index * np.array(grid.spacing_mm))
        raise TiltedContourError(structure.path, structure.roi, n + 1, rise_mm, angle, tolerance_mm)
    if not interpolate:
        raise OffPlaneContourError(structure.path, structure.roi, n + 1, distance_mm, tolerance_mm)
    return _Flat(middle, index[:, 1:], contour.exclusive)


def _angle_degrees(points_mm: FloatArray) -> float:
    """Angle between the first axis and the normal of the plane that fits (n_points, 3) points best."""
    normal = np.linalg.svd(points_mm - points_mm.mean(axis=0))[2][2]
    return float(np.degrees(np.arccos(min(abs(normal[0]), 1.0))))


def _planes(flat: Sequence[_Flat], width: float) -> list[list[_Flat]]:
    """Contours by plane, planes in rising order; a plane spans no more than ``width`` slices."""
    planes: list[list[_Flat]] = []
    for contour in sorted(flat, key=lambda contour: contour.position):
        if planes and contour.position - planes[-1][0].position <= width:
            planes[-1].append(contour)
        else:
            planes.append([contour])
    return planes


def _middle(plane: Sequence[_Flat]) -> float:
    return (plane[0].position + plane[-1].position) / 2


def _holes(positions: FloatArray, n_slices: int) -> tuple[str, ...]:
    """Note on slices of the volume without contours between slices with them."""
    inside = positions[(positions >= 0) & (positions < n_slices)]
    empty = int(np.ptp(inside)) + 1 - len(inside) if len(inside) else 0
    return (f"{empty} slice(s) between contours have none and stay empty",) if empty else ()


def _touches(contour: _Flat, grid: Grid) -> bool:
    """Whether a contour's bounding box meets the extent of the voxels."""
    low, high = contour.points.min(axis=0), contour.points.max(axis=0)
    within = -0.5 <= contour.position <= grid.shape[0] - 0.5
    return within and bool((high >= -0.5).all() and (low <= np.array(grid.shape[1:]) - 0.5).all())


def _refuse_crossing(
    structure: Structure, position: float, contours: Sequence[_Flat], grid: Grid, tolerance_mm: float
) -> None:
    """Refuse contours of one plane that overlap in part, unless both are of the type that defines it."""
    pixel_mm = np.array(grid.spacing_mm[1:])
    for first, second in combinations(contours, 2):
        defined = first.exclusive and second.exclusive
        if not defined and cross(first.points * pixel_mm, second.points * pixel_mm, tolerance_mm):
            position_mm = float(grid.to_lps([position, 0, 0]) @ np.array(grid.direction[0]))
            raise CrossingContoursError(structure.path, structure.roi, round(position), position_mm)
