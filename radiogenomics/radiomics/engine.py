"""Feature extraction with pyradiomics, on a crop that keeps every value.

pyradiomics filters the whole image. The filters reach only so far, so the image is cropped to the region plus their
support first: 8 sigma for the Laplacian of Gaussian (values kept to 2e-5) and the filter length for the wavelet. The
wavelet wraps round at the image's border, so an axis on which it would is not cropped.
"""

import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from radiogenomics.config.models import RadiomicsSettings
from radiogenomics.errors import MissingFileError
from radiogenomics.radiomics.errors import (
    ExtractionError,
    FlatRegionError,
    GridMismatchError,
    NotFiniteError,
    RoiTooSmallError,
    UnreadableImageError,
)

LOG_REACH_SIGMAS = 8
WAVELET = "coif1"
WAVELET_REACH = 6
NORMALISE_SCALE = 100
# What pyradiomics returns where there is no neighbourhood difference at all.
NO_COARSENESS = 1e6
# Features that compare grey levels: for a single level pyradiomics returns a constant instead of nothing.
UNDEFINED_FOR_ONE_LEVEL = {
    "glcm": ("Correlation", "MCC", "Imc1", "Imc2"),
    "ngtdm": ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength"),
}
GRID_TOLERANCE_MM = 1e-3


@dataclass(frozen=True)
class Feature:
    """One value; ``value`` is NaN and ``note`` says why where it cannot be computed."""

    image_type: str
    family: str
    name: str
    value: float
    note: str


def features(volume: Path, mask: Path, settings: RadiomicsSettings) -> list[Feature]:
    """Features of the voxels of ``mask`` that are not zero, the same names for every region.

    Raises
    ------
    MissingFileError, UnreadableImageError, GridMismatchError, RoiTooSmallError, NotFiniteError, FlatRegionError
    ExtractionError
        pyradiomics refuses the region, for instance because resampling left none of it.
    """
    image, region = _read(volume), sitk.Cast(_read(mask) != 0, sitk.sitkUInt8)
    region = _same_grid(image, region, volume, mask)
    _check_region(image, region, settings, volume, mask)
    if settings.normalise:
        _check_finite(image, volume)
        image = sitk.Normalize(image) * NORMALISE_SCALE
    if settings.resampled_spacing_mm is None:
        image, region = _crop(image, region, settings)
    _check_finite(image, volume)
    extractor = _extractor(settings)
    try:
        result = extractor.execute(image, region)
    except ValueError as error:
        if small := re.search(r"too small.*ROI size: (\d+)", str(error)):  # after resampling
            raise RoiTooSmallError(mask, int(small[1]), settings.min_voxels) from error
        raise ExtractionError(mask, str(error)) from error
    return list(_named(result, list(expected_names(settings))))


def expected_names(settings: RadiomicsSettings) -> Iterator[tuple[str, str, str]]:
    """Image type, family and full name of every feature that the settings ask for; shape is that of the mask."""
    from radiomics import getFeatureClasses

    image_types = ["original"] if settings.image_types.original else []
    image_types += [f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D" for sigma in settings.image_types.log_sigma_mm]
    if settings.image_types.wavelet:
        image_types += [f"wavelet-{''.join(bands)}" for bands in product("LH", repeat=3)]
    for family in settings.families:
        names = [name for name, deprecated in getFeatureClasses()[family].getFeatureNames().items() if not deprecated]
        for image_type in ["original"] if family == "shape" else image_types:
            yield from ((image_type, family, f"{image_type}_{family}_{name}") for name in names)


def _read(path: Path) -> sitk.Image:
    if not path.is_file():
        raise MissingFileError(path, "image")
    try:
        return sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise UnreadableImageError(path, str(error).splitlines()[-1]) from error


def _same_grid(image: sitk.Image, region: sitk.Image, volume: Path, mask: Path) -> sitk.Image:
    """Refuse another grid; differences far below a voxel come from single precision in file headers and are removed."""
    if image.GetSize() != region.GetSize():
        raise GridMismatchError(volume, mask, f"{region.GetSize()} voxels against {image.GetSize()}")
    corners = [
        tuple(index * (size - 1) for index, size in zip(corner, image.GetSize(), strict=True))
        for corner in np.ndindex(2, 2, 2)
    ]
    distances = [
        math.dist(image.TransformIndexToPhysicalPoint(corner), region.TransformIndexToPhysicalPoint(corner))
        for corner in corners
    ]
    if max(distances) > GRID_TOLERANCE_MM:
        raise GridMismatchError(volume, mask, f"corners lie up to {max(distances):.3g} mm apart")
    region.CopyInformation(image)
    return region


def _check_region(image: sitk.Image, region: sitk.Image, settings: RadiomicsSettings, volume: Path, mask: Path) -> None:
    values = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(region) != 0]
    if len(values) < settings.min_voxels:
        raise RoiTooSmallError(mask, len(values), settings.min_voxels)
    if values.min() == values.max():
        raise FlatRegionError(mask, float(values[0]))


