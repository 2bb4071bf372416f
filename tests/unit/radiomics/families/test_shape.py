"""Shape features against pyradiomics, closed forms and the digital phantom of the IBSI."""

import math

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from radiogenomics.boxes import bounding_box
from radiogenomics.radiomics.families.shape import shape
from radiogenomics.radiomics.nomenclature import names
from radiogenomics.radiomics.region import Region

OF_AXES = ("MajorAxisLength", "MinorAxisLength", "LeastAxisLength", "Elongation", "Flatness")
spacings = st.tuples(*[st.floats(0.3, 5)] * 3)
masks = (
    arrays(np.bool_, array_shapes(min_dims=3, max_dims=3, max_side=7))
    .filter(np.any)
    .map(lambda mask: np.ascontiguousarray(mask[bounding_box(mask)]))
)

# The digital phantom of the IBSI: slices of rows, a dot where a voxel is outside of the region.
PHANTOM = """
    14411 14611 41641 44641
    14411 11611 .1311 44611
    144.. 11111 11.11 11611
    144.. 11111 11111 11611
"""


def region_of(mask, spacing_mm=(1.0, 1.0, 1.0), image=None, intensity=None):
    image = np.random.default_rng(0).normal(100, 20, mask.shape) if image is None else image
    return Region(image, mask if intensity is None else intensity, mask, spacing_mm)


def ball(radius_mm, spacing_mm):
    sides = [math.ceil(radius_mm / spacing) for spacing in spacing_mm]
    z, y, x = (np.arange(-side, side + 1) * spacing for side, spacing in zip(sides, spacing_mm, strict=True))
    return z[:, None, None] ** 2 + y[:, None] ** 2 + x**2 <= radius_mm**2


@given(masks, spacings)
def test_random_masks_have_the_features_of_pyradiomics(mask, spacing_mm):
    from radiomics.shape import RadiomicsShape

    image, label = sitk.GetImageFromArray(np.zeros(mask.shape)), sitk.GetImageFromArray(mask.astype(np.uint8))
    for volume in (image, label):
        volume.SetSpacing(spacing_mm[::-1])
    expected = {name: float(value) for name, value in RadiomicsShape(image, label, label=1).execute().items()}
    found = shape(region_of(mask, spacing_mm), "pyradiomics")
    assert list(found) == list(names("shape", "pyradiomics"))
    assert found.keys() == expected.keys()
    for name, value in found.items():
        if isinstance(value, str):
            assert name in ("Elongation", "Flatness", "SurfaceVolumeRatio")
            # Nothing, or the quotient of a volume that pyradiomics rounds to nearly nothing.
            assert not abs(expected[name]) < 1e9
        elif name in OF_AXES:  # roots of eigenvalues, which pyradiomics rounds at 1e-16 of the largest
            assert value**2 == pytest.approx(expected[name] ** 2, rel=1e-6, abs=1e-12), name
        else:
            tolerance = 1e-12 if found["MeshVolume"] else 1e-9  # pyradiomics' cube root of 1e-17² instead of 0²
            assert value == pytest.approx(expected[name], rel=1e-6, abs=tolerance), name


def test_the_digital_phantom_has_the_consensus_values():
    characters = np.array([[list(row) for row in line.split()] for line in PHANTOM.strip().splitlines()])
    mask = characters != "."
    image = np.where(mask, characters, "0").astype(float)
    found = shape(region_of(mask, (2.0, 2.0, 2.0), image), "ibsi")
    assert found["MeshVolume"] == pytest.approx(556, abs=0.5)
    assert found["SurfaceArea"] == pytest.approx(388, abs=0.5)
    assert found["CentreOfMassShift"] == pytest.approx(0.672, abs=0.0005)
    assert found["MajorAxisLength"] == pytest.approx(11.4, abs=0.05)
    assert found["LeastAxisLength"] == pytest.approx(8.54, abs=0.005)
    assert found["VolumeDensityAABB"] == pytest.approx(0.869, abs=0.0005)
    assert found["AreaDensityAEE"] == pytest.approx(1.36, abs=0.005)
    assert found["VolumeDensityConvexHull"] == pytest.approx(0.961, abs=0.0005)
    assert found["MoranI"] == pytest.approx(0.0397, abs=0.00005)
    assert found["GearyC"] == pytest.approx(0.974, abs=0.0005)


def test_a_mesh_with_holes_may_enclose_nothing():
    mask = np.zeros((5, 3, 3), bool)
    mask[[0, 0, 4, 4], [0, 0, 1, 2], [0, 2, 2, 1]] = True
    found = shape(region_of(mask, (0.7, 1.1, 1.3)), "pyradiomics")
    assert found["MeshVolume"] == 0
    assert found["SurfaceVolumeRatio"] == "the mesh encloses no volume"
    assert found["Sphericity"] == 0
    assert shape(region_of(mask, (0.7, 1.1, 1.3)), "ibsi")["MeshVolume"] == pytest.approx(4 / 6 * 0.7 * 1.1 * 1.3)


def test_a_box_fills_its_boxes_but_for_its_bevelled_edges():
    found = shape(region_of(np.ones((20, 30, 40), bool), (1.5, 1.0, 0.5)), "ibsi")
    assert found["VoxelVolume"] == 18000
    assert found["VolumeDensityAABB"] == pytest.approx(found["MeshVolume"] / 18000)
    assert 0.98 < found["VolumeDensityAABB"] < 1
    assert found["VolumeDensityOMBB"] == pytest.approx(found["VolumeDensityAABB"])
    assert found["VolumeDensityConvexHull"] == pytest.approx(1)
    assert found["AreaDensityConvexHull"] == pytest.approx(1)


