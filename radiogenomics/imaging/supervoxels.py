"""Another reader's contour: a region drawn anew from the supervoxels of its surroundings (Zwanenburg et al. 2019)."""

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from radiogenomics.imaging.boxes import region_box, widen
from radiogenomics.imaging.geometry import BoolArray, Triple, Values

# Supervoxels as in the paper: 500 mm³ and at least 20 voxels; compactness for intensities scaled to 0-1.
SUPERVOXEL_MM3, SUPERVOXEL_VOXELS, COMPACTNESS, ITERATIONS = 500.0, 20, 0.05, 10
# Share of a supervoxel in the region from which it always belongs to it, and below which it never does.
ALWAYS, NEVER = 0.9, 0.2
INTENSITY_SD = 3.0
TOUCHING = np.ones((3, 3, 3))


def randomise_contour(values: Values, mask: BoolArray, spacing_mm: Triple, random: np.random.Generator) -> BoolArray:
    """Draw a region anew from supervoxels, as another reader might have drawn its contour.

    The surroundings are divided into supervoxels (SLIC); each belongs to the new region with a probability equal to
    the share of it that is in the old one, surely from 90 % on and if no other has more, never below 20 %. The union
    is closed by one voxel. Of each 26-connected part of the old region, the piece with most of its voxels is kept;
    cavities are not filled, since they may have been left out on purpose.

    A region smaller than a few supervoxels (500 mm³) changes much, and parts smaller than 100 mm³ may go: so it is
    with the published method.

    Parameters
    ----------
    values, mask : (n_slices, n_rows, n_columns)
        Image and region (bool), not empty.
    spacing_mm : (slices, rows, columns)
        Voxel spacing.
    random : Generator
        Source of the draws.
    """
    box = widen(region_box(mask), 2 * edge_mm(spacing_mm), spacing_mm, mask.shape)
    inside = mask[box]
    labels = _supervoxels(values[box], inside, spacing_mm)
    share = np.bincount(labels[inside], minlength=int(labels.max()) + 1) / np.maximum(np.bincount(labels.ravel()), 1)
    drawn = (random.random(share.size) < share) & (share >= NEVER) | (share >= ALWAYS)
    drawn[np.argmax(share)] = True
    union = drawn[labels]
    result = np.zeros(mask.shape, dtype=np.bool_)
    result[box] = _main_pieces(union | ndimage.binary_closing(union), inside)
    return result


def edge_mm(spacing_mm: Triple) -> float:
    """Edge of a supervoxel."""
    return float(np.cbrt(max(SUPERVOXEL_MM3, SUPERVOXEL_VOXELS * float(np.prod(spacing_mm)))))


def _supervoxels(values: Values, inside: BoolArray, spacing_mm: Triple) -> npt.NDArray[np.int64]:
    """Label of the supervoxel of each voxel, from 0 on; intensities as far as the region's go, smoothed by a voxel."""
    spacing, region = np.array(spacing_mm), values[inside].astype(np.float64)
    low, width = region.mean() - INTENSITY_SD * region.std(), 2 * INTENSITY_SD * region.std() or 1.0
    scaled = np.clip((values - low) / width, 0, 1)
    smooth = ndimage.gaussian_filter(scaled, spacing.min() / spacing).astype(np.float32)
    # A cell larger than the image ends ITK 5.4 (SimpleITK 2.5) with a segmentation fault.
    cells = np.clip(np.rint(edge_mm(spacing_mm) / spacing), 1, values.shape).astype(int)
    slic = sitk.SLICImageFilter()
    slic.SetNumberOfThreads(1)
    slic.SetSuperGridSize(cells[::-1].tolist())
    slic.SetSpatialProximityWeight(COMPACTNESS)
    slic.SetMaximumNumberOfIterations(ITERATIONS)
    labels: npt.NDArray[np.int64] = sitk.GetArrayFromImage(slic.Execute(sitk.GetImageFromArray(smooth))).astype(
        np.int64
    )
    return labels


def _main_pieces(union: BoolArray, inside: BoolArray) -> BoolArray:
    """For each part of the old region, the piece of the new one that has most of it, if any has some."""
    pieces, _ = ndimage.label(union, structure=TOUCHING)
    parts, n_parts = ndimage.label(inside, structure=TOUCHING)
    shared = [np.bincount(pieces[parts == part])[1:] for part in range(1, n_parts + 1)]
    kept = [int(np.argmax(counts)) + 1 for counts in shared if counts.sum()]
    result: BoolArray = np.isin(pieces, kept)
    return result
