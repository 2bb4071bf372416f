"""Perturbation: what is asked for happens, to image and region alike, and nothing else."""

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings, strategies as st
from scipy import ndimage

from radiogenomics.imaging.perturb import (
    Perturbation,
    PerturbationError,
    combinations,
    estimate_noise,
    grow,
    perturb,
    randomise_contour,
)
from tests.unit.imaging.shapes import dice
from tests.unit.imaging.synthetic import grid, oblique

SPACINGS = [(1.0, 1.0, 1.0), (2.5, 0.8, 0.7)]
EVERYTHING = Perturbation(6.0, (0.25, 0.5, 0.75), noise=True, growth=0.1, contour=True)


def ellipsoid(spacing_mm, radii_mm=(12, 10, 7), room_mm=8.0, sd=0.0):
    """Grid, noisy image of a bright smooth ellipsoid on a dark ground, and its mask."""
    shape = tuple(int(2 * (radius + room_mm) / step) for radius, step in zip(radii_mm, spacing_mm, strict=True))
    place = grid(shape, spacing_mm, direction=oblique())
    index = np.moveaxis(np.indices(shape), 0, -1) - (np.array(shape) - 1) / 2 + (0.12, -0.23, 0.31)
    radius = np.linalg.norm(index * spacing_mm / np.array(radii_mm), axis=-1)
    values = 100 / (1 + np.exp(12 * (radius - 1)))
    return place, values + np.random.default_rng(5).normal(0, sd, shape), radius < 1


def centroid_mm(mask, place):
    return place.to_lps(np.argwhere(mask).mean(axis=0))


def on_the_whole(region, place, whole):
    """A cut mask on the grid that it was cut from."""
    start = np.rint(whole.to_index(place.origin_mm)).astype(int)
    assert whole.to_lps(start) == pytest.approx(place.origin_mm)
    full = np.zeros(whole.shape, dtype=bool)
    full[tuple(slice(low, low + length) for low, length in zip(start, region.shape, strict=True))] = region
    return full


@pytest.mark.parametrize("degrees", [0.0, 360.0, -720.0])
def test_whole_turns_change_nothing(degrees):
    place, values, mask = ellipsoid((2.5, 0.8, 0.7), sd=5)
    image, region, cut = perturb(values, mask, place, Perturbation(degrees), 1, margin_mm=3)
    assert np.array_equal(on_the_whole(region, cut, place), mask)
    assert image[region].tolist() == values[mask].astype(np.float32).tolist()


def test_quarter_turns_of_square_voxels_permute_them():
    place = grid((3, 9, 9), (3.0, 1.0, 1.0))
    values = np.random.default_rng(0).normal(size=place.shape)
    mask = np.zeros(place.shape, dtype=bool)
    mask[1, 4, 2:7] = mask[1, 3:6, 4] = True
    image, region, _ = perturb(values, mask, place, Perturbation(90.0), 1, margin_mm=50)
    # The row axis turns to the column axis: row index 6 of the old is column index 6 of the new.
    assert np.array_equal(region, np.rot90(mask, axes=(1, 2)))
    assert image == pytest.approx(np.rot90(values, axes=(1, 2)), abs=1e-5)


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=["isotropic", "anisotropic"])
@pytest.mark.parametrize("degrees", [-13.0, 5.0, 45.0, 170.0])
def test_rotation_keeps_volume_centroid_and_content(spacing_mm, degrees):
    place, values, mask = ellipsoid(spacing_mm)
    image, region, cut = perturb(values, mask, place, Perturbation(degrees), 1)
    assert region.sum() == pytest.approx(mask.sum(), rel=0.01)
    assert np.linalg.norm(centroid_mm(region, cut) - centroid_mm(mask, place)) < 0.1
    assert image[region].mean() == pytest.approx(values[mask].mean(), rel=0.01)


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=["isotropic", "anisotropic"])
def test_rotation_turns_by_its_angle_in_millimetres(spacing_mm):
    place, values, mask = ellipsoid(spacing_mm)
    _, region, _ = perturb(values, mask, place, Perturbation(30.0), 1)

    def long_axis_degrees(inside):
        """Angle of the long axis of the middle slice from the row axis, rising index of columns."""
        points = np.argwhere(inside[inside.shape[0] // 2]) * np.array(spacing_mm[1:])
        axis = np.linalg.eigh(np.cov(points.T))[1][:, -1]
        return np.degrees(np.arctan2(axis[1], axis[0])) % 180

    turned = (long_axis_degrees(region) - long_axis_degrees(mask)) % 180
    assert turned == pytest.approx(30, abs=2)


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=["isotropic", "anisotropic"])
@pytest.mark.parametrize("shift", [(0.5, 0, 0), (0, 0.5, 0), (0.5, 0.5, 0.5), (0, -1.5, 0.5), (1, -1, 2)])
def test_shift_by_halves_moves_the_centroid_and_keeps_the_volume(spacing_mm, shift):
    place, values, mask = ellipsoid(spacing_mm)
    _, region, cut = perturb(values, mask, place, Perturbation(translation_voxels=shift), 1)
    assert region.sum() == pytest.approx(mask.sum(), rel=0.005)
    expected_mm = place.to_lps(shift) - np.array(place.origin_mm)
    assert centroid_mm(region, cut) - centroid_mm(mask, place) == pytest.approx(expected_mm, abs=0.12)


@given(st.floats(-180, 180), st.tuples(*[st.floats(-0.75, 0.75)] * 3), st.integers(0, 2**63))
@settings(max_examples=20, deadline=None)
def test_image_and_region_stay_together(degrees, shift, seed):
    place, values, mask = ellipsoid((2.0, 0.9, 0.7))
    image, region, _ = perturb(values, mask, place, Perturbation(degrees, shift), seed)
    assert region.sum() == pytest.approx(mask.sum(), rel=0.03)
    assert image[region].mean() == pytest.approx(values[mask].mean(), rel=0.03)
    assert dice(region, image > 50) > 0.93


@pytest.mark.parametrize("margin_mm", [0.0, 3.0])
@pytest.mark.parametrize("change", [Perturbation(12.0, (0.3, 0.5, 0.2)), Perturbation(growth=0.4)])
def test_a_cut_gives_what_the_whole_volume_gives(change, margin_mm):
    place, values, mask = ellipsoid((2.5, 0.8, 0.7), room_mm=30, sd=10)
    whole, inside, full = perturb(values, mask, place, change, 1, margin_mm=1000)
    image, region, cut = perturb(values, mask, place, change, 1, margin_mm=margin_mm)
    assert full == place
    assert image.size < whole.size / 5
    assert np.array_equal(on_the_whole(region, cut, place), inside)
    box = on_the_whole(np.ones_like(region), cut, place)
    assert np.abs(whole[box] - image.ravel()).max() < 1e-6 * np.ptp(values)


@pytest.mark.parametrize("sd", [2.0, 10.0, 40.0])
@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=["isotropic", "anisotropic"])
def test_noise_on_a_smooth_structure_is_recovered(spacing_mm, sd):
    _, values, _ = ellipsoid(spacing_mm, sd=sd)
    assert estimate_noise(values) == pytest.approx(sd, rel=0.03)


