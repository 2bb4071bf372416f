"""Voxel values of a series, the NIfTI volume and the JSON beside it.

Values are what the modality means: stored value × RescaleSlope + RescaleIntercept, slice by slice (PET has another
slope in every slice). Pixels that the scanner marked as padding hold no measurement: they become air in CT, no signal
in MR and PET.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import FileDataset

from radiogenomics.errors import MissingFileError
from radiogenomics.files import whole_file, write_text
from radiogenomics.imaging.dicom import References, decode, number, numbers, read_dataset
from radiogenomics.imaging.errors import (
    InvalidTagError,
    MissingTagError,
    PixelDataError,
    SidecarError,
    UnreadableVolumeError,
)
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid, Values
from radiogenomics.imaging.series import Series

SIDECAR_FORMAT = "radiogenomics volume 1"
# What a pixel without a measurement becomes: air in HU; no signal elsewhere.
PADDED = {"CT": -1024, "MR": 0, "PT": 0}
# Prefix of the padding attributes where pixels are not whole numbers (PS3.3 C.7.6.24, C.7.6.25).
PADDING_OF_FLOATS = {"float32": "FloatPixel", "float64": "DoubleFloatPixel"}
COMPRESSION_LEVEL = 1
INT16 = np.iinfo(np.int16)


@dataclass(frozen=True)
class Volume:
    """Voxel values (n_slices, n_rows, n_columns), int16 or float32, with the series that they come from.

    ``padding`` (same shape, bool) is true where the scanner marked a pixel as outside what it measured.
    """

    values: Values
    series: Series
    padding: BoolArray

    @property
    def grid(self) -> Grid:
        """Grid of the values."""
        return self.series.grid

    @property
    def padded_voxels(self) -> int:
        """Number of voxels without a measurement."""
        return int(np.count_nonzero(self.padding))

    def to_image(self) -> sitk.Image:
        """Copy into a SimpleITK image."""
        return self.grid.stamp(sitk.GetImageFromArray(self.values))


def read_volume(series: Series) -> Volume:
    """Read the pixels of a checked series.

    Returns
    -------
    Volume
        int16 where every value is a whole number in its range, else float32.

    Raises
    ------
    PixelDataError
        A file's pixel data are cut off or cannot be decoded.
    MissingTagError, InvalidTagError
        CT or PET without RescaleSlope or RescaleIntercept, or with ones that are not numbers.
    """
    values, whole = np.empty(series.grid.shape, dtype=np.float32), True
    padding = np.empty(series.grid.shape, dtype=np.bool_)
    for k, path in enumerate(series.files):
        pixels, padding[k] = _slice(path, series)
        whole = (
            whole
            and bool((pixels == np.rint(pixels)).all())
            and pixels.min() >= INT16.min
            and pixels.max() <= INT16.max
        )
        values[k] = pixels
    return Volume(values.astype(np.int16) if whole else values, series, padding)


def voxel_hash(volume: Volume) -> str:
    """BLAKE2b of the voxel values and the geometry (to 1e-6 mm)."""
    state = hashlib.blake2b(digest_size=16)
    grid = volume.grid
    geometry = np.concatenate([grid.origin_mm, grid.spacing_mm, np.ravel(grid.direction)])
    state.update(np.array(grid.shape, dtype="<i8").tobytes())
    state.update((np.round(geometry, 6) + 0.0).astype("<f8").tobytes())
    for plane in volume.values:  # one type for both kinds of volume; exact, since int16 fits
        state.update(plane.astype("<f4").tobytes())
    return state.hexdigest()


def sidecar_path(volume: Path) -> Path:
    """Path of the JSON beside a NIfTI volume."""
    return volume.with_name(volume.name.removesuffix(".gz").removesuffix(".nii") + ".json")


def write_volume(volume: Volume, path: Path) -> dict[str, Any]:
    """Write the NIfTI volume and its sidecar; returns the sidecar's content.

    The sidecar holds no patient, no date and no UID: identities are stored as BLAKE2b digests, to be compared with
    those of a segmentation.
    """
    series = volume.series
    record = {
        "format": SIDECAR_FORMAT,
        "modality": series.modality,
        "unit": series.unit,
        "geometry_lps": series.grid.record(),
        "acquisition": series.acquisition.record(),
        "padded_voxels": volume.padded_voxels,
        "series": series.series,
        "frame_of_reference": series.references.frame_of_reference,
        "instances": sorted(series.references.instances),
        "voxel_hash": voxel_hash(volume),
    }
    write_nifti(volume.to_image(), path)
    write_text(sidecar_path(path), json.dumps(record, indent=1, sort_keys=True) + "\n")
    return record


def write_nifti(image: sitk.Image, path: Path) -> None:
    """Write ``.nii`` or ``.nii.gz``, whole or not at all; the same image gives the same bytes (gzip without a time)."""
    with whole_file(path) as temporary:
        sitk.WriteImage(image, str(temporary), useCompression=path.suffix == ".gz", compressionLevel=COMPRESSION_LEVEL)


def read_grid(path: Path, tolerance_mm: float) -> tuple[Grid, References]:
    """Grid and identity of a NIfTI volume: from its sidecar, or from the volume alone where it has none.

    Raises
    ------
    MissingFileError, UnreadableVolumeError, SidecarError
        ``SidecarError`` where the sidecar's grid is more than ``tolerance_mm`` away from the volume's own.
    """
    grid = Grid.from_image(read_nifti(path))
    sidecar = sidecar_path(path)
    if not sidecar.is_file():
        return grid, References()
    try:
        record = json.loads(sidecar.read_text(encoding="utf-8"))
        stated = Grid.from_record(record["geometry_lps"])
        references = References(record["frame_of_reference"], frozenset(record["instances"]))
    except (KeyError, TypeError, ValueError) as error:
        raise SidecarError(sidecar, f"not the sidecar of a volume: {type(error).__name__} {error}") from error
    if grid.distance_mm(stated) > tolerance_mm:
        problem = f"its grid ({stated.describe()}) is not that of {path.name} ({grid.describe()})"
        raise SidecarError(sidecar, problem)
    return stated, references


def read_nifti(path: Path) -> sitk.Image:
    """Three-dimensional image of one value a voxel; MissingFileError, UnreadableVolumeError."""
    if not path.is_file():
        raise MissingFileError(path, "volume")
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableVolumeError(path, f"not readable as an image: {str(error).strip().splitlines()[-1]}") from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise UnreadableVolumeError(
            path, f"has {image.GetDimension()} dimensions, {image.GetNumberOfComponentsPerPixel()} values a voxel"
        )
    return image


def _slice(path: Path, series: Series) -> tuple[FloatArray, BoolArray]:
    """Rescaled values (n_rows, n_columns) of one file, and which of them are padding."""
    dataset = read_dataset(path, pixels=True)
    stored = _stored(path, dataset, series.grid.shape[1:])
    slope, intercept = _rescale(path, dataset, series.modality)
    empty = _padding(path, dataset, stored)
    values = stored * slope + intercept
    values[empty] = PADDED[series.modality]
    return values, empty


def _stored(path: Path, dataset: FileDataset, shape: Sequence[int]) -> Values:
    stored = decode(path, dataset)
    if stored.shape != tuple(shape):
        raise PixelDataError(path, f"{stored.shape} pixels, expected {tuple(shape)}")
    return stored


def _rescale(path: Path, dataset: FileDataset, modality: str) -> tuple[float, float]:
    """Slope and intercept; both are mandatory in CT and PET (PS3.3 C.8.2.1, C.8.9.4), MR may have none."""
    if modality == "MR" and "RescaleSlope" not in dataset and "RescaleIntercept" not in dataset:
        return 1.0, 0.0
    slope, intercept = (numbers(dataset, tag, 1, path=path)[0] for tag in ("RescaleSlope", "RescaleIntercept"))
    if slope == 0:
        raise InvalidTagError(path, "RescaleSlope", slope, "a number other than 0")
    return slope, intercept


def _padding(path: Path, dataset: FileDataset, stored: Values) -> BoolArray:
    """Pixels from the padding value to its range limit, both inclusive, in stored values.

    PixelPaddingValue and PixelPaddingRangeLimit (PS3.3 C.7.5.1.1.2), or their counterparts for float pixels.
    """
    kind = PADDING_OF_FLOATS.get(stored.dtype.name, "Pixel")
    first = _optional(path, dataset, f"{kind}PaddingValue")
    if first is None:
        return np.zeros(stored.shape, dtype=np.bool_)
    last = _optional(path, dataset, f"{kind}PaddingRangeLimit")
    low, high = sorted(_as_stored(stored, value) for value in (first, first if last is None else last))
    return np.asarray((stored >= low) & (stored <= high), dtype=np.bool_)


def _optional(path: Path, dataset: FileDataset, keyword: str) -> float | None:
    """Read a number that may be absent but not wrong."""
    try:
        return number(dataset, keyword, path=path)
    except MissingTagError:
        return None


def _as_stored(stored: Values, value: float) -> float:
    """Express a padding value in the signedness of the pixels: some files state 63536 for -2000, or the reverse."""
    size = float(2 ** (8 * stored.dtype.itemsize))
    if stored.dtype.kind == "i" and value >= size / 2:
        return value - size
    if stored.dtype.kind == "u" and value < 0:
        return value + size
    return value
