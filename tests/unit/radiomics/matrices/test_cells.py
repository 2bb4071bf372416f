"""Tallies and matrices as lists of cells, against counting one by one."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st

from radiogenomics.radiomics.matrices import cells, neighbourhood
from radiogenomics.radiomics.matrices.layout import VOLUME, lay_out
from tests.unit.radiomics.matrices.labels import PHANTOM, label_arrays

KEYS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9) | st.integers(10**6, 10**9), st.integers(1, 5)))


@given(KEYS)
def test_tally_adds_up_equal_keys_of_a_group(counted):
    group, key, number = np.array(counted, dtype=np.int64).reshape(-1, 3).T
    expected = Counter()
    for g, k, n in counted:
        expected[g, k] += n
    assert list(zip(*cells.tally(group, key, number), strict=True)) == sorted((*gk, n) for gk, n in expected.items())


@given(st.lists(st.integers(1, 4)))
def test_sums_are_those_of_each_group(sizes):
    group = np.repeat(np.arange(len(sizes)), sizes)
    assert cells.Sums(group)(np.ones(group.size)).tolist() == sizes


def counted_by_hand(levels, direction):
    """Co-occurrences and run lengths along one direction, voxel by voxel."""
    pairs, runs = Counter(), Counter()
    padded = np.pad(levels, 1)
    for voxel in zip(*np.nonzero(padded), strict=True):
        level, there, length = padded[voxel], np.add(voxel, direction), 1
        if other := padded[tuple(there)]:
            pairs[int(level), int(other)] += 1
            pairs[int(other), int(level)] += 1
        if padded[tuple(np.subtract(voxel, direction))] != level:
            while padded[tuple(there)] == level:
                there, length = there + direction, length + 1
            runs[int(level), length] += 1
    return pairs, runs


def as_counter(stack, matrix):
    chosen = stack.matrix == matrix
    columns = (stack.row[chosen], stack.column[chosen], stack.number[chosen])
    return {(i, j): n for i, j, n in zip(*(column.tolist() for column in columns), strict=True)}


@pytest.mark.parametrize("filled", [True, False], ids=["matrices filled in", "pairs listed"])
@given(levels=label_arrays(max_side=4))
def test_pairs_and_runs_are_those_counted_by_hand(levels, filled):
    with pytest.MonkeyPatch.context() as patch:
        if not filled:
            patch.setattr(neighbourhood, "MAXIMUM_CELLS", 0)
        layout = lay_out(levels)
        counts = neighbourhood.neighbourhood(layout, VOLUME)
        found = cells.joined(list(cells.cooccurrences(layout, counts, VOLUME, merged=False)))
        (merged,) = cells.cooccurrences(layout, counts, VOLUME, merged=True)
    runs = cells.run_lengths(layout, counts.first_run, counts.runs, merged=False)
    by_hand = [counted_by_hand(levels, direction) for direction in VOLUME]
    pairs = [pairs for pairs, _ in by_hand if pairs]
    assert [as_counter(found, matrix) for matrix in range(len(pairs))] == pairs
    assert as_counter(merged, 0) == sum(pairs, Counter())
    assert [as_counter(runs, d) for d in range(len(VOLUME))] == [lengths for _, lengths in by_hand]


def test_directions_with_lines_see_voxels_that_do_not_touch():
    levels = np.zeros((1, 3, 3), np.int32)
    levels[0, 0, 0], levels[0, 2, 2], levels[0, 0, 1] = 1, 1, 2
    layout = lay_out(levels)
    counts = neighbourhood.neighbourhood(layout, VOLUME)
    found = neighbourhood.directions_with_lines(layout, counts, VOLUME)
    assert {VOLUME[d] for d in np.flatnonzero(found)} == {(0, 1, 1), (0, 0, 1)}


def test_batches_join_up_to_a_size(monkeypatch):
    layout = lay_out(PHANTOM)
    counts = neighbourhood.neighbourhood(layout, VOLUME)
    runs = cells.run_lengths(layout, counts.first_run, counts.runs, merged=True)
    monkeypatch.setattr(cells, "BATCH", 2 * runs.number.size)
    assert [int(batch.matrix[-1]) + 1 for batch in cells.batches([runs] * 5)] == [2, 2, 1]
