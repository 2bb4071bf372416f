"""Family-wise error by permutation: max-T of Westfall and Young with the residuals of Freedman and Lane.

For each pair the model is feature = design · γ + marker · β + error, on its complete patients. The residuals of the
features on the design are exchanged between patients, the model is fitted again, and the largest statistic of the
family is kept. So correlated tests are not paid for twice, and nothing is assumed of the errors but that they can be
exchanged inside a group. With covariates the test is approximate, close to exact from some tens of patients on
(Freedman and Lane 1983; Winkler et al. 2014).

Statistic. With r the partial correlation and ν degrees of freedom it is −ν · ln(1 − r²), which orders pairs of one ν as
|t| does and has about the same tail (χ² with one degree of freedom) for every ν.

Missing values. Every pair keeps its complete-case patients and ν; who is exchanged with whom stands in ``exchange``.

Speed. Correlations of all pairs are a matrix product in float32. What it rounds is bounded, and every value that can be
the largest is computed again in float64, in an order of summation that does not depend on the number of threads.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association import exchange
from radiogenomics.association.exchange import LENGTH_TOLERANCE, Block
from radiogenomics.association.statistics_errors import NothingToTestError, ShapeMismatchError

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# Shape of one matrix product: 16 MB of float32, whatever the size of the family.
TILE_FEATURES, TILE_COLUMNS = 4096, 1024
# A permuted statistic counts as reaching the observed one if it falls short by rounding alone.
TIE_DIGITS = 9


@dataclass(frozen=True)
class MaxT:
    """Adjusted p-values (n_features, n_markers), NaN for pairs outside the family, multiples of 1 / (permutations + 1).

    ``statistic``, of the same shape, is that of the data. ``null_max`` (n_permutations,) is the largest statistic of
    each permutation. ``movable`` is the smallest share, over pairs, of patients that had somebody to be exchanged with;
    the lower it is, the less power is left.
    """

    statistic: FloatArray
    single_step: FloatArray
    step_down: FloatArray
    null_max: FloatArray
    movable: float


def max_t(
    features: FloatArray,
    markers: FloatArray,
    design: FloatArray,
    *,
    groups: IntArray,
    n_permutations: int,
    rng: np.random.Generator,
    tested: BoolArray | None = None,
    steps: int = 256,
    threads: int = 1,
) -> MaxT:
    """Single-step and step-down max-T adjusted p-values of all pairs.

    Parameters
    ----------
    features, markers, design : (n_patients, n_features | n_markers | n_columns) float64
        NaN where missing; the design includes the intercept.
    groups : (n_patients,) int
        Patients are exchanged inside their group only.
    n_permutations : int
        The smallest p is 1 / (n_permutations + 1).
    rng : Generator
    tested : (n_features, n_markers) bool, optional
        The family; without it every pair. Pairs without residual variation never belong to it.
    steps : int
        The pairs with the largest statistics that are stepped down one by one. Those after them are compared with the
        largest of all pairs after ``steps``: still a control of the FWER, at most less powerful than further steps.
    threads : int
        Orders that are computed at a time; fastest if the matrix library has one thread. The result does not depend on
        it.

    Raises
    ------
    ShapeMismatchError, NothingToTestError, TooFewOrdersError
    """
    if not len(features) == len(markers) == len(design) == len(groups):
        raise ShapeMismatchError(
            features=features.shape, markers=markers.shape, design=design.shape, groups=groups.shape
        )
    family = np.ones((features.shape[1], markers.shape[1]), bool) if tested is None else tested
    stratum = exchange.strata(features[:, family.any(axis=1)], design, groups)
    blocks = list(exchange.blocks(features, markers, design, family, stratum, n_permutations))
    if not blocks:
        raise NothingToTestError(family.size)
    movable = min(exchange.movable(block, stratum) for block in blocks)
    return against_orders(blocks, family.shape, exchange.orders(stratum, n_permutations, rng), steps, movable, threads)


def against_orders(
    blocks: Sequence[Block],
    shape: tuple[int, ...],
    drawn: Iterable[IntArray],
    steps: int,
    movable: float,
    threads: int = 1,
) -> MaxT:
    """Compare the family with itself under the given orders of patients."""
    observed = np.full(shape, np.nan)
    for block in blocks:
        observed[np.ix_(block.side.rows, block.columns)] = np.round(block.observed(), TIE_DIGITS)
    ranked = np.argsort(-observed, axis=None, kind="stable")[: np.isfinite(observed).sum()]
    values, top = observed.ravel()[ranked], ranked[:steps]
    limits = values - 2 * 10.0**-TIE_DIGITS * (1 + values)
    position = np.full(observed.size, -1)
    position[top] = np.arange(len(top))
    parts = [_Part.of(block, position.reshape(shape)[np.ix_(block.side.rows, block.columns)]) for block in blocks]
    reached, rest_max, null_max = np.zeros(len(top), np.intp), [], []

    def work(some: IntArray) -> FloatArray:
        null = np.zeros((len(some), len(top) + 1))
        for part in parts:
            part.largest(some, null)
        return null

    with ThreadPoolExecutor(threads) as pool:
        for chunk in drawn:
            null = np.concatenate(list(pool.map(work, np.array_split(chunk, min(threads, len(chunk))))))
            null = np.maximum.accumulate(null[:, ::-1], axis=1)[:, ::-1]
            reached += (null[:, :-1] >= limits[: len(top)]).sum(axis=0)
            null_max.append(null[:, 0])
            rest_max.append(null[:, -1])
    largest, rest = np.concatenate(null_max), np.concatenate(rest_max)
    single, stepped = np.full(observed.size, np.nan), np.full(observed.size, np.nan)
    single[ranked] = _share_reaching(largest, limits)
    stepped[ranked] = np.maximum.accumulate(
        np.concatenate([(1 + reached) / (1 + largest.size), _share_reaching(rest, limits[len(top) :])])
    )
    return MaxT(observed, single.reshape(shape), stepped.reshape(shape), largest, movable)


def _share_reaching(null: FloatArray, limits: FloatArray) -> FloatArray:
    """(1 + how many of ``null`` are at least the limit) / (1 + how many there are)."""
    count = null.size - np.searchsorted(np.sort(null), limits, side="left")
    share: FloatArray = (1 + count) / (1 + null.size)
    return share


@dataclass(frozen=True)
class _Part:
    """A block, its pairs that are stepped one by one, and the tiles of all others."""

    block: Block
    rows: IntArray
    columns: IntArray
    position: IntArray
    tiles: Sequence["_Tile"]

    @staticmethod
    def of(block: Block, position: IntArray) -> "_Part":
        rows, columns = np.nonzero(position >= 0)
        passed_over = (position >= 0) | ~block.family
        tiles = [
            _Tile.of(block, passed_over, row, column)
            for row in range(0, len(block.side.rows), TILE_FEATURES)
            for column in range(0, len(block.columns), TILE_COLUMNS)
        ]
        return _Part(block, rows, columns, position[rows, columns], [tile for tile in tiles if not tile.skip.all()])

    def largest(self, chunk: IntArray, null: FloatArray) -> None:
        """Fill ``null`` (n_orders, n_top + 1) with the stepped pairs, its last column with the largest of the rest."""
        local = self.block.side.places(chunk)
        if self.position.size:
            for order, row in zip(local, null, strict=True):
                row[self.position] = self.block.statistic(self.block.correlations(order, self.rows, self.columns))
        for tile in self.tiles:
            per_product = max(1, TILE_COLUMNS // tile.markers.shape[1])
            for start in range(0, len(local), per_product):
                tile.largest(self.block, local[start : start + per_product], null[start : start + per_product, -1])


@dataclass(frozen=True)
class _Tile:
    """A rectangle of a block in float32: ``features`` (n_rows, n), ``markers`` (n, n_columns), pairs to skip."""

    row: int
    column: int
    features: NDArray[np.float32]
    markers: NDArray[np.float32]
    skip: BoolArray
    skipped: tuple[IntArray, ...]

    @staticmethod
    def of(block: Block, passed_over: BoolArray, row: int, column: int) -> "_Tile":
        rows, columns = slice(row, row + TILE_FEATURES), slice(column, column + TILE_COLUMNS)
        skip = np.ascontiguousarray(passed_over[rows, columns])
        markers = block.markers[:, columns].astype(np.float32)
        return _Tile(row, column, block.side.single[rows], markers, skip, np.nonzero(skip))

    def largest(self, block: Block, local: IntArray, best: FloatArray) -> None:
        """Raise ``best`` (n_orders,) to the largest statistic under each order."""
        # Sums of n products of unit vectors in float32 are off by at most about n rounding errors.
        slack = (len(self.markers) + 8) * float(np.finfo(np.float32).eps)
        product = self._products(self.features, self.markers, local)
        product[self.skipped[0], :, self.skipped[1]] = 0
        largest = np.maximum(product.max(axis=2), -product.min(axis=2))
        upper = (largest + slack) / self._least_lengths(block, local, slack)
        floors = np.sqrt(-np.expm1(-best / block.df))
        for index in np.flatnonzero(upper.max(axis=0) >= floors):
            floor = float(floors[index])
            for row in np.argsort(-upper[:, index], kind="stable"):
                if upper[row, index] < floor:
                    break
                near = np.abs(product[row, index]) >= largest[row, index] - 2 * slack
                columns = np.flatnonzero(near & ~self.skip[row])
                if columns.size:
                    pairs = np.full(columns.size, self.row + row), self.column + columns
                    exact = float(np.abs(block.correlations(local[index], *pairs)).max())
                    floor = max(floor, exact)
                    best[index] = max(best[index], float(block.statistic(np.array(exact))))

    def _least_lengths(self, block: Block, local: IntArray, slack: float) -> FloatArray:
        """Lower bounds (n_rows, n_orders) of ``Block.lengths``."""
        explained = np.abs(self._products(self.features, block.basis.astype(np.float32), local))
        explained += np.float32(slack)
        # The sum of squares is at most about 1, so its own rounding is within the slack.
        left = 1 - slack - np.einsum("foc,foc->fo", explained, explained).astype(float)
        if not block.everyone:
            squares = block.side.squares[self.row : self.row + TILE_FEATURES]
            mask = block.mask.astype(np.float32)[:, None]
            left += self._products(squares, mask, local)[:, :, 0] - 1 - slack
        result: FloatArray = np.sqrt(np.maximum(left, LENGTH_TOLERANCE**2))
        return result

    @staticmethod
    def _products(left: NDArray[np.float32], right: NDArray[np.float32], local: IntArray) -> NDArray[np.float32]:
        """Products (n_rows, n_orders, n_columns) with the rows of ``right`` in each order."""
        flat = right[local.T].reshape(left.shape[1], -1)
        return (left @ flat).reshape(len(left), len(local), -1)
