"""From stored values to quantities: what one slice's pixels stand for, and which of them were not measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radiogenomics.config.models import PetUnit
from radiogenomics.imaging.dicom import number, optional_number, read_frames
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, PixelDataError
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.geometry import BoolArray, Values
from radiogenomics.imaging.suv import suv_factors

# What a pixel without a measurement becomes: air in HU; no signal elsewhere.
PADDED = {"CT": -1024, "MR": 0, "PT": 0, "US": 0}
# Attributes of padding; their prefix where pixels are not whole numbers (PS3.3 C.7.6.24, C.7.6.25).
PADDING = ("PaddingValue", "PaddingRangeLimit")
PREFIXES = {"float32": "FloatPixel", "float64": "DoubleFloatPixel"}
TAGS = tuple(f"{prefix}{tag}" for prefix in ("Pixel", *PREFIXES.values()) for tag in PADDING)


@dataclass(frozen=True)
class Slice:
    """One slice, not read yet.

    ``value = stored × slope + intercept``. ``padding`` has the range of stored values, both ends inclusive, that are
    padding, by the prefix of the attributes that state it: whole numbers and floats have their own.
    """

    path: Path
    frame: int
    shape: tuple[int, int]
    slope: float
    intercept: float
    padding: Mapping[str, tuple[float, float]]

    def values(self, stored: Values, fill: float) -> tuple[Values, BoolArray | None]:
        """Rescaled values, and which are padding (None: none is); padding becomes ``fill``.

        Whole numbers stay whole where slope and intercept are: int32 of the stored integers, else float64.
        """
        if stored.shape != self.shape:
            raise PixelDataError(self.path, f"{stored.shape} pixels, expected {self.shape}")
        exact = stored.dtype.kind in "iu" and self.slope.is_integer() and self.intercept.is_integer()
        values: Values = stored.astype(np.int64 if exact and abs(self.slope) > 1 else np.int32 if exact else np.float64)
        if self.slope != 1:
            values = values * (int(self.slope) if exact else self.slope)
        if self.intercept:
            values = values + (int(self.intercept) if exact else self.intercept)
        stated = self.padding.get(PREFIXES.get(stored.dtype.name, "Pixel"))
        if stated is None:
            return values, None
        low, high = sorted(_as_stored(stored, value) for value in stated)
        empty = np.asarray((stored >= low) & (stored <= high), dtype=np.bool_)
        values[empty] = fill
        return values, empty


def slices(images: Sequence[Image], modality: str, pet_unit: PetUnit) -> tuple[Slice, ...]:
    """What the pixels of each image stand for, from its header.

    Raises
    ------
    MissingTagError, InvalidTagError
        CT or PET without RescaleSlope or RescaleIntercept, a slope of 0, a padding value that is no number.
    SuvError
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
        yield from read_frames(path, [part.frame for part in members])


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
    return Slice(path, image.frame, (rows, columns), slope * factor, intercept * factor, _padding(path, header))


def _rescale(path: Path, header: Dataset, modality: str) -> tuple[float, float]:
    """Slope and intercept; both are mandatory in CT and PET (PS3.3 C.8.2.1, C.8.9.4), MR may have none."""
    if modality == "MR" and "RescaleSlope" not in header and "RescaleIntercept" not in header:
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
