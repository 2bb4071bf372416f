"""Laplacian of Gaussian by recursion (Deriche 1993), with the constants of ITK's ``RecursiveGaussianImageFilter``.

Along one axis the Gaussian S and its second derivative D are recursions of order four that share their poles d,

    y[i] = sum_k n[k] x[i-k] - sum_k d[k] y[i-k]        forwards, plus the same with m backwards,

so that their cost does not depend on sigma. The Laplacian is a sum over axes of D along one and S along the others.
Carrying the pair (smooth, curve) from axis to axis as (S smooth, S curve + D smooth) needs three passes in place of
nine, and each pass keeps only the rows of the box that is asked for.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import Box
from radiogenomics.compiled import kernel
from radiogenomics.radiomics.boxes import grown
from radiogenomics.radiomics.region import FloatArray

# Gaussian and second derivative as two damped waves: (a cos + b sin)(w x / sigma) exp(l x / sigma) each.
GAUSSIAN = ((1.3530, 1.8151), (-0.3531, 0.0902))
SECOND_DERIVATIVE = ((-1.3563, 5.2318), (0.3446, -2.2355))
FREQUENCIES = (0.6681, 2.0787)
DECAYS = (-1.3932, -1.3732)

MIN_VOXELS = 4
# What lies further away changes a response by less than 2e-8 of the contrast there: on CT and MR, with sigma 1 to 5 mm,
# by 5e-8 of the largest response in the box, below the rounding of ITK's single precision (1e-7). With 10 sigma it is
# 1e-6, with 8 sigma 8e-6.
REACH_SIGMAS = 12.0
LANES = 16  # lines filtered side by side


class Recursion(NamedTuple):
    """Coefficients along one axis.

    ``poles`` are d1..d4; ``smooth`` and ``curve`` have n0..n4 forwards and m0..m4 backwards, of the Gaussian and of its
    second derivative.
    """

    poles: FloatArray
    smooth: FloatArray
    curve: FloatArray


def recursion(sigma_mm: float, spacing_mm: float) -> Recursion:
    """Coefficients such that S keeps a constant, and D answers a constant with 0 and a parabola f with sigma^2 f''."""
    sigma = sigma_mm / spacing_mm
    waves = [(math.exp(d / sigma), w / sigma) for d, w in zip(DECAYS, FREQUENCIES, strict=True)]
    factors = [np.array([1.0, -2 * decay * math.cos(w), decay**2]) for decay, w in waves]
    poles = np.convolve(factors[0], factors[1])
    at_one, slope, bend = (np.sum(np.arange(5) ** k * poles) for k in range(3))
    gaussian, second = (_numerator(pair, waves, factors) for pair in (GAUSSIAN, SECOND_DERIVATIVE))
    zero_sum = -(2 * second.sum() - at_one * second[0]) / (2 * gaussian.sum() - at_one * gaussian[0])
    curve = second + zero_sum * gaussian
    total, first, moment = (np.sum(np.arange(4) ** k * curve) for k in range(3))
    # Both directions together answer a parabola i^2 / 2 with this, the curvature of n / d at frequency 0.
    parabola = (
        moment * at_one**2 - bend * total * at_one - 2 * first * slope * at_one + 2 * slope**2 * total
    ) / at_one**3
    return Recursion(
        poles=poles[1:],
        smooth=_both_ways(gaussian / (2 * gaussian.sum() / at_one - gaussian[0]), poles),
        curve=_both_ways(curve * sigma**2 / parabola, poles),
    )


def _numerator(
    pair: tuple[tuple[float, float], ...], waves: list[tuple[float, float]], factors: list[FloatArray]
) -> FloatArray:
    """Coefficients n0..n3 of two damped waves over the product of their poles."""
    (first, second) = (
        np.array([a, decay * (b * math.sin(w) - a * math.cos(w))])
        for (a, b), (decay, w) in zip(pair, waves, strict=True)
    )
    return np.convolve(first, factors[1]) + np.convolve(second, factors[0])


def _both_ways(numerator: FloatArray, poles: FloatArray) -> FloatArray:
    """Numerators of the forward recursion and of the backward one, which leaves out the voxel itself."""
    forwards = np.append(numerator, 0.0)
    return np.stack([forwards, forwards - numerator[0] * poles])


def reach(sigma_mm: float, spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a response depends on the image, as far as ``REACH_SIGMAS`` says.

    At least so many that a crop of an image that is large enough for the filter is so as well.
    """
    z, y, x = (max(MIN_VOXELS - 1, math.ceil(REACH_SIGMAS * sigma_mm / step)) for step in spacing_mm)
    return z, y, x


