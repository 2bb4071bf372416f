"""Separable filters: boundary conditions, linearity, orientations, kernels by name."""

from itertools import permutations, product

import numpy as np
import pytest
import pywt
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from radiogenomics.radiomics.filters import laws, log, mean, wavelets
from radiogenomics.radiomics.filters.boundary import SCIPY_MODES, padded, without_padding
from radiogenomics.radiomics.filters.errors import UnknownKernelError
from radiogenomics.radiomics.filters.separable import convolve, kernels_by_axis, orientations

BOUNDARIES = ["zero", "nearest", "periodic", "mirror"]
IMAGES = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=9),
    elements=st.floats(-1000, 1000, width=32),
)


def noise(shape=(9, 9, 9), seed=2):
    return np.random.default_rng(seed).normal(0, 10, shape)


def rotations(image):
    """The image in each of the 24 orientations of a cube."""
    for order, flips in product(permutations(range(3)), product((1, -1), repeat=3)):
        if np.linalg.det(np.eye(3)[list(order)] * flips) > 0:
            yield (order, flips), np.transpose(image, order)[tuple(slice(None, None, flip) for flip in flips)]


def back(turn, image):
    order, flips = turn
    return np.transpose(image[tuple(slice(None, None, flip) for flip in flips)], np.argsort(order))


@given(IMAGES, st.sampled_from(BOUNDARIES))
def test_padding_continues_the_image_as_the_convolution_does(image, boundary):
    kernels = (np.array([3.0, -1.0, 2.0]), np.array([1.0, 2.0, 0.0, -1.0, 4.0]), np.array([1.0, 5.0, -2.0]))
    continued = padded(image, (1, 2, 1), boundary)
    assert np.array_equal(without_padding(continued, (1, 2, 1)), image)
    expected = ndimage.convolve(image, np.einsum("i,j,k->ijk", *kernels), mode=SCIPY_MODES[boundary])
    inside = without_padding(convolve(continued, [kernels], "zero"), (1, 2, 1))
    np.testing.assert_allclose(convolve(image, [kernels], boundary), expected, atol=1e-6)
    np.testing.assert_allclose(inside, expected, atol=1e-6)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_mean_is_scipys_uniform_filter(boundary):
    found = mean.response(noise(), support_voxels=5, planar=False, boundary=boundary)
    np.testing.assert_allclose(found, ndimage.uniform_filter(noise(), 5, mode=SCIPY_MODES[boundary]), atol=1e-12)


@given(IMAGES, st.floats(-3, 3), st.sampled_from(["L5E5S5", "E3W5R5", "L3S3"]))
def test_response_is_linear_and_shifts_with_the_image(image, factor, kernels):
    def respond(values):
        return laws.response(values, kernels=kernels, pooling=None, energy_distance=None, boundary="periodic")

    other = image[::-1].copy()
    np.testing.assert_allclose(respond(image + factor * other), respond(image) + factor * respond(other), atol=1e-6)
    np.testing.assert_allclose(
        respond(np.roll(image, (1, 2, 3), (0, 1, 2))), np.roll(respond(image), (1, 2, 3), (0, 1, 2))
    )


def test_three_different_asymmetric_kernels_have_24_orientations_and_two_have_4():
    first, second, third = np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), np.array([2.0, 3, 1, 0, 0])
    assert len(orientations([kernels_by_axis([first, second, third])])) == 24
    assert len(orientations([kernels_by_axis([first, second])])) == 4
    assert len(orientations([kernels_by_axis([np.ones(3)] * 3)])) == 1


@pytest.mark.parametrize("pooling", ["max", "mean"])
@pytest.mark.parametrize("energy_distance", [None, 2])
def test_pooled_laws_response_turns_with_the_image(pooling, energy_distance):
    options = {"kernels": "E5L5W5", "pooling": pooling, "energy_distance": energy_distance, "boundary": "mirror"}
    image = noise((7, 8, 9))
    expected = laws.response(image, **options)
    for turn, turned in rotations(image):
        np.testing.assert_allclose(back(turn, laws.response(turned, **options)), expected, atol=1e-9)


