"""The grid: indices to millimetres and back, SimpleITK's order, and one lattice on another."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, strategies as st

from radiogenomics.imaging.geometry import Grid, misfit_mm, placement
from tests.unit.imaging.synthetic import grid, oblique, rotation

lengths = st.floats(0.3, 5)


@st.composite
def grids(draw):
    """Grids of any orientation."""
    turned = np.eye(3)
    for axis in range(3):
        turned = turned @ rotation(draw(st.floats(-180, 180)), axis)
    shape = tuple(draw(st.integers(2, 6)) for _ in range(3))
    origin = tuple(draw(st.floats(-500, 500)) for _ in range(3))
    return Grid(shape, origin, tuple(draw(lengths) for _ in range(3)), tuple(map(tuple, turned.tolist())))


@given(grids(), st.tuples(*[st.floats(-3, 9)] * 3))
def test_index_to_lps_and_back(place, index):
    assert place.to_index(place.to_lps(index)) == pytest.approx(index, abs=1e-6)


@given(grids())
def test_simpleitk_agrees_about_every_corner(place):
    image = place.stamp(sitk.Image(place.shape[::-1], sitk.sitkUInt8))
    last = [n - 1 for n in place.shape]
    for index in ((0, 0, 0), (last[0], 0, 0), (0, last[1], 0), (0, 0, last[2]), last):
        expected = image.TransformIndexToPhysicalPoint([int(n) for n in index[::-1]])
        assert place.to_lps(index) == pytest.approx(expected, abs=1e-6)
    assert Grid.from_image(image).distance_mm(place) < 1e-6


def test_record_keeps_every_digit():
    place = grid(direction=oblique())
    assert Grid.from_record(place.record()) == place


def test_distance_is_that_of_the_worst_corner():
    place = grid()
    assert place.distance_mm(grid(origin_mm=(-31.25, 12.5, 102.0))) == pytest.approx(0.25)
    assert place.distance_mm(grid(spacing_mm=(2.51, 0.8, 0.7))) == pytest.approx(0.09)
    assert place.distance_mm(grid(shape=(10, 16, 21))) == float("inf")


@given(
    st.permutations([0, 1, 2]), st.tuples(*[st.booleans()] * 3), st.tuples(*[st.integers(-3, 4)] * 3), st.integers(0, 9)
)
def test_placement_puts_every_voxel_where_its_centre_is(order, flipped, start, seed):
    """Against a loop over voxels through millimetres."""
    target = grid((4, 5, 6), direction=oblique())
    shape = (3, 2, 4)
    direction = [
        np.array(target.direction[axis]) * (-1 if flip else 1) for axis, flip in zip(order, flipped, strict=True)
    ]
    spacing = tuple(target.spacing_mm[axis] for axis in order)
    origin = tuple(target.to_lps(start).tolist())
    source = Grid(shape, origin, spacing, tuple(tuple(vector.tolist()) for vector in direction))
    values = np.random.default_rng(seed).random(shape) > 0.5
    expected, outside = np.zeros(target.shape, dtype=bool), 0
    for index in np.argwhere(values):
        where = np.round(target.to_index(source.to_lps(index))).astype(int)
        if (where >= 0).all() and (where < target.shape).all():
            expected[tuple(where)] = True
        else:
            outside += 1
    place = placement(source, target, 1e-3)
    found = np.zeros(target.shape, dtype=bool)
    assert place.put(values, found) == outside
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("changed", "distance_mm"),
    [
        ({"origin_mm": (-31.05, 12.5, 101.75)}, 0.2),
        ({"spacing_mm": (5.0, 0.8, 0.7)}, 2.5),
        ({"spacing_mm": (2.5, 0.8, 0.71)}, 0.19),
    ],
)
def test_lattices_that_miss_each_other_have_no_placement(changed, distance_mm):
    other = grid(**changed)
    assert placement(other, grid(), 0.1) is None
    assert misfit_mm(other, grid()) == pytest.approx(distance_mm, abs=1e-6)


@pytest.mark.parametrize("axis", [0, 1, 2], ids=["slices", "rows", "columns"])
@pytest.mark.parametrize(
    ("wrong", "right"),
    [((2.5, 41), (2.0, 51)), ((1.25, 81), (1.0, 101)), ((3.0, 31), (2.5, 37)), ((1.0, 101), (1.25, 81))],
    ids=["2.5 on 2.0", "1.25 on 1.0", "3.0 on 2.5", "1.0 on 1.25"],
)
@pytest.mark.parametrize("depth", [9, 1], ids=["volume", "plane"])
def test_corners_on_the_lattice_do_not_make_another_spacing_fit(wrong, right, axis, depth):
    """Resampling with aligned corners leaves every corner on the lattice, and every other voxel beside it."""

    def along(spacing_mm, number):
        shape, spacing = [depth, 9, 9], [1.0, 1.0, 1.0]
        shape[axis], spacing[axis] = number, spacing_mm
        return grid(tuple(shape), spacing_mm=tuple(spacing))

    source, target = along(*wrong), along(*right)
    assert placement(source, target, 0.01) is None
    assert misfit_mm(source, target) == pytest.approx(abs(wrong[0] - right[0]) * (wrong[1] - 1), rel=1e-9)
    assert placement(target, target, 0.01).start == (0, 0, 0)


@pytest.mark.parametrize("origin_mm", [(1e30, 0.0, 0.0), (0.0, -2e6, 0.0)])
def test_grids_beyond_any_scanner_have_no_placement(origin_mm):
    assert placement(grid(origin_mm=origin_mm), grid(), 0.1) is None
    assert misfit_mm(grid(origin_mm=origin_mm), grid()) == float("inf")


def test_turned_lattice_has_no_placement():
    assert placement(grid(direction=oblique()), grid(), 0.1) is None
    assert misfit_mm(grid(direction=oblique()), grid()) > 0.1
