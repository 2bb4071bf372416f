"""Outcomes of the analysed patients as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.errors import NoCommonPatientError
from radiogenomics.table import read_provenance

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """``time`` and ``event`` (n_patients,), NaN unless both are known; ``label`` names the time on an axis."""

    name: str
    time: FloatArray
    event: FloatArray
    label: str


def read_outcomes(path: Path, patients: Sequence[str]) -> tuple[Outcome, ...]:
    """Outcomes by name, patients in the given order.

    Raises
    ------
    MissingFileError, TableError, NoCommonPatientError
    """
    frame = tables.OUTCOMES.read(path)
    here = frame[frame["patient_id"].isin(list(patients))]
    if len(frame) and patients and here.empty:
        raise NoCommonPatientError(path, sorted(frame["patient_id"].unique())[:3], patients[:3])
    known = here.dropna(subset=["time", "event"])
    named = read_provenance(path).get("settings", {}).get("outcomes", {}) if path.suffix == ".parquet" else {}
    found = []
    for name in sorted(frame["outcome"].astype(str).unique()):
        rows = known[known["outcome"] == name].set_index("patient_id")[["time", "event"]].astype("float64")
        time, event = rows.reindex(list(patients)).to_numpy().T
        found.append(Outcome(name, time, event, str(named.get(name, {}).get("time", "time"))))
    return tuple(found)
