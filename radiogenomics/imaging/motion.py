"""A turn and a shift of an image: where each voxel comes from, and its interpolated value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radiogenomics.boxes import Box
from radiogenomics.imaging.boxes import clip, corners
from radiogenomics.imaging.geometry import BoolArray, FloatArray, Grid, Triple, Values


@dataclass(frozen=True)
class Motion:
    """Where a voxel comes from: source index = ``matrix`` @ index + ``offset``, both (k, j, i)."""

    matrix: FloatArray
    offset: FloatArray

    @classmethod
    def of(
        cls, inside: BoolArray, box: Box, grid: Grid, rotation_degrees: float, translation_voxels: Triple
    ) -> "Motion":
        """Motion of an image whose region ``inside`` lies at ``box``; turn and shift are those of a `Perturbation`."""
        centre = np.argwhere(inside).mean(axis=0) + [axis.start for axis in box]
        angle = np.radians(rotation_degrees % 360)
        back = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
        spacing = np.array(grid.spacing_mm)
        matrix = back * spacing / spacing[:, None]
        return cls(matrix, centre - matrix @ (centre + np.array(translation_voxels)))

    @property
    def still(self) -> bool:
        """Whether every voxel comes from itself."""
        return bool((self.matrix == np.eye(3)).all() and (self.offset == 0).all())

    def source(self, box: Box, shape: Sequence[int], around: int) -> Box:
        """Voxels that a box comes from, and some around them."""
        found = corners(box) @ self.matrix.T + self.offset
        return clip(np.floor(found.min(axis=0)) - around, np.ceil(found.max(axis=0)) + 1 + around, shape)

    def target(self, box: Box, shape: Sequence[int]) -> Box:
        """Voxels that a box can reach."""
        found = (corners(box) - self.offset) @ np.linalg.inv(self.matrix).T
        return clip(np.floor(found.min(axis=0)) - 1, np.ceil(found.max(axis=0)) + 2, shape)

    def apply(self, source: FloatArray, start: Box, box: Box, order: int) -> Values:
        """Interpolate ``source``, cut from the volume at ``start``, at the voxels of ``box``."""
        first, origin = (np.array([axis.start for axis in cut]) for cut in (box, start))
        offset = self.matrix @ first + self.offset - origin
        shape = tuple(axis.stop - axis.start for axis in box)
        moved: Values = ndimage.affine_transform(
            source, self.matrix, offset, shape, output=np.float32, order=order, mode="nearest"
        )
        return moved
