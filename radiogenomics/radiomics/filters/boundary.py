"""What an image is taken to be beyond its border (IBSI-2, section 2.2.3), by IBSI's names."""

from typing import Any, Literal

import numpy as np

from radiogenomics.radiomics.region import FloatArray

# zero: 0 0 | a b c | 0 0    nearest: a a | a b c | c c    periodic: b c | a b c | a b    mirror: b a | a b c | c b
Boundary = Literal["zero", "nearest", "periodic", "mirror"]

SCIPY_MODES = {"zero": "constant", "nearest": "nearest", "periodic": "wrap", "mirror": "reflect"}
_PAD_MODES: dict[str, Any] = {"zero": "constant", "nearest": "edge", "periodic": "wrap", "mirror": "symmetric"}


def padded(image: FloatArray, widths: tuple[int, int, int], boundary: Boundary) -> FloatArray:
    """The image with ``widths`` voxels (z, y, x) more on either side."""
    return np.pad(image, [(width, width) for width in widths], mode=_PAD_MODES[boundary])


def without_padding(image: FloatArray, widths: tuple[int, int, int]) -> FloatArray:
    """Undo ``padded``."""
    return image[tuple(slice(width, size - width) for width, size in zip(widths, image.shape, strict=True))]
