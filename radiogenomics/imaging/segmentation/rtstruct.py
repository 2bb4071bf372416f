"""DICOM RTSTRUCT (PS3.3 A.19): closed planar contours filled on the grid of a volume."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset

from radiogenomics.config.models import Imaging
from radiogenomics.imaging.dicom import References, items, number, numbers, read_dataset, text
from radiogenomics.imaging.errors import (
    AmbiguousRoiError,
    InvalidTagError,
    MaskOutsideVolumeError,
    MissingRoiError,
    MissingTagError,
    OffPlaneContourError,
)
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid

SOP_CLASSES = ("1.2.840.10008.5.1.4.1.1.481.3",)
# Types of contour that enclose an area; points and open lines enclose none.
ENCLOSING = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
# Vertices are rounded to this part of a pixel, so that a centre that lies on an edge is decided by the rule, not by
# the last bit of a float.
DECIMALS = 6


def names(path: Path) -> tuple[str, ...]:
    """Names of the regions, in the order of the file."""
    return tuple(text(item, "ROIName", "", path=path) for item in _structures(path, read_dataset(path)))


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
    MissingRoiError, AmbiguousRoiError, FrameOfReferenceError, OffPlaneContourError, MaskOutsideVolumeError
    MissingTagError, InvalidTagError
    """
    dataset = read_dataset(path)
    structure = _find(path, roi, _structures(path, dataset))
    drawn = _contour_items(path, dataset, int(number(structure, "ROINumber", path=path)))
    references.check(path, _frame_of_reference(path, dataset, structure), _referenced(path, drawn))
    contours = [_points(path, item) for item in drawn if text(item, "ContourGeometricType", path=path) in ENCLOSING]
    index = _off_plane(path, roi, contours, grid, settings.plane_tolerance_mm)
    if contours and not any(_touches(points, grid) for points in index):
        raise MaskOutsideVolumeError(path, roi)
    return _fill(index, grid)


def rasterise_contours(contours: Sequence[FloatArray], grid: Grid, plane_tolerance_mm: float) -> BoolArray:
    """Fill the closed planar contours of one structure on a voxel grid.

    A voxel belongs to the structure when its centre lies inside an odd number of the contours of its slice, so that
    holes drawn as contours of their own and keyholes come out alike (PS3.3 C.8.8.6). A centre on an edge belongs to
    the side of the lower row and column index. Nothing is interpolated between slices.

    Parameters
    ----------
    contours : sequence of (n_points, 3) float64
        Vertices in LPS mm, each contour in one slice within ``plane_tolerance_mm``.
    grid : Grid
        Target geometry; voxel (k, j, i) is centred at ``grid.to_lps([k, j, i])``.
    plane_tolerance_mm : float
        Largest distance of a vertex from its slice.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        The mask; what lies outside the grid is cut off.

    Raises
    ------
    OffPlaneContourError
        A contour lies further than ``plane_tolerance_mm`` from every slice.
    """
    return _fill(_off_plane(Path("contours"), "", contours, grid, plane_tolerance_mm), grid)


def _off_plane(
    path: Path, roi: str, contours: Sequence[FloatArray], grid: Grid, tolerance_mm: float
) -> list[FloatArray]:
    """Contours as voxel indices with a whole slice index, refused where a vertex lies off its slice."""
    found = []
    for n, contour in enumerate(contours):
        index = np.round(grid.to_index(contour), DECIMALS)
        k = np.round(index[:, 0].mean())
        distance_mm = float(np.abs(index[:, 0] - k).max() * grid.spacing_mm[0])
        if distance_mm > tolerance_mm:
            raise OffPlaneContourError(path, roi, n + 1, distance_mm, tolerance_mm)
        index[:, 0] = k
        found.append(index)
    return found


def _touches(index: FloatArray, grid: Grid) -> bool:
    """Whether a contour's bounding box meets the extent of the voxels."""
    low, high = index.min(axis=0), index.max(axis=0)
    return bool((high >= -0.5).all() and (low <= np.array(grid.shape) - 0.5).all())


def _fill(contours: Sequence[FloatArray], grid: Grid) -> BoolArray:
    """Even-odd rule by slice: parity changes at each crossing of an edge, all edges of a slice at once."""
    mask = np.zeros(grid.shape, dtype=np.bool_)
    slices = np.array([int(contour[0, 0]) for contour in contours], dtype=np.int64)
    for k in np.unique(slices):
        if 0 <= k < grid.shape[0]:
            edges = [_edges(contours[n]) for n in np.flatnonzero(slices == k).tolist()]
            mask[k] = fill_plane(np.concatenate(edges), grid.shape[1], grid.shape[2])
    return mask


def _edges(contour: FloatArray) -> FloatArray:
    """(n_points, 4): row and column of the start and the end of each edge, the last one closing the contour."""
    return np.hstack([contour[:, 1:], np.roll(contour[:, 1:], -1, axis=0)])


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
    """Items of the region's ContourSequence; none where the region was never drawn."""
    for item in items(dataset, "ROIContourSequence", path=path):
        if int(number(item, "ReferencedROINumber", path=path)) == roi_number:
            return items(item, "ContourSequence", path=path)
    return []


def _points(path: Path, item: Dataset) -> npt.NDArray[np.float64]:
    """(n_points, 3) vertices in LPS mm."""
    data = numbers(item, "ContourData", path=path)
    if len(data) % 3:
        raise InvalidTagError(path, "ContourData", f"{len(data)} numbers", "three numbers a point")
    return np.array(data).reshape(-1, 3)


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
