"""Image and mask to the region that features are computed on: scaling, resampling, re-segmentation.

Only the box of the region and a margin around it is ever converted or resampled; the grid is that of the whole image.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radiogenomics.config.extraction import Normalise, RadiomicsSettings
from radiogenomics.radiomics import interpolation
from radiogenomics.radiomics.interpolation import SPLINE_REACH
from radiogenomics.radiomics.region import BoolArray

# Half a voxel but for rounding: weights of a voxel midway between region and surroundings add up to 0.5 inexactly.
MASK_THRESHOLD = 0.5 - 1e-9
ITK_INTERPOLATORS = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear, "cubic": sitk.sitkBSpline}


def triple(numbers: Iterable[int]) -> tuple[int, int, int]:
    """Exactly three whole numbers, along z, y and x."""
    z, y, x = map(int, numbers)
    return z, y, x


@dataclass(frozen=True)
class Box:
    """Voxels ``low`` to ``high``, inclusive, along z, y and x."""

    low: tuple[int, int, int]
    high: tuple[int, int, int]

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The box as an index of an array."""
        z, y, x = (slice(low, high + 1) for low, high in zip(self.low, self.high, strict=True))
        return z, y, x

    def grown(self, margin: "Margin", shape: Sequence[int]) -> "Box":
        """The box with a margin around it, within an image of this shape."""
        low, high = list(self.low), list(self.high)
        for axis, (by, size) in enumerate(zip(margin.voxels, shape, strict=True)):
            low[axis], high[axis] = low[axis] - by, high[axis] + by
            if margin.periodic and not 0 <= low[axis] <= high[axis] < size:
                low[axis], high[axis] = 0, size
            low[axis], high[axis] = max(0, low[axis]), min(size - 1, high[axis])
        return Box(triple(low), triple(high))


@dataclass(frozen=True)
class Margin:
    """Voxels (z, y, x) to keep around a region; a periodic one that leaves the image keeps the whole axis."""

    voxels: tuple[int, int, int]
    periodic: bool = False


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


def bounding_box(mask: npt.NDArray[Any]) -> Box | None:
    """The smallest box that holds all voxels of a mask, (z, y, x); None where there is none."""
    low, high = [], []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        found = np.flatnonzero(mask.any(axis=others))
        if not len(found):
            return None
        low.append(int(found[0]))
        high.append(int(found[-1]))
        mask = mask[tuple(slice(found[0], found[-1] + 1) if at == axis else slice(None) for at in range(3))]
    return Box(triple(low), triple(high))


def spacing_of(image: sitk.Image, settings: RadiomicsSettings) -> tuple[float, float, float]:
    """Spacing (z, y, x) in mm that features are computed at."""
    new = settings.resampled_spacing_mm or (0.0, 0.0, 0.0)
    x, y, z = (ours or theirs for ours, theirs in zip(new, image.GetSpacing(), strict=True))
    return z, y, x


def prepare(image: sitk.Image, region: sitk.Image, box: Box, settings: RadiomicsSettings, margin: Margin) -> Prepared:
    """The box of a region on the grid that the settings ask for.

    Parameters
    ----------
    image, region
        On one grid; the region is 0 and 1.
    box
        The region's bounding box.
    margin
        In voxels of the working grid.
    """
    if settings.resampled_spacing_mm is not None and settings.definition == "pyradiomics":
        return _resampled_as_pyradiomics(image, region, box, settings, margin)
    if settings.resampled_spacing_mm is not None:
        return _resampled(image, region, box, settings, margin)
    whole = _shape(image)
    outer = box.grown(margin, whole)
    array = _array(scaled(image, _cropped(image, outer), settings.normalise))
    if settings.definition == "ibsi":
        array = array.astype(np.float64)
    mask = sitk.GetArrayViewFromImage(region)[outer.slices] != 0
    return Prepared(array, mask, _reversed(image.GetSpacing()))


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


