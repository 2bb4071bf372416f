"""What is left of a column after projection on the design, each column on the rows where it has a value.

With an orthonormal basis Q of the design on all rows, the rows S that a column lacks leave QᵀQ − Σ_S q qᵀ, a matrix as
small as the design, so a column with missing values costs no more than one without. Sums run in one fixed order and
nothing calls BLAS or LAPACK: the same bits on any number of threads.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Pivots of the reduced QᵀQ, whose eigenvalues lie between 0 and 1: up to the first a direction of the design is gone
# (rounding leaves 1e-15), from the second on fewer than five digits are lost; in between the pair is computed anew.
PIVOT_GONE, PIVOT_SURE = 1e-13, 1e-5
# A value of at least this makes a carrier: one copy for carrier status and genotypes, the likelier call of a dosage.
CARRIER = 0.5


@dataclass(frozen=True)
class Side:
    """Columns (features or markers) after projection, one a row: ``left`` (m, n) is 0 where a value is missing.

    ``squares`` and ``total`` (m,) are the sums of squares after and before projection (about the mean), ``present``
    and ``carriers`` counts of values, ``rank`` the rank of the design on the rows of the column and ``sure`` whether
    the digits can be trusted. ``rows[starts[i]:starts[i + 1]]`` are the rows that column i lacks, ``whitened`` their
    rows of Q in the metric of the reduced QᵀQ, and ``lost`` (m, r, r) what they took from QᵀQ.
    """

    left: FloatArray
    squares: FloatArray
    total: FloatArray
    present: IntArray
    carriers: IntArray
    rank: IntArray
    sure: NDArray[np.bool_]
    starts: IntArray
    rows: IntArray
    whitened: FloatArray
    lost: FloatArray


def project(values: FloatArray, basis: FloatArray) -> Side:
    """Project columns on the design.

    Parameters
    ----------
    values : (m, n) float64
        One column of the data a row, NaN where missing.
    basis : (r, n) float64
        Orthonormal basis of the design, as ``orthonormal`` gives it.
    """
    (m, n), r = values.shape, len(basis)
    missing = np.isnan(values)
    rows = np.nonzero(missing)[1].astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(missing.sum(axis=1))]).astype(np.int64)
    side = Side(
        left=np.empty((m, n)),
        squares=np.empty(m),
        total=np.empty(m),
        present=n - np.diff(starts),
        carriers=(values >= CARRIER).sum(axis=1).astype(np.int64),
        rank=np.empty(m, np.int64),
        sure=np.empty(m, np.bool_),
        starts=starts,
        rows=rows,
        whitened=np.empty((len(rows), r)),
        lost=np.empty((m, r, r)),
    )
    _project(
        np.ascontiguousarray(values),
        basis,
        starts,
        rows,
        side.left,
        side.whitened,
        side.lost,
        side.squares,
        side.total,
        side.rank,
        side.sure,
    )
    return side


@kernel(inline=True)
def dot(a: FloatArray, b: FloatArray) -> float:
    """Scalar product in a fixed order of four partial sums."""
    s0 = s1 = s2 = s3 = 0.0
    whole = len(a) - len(a) % 4
    for i in range(0, whole, 4):
        s0 += a[i] * b[i]
        s1 += a[i + 1] * b[i + 1]
        s2 += a[i + 2] * b[i + 2]
        s3 += a[i + 3] * b[i + 3]
    for i in range(whole, len(a)):
        s0 += a[i] * b[i]
    return (s0 + s1) + (s2 + s3)


@kernel(inline=True)
def factor(a: FloatArray, inverse: FloatArray) -> tuple[int, bool]:
    """Cholesky factor in the lower half of ``a`` and the inverse of its diagonal.

    Returns the rank and whether it is sure. Directions that are gone have 0 in ``inverse`` and in their column, so that
    solving leaves them out.
    """
    r, rank, sure = len(inverse), 0, True
    for k in range(r):
        pivot = a[k, k]
        for m in range(k):
            pivot -= a[k, m] * a[k, m]
        if pivot > PIVOT_GONE:
            rank += 1
            sure = sure and pivot >= PIVOT_SURE
            a[k, k] = np.sqrt(pivot)
            inverse[k] = 1 / a[k, k]
        else:
            inverse[k] = 0.0
        for i in range(k + 1, r):
            value = a[i, k]
            for m in range(k):
                value -= a[i, m] * a[k, m]
            a[i, k] = value * inverse[k]
    return rank, sure


@kernel(inline=True)
def forward(a: FloatArray, inverse: FloatArray, b: FloatArray) -> None:
    """Solve L x = b in place."""
    for k in range(len(b)):
        for m in range(k):
            b[k] -= a[k, m] * b[m]
        b[k] *= inverse[k]


@kernel(inline=True)
def backward(a: FloatArray, inverse: FloatArray, b: FloatArray) -> None:
    """Solve Lᵀ x = b in place."""
    for k in range(len(b) - 1, -1, -1):
        for m in range(k + 1, len(b)):
            b[k] -= a[m, k] * b[m]
        b[k] *= inverse[k]


@kernel(
    "void(float64[:,::1],float64[:,::1],int64[::1],int64[::1],float64[:,::1],float64[:,::1],float64[:,:,::1],"
    "float64[::1],float64[::1],int64[::1],boolean[::1])"
)
def _project(
    values: FloatArray,
    basis: FloatArray,
    starts: IntArray,
    rows: IntArray,
    left: FloatArray,
    whitened: FloatArray,
    lost: FloatArray,
    squares: FloatArray,
    total: FloatArray,
    rank: IntArray,
    sure: NDArray[np.bool_],
) -> None:
    """Fill the arrays of a ``Side``."""
    r, n = basis.shape
    a, inverse, b = np.empty((r, r)), np.empty(r), np.empty(r)
    for j in range(len(values)):
        lacking, column = rows[starts[j] : starts[j + 1]], left[j]
        for k in range(r):
            for m in range(r):
                value = 0.0
                for s in lacking:
                    value += basis[k, s] * basis[m, s]
                lost[j, k, m] = value
                a[k, m] = (1.0 if k == m else 0.0) - value
        rank[j], sure[j] = factor(a, inverse)
        for i in range(starts[j], starts[j + 1]):
            for k in range(r):
                whitened[i, k] = basis[k, rows[i]]
            forward(a, inverse, whitened[i])
        # About the mean first, so that no digits go into a constant that the intercept takes out again.
        mean, count = 0.0, max(n - len(lacking), 1)
        for i in range(n):
            column[i] = 0.0 if np.isnan(values[j, i]) else values[j, i]
            mean += column[i]
        mean /= count
        for i in range(n):
            column[i] -= mean
        for s in lacking:
            column[s] = 0.0
        total[j] = dot(column, column)
        for _ in range(2):  # twice is enough for orthogonality to rounding
            for k in range(r):
                b[k] = dot(basis[k], column)
            forward(a, inverse, b)
            backward(a, inverse, b)
            for k in range(r):
                for i in range(n):
                    column[i] -= basis[k, i] * b[k]
            for s in lacking:
                column[s] = 0.0
        squares[j] = dot(column, column)


@kernel("float64[:,::1](float64[:,::1])")
def orthonormal(columns: FloatArray) -> FloatArray:
    """Orthonormal basis (rank, n) of the span of the rows of ``columns`` (c, n), by pivoted Gram-Schmidt, done twice.

    Columns are brought to one length first; a direction with less than n · 10 eps of it left is rounding.
    """
    count, n = columns.shape
    rest, basis, used = columns.copy(), np.empty((count, n)), np.zeros(count, np.bool_)
    for c in range(count):
        length = np.sqrt(dot(rest[c], rest[c]))
        for i in range(n):
            rest[c, i] = rest[c, i] / length if length > 0 else 0.0
    rank = 0
    while rank < min(count, n):
        best, most = 0, 0.0
        for c in range(count):
            squares = dot(rest[c], rest[c])
            if not used[c] and squares > most:
                best, most = c, squares
        if not np.sqrt(most) > 10 * n * 2.220446049250313e-16:
            break
        used[best] = True
        chosen = rest[best]
        for k in range(rank):
            share = dot(basis[k], chosen)
            for i in range(n):
                chosen[i] -= share * basis[k, i]
        length = np.sqrt(dot(chosen, chosen))
        for i in range(n):
            basis[rank, i] = chosen[i] / length
        for c in range(count):
            if not used[c]:
                share = dot(basis[rank], rest[c])
                for i in range(n):
                    rest[c, i] -= share * basis[rank, i]
        rank += 1
    return basis[:rank].copy()


def basis_of(design: FloatArray) -> FloatArray:
    """Orthonormal basis (n_patients, rank) of the span of the columns of a design (n_patients, n_columns)."""
    return orthonormal(np.ascontiguousarray(design.T)).T
