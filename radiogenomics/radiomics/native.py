"""The own engine: a region's families on the image and on its filtered versions."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.discretise import DiscretisationError, fixed_count, fixed_width
from radiogenomics.radiomics.errors import BinsError
from radiogenomics.radiomics.families.firstorder import firstorder
from radiogenomics.radiomics.families.histogram import histogram
from radiogenomics.radiomics.families.ivh import volume_histogram
from radiogenomics.radiomics.families.local_intensity import local_intensity
from radiogenomics.radiomics.families.shape import shape
from radiogenomics.radiomics.families.texture import textures
from radiogenomics.radiomics.filters.errors import ImageTooSmallForFilterError
from radiogenomics.radiomics.images import Image, require_finite, require_voxels
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
from radiogenomics.radiomics.region import BoolArray, LevelArray, Region, Values
from radiogenomics.radiomics.responses import Response, responses

TEXTURES = ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm", "gldm")
TOO_SMALL = "image too small for the filter"
# Radius of a sphere of 1 cm³, over which local intensities are averaged (IBSI 9ST6).
LOCAL_RADIUS_MM = (3 / (4 * math.pi)) ** (1 / 3) * 10


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
    filters = responses(settings, spacing_mm)
    ready = prepare(image, region, box, settings, _margin(filters, settings, spacing_mm))
    require_voxels(mask, int(ready.mask.sum()), settings.min_voxels)
    require_finite(volume, ready.image)
    intensity = resegmented(ready.image, ready.mask, settings)
    require_voxels(mask, int(intensity.sum()), settings.min_voxels)
    inner = bounding_box(ready.mask)
    assert inner is not None
    near = inner.grown(Margin(_local_reach(settings, spacing_mm)), ready.image.shape).slices
    yield from _unfiltered(
        Region(ready.image[near].astype(np.float64), intensity[near].copy(), ready.mask[near].copy(), ready.spacing_mm),
        settings,
    )
    compute = partial(
        _families,
        intensity=intensity[inner.slices].copy(),
        morphology=ready.mask[inner.slices].copy(),
        voxel_mm3=math.prod(ready.spacing_mm),
        settings=settings,
        mask=mask,
    )
    if settings.image_types.original:
        for family, found in compute(ready.image[inner.slices], filtered=False):
            yield "original", family, found
    for each in filters:
        try:
            for name, response in each.compute(ready.image, inner.slices):
                for family, found in compute(response, filtered=True):
                    yield name, family, found
        except ImageTooSmallForFilterError:
            for name, family in product(each.names, settings.chosen_families):
                yield name, family, dict.fromkeys(names(family, settings.definition), TOO_SMALL)


def _unfiltered(region: Region, settings: RadiomicsSettings) -> Iterator[tuple[str, str, Values]]:
    if "shape" in settings.chosen_families:
        yield "original", "shape", shape(region, settings.definition)
    if "local" in settings.chosen_families:
        yield "original", "local", local_intensity(region)


def _local_reach(settings: RadiomicsSettings, spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Voxels around the region that local intensities look at."""
    radius = LOCAL_RADIUS_MM if "local" in settings.chosen_families else 0.0
    return triple(math.floor(radius / step) + 1 for step in spacing_mm)


def _margin(filters: Sequence[Response], settings: RadiomicsSettings, spacing_mm: tuple[float, float, float]) -> Margin:
    """What local intensities and all filters look at around the region."""
    reaches = [each.reach or (WHOLE_IMAGE,) * 3 for each in filters] + [_local_reach(settings, spacing_mm)]
    return Margin(triple(map(max, zip(*reaches, strict=True))), any(each.periodic for each in filters))


def _families(
    image: npt.NDArray[Any],
    *,
    filtered: bool,
    intensity: BoolArray,
    morphology: BoolArray,
    voxel_mm3: float,
    settings: RadiomicsSettings,
    mask: Path,
) -> Iterator[tuple[str, Values]]:
    """Families of one image in the region's box."""
    inside = image[intensity]
    low, high = (settings.resegment_range or (None, None)) if not filtered else (None, None)
    try:
        levels = _levels(inside, settings, low, filtered=filtered)
        intensities = inside.astype(np.float64, copy=False)
        chosen = settings.chosen_families
        if "firstorder" in chosen:
            yield (
                "firstorder",
                firstorder(
                    intensities,
                    settings.definition,
                    levels=levels,
                    voxel_mm3=voxel_mm3,
                    energy_shift=settings.energy_shift,
                ),
            )
        if "histogram" in chosen:
            yield "histogram", histogram(levels, _n_levels(levels, settings))
        if "ivh" in chosen:
            yield "ivh", volume_histogram(intensities, settings.ivh, low, high)
    except DiscretisationError as error:
        raise BinsError(mask, str(error)) from error
    wanted = [family for family in chosen if family in TEXTURES]
    if wanted:
        grid = np.zeros(image.shape, np.int32)
        grid[intensity] = levels
        yield from textures(
            grid,
            _n_levels(levels, settings),
            morphology,
            definition=settings.definition,
            aggregation=settings.aggregation,
            families=wanted,
        ).items()


def _levels(inside: npt.NDArray[Any], settings: RadiomicsSettings, low: float | None, *, filtered: bool) -> LevelArray:
    """Grey levels of a region's intensities; bins of a filtered image start at its minimum."""
    if settings.bin_count is not None:
        return fixed_count(inside, settings.bin_count, settings.definition)
    assert settings.bin_width is not None
    origin = settings.bin_origin if settings.bin_origin is not None and not filtered else low
    return fixed_width(inside, settings.bin_width, origin, settings.definition)


def _n_levels(levels: LevelArray, settings: RadiomicsSettings) -> int:
    return settings.bin_count or int(levels.max())
