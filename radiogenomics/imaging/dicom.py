"""Reading DICOM files: which files are DICOM, their attributes as checked plain values, digests in place of UIDs."""

import hashlib
import io
import math
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.utils import iter_pixels, pixel_array
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, PixelDataError, UnreadableDicomError
from radiogenomics.imaging.geometry import FARTHEST_MM, Values
from radiogenomics.imaging.segmentation_errors import FrameOfReferenceError

# Keywords, or tags that have none.
Tags: TypeAlias = Sequence[str | tuple[int, int]]
MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
PREFIX_OFFSET = 128
# A data set written without preamble starts with group 0002 or 0008, in either byte order.
BARE_STARTS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
# Names of DICOM files, and of files that are often found beside them.
DICOM_SUFFIXES = frozenset({".dcm", ".dicom", ".dic", ".dc3", ".ima"})
OTHER_SUFFIXES = frozenset(
    f".{end}"
    for end in (
        *("txt", "md", "rst", "log", "html", "htm", "pdf", "doc", "docx", "rtf", "json", "xml", "csv", "tsv", "xls"),
        *("xlsx", "yaml", "yml", "ini", "inf", "cfg", "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "svg", "nii"),
        *("gz", "zip", "tar", "nrrd", "nhdr", "mha", "mhd", "npy", "mat", "db", "exe", "dll", "bat", "sh", "py", "lnk"),
        *("url", "css", "js", "md5", "sha256", "done", "lock"),
    )
)
# Length of the head of a pixel data element by tag and value representation (none: implicit, PS3.5 7.1.3).
PLAIN_PIXELS = {(b"\xe0\x7f\x10\x00", b"OW"): 12, (b"\xe0\x7f\x10\x00", b""): 8}
PIXEL_SIZE = ("SamplesPerPixel", "BitsAllocated")
# Pixels of the largest frame that is read: 8192 × 8192, eight times the largest detectors of radiology.
LARGEST_FRAME = 2**26
OTHER_NAMES = frozenset({"README", "LICENSE", "VERSION", "LOCKFILE"})


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings about odd values to itself: what matters here is checked and refused by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def is_dicom(path: Path) -> bool:
    """Whether the file has DICOM's prefix (PS3.10 section 7.1) or starts like a data set written without it."""
    with path.open("rb") as stream:
        start = stream.read(PREFIX_OFFSET + 4)
    return start[PREFIX_OFFSET:] == b"DICM" or (len(start) > 8 and start[:2] in BARE_STARTS)


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
    try:
        with quiet(), _File(io.FileIO(path)) as stream:
            wanted: Any = None if tags is None else list(tags)  # keywords and tags may be mixed
            dataset = pydicom.dcmread(stream, stop_before_pixels=not pixels, specific_tags=wanted, force=True)
            end = stream.tell()
            known = "SOPClassUID" in dataset or "MediaStorageSOPClassUID" in dataset.file_meta
    except Exception as error:  # pydicom raises whatever a damaged file leads it into
        raise UnreadableDicomError(path, f"{type(error).__name__}: {error}") from error
    if not known:
        raise UnreadableDicomError(path, "no SOPClassUID")
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = _found_encoding(dataset)
    return dataset, end


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


def decode(path: Path, dataset: FileDataset) -> Values:
    """Stored values of a file's pixels, decompressed; PixelDataError where they are cut off or damaged."""
    with decoding(path):
        stored: Values = dataset.pixel_array
    return stored


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises into PixelDataError, a panic of one written in Rust too (no `Exception`)."""
    try:
        with quiet():
            yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        raise PixelDataError(path, f"{type(error).__name__}: {error}") from error


def read_frames(path: Path, frames: Sequence[int]) -> Iterator[Values]:
    """Stored values (n_rows, n_columns) of some frames of a file, in the given order, decoded one at a time.

    Raises
    ------
    UnreadableDicomError, PixelDataError
    """
    if list(frames) == [0]:  # files without meta information, too
        dataset = read_dataset(path, pixels=True)
        with decoding(path):
            stored: Values = pixel_array(dataset, index=0)
        yield stored
        return
    found = iter_pixels(path, indices=list(frames))
    for _ in frames:
        with decoding(path):
            stored = next(found)
        yield stored


def read_plain(path: Path, offset: int, shape: tuple[int, int], signed: bool, bits: int) -> Values | None:
    """Stored values of a file's only frame, uncompressed, little endian, of 16 bits each; None where it is none.

    Parameters
    ----------
    offset : int
        Start of the pixel data element, as `read_header` gives it.
    bits : int
        BitsStored; bits above it mean nothing and are cleared, or made to continue the sign.
    """
    size = 2 * shape[0] * shape[1]
    with path.open("rb") as stream:
        stream.seek(offset)
        head = stream.read(12)
        start = PLAIN_PIXELS.get((head[:4], head[4:6] if head[4:6].isalpha() else b""))
        if start is None or int.from_bytes(head[start - 4 : start], "little") != size:
            return None
        stream.seek(offset + start)
        stored = np.fromfile(stream, dtype="<i2" if signed else "<u2", count=shape[0] * shape[1])
    if stored.size != shape[0] * shape[1]:
        return None
    if bits < 16:
        np.left_shift(stored, 16 - bits, out=stored)
        np.right_shift(stored, 16 - bits, out=stored)
    return stored.reshape(shape)


def sop_class(header: Dataset) -> str:
    """SOP class UID of the data set, else that of the file's meta information, empty where neither has one."""
    return _uid(header, "SOPClassUID") or _uid(getattr(header, "file_meta", Dataset()), "MediaStorageSOPClassUID")


def transfer_syntax(header: FileDataset) -> UID:
    """Transfer syntax that a file states, empty where what it states is no UID."""
    with quiet():
        return UID(_uid(header.file_meta, "TransferSyntaxUID"))


def _uid(dataset: Dataset, keyword: str) -> str:
    try:
        with quiet():
            return str(dataset.get(keyword) or "")
    except Exception:  # as in `_value`; an identity that cannot be read is none
        return ""


def dicom_files(path: Path, damaged: list[str] | None = None) -> list[Path]:
    """DICOM files of a folder and the folders below it, sorted by path.

    DICOMDIR, hidden files and files of other kinds are passed over. A file that may once have been DICOM is not: it
    could be a slice, and at the end of a stack nothing else would miss it. With a list ``damaged``, the names of such
    files are appended to it instead.

    Raises
    ------
    UnreadableDicomError
        A link to nothing, a file too short for the prefix, or one that is named like DICOM and is not; unless it is
        hidden or its name says that it is of another kind.
    """
    found = sorted(file for file in path.rglob("*") if file.is_file() or (file.is_symlink() and not file.exists()))
    files = []
    for file in found:
        try:
            if file.name.upper() != "DICOMDIR" and _belongs(file, path):
                files.append(file)
        except UnreadableDicomError:
            if damaged is None:
                raise
            damaged.append(file.name)
    return files


def _belongs(file: Path, folder: Path) -> bool:
    """Whether a file of a folder is DICOM; refused where it is not but should be."""
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    expendable = hidden or file.suffix.lower() in OTHER_SUFFIXES or file.name.upper() in OTHER_NAMES
    if not file.exists():
        problem = "a link to a file that is not there"
    elif is_dicom(file):
        return True
    elif (size := file.stat().st_size) < PREFIX_OFFSET + 4:
        problem = f"{size} byte(s), too short for a DICOM file"
    elif file.suffix.lower() in DICOM_SUFFIXES:
        problem = "named like a DICOM file, but without its prefix"
    else:
        return False
    if not expendable:
        raise UnreadableDicomError(file, problem)
    return False


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
    if not isinstance(value, Sequence):
        raise InvalidTagError(path, keyword, type(value).__name__, "a sequence")
    return list(value)


def _value(dataset: Dataset, keyword: str, path: Path) -> Any:  # noqa: ANN401 - whatever the attribute holds
    """Value, converted by pydicom only now; what it cannot convert is an invalid value."""
    try:
        with quiet():
            return dataset.get(keyword)
    except Exception as error:  # conversion raises ValueError, OverflowError, struct.error, … by value representation
        raise InvalidTagError(path, keyword, type(error).__name__, "a value of its representation") from error


def _found_encoding(dataset: FileDataset) -> UID:
    """Transfer syntax of a file that states none: how its elements were read; compression cannot be meant."""
    implicit, little = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian
