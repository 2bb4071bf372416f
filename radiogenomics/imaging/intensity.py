"""Arbitrary MR intensities made comparable: bias field, and scaling by an image's foreground.

Functions of arrays (n_slices, n_rows, n_columns); nothing is clipped, so every result keeps the order of grey values.
Sums are over arrays in memory order on one thread: the same image gives the same bytes on any number of cores.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid, Values
from radiogenomics.imaging.quantity_errors import (
    FlatImageError,
    NoSignalError,
    NotFiniteImageError,
    ThinImageError,
)

Intensities = npt.NDArray[np.float32]

OTSU_BINS = 256
# N4 (Tustison et al. 2010). A bias field varies over centimetres, so it is fitted on voxels of about 4 mm.
BIAS_SPACING_MM = 4.0
BIAS_ITERATIONS = (50, 50, 50, 50)  # at most, on each of four levels, each with twice the control points
BIAS_CONTROL_POINTS = (4, 4, 4)
BIAS_SPLINE_ORDER = 3
BIAS_CONVERGENCE = 1e-3
BIAS_HISTOGRAM_BINS = 200
BIAS_FWHM = 0.15
BIAS_WIENER_NOISE = 0.01
# Ends of the range that `percentile` scales (Shah et al., Med Image Anal 2011): single bright or dark voxels do not
# move them.
PERCENTILES = (1.0, 99.0)


def foreground(values: Values) -> BoolArray:
    """Voxels above Otsu's threshold, the tissue of an image with background.

    The threshold maximises the variance between the two classes of a histogram of `OTSU_BINS` bins from the lowest to
    the highest value (Otsu 1979), and lies on the upper edge of a bin. In an image without background (a narrow field
    of view) it separates dark from bright tissue instead.

    Parameters
    ----------
    values : (n_slices, n_rows, n_columns) number
        Intensities in arbitrary units.

    Returns
    -------
    (n_slices, n_rows, n_columns) bool
        True in the foreground; it is never empty and never everything.

    Raises
    ------
    FlatImageError, NotFiniteImageError
        All voxels have one value; some are NaN or infinite.
    """
    return np.asarray(values > otsu(values), dtype=np.bool_)


def otsu(values: Values) -> float:
    """Otsu's threshold of an image, as `foreground` takes it, with the same errors."""
    bad = values.size - int(np.count_nonzero(np.isfinite(values)))
    if bad:
        raise NotFiniteImageError(bad)
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise FlatImageError("all voxels of the image", values.size)
    counts, edges = np.histogram(values.astype(np.float64), bins=OTSU_BINS, range=(low, high))
    return _otsu_threshold(counts, edges)


def zscore(values: Values) -> Intensities:
    """Intensities with mean 0 and standard deviation 1 in the foreground.

    Parameters
    ----------
    values : (n_slices, n_rows, n_columns) number
        Intensities in arbitrary units.

    Returns
    -------
    (n_slices, n_rows, n_columns) float32
        (value - mean) / standard deviation (of the population), for foreground and background alike.

    Raises
    ------
    FlatImageError, NotFiniteImageError
        The image or its foreground has one value; some voxels are NaN or infinite.
    """
    inside = foreground_values(values)
    mean, deviation = float(inside.mean()), float(inside.std())
    refuse_flat(inside, deviation)
    return _scaled(values, mean, deviation)


def percentile(values: Values) -> Intensities:
    """Intensities scaled so that the 1st and 99th percentile of the foreground become 0 and 1; nothing is clipped.

    Parameters
    ----------
    values : (n_slices, n_rows, n_columns) number
        Intensities in arbitrary units.

    Returns
    -------
    (n_slices, n_rows, n_columns) float32

    Raises
    ------
    FlatImageError, NotFiniteImageError
        The image is flat, or the two percentiles are equal; some voxels are NaN or infinite.
    """
    inside = foreground_values(values)
    low, high = (float(value) for value in np.percentile(inside, PERCENTILES))
    refuse_flat(inside, high - low)
    return _scaled(values, low, high - low)


