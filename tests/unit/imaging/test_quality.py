"""Measures of a mask."""

import time

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


def quality_of(mask):
    return assess(mask, grid(mask.shape))


def shell(shape=(12, 14, 16)):
    """A block with an empty core."""
    mask = np.zeros(shape, dtype=bool)
    mask[2:9, 2:10, 2:11] = True
    mask[4:6, 4:7, 4:7] = False
    return mask


def test_cavities_are_counted():
    mask = shell()
    assert quality_of(mask).holes == 1
    mask[7, 7, 7] = False  # apart from the core
    assert quality_of(mask).holes == 2
    mask[6, 7, 7] = mask[6, 7, 6] = False  # a corner, then an edge in common with the core: still apart
    assert quality_of(mask).holes == 2
    mask[6, 6, 6] = False  # a face
    assert quality_of(mask).holes == 1


def test_openings_are_no_cavities():
    mask = shell()
    mask[:5, 5, 5] = False  # a channel to the outside of the mask
    assert quality_of(mask).holes == 0
    cut = shell()[5:]  # the core opens at the border of the volume
    assert (quality_of(cut).holes, quality_of(cut).touches_border) == (0, True)
    ring = np.zeros((3, 9, 9), dtype=bool)
    ring[1, 2:7, 2:7] = True
    ring[1, 4, 4] = False
    assert (quality_of(ring).holes, quality_of(ring).one_slice) == (0, True)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_regions_in_one_plane_are_told(axis):
    mask = np.zeros((8, 8, 8), dtype=bool)
    box = [slice(2, 6)] * 3
    box[axis] = slice(3, 4)
    mask[tuple(box)] = True
    assert quality_of(mask).one_slice
    box[axis] = slice(3, 5)
    mask[tuple(box)] = True
    assert not quality_of(mask).one_slice
    assert quality_of(np.ones((1, 5, 5), dtype=bool)).one_slice


def test_only_the_box_of_the_mask_is_looked_at():
    mask = np.zeros((300, 512, 512), dtype=bool)
    mask[100:140, 200:240, 200:240] = True
    start = time.perf_counter()
    assert quality_of(mask).voxels == 64_000
    assert time.perf_counter() - start < 2
