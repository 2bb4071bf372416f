"""Feature extraction with pyradiomics, on a crop that keeps every value.

pyradiomics filters the whole image. The filters reach only so far, so the image is cropped to the region plus their
support first: 8 sigma for the Laplacian of Gaussian (values kept to 2e-5) and the filter length for the wavelet. The
wavelet wraps round at the image's border, so an axis on which it would is not cropped.
"""

import logging
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from radiogenomics.boxes import bounding_box
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.boxes import Reach, grown, triple
from radiogenomics.radiomics.errors import ExtractionError, RoiTooSmallError
from radiogenomics.radiomics.images import Image, require_finite, require_voxels
from radiogenomics.radiomics.nomenclature import UNFILTERED, names
from radiogenomics.radiomics.prepare import ITK_INTERPOLATORS, placed, scaled, spacing_of
from radiogenomics.radiomics.region import BoolArray, Values

LOG_REACH_SIGMAS = 8
WAVELET = "coif1"
WAVELET_REACH = 6
# More voxels than any image has along an axis.
WHOLE_IMAGE = 1_000_000
# Why pyradiomics leaves out a family whatever the filter.
NOT_GIVEN = {"shape2D": "pyradiomics computes it for two-dimensional images only"}
# What pyradiomics returns where there is no neighbourhood difference at all.
NO_COARSENESS = 1e6
# Features that compare intensities: for a single one pyradiomics returns a constant instead of nothing.
UNDEFINED_FOR_ONE_LEVEL = {
    "glcm": ("Correlation", "MCC", "Imc1", "Imc2"),
    "ngtdm": ("Coarseness", "Contrast", "Busyness", "Strength"),
}
UNDEFINED_FOR_NO_DIFFERENCES = ("Coarseness", "Strength")
UNDEFINED_FOR_ONE_INTENSITY = ("Skewness", "Kurtosis")


def values(
    image: Image, region: BoolArray, settings: RadiomicsSettings, volume: Path, mask: Path
) -> Iterator[tuple[str, str, Values]]:
    """Image type, family and values of everything that the settings ask for; arguments as of `native.values`.

    Raises
    ------
    RoiTooSmallError, NotFiniteError
    ExtractionError
        pyradiomics refuses the region, for instance because resampling left none of it.
    """
    box = bounding_box(region)
    require_voxels(mask, int(region[box].sum()), settings.min_voxels)
    # Resampling crops by itself, on the new grid.
    reach = _reach(settings, image.spacing_mm) if settings.resampled_spacing_mm is None else None
    outer = grown(box, reach, region.shape, periodic=settings.image_types.wavelet)
    part = scaled(image, outer, settings.normalise)
    if part.dtype.itemsize == 1:
        part = part.astype(np.int16)  # pyradiomics' edges of bins, in the type of the image, would overflow
    require_finite(volume, part)
    pair = placed(image, part, outer), placed(image, region[outer].astype(np.uint8), outer)
    try:
        result = _extractor(settings, spacing_of(image, settings)).execute(*pair)
    except (ValueError, RuntimeError) as error:  # the latter from C, where a region has no neighbours
        if small := re.search(r"too small.*ROI size: (\d+)", str(error)):  # after resampling
            raise RoiTooSmallError(mask, int(small[1]), settings.min_voxels) from error
        raise ExtractionError(mask, str(error)) from error
    yield from _by_family(result, settings)


def _reach(settings: RadiomicsSettings, spacing_mm: tuple[float, ...]) -> Reach:
    """Voxels (z, y, x) that the chosen filters look at around the region; at least one, for the mesh."""
    least = WAVELET_REACH if settings.image_types.wavelet else 1
    if settings.image_types.transforms:
        return None  # scaled by the largest intensity of all
    sigma = max(settings.image_types.log_sigma_mm, default=0.0)
    return triple(max(least, math.ceil(LOG_REACH_SIGMAS * sigma / step)) for step in spacing_mm)


