"""Separable wavelets without decimation (IBSI-2, section 3.6: 25BO; Haar UOUE, Daubechies, Coiflet).

A band is named by low- (L) and high-pass (H) along x, y and z, or x and y for a transform by slice. From level to level
the low-pass response is filtered again with kernels that have a zero after every value, twice as far apart (à trous).
"""

from functools import cache

import numpy as np
import pywt

from radiogenomics.radiomics.filters.boundary import Boundary
from radiogenomics.radiomics.filters.errors import UnknownKernelError
from radiogenomics.radiomics.filters.separable import (
    Kernels,
    Pooling,
    centred,
    convolve,
    convolve_invariant,
    kernels_by_axis,
    reach_of,
)
from radiogenomics.radiomics.region import FloatArray


def response(
    image: FloatArray, *, wavelet: str, band: str, level: int, pooling: Pooling | None, boundary: Boundary
) -> FloatArray:
    """Response in one band.

    Parameters
    ----------
    image : (z, y, x) float64
    wavelet : str
        A discrete wavelet by its name in PyWavelets: haar, db2, coif1.
    band : str
        L or H along x, y and z, or x and y.
    level : int
        Decomposition level, from 1.
    pooling : "max", "mean" or None
        How responses in all right-angle orientations are pooled; None for the orientation as named.
    boundary : Boundary

    Raises
    ------
    UnknownKernelError
    """
    stages = _stages(wavelet, band, level)
    if pooling is None:
        return convolve(image, stages, boundary)
    return convolve_invariant(image, stages, boundary, pooling)


def reach(*, wavelet: str, band: str, level: int, pooling: Pooling | None) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a response depends on the image."""
    return reach_of(_stages(wavelet, band, level), invariant=pooling is not None)


@cache
def filters(wavelet: str) -> dict[str, FloatArray]:
    """Decomposition filters: L of low and H of high pass."""
    if wavelet not in pywt.wavelist(kind="discrete"):
        raise UnknownKernelError("wavelet", wavelet, "a discrete wavelet of PyWavelets, such as haar, db2 or coif1")
    bank = pywt.Wavelet(wavelet)
    return {"L": np.array(bank.dec_lo), "H": np.array(bank.dec_hi)}


def _stages(wavelet: str, band: str, level: int) -> list[Kernels]:
    if len(band) not in (2, 3) or not set(band) <= {"L", "H"}:
        raise UnknownKernelError("wavelet band", band, "two or three of 'L' and 'H'")
    bank = filters(wavelet)
    bands = ["L" * len(band)] * (level - 1) + [band]
    return [
        kernels_by_axis([_with_holes(centred(bank[letter]), 2**depth) for letter in letters])
        for depth, letters in enumerate(bands)
    ]


def _with_holes(kernel: FloatArray, distance: int) -> FloatArray:
    spread = np.zeros(distance * (len(kernel) - 1) + 1)
    spread[::distance] = kernel
    return spread
