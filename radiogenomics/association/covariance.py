"""Covariance of a random effect between patients, as eigenvectors and eigenvalues of the patients that a pair has."""

from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]
# Eigenvalues of a matrix below this share of the largest are rounding.
EIGENVALUE_TOLERANCE = 1e-12
# A matrix may have negative eigenvalues down to this share of the largest, which six digits of a file or genotypes that
# some patients lack leave; they count as 0.
NEGATIVE_TOLERANCE = 1e-2
# Decompositions of one matrix that are kept hold so many numbers (64 MB): two of 2,000 patients, 32 of 500.
HELD_NUMBERS = 2**23


class Covariance(Protocol):
    """Covariance of the random effect between patients, up to a factor."""

    @property
    def known(self) -> BoolArray:
        """Patients (n_patients,) of whom it is known; the others are in no pair."""

    def decompose(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Eigenvectors (j, n) and eigenvalues (j,) above 0 of the matrix of the patients ``rows`` (n,), all known."""


class Levels:
    """One effect for each level of a category: K = Z Zᵀ.

    Parameters
    ----------
    codes : (n_patients,) int64
        Level of each patient from 0, −1 where it is missing.
    """

    def __init__(self, codes: NDArray[np.int64]) -> None:
        self._codes = codes
        self.known: BoolArray = codes >= 0

    @property
    def counts(self) -> NDArray[np.int64]:
        """Patients of each level that has any."""
        return np.unique(self._codes[self.known], return_counts=True)[1].astype(np.int64)

    def decompose(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """A level's eigenvector is constant on its patients; its eigenvalue is their number."""
        levels, place, counts = np.unique(self._codes[rows], return_inverse=True, return_counts=True)
        vectors = np.zeros((len(levels), len(rows)))
        vectors[place, np.arange(len(rows))] = 1 / np.sqrt(counts[place])
        return vectors, counts.astype(np.float64)


class Relatedness:
    """A matrix of kinship or of genomic relationship, decomposed once for each set of patients that pairs share.

    LAPACK decomposes it: with more than one thread of its own the last bits may differ, so the workflow allows it one.

    Parameters
    ----------
    matrix : (n_patients, n_patients) float64
        Symmetric, NaN in row and column of patients who are not known. Its unit does not matter.

    Raises
    ------
    ShapeMismatchError
        It is not square.
    OutOfRangeError
        An eigenvalue is negative beyond rounding, so that it is the covariance of nothing.
    """

    def __init__(self, matrix: FloatArray) -> None:
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ShapeMismatchError(kinship=matrix.shape)
        self.known: BoolArray = np.isfinite(np.diag(matrix))
        self._matrix = (matrix + matrix.T) / 2
        self._of = lru_cache(maxsize=max(2, HELD_NUMBERS // max(matrix.size, 1)))(self._eigen)
        values = np.linalg.eigvalsh(self._matrix[np.ix_(self.known, self.known)])
        if len(values) and values[0] < -NEGATIVE_TOLERANCE * values[-1]:
            share = values[0] / values[-1] if values[-1] > 0 else -np.inf
            raise OutOfRangeError("the smallest eigenvalue over the largest", share, f"{-NEGATIVE_TOLERANCE} or more")

    def decompose(self, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Eigenvectors of the patients' part of the matrix; negative eigenvalues count as 0."""
        return self._of(rows.astype(np.int64).tobytes())

    def _eigen(self, rows: bytes) -> tuple[FloatArray, FloatArray]:
        chosen = np.frombuffer(rows, np.int64)
        values, vectors = np.linalg.eigh(self._matrix[np.ix_(chosen, chosen)])
        kept = values > EIGENVALUE_TOLERANCE * max(values.max(initial=0.0), 0.0)
        return np.ascontiguousarray(vectors[:, kept].T), np.ascontiguousarray(values[kept])
