"""One scale for the MR intensities of a cohort (Nyúl, Udupa & Zhang, IEEE Trans Med Imaging 2000;19:143).

Every image has landmarks, percentiles of its foreground. The scale of a role is their mean over its images, each mapped
linearly to 0 … `SCALE_END` first. An image is standardised by mapping its own landmarks to those of the scale; nothing
is clipped, so the order of grey values stays.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from radiogenomics import tables
from radiogenomics.imaging.geometry import FloatArray, Values
from radiogenomics.imaging.intensity import Intensities, foreground_values, refuse_flat
from radiogenomics.imaging.quantity_errors import EqualLandmarksError, StandardScaleError

# The deciles (Nyúl, Udupa & Zhang 2000), with the ends of Shah et al., Med Image Anal 2011.
LANDMARK_PERCENTILES = (1.0, *(float(percent) for percent in range(10, 100, 10)), 99.0)
SCALE_END = 100.0


def landmarks(values: Values) -> FloatArray:
    """Percentiles `LANDMARK_PERCENTILES` of the foreground.

    Parameters
    ----------
    values : (n_slices, n_rows, n_columns) number
        Intensities in arbitrary units.

    Returns
    -------
    (n_landmarks,) float64
        Intensities in the image's own units, rising.

    Raises
    ------
    FlatImageError, NotFiniteImageError
        The image or its foreground has one value; some voxels are NaN or infinite.
    EqualLandmarksError
        Neighbouring percentiles are equal: the image has too few grey levels.
    """
    inside = foreground_values(values)
    found: FloatArray = np.percentile(inside, LANDMARK_PERCENTILES)
    refuse_flat(inside, float(found[-1] - found[0]))
    if (flat := np.flatnonzero(~(np.diff(found) > 0))).size:
        raise EqualLandmarksError(int(flat[0]))
    return found


def fit_scale(landmarks: FloatArray) -> FloatArray:
    """Mean of the images' landmarks, each image mapped linearly to 0 … `SCALE_END` first.

    Means are of exactly rounded sums, so the order of the images does not matter.

    Parameters
    ----------
    landmarks : (n_images, n_landmarks) float64
        Landmarks of each image, rising, one image a row.

    Returns
    -------
    (n_landmarks,) float64
        From 0 to `SCALE_END`, rising.
    """
    first, last = landmarks[:, :1], landmarks[:, -1:]
    mapped = SCALE_END * ((landmarks - first) / (last - first))
    return np.array([math.fsum(column) / len(landmarks) for column in mapped.T])


def standardise(values: Values, landmarks: FloatArray, scale: FloatArray) -> Intensities:
    """Map an image to a scale, linearly between its landmarks; beyond the ends the end segments go on.

    Parameters
    ----------
    values : array of number
        Intensities of the image, of any shape.
    landmarks, scale : (n_landmarks,) float64
        The image's own landmarks and what they become, both rising.

    Returns
    -------
    array of float32, shape of ``values``
    """
    segment = np.searchsorted(landmarks[1:-1], values, side="right")
    slope = np.diff(scale) / np.diff(landmarks)
    return np.asarray(scale[segment] + (values - landmarks[segment]) * slope[segment], dtype=np.float32)


@dataclass(frozen=True)
class CohortScale:
    """The standard scales of a cohort as `radiogenomics imaging scale` wrote them.

    ``by_image`` holds the landmarks of each MR image and the scale of its role, by ``image_id``.
    """

    path: Path
    by_image: dict[str, tuple[FloatArray, FloatArray]]

    @classmethod
    def read(cls, path: Path) -> "CohortScale":
        """Read the table ``imaging/scale``.

        Raises
        ------
        MissingFileError, TableError
            There is no such table.
        StandardScaleError
            Its numbers do not rise from percentile to percentile.
        """
        found = {}
        for image_id, rows in tables.SCALE.read(path).sort_values("percentile").groupby("image_id"):
            own, scale = (rows[name].to_numpy(dtype=np.float64) for name in ("landmark", "standard"))
            if len(own) < 2 or not ((np.diff(own) > 0).all() and (np.diff(scale) > 0).all()):
                raise StandardScaleError(path, f"the landmarks of image {image_id} do not rise")
            found[str(image_id)] = own, scale
        return cls(path, found)

    def apply(self, image_id: str, values: Values) -> Intensities:
        """Standardise the intensities of one image, as its converted volume holds them; float32, shape of ``values``.

        Raises
        ------
        StandardScaleError
            The scale was fitted without this image.
        """
        if image_id not in self.by_image:
            raise StandardScaleError(self.path, f"it was fitted without image {image_id}")
        return standardise(values, *self.by_image[image_id])
