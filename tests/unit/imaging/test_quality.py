"""Measures of a mask."""

import numpy as np
import pytest

from radiogenomics.imaging.quality import assess
from tests.unit.imaging.synthetic import grid


def test_two_blocks():
    mask = np.zeros(grid().shape, dtype=bool)
    mask[2:4, 3:6, 3:8] = True
    mask[5, 8, 10] = True
    quality = assess(mask, grid())
    assert (quality.voxels, quality.slices, quality.components, quality.touches_border) == (31, 3, 2, False)
    assert quality.volume_ml == pytest.approx(31 * 2.5 * 0.8 * 0.7 / 1000)


def test_corners_connect():
    mask = np.zeros(grid().shape, dtype=bool)
    mask[2, 2, 2] = mask[3, 3, 3] = True
    assert assess(mask, grid()).components == 1


@pytest.mark.parametrize("voxel", [(0, 5, 5), (9, 5, 5), (5, 0, 5), (5, 15, 5), (5, 5, 0), (5, 5, 19)])
def test_every_side_is_a_border(voxel):
    mask = np.zeros(grid().shape, dtype=bool)
    mask[4:6, 4:6, 4:6] = True
    assert not assess(mask, grid()).touches_border
    mask[voxel] = True
    assert assess(mask, grid()).touches_border
