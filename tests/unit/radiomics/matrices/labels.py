"""Small arrays of grey levels: the digital phantom of the IBSI, edge cases, and random ones."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def levels_of(slices):
    """(z, y, x) int32 from slices of rows of digits."""
    return np.array([[list(row) for row in rows] for rows in slices]).astype(np.int32)


# The digital phantom (IBSI reference manual, 5.1), 0 outside its mask.
PHANTOM = levels_of(
    [
        ["14411", "14611", "41641", "44641"],
        ["14411", "11611", "01311", "44611"],
        ["14400", "11111", "11011", "11611"],
        ["14400", "11111", "11111", "11611"],
    ]
)
EDGE_CASES = {
    "one voxel": levels_of([["3"]]),
    "two voxels of one level": levels_of([["22"]]),
    "two voxels of two levels": levels_of([["12"]]),
    "two voxels apart": levels_of([["102"]]),
    "one slice": levels_of([["112", "301", "221"]]),
    "one row": levels_of([["11231"]]),
    "one level": np.ones((3, 4, 5), np.int32),
    "equal level times voxels": levels_of([["112"]]),
    "no voxels": np.zeros((2, 2, 2), np.int32),
}


@st.composite
def label_arrays(draw, max_side=5, max_level=12):
    """Levels 1 to at most ``max_level``, the lowest of which is 1, in any shape of mask with a voxel."""
    shape = draw(hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=max_side))
    highest = draw(st.integers(1, max_level))
    outside = draw(st.sampled_from([0, -highest // 2, -2 * highest]))
    levels = draw(hnp.arrays(np.int32, shape, elements=st.integers(outside, highest), fill=st.nothing()))
    levels = np.maximum(levels, 0)
    if not levels.any():
        levels.flat[draw(st.integers(0, levels.size - 1))] = 1
    return np.where(levels > 0, levels - (levels[levels > 0].min() - 1), 0).astype(np.int32)
