"""Arbitrary MR intensities: the bias field, and scaling by the foreground or to a standard scale."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

from radiogenomics.imaging.intensity import (
    LANDMARK_PERCENTILES,
    StandardScale,
    correct_bias,
    fit_scale,
    foreground,
    landmarks,
    percentile,
    zscore,
)
from radiogenomics.imaging.quantity_errors import (
    EqualLandmarksError,
    FlatImageError,
    NoSignalError,
    NotFiniteImageError,
    StandardScaleError,
)
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
    for function in (zscore, percentile, lambda image: scale.apply(image, landmarks(image)) / 100):
        assert np.allclose(function(other), function(values), atol=2e-2 / min(1, gain))
        assert np.abs(function(other) - function(values)).mean() < 2e-3 / min(1, gain)


def test_landmarks_are_percentiles_of_the_foreground():
    values, _ = head()
    assert LANDMARK_PERCENTILES == (1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99)
    assert np.array_equal(
        landmarks(values), np.percentile(values[foreground(values)].astype(float), LANDMARK_PERCENTILES)
    )


rows = st.lists(
    st.lists(st.floats(0.5, 100), min_size=11, max_size=11).map(lambda steps: np.cumsum(steps) - 300),
    min_size=1,
    max_size=6,
)


@given(rows, st.randoms(use_true_random=False))
def test_scale_is_the_mean_of_mapped_landmarks_in_any_order(images, random):
    found = np.array(images)
    scale = fit_scale(found)
    mapped = np.array([np.interp(row, [row[0], row[-1]], [0, 100]) for row in found])
    assert np.allclose(scale.landmarks, mapped.mean(axis=0), atol=1e-9)
    assert (scale.landmarks[0], scale.landmarks[-1], scale.images) == (0, 100, len(found))
    random.shuffle(images)
    assert fit_scale(np.array(images)) == scale


@given(rows)
def test_landmarks_of_an_image_fall_on_those_of_the_scale(images):
    found = np.array(images)
    scale = fit_scale(found)
    for row in found:
        assert np.array_equal(scale.apply(row, row), np.array(scale.landmarks, dtype=np.float32))


@given(rows, st.integers(0, 2**32 - 1))
def test_mapping_equals_numpy_interp_and_goes_on_beyond_the_ends(images, seed):
    found = np.array(images)
    scale, own = fit_scale(found), found[0]
    points = np.random.default_rng(seed).uniform(own[0] - 100, own[-1] + 100, (2, 5, 7))
    target = np.array(scale.landmarks)
    ends = [target[0] - 1000 * (target[1] - target[0]), target[-1] + 1000 * (target[-1] - target[-2])]
    far = [own[0] - 1000 * (own[1] - own[0]), own[-1] + 1000 * (own[-1] - own[-2])]
    expected = np.interp(points, [far[0], *own, far[1]], [ends[0], *target, ends[1]])
    mapped = scale.apply(points, own)
    assert (mapped.dtype, mapped.shape) == (np.float32, points.shape)
    assert np.allclose(mapped, expected, rtol=1e-5, atol=1e-3)


def test_standard_scale_brings_scanners_together():
    images = [
        gain * head(seed)[0].astype(float) ** power for seed, gain, power in ((1, 1, 1), (2, 7, 0.8), (3, 0.3, 1.2))
    ]
    own = [landmarks(image) for image in images]
    scale = fit_scale(np.array(own))
    medians = [np.median(scale.apply(image, row)[foreground(image)]) for image, row in zip(images, own, strict=True)]
    assert np.ptp(medians) < 1e-3


def test_scale_as_plain_data():
    scale = fit_scale(np.array([landmarks(head(seed)[0]) for seed in (1, 2, 3)]))
    assert StandardScale.from_record(json.loads(json.dumps(scale.record()))) == scale


@pytest.mark.parametrize(
    "change",
    [
        {"landmarks": None},
        {"landmarks": ["a"]},
        {"landmarks": [0, 50, 50, 100]},
        {"landmarks": [0, float("nan")]},
        {"landmarks": [0, 100]},
        {"percentiles": [1], "landmarks": [1]},
        {"percentiles": [99, 1], "landmarks": [0, 100]},
        {"images": "some"},
    ],
)
def test_records_of_no_scale(change):
    record = fit_scale(np.arange(11.0)[None] ** 2).record()
    with pytest.raises(StandardScaleError) as caught:
        StandardScale.from_record(record | change)
    assert caught.value.reason == "standard_scale"
    with pytest.raises(StandardScaleError):
        StandardScale.from_record({key: value for key, value in record.items() if key not in change})


def test_landmarks_that_do_not_rise():
    """Of an image with few grey levels: two deciles are one value."""
    found = np.array([np.arange(11.0), np.arange(11.0)])
    found[1, 4] = found[1, 3]
    with pytest.raises(EqualLandmarksError, match="image 2: landmarks 4 and 5") as caught:
        fit_scale(found)
    assert (caught.value.image, caught.value.landmark) == (1, 3)
    scale = fit_scale(found[:1])
    with pytest.raises(EqualLandmarksError, match="landmarks 4 and 5"):
        scale.apply(np.zeros((2, 2, 2)), found[1])
    found[1, 4] = np.nan
    with pytest.raises(EqualLandmarksError):
        fit_scale(found)


@pytest.mark.parametrize("shape", [(0, 11), (2, 10), (11,)])
def test_landmarks_of_another_shape(shape):
    with pytest.raises(StandardScaleError, match="expected"):
        fit_scale(np.zeros(shape))


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


def test_bias_correction_restores_threads_after_an_error():
    values, _ = head()
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    with pytest.raises(RuntimeError):
        correct_bias(values[:1], grid((1, *SHAPE[1:])))  # ITK's own: one slice is no volume
    assert sitk.ProcessObject.GetGlobalDefaultNumberOfThreads() == before


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
