"""Arbitrary MR intensities: the bias field, and scaling by the foreground or to a standard scale."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings, strategies as st

from radiogenomics.imaging import intensity
from radiogenomics.imaging.intensity import correct_bias, foreground, percentile, zscore
from radiogenomics.imaging.quantity_errors import FlatImageError, NoSignalError, NotFiniteImageError, ThinImageError
from radiogenomics.imaging.standard_scale import fit_scale, landmarks, standardise
from tests.unit.imaging.synthetic import grid

SHAPE = (24, 48, 56)


def axes(shape=SHAPE):
    """Coordinates from -1 to 1 along each axis."""
    return np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")


def head(seed=1, contrast=1.6, noise=4.0):
    """Noisy air around an ellipsoid of 100 with a brighter core; values, and where there is ellipsoid but no core."""
    z, y, x = axes()
    inside, core = z**2 + y**2 + x**2 < 0.75, (z - 0.1) ** 2 + y**2 + (x + 0.1) ** 2 < 0.15
    clean = np.where(core, 100 * contrast, np.where(inside, 100.0, 2.0))
    values = np.abs(clean + np.random.default_rng(seed).normal(0, noise, SHAPE))
    return values.astype(np.float32), inside & ~core


def smooth_field():
    """A field that varies by a factor of about 4 across the image."""
    z, y, x = axes()
    return np.exp(0.6 * x + 0.3 * y * z - 0.3 * z**2 + 0.2 * y)


def variation(values, where):
    return values[where].std() / values[where].mean()


def place(spacing_mm=(3.0, 2.0, 2.0)):
    return grid(SHAPE, spacing_mm=spacing_mm)


def otsu(values):
    """The same definition, threshold by threshold."""
    edges = np.linspace(values.min(), values.max(), 257)
    bins = np.clip(np.digitize(values, edges) - 1, 0, 255).ravel()
    between = []
    for split in range(1, 256):
        low, high = bins[bins < split], bins[bins >= split]
        between.append(low.size * high.size * (low.mean() - high.mean()) ** 2 if low.size and high.size else 0)
    return edges[1 + np.argmax(between)]


def test_foreground_is_the_tissue():
    values, _ = head()
    z, y, x = axes()
    assert np.array_equal(foreground(values), z**2 + y**2 + x**2 < 0.75)


def test_foreground_equals_another_formulation():
    values = np.random.default_rng(3).gamma(2, 100, (6, 20, 20)).astype(np.float32)
    assert np.array_equal(foreground(values), values > otsu(values))
    itk = sitk.GetArrayFromImage(sitk.OtsuThreshold(sitk.GetImageFromArray(values), 0, 1, 256)) == 1
    assert (itk != foreground(values)).mean() < 0.01


@given(st.lists(st.integers(-500, 500), min_size=8, max_size=8))
def test_foreground_is_never_empty_nor_everything(numbers):
    values = np.array(numbers, dtype=np.int16).reshape(2, 2, 2)
    if np.ptp(values) == 0:
        with pytest.raises(FlatImageError):
            foreground(values)
    else:
        assert 0 < foreground(values).sum() < values.size
        assert values[foreground(values)].min() > values[~foreground(values)].max()


@pytest.mark.parametrize("function", [foreground, zscore, percentile, landmarks])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_flat_images(function, dtype):
    with pytest.raises(FlatImageError, match="24 voxels") as caught:
        function(np.full((2, 3, 4), 7, dtype=dtype))
    assert caught.value.reason == "flat_image"
    assert caught.value.hint


@pytest.mark.parametrize("function", [zscore, percentile, landmarks])
def test_flat_foreground(function):
    values = np.zeros((2, 3, 4), dtype=np.float32)
    values[1] = 100.1
    with pytest.raises(FlatImageError, match="12 voxels"):
        function(values)


@pytest.mark.parametrize("function", [foreground, zscore, percentile, landmarks])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers(function, bad):
    values, _ = head()
    values[3, 4, 5] = bad
    with pytest.raises(NotFiniteImageError, match="1 voxel"):
        function(values)


def test_zscore_and_percentile_of_the_foreground():
    values, _ = head()
    tissue = foreground(values)
    scaled = zscore(values)
    assert scaled.dtype == np.float32
    assert scaled[tissue].mean(dtype=float) == pytest.approx(0, abs=1e-6)
    assert scaled[tissue].std(dtype=float) == pytest.approx(1, rel=1e-6)
    share = percentile(values)
    assert share.dtype == np.float32
    assert np.percentile(share[tissue], [1, 99]) == pytest.approx([0, 1], abs=1e-6)
    assert share.max() > 1  # not clipped
    assert share.min() < 0


positive = st.floats(0.05, 50)


@settings(deadline=None)
@given(gain=positive, offset=st.floats(-1000, 1000))
def test_scaling_is_affine_invariant(gain, offset):
    values, _ = head()
    other = (gain * values.astype(float) + offset).astype(np.float32)
    scale = fit_scale(np.array([landmarks(head(seed)[0]) for seed in (1, 2)]))
    for function in (zscore, percentile, lambda image: standardise(image, landmarks(image), scale) / 100):
        assert np.allclose(function(other), function(values), atol=2e-2 / min(1, gain))
        assert np.abs(function(other) - function(values)).mean() < 2e-3 / min(1, gain)


@pytest.mark.parametrize("spacing_mm", [(3.0, 2.0, 2.0), (5.0, 0.5, 0.5), (8.0, 8.0, 8.0)])
def test_bias_field_is_removed(spacing_mm):
    values, tissue = head()
    biased = (values * smooth_field()).astype(np.float32)
    corrected = correct_bias(biased, place(spacing_mm))
    assert corrected.dtype == np.float32
    assert variation(biased, tissue) > 0.2
    assert variation(corrected, tissue) < variation(biased, tissue) / 4


def test_image_without_a_bias_field_keeps_its_contrast():
    values, tissue = head()
    corrected = correct_bias(values, place())
    assert variation(corrected, tissue) < 1.2 * variation(values, tissue)
    core = foreground(values) & ~tissue
    assert corrected[core].mean() / corrected[tissue].mean() == pytest.approx(1.6, rel=0.03)


def test_bias_correction_does_not_depend_on_threads_and_restores_them():
    values, _ = head()
    biased = (values * smooth_field()).astype(np.float32)
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    try:
        found = []
        for threads in (1, 2, 2):
            sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
            found.append(correct_bias(biased, place()).tobytes())
            assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == threads
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    assert len(set(found)) == 1


def test_bias_correction_restores_threads_after_an_error(monkeypatch):
    values, _ = head()
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    monkeypatch.setattr(intensity, "_coarse", lambda image, mask: (image[:1], mask))  # ITK refuses unequal sizes
    with pytest.raises(RuntimeError):
        correct_bias(values, place())
    assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == before


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_single_plane_has_no_bias_field(axis):
    values = np.take(head()[0], [24 if axis else 12], axis=axis)
    with pytest.raises(ThinImageError, match="one along an axis") as caught:
        correct_bias(values, grid(values.shape))
    assert caught.value.shape == values.shape


@pytest.mark.parametrize("shape", [(2, 48, 56), (3, 5, 6)])
def test_bias_correction_of_small_images(shape):
    values = np.random.default_rng(5).uniform(50, 150, shape).astype(np.float32)
    values[0, 0] = 0
    corrected = correct_bias(values, grid(shape, spacing_mm=(1.0, 1.0, 1.0)))
    assert corrected.shape == shape
    assert np.isfinite(corrected).all()
    assert not corrected[values == 0].any()


def test_small_foreground_between_the_voxels_of_the_fit():
    values = np.zeros(SHAPE, dtype=np.float32)
    values[10:12, 20:22, 20:22] = np.arange(100, 108).reshape(2, 2, 2)
    assert np.isfinite(correct_bias(values, place((0.5, 0.5, 0.5)))).all()


def test_images_that_bias_correction_refuses():
    values, _ = head()
    with pytest.raises(NoSignalError) as caught:
        correct_bias(-1 - values, place())
    assert caught.value.reason == "no_signal"
    with pytest.raises(FlatImageError):
        correct_bias(np.ones(SHAPE, dtype=np.int16), place())