def test_a_ball_is_round():
    found = shape(region_of(ball(30, (1.0, 1.5, 0.8)), (1.0, 1.5, 0.8)), "ibsi")
    assert found["MajorAxisLength"] == pytest.approx(4 * 30 / math.sqrt(5), rel=2e-3)
    assert found["Flatness"] == pytest.approx(1, abs=2e-3)
    assert found["Maximum3DDiameter"] == pytest.approx(60, abs=1.5)
    assert found["VolumeDensityMVEE"] == pytest.approx(1, abs=0.06)
    assert found["VolumeDensityAABB"] == pytest.approx(math.pi / 6, abs=0.03)
    assert found["VolumeDensityAEE"] == pytest.approx((math.sqrt(5) / 2) ** 3, rel=0.01)
    assert found["Compactness2"] == pytest.approx(found["Sphericity"] ** 3)
    assert found["Asphericity"] == pytest.approx(1 / found["Sphericity"] - 1)


@given(masks, st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3))
def test_shape_does_not_depend_on_the_orientation(mask, order, directions):
    region = region_of(mask, (1.1, 0.8, 2.3))
    turn = tuple(slice(None, None, step) for step in directions)
    image, mask = (np.ascontiguousarray(part.transpose(order)[turn]) for part in (region.image, region.morphology))
    turned = region_of(mask, tuple(region.spacing_mm[axis] for axis in order), image)
    expected = shape(region, "ibsi")
    for name, value in shape(turned, "ibsi").items():
        # The iteration to the ellipsoid may end elsewhere within its tolerance.
        rel = 1e-6 if "MVEE" in name else 1e-8
        assert value == (expected[name] if isinstance(value, str) else pytest.approx(expected[name], rel=rel, abs=1e-8))


@given(masks)
def test_the_margin_of_the_box_does_not_matter(mask):
    region = region_of(mask, (1.1, 0.8, 2.3))
    wide = region_of(np.pad(mask, 3), region.spacing_mm, np.pad(region.image, 3, constant_values=np.nan))
    expected = shape(region, "ibsi")
    for name, value in shape(wide, "ibsi").items():
        assert value == (
            expected[name] if isinstance(value, str) else pytest.approx(expected[name], rel=1e-8, abs=1e-8)
        )


def test_intensities_of_voxels_outside_of_the_intensity_mask_do_not_count():
    mask = ball(4, (1.0, 1.0, 1.0))
    image = np.random.default_rng(1).normal(50, 9, mask.shape)
    intensity = mask & (image > 50)
    other = np.where(intensity, image, np.nan)
    assert shape(region_of(mask, image=image, intensity=intensity), "ibsi") == shape(
        region_of(mask, image=other, intensity=intensity), "ibsi"
    )


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1, 1, 1), {"Elongation": "one voxel", "Flatness": "one voxel"}),
        ((1, 1, 6), {"Elongation": 0, "Flatness": 0, "LeastAxisLength": 0}),
        ((1, 4, 6), {"Flatness": 0, "LeastAxisLength": 0}),
        ((0, 0, 0), {"MeshVolume": "empty morphological mask", "Flatness": "empty morphological mask"}),
    ],
    ids=["voxel", "line", "plane", "empty"],
)
def test_small_regions_have_every_name(size, expected, definition):
    mask = np.zeros((3, 6, 8), bool)
    mask[tuple(slice(1, 1 + side) for side in size)] = True
    found = shape(region_of(mask, (3.0, 1.0, 0.7)), definition)
    assert tuple(found) == names("shape", definition)
    assert all(isinstance(value, str) or math.isfinite(value) for value in found.values())
    assert {name: found[name] for name in expected} == expected


def test_an_oblique_plane_has_no_thickness():
    mask = np.zeros((6, 6, 6), bool)
    z, y = np.indices((6, 6)).reshape(2, -1)
    mask[z, y, z] = True
    found = shape(region_of(mask, (0.7, 1.3, 2.9)), "ibsi")
    assert found["Flatness"] == 0
    assert "no thickness" in found["VolumeDensityAEE"]
    assert found["VolumeDensityConvexHull"] < 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ("empty intensity mask",) * 4),
        ([7.0], (None, None, "one voxel", "one voxel")),
        ([7.0, 7.0], (None, None, "all intensities are equal", "all intensities are equal")),
        ([7.0, -7.0], ("the intensities add up to 0", None, None, None)),
    ],
    ids=["none", "one", "equal", "cancelling"],
)
def test_what_intensities_cannot_give_has_a_reason(values, expected):
    mask = np.ones((2, 3, 4), bool)
    image, intensity = np.zeros(mask.shape), np.zeros(mask.shape, bool)
    image[0, 1, : len(values)] = values
    intensity[0, 1, : len(values)] = True
    found = shape(region_of(mask, image=image, intensity=intensity), "ibsi")
    for name, reason in zip(("CentreOfMassShift", "IntegratedIntensity", "MoranI", "GearyC"), expected, strict=True):
        assert isinstance(found[name], float) if reason is None else found[name] == reason


def test_an_enclosing_ellipsoid_that_is_not_found_has_a_reason(monkeypatch):
    monkeypatch.setattr("radiogenomics.radiomics.ellipsoid.MVEE_STEPS", 0)
    found = shape(region_of(np.ones((2, 3, 4), bool)), "ibsi")
    assert found["VolumeDensityMVEE"] == "the minimum volume enclosing ellipsoid was not found"
    assert found["AreaDensityMVEE"] == "the minimum volume enclosing ellipsoid was not found"
