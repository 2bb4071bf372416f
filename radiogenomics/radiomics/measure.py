"""The families of features of one image in a box: its grey levels first, then what is counted on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
from radiogenomics.radiomics.families.texture import textures
from radiogenomics.radiomics.region import BoolArray, LevelArray, Values

TEXTURES = ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm", "gldm")


@dataclass(frozen=True)
class Levels:
    """Grey levels of a box, and the highest of them.

    Parameters
    ----------
    grid : (z, y, x) int32
        0 outside the intensity mask.
    flat : (voxels,) int32
        Those of the intensity mask, in array order.
    """

    grid: LevelArray
    flat: LevelArray
    count: int


def discretised(
    values: npt.NDArray[Any], inside: BoolArray, settings: RadiomicsSettings, mask: Path, *, filtered: bool
) -> Levels:
    """Grey levels of intensities.

    Bins of a filtered image start at its minimum: origin and range of the settings are in the unit of the original.

    Parameters
    ----------
    values : (voxels,) any number
        Intensities of the voxels ``inside``, in array order.
    inside : (z, y, x) bool
        Intensity mask.
    mask
        What errors call the region.

    Raises
    ------
    BinsError
    """
    try:
        if settings.bin_count is not None:
            levels = fixed_count(values, settings.bin_count, settings.definition)
        else:
            assert settings.bin_width is not None
            origin = None if filtered else _origin(settings)
            levels = fixed_width(values, settings.bin_width, origin, settings.definition)
    except DiscretisationError as error:
        raise BinsError(mask, str(error)) from error
    grid = np.zeros(inside.shape, np.int32)
    grid[inside] = levels
    return Levels(grid, levels, settings.bin_count or int(levels.max()))


def measure(
    values: npt.NDArray[Any],
    levels: Levels,
    morphology: BoolArray,
    families: Sequence[str],
    settings: RadiomicsSettings,
    mask: Path,
    *,
    voxel_mm3: float,
    filtered: bool,
) -> Iterator[tuple[str, Values]]:
    """Values by family of one image in a box; ``morphology`` (z, y, x) bool, other arguments as of `discretised`.

    Raises
    ------
    BinsError
        The bins of the intensity–volume histogram do not fit.
    """
    intensities = values.astype(np.float64, copy=False)
    if "firstorder" in families:
        shift = settings.energy_shift
        yield (
            "firstorder",
            firstorder(intensities, settings.definition, levels=levels.flat, voxel_mm3=voxel_mm3, energy_shift=shift),
        )
    if "histogram" in families:
        yield "histogram", histogram(levels.flat, levels.count)
    if "ivh" in families:
        low, high = (None, None) if filtered else settings.resegment_range or (None, None)
        try:
            yield "ivh", volume_histogram(intensities, settings.ivh, low, high)
        except DiscretisationError as error:
            raise BinsError(mask, str(error)) from error
    del values, intensities  # which matrices do not need
    if wanted := [family for family in families if family in TEXTURES]:
        yield from textures(
            levels.grid,
            levels.count,
            morphology,
            definition=settings.definition,
            aggregation=settings.aggregation,
            families=wanted,
        ).items()


def _origin(settings: RadiomicsSettings) -> float | None:
    return settings.bin_origin if settings.bin_origin is not None else (settings.resegment_range or (None,))[0]
