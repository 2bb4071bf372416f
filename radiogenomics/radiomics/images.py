"""Reading a volume and a mask that lie on one grid."""

import math
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radiogenomics.errors import MissingFileError
from radiogenomics.radiomics.errors import GridMismatchError, NotFiniteError, RoiTooSmallError, UnreadableImageError

GRID_TOLERANCE_MM = 1e-3


def read_image(path: Path) -> sitk.Image:
    """Read a three-dimensional image in a file format of ITK.

    Raises
    ------
    MissingFileError, UnreadableImageError
    """
    if not path.is_file():
        raise MissingFileError(path, "image")
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableImageError(path, str(error).splitlines()[-1]) from error
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise UnreadableImageError(
            path, f"{image.GetDimension()} dimensions, {image.GetNumberOfComponentsPerPixel()} channels"
        )
    return image


def read_mask(path: Path, image: sitk.Image, volume: Path) -> sitk.Image:
    """Read the mask of a region, every value but 0, on the grid of its image.

    Differences far below a voxel come from single precision in file headers and are removed.

    Returns
    -------
    sitk.Image of uint8, 0 and 1

    Raises
    ------
    MissingFileError, UnreadableImageError, GridMismatchError
    """
    region: sitk.Image = read_image(path) != 0
    if image.GetSize() != region.GetSize():
        raise GridMismatchError(volume, path, f"{region.GetSize()} voxels against {image.GetSize()}")
    corners = [
        tuple(index * (size - 1) for index, size in zip(corner, image.GetSize(), strict=True))
        for corner in np.ndindex(2, 2, 2)
    ]
    distances = [
        math.dist(image.TransformIndexToPhysicalPoint(corner), region.TransformIndexToPhysicalPoint(corner))
        for corner in corners
    ]
    if max(distances) > GRID_TOLERANCE_MM:
        raise GridMismatchError(volume, path, f"corners lie up to {max(distances):.3g} mm apart")
    region.CopyInformation(image)
    return region


def require_voxels(path: Path, voxels: int, minimum: int) -> None:
    """Refuse a region of too few voxels (RoiTooSmallError)."""
    if voxels < minimum:
        raise RoiTooSmallError(path, voxels, minimum)


def require_finite(path: Path, values: np.ndarray) -> None:
    """Refuse values that are NaN or infinite (NotFiniteError)."""
    if values.dtype.kind == "f" and (bad := int(np.count_nonzero(~np.isfinite(values)))):
        raise NotFiniteError(path, bad)
