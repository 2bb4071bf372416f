r"""Gabor filter (IBSI-2, section 3.4: Q88H), in a plane.

With :math:`k_1` along and :math:`k_2` across the wave

.. math:: g(k) = \exp\left(-\frac{k_1^2 + \gamma^2 k_2^2}{2\sigma^2} + i\frac{2\pi k_1}{\lambda}\right),

where the wave runs along x for :math:`\theta = 0` and turns clockwise as seen with y downwards,
:math:`k_1 = x\cos\theta + y\sin\theta`. The response is the modulus.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy import fft

from radiogenomics.radiomics.filters.boundary import Boundary, padded
from radiogenomics.radiomics.filters.errors import UnequalSpacingError
from radiogenomics.radiomics.filters.fourier import ComplexArray
from radiogenomics.radiomics.filters.separable import Pooling, pool
from radiogenomics.radiomics.region import FloatArray

CUTOFF_SIGMAS = 6.0  # the envelope is down to 2e-8 there


def response(
    image: FloatArray,
    *,
    sigma_mm: float,
    wavelength_mm: float,
    gamma: float,
    angles: Sequence[float],
    orthogonal_planes: bool,
    pooling: Pooling,
    spacing_mm: tuple[float, float, float],
    boundary: Boundary,
) -> FloatArray:
    """Modulus of the response, pooled over angles and planes.

    Parameters
    ----------
    image : (z, y, x) float64
    sigma_mm, wavelength_mm : float
        Width of the envelope along the wave, and the wave's length.
    gamma : float
        Ratio of the envelope's widths along and across the wave.
    angles : sequence of float
        Directions of the wave in radians.
    orthogonal_planes : bool
        Whether the slices along y and x are filtered as well as those along z.
    pooling : "max" or "mean"
    spacing_mm : (z, y, x)
    boundary : Boundary

    Raises
    ------
    UnequalSpacingError
        The voxels of a plane are not square.
    """
    kernels = {
        across: _kernels(sigma_mm, wavelength_mm, gamma, angles, _step(spacing_mm, across))
        for across in ((0, 1, 2) if orthogonal_planes else (0,))
    }
    in_planes = (_response_in_planes(image, across, turned, pooling, boundary) for across, turned in kernels.items())
    return pool(in_planes, pooling)


def reach(
    *, sigma_mm: float, gamma: float, orthogonal_planes: bool, spacing_mm: tuple[float, float, float]
) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a response depends on the image."""
    z, y, x = (_radius(sigma_mm / step, gamma) for step in spacing_mm)
    return (z if orthogonal_planes else 0), y, x


def _step(spacing_mm: tuple[float, float, float], across: int) -> float:
    first, second = (step for axis, step in enumerate(spacing_mm) if axis != across)
    if not math.isclose(first, second, rel_tol=1e-3):
        raise UnequalSpacingError("Gabor filter", spacing_mm)
    return first


def _radius(sigma: float, gamma: float) -> int:
    return math.ceil(CUTOFF_SIGMAS * sigma * max(1.0, 1 / gamma))


def _kernels(
    sigma_mm: float, wavelength_mm: float, gamma: float, angles: Sequence[float], step_mm: float
) -> list[ComplexArray]:
    """One kernel (rows, columns) an angle, odd in size."""
    radius = _radius(sigma_mm / step_mm, gamma)
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1] * step_mm
    kernels = []
    for angle in angles:
        along, beside = x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)
        envelope = np.exp(-(along**2 + (gamma * beside) ** 2) / (2 * sigma_mm**2))
        kernels.append(envelope * np.exp(2j * np.pi * along / wavelength_mm))
    return kernels


def _response_in_planes(
    image: FloatArray, across: int, kernels: list[ComplexArray], pooling: Pooling, boundary: Boundary
) -> FloatArray:
    """Pooled modulus of the response to the kernels in each slice across one axis."""
    slices = np.moveaxis(image, across, 0)
    radius = len(kernels[0]) // 2
    continued = padded(slices, (0, radius, radius), boundary)
    size = [fft.next_fast_len(length) for length in continued.shape[1:]]
    inside = tuple(slice(radius, radius + length) for length in slices.shape[1:])
    transfers = [_transfer(kernel, size) for kernel in kernels]
    result = np.empty_like(slices)
    for filtered, plane in zip(result, continued, strict=True):
        spectrum = fft.fft2(plane, size)
        filtered[:] = pool((np.abs(fft.ifft2(spectrum * transfer)[inside]) for transfer in transfers), pooling)
    return np.moveaxis(result, 0, across)


def _transfer(kernel: ComplexArray, size: list[int]) -> ComplexArray:
    """Transfer function of a kernel whose centre is put at the first voxel."""
    placed = np.zeros(size, dtype=np.complex128)
    placed[: len(kernel), : len(kernel)] = kernel
    transfer: ComplexArray = fft.fft2(np.roll(placed, (-(len(kernel) // 2),) * 2, axis=(0, 1)))
    return transfer
