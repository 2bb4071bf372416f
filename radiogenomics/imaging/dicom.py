"""Reading DICOM headers: attributes as checked plain values, digests in place of UIDs."""

import hashlib
import io
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, PixelDataError, UnreadableDicomError
from radiogenomics.imaging.geometry import FARTHEST_MM
from radiogenomics.imaging.segmentation_errors import FrameOfReferenceError

# Keywords, or tags that have none.
Tags: TypeAlias = Sequence[str | tuple[int, int]]
PIXEL_SIZE = ("SamplesPerPixel", "BitsAllocated")
# Pixels of the largest frame that is read: 8192 × 8192, eight times the largest detectors of radiology.
LARGEST_FRAME = 2**26
# Headers are parsed in memory where they end within this many bytes: four times as long as those of most scanners.
HEAD_BYTES = 65_536
# First bytes of a pixel data element, in either byte order; parsing stops before it.
PIXEL_GROUPS = (b"\xe0\x7f", b"\x7f\xe0")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings about odd values to itself: what matters here is checked and refused by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read_dataset(path: Path, *, pixels: bool = False, tags: Tags | None = None) -> FileDataset:
    """Read one DICOM file, with or without preamble.

    Raises
    ------
    UnreadableDicomError
        The file cannot be parsed, or names no SOP class.
    """
    return _read(path, pixels, tags)[0]


def read_header(path: Path, tags: Tags) -> tuple[FileDataset, int]:
    """Header of a file as `read_dataset` gives it, and where in the file its pixel data element starts."""
    return _read(path, False, tags)


class _File(io.BufferedReader):
    """A file that is never asked for more than it holds: a damaged length would have that much memory allocated."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most ``size`` bytes."""
        if size is not None and size > io.DEFAULT_BUFFER_SIZE:
            size = min(size, os.fstat(self.fileno()).st_size - self.tell())
        return super().read(size)


def _read(path: Path, pixels: bool, tags: Tags | None) -> tuple[FileDataset, int]:
    wanted = None if tags is None else [_tag(name) for name in tags]
    try:
        with quiet():
            dataset, end = (None if pixels else _read_head(path, wanted)) or _read_file(path, pixels, wanted)
            known = "SOPClassUID" in dataset or "MediaStorageSOPClassUID" in dataset.file_meta
    except Exception as error:  # pydicom raises whatever a damaged file leads it into
        raise UnreadableDicomError(path, f"{type(error).__name__}: {error}") from error
    if not known:
        raise UnreadableDicomError(path, "no SOPClassUID")
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = _found_encoding(dataset)
    return dataset, end


def _read_head(path: Path, wanted: list[BaseTag] | None) -> tuple[FileDataset, int] | None:
    """Header and its end, parsed in memory; None where it may go on beyond `HEAD_BYTES`.

    pydicom reads an element in three or four steps. From memory they take half the time that they take from a file.
    """
    with path.open("rb", buffering=0) as stream:
        head = stream.read(HEAD_BYTES)
    whole = len(head) < HEAD_BYTES
    try:
        with io.BytesIO(head) as memory:
            dataset = pydicom.dcmread(memory, stop_before_pixels=True, specific_tags=wanted, force=True)
            end = memory.tell()
    except Exception:  # the end of the head is no damage of the file
        if whole:
            raise
        return None
    return (dataset, end) if whole or head[end : end + 2] in PIXEL_GROUPS else None


def _read_file(path: Path, pixels: bool, wanted: list[BaseTag] | None) -> tuple[FileDataset, int]:
    with _File(io.FileIO(path)) as stream:
        dataset = pydicom.dcmread(stream, stop_before_pixels=not pixels, specific_tags=wanted, force=True)
        return dataset, stream.tell()


@cache
def _tag(name: str | tuple[int, int]) -> BaseTag:
    """Tag of a keyword; pydicom takes seven times as long to find it."""
    return Tag(name)


def refuse_impossible_size(path: Path, header: FileDataset) -> None:
    """Refuse a file whose header promises more pixels than the file or the memory can hold, before they are read.

    Raises
    ------
    InvalidTagError
        A frame of more than `LARGEST_FRAME` pixels.
    PixelDataError
        The file is shorter than its uncompressed pixels alone.
    """
    rows, columns, frames, samples, bits = (
        optional_number(header, tag, path=path) for tag in ("Rows", "Columns", "NumberOfFrames", *PIXEL_SIZE)
    )
    if rows is None or columns is None:
        return
    if rows * columns > LARGEST_FRAME:
        raise InvalidTagError(path, "Rows", f"{rows:g} × {columns:g}", f"at most {LARGEST_FRAME} pixels a frame")
    syntax = transfer_syntax(header)
    plain = not (syntax.is_private or not syntax.is_transfer_syntax or syntax.is_encapsulated or syntax.is_deflated)
    if plain and samples == 1 and bits is not None:
        needed, found = int(rows * columns * (frames or 1) * bits) // 8, path.stat().st_size
        if found < needed:
            raise PixelDataError(path, f"cut off: {found} bytes, its pixels alone take {needed}")


def sop_class(header: Dataset) -> str:
    """SOP class UID of the data set, else that of the file's meta information, empty where neither has one."""
    return _uid(header, "SOPClassUID") or _uid(getattr(header, "file_meta", Dataset()), "MediaStorageSOPClassUID")


