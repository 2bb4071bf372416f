"""Local intensity against the mean over each ball, voxel by voxel."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from radiogenomics.radiomics.families.local_intensity import BALL_RADIUS_MM, local_intensity
from radiogenomics.radiomics.region import Region


def direct(region):
    places = np.argwhere(np.isfinite(region.image)) * region.spacing_mm
    known = region.image[np.isfinite(region.image)]
    centres = np.argwhere(region.intensity)
    means = np.array(
        [
            known[((places - centre * region.spacing_mm) ** 2).sum(axis=1) <= BALL_RADIUS_MM**2].mean()
            for centre in centres
        ]
    )
    values = region.values()
    return {"LocalIntensityPeak": means[values == values.max()].max(), "GlobalIntensityPeak": means.max()}


@given(st.integers(0, 2**32 - 1), st.tuples(*[st.floats(0.9, 7)] * 3), st.booleans())
def test_peaks_are_those_of_the_direct_means(seed, spacing_mm, ties):
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 12, 3)
    image = rng.normal(size=shape)
    image = np.round(2 * image) if ties else image
    mask = rng.random(shape) < 0.2
    mask[0, 0, 0] = True
    image[(rng.random(shape) < 0.2) & ~mask] = np.nan
    region = Region(image, mask, mask, spacing_mm)
    assert local_intensity(region) == pytest.approx(direct(region), rel=1e-12, abs=1e-12)


def test_the_ball_has_a_volume_of_one_cubic_centimetre():
    assert 4 / 3 * math.pi * BALL_RADIUS_MM**3 == pytest.approx(1000)


def test_voxels_outside_of_the_mask_count():
    image = np.zeros((21, 21, 21))
    image[10, 10, 10] = 1.0
    mask = image > 0
    z, y, x = np.indices(image.shape) - 10
    in_ball = np.count_nonzero(z**2 + y**2 + x**2 <= BALL_RADIUS_MM**2)
    assert local_intensity(Region(image, mask, mask, (1.0, 1.0, 1.0))) == pytest.approx(
        {"LocalIntensityPeak": 1 / in_ball, "GlobalIntensityPeak": 1 / in_ball}
    )


def test_the_global_peak_may_lie_away_from_the_highest_voxel():
    image = np.zeros((5, 5, 60))
    image[2, 2, 5] = 100.0
    image[:, :, 40:] = 50.0
    mask = np.ones(image.shape, bool)
    found = local_intensity(Region(image, mask, mask, (1.0, 1.0, 1.0)))
    assert found["LocalIntensityPeak"] < 1
    assert found["GlobalIntensityPeak"] == 50


def test_an_empty_mask_has_a_reason():
    empty = np.zeros((3, 3, 3), bool)
    found = local_intensity(Region(np.ones((3, 3, 3)), empty, ~empty, (1.0, 1.0, 1.0)))
    assert found == {"LocalIntensityPeak": "empty intensity mask", "GlobalIntensityPeak": "empty intensity mask"}
