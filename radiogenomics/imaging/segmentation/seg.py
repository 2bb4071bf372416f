"""DICOM SEG (PS3.3 A.51): each frame is put where its position says, voxel on voxel."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.decoding import decode
from radiogenomics.imaging.dicom import (
    References,
    coordinates,
    digest,
    items,
    number,
    numbers,
    read_dataset,
    refuse_impossible_size,
    text,
)
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError
from radiogenomics.imaging.geometry import BoolArray, Grid, Placement, Values, triple
from radiogenomics.imaging.segmentation.lattice import require_placement
from radiogenomics.imaging.segmentation.names import region_name
from radiogenomics.imaging.segmentation.regions import Entry, Region
from radiogenomics.imaging.segmentation.seg_pixels import stored_frames
from radiogenomics.imaging.segmentation_errors import (
    MaskOutsideVolumeError,
    PlanarSegmentationError,
    UnreadableSegmentationError,
)
from radiogenomics.imaging.ultrasound import PICTURES

SOP_CLASSES = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")  # binary or fractional; label map
TYPES = ("BINARY", "FRACTIONAL", "LABELMAP")


class Segmentation:
    """A SEG file, parsed once; the pixels of a frame are decoded when a region needs them, and once.

    Parameters
    ----------
    pixels : bool
        Whether regions will be read, or only their names.

    Raises
    ------
    PlanarSegmentationError, MissingTagError, InvalidTagError, UnreadableDicomError, PixelDataError
    """

    anonymous = False

    def __init__(self, path: Path, *, pixels: bool) -> None:
        self.path = path
        self.dataset = read_dataset(path, pixels=pixels)
        self.entries = self._segments()
        self.of_picture = self._is_of_picture()
        refuse_impossible_size(path, self.dataset)

    def exact(self, roi: str) -> list[Entry]:
        """Segments whose SegmentLabel is ``roi``."""
        return [entry for entry in self.entries if entry.name == roi]

    def read(self, entry: Entry, grid: Grid, references: References, settings: Imaging) -> Region:
        """Put one segment on a volume's grid.

        Frames may come in any order, be sparse, overlap, lie outside the volume, or be flipped or turned against it;
        the centre of each of their pixels must coincide with that of a voxel, within ``mask_tolerance_mm`` and what the
        volume's own slices may deviate (``slice_tolerance_mm``). SliceThickness is not needed, FrameOfReferenceUID only
        where no image of the series is listed. A pixel of a FRACTIONAL segment, be it a probability or an occupancy,
        belongs from ``fraction`` × MaximumFractionalValue on (PS3.3 C.8.20.2). A LABELMAP is read by its stored values,
        also where they are shown through a palette. Frames of an ultrasound picture have no position; their pixels are
        those of the picture, if it is the volume's.

        Returns
        -------
        Region
            Its mask is empty where the segment has no frame or no pixel.

        Raises
        ------
        FrameOfReferenceError, MaskGeometryError, MaskOutsideVolumeError, PlanarSegmentationError
        UnreadableSegmentationError, PixelDataError, MissingTagError, InvalidTagError
        """
        references.check(self.path, text(self.dataset, "FrameOfReferenceUID", "", path=self.path), self._referenced())
        tolerance_mm = settings.mask_tolerance_mm + settings.slice_tolerance_mm
        mask, outside = np.zeros(grid.shape, dtype=np.bool_), 0
        for frame, inside in self._planes(entry.number, settings.fraction):
            if inside.any():
                if self.of_picture:
                    place = self._on_picture(grid, references)
                else:
                    place = require_placement(self.path, self._plane(frame), grid, tolerance_mm)
                outside += place.put(inside[None], mask)
        if outside and not mask.any():
            raise MaskOutsideVolumeError(self.path, entry.name)
        return Region(entry.name, mask)

    def _planes(self, segment: int, fraction: float) -> Iterator[tuple[Dataset, BoolArray]]:
        """Frames that may hold a segment, each with its pixels (n_rows, n_columns) of the segment."""
        if self.kind == "LABELMAP":
            for frame, plane in zip(self.frames, self._stack, strict=True):
                yield frame, plane == segment
            return
        threshold = 1.0
        if self.kind == "FRACTIONAL":
            threshold = fraction * number(self.dataset, "MaximumFractionalValue", path=self.path)
        self._check_number_of_frames()
        wanted = [n for n, found in enumerate(self._segment_of_frame) if found == segment]
        for n, plane in zip(wanted, stored_frames(self.path, self.dataset, wanted), strict=True):
            yield self.frames[n], plane >= threshold

    def _segments(self) -> list[Entry]:
        """List number and label of each segment; the number 0 of a label map is what belongs to none."""
        segments = items(self.dataset, "SegmentSequence", path=self.path)
        if not segments:
            raise MissingTagError(self.path, "SegmentSequence")
        found = [
            Entry(region_name(item, "SegmentLabel", path=self.path), int(number(item, "SegmentNumber", path=self.path)))
            for item in segments
        ]
        return [entry for entry in found if entry.number > 0]

    def _is_of_picture(self) -> bool:
        """Whether frames have no position since they are of an ultrasound picture; other planar images are refused."""
        tiled = text(self.dataset, "DimensionOrganizationType", "", path=self.path).startswith("TILED")
        if tiled or "TotalPixelMatrixRows" in self.dataset or "ImageOrientationSlide" in self.dataset:
            raise PlanarSegmentationError(self.path, "tiles of a microscopic slide")
        places = [*items(self.dataset, "SharedFunctionalGroupsSequence", path=self.path), *self.frames]
        if any("PlanePositionSequence" in place or "PlaneOrientationSequence" in place for place in places):
            return False
        classes = {text(item, "ReferencedSOPClassUID", "", path=self.path) for item in self._references()}
        if not classes or not classes <= set(PICTURES):
            raise PlanarSegmentationError(self.path, "a two-dimensional image without a position in the patient")
        return True

    def _on_picture(self, grid: Grid, references: References) -> Placement:
        """Pixel on pixel, where the volume is the one picture that the file refers to."""
        if not references.instances & {digest(uid) for uid in self._referenced()}:
            raise PlanarSegmentationError(self.path, "an ultrasound picture that is not known to be the volume's")
        if grid.shape != (1, *self._size):
            raise PlanarSegmentationError(self.path, f"a picture of {self._size[0]} × {self._size[1]} pixels")
        return Placement((0, 1, 2), (False, False, False), (0, 0, 0))

    @cached_property
    def frames(self) -> list[Dataset]:
        """Functional groups of each frame."""
        frames = items(self.dataset, "PerFrameFunctionalGroupsSequence", path=self.path)
        if not frames:
            raise MissingTagError(self.path, "PerFrameFunctionalGroupsSequence")
        return frames

    @cached_property
    def kind(self) -> str:
        """SegmentationType."""
        kind = text(self.dataset, "SegmentationType", path=self.path)
        if kind not in TYPES:
            raise InvalidTagError(self.path, "SegmentationType", kind, f"one of {', '.join(TYPES)}")
        return kind

    @cached_property
    def _stack(self) -> Values:
        """(n_frames, n_rows, n_columns) stored values of a label map, which all segments share."""
        pixels = decode(self.path, self.dataset)
        frames, (rows, columns) = len(self.frames), self._size
        if pixels.size != frames * rows * columns:
            raise UnreadableSegmentationError(
                self.path, f"{pixels.size} pixels in {frames} frames of {rows} × {columns}"
            )
        return pixels.reshape(frames, rows, columns)

    def _check_number_of_frames(self) -> None:
        stated = int(number(self.dataset, "NumberOfFrames", path=self.path))
        if stated != len(self.frames):
            raise UnreadableSegmentationError(self.path, f"{stated} frames, but {len(self.frames)} are described")

    @cached_property
    def _size(self) -> tuple[int, int]:
        rows, columns = (int(number(self.dataset, tag, path=self.path)) for tag in ("Rows", "Columns"))
        return rows, columns

    @cached_property
    def _segment_of_frame(self) -> list[int]:
        """Segment that each frame belongs to; refused where the file describes no such segment."""
        known = {entry.number for entry in self.entries}
        found = []
        for frame in self.frames:
            group = self._group(frame, "SegmentIdentificationSequence")
            segment = int(number(group, "ReferencedSegmentNumber", path=self.path))
            if segment not in known:
                expected = f"one of {', '.join(map(str, sorted(known)))}"
                raise InvalidTagError(self.path, "ReferencedSegmentNumber", segment, expected)
            found.append(segment)
        return found

    def _plane(self, frame: Dataset) -> Grid:
        """Grid of one frame; the distance of slices is not needed, since frames are put one by one."""
        position = coordinates(self._group(frame, "PlanePositionSequence"), "ImagePositionPatient", 3, path=self.path)
        cosines = self._group(frame, "PlaneOrientationSequence")
        axes = np.array(numbers(cosines, "ImageOrientationPatient", 6, path=self.path)).reshape(2, 3)
        spacing = numbers(self._group(frame, "PixelMeasuresSequence"), "PixelSpacing", 2, path=self.path)
        direction = (triple(np.cross(axes[0], axes[1])), triple(axes[1]), triple(axes[0]))
        return Grid((1, *self._size), triple(position), (1.0, spacing[0], spacing[1]), direction)

    def _group(self, frame: Dataset, name: str) -> Dataset:
        """Functional group of a frame: its own, else the shared one (PS3.3 C.7.6.16.1.1)."""
        for place in (frame, *items(self.dataset, "SharedFunctionalGroupsSequence", path=self.path)):
            if group := items(place, name, path=self.path):
                return group[0]
        raise MissingTagError(self.path, name)

    def _referenced(self) -> list[str]:
        """Instances that the file lists as its source."""
        return [text(item, "ReferencedSOPInstanceUID", "", path=self.path) for item in self._references()]

    def _references(self) -> list[Dataset]:
        """References to source images; where the file lists none as a whole, those of its frames."""
        return [
            instance
            for series in items(self.dataset, "ReferencedSeriesSequence", path=self.path)
            for instance in items(series, "ReferencedInstanceSequence", path=self.path)
        ] or [
            instance
            for frame in self.frames
            for derivation in items(frame, "DerivationImageSequence", path=self.path)
            for instance in items(derivation, "SourceImageSequence", path=self.path)
        ]
