"""Gene fusions from a table: both partners are altered."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.files import Owners, read_columns
from radiogenomics.genomics.markers.rows import ALTERED, NOT_ASSAYED, WILD_TYPE, Block, note

HINT = "columns `sample`, `gene5` and `gene3`; a sample without fusions has a row without genes"


def read_fusions(path: Path) -> pd.DataFrame:
    """Sample and partners of each row, as text.

    Raises
    ------
    MissingFileError, MarkersError
    """
    rows = read_columns(path, ("sample", "gene5", "gene3"), (), HINT)
    if (bad := (rows["sample"] == "")).any():
        raise MarkersError(path, f"line {int(bad.to_numpy().argmax()) + 2}: no sample", HINT)
    return rows


def fusion_block(path: Path, owners: Owners, patients: Sequence[str]) -> Block | None:
    """Markers ``GENE:fusion``; None if nobody has a fusion. A patient without a row was not assayed.

    Raises
    ------
    MissingFileError, MarkersError
    """
    rows = read_fusions(path)
    owner = owners.of(path, rows["sample"])
    place = {patient: number for number, patient in enumerate(patients)}
    rows = rows[rows["sample"].isin(owner)]
    found: dict[str, set[int]] = {}
    for sample, *partners in rows.itertuples(index=False):
        for gene in filter(None, partners):
            found.setdefault(gene, set()).add(place[owner[sample]])
    if not found:
        return None
    tested = [place[patient] for patient in owner.values()]
    states = np.full((len(found), len(patients)), NOT_ASSAYED, np.int8)
    states[:, tested] = WILD_TYPE
    for row, carriers in enumerate(found.values()):
        states[row, sorted(carriers)] = ALTERED
    notes = np.where(states == NOT_ASSAYED, note("not in the file"), 0).astype(np.int8)
    return Block("fusions", [(f"{gene}:fusion", gene, "fusion") for gene in found], states, notes)
