"""Contours to masks: against analytic shapes, exact arithmetic and turned space."""

from fractions import Fraction

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiogenomics.config.models import Imaging
from radiogenomics.imaging import errors
from radiogenomics.imaging.dicom import References, digest
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.segmentation import list_rois, read_mask
from radiogenomics.imaging.segmentation.rtstruct import fill_plane, rasterise_contours
from tests.unit.imaging.shapes import dice, hollow_sphere
from tests.unit.imaging.synthetic import AXIAL, grid, oblique, write_rtstruct

TOLERANCE_MM = 0.1
SPACINGS = [(0.9, 0.9, 0.9), (2.5, 0.9, 0.9), (2.5, 0.9, 0.7), (1.0, 0.5, 1.7)]


def around(spacing_mm, extent_mm=36.0):
    """Axial grid centred at the origin."""
    shape = tuple(int(extent_mm / spacing) | 1 for spacing in spacing_mm)
    z, y, x = (-(n // 2) * spacing for n, spacing in zip(shape, spacing_mm, strict=True))
    return Grid(shape, (x, y, z), spacing_mm, AXIAL)


@pytest.mark.parametrize("hole", ["two contours", "keyhole"])
@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
def test_sphere_with_a_hole_keeps_its_analytic_volume(spacing_mm, hole):
    place = around(spacing_mm)
    contours, inside, volume_mm3 = hollow_sphere(place, outer_mm=14, inner_mm=6, hole=hole)
    mask = rasterise_contours(contours, place, TOLERANCE_MM)
    assert mask.sum() * np.prod(spacing_mm) == pytest.approx(volume_mm3, rel=0.005)
    assert dice(mask, inside) > 0.999


def test_fine_sphere_has_the_volume_of_a_sphere():
    place = around((0.5, 0.5, 0.5))
    contours, _, _ = hollow_sphere(place, outer_mm=14, inner_mm=6)
    mask = rasterise_contours(contours, place, TOLERANCE_MM)
    assert mask.sum() * 0.125 == pytest.approx(4 / 3 * np.pi * (14**3 - 6**3), rel=0.005)


def test_half_a_pixel_aside_would_be_seen():
    """The tolerances above are tight enough to see the usual mistake: corners in place of centres."""
    place = around((2.5, 0.9, 0.7))
    contours, inside, _ = hollow_sphere(place, outer_mm=14, inner_mm=6)
    aside = [contour + np.array([0.35, 0.45, 0]) for contour in contours]
    assert dice(rasterise_contours(aside, place, TOLERANCE_MM), inside) < 0.97


@pytest.mark.parametrize("hole", ["two contours", "keyhole"])
def test_oblique_volumes_give_the_mask_of_the_straight_one(hole):
    straight = around((2.5, 0.9, 0.7))
    contours, _, _ = hollow_sphere(straight, outer_mm=14, inner_mm=6, hole=hole)
    turned = Grid(straight.shape, (-40.0, 3.0, 250.0), straight.spacing_mm, oblique())
    moved = [turned.to_lps(straight.to_index(contour)) for contour in contours]
    expected = rasterise_contours(contours, straight, TOLERANCE_MM)
    assert np.array_equal(rasterise_contours(moved, turned, TOLERANCE_MM), expected)


def brute_force(polygons, n_rows, n_columns):
    """Even-odd rule, one pixel after the other, in exact fractions."""
    filled = np.zeros((n_rows, n_columns), dtype=bool)
    for j in range(n_rows):
        for i in range(n_columns):
            for polygon in polygons:
                points = [(Fraction(row, 8), Fraction(column, 8)) for row, column in polygon]
                for (row_a, column_a), (row_b, column_b) in zip(points, points[1:] + points[:1], strict=True):
                    if (row_a > j) != (row_b > j):
                        crossing = column_a + (j - row_a) * (column_b - column_a) / (row_b - row_a)
                        filled[j, i] ^= i < crossing
    return filled


eighths = st.tuples(st.integers(-24, 96), st.integers(-24, 96))
polygons = st.lists(st.lists(eighths, min_size=3, max_size=7), min_size=1, max_size=3)


@given(polygons)
def test_fill_equals_the_exact_rule(drawn):
    """Crossing, touching and degenerate polygons, with vertices on pixel centres and beyond the plane."""
    edges = []
    for polygon in drawn:
        points = np.array(polygon) / 8
        edges.append(np.hstack([points, np.roll(points, -1, axis=0)]))
    assert np.array_equal(fill_plane(np.concatenate(edges), 9, 10), brute_force(drawn, 9, 10))


def square(k, place, low=3, high=9):
    """Closed square between the pixel centres of slice k."""
    corners = [
        (k, low - 0.5, low - 0.5),
        (k, low - 0.5, high + 0.5),
        (k, high + 0.5, high + 0.5),
        (k, high + 0.5, low - 0.5),
    ]
    return place.to_lps(corners)


def read(path, roi="GTV", place=None, references=None, tolerance_mm=TOLERANCE_MM):
    settings = Imaging(plane_tolerance_mm=tolerance_mm)
    return read_mask(path, roi, place or grid(), references or References(), settings)


def test_square_covers_its_pixels(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())], "other": [square(2, grid())]})
    expected = np.zeros(grid().shape, dtype=bool)
    expected[4, 3:10, 3:10] = True
    assert np.array_equal(read(path), expected)
    assert np.array_equal(read(tmp_path), expected)  # a folder with this one file
    assert list_rois(path) == ("GTV", "other")


