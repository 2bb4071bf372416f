"""pyradiomics' shape of a region in one slice, from the outline that marching squares draws around its pixels."""

import math

import numpy as np

from radiogenomics.radiomics.families.shape import shape
from radiogenomics.radiomics.region import Region, Values

NAMES = (
    "MeshSurface",
    "PixelSurface",
    "Perimeter",
    "PerimeterSurfaceRatio",
    "Sphericity",
    "MaximumDiameter",
    "MajorAxisLength",
    "MinorAxisLength",
    "Elongation",
)
# Share of a cell between four pixels that lies inside, by how many of them do; two may be side by side or not.
AREA = {1: 1 / 8, 2: 1 / 2, 3: 7 / 8, 4: 1.0}
DIAGONAL_AREA = 1 / 4


def shape2d(region: Region) -> Values:
    """Features of the outline of a region that lies in one slice, in mm; a reason for each where it does not."""
    slices = np.flatnonzero(region.morphology.any(axis=(1, 2)))
    if len(slices) != 1:
        return dict.fromkeys(NAMES, "the region has more than one slice")
    surface, perimeter = _outline(np.pad(region.morphology[slices[0]], 1), *region.spacing_mm[1:])
    solid = shape(region, "pyradiomics")
    return {
        "MeshSurface": surface,
        "PixelSurface": int(region.morphology.sum()) * math.prod(region.spacing_mm[1:]),
        "Perimeter": perimeter,
        "PerimeterSurfaceRatio": perimeter / surface,
        "Sphericity": 2 * math.sqrt(math.pi * surface) / perimeter,
        "MaximumDiameter": solid["Maximum2DDiameterSlice"],
        **{name: solid[name] for name in ("MajorAxisLength", "MinorAxisLength", "Elongation")},
    }


def _outline(mask: np.ndarray, row_mm: float, column_mm: float) -> tuple[float, float]:
    """Area and length of the outline through the middles between pixels inside and outside, (y, x) bool with a margin.

    Pixels that touch at a corner alone are apart.
    """
    a, b, c, d = mask[:-1, :-1], mask[:-1, 1:], mask[1:, :-1], mask[1:, 1:]
    corners = a.astype(int) + b + c + d
    diagonal = (a == d) & (b == c) & (a != b)
    side_by_side = (corners == 2) & ~diagonal
    along_row = int((side_by_side & (a == b)).sum())
    along_column = int(side_by_side.sum()) - along_row
    cut = int((corners % 2).sum()) + 2 * int(diagonal.sum())
    areas = sum(share * int((corners == number).sum()) for number, share in AREA.items())
    areas -= (AREA[2] - DIAGONAL_AREA) * int(diagonal.sum())
    length = along_row * column_mm + along_column * row_mm + cut * math.hypot(row_mm / 2, column_mm / 2)
    return areas * row_mm * column_mm, length
