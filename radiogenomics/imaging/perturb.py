"""Image and region changed together, as another scan or another reader might have changed them.

How much a feature moves under such changes is a measure of its stability that needs no second scan (Zwanenburg et al.,
Sci Rep 2019;9:614). They come in the order of that paper: noise on the acquired voxels, one interpolation for rotation
and translation, growth of the region, randomised contour. The result lies on the voxels of the volume, cut to the
surroundings of the region; nothing outside them is touched, so that the cost is that of the region.

Everything random comes from the seed through PCG64, and everything runs on one thread: the same bytes on any machine.
"""

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pywt
from scipy import ndimage

from radiogenomics.boxes import Box
from radiogenomics.imaging.boxes import region_box, widen
from radiogenomics.imaging.errors import PerturbationError
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid, Triple, Values, triple
from radiogenomics.imaging.motion import Motion
from radiogenomics.imaging.supervoxels import edge_mm, randomise_contour

Random: TypeAlias = np.random.Generator

# Surroundings of the region that are returned: what filters with a support of 25 mm read (LoG of 6 mm, 4 sigma).
MARGIN_MM = 25.0
# Surroundings from which the noise is estimated, whatever margin is asked for.
NOISE_MARGIN_MM = 25.0
# Voxels around a cut before cubic interpolation: the B-spline's memory falls by 0.268 a voxel, 7e-10 after 16.
SPLINE_VOXELS = 16
# Shares of a voxel this near to one half are one half: half a voxel's shift makes whole layers of them.
TIE = 1e-6
# Median of |x| of a standard normal distribution.
MEDIAN_DEVIATION = 0.6744897501960817
# Distances and weights are compared to this many decimals, so that no rounding of a processor decides.
DECIMALS = 9


@dataclass(frozen=True)
class Perturbation:
    """What is changed; the default changes nothing.

    Parameters
    ----------
    rotation_degrees : float
        Turn about the slice axis through the region's centroid, from the row axis (rising row index) to the column
        axis.
    translation_voxels : (slices, rows, columns)
        Shift in fractions of the voxel spacing, after the turn.
    noise : bool
        Add Gaussian noise of the level that `estimate_noise` finds.
    growth : float
        Relative change of the region's volume, above -1; +0.1 is 10 % more.
    contour : bool
        Randomise the contour by supervoxels.
    """

    rotation_degrees: float = 0.0
    translation_voxels: Triple = (0.0, 0.0, 0.0)
    noise: bool = False
    growth: float = 0.0
    contour: bool = False

    def __post_init__(self) -> None:
        if not np.isfinite([self.rotation_degrees, *self.translation_voxels, self.growth]).all() or self.growth <= -1:
            raise ValueError(f"not a perturbation: {self}")


