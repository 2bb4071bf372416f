"""Filters that are given in the Fourier domain, by their transfer function.

Frequencies are in units of the Nyquist frequency. Along an axis of n voxels they run from -1 to 1 in n equal steps,
both ends included, which is the convention that the reference response maps of IBSI-2 follow. For an even n this is
half a sample off the frequencies of the discrete Fourier transform, and the response is the real part.
"""

import numpy as np
import numpy.typing as npt
from scipy import fft

from radiogenomics.radiomics.region import FloatArray

ComplexArray = npt.NDArray[np.complex128]


def frequencies(shape: tuple[int, ...], *, planar: bool) -> list[FloatArray]:
    """Frequencies along z, y and x in the order of the transform, each to broadcast along its axis; 0 across slices."""
    along = [fft.ifftshift(np.linspace(-1, 1, size)) if size > 1 else np.zeros(1) for size in shape]
    if planar:
        along[0] = np.zeros(1)
    return list(np.meshgrid(*along, indexing="ij", sparse=True))


def magnitude(grid: list[FloatArray]) -> FloatArray:
    """Length of the frequency vector."""
    z, y, x = grid
    length: FloatArray = np.sqrt(z**2 + y**2 + x**2)
    return length


def filtered(image: FloatArray, transfer: FloatArray | ComplexArray, *, planar: bool) -> FloatArray:
    """Response to a transfer function, in space or by slice, of an image that repeats itself."""
    axes = (1, 2) if planar else (0, 1, 2)
    return np.ascontiguousarray(fft.ifftn(fft.fftn(image, axes=axes) * transfer, axes=axes).real)
