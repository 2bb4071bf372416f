"""Pairs of features and markers that each lack patients of their own.

Both sides are projected on their own rows and 0 elsewhere. On the rows that both have, the products of feature,
marker and basis are those of the whole minus sums over the few rows that one of them lacks, and a system as small as
the design finishes the projection of each pair.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.projection import Side, factor, forward
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Joint:
    """What a pair's own rows leave, (m, f) each: sums of squares and products after projection, counts, rank."""

    syy: FloatArray
    sgg: FloatArray
    syg: FloatArray
    n: IntArray
    carriers: IntArray
    rank: IntArray
    sure: NDArray[np.bool_]


def join(features: Side, markers: Side, carriers: NDArray[np.bool_], basis: FloatArray, syg: FloatArray) -> Joint:
    """Finish the projection of every pair.

    Parameters
    ----------
    features, markers : Side
        Projected on ``basis``.
    carriers : (m, n) bool
        Who carries each marker.
    basis : (r, n) float64
    syg : (m, f) float64
        Products of the projected columns; overwritten.
    """
    shape = syg.shape
    joint = Joint(
        syy=np.empty(shape),
        sgg=np.empty(shape),
        syg=syg,
        n=np.empty(shape, np.int64),
        carriers=np.empty(shape, np.int64),
        rank=np.empty(shape, np.int64),
        sure=np.empty(shape, np.bool_),
    )
    _join(
        features.left,
        features.starts,
        features.rows,
        features.lost,
        features.squares,
        markers.left,
        markers.starts,
        markers.rows,
        markers.lost,
        markers.squares,
        np.ascontiguousarray(carriers),
        basis,
        joint.syy,
        joint.sgg,
        syg,
        joint.n,
        joint.carriers,
        joint.rank,
        joint.sure,
    )
    return joint


@kernel(
    "void(float64[:,::1],int64[::1],int64[::1],float64[:,:,::1],float64[::1],"
    "float64[:,::1],int64[::1],int64[::1],float64[:,:,::1],float64[::1],boolean[:,::1],float64[:,::1],"
    "float64[:,::1],float64[:,::1],float64[:,::1],int64[:,::1],int64[:,::1],int64[:,::1],boolean[:,::1])"
)
def _join(
    y: FloatArray,
    y_starts: IntArray,
    y_rows: IntArray,
    y_lost: FloatArray,
    y_squares: FloatArray,
    g: FloatArray,
    g_starts: IntArray,
    g_rows: IntArray,
    g_lost: FloatArray,
    g_squares: FloatArray,
    carriers: NDArray[np.bool_],
    basis: FloatArray,
    syy: FloatArray,
    sgg: FloatArray,
    syg: FloatArray,
    n: IntArray,
    n_carriers: IntArray,
    rank: IntArray,
    sure: NDArray[np.bool_],
) -> None:
    r = len(basis)
    a, inverse, u, v = np.empty((r, r)), np.empty(r), np.empty(r), np.empty(r)
    for j in range(len(g)):
        lacking = g_rows[g_starts[j] : g_starts[j + 1]]
        known = 0
        for i in range(carriers.shape[1]):
            known += carriers[j, i]
        for f in range(len(y)):
            also = y_rows[y_starts[f] : y_starts[f + 1]]
            u[:] = 0
            v[:] = 0
            for k in range(r):
                for m in range(k + 1):
                    a[k, m] = (1.0 if k == m else 0.0) - g_lost[j, k, m] - y_lost[f, k, m]
            yy, gg, count, carrying = y_squares[f], g_squares[j], basis.shape[1] - len(lacking) - len(also), known
            for s in lacking:
                yy -= y[f, s] * y[f, s]
                for k in range(r):
                    u[k] -= basis[k, s] * y[f, s]
            at = 0
            for s in also:
                gg -= g[j, s] * g[j, s]
                carrying -= carriers[j, s]
                for k in range(r):
                    v[k] -= basis[k, s] * g[j, s]
                while at < len(lacking) and lacking[at] < s:
                    at += 1
                if at < len(lacking) and lacking[at] == s:  # lacking on both sides: taken away twice
                    count += 1
                    for k in range(r):
                        for m in range(k + 1):
                            a[k, m] += basis[k, s] * basis[m, s]
            rank[j, f], sure[j, f] = factor(a, inverse)
            forward(a, inverse, u)
            forward(a, inverse, v)
            for k in range(r):
                yy -= u[k] * u[k]
                gg -= v[k] * v[k]
                syg[j, f] -= u[k] * v[k]
            syy[j, f], sgg[j, f], n[j, f], n_carriers[j, f] = yy, gg, count, carrying