def perturb(
    values: Values,
    mask: BoolArray,
    grid: Grid,
    perturbation: Perturbation,
    seed: int,
    *,
    margin_mm: float = MARGIN_MM,
) -> tuple[Values, BoolArray, Grid]:
    """Perturb an image and a region on it together.

    Values are interpolated by a cubic B-spline, masks linearly at a threshold of 0.5; of the voxels that are half in
    the region, as many belong to it as keep its volume (with all of them, a sphere of 10 voxels radius would grow by
    7 % at half a voxel's shift along one axis), those that have more of it around them first. Linear interpolation of
    values would leave 13 % of the variance of white noise at half a voxel's shift along each axis and so change every
    texture; the cubic spline leaves 43 %. It may overshoot at sharp edges. Beyond the volume, the nearest voxel counts.

    Parameters
    ----------
    values : (n_slices, n_rows, n_columns)
        Voxel values, finite.
    mask : (n_slices, n_rows, n_columns) bool
        Region with at least one voxel.
    grid : Grid
        Grid of both.
    perturbation : Perturbation
        What to change.
    seed : int
        Not negative. Equal arguments give equal bytes.
    margin_mm : float
        How much around the perturbed region is returned, as far as the volume reaches.

    Returns
    -------
    values : float32
        Perturbed values around the region.
    mask : bool
        Perturbed region, same shape.
    grid : Grid
        Where they lie: voxels of ``grid``, from another origin. A larger margin gives the same values to 1e-6 of their
        range, but for noise and contour, which are other draws.

    Raises
    ------
    PerturbationError
        The mask is empty, is lost between voxels or outside the volume, or fills the volume and is to grow.
    """
    noise_seed, contour_seed = np.random.SeedSequence(seed).spawn(2)
    box = region_box(mask)
    motion = Motion.of(mask[box], box, grid, perturbation.rotation_degrees, perturbation.translation_voxels)
    moved = mask if motion.still else _move_mask(mask, box, motion, grid.spacing_mm)
    moved = grow(moved, grid.spacing_mm, perturbation.growth)
    wide_mm = margin_mm + perturbation.contour * 2 * edge_mm(grid.spacing_mm)
    window = widen(region_box(moved), wide_mm, grid.spacing_mm, mask.shape)
    around = widen(box, NOISE_MARGIN_MM, grid.spacing_mm, mask.shape)
    level = estimate_noise(values[around]) if perturbation.noise else 0.0
    image = _move_values(values, motion, window, level, _random(noise_seed))
    region = moved[window]
    if perturbation.contour:
        region = randomise_contour(image, region, grid.spacing_mm, _random(contour_seed))
    inner = widen(region_box(region), margin_mm, grid.spacing_mm, region.shape)
    start = [outer.start + cut.start for outer, cut in zip(window, inner, strict=True)]
    place = replace(grid, shape=region[inner].shape, origin_mm=triple(grid.to_lps(start)))
    return image[inner].copy(), region[inner].copy(), place


