"""Command: fetch the series and segmentations of a batch that stand on servers."""

import hashlib
import json
import logging
from pathlib import Path

import pydicom

from radiogenomics.cohort.sheet_rows import REMOTE_PATTERN, is_remote
from radiogenomics.config import load_section
from radiogenomics.config.cohort import Pacs
from radiogenomics.failures import Failures
from radiogenomics.files import whole_directory
from radiogenomics.pacs.dicomweb import DicomWeb

logger = logging.getLogger(__name__)


def fetch_batch(*, images: str, settings: str, directory: Path, failures: Path) -> None:
    """Write ``<directory>/<image_id>/series`` and ``…/segmentation`` for every location on a server.

    A folder appears when all of its instances have arrived, never before.
    """
    options = load_section(Pacs, settings)
    failed = Failures("pacs")
    directory.mkdir(parents=True, exist_ok=True)
    for row in json.loads(images):
        with failed.guard(row["patient_id"], image_id=row["image_id"], roi=row["roi"]):
            for part in ("series", "segmentation"):
                if is_remote(row[part]):
                    fetch(row[part], options, directory / row["image_id"] / part)
    failed.write(failures)


def fetch(location: str, settings: Pacs, folder: Path) -> None:
    """Fetch one ``dicomweb:SERVER/STUDY_UID/SERIES_UID`` into ``folder``.

    Files are named after a digest of their SOPInstanceUID, so that the order of arrival does not matter.
    """
    found = REMOTE_PATTERN.match(location)
    if found is None:
        raise ValueError(location)  # the images sheet has been checked
    server = DicomWeb(found["server"], settings)
    with whole_directory(folder) as staging:
        count = server.retrieve(found["study"], found["series"], staging)
        for path in sorted(staging.glob("*.part")):
            uid = str(pydicom.dcmread(path, specific_tags=["SOPInstanceUID"], stop_before_pixels=True).SOPInstanceUID)
            path.rename(staging / f"{hashlib.blake2b(uid.encode(), digest_size=12).hexdigest()}.dcm")
    logger.info("fetched %d instances from %s", count, found["server"])
