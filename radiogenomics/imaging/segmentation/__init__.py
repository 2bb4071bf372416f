"""Regions of a segmentation on the grid of a volume, whatever format the segmentation has."""

from pathlib import Path

from radiogenomics.config.imaging import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging.dicom import References, read_dataset, sop_class
from radiogenomics.imaging.dicom_files import dicom_files, is_dicom
from radiogenomics.imaging.geometry import BoolArray, Grid
from radiogenomics.imaging.segmentation import labelmap, rtstruct, seg
from radiogenomics.imaging.segmentation.regions import Region, Source, read_selected, select
from radiogenomics.imaging.segmentation_errors import SeveralRegionsError, UnknownSegmentationError

__all__ = ["Region", "read_mask", "read_regions", "require_roi"]


def read_regions(path: Path, roi: str, grid: Grid, references: References, settings: Imaging) -> tuple[Region, ...]:
    """Read the regions that a name or its patterns mean onto a volume's grid; the file is parsed once.

    Parameters
    ----------
    path : Path
        DICOM SEG or RTSTRUCT (the file, or a folder whose only SEG or RTSTRUCT it is), NIfTI, NRRD or MHA.
    roi : str
        A key of ``settings.regions``, which stands for its patterns; else the name of a region, letter by letter. A
        label map takes the name of a segment where the file has names, or the number of a label; any name where it has
        one label and no names.
    grid : Grid
        Grid of the volume.
    references : References
        Identity of the volume; a DICOM segmentation of other images is refused.
    settings : Imaging
        Tolerances in mm, patterns, and what is done with several regions and with contours between slices.

    Returns
    -------
    tuple of Region
        One region, or with ``policies.several_regions: each`` one a name, sorted by name. Each has at least one voxel.

    Raises
    ------
    MissingFileError, SegmentationError, SeriesError
        ``SeriesError`` where a DICOM file is damaged or lacks an attribute.
    """
    source = _open(path, settings, pixels=True)
    return read_selected(source, roi, select(source, roi, settings), grid, references, settings)


def read_mask(path: Path, roi: str, grid: Grid, references: References, settings: Imaging) -> BoolArray:
    """Read the only region that a name or its patterns mean; as `read_regions`, but several are refused.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        The mask, with at least one voxel set.

    Raises
    ------
    MissingFileError, SegmentationError, SeriesError
    """
    regions = read_regions(path, roi, grid, references, settings)
    if len(regions) > 1:
        raise SeveralRegionsError(path, roi, [region.name for region in regions], settings.regions.get(roi, ()))
    return regions[0].mask


def require_roi(path: Path, roi: str, settings: Imaging | None = None) -> None:
    """Check that `read_regions` would find what a name means, without a volume and from headers where there are any.

    Parameters
    ----------
    settings : Imaging, optional
        Patterns and policies; the defaults if absent, with which every ``roi`` is a name.

    Raises
    ------
    MissingFileError, MissingRoiError, AmbiguousRoiError, SeveralRegionsError, EmptyMaskError
    UnknownSegmentationError, UnreadableSegmentationError, SegmentationError, SeriesError
    """
    settings = settings or Imaging()
    select(_open(path, settings, pixels=False), roi, settings)


def _open(path: Path, settings: Imaging, *, pixels: bool) -> Source:
    file, kind = _file(path)
    if kind == "labelmap":
        return labelmap.LabelMap(file, settings.mask_tolerance_mm)
    if kind == "SEG":
        return seg.Segmentation(file, pixels=pixels)
    return rtstruct.StructureSet(file)


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
    kind = sop_class(read_dataset(path, tags=("SOPClassUID",)))
    if kind in seg.SOP_CLASSES:
        return "SEG"
    return "RTSTRUCT" if kind in rtstruct.SOP_CLASSES else None
