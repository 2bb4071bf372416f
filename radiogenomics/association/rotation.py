"""Design and features of one set of patients along the eigenvectors of the random effect's covariance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.exact import RESIDUAL_TOLERANCE
from radiogenomics.association.products import product
from radiogenomics.association.projection import Side, orthonormal, project

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Rotated:
    """What the restricted likelihood needs of n patients with j eigenvalues ``d`` (j,) and ``vectors`` U (j, n).

    ``basis`` (c, n) is that of the design, ``side`` the features (f, n) projected on it, and ``basis_sums`` (j, c) and
    ``sums`` (f, j) are Uᵀ of both.
    """

    basis: FloatArray
    side: Side
    vectors: FloatArray
    d: FloatArray
    basis_sums: FloatArray
    sums: FloatArray

    @property
    def void(self) -> NDArray[np.bool_]:
        """Features of which the design leaves nothing (f,)."""
        gone: NDArray[np.bool_] = self.side.squares <= RESIDUAL_TOLERANCE * self.side.total
        return gone


def rotate(values: FloatArray, design: FloatArray, vectors: FloatArray, d: FloatArray) -> Rotated:
    """Features (f, n) and a design (n, n_columns), both complete, with the decomposed covariance of the n patients."""
    basis = orthonormal(np.ascontiguousarray(design.T))
    side = project(values, basis)
    return Rotated(basis, side, vectors, d, sums(vectors, basis).T.copy(), sums(vectors, side.left))


def sums(vectors: FloatArray, columns: FloatArray) -> FloatArray:
    """Uᵀ of columns (k, n), as (k, j)."""
    return product(columns, np.ascontiguousarray(vectors.T))
