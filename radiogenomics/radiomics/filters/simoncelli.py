r"""Simoncelli's isotropic wavelet (IBSI-2, section 3.7: PRT7), a band of the Fourier domain.

With the radial frequency :math:`\nu` in units of Nyquist and :math:`\nu_j = 2^{1-j}` for level j

.. math:: \hat g_j(\nu) = \cos\left(\tfrac{\pi}{2} \log_2 \tfrac{2\nu}{\nu_j}\right)
   \text{ for } \nu_j/4 \le \nu \le \nu_j, \text{ otherwise } 0.
"""

import numpy as np

from radiogenomics.radiomics.boxes import Reach
from radiogenomics.radiomics.filters import fourier
from radiogenomics.radiomics.region import FloatArray


def response(image: FloatArray, *, level: int, planar: bool) -> FloatArray:
    """Response of the band of ``level`` (from 1), in space or by slice; the image is periodic."""
    grid = fourier.frequencies(image.shape, planar=planar)
    return fourier.filtered(image, transfer(grid, level), planar=planar)


def reach() -> Reach:
    """None: a response depends on the whole image."""
    return None


def transfer(grid: list[FloatArray], level: int) -> FloatArray:
    """Transfer function of the band."""
    radius, top = fourier.magnitude(grid), 2.0 ** (1 - level)
    inside = (radius >= top / 4) & (radius <= top)
    octaves = np.log2(2 * radius / top, where=inside, out=np.zeros_like(radius))
    return np.where(inside, np.cos(np.pi / 2 * octaves), 0.0)