def _check_finite(image: sitk.Image, volume: Path) -> None:
    bad = int(np.count_nonzero(~np.isfinite(sitk.GetArrayViewFromImage(image))))
    if bad:
        raise NotFiniteError(volume, bad)


def _crop(image: sitk.Image, region: sitk.Image, settings: RadiomicsSettings) -> tuple[sitk.Image, sitk.Image]:
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(region)
    box = statistics.GetBoundingBox(1)
    low, size = [], []
    for axis, (total, reach) in enumerate(zip(image.GetSize(), _support(settings, image.GetSpacing()), strict=True)):
        start, end = box[axis], box[axis] + box[axis + 3]
        wraps = settings.image_types.wavelet and not WAVELET_REACH <= start <= end <= total - WAVELET_REACH
        first, last = (0, total) if wraps else (max(0, start - reach), min(total, end + reach))
        low.append(first)
        size.append(last - first)
    return sitk.RegionOfInterest(image, size, low), sitk.RegionOfInterest(region, size, low)


def _support(settings: RadiomicsSettings, spacing: tuple[float, ...]) -> list[int]:
    """Voxels (x, y, z) that the chosen filters reach beyond the region; at least one, for the mesh."""
    least = WAVELET_REACH if settings.image_types.wavelet else 1
    sigma = max(settings.image_types.log_sigma_mm, default=0.0)
    return [max(least, math.ceil(LOG_REACH_SIGMAS * sigma / step)) for step in spacing]


def _extractor(settings: RadiomicsSettings) -> Any:  # noqa: ANN401 - pyradiomics is untyped
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)  # it logs a line for each filter and family
    options: dict[str, object] = {
        "additionalInfo": False,
        "minimumROIDimensions": 1,
        "minimumROISize": settings.min_voxels - 1,  # pyradiomics refuses a region of this size and below
    }
    if settings.bin_width is not None:
        options["binWidth"] = settings.bin_width
    else:
        options["binCount"] = settings.bin_count
    if settings.resampled_spacing_mm is not None:
        support = _support(settings, settings.resampled_spacing_mm)
        options |= {
            "resampledPixelSpacing": list(settings.resampled_spacing_mm),
            "interpolator": "sitkBSpline",
            "padDistance": max(support),
        }
    extractor = RadiomicsFeatureExtractor(**options)
    extractor.disableAllImageTypes()
    if settings.image_types.original:
        extractor.enableImageTypeByName("Original")
    if settings.image_types.log_sigma_mm:
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": list(settings.image_types.log_sigma_mm)})
    if settings.image_types.wavelet:
        extractor.enableImageTypeByName("Wavelet", customArgs={"wavelet": WAVELET, "level": 1, "start_level": 0})
    extractor.disableAllFeatures()
    for family in settings.families:
        extractor.enableFeatureClassByName(family)
    return extractor


def _named(result: Mapping[str, Any], names: Sequence[tuple[str, str, str]]) -> Iterator[Feature]:
    """Values by name; a value that stands for "cannot be computed" is missing, with the reason."""
    values = {name: float(value) for name, value in result.items()}
    flat = {image_type for image_type, _, _ in names if _one_grey_level(values, image_type)}
    for image_type, family, name in names:
        value, note = values.get(name, math.nan), ""
        if name not in values:
            note = "image too small for the filter"
        elif image_type in flat and name.rpartition("_")[2] in UNDEFINED_FOR_ONE_LEVEL.get(family, ()):
            value, note = math.nan, "one grey level"
        elif not math.isfinite(value):
            value, note = math.nan, "not finite"
        yield Feature(image_type, family, name, value, note)


def _one_grey_level(values: Mapping[str, float], image_type: str) -> bool:
    """Whether the discretised region has a single grey level, by whichever family tells."""
    signs = {"firstorder_Uniformity": 1.0, "glcm_JointEnergy": 1.0, "ngtdm_Coarseness": NO_COARSENESS}
    return any(values.get(f"{image_type}_{name}") == sign for name, sign in signs.items())
