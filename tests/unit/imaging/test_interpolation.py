"""Contours between slices: what is filled, what is left empty, and what a reader is told."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import ndimage

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging import segmentation_errors
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.segmentation import read_mask, read_regions
from radiogenomics.imaging.segmentation.interpolation import fill_between, signed_distance_mm
from tests.unit.imaging.synthetic import grid, write_rtstruct

SETTINGS = Imaging(policies={"off_plane_contour": "interpolate"})
TALL = grid((30, 16, 20))


def square(k, low=3, high=9, place=TALL):
    """Closed square between the pixel centres, at a position in slices."""
    ends = (low - 0.5, high + 0.5)
    return place.to_lps([(k, ends[a], ends[b]) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))])


def read(tmp_path, contours, settings=SETTINGS):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": contours})
    (region,) = read_regions(path, "GTV", TALL, References(), settings)
    return region


def slices(region):
    return np.flatnonzero(region.mask.any(axis=(1, 2))).tolist()


def test_contours_in_every_slice_are_filled_as_they_are(tmp_path):
    contours = [square(k, 3, 5 + k) for k in range(4, 9)]
    region = read(tmp_path, contours)
    assert np.array_equal(region.mask, read(tmp_path, contours, Imaging()).mask)
    assert region.notes == ()


@pytest.mark.parametrize("step", [2, 3, 2.5, 1.4])
def test_slices_between_equal_contours_hold_the_contour(tmp_path, step):
    """Also where contours are on no slice; nothing lies beyond the first and the last."""
    positions = 4.3 + step * np.arange(4)
    region = read(tmp_path, [square(k) for k in positions])
    expected = [k for k in range(30) if positions[0] <= k <= positions[-1]]
    assert slices(region) == expected
    assert (region.mask[expected] == region.mask[expected[0]]).all()
    assert region.mask.sum() == 49 * len(expected)
    assert region.notes == (f"{len(expected)} slice(s) between contours were interpolated",)


def test_contours_half_way_grow_linearly(tmp_path):
    region = read(tmp_path, [square(k, 6 - n, 9 + n) for n, k in enumerate(range(4, 16, 4))])
    sides = [int(np.sqrt(region.mask[k].sum())) for k in range(4, 13)]
    assert sides[::4] == [4, 6, 8]
    assert sides == sorted(sides)


def test_slice_takes_the_plane_within_the_tolerance(tmp_path):
    near, far = 0.09 / 2.5, 0.11 / 2.5
    contours = [square(4), square(6 + near, 3, 11), square(8)]
    region = read(tmp_path, contours)
    assert region.mask[6].sum() == 81
    assert region.notes == ("2 slice(s) between contours were interpolated",)
    contours[1] = square(6 + far, 3, 11)
    assert read(tmp_path, contours).notes == ("3 slice(s) between contours were interpolated",)


def test_contours_of_one_plane_are_filled_together(tmp_path):
    """Two islands, drawn with positions that differ by rounding, and a hole."""
    islands = [
        contour
        for k in (4.5, 6.5, 8.5)
        for contour in (square(k, 2, 8), square(k + 0.03, 4, 6), square(k - 0.03, 10, 12))
    ]
    region = read(tmp_path, islands)
    assert slices(region) == [5, 6, 7, 8]
    assert region.mask.sum() == 4 * (49 - 9 + 9)


def test_wide_gaps_separate_parts(tmp_path):
    region = read(tmp_path, [square(k) for k in (2, 4, 6, 14, 16, 18)])
    assert slices(region) == [*range(2, 7), *range(14, 19)]
    assert region.notes == (
        "4 slice(s) between contours were interpolated",
        "gaps between contours were left empty, wider than their usual distance: 20 mm",
    )


def test_slice_that_was_left_out_stays_empty(tmp_path):
    """Drawn on every slice but one: the distance of contours does not explain the gap."""
    region = read(tmp_path, [square(k) for k in (3, 4, 5, 7, 8, 9)])
    assert slices(region) == [3, 4, 5, 7, 8, 9]
    assert "left empty" in region.notes[0]


def test_two_contours_confirm_a_small_distance_only(tmp_path):
    assert slices(read(tmp_path, [square(4), square(7)])) == [4, 5, 6, 7]
    assert slices(read(tmp_path, [square(4), square(8)])) == [4, 8]


def test_single_contour_between_slices_fills_none(tmp_path):
    with pytest.raises(segmentation_errors.EmptyMaskError):
        read(tmp_path, [square(4.5)])
    assert slices(read(tmp_path, [square(4)])) == [4]


def test_contours_beyond_the_volume_count_up_to_its_ends(tmp_path):
    region = read(tmp_path, [square(k) for k in (-5.5, -3, -0.5, 2)])
    assert slices(region) == [0, 1, 2]
    with pytest.raises(segmentation_errors.MaskOutsideVolumeError):
        read(tmp_path, [square(k) for k in (-5.5, -3)])


def test_contours_smaller_than_a_pixel_are_told(tmp_path):
    region = read(tmp_path, [square(2), square(4), square(6), square(8, 3, 2.2)])
    assert slices(region) == [2, 3, 4, 5, 6]
    assert region.notes[-1] == "1 plane(s) of contours enclose no pixel centre"


def test_refusal_is_the_default_and_says_what_would_help(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4.5)]})
    with pytest.raises(segmentation_errors.OffPlaneContourError) as caught:
        read_mask(path, "GTV", TALL, References(), Imaging())
    assert caught.value.distance_mm == pytest.approx(1.25)
    assert "off_plane_contour: interpolate" in caught.value.hint
    sparse = read(tmp_path, [square(2), square(4), square(7)], Imaging())
    assert slices(sparse) == [2, 4, 7]
    assert sparse.notes == ("3 slice(s) between contours have none and stay empty",)


def test_crossing_contours_between_slices_are_refused(tmp_path):
    with pytest.raises(segmentation_errors.CrossingContoursError, match=r"at 113\.00 mm"):
        read(tmp_path, [square(3.5), square(4.5), square(4.5, 7, 12)])


areas = (
    st.integers(0, 2**31)
    .map(lambda seed: ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(17, 23)), 2) > 0)
    .filter(np.any)
)


def edges_of(area):
    """Edges of the outline of every pixel; those that two pixels share count twice, which is not at all."""
    corners = np.array([(-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5)])
    cells = np.argwhere(area)[:, None] + corners
    return np.concatenate([cells, np.roll(cells, -1, axis=1)], axis=2).reshape(-1, 4)


pixels_mm = st.tuples(st.floats(0.3, 3), st.floats(0.3, 3))


@given(areas, pixels_mm, st.integers(2, 5))
def test_interpolation_between_equal_areas_is_the_area(area, pixel_mm, step):
    place = grid((3 * step + 1, *area.shape), spacing_mm=(1.0, *pixel_mm))
    filled = fill_between(np.arange(0.0, 3 * step + 1, step), lambda _: edges_of(area), place, 0.1)
    assert (filled.mask == area).all()
    assert filled.interpolated == 3 * step - 3


@given(areas, areas, pixels_mm)
def test_interpolated_slices_lie_between_intersection_and_union(first, second, pixel_mm):
    place = grid((3, *first.shape), spacing_mm=(1.0, *pixel_mm))
    mask = fill_between(np.array([0.0, 2.0]), lambda n: edges_of((first, second)[n]), place, 0.1).mask
    assert (mask[1] >= (first & second)).all()
    assert (mask[1] <= (first | second)).all()


@given(areas, pixels_mm)
def test_distance_is_that_to_the_nearest_pixel_of_the_other_kind(area, pixel_mm):
    """Against a search over all pairs."""
    padded = np.pad(area, 1)
    inside, outside = (np.argwhere(kind) * pixel_mm for kind in (padded, ~padded))
    apart = np.linalg.norm(inside[:, None] - outside[None], axis=2)
    expected = np.zeros(padded.shape)
    expected[padded], expected[~padded] = apart.min(axis=1), -apart.min(axis=0)
    assert np.allclose(signed_distance_mm(area, pixel_mm), expected[1:-1, 1:-1])
