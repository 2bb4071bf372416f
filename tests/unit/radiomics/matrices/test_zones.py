"""Zones against scipy's labelling, distances against peeling the mask layer by layer."""

import numpy as np
import pytest
from hypothesis import given
from scipy import ndimage

from radiogenomics.radiomics.matrices.layout import PLANE, VOLUME, lay_out
from radiogenomics.radiomics.matrices.zones import distance_from_border, zones
from tests.unit.radiomics.matrices.labels import label_arrays

IN_PLANE = pytest.mark.parametrize("in_plane", [False, True], ids=["3D", "in plane"])


def flattened(structure, in_plane):
    """A 3 × 3 × 3 neighbourhood, without the slices above and below when in plane."""
    if in_plane:
        structure[[0, 2]] = False
    return structure


def peeled(mask, in_plane):
    cross = flattened(ndimage.generate_binary_structure(3, 1), in_plane)
    distance = np.zeros(mask.shape, int)
    while mask.any():
        distance += mask
        mask = ndimage.binary_erosion(mask, cross)  # beyond the array is outside
    return distance


@IN_PLANE
@given(levels=label_arrays(max_side=7))
def test_distance_counts_the_layers_around_a_voxel(levels, in_plane):
    distance = distance_from_border(levels > 0, in_plane=in_plane)
    np.testing.assert_array_equal(distance, np.pad(peeled(levels > 0, in_plane), 1))


@IN_PLANE
@given(levels=label_arrays(max_side=6, max_level=4))
def test_zones_are_connected_components_with_their_least_distance(levels, in_plane):
    layout = lay_out(levels)
    distance = distance_from_border(levels > 0, in_plane=in_plane)
    offsets = layout.offsets(PLANE if in_plane else VOLUME)
    found = zones(layout.levels, distance, offsets, int(layout.voxels.sum()))
    expected = []
    for level in layout.present:
        label, n = ndimage.label(layout.levels == level, flattened(np.ones((3, 3, 3), bool), in_plane))
        expected += [(level, (label == k).sum(), distance[label == k].min()) for k in range(1, n + 1)]
    assert sorted(zip(*found, strict=True)) == sorted(expected)


@given(levels=label_arrays(max_side=6, max_level=4))
def test_other_levels_in_the_same_order_leave_the_zones(levels):
    def sizes(array):
        layout = lay_out(array)
        _, size, _ = zones(layout.levels, layout.levels, layout.offsets(VOLUME), int(layout.voxels.sum()))
        return size.tolist()

    assert sizes(levels) == sizes((levels**2 * 3).astype(np.int32))
