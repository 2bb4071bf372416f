"""NIfTI files: the one place where LPS becomes RAS.

DICOM and this package count x to the patient's Left and y to Posterior; NIfTI counts to Right and Anterior.
`ras_affine` turns the signs; every volume and mask is written here. SimpleITK, which reads them, turns them back.
"""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import nibabel
import numpy as np

from radiogenomics.files import whole_file
from radiogenomics.imaging.geometry import FloatArray, Grid, Values

COMPRESSION_LEVEL = 1
# Codes of NIFTI_XFORM: coordinates of the scanner; units of NIfTI: mm.
SCANNER, SPACE_UNIT = 1, "mm"


def ras_affine(grid: Grid) -> FloatArray:
    """(4, 4) float64: index (i, j, k) of column, row and slice to RAS mm."""
    affine = np.eye(4)
    affine[:3, :3] = grid.steps_mm[::-1].T
    affine[:3, 3] = grid.origin_mm
    affine[:2] *= -1
    return affine


def write_nifti(values: Values, grid: Grid, path: Path) -> None:
    """Write values (n_slices, n_rows, n_columns) as ``.nii`` or ``.nii.gz``, whole or not at all.

    Slice by slice, without a copy of the array. The same array gives the same bytes (gzip without name and time). Both
    of NIfTI's transformations are set, to the same affine.
    """
    header = nibabel.Nifti1Header()
    header.set_data_dtype(values.dtype)
    header.set_data_shape(values.shape[::-1])
    header.set_zooms(grid.spacing_mm[::-1])
    header.set_sform(ras_affine(grid), SCANNER)
    header.set_qform(ras_affine(grid), SCANNER)
    header.set_xyzt_units(SPACE_UNIT)
    header["vox_offset"] = header.single_vox_offset
    with whole_file(path) as temporary, temporary.open("wb") as raw, _compressed(raw, path) as stream:
        stream.write(header.binaryblock + bytes(header.single_vox_offset - header.sizeof_hdr))
        for plane in values:
            stream.write(np.ascontiguousarray(plane).data)


@contextmanager
def _compressed(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if path.suffix != ".gz":
        yield raw
        return
    with gzip.GzipFile("", "wb", COMPRESSION_LEVEL, raw, mtime=0) as stream:
        yield stream  # type: ignore[misc]
