"""Laws kernels and their texture energy (IBSI-2, section 3.3: JTXT).

A filter is named by its kernels along x, y and z, for example E5L5S5, or along x and y for a filter by slice. The
energy image (PQSD) is the mean of the absolute response within a Chebyshev distance.
"""

import re
from types import MappingProxyType

import numpy as np

from radiogenomics.errors import listing
from radiogenomics.radiomics.filters import mean
from radiogenomics.radiomics.filters.boundary import Boundary
from radiogenomics.radiomics.filters.errors import UnknownKernelError
from radiogenomics.radiomics.filters.separable import (
    Kernels,
    Pooling,
    convolve,
    convolve_invariant,
    kernels_by_axis,
    reach_of,
)
from radiogenomics.radiomics.region import FloatArray

# Level, edge, spot, wave and ripple; each is scaled to unit norm before use.
KERNELS = MappingProxyType(
    {
        "L3": (1, 2, 1),
        "L5": (1, 4, 6, 4, 1),
        "E3": (-1, 0, 1),
        "E5": (-1, -2, 0, 2, 1),
        "S3": (-1, 2, -1),
        "S5": (-1, 0, 2, 0, -1),
        "W5": (-1, 2, 0, -2, 1),
        "R5": (1, -4, 6, -4, 1),
    }
)


def response(
    image: FloatArray,
    *,
    kernels: str,
    pooling: Pooling | None,
    energy_distance: int | None,
    boundary: Boundary,
) -> FloatArray:
    """Response to a Laws filter.

    Parameters
    ----------
    image : (z, y, x) float64
    kernels : str
        Names along x, y and z, or x and y.
    pooling : "max", "mean" or None
        How responses in all right-angle orientations are pooled; None for the orientation as named.
    energy_distance : int or None
        Chebyshev distance of the energy image in voxels; None for the response itself.
    boundary : Boundary

    Raises
    ------
    UnknownKernelError
    """
    stages = [_kernels(kernels)]
    if pooling is None:
        result = convolve(image, stages, boundary)
    else:
        result = convolve_invariant(image, stages, boundary, pooling)
    if energy_distance is None:
        return result
    width = 2 * energy_distance + 1
    return mean.response(np.abs(result), support_voxels=width, planar=_planar(kernels), boundary=boundary)


def reach(*, kernels: str, pooling: Pooling | None, energy_distance: int | None) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a response depends on the image."""
    z, y, x = reach_of([_kernels(kernels)], invariant=pooling is not None)
    further = energy_distance or 0
    return (z if _planar(kernels) else z + further), y + further, x + further


def _kernels(name: str) -> Kernels:
    names = re.findall("..", name)
    if "".join(names) != name or len(names) not in (2, 3) or not set(names) <= set(KERNELS):
        raise UnknownKernelError("Laws filter", name, f"two or three of {listing(tuple(KERNELS))}")
    weights = [np.array(KERNELS[part], dtype=np.float64) for part in names]
    return kernels_by_axis([kernel / np.linalg.norm(kernel) for kernel in weights])


def _planar(name: str) -> bool:
    return len(name) == 4
