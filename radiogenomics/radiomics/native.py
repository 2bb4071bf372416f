"""The own engine: a region's families on the image and on its filtered versions."""

import math
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import bounding_box
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.boxes import Reach, grown, triple
from radiogenomics.radiomics.families.local_intensity import BALL_RADIUS_MM, local_intensity
from radiogenomics.radiomics.families.shape import shape
from radiogenomics.radiomics.families.shape2d import shape2d
from radiogenomics.radiomics.filters.errors import ImageTooSmallForFilterError
from radiogenomics.radiomics.images import Image, require_finite, require_voxels
from radiogenomics.radiomics.measure import discretised, measure
from radiogenomics.radiomics.nomenclature import names
from radiogenomics.radiomics.prepare import prepare, resegmented, spacing_of
from radiogenomics.radiomics.region import BoolArray, Region, Values

if TYPE_CHECKING:
    from radiogenomics.radiomics.responses import Response

TOO_SMALL = "image too small for the filter"


def values(
    image: Image, region: BoolArray, settings: RadiomicsSettings, volume: Path, mask: Path
) -> Iterator[tuple[str, str, Values]]:
    """Image type, family and values of everything that the settings ask for.

    Parameters
    ----------
    image
    region : (z, y, x) bool
        Its mask, which is not empty.
    volume, mask
        What errors call them.

    Raises
    ------
    RoiTooSmallError, NotFiniteError, BinsError
    """
    spacing_mm = spacing_of(image, settings)
    filters = _filters(settings, spacing_mm)
    periodic = any(each.periodic for each in filters)
    ready = prepare(image, region, settings, _reach(filters, settings, spacing_mm), periodic=periodic)
    require_voxels(mask, int(ready.mask.sum()), settings.min_voxels)
    require_finite(volume, ready.image)
    intensity = resegmented(ready.image, ready.mask, settings)
    require_voxels(mask, int(intensity.sum()), settings.min_voxels)
    inner = bounding_box(ready.mask)
    near = grown(inner, _local_reach(settings, spacing_mm), ready.image.shape)
    box_of = np.ascontiguousarray
    around = Region(box_of(ready.image[near]), box_of(intensity[near]), box_of(ready.mask[near]), ready.spacing_mm)
    yield from _unfiltered(around, settings)
    del around
    inside, morphology = intensity[inner].copy(), ready.mask[inner].copy()

    def measured(part: npt.NDArray[Any], *, filtered: bool) -> Iterator[tuple[str, Values]]:
        found = part[inside]
        levels = discretised(found, inside, settings, mask, filtered=filtered)
        chosen, voxel_mm3 = settings.chosen_families, math.prod(ready.spacing_mm)
        return measure(found, levels, morphology, chosen, settings, mask, voxel_mm3=voxel_mm3, filtered=filtered)

    if settings.image_types.original:
        for family, found in measured(ready.image[inner], filtered=False):
            yield "original", family, found
    for each in filters:
        try:
            for name, response in each.compute(ready.image, inner):
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


def _reach(filters: Sequence["Response"], settings: RadiomicsSettings, spacing_mm: tuple[float, float, float]) -> Reach:
    """How far local intensities and all filters look around the region."""
    reaches = [_local_reach(settings, spacing_mm)]
    for each in filters:
        if each.reach is None:
            return None
        reaches.append(each.reach)
    return triple(map(max, zip(*reaches, strict=True)))
