"""Finished tables of markers of the user's, long or wide."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from radiogenomics.errors import listing
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.files import numbers, read_text
from radiogenomics.genomics.markers.rows import NO_STATE, NOT_ASSAYED, STATES, Block, note

HINT = (
    "column `patient_id`, and either `marker` and `value` or a column for each marker; values are states, 0 and 1, or"
    " numbers"
)
WORDS = {name: place for place, name in enumerate(STATES)} | {
    **dict.fromkeys(("1", "1.0", "true", "True", "TRUE"), 0),
    **dict.fromkeys(("0", "0.0", "false", "False", "FALSE"), 1),
}


def finished_block(name: str, path: Path, patients: Sequence[str]) -> Block | None:
    """Markers ``MARKER:NAME``; None if the table has none.

    A marker of which every value is a state, 0 or 1 is binary; any other is a number.

    Raises
    ------
    MissingFileError, MarkersError
        A column is missing, a patient and marker stand twice, or a value is neither a state nor a number.
    """
    frame = read_text(path, HINT)
    if "patient_id" not in frame:
        raise MarkersError(path, f"no column 'patient_id'; it has {listing(list(frame.columns))}", HINT)
    if not {"marker", "value"} <= set(frame.columns):
        frame = frame.melt(id_vars="patient_id", var_name="marker", value_name="value")
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
        binary = row[row != ""].isin(WORDS).all()
        states.append(row.map(WORDS).fillna(NOT_ASSAYED).to_numpy() if binary else np.full(len(row), NO_STATE))
        values.append(np.full(len(row), np.nan) if binary else numbers(path, row, HINT).to_numpy())
        names.append((f"{marker}:{name}", str(marker), name))
    if not names:
        return None
    state, value = np.array(states, np.int8), np.array(values, float)
    unknown = (state == NOT_ASSAYED) | ((state == NO_STATE) & np.isnan(value))
    notes = np.where(unknown, np.where(present, note("no value"), note("not in the file")), 0)
    return Block(name, names, state, notes.astype(np.int8), values=value)
