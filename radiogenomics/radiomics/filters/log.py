r"""Laplacian of Gaussian (IBSI-2, section 3.2: L6PA).

With the scale :math:`\sigma` in voxels and :math:`D` axes

.. math:: g(k) = -\frac{1}{\sigma^2} (\sqrt{2\pi}\,\sigma)^{-D} (D - \|k\|^2/\sigma^2)\, e^{-\|k\|^2/2\sigma^2}.

On a grid that is not isotropic :math:`k/\sigma` counts along each axis in its own voxels, so that the kernel is
isotropic in space, and :math:`1/\sigma^2` in front is the geometric mean over the axes.
"""

import math

import numpy as np
from scipy import ndimage

from radiogenomics.radiomics.filters.boundary import SCIPY_MODES, Boundary
from radiogenomics.radiomics.region import FloatArray


def response(
    image: FloatArray,
    *,
    sigma_mm: float,
    cutoff_sigmas: float,
    spacing_mm: tuple[float, float, float],
    planar: bool,
    boundary: Boundary,
) -> FloatArray:
    """Convolve with the kernel, cut off along each axis at ``cutoff_sigmas`` (in space, or by slice).

    The kernel is a sum over axes of a second derivative along one and Gaussians along the others; the pair of what is
    smoothed so far and what is smoothed and curved so far is carried from axis to axis.
    """
    axes = (1, 2) if planar else (0, 1, 2)
    sigmas = [sigma_mm / spacing_mm[axis] for axis in axes]
    smooth, curved = image, np.zeros_like(image)
    for axis, sigma in zip(axes, sigmas, strict=True):
        k = np.arange(-_radius(sigma, cutoff_sigmas), _radius(sigma, cutoff_sigmas) + 1) / sigma
        gaussian = np.exp(-(k**2) / 2) / (math.sqrt(2 * math.pi) * sigma)
        along = {"axis": axis, "mode": SCIPY_MODES[boundary]}
        curved = ndimage.convolve1d(curved, gaussian, **along) + ndimage.convolve1d(
            smooth, (k**2 - 1) * gaussian, **along
        )
        smooth = ndimage.convolve1d(smooth, gaussian, **along)
    scaled: FloatArray = curved / math.prod(sigmas) ** (2 / len(axes))
    return scaled


def reach(
    *, sigma_mm: float, cutoff_sigmas: float, spacing_mm: tuple[float, float, float], planar: bool
) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a response depends on the image."""
    z, y, x = (_radius(sigma_mm / step, cutoff_sigmas) for step in spacing_mm)
    return (0 if planar else z), y, x


def _radius(sigma: float, cutoff_sigmas: float) -> int:
    return math.floor(cutoff_sigmas * sigma + 0.5)
