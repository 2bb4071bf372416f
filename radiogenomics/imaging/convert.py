"""One series to a volume, one region to a mask: what the command line offers and what a batch repeats."""

import logging
from pathlib import Path

import numpy as np

from radiogenomics.config.models import Imaging
from radiogenomics.imaging.nifti import write_nifti
from radiogenomics.imaging.segmentation import read_mask
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.volume import read_grid, read_volume, write_volume

logger = logging.getLogger(__name__)


def convert(*, series: Path, volume: Path) -> None:
    """Convert one DICOM series to a NIfTI volume with a JSON sidecar beside it.

    Raises
    ------
    MissingFileError, SeriesError
        The folder does not hold one volume; see `radiogenomics.imaging.series.read_series`.
    """
    write_volume(read_volume(read_series(series, Imaging())), volume)


def mask(*, segmentation: Path, volume: Path, roi: str, mask: Path) -> None:
    """Put one region of a segmentation on the grid of a NIfTI volume.

    With the sidecar that `convert` wrote, a segmentation of other images is refused; without it, geometry alone
    decides.

    Raises
    ------
    MissingFileError, UnreadableVolumeError, SidecarError, SegmentationError, SeriesError
    """
    settings = Imaging()
    grid, references = read_grid(volume, settings.mask_tolerance_mm)
    voxels = read_mask(segmentation, roi, grid, references, settings)
    logger.info("region %r: %d voxels", roi, np.count_nonzero(voxels))
    write_nifti(voxels.astype(np.uint8), grid, mask)
