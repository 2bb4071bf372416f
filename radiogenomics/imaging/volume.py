"""Voxel values of a series, the NIfTI volume and the JSON beside it.

Values are what the modality means: stored value × RescaleSlope + RescaleIntercept, slice by slice (PET has another
slope in every slice, and a factor to SUV). Pixels that the scanner marked as padding hold no measurement: they become
air in CT, no signal in MR and PET.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radiogenomics.errors import MissingFileError
from radiogenomics.files import write_text
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.errors import SidecarError, UnreadableVolumeError
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid, Values
from radiogenomics.imaging.nifti import write_nifti
from radiogenomics.imaging.pixels import INT16, PADDED, read_slices
from radiogenomics.imaging.series import Series

SIDECAR_FORMAT = "radiogenomics volume 1"


@dataclass(frozen=True)
class Volume:
    """Voxel values (n_slices, n_rows, n_columns), int16 or float32, with the series that they come from.

    ``padding`` has one entry a plane: the packed bits (`numpy.packbits`) of the pixels that the scanner marked as
    outside what it measured, None where there are none. ``landmarks`` are those of the intensities on a standard scale,
    empty where none is asked for.
    """

    values: Values
    series: Series
    padding: tuple[npt.NDArray[np.uint8] | None, ...]
    landmarks: tuple[float, ...] = ()

    @property
    def grid(self) -> Grid:
        """Grid of the values."""
        return self.series.grid

    @property
    def padded_voxels(self) -> int:
        """Number of voxels without a measurement."""
        return sum(int(np.unpackbits(packed).sum()) for packed in self.padding if packed is not None)

    def padded_within(self, mask: BoolArray) -> int:
        """Number of voxels of a mask on the same grid that hold no measurement."""
        shape = self.grid.shape[1:]
        return sum(
            int(np.count_nonzero(np.unpackbits(packed, count=mask[k].size).reshape(shape) & mask[k]))
            for k, packed in enumerate(self.padding)
            if packed is not None and mask[k].any()
        )

    def to_image(self) -> sitk.Image:
        """Copy into a SimpleITK image."""
        return self.grid.stamp(sitk.GetImageFromArray(self.values))


def read_volume(series: Series) -> Volume:
    """Read the pixels of a checked series, one slice at a time.

    Memory is that of the volume, one bit a voxel for padding, and a few slices; where whole numbers turn out not to be
    ones after the first slices, half as much again for a moment.

    Returns
    -------
    Volume
        int16 where every value is a whole number in its range, else float32.

    Raises
    ------
    PixelDataError
        A file's pixel data are cut off or cannot be decoded.
    """
    whole = all(part.slope.is_integer() and part.intercept.is_integer() for part in series.slices)
    values: Values = np.empty(series.grid.shape, dtype=np.int16 if whole else np.float32)
    padding: list[npt.NDArray[np.uint8] | None] = []
    still_whole = True
    for k, (plane, empty) in enumerate(_planes(series)):
        still_whole = still_whole and _fits(plane)
        if not still_whole and values.dtype == np.int16:
            values = values.astype(np.float32)
        values[k] = plane
        padding.append(None if empty is None or not empty.any() else np.packbits(empty))
    return Volume(values.astype(np.int16, copy=False) if still_whole else values, series, tuple(padding))


def _planes(series: Series) -> Iterator[tuple[Values, BoolArray | None]]:
    """Values and padding of each plane of the volume."""
    fill = PADDED[series.modality]
    stored = read_slices(series.slices)
    if series.resampling is None:
        for part, pixels in zip(series.slices, stored, strict=True):
            yield part.values(pixels, fill)
        return

    def read(k: int) -> tuple[FloatArray, BoolArray]:
        values, empty = series.slices[k].values(next(stored), fill)
        return values.astype(np.float64), np.zeros(values.shape, dtype=np.bool_) if empty is None else empty

    for values, empty in series.resampling.planes(read):
        values[empty] = fill
        yield values, empty


def _fits(plane: Values) -> bool:
    """Whether every value is a whole number within int16."""
    if plane.dtype == np.int16:
        return True
    whole = plane.dtype.kind == "i" or bool((plane == np.rint(plane)).all())
    return whole and bool(plane.min() >= INT16.min and plane.max() <= INT16.max)


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


def write_volume(volume: Volume, path: Path, **facts: object) -> dict[str, Any]:
    """Write the NIfTI volume and its sidecar; returns the sidecar's content, to which ``facts`` are added.

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
        "repairs": [str(repair) for repair in series.repairs],
        "padded_voxels": volume.padded_voxels,
        "landmarks": volume.landmarks,
        "series": series.series,
        "frame_of_reference": series.references.frame_of_reference,
        "instances": sorted(series.references.instances),
        "voxel_hash": voxel_hash(volume),
        **facts,
    }
    write_nifti(volume.values, series.grid, path)
    write_text(sidecar_path(path), json.dumps(record, indent=1, sort_keys=True) + "\n")
    return record


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


def read_landmarks(path: Path) -> FloatArray:
    """Landmarks (n_landmarks,) of a NIfTI volume's intensities, from its sidecar.

    Raises
    ------
    MissingFileError, SidecarError
        There is no sidecar, it is damaged or holds no landmarks.
    """
    sidecar = sidecar_path(path)
    if not sidecar.is_file():
        raise MissingFileError(sidecar, "sidecar of a volume")
    try:
        found = np.array(json.loads(sidecar.read_text(encoding="utf-8"))["landmarks"], dtype=np.float64)
    except (KeyError, TypeError, ValueError) as error:
        raise SidecarError(sidecar, f"not the sidecar of a volume: {type(error).__name__} {error}") from error
    if found.ndim != 1 or len(found) < 2 or not (np.diff(found) > 0).all():
        raise SidecarError(sidecar, "holds no rising landmarks; convert with `imaging.mr.normalisation: nyul`")
    return found


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
