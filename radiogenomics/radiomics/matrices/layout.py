"""Grey levels laid out for the kernels: with a margin of zeros, so that no neighbour needs a bounds check."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.radiomics.region import BoolArray, LevelArray

IndexArray = npt.NDArray[np.int64]

# One of each pair of opposite directions at Chebyshev distance 1, as (z, y, x) and later in array order than the
# voxel itself. The first of each list is a neighbour of all the others, which the zones make use of.
PLANE = ((0, 1, 0), (0, 0, 1), (0, 1, 1), (0, 1, -1))
VOLUME = ((1, 0, 0), *PLANE, *((1, y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)))
Directions = tuple[tuple[int, int, int], ...]


class Layout(NamedTuple):
    """Grey levels with a margin and what is known of them.

    Parameters
    ----------
    levels : (z + 2, y + 2, x + 2) int32
        The levels, 0 outside the mask and in the margin.
    present : (n_present,) int64
        The levels that occur, ascending.
    voxels : (n_present,) int64
        Voxels of each of them.
    rank : (highest level + 1,) int32
        Place of a level in ``present``, counted from 1; 0 for levels that do not occur.
    """

    levels: LevelArray
    present: IndexArray
    voxels: IndexArray
    rank: LevelArray

    @property
    def longest(self) -> int:
        """Upper limit of the length of a run: voxels along the longest axis."""
        return int(max(self.levels.shape)) - 2

    def offsets(self, directions: Directions) -> IndexArray:
        """Steps along directions in the flat array of levels."""
        _, rows, columns = self.levels.shape
        steps: IndexArray = np.array(directions) @ np.array([rows * columns, columns, 1])
        return steps


def lay_out(levels: LevelArray) -> Layout:
    """Add the margin and count the levels; a negative level is a ``ValueError``."""
    counts = np.bincount(levels.ravel())
    counts[:1] = 0
    present = np.flatnonzero(counts)
    rank = np.zeros(counts.size, dtype=np.int32)
    rank[present] = np.arange(1, present.size + 1)
    return Layout(with_margin(levels), present, counts[present], rank)


def with_margin(levels: LevelArray) -> LevelArray:
    """Copy into an array that is larger by one voxel of zero on each side."""
    slices, rows, columns = levels.shape
    padded = np.zeros((slices + 2, rows + 2, columns + 2), dtype=np.int32)
    padded[1:-1, 1:-1, 1:-1] = levels
    return padded


def planes(levels: LevelArray, morphology: BoolArray) -> list[tuple[LevelArray, BoolArray]]:
    """Slices that hold levels, each as an array of one slice."""
    filled = np.flatnonzero(levels.any(axis=(1, 2)))
    return [(levels[z : z + 1], morphology[z : z + 1]) for z in filled]
