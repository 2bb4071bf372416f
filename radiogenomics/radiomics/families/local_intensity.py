"""Local intensity: the highest mean intensity of a ball of 1 cm³ (IBSI family 9ST6)."""

import math

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import bounding_box
from radiogenomics.compiled import kernel
from radiogenomics.radiomics.boxes import grown, triple
from radiogenomics.radiomics.region import BoolArray, FloatArray, Region, Values

IndexArray = npt.NDArray[np.int64]
Spacing = tuple[float, float, float]

BALL_MM3 = 1000.0
BALL_RADIUS_MM = (3 * BALL_MM3 / (4 * math.pi)) ** (1 / 3)


def local_intensity(region: Region) -> Values:
    """Peaks of the mean over all voxels whose centres lie within ``BALL_RADIUS_MM`` of a voxel of the intensity mask.

    LocalIntensityPeak is the mean around the voxel of the highest intensity (the highest mean if several have it), and
    GlobalIntensityPeak the highest mean of all. Voxels outside of the mask count. Voxels where the image is NaN and
    those beyond the box of the region do not: where the image goes on, the caller's box has to hold ``BALL_RADIUS_MM``
    around the mask.
    """
    if not region.intensity.any():
        return dict.fromkeys(("LocalIntensityPeak", "GlobalIntensityPeak"), "empty intensity mask")
    chords = ball_chords(region.spacing_mm)
    image, intensity = _with_margin(region, chords)
    sums, counts = _running_sums(image, int(chords[:, 2].max()))
    highest = float(image[intensity].max())
    at_highest, anywhere = _peaks(sums, counts, intensity, image == highest, chords)
    return {
        "LocalIntensityPeak": _ball_mean(image, at_highest, chords),
        "GlobalIntensityPeak": _ball_mean(image, anywhere, chords),
    }


def ball_chords(spacing_mm: Spacing) -> IndexArray:
    """The rows of voxels in a ball: (rows, 3) offsets along z and y, and voxels to either side along x."""
    slices, rows = (int(BALL_RADIUS_MM / spacing) for spacing in spacing_mm[:2])
    z, y = (grid.ravel() for grid in np.mgrid[-slices : slices + 1, -rows : rows + 1])
    left = BALL_RADIUS_MM**2 - (z * spacing_mm[0]) ** 2 - (y * spacing_mm[1]) ** 2
    z, y, left = z[left >= 0], y[left >= 0], left[left >= 0]
    return np.stack([z, y, np.floor(np.sqrt(left) / spacing_mm[2]).astype(np.int64)], axis=1)


def _with_margin(region: Region, chords: IndexArray) -> tuple[FloatArray, BoolArray]:
    """Image and intensity mask in the box of the mask and all that the ball reaches."""
    box = grown(bounding_box(region.intensity), triple(chords.max(axis=0)), region.image.shape)
    return np.ascontiguousarray(region.image[box]), np.ascontiguousarray(region.intensity[box])


def _ball_mean(image: FloatArray, centre: int, chords: IndexArray) -> float:
    """Mean over the ball, added up without the rounding of running sums."""
    slices, rows, columns = image.shape
    z, y, x = centre // (rows * columns), centre // columns % rows, centre % columns
    parts = [
        image[z + dz, y + dy, max(0, x - side) : x + side + 1]
        for dz, dy, side in chords.tolist()
        if 0 <= z + dz < slices and 0 <= y + dy < rows
    ]
    return float(np.nanmean(np.concatenate(parts)))


def _running_sums(image: FloatArray, side: int) -> tuple[FloatArray, npt.NDArray[np.int32]]:
    """Sums and numbers of the known voxels before each voxel of a row, continued for ``side`` + 1 beyond both ends."""
    known = ~np.isnan(image)
    sums = np.zeros((*image.shape[:2], image.shape[2] + 2 * side + 1))
    counts = np.zeros(sums.shape, np.int32)
    inner = slice(side + 1, side + 1 + image.shape[2])
    np.cumsum(np.where(known, image, 0.0), axis=2, out=sums[:, :, inner])
    np.cumsum(known, axis=2, out=counts[:, :, inner])
    sums[:, :, inner.stop :] = sums[:, :, inner.stop - 1, None]
    counts[:, :, inner.stop :] = counts[:, :, inner.stop - 1, None]
    return sums, counts


@kernel("UniTuple(i8, 2)(f8[:, :, ::1], i4[:, :, ::1], b1[:, :, ::1], b1[:, :, ::1], i8[:, ::1])")
def _peaks(
    sums: FloatArray, counts: npt.NDArray[np.int32], mask: BoolArray, highest: BoolArray, chords: IndexArray
) -> tuple[int, int]:
    """Flat indices of the voxels with the highest mean: of those of the highest intensity, and of the whole mask."""
    slices, rows, columns = mask.shape
    margin = (sums.shape[2] - columns - 1) // 2
    best_highest, best = -np.inf, -np.inf
    at_highest = anywhere = 0
    total, number = np.empty(columns), np.empty(columns, np.int32)
    for z in range(slices):
        for y in range(rows):
            first, last = columns, 0
            for x in range(columns):
                if mask[z, y, x]:
                    first, last = min(first, x), x + 1
            if first >= last:
                continue
            for x in range(first, last):
                total[x] = 0
                number[x] = 0
            for i in range(len(chords)):
                v, u, side = z + chords[i, 0], y + chords[i, 1], chords[i, 2]
                if v < 0 or v >= slices or u < 0 or u >= rows:
                    continue
                before, after = margin - side, margin + side + 1
                for x in range(first, last):
                    total[x] += sums[v, u, x + after] - sums[v, u, x + before]
                    number[x] += counts[v, u, x + after] - counts[v, u, x + before]
            for x in range(first, last):
                if mask[z, y, x]:
                    mean = total[x] / number[x]
                    if mean > best:
                        best = mean
                        anywhere = (z * rows + y) * columns + x
                    if highest[z, y, x] and mean > best_highest:
                        best_highest = mean
                        at_highest = (z * rows + y) * columns + x
    return at_highest, anywhere
