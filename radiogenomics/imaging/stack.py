"""Whether slices form a regular grid, measured in millimetres from their positions (never from SliceThickness)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.agreement import same
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
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.geometry import FloatArray, Grid, triple
from radiogenomics.imaging.resampling import WHOLE, Repair, Resampling, between, even_planes
from radiogenomics.imaging.several_volumes import position_labels, varying

# Rounding of direction cosines in real headers stays below this; beyond it the axes are not a rotation.
ORTHOGONALITY = 1e-3
# Up to this share of wide gaps slices are missing from an even stack; beyond it the stack is uneven.
MISSING_SHARE = 1 / 3
# A stack is not interpolated to more than this many times its slices: most of the volume would be made up.
LARGEST_GROWTH = 2


@dataclass(frozen=True)
class Stack:
    """Slices in rising order along their normal, the grid of the volume, and how its planes are made where not 1:1."""

    images: tuple[Image, ...]
    grid: Grid
    resampling: Resampling | None
    repairs: tuple[Repair, ...]


def stack(folder: Path, images: Sequence[Image], settings: Imaging) -> Stack:
    """Sort slices along their normal and give the grid that they lie on.

    The grid starts at the first slice; its slice spacing is the distance from first to last slice divided by their
    number less one. Every slice must lie within ``slice_tolerance_mm`` of its place, unless the policies say how the
    stack is to be repaired: a tilted one by shifting slices within their planes, an uneven one by interpolation along
    the normal.

    Raises
    ------
    SeriesError
        One of its subclasses: mixed geometry, a missing or invalid attribute, one slice only, repeated positions,
        missing slices, uneven spacing, gantry tilt.
    """
    tolerance_mm = settings.slice_tolerance_mm
    images = sorted(images, key=lambda image: (image.path, image.frame))
    rows, columns = _same_matrix(folder, images)
    row_axis, column_axis = _same_axes(folder, images, max(rows, columns), tolerance_mm)
    spacing = _same_pixel_spacing(folder, images, max(rows, columns), tolerance_mm)
    if len(images) == 1:
        raise SingleSliceError(folder)
    normal = np.cross(row_axis, column_axis)
    positions = np.array([coordinates(image.header, "ImagePositionPatient", 3, path=image.path) for image in images])
    order = np.argsort(positions @ normal, kind="stable")
    images, positions = [images[n] for n in order], positions[order]
    along = positions @ normal
    _refuse_repeats(folder, images, along, tolerance_mm)
    planes, uneven = _planes(folder, along, settings)
    aside, tilted = _aside(folder, images, positions, normal, settings)
    resampling, first = None, (0, 0)
    if uneven or tilted:
        offsets = aside @ np.column_stack([column_axis, row_axis]) / spacing
        resampling, first = _resampling(along, planes, offsets, (rows, columns), tolerance_mm)
    grid = Grid(
        (len(planes), *(resampling.shape if resampling else (rows, columns))),
        triple(positions[0] + first[0] * spacing[0] * column_axis + first[1] * spacing[1] * row_axis),
        (float(planes[-1] - planes[0]) / (len(planes) - 1), *spacing),
        (triple(normal), triple(column_axis), triple(row_axis)),
    )
    repairs = tuple(repair for repair in (uneven, tilted) if repair is not None)
    return Stack(tuple(images), grid, resampling, repairs)


def _resampling(
    along_mm: FloatArray, planes_mm: FloatArray, offsets: FloatArray, shape: tuple[int, int], tolerance_mm: float
) -> tuple[Resampling, tuple[int, int]]:
    """Resampling onto a matrix that holds all of every slice, and its first pixel as seen from the first slice's."""
    low = np.floor(offsets.min(axis=0) + WHOLE).astype(int)
    high = np.ceil(offsets.max(axis=0) - WHOLE).astype(int)
    below, weight = between(along_mm, planes_mm, tolerance_mm)
    placed = [(float(row), float(column)) for row, column in offsets - low]
    matrix = (int(shape[0] + high[0] - low[0]), int(shape[1] + high[1] - low[1]))
    return Resampling(tuple(below), tuple(weight), tuple(placed), matrix), (int(low[0]), int(low[1]))


def _same_matrix(folder: Path, images: Sequence[Image]) -> tuple[int, int]:
    rows, columns = (
        same(MixedGeometryError, folder, images, tag, [_count(image.path, image.header, tag) for image in images])
        for tag in ("Rows", "Columns")
    )
    for tag in ("RescaleType", "Units", "FrameOfReferenceUID"):
        values = [text(image.header, tag, "", path=image.path) for image in images]
        same(MixedGeometryError, folder, images, tag, values, show=tag != "FrameOfReferenceUID")
    return rows, columns


def _count(path: Path, header: Dataset, tag: str) -> int:
    value = number(header, tag, path=path)
    if value < 1 or value != int(value):
        raise InvalidTagError(path, tag, f"{value:g}", "a whole number from 1 on")
    return int(value)


