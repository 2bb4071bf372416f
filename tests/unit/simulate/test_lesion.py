from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from radiogenomics.simulate.contours import lesion_contours, zero_loops
from radiogenomics.simulate.design import design
from radiogenomics.simulate.lesion import draw_lesion
from radiogenomics.simulate.phantom import Grid, draw_phantom, smooth_field
from radiogenomics.simulate.seeds import Stream, generator

PATIENT = design(1, 1, 1).patients[0]


def with_genes(*genes):
    return replace(PATIENT, carries=frozenset(genes))


def voxel_volume_mm3(lesion, step_mm=0.7):
    reach = np.arange(-30, 30, step_mm)
    points = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), axis=-1)
    return float((lesion.level_mm(points) <= 0).sum() * step_mm**3)


@settings(max_examples=10, deadline=None)
@given(stretch=st.floats(0, 0.4), lobulation=st.floats(0, 0.5), radius_mm=st.floats(6, 14))
def test_deformation_keeps_the_volume(stretch, lobulation, radius_mm):
    lesion = replace(draw_lesion(PATIENT, 1), stretch=stretch, lobulation=lobulation, radius_mm=radius_mm)
    assert voxel_volume_mm3(lesion) == pytest.approx(lesion.volume_mm3, rel=0.01)


def test_texture_gene_leaves_the_mask_alone():
    plain, carrier = draw_phantom(with_genes(), 1), draw_phantom(with_genes("TEXA1"), 1)
    assert np.array_equal(plain.lesion_mask, carrier.lesion_mask)
    outside = ~plain.lesion_mask
    assert np.mean(plain.hu[outside] == carrier.hu[outside]) > 0.9
    assert carrier.hu[plain.lesion_mask].std() > 1.1 * plain.hu[plain.lesion_mask].std()


def test_shape_gene_leaves_the_volume_alone():
    plain, carrier = draw_phantom(with_genes(), 1), draw_phantom(with_genes("SHPB1"), 1)
    assert carrier.lesion.volume_mm3 == plain.lesion.volume_mm3
    assert carrier.lesion_mask.sum() == pytest.approx(plain.lesion_mask.sum(), rel=0.02)
    assert longest_over_shortest(carrier.lesion_mask, carrier.grid) > 1.15 * longest_over_shortest(
        plain.lesion_mask, plain.grid
    )


def longest_over_shortest(mask, grid):
    spread = np.linalg.eigvalsh(np.cov((np.argwhere(mask) * grid.spacing_mm).T))
    return (spread[-1] / spread[0]) ** 0.5


def test_volume_gene_changes_the_volume_alone():
    plain, carrier = draw_lesion(with_genes(), 1), draw_lesion(with_genes("VOLC1"), 1)
    assert carrier.volume_mm3 > 2 * plain.volume_mm3
    assert carrier.stretch == plain.stretch
    assert carrier.texture_sd_hu == plain.texture_sd_hu


def test_null_genes_change_nothing():
    assert np.array_equal(draw_phantom(with_genes(), 1).hu, draw_phantom(with_genes("NULL01", "NULL05"), 1).hu)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_lesion_reaches_the_border_or_the_bone(seed):
    for patient in design(12, seed, 4).patients:
        phantom = draw_phantom(patient, seed)
        inner = phantom.lesion_mask[2:-2, 8:-8, 8:-8]
        assert inner.sum() == phantom.lesion_mask.sum()
        assert not (phantom.lesion_mask & phantom.bone_mask).any()


def test_random_field_is_standardised_and_smooth():
    field = smooth_field(generator(1, Stream.NOISE, 0), Grid(24, 0.9, 2.5), 2.0)
    assert field.mean() == pytest.approx(0, abs=1e-9)
    assert field.std() == pytest.approx(1)
    assert np.corrcoef(field[:, :, 1:].ravel(), field[:, :, :-1].ravel())[0, 1] > 0.9


def test_loop_around_a_disc_has_its_area():
    rows, columns = np.mgrid[:41, :41]
    (loop,) = zero_loops(np.hypot(rows - 20.3, columns - 19.6) - 12.5)
    assert area(loop) == pytest.approx(np.pi * 12.5**2, rel=0.005)


def test_two_discs_give_two_loops_and_a_ring_gives_two():
    rows, columns = np.mgrid[:40, :40]
    left, right = (np.hypot(rows - 20, columns - centre) for centre in (10, 29))
    assert len(zero_loops(np.minimum(left, right) - 6)) == 2
    assert len(zero_loops(np.abs(np.hypot(rows - 20, columns - 20) - 10) - 3)) == 2


@pytest.mark.parametrize("diagonal", [1, -1])
def test_saddle_is_split_by_its_mean(diagonal):
    level = np.full((6, 6), 1.0)
    cells = [(2, 2), (3, 3)] if diagonal == 1 else [(2, 3), (3, 2)]
    for cell in cells:
        level[cell] = -0.9
    assert len(zero_loops(level)) == 2
    for cell in cells:
        level[cell] = -1.5
    assert len(zero_loops(level)) == 1


def area(loop):
    x, y = loop.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def test_contour_vertices_lie_on_the_surface():
    lesion = draw_lesion(PATIENT, 1)
    for contour in lesion_contours(lesion, np.array([-3.0, 0.0, 4.0])):
        assert np.abs(lesion.level_mm(contour)).max() < 0.05
