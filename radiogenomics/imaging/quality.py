"""What a mask looks like in numbers: the first things a reader of it checks."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from radiogenomics.imaging.geometry import BoolArray, Grid


@dataclass(frozen=True)
class MaskQuality:
    """Size and shape of a mask.

    ``components`` are 26-connected, ``holes`` the 6-connected cavities that the mask encloses on all sides in three
    dimensions. ``touches_border`` is true where the region reaches the first or last voxel of an axis that has several,
    so that a part of it may have been cut off; ``one_slice`` where all its voxels lie in one plane of voxels across
    some axis, so that it has no shape in three dimensions.
    """

    voxels: int
    volume_ml: float
    slices: int
    components: int
    touches_border: bool
    holes: int
    one_slice: bool


def assess(mask: BoolArray, grid: Grid) -> MaskQuality:
    """Measure a mask (n_slices, n_rows, n_columns) that holds at least one voxel; only its box is looked at."""
    box = ndimage.find_objects(mask.view(np.uint8))[0]
    inside = mask[box]
    voxels = int(np.count_nonzero(inside))
    _, components = ndimage.label(inside, structure=np.ones((3, 3, 3)))
    return MaskQuality(
        voxels=voxels,
        volume_ml=voxels * grid.voxel_volume_mm3 / 1000,
        slices=int(np.count_nonzero(inside.any(axis=(1, 2)))),
        components=int(components),
        touches_border=any(
            length > 1 and (axis.start == 0 or axis.stop == length)
            for axis, length in zip(box, mask.shape, strict=True)
        ),
        holes=_holes(inside),
        one_slice=min(inside.shape) == 1,
    )


def _holes(inside: BoolArray) -> int:
    """Number of components of the background, 6-connected, that do not reach the outside of the mask's box."""
    if min(inside.shape) < 3:
        return 0
    _, parts = ndimage.label(np.pad(~inside, 1, constant_values=True))  # the rim joins all that is outside
    return int(parts) - 1
