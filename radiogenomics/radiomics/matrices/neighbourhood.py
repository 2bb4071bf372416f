"""One pass over the voxels: co-occurrences, runs, dependences and grey tone differences."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel
from radiogenomics.radiomics.matrices.layout import Directions, IndexArray, Layout
from radiogenomics.radiomics.region import BoolArray

CountArray = npt.NDArray[np.int32]
# An index that may be negative is counted from the end, and to see whether it is takes a third of the time.
U = np.uintp

# A dense stack of co-occurrence matrices is made up to this many cells (64 MB) ...
MAXIMUM_CELLS = 2**24
# ... as long as it does not hold many more cells than there can be pairs to count.
CELLS_PER_VOXEL, FREE_CELLS = 8, 4096


class Neighbourhood(NamedTuple):
    """Counts of all neighbourhoods; rows are the levels present, in ascending order.

    Parameters
    ----------
    pairs : (n_present + 1, directions, n_present + 1) int32
        Voxels of a level with a neighbour of another in a direction; row and column 0 stand for "outside". Without
        rows and columns but these where the matrices would be too large.
    runs : (n_run_cells, directions) int32
        Runs; row ``first_run[level] + length - 1``.
    first_run : (n_present,) int64
        Row of ``runs`` where a level begins.
    dependences : (n_present, neighbours + 1) int32
        Voxels of a level by the number of neighbours of the same level.
    differences : (n_present, neighbours + 1) int64
        For the voxels with k neighbours (column k): sum of the absolute difference between k times the level and the
        sum of the neighbours' levels.
    isolated : (n_present,) int32
        Voxels without any neighbour.
    """

    pairs: CountArray
    runs: CountArray
    first_run: IndexArray
    dependences: CountArray
    differences: IndexArray
    isolated: CountArray


@kernel(inline=True)
def _look_around(
    flat: CountArray, here: int, n: int, offsets: IndexArray, lengths: CountArray, sums: CountArray
) -> None:
    """Fill ``sums`` (levels around, voxels around, voxels of the same level) and ``lengths`` for n voxels of a row.

    ``lengths`` has for each direction the length of the run up to a voxel, in a ring of whole rows.
    Loops over a row without a branch become vector instructions.
    """
    sums[:, :n] = 0
    # Taken one by one: unpacked in one go, numba does not see that they are contiguous.
    total, known, equal = sums[0], sums[1], sums[2]
    centre = flat[here : here + n]
    for d in range(offsets.size):
        step = offsets[d]
        ahead, behind = flat[here + step : here + step + n], flat[here - step : here - step + n]
        for x in range(n):
            after, before, level = ahead[U(x)], behind[U(x)], centre[U(x)]
            total[U(x)] += after + before
            known[U(x)] += np.int32(after > 0) + np.int32(before > 0)
            equal[U(x)] += np.int32(after == level) + np.int32(before == level)
        ring = lengths[d]
        now, was, done = here % ring.size, (here - step) % ring.size, 0
        while done < n:  # in two pieces where the row behind goes round the ring; this one never does
            piece = min(n - done, ring.size - was)
            for x in range(piece):
                goes_on = behind[U(done + x)] == centre[U(done + x)]
                ring[U(now + x)] = np.int32(1) + (ring[U(was + x)] if goes_on else np.int32(0))
            now, was, done = now + piece, 0, done + piece


@kernel(
    "Tuple((int32[:,:,::1], int32[:,::1], int32[:,::1], int64[:,::1], int32[::1]))"
    "(int32[:,:,::1], int64[::1], int32[::1], int32[::1], int64[::1], int64, int64)"
)
def _count(
    levels: CountArray,
    offsets: IndexArray,
    rank: CountArray,
    pair: CountArray,
    first_run: IndexArray,
    n_pair: int,
    n_runs: int,
) -> tuple[CountArray, CountArray, CountArray, IndexArray, CountArray]:
    """Fill the arrays of ``Neighbourhood``; ``pair`` is the row and column of a level in ``pairs``."""
    flat = levels.reshape(-1)
    slices, rows, columns = levels.shape
    n_present, n_directions = first_run.size, offsets.size
    pairs = np.zeros((n_pair, n_directions, n_pair), dtype=np.int32)
    runs = np.zeros((n_runs, n_directions), dtype=np.int32)
    dependences = np.zeros((n_present, 2 * n_directions + 1), dtype=np.int32)
    differences = np.zeros((n_present, 2 * n_directions + 1), dtype=np.int64)
    isolated = np.zeros(n_present, dtype=np.int32)
    lengths = np.zeros((n_directions, (offsets.max() // columns + 2) * columns), dtype=np.int32)
    sums = np.zeros((3, columns), dtype=np.int32)
    for z in range(1, slices - 1):
        for y in range(1, rows - 1):
            row_begin = (z * rows + y) * columns
            first, last = row_begin + 1, row_begin + columns - 1
            while first < last and flat[U(first)] == 0:
                first += 1
            while first < last and flat[U(last - 1)] == 0:
                last -= 1
            _look_around(flat, first, last - first, offsets, lengths, sums)
            in_ring = first % lengths.shape[1]
            for x in range(last - first):
                level = flat[U(first + x)]
                if level == 0:
                    continue
                row = U(rank[U(level)] - 1)
                pair_row, length_0 = pairs[U(pair[U(level)])], first_run[row] - 1
                for d in range(n_directions):
                    ahead = flat[U(first + x + offsets[U(d)])]
                    pair_row[U(d), U(pair[U(ahead)])] += 1
                    runs[U(length_0 + lengths[U(d), U(in_ring + x)]), U(d)] += np.int32(ahead != level)
                total, known, equal = sums[0, U(x)], sums[1, U(x)], sums[2, U(x)]
                dependences[row, U(equal)] += 1
                differences[row, U(known)] += abs(level * known - total)
                isolated[row] += known == 0
    return pairs, runs, dependences, differences, isolated


def neighbourhood(layout: Layout, directions: Directions) -> Neighbourhood:
    """Count all neighbourhoods of a region along directions and against them."""
    cells = layout.present.size**2
    dense = cells <= min(MAXIMUM_CELLS // len(directions), CELLS_PER_VOXEL * layout.voxels.sum() + FREE_CELLS)
    pair = layout.rank if dense else np.zeros_like(layout.rank)
    lengths = np.minimum(layout.voxels, layout.longest)
    ends = np.cumsum(lengths)
    first_run = ends - lengths
    counts = _count(
        layout.levels,
        layout.offsets(directions),
        layout.rank,
        pair,
        first_run,
        layout.present.size + 1 if dense else 1,
        int(ends[-1]),
    )
    pairs, runs, dependences, differences, isolated = counts
    return Neighbourhood(pairs, runs, first_run, dependences, differences, isolated)


def directions_with_lines(layout: Layout, counts: Neighbourhood, directions: Directions) -> BoolArray:
    """Tell the directions in which some line holds two voxels, next to each other or not, (directions,) bool."""
    runs_of_one = np.isin(np.arange(counts.runs.shape[0]), counts.first_run)
    found: BoolArray = np.any(counts.runs[~runs_of_one] > 0, axis=0, keepdims=True)[0]
    if not found.all():
        voxels = np.argwhere(layout.levels)
        for d in np.flatnonzero(~found):
            found[d] = _share_a_line(voxels, np.array(directions[d]))
    return found


def _share_a_line(voxels: IndexArray, direction: IndexArray) -> bool:
    """Tell whether two voxels are on one line, by where the lines through them meet a plane."""
    axis = np.flatnonzero(direction)[0]
    feet = voxels - voxels[:, axis, None] * (direction * direction[axis])
    return len(np.unique(feet, axis=0)) < len(voxels)
