"""Contours to masks: against analytic shapes, exact arithmetic and turned space."""

import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, strategies as st

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging import errors, segmentation_errors
from radiogenomics.imaging.dicom import References, digest
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.segmentation import read_mask
from radiogenomics.imaging.segmentation.contours import Contour, Structure, fill_contours
from radiogenomics.imaging.segmentation.polygons import cross, fill_plane, outline
from tests.unit.imaging.shapes import hollow_sphere
from tests.unit.imaging.synthetic import grid, oblique, write_rtstruct
from tests.unit.imaging.test_spheres import around

TOLERANCE_MM = 0.1


def fill(contours, place):
    drawn = [Contour(np.asarray(points)) for points in contours]
    return fill_contours(Structure(Path("rs.dcm"), "GTV", drawn), place, TOLERANCE_MM)[0]


@pytest.mark.parametrize("hole", ["two contours", "keyhole"])
def test_oblique_volumes_give_the_mask_of_the_straight_one(hole):
    straight = around((2.5, 0.9, 0.7))
    contours, _, _ = hollow_sphere(straight, outer_mm=14, inner_mm=6, hole=hole)
    turned = Grid(straight.shape, (-40.0, 3.0, 250.0), straight.spacing_mm, oblique())
    moved = [turned.to_lps(straight.to_index(contour)) for contour in contours]
    expected = fill(contours, straight)
    assert np.array_equal(fill(moved, turned), expected)


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


def test_contours_off_their_slice_are_refused(tmp_path):
    off = square(4, grid()) + np.array([0, 0, 1.2])
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, grid()), off]})
    with pytest.raises(segmentation_errors.OffPlaneContourError) as caught:
        read(path)
    assert caught.value.contour == 2
    assert caught.value.distance_mm == pytest.approx(1.2, abs=1e-5)
    near = write_rtstruct(tmp_path / "near.dcm", {"GTV": [square(4, grid()) + np.array([0, 0, 0.09])]})
    assert read(near).sum() == 49


@pytest.mark.parametrize("policy", ["refuse", "interpolate"])
def test_contours_across_slices_are_refused(tmp_path, policy):
    place = grid()
    across = place.to_lps([(2, 3, 3), (2, 3, 9), (6, 3, 9), (6, 3, 3)])
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, place), across]})
    settings = Imaging(policies={"off_plane_contour": policy})
    with pytest.raises(segmentation_errors.TiltedContourError, match=r"5\.000 mm off .*turned by 90\.00°") as caught:
        read_mask(path, "GTV", place, References(), settings)
    assert (caught.value.contour, caught.value.angle_degrees) == (2, pytest.approx(90))


def test_what_lies_outside_is_cut_off(tmp_path):
    place = grid()
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(0, place, -5, 3), square(-1, place)]})
    expected = np.zeros(place.shape, dtype=bool)
    expected[0, :4, :4] = True
    assert np.array_equal(read(path), expected)


@pytest.mark.parametrize("contour", [square(30, grid()), square(4, grid(), 100, 110)], ids=["slice", "plane"])
def test_region_outside_the_volume_is_refused(tmp_path, contour):
    with pytest.raises(segmentation_errors.MaskOutsideVolumeError):
        read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": [contour]}))


@pytest.mark.parametrize(
    "contours",
    [[], [("POINT", [[0.0, 0.0, 0.0]])], [square(4, grid(), 3, 2.2)]],
    ids=["never drawn", "point", "smaller than a pixel"],
)
def test_region_without_a_voxel_is_empty(tmp_path, contours):
    with pytest.raises(segmentation_errors.EmptyMaskError):
        read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": contours}))


def test_names_are_matched_letter_by_letter(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV/1": [square(4, grid())], "gtv": [square(4, grid())]})
    assert read(path, "GTV/1").sum() == 49
    with pytest.raises(segmentation_errors.MissingRoiError) as caught:
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
        with pytest.raises(segmentation_errors.FrameOfReferenceError):
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
    with pytest.raises(segmentation_errors.AmbiguousRoiError):
        read(change(path, lambda dataset: setattr(dataset.StructureSetROISequence[1], "ROIName", "GTV")))


def test_structure_set_without_structures_says_so(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())]})
    with pytest.raises(errors.MissingTagError, match="StructureSetROISequence"):
        read(change(path, lambda dataset: delattr(dataset, "StructureSetROISequence")))


def test_region_that_was_never_drawn_is_empty(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())]})
    with pytest.raises(segmentation_errors.EmptyMaskError):
        read(change(path, lambda dataset: delattr(dataset, "ROIContourSequence")))


