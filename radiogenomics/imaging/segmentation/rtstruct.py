"""DICOM RTSTRUCT (PS3.3 A.19): closed planar contours filled on the grid of a volume."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from radiogenomics.config.models import Imaging
from radiogenomics.imaging.dicom import References, coordinates, items, number, read_dataset, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid
from radiogenomics.imaging.segmentation.polygons import DECIMALS, cross, edges, fill_plane, outline
from radiogenomics.imaging.segmentation_errors import (
    AmbiguousRoiError,
    CrossingContoursError,
    MaskOutsideVolumeError,
    MissingRoiError,
    OffPlaneContourError,
)

SOP_CLASSES = ("1.2.840.10008.5.1.4.1.1.481.3",)
# ContourGeometricType, PS3.3 C.8.8.6.1; points and open lines enclose no area.
TYPES = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


class Contour(NamedTuple):
    """A closed contour: its vertices (n_points, 3) in LPS mm, and whether it is a CLOSEDPLANAR_XOR one."""

    points: FloatArray
    exclusive: bool = False


def require(path: Path, roi: str) -> None:
    """Raise MissingRoiError or AmbiguousRoiError unless one region has this name."""
    _find(path, roi, _structures(path, read_dataset(path)))


def read(path: Path, roi: str, grid: Grid, references: References, settings: Imaging) -> BoolArray:
    """Fill one region's contours on a volume's grid.

    Parameters
    ----------
    roi : str
        ROIName.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        The mask; empty where the contours enclose no voxel centre.

    Raises
    ------
    MissingRoiError, AmbiguousRoiError, FrameOfReferenceError, OffPlaneContourError, CrossingContoursError
    MaskOutsideVolumeError, MissingTagError, InvalidTagError
    """
    dataset = read_dataset(path)
    structure = _find(path, roi, _structures(path, dataset))
    drawn = _contour_items(path, dataset, int(number(structure, "ROINumber", path=path)))
    references.check(path, _frame_of_reference(path, dataset, structure), _referenced(path, drawn))
    contours = [contour for item in drawn if (contour := _area(path, item)) is not None]
    return fill_contours(path, roi, contours, grid, settings.plane_tolerance_mm)


def fill_contours(
    path: Path, roi: str, contours: Sequence[Contour], grid: Grid, plane_tolerance_mm: float
) -> BoolArray:
    """Fill the closed planar contours of one structure on a voxel grid.

    A voxel belongs to the structure when its centre lies inside an odd number of the contours of its slice. That is
    the definition of CLOSEDPLANAR_XOR, and it fills a keyhole, where one contour runs around a hole and back along a
    narrow channel (both PS3.3 C.8.8.6.3). That a CLOSED_PLANAR contour inside another is a hole is not in the standard,
    but the convention of planning systems. Where two of them cross, neither convention nor standard tells whether the
    overlap is inside, so they are refused. A contour that is stored twice counts once.

    A centre on an edge belongs to the side of the lower row and column index. Nothing is interpolated between slices.

    Parameters
    ----------
    path, roi
        Named in errors.
    grid : Grid
        Target geometry; voxel (k, j, i) is centred at ``grid.to_lps([k, j, i])``.
    plane_tolerance_mm : float
        Largest distance of a vertex from its slice, and the depth of overlap up to which two contours touch.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        The mask; what lies outside the grid is cut off.

    Raises
    ------
    OffPlaneContourError
        A contour lies further than ``plane_tolerance_mm`` from every slice.
    CrossingContoursError
        Two CLOSED_PLANAR contours of a slice overlap in part.
    MaskOutsideVolumeError
        All contours lie outside the grid.
    """
    slices = _on_slices(path, roi, contours, grid, plane_tolerance_mm)
    if contours and not any(_touches(k, contour.points, grid) for k, found in slices.items() for contour in found):
        raise MaskOutsideVolumeError(path, roi)
    mask = np.zeros(grid.shape, dtype=np.bool_)
    for k, found in sorted(slices.items()):
        if 0 <= k < grid.shape[0]:
            different = list({outline(contour.points): contour for contour in found}.values())
            _refuse_crossing(path, roi, k, different, grid, plane_tolerance_mm)
            mask[k] = fill_plane(np.concatenate([edges(contour.points) for contour in different]), *grid.shape[1:])
    return mask


def _on_slices(
    path: Path, roi: str, contours: Sequence[Contour], grid: Grid, tolerance_mm: float
) -> dict[int, list[Contour]]:
    """Contours by slice, their points as (n_points, 2) rows and columns; refused where a vertex lies off its slice."""
    slices: dict[int, list[Contour]] = defaultdict(list)
    for n, contour in enumerate(contours):
        index = np.round(grid.to_index(contour.points), DECIMALS)
        k = int(np.round(index[:, 0].mean()))
        distance_mm = float(np.abs(index[:, 0] - k).max() * grid.spacing_mm[0])
        if distance_mm > tolerance_mm:
            raise OffPlaneContourError(path, roi, n + 1, distance_mm, tolerance_mm)
        slices[k].append(Contour(index[:, 1:], contour.exclusive))
    return slices


def _touches(k: int, polygon: FloatArray, grid: Grid) -> bool:
    """Whether a contour's bounding box meets the extent of the voxels."""
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    return 0 <= k < grid.shape[0] and bool((high >= -0.5).all() and (low <= np.array(grid.shape[1:]) - 0.5).all())


