"""Features of a region by the engine that the settings name: a value or a reason for every name."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics import native
from radiogenomics.radiomics.errors import RoiTooSmallError
from radiogenomics.radiomics.images import Image, read_image, read_mask
from radiogenomics.radiomics.nomenclature import expected_names
from radiogenomics.radiomics.plugins import plugin_values
from radiogenomics.radiomics.region import BoolArray, Values


@dataclass(frozen=True)
class Feature:
    """One value; ``value`` is NaN and ``note`` says why where it cannot be computed.

    ``source`` is the engine, or the plug-in.
    """

    image_type: str
    family: str
    name: str
    value: float
    note: str
    source: str


def features(volume: Path, mask: Path, settings: RadiomicsSettings) -> list[Feature]:
    """Features of the voxels of ``mask`` that are not zero, the same names for every region.

    Raises
    ------
    MissingFileError, UnreadableImageError, GridMismatchError, RoiTooSmallError, NotFiniteError, BinsError
    ExtractionError
        pyradiomics refuses the region.
    """
    return features_in(read_image(volume), volume, mask, settings)


def features_in(image: Image, volume: Path, mask: Path, settings: RadiomicsSettings) -> list[Feature]:
    """The same for an image that is in memory; ``volume`` is the name that errors call it by."""
    return features_of(image, read_mask(mask, image, volume), settings, volume, mask)


def features_of(
    image: Image, region: BoolArray, settings: RadiomicsSettings, volume: Path, mask: Path
) -> list[Feature]:
    """The same for an image and a region, (z, y, x) bool, that are in memory."""
    if not region.any():
        raise RoiTooSmallError(mask, 0, settings.min_voxels)
    if settings.engine == "native":
        computed = native.values(image, region, settings, volume, mask)
    else:
        from radiogenomics.radiomics import pyradiomics_engine

        computed = pyradiomics_engine.values(image, region, settings, volume, mask)
    found = {(kind, family): values for kind, family, values in computed}
    found |= {("original", name): plugin_values(name, image, region) for name in settings.plugins}
    return list(_in_order(found, settings))


def _in_order(found: Mapping[tuple[str, str], Values], settings: RadiomicsSettings) -> Iterator[Feature]:
    for image_type, family, full in expected_names(settings):
        value = found[image_type, family][full.removeprefix(f"{image_type}_{family}_")]
        source = family if family in settings.plugins else settings.engine
        if isinstance(value, str):
            yield Feature(image_type, family, full, math.nan, value, source)
        elif math.isfinite(value):
            yield Feature(image_type, family, full, value, "", source)
        else:
            yield Feature(image_type, family, full, math.nan, "not finite", source)
