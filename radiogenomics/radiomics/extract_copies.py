"""Command: the features of changed copies of the images of a batch; the copies themselves are never written."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.config.perturbations import Copies
from radiogenomics.errors import RadiogenomicsError
from radiogenomics.failures import Failures
from radiogenomics.provenance import Provenance, digests
from radiogenomics.radiomics.copies import counts, maker, stream
from radiogenomics.radiomics.engine import features_of
from radiogenomics.radiomics.errors import CopiesFailedError
from radiogenomics.radiomics.extract import image_reader
from radiogenomics.radiomics.images import Image, read_mask, require_finite
from radiogenomics.radiomics.region import BoolArray

logger = logging.getLogger(__name__)
KEYS = ("patient_id", "image_id", "role", "roi")


def extract_copies(
    *,
    images: Path,
    features: Path,
    results: Path,
    settings: str,
    copies: str,
    scale: Path | None,
    table: Path,
    failures: Path,
) -> None:
    """Change each region of a batch as often as asked for, and extract its features each time.

    Parameters
    ----------
    images, features : Path
        Images and features of the batch. A region without features is left out: why stands in its failures already.
    results : Path
        Folder that the images table's files are relative to.
    settings, copies : str
        JSON: extraction settings by modality, and what is changed how often (``config.perturbations.Copies``).
    scale : Path or None
        Standard scale of the cohort's MR images, if there is one.
    table, failures : Path
        Tables to write; a copy that fails is missing, and one row of a region and kind says so.
    """
    by_modality = {key: RadiomicsSettings.model_validate(value) for key, value in json.loads(settings).items()}
    wanted = load_section(Copies, copies)
    read = image_reader(scale)
    failed = Failures("radiomics")
    extracted = set(tables.FEATURES.read(features)[list(KEYS)].drop_duplicates().itertuples(index=False, name=None))
    inputs = digests([images] if scale is None else [images, scale])
    record = {"settings": json.loads(settings), "copies": wanted.model_dump(mode="json")}
    with tables.COPIES.writer(table, Provenance("radiomics", record, inputs)) as write:
        for row in tables.IMAGES.read(images).to_dict("records"):
            keys = {key: str(row[key]) for key in KEYS}
            if tuple(keys.values()) not in extracted:
                continue
            volume, mask = results / row["volume"], results / row["mask"]
            for kind, number in counts(wanted).items():
                with failed.guard(keys["patient_id"], image_id=keys["image_id"], roi=keys["roi"]):
                    image = read(volume, row["image_id"], row["modality"])
                    region = read_mask(mask, image, volume)
                    require_finite(volume, image.array)
                    options, problems = by_modality[row["modality"]], list[tuple[int, RadiogenomicsError]]()
                    made = _copies(image, region, options, wanted, keys, kind, (volume, mask), problems)
                    if frames := list(made):
                        write(pd.concat(frames, ignore_index=True))
                    if problems:
                        raise CopiesFailedError(kind, number, problems)
    failed.write(failures)


def _copies(
    image: Image,
    region: BoolArray,
    options: RadiomicsSettings,
    wanted: Copies,
    keys: dict[str, str],
    kind: str,
    files: tuple[Path, Path],
    problems: list[tuple[int, RadiogenomicsError]],
) -> Iterator[pd.DataFrame]:
    """Features of the copies of one kind; one that fails goes to ``problems``, and the next is made."""
    make = maker(kind, image, region, wanted.perturbations)
    for number in range(1, counts(wanted)[kind] + 1):
        random = stream(wanted.perturbations.seed, tuple(keys.values()), kind, number)
        try:
            found = features_of(*make(random), options, *files)
        except RadiogenomicsError as error:
            problems.append((number, error))
            continue
        yield pd.DataFrame(
            {
                **keys,
                "kind": kind,
                "copy": number,
                "feature": [feature.name for feature in found],
                "value": [feature.value for feature in found],
                "note": [feature.note for feature in found],
            }
        )