def test_noise_is_added_at_its_own_level():
    place, values, mask = ellipsoid((2.5, 0.8, 0.7), sd=10)
    image, region, cut = perturb(values, mask, place, Perturbation(noise=True), 3, margin_mm=1000)
    added = image - values
    assert (np.array_equal(region, mask), cut) == (True, place)
    assert added.std() == pytest.approx(10, rel=0.06)
    assert abs(added.mean()) < 0.2
    flat, _, _ = perturb(np.full(place.shape, 7, np.int16), mask, place, Perturbation(noise=True), 3)
    assert set(flat.ravel().tolist()) == {7.0}


@given(st.floats(-0.95, 1.0), st.tuples(*[st.floats(0.5, 4)] * 3))
@settings(max_examples=30, deadline=None)
def test_growth_reaches_the_nearest_volume_by_distance(growth, spacing_mm):
    mask = ellipsoid((2.0, 1.0, 0.8), room_mm=12)[2]
    grown = grow(mask, spacing_mm, growth)
    assert grown.sum() == max(1, round(mask.sum() * (1 + growth)))
    inner, outer = (grown, mask) if growth < 0 else (mask, grown)
    assert not (inner & ~outer).any()
    side = ~mask if growth > 0 else mask
    distance = ndimage.distance_transform_edt(side, sampling=spacing_mm)
    changed = grown ^ mask
    if changed.any() and (side & ~changed).any():
        assert distance[changed].max() <= distance[side & ~changed].min() + 1e-6
    if growth > 0:
        assert ndimage.label(grown)[1] == ndimage.label(mask)[1]


@pytest.mark.parametrize("growth", [0.1, -0.1])
def test_growth_keeps_the_centroid(growth):
    place, values, mask = ellipsoid((2.5, 0.8, 0.7))
    _, region, cut = perturb(values, mask, place, Perturbation(growth=growth), 1)
    assert np.linalg.norm(centroid_mm(region, cut) - centroid_mm(mask, place)) < 0.05


def test_growth_looks_as_far_as_it_must():
    mask = np.zeros((31, 31, 31), dtype=bool)
    mask[15, 15, 15] = True
    grown = grow(mask, (1.0, 1.0, 1.0), 2108)
    distance = np.linalg.norm(np.argwhere(grown) - 15, axis=1)
    assert (len(distance), distance.max()) == (2109, 8.0)  # lattice points of a ball of radius 8


def test_growth_ends_where_the_image_does():
    mask = np.zeros((1, 6, 5), dtype=bool)
    mask[0, 0, :2] = True
    assert grow(mask, (5.0, 1.0, 1.0), 100).all()
    assert grow(mask, (5.0, 1.0, 1.0), 1.0)[0, :2, :3].sum() == 4
    assert grow(mask, (5.0, 1.0, 1.0), -0.9).sum() == 1