def correct_bias(values: Values, grid: Grid) -> Intensities:
    """Divide an image by its bias field, estimated by N4 (Tustison et al., IEEE Trans Med Imaging 2010).

    The field is fitted to the positive voxels of the `foreground`, on every n-th voxel so that they are about
    `BIAS_SPACING_MM` apart, and evaluated at full resolution. ITK adds up over threads, so the fit runs on one: on two,
    the logarithm of the field differed by 4e-6.

    Parameters
    ----------
    values : (n_slices, n_rows, n_columns) number
        Intensities in arbitrary units.
    grid : Grid
        Their geometry.

    Returns
    -------
    (n_slices, n_rows, n_columns) float32
        value / field, in the foreground and outside it.

    Raises
    ------
    ThinImageError
        The image has one voxel along an axis.
    FlatImageError, NotFiniteImageError, NoSignalError
        The image has one value; some voxels are NaN or infinite; no voxel of the foreground is above 0.
    """
    if min(values.shape) < 2:
        raise ThinImageError(values.shape)
    tissue = foreground(values) & np.asarray(values > 0)
    if not tissue.any():
        raise NoSignalError
    arrays = np.asarray(values, dtype=np.float32), tissue.astype(np.uint8)
    image, mask = (grid.stamp(sitk.GetImageFromArray(array)) for array in arrays)
    with _one_thread():
        n4 = _bias_filter()
        n4.Execute(*_coarse(image, mask))
        field = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image))
    return np.asarray(values / np.exp(field.astype(np.float64)), dtype=np.float32)


def _otsu_threshold(counts: npt.NDArray[np.int_], edges: FloatArray) -> float:
    """Edge between two bins that separates the classes best; the middle one of those that do it alike."""
    share = np.cumsum(counts)[:-1] / counts.sum()
    moment = np.cumsum(counts * np.arange(len(counts))) / counts.sum()
    between = (moment[-1] * share - moment[:-1]) ** 2 / (share * (1 - share))
    best = np.flatnonzero(between == between.max())
    return float(edges[1 + best[len(best) // 2]])


def foreground_values(values: Values) -> FloatArray:
    """Intensities of the foreground, (n_voxels,) float64 in array order; raises what `foreground` does."""
    return np.asarray(values[foreground(values)], dtype=np.float64)


def refuse_flat(inside: FloatArray, spread: float) -> None:
    """Refuse intensities of a foreground, (n_voxels,), that have one value or no ``spread``; FlatImageError."""
    if spread <= 0 or inside.min() == inside.max():
        raise FlatImageError("nearly all voxels of the foreground", inside.size)


def _scaled(values: Values, origin: float, unit: float) -> Intensities:
    return np.asarray((values.astype(np.float64) - origin) / unit, dtype=np.float32)


def _coarse(image: sitk.Image, mask: sitk.Image) -> tuple[sitk.Image, sitk.Image]:
    """Every n-th voxel along each axis, of which four at least are left; all voxels where the mask would be empty."""
    sizes = zip(image.GetSpacing(), image.GetSize(), strict=True)
    steps = [max(1, min(int(BIAS_SPACING_MM / spacing), size // 4)) for spacing, size in sizes]
    small = sitk.Shrink(mask, steps)
    return (sitk.Shrink(image, steps), small) if sitk.GetArrayViewFromImage(small).any() else (image, mask)


def _bias_filter() -> sitk.N4BiasFieldCorrectionImageFilter:
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations(BIAS_ITERATIONS)
    n4.SetNumberOfControlPoints(BIAS_CONTROL_POINTS)
    n4.SetSplineOrder(BIAS_SPLINE_ORDER)
    n4.SetConvergenceThreshold(BIAS_CONVERGENCE)
    n4.SetNumberOfHistogramBins(BIAS_HISTOGRAM_BINS)
    n4.SetBiasFieldFullWidthAtHalfMaximum(BIAS_FWHM)
    n4.SetWienerFilterNoise(BIAS_WIENER_NOISE)
    return n4


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let ITK use one thread; a filter's own number of threads does not reach the filters inside N4."""
    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
