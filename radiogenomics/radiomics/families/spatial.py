"""Spatial autocorrelation: Moran's I and Geary's C over all pairs of voxels, weighted by inverse distance.

The weight depends on the offset of two voxels alone, so a sum over pairs is a convolution with the weights. On a period
of twice the box it does not wrap round, the transform of the weights is real, and by Parseval's theorem the sum is that
of the products of two spectra times the weights': exact to rounding, in N log N steps, with nothing transformed back.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import bounding_box
from radiogenomics.compiled import kernel
from radiogenomics.radiomics.region import BoolArray, FloatArray, Region, Values

ComplexArray = npt.NDArray[np.complex128]
Spacing = tuple[float, float, float]

# Columns of the spectra that are held at once.
BLOCK = 8


class PairSums(NamedTuple):
    """Sums over all ordered pairs of different voxels i and j, of w = 1 / distance, of w vᵢ vⱼ and of w vᵢ²."""

    weights: float
    products: float
    squares: float


def spatial_autocorrelation(region: Region) -> Values:
    """MoranI and GearyC of the intensity mask (IBSI N365 and NPT7)."""
    inside = bounding_box(region.intensity)
    mask = region.intensity[inside]
    count = int(np.count_nonzero(mask))
    values = np.where(mask, region.image[inside], 0.0)
    if count == 1 or np.ptp(values[mask]) == 0:
        return dict.fromkeys(("MoranI", "GearyC"), "one voxel" if count == 1 else "all intensities are equal")
    values[mask] -= values[mask].mean()
    variation = float(np.vdot(values, values))
    sums = pair_sums(values, mask, region.spacing_mm)
    # w (vᵢ - vⱼ)² summed over all pairs is twice the sum of w vᵢ² less twice that of w vᵢ vⱼ.
    return {
        "MoranI": count / sums.weights * sums.products / variation,
        "GearyC": (count - 1) / sums.weights * (sums.squares - sums.products) / variation,
    }


def pair_sums(values: FloatArray, mask: BoolArray, spacing_mm: Spacing) -> PairSums:
    """Sums over all pairs of voxels of a mask.

    Beside two arrays of the size of the box it needs about 1 kB × ``BLOCK`` for each voxel of a plane (z, y): together
    some five times the box in float64 for a box of 300 columns.

    Parameters
    ----------
    values : (z, y, x) float64
        0 outside of the mask.
    mask : (z, y, x) bool
    spacing_mm : (z, y, x)
    """
    from scipy import fft

    slices, rows, columns = values.shape
    half = [fft.next_fast_len(size) for size in values.shape]
    spectrum = _weight_spectrum(half, spacing_mm)
    sums = np.zeros(3)
    for start in range(0, half[2] + 1, BLOCK):
        frequencies = np.arange(start, min(start + BLOCK, half[2] + 1))
        waves = _waves(columns, frequencies, 2 * half[2])
        block = np.empty((3, slices, rows, 2 * len(frequencies)))
        for z in range(slices):
            block[0, z] = mask[z] @ waves
            block[1, z] = values[z] @ waves
            block[2, z] = values[z] ** 2 @ waves
        spectra = fft.fft(block.view(np.complex128), 2 * half[1], axis=2)
        spectra = fft.fft(spectra, 2 * half[0], axis=1, overwrite_x=True)
        # Columns 1 … half - 1 stand for their mirror images too.
        twice = np.where((frequencies > 0) & (frequencies < half[2]), 2.0, 1.0)
        sums += _products(spectra, np.ascontiguousarray(spectrum[:, :, frequencies] * twice))
    sums /= 8 * np.prod(half)
    return PairSums(*(float(total) for total in sums))


def _weight_spectrum(half: list[int], spacing_mm: Spacing) -> FloatArray:
    """Transform of 1 / distance, 0 at no distance, with twice the period ``half``: its first octant, half + 1 each."""
    from scipy import fft

    squares = [(spacing * np.arange(size + 1)) ** 2 for spacing, size in zip(spacing_mm, half, strict=True)]
    weights = np.sqrt(squares[0][:, None, None] + squares[1][:, None] + squares[2])
    weights[0, 0, 0] = np.inf
    np.divide(1, weights, out=weights)
    spectrum: FloatArray = fft.dctn(weights, type=1, overwrite_x=True)
    return spectrum


def _waves(columns: int, frequencies: npt.NDArray[np.int64], period: int) -> FloatArray:
    """Fourier basis, (columns, 2 × frequencies): real and imaginary parts alternate."""
    angle = 2 * np.pi / period * (np.outer(np.arange(columns), frequencies) % period)
    return np.stack([np.cos(angle), -np.sin(angle)], axis=2).reshape(columns, -1)


@kernel("f8[::1](c16[:, :, :, ::1], f8[:, :, ::1])")
def _products(spectra: ComplexArray, weights: FloatArray) -> FloatArray:
    """Weighted sums of |mask|², |values|² and mask × squares; the weights are the mirror-symmetric octant's."""
    _, slices, rows, columns = spectra.shape
    sums = np.zeros(3)
    for z in range(slices):
        for y in range(rows):
            for x in range(columns):
                weight = weights[min(z, slices - z), min(y, rows - y), x]
                mask, values, squares = spectra[0, z, y, x], spectra[1, z, y, x], spectra[2, z, y, x]
                sums[0] += weight * (mask.real**2 + mask.imag**2)
                sums[1] += weight * (values.real**2 + values.imag**2)
                sums[2] += weight * (mask.real * squares.real + mask.imag * squares.imag)
    return sums