def test_a_region_without_a_surface_is_refused():
    with pytest.raises(PerturbationError, match="fills the image"):
        grow(np.ones((2, 3, 4), dtype=bool), (1.0, 1.0, 1.0), 0.1)


@pytest.mark.parametrize("shift", [(0.0, 0.5, 0.5), (0.0, 50.0, 0.0)], ids=["between voxels", "out of the volume"])
def test_a_lost_region_is_refused(shift):
    mask = np.zeros(grid().shape, dtype=bool)
    mask[5, 8, 8] = True
    with pytest.raises(PerturbationError, match="is lost") as error:
        perturb(mask * 1.0, mask, grid(), Perturbation(translation_voxels=shift), 0)
    assert error.value.voxels == 1


def test_an_empty_region_is_refused():
    with pytest.raises(PerturbationError, match="is empty"):
        perturb(np.zeros(grid().shape), np.zeros(grid().shape, dtype=bool), grid(), Perturbation(), 0)


@pytest.mark.parametrize("change", [{"growth": -1.0}, {"growth": np.nan}, {"rotation_degrees": np.inf}])
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValueError, match="not a perturbation"):
        Perturbation(**change)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (3.0, 0.8, 0.8)], ids=["isotropic", "anisotropic"])
def test_contours_are_redrawn_near_the_old_ones(spacing_mm):
    _, values, mask = ellipsoid(spacing_mm, radii_mm=(22, 18, 20), sd=8)
    drawn = [randomise_contour(values, mask, spacing_mm, np.random.default_rng(seed)) for seed in range(4)]
    assert all(0.8 < dice(region, mask) < 1 for region in drawn)
    assert all(ndimage.label(region, np.ones((3, 3, 3)))[1] == 1 for region in drawn)
    assert len({region.tobytes() for region in drawn}) == 4
    assert np.mean([region.sum() for region in drawn]) == pytest.approx(mask.sum(), rel=0.15)


@pytest.mark.parametrize("shape", [(1, 12, 9), (2, 3, 2), (1, 1, 1), (40, 3, 3)])
def test_contours_of_images_smaller_than_a_supervoxel(shape):
    values = np.random.default_rng(0).normal(size=shape)
    mask = np.zeros(shape, dtype=bool)
    mask[0, 0, 0] = True
    assert randomise_contour(values, mask, (1.0, 1.0, 1.0), np.random.default_rng(0)).any()


def test_each_part_of_a_region_is_redrawn():
    values = np.random.default_rng(0).normal(size=(20, 60, 60))
    mask = np.zeros(values.shape, dtype=bool)
    mask[2:18, 5:25, 5:25] = mask[2:18, 35:55, 35:55] = True
    region = randomise_contour(values, mask, (1.0, 1.0, 1.0), np.random.default_rng(0))
    assert ndimage.label(region, np.ones((3, 3, 3)))[1] == 2


def test_same_seed_same_bytes_on_any_number_of_threads():
    place, values, mask = ellipsoid((2.5, 0.8, 0.7), radii_mm=(22, 18, 20), sd=8)
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    results = []
    try:
        for threads in (1, 2):
            sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
            image, region, cut = perturb(values, mask, place, EVERYTHING, 11)
            results.append((image.tobytes(), region.tobytes(), cut))
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)
    assert results[0] == results[1]
    image, region, _ = perturb(values, mask, place, EVERYTHING, 12)
    assert image.tobytes() != results[0][0]
    assert region.tobytes() != results[0][1]


def test_arguments_are_left_as_they_were():
    place, values, mask = ellipsoid((2.5, 0.8, 0.7), sd=8)
    copies = values.copy(), mask.copy()
    image, region, _ = perturb(values, mask, place, Perturbation(), 1)
    image[:], region[:] = 0, False
    assert np.array_equal(values, copies[0])
    assert np.array_equal(mask, copies[1])


def test_combinations_are_the_cross_product_with_a_seed_each():
    listed = combinations(
        "scan1",
        rotations_degrees=(-6, 6),
        translations_voxels=((0, 0, 0), (0, 0.5, 0.5)),
        growths=(-0.1, 0, 0.1),
        noise=True,
        repetitions=2,
    )
    assert len(listed) == len({seed for _, seed in listed}) == 24
    assert listed[:2] == [(Perturbation(-6, (0, 0, 0), noise=True, growth=-0.1), seed) for _, seed in listed[:2]]
    assert listed == combinations(
        "scan1",
        rotations_degrees=(-6, 6),
        translations_voxels=((0, 0, 0), (0, 0.5, 0.5)),
        growths=(-0.1, 0, 0.1),
        noise=True,
        repetitions=2,
    )
    assert combinations("scan2")[0][1] != combinations("scan1")[0][1]
    assert combinations("scan1") == [(Perturbation(), 1096814771377513203)]
