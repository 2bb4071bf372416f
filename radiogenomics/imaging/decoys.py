"""Images that keep much of a region and lose the rest, for negative controls: shuffled voxels, other places.

A feature that goes with a marker for what the tissue of the region looks like must lose that in them (Welch et al.,
Radiother Oncol 2019;130:2, shuffled the voxels and found a signature of volume).
"""

import numpy as np
from scipy import ndimage

from radiogenomics.boxes import bounding_box
from radiogenomics.imaging.errors import NoPlaceError
from radiogenomics.imaging.geometry import BoolArray, Values
from radiogenomics.imaging.intensity import otsu

# Places that are drawn before giving up, so many at a time, each looked at in so many voxels first.
PLACES, CHUNK, LOOKS = 2**17, 2**10, 64
# Otsu's threshold of a large image is that of about so many of its voxels.
THRESHOLD_VOXELS = 2**21


def shuffle_voxels(values: Values, mask: BoolArray, random: np.random.Generator) -> Values:
    """A copy of the image whose values inside the region change places.

    Parameters
    ----------
    values, mask : (n_slices, n_rows, n_columns)
        Image and region (bool).
    random : Generator

    Returns
    -------
    (n_slices, n_rows, n_columns), type of ``values``
    """
    shuffled = values.copy()
    shuffled[mask] = random.permutation(values[mask])
    return shuffled


def tissue(values: Values) -> BoolArray:
    """Voxels (n_slices, n_rows, n_columns) above Otsu's threshold, which is taken on a lattice of a large image.

    Closed by one voxel, so that single dark voxels, which noise makes, are tissue.

    Raises
    ------
    FlatImageError, NotFiniteImageError
    """
    step = max(1, int(np.ceil(np.cbrt(values.size / THRESHOLD_VOXELS))))
    inside = np.greater(values, otsu(values[::step, ::step, ::step])).view(np.uint8)
    for reach in (ndimage.maximum_filter1d, ndimage.minimum_filter1d):
        for axis in range(3):
            inside = reach(inside, 3, axis=axis)
    closed: BoolArray = inside.view(np.bool_)
    return closed


def random_place(mask: BoolArray, foreground: BoolArray, random: np.random.Generator) -> BoolArray:
    """The region shifted by whole voxels to a random place in the image, all of it in the foreground.

    It does not touch its old place. All places that fit are equally likely.

    Parameters
    ----------
    mask, foreground : (n_slices, n_rows, n_columns) bool
        Region, not empty, and where it may go.
    random : Generator

    Raises
    ------
    NoPlaceError
        No place fits among ``PLACES`` random ones.
    """
    box = bounding_box(mask)
    voxels = np.argwhere(mask[box])
    room = [length - (part.stop - part.start) + 1 for length, part in zip(mask.shape, box, strict=True)]
    looks = voxels[np.unique(np.linspace(0, len(voxels) - 1, LOOKS).astype(int))]
    for _ in range(0, PLACES, CHUNK):
        starts = random.integers(0, room, (CHUNK, 3))
        at = tuple((starts[:, None, :] + looks).transpose(2, 0, 1))
        for start in starts[np.all(foreground[at] & ~mask[at], axis=1)]:
            found = tuple((voxels + start).T)
            if foreground[found].all() and not mask[found].any():
                moved: BoolArray = np.zeros_like(mask)
                moved[found] = True
                return moved
    raise NoPlaceError(len(voxels), PLACES)
