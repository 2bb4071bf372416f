"""The eight bands of one level of an undecimated wavelet, sharing the passes along each axis (2 + 4 + 8).

The filter's value at i is sum_j f[j] x[i + F/2 - j] for a filter of F values, on an image that repeats itself.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import Box
from radiogenomics.compiled import kernel
from radiogenomics.radiomics.filters.wavelets import filters
from radiogenomics.radiomics.region import FloatArray

BLOCK = 2048  # values of a row that stay in the cache from tap to tap


def reach(wavelet: str) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a value depends on the image."""
    half = len(filters(wavelet)["L"]) // 2
    return half, half, half


def bands_in_box(image: npt.NDArray[np.generic], *, wavelet: str, box: Box) -> Iterator[tuple[str, FloatArray]]:
    """Names along x, y and z (LLL, HLL, …) and values in a box, one band after the other.

    An axis of odd length is taken to repeat after its first voxel once more, which makes its period even.
    """
    bank = filters(wavelet)
    half = len(bank["L"]) // 2
    rows = [
        np.arange(part.start - half + 1, part.stop + half) % (size + size % 2) % size
        for part, size in zip(box, image.shape, strict=True)
    ]
    part = np.ascontiguousarray(image[np.ix_(*rows)], dtype=np.float64)
    for z, along_z in _split(part, 0, bank):
        for y, along_y in _split(along_z, 1, bank):
            for x, band in _split(along_y, 2, bank):
                yield x + y + z, band


def _split(image: FloatArray, axis: int, bank: dict[str, FloatArray]) -> tuple[tuple[str, FloatArray], ...]:
    """Low and high pass along one axis, where the filter lies within the image."""
    shape = list(image.shape)
    shape[axis] -= len(bank["L"]) - 1
    blocks, step = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
    low, high = np.empty((blocks, shape[axis] * step)), np.empty((blocks, shape[axis] * step))
    reversed_low, reversed_high = bank["L"][::-1].copy(), bank["H"][::-1].copy()
    _correlate(image.reshape(blocks, -1), step, reversed_low, reversed_high, low, high)
    return ("L", low.reshape(shape)), ("H", high.reshape(shape))


@kernel("void(float64[:,::1], int64, float64[::1], float64[::1], float64[:,::1], float64[:,::1])")
def _correlate(
    source: FloatArray, step: int, low: FloatArray, high: FloatArray, smooth: FloatArray, detail: FloatArray
) -> None:
    """Correlate each row with both filters, whose neighbouring values are ``step`` apart in the row."""
    rows, columns = smooth.shape
    for row in range(rows):
        for start in range(0, columns, BLOCK):
            stop = min(start + BLOCK, columns)
            smooth[row, start:stop] = 0.0
            detail[row, start:stop] = 0.0
            for tap in range(len(low)):
                weight, other, shift = low[tap], high[tap], tap * step
                for p in range(start, stop):
                    smooth[row, p] += weight * source[row, p + shift]
                    detail[row, p] += other * source[row, p + shift]