def estimate_noise(values: Values) -> float:
    """Estimate the standard deviation of the noise in an image of shape (n_slices, n_rows, n_columns), in its unit.

    The median of the absolute diagonal details of the stationary wavelet transform (coif1, first level, within slices)
    over that of a standard normal distribution: structure of the image is smooth or rare at that scale (Chang, Yu and
    Vetterli, IEEE Trans Image Process 2000;9:1532). Noise that a reconstruction kernel has smoothed is underestimated.
    """
    details, band = np.asarray(values, dtype=np.float64), pywt.Wavelet("coif1").dec_hi
    for axis in (1, 2):
        details = ndimage.correlate1d(details, band, axis=axis)
        if details.shape[axis] > 2 * len(band):  # mirrored values are not independent: 5 % less in a small image
            details = np.moveaxis(np.moveaxis(details, axis, 0)[len(band) // 2 : -(len(band) // 2)], 0, axis)
    return float(np.median(np.abs(details)) / MEDIAN_DEVIATION)


def grow(mask: BoolArray, spacing_mm: Triple, growth: float) -> BoolArray:
    """Grow or shrink a region to ``1 + growth`` times its voxels, rounded, by distance in mm from its surface.

    Voxels of one distance come in the order of how much of their neighbourhood is in the region (concave places fill
    first, edges go first), then of their index. A region grows as far as there is room, and shrinks to one voxel at
    the least. Grown voxels are 6-connected to the region; a shrinking one may fall apart.

    Parameters
    ----------
    mask : (n_slices, n_rows, n_columns) bool
        The region. Outside of the image is no background: nothing is taken away there.
    spacing_mm : (slices, rows, columns)
        Voxel spacing.
    growth : float
        Relative change of the volume, above -1.

    Raises
    ------
    PerturbationError
        The region is empty, or fills the image and has no surface.
    """
    tight = region_box(mask)
    voxels = int(np.count_nonzero(mask[tight]))
    target = max(1, round(voxels * (1 + growth)))
    if target == voxels:
        return mask
    margin_mm = 2 * max(spacing_mm)
    while True:
        box = widen(tight, margin_mm, spacing_mm, mask.shape)
        changed, farthest_mm = _nearest(mask[box], spacing_mm, target - voxels)
        if farthest_mm <= margin_mm or changed.shape == mask.shape:
            break
        margin_mm *= 2
    result = np.zeros(mask.shape, dtype=np.bool_)
    result[box] = changed
    return result


def combinations(
    image_id: str,
    *,
    rotations_degrees: Iterable[float] = (0.0,),
    translations_voxels: Iterable[Triple] = ((0.0, 0.0, 0.0),),
    growths: Iterable[float] = (0.0,),
    noise: bool = False,
    contour: bool = False,
    repetitions: int = 1,
) -> list[tuple[Perturbation, int]]:
    """List the cross product of settings, the repetition running fastest, each with a seed of its own.

    The seed is a 64-bit BLAKE2b of the image and the place in the list: other images draw other numbers, and it does
    not matter which of them are computed where.
    """
    product = itertools.product(rotations_degrees, translations_voxels, growths, range(repetitions))
    return [
        (Perturbation(rotation, translation, noise, growth, contour), _seed(image_id, number))
        for number, (rotation, translation, growth, _) in enumerate(product)
    ]


def _move_mask(mask: BoolArray, box: Box, motion: Motion, spacing_mm: Triple) -> BoolArray:
    moved = np.zeros(mask.shape, dtype=np.bool_)
    target = motion.target(box, mask.shape)
    source = motion.source(target, mask.shape, 1)
    share = motion.apply(mask[source].astype(np.float64), source, target, 1).astype(np.float64)
    ties = np.abs(share - 0.5) <= TIE
    inside = (share >= 0.5) & ~ties
    wanted = np.clip(round(share.sum()) - np.count_nonzero(inside), 0, np.count_nonzero(ties))
    _switch(inside, ties, -_around(share, spacing_mm)[ties], int(wanted))
    moved[target] = inside
    if not moved[target].any():
        raise PerturbationError("is lost between voxels or moved out of the volume", int(np.count_nonzero(mask[box])))
    return moved


def _move_values(values: Values, motion: Motion, window: Box, level: float, random: Random) -> Values:
    source = window if motion.still else motion.source(window, values.shape, SPLINE_VOXELS)
    noisy = values[source].astype(np.float64)
    if level > 0:
        noisy += random.normal(0, level, noisy.shape)
    return noisy.astype(np.float32) if motion.still else motion.apply(noisy, source, window, 3)


def _nearest(inside: BoolArray, spacing_mm: Triple, change: int) -> tuple[BoolArray, float]:
    """Region with the nearest voxels added or taken, and how far in mm the last one lay: infinite if too few."""
    if inside.all():
        raise PerturbationError("fills the image", inside.size)
    side = ~inside if change > 0 else inside
    far: FloatArray = ndimage.distance_transform_edt(side, sampling=spacing_mm)[side].round(DECIMALS)
    result = inside.copy()
    chosen = _switch(result, side, _around(inside, spacing_mm)[side] * -np.sign(change), abs(change), far)
    return result, float(far[chosen[-1]]) if len(chosen) == abs(change) else np.inf


def _around(inside: Values, spacing_mm: Triple) -> FloatArray:
    """How much of a region is near each voxel: Gaussian weights of one voxel."""
    sigma = min(spacing_mm) / np.array(spacing_mm)
    near: FloatArray = ndimage.gaussian_filter(inside.astype(np.float64), sigma, mode="constant").round(DECIMALS)
    return near


def _switch(
    mask: BoolArray, candidates: BoolArray, second: FloatArray, number: int, first: FloatArray | None = None
) -> npt.NDArray[np.int64]:
    """Switch the first candidates over by ``first``, then ``second``, then index; returns which of them."""
    chosen = np.lexsort((second,) if first is None else (second, first))[:number]
    where = np.flatnonzero(candidates)[chosen]
    mask.flat[where] = ~mask.flat[where]
    return chosen


def _random(seed: np.random.SeedSequence) -> Random:
    return np.random.Generator(np.random.PCG64(seed))


def _seed(image_id: str, number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{image_id}/{number}".encode(), digest_size=8).digest(), "big")