def _resampled(
    image: sitk.Image, region: sitk.Image, box: Box, settings: RadiomicsSettings, margin: Margin
) -> Prepared:
    """IBSI: the grid shares the image's centre; the mask is interpolated linearly and counts from one half."""
    whole, spacing, new = _shape(image), _reversed(image.GetSpacing()), spacing_of(image, settings)
    axes = [interpolation.centred(*axis) for axis in zip(whole, spacing, new, strict=True)]
    covered = [axis.covering(low - 1, high + 1) for axis, low, high in zip(axes, box.low, box.high, strict=True)]
    counts = tuple(axis.count for axis in axes)
    outer = Box(*zip(*covered, strict=True)).grown(margin, counts)
    places = [axis.positions(low, high - low + 1) for axis, low, high in zip(axes, outer.low, outer.high, strict=True)]
    first, last = triple(math.floor(place[0]) for place in places), triple(math.ceil(place[-1]) for place in places)
    source = Box(first, last).grown(Margin((SPLINE_REACH,) * 3), whole)
    z, y, x = (place - low for place, low in zip(places, source.low, strict=True))
    array = _array(scaled(image, _cropped(image, source), settings.normalise))
    values = interpolation.sample(array, (z, y, x), settings.interpolation)
    if settings.round_intensities:
        np.rint(values, out=values)
    mask = sitk.GetArrayViewFromImage(region)[source.slices]
    inside = interpolation.sample(mask, (z, y, x), "linear") >= MASK_THRESHOLD
    return Prepared(values, inside, new)


def _resampled_as_pyradiomics(
    image: sitk.Image, region: sitk.Image, box: Box, settings: RadiomicsSettings, margin: Margin
) -> Prepared:
    """pyradiomics: the grid shares the image's first corner; ITK resamples, the mask by the nearest voxel.

    Values keep the type of the image. An axis along which the region is one voxel thick is not resampled.
    """
    size, old = np.array(image.GetSize()), np.array(image.GetSpacing())
    low, high = np.array(box.low[::-1]), np.array(box.high[::-1])
    new = np.array(spacing_of(image, settings)[::-1])
    new = np.where(high > low, new, old)
    if np.allclose(old, new):
        return prepare(image, region, box, settings.model_copy(update={"resampled_spacing_mm": None}), margin)
    ratio = old / new
    tight = Box(triple(np.floor((low - 0.5) * ratio).astype(int)), triple(np.ceil((high + 0.5) * ratio).astype(int)))
    turned = Margin(triple(margin.voxels[::-1]), margin.periodic)
    outer = tight.grown(turned, np.ceil(size * ratio).astype(int))
    first = np.array(outer.low)
    resample = sitk.ResampleImageFilter()
    resample.SetOutputSpacing(new.tolist())
    resample.SetOutputDirection(image.GetDirection())
    resample.SetOutputOrigin(image.TransformContinuousIndexToPhysicalPoint(0.5 * (new - old) / old + first / ratio))
    resample.SetSize([end - start + 1 for start, end in zip(outer.low, outer.high, strict=True)])
    start, end = first / ratio, np.array(outer.high) / ratio
    source = Box(triple(np.floor(start[::-1]).astype(int)), triple(np.ceil(end[::-1]).astype(int) + 1))
    source = source.grown(Margin((SPLINE_REACH,) * 3), _shape(image))
    cropped = scaled(image, _cropped(image, source), settings.normalise)
    resample.SetOutputPixelType(cropped.GetPixelID())
    resample.SetInterpolator(ITK_INTERPOLATORS[settings.interpolation])
    array = _array(resample.Execute(cropped))
    resample.SetOutputPixelType(sitk.sitkUInt8)
    resample.SetInterpolator(sitk.sitkNearestNeighbor)
    mask = _array(resample.Execute(_cropped(region, source))) != 0
    return Prepared(array, mask, _reversed(new.tolist()))


def scaled(image: sitk.Image, part: sitk.Image, normalise: Normalise | None) -> sitk.Image:
    """A part of an image in standard deviations from the mean of the whole, times those of the settings."""
    if normalise is None:
        return part
    statistics = sitk.StatisticsImageFilter()
    statistics.Execute(image)
    spread = statistics.GetSigma() or 1.0  # of a constant image, which is refused later
    part = sitk.ShiftScale(part, -statistics.GetMean(), 1 / spread, sitk.sitkFloat64)
    if normalise.clip_sd is not None:
        part = sitk.Clamp(part, lowerBound=-normalise.clip_sd, upperBound=normalise.clip_sd)
    whole: sitk.Image = part * normalise.sd
    return whole


def _cropped(image: sitk.Image, box: Box) -> sitk.Image:
    size = [high - low + 1 for low, high in zip(box.low, box.high, strict=True)]
    part: sitk.Image = sitk.RegionOfInterest(image, size[::-1], list(box.low[::-1]))
    return part


def _array(image: sitk.Image) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = sitk.GetArrayFromImage(image)
    return array


def _shape(image: sitk.Image) -> tuple[int, int, int]:
    x, y, z = image.GetSize()
    return z, y, x


def _reversed(spacing: tuple[float, ...] | list[float]) -> tuple[float, float, float]:
    x, y, z = spacing
    return z, y, x
