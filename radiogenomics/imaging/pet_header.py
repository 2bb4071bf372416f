"""Attributes of PET slices: those that a series has once, numbers within what they can be, private ones."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from radiogenomics.imaging.dicom import items, number, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, MixedAcquisitionError
from radiogenomics.imaging.quantity_errors import ImplausibleValueError

Value = TypeVar("Value")

ISOTOPE = "RadiopharmaceuticalInformationSequence"
# What numbers can be, in the unit of DICOM. Weight: a newborn to above the limit of scanner tables. Size: a size in cm
# is refused. Activity: 10 MBq in a child to 2 GBq of Rb-82, so that MBq, mCi and (below 1 GBq) kBq are refused.
# Half-life: Rb-82 (76 s) to I-124 (4.2 days).
RANGES = {
    "PatientWeight": ("kg", 1.0, 400.0),
    "PatientSize": ("m", 0.3, 2.5),
    "RadionuclideTotalDose": ("Bq", 1e6, 1e10),
    "RadionuclideHalfLife": ("s", 60.0, 1e6),
}


@dataclass(frozen=True)
class Private:
    """A private attribute; ``maker`` is in Manufacturer where a file has lost the private creator."""

    creator: str
    group: int
    element: int
    name: str
    maker: str

    def __str__(self) -> str:
        """Keyword with the tag that it usually has."""
        return f"{self.name} ({self.group:04x},10{self.element:02x})"


GE_SCAN_START = Private("GEMS_PETD_01", 0x0009, 0x0D, "PETScanDateTime", "GE ")
PHILIPS_SUV = Private("Philips PET Private Group", 0x7053, 0x00, "SUVScaleFactor", "PHILIPS")
PHILIPS_ACTIVITY = Private("Philips PET Private Group", 0x7053, 0x09, "ActivityConcentrationScaleFactor", "PHILIPS")
# Private blocks that the header pass reads; a block moves up where another creator has taken the first.
BLOCKS = range(0x10, 0x14)


class Headed(Protocol):
    """A file with its header, as the header pass reads it."""

    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def header(self) -> Dataset: ...  # noqa: D102


@dataclass(frozen=True)
class Item:
    """An item of a sequence of a slice."""

    path: Path
    header: Dataset


def shared(images: Sequence[Headed], tag: str, read: Callable[..., Value]) -> Value:
    """Value that all slices share; values are counted, not shown, since they may concern the patient."""
    values = [read(image.header, tag, path=image.path) for image in images]
    unlike = [image.path.name for image, value in zip(images, values, strict=True) if value != values[0]]
    if unlike:
        distinct = len({str(value) for value in values})
        raise MixedAcquisitionError(images[0].path.parent, tag, [f"{distinct} different"], list(dict.fromkeys(unlike)))
    return values[0]


def optional_text(header: Dataset, tag: str, *, path: Path) -> str:
    """Text of an attribute, empty where it is absent."""
    return text(header, tag, "", path=path)


def terms(header: Dataset, tag: str, *, path: Path) -> frozenset[str]:
    """Words of an attribute, in any order."""
    return frozenset(re.findall(r"\w+", text(header, tag, path=path)))


def plausible(header: Dataset, tag: str, *, path: Path) -> float:
    """Read a number within its range; the message does not show it."""
    unit, low, high = RANGES[tag]
    try:
        value = number(header, tag, path=path)
    except InvalidTagError:
        raise InvalidTagError(path, tag, "no number", f"one number in {unit}") from None
    if not low <= value <= high:
        raise ImplausibleValueError(path, tag, unit, low, high, above=value > high)
    return value


def private_number(image: Headed, tag: Private) -> float | None:
    """Read a private attribute that is a number; None where it is absent, InvalidTagError where it is no number."""
    value = private_text(image, tag)
    if not value:
        return None
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidTagError(image.path, str(tag), value[:16], "a finite number")
    return found


def private_text(image: Headed, tag: Private) -> str:
    """Value of a private attribute as text, empty where it is absent or another creator has its place."""
    header, creators = image.header, image.header.private_creators(tag.group)
    if tag.creator in creators:
        place = header.private_block(tag.group, tag.creator).get_tag(tag.element)
    elif not creators and tag.maker in text(header, "Manufacturer", "", path=image.path).upper():
        place = Tag(tag.group, 0x1000 | tag.element)
    else:
        return ""
    value = header[place].value if place in header else None
    plain = value.decode("ascii", "replace") if isinstance(value, bytes) else str("" if value is None else value)
    return plain.strip("\0 ")


def isotope(image: Headed) -> Item:
    """Item of the one injection; MissingTagError, InvalidTagError where there are several."""
    found = items(image.header, ISOTOPE, path=image.path)
    if not found:
        raise MissingTagError(image.path, ISOTOPE)
    if len(found) > 1:
        raise InvalidTagError(image.path, ISOTOPE, f"{len(found)} items", "one item, one injection")
    return Item(image.path, found[0])
