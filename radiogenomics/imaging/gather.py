"""Commands on the images of all batches: how they were acquired, and the standard scale of their intensities."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.imaging.acquisition import FACTS, outliers
from radiogenomics.imaging.quantity_errors import FewImagesError
from radiogenomics.imaging.standard_scale import LANDMARK_PERCENTILES, fit_scale
from radiogenomics.imaging.volume import read_landmarks
from radiogenomics.provenance import Provenance, digests
from radiogenomics.table import read_provenance

logger = logging.getLogger(__name__)

COLUMNS = ("image_id", "patient_id", "role", "modality", *FACTS)
# Fewer images of a role do not make a scale: one odd image would move it by more than 20 % of its distance.
MIN_IMAGES = 5


def gather(*, parts: list[Path], acquisition: Path) -> None:
    """Write the table of acquisition facts with its outliers; memory is that of one line an image."""
    images = pd.concat([tables.IMAGES.read(path, COLUMNS) for path in parts], ignore_index=True)
    facts = outliers(images)
    settings = read_provenance(parts[0]).get("settings", {})
    tables.ACQUISITION.write(facts, acquisition, Provenance("imaging", settings, digests(parts)))
    logger.info("%d images, %d unusual facts", images["image_id"].nunique(), int(facts["outlier"].sum()))


def scale(*, parts: list[Path], results: Path, scale: Path) -> None:
    """Fit one standard scale a role on the landmarks of its MR images, which the sidecars of the volumes hold.

    Parameters
    ----------
    parts : list of Path
        Images tables of all batches.
    results : Path
        Results folder that the tables' files are relative to.
    scale : Path
        Table to write: the landmarks of each image and what they become.

    Raises
    ------
    FewImagesError
        A role has fewer than `MIN_IMAGES` MR images.
    MissingFileError, SidecarError
        A volume was converted without landmarks.
    """
    columns = ("image_id", "patient_id", "role", "modality", "volume")
    images = pd.concat([tables.IMAGES.read(path, columns) for path in parts], ignore_index=True)
    images = images[images["modality"] == "MR"].drop_duplicates("image_id").sort_values("image_id")
    counts = images["role"].astype(str).value_counts().sort_index()
    if (few := counts[counts < MIN_IMAGES]).size:
        raise FewImagesError({str(role): int(n) for role, n in few.items()}, MIN_IMAGES)
    fitted = [_fitted(members, results) for _, members in images.groupby("role", observed=True)]
    settings = read_provenance(parts[0]).get("settings", {})
    frame = pd.concat([tables.SCALE.frame([]), *fitted], ignore_index=True)
    tables.SCALE.write(frame, scale, Provenance("imaging", settings, digests(parts)))
    logger.info("standard scale: %s", ", ".join(f"{role}: {n} images" for role, n in counts.items()) or "no MR image")


def _fitted(images: pd.DataFrame, results: Path) -> pd.DataFrame:
    """Rows of the images of one role."""
    own = np.array([read_landmarks(results / volume) for volume in images["volume"]])
    count = len(LANDMARK_PERCENTILES)
    repeated = {name: images[name].astype(str).repeat(count) for name in ("image_id", "patient_id", "role")}
    return pd.DataFrame(
        {
            **repeated,
            "percentile": np.tile(LANDMARK_PERCENTILES, len(images)),
            "landmark": own.ravel(),
            "standard": np.tile(fit_scale(own), len(images)),
            "n": len(images),
        }
    )
