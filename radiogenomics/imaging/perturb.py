"""Image and region changed together, as another scan or another reader might have changed them.

How much a feature moves under such changes is a measure of its stability that needs no second scan (Zwanenburg et al.,
Sci Rep 2019;9:614). They come in the order of that paper: noise on the acquired voxels, one interpolation for rotation
and translation, growth of the region, randomised contour. The result lies on the voxels of the volume, cut to the
surroundings of the region; nothing outside them is touched, so that the cost is that of the region.

Everything random comes from the seed through PCG64, and everything runs on one thread: the same bytes on any machine.
"""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pywt
import SimpleITK as sitk
from scipy import ndimage

from radiogenomics.errors import ImagingError
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid, Triple, Values, triple

Box: TypeAlias = tuple[slice, slice, slice]
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
# Supervoxels as in the paper: 500 mm³ and at least 20 voxels; compactness for intensities scaled to 0-1.
SUPERVOXEL_MM3, SUPERVOXEL_VOXELS, COMPACTNESS, ITERATIONS = 500.0, 20, 0.05, 10
# Share of a supervoxel in the region from which it always belongs to it, and below which it never does.
ALWAYS, NEVER = 0.9, 0.2
INTENSITY_SD = 3.0
# Distances and weights are compared to this many decimals, so that no rounding of a processor decides.
DECIMALS = 9
TOUCHING = np.ones((3, 3, 3))


class PerturbationError(ImagingError):
    """A region cannot be perturbed, or nothing is left of it."""

    reason = "perturbation"

    def __init__(self, problem: str, voxels: int) -> None:
        self.problem, self.voxels = problem, voxels
        super().__init__(
            f"a region of {voxels} voxel(s) {problem}",
            hint="the region is too small for its stability to be measured, or fills the image; check its segmentation",
        )


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
    box = _box(mask)
    motion = _Motion.of(mask[box], box, grid, perturbation)
    moved = mask if motion.still else _move_mask(mask, box, motion, grid.spacing_mm)
    moved = grow(moved, grid.spacing_mm, perturbation.growth)
    wide_mm = margin_mm + perturbation.contour * 2 * _edge_mm(grid.spacing_mm)
    window = _widen(_box(moved), wide_mm, grid.spacing_mm, mask.shape)
    around = _widen(box, NOISE_MARGIN_MM, grid.spacing_mm, mask.shape)
    level = estimate_noise(values[around]) if perturbation.noise else 0.0
    image = _move_values(values, motion, window, level, _random(noise_seed))
    region = moved[window]
    if perturbation.contour:
        region = randomise_contour(image, region, grid.spacing_mm, _random(contour_seed))
    inner = _widen(_box(region), margin_mm, grid.spacing_mm, region.shape)
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
    tight = _box(mask)
    voxels = int(np.count_nonzero(mask[tight]))
    target = max(1, round(voxels * (1 + growth)))
    if target == voxels:
        return mask
    margin_mm = 2 * max(spacing_mm)
    while True:
        box = _widen(tight, margin_mm, spacing_mm, mask.shape)
        changed, farthest_mm = _nearest(mask[box], spacing_mm, target - voxels)
        if farthest_mm <= margin_mm or changed.shape == mask.shape:
            break
        margin_mm *= 2
    result = np.zeros(mask.shape, dtype=np.bool_)
    result[box] = changed
    return result


def randomise_contour(values: Values, mask: BoolArray, spacing_mm: Triple, random: Random) -> BoolArray:
    """Draw a region anew from supervoxels, as another reader might have drawn its contour.

    The surroundings are divided into supervoxels (SLIC); each belongs to the new region with a probability equal to
    the share of it that is in the old one, surely from 90 % on and if no other has more, never below 20 %. The union
    is closed by one voxel. Of each 26-connected part of the old region, the piece with most of its voxels is kept;
    cavities are not filled, since they may have been left out on purpose.

    A region smaller than a few supervoxels (500 mm³) changes much, and parts smaller than 100 mm³ may go: so it is
    with the published method.

    Parameters
    ----------
    values, mask : (n_slices, n_rows, n_columns)
        Image and region (bool), not empty.
    spacing_mm : (slices, rows, columns)
        Voxel spacing.
    random : Generator
        Source of the draws.
    """
    box = _widen(_box(mask), 2 * _edge_mm(spacing_mm), spacing_mm, mask.shape)
    inside = mask[box]
    labels = _supervoxels(values[box], inside, spacing_mm)
    share = np.bincount(labels[inside], minlength=int(labels.max()) + 1) / np.maximum(np.bincount(labels.ravel()), 1)
    drawn = (random.random(share.size) < share) & (share >= NEVER) | (share >= ALWAYS)
    drawn[np.argmax(share)] = True
    union = drawn[labels]
    result = np.zeros(mask.shape, dtype=np.bool_)
    result[box] = _main_pieces(union | ndimage.binary_closing(union), inside)
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


