"""One series to a volume, one region to a mask: what the command line offers and what a batch repeats."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np

from radiogenomics.config import load_section
from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.intensity import correct_bias, percentile, zscore
from radiogenomics.imaging.nifti import write_nifti
from radiogenomics.imaging.segmentation import read_mask
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.standard_scale import landmarks
from radiogenomics.imaging.volume import Volume, read_grid, read_volume, write_volume

logger = logging.getLogger(__name__)


def convert(*, series: Path, select: str, settings: str, volume: Path) -> None:
    """Convert one DICOM series to a NIfTI volume with a JSON sidecar beside it.

    Raises
    ------
    MissingFileError, SeriesError, QuantityError
        The folder does not hold one volume; see `radiogenomics.imaging.series.read_series`.
    """
    section = load_section(Imaging, settings)
    write_volume(in_quantities(read_volume(read_series(series, section, select)), section), volume)


def mask(*, segmentation: Path, volume: Path, roi: str, settings: str, mask: Path) -> None:
    """Put one region of a segmentation on the grid of a NIfTI volume.

    With the sidecar that `convert` wrote, a segmentation of other images is refused; without it, geometry alone
    decides.

    Raises
    ------
    MissingFileError, UnreadableVolumeError, SidecarError, SegmentationError, SeriesError
    """
    section = load_section(Imaging, settings)
    grid, references = read_grid(volume, section.mask_tolerance_mm)
    voxels = read_mask(segmentation, roi, grid, references, section)
    logger.info("region %r: %d voxels", roi, np.count_nonzero(voxels))
    write_nifti(voxels.view(np.uint8), grid, mask)


def in_quantities(volume: Volume, settings: Imaging) -> Volume:
    """Volume with the intensities that the settings ask for: MR may be freed of its bias field and scaled.

    For the standard scale of a cohort only the landmarks are found; intensities stay as they are until all images are
    known.

    Raises
    ------
    QuantityError
        The image has no signal, is flat, or has equal landmarks.
    """
    if volume.series.modality != "MR":
        return volume
    values = correct_bias(volume.values, volume.grid) if settings.mr.bias_correction else volume.values
    if settings.mr.normalisation == "nyul":
        return replace(volume, values=values, landmarks=tuple(landmarks(values).tolist()))
    if settings.mr.normalisation != "none":
        values = {"zscore": zscore, "percentile": percentile}[settings.mr.normalisation](values)
    return replace(volume, values=values)
