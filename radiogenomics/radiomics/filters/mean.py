"""Mean filter (IBSI-2, section 3.1: S60F)."""

import numpy as np

from radiogenomics.radiomics.filters.boundary import Boundary
from radiogenomics.radiomics.filters.separable import Kernels, convolve, kernels_by_axis, reach_of
from radiogenomics.radiomics.region import FloatArray


def response(image: FloatArray, *, support_voxels: int, planar: bool, boundary: Boundary) -> FloatArray:
    """Mean over a cube, or by slice over a square, of ``support_voxels`` (odd) along each edge."""
    return convolve(image, [_kernels(support_voxels, planar)], boundary)


def reach(*, support_voxels: int, planar: bool) -> tuple[int, int, int]:
    """Voxels (z, y, x) from which a response depends on the image."""
    return reach_of([_kernels(support_voxels, planar)], invariant=False)


def _kernels(support_voxels: int, planar: bool) -> Kernels:
    return kernels_by_axis([np.full(support_voxels, 1 / support_voxels)] * (2 if planar else 3))
