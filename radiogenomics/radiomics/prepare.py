"""Image and mask to the region that features are computed on: scaling, resampling, re-segmentation.

Only the box of the region and a margin around it is ever converted or resampled; the grid is that of the whole image.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import Box, bounding_box
from radiogenomics.config.extraction import Normalise, RadiomicsSettings
from radiogenomics.radiomics import interpolation
from radiogenomics.radiomics.boxes import Reach, between, grown
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.interpolation import SPLINE_REACH
from radiogenomics.radiomics.region import BoolArray, FloatArray

if TYPE_CHECKING:
    import SimpleITK as sitk

# Half a voxel but for rounding: weights of a voxel midway between region and surroundings add up to 0.5 inexactly.
MASK_THRESHOLD = 0.5 - 1e-9
ITK_INTERPOLATORS = {"nearest": "sitkNearestNeighbor", "linear": "sitkLinear", "cubic": "sitkBSpline"}


# The box to keep around a box, in an image of a shape.
Kept = Callable[[Box, Sequence[int]], Box]


@dataclass(frozen=True)
class Prepared:
    """A box of the working grid around a region.

    Parameters
    ----------
    image : (z, y, x), float64 or, under pyradiomics' definition, the type of the file
        Intensities.
    mask : (z, y, x) bool
        The region before re-segmentation.
    spacing_mm : (z, y, x)
    """

    image: npt.NDArray[Any]
    mask: BoolArray
    spacing_mm: tuple[float, float, float]


def spacing_of(image: Image, settings: RadiomicsSettings) -> tuple[float, float, float]:
    """Spacing (z, y, x) in mm that features are computed at."""
    new = (settings.resampled_spacing_mm or (0.0, 0.0, 0.0))[::-1]
    z, y, x = (ours or theirs for ours, theirs in zip(new, image.spacing_mm, strict=True))
    return z, y, x


def prepare(
    image: Image, region: BoolArray, settings: RadiomicsSettings, reach: Reach, *, periodic: bool = False
) -> Prepared:
    """The box of a region, and what lies within reach of it, on the grid that the settings ask for.

    Parameters
    ----------
    image
    region : (z, y, x) bool
        Its mask, which is not empty.
    reach
        Voxels (z, y, x) of the working grid to keep around the region; None keeps the whole image.
    periodic
        An axis on which the reach leaves the image is kept whole.
    """

    def kept(box: Box, shape: Sequence[int]) -> Box:
        return grown(box, reach, shape, periodic=periodic)

    box = bounding_box(region)
    if settings.resampled_spacing_mm is not None and settings.definition == "pyradiomics":
        new = _spacing_as_pyradiomics(image, box, settings)
        if not np.allclose(image.spacing_mm, new):
            return _resampled_as_pyradiomics(image, region, box, new, settings, kept)
    elif settings.resampled_spacing_mm is not None:
        return _resampled(image, region, box, settings, kept)
    outer = kept(box, image.array.shape)
    array = scaled(image, outer, settings.normalise)
    if settings.definition == "ibsi":
        array = array.astype(np.float64, copy=False)
    return Prepared(array, region[outer], image.spacing_mm)


def resegmented(image: npt.NDArray[Any], mask: BoolArray, settings: RadiomicsSettings) -> BoolArray:
    """The intensity mask: voxels within the range, then those within so many standard deviations of their mean.

    Parameters
    ----------
    image : (z, y, x), any number
    mask : (z, y, x) bool
    """
    low, high = settings.resegment_range or (None, None)
    kept = mask.copy()
    if low is not None:
        kept &= image >= low
    if high is not None:
        kept &= image <= high
    if settings.resegment_sd is not None and kept.any():
        values = image[kept].astype(np.float64)
        mean, reach = values.mean(), settings.resegment_sd * values.std()
        kept &= (image >= mean - reach) & (image <= mean + reach)
    return kept


def scaled(image: Image, box: Box, normalise: Normalise | None) -> npt.NDArray[Any]:
    """A box of an image; with ``normalise`` in standard deviations from the mean of the whole, times those wanted."""
    part = image.array[box]
    if normalise is None:
        return part
    mean = float(np.mean([plane.mean(dtype=np.float64) for plane in image.array]))
    squares = sum(float(np.square(plane - mean).sum()) for plane in image.array)
    spread = math.sqrt(squares / max(image.array.size - 1, 1)) or 1.0  # of a constant image
    values = (part - mean) * (1 / spread)
    if normalise.clip_sd is not None:
        values = values.clip(-normalise.clip_sd, normalise.clip_sd)
    return values * normalise.sd


def _resampled(image: Image, region: BoolArray, box: Box, settings: RadiomicsSettings, kept: Kept) -> Prepared:
    """IBSI: the grid shares the image's centre; the mask is interpolated linearly and counts from one half."""
    whole, new = image.array.shape, spacing_of(image, settings)
    axes = [interpolation.centred(*axis) for axis in zip(whole, image.spacing_mm, new, strict=True)]
    covered = [axis.covering(part.start - 1, part.stop) for axis, part in zip(axes, box, strict=True)]
    outer = kept(between(*zip(*covered, strict=True)), [axis.count for axis in axes])
    places = [axis.positions(part.start, part.stop - part.start) for axis, part in zip(axes, outer, strict=True)]
    source = _source([place[0] for place in places], [place[-1] for place in places], whole)
    z, y, x = (place - part.start for place, part in zip(places, source, strict=True))
    values = interpolation.sample(scaled(image, source, settings.normalise), (z, y, x), settings.interpolation)
    if settings.round_intensities:
        np.rint(values, out=values)
    inside = interpolation.sample(region[source], (z, y, x), "linear") >= MASK_THRESHOLD
    return Prepared(values, inside, new)


