"""Command: how the images of all batches were acquired, and which differ from the others."""

import logging
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.imaging.acquisition import FACTS, outliers
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)

COLUMNS = ("image_id", "patient_id", "role", "modality", *FACTS)


def gather(*, parts: list[Path], acquisition: Path) -> None:
    """Write the table of acquisition facts with its outliers; memory is that of one line an image."""
    images = pd.concat([tables.IMAGES.read(path, COLUMNS) for path in parts], ignore_index=True)
    facts = outliers(images)
    settings = tables.read_provenance(parts[0]).get("settings", {})
    tables.ACQUISITION.write(facts, acquisition, Provenance("imaging", settings, digests(parts)))
    logger.info("%d images, %d unusual facts", images["image_id"].nunique(), int(facts["outlier"].sum()))
