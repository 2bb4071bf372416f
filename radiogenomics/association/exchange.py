"""Who can be exchanged with whom, and the residuals that are exchanged.

One order of all patients serves all pairs. It moves a patient only inside its group and among patients with the same
pattern of missing features and markers, so that each pair keeps its patients, residuals and degrees of freedom.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.statistics_errors import TooFewOrdersError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# Orders drawn and kept at a time.
CHUNK = 64
# Share of a length that must be left after projection; below it only rounding is left.
LENGTH_TOLERANCE = 1e-7


def strata(features: FloatArray, markers: FloatArray, design: FloatArray, groups: IntArray) -> IntArray:
    """Number (n_patients,) of the stratum of each patient: equal group, and equal pattern of missing values."""
    complete: BoolArray = np.all(np.isfinite(design), axis=1, keepdims=True)
    present = np.hstack([np.isfinite(features), np.isfinite(markers), complete])
    key = np.column_stack([groups, np.packbits(present, axis=1).astype(np.intp)])
    return np.unique(key, axis=0, return_inverse=True)[1].ravel()


def orders(stratum: IntArray, n_permutations: int, rng: np.random.Generator) -> Iterator[IntArray]:
    """Random orders (at most ``CHUNK``, n_patients) of patients, each inside its stratum."""
    places = np.argsort(stratum, kind="stable")
    for start in range(0, n_permutations, CHUNK):
        keys = rng.random((min(CHUNK, n_permutations - start), len(stratum)))
        drawn = np.empty(keys.shape, np.intp)
        drawn[:, places] = np.lexsort((keys, np.broadcast_to(stratum, keys.shape)), axis=1)
        yield drawn


@dataclass(frozen=True)
class Block:
    """Pairs that share their patients: unit residuals on the design, and which of the pairs belong to the family."""

    patients: IntArray
    rows: IntArray
    columns: IntArray
    features: FloatArray  # (n_rows, n_patients)
    markers: FloatArray  # (n_patients, n_columns)
    basis: FloatArray  # (n_patients, rank), orthonormal
    family: BoolArray  # (n_rows, n_columns)

    @property
    def df(self) -> int:
        """Residual degrees of freedom of the model with one marker."""
        return int(len(self.patients) - self.basis.shape[1] - 1)

    def statistic(self, correlation: FloatArray) -> FloatArray:
        """−ν ln(1 − r²); a correlation beyond 1 by rounding counts as the largest below it."""
        result: FloatArray = -self.df * np.log1p(-np.minimum(correlation**2, 1 - np.finfo(float).eps))
        return result

    def correlations(self, order: IntArray, rows: IntArray, columns: IntArray) -> FloatArray:
        """Partial correlation of the given pairs when patient i takes the marker and design of patient order[i].

        Sums run along contiguous rows, in an order that depends neither on the other pairs nor on threads.
        """
        distinct, place = np.unique(rows, return_inverse=True)
        basis = np.ascontiguousarray(self.basis[order].T)
        explained = (self.features[distinct][:, None, :] * basis).sum(axis=2)
        left = np.sqrt(np.maximum(1 - (explained**2).sum(axis=1), LENGTH_TOLERANCE**2))
        markers = np.ascontiguousarray(self.markers[np.ix_(order, columns)].T)
        result: FloatArray = (self.features[rows] * markers).sum(axis=1) / left[place]
        return result


def blocks(
    features: FloatArray,
    markers: FloatArray,
    design: FloatArray,
    family: BoolArray,
    stratum: IntArray,
    n_permutations: int,
) -> Iterator[Block]:
    """The pairs of the family that have residual variation, grouped by the patients they share.

    Raises
    ------
    TooFewOrdersError
        The patients of a block can be exchanged in fewer ways than ``n_permutations``.
    """
    complete = np.isfinite(design).all(axis=1)
    for has_feature, rows in alike(np.isfinite(features)):
        for has_marker, columns in alike(np.isfinite(markers)):
            patients = np.flatnonzero(complete & has_feature & has_marker)
            if not family[np.ix_(rows, columns)].any():
                continue
            basis, _ = gram_schmidt(design[patients])
            if len(patients) - basis.shape[1] < 2:
                continue
            y, y_varies = _unit_residuals(features[np.ix_(patients, rows)], basis)
            g, g_varies = _unit_residuals(markers[np.ix_(patients, columns)], basis)
            members = family[np.ix_(rows, columns)] & y_varies[:, None] & g_varies
            keep, keep_columns = members.any(axis=1), members.any(axis=0)
            if not members.any():
                continue
            block = Block(
                patients,
                rows[keep],
                columns[keep_columns],
                np.ascontiguousarray(y[:, keep].T),
                np.ascontiguousarray(g[:, keep_columns]),
                basis,
                members[np.ix_(keep, keep_columns)],
            )
            ways = float(special.gammaln(np.bincount(stratum[patients]) + 1.0).sum())
            if ways < np.log(n_permutations):
                pair = int(block.rows[0]), int(block.columns[0])
                raise TooFewOrdersError(len(patients), float(np.exp(ways)), n_permutations, *pair)
            yield block


def movable(block: Block, stratum: IntArray) -> float:
    """Share of the patients of a block that have somebody in their stratum."""
    own = stratum[block.patients]
    return float((np.bincount(own)[own] > 1).mean())


def alike(present: BoolArray) -> Iterator[tuple[BoolArray, IntArray]]:
    """Distinct columns of ``present`` (n_patients, n), in order of appearance, each with the columns like it."""
    found: dict[bytes, list[int]] = {}
    for index, column in enumerate(np.packbits(present, axis=0).T):
        found.setdefault(column.tobytes(), []).append(index)
    for columns in found.values():
        yield present[:, columns[0]], np.array(columns, np.intp)


def gram_schmidt(design: FloatArray) -> tuple[FloatArray, list[int]]:
    """Orthonormal basis (n, rank) of the columns, and the columns that are no combination of those before them.

    Every column is projected twice, by sums that do not depend on threads.
    """
    basis, kept = np.zeros((len(design), 0)), []
    for index, column in enumerate(design.T):
        length = np.sqrt((column**2).sum())
        left = column / length if length > 0 else column
        for _ in range(2):
            left = left - (basis * (basis * left[:, None]).sum(axis=0)).sum(axis=1)
        length = np.sqrt((left**2).sum())
        if length > LENGTH_TOLERANCE:
            basis = np.column_stack([basis, left / length])
            kept.append(index)
    return basis, kept


def _unit_residuals(values: FloatArray, basis: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Residuals (n, k) of unit length, and which of them are more than rounding."""
    length = np.sqrt((values**2).sum(axis=0))
    left = values / np.where(length > 0, length, 1)
    for column in (*basis.T, *basis.T):
        left = left - column[:, None] * (column[:, None] * left).sum(axis=0)
    rest = np.sqrt((left**2).sum(axis=0))
    varies = rest > LENGTH_TOLERANCE
    return left / np.where(varies, rest, 1), varies
