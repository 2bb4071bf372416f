"""Command: how well features repeat themselves in perturbed copies of the images, and which of them are tested."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.audit import together
from radiogenomics.association.copies import Copied, read_copies
from radiogenomics.association.reading import read_features, read_patients
from radiogenomics.association.stability import NEAR_CONSTANT, Model, components, icc, variety
from radiogenomics.config import load_section
from radiogenomics.config.association import Association
from radiogenomics.provenance import Provenance, digests
from radiogenomics.table import read_provenance

logger = logging.getLogger(__name__)
# Features at a time: 500 patients with 20 copies take some 20 MB for each array of squares.
CHUNK = 256


def write_stability(
    *, features: Path, covariates: Path, copies: Sequence[Path], settings: str, stability: Path
) -> None:
    """Write the stability of each extracted feature over the perturbed copies of the analysed patients.

    Raises
    ------
    MissingFileError, TableError, NoCommonPatientError, NoLargestRegionError
        As ``association test``.
    NoCopiesError
        No batch has a perturbed copy.
    """
    options = load_section(Association, settings)
    patients = list(read_patients(covariates).index)
    parts = [tables.STABILITY.frame([])]
    for part in read_features(features, patients, options.volume_feature):
        parts.append(stability_frame(read_copies(copies, tables.COPY_KINDS[0], part), options))
        _tell(parts[-1], options)
    made = read_provenance(copies[0]).get("settings", {}).get("copies", {})
    record = {
        "min_icc_low": options.min_icc_low,
        "volume_feature": options.volume_feature,
        "perturbations": made.get("perturbations", {}),
    }
    provenance = Provenance("association", record, digests([features, covariates, *copies]))
    tables.STABILITY.write(together(tables.STABILITY, parts), stability, provenance)


def stability_frame(copied: Copied, options: Association) -> pd.DataFrame:
    """Rows of ``tables.STABILITY``, a row for each feature that was extracted from images.

    Copies of a patient are drawn on their own and have no identity across patients, so the coefficient is ICC(1,1).
    """
    columns = np.flatnonzero(copied.features.extracted)
    starts = range(0, len(columns), CHUNK)
    return together(
        tables.STABILITY,
        [tables.STABILITY.frame([]), *(_rows(copied, columns[start : start + CHUNK], options) for start in starts)],
    )


def _rows(copied: Copied, columns: NDArray[np.intp], options: Association) -> pd.DataFrame:
    ratings = copied.values[:, :, columns].transpose(1, 0, 2)
    found = icc(ratings, Model.ONE_WAY)
    between, within = components(ratings)
    absent = ~np.isfinite(ratings).any(axis=(0, 1))
    flag = np.where(absent, 1, np.where(found.flag > 0, found.flag + 1, 0))
    passes: list[bool | None] = [None] * len(columns)
    if options.min_icc_low is not None:
        passes = found.stable(options.min_icc_low).tolist()
    frame = pd.DataFrame(
        {
            "analysis": copied.features.analysis,
            "feature": copied.features.names["feature"].to_numpy(object)[columns],
            "form": str(Model.ONE_WAY),
            "icc": found.icc,
            "icc_low": found.low,
            "icc_high": found.high,
            "n": found.n,
            "k": ratings.shape[1],
            "between": between,
            "within": within,
            "near_constant": variety(copied.features.values[:, columns]).near_constant(**NEAR_CONSTANT),
            "passes": passes,
            "flag": np.array(tables.UNSTABLE_REASONS, object)[flag],
        }
    )
    return tables.STABILITY.conform(frame, tables.STABILITY.name)


def _tell(rows: pd.DataFrame, options: Association) -> None:
    if not len(rows):
        return
    known = rows["flag"].astype(str) == ""
    logger.info(
        "%s: ICC of %d of %d features over %d copies, median %.3f",
        *(rows["analysis"].iloc[0], int(known.sum()), len(rows), int(rows["k"].iloc[0])),
        rows["icc"].median(),
    )
    if options.min_icc_low is not None:
        logger.info(
            "%d features have a lower bound of %g or more and are tested",
            int(rows["passes"].sum()),
            options.min_icc_low,
        )
