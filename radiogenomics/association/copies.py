"""The cohort once more, from changed copies of its images: one matrix of features for each number of a copy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.design import Features
from radiogenomics.association.errors import NoCopiesError
from radiogenomics.association.reading import REGION, numbers_of

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Copied:
    """Copies of one kind of the features of one analysis.

    Parameters
    ----------
    features : Features
        Those of the unchanged images.
    values : (n_copies, n_patients, n_features) float64
        NaN where a copy has none, and everywhere for features of finished tables.
    """

    features: Features
    values: FloatArray

    def __iter__(self) -> Iterator[Features]:
        """The analysis with the features of one copy after the other; those of finished tables stay as they are."""
        extracted = self.features.extracted
        for values in self.values:
            yield replace(self.features, values=np.where(extracted, values, self.features.values))


def read_copies(parts: Sequence[Path], kind: str, features: Features) -> Copied:
    """Read the copies of the regions that an analysis takes; memory is that of one part and of the matrices.

    Raises
    ------
    NoCopiesError
        The tables hold no copy of this kind.
    """
    row_of = {patient: index for index, patient in enumerate(features.patients)}
    column_of = {name: index for index, name in enumerate(features.names["feature"])}
    n_copies = max((_number(part, kind) for part in parts), default=0)
    if not n_copies:
        raise NoCopiesError(kind, list(parts))
    values = np.full((n_copies, len(features.patients), len(column_of)), np.nan)
    for part in parts:
        frame = tables.COPIES.read(part)
        frame = frame[(frame["kind"] == kind) & (frame["role"] == features.analysis)]
        frame = _of_regions(frame, features.regions)
        rows, columns = numbers_of(frame["patient_id"], row_of), numbers_of(frame["feature"], column_of)
        known = (rows >= 0) & (columns >= 0)
        place = frame["copy"].to_numpy(int)[known] - 1, rows[known], columns[known]
        values[place] = frame["value"].to_numpy(float)[known]
    return Copied(features, values)


def _number(part: Path, kind: str) -> int:
    """Largest number of a copy of a kind; what a batch without a patient of the kind was asked for does not count."""
    frame = tables.COPIES.read(part, ["kind", "copy"])
    found = frame.loc[frame["kind"].astype(str) == kind, "copy"]
    return int(found.max()) if len(found) else 0


def _of_regions(frame: pd.DataFrame, regions: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of the given regions, all if they are not known."""
    if regions is None or not len(frame):
        return frame
    own = frame[REGION].astype(str)
    distinct = own.drop_duplicates()
    if not (unwanted := ~pd.MultiIndex.from_frame(distinct).isin(pd.MultiIndex.from_frame(regions[REGION]))).any():
        return frame
    left_out = pd.MultiIndex.from_frame(distinct[unwanted])
    return frame[~pd.MultiIndex.from_frame(own).isin(left_out)]