def test_contours_off_their_slice_are_refused(tmp_path):
    off = square(4, grid()) + np.array([0, 0, 1.2])
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, grid()), off]})
    with pytest.raises(errors.OffPlaneContourError) as caught:
        read(path)
    assert caught.value.contour == 2
    assert caught.value.distance_mm == pytest.approx(1.2, abs=1e-5)
    near = write_rtstruct(tmp_path / "near.dcm", {"GTV": [square(4, grid()) + np.array([0, 0, 0.09])]})
    assert read(near).sum() == 49


def test_contour_across_slices_is_refused(tmp_path):
    place = grid()
    across = place.to_lps([(2, 3, 3), (2, 3, 9), (6, 3, 9), (6, 3, 3)])
    with pytest.raises(errors.OffPlaneContourError):
        read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": [across]}))


def test_what_lies_outside_is_cut_off(tmp_path):
    place = grid()
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(0, place, -5, 3), square(-1, place)]})
    expected = np.zeros(place.shape, dtype=bool)
    expected[0, :4, :4] = True
    assert np.array_equal(read(path), expected)


@pytest.mark.parametrize("contour", [square(30, grid()), square(4, grid(), 100, 110)], ids=["slice", "plane"])
def test_region_outside_the_volume_is_refused(tmp_path, contour):
    with pytest.raises(errors.MaskOutsideVolumeError):
        read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": [contour]}))


@pytest.mark.parametrize(
    "contours",
    [[], [("POINT", [[0.0, 0.0, 0.0]])], [square(4, grid(), 3, 2.2)]],
    ids=["never drawn", "point", "smaller than a pixel"],
)
def test_region_without_a_voxel_is_empty(tmp_path, contours):
    with pytest.raises(errors.EmptyMaskError):
        read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": contours}))


def test_names_are_matched_letter_by_letter(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV/1": [square(4, grid())], "gtv": [square(4, grid())]})
    assert read(path, "GTV/1").sum() == 49
    with pytest.raises(errors.MissingRoiError) as caught:
        read(path, "GTV")
    assert caught.value.present == ("GTV/1", "gtv")


def test_file_of_another_frame_of_reference_is_refused(tmp_path):
    path = write_rtstruct(
        tmp_path / "rs.dcm", {"GTV": [square(4, grid())]}, frame_of_reference="1.2.3", instances=["1.2.9"]
    )
    known, foreign = frozenset({digest("1.2.9")}), frozenset({digest("1.2.10")})
    assert read(path, references=References(digest("1.2.3"), foreign)).any()
    assert read(path, references=References(digest("1.2.4"), known)).any()  # it lists an image of the series
    assert read(path, references=References()).any()
    for references in (References(digest("1.2.4"), foreign), References("", foreign), References(digest("1.2.4"))):
        with pytest.raises(errors.FrameOfReferenceError):
            read(path, references=references)


@pytest.mark.parametrize("change", ["numbers", "nothing", "text"])
def test_damaged_contours_are_refused(tmp_path, change):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())]})
    data = path.read_bytes()
    if change == "numbers":
        path = write_rtstruct(path, {"GTV": [("CLOSED_PLANAR", np.zeros(7))]})
    elif change == "nothing":
        path = write_rtstruct(path, {"GTV": [("CLOSED_PLANAR", [])]})
    else:
        path.write_bytes(data.replace(b"-", b"x"))
    with pytest.raises((errors.InvalidTagError, errors.MissingTagError)):
        read(path)


def change(path, edit):
    dataset = pydicom.dcmread(path)
    edit(dataset)
    dataset.save_as(path)
    return path


def test_equal_names_are_ambiguous(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())], "other": [square(4, grid())]})
    with pytest.raises(errors.AmbiguousRoiError):
        read(change(path, lambda dataset: setattr(dataset.StructureSetROISequence[1], "ROIName", "GTV")))


def test_structure_set_without_structures_says_so(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())]})
    with pytest.raises(errors.MissingTagError, match="StructureSetROISequence"):
        read(change(path, lambda dataset: delattr(dataset, "StructureSetROISequence")))


def test_region_that_was_never_drawn_is_empty(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())]})
    with pytest.raises(errors.EmptyMaskError):
        read(change(path, lambda dataset: delattr(dataset, "ROIContourSequence")))


def test_only_frame_of_reference_of_the_file_counts_for_every_region(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())]})

    def refer(dataset):
        dataset.ReferencedFrameOfReferenceSequence = [pydicom.Dataset()]
        dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3"

    change(path, refer)
    assert read(path, references=References(digest("1.2.3"))).any()
    with pytest.raises(errors.FrameOfReferenceError):
        read(path, references=References(digest("1.2.4")))
