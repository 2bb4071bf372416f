"""Hulls, boxes and ellipsoids of bodies whose answer is known."""

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from scipy.spatial.transform import Rotation
from scipy.special import eval_legendre

from radiogenomics.radiomics import ellipsoid as ellipsoids
from radiogenomics.radiomics.ellipsoid import ellipsoid, minimum_volume_ellipsoid
from radiogenomics.radiomics.hull import convex_hull, cuboid, oriented_box

CUBOID_MM = (3.0, 2.0, 1.0)
CORNERS = np.array([(z, y, x) for z in (0.0, 3.0) for y in (0.0, 2.0) for x in (0.0, 1.0)])
seeds = st.integers(0, 2**32 - 1)


def turned(points, seed):
    return points @ Rotation.random(rng=np.random.default_rng(seed)).as_matrix()


@given(seeds)
def test_a_turned_cuboid_is_its_own_hull_and_oriented_box(seed):
    inside = np.random.default_rng(seed).uniform(size=(20, 3)) * CUBOID_MM
    hull = convex_hull(turned(np.concatenate([CORNERS, inside]), seed))
    assert hull.body == pytest.approx(cuboid(CUBOID_MM))
    assert oriented_box(hull) == pytest.approx(cuboid(CUBOID_MM))
    assert len(hull.corners) == 8


def test_every_edge_of_a_hull_joins_two_triangles():
    hull = convex_hull(np.random.default_rng(1).normal(size=(100, 3)))
    corners, triangles, edges = len(hull.corners), len(hull.normals), len(hull.edges)
    assert corners - edges + triangles == 2
    for edge, sides in zip(hull.edges, hull.sides, strict=True):
        along = hull.corners[edge[1]] - hull.corners[edge[0]]
        assert hull.normals[sides] @ along == pytest.approx([0, 0], abs=1e-12)


@given(seeds)
def test_the_oriented_box_is_not_larger_than_boxes_flush_with_a_facet_and_an_edge(seed):
    hull = convex_hull(np.random.default_rng(seed).normal(size=(12, 3)))
    volumes = []
    for normal in hull.normals:
        for start, end in hull.corners[hull.edges]:
            across = np.cross(normal, end - start)
            if (length := np.linalg.norm(across)) > 1e-9:
                frame = np.stack([normal, across / length, np.cross(normal, across / length)])
                volumes.append(np.prod(np.ptp(hull.corners @ frame.T, axis=0)))
    assert oriented_box(hull).volume_mm3 == pytest.approx(min(volumes))


@given(seeds, st.tuples(*[st.floats(0.2, 20)] * 3))
def test_points_on_an_ellipsoid_give_it_back(seed, semi_axes):
    rng = np.random.default_rng(seed)
    sphere = rng.normal(size=(60, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    # With their mirror images the points hold no smaller ellipsoid only if they are spread well.
    sphere = np.concatenate([sphere, -sphere, np.eye(3), -np.eye(3)])
    found = minimum_volume_ellipsoid(turned(sphere * semi_axes, seed) + rng.uniform(-50, 50, 3))
    assert found == pytest.approx(sorted(semi_axes, reverse=True), rel=1e-6)


@given(seeds)
def test_the_minimum_volume_ellipsoid_is_that_of_plain_khachiyan(seed):
    points = np.random.default_rng(seed).normal(size=(15, 3))
    lifted = np.column_stack([points, np.ones(15)])
    weights = np.full(15, 1 / 15)
    for _ in range(5000):
        distance = np.einsum("pi,ij,pj->p", lifted, np.linalg.inv(lifted.T * weights @ lifted), lifted)
        step = (distance.max() / 4 - 1) / (distance.max() - 1)
        weights *= 1 - step
        weights[distance.argmax()] += step
    centred = points - weights @ points
    volume = np.sqrt(np.linalg.det(3 * (centred.T * weights) @ centred))
    assert np.prod(minimum_volume_ellipsoid(points)) == pytest.approx(volume, rel=2e-3)


def test_an_ellipsoid_that_is_not_found_in_time_is_none(monkeypatch):
    monkeypatch.setattr(ellipsoids, "MVEE_STEPS", 2)
    assert minimum_volume_ellipsoid(np.random.default_rng(0).normal(size=(50, 3))) is None


@given(st.tuples(*[st.floats(0.1, 1)] * 3))
def test_the_area_of_an_ellipsoid_is_the_series_of_the_manual(semi_axes):
    a, b, c = sorted(semi_axes, reverse=True)
    alpha, beta, n = np.sqrt(1 - (b / a) ** 2), np.sqrt(1 - (c / a) ** 2), np.arange(21)
    assume(alpha * beta > 0.01)
    polynomials = eval_legendre(n, (alpha**2 + beta**2) / (2 * alpha * beta))
    area = 4 * np.pi * a * b * ((alpha * beta) ** n / (1 - 4 * n**2) * polynomials).sum()
    assert ellipsoid((a, b, c)) == pytest.approx((4 / 3 * np.pi * a * b * c, area), rel=1e-9)


def test_the_area_of_an_ellipsoid_near_a_ball_is_that_of_the_ball():
    assert ellipsoid((2.0, 2.0, 2.0)).area_mm2 == pytest.approx(16 * np.pi)
    assert ellipsoid((2.0, 1.999, 1.998)).area_mm2 == pytest.approx(16 * np.pi, rel=2e-3)
