"""The picture of a mask: sides, scale, size."""

import numpy as np
import pytest
from PIL import Image

from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.overlay import CONTOUR_RGB, SIDE_PX, write_overlay
from tests.unit.imaging.synthetic import AXIAL, grid, oblique


def scene():
    """A body with a bright spot in its left posterior superior part, and a mask 30 mm wide in the middle."""
    place = Grid((40, 100, 100), (-99.0, -99.0, -97.5), (5.0, 2.0, 2.0), AXIAL)
    values = np.zeros(place.shape, dtype=np.int16)
    values[24:28, 60:66, 60:66] = 240
    mask = np.zeros(place.shape, dtype=bool)
    mask[17:23, 43:58, 43:58] = True
    return values, mask, place


def panels(path):
    picture = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert picture.shape == (SIDE_PX, 3 * SIDE_PX, 3)
    return np.split(picture, 3, axis=1)


def centre(where):
    rows, columns = np.nonzero(where)
    return rows.mean() - (SIDE_PX - 1) / 2, columns.mean() - (SIDE_PX - 1) / 2


def turned(values, mask, place, order, flips):
    """The same scene with its axes stored in another order and direction."""
    keep = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    last = [place.shape[axis] - 1 if flip else 0 for axis, flip in zip(order, flips, strict=True)]
    start = [0, 0, 0]
    for axis, index in zip(order, last, strict=True):
        start[axis] = index
    direction = tuple(
        tuple((np.array(place.direction[axis]) * (-1 if flip else 1)).tolist())
        for axis, flip in zip(order, flips, strict=True)
    )
    shape, spacing = (tuple(source[axis] for axis in order) for source in (place.shape, place.spacing_mm))
    moved = Grid(shape, tuple(place.to_lps(start).tolist()), spacing, direction)
    return np.transpose(values, order)[keep], np.transpose(mask, order)[keep], moved


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
@pytest.mark.parametrize("flips", [(False, False, False), (True, False, True), (False, True, False)])
def test_picture_does_not_depend_on_how_axes_are_stored(tmp_path, order, flips):
    values, mask, place = scene()
    write_overlay(values, mask, place, "CT", tmp_path / "a.png")
    write_overlay(*turned(values, mask, place, order, flips), "CT", tmp_path / "b.png")
    first, second = (np.asarray(Image.open(tmp_path / name).convert("RGB")).astype(int) for name in ("a.png", "b.png"))
    assert np.count_nonzero(np.abs(first - second).max(axis=2) > 20) < 40  # rounding at edges


def test_contour_has_the_physical_size_of_the_mask(tmp_path):
    values, mask, place = scene()
    write_overlay(values, mask, place, "CT", tmp_path / "a.png")
    for panel in panels(tmp_path / "a.png"):
        rows, columns = np.nonzero((np.abs(panel - CONTOUR_RGB) < 8).all(axis=2))
        for extent in (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1):
            assert extent == pytest.approx(30 * SIDE_PX / 80, abs=2)  # 30 mm of 80 mm shown


def test_left_is_right_and_superior_is_up(tmp_path):
    values, mask, place = scene()
    mask[17:28, 58:67, 58:67] = True  # so that the planes of the largest cross-section stay, and the spot is in view
    for n, (plane, expected) in enumerate({"axial": (1, 1), "coronal": (-1, 1), "sagittal": (-1, 1)}.items()):
        spot = np.full_like(values, -160)
        box = [slice(24, 28), slice(60, 66), slice(60, 66)]
        box[n] = slice(None)  # a bar across the plane
        spot[tuple(box)] = 240
        write_overlay(spot, mask, place, "CT", tmp_path / f"{plane}.png")
        panel = panels(tmp_path / f"{plane}.png")[n]
        down, right = centre((panel == 255).all(axis=2))
        assert (np.sign(down), np.sign(right)) == expected


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_noise_stays_small_and_bytes_stay_the_same(tmp_path, modality):
    values, mask, place = scene()
    noise = np.random.default_rng(1).normal(40, 60, values.shape)
    for name in ("a.png", "b.png"):
        write_overlay(noise, mask, place, modality, tmp_path / name)
    data = (tmp_path / "a.png").read_bytes()
    assert data == (tmp_path / "b.png").read_bytes()
    assert len(data) < 30_000


def test_flat_and_oblique_volumes_have_a_picture(tmp_path):
    mask = np.zeros(grid().shape, dtype=bool)
    mask[5, 5, 5] = True
    write_overlay(np.zeros(mask.shape, dtype=np.float32), mask, grid(direction=oblique()), "PT", tmp_path / "a.png")
    assert len(panels(tmp_path / "a.png")) == 3


@pytest.mark.parametrize(
    ("modality", "unit", "black", "white"),
    [("CT", "HU", -160, 240), ("PT", "SUVbw g/ml", 0, 10), ("PT", "Bq/ml", 0, 200), ("MR", "", 0, 200)],
)
def test_grey_levels_follow_the_modality(tmp_path, modality, unit, black, white):
    """The brightest and the darkest grey stand for fixed values in CT and SUV, else for percentiles."""
    _, mask, place = scene()
    values = np.full(mask.shape, float(black))
    values[:, :, :50] = white
    write_overlay(values, mask, place, modality, tmp_path / "a.png", unit=unit)
    axial = panels(tmp_path / "a.png")[0][10:30]
    assert {0, 255} <= set(np.unique(axial).tolist())
    write_overlay(values / 2 + (black + white) / 4, mask, place, modality, tmp_path / "b.png", unit=unit)
    flatter = set(np.unique(panels(tmp_path / "b.png")[0][10:30]).tolist())
    assert ({0, 255} <= flatter) == (unit not in {"HU", "SUVbw g/ml"})


def test_a_single_slice_is_seen_from_three_sides(tmp_path):
    place = grid((1, 64, 64), spacing_mm=(5.0, 1.0, 1.0))
    values, mask = np.full(place.shape, 240, dtype=np.int16), np.zeros(place.shape, dtype=bool)
    mask[0, 20:40, 20:40] = True
    write_overlay(values, mask, place, "CT", tmp_path / "a.png")
    for panel, high_mm in zip(panels(tmp_path / "a.png"), (20, 5, 5), strict=True):
        rows, columns = np.nonzero((np.abs(panel - CONTOUR_RGB) < 8).all(axis=2))
        assert rows.max() - rows.min() + 1 == pytest.approx(high_mm * SIDE_PX / 80, abs=1.5)
        assert columns.max() - columns.min() + 1 == pytest.approx(20 * SIDE_PX / 80, abs=1.5)
