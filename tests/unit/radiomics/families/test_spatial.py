"""Moran's I and Geary's C against the sum over all pairs."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from radiogenomics.radiomics.families.spatial import spatial_autocorrelation
from radiogenomics.radiomics.region import Region


def direct(region):
    places = np.argwhere(region.intensity) * region.spacing_mm
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    np.fill_diagonal(distance, np.inf)
    weights, values = 1 / distance, region.values()
    centred = values - values.mean()
    moran = len(values) / weights.sum() * (centred @ weights @ centred) / (centred @ centred)
    squares = (weights * (values[:, None] - values) ** 2).sum()
    return {"MoranI": moran, "GearyC": (len(values) - 1) / (2 * weights.sum()) * squares / (centred @ centred)}


@given(
    arrays(np.bool_, array_shapes(min_dims=3, max_dims=3, max_side=9)).filter(lambda mask: np.count_nonzero(mask) > 1),
    st.tuples(*[st.floats(0.3, 5)] * 3),
    st.sampled_from([0.0, 1000.0]),
)
def test_sums_over_pairs_are_exact(mask, spacing_mm, offset):
    image = np.random.default_rng(mask.size).normal(offset, 3, mask.shape)
    image[~mask] = np.nan
    region = Region(image, mask, mask, spacing_mm)
    assert spatial_autocorrelation(region) == pytest.approx(direct(region), rel=1e-10, abs=1e-11)


def test_a_gradient_is_correlated_and_noise_is_not():
    mask = np.ones((20, 24, 30), bool)
    gradient = np.indices(mask.shape)[1].astype(float)
    noise = np.random.default_rng(0).normal(size=mask.shape)
    smooth, rough = (spatial_autocorrelation(Region(image, mask, mask, (1.0, 1.0, 1.0))) for image in (gradient, noise))
    assert smooth["MoranI"] > 0.2
    assert smooth["GearyC"] < 0.8
    assert rough["MoranI"] == pytest.approx(-1 / (mask.size - 1), abs=1e-3)
    assert rough["GearyC"] == pytest.approx(1, abs=5e-3)
