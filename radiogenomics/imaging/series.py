"""A folder of DICOM files as one volume, decided from headers alone; anything doubtful is refused by name.

Which images belong to the volume is decided in `selection` and `several_volumes`; whether they mean the same by their
values, in `agreement`; whether they form a regular grid, in `stack`; what a stored value stands for, in `pixels`.
Defects that a policy allows to repair are repaired, and what was done is kept in `Series.repairs`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.config.imaging import Imaging, PetUnit
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging import acquisition, agreement, pixels, selection, suv
from radiogenomics.imaging.acquisition import Acquisition
from radiogenomics.imaging.agreement import check_agreement
from radiogenomics.imaging.dicom import PIXEL_SIZE, References, digest, optional_number, sop_class, text
from radiogenomics.imaging.frames import ENHANCED, VOLUMES, Image, read_images
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.lossy import lossy_pixels
from radiogenomics.imaging.pixels import Slice, equal_pixels, slices
from radiogenomics.imaging.resampling import Repair, Resampling
from radiogenomics.imaging.several_volumes import one_volume
from radiogenomics.imaging.stack import Stack, stack
from radiogenomics.imaging.ultrasound import ULTRASOUND_TAGS, is_picture, picture_grid

logger = logging.getLogger(__name__)

TAGS = (
    *("SOPClassUID", "FrameOfReferenceUID", "Rows", "Columns", "PixelSpacing", "LossyImageCompression"),
    *("ImagePositionPatient", "ImageOrientationPatient", "RescaleType", "Units"),
    *(*PIXEL_SIZE, *agreement.TAGS, *selection.TAGS, *pixels.TAGS, *suv.SUV_TAGS),
    *acquisition.ACQUISITION_TAGS,
    *ULTRASOUND_TAGS,
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
SUV_UNITS = {"suvbw": "SUVbw g/ml", "suvlbm": "SUVlbm g/ml", "suvbsa": "SUVbsa cm²/ml"}


@dataclass(frozen=True)
class Series:
    """One volume, not read yet: its slices from the first to the last, and its grid.

    ``unit`` is the unit of the voxel values: ``HU`` for CT, SUV or that of ``Units`` for PET, empty for MR and US.
    UIDs are kept as digests only. ``resampling`` says how planes are made of slices where a repair moves them.
    """

    slices: tuple[Slice, ...]
    grid: Grid
    modality: str
    unit: str
    acquisition: Acquisition
    series: str
    references: References
    resampling: Resampling | None = None
    repairs: tuple[Repair, ...] = ()


def read_series(folder: Path, settings: Imaging, select: str = "") -> Series:
    """Find the one volume in a folder and check that its slices form it; pixels are not read.

    Files that are not DICOM (see `dicom_files`), DICOMDIR, and objects without an image of their own to offer (SEG,
    RTSTRUCT, SR, …), which are often exported with a series, are passed over.

    Parameters
    ----------
    folder : Path
        Folder with the files of one series; folders below it are searched too.
    settings : Imaging
        Tolerances in mm, policies by defect, the unit of PET.
    select : str
        Which of several volumes: its number from 1 on, or ``KEYWORD=VALUE[;KEYWORD=VALUE]``; empty if there is one.

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
    images, repairs = _images(folder, settings, select)
    modalities = [VOLUMES[sop_class(image.header)] for image in images]
    check_agreement(folder, images, modalities)
    stacked = _stacked(folder, images, settings)
    first = stacked.images[0]
    logger.debug("%s series of %s", modalities[0], stacked.grid.describe())
    return Series(
        slices=slices(stacked.images, modalities[0], settings.pet_unit),
        grid=stacked.grid,
        modality=modalities[0],
        unit=_unit(first, modalities[0], settings.pet_unit),
        acquisition=Acquisition.of(first.path, first.header),
        series=digest(text(first.header, "SeriesInstanceUID", path=first.path)),
        references=References(
            digest(text(first.header, "FrameOfReferenceUID", "", path=first.path)), _instances(stacked.images)
        ),
        resampling=stacked.resampling,
        repairs=(*repairs, *stacked.repairs),
    )


def _images(folder: Path, settings: Imaging, select: str) -> tuple[list[Image], list[Repair]]:
    """Images of the volume, and what was left out by policy."""
    policies = settings.policies
    images, damaged = read_images(folder, TAGS, policies.unreadable_dicom)
    repairs = [Repair("unreadable_dicom", "drop", f"{len(damaged)} file(s)")] if damaged else []
    images, chosen = selection.one_series(folder, images, select, policies)
    images, foreign = selection.slices_only(folder, images, _is_slice, policies)
    images, copies = selection.once_each(folder, images, equal_pixels, policies)
    images, odd = selection.one_kind(images, policies)
    images, split = one_volume(folder, images, select, policies, settings.slice_tolerance_mm)
    if policies.duplicate_slice == "drop":
        images, again = selection.single_copies(images, equal_pixels, settings.slice_tolerance_mm)
        copies += again
    return images, [
        *repairs,
        *chosen,
        *foreign,
        *copies,
        *odd,
        *split,
        *lossy_pixels(folder, images, policies.lossy_compression),
    ]


def _stacked(folder: Path, images: Sequence[Image], settings: Imaging) -> Stack:
    """Slices on their grid; an ultrasound picture, which has no position, is a stack by itself."""
    first = images[0]
    if is_picture(first.header):
        return Stack((first,), picture_grid(first.path, first.header), None, ())
    return stack(folder, images, settings)


def _is_slice(image: Image) -> bool:
    """Whether an image is a grey-level slice of a volume, or an ultrasound picture, which is looked at later."""
    if is_picture(image.header):
        return True
    kind = text(image.header, "ImageType", "", path=image.path).upper()
    samples = optional_number(image.header, "SamplesPerPixel", path=image.path) or 1
    frames_stated = optional_number(image.header, "NumberOfFrames", path=image.path) or 1
    known = sop_class(image.header) in VOLUMES and (frames_stated == 1 or sop_class(image.header) in ENHANCED)
    return known and "LOCALIZER" not in kind and samples == 1


def _instances(images: Sequence[Image]) -> frozenset[str]:
    return frozenset(digest(text(image.header, "SOPInstanceUID", path=image.path)) for image in images)


def _unit(image: Image, modality: str, pet_unit: PetUnit) -> str:
    """Name the unit of the rescaled values; MR is in arbitrary units."""
    if modality == "CT":
        kind = text(image.header, "RescaleType", "HU", path=image.path)  # HU unless stated otherwise, PS3.3 C.8.2.1
        return "" if kind == "US" else kind
    if modality != "PT":
        return ""
    if pet_unit != "stored":
        return SUV_UNITS[pet_unit]
    units = text(image.header, "Units", path=image.path)
    return PET_UNITS.get(units, units)
