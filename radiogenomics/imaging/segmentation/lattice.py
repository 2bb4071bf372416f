"""Voxels of a mask on voxels of a volume, and by how much they miss them: in mm and in voxels."""

from pathlib import Path

import numpy as np

from radiogenomics.imaging.geometry import Grid, Placement, misfit_mm, placement, triple
from radiogenomics.imaging.segmentation_errors import MaskGeometryError

UNIT = Grid((1, 1, 1), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))


def require_placement(path: Path, source: Grid, grid: Grid, tolerance_mm: float) -> Placement:
    """Where the voxels of ``source`` fall on those of ``grid``.

    Raises
    ------
    MaskGeometryError
        A voxel centre lies further than ``tolerance_mm`` from where it should.
    """
    place = placement(source, grid, tolerance_mm)
    if place is None:
        distance_mm, voxels = misfit_mm(source, grid), misfit_voxels(source, grid)
        raise MaskGeometryError(path, distance_mm, voxels, tolerance_mm, source.describe(), grid.describe())
    return place


def misfit_voxels(source: Grid, target: Grid) -> float:
    """Largest distance of a voxel centre of ``source`` from its place, in voxels of ``target``.

    As `misfit_mm`, in the space where a voxel of ``target`` is a unit cube: an offset counts by the voxel's size along
    it. Infinite where `misfit_mm` is.
    """
    if not np.isfinite(misfit_mm(source, target)):
        return float("inf")
    steps = source.steps_mm @ np.linalg.inv(target.steps_mm)
    lengths = np.linalg.norm(steps, axis=1)
    slices, rows, columns = (triple(step) for step in steps / lengths[:, None])
    scaled = Grid(source.shape, triple(target.to_index(source.origin_mm)), triple(lengths), (slices, rows, columns))
    return misfit_mm(scaled, UNIT)