def _same_axes(folder: Path, images: Sequence[Image], size: int, tolerance_mm: float) -> tuple[FloatArray, FloatArray]:
    """Find the unit vectors along a row (rising column index) and down a column, PS3.3 C.7.6.2.1.1."""
    stated = [numbers(image.header, "ImageOrientationPatient", 6, path=image.path) for image in images]
    found = np.array(stated).reshape(-1, 2, 3)
    lengths, products = np.linalg.norm(found, axis=2), np.einsum("ni,ni->n", found[:, 0], found[:, 1])
    bad = np.flatnonzero((np.abs(lengths - 1).max(axis=1) > ORTHOGONALITY) | (np.abs(products) > ORTHOGONALITY))
    if bad.size:
        image = images[int(bad[0])]
        value = str(image.header.get("ImageOrientationPatient"))
        raise InvalidTagError(image.path, "ImageOrientationPatient", value, "two orthogonal unit vectors")
    extent_mm = size * max(numbers(images[0].header, "PixelSpacing", 2, path=images[0].path))
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
    found = np.array([numbers(image.header, "PixelSpacing", 2, path=image.path) for image in images])
    bad = np.flatnonzero((found <= 0).any(axis=1))
    if bad.size:
        image = images[int(bad[0])]
        stated = str(image.header.get("PixelSpacing"))
        raise InvalidTagError(image.path, "PixelSpacing", stated, "two positive numbers")
    _refuse_unlike(folder, images, "PixelSpacing", found, tolerance_mm / size)
    return float(found[0, 0]), float(found[0, 1])


def _refuse_unlike(folder: Path, images: Sequence[Image], tag: str, values: FloatArray, tolerance: float) -> None:
    unlike = np.flatnonzero(np.abs(values - values[0]).max(axis=1) > tolerance)
    if unlike.size:
        shown = dict.fromkeys(str([float(f"{value:.6g}") for value in values[n]]) for n in (0, *unlike.tolist()))
        raise MixedGeometryError(folder, tag, list(shown), [images[n].name for n in unlike.tolist()])


def _refuse_repeats(folder: Path, images: Sequence[Image], along_mm: FloatArray, tolerance_mm: float) -> None:
    """Refuse slices at one position: several volumes where half of all positions repeat, else duplicates."""
    labels = position_labels(along_mm, tolerance_mm)
    counts = Counter(labels)
    repeated = [n for n, count in counts.items() if count > 1]
    if not repeated:
        return
    if 2 * len(repeated) >= len(counts):
        raise SeveralVolumesError(folder, len(images), len(counts), varying(images, labels))
    copies = [image.name for image, n in zip(images, labels, strict=True) if n in repeated]
    raise DuplicateSliceError(folder, copies, same_instance=False)


def _planes(folder: Path, along_mm: FloatArray, settings: Imaging) -> tuple[FloatArray, Repair | None]:
    """Positions of the volume's planes along the normal; slices off equal spacing are refused or repaired."""
    gaps = np.diff(along_mm)
    even = np.linspace(along_mm[0], along_mm[-1], len(along_mm))
    deviation, tolerance_mm = float(np.abs(along_mm - even).max()), settings.slice_tolerance_mm
    if deviation <= tolerance_mm:
        return even, None
    median = float(np.median(gaps))
    multiples = np.round(gaps / median)
    wide = np.flatnonzero(multiples > 1)
    whole = bool((np.abs(gaps - multiples * median) <= 2 * tolerance_mm).all() and (multiples >= 1).all())
    refused: MissingSliceError | UnevenSpacingError
    if whole and 0 < len(wide) <= MISSING_SHARE * len(gaps):
        missing = [(float(along_mm[n]), float(along_mm[n + 1]), int(multiples[n]) - 1) for n in wide]
        refused, policy = MissingSliceError(folder, median, missing), settings.policies.missing_slice
        fact = f"{refused.missing} slice(s) between others, spacing {median:.3f} mm"
    else:
        refused = UnevenSpacingError(folder, float(gaps.min()), float(gaps.max()), deviation, tolerance_mm)
        policy = settings.policies.uneven_spacing
        fact = f"distances of {gaps.min():.3f} to {gaps.max():.3f} mm to {median:.3f} mm"
    planes = even_planes(along_mm, median)
    if policy == "refuse" or len(planes) > LARGEST_GROWTH * len(along_mm):
        raise refused
    return planes, Repair(refused.reason, policy, fact)


def _aside(
    folder: Path, images: Sequence[Image], positions: FloatArray, normal: FloatArray, settings: Imaging
) -> tuple[FloatArray, Repair | None]:
    """(n_slices, 3) mm by which slices lie beside the line along their normal through the first.

    Slices that lie on another line are tilted, which is refused or corrected; slices out of line are refused.
    """
    tolerance_mm = settings.slice_tolerance_mm
    offsets = positions - positions[0]
    along = offsets @ normal
    sideways: FloatArray = offsets - np.outer(along, normal)
    aside = np.linalg.norm(sideways, axis=1)
    if aside.max() <= tolerance_mm:
        return np.zeros_like(sideways), None
    line = np.outer(along / along[-1], sideways[-1])
    out = np.flatnonzero(np.linalg.norm(sideways - line, axis=1) > tolerance_mm).tolist()
    if out:
        shown = [f"{aside[n]:.3f} mm aside" for n in out]
        raise MixedGeometryError(folder, "ImagePositionPatient", shown, [images[n].name for n in out])
    angle = float(np.degrees(np.arctan2(aside[-1], along[-1])))
    if settings.policies.gantry_tilt == "refuse":
        raise GantryTiltError(folder, angle, float(aside.max()), tolerance_mm)
    fact = f"{angle:.2f}°, slices shifted by up to {aside.max():.3f} mm"
    return sideways, Repair(GantryTiltError.reason, settings.policies.gantry_tilt, fact)
