"""The images of one batch: volume, sidecar, mask and picture of each, one table, and why the others have none."""

import json
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from radiogenomics import tables
from radiogenomics.cohort.sheet_rows import ImageRow, is_remote, segmenter_of
from radiogenomics.config import load_section
from radiogenomics.config.imaging import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.failures import Failures
from radiogenomics.files import whole_directory
from radiogenomics.imaging.convert import in_quantities
from radiogenomics.imaging.nifti import write_nifti
from radiogenomics.imaging.overlay import write_overlay
from radiogenomics.imaging.quality import assess
from radiogenomics.imaging.segmentation import Region, read_regions
from radiogenomics.imaging.segmentation_errors import NoSegmentationError, PaddedRegionError
from radiogenomics.imaging.segmenter import segment
from radiogenomics.imaging.series import Series, read_series
from radiogenomics.imaging.volume import Volume, read_volume, write_volume
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
                place = f"{directory.parent.name}/{directory.name}"
                converted += _convert(row, *sources, section, folder, place, refused)
    provenance = Provenance("imaging", section.model_dump(mode="json"))
    tables.IMAGES.write(tables.IMAGES.frame(converted), table, provenance)
    refused.write(failures)
    logger.info("%d regions of %d images converted", len(converted), len(rows))


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
        else:  # that of a segmenter is made later
            found.append(Path(location))
    return found[0], found[1]


def _convert(
    row: ImageRow, source: Path, drawn: Path, settings: Imaging, folder: Path, place: str, refused: Failures
) -> list[dict[str, object]]:
    """Write the files of one image and give a row for each of its regions.

    Where each of several regions is wanted, one that holds padding goes to ``refused`` and the others stay; else it
    refuses the image. Nothing is written of an image without a region.
    """
    series = read_series(source, settings, row.select)
    volume = in_quantities(read_volume(series), settings)
    regions = _regions(row, drawn, volume, settings)
    each = settings.policies.several_regions == "each" and row.roi in settings.regions
    measured: list[Region] = []
    for region in regions:
        alone = refused.guard(row.patient_id, image_id=row.image_id, roi=region.name) if each else nullcontext()
        with alone:
            _refuse_padding(drawn, region, volume)
            measured.append(region)
    if not measured:
        return []
    name = f"{row.image_id}.nii.gz"
    shared = {
        **{key: getattr(row, key) for key in ("image_id", "patient_id", "role")},
        "volume": f"{place}/{name}",
        "voxel_hash": write_volume(volume, folder / name)["voxel_hash"],
        **_facts(series),
    }
    return [
        {
            **shared,
            "roi": region.name if each else row.roi,
            **_region(region, volume, folder, f"{row.image_id}.{region.number}" if each else row.image_id, place),
        }
        for region in measured
    ]


def _regions(row: ImageRow, drawn: Path, volume: Volume, settings: Imaging) -> Sequence[Region]:
    """Regions of a segmentation that is there, or that a program makes of the volume now."""
    grid, references = volume.series.grid, volume.series.references
    if (program := segmenter_of(row.segmentation)) is None:
        return read_regions(drawn, row.roi, grid, references, settings)
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "volume.nii.gz"
        write_volume(volume, path)
        made = segment(program, settings.segmenters, path, path.with_name(f"{program}.nii.gz"))
        return read_regions(made, row.roi, grid, references, settings)


def _refuse_padding(drawn: Path, region: Region, volume: Volume) -> None:
    if padded := volume.padded_within(region.mask):
        raise PaddedRegionError(drawn, region.name, padded, int(np.count_nonzero(region.mask)))


def _region(region: Region, volume: Volume, folder: Path, stem: str, place: str) -> dict[str, object]:
    """Write mask and picture of a region and give its columns; ``stem`` names the files, its own name may not."""
    series = volume.series
    write_overlay(volume.values, region.mask, series.grid, series.modality, folder / f"{stem}.png", unit=series.unit)
    write_nifti(region.mask.view(np.uint8), series.grid, folder / f"{stem}.mask.nii.gz")
    quality = assess(region.mask, series.grid)
    return {
        "region": region.name,
        "roi_notes": "; ".join(region.notes),
        "mask": f"{place}/{stem}.mask.nii.gz",
        "overlay": f"{place}/{stem}.png",
        **{f"roi_{key}": value for key, value in asdict(quality).items()},
    }


def _facts(series: Series) -> dict[str, object]:
    n_slices, n_rows, n_columns = series.grid.shape
    spacing_z, spacing_y, spacing_x = series.grid.spacing_mm
    return {
        **{"modality": series.modality, "unit": series.unit},
        **{"n_columns": n_columns, "n_rows": n_rows, "n_slices": n_slices},
        **{"spacing_x_mm": spacing_x, "spacing_y_mm": spacing_y, "spacing_z_mm": spacing_z},
        "repairs": "; ".join(str(repair) for repair in series.repairs),
        **series.acquisition.record(),
    }