def _spacing_as_pyradiomics(image: Image, box: Box, settings: RadiomicsSettings) -> FloatArray:
    """(3,) mm: an axis along which the region is one voxel thick is not resampled."""
    thick = [part.stop - part.start > 1 for part in box]
    return np.where(thick, spacing_of(image, settings), image.spacing_mm)


def _resampled_as_pyradiomics(
    image: Image, region: BoolArray, box: Box, new: FloatArray, settings: RadiomicsSettings, kept: Kept
) -> Prepared:
    """pyradiomics: the grid shares the image's first corner; ITK resamples, the mask by the nearest voxel.

    Values keep the type of the image.
    """
    import SimpleITK as sitk

    size, old = np.array(image.array.shape), np.array(image.spacing_mm)
    low, end = np.array([[part.start, part.stop] for part in box]).T
    ratio = old / new
    tight = between(np.floor((low - 0.5) * ratio), np.ceil((end - 0.5) * ratio))
    outer = kept(tight, np.ceil(size * ratio).astype(int).tolist())
    places = np.array([[part.start, part.stop - 1] for part in outer]).T / ratio + 0.5 * (new - old) / old
    source = _source(places[0].tolist(), places[1].tolist(), image.array.shape)
    resample = sitk.ResampleImageFilter()
    resample.SetOutputSpacing(new[::-1].tolist())
    resample.SetSize([part.stop - part.start for part in outer][::-1])
    resample.SetOutputOrigin((image.matrix @ [*places[0][::-1], 1])[:3].tolist())
    values = scaled(image, source, settings.normalise)
    if settings.interpolation == "cubic":
        # ITK's spline reads beyond the end of an axis of two voxels; its mirror image goes on in the same way.
        values = np.pad(values, [(0, int(length == 2)) for length in values.shape], mode="reflect")
    part = placed(image, values, source)
    resample.SetOutputDirection(part.GetDirection())
    resample.SetInterpolator(getattr(sitk, ITK_INTERPOLATORS[settings.interpolation]))
    array = sitk.GetArrayFromImage(resample.Execute(part))
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    mask = sitk.GetArrayFromImage(resample.Execute(placed(image, region[source].astype(np.uint8), source)))
    z, y, x = new.tolist()
    return Prepared(array, mask != 0, (z, y, x))


def _source(first: Sequence[float], last: Sequence[float], shape: Sequence[int]) -> Box:
    """Voxels that samples from place ``first`` to ``last`` depend on."""
    return grown(between(np.floor(first), np.ceil(last)), (SPLINE_REACH,) * 3, shape)


def placed(image: Image, part: npt.NDArray[Any], box: Box) -> "sitk.Image":
    """A part of an image as an image of SimpleITK."""
    matrix = image.matrix.copy()
    matrix[:3, 3] = (image.matrix @ [*(part.start for part in box[::-1]), 1])[:3]
    return Image(part, image.spacing_mm, matrix).to_itk()
