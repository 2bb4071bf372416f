"""Orientation of a NIfTI file, from its header: what ITK does not tell.

A NIfTI file may place its voxels twice, by a qform (a rotation) and by an sform (any affine matrix). Where they differ,
SimpleITK 2.5 takes the sform if its code is 1 or the qform's is 0, else the qform, and says nothing; other programs
prefer the sform always. Where the sform is sheared it takes the qform, or reads nothing if there is none. Where neither
is set the voxels lie at the origin, unrotated; whether that is the place of the volume is checked like any other.
"""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from radiogenomics.imaging.geometry import FloatArray
from radiogenomics.imaging.segmentation_errors import (
    ConflictingOrientationError,
    ShearedMaskError,
    UnreadableSegmentationError,
)

SUFFIXES = (".nii", ".nii.gz")
# Cosine between axes up to which an sform counts as orthogonal; ITK is as strict.
ORTHOGONAL = 1e-4


def require_one_place(path: Path, tolerance_mm: float) -> None:
    """Refuse a file that is sheared, or states two places that differ by more than the tolerance.

    Raises
    ------
    ConflictingOrientationError
        A voxel lies further apart by qform and sform than ``tolerance_mm``.
    ShearedMaskError
        There is an sform alone, and its axes are not orthogonal.
    UnreadableSegmentationError
        The file is no NIfTI, or has no matrix where it says so.
    """
    qform, sform, shape = _placed(path)
    if sform is None:
        return
    if qform is None:
        if (angle := _sharpest_angle(sform[:3, :3])) is not None:
            raise ShearedMaskError(path, angle)
        return
    ends = [(0, n - 1) for n in shape[:3]]
    corners = np.array(np.meshgrid(*ends, [1]), dtype=np.float64).reshape(len(ends) + 1, -1)
    corners = np.insert(corners, len(ends), np.zeros((3 - len(ends), corners.shape[1])), axis=0)
    distance_mm = float(np.linalg.norm(((qform - sform) @ corners)[:3], axis=0).max())
    if not distance_mm <= tolerance_mm:
        raise ConflictingOrientationError(path, distance_mm, tolerance_mm)


def _placed(path: Path) -> tuple[FloatArray | None, FloatArray | None, tuple[int, ...]]:
    """(4, 4) matrices of qform and sform, from (i, j, k, 1) to RAS mm, None where not set; and the shape."""
    try:
        header: Any = nibabel.load(path).header
        return header.get_qform(coded=True)[0], header.get_sform(coded=True)[0], header.get_data_shape()
    except Exception as error:  # nibabel raises its own errors, of gzip, of the system and of numpy
        problem = str(error).replace(str(path), path.name).strip() or type(error).__name__
        raise UnreadableSegmentationError(path, f"not readable: {problem}") from error


def _sharpest_angle(axes: FloatArray) -> float | None:
    """Angle in degrees between the two columns that are least at right angles; None where all are."""
    lengths = np.linalg.norm(axes, axis=0)
    if not (np.isfinite(lengths).all() and lengths.min() > 0):
        return None  # no grid at all; the reader of the image says so
    unit = axes / lengths
    cosines = np.abs((unit.T @ unit)[np.triu_indices(3, 1)])
    return float(np.degrees(np.arccos(cosines.max()))) if cosines.max() > ORTHOGONAL else None
