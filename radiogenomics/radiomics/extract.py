"""Commands: one region, a batch, and the features of all batches in one table."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.config import load_mapping, load_radiomics_settings
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.config.finished import FEATURE_TABLES
from radiogenomics.failures import Failures
from radiogenomics.imaging.standard_scale import CohortScale
from radiogenomics.provenance import Provenance, digests
from radiogenomics.radiomics.engine import Feature, features_in
from radiogenomics.radiomics.errors import NoSettingsError
from radiogenomics.radiomics.finished import read_feature_table, regions_of
from radiogenomics.radiomics.images import Image, read_image
from radiogenomics.table import read_provenance

logger = logging.getLogger(__name__)


def extract(*, volume: Path, mask: Path, settings: str, features: Path) -> None:
    """Extract the features of one region; patient and image are named after the volume's file."""
    options = load_radiomics_settings(settings)
    name = volume.name.removesuffix(".gz").removesuffix(".nii").removesuffix(".nrrd")
    keys = {"patient_id": name, "image_id": name, "role": "image", "roi": "region"}
    frame = _frame(features_in(read_image(volume), volume, mask, options), keys, volume)
    tables.FEATURES.write(
        frame, features, Provenance("radiomics", options.model_dump(mode="json"), digests([volume, mask]))
    )
    logger.info("%s: %d features", volume.name, len(frame))


def extract_batch(
    *, images: Path, results: Path, settings: str, scale: Path | None, features: Path, failures: Path
) -> None:
    """Extract the features of every region of a batch, reading an image once.

    ``settings`` is JSON by modality; ``scale`` is the standard scale of the cohort's MR images, if there is one.
    """
    by_modality = {key: RadiomicsSettings.model_validate(value) for key, value in json.loads(settings).items()}
    failed = Failures("radiomics")
    read = image_reader(scale)
    inputs = digests([images] if scale is None else [images, scale])
    with tables.FEATURES.writer(features, Provenance("radiomics", json.loads(settings), inputs)) as write:
        for row in tables.IMAGES.read(images).to_dict("records"):
            with failed.guard(row["patient_id"], image_id=row["image_id"], roi=row["roi"]):
                options = by_modality.get(row["modality"])
                if options is None:
                    raise NoSettingsError(row["modality"], tuple(by_modality))
                keys = {key: row[key] for key in ("patient_id", "image_id", "role", "roi")}
                volume, mask = results / row["volume"], results / row["mask"]
                image = read(volume, row["image_id"], row["modality"])
                write(_frame(features_in(image, volume, mask, options), keys, volume))
    failed.write(failures)


def image_reader(scale: Path | None) -> Callable[[Path, str, str], Image]:
    """What reads a volume, by file, image and modality, on the standard scale of the cohort's MR images if given.

    The last image is kept: its regions follow one another.
    """
    standard = CohortScale.read(scale) if scale is not None else None

    @lru_cache(maxsize=1)
    def read(volume: Path, image_id: str, modality: str) -> Image:
        image = read_image(volume)
        if standard is None or modality != "MR":
            return image
        return replace(image, array=standard.apply(image_id, image.array))

    return read


def gather(*, parts: Sequence[Path], finished: str, features: Path) -> None:
    """Put the tables of all batches, and finished tables of the user's, into one; memory is that of one of them.

    ``finished`` is JSON: path or mapping of each of the user's tables by its name. Without ``parts`` the study has no
    images, and the tables say who is in it.
    """
    given = load_mapping(FEATURE_TABLES, finished)
    settings = read_provenance(parts[0]).get("settings", {}) if parts else {}
    provenance = Provenance("radiomics", settings, digests([*parts, *(table.file for table in given.values())]))
    regions = regions_of(parts) if given and parts else None
    rows = 0
    with tables.FEATURES.writer(features, provenance) as write:
        for part in parts:
            frame = tables.FEATURES.read(part)
            write(frame)
            rows += len(frame)
        for name, table in given.items():
            frame = read_feature_table(name, table, regions)
            write(frame)
            rows += len(frame)
    logger.info("%d feature values", rows)


def _frame(found: list[Feature], keys: dict[str, str], volume: Path) -> pd.DataFrame:
    columns = {
        "image_type": [feature.image_type for feature in found],
        "family": [feature.family for feature in found],
        "feature": [feature.name for feature in found],
        "value": [feature.value for feature in found],
        "note": [feature.note for feature in found],
        "source": [feature.source for feature in found],
    }
    return tables.FEATURES.conform(pd.DataFrame({**keys, **columns}), volume.name)
