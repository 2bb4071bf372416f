"""The images of one batch: volume, sidecar, mask and picture of each, one table, and why the others have none."""

import json
import logging
from pathlib import Path

import numpy as np

from radiogenomics import tables
from radiogenomics.cohort.sheets import ImageRow, is_remote
from radiogenomics.config import load_section
from radiogenomics.config.models import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.failures import Failures
from radiogenomics.files import whole_directory
from radiogenomics.imaging.nifti import write_nifti
from radiogenomics.imaging.overlay import write_overlay
from radiogenomics.imaging.quality import MaskQuality, assess
from radiogenomics.imaging.segmentation import read_mask
from radiogenomics.imaging.segmentation_errors import NoSegmentationError, PaddedRegionError
from radiogenomics.imaging.series import Series, read_series
from radiogenomics.imaging.volume import read_volume, write_volume
from radiogenomics.provenance import Provenance

logger = logging.getLogger(__name__)


def convert_batch(
    *, images: str, fetched: Path | None, settings: str, directory: Path, table: Path, failures: Path
) -> None:
    """Convert the images and masks of a batch.

    Parameters
    ----------
    images : str
        JSON list with the rows of the images sheet.
    fetched : Path or None
        Folder of what was fetched from servers: ``<image_id>/series`` and ``<image_id>/segmentation``. An image that is
        not there gets no row; the stage that fetches has recorded why.
    settings : str
        The section ``imaging`` of the configuration, as JSON or the path of a YAML file.
    directory : Path
        Folder to write to, replaced as a whole; ``<results>/imaging/<batch>``, since file names in the table are
        relative to the results folder.
    table, failures : Path
        Tables to write: what was converted, and what was not and why.
    """
    rows = [ImageRow(**row) for row in json.loads(images)]
    section = load_section(Imaging, settings)
    refused = Failures("imaging")
    converted: list[dict[str, object]] = []
    with whole_directory(directory) as folder:
        for row in rows:
            with refused.guard(row.patient_id, image_id=row.image_id, roi=row.roi):
                sources = _sources(row, fetched)
                if sources is None:
                    logger.info("image %s was not fetched", row.image_id)
                    continue
                converted.append(_convert(row, *sources, section, folder, f"{directory.parent.name}/{directory.name}"))
    provenance = Provenance("imaging", section.model_dump(mode="json"))
    tables.IMAGES.write(tables.IMAGES.frame(converted), table, provenance)
    refused.write(failures)
    logger.info("%d of %d images converted", len(converted), len(rows))


def _sources(row: ImageRow, fetched: Path | None) -> tuple[Path, Path] | None:
    """Series folder and segmentation; None where one of them should have been fetched and was not."""
    if not row.segmentation:
        raise NoSegmentationError(row.image_id)
    found = []
    for kind, location in (("series", row.series), ("segmentation", row.segmentation)):
        if is_remote(location):
            if fetched is None:
                raise MissingFileError(Path(location), f"{kind} to be fetched from a server")
            if not (path := fetched / row.image_id / kind).is_dir():
                return None
            found.append(path)
        else:
            found.append(Path(location))
    return found[0], found[1]


def _convert(
    row: ImageRow, source: Path, drawn: Path, settings: Imaging, folder: Path, place: str
) -> dict[str, object]:
    """Write the four files of one image and give its row; nothing is left behind where it is refused."""
    files = {
        kind: f"{row.image_id}{end}"
        for kind, end in (("volume", ".nii.gz"), ("mask", ".mask.nii.gz"), ("overlay", ".png"))
    }
    series = read_series(source, settings)
    mask = read_mask(drawn, row.roi, series.grid, series.references, settings)
    volume = read_volume(series)
    if padded := volume.padded_within(mask):
        raise PaddedRegionError(drawn, row.roi, padded, int(np.count_nonzero(mask)))
    write_overlay(volume.values, mask, series.grid, series.modality, folder / files["overlay"])
    write_nifti(mask.astype(np.uint8), series.grid, folder / files["mask"])
    record = write_volume(volume, folder / files["volume"])
    return {
        **{key: getattr(row, key) for key in ("image_id", "patient_id", "role", "roi")},
        **{kind: f"{place}/{name}" for kind, name in files.items()},
        **_facts(series, assess(mask, series.grid)),
        "voxel_hash": record["voxel_hash"],
    }


def _facts(series: Series, quality: MaskQuality) -> dict[str, object]:
    n_slices, n_rows, n_columns = series.grid.shape
    spacing_z, spacing_y, spacing_x = series.grid.spacing_mm
    return {
        **{"modality": series.modality, "unit": series.unit},
        **{"n_columns": n_columns, "n_rows": n_rows, "n_slices": n_slices},
        **{"spacing_x_mm": spacing_x, "spacing_y_mm": spacing_y, "spacing_z_mm": spacing_z},
        **{"roi_voxels": quality.voxels, "roi_volume_ml": quality.volume_ml, "roi_slices": quality.slices},
        **{"roi_components": quality.components, "roi_touches_border": quality.touches_border},
        **series.acquisition.record(),
    }
