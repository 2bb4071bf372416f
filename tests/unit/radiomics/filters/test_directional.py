"""Gabor, Simoncelli and Riesz: what is known of them analytically."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import signal

from radiogenomics.radiomics.filters import fourier, gabor, riesz, simoncelli
from radiogenomics.radiomics.filters.errors import UnequalSpacingError

ISOTROPIC_MM = (2.0, 2.0, 2.0)
GABOR = {
    "sigma_mm": 5.0,
    "wavelength_mm": 8.0,
    "gamma": 1.5,
    "pooling": "mean",
    "spacing_mm": ISOTROPIC_MM,
    "boundary": "zero",
}


def noise(shape, seed=4):
    return np.random.default_rng(seed).normal(0, 10, shape)


def wave(angle, shape=(1, 61, 61), wavelength_mm=8.0):
    y, x = np.mgrid[: shape[1], : shape[2]] * ISOTROPIC_MM[1]
    return np.cos(2 * np.pi * (x * math.cos(angle) + y * math.sin(angle)) / wavelength_mm)[None]


def test_gabor_is_the_modulus_of_a_direct_convolution():
    image, angle = noise((3, 20, 24)), 0.4
    found = gabor.response(image, **GABOR, angles=[angle], orthogonal_planes=False)
    y, x = np.mgrid[-30:31, -30:31] * 2.0
    along, beside = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    kernel = np.exp(-(along**2 + 2.25 * beside**2) / 50 + 2j * np.pi * along / 8)
    expected = np.abs(signal.convolve(image, kernel[None], mode="same", method="direct"))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("angle", [0.0, math.pi / 3, math.pi / 2, 2.5])
def test_gabor_answers_most_to_a_wave_along_its_own_direction(angle):
    def centre(filter_angle):
        return gabor.response(wave(angle), **GABOR, angles=[filter_angle], orthogonal_planes=False)[0, 30, 30]

    assert centre(angle) > 1.5 * centre(angle + math.pi / 6)
    assert centre(angle) > 1.5 * centre(angle - math.pi / 6)
    assert centre(angle) == pytest.approx(centre(angle + math.pi))


def test_gabor_in_orthogonal_planes_turns_with_the_image():
    image, angles = noise((12, 13, 14)), [step * math.pi / 4 for step in range(4)]
    expected = gabor.response(image, **GABOR, angles=angles, orthogonal_planes=True)
    for axes in [(0, 1), (1, 2), (2, 0)]:
        turned = gabor.response(np.rot90(image, axes=axes), **GABOR, angles=angles, orthogonal_planes=True)
        np.testing.assert_allclose(np.rot90(turned, -1, axes=axes), expected, atol=1e-8)


def test_gabor_refuses_planes_of_voxels_that_are_not_square():
    options = GABOR | {"spacing_mm": (3.0, 2.0, 2.0)}
    gabor.response(noise((2, 9, 9)), **options, angles=[0.0], orthogonal_planes=False)
    with pytest.raises(UnequalSpacingError, match="this image has 3 × 2 × 2 mm"):
        gabor.response(noise((2, 9, 9)), **options, angles=[0.0], orthogonal_planes=True)


def test_simoncelli_bands_share_the_power_of_every_frequency_between_them():
    grid = fourier.frequencies((31, 32, 33), planar=False)
    radius = fourier.magnitude(grid)
    power = sum(simoncelli.transfer(grid, level) ** 2 for level in range(1, 7))
    covered = (radius <= 0.5) & (radius >= 2.0**-6)
    np.testing.assert_allclose(power[covered], 1.0)
    assert np.all(power[radius > 1] == 0)


def test_simoncelli_removes_the_mean_and_works_by_slice():
    image = noise((5, 15, 17)) + 100
    by_slice = simoncelli.response(image, level=2, planar=True)
    for slice_, values in zip(image, by_slice, strict=True):
        np.testing.assert_allclose(simoncelli.response(slice_[None], level=2, planar=True)[0], values, atol=1e-12)
    np.testing.assert_allclose(by_slice.mean(axis=(1, 2)), 0, atol=1e-10)


@pytest.mark.parametrize("total", [1, 2, 3, 4])
def test_riesz_orders_of_one_sum_share_the_power_of_every_frequency(total):
    grid = fourier.frequencies((9, 10, 11), planar=False)
    orders = [order for order in product(range(total + 1), repeat=3) if sum(order) == total]
    power = sum(np.abs(riesz.transfer(grid, order)) ** 2 for order in orders)
    np.testing.assert_allclose(power[fourier.magnitude(grid) > 0], 1.0)


def test_riesz_of_a_wave_is_the_wave_a_quarter_later_along_its_direction_and_nothing_across():
    # An odd grid has the frequencies of the discrete transform up to a common factor.
    x = np.arange(63)
    image = np.broadcast_to(np.cos(2 * np.pi * 20 * x / 63), (5, 7, 63)).copy()
    plain = simoncelli.response(image, level=1, planar=False)
    along = riesz.response_of_simoncelli(image, level=1, order=(0, 0, 1), planar=False)
    across = riesz.response_of_simoncelli(image, level=1, order=(1, 0, 0), planar=False)
    later = plain.max() * np.sin(2 * np.pi * 20 * x / 63)
    np.testing.assert_allclose(along, np.broadcast_to(later, image.shape), atol=1e-9)
    np.testing.assert_allclose(across, 0, atol=1e-12)


@pytest.mark.parametrize("boundary", ["zero", "nearest", "periodic", "mirror"])
def test_riesz_of_log_has_the_directions_of_the_gradient(boundary):
    image = np.zeros((15, 15, 15))
    image[7, 7, 7] = 100
    options = {"sigma_mm": 3.0, "cutoff_sigmas": 4.0, "spacing_mm": ISOTROPIC_MM, "boundary": boundary}
    z = riesz.response_of_log(image, **options, order=(1, 0, 0), planar=False)
    x = riesz.response_of_log(image, **options, order=(0, 0, 1), planar=False)
    assert z.shape == image.shape
    np.testing.assert_allclose(z, np.swapaxes(x, 0, 2), atol=1e-9)
    np.testing.assert_allclose(z, -z[::-1], atol=1e-9)
    assert riesz.reach() is None
