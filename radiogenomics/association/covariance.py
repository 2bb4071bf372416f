"""Covariance of a random effect between patients, as eigenvectors and eigenvalues of the patients that a pair has."""

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.statistics_errors import ShapeMismatchError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
# Eigenvalues of a kinship matrix below this share of the largest are rounding.
EIGENVALUE_TOLERANCE = 1e-12


class Covariance(Protocol):
    """Covariance of the random effect between patients, up to a factor."""

    def decompose(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Eigenvectors (j, n) and eigenvalues (j,) above 0 of the matrix of the patients ``rows`` (n,)."""


class Levels:
    """One effect for each level of a category: K = Z Zᵀ.

    Parameters
    ----------
    codes : (n_patients,) int64
        Level of each patient from 0, −1 where it is missing.
    """

    def __init__(self, codes: NDArray[np.int64]) -> None:
        self.codes = codes

    def decompose(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """A level's eigenvector is constant on its patients; its eigenvalue is their number."""
        levels, place, counts = np.unique(self.codes[rows], return_inverse=True, return_counts=True)
        vectors = np.zeros((len(levels), len(rows)))
        vectors[place, np.arange(len(rows))] = 1 / np.sqrt(counts[place])
        return vectors, counts.astype(np.float64)


class Kinship:
    """A matrix (n_patients, n_patients), float64, symmetric and without negative eigenvalues beyond rounding.

    Decomposed once for each set of patients that pairs share, by LAPACK: with several threads of its own the last bits
    may differ from run to run.
    """

    def __init__(self, matrix: FloatArray) -> None:
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ShapeMismatchError(kinship=matrix.shape)
        self._matrix = (matrix + matrix.T) / 2
        self._of = lru_cache(maxsize=8)(self._eigen)

    def decompose(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Eigenvectors of the patients' part of the matrix."""
        return self._of(rows.astype(np.int64).tobytes())

    def _eigen(self, rows: bytes) -> tuple[FloatArray, FloatArray]:
        chosen = np.frombuffer(rows, np.int64)
        values, vectors = np.linalg.eigh(self._matrix[np.ix_(chosen, chosen)])
        kept = values > EIGENVALUE_TOLERANCE * max(values.max(initial=0.0), 0.0)
        return np.ascontiguousarray(vectors[:, kept].T), np.ascontiguousarray(values[kept])
