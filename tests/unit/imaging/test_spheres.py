"""A sphere of 14 mm with a hole of 6 mm, drawn in every way that holes are drawn, on grids of every kind.

The limits are those of a test with pixel centres: the voxels that the formula of the sphere gives, and its volume.
"""

from pathlib import Path

import numpy as np
import pytest

from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.segmentation.contours import Contour, Structure, fill_contours
from tests.unit.imaging.shapes import dice, hollow_sphere
from tests.unit.imaging.synthetic import AXIAL, oblique, rotation

OUTER_MM, INNER_MM, TOLERANCE_MM = 14.0, 6.0, 0.1
SAGITTAL = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
CORONAL = ((0.0, 1.0, 0.0), (0.0, 0.0, -1.0), (1.0, 0.0, 0.0))
TILT_DEGREES = 17.5
TILTED = tuple(tuple(float(value) for value in vector) for vector in np.array(AXIAL) @ rotation(TILT_DEGREES, 0))
DIRECTIONS = {"axial": AXIAL, "sagittal": SAGITTAL, "coronal": CORONAL, "oblique": oblique(), "tilted": TILTED}
SPACINGS = [(0.9, 0.9, 0.9), (2.5, 0.9, 0.9), (2.5, 0.9, 0.7), (1.0, 0.5, 1.7)]
FINE = [(0.5, 0.5, 0.5), (0.5, 0.4, 0.6)]
HOLES = ["two contours", "keyhole"]


def fill(contours, place, *, interpolate=False):
    structure = Structure(Path("rs.dcm"), "GTV", [Contour(np.asarray(points)) for points in contours])
    return fill_contours(structure, place, TOLERANCE_MM, interpolate=interpolate)


def around(spacing_mm, direction=AXIAL, extent_mm=36.0):
    """Grid centred at the origin."""
    shape = tuple(int(extent_mm / spacing) | 1 for spacing in spacing_mm)
    centred = Grid(shape, (0.0, 0.0, 0.0), spacing_mm, direction)
    first = -centred.to_lps([n // 2 for n in shape])
    return Grid(shape, tuple(float(value) for value in first), spacing_mm, direction)


def corners_of(place, direction):
    """Positions of the slices: those of a tilted gantry move along the table, not along their normal."""
    if direction != "tilted":
        return None
    along_table = place.spacing_mm[0] / np.cos(np.radians(TILT_DEGREES)) * np.array([0.0, 0.0, 1.0])
    steps = np.arange(place.shape[0]) - place.shape[0] // 2
    return place.to_lps([place.shape[0] // 2, 0, 0]) + steps[:, None] * along_table


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
def test_voxels_are_those_of_the_formula(spacing_mm, direction, hole):
    place = around(spacing_mm, DIRECTIONS[direction])
    contours, inside, volume_mm3 = hollow_sphere(
        place, OUTER_MM, INNER_MM, hole, corners_mm=corners_of(place, direction)
    )
    mask, notes = fill(contours, place)
    assert mask.sum() * np.prod(spacing_mm) == pytest.approx(volume_mm3, rel=0.005)
    assert dice(mask, inside) >= 0.999
    assert notes == ()


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("spacing_mm", FINE, ids=str)
def test_fine_voxels_have_the_volume_of_the_sphere(spacing_mm, direction, hole):
    place = around(spacing_mm, DIRECTIONS[direction], extent_mm=30.0)
    contours, inside, _ = hollow_sphere(place, OUTER_MM, INNER_MM, hole, corners_mm=corners_of(place, direction))
    mask, _ = fill(contours, place)
    volume_mm3 = 4 / 3 * np.pi * (OUTER_MM**3 - INNER_MM**3)
    assert mask.sum() * np.prod(spacing_mm) == pytest.approx(volume_mm3, rel=0.005)
    assert dice(mask, inside) >= 0.999


def test_slices_of_a_tilted_gantry_are_not_under_one_another():
    place = around((2.5, 0.9, 0.9), TILTED)
    aside = corners_of(place, "tilted") - place.to_lps([(k, 0, 0) for k in range(place.shape[0])])
    assert np.allclose(aside @ np.array(TILTED[0]), 0)  # in the same planes
    assert np.linalg.norm(aside, axis=1).max() > 5


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_half_a_pixel_aside_would_be_seen(direction):
    """The limits above are tight enough to see the usual mistake: corners in place of centres."""
    place = around((2.5, 0.9, 0.7), DIRECTIONS[direction])
    contours, inside, _ = hollow_sphere(place, OUTER_MM, INNER_MM)
    half = place.to_lps([0, 0.5, 0.5]) - place.to_lps([0, 0, 0])
    assert dice(fill([contour + half for contour in contours], place)[0], inside) < 0.97


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(
    ("spacing_mm", "every"), [((1.0, 0.7, 0.9), 2), ((1.25, 0.9, 0.9), 2), ((0.5, 0.5, 0.5), 4)], ids=str
)
def test_contours_on_every_other_slice_are_interpolated(spacing_mm, every, direction, hole):
    place = around(spacing_mm, DIRECTIONS[direction])
    contours, inside, _ = hollow_sphere(
        place, OUTER_MM, INNER_MM, hole, every=every, corners_mm=corners_of(place, direction)
    )
    mask, (note,) = fill(contours, place, interpolate=True)
    assert dice(mask, inside) >= (0.985 if every == 2 else 0.975)  # caps beyond the last contours are missing
    assert mask.sum() == pytest.approx(inside.sum(), rel=0.02)
    assert note.endswith("slice(s) between contours were interpolated")
    sparse, (remark,) = fill(contours, place)
    assert dice(sparse, inside) < 0.75
    assert "stay empty" in remark


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("distance_mm", [0.8, 1.3, 2.4])
def test_contours_of_another_reconstruction_are_interpolated(distance_mm, shift):
    """Slices of 1 mm, contours on slices at other distances and beside them."""
    place = around((1.0, 0.7, 0.9))
    drawn_on = around((distance_mm, 0.7, 0.9))
    x, y, z = drawn_on.origin_mm
    moved = Grid(drawn_on.shape, (x, y, z + shift), drawn_on.spacing_mm, AXIAL)
    contours, _, _ = hollow_sphere(moved, OUTER_MM, INNER_MM)
    _, inside, _ = hollow_sphere(place, OUTER_MM, INNER_MM)
    mask, _ = fill(contours, place, interpolate=True)
    assert dice(mask, inside) >= (0.985 if distance_mm < 2 else 0.97)
    assert mask.sum() == pytest.approx(inside.sum(), rel=0.04)
