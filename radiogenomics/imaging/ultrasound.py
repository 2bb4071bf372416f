"""Ultrasound: where a picture shows tissue, how large its pixels are, and grey values that are stored as colours.

A picture of US (PS3.3 A.6, A.7) is the scanner's screen. What was measured lies in the regions that it describes
(C.8.5.5); around them there are scales, texts and curves. Such pictures have no position in the patient. An Enhanced US
Volume (A.59) has positions in a frame of its own, the volume's, whose axes need not be the patient's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from pydicom.dataset import Dataset

from radiogenomics.imaging.dicom import coordinates, items, number, numbers, optional_number, sop_class, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, PixelDataError
from radiogenomics.imaging.geometry import BoolArray, Grid, Values
from radiogenomics.imaging.ultrasound_errors import (
    CineError,
    ColouredPixelsError,
    MixedScaleError,
    NoTissueRegionError,
)

Box: TypeAlias = tuple[int, int, int, int]

US_IMAGE, US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.3.1"
US_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"
PICTURES = (US_IMAGE, US_MULTIFRAME)
# Attributes that are read here, of a picture and of a frame whose functional groups have been put at the top level.
ULTRASOUND_TAGS = (
    *("SOPClassUID", "NumberOfFrames", "Rows", "Columns", "BitsStored", "PhotometricInterpretation"),
    *("SequenceOfUltrasoundRegions", "PixelSpacing"),
    *("ImagePositionVolume", "ImageOrientationVolume", "VolumeFrameOfReferenceUID", "DataType"),
)
# Enumerated values of C.8.5.5.1.1, C.8.5.5.1.2 and C.8.5.5.1.15.
TWO_DIMENSIONAL, TISSUE, COLOUR_FLOW, CENTIMETRES = 1, 1, 2, 3
MM_PER_CM = 10.0
# Distance that the only slice of a picture is given, since a grid needs one: its volumes in mm³ are areas in mm².
THICKNESS_MM = 1.0
# Regions of one scale may differ by this share: rounding, not half a pixel over a picture of 1000.
SAME_SCALE = 5e-4
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
# Channels of a grey pixel may differ by this much after JPEG.
GREY_LEVELS = 2
# Up to this share of the pixels may be coloured marks (focus, logo, callipers); more is Doppler or a tint.
MARKS = 0.01


@dataclass(frozen=True)
class Calibration:
    """Pixel size of a picture, and where it holds.

    ``spacing_mm`` is (rows, columns), the order of PixelSpacing. Boxes are (row0, row1, column0, column1), of which
    row1 and column1 are outside: those of tissue, and those of other regions (curves, bars) that may cover them.
    """

    spacing_mm: tuple[float, float]
    tissue: tuple[Box, ...]
    other: tuple[Box, ...] = ()

    @property
    def box(self) -> Box:
        """Smallest box around all tissue regions."""
        rows0, rows1, columns0, columns1 = np.array(self.tissue).T
        return int(rows0.min()), int(rows1.max()), int(columns0.min()), int(columns1.max())

    def inside(self, shape: Sequence[int]) -> BoolArray:
        """Pixels (n_rows, n_columns) that show tissue."""
        result = np.zeros(tuple(shape), dtype=np.bool_)
        for boxes, value in ((self.tissue, True), (self.other, False)):
            for row0, row1, column0, column1 in boxes:
                result[row0:row1, column0:column1] = value
        return result


def is_picture(header: Dataset) -> bool:
    """Whether an image is the screen of a scanner, without a position in the patient."""
    return sop_class(header) in PICTURES


def picture_grid(path: Path, header: Dataset) -> Grid:
    """Grid of a picture: one slice at the origin, columns along x and rows along y, pixels of its tissue regions.

    Raises
    ------
    UltrasoundError, MissingTagError, InvalidTagError
        See `calibration`.
    """
    rows, columns = (int(number(header, tag, path=path)) for tag in ("Rows", "Columns"))
    spacing_mm = (THICKNESS_MM, *calibration(path, header).spacing_mm)
    return Grid((1, rows, columns), (0.0, 0.0, 0.0), spacing_mm, ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))


def calibration(path: Path, header: Dataset) -> Calibration:
    """Pixel size of an ultrasound picture and where tissue is, from its regions.

    PixelSpacing, which the standard does not give these pictures, counts only where no region is described; then the
    whole picture is taken for tissue. Regions that reach beyond the picture are refused: somebody has scaled the pixels
    and left the regions as they were, so that their scale is wrong.

    Raises
    ------
    CineError, NoTissueRegionError, MixedScaleError
    MissingTagError
        Neither regions nor PixelSpacing, or a region lacks an attribute.
    InvalidTagError
        A scale in another unit than cm, of 0, or a region beyond the picture.
    """
    frames = int(optional_number(header, "NumberOfFrames", path=path) or 1)
    if is_picture(header) and frames > 1:
        raise CineError(path, frames)
    regions = items(header, "SequenceOfUltrasoundRegions", path=path)
    if not regions:
        return _uncalibrated(path, header)
    kinds = [_kind(path, region) for region in regions]
    tissue = [region for region, kind in zip(regions, kinds, strict=True) if kind == (TWO_DIMENSIONAL, TISSUE)]
    if not tissue:
        raise NoTissueRegionError(path, kinds)
    spacings = [_spacing_mm(path, region) for region in tissue]
    if not np.allclose(spacings, spacings[0], rtol=SAME_SCALE, atol=0):
        raise MixedScaleError(path, spacings)
    shown = (TWO_DIMENSIONAL, TISSUE), (TWO_DIMENSIONAL, COLOUR_FLOW)
    covering = [region for region, kind in zip(regions, kinds, strict=True) if kind not in shown]
    return Calibration(
        spacings[0],
        tuple(_region_box(path, header, region) for region in tissue),
        tuple(_region_box(path, header, region) for region in covering),
    )


def grey(path: Path, header: Dataset, stored: Values) -> tuple[Values, BoolArray]:
    """Grey values of an ultrasound picture, and which of its pixels hold no measurement.

    Most scanners store grey pictures as colours. They are read where the channels are equal, or in YBR the colour
    differences are zero, to two levels; the value is that of green, or of luminance. Coloured pixels are none of
    tissue: up to 1 % of the region may be marks, which hold no measurement either.

    Parameters
    ----------
    path, header
        File and its header, of one frame.
    stored : (n_rows, n_columns) or (n_rows, n_columns, 3)
        Decoded pixels; of YBR either as stored or converted to RGB.

    Returns
    -------
    values : (n_rows, n_columns), type of ``stored``
        Grey values, unchanged outside of tissue.
    padding : (n_rows, n_columns) bool
        Pixels outside of the tissue regions or coloured.

    Raises
    ------
    ColouredPixelsError
        More than 1 % of the tissue region is coloured.
    InvalidTagError
        Another PhotometricInterpretation: a palette, or MONOCHROME1, which these objects do not have.
    PixelDataError
        Pixels of another shape than the header states.
    UltrasoundError, MissingTagError
        See `calibration`.
    """
    kind = text(header, "PhotometricInterpretation", path=path)
    if kind not in ("MONOCHROME2", *COLOURS):
        raise InvalidTagError(path, "PhotometricInterpretation", kind, f"MONOCHROME2 or one of {', '.join(COLOURS)}")
    shape = tuple(int(number(header, tag, path=path)) for tag in ("Rows", "Columns"))
    expected = shape if kind == "MONOCHROME2" else (*shape, 3)
    if stored.shape != expected:
        raise PixelDataError(path, f"{stored.shape} pixels, expected {expected}")
    inside = calibration(path, header).inside(shape)
    if kind == "MONOCHROME2":
        return stored, ~inside
    values, coloured = _luminance(path, header, stored, inside)
    share = float(coloured[inside].mean()) if inside.any() else 0.0
    if share > MARKS:
        raise ColouredPixelsError(path, share)
    return values, ~inside | coloured


def volume_frame(path: Path, header: Dataset) -> Dataset:
    """Copy of the header of one frame of an Enhanced US Volume with the keywords of a slice.

    ImagePositionPatient and ImageOrientationPatient become those in the Volume Frame of Reference (PS3.3
    C.7.6.16.2.21, C.7.6.16.2.22), in mm: every frame has them, while those in the patient are conditional. They give
    shape, size and order; left, posterior and superior mean the volume's axes, and the frame of reference is the
    volume's.

    Parameters
    ----------
    path, header
        File, and one frame's attributes with its functional groups put at the top level.

    Raises
    ------
    MissingTagError, InvalidTagError
        Position or orientation is missing or malformed, or the frame shows something else than tissue, such as flow.
    """
    kind = text(header, "DataType", "TISSUE_INTENSITY", path=path)
    if kind != "TISSUE_INTENSITY":
        raise InvalidTagError(path, "DataType", kind, "TISSUE_INTENSITY")
    frame = Dataset()
    frame.update(header)
    frame.ImagePositionPatient = list(coordinates(header, "ImagePositionVolume", 3, path=path))
    frame.ImageOrientationPatient = list(numbers(header, "ImageOrientationVolume", 6, path=path))
    frame.FrameOfReferenceUID = text(header, "VolumeFrameOfReferenceUID", "", path=path)
    return frame


def _uncalibrated(path: Path, header: Dataset) -> Calibration:
    """Pixel size of a picture that describes no region."""
    if "PixelSpacing" not in header:
        raise MissingTagError(path, "SequenceOfUltrasoundRegions")
    rows, columns = numbers(header, "PixelSpacing", 2, path=path)
    if min(rows, columns) <= 0:
        raise InvalidTagError(path, "PixelSpacing", f"{rows:g}\\{columns:g}", "two positive numbers")
    n_rows, n_columns = (int(number(header, tag, path=path)) for tag in ("Rows", "Columns"))
    return Calibration((rows, columns), ((0, n_rows, 0, n_columns),))


def _kind(path: Path, region: Dataset) -> tuple[int, int]:
    spatial, data = (int(number(region, tag, path=path)) for tag in ("RegionSpatialFormat", "RegionDataType"))
    return spatial, data


def _spacing_mm(path: Path, region: Dataset) -> tuple[float, float]:
    """Distance of rows and of columns; a scale may be negative where it counts upwards."""
    found = []
    for axis in ("Y", "X"):
        unit = number(region, f"PhysicalUnits{axis}Direction", path=path)
        if unit != CENTIMETRES:
            raise InvalidTagError(path, f"PhysicalUnits{axis}Direction", int(unit), f"{CENTIMETRES} (cm)")
        step = abs(number(region, f"PhysicalDelta{axis}", path=path)) * MM_PER_CM
        if step == 0:
            raise InvalidTagError(path, f"PhysicalDelta{axis}", step, "a number other than 0")
        found.append(step)
    return found[0], found[1]


def _region_box(path: Path, header: Dataset, region: Dataset) -> Box:
    """Box of a region; its last pixel belongs to it, unless a writer states the picture's size there."""
    ends: list[int] = []
    for axis, size in (("Y", "Rows"), ("X", "Columns")):
        length = int(number(header, size, path=path))
        first, last = f"RegionLocationMin{axis}0", f"RegionLocationMax{axis}1"
        start, stop = (int(number(region, tag, path=path)) for tag in (first, last))
        if not 0 <= start <= stop <= length or start == length:
            raise InvalidTagError(path, last, f"{start} to {stop}", f"pixels of a picture with {length} {size}")
        ends += [start, min(stop + 1, length)]
    return ends[0], ends[1], ends[2], ends[3]


def _luminance(path: Path, header: Dataset, stored: Values, inside: BoolArray) -> tuple[Values, BoolArray]:
    """Grey values, and which pixels are coloured.

    Decoders convert YBR to RGB or do not, and the header stays the same. Equal channels are grey in RGB; in YBR they
    would be one shade at most, that of no colour difference, so that the two cannot be taken for one another.
    """
    levels = stored.astype(np.int32)
    rgb = np.ptp(levels, axis=-1) > GREY_LEVELS
    if not text(header, "PhotometricInterpretation", path=path).startswith("YBR"):
        return stored[..., 1], rgb
    neutral = 1 << (int(number(header, "BitsStored", path=path)) - 1)
    ybr = np.abs(levels[..., 1:] - neutral).max(axis=-1) > GREY_LEVELS
    if np.count_nonzero(ybr & inside) < np.count_nonzero(rgb & inside):
        return stored[..., 0], ybr
    return stored[..., 1], rgb
