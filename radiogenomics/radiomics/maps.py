"""Feature maps: every feature in a cube around each voxel of a region, as NIfTI."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from radiogenomics.boxes import bounding_box
from radiogenomics.config import load_radiomics_settings
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.files import whole_file
from radiogenomics.radiomics.errors import NotMappableError, RoiTooSmallError
from radiogenomics.radiomics.images import Image, read_image, read_mask, require_finite
from radiogenomics.radiomics.measure import TEXTURES, Levels, discretised, measure
from radiogenomics.radiomics.nomenclature import expected_names
from radiogenomics.radiomics.prepare import prepare, resegmented
from radiogenomics.radiomics.region import FloatArray

logger = logging.getLogger(__name__)
MAPPABLE = ("firstorder", *TEXTURES)


def write_maps(*, volume: Path, mask: Path, settings: str, features: Sequence[str], radius: int, folder: Path) -> None:
    """Write ``<feature>.nii.gz`` on the image's grid for each feature of the original image; NaN outside the region.

    Grey levels are those of the whole region, so that neighbourhoods can be compared.

    Raises
    ------
    NotMappableError
        The settings resample, or have no such feature of a voxel's neighbourhood.
    """
    import SimpleITK as sitk

    options = load_radiomics_settings(settings)
    image = read_image(volume)
    found = feature_maps(image, volume, mask, options, features, radius)
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in found.items():
        picture = Image(values.astype(np.float32), image.spacing_mm, image.matrix).to_itk()
        with whole_file(folder / f"{name}.nii.gz") as temporary:
            sitk.WriteImage(picture, str(temporary), imageIO="NiftiImageIO")
        logger.info("%s: %.4g to %.4g", name, np.nanmin(values), np.nanmax(values))


def feature_maps(
    image: Image, volume: Path, mask: Path, settings: RadiomicsSettings, features: Sequence[str], radius: int
) -> dict[str, FloatArray]:
    """Maps (z, y, x) float64 on the image's grid by feature name, as of `write_maps`."""
    named = [(family, name) for kind, family, name in expected_names(settings) if kind == "original"]
    known = {name: family for family, name in named if family in MAPPABLE}
    if settings.resampled_spacing_mm is not None or (unknown := [name for name in features if name not in known]):
        raise NotMappableError(unknown if settings.resampled_spacing_mm is None else None)
    region = read_mask(mask, image, volume)
    if not region.any():
        raise RoiTooSmallError(mask, 0, 1)
    ready = prepare(image, region, settings, (0, 0, 0))
    corner = [part.start for part in bounding_box(region)]
    require_finite(volume, ready.image[ready.mask])
    inside = resegmented(ready.image, ready.mask, settings)
    levels = discretised(ready.image[inside], inside, settings, mask, filtered=False)
    maps = {name: np.full(region.shape, np.nan) for name in features}
    families = [family for family in MAPPABLE if family in {known[name] for name in features}]
    voxel_mm3 = math.prod(ready.spacing_mm)
    for place in np.argwhere(inside):
        near = tuple(slice(max(0, at - radius), at + radius + 1) for at in place)
        grid = np.ascontiguousarray(levels.grid[near])
        known_here = grid > 0
        around, part = Levels(grid, grid[known_here], levels.count), ready.image[near][known_here]
        values = dict(measure(part, around, known_here, families, settings, mask, voxel_mm3=voxel_mm3, filtered=False))
        for name, filled in maps.items():
            value = values[known[name]][name.rpartition("_")[2]]
            if not isinstance(value, str):
                filled[tuple(place + corner)] = value
    return maps
