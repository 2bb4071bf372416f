"""Finished tables of markers of the user's, long or wide."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from radiogenomics.config.finished import FinishedMarkers
from radiogenomics.errors import listing
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.files import numbers, read_text
from radiogenomics.genomics.markers.rows import NO_STATE, NOT_ASSAYED, STATES, Block, note

HINT = (
    "column `patient_id`, and either `marker` and `value` or a column for each marker; values are states, 0 and 1, or"
    " numbers"
)
RECODING = "give every text a state in `values`, or name it in `missing`"
WORDS = {name: place for place, name in enumerate(STATES)} | {
    **dict.fromkeys(("1", "1.0", "true", "True", "TRUE"), 0),
    **dict.fromkeys(("0", "0.0", "false", "False", "FALSE"), 1),
}


def finished_block(name: str, table: FinishedMarkers, patients: Sequence[str]) -> Block | None:
    """Markers ``MARKER:NAME``; None if the table has none.

    A marker of which every value is a state, 0 or 1 is binary; any other is a number. Where the configuration says
    what texts mean, every value is one of these texts.

    Raises
    ------
    MissingFileError, MarkersError
        A column is missing, a patient and marker stand twice, or a value is neither a state nor a number.
    """
    path, words = table.file, {text: STATES.index(state) for text, state in table.values.items()} or WORDS
    frame = _long(table)
    if table.values and (strange := sorted(set(frame["value"]) - {"", *table.values})):
        raise MarkersError(path, f"values that `values` does not name: {listing(strange)}", RECODING)
    if (repeated := frame.duplicated(["patient_id", "marker"])).any():
        row = frame[repeated].iloc[0]
        raise MarkersError(path, f"{row['marker']!r} of patient {row['patient_id']!r} stands twice", HINT)
    if len(frame) and not frame["patient_id"].isin(patients).any():
        raise MarkersError(path, f"none of its patients is of the study: {frame['patient_id'].iloc[0]!r}", HINT)
    wide = frame.pivot_table(index="marker", columns="patient_id", values="value", aggfunc="first")
    present = np.isin(np.array(patients, object), list(wide.columns))
    wide = wide.reindex(columns=list(patients), fill_value="").fillna("")
    names, states, values = [], [], []
    for marker, row in wide.iterrows():
        binary = row[row != ""].isin(words).all()
        states.append(row.map(words).fillna(NOT_ASSAYED).to_numpy() if binary else np.full(len(row), NO_STATE))
        values.append(np.full(len(row), np.nan) if binary else numbers(path, row, HINT).to_numpy())
        names.append((f"{marker}:{name}", str(marker), name))
    if not names:
        return None
    state, value = np.array(states, np.int8), np.array(values, float)
    unknown = (state == NOT_ASSAYED) | ((state == NO_STATE) & np.isnan(value))
    notes = np.where(unknown, np.where(present, note("no value"), note("not in the file")), 0)
    return Block(name, names, state, notes.astype(np.int8), values=value)


def patients_of(table: FinishedMarkers) -> list[str]:
    """Patients that a table names, in the study or not.

    Raises
    ------
    MissingFileError, MarkersError
    """
    return list(dict.fromkeys(_long(table)["patient_id"]))


def _long(table: FinishedMarkers) -> pd.DataFrame:
    """Patient, marker and value of the chosen markers, as text."""
    frame = read_text(table.file, HINT)
    if table.patient_id not in frame:
        found = f"no column {table.patient_id!r}; it has {listing(list(frame.columns))}"
        raise MarkersError(table.file, found, HINT)
    if table.patient_id != "patient_id" and "patient_id" in frame:
        found = f"a column 'patient_id' beside {table.patient_id!r}, which is to name the patient"
        raise MarkersError(table.file, found, HINT)
    frame = frame.rename(columns={table.patient_id: "patient_id"})
    if not {"marker", "value"} <= set(frame.columns):
        frame = frame[
            ["patient_id", *(column for column in map(str, frame) if column != "patient_id" and table.chosen(column))]
        ]
        frame = frame.melt(id_vars="patient_id", var_name="marker", value_name="value")
    frame = frame.loc[[table.chosen(marker) for marker in frame["marker"]], ["patient_id", "marker", "value"]]
    if not len(frame):
        raise MarkersError(table.file, f"no value of a marker that fits {listing(table.columns)}", HINT)
    patients = frame["patient_id"].str[: table.patient_prefix]
    return frame.assign(patient_id=patients, value=frame["value"].mask(frame["value"].isin(table.missing), ""))
