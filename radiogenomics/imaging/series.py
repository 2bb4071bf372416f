"""A folder of DICOM files as one volume, decided from headers alone; anything doubtful is refused by name.

What is in the folder and which file belongs to the series is decided here; whether its slices mean the same by their
values, in `agreement`; whether they form a regular grid, in `stack`.
"""

import logging
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import FileDataset

from radiogenomics.config.models import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging import agreement, stack
from radiogenomics.imaging.agreement import Image, check_agreement
from radiogenomics.imaging.dicom import (
    MEDIA_DIRECTORY,
    References,
    dicom_files,
    digest,
    optional_number,
    read_dataset,
    sop_class,
    text,
)
from radiogenomics.imaging.errors import (
    DuplicateSliceError,
    InvalidTagError,
    MultiframeError,
    NoDicomError,
    NotAnImageSeriesError,
    SeveralSeriesError,
)
from radiogenomics.imaging.geometry import Grid

logger = logging.getLogger(__name__)

# SOP classes (PS3.4 annex B.5) that are read, one image a file, and their modality.
VOLUMES = {"1.2.840.10008.5.1.4.1.1.2": "CT", "1.2.840.10008.5.1.4.1.1.4": "MR", "1.2.840.10008.5.1.4.1.1.128": "PT"}
# Enhanced and legacy-converted CT, MR and PET.
MULTIFRAME = tuple(f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2.1", "2.2", "4.1", "4.3", "4.4", "128.1", "130"))
# Objects about images that are exported with them: presentation states, registrations and segmentations, surfaces,
# parametric maps, structured reports, key objects, encapsulated documents, radiotherapy objects. They are passed over.
ATTACHED = tuple(f"1.2.840.10008.5.1.4.1.1.{start}" for start in ("11.", "66", "67", "88.", "104.", "30", "481."))

TAGS = (
    *(
        "SOPClassUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "SeriesNumber",
        "FrameOfReferenceUID",
        "Modality",
        "ImageType",
    ),
    *(
        "Rows",
        "Columns",
        "NumberOfFrames",
        "SamplesPerPixel",
        "PixelSpacing",
        "ImagePositionPatient",
        "ImageOrientationPatient",
    ),
    *(
        "RescaleType",
        "Units",
        "Manufacturer",
        "ManufacturerModelName",
        "SliceThickness",
        "MagneticFieldStrength",
    ),
    *agreement.TAGS,
    *stack.VOLUME_TAGS,
)
# Units of PET (PS3.3 C.8.9.1.1.3) as they are written usually; other codes stay as they are.
PET_UNITS = {
    "BQML": "Bq/ml",
    "CNTS": "counts",
    "CPS": "counts/s",
    "GML": "g/ml",
    "NONE": "",
    "PROPCPS": "proportional to counts/s",
    "PROPCNTS": "proportional to counts",
}


@dataclass(frozen=True)
class Acquisition:
    """How the series was acquired, as its first slice states it; empty or None where it does not."""

    manufacturer: str
    model: str
    kernel: str
    slice_thickness_mm: float | None
    kvp: float | None
    field_strength_t: float | None

    def record(self) -> dict[str, Any]:
        """Facts as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Series:
    """One volume, not read yet: its files from the first slice to the last, and its grid.

    ``unit`` is the unit of the voxel values: ``HU`` for CT, that of ``Units`` for PET, empty for MR. UIDs are kept as
    digests only.
    """

    files: tuple[Path, ...]
    grid: Grid
    modality: str
    unit: str
    acquisition: Acquisition
    series: str
    references: References


def read_series(folder: Path, settings: Imaging) -> Series:
    """Find the one image series in a folder and check that its slices form a volume; pixels are not read.

    Files that are not DICOM (see `dicom_files`), DICOMDIR, and objects without an image of their own to offer (SEG,
    RTSTRUCT, SR, …), which are often exported with a series, are passed over.

    Parameters
    ----------
    folder : Path
        Folder with the files of one series; folders below it are searched too.
    settings : Imaging
        ``slice_tolerance_mm``: how far a slice may lie from its place on the regular grid.

    Returns
    -------
    Series
        Slices in the order of rising position along the normal (row × column direction), whatever their file name or
        InstanceNumber.

    Raises
    ------
    MissingFileError
        There is no such folder.
    SeriesError
        One of its subclasses says why the folder does not hold one volume.
    """
    if not folder.is_dir():
        raise MissingFileError(folder, "series folder")
    images = _one_series(folder, _images(folder))
    _refuse_copies(folder, images)
    modalities = [VOLUMES[sop_class(header)] for _, header in images]
    check_agreement(folder, images, modalities)
    ordered, grid = stack.stack(folder, images, settings.slice_tolerance_mm)
    first_path, first = ordered[0]
    references = References(digest(text(first, "FrameOfReferenceUID", "", path=first_path)), _instances(ordered))
    logger.debug("%s series of %s", modalities[0], grid.describe())
    return Series(
        files=tuple(path for path, _ in ordered),
        grid=grid,
        modality=modalities[0],
        unit=_unit(first_path, first, modalities[0]),
        acquisition=_acquisition(first_path, first),
        series=digest(text(first, "SeriesInstanceUID", path=first_path)),
        references=references,
    )


def _images(folder: Path) -> list[Image]:
    """Every image in the folder; refused where there is none."""
    files = dicom_files(folder)
    if not files:
        raise NoDicomError(folder, sum(path.is_file() for path in folder.rglob("*")))
    headers = [(path, read_dataset(path, tags=TAGS)) for path in files]
    images = [
        (path, header) for path, header in headers if not sop_class(header).startswith((*ATTACHED, MEDIA_DIRECTORY))
    ]
    if not images:
        raise NotAnImageSeriesError(folder, "no image among its DICOM objects", [path.name for path in files])
    return images


def _one_series(folder: Path, images: list[Image]) -> list[Image]:
    """Images, refused unless they are single-frame slices of one CT, MR or PET series."""
    series: dict[str, list[Image]] = defaultdict(list)
    for path, header in images:
        series[text(header, "SeriesInstanceUID", "", path=path)].append((path, header))
    if len(series) > 1:
        raise SeveralSeriesError(folder, [_describe(members) for members in series.values()])
    for path, header in images:
        frames = int(optional_number(header, "NumberOfFrames", path=path) or 1)
        if sop_class(header) in MULTIFRAME or (sop_class(header) in VOLUMES and frames > 1):
            raise MultiframeError(path, frames)
    foreign = [path.name for path, header in images if not _is_slice(path, header)]
    if foreign:
        raise NotAnImageSeriesError(folder, "localizers, screen captures or images of another kind in it", foreign)
    return images


def _describe(members: list[Image]) -> str:
    """Modality, number, count and first file of a series; its description is free text, which may hold a name."""
    path, header = members[0]
    number = text(header, "SeriesNumber", "without number", path=path)
    modality = text(header, "Modality", "unknown modality", path=path)
    return f"{modality} series {number} ({len(members)} file(s), e.g. {path.name})"


def _is_slice(path: Path, header: FileDataset) -> bool:
    kind = text(header, "ImageType", "", path=path).upper()
    samples = optional_number(header, "SamplesPerPixel", path=path) or 1
    return sop_class(header) in VOLUMES and "LOCALIZER" not in kind and samples == 1


def _refuse_copies(folder: Path, images: list[Image]) -> None:
    instances: dict[str, list[str]] = defaultdict(list)
    for path, header in images:
        instances[text(header, "SOPInstanceUID", path=path)].append(path.name)
    copies = [name for names in instances.values() if len(names) > 1 for name in names]
    if copies:
        raise DuplicateSliceError(folder, copies, same_instance=True)


def _instances(images: list[Image]) -> frozenset[str]:
    return frozenset(digest(text(header, "SOPInstanceUID", path=path)) for path, header in images)


def _unit(path: Path, header: FileDataset, modality: str) -> str:
    """Name the unit of the rescaled values; MR is in arbitrary units."""
    if modality == "MR":
        return ""
    if modality == "CT":
        kind = text(header, "RescaleType", "HU", path=path)  # HU unless stated otherwise, PS3.3 C.8.2.1
        return "" if kind == "US" else kind
    units = text(header, "Units", path=path)
    return PET_UNITS.get(units, units)


def _acquisition(path: Path, header: FileDataset) -> Acquisition:
    def fact(keyword: str) -> str:
        try:
            return text(header, keyword, "", path=path)
        except InvalidTagError:
            return ""

    return Acquisition(
        manufacturer=fact("Manufacturer"),
        model=fact("ManufacturerModelName"),
        kernel=fact("ConvolutionKernel"),
        slice_thickness_mm=optional_number(header, "SliceThickness", path=path),
        kvp=optional_number(header, "KVP", path=path),
        field_strength_t=optional_number(header, "MagneticFieldStrength", path=path),
    )
