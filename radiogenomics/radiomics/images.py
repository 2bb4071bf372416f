"""Reading a volume and a mask that lie on one grid.

NIfTI files, which the imaging stage writes, are read here, so that a process that extracts features needs neither the
time nor the memory of ITK. Other formats, and NIfTI files that are out of the ordinary, are read by SimpleITK.
"""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from radiogenomics.errors import MissingFileError
from radiogenomics.radiomics.errors import GridMismatchError, NotFiniteError, RoiTooSmallError, UnreadableImageError
from radiogenomics.radiomics.region import BoolArray, FloatArray

if TYPE_CHECKING:
    import SimpleITK as sitk

GRID_TOLERANCE_MM = 1e-3
# Read at a time; gzip holds a copy of it.
CHUNK_BYTES = 1 << 20
# NIfTI-1: length of the header, codes of data types and the unit mm.
HEADER_BYTES, MILLIMETRE = 348, 2
DATA_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}


@dataclass(frozen=True)
class Image:
    """Voxels in memory and where they lie.

    Parameters
    ----------
    array : (z, y, x), any number
    spacing_mm : (z, y, x)
        Distance of voxel centres.
    matrix : (4, 4) float64
        Index (x, y, z, 1) to mm in LPS.
    """

    array: npt.NDArray[Any]
    spacing_mm: tuple[float, float, float]
    matrix: FloatArray

    def to_itk(self) -> "sitk.Image":
        """The same as an image of SimpleITK; voxels are copied."""
        import SimpleITK as sitk

        image = sitk.GetImageFromArray(self.array)
        image.SetSpacing(self.spacing_mm[::-1])
        image.SetOrigin(self.matrix[:3, 3].tolist())
        image.SetDirection((self.matrix[:3, :3] / self.spacing_mm[::-1]).ravel().tolist())
        return image


def read_image(path: Path) -> Image:
    """Read a three-dimensional image.

    Raises
    ------
    MissingFileError, UnreadableImageError
    """
    if not path.is_file():
        raise MissingFileError(path, "image")
    if path.name.lower().endswith((".nii", ".nii.gz")):
        try:
            with cast(IO[bytes], gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")) as file:
                image = _plain_nifti(file)
        except (OSError, EOFError, zlib.error, struct.error) as error:
            raise UnreadableImageError(path, str(error) or type(error).__name__) from error
        if image is not None:
            return image
    return _read_by_itk(path)


def read_mask(path: Path, image: Image, volume: Path) -> BoolArray:
    """Read the mask of a region, every value but 0, on the grid of its image; ``volume`` is what errors call that.

    Returns
    -------
    (z, y, x) bool

    Raises
    ------
    MissingFileError, UnreadableImageError, GridMismatchError
        Differences of the grids far below a voxel come from single precision in file headers and are let pass.
    """
    mask = read_image(path)
    sizes = image.array.shape[::-1], mask.array.shape[::-1]
    if sizes[0] != sizes[1]:
        raise GridMismatchError(volume, path, f"{sizes[1]} voxels against {sizes[0]}")
    corners = np.array([(*corner, 1) for corner in np.ndindex(2, 2, 2)]) * (*(size - 1 for size in sizes[0]), 1)
    apart = float(np.linalg.norm(((mask.matrix - image.matrix) @ corners.T)[:3], axis=0).max())
    if apart > GRID_TOLERANCE_MM:
        raise GridMismatchError(volume, path, f"corners lie up to {apart:.3g} mm apart")
    in_place = mask.array.view(np.bool_) if mask.array.itemsize == 1 else None
    region: BoolArray = np.not_equal(mask.array, 0, out=in_place)
    return region


def require_voxels(path: Path, voxels: int, minimum: int) -> None:
    """Refuse a region of too few voxels (RoiTooSmallError)."""
    if voxels < minimum:
        raise RoiTooSmallError(path, voxels, minimum)


def require_finite(path: Path, values: npt.NDArray[Any]) -> None:
    """Refuse values that are NaN or infinite (NotFiniteError)."""
    if values.dtype.kind == "f" and (bad := int(np.count_nonzero(~np.isfinite(values)))):
        raise NotFiniteError(path, bad)


def _plain_nifti(file: IO[bytes]) -> Image | None:
    """A NIfTI-1 file of one volume in mm whose sform is a rotation with the stated spacing; None for all others."""
    header = file.read(HEADER_BYTES)
    order: Literal["<", ">"] = "<" if header[:4] == HEADER_BYTES.to_bytes(4, "little") else ">"
    if len(header) < HEADER_BYTES or header[344:] != b"n+1\0":
        return None

    def field(kind: str, start: int) -> tuple[Any, ...]:
        return struct.unpack_from(order + kind, header, start)

    dimensions, *size = field("4h", 40)
    kind = DATA_TYPES.get(field("h", 70)[0])
    spacing = np.array(field("3f", 80), np.float64)
    offset, slope, intercept = field("3f", 108)
    matrix = np.vstack([np.array(field("12f", 280), np.float64).reshape(3, 4), [0, 0, 0, 1]])
    matrix[:2] *= -1  # RAS to LPS
    axes = matrix[:3, :3] / np.where(spacing > 0, spacing, 1)
    usual = dimensions == 3 and kind is not None and min(size) > 0 and header[123] & 7 in (0, MILLIMETRE)
    placed = field("h", 254)[0] > 0 and np.allclose(axes.T @ axes, np.eye(3), atol=1e-4)
    if not (usual and placed):
        return None
    file.read(int(offset) - HEADER_BYTES)
    array = np.empty(size[::-1], np.dtype(kind).newbyteorder(order))
    rest = array.data.cast("B")
    while len(rest):
        count = file.readinto(rest[:CHUNK_BYTES])  # type: ignore[attr-defined]
        if not count:
            raise EOFError(f"the file ends {len(rest):,} bytes too early")
        rest = rest[count:]
    file.read()  # to the end, where gzip has its checksum
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    slope, intercept = (number if math.isfinite(number) else 0.0 for number in (slope, intercept))
    if slope not in (0, 1) or (slope and intercept):
        array = array * slope + intercept
    x, y, z = spacing.tolist()
    return Image(array, (z, y, x), matrix)


def _read_by_itk(path: Path) -> Image:
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableImageError(path, str(error).splitlines()[-1]) from error
    dimensions, channels = image.GetDimension(), image.GetNumberOfComponentsPerPixel()
    if (dimensions, channels) != (3, 1):
        raise UnreadableImageError(path, f"{dimensions} dimensions and {channels} channel(s) in place of 3 and 1")
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    matrix[:3, 3] = image.GetOrigin()
    x, y, z = image.GetSpacing()
    return Image(sitk.GetArrayFromImage(image), (z, y, x), matrix)
