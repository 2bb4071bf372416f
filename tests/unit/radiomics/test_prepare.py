"""The working grid by hand, by SimpleITK, by pyradiomics; a box has the values of the whole image."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import assume, given, strategies as st
from radiomics.imageoperations import resampleImage
from scipy import ndimage

from radiogenomics.boxes import bounding_box
from radiogenomics.config.extraction import Normalise, RadiomicsSettings
from radiogenomics.radiomics.boxes import between, grown
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.interpolation import centred, sample
from radiogenomics.radiomics.prepare import prepare, resegmented, scaled, spacing_of

METHODS = ("nearest", "linear", "cubic")
ITK = {"nearest": sitk.sitkNearestNeighbor, "linear": sitk.sitkLinear, "cubic": sitk.sitkBSpline}
NONE = (0, 0, 0)


def settings_of(**options):
    return RadiomicsSettings.model_validate({"bin_width": 25, "min_voxels": 1, **options})


def image_of(array, spacing_mm=(1.0, 1.0, 1.0)):
    matrix = np.diag([*spacing_mm[::-1], 1.0])
    matrix[:3, 3] = 10, -20, 30
    return Image(array, tuple(spacing_mm), matrix)


def prepared(image, region, settings, reach=NONE):
    return prepare(image, region, settings, reach)


def corner(box):
    return [part.start for part in box]


def along_x(values):
    """A line of voxels along x, as an array of one row."""
    return np.array(values, np.float64)[None, None]


# Places of the new voxels in voxels of the old ones, by hand: as many as cover the old ones, with the same middle.
GRIDS = [
    (4, 2.0, 1.0, [-0.25, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25]),
    (4, 1.0, 2.0, [0.5, 2.5]),
    (5, 1.0, 2.0, [0.0, 2.0, 4.0]),
    (3, 2.0, 5.0, [-0.25, 2.25]),
    (2, 1.0, 7.0, [0.5]),
    (3, 1.5, 1.5, [0.0, 1.0, 2.0]),
    (3, 1.5, 0.0, [0.0, 1.0, 2.0]),
]


@pytest.mark.parametrize(("size", "old_mm", "new_mm", "places"), GRIDS)
def test_the_new_grid_has_the_middle_of_the_old_one(size, old_mm, new_mm, places):
    axis = centred(size, old_mm, new_mm)
    np.testing.assert_allclose(axis.positions(0, axis.count), places, atol=1e-12)


@pytest.mark.parametrize(
    ("size", "old_mm", "new_mm", "count"), [(10, 0.3, 0.1, 30), (10, 0.7, 0.1, 70), (3, 0.1, 0.3, 1)]
)
def test_a_rounding_adds_no_voxel(size, old_mm, new_mm, count):
    assert centred(size, old_mm, new_mm).count == count


@pytest.mark.parametrize(
    ("voxels", "old_mm", "new_mm", "inside"),
    [
        # Weights of the region are 0, 1/4, 3/4, 1, 1, 3/4, 1/4 and 0.
        ([0, 1, 1, 0], 2.0, 1.0, [0, 0, 1, 1, 1, 1, 0, 0]),
        # Just one half counts.
        ([0, 1, 0, 0], 1.0, 2.0, [1, 0]),
        ([0, 1, 1, 0], 1.0, 2.0, [1, 1]),
        # At the border the region goes on.
        ([1, 0, 0, 1], 2.0, 1.0, [1, 1, 0, 0, 0, 0, 1, 1]),
    ],
)
def test_a_voxel_counts_from_half_a_region(voxels, old_mm, new_mm, inside):
    region = along_x(voxels) > 0
    image = image_of(region.astype(np.float64), (1.0, 1.0, old_mm))
    settings = settings_of(resampled_spacing_mm=(new_mm, 0, 0), interpolation="linear")
    ready = prepared(image, region, settings, None)
    assert ready.mask.ravel().astype(int).tolist() == inside
    assert ready.spacing_mm == (1.0, 1.0, new_mm)


def test_linear_interpolation_by_hand_and_rounding():
    image = image_of(along_x([10, 20, 40, 81]), (1.0, 1.0, 2.0))
    region = np.ones(image.array.shape, bool)
    settings = settings_of(resampled_spacing_mm=(1, 0, 0), interpolation="linear")
    by_hand = [10, 12.5, 17.5, 25, 35, 50.25, 70.75, 81]
    np.testing.assert_allclose(prepared(image, region, settings).image.ravel(), by_hand)
    rounded = prepared(image, region, settings.model_copy(update={"round_intensities": True})).image.ravel()
    assert rounded.tolist() == [10, 12, 18, 25, 35, 50, 71, 81]  # halves to the even number


@given(data=st.data(), method=st.sampled_from(METHODS))
def test_samples_are_those_of_scipy(data, method):
    shape = data.draw(st.tuples(*[st.integers(1, 9)] * 3))
    image = np.random.default_rng(0).normal(0, 100, shape)
    places = [np.array(data.draw(st.lists(st.floats(0, size - 1), min_size=1, max_size=4))) for size in shape]
    if method == "nearest":
        halves = any((abs(axis % 1 - 0.5) < 1e-9).any() for axis in places)
        if halves:
            return  # scipy rounds them otherwise
    order = {"nearest": 0, "linear": 1, "cubic": 3}[method]
    expected = ndimage.map_coordinates(image, np.meshgrid(*places, indexing="ij"), order=order, mode="mirror")
    np.testing.assert_allclose(sample(image, tuple(places), method), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_beyond_the_border_is_the_value_of_the_border(method):
    image = np.arange(24.0).reshape(2, 3, 4)
    inside = sample(image, (np.array([0.0]), np.array([2.0]), np.array([0.0, 3.0])), method)
    outside = sample(image, (np.array([-0.7]), np.array([2.4]), np.array([-9.0, 3.3])), method)
    np.testing.assert_allclose(outside, inside, atol=1e-12)


def test_boxes_and_margins_by_hand():
    region = np.zeros((9, 9, 9), bool)
    region[2:5, 3, 4:8] = region[2, 3:6, 4] = True
    box = bounding_box(region)
    assert box == between((2, 3, 4), (4, 5, 7))
    assert region[box].shape == (3, 3, 4)
    assert grown(box, (1, 0, 2), region.shape) == between((1, 3, 2), (5, 5, 8))
    assert grown(box, (3, 3, 3), region.shape) == between((0, 0, 1), (7, 8, 8))
    assert grown(box, None, region.shape) == between((0, 0, 0), (8, 8, 8))
    # A periodic margin that leaves the image along z and x takes the whole axis; along y it does not leave it.
    assert grown(box, (3, 3, 2), region.shape, periodic=True) == between((0, 0, 0), (8, 8, 8))
    assert grown(box, (2, 3, 1), region.shape, periodic=True) == between((0, 0, 3), (6, 8, 8))


@given(shape=st.tuples(*[st.integers(1, 8)] * 3), seed=st.integers(0, 1000), share=st.floats(0.001, 0.5))
def test_a_bounding_box_is_that_of_scipy(shape, seed, share):
    region = np.random.default_rng(seed).random(shape) < share
    assume(region.any())
    assert [bounding_box(region)] == ndimage.find_objects(region.astype(np.int8))


@pytest.mark.parametrize("dtype", ["i2", "f4", "f8"])
@pytest.mark.parametrize("clip_sd", [None, 1.0, 2.5])
def test_normalised_intensities_are_those_of_simpleitk(dtype, clip_sd):
    array = np.random.default_rng(1).normal(1000, 300, (7, 8, 9)).astype(dtype)
    expected = sitk.GetArrayFromImage(sitk.Normalize(sitk.GetImageFromArray(array.astype("f8"))))
    if clip_sd:
        expected = expected.clip(-clip_sd, clip_sd)
    box = between((1, 2, 3), (5, 5, 8))
    found = scaled(image_of(array), box, Normalise(sd=50, clip_sd=clip_sd))
    np.testing.assert_allclose(found, 50 * expected[box], rtol=1e-5 if dtype == "f4" else 1e-10, atol=1e-3)
    assert scaled(image_of(array), box, None).dtype == np.dtype(dtype)


def test_a_constant_image_is_normalised_to_zero():
    found = scaled(image_of(np.full((3, 3, 3), 7, "i2")), between((0, 0, 0), (1, 1, 1)), Normalise())
    assert not found.any()


@st.composite
def cases(draw):
    """An image larger than the reach of a spline along one axis, with a region somewhere, and a new spacing."""
    short = st.sampled_from([1, *range(3, 13)])  # pyradiomics' cubic values are random where an axis has two voxels
    shape = draw(st.permutations([70, draw(short), draw(short)]))
    low = [draw(st.integers(0, size - 1)) for size in shape]
    high = [draw(st.integers(start, min(size - 1, start + 6))) for start, size in zip(low, shape, strict=True)]
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    region = np.zeros(shape, bool)
    region[between(tuple(low), tuple(high))] = True
    # Odd numbers: no new voxel lies just between two old ones.
    spacing_mm = [draw(st.integers(500, 4000)) / 1000 + 1e-4 / 3 for _ in shape]
    new_mm = [draw(st.one_of(st.just(0), st.integers(700, 5000).map(lambda um: um / 1000 + 1e-4 / 7))) for _ in shape]
    array = random.normal(0, 100, shape)
    return image_of(array, spacing_mm), region, new_mm


# A margin of at least one voxel, as local intensities have: without it nothing is left of a region that falls through.
@given(case=cases(), method=st.sampled_from(METHODS), margin=st.integers(1, 3), clip=st.booleans())
def test_a_box_has_the_values_of_the_whole_image(case, method, margin, clip):
    image, region, new_mm = case
    normalise = Normalise(clip_sd=1.5) if clip else None
    settings = settings_of(resampled_spacing_mm=new_mm, interpolation=method, normalise=normalise)
    whole = prepared(image, region, settings, None)
    part = prepared(image, region, settings, (margin,) * 3)
    assert part.mask.sum() == whole.mask.sum()
    if not part.mask.any():
        return
    inner, outer = bounding_box(part.mask), bounding_box(whole.mask)
    start = [far - near for far, near in zip(corner(outer), corner(inner), strict=True)]
    place = tuple(slice(low, low + size) for low, size in zip(start, part.mask.shape, strict=True))
    assert np.array_equal(part.mask, whole.mask[place])
    np.testing.assert_allclose(part.image, whole.image[place], rtol=0, atol=1e-9)
    assert whole.mask.shape == tuple(
        centred(size, old, new).count
        for size, old, new in zip(image.array.shape, image.spacing_mm, spacing_of(image, settings), strict=True)
    )


@given(case=cases(), method=st.sampled_from(METHODS), pad=st.integers(0, 3), dtype=st.sampled_from(["i2", "f4", "f8"]))
def test_the_grid_of_pyradiomics_is_that_of_its_resampling(case, method, pad, dtype):
    image, region, new_mm = case
    image = replace(image, array=image.array.astype(dtype))
    settings = settings_of(definition="pyradiomics", resampled_spacing_mm=new_mm, interpolation=method)
    found = prepared(image, region, settings, (pad,) * 3)
    theirs = resampleImage(
        image.to_itk(),
        replace(image, array=region.astype(np.uint8)).to_itk(),
        resampledPixelSpacing=new_mm,
        interpolator=ITK[method],
        padDistance=pad,
        label=1,
    )
    expected, inside = (sitk.GetArrayFromImage(each) for each in theirs)
    np.testing.assert_allclose(found.spacing_mm, theirs[0].GetSpacing()[::-1])
    assert np.array_equal(found.mask, inside == 1)
    assert found.image.dtype == np.dtype(dtype)
    # ITK cuts decimals off, so that a whole number may come out one lower by a rounding.
    tolerance = {"i2": 1, "f4": 1e-3, "f8": 1e-8}[dtype]
    np.testing.assert_allclose(found.image.astype(float), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_cubic_spline_through_two_voxels_is_that_of_scipy(axis):
    # ITK alone gives other numbers each time: it reads memory beyond the second voxel.
    shape, new_mm = [5, 6, 7], [0.0, 0.0, 0.0]
    shape[axis], new_mm[2 - axis] = 2, 0.4
    image = image_of(np.random.default_rng(2).normal(0, 100, shape))
    settings = settings_of(definition="pyradiomics", resampled_spacing_mm=new_mm, interpolation="cubic")
    region = np.ones(shape, bool)
    places = [np.arange(size, dtype=float) for size in shape]
    places[axis] = np.array([-0.3, 0.1, 0.5, 0.9, 1.3])
    grid = np.meshgrid(*places, indexing="ij")
    expected = ndimage.map_coordinates(image.array, grid, order=3, mode="mirror")
    np.testing.assert_allclose(prepared(image, region, settings).image, expected, atol=1e-9)


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_without_resampling_the_image_is_as_in_the_file(definition):
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
    region = array % 7 == 0
    found = prepared(image_of(array), region, settings_of(definition=definition))
    box = bounding_box(region)
    assert np.array_equal(found.image, array[box])
    assert np.array_equal(found.mask, region[box])
    assert found.image.dtype == (np.float64 if definition == "ibsi" else np.int16)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({}, [0, 1, 2, 3, 4, 100]),
        ({"resegment_range": (1, 4)}, [1, 2, 3, 4]),  # both ends count
        ({"resegment_range": (None, 3)}, [0, 1, 2, 3]),
        ({"resegment_range": (3, None)}, [3, 4, 100]),
        ({"resegment_range": (200, 300)}, []),
        ({"resegment_sd": 2}, [0, 1, 2, 3, 4]),  # 100 lies 2.23 standard deviations above the mean
        ({"resegment_sd": 2.3}, [0, 1, 2, 3, 4, 100]),
        # First the range, then the deviations of what is left: 0 to 4 have a standard deviation of 1.41.
        ({"resegment_range": (None, 50), "resegment_sd": 1}, [1, 2, 3]),
        ({"resegment_range": (200, 300), "resegment_sd": 1}, []),
    ],
)
def test_resegmentation_by_hand(options, kept):
    values = along_x([0, 1, 2, 3, 4, 100, 2])
    mask = along_x([1, 1, 1, 1, 1, 1, 0]) > 0
    before = mask.copy()
    found = resegmented(values, mask, settings_of(**options))
    assert values[found].tolist() == kept
    assert np.array_equal(mask, before)


def test_the_new_spacing_keeps_an_axis_of_zero():
    image = image_of(np.zeros((2, 2, 2)), (3.0, 0.9, 0.8))
    assert spacing_of(image, settings_of(resampled_spacing_mm=(1, 2, 0))) == (3.0, 2.0, 1.0)
    assert spacing_of(image, settings_of()) == (3.0, 0.9, 0.8)
