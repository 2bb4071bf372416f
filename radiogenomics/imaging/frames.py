"""The images of a folder as single frames, whether a file holds one of them or all.

An enhanced multi-frame object (PS3.3 A.36, A.38, A.56, A.59 and legacy-converted forms) states in functional groups
what classic slices state at the top level. It is taken apart into one header a frame with the classic keywords, so that
everything that follows knows one kind of image only.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydicom.dataset import Dataset, FileDataset

from radiogenomics.errors import RadiogenomicsError
from radiogenomics.imaging.dicom import (
    Tags,
    items,
    optional_number,
    read_header,
    refuse_impossible_size,
    sop_class,
    transfer_syntax,
)
from radiogenomics.imaging.dicom_files import dicom_files
from radiogenomics.imaging.enhanced_pet import ENHANCED_PET, MAPPINGS, pet_frame
from radiogenomics.imaging.errors import (
    MultiframeError,
    NoDicomError,
    NotAnImageSeriesError,
    PixelDataError,
    UnreadableDicomError,
)
from radiogenomics.imaging.ultrasound import US_VOLUME, volume_frame

logger = logging.getLogger(__name__)

# Enhanced and legacy-converted objects (PS3.4 annex B.5) and the modality of their frames.
ENHANCED = {
    f"1.2.840.10008.5.1.4.1.1.{end}": modality
    for end, modality in (
        *(("2.1", "CT"), ("2.2", "CT"), ("4.1", "MR"), ("4.4", "MR"), ("128.1", "PT"), ("130", "PT")),
        ("6.2", "US"),
    )
}
# All SOP classes that are read. Those of single slices, and of ultrasound pictures (3.1 may be a film, refused later).
SINGLE = (("2", "CT"), ("4", "MR"), ("128", "PT"), ("6.1", "US"), ("3.1", "US"))
VOLUMES = {f"1.2.840.10008.5.1.4.1.1.{end}": modality for end, modality in SINGLE} | ENHANCED
# Objects about images that are exported with them: presentation states, registrations and segmentations, surfaces,
# parametric maps, structured reports, key objects, encapsulated documents, radiotherapy objects. They are passed over.
ATTACHED = tuple(f"1.2.840.10008.5.1.4.1.1.{start}" for start in ("11.", "66", "67", "88.", "104.", "30", "481."))
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
TAGS = ("SOPClassUID", "Rows", "NumberOfFrames", *GROUPS)
# Objects whose frames state otherwise what slices do.
TRANSLATED: dict[str, Callable[[Path, Dataset], Dataset]] = {US_VOLUME: volume_frame, ENHANCED_PET: pet_frame}
# Classic keywords of what functional groups call otherwise.
CLASSIC = {
    "FrameType": "ImageType",
    "EffectiveEchoTime": "EchoTime",
    "TemporalPositionIndex": "TemporalPositionIdentifier",
    "FrameAcquisitionNumber": "AcquisitionNumber",
    "FrameAcquisitionDateTime": "AcquisitionDateTime",
}


@dataclass(frozen=True)
class Image:
    """One frame: its file, header with the classic keywords, transfer syntax, and number in the file (from 0 on).

    ``offset`` is where in the file the pixel data element starts, 0 where that is not known.
    """

    path: Path
    header: Dataset
    syntax: str
    frame: int = 0
    offset: int = 0

    @property
    def name(self) -> str:
        """The file's name, with the number of the frame from 1 on where the file holds several."""
        several = int(optional_number(self.header, "NumberOfFrames", path=self.path) or 1) > 1
        return f"{self.path.name} frame {self.frame + 1}" if several else self.path.name


def read_images(folder: Path, tags: Tags, damaged: Literal["refuse", "drop"]) -> tuple[list[Image], tuple[str, ...]]:
    """Read the header of every image in a folder and the folders below it; no pixel is read.

    Parameters
    ----------
    tags : tuple
        Keywords (or tags) that are read.
    damaged : {"refuse", "drop"}
        What is done with files that cannot be parsed or are cut off.

    Returns
    -------
    images : list of Image
        Frames in the order of path and frame number.
    dropped : tuple of str
        Names of the files that were left out.

    Raises
    ------
    NoDicomError, NotAnImageSeriesError, UnreadableDicomError, PixelDataError, MultiframeError
    """
    images: list[Image] = []
    dropped: list[str] = []
    files = 0
    for path in dicom_files(folder, damaged=dropped if damaged == "drop" else None):
        files += 1
        try:
            images += _frames(path, tags)
        except (UnreadableDicomError, PixelDataError) as error:
            if damaged == "refuse":
                raise
            logger.info("left out: %s", error)
            dropped.append(path.name)
    if not files:
        raise NoDicomError(folder, sum(path.is_file() for path in folder.rglob("*")))
    if not images:
        found = [path.name for path in dicom_files(folder, damaged=[])]
        raise NotAnImageSeriesError(folder, "no image among its DICOM objects", found)
    return images, tuple(dropped)


def _frames(path: Path, tags: Tags) -> list[Image]:
    """Images of one file; none where it is an object about images."""
    header, offset = read_header(path, (*TAGS, *tags))
    kind = sop_class(header)
    if kind.startswith((*ATTACHED, MEDIA_DIRECTORY)):
        return []
    if kind in VOLUMES and "Rows" not in header:
        raise UnreadableDicomError(path, "cut off within its header, or an image without Rows")
    refuse_impossible_size(path, header)
    if kind not in ENHANCED:
        return [Image(path, header, transfer_syntax(header), offset=offset)]
    try:
        return list(_taken_apart(path, header, offset))
    except RadiogenomicsError:
        raise
    except Exception as error:  # conversion of a value raises what its representation leads it into
        raise UnreadableDicomError(path, f"its functional groups: {type(error).__name__}") from error


def _taken_apart(path: Path, header: FileDataset, offset: int) -> Iterator[Image]:
    shared, groups = (items(header, name, path=path) for name in GROUPS)
    frames = int(optional_number(header, "NumberOfFrames", path=path) or 1)
    if len(groups) != frames:
        raise MultiframeError(path, frames, len(groups))
    for name in GROUPS:
        if name in header:
            del header[name]
    header.SOPClassUID = sop_class(header)
    for number, group in enumerate(groups):
        flat = Dataset()
        flat.update(header)
        for source in (*shared, group):
            _add_macros(path, flat, source)
        translate = TRANSLATED.get(header.SOPClassUID)
        yield Image(path, flat if translate is None else translate(path, flat), transfer_syntax(header), number, offset)


def _add_macros(path: Path, flat: Dataset, group: Dataset) -> None:
    """Put the attributes of a functional group's macros at the top level; private groups keep what is theirs."""
    for tag in group.keys():  # noqa: SIM118 - iterating a data set converts every element
        if tag.is_private:
            continue
        keyword = group[tag].keyword
        if keyword == MAPPINGS:  # there may be several, of several quantities
            flat[tag] = group[tag]
            continue
        macro = items(group, keyword, path=path) if keyword.endswith("Sequence") else []
        if len(macro) != 1:
            continue
        for inner in macro[0].keys():  # noqa: SIM118
            if inner.is_private:
                continue
            element = macro[0][inner]
            flat[inner] = element
            if (classic := CLASSIC.get(element.keyword)) is not None:
                setattr(flat, classic, element.value)