def transfer_syntax(header: FileDataset) -> UID:
    """Transfer syntax that a file states, empty where what it states is no UID."""
    with quiet():
        return UID(_uid(header.file_meta, "TransferSyntaxUID"))


def _uid(dataset: Dataset, keyword: str) -> str:
    try:
        return str(_value(dataset, keyword, Path()) or "")
    except InvalidTagError:  # an identity that cannot be read is none
        return ""


def digest(uid: str) -> str:
    """BLAKE2b of a UID: enough to compare identities, while the UID itself is stored nowhere."""
    return hashlib.blake2b(uid.encode(), digest_size=16).hexdigest() if uid else ""


@dataclass(frozen=True)
class References:
    """What a segmentation may refer to, as digests: the frame of reference (empty if unknown) and the instances."""

    frame_of_reference: str = ""
    instances: frozenset[str] = frozenset()

    def check(self, path: Path, frame_of_reference: str, instances: Sequence[str]) -> None:
        """Refuse a segmentation of other images; both arguments are UIDs as the segmentation states them.

        One of the series' own images among ``instances`` settles it (some writers invent a frame of reference). Else
        the frames of reference must be equal where both are known; where one is not, images that are listed but
        foreign are refused. Where nothing is stated, only geometry is left to compare.
        """
        listed = {digest(uid) for uid in instances if uid}
        if self.instances & listed:
            return
        if self.frame_of_reference and frame_of_reference:
            if digest(frame_of_reference) != self.frame_of_reference:
                raise FrameOfReferenceError(path, "drawn in another frame of reference than the volume's")
        elif self.instances and listed:
            raise FrameOfReferenceError(path, f"none of the {len(listed)} image(s) that it refers to is in the series")


def text(dataset: Dataset, keyword: str, default: str | None = None, *, path: Path) -> str:
    """Value as text; MissingTagError where it is absent or empty and there is no default."""
    value = _value(dataset, keyword, path)
    if isinstance(value, pydicom.Sequence):
        raise InvalidTagError(path, keyword, "a sequence", "text")
    if value is None or str(value).strip() == "":
        if default is None:
            raise MissingTagError(path, keyword)
        return default
    return str(value).strip()


def number(dataset: Dataset, keyword: str, *, path: Path) -> float:
    """One finite number; MissingTagError, InvalidTagError."""
    return numbers(dataset, keyword, 1, path=path)[0]


def optional_number(dataset: Dataset, keyword: str, *, path: Path) -> float | None:
    """First of an attribute's numbers, None where there is none (for facts, not for geometry)."""
    try:
        value = _value(dataset, keyword, path)
        first = value[0] if isinstance(value, (list, pydicom.multival.MultiValue)) else value
        result = float(first)
    except (InvalidTagError, TypeError, ValueError, IndexError):
        return None
    return result if math.isfinite(result) else None


def numbers(dataset: Dataset, keyword: str, count: int | None = None, *, path: Path) -> tuple[float, ...]:
    """``count`` finite numbers (any number of them if None); MissingTagError, InvalidTagError."""
    value = _value(dataset, keyword, path)
    if value is None or value == "":
        raise MissingTagError(path, keyword)
    if isinstance(value, pydicom.Sequence):  # its text would convert all that is in it
        raise InvalidTagError(path, keyword, "a sequence", "numbers")
    values = list(value) if isinstance(value, (list, pydicom.multival.MultiValue)) else [value]
    try:
        found = tuple(float(item) for item in values)
    except (TypeError, ValueError) as error:
        raise InvalidTagError(path, keyword, str(value)[:80], "numbers") from error
    if (count is not None and len(found) != count) or not all(math.isfinite(item) for item in found):
        raise InvalidTagError(path, keyword, str(value)[:80], f"{count or 'any number of'} finite numbers")
    return found


def coordinates(dataset: Dataset, keyword: str, count: int | None = None, *, path: Path) -> tuple[float, ...]:
    """Numbers in LPS mm within `FARTHEST_MM` of the origin; MissingTagError, InvalidTagError."""
    found = numbers(dataset, keyword, count, path=path)
    far = [value for value in found if abs(value) > FARTHEST_MM]
    if far:
        raise InvalidTagError(path, keyword, far[0], f"coordinates within {FARTHEST_MM:g} mm of the origin")
    return found


def items(dataset: Dataset, keyword: str, *, path: Path) -> list[Dataset]:
    """Items of a sequence, none where it is absent; InvalidTagError where it is no sequence."""
    value = _value(dataset, keyword, path)
    if value is None:
        return []
    if not isinstance(value, Sequence) or not all(isinstance(item, Dataset) for item in value):
        raise InvalidTagError(path, keyword, type(value).__name__, "a sequence of data sets")
    return list(value)


def _value(dataset: Dataset, keyword: str, path: Path) -> Any:  # noqa: ANN401 - whatever the attribute holds
    """Value, converted by pydicom only now; what it cannot convert is an invalid value."""
    tag = _tag(keyword)
    stored = dataset.get_item(tag, keep_deferred=True)
    if stored is None or isinstance(stored, DataElement):
        return None if stored is None else stored.value
    try:
        with quiet():
            return dataset[tag].value
    except Exception as error:  # conversion raises ValueError, OverflowError, struct.error, … by value representation
        raise InvalidTagError(path, keyword, type(error).__name__, "a value of its representation") from error


def _found_encoding(dataset: FileDataset) -> UID:
    """Transfer syntax of a file that states none: how its elements were read; compression cannot be meant."""
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian
