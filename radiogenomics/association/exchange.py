"""Who can be exchanged with whom, and the residuals that are exchanged.

One order of all patients serves all pairs. It moves the residuals of features only inside groups and among patients
with the same missing features, so each feature keeps its patients. Markers and covariates stay where they are, and a
pair is fitted on the patients that have its marker: it keeps its number of patients and its degrees of freedom, while
any patient with the feature may lend a residual.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.patterns import patterns
from radiogenomics.association.projection import basis_of
from radiogenomics.association.statistics_errors import TooFewOrdersError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# Orders drawn and kept at a time.
CHUNK = 64
# Share of a length that must be left after projection; below it only rounding is left.
LENGTH_TOLERANCE = 1e-7


def strata(features: FloatArray, design: FloatArray, groups: IntArray) -> IntArray:
    """Number (n_patients,) of the stratum of each patient: equal group, and equal pattern of missing features.

    Patients with an incomplete design take part in nothing and have strata of their own.
    """
    complete: BoolArray = np.all(np.isfinite(design), axis=1, keepdims=True)
    present = np.hstack([np.isfinite(features), complete])
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
class Side:
    """Features that share their patients: residuals (n_rows, n_patients) on the design, of unit length, twice."""

    patients: IntArray
    rows: IntArray
    residuals: FloatArray
    single: NDArray[np.float32]
    varies: BoolArray

    def places(self, orders: IntArray) -> IntArray:
        """Orders (n_orders, n_all) of all patients as orders (n_orders, n_patients) of places in ``patients``."""
        place = np.zeros(orders.shape[1], np.intp)
        place[self.patients] = np.arange(len(self.patients))
        result: IntArray = place[orders[:, self.patients]]
        return result

    @cached_property
    def squares(self) -> NDArray[np.float32]:
        """Squares of the residuals."""
        return self.single**2


@dataclass(frozen=True)
class Block:
    """Pairs that share their patients: those of ``side`` where ``mask`` is 1; elsewhere markers and basis are 0."""

    side: Side
    columns: IntArray
    mask: FloatArray  # (n_patients,)
    markers: FloatArray  # (n_patients, n_columns), residuals on the design, of unit length
    basis: FloatArray  # (n_patients, rank), orthonormal
    family: BoolArray  # (n_rows, n_columns)

    @property
    def everyone(self) -> bool:
        """Whether no patient of the features lacks the markers; residuals then keep their length under any order."""
        return bool(self.mask.all())

    @property
    def df(self) -> int:
        """Residual degrees of freedom of the model with one marker."""
        return int(self.mask.sum()) - int(self.basis.shape[1]) - 1

    def statistic(self, correlation: FloatArray) -> FloatArray:
        """−ν ln(1 − r²); a correlation beyond 1 by rounding counts as the largest below it."""
        result: FloatArray = -self.df * np.log1p(-np.minimum(correlation**2, 1 - np.finfo(float).eps))
        return result

    def lengths(self, order: IntArray, rows: IntArray) -> FloatArray:
        """Length (n_rows,) of what is left of features after refitting the design in the given order."""
        own = self.side.residuals[rows]
        basis = np.ascontiguousarray(self.basis[order].T)
        explained = ((own[:, None, :] * basis).sum(axis=2) ** 2).sum(axis=1)
        whole = np.ones(len(rows)) if self.everyone else (own**2 * self.mask[order]).sum(axis=1)
        left: FloatArray = np.sqrt(np.maximum(whole - explained, LENGTH_TOLERANCE**2))
        return left

    def correlations(self, order: IntArray, rows: IntArray, columns: IntArray) -> FloatArray:
        """Partial correlation of the given pairs when patient i takes the marker and design of patient order[i].

        Sums run along contiguous rows, in an order that depends neither on the other pairs nor on threads.
        """
        distinct, place = np.unique(rows, return_inverse=True)
        markers = np.ascontiguousarray(self.markers[np.ix_(order, columns)].T)
        result: FloatArray = (self.side.residuals[rows] * markers).sum(axis=1) / self.lengths(order, distinct)[place]
        return result

    def lengths_as_they_stand(self) -> FloatArray:
        """``lengths`` (n_rows,) of all features with every patient in place, by matrix products."""
        explained = ((self.side.residuals @ self.basis) ** 2).sum(axis=1)
        whole = 1 if self.everyone else self.side.residuals**2 @ self.mask
        left: FloatArray = np.sqrt(np.maximum(whole - explained, LENGTH_TOLERANCE**2))
        return left

    def observed(self) -> FloatArray:
        """Statistic (n_rows, n_columns) of every pair as the patients stand, NaN outside the family."""
        whole = self.statistic(self.side.residuals @ self.markers / self.lengths_as_they_stand()[:, None])
        return np.where(self.family, whole, np.nan)


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
    for has_feature, rows in patterns(np.isfinite(features)):
        patients = np.flatnonzero(complete & has_feature)
        wanted = rows[family[rows].any(axis=1)]
        if not wanted.size or not patients.size:
            continue
        residuals, varies = _unit_residuals(features[np.ix_(patients, wanted)], basis_of(design[patients]))
        whole = np.ascontiguousarray(residuals.T)
        side = Side(patients, wanted, whole, whole.astype(np.float32), varies)
        for has_marker, columns in patterns(np.isfinite(markers[patients])):
            block = _block(side, has_marker, columns, markers, design, family)
            if block is None:
                continue
            ways = float(special.gammaln(np.bincount(stratum[patients]) + 1.0).sum())
            if ways < np.log(n_permutations):
                pair = int(wanted[0]), int(block.columns[0])
                raise TooFewOrdersError(len(patients), float(np.exp(ways)), n_permutations, *pair)
            yield block


def _block(
    side: Side, has_marker: BoolArray, columns: IntArray, markers: FloatArray, design: FloatArray, family: BoolArray
) -> Block | None:
    """The block of the columns that the same patients of a side have; nothing if no pair of it can be tested."""
    some = side.patients[has_marker]
    wanted = columns[family[np.ix_(side.rows, columns)].any(axis=0)]
    basis = basis_of(design[some])
    if not wanted.size or len(some) - basis.shape[1] < 2:
        return None
    residuals, varies = _unit_residuals(markers[np.ix_(some, wanted)], basis)
    wide = np.zeros((len(side.patients), len(wanted)))
    wide[has_marker] = residuals
    wide_basis = np.zeros((len(side.patients), basis.shape[1]))
    wide_basis[has_marker] = basis
    block = Block(side, wanted, has_marker.astype(float), wide, wide_basis, family[np.ix_(side.rows, wanted)])
    left = side.varies & (block.lengths_as_they_stand() > 2 * LENGTH_TOLERANCE)
    members = block.family & varies & left[:, None]
    return replace(block, family=members) if members.any() else None


def movable(block: Block, stratum: IntArray) -> float:
    """Share of the patients of a block that have somebody in their stratum."""
    own = stratum[block.side.patients]
    return float((np.bincount(own)[own] > 1).mean())


def _unit_residuals(values: FloatArray, basis: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Residuals (n, k) of unit length, and which of them are more than rounding."""
    length = np.sqrt((values**2).sum(axis=0))
    left = values / np.where(length > 0, length, 1)
    for column in (*basis.T, *basis.T):
        left = left - column[:, None] * (column[:, None] * left).sum(axis=0)
    rest = np.sqrt((left**2).sum(axis=0))
    varies = rest > LENGTH_TOLERANCE
    return left / np.where(varies, rest, 1), varies
