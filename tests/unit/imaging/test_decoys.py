"""Control images: the same values in other places, the same region at another place."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from radiogenomics.imaging.decoys import random_place, shuffle_voxels, tissue
from radiogenomics.imaging.errors import NoPlaceError

SHAPE = (14, 40, 44)


def ball(centre, radius, shape=SHAPE):
    places = np.indices(shape) - np.reshape(centre, (3, 1, 1, 1))
    return (places**2).sum(axis=0) <= radius**2


@given(seed=st.integers(0, 2**32))
def test_shuffling_keeps_the_values_of_the_region_and_everything_around_it(seed):
    random = np.random.default_rng(seed)
    values, mask = random.normal(size=SHAPE).astype(np.float32), ball((7, 20, 20), 5)
    shuffled = shuffle_voxels(values, mask, random)
    assert shuffled.dtype == values.dtype
    np.testing.assert_array_equal(shuffled[~mask], values[~mask])
    np.testing.assert_array_equal(np.sort(shuffled[mask]), np.sort(values[mask]))
    assert (shuffled[mask] != values[mask]).mean() > 0.9


@given(seed=st.integers(0, 2**32), radius=st.integers(1, 5))
def test_a_random_place_has_the_shape_of_the_region_lies_in_tissue_and_not_on_it(seed, radius):
    mask, body = ball((7, 20, 20), radius), ball((7, 20, 22), 19)
    moved = random_place(mask, body, np.random.default_rng(seed))
    offsets = np.argwhere(moved) - np.argwhere(mask)
    assert (offsets == offsets[0]).all()
    assert not (moved & mask).any()
    assert body[moved].all()


def test_all_places_that_fit_are_equally_likely():
    mask, body = np.zeros((1, 5, 9), bool), np.zeros((1, 5, 9), bool)
    mask[0, 2, 2] = True
    body[0, 1:4, 1:8] = True
    random = np.random.default_rng(5)
    seen = sum(random_place(mask, body, random).astype(int) for _ in range(2000))
    assert seen[0, 2, 2] == 0
    assert (seen[~body] == 0).all()
    counts = seen[body & ~mask]
    assert ((counts - 100) ** 2 / 100).sum() < 45  # chi-squared of 19 degrees of freedom: p of 0.0007


def test_a_region_without_another_place_is_refused():
    with pytest.raises(NoPlaceError, match="fits at none"):
        random_place(ball((7, 20, 20), 6), ball((7, 20, 20), 8), np.random.default_rng(1))


def test_tissue_of_a_large_image_is_that_of_its_lattice():
    values = np.zeros((40, 300, 300), np.int16) - 1000
    values[:, 60:240, 60:240] = 40
    values += np.random.default_rng(2).integers(-20, 20, values.shape, dtype=np.int16)
    body = values > -500
    values[20, 100:200:5, 100:200:5] = -900  # single dark voxels
    np.testing.assert_array_equal(tissue(values), body)
