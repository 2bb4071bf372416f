"""Command: the outcomes of the patients sheet as a table."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.cohort.sheets import read_patients
from radiogenomics.config import load_section
from radiogenomics.config.cohort import Cohort
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)


def outcomes(*, patients: Path, settings: str, table: Path) -> None:
    """Write one row for each patient of the sheet and outcome; a missing time or event is missing.

    Raises
    ------
    MissingFileError, SheetError
    """
    named = load_section(Cohort, settings).outcomes
    rows = read_patients(patients, {}, named)
    frame = pd.DataFrame(
        {
            "outcome": np.repeat(list(named), len(rows)),
            "patient_id": [row.patient_id for row in rows] * len(named),
            "time": np.array([row.outcomes[name].time for name in named for row in rows], np.float64),
            "event": pd.array([row.outcomes[name].event for name in named for row in rows], "boolean").astype("Int8"),
        }
    )
    record = {"outcomes": {name: outcome.model_dump() for name, outcome in named.items()}}
    tables.OUTCOMES.write(frame, table, Provenance("cohort", record, digests([patients])))
    for name, part in frame.groupby("outcome", sort=True):
        known = part.dropna()
        logger.info(
            "%s: %d patients with %d events, %d missing", name, len(known), known["event"].sum(), len(part) - len(known)
        )