@pytest.mark.parametrize(("wavelet", "level"), [("db2", 1), ("haar", 2)])
def test_pooled_wavelet_response_turns_with_the_image(wavelet, level):
    options = {"wavelet": wavelet, "band": "LHH", "level": level, "pooling": "mean", "boundary": "nearest"}
    image = noise((7, 8, 9))
    expected = wavelets.response(image, **options)
    for turn, turned in rotations(image):
        np.testing.assert_allclose(back(turn, wavelets.response(turned, **options)), expected, atol=1e-9)


@pytest.mark.parametrize("wavelet", ["haar", "db3", "coif1"])
@pytest.mark.parametrize("level", [1, 2])
def test_wavelet_of_a_periodic_image_is_the_stationary_transform_of_pywavelets(wavelet, level):
    image = noise((8, 12, 16))
    transform = pywt.swtn(image, wavelet, level=level, axes=(2, 1, 0))[0]
    for band in map("".join, product("LH", repeat=3)):
        found = wavelets.response(image, wavelet=wavelet, band=band, level=level, pooling=None, boundary="periodic")
        np.testing.assert_allclose(found, transform[band.replace("L", "a").replace("H", "d")], atol=1e-9)


def test_energy_is_the_local_mean_of_the_absolute_response():
    image = noise()
    options = {"kernels": "E5L5S5", "pooling": "max", "boundary": "mirror"}
    response = laws.response(image, **options, energy_distance=None)
    energy = laws.response(image, **options, energy_distance=2)
    np.testing.assert_allclose(energy[4, 4, 4], np.abs(response[2:7, 2:7, 2:7]).mean())


@pytest.mark.parametrize("kernels", ["L5E5S", "L5X5E5", "L5", "L5E5S5W5", "l5e5"])
def test_a_laws_kernel_that_does_not_exist_is_named(kernels):
    with pytest.raises(UnknownKernelError, match=f"Laws filter: '{kernels}' is not two or three of 'L3', 'L5'"):
        laws.reach(kernels=kernels, pooling=None, energy_distance=None)


@pytest.mark.parametrize(
    ("wavelet", "band", "message"),
    [
        ("coif1", "LXH", "wavelet band: 'LXH' is not two or three of 'L' and 'H'"),
        ("coif1", "L", "wavelet band: 'L' is not two or three"),
        ("morl", "LLH", "wavelet: 'morl' is not a discrete wavelet of PyWavelets"),
    ],
)
def test_a_wavelet_or_band_that_does_not_exist_is_named(wavelet, band, message):
    with pytest.raises(UnknownKernelError, match=message):
        wavelets.reach(wavelet=wavelet, band=band, level=1, pooling=None)


def test_log_is_scipys_where_the_kernel_is_complete():
    image = noise((30, 30, 30))
    options = {"sigma_mm": 3.0, "cutoff_sigmas": 6.0, "spacing_mm": (2.0, 2.0, 2.0), "boundary": "mirror"}
    expected = ndimage.gaussian_laplace(image, 1.5, mode="reflect", truncate=6.0)
    found = log.response(image, **options, planar=False)
    assert np.abs(found - expected).max() < 0.01 * np.ptp(expected)  # scipy scales its sampled Gaussian to sum 1
    by_slice = log.response(image, **options, planar=True)
    for slice_, values in zip(image, by_slice, strict=True):
        np.testing.assert_allclose(log.response(slice_[None], **options, planar=True)[0], values)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (2.0, 1.0, 0.5), (0.5, 1.25, 1.0)])
def test_log_of_a_blob_follows_its_analytic_value_on_any_grid(spacing_mm):
    sigma_mm, blob_mm = 4.0, 3.0
    z, y, x = (step * np.arange(-round(30 / step), round(30 / step) + 1) for step in spacing_mm)
    radius = z[:, None, None] ** 2 + y[:, None] ** 2 + x**2
    image = np.exp(-radius / (2 * blob_mm**2))
    width = sigma_mm**2 + blob_mm**2  # Gaussians convolve to the sum of their variances
    expected = (radius / width - 3) / width * (blob_mm**2 / width) ** 1.5 * np.exp(-radius / (2 * width))
    found = log.response(
        image, sigma_mm=sigma_mm, cutoff_sigmas=6.0, spacing_mm=spacing_mm, planar=False, boundary="zero"
    )
    np.testing.assert_allclose(found / np.prod(spacing_mm) ** (2 / 3), expected, atol=2e-4 * np.abs(expected).max())
