"""Each filter in a box of the image gives the values of the whole image, and its reach is no larger than needed."""

import numpy as np
import pytest

from radiogenomics.radiomics.boxes import grown, response_in_box
from radiogenomics.radiomics.filters import gabor, laws, log, mean, simoncelli, wavelets

SPACING_MM = (3.0, 1.5, 1.5)
BOUNDARIES = ["zero", "nearest", "periodic", "mirror"]
SHAPE = (20, 34, 35)
BOXES = {
    "inside": (slice(9, 12), slice(16, 19), slice(15, 18)),
    "at the border": (slice(0, 3), slice(30, 34), slice(15, 18)),
}

FILTERS = {
    "mean": (mean, {"support_voxels": 5, "planar": False}, {}),
    "mean by slice": (mean, {"support_voxels": 7, "planar": True}, {}),
    "log": (log, {"sigma_mm": 2.0, "cutoff_sigmas": 3.0, "spacing_mm": SPACING_MM, "planar": False}, {}),
    "log by slice": (log, {"sigma_mm": 2.0, "cutoff_sigmas": 3.0, "spacing_mm": SPACING_MM, "planar": True}, {}),
    "laws": (laws, {"kernels": "E3W5R5", "pooling": None, "energy_distance": None}, {}),
    "laws energy": (laws, {"kernels": "L5E5S3", "pooling": "max", "energy_distance": 3}, {}),
    "laws energy by slice": (laws, {"kernels": "L5E3", "pooling": "mean", "energy_distance": 2}, {}),
    "wavelet": (wavelets, {"wavelet": "db2", "band": "LHL", "level": 1, "pooling": None}, {}),
    "wavelet level 2": (wavelets, {"wavelet": "haar", "band": "HHL", "level": 2, "pooling": "mean"}, {}),
    "gabor": (
        gabor,
        {"sigma_mm": 1.5, "gamma": 1.0, "orthogonal_planes": False, "spacing_mm": SPACING_MM},
        {"wavelength_mm": 4.0, "angles": [0.3], "pooling": "mean"},
    ),
}


def noise():
    return np.random.default_rng(8).normal(10, 20, SHAPE)


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize(("module", "scale", "rest"), FILTERS.values(), ids=FILTERS)
def test_response_in_a_box_is_that_of_the_whole_image(module, scale, rest, boundary, box):
    image = noise()

    def response(part):
        return module.response(part, **scale, **rest, boundary=boundary)

    found = response_in_box(response, image, box=box, reach=module.reach(**scale), periodic=boundary == "periodic")
    np.testing.assert_allclose(found, response(image)[box], rtol=0, atol=1e-10)
    assert found.flags.c_contiguous


@pytest.mark.parametrize(("module", "scale", "rest"), FILTERS.values(), ids=FILTERS)
def test_nothing_beyond_the_reach_matters(module, scale, rest):
    image, changed, centre = noise(), noise(), (10, 17, 17)
    near = tuple(slice(c - far, c + far + 1) for c, far in zip(centre, module.reach(**scale), strict=True))
    beyond = np.ones(SHAPE, dtype=bool)
    beyond[near] = False
    changed[beyond] += 1000
    before, after = (module.response(part, **scale, **rest, boundary="zero")[centre] for part in (image, changed))
    assert before == pytest.approx(after, abs=1e-7)


def test_a_filter_in_the_fourier_domain_gets_the_whole_image():
    image, box = noise(), BOXES["inside"]
    found = response_in_box(
        lambda part: simoncelli.response(part, level=1, planar=False), image, box=box, reach=simoncelli.reach()
    )
    np.testing.assert_array_equal(found, simoncelli.response(image, level=1, planar=False)[box])


def test_the_support_ends_at_the_border_unless_the_filter_comes_back_at_the_far_side():
    box = (slice(0, 2), slice(5, 6), slice(3, 9))
    assert grown(box, (1, 2, 3), (9, 9, 9)) == (slice(0, 3), slice(3, 8), slice(0, 9))
    assert grown(box, (1, 2, 3), (9, 9, 9), periodic=True) == (slice(0, 9), slice(3, 8), slice(0, 9))
