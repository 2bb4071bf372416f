"""The mesh against pyradiomics' C code, and against what is known of closed surfaces."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from radiogenomics.boxes import bounding_box
from radiogenomics.radiomics.diameters import maximum_2d_diameters, maximum_3d_diameter, outermost
from radiogenomics.radiomics.mesh import CORNERS, cell_triangles, surface

SPACING_MM = (1.1, 0.83, 1.37)
spacings = st.tuples(*[st.floats(0.3, 5)] * 3)
masks = (
    arrays(np.bool_, array_shapes(min_dims=3, max_dims=3, max_side=7))
    .filter(np.any)
    .map(lambda mask: np.ascontiguousarray(mask[bounding_box(mask)]))
)


def pyradiomics(mask, spacing_mm):
    from radiomics import cShape

    return cShape.calculate_coefficients(np.ascontiguousarray(mask), np.array(spacing_mm))


def cell(configuration):
    """A mask of one cell."""
    mask = np.zeros((2, 2, 2), bool)
    for bit, corner in enumerate(CORNERS):
        mask[corner] = configuration >> bit & 1
    return mask


@pytest.mark.parametrize("configuration", range(1, 255))
def test_every_cell_has_the_triangles_of_pyradiomics(configuration):
    area, volume, _ = pyradiomics(cell(configuration), SPACING_MM)
    triangles, configurations = cell_triangles("pyradiomics")
    a, b, c = np.moveaxis(triangles[configurations == configuration] * SPACING_MM, 1, 0)
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2 == pytest.approx(area, rel=1e-12)
    assert np.einsum("ti,ti->", np.cross(a, b), c) / 6 == pytest.approx(volume, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("configuration", range(1, 256))
def test_every_cell_as_a_region_is_that_of_pyradiomics(configuration):
    mask = cell(configuration)
    mask = np.ascontiguousarray(mask[bounding_box(mask)])
    area, volume, _ = pyradiomics(np.pad(mask, 1), SPACING_MM)
    assert surface(mask, SPACING_MM, "pyradiomics") == pytest.approx((volume, area), rel=1e-12)


@given(masks, spacings)
def test_random_masks_have_the_mesh_and_diameters_of_pyradiomics(mask, spacing_mm):
    area, volume, diameters = pyradiomics(np.pad(mask, 1), spacing_mm)
    mesh = surface(mask, spacing_mm, "pyradiomics")
    assert mesh.area_mm2 == pytest.approx(area, rel=1e-12)
    assert mesh.volume_mm3 == pytest.approx(volume, rel=1e-9, abs=1e-12)
    assert maximum_2d_diameters(mask, spacing_mm) == pytest.approx(diameters[:3], rel=1e-12)
    assert maximum_3d_diameter(outermost(mask), spacing_mm) == pytest.approx(diameters[3], rel=1e-12)


@given(masks, st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3), st.integers(0, 3))
def test_the_closed_mesh_is_the_same_from_every_side(mask, order, directions, margin):
    mesh = surface(mask, SPACING_MM, "ibsi")
    turned = np.pad(mask, margin).transpose(order)[tuple(slice(None, None, step) for step in directions)]
    spacing_mm = tuple(SPACING_MM[axis] for axis in order)
    assert surface(np.ascontiguousarray(turned), spacing_mm, "ibsi") == pytest.approx(mesh, rel=1e-10)


@given(masks)
def test_the_vector_areas_of_the_closed_mesh_cancel(mask):
    """A surface without holes encloses the same volume from every origin."""
    near, far = (
        surface(mask, SPACING_MM, "ibsi"),
        surface(np.pad(mask, ((40, 0), (30, 0), (20, 0))), SPACING_MM, "ibsi"),
    )
    assert near == pytest.approx(far, rel=1e-9)


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_a_voxel_is_an_octahedron(definition):
    mesh = surface(np.ones((1, 1, 1), bool), (2.0, 2.0, 2.0), definition)
    assert mesh == pytest.approx((4 / 3, 4 * math.sqrt(3)))


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_a_ball_approaches_its_volume(definition):
    z, y, x = np.indices((61, 61, 61)) - 30
    mesh = surface(z**2 + y**2 + x**2 <= 29.5**2, (0.5, 0.5, 0.5), definition)
    assert mesh.volume_mm3 == pytest.approx(4 / 3 * math.pi * 14.75**3, rel=2e-3)
    # The steps of voxels do not vanish: marching cubes of a mask overestimates areas by about 9 %.
    assert mesh.area_mm2 == pytest.approx(1.09 * 4 * math.pi * 14.75**2, rel=0.02)
