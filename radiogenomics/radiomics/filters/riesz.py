r"""Riesz transforms of isotropic filters (IBSI-2, section 3.8: AYRS).

The transform of order :math:`l = (l_z, l_y, l_x)`, with :math:`L = l_z + l_y + l_x`, multiplies a filter by

.. math:: \hat R_l(\nu) = (-i)^L \sqrt{\frac{L!}{l_z!\, l_y!\, l_x!}}
   \frac{\nu_z^{l_z} \nu_y^{l_y} \nu_x^{l_x}}{\|\nu\|^L},

so that first orders are directions of the gradient and second orders those of the Hessian, without its weight on high
frequencies. By slice :math:`l_z` is 0. Filters are not aligned to a structure tensor.
"""

import math

import numpy as np

from radiogenomics.radiomics.boxes import Reach
from radiogenomics.radiomics.filters import fourier, log, simoncelli
from radiogenomics.radiomics.filters.boundary import Boundary, padded, without_padding
from radiogenomics.radiomics.region import FloatArray

Order = tuple[int, int, int]


def response_of_simoncelli(image: FloatArray, *, level: int, order: Order, planar: bool) -> FloatArray:
    """Riesz transform of the Simoncelli wavelet of ``level``, in space or by slice; the image is periodic."""
    grid = fourier.frequencies(image.shape, planar=planar)
    return fourier.filtered(image, simoncelli.transfer(grid, level) * transfer(grid, order), planar=planar)


def response_of_log(
    image: FloatArray,
    *,
    sigma_mm: float,
    cutoff_sigmas: float,
    spacing_mm: tuple[float, float, float],
    order: Order,
    planar: bool,
    boundary: Boundary,
) -> FloatArray:
    """Riesz transform of the Laplacian of Gaussian, of the image continued by the kernel's radius and then periodic."""
    scale = {"sigma_mm": sigma_mm, "cutoff_sigmas": cutoff_sigmas}
    widths = log.reach(**scale, spacing_mm=spacing_mm, planar=planar)
    continued = padded(image, widths, boundary)
    smooth = log.response(continued, **scale, spacing_mm=spacing_mm, planar=planar, boundary="periodic")
    grid = fourier.frequencies(smooth.shape, planar=planar)
    return without_padding(fourier.filtered(smooth, transfer(grid, order), planar=planar), widths)


def reach() -> Reach:
    """None: a response depends on the whole image."""
    return None


def transfer(grid: list[FloatArray], order: Order) -> fourier.ComplexArray:
    """Transfer function of the transform; 0 at frequency 0, where it has no direction."""
    total = sum(order)
    weight = math.sqrt(math.factorial(total) / math.prod(map(math.factorial, order)))
    radius = fourier.magnitude(grid)
    directions = math.prod(frequency**power for frequency, power in zip(grid, order, strict=True))
    return (
        (-1j) ** total
        * weight
        * np.where(radius > 0, directions / np.maximum(radius, np.finfo(float).tiny) ** total, 0)
    )
