"""A small picture of a mask on its volume, for a person to see whether they belong together.

Three planes (axial, coronal, sagittal) through the mask's largest cross-section along each axis, all of the same scale,
with square pixels in mm. Radiological convention: the patient's right is on the left of the picture.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from radiogenomics.files import whole_file
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid, Values

if TYPE_CHECKING:
    from PIL import Image

SIDE_PX = 160
# Part of the body shown: a cube around the region, this many times its largest extent, at least this wide.
MARGIN, SMALLEST_MM = 2.5, 80.0
CT_WINDOW_HU = (-160.0, 240.0)
PET_WINDOW_SUV = (0.0, 10.0)
PERCENTILES = (1.0, 99.0)
# Few grey levels keep the file small; two palette entries follow for the contour and the letters.
GREYS = 20
CONTOUR_RGB, LETTER_RGB = (255, 214, 0), (90, 200, 255)
# Letters at the left, right, top and bottom of each plane.
LETTERS = (("R", "L", "A", "P"), ("R", "L", "S", "I"), ("A", "P", "S", "I"))


@dataclass(frozen=True)
class _Oriented:
    """Values and mask with axes rising to Superior, Posterior and Left, and their spacing in mm."""

    values: Values
    mask: BoolArray
    spacing_mm: FloatArray


def write_overlay(values: Values, mask: BoolArray, grid: Grid, modality: str, path: Path, *, unit: str = "") -> None:
    """Write the picture as PNG.

    Parameters
    ----------
    values, mask : (n_slices, n_rows, n_columns)
        Volume and mask (with at least one voxel) on ``grid``.
    modality : str
        CT is shown from -160 to 240 HU, PET in SUV from 0 to 10, all else between the 1st and 99th percentile of what
        is shown.
    unit : str
        Unit of ``values``; it begins with ``SUV`` where PET is a standardised uptake value, of whatever kind.
    """
    oriented = _orient(values, mask, grid)
    centre, side_mm = _view(oriented)
    planes = [_plane(oriented, axis, centre, side_mm) for axis in range(3)]
    low, high = _window(modality, unit, [grey for grey, _ in planes])
    picture = np.hstack([_indexed(grey, inside, low, high) for grey, inside in planes])
    with whole_file(path) as temporary:
        _draw(picture).save(temporary, format="PNG", optimize=True)


def _window(modality: str, unit: str, shown: list[FloatArray]) -> tuple[float, float]:
    """Values that are black and white."""
    if modality == "CT":
        return CT_WINDOW_HU
    if modality == "PT" and unit.upper().startswith("SUV"):
        return PET_WINDOW_SUV
    low, high = np.percentile(np.concatenate(shown), PERCENTILES)
    return float(low), float(high)


def _orient(values: Values, mask: BoolArray, grid: Grid) -> _Oriented:
    """Swap and flip axes (views, no copy) so that each rises along the nearest of S, P and L."""
    direction = np.array(grid.direction)
    order = _assign(np.abs(direction))
    signs = [direction[order[axis], 2 - axis] >= 0 for axis in range(3)]
    steps = tuple(slice(None, None, 1 if rising else -1) for rising in signs)
    turned = [np.transpose(array, order)[steps] for array in (values, mask)]
    return _Oriented(turned[0], turned[1].astype(np.bool_, copy=False), np.array(grid.spacing_mm)[order])


def _assign(cosines: FloatArray) -> list[int]:
    """Array axis nearest to S, P and L (z, y, x), each used once: the best of the six permutations."""
    orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    return max(orders, key=lambda order: sum(cosines[order[axis], 2 - axis] for axis in range(3)))


def _view(oriented: _Oriented) -> tuple[FloatArray, float]:
    """Centre of the mask's box as voxel index, and the side of the cube shown in mm."""
    box = ndimage.find_objects(oriented.mask.astype(np.uint8))[0]
    centre = np.array([(axis.start + axis.stop - 1) / 2 for axis in box])
    extent_mm = np.array([axis.stop - axis.start for axis in box]) * oriented.spacing_mm
    return centre, max(MARGIN * float(extent_mm.max()), SMALLEST_MM)


def _plane(oriented: _Oriented, axis: int, centre: FloatArray, side_mm: float) -> tuple[FloatArray, BoolArray]:
    """Grey values and mask (SIDE_PX, SIDE_PX) of the plane across ``axis`` in which the mask is largest."""
    others = [n for n in range(3) if n != axis]
    largest = int(np.argmax(np.count_nonzero(oriented.mask, axis=(others[0], others[1]))))
    offsets_mm = (np.arange(SIDE_PX) - (SIDE_PX - 1) / 2) * side_mm / SIDE_PX
    down, across = (centre[n] + offsets_mm / oriented.spacing_mm[n] for n in others)
    if axis > 0:  # Superior is up
        down = down[::-1]
    where = np.meshgrid(down, across, indexing="ij")
    values = np.take(oriented.values, largest, axis=axis).astype(np.float64)
    inside = np.take(oriented.mask, largest, axis=axis).astype(np.uint8)
    within = np.logical_and.reduce(  # a voxel reaches half a step beyond its centre, the only one of a slice too
        [(index >= -0.5) & (index <= length - 0.5) for index, length in zip(where, values.shape, strict=True)]
    )
    grey = ndimage.map_coordinates(values, where, order=1, mode="nearest")
    covered = ndimage.map_coordinates(inside, where, order=0, mode="nearest").astype(np.bool_)
    return np.where(within, grey, values.min()), covered & within


def _indexed(grey: FloatArray, inside: BoolArray, low: float, high: float) -> npt.NDArray[np.uint8]:
    """Palette indices: grey levels, and the outline of the mask one pixel wide."""
    share = np.clip((grey - low) / (high - low if high > low else 1.0), 0, 1)
    indices = np.minimum(share * GREYS, GREYS - 1).astype(np.uint8)
    indices[inside & ~ndimage.binary_erosion(inside)] = GREYS
    return indices


def _draw(picture: npt.NDArray[np.uint8]) -> "Image.Image":
    from PIL import Image, ImageDraw, ImageFont

    image = Image.fromarray(picture, mode=None).convert("L")
    image.putpalette(
        [value for level in range(GREYS) for value in [level * 255 // (GREYS - 1)] * 3] + [*CONTOUR_RGB, *LETTER_RGB]
    )
    draw, font = ImageDraw.Draw(image), ImageFont.load_default()
    draw.fontmode = "1"
    middle, edge = SIDE_PX // 2, SIDE_PX - 3
    for n, letters in enumerate(LETTERS):
        places = ((3, middle, "lm"), (edge, middle, "rm"), (middle, 3, "mt"), (middle, edge, "mb"))
        for letter, (x, y, anchor) in zip(letters, places, strict=True):
            draw.text((n * SIDE_PX + x, y), letter, fill=GREYS + 1, font=font, anchor=anchor)
    return image
