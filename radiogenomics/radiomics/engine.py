"""Feature extraction with pyradiomics, on a crop that keeps every value.

pyradiomics filters the whole image. The filters reach only so far, so the image is cropped to the region plus their
support first: 8 sigma for the Laplacian of Gaussian (values kept to 2e-5) and the filter length for the wavelet.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from radiogenomics.config.models import RadiomicsSettings
from radiogenomics.errors import MissingFileError
from radiogenomics.radiomics.errors import FlatRegionError, GridMismatchError, NotFiniteError, RoiTooSmallError

LOG_SUPPORT_SIGMAS = 8
WAVELET = "coif1"
WAVELET_SUPPORT_VOXELS = 6
NORMALISE_SCALE = 100
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
    """Features of the voxels of ``mask`` that are not zero.

    Raises
    ------
    MissingFileError, GridMismatchError, RoiTooSmallError, NotFiniteError, FlatRegionError
    """
    image, region = _read(volume), sitk.Cast(_read(mask) != 0, sitk.sitkUInt8)
    region = _same_grid(image, region, volume, mask)
    _check_values(image, region, settings, volume, mask)
    if settings.normalise:
        image = sitk.Normalize(image) * NORMALISE_SCALE
    if settings.resampled_spacing_mm is None:
        image, region = _crop(image, region, _support(settings, image.GetSpacing()))
    return list(_named(_extractor(settings).execute(image, region)))


def _read(path: Path) -> sitk.Image:
    if not path.is_file():
        raise MissingFileError(path, "image")
    return sitk.ReadImage(str(path))


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


def _check_values(image: sitk.Image, region: sitk.Image, settings: RadiomicsSettings, volume: Path, mask: Path) -> None:
    values = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(region) != 0]
    if len(values) < settings.min_voxels:
        raise RoiTooSmallError(mask, len(values), settings.min_voxels)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise NotFiniteError(volume, bad)
    if values.min() == values.max():
        raise FlatRegionError(mask, float(values[0]))


def _support(settings: RadiomicsSettings, spacing: tuple[float, ...]) -> list[int]:
    """Voxels (x, y, z) that the chosen filters reach beyond the region; at least one, for the mesh."""
    reach = [1, 1, 1]
    if settings.image_types.wavelet:
        reach = [WAVELET_SUPPORT_VOXELS] * 3
    sigma = max(settings.image_types.log_sigma_mm, default=0.0)
    return [
        max(voxels, math.ceil(LOG_SUPPORT_SIGMAS * sigma / step)) for voxels, step in zip(reach, spacing, strict=True)
    ]


def _crop(image: sitk.Image, region: sitk.Image, support: list[int]) -> tuple[sitk.Image, sitk.Image]:
    statistics = sitk.LabelShapeStatisticsImageFilter()
    statistics.Execute(region)
    box = statistics.GetBoundingBox(1)
    low = [max(0, start - reach) for start, reach in zip(box[:3], support, strict=True)]
    ends = [start + size + reach for start, size, reach in zip(box[:3], box[3:], support, strict=True)]
    size = [min(total, end) - start for total, end, start in zip(image.GetSize(), ends, low, strict=True)]
    return sitk.RegionOfInterest(image, size, low), sitk.RegionOfInterest(region, size, low)


def _extractor(settings: RadiomicsSettings) -> Any:  # noqa: ANN401 - pyradiomics is untyped
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)  # it logs a line for each filter and family
    options: dict[str, object] = {"additionalInfo": False, "label": 1, "minimumROIDimensions": 1, "force2D": False}
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


def _named(result: dict[str, Any]) -> Iterator[Feature]:
    """Split pyradiomics' names: ``<image type>_<family>_<name>``."""
    for name, value in result.items():
        image_type, family, _ = name.split("_", 2)
        number = float(value)
        finite = math.isfinite(number)
        yield Feature(image_type, family, name, number if finite else math.nan, "" if finite else "not finite")
