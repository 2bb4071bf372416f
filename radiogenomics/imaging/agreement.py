"""What the slices of one series must state alike, beside their geometry, so that one value means one thing in all."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydicom.dataset import Dataset

from radiogenomics.imaging.dicom import items, number, optional_number, text
from radiogenomics.imaging.errors import InvalidTagError, MixedAcquisitionError, MixedGeometryError
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.ultrasound import COLOURS, is_picture

Value = TypeVar("Value")

# Attributes that are read here.
TAGS = (
    *("PhotometricInterpretation", "BitsStored", "HighBit", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence"),
    *("ConvolutionKernel", "KVP"),
)
# PS3.3 C.7.6.3.1.2; the two differ in display only, their stored values mean the same.
GREY = ("MONOCHROME1", "MONOCHROME2")
# These of an ultrasound picture; its objects have no MONOCHROME1 (PS3.3 C.8.5.6.1.2).
PICTURE = ("MONOCHROME2", *COLOURS)
RESCALE = ("RescaleSlope", "RescaleIntercept")


def check_agreement(folder: Path, images: Sequence[Image], modalities: Sequence[str]) -> None:
    """Refuse slices whose values would mean different things, or are encoded in a way that is not read.

    Parameters
    ----------
    images : sequence of Image
        Slices of one series, in any order.
    modalities : sequence of str
        Modality of each slice by its SOP class: ``CT``, ``MR``, ``PT`` or ``US``.

    Raises
    ------
    MixedAcquisitionError
        SOP class, photometric interpretation, convolution kernel or kVp differ; in CT, the rescale differs; in MR and
        US, only some slices have a rescale.
    InvalidTagError
        Pixels that are not grey values (ultrasound pictures may store these as colours), do not fill the low bits of
        their words, or are mapped by a table.
    MissingTagError
        CT or PET without a rescale.
    """
    same(MixedAcquisitionError, folder, images, "SOPClassUID", list(modalities))
    for image in images:
        _check_encoding(image.path, image.header)
    for tag, read in {**_rescale(modalities[0]), **ALIKE}.items():
        values = [read(image.header, tag, path=image.path) for image in images]
        same(MixedAcquisitionError, folder, images, tag, values)


def same(
    error: type[MixedGeometryError | MixedAcquisitionError],
    folder: Path,
    images: Sequence[Image],
    tag: str,
    values: Sequence[Value],
    *,
    show: bool = True,
) -> Value:
    """Value that all slices share, else the error; UIDs are counted (``show=False``), not shown."""
    unlike = [image.name for image, value in zip(images, values, strict=True) if value != values[0]]
    if unlike:
        distinct = list(dict.fromkeys(str(value) for value in values))
        raise error(folder, tag, distinct if show else [f"{len(distinct)} different"], unlike)
    return values[0]


def _check_encoding(path: Path, header: Dataset) -> None:
    kind = text(header, "PhotometricInterpretation", path=path)
    known = PICTURE if is_picture(header) else GREY
    if kind not in known:
        raise InvalidTagError(path, "PhotometricInterpretation", kind, f"one of {', '.join(known)}")
    stored, high = (optional_number(header, tag, path=path) for tag in ("BitsStored", "HighBit"))
    if stored is not None and high is not None and high != stored - 1:
        raise InvalidTagError(path, "HighBit", int(high), f"{int(stored) - 1}, one less than BitsStored")
    if items(header, "ModalityLUTSequence", path=path):
        raise InvalidTagError(path, "ModalityLUTSequence", "a table of values", "RescaleSlope and RescaleIntercept")


def _rescale(modality: str) -> dict[str, Callable[..., object]]:
    """How slices state their rescale: one in CT, each its own in PET (checked to be there), else all or none."""
    readers = {"CT": number, "PT": _has_number, "MR": _is_there, "US": _is_there}
    return dict.fromkeys(RESCALE, readers[modality])


def _has_number(header: Dataset, keyword: str, *, path: Path) -> bool:
    number(header, keyword, path=path)
    return True


def _is_there(header: Dataset, keyword: str, *, path: Path) -> str:
    return "present" if text(header, keyword, "", path=path) else "absent"


def _or_empty(header: Dataset, keyword: str, *, path: Path) -> str:
    return text(header, keyword, "", path=path)


# Facts of the acquisition that all slices share.
ALIKE: dict[str, Callable[..., object]] = {
    "PhotometricInterpretation": text,
    "ConvolutionKernel": _or_empty,
    "KVP": optional_number,
}
