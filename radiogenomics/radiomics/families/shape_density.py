"""Volume and area of a region relative to those of bodies around it (IBSI PBX1 to 7T7F)."""

import numpy as np

from radiogenomics.radiomics.diameters import IndexArray
from radiogenomics.radiomics.ellipsoid import ellipsoid, minimum_volume_ellipsoid
from radiogenomics.radiomics.hull import Sides, convex_hull, cuboid, oriented_box
from radiogenomics.radiomics.mesh import Body
from radiogenomics.radiomics.region import FloatArray, Values

NOT_CONVERGED = "the minimum volume enclosing ellipsoid was not found"


def enclosing_densities(mesh: Body, voxels: IndexArray, spacing_mm: Sides) -> Values:
    """VolumeDensity and AreaDensity of a mesh in bodies that enclose it.

    These are the axis-aligned and the oriented bounding box (AABB, OMBB), the minimum volume enclosing ellipsoid (MVEE)
    and the convex hull.

    Parameters
    ----------
    mesh
        Volume and area of the region.
    voxels : (voxels, 3)
        Indices of its ``outermost`` voxels.
    spacing_mm : (z, y, x)
    """
    spacing = np.array(spacing_mm)
    steps = np.concatenate([np.diag(spacing), -np.diag(spacing)]) / 2
    hull = convex_hull((voxels[:, None] * spacing + steps).reshape(-1, 3))
    z, y, x = np.ptp(hull.corners, axis=0).tolist()
    values = {
        **_densities("AABB", mesh, cuboid((z, y, x))),
        **_densities("OMBB", mesh, oriented_box(hull)),
        **_densities("ConvexHull", mesh, hull.body),
    }
    axes = minimum_volume_ellipsoid(hull.corners)
    if axes is None:
        return values | dict.fromkeys(("VolumeDensityMVEE", "AreaDensityMVEE"), NOT_CONVERGED)
    return values | _densities("MVEE", mesh, ellipsoid(axes))


def ellipsoid_densities(mesh: Body, variances: FloatArray) -> Values:
    """VolumeDensityAEE and AreaDensityAEE: of a mesh in the approximate enclosing ellipsoid.

    Its semi-axes are twice the standard deviations along the principal axes. ``variances`` (3,) in mm², descending.
    """
    a, b, c = (2 * np.sqrt(variances)).tolist()
    if c == 0:
        reason = "the region has no thickness, so its approximate enclosing ellipsoid has no volume"
        return dict.fromkeys(("VolumeDensityAEE", "AreaDensityAEE"), reason)
    return _densities("AEE", mesh, ellipsoid((a, b, c)))


def _densities(name: str, mesh: Body, body: Body) -> Values:
    return {
        f"VolumeDensity{name}": mesh.volume_mm3 / body.volume_mm3,
        f"AreaDensity{name}": mesh.area_mm2 / body.area_mm2,
    }
