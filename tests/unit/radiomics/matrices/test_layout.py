"""The margin and the levels that are present."""

import numpy as np
import pytest

from radiogenomics.radiomics.matrices.layout import PLANE, VOLUME, lay_out, planes
from tests.unit.radiomics.matrices.labels import PHANTOM


def test_directions_are_one_of_each_opposite_pair():
    for directions, axes in ((PLANE, 2), (VOLUME, 3)):
        both = {*directions, *(tuple(-step for step in direction) for direction in directions)}
        assert len(both) == 2 * len(directions) == 3**axes - 1


def test_the_first_direction_leads_to_a_neighbour_of_all_the_others():
    for first, *others in (PLANE, VOLUME):
        assert np.abs(np.array(others) - first).max() == 1


def test_levels_are_counted_and_ranked():
    layout = lay_out(PHANTOM)
    assert layout.present.tolist() == [1, 3, 4, 6]
    assert layout.voxels.tolist() == [50, 1, 16, 7]
    assert layout.rank.tolist() == [0, 1, 0, 2, 3, 0, 4]
    assert layout.levels.sum() == PHANTOM.sum()
    assert not layout.levels[[0, -1]].any()


def test_a_negative_level_is_refused():
    with pytest.raises(ValueError, match="negative"):
        lay_out(-PHANTOM)


def test_planes_leave_out_empty_slices():
    levels = PHANTOM.copy()
    levels[1] = 0
    assert [plane.tolist() for plane, _ in planes(levels, levels > 0)] == [[PHANTOM[z].tolist()] for z in (0, 2, 3)]
