"""Label maps in NIfTI, NRRD and MHA: used as they are where their voxels coincide with the volume's, else refused."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import SimpleITK as sitk

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.geometry import Grid, Values
from radiogenomics.imaging.segmentation import nifti_orientation
from radiogenomics.imaging.segmentation.lattice import require_placement
from radiogenomics.imaging.segmentation.regions import Entry, Region
from radiogenomics.imaging.segmentation_errors import (
    EmptyMaskError,
    MaskOutsideVolumeError,
    UnreadableSegmentationError,
)

SUFFIXES = (*nifti_orientation.SUFFIXES, ".nrrd", ".nhdr", ".mha", ".mhd")
NAME = re.compile(r"Segment([0-9]{1,9})_Name")
NUMBER = re.compile(r" *[0-9]{1,9} *")


class _Part(NamedTuple):
    """Where a region is stored: voxels of this label in this layer."""

    label: int
    layer: int


class LabelMap:
    """A label map, read once.

    A file holds one label map, or layers: overlapping segments that 3D Slicer named in the header, or the masks along a
    fourth axis. Layers without names are the regions ``1``, ``2``, … in their order.

    Parameters
    ----------
    tolerance_mm : float
        Largest distance of a voxel's places by the two transformations of a NIfTI file.

    Raises
    ------
    UnreadableSegmentationError, ConflictingOrientationError, ShearedMaskError
    """

    def __init__(self, path: Path, tolerance_mm: float) -> None:
        self.path = path
        if path.name.lower().endswith(nifti_orientation.SUFFIXES):
            nifti_orientation.require_one_place(path, tolerance_mm)
        self._image = _image(path)
        dimensions = self._image.GetDimension()
        self._grid = Grid.from_image(self._image[:, :, :, 0] if dimensions == 4 else self._image)
        self._values = _values(path, self._image)
        self._segments = _segments(path, self._image, self._values.shape[-1])

    @property
    def anonymous(self) -> bool:
        """Whether the file has no names, one layer and one label at most, which any name fits."""
        return not self._segments and self._values.shape[-1] == 1 and len(self._labels) < 2

    @property
    def entries(self) -> list[Entry]:
        """Named segments, and labels without a name by their number."""
        return [Entry(name, n) for n, (name, _) in enumerate(self._parts)]

    def exact(self, roi: str) -> list[Entry]:
        """Segments of this name, else the label of this number; the only label where the file has no names.

        Raises
        ------
        EmptyMaskError
            The file has neither names nor labels.
        """
        if self.anonymous:
            if not self._labels:
                raise EmptyMaskError(self.path, roi)
            return [Entry(roi, 0)]
        named = [entry for entry in self.entries if entry.name == roi]
        if named or self._values.shape[-1] > 1:
            return named
        numbers = {str(part.label): n for n, (_, part) in reversed(list(enumerate(self._parts)))}
        present = map(str, self._labels)
        return [Entry(roi, numbers[roi])] if roi in numbers and roi in present else []

    def read(self, entry: Entry, grid: Grid, references: References, settings: Imaging) -> Region:
        """Put one label on a volume's grid; a label map refers to no images, so geometry alone decides.

        The file may have its axes swapped or flipped or cover another part of space; but the centre of each of its
        voxels must coincide with that of a voxel of the volume, or of its continuation, within ``mask_tolerance_mm``.

        Raises
        ------
        MaskGeometryError, MaskOutsideVolumeError
        """
        place = require_placement(self.path, self._grid, grid, settings.mask_tolerance_mm)
        label, layer = self._parts[entry.number][1]
        mask = np.zeros(grid.shape, dtype=np.bool_)
        selected = np.asarray(self._values[..., layer] == label, dtype=np.bool_)
        if place.put(selected, mask) and not mask.any():
            raise MaskOutsideVolumeError(self.path, entry.name)
        return Region(entry.name, mask)

    @cached_property
    def _labels(self) -> list[int]:
        """Labels of a file with one layer, rising, without 0."""
        return [int(label) for label in np.unique(self._values) if label != 0]

    @cached_property
    def _parts(self) -> list[tuple[str, _Part]]:
        layers = self._values.shape[-1]
        if layers > 1:
            return self._segments or [(str(n + 1), _Part(self._only_label(n), n)) for n in range(layers)]
        named = {part.label for _, part in self._segments}
        return self._segments + [(str(label), _Part(label, 0)) for label in self._labels if label not in named]

    def _only_label(self, layer: int) -> int:
        """Label of a layer that is a mask; 1 where it is empty."""
        labels = [int(label) for label in np.unique(self._values[..., layer]) if label != 0]
        if len(labels) > 1:
            found = ", ".join(map(str, labels[:5]))
            problem = f"volume {layer + 1} of {self._values.shape[-1]} along its fourth axis has labels {found}, …"
            raise UnreadableSegmentationError(self.path, f"{problem}; each must be a mask, or the axis have names")
        return labels[0] if labels else 1


def _image(path: Path) -> sitk.Image:
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableSegmentationError(path, f"not readable: {str(error).strip().splitlines()[-1]}") from error
    if image.GetDimension() not in (3, 4):
        raise UnreadableSegmentationError(path, f"has {image.GetDimension()} dimensions, expected 3")
    if image.GetDimension() == 4 and image.GetNumberOfComponentsPerPixel() > 1:
        raise UnreadableSegmentationError(path, "has four dimensions and several values a voxel")
    return image


def _values(path: Path, image: sitk.Image) -> Values:
    """(n_slices, n_rows, n_columns, n_layers) labels; refused unless they are whole numbers."""
    values: Values = sitk.GetArrayViewFromImage(image)
    if np.issubdtype(values.dtype, np.complexfloating):
        raise UnreadableSegmentationError(path, "its values are complex numbers")
    if not np.issubdtype(values.dtype, np.integer) and not (np.isfinite(values) & (values == np.rint(values))).all():
        raise UnreadableSegmentationError(path, "its values are not whole numbers; threshold it first")
    if image.GetDimension() == 4:
        return np.moveaxis(values, 0, -1)
    return values if values.ndim == 4 else values[..., None]


def _segments(path: Path, image: sitk.Image, layers: int) -> list[tuple[str, _Part]]:
    """Name, label and layer of each segment that 3D Slicer stored in the header (``Segment0_Name``, …)."""
    keys = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    numbers = sorted(int(found[1]) for key in keys if (found := NAME.fullmatch(key)))
    return [
        (
            keys[f"Segment{n}_Name"],
            _Part(
                _whole(path, keys, f"Segment{n}_LabelValue", default="1"),
                _whole(path, keys, f"Segment{n}_Layer", default="0", end=layers),
            ),
        )
        for n in numbers
    ]


def _whole(path: Path, keys: Mapping[str, str], key: str, *, default: str, end: int | None = None) -> int:
    """Whole number of a header's key, from 0 on, below ``end``."""
    value = keys.get(key, default)
    if not NUMBER.fullmatch(value) or (end is not None and int(value) >= end):
        limit = "" if end is None else f" below {end}"
        raise UnreadableSegmentationError(path, f"{key} is {value!r}, expected a whole number{limit}")
    return int(value)
