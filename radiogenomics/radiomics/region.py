"""What features are computed on: a box of the image and the two masks of one region."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
LevelArray = npt.NDArray[np.int32]

Definition = Literal["ibsi", "pyradiomics"]
Aggregation = Literal[
    "2d_averaged", "2d_slice_merged", "2.5d_direction_merged", "2.5d_merged", "3d_averaged", "3d_merged"
]

# Features by name. A text in place of a number says why the feature cannot be computed.
Values = dict[str, float | str]


@dataclass(frozen=True)
class Region:
    """One region in a box of its image, after interpolation and re-segmentation.

    Arrays are C-contiguous with axes (z, y, x), all of one shape. The box holds the morphological mask and what the
    families need around it.

    Parameters
    ----------
    image : (z, y, x) float64, under pyradiomics' definition in the type of the file
        Intensities in the unit of the image; NaN where nothing is known (outside the field of view).
    intensity : (z, y, x) bool
        Intensity mask: voxels whose intensities count, after re-segmentation.
    morphology : (z, y, x) bool
        Morphological mask: the shape of the region, whatever its intensities.
    spacing_mm : (z, y, x)
        Distance of voxel centres along each axis.
    """

    image: FloatArray
    intensity: BoolArray
    morphology: BoolArray
    spacing_mm: tuple[float, float, float]

    def values(self) -> FloatArray:
        """Intensities of the intensity mask, (voxels,) float64, in array order."""
        return self.image[self.intensity]