def _refuse_crossing(
    path: Path, roi: str, k: int, contours: Sequence[Contour], grid: Grid, tolerance_mm: float
) -> None:
    """Refuse contours of one slice that overlap in part, unless both are of the type that defines it."""
    pixel_mm = np.array(grid.spacing_mm[1:])
    for first, second in combinations(contours, 2):
        defined = first.exclusive and second.exclusive
        if not defined and cross(first.points * pixel_mm, second.points * pixel_mm, tolerance_mm):
            position_mm = float(grid.to_lps([k, 0, 0]) @ np.array(grid.direction[0]))
            raise CrossingContoursError(path, roi, k, position_mm)


def _structures(path: Path, dataset: FileDataset) -> Sequence[Dataset]:
    structures = items(dataset, "StructureSetROISequence", path=path)
    if not structures:
        raise MissingTagError(path, "StructureSetROISequence")
    return structures


def _find(path: Path, roi: str, structures: Sequence[Dataset]) -> Dataset:
    present = [text(item, "ROIName", "", path=path) for item in structures]
    if roi not in present:
        raise MissingRoiError(path, roi, present)
    if present.count(roi) > 1:
        raise AmbiguousRoiError(path, roi, present.count(roi))
    return structures[present.index(roi)]


def _contour_items(path: Path, dataset: FileDataset, roi_number: int) -> list[Dataset]:
    """Items of the region's ContourSequence, from every ROIContourSequence item of it; none if it was never drawn."""
    return [
        contour
        for item in items(dataset, "ROIContourSequence", path=path)
        if int(number(item, "ReferencedROINumber", path=path)) == roi_number
        for contour in items(item, "ContourSequence", path=path)
    ]


def _area(path: Path, item: Dataset) -> Contour | None:
    """Contour that encloses an area, its points in LPS mm; None for points, lines and contours of less than 3 points.

    A closed contour of one or two points, which some systems leave behind, encloses nothing and is passed over.
    """
    kind = text(item, "ContourGeometricType", path=path)
    if kind not in TYPES:
        raise InvalidTagError(path, "ContourGeometricType", kind, f"one of {', '.join(TYPES)}")
    if not kind.startswith("CLOSED"):
        return None
    data = coordinates(item, "ContourData", path=path)
    if len(data) % 3:
        raise InvalidTagError(path, "ContourData", f"{len(data)} numbers", "three numbers a point")
    points = np.array(data).reshape(-1, 3)
    return Contour(points, kind == "CLOSEDPLANAR_XOR") if len(points) >= 3 else None


def _frame_of_reference(path: Path, dataset: FileDataset, structure: Dataset) -> str:
    """Frame of reference of the region, else the only one that the file refers to, else none."""
    stated = text(structure, "ReferencedFrameOfReferenceUID", "", path=path)
    listed = items(dataset, "ReferencedFrameOfReferenceSequence", path=path)
    if not stated and len(listed) == 1:
        stated = text(listed[0], "FrameOfReferenceUID", "", path=path)
    return stated


def _referenced(path: Path, drawn: Sequence[Dataset]) -> list[str]:
    """Instances that the region was drawn on."""
    return [
        text(image, "ReferencedSOPInstanceUID", "", path=path)
        for item in drawn
        for image in items(item, "ContourImageSequence", path=path)
    ]
