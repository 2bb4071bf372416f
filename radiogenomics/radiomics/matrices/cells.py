"""Grey level matrices as lists of their non-zero cells, which is what the formulas of all families work on."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from radiogenomics.radiomics.matrices.layout import Directions, IndexArray, Layout
from radiogenomics.radiomics.matrices.neighbourhood import CountArray, Neighbourhood
from radiogenomics.radiomics.region import BoolArray, FloatArray, LevelArray

# Codes are counted in a table up to this many entries per code, otherwise they are sorted.
ENTRIES_PER_CODE, FREE_ENTRIES = 8, 8192
# Matrices go through the formulas together up to this many cells, which take about 100 MB there.
BATCH = 2**20


class Cells(NamedTuple):
    """Non-zero cells of a stack of matrices, sorted by matrix; no matrix is empty.

    Parameters
    ----------
    matrix : (n_cells,) int64
        Matrix of the stack, counted from 0 without gaps.
    row : (n_cells,) int64
        Grey level.
    column : (n_cells,) int64
        The other coordinate: grey level, run length, zone size, distance, or dependence.
    number : (n_cells,) int64
        Value of the cell.
    """

    matrix: IndexArray
    row: IndexArray
    column: IndexArray
    number: IndexArray


class Sums:
    """Adds up values over groups, which are numbered from 0 without gaps and sorted."""

    def __init__(self, group: IndexArray) -> None:
        self.first = np.flatnonzero(_begins(group))

    def __call__(self, values: FloatArray | IndexArray) -> FloatArray:
        """Sums of the groups, (n_groups,)."""
        return np.add.reduceat(values, self.first, dtype=np.float64)


def _begins(group: IndexArray) -> BoolArray:
    """Tell where another group begins in a sorted array."""
    begins = np.ones(group.size, dtype=np.bool_)
    np.not_equal(group[1:], group[:-1], out=begins[1:])
    return begins


def tally(group: IndexArray, key: IndexArray, number: IndexArray) -> tuple[IndexArray, IndexArray, IndexArray]:
    """Add up counts of equal group and key; the result is sorted by both.

    Groups and keys are not negative. Memory is bounded by how many counts there are, whatever the keys.
    """
    if key.size == 0:
        return group, key, number
    width = int(key.max()) + 1
    code = group * width + key
    if code.max() < ENTRIES_PER_CODE * code.size + FREE_ENTRIES:
        total = np.bincount(code, weights=number)
        distinct = np.flatnonzero(total)
        total = total[distinct]
    else:
        distinct, place = np.unique(code, return_inverse=True)
        total = np.bincount(place, weights=number)
    return distinct // width, distinct % width, total.astype(np.int64)


def _cells(matrix: IndexArray, row: IndexArray, column: IndexArray, number: IndexArray) -> Cells:
    """Cells of a stack from counts in any order."""
    width = int(column.max(initial=0)) + 1
    matrix, code, number = tally(matrix, row * width + column, number)
    return Cells(np.cumsum(_begins(matrix)) - 1, code // width, code % width, number)


def joined(stacks: Sequence[Cells]) -> Cells:
    """One stack of the matrices of several."""
    matrix, offset = [], 0
    for cells in stacks:
        matrix.append(cells.matrix + offset)
        offset += int(cells.matrix[-1]) + 1 if cells.matrix.size else 0
    others = (np.concatenate([cells[field] for cells in stacks]) for field in (1, 2, 3))
    return Cells(np.concatenate(matrix), *others)


def batches(stacks: Iterable[Cells]) -> Iterator[Cells]:
    """Join stacks up to a size."""
    batch: list[Cells] = []
    for cells in stacks:
        if batch and sum(other.number.size for other in batch) + cells.number.size > BATCH:
            yield joined(batch)
            batch = []
        batch.append(cells)
    if batch:
        yield joined(batch)


def cooccurrences(layout: Layout, counts: Neighbourhood, directions: Directions, *, merged: bool) -> Iterator[Cells]:
    """Symmetric co-occurrence matrices, one for each direction with any pair, or their sum.

    One stack holds them all, unless there are so many grey levels that each is a stack of its own.
    """
    if counts.pairs.shape[0] > 1:
        one_way = counts.pairs[1:, :, 1:]
        stack = one_way.transpose(1, 0, 2) + one_way.transpose(1, 2, 0)
        if merged:
            stack = stack.sum(axis=0, keepdims=True)
        place = np.flatnonzero(stack)
        rest, column = np.divmod(place, stack.shape[2])
        matrix, row = np.divmod(rest, stack.shape[1])
        number = stack.reshape(-1)[place].astype(np.int64)
        yield Cells(np.cumsum(_begins(matrix)) - 1, layout.present[row], layout.present[column], number)
    elif merged:
        pairs = joined([_pairs(layout, step) for step in layout.offsets(directions)])
        yield _symmetric(_cells(np.zeros_like(pairs.matrix), pairs.row, pairs.column, pairs.number))
    else:
        yield from (_symmetric(_pairs(layout, step)) for step in layout.offsets(directions))


def _pairs(layout: Layout, step: int) -> Cells:
    """Pairs of levels along one step, the lower level first, for matrices that are too large to be filled in."""
    flat = layout.levels.reshape(-1)
    here = np.flatnonzero((flat[:-step] > 0) & (flat[step:] > 0))
    one, other = flat[here].astype(np.int64), flat[here + step].astype(np.int64)
    return _cells(np.zeros_like(one), np.minimum(one, other), np.maximum(one, other), np.ones_like(one))


def _symmetric(pairs: Cells) -> Cells:
    """Matrix of pairs plus its transpose."""
    matrix, low, high, number = pairs
    apart = low < high
    return Cells(
        np.concatenate([matrix, matrix[apart]]),
        np.concatenate([low, high[apart]]),
        np.concatenate([high, low[apart]]),
        np.concatenate([np.where(apart, number, 2 * number), number[apart]]),
    )


def run_lengths(layout: Layout, first_run: IndexArray, runs: CountArray, *, merged: bool) -> Cells:
    """Run length matrices of directions, or their sum; ``runs`` are the columns of ``Neighbourhood.runs`` to use."""
    if merged:
        runs = runs.sum(axis=1, keepdims=True)
    matrix, place = np.nonzero(runs.T)
    level = np.searchsorted(first_run, place, side="right") - 1
    length = place - first_run[level] + 1
    return Cells(matrix, layout.present[level], length, runs[place, matrix].astype(np.int64))


def dependences(layout: Layout, counts: Neighbourhood) -> Cells:
    """Neighbouring grey level dependence matrix; a voxel counts as dependent on itself."""
    row, column = np.nonzero(counts.dependences)
    number = counts.dependences[row, column].astype(np.int64)
    return Cells(np.zeros_like(row), layout.present[row], column + 1, number)


def zone_matrix(level: LevelArray, column: LevelArray) -> Cells:
    """Size zone or distance zone matrix of a list of zones."""
    row = level.astype(np.int64)
    return _cells(np.zeros_like(row), row, column.astype(np.int64), np.ones_like(row))
