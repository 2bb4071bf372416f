"""From stored values to quantities: what one slice's pixels stand for, and which of them were not measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from radiogenomics.config.imaging import PetUnit
from radiogenomics.imaging.decoding import read_frames, read_plain
from radiogenomics.imaging.dicom import number, optional_number
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, PixelDataError
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.geometry import BoolArray, Values
from radiogenomics.imaging.suv import suv_factors
from radiogenomics.imaging.ultrasound import grey, is_picture

# What a pixel without a measurement becomes: air in HU; no signal elsewhere.
PADDED = {"CT": -1024, "MR": 0, "PT": 0, "US": 0}
# Attributes of padding; their prefix where pixels are not whole numbers (PS3.3 C.7.6.24, C.7.6.25).
PADDING = ("PaddingValue", "PaddingRangeLimit")
PREFIXES = {"float32": "FloatPixel", "float64": "DoubleFloatPixel"}
LITTLE_ENDIAN = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
# Modalities whose values may be the stored ones; the others must state a rescale (PS3.3 C.8.2.1, C.8.9.4).
AS_STORED = ("MR", "US")
INT16 = np.iinfo(np.int16)
TAGS = (
    "PixelRepresentation",
    *(f"{prefix}{tag}" for prefix in ("Pixel", *PREFIXES.values()) for tag in PADDING),
)


class Plain(NamedTuple):
    """What `read_plain` must know of a file with one uncompressed frame of 16 bits a pixel."""

    offset: int
    signed: bool
    bits: int


@dataclass(frozen=True)
class Slice:
    """One slice, not read yet.

    ``value = stored × slope + intercept``. ``padding`` has the range of stored values, both ends inclusive, that are
    padding, by the prefix of the attributes that state it: whole numbers and floats have their own. ``plain`` is set
    where the pixels may be read without a decoder, ``picture`` (the header) where grey values of an ultrasound picture
    must be found in its colours, and are measured in its tissue regions only.
    """

    path: Path
    frame: int
    shape: tuple[int, int]
    slope: float
    intercept: float
    padding: Mapping[str, tuple[float, float]]
    plain: Plain | None
    picture: Dataset | None = None

    def values(self, stored: Values, fill: float) -> tuple[Values, BoolArray | None]:
        """Rescaled values, and which are padding (None: none is); padding becomes ``fill``.

        Whole numbers stay whole where slope and intercept are: int16 where all values fit, else int64. Else float64.
        """
        if self.picture is None:
            empty = None
        else:
            stored, empty = grey(self.path, self.picture, stored)
        if stored.shape != self.shape:
            raise PixelDataError(self.path, f"{stored.shape} pixels, expected {self.shape}")
        values = self._rescaled(stored)
        if (stated := self.padding.get(PREFIXES.get(stored.dtype.name, "Pixel"))) is not None:
            low, high = sorted(_as_stored(stored, value) for value in stated)
            marked = np.asarray((stored >= low) & (stored <= high), dtype=np.bool_)
            empty = marked if empty is None else empty | marked
        if empty is not None:
            values[empty] = fill
        return values, empty

    def _rescaled(self, stored: Values) -> Values:
        if not (stored.dtype.kind in "iu" and self.slope.is_integer() and self.intercept.is_integer()):
            values: Values = stored.astype(np.float64)
            return values * self.slope + self.intercept
        slope, intercept = int(self.slope), int(self.intercept)
        ends = [int(end) * slope + intercept for end in (stored.min(), stored.max())]
        small = slope == 1 and all(INT16.min <= value <= INT16.max for value in (*ends, intercept))
        if small:  # wraps around and back where stored values are unsigned
            return np.add(stored, intercept, dtype=np.int16, casting="unsafe")
        return stored.astype(np.int64) * slope + intercept


def slices(images: Sequence[Image], modality: str, pet_unit: PetUnit) -> tuple[Slice, ...]:
    """What the pixels of each image stand for, from its header.

    Raises
    ------
    MissingTagError, InvalidTagError
        CT or PET without RescaleSlope or RescaleIntercept, a slope of 0, a padding value that is no number.
    QuantityError
        See `suv_factors`, for PET in another unit than the stored one.
    """
    factors = [1.0] * len(images)
    if modality == "PT" and pet_unit != "stored":
        factors = [float(factor) for factor in suv_factors(images, pet_unit)]
    return tuple(_slice(image, modality, factor) for image, factor in zip(images, factors, strict=True))


def read_slices(parts: Sequence[Slice]) -> Iterator[Values]:
    """Stored values (n_rows, n_columns) of slices in order; a file is opened once for its neighbouring frames.

    Raises
    ------
    UnreadableDicomError, PixelDataError
    """
    for path, members in groupby(parts, key=lambda part: part.path):
        run = list(members)
        if len(run) == 1 and run[0].plain is not None:
            stored = read_plain(path, run[0].plain.offset, run[0].shape, run[0].plain.signed, run[0].plain.bits)
            if stored is not None:
                yield stored
                continue
        yield from read_frames(path, [part.frame for part in run])


def equal_pixels(images: Sequence[Image]) -> bool:
    """Whether images show the same: equal stored values and an equal rescale."""
    rescales = {
        tuple(optional_number(image.header, tag, path=image.path) for tag in ("RescaleSlope", "RescaleIntercept"))
        for image in images
    }
    if len(rescales) > 1:
        return False
    stored = [next(read_frames(image.path, [image.frame])) for image in images]
    return all(np.array_equal(stored[0], other) for other in stored[1:])


def _slice(image: Image, modality: str, factor: float) -> Slice:
    path, header = image.path, image.header
    rows, columns = (int(number(header, tag, path=path)) for tag in ("Rows", "Columns"))
    slope, intercept = _rescale(path, header, modality)
    padding = _padding(path, header)
    picture = header if is_picture(header) else None
    return Slice(
        path, image.frame, (rows, columns), slope * factor, intercept * factor, padding, _plain(image), picture
    )


def _plain(image: Image) -> Plain | None:
    """How the pixels may be read without a decoder; None where one is needed."""
    tags = ("BitsAllocated", "BitsStored", "PixelRepresentation", "NumberOfFrames")
    allocated, bits, signed, frames = (optional_number(image.header, tag, path=image.path) for tag in tags)
    if image.syntax not in LITTLE_ENDIAN or not image.offset or allocated != 16 or (frames or 1) != 1:
        return None
    if bits is None or not 1 <= bits <= 16 or bits != int(bits) or signed not in (0, 1):
        return None
    return Plain(image.offset, bool(signed), int(bits))


def _rescale(path: Path, header: Dataset, modality: str) -> tuple[float, float]:
    """Slope and intercept; both are mandatory, but for modalities `AS_STORED`."""
    if modality in AS_STORED and "RescaleSlope" not in header and "RescaleIntercept" not in header:
        return 1.0, 0.0
    slope, intercept = (number(header, tag, path=path) for tag in ("RescaleSlope", "RescaleIntercept"))
    if slope == 0:
        raise InvalidTagError(path, "RescaleSlope", slope, "a number other than 0")
    return slope, intercept


def _padding(path: Path, header: Dataset) -> dict[str, tuple[float, float]]:
    """Padding value and its range limit, in stored values (PS3.3 C.7.5.1.1.2, or the counterparts of float pixels)."""
    found = {}
    for prefix in ("Pixel", *PREFIXES.values()):
        first, last = (_optional(path, header, f"{prefix}{tag}") for tag in PADDING)
        if first is not None:
            found[prefix] = (first, first if last is None else last)
    return found


def _optional(path: Path, header: Dataset, keyword: str) -> float | None:
    """Read a number that may be absent but not wrong."""
    try:
        return number(header, keyword, path=path)
    except MissingTagError:
        return None


def _as_stored(stored: Values, value: float) -> float:
    """Express a padding value in the signedness of the pixels: some files state 63536 for -2000, or the reverse."""
    size = float(2 ** (8 * stored.dtype.itemsize))
    if stored.dtype.kind == "i" and value >= size / 2:
        return value - size
    if stored.dtype.kind == "u" and value < 0:
        return value + size
    return value