def _extractor(settings: RadiomicsSettings, spacing_mm: tuple[float, ...]) -> Any:  # noqa: ANN401 - untyped
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)  # it logs a line for each filter and family
    extractor = RadiomicsFeatureExtractor(**_options(settings, spacing_mm))
    extractor.disableAllImageTypes()
    if settings.image_types.original:
        extractor.enableImageTypeByName("Original")
    if settings.image_types.log_sigma_mm:
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": list(settings.image_types.log_sigma_mm)})
    if settings.image_types.wavelet:
        extractor.enableImageTypeByName("Wavelet", customArgs={"wavelet": WAVELET, "level": 1, "start_level": 0})
    for name in settings.image_types.transforms:
        extractor.enableImageTypeByName({"squareroot": "SquareRoot"}.get(name, name.capitalize()))
    extractor.disableAllFeatures()
    for family in settings.chosen_families:
        extractor.enableFeatureClassByName(family)
    if "firstorder" not in settings.chosen_families:
        extractor.enableFeaturesByName(firstorder=["Uniformity"])  # tells a region of one grey level
    return extractor


def _options(settings: RadiomicsSettings, spacing_mm: tuple[float, ...]) -> dict[str, object]:
    """The settings in pyradiomics' words, for this spacing (z, y, x); scaling of the image is done before."""
    options: dict[str, object] = {
        "additionalInfo": False,
        "minimumROIDimensions": 1,
        "minimumROISize": settings.min_voxels - 1,  # pyradiomics refuses a region of this size and below
        "voxelArrayShift": settings.energy_shift,
        "force2D": settings.aggregation.startswith("2.5d"),
        "weightingNorm": "no_weighting" if settings.aggregation in ("2.5d_merged", "3d_merged") else None,
    }
    bins = {"binWidth": settings.bin_width} if settings.bin_width is not None else {"binCount": settings.bin_count}
    options |= bins
    if settings.resegment_sd is not None:
        options |= {"resegmentRange": [-settings.resegment_sd, settings.resegment_sd], "resegmentMode": "sigma"}
    elif settings.resegment_range is not None:
        low, high = settings.resegment_range
        options["resegmentRange"] = [-math.inf if low is None else low, math.inf if high is None else high]
    if settings.resampled_spacing_mm is not None:
        options |= {
            "resampledPixelSpacing": list(settings.resampled_spacing_mm),
            "interpolator": ITK_INTERPOLATORS[settings.interpolation],
            "padDistance": max(_reach(settings, spacing_mm) or (WHOLE_IMAGE,)),
        }
    return options


def _by_family(result: Mapping[str, Any], settings: RadiomicsSettings) -> Iterator[tuple[str, str, Values]]:
    """Values by family; one that stands for "cannot be computed" gives way to the reason."""
    found: Values = {name: float(value) for name, value in result.items()}
    for family in settings.chosen_families:
        for image_type in ("original",) if family in UNFILTERED else settings.image_types.names:
            values: Values = {}
            undefined = _undefined(found, image_type, family)
            missing = NOT_GIVEN.get(family, "image too small for the filter")
            for name in names(family, settings.definition):
                values[name] = undefined.get(name, found.get(f"{image_type}_{family}_{name}", missing))
            yield image_type, family, values


def _undefined(found: Values, image_type: str, family: str) -> Values:
    """Features of a family that have no value for a region of one grey level, no differences, or one intensity."""
    undefined: Values = {}
    if found.get(f"{image_type}_firstorder_Uniformity") == 1:
        undefined |= dict.fromkeys(UNDEFINED_FOR_ONE_LEVEL.get(family, ()), "one grey level")
    elif family == "ngtdm" and found.get(f"{image_type}_ngtdm_Coarseness") == NO_COARSENESS:
        undefined |= dict.fromkeys(UNDEFINED_FOR_NO_DIFFERENCES, "no grey level differences")
    if family == "firstorder" and found.get(f"{image_type}_firstorder_Range") == 0:
        undefined |= dict.fromkeys(UNDEFINED_FOR_ONE_INTENSITY, "all intensities are equal")
    return undefined
