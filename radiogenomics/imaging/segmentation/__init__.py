"""One region of a segmentation on the grid of a volume, whatever format the segmentation has."""

from pathlib import Path

import numpy as np

from radiogenomics.config.models import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging.dicom import References, dicom_files, is_dicom, read_dataset
from radiogenomics.imaging.geometry import BoolArray, Grid
from radiogenomics.imaging.segmentation import labelmap, rtstruct, seg
from radiogenomics.imaging.segmentation_errors import EmptyMaskError, UnknownSegmentationError


def read_mask(path: Path, roi: str, grid: Grid, references: References, settings: Imaging) -> BoolArray:
    """Read one region onto a volume's grid.

    Parameters
    ----------
    path : Path
        DICOM SEG or RTSTRUCT (the file, or a folder whose only SEG or RTSTRUCT it is), NIfTI, NRRD or MHA.
    roi : str
        Name of the region, letter by letter. A label map takes the name of a segment where the file has names, or the
        number of a label; any name where it has one label and no names.
    grid : Grid
        Grid of the volume.
    references : References
        Identity of the volume; a DICOM segmentation of other images is refused.
    settings : Imaging
        Tolerances in mm.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        The mask, with at least one voxel set.

    Raises
    ------
    MissingFileError, SegmentationError, SeriesError
        ``SeriesError`` where a DICOM file is damaged or lacks an attribute.
    """
    file, kind = _file(path)
    if kind == "labelmap":
        mask = labelmap.read(file, roi, grid, settings)
    elif kind == "SEG":
        mask = seg.read(file, roi, grid, references, settings)
    else:
        mask = rtstruct.read(file, roi, grid, references, settings)
    if not np.any(mask):
        raise EmptyMaskError(file, roi)
    return mask


def require_roi(path: Path, roi: str) -> None:
    """Check that `read_mask` would find a region of this name, without a volume.

    Raises
    ------
    MissingFileError, MissingRoiError, AmbiguousRoiError, EmptyMaskError, UnknownSegmentationError
    UnreadableSegmentationError, SeriesError
    """
    file, kind = _file(path)
    if kind == "labelmap":
        labelmap.require(file, roi)
    elif kind == "SEG":
        seg.require(file, roi)
    else:
        rtstruct.require(file, roi)


def _file(path: Path) -> tuple[Path, str]:
    """Find the one file of a segmentation and its format: ``SEG``, ``RTSTRUCT`` or ``labelmap``."""
    if path.is_file():
        kind = _kind(path)
        if kind is None:
            raise UnknownSegmentationError(path, "neither a DICOM SEG or RTSTRUCT nor a label map")
        return path, kind
    if not path.is_dir():
        raise MissingFileError(path, "segmentation")
    kinds = [(file, kind) for file in dicom_files(path) if (kind := _kind(file)) is not None]
    if len(kinds) != 1:
        raise UnknownSegmentationError(path, f"a folder with {len(kinds)} SEG or RTSTRUCT file(s), expected one")
    return kinds[0]


def _kind(path: Path) -> str | None:
    if path.name.lower().endswith(labelmap.SUFFIXES):
        return "labelmap"
    if not is_dicom(path):
        return None
    sop_class = str(read_dataset(path, tags=("SOPClassUID",)).get("SOPClassUID", ""))
    if sop_class in seg.SOP_CLASSES:
        return "SEG"
    return "RTSTRUCT" if sop_class in rtstruct.SOP_CLASSES else None
