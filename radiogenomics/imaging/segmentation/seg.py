"""DICOM SEG (PS3.3 A.51): each frame is put where its position says, voxel on voxel."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from radiogenomics.config.models import Imaging
from radiogenomics.imaging.dicom import References, coordinates, decode, items, number, numbers, read_dataset, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError
from radiogenomics.imaging.geometry import BoolArray, Grid, Values, misfit_mm, placement, triple
from radiogenomics.imaging.segmentation_errors import (
    AmbiguousRoiError,
    MaskGeometryError,
    MaskOutsideVolumeError,
    MissingRoiError,
    UnreadableSegmentationError,
)

SOP_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")  # binary or fractional; label map
TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")
# A fractional segment (probability or occupancy) holds a voxel from this share on.
FRACTION = 0.5


def require(path: Path, roi: str) -> None:
    """Raise MissingRoiError or AmbiguousRoiError unless one segment has this label."""
    _find(path, roi, _segments(path, read_dataset(path)))


def read(path: Path, roi: str, grid: Grid, references: References, settings: Imaging) -> BoolArray:
    """Put one segment on a volume's grid.

    Frames may come in any order, be sparse, overlap, lie outside the volume, or be flipped or turned against it; the
    centre of each of their pixels must coincide with that of a voxel, within ``mask_tolerance_mm`` and what the
    volume's own slices may deviate (``slice_tolerance_mm``).

    Parameters
    ----------
    roi : str
        SegmentLabel.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        The mask; empty where the segment has no frame or no pixel.

    Raises
    ------
    MissingRoiError, AmbiguousRoiError, FrameOfReferenceError, MaskGeometryError, MaskOutsideVolumeError
    UnreadableSegmentationError, PixelDataError, MissingTagError, InvalidTagError
    """
    dataset = read_dataset(path, pixels=True)
    segments = _segments(path, dataset)
    segment = _find(path, roi, segments)
    references.check(path, text(dataset, "FrameOfReferenceUID", "", path=path), _referenced(path, dataset))
    frames, kind = _frames(path, dataset), _type(path, dataset)
    pixels = _pixels(path, dataset, len(frames))
    threshold = FRACTION * number(dataset, "MaximumFractionalValue", path=path) if kind == "FRACTIONAL" else 1
    mask, outside = np.zeros(grid.shape, dtype=np.bool_), 0
    for frame, plane in zip(frames, pixels, strict=True):
        if kind == "LABELMAP":
            inside = plane == segment
        elif _segment_of(path, dataset, frame, segments) == segment:
            inside = plane >= threshold
        else:
            continue
        if inside.any():
            outside += _put(path, inside[None], _plane(path, dataset, frame), grid, mask, settings)
    if outside and not mask.any():
        raise MaskOutsideVolumeError(path, roi)
    return mask


def _put(path: Path, inside: BoolArray, plane: Grid, grid: Grid, mask: BoolArray, settings: Imaging) -> int:
    tolerance_mm = settings.mask_tolerance_mm + settings.slice_tolerance_mm
    place = placement(plane, grid, tolerance_mm)
    if place is None:
        raise MaskGeometryError(path, misfit_mm(plane, grid), tolerance_mm, plane.describe(), grid.describe())
    return place.put(inside, mask)


def _segments(path: Path, dataset: FileDataset) -> list[tuple[int, str]]:
    """List number and label of each segment; the number 0 of a label map is what belongs to none."""
    segments = items(dataset, "SegmentSequence", path=path)
    if not segments:
        raise MissingTagError(path, "SegmentSequence")
    found = [
        (int(number(item, "SegmentNumber", path=path)), text(item, "SegmentLabel", path=path)) for item in segments
    ]
    return [(segment, label) for segment, label in found if segment > 0]


def _find(path: Path, roi: str, segments: Sequence[tuple[int, str]]) -> int:
    found = [segment for segment, label in segments if label == roi]
    if not found:
        raise MissingRoiError(path, roi, [label for _, label in segments])
    if len(found) > 1:
        raise AmbiguousRoiError(path, roi, len(found))
    return found[0]


def _frames(path: Path, dataset: FileDataset) -> list[Dataset]:
    frames = items(dataset, "PerFrameFunctionalGroupsSequence", path=path)
    if not frames:
        raise MissingTagError(path, "PerFrameFunctionalGroupsSequence")
    return frames


def _pixels(path: Path, dataset: FileDataset, frames: int) -> Values:
    """(n_frames, n_rows, n_columns) stored values; BINARY is unpacked from bits, also across byte borders."""
    pixels = decode(path, dataset)
    rows, columns = (int(number(dataset, tag, path=path)) for tag in ("Rows", "Columns"))
    if pixels.size != frames * rows * columns:
        raise UnreadableSegmentationError(path, f"{pixels.size} pixels in {frames} frames of {rows} × {columns}")
    return pixels.reshape(frames, rows, columns)


def _type(path: Path, dataset: FileDataset) -> str:
    kind = text(dataset, "SegmentationType", path=path)
    if kind not in TYPES:
        raise InvalidTagError(path, "SegmentationType", kind, f"one of {', '.join(TYPES)}")
    return kind


def _segment_of(path: Path, dataset: FileDataset, frame: Dataset, segments: Sequence[tuple[int, str]]) -> int:
    """Segment that a frame belongs to; refused where the file describes no such segment."""
    group = _group(path, dataset, frame, "SegmentIdentificationSequence")
    segment = int(number(group, "ReferencedSegmentNumber", path=path))
    known = [n for n, _ in segments]
    if segment not in known:
        raise InvalidTagError(path, "ReferencedSegmentNumber", segment, f"one of {', '.join(map(str, known))}")
    return segment


def _plane(path: Path, dataset: FileDataset, frame: Dataset) -> Grid:
    """Grid of one frame; the distance of slices is not needed, since frames are put one by one."""
    position = coordinates(_group(path, dataset, frame, "PlanePositionSequence"), "ImagePositionPatient", 3, path=path)
    cosines = _group(path, dataset, frame, "PlaneOrientationSequence")
    axes = np.array(numbers(cosines, "ImageOrientationPatient", 6, path=path)).reshape(2, 3)
    spacing = numbers(_group(path, dataset, frame, "PixelMeasuresSequence"), "PixelSpacing", 2, path=path)
    shape = (1, int(dataset.Rows), int(dataset.Columns))
    normal = np.cross(axes[0], axes[1])
    return Grid(
        shape, triple(position), (1.0, spacing[0], spacing[1]), (triple(normal), triple(axes[1]), triple(axes[0]))
    )


def _group(path: Path, dataset: FileDataset, frame: Dataset, name: str) -> Dataset:
    """Functional group of a frame: its own, else the shared one (PS3.3 C.7.6.16.1.1)."""
    for place in (frame, *items(dataset, "SharedFunctionalGroupsSequence", path=path)):
        if group := items(place, name, path=path):
            return group[0]
    raise MissingTagError(path, name)


def _referenced(path: Path, dataset: FileDataset) -> list[str]:
    """Instances that the segmentation lists as its source."""
    return [
        text(instance, "ReferencedSOPInstanceUID", "", path=path)
        for series in items(dataset, "ReferencedSeriesSequence", path=path)
        for instance in items(series, "ReferencedInstanceSequence", path=path)
    ]
