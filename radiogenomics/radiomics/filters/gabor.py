r"""Gabor filter (IBSI-2, section 3.4: Q88H), in a plane.

With :math:`k_1` along and :math:`k_2` across the wave

.. math:: g(k) = \exp\left(-\frac{k_1^2 + \gamma^2 k_2^2}{2\sigma^2} + i\frac{2\pi k_1}{\lambda}\right),

where the wave runs along x for :math:`\theta = 0` and turns clockwise as seen with y downwards,
:math:`k_1 = x\cos\theta + y\sin\theta`. The response is the modulus.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import fft

from radiogenomics.radiomics.filters.boundary import Boundary, padded, without_padding
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
    planes = (0, 1, 2) if orthogonal_planes else (0,)
    return pool(
        (
            turned
            for across in planes
            for turned in _moduli(
                image, across, _kernels(sigma_mm, wavelength_mm, gamma, angles, _step(spacing_mm, across)), boundary
            )
        ),
        pooling,
    )


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


def _moduli(image: FloatArray, across: int, kernels: list[ComplexArray], boundary: Boundary) -> Iterator[FloatArray]:
    """Modulus of the response to each kernel in the slices along one axis."""
    axes = tuple(axis for axis in range(3) if axis != across)
    radius = len(kernels[0]) // 2
    widths = (0 if across == 0 else radius, 0 if across == 1 else radius, 0 if across == 2 else radius)
    continued = padded(image, widths, boundary)
    spectrum = fft.fft2(continued, axes=axes)
    for kernel in kernels:
        placed = np.zeros([continued.shape[axis] for axis in axes], dtype=np.complex128)
        placed[: len(kernel), : len(kernel)] = kernel
        transfer = np.expand_dims(fft.fft2(np.roll(placed, (-radius, -radius), axis=(0, 1))), across)
        yield without_padding(np.abs(fft.ifft2(spectrum * transfer, axes=axes)), widths)
