"""Where the voxels of a mask are: centre and covariance."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.region import BoolArray, FloatArray

# Variances below this share of the largest are rounding of a region without thickness.
NO_THICKNESS = 1e-12


class Moments(NamedTuple):
    """Number of voxels, their centre (3,) in mm and covariance (3, 3) in mm², divided by N; axes (z, y, x)."""

    voxels: int
    centre: FloatArray
    covariance: FloatArray

    def variances(self) -> FloatArray:
        """Variances along the principal axes in descending order, (3,); exactly 0 where there is no thickness."""
        variances = np.linalg.eigvalsh(self.covariance)[::-1]
        return np.where(variances > NO_THICKNESS * variances[0], variances, 0.0)


def moments(mask: BoolArray, spacing_mm: tuple[float, float, float]) -> Moments:
    """Moments of the voxel centres of a mask that is not empty, from exact sums of indices."""
    sums = _index_sums(mask)
    count, first, second = int(sums[0, 0]), sums[0, 1:], sums[1:, 1:]
    spacing = np.array(spacing_mm)
    # Python's integers do not overflow: a box of 10⁸ voxels has sums of 10²¹.
    scatter = [[count * int(second[a, b]) - int(first[a]) * int(first[b]) for b in range(3)] for a in range(3)]
    covariance = np.array(scatter, dtype=np.float64) / float(count) ** 2
    return Moments(count, spacing * first / count, covariance * np.outer(spacing, spacing))


@kernel("i8[:, ::1](b1[:, :, ::1])")
def _index_sums(mask: BoolArray) -> npt.NDArray[np.int64]:
    """Sums of the products of two of (1, z, y, x) over the voxels, (4, 4)."""
    slices, rows, columns = mask.shape
    sums = np.zeros((4, 4), np.int64)
    for z in range(slices):
        for y in range(rows):
            count = along = square = 0
            for x in range(columns):
                if mask[z, y, x]:
                    count += 1
                    along += x
                    square += x * x
            factors = (1, z, y)
            for a in range(3):
                for b in range(3):
                    sums[a, b] += factors[a] * factors[b] * count
                sums[a, 3] += factors[a] * along
            sums[3, 3] += square
    for a in range(3):
        sums[3, a] = sums[a, 3]
    return sums
