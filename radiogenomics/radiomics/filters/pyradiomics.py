"""The image filters of pyradiomics (``imageoperations`` of version 3.1), in a box of the image.

Each function takes the image and gives the values in a box, the same as pyradiomics gives there for the whole image:
it looks only at what these depend on. LoG, wavelet and gradient may be given a crop that holds the box and its reach.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import Box
from radiogenomics.radiomics.boxes import response_in_box
from radiogenomics.radiomics.filters import bands, recursive
from radiogenomics.radiomics.filters.errors import BlankImageError, ImageTooSmallForFilterError
from radiogenomics.radiomics.region import FloatArray

Image = npt.NDArray[np.generic]


def log(image: Image, *, sigma_mm: float, spacing_mm: tuple[float, float, float], box: Box) -> FloatArray:
    """Laplacian of Gaussian, normalised across scale: that of ITK's recursive filter.

    Raises
    ------
    ImageTooSmallForFilterError
        Fewer than four voxels along an axis, or fewer than sigma covers.
    """
    minimum = tuple(max(recursive.MIN_VOXELS, math.ceil(sigma_mm / step) + 1) for step in spacing_mm)
    if any(size < least for size, least in zip(image.shape, minimum, strict=True)):
        raise ImageTooSmallForFilterError(f"LoG of {sigma_mm:g} mm", image.shape, minimum)
    return recursive.laplacian_of_gaussian(image, sigma_mm=sigma_mm, spacing_mm=spacing_mm, box=box)


def log_reach(*, sigma_mm: float, spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a LoG value depends on the image: 12 sigma, see ``recursive.REACH_SIGMAS``."""
    return recursive.reach(sigma_mm, spacing_mm)


def wavelet(image: Image, *, name: str, box: Box) -> Iterator[tuple[str, FloatArray]]:
    """The eight bands of the first level, named as pyradiomics names them: L or H along x, y and z.

    pyradiomics filters float32 images in float32 and all others in float64; here it is always float64.
    """
    return bands.bands_in_box(image, wavelet=name, box=box)


def wavelet_reach(*, name: str) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a band depends on the image; over the border it comes back at the far side."""
    return bands.reach(name)


def square(image: Image, *, box: Box) -> FloatArray:
    """Square of the intensities, scaled to the largest absolute intensity of the whole image."""
    return _within(image, box) ** 2 / _largest(image, "square")


def square_root(image: Image, *, box: Box) -> FloatArray:
    """Signed square root of the absolute intensities, scaled to the largest of the whole image."""
    values = _within(image, box)
    return np.sign(values) * np.sqrt(np.abs(values) * _largest(image, "square root"))


def logarithm(image: Image, *, box: Box) -> FloatArray:
    """Signed logarithm of 1 + the absolute intensities, scaled to the largest of the whole image."""
    values, largest = _within(image, box), _largest(image, "logarithm")
    return np.sign(values) * np.log1p(np.abs(values)) * (largest / math.log1p(largest))


def exponential(image: Image, *, box: Box) -> FloatArray:
    """Exponential of the intensities, scaled to the largest absolute intensity of the whole image."""
    largest = _largest(image, "exponential")
    return np.exp(_within(image, box) * (math.log(largest) / largest))


def gradient(image: Image, *, spacing_mm: tuple[float, float, float], box: Box) -> FloatArray:
    """Gradient magnitude per mm by central differences; beyond the border the image keeps its value."""

    def magnitude(part: FloatArray) -> FloatArray:
        extended = np.pad(part, 1, mode="edge")
        slopes = [
            (np.roll(extended, -1, axis) - np.roll(extended, 1, axis)) / (2 * step)
            for axis, step in enumerate(spacing_mm)
        ]
        total: FloatArray = np.sqrt(np.sum(np.square(slopes), axis=0))
        return total[1:-1, 1:-1, 1:-1]

    return response_in_box(magnitude, image, box=box, reach=(1, 1, 1))


def _within(image: Image, box: Box) -> FloatArray:
    return image[box].astype(np.float64)


def _largest(image: Image, name: str) -> float:
    """Largest absolute intensity."""
    largest = max(float(image.max()), -float(image.min()))
    if largest == 0:
        raise BlankImageError(name)
    return largest
