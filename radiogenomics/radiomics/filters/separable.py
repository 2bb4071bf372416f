"""Filters that are one convolution along each axis, alone or pooled over the right-angle rotations of the kernel."""

from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import permutations, product
from typing import Literal

import numpy as np
from scipy import ndimage

from radiogenomics.radiomics.filters.boundary import SCIPY_MODES, Boundary
from radiogenomics.radiomics.region import FloatArray

# One kernel an axis (z, y, x), each of odd length around its centre; a filter by slice has a single 1 along z.
Kernels = tuple[FloatArray, FloatArray, FloatArray]
Pooling = Literal["max", "mean"]

IDENTITY = np.ones(1)


def centred(kernel: FloatArray) -> FloatArray:
    """A kernel of odd length: one of even length gets a zero at its end (IBSI-2, section 3.6)."""
    return kernel if len(kernel) % 2 else np.append(kernel, 0.0)


def kernels_by_axis(named_from_x: Sequence[FloatArray]) -> Kernels:
    """Kernels given along x, y and, unless the filter works by slice, z."""
    x, y, *rest = named_from_x
    return rest[0] if rest else IDENTITY, y, x


def convolve(image: FloatArray, stages: Iterable[Kernels], boundary: Boundary) -> FloatArray:
    """Convolve along every axis, stage by stage; the boundary condition holds for the result of each."""
    for kernels in stages:
        for axis, kernel in enumerate(kernels):
            if len(kernel) > 1:
                image = ndimage.convolve1d(image, kernel, axis=axis, mode=SCIPY_MODES[boundary])
    return image


def convolve_invariant(
    image: FloatArray, stages: Sequence[Kernels], boundary: Boundary, pooling: Pooling
) -> FloatArray:
    """Pool the responses to the filter in each of its right-angle orientations (IBSI-2, section 2.3.2: O1AQ)."""
    return pool((convolve(image, turned, boundary) for turned in orientations(stages)), pooling)


def orientations(stages: Sequence[Kernels]) -> list[list[Kernels]]:
    """The distinct ones of the 24 rotations of a filter by right angles (4 in the plane for a filter by slice).

    A rotation permutes the axes and flips some, with determinant +1. Every distinct orientation turns up equally often
    among them, so that neither their mean nor their maximum depends on counting it once.
    """
    planar = all(len(kernels[0]) == 1 for kernels in stages)
    turned = {}
    for order, flips in product(permutations(range(3)), product((1, -1), repeat=3)):
        rotation = np.eye(3)[list(order)] * flips
        if np.linalg.det(rotation) < 0 or (planar and rotation[0, 0] != 1):
            continue
        candidate = [
            tuple(kernels[axis][::flip] for axis, flip in zip(order, flips, strict=True)) for kernels in stages
        ]
        turned[tuple(kernel.tobytes() for kernels in candidate for kernel in kernels)] = candidate
    return [[(z, y, x) for z, y, x in candidate] for candidate in turned.values()]


def pool(responses: Iterable[FloatArray], pooling: Pooling) -> FloatArray:
    """Voxel by voxel the largest or the mean of the responses."""
    if pooling == "max":
        return reduce(np.maximum, responses)
    remaining = iter(responses)
    total, count = next(remaining).copy(), 1
    for response in remaining:
        total += response
        count += 1
    return total / count


def reach_of(stages: Iterable[Kernels], *, invariant: bool) -> tuple[int, int, int]:
    """Half the kernels' lengths along z, y and x; in every orientation, the longest along all axes it turns into."""
    z, y, x = (sum(len(kernels[axis]) // 2 for kernels in stages) for axis in range(3))
    if not invariant:
        return z, y, x
    longest = max(z, y, x)
    return (longest if z else 0), longest, longest
