"""Features of a matrix of grey levels against another quantity: run length, zone size, distance, or dependence.

The families GLRLM, GLSZM, GLDZM and NGLDM share their formulas (IBSI reference manual, 3.7 to 3.9 and 3.11).
"""

import numpy as np

from radiogenomics.radiomics.matrices.cells import Cells, Sums, tally
from radiogenomics.radiomics.matrices.layout import IndexArray
from radiogenomics.radiomics.region import FloatArray


def emphases(cells: Cells, n_voxels: FloatArray | float) -> tuple[FloatArray, ...]:
    """Compute the features of a stack of matrices.

    Parameters
    ----------
    cells : Cells
        Rows are grey levels, columns values of the other quantity, called "near" where small and "far" where large.
    n_voxels : (n_matrices,) float64 or float
        Voxels that each matrix was counted on, each as often as it was counted.

    Returns
    -------
    tuple of (n_matrices,) float64
        In the order of the IBSI manual: near, far, low level and high level emphasis; near-low, near-high, far-low and
        far-high emphasis; non-uniformity of levels and normalised, of the columns and normalised; percentage; variance
        of levels and of columns; entropy; energy.
    """
    matrix, row, column, number = cells
    sums = Sums(matrix)
    level, other = row.astype(np.float64), column.astype(np.float64)
    total = sums(number)
    p = number / total[matrix]
    level_squared, other_squared = level**2, other**2
    p_near, p_far = p / other_squared, p * other_squared
    level_uniformity = _sum_of_squares(matrix, row, number)
    other_uniformity = _sum_of_squares(matrix, column, number)
    return (
        sums(p_near),
        sums(p_far),
        sums(p / level_squared),
        sums(p * level_squared),
        sums(p_near / level_squared),
        sums(p_near * level_squared),
        sums(p_far / level_squared),
        sums(p_far * level_squared),
        level_uniformity / total,
        level_uniformity / total**2,
        other_uniformity / total,
        other_uniformity / total**2,
        total / n_voxels,
        sums(p * (level - sums(p * level)[matrix]) ** 2),
        sums(p * (other - sums(p * other)[matrix]) ** 2),
        -sums(p * np.log2(p)),
        sums(p**2),
    )


def _sum_of_squares(matrix: IndexArray, key: IndexArray, number: IndexArray) -> FloatArray:
    """Square the sums over equal keys of a matrix and add them up."""
    group, _, total = tally(matrix, key, number)
    return Sums(group)(total.astype(np.float64) ** 2)
