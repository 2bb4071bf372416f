"""Whether slices form a regular grid, measured in millimetres from their positions (never from SliceThickness)."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset

from radiogenomics.imaging.agreement import Image, same
from radiogenomics.imaging.dicom import coordinates, number, numbers, text
from radiogenomics.imaging.errors import (
    DuplicateSliceError,
    GantryTiltError,
    InvalidTagError,
    MissingSliceError,
    MixedGeometryError,
    SeveralVolumesError,
    SingleSliceError,
    UnevenSpacingError,
)
from radiogenomics.imaging.geometry import FloatArray, Grid, triple

# What volumes of one series that repeat the same positions may differ in.
VOLUME_TAGS = (
    *(
        "TemporalPositionIdentifier",
        "AcquisitionNumber",
        "EchoNumbers",
        "EchoTime",
        "DiffusionBValue",
        "TriggerTime",
        "FlipAngle",
    ),
    *("ImageType", "AcquisitionTime", "ContentTime", "NumberOfTemporalPositions"),
)
# Rounding of direction cosines in real headers stays below this; beyond it the axes are not a rotation.
ORTHOGONALITY = 1e-3
# Up to this share of wide gaps slices are missing from an even stack; beyond it the stack is uneven.
MISSING_SHARE = 1 / 3


def stack(folder: Path, images: Sequence[Image], tolerance_mm: float) -> tuple[list[Image], Grid]:
    """Sort slices along their normal and give the grid that they lie on.

    The grid starts at the first slice; its slice spacing is the distance from first to last slice divided by their
    number less one. Every slice must lie within ``tolerance_mm`` of its place.

    Raises
    ------
    SeriesError
        One of its subclasses: mixed geometry, a missing or invalid attribute, one slice only, repeated positions,
        missing slices, uneven spacing, gantry tilt.
    """
    images = sorted(images, key=lambda image: image[0])
    rows, columns = _same_matrix(folder, images)
    row_axis, column_axis = _same_axes(folder, images, max(rows, columns), tolerance_mm)
    spacing = _same_pixel_spacing(folder, images, max(rows, columns), tolerance_mm)
    if len(images) == 1:
        raise SingleSliceError(folder)
    normal = np.cross(row_axis, column_axis)
    positions = np.array([coordinates(header, "ImagePositionPatient", 3, path=path) for path, header in images])
    order = np.argsort(positions @ normal, kind="stable")
    images, positions = [images[n] for n in order], positions[order]
    _refuse_repeats(folder, images, positions @ normal, tolerance_mm)
    slice_spacing = _even_spacing(folder, positions @ normal, tolerance_mm)
    _refuse_shear(folder, images, positions, normal, tolerance_mm)
    origin, direction = triple(positions[0]), (triple(normal), triple(column_axis), triple(row_axis))
    return images, Grid((len(images), rows, columns), origin, (slice_spacing, *spacing), direction)


def _same_matrix(folder: Path, images: Sequence[Image]) -> tuple[int, int]:
    rows, columns = (
        same(MixedGeometryError, folder, images, tag, [_count(path, header, tag) for path, header in images])
        for tag in ("Rows", "Columns")
    )
    for tag in ("RescaleType", "Units", "FrameOfReferenceUID"):
        values = [text(header, tag, "", path=path) for path, header in images]
        same(MixedGeometryError, folder, images, tag, values, show=tag != "FrameOfReferenceUID")
    return rows, columns


def _count(path: Path, header: FileDataset, tag: str) -> int:
    value = number(header, tag, path=path)
    if value < 1 or value != int(value):
        raise InvalidTagError(path, tag, f"{value:g}", "a whole number from 1 on")
    return int(value)


def _same_axes(folder: Path, images: Sequence[Image], size: int, tolerance_mm: float) -> tuple[FloatArray, FloatArray]:
    """Find the unit vectors along a row (rising column index) and down a column, PS3.3 C.7.6.2.1.1."""
    found = np.array([numbers(header, "ImageOrientationPatient", 6, path=path) for path, header in images]).reshape(
        -1, 2, 3
    )
    lengths, products = np.linalg.norm(found, axis=2), np.einsum("ni,ni->n", found[:, 0], found[:, 1])
    bad = np.flatnonzero((np.abs(lengths - 1).max(axis=1) > ORTHOGONALITY) | (np.abs(products) > ORTHOGONALITY))
    if bad.size:
        path, header = images[int(bad[0])]
        raise InvalidTagError(
            path, "ImageOrientationPatient", str(header.get("ImageOrientationPatient")), "two orthogonal unit vectors"
        )
    extent_mm = size * max(numbers(images[0][1], "PixelSpacing", 2, path=images[0][0]))
    _refuse_unlike(
        folder,
        images,
        "ImageOrientationPatient",
        found.reshape(-1, 6),
        tolerance_mm / extent_mm if extent_mm > 0 else 0,
    )
    row = found[0, 0] / lengths[0, 0]
    column = found[0, 1] - (found[0, 1] @ row) * row
    return row, column / np.linalg.norm(column)


def _same_pixel_spacing(folder: Path, images: Sequence[Image], size: int, tolerance_mm: float) -> tuple[float, float]:
    """Distance of rows and distance of columns in mm, PS3.3 10.7.1.3."""
    found = np.array([numbers(header, "PixelSpacing", 2, path=path) for path, header in images])
    bad = np.flatnonzero((found <= 0).any(axis=1))
    if bad.size:
        path, header = images[int(bad[0])]
        raise InvalidTagError(path, "PixelSpacing", str(header.get("PixelSpacing")), "two positive numbers")
    _refuse_unlike(folder, images, "PixelSpacing", found, tolerance_mm / size)
    return float(found[0, 0]), float(found[0, 1])


def _refuse_unlike(folder: Path, images: Sequence[Image], tag: str, values: FloatArray, tolerance: float) -> None:
    unlike = np.flatnonzero(np.abs(values - values[0]).max(axis=1) > tolerance)
    if unlike.size:
        shown = dict.fromkeys(str([float(f"{value:.6g}") for value in values[n]]) for n in (0, *unlike.tolist()))
        raise MixedGeometryError(folder, tag, list(shown), [images[n][0].name for n in unlike.tolist()])


def _refuse_repeats(folder: Path, images: Sequence[Image], along_mm: FloatArray, tolerance_mm: float) -> None:
    """Refuse slices at one position: several volumes where half of all positions repeat, else duplicates."""
    new = np.concatenate([[True], np.diff(along_mm) > tolerance_mm])
    label = np.cumsum(new) - 1
    counts = Counter(label.tolist())
    repeated = [n for n, count in counts.items() if count > 1]
    if not repeated:
        return
    if 2 * len(repeated) >= len(counts):
        raise SeveralVolumesError(folder, len(images), len(counts), _varying(images, label.tolist()))
    copies = [path.name for (path, _), n in zip(images, label.tolist(), strict=True) if n in repeated]
    raise DuplicateSliceError(folder, copies, same_instance=False)


def _varying(images: Sequence[Image], label: Sequence[int]) -> list[str]:
    """Attributes with more than one value at some position."""
    found = []
    for tag in VOLUME_TAGS:
        values: dict[int, set[str]] = defaultdict(set)
        for (path, header), n in zip(images, label, strict=True):
            values[n].add(text(header, tag, "", path=path))
        if any(len(distinct) > 1 for distinct in values.values()):
            found.append(tag)
    return found


def _even_spacing(folder: Path, along_mm: FloatArray, tolerance_mm: float) -> float:
    """Distance between slices in mm, refused where a slice lies off equal spacing."""
    gaps = np.diff(along_mm)
    spacing = float(along_mm[-1] - along_mm[0]) / len(gaps)
    deviation = float(np.abs(along_mm - (along_mm[0] + spacing * np.arange(len(along_mm)))).max())
    if deviation <= tolerance_mm:
        return spacing
    median = float(np.median(gaps))
    multiples = np.round(gaps / median)
    wide = np.flatnonzero(multiples > 1)
    whole = bool((np.abs(gaps - multiples * median) <= 2 * tolerance_mm).all() and (multiples >= 1).all())
    if whole and 0 < len(wide) <= MISSING_SHARE * len(gaps):
        missing = [(float(along_mm[n]), float(along_mm[n + 1]), int(multiples[n]) - 1) for n in wide]
        raise MissingSliceError(folder, median, missing)
    raise UnevenSpacingError(folder, float(gaps.min()), float(gaps.max()), deviation, tolerance_mm)


def _refuse_shear(
    folder: Path, images: Sequence[Image], positions: FloatArray, normal: FloatArray, tolerance_mm: float
) -> None:
    """Refuse slices beside the line along their normal: tilted where all lie on another line, else out of line."""
    offsets = positions - positions[0]
    along = offsets @ normal
    sideways = offsets - np.outer(along, normal)
    aside = np.linalg.norm(sideways, axis=1)
    if aside.max() <= tolerance_mm:
        return
    line = np.outer(along / along[-1], sideways[-1])
    out = np.flatnonzero(np.linalg.norm(sideways - line, axis=1) > tolerance_mm).tolist()
    if out:
        shown = [f"{aside[n]:.3f} mm aside" for n in out]
        raise MixedGeometryError(folder, "ImagePositionPatient", shown, [images[n][0].name for n in out])
    angle = float(np.degrees(np.arctan2(aside[-1], along[-1])))
    raise GantryTiltError(folder, angle, float(aside.max()), tolerance_mm)