def laplacian_of_gaussian(
    image: npt.NDArray[np.generic], *, sigma_mm: float, spacing_mm: tuple[float, float, float], box: Box
) -> FloatArray:
    """Response sigma^2 LoG of an image that goes on beyond its border with the value there, in a box of it.

    Slice by slice along x and y, while a slice is in the cache, and then along z.
    """
    crop = grown(box, reach(sigma_mm, spacing_mm), image.shape)
    part = image[crop]
    along_z, along_y, along_x = (recursion(sigma_mm, step) for step in spacing_mm)
    first_z, first_y, first_x = (inner.start - outer.start for inner, outer in zip(box, crop, strict=True))
    wanted_z, wanted_y, wanted_x = (inner.stop - inner.start for inner in box)
    in_plane = np.empty((2, len(part), wanted_y, wanted_x))
    rows = np.empty((2, part.shape[1], wanted_x))
    for z, plane in enumerate(part):
        _filter_lines(plane.astype(np.float64)[np.newaxis].swapaxes(1, 2), rows.swapaxes(1, 2), first_x, *along_x)
        _filter_lines(rows, in_plane[:, z], first_y, *along_y)
    response = np.empty((1, wanted_z, wanted_y * wanted_x))
    _filter_lines(in_plane.reshape(2, len(part), -1), response, first_z, *along_z)
    return response.reshape(wanted_z, wanted_y, wanted_x)


@kernel("void(float64[:,:,:], float64[:,:,:], int64, float64[::1], float64[:,::1], float64[:,::1])")
def _filter_lines(
    source: FloatArray, target: FloatArray, first: int, poles: FloatArray, smooth: FloatArray, curve: FloatArray
) -> None:
    """Carry (smooth, curve), or an image alone, along one axis; the target gets the rows from ``first`` on.

    Axes are (channel, along the axis, line). A target of one channel gets the curve alone.
    """
    channels, n, lines = source.shape
    targets, wanted, _ = target.shape
    d1, d2, d3, d4 = poles
    gain = 1.0 + d1 + d2 + d3 + d4
    # Four rows before and after each line hold its end values.
    u, v = np.zeros((n + 8, LANES)), np.zeros((n + 8, LANES))
    smoothed, curved = np.zeros((2, n + 8, LANES)), np.zeros((2, n + 8, LANES))
    for line in range(0, lines, LANES):
        width = min(LANES, lines - line)
        for i in range(n + 8):
            row = min(max(i - 4, 0), n - 1)
            for k in range(width):
                u[i, k] = source[0, row, line + k]
            if channels == 2:
                for k in range(width):
                    v[i, k] = source[1, row, line + k]
        for backwards in range(2):
            a, b = smoothed[backwards], curved[backwards]
            s0, s1, s2, s3, s4 = smooth[backwards]
            c0, c1, c2, c3, c4 = curve[backwards]
            step = 1 - 2 * backwards
            start, stop = (n + 3, first + 3) if backwards else (4, first + wanted + 4)
            s_end, c_end = (s0 + s1 + s2 + s3 + s4) / gain, (c0 + c1 + c2 + c3 + c4) / gain
            for i in range(start - 4 * step, start, step):  # where endless rows of the end value lead
                for k in range(LANES):
                    a[i, k], b[i, k] = s_end * u[i, k], c_end * u[i, k] + s_end * v[i, k]
            for i in range(start, stop, step):
                i1, i2, i3, i4 = i - step, i - 2 * step, i - 3 * step, i - 4 * step
                if targets == 2:
                    for k in range(LANES):
                        a[i, k] = (
                            (s0 * u[i, k] + s1 * u[i1, k] + s2 * u[i2, k] + s3 * u[i3, k] + s4 * u[i4, k])
                            - (d1 * a[i1, k] + d2 * a[i2, k] + d3 * a[i3, k] + d4 * a[i4, k])
                        )  # fmt: skip
                for k in range(LANES):
                    b[i, k] = (
                        (c0 * u[i, k] + c1 * u[i1, k] + c2 * u[i2, k] + c3 * u[i3, k] + c4 * u[i4, k])
                        + (s0 * v[i, k] + s1 * v[i1, k] + s2 * v[i2, k] + s3 * v[i3, k] + s4 * v[i4, k])
                        - (d1 * b[i1, k] + d2 * b[i2, k] + d3 * b[i3, k] + d4 * b[i4, k])
                    )
        for i in range(wanted):
            row = first + i + 4
            for k in range(width):
                target[targets - 1, i, line + k] = curved[0, row, k] + curved[1, row, k]
            if targets == 2:
                for k in range(width):
                    target[0, i, line + k] = smoothed[0, row, k] + smoothed[1, row, k]
