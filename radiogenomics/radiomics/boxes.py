"""The part of an image that values in a box depend on."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import Box
from radiogenomics.radiomics.region import FloatArray

# Voxels (z, y, x) from which a value may depend on the image; None for all of it.
Reach = tuple[int, int, int] | None


def triple(numbers: Iterable[int]) -> tuple[int, int, int]:
    """Exactly three whole numbers, along z, y and x."""
    z, y, x = map(int, numbers)
    return z, y, x


def between(low: Iterable[int], high: Iterable[int]) -> Box:
    """The box from voxel ``low`` to voxel ``high``, inclusive."""
    z, y, x = (slice(first, last + 1) for first, last in zip(triple(low), triple(high), strict=True))
    return z, y, x


def grown(box: Box, reach: Reach, shape: Sequence[int], *, periodic: bool = False) -> Box:
    """The part of an image that values in a box depend on.

    It ends at the border of the image, where the filter's own boundary condition takes over. A periodic filter that
    reaches over the border comes back at the far side and needs the whole axis.
    """
    if reach is None:
        reach, periodic = (shape[0], shape[1], shape[2]), True
    z, y, x = (_grown(part, far, size, periodic) for part, far, size in zip(box, reach, shape, strict=True))
    return z, y, x


def _grown(part: slice, far: int, size: int, periodic: bool) -> slice:
    first, last = part.start - far, part.stop + far
    if periodic and not 0 <= first <= last <= size:
        return slice(0, size)
    return slice(max(0, first), min(size, last))


def response_in_box(
    response: Callable[[FloatArray], FloatArray],
    image: npt.NDArray[np.generic],
    *,
    box: Box,
    reach: Reach,
    periodic: bool = False,
) -> FloatArray:
    """Response of a filter in a box of the image, as from the whole image.

    Parameters
    ----------
    response : function of an image
        The filter, its parameters bound.
    image : (z, y, x)
        The whole image.
    box : (z, y, x) slices
        Where values are wanted, with start and stop.
    reach : (z, y, x) or None
        What the ``reach`` of the filter's module gives for these parameters.
    periodic : bool
        Whether the filter's boundary condition is periodic.

    Returns
    -------
    (z, y, x) float64
        The values in the box.
    """
    crop = grown(box, reach, image.shape, periodic=periodic)
    inside = tuple(
        slice(part.start - outer.start, part.stop - outer.start) for part, outer in zip(box, crop, strict=True)
    )
    return np.ascontiguousarray(response(image[crop].astype(np.float64))[inside])
