"""Image and mask to the region that features are computed on: scaling, resampling, re-segmentation.

Only the box of the region and a margin around it is ever converted or resampled; the grid is that of the whole image.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from radiogenomics.config.extraction import Normalise, RadiomicsSettings
from radiogenomics.radiomics import interpolation
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.interpolation import SPLINE_REACH
from radiogenomics.radiomics.region import BoolArray

if TYPE_CHECKING:
    import SimpleITK as sitk

# Half a voxel but for rounding: weights of a voxel midway between region and surroundings add up to 0.5 inexactly.
MASK_THRESHOLD = 0.5 - 1e-9
# More voxels than any image has along an axis.
WHOLE_IMAGE = 1_000_000
ITK_INTERPOLATORS = {"nearest": "sitkNearestNeighbor", "linear": "sitkLinear", "cubic": "sitkBSpline"}


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


def spacing_of(image: Image, settings: RadiomicsSettings) -> tuple[float, float, float]:
    """Spacing (z, y, x) in mm that features are computed at."""
    new = (settings.resampled_spacing_mm or (0.0, 0.0, 0.0))[::-1]
    z, y, x = (ours or theirs for ours, theirs in zip(new, image.spacing_mm, strict=True))
    return z, y, x


def prepare(image: Image, region: BoolArray, box: Box, settings: RadiomicsSettings, margin: Margin) -> Prepared:
    """The box of a region on the grid that the settings ask for.

    Parameters
    ----------
    image
    region : (z, y, x) bool
        Its mask.
    box
        The region's bounding box.
    margin
        In voxels of the working grid.
    """
    if settings.resampled_spacing_mm is not None and settings.definition == "pyradiomics":
        return _resampled_as_pyradiomics(image, region, box, settings, margin)
    if settings.resampled_spacing_mm is not None:
        return _resampled(image, region, box, settings, margin)
    outer = box.grown(margin, image.array.shape)
    array = scaled(image, outer, settings.normalise)
    if settings.definition == "ibsi":
        array = array.astype(np.float64, copy=False)
    return Prepared(array, region[outer.slices], image.spacing_mm)


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
    part = image.array[box.slices]
    if normalise is None:
        return part
    mean = float(np.mean([plane.mean(dtype=np.float64) for plane in image.array]))
    squares = sum(float(np.square(plane - mean).sum()) for plane in image.array)
    spread = math.sqrt(squares / max(image.array.size - 1, 1)) or 1.0  # of a constant image
    values = (part - mean) * (1 / spread)
    if normalise.clip_sd is not None:
        values = values.clip(-normalise.clip_sd, normalise.clip_sd)
    return values * normalise.sd


def _resampled(image: Image, region: BoolArray, box: Box, settings: RadiomicsSettings, margin: Margin) -> Prepared:
    """IBSI: the grid shares the image's centre; the mask is interpolated linearly and counts from one half."""
    whole, new = image.array.shape, spacing_of(image, settings)
    axes = [interpolation.centred(*axis) for axis in zip(whole, image.spacing_mm, new, strict=True)]
    covered = [axis.covering(low - 1, high + 1) for axis, low, high in zip(axes, box.low, box.high, strict=True)]
    outer = Box(*zip(*covered, strict=True)).grown(margin, [axis.count for axis in axes])
    places = [axis.positions(low, high - low + 1) for axis, low, high in zip(axes, outer.low, outer.high, strict=True)]
    first, last = triple(math.floor(place[0]) for place in places), triple(math.ceil(place[-1]) for place in places)
    source = Box(first, last).grown(Margin((SPLINE_REACH,) * 3), whole)
    z, y, x = (place - low for place, low in zip(places, source.low, strict=True))
    values = interpolation.sample(scaled(image, source, settings.normalise), (z, y, x), settings.interpolation)
    if settings.round_intensities:
        np.rint(values, out=values)
    inside = interpolation.sample(region[source.slices], (z, y, x), "linear") >= MASK_THRESHOLD
    return Prepared(values, inside, new)


def _resampled_as_pyradiomics(
    image: Image, region: BoolArray, box: Box, settings: RadiomicsSettings, margin: Margin
) -> Prepared:
    """pyradiomics: the grid shares the image's first corner; ITK resamples, the mask by the nearest voxel.

    Values keep the type of the image. An axis along which the region is one voxel thick is not resampled.
    """
    import SimpleITK as sitk

    size, old, low, high = (np.array(each) for each in (image.array.shape, image.spacing_mm, box.low, box.high))
    new = np.where(high > low, spacing_of(image, settings), old)
    if np.allclose(old, new):
        return prepare(image, region, box, settings.model_copy(update={"resampled_spacing_mm": None}), margin)
    ratio = old / new
    tight = Box(triple(np.floor((low - 0.5) * ratio)), triple(np.ceil((high + 0.5) * ratio)))
    outer = tight.grown(margin, np.ceil(size * ratio).astype(int).tolist())
    places = np.array([outer.low, outer.high]) / ratio + 0.5 * (new - old) / old
    source = Box(triple(np.floor(places[0])), triple(np.ceil(places[1]))).grown(
        Margin((SPLINE_REACH,) * 3), image.array.shape
    )
    resample = sitk.ResampleImageFilter()
    resample.SetOutputSpacing(new[::-1].tolist())
    resample.SetSize([end - start + 1 for start, end in zip(outer.low, outer.high, strict=True)][::-1])
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
    mask = sitk.GetArrayFromImage(resample.Execute(placed(image, region[source.slices].astype(np.uint8), source)))
    z, y, x = new.tolist()
    return Prepared(array, mask != 0, (z, y, x))


def placed(image: Image, part: npt.NDArray[Any], box: Box) -> "sitk.Image":
    """A part of an image as an image of SimpleITK."""
    matrix = image.matrix.copy()
    matrix[:3, 3] = (image.matrix @ [*box.low[::-1], 1])[:3]
    return Image(part, image.spacing_mm, matrix).to_itk()