@dataclass(frozen=True)
class _Motion:
    """Where a voxel comes from: source index = ``matrix`` @ index + ``offset``, both (k, j, i)."""

    matrix: FloatArray
    offset: FloatArray

    @classmethod
    def of(cls, inside: BoolArray, box: Box, grid: Grid, perturbation: Perturbation) -> "_Motion":
        centre = np.argwhere(inside).mean(axis=0) + [axis.start for axis in box]
        angle = np.radians(perturbation.rotation_degrees % 360)
        back = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
        spacing = np.array(grid.spacing_mm)
        matrix = back * spacing / spacing[:, None]
        return cls(matrix, centre - matrix @ (centre + np.array(perturbation.translation_voxels)))

    @property
    def still(self) -> bool:
        """Whether every voxel comes from itself."""
        return bool((self.matrix == np.eye(3)).all() and (self.offset == 0).all())

    def source(self, box: Box, shape: Sequence[int], around: int) -> Box:
        """Voxels that a box comes from, and some around them."""
        found = _corners(box) @ self.matrix.T + self.offset
        return _clip(np.floor(found.min(axis=0)) - around, np.ceil(found.max(axis=0)) + 1 + around, shape)

    def target(self, box: Box, shape: Sequence[int]) -> Box:
        """Voxels that a box can reach."""
        found = (_corners(box) - self.offset) @ np.linalg.inv(self.matrix).T
        return _clip(np.floor(found.min(axis=0)) - 1, np.ceil(found.max(axis=0)) + 2, shape)

    def apply(self, source: FloatArray, start: Box, box: Box, order: int) -> Values:
        """Interpolate ``source``, cut from the volume at ``start``, at the voxels of ``box``."""
        first, origin = (np.array([axis.start for axis in cut]) for cut in (box, start))
        offset = self.matrix @ first + self.offset - origin
        shape = tuple(axis.stop - axis.start for axis in box)
        moved: Values = ndimage.affine_transform(
            source, self.matrix, offset, shape, output=np.float32, order=order, mode="nearest"
        )
        return moved


def _move_mask(mask: BoolArray, box: Box, motion: _Motion, spacing_mm: Triple) -> BoolArray:
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


def _move_values(values: Values, motion: _Motion, window: Box, level: float, random: Random) -> Values:
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


def _edge_mm(spacing_mm: Triple) -> float:
    """Edge of a supervoxel."""
    return float(np.cbrt(max(SUPERVOXEL_MM3, SUPERVOXEL_VOXELS * float(np.prod(spacing_mm)))))


def _supervoxels(values: Values, inside: BoolArray, spacing_mm: Triple) -> npt.NDArray[np.int64]:
    """Label of the supervoxel of each voxel, from 0 on; intensities as far as the region's go, smoothed by a voxel."""
    spacing, region = np.array(spacing_mm), values[inside].astype(np.float64)
    low, width = region.mean() - INTENSITY_SD * region.std(), 2 * INTENSITY_SD * region.std() or 1.0
    scaled = np.clip((values - low) / width, 0, 1)
    smooth = ndimage.gaussian_filter(scaled, spacing.min() / spacing).astype(np.float32)
    # A cell larger than the image ends ITK 5.4 (SimpleITK 2.5) with a segmentation fault.
    cells = np.clip(np.rint(_edge_mm(spacing_mm) / spacing), 1, values.shape).astype(int)
    slic = sitk.SLICImageFilter()
    slic.SetNumberOfThreads(1)
    slic.SetSuperGridSize(cells[::-1].tolist())
    slic.SetSpatialProximityWeight(COMPACTNESS)
    slic.SetMaximumNumberOfIterations(ITERATIONS)
    labels: npt.NDArray[np.int64] = sitk.GetArrayFromImage(slic.Execute(sitk.GetImageFromArray(smooth))).astype(
        np.int64
    )
    return labels


def _main_pieces(union: BoolArray, inside: BoolArray) -> BoolArray:
    """For each part of the old region, the piece of the new one that has most of it, if any has some."""
    pieces, _ = ndimage.label(union, structure=TOUCHING)
    parts, n_parts = ndimage.label(inside, structure=TOUCHING)
    shared = [np.bincount(pieces[parts == part])[1:] for part in range(1, n_parts + 1)]
    kept = [int(np.argmax(counts)) + 1 for counts in shared if counts.sum()]
    result: BoolArray = np.isin(pieces, kept)
    return result


def _random(seed: np.random.SeedSequence) -> Random:
    return np.random.Generator(np.random.PCG64(seed))


def _seed(image_id: str, number: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{image_id}/{number}".encode(), digest_size=8).digest(), "big")


def _box(mask: BoolArray) -> Box:
    found: list[slice] = []
    for axis in range(3):  # slices first: they are cut before rows and columns are looked at
        inside = np.asarray(mask[tuple(found)].any(axis=tuple(other for other in range(3) if other != axis)))
        if not inside.any():
            raise PerturbationError("is empty", 0)
        found.append(slice(int(inside.argmax()), len(inside) - int(inside[::-1].argmax())))
    slices, rows, columns = found
    return slices, rows, columns


def _corners(box: Box) -> FloatArray:
    return np.array(list(itertools.product(*((axis.start, axis.stop - 1) for axis in box))), dtype=np.float64)


def _widen(box: Box, margin_mm: float, spacing_mm: Triple, shape: Sequence[int]) -> Box:
    margin = np.ceil(margin_mm / np.array(spacing_mm))
    starts, stops = np.array([(axis.start, axis.stop) for axis in box]).T
    return _clip(starts - margin, stops + margin, shape)


def _clip(starts: FloatArray, stops: FloatArray, shape: Sequence[int]) -> Box:
    """Box within an image; at least one voxel thick, where it lies outside the nearest ones."""
    first = np.clip(starts, 0, np.array(shape) - 1).astype(int)
    last = np.clip(stops, first + 1, shape).astype(int)
    slices, rows, columns = (slice(int(low), int(high)) for low, high in zip(first, last, strict=True))
    return slices, rows, columns