def test_only_frame_of_reference_of_the_file_counts_for_every_region(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid())]})

    def refer(dataset):
        dataset.ReferencedFrameOfReferenceSequence = [pydicom.Dataset()]
        dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3"

    change(path, refer)
    assert read(path, references=References(digest("1.2.3"))).any()
    with pytest.raises(segmentation_errors.FrameOfReferenceError):
        read(path, references=References(digest("1.2.4")))


def cells(k, rows, columns, place=None):
    """Closed rectangle between the pixel centres of slice k, around the given rows and columns (both inclusive)."""
    (top, bottom), (left, right) = (np.add(ends, (-0.5, 0.5)) for ends in (rows, columns))
    return (place or grid()).to_lps([(k, top, left), (k, top, right), (k, bottom, right), (k, bottom, left)])


COPIES = {
    "as it is": lambda points: points,
    "reversed": lambda points: points[::-1],
    "from another vertex": lambda points: np.roll(points, 1, axis=0),
    "closed by its first vertex": lambda points: np.vstack([points, points[:1]]),
}


@pytest.mark.parametrize("copy", COPIES)
@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_contour_that_is_stored_twice_counts_once(tmp_path, kind, copy):
    twice = [(kind, square(4, grid())), (kind, COPIES[copy](square(4, grid())))]
    mask = read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": [*twice, square(3, grid())]}))
    assert mask.sum(axis=(1, 2)).tolist() == [0, 0, 0, 49, 49, 0, 0, 0, 0, 0]


def test_keyholes_that_are_stored_twice_count_once():
    place = around((2.5, 0.9, 0.7))
    contours, _, _ = hollow_sphere(place, outer_mm=14, inner_mm=6, hole="keyhole")
    turned = [np.roll(contour[::-1], 700, axis=0) for contour in contours]
    assert np.array_equal(fill([*contours, *turned], place), fill(contours, place))


CROSSING = {
    "corners": (cells(4, (3, 7), (3, 7)), cells(4, (5, 9), (5, 9))),
    "edges in one line": (cells(4, (3, 7), (3, 7)), cells(4, (5, 9), (3, 7))),
    "a cross": (cells(4, (3, 9), (5, 7)), cells(4, (5, 7), (3, 9))),
    "drawn twice by hand": (cells(4, (3, 7), (3, 7)), cells(4, (3, 7), (3, 7)) + 0.01),
    "through the vertices": (
        grid().to_lps([(4, 6, 2), (4, 2, 6), (4, 6, 10), (4, 10, 6)]),
        grid().to_lps([(4, 0, 6), (4, 12, 6), (4, 12, 12), (4, 0, 12)]),
    ),
}


@pytest.mark.parametrize("case", CROSSING)
def test_contours_that_cross_are_refused(tmp_path, case):
    first, second = CROSSING[case]
    for pair in ([first, second], [second[::-1], first]):
        path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(2, grid()), *pair]})
        with pytest.raises(segmentation_errors.CrossingContoursError, match="'GTV' cross in slice 5, at 111") as caught:
            read(path)
        assert (caught.value.roi, caught.value.slice_index) == ("GTV", 4)
        assert caught.value.position_mm == pytest.approx(101.75 + 4 * 2.5)


def test_exclusive_contours_may_cross(tmp_path):
    first, second = (("CLOSEDPLANAR_XOR", contour) for contour in CROSSING["corners"])
    expected = np.zeros(grid().shape, dtype=bool)
    expected[4, 3:8, 3:8] ^= True
    expected[4, 5:10, 5:10] ^= True
    assert np.array_equal(read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": [first, second]})), expected)
    mixed = write_rtstruct(tmp_path / "mixed.dcm", {"GTV": [first, CROSSING["corners"][1]]})
    with pytest.raises(segmentation_errors.CrossingContoursError):
        read(mixed)


APART = {
    "apart": (cells(4, (2, 4), (2, 4)), cells(4, (6, 8), (6, 8)), 18),
    "hole": (cells(4, (2, 8), (2, 8)), cells(4, (4, 6), (4, 6)), 40),
    "hole at the edge": (cells(4, (2, 8), (2, 8)), cells(4, (2, 4), (4, 6)), 40),
    "one edge shared": (cells(4, (2, 4), (2, 4)), cells(4, (5, 7), (2, 4)), 18),
    "half an edge shared": (cells(4, (2, 4), (2, 4)), cells(4, (5, 7), (3, 5)), 18),
    "one vertex shared": (cells(4, (2, 4), (2, 4)), cells(4, (5, 7), (5, 7)), 18),
    "overlap by rounding": (cells(4, (2, 4), (2, 4)), cells(4, (5, 7), (2, 4)) - (0, 0.05, 0), 18),
    "in another slice": (cells(4, (3, 7), (3, 7)), cells(5, (5, 9), (5, 9)), 50),
}


@pytest.mark.parametrize("case", APART)
def test_contours_that_touch_or_lie_in_one_another_are_filled(tmp_path, case):
    first, second, voxels = APART[case]
    for pair in ([first, second], [second[::-1], first]):
        assert read(write_rtstruct(tmp_path / "rs.dcm", {"GTV": pair})).sum() == voxels


def test_island_across_the_channel_of_a_keyhole_is_filled():
    place = around((2.5, 0.9, 0.7))
    contours, _, _ = hollow_sphere(place, outer_mm=14, inner_mm=6, hole="keyhole")
    middle = next(points for points in contours if points[0, 2] == 0)
    centre = (middle[0] + middle[721]) / 2  # half-way along the channel
    island = centre + np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)])
    assert fill([middle], place).sum() > fill([middle, island], place).sum()


