"""The own engine: a region's families on the image and on its filtered versions."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.families.local_intensity import BALL_RADIUS_MM, local_intensity
from radiogenomics.radiomics.families.shape import shape
from radiogenomics.radiomics.families.shape2d import shape2d
from radiogenomics.radiomics.filters.errors import ImageTooSmallForFilterError
from radiogenomics.radiomics.images import Image, require_finite, require_voxels
from radiogenomics.radiomics.measure import discretised, measure
from radiogenomics.radiomics.nomenclature import names
from radiogenomics.radiomics.prepare import (
    WHOLE_IMAGE,
    Box,
    Margin,
    bounding_box,
    prepare,
    resegmented,
    spacing_of,
    triple,
)
from radiogenomics.radiomics.region import BoolArray, Region, Values

if TYPE_CHECKING:
    from radiogenomics.radiomics.responses import Response

TOO_SMALL = "image too small for the filter"


def values(
    image: Image, region: BoolArray, box: Box, settings: RadiomicsSettings, volume: Path, mask: Path
) -> Iterator[tuple[str, str, Values]]:
    """Image type, family and values of everything that the settings ask for.

    Parameters
    ----------
    image
    region : (z, y, x) bool
        Its mask.
    box
        The region's bounding box.
    volume, mask
        What errors call them.

    Raises
    ------
    RoiTooSmallError, NotFiniteError, BinsError
    """
    spacing_mm = spacing_of(image, settings)
    filters = _filters(settings, spacing_mm)
    ready = prepare(image, region, box, settings, _margin(filters, settings, spacing_mm))
    require_voxels(mask, int(ready.mask.sum()), settings.min_voxels)
    require_finite(volume, ready.image)
    intensity = resegmented(ready.image, ready.mask, settings)
    require_voxels(mask, int(intensity.sum()), settings.min_voxels)
    inner = bounding_box(ready.mask)
    assert inner is not None
    near = inner.grown(Margin(_local_reach(settings, spacing_mm)), ready.image.shape).slices
    box_of = np.ascontiguousarray
    around = Region(box_of(ready.image[near]), box_of(intensity[near]), box_of(ready.mask[near]), ready.spacing_mm)
    yield from _unfiltered(around, settings)
    del around
    inside, morphology = intensity[inner.slices].copy(), ready.mask[inner.slices].copy()

    def measured(part: npt.NDArray[Any], *, filtered: bool) -> Iterator[tuple[str, Values]]:
        levels = discretised(part, inside, settings, mask, filtered=filtered)
        chosen, voxel_mm3 = settings.chosen_families, math.prod(ready.spacing_mm)
        return measure(part, levels, morphology, chosen, settings, mask, voxel_mm3=voxel_mm3, filtered=filtered)

    if settings.image_types.original:
        for family, found in measured(ready.image[inner.slices], filtered=False):
            yield "original", family, found
    for each in filters:
        try:
            for name, response in each.compute(ready.image, inner.slices):
                for family, found in measured(response, filtered=True):
                    yield name, family, found
        except ImageTooSmallForFilterError:
            for name, family in product(each.names, settings.chosen_families):
                yield name, family, dict.fromkeys(names(family, settings.definition), TOO_SMALL)


def _filters(settings: RadiomicsSettings, spacing_mm: tuple[float, float, float]) -> Sequence["Response"]:
    """The filters of the settings; the libraries that they need are imported where there are any."""
    if settings.image_types.names in ((), ("original",)):
        return ()
    from radiogenomics.radiomics.responses import responses

    return responses(settings, spacing_mm)


def _unfiltered(region: Region, settings: RadiomicsSettings) -> Iterator[tuple[str, str, Values]]:
    if "shape" in settings.chosen_families:
        yield "original", "shape", shape(region, settings.definition)
    if "shape2D" in settings.chosen_families:
        yield "original", "shape2D", shape2d(region)
    if "local" in settings.chosen_families:
        yield "original", "local", local_intensity(region)


def _local_reach(settings: RadiomicsSettings, spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Voxels around the region that local intensities look at."""
    radius = BALL_RADIUS_MM if "local" in settings.chosen_families else 0.0
    return triple(math.floor(radius / step) + 1 for step in spacing_mm)


def _margin(
    filters: Sequence["Response"], settings: RadiomicsSettings, spacing_mm: tuple[float, float, float]
) -> Margin:
    """What local intensities and all filters look at around the region."""
    reaches = [each.reach or (WHOLE_IMAGE,) * 3 for each in filters] + [_local_reach(settings, spacing_mm)]
    return Margin(triple(map(max, zip(*reaches, strict=True))), any(each.periodic for each in filters))
