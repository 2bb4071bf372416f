"""Label maps in NIfTI, NRRD and MHA: used as they are where their voxels coincide with the volume's, else refused."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radiogenomics.config.models import Imaging
from radiogenomics.imaging.geometry import BoolArray, Grid, misfit_mm, placement
from radiogenomics.imaging.segmentation_errors import (
    AmbiguousRoiError,
    EmptyMaskError,
    MaskGeometryError,
    MaskOutsideVolumeError,
    MissingRoiError,
    UnreadableSegmentationError,
)

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")
NAME = re.compile(r"Segment([0-9]{1,9})_Name")
NUMBER = re.compile(r" *[0-9]{1,9} *")


def require(path: Path, roi: str) -> None:
    """Raise MissingRoiError, AmbiguousRoiError or EmptyMaskError unless the file holds this region."""
    image = _image(path)
    _select(path, roi, _values(path, image), _segments(path, image))


def read(path: Path, roi: str, grid: Grid, settings: Imaging) -> BoolArray:
    """Put one label on a volume's grid.

    The file may have its axes swapped or flipped or cover another part of space; but the centre of each of its voxels
    must coincide with that of a voxel of the volume, or of its continuation, within ``mask_tolerance_mm``.

    Raises
    ------
    UnreadableSegmentationError, MissingRoiError, AmbiguousRoiError, MaskGeometryError, MaskOutsideVolumeError
    """
    image = _image(path)
    source = Grid.from_image(image)
    place = placement(source, grid, settings.mask_tolerance_mm)
    if place is None:
        distance = misfit_mm(source, grid)
        raise MaskGeometryError(path, distance, settings.mask_tolerance_mm, source.describe(), grid.describe())
    selected = _select(path, roi, _values(path, image), _segments(path, image))
    mask = np.zeros(grid.shape, dtype=np.bool_)
    if place.put(selected, mask) and not mask.any():
        raise MaskOutsideVolumeError(path, roi)
    return mask


def _select(path: Path, roi: str, values: npt.NDArray[np.generic], segments: list[tuple[str, int, int]]) -> BoolArray:
    """Voxels of one region; ``values`` has the layers of overlapping segments as its last axis.

    In a file with names the region must be one of them, or the number of a label; any name is that of a single label
    only where the file has none.
    """
    named = [(label, layer) for name, label, layer in segments if name == roi]
    if len(named) > 1:
        raise AmbiguousRoiError(path, roi, len(named))
    if named:
        label, layer = named[0]
        return np.asarray(values[..., layer] == label, dtype=np.bool_)
    labels = _labels(values)
    if not labels:
        raise EmptyMaskError(path, roi)
    if len(labels) == 1 and not segments:
        return np.asarray(values[..., 0] == labels[0], dtype=np.bool_)
    if values.shape[-1] == 1 and roi in map(str, labels):
        return np.asarray(values[..., 0] == int(roi), dtype=np.bool_)
    raise MissingRoiError(path, roi, [name for name, _, _ in segments] or [str(label) for label in labels])


def _image(path: Path) -> sitk.Image:
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableSegmentationError(path, f"not readable: {str(error).strip().splitlines()[-1]}") from error
    if image.GetDimension() != 3:
        raise UnreadableSegmentationError(path, f"has {image.GetDimension()} dimensions, expected 3")
    return image


def _values(path: Path, image: sitk.Image) -> npt.NDArray[np.generic]:
    """(n_slices, n_rows, n_columns, n_layers) labels; refused unless they are whole numbers."""
    values: npt.NDArray[np.generic] = sitk.GetArrayViewFromImage(image)
    if np.issubdtype(values.dtype, np.complexfloating) or not (np.isfinite(values) & (values == np.rint(values))).all():
        raise UnreadableSegmentationError(path, "its values are not whole numbers; threshold it first")
    return values if values.ndim == 4 else values[..., None]


def _labels(values: npt.NDArray[np.generic]) -> list[int]:
    return [int(label) for label in np.unique(values) if label != 0]


def _segments(path: Path, image: sitk.Image) -> list[tuple[str, int, int]]:
    """Name, label and layer of each segment that 3D Slicer stored in the header (``Segment0_Name``, …)."""
    keys = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    numbers = sorted(int(found[1]) for key in keys if (found := NAME.fullmatch(key)))
    layers = image.GetNumberOfComponentsPerPixel()
    return [
        (
            keys[f"Segment{n}_Name"],
            _whole(path, keys, f"Segment{n}_LabelValue", default="1"),
            _whole(path, keys, f"Segment{n}_Layer", default="0", end=layers),
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
