"""The image filters of pyradiomics: the same values as from pyradiomics, in a box and for the whole image."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from radiomics import imageoperations

from radiogenomics.radiomics.boxes import grown
from radiogenomics.radiomics.filters import pyradiomics
from radiogenomics.radiomics.filters.errors import BlankImageError, ImageTooSmallForFilterError

SPACING_MM = (2.5, 0.6, 0.9)


def foreign(name, array, spacing_mm=SPACING_MM, **options):
    """Filtered images by name, as pyradiomics makes them."""
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing_mm[::-1])
    made = getattr(imageoperations, f"get{name}Image")(image, None, **options)
    return {label: sitk.GetArrayFromImage(filtered) for filtered, label, _ in made}


def whole(array):
    return tuple(slice(0, size) for size in array.shape)


def noise(shape, seed=5):
    return np.random.default_rng(seed).normal(50, 100, shape)


@st.composite
def images_with_box(draw, least=1):
    """An image of any size down to ``least`` along an axis, and a box in it."""
    shape = tuple(draw(st.integers(least, 17)) for _ in range(3))
    starts = [draw(st.integers(0, size - 1)) for size in shape]
    box = tuple(slice(start, draw(st.integers(start + 1, size))) for start, size in zip(starts, shape, strict=True))
    image = draw(hnp.arrays(np.int16, shape, elements=st.integers(-1024, 3071)))
    return image, box


@given(images_with_box(least=6), st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_log_equals_that_of_pyradiomics_within_single_precision(case, sigma_mm):
    image, box = case
    (expected,) = foreign("LoG", image, sigma=[sigma_mm]).values()
    found = pyradiomics.log(image, sigma_mm=sigma_mm, spacing_mm=SPACING_MM, box=box)
    assert found.shape == expected[box].shape
    scale = np.abs(expected).max() + np.ptp(image.astype(float)) + 1e-6 * np.abs(image.astype(float)).max()
    np.testing.assert_allclose(found, expected[box], rtol=0, atol=1e-6 * scale)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_log_of_a_parabola_is_sigma_squared_times_its_curvature(axis):
    image = 100 + np.moveaxis(np.broadcast_to(((np.arange(121) - 60) * SPACING_MM[axis]) ** 2, (121,) * 3), 2, axis)
    found = pyradiomics.log(image, sigma_mm=2.0, spacing_mm=SPACING_MM, box=(slice(60, 61),) * 3)
    assert found == pytest.approx(2 * 2.0**2, rel=1e-6)


@pytest.mark.parametrize("sigma_mm", [1.0, 3.0])
def test_log_in_a_box_equals_the_whole_image_to_2e_8_of_its_contrast(sigma_mm):
    image = noise((24, 130, 120))
    image[:, :, 100:] += 1e4  # a bright rim beyond the reach
    box = (slice(9, 13), slice(60, 66), slice(50, 58))
    found = pyradiomics.log(image, sigma_mm=sigma_mm, spacing_mm=SPACING_MM, box=box)
    full = pyradiomics.log(image, sigma_mm=sigma_mm, spacing_mm=SPACING_MM, box=whole(image))[box]
    np.testing.assert_allclose(found, full, rtol=0, atol=2e-8 * np.ptp(image))


@given(images_with_box(), st.sampled_from(["haar", "db2", "coif1", "sym5"]))
def test_wavelet_bands_equal_those_of_pyradiomics(case, name):
    image, box = case
    expected = foreign("Wavelet", image, wavelet=name)
    found = dict(pyradiomics.wavelet(image, name=name, box=box))
    assert {f"wavelet-{band}" for band in found} == set(expected)
    for band, values in found.items():
        np.testing.assert_allclose(values, expected[f"wavelet-{band}"][box], rtol=0, atol=1e-9)


def test_wavelet_of_single_precision_agrees_to_its_rounding():
    image = noise((9, 10, 11)).astype(np.float32)
    expected = foreign("Wavelet", image, wavelet="coif1")
    for band, values in pyradiomics.wavelet(image, name="coif1", box=whole(image)):
        np.testing.assert_allclose(values, expected[f"wavelet-{band}"], rtol=0, atol=1e-6 * np.abs(image).max())


@given(images_with_box(), st.sampled_from(["haar", "coif1"]))
def test_wavelet_of_a_crop_equals_that_of_the_whole_image(case, name):
    image, box = case
    crop = grown(box, pyradiomics.wavelet_reach(name=name), image.shape, periodic=True)
    inside = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, crop, strict=True))
    found = dict(pyradiomics.wavelet(image[crop], name=name, box=inside))
    for band, values in pyradiomics.wavelet(image, name=name, box=box):
        np.testing.assert_allclose(found[band], values, rtol=0, atol=1e-9)


@given(images_with_box(least=6), st.sampled_from([0.1, 0.5, 1.0, 3.0]))
def test_log_of_a_crop_is_never_refused_where_that_of_the_whole_image_is_not(case, sigma_mm):
    image, box = case
    crop = grown(box, pyradiomics.log_reach(sigma_mm=sigma_mm, spacing_mm=SPACING_MM), image.shape)
    inside = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(box, crop, strict=True))
    found, full = (
        pyradiomics.log(part, sigma_mm=sigma_mm, spacing_mm=SPACING_MM, box=where)
        for part, where in ((image[crop], inside), (image, box))
    )
    np.testing.assert_allclose(found, full, rtol=0, atol=1e-6 * (1 + np.ptp(image.astype(float))))


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("Square", pyradiomics.square),
        ("SquareRoot", pyradiomics.square_root),
        ("Logarithm", pyradiomics.logarithm),
        ("Exponential", pyradiomics.exponential),
    ],
)
@pytest.mark.parametrize("box", [(slice(0, 6), slice(0, 7), slice(0, 8)), (slice(2, 4), slice(1, 3), slice(5, 8))])
def test_pointwise_transforms_equal_those_of_pyradiomics(name, function, box):
    image = noise((6, 7, 8))
    (expected,) = foreign(name, image).values()
    np.testing.assert_allclose(function(image, box=box), expected[box], rtol=1e-12)


@given(images_with_box())
def test_gradient_equals_that_of_pyradiomics(case):
    image, box = case
    (expected,) = foreign("Gradient", image).values()
    found = pyradiomics.gradient(image, spacing_mm=SPACING_MM, box=box)
    np.testing.assert_allclose(found, expected[box], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 20, 20), (20, 20, 3), (8, 5, 20)])
def test_log_refuses_the_images_that_pyradiomics_leaves_out(shape):
    image = noise(shape)
    assert foreign("LoG", image, sigma=[3.0]) == {}
    with pytest.raises(
        ImageTooSmallForFilterError, match=r"LoG of 3 mm needs an image of at least 4 × 6 × 5"
    ) as raised:
        pyradiomics.log(image, sigma_mm=3.0, spacing_mm=SPACING_MM, box=whole(image))
    assert raised.value.shape == shape


def test_a_blank_image_cannot_be_scaled():
    image = np.zeros((3, 3, 3))
    with pytest.raises(BlankImageError, match="square: every voxel of the image is zero"):
        pyradiomics.square(image, box=whole(image))