vertices = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=3, max_size=3, unique=True)


@given(vertices, vertices)
def test_triangles_cross_when_each_has_a_part_of_its_own_and_one_in_common(first, second):
    """Against areas of intersection, by sampling finely."""
    triangles = [np.array(points, dtype=float) for points in (first, second)]
    areas = [fill_plane(np.hstack([a, np.roll(a, -1, axis=0)]) * 40 - 0.5, 321, 321) for a in triangles]
    common = np.count_nonzero(areas[0] & areas[1])
    own = [np.count_nonzero(area) - common for area in areas]
    smallest = min(common, *own)
    flat = min(np.count_nonzero(area) for area in areas) == 0
    if not flat and set(first) != set(second) and (smallest == 0 or smallest > 40):
        assert cross(*triangles, 1e-6) == (smallest > 0)


def test_crossing_is_decided_fast():
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    start = time.perf_counter()
    for n in range(10):
        assert cross(20 * ring, 20 * ring + (n + 1), 0.1)
        assert not cross(20 * ring, 10 * ring + 0.1 * n, 0.1)
    assert time.perf_counter() - start < 5


def test_outline_is_the_same_from_every_vertex():
    keyhole = np.array([(0, 0), (0, 6), (6, 6), (6, 0), (0, 0), (2, 2), (4, 2), (4, 4), (2, 4), (2, 2)], dtype=float)
    keys = {outline(np.roll(way, n, axis=0)) for way in (keyhole, keyhole[::-1]) for n in range(10)}
    assert len(keys) == 1
    assert outline(keyhole[:9]) not in keys


def test_several_items_of_one_region_belong_together(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, grid())], "more": [square(4, grid())]})
    change(path, lambda dataset: setattr(dataset.ROIContourSequence[1], "ReferencedROINumber", 1))
    assert read(path).sum(axis=(1, 2)).tolist() == [0, 0, 0, 49, 49, 0, 0, 0, 0, 0]


def test_unknown_types_of_contour_are_refused(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, grid()), ("CLOSED_PLANNAR", square(4, grid()))]})
    with pytest.raises(errors.InvalidTagError, match="POINT, OPEN_PLANAR, OPEN_NONPLANAR, CLOSED_PLANAR, CLOSEDPLANAR"):
        read(path)


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_points_and_open_lines_enclose_nothing(tmp_path, kind):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, grid()), (kind, square(4, grid()))]})
    assert read(path).sum() == 49


def test_closed_contour_that_stays_at_one_point_encloses_nothing(tmp_path):
    stays = np.repeat(square(4, grid())[:1], 5, axis=0)
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(4, grid()), stays, stays]})
    assert read(path).sum() == 49


@pytest.mark.parametrize("points", [1, 2])
def test_closed_contours_of_one_or_two_points_are_passed_over(tmp_path, points):
    few = np.add(square(4, grid())[:points], (0, 0, 1.2))
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, grid()), few]})
    assert read(path).sum() == 49


def test_coordinates_beyond_any_scanner_are_refused(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"GTV": [square(3, grid()), square(4, grid())]})

    def throw(dataset):
        dataset.ROIContourSequence[0].ContourSequence[1].ContourData[4] = "1e30"

    with pytest.raises(errors.InvalidTagError, match="ContourData"):
        read(change(path, throw))
