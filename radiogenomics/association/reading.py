"""Tables of patients, features and markers as arrays."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.design import Features, FloatArray, Markers
from radiogenomics.association.errors import (
    MixedMarkerError,
    NoCommonPatientError,
    NoLargestRegionError,
    NoPatientColumnError,
    UnknownClassError,
)
from radiogenomics.errors import MissingFileError, TableError
from radiogenomics.table import read_provenance

# A standard deviation of up to this share of the largest number is rounding.
CONSTANT_SD = 1e-12
CARRIER = {"altered": 1.0, "wild_type": 0.0, "not_assayed": np.nan}
REGION = ["patient_id", "image_id", "roi"]
NOT_COVARIATES = tuple(column.name for column in tables.PATIENTS.columns)


def read_patients(path: Path) -> pd.DataFrame:
    """Analysed patients and their covariates, indexed by patient.

    A table without the column ``included`` is a user's own: all of its patients are analysed. Numeric columns are
    covariates as numbers, all others as categories.

    Raises
    ------
    MissingFileError, NoPatientColumnError, TableError
    """
    if not path.is_file():
        raise MissingFileError(path, "covariates table")
    frame = pd.read_csv(path, sep="\t", dtype={"patient_id": str}) if path.suffix == ".tsv" else pd.read_parquet(path)
    if "patient_id" not in frame:
        raise NoPatientColumnError(path, list(frame.columns))
    if "included" in frame:
        if not pd.api.types.is_bool_dtype(frame["included"]):
            raise TableError(
                tables.PATIENTS.name, path.name, ["column 'included' holds other values than True and False"]
            )
        frame = frame[frame["included"].astype(bool)]
    covariates = [name for name in frame.columns if name not in NOT_COVARIATES]
    return frame.set_index("patient_id")[covariates].sort_index()


def read_features(path: Path, patients: Sequence[str], volume_feature: str | None) -> Iterator[Features]:
    """One matrix per role of image, patients in the given order; of several regions of a patient the largest counts.

    The largest is that with the highest value of ``volume_feature``, and of equal ones the first by name.

    Raises
    ------
    NoLargestRegionError
        A patient has several regions in one role, and no feature measures volume.
    """
    everyone = tables.FEATURES.read(path)
    frame = everyone[everyone["patient_id"].isin(list(patients))]
    if len(everyone) and patients and not len(frame):
        raise NoCommonPatientError(path, sorted(everyone["patient_id"].unique())[:3], patients[:3])
    row_of = {patient: index for index, patient in enumerate(patients)}
    for role in sorted(frame["role"].unique()):
        part = _largest_regions(frame[frame["role"] == role], volume_feature)
        names = part[["feature", "image_type", "family"]].drop_duplicates("feature").astype(str)
        names = names.sort_values("feature", ignore_index=True)
        column_of = {name: index for index, name in enumerate(names["feature"])}
        values = np.full((len(patients), len(names)), np.nan)
        values[numbers_of(part["patient_id"], row_of), numbers_of(part["feature"], column_of)] = part["value"]
        regions = part[REGION].astype(str).drop_duplicates(ignore_index=True)
        yield Features(str(role), tuple(patients), names, values, regions)


def numbers_of(column: pd.Series, number_of: Mapping[str, int]) -> NDArray[np.intp]:
    """Number of each row's category, -1 where it has none."""
    codes = column.astype("category").cat
    numbers = np.array([number_of.get(str(name), -1) for name in codes.categories], np.intp)
    return numbers[codes.codes.to_numpy()] if len(numbers) else np.zeros(0, np.intp)


def _largest_regions(part: pd.DataFrame, volume_feature: str | None) -> pd.DataFrame:
    """Features of one region a patient."""
    regions = part[REGION].astype(str).drop_duplicates()
    if not (repeated := regions["patient_id"].duplicated()).any():
        return part
    if volume_feature is None:
        raise NoLargestRegionError(str(part["role"].iloc[0]), sorted(set(regions.loc[repeated, "patient_id"])))
    volumes = part.loc[part["feature"] == volume_feature, ["patient_id", "image_id", "roi", "value"]]
    keyed = regions.merge(volumes.astype({"patient_id": str, "image_id": str, "roi": str}), how="left")
    keyed = keyed.sort_values(["value", "roi"], ascending=[False, True], kind="stable")
    largest = keyed.drop_duplicates("patient_id")[REGION]
    kept = pd.MultiIndex.from_frame(largest)
    return part[pd.MultiIndex.from_frame(part[REGION].astype(str)).isin(kept)]


def read_markers(path: Path, patients: Sequence[str], classes: Sequence[str]) -> Markers:
    """Carrier status, or number, of the wanted classes, patients in the given order.

    A row without a state holds a number. Numbers of a marker are divided by their standard deviation among the given
    patients, after their mean was taken off; a constant one becomes 0. Memory is that of one row group and of the
    matrix; a marker may stand in several row groups.

    Raises
    ------
    UnknownClassError
        The table does not record one of the classes, though it holds others.
    MixedMarkerError
        A marker has states in some rows and numbers in others.
    """
    row_of = {patient: index for index, patient in enumerate(patients)}
    class_of = {name: index for index, name in enumerate(classes)}
    column_of: dict[str, int] = {}
    genes: list[str] = []
    values = np.empty((len(patients), 0))
    seen: set[str] = set()
    with_state: set[int] = set()
    with_number: set[int] = set()
    for frame in marker_frames(path):
        seen |= set(frame["consequence_class"].astype(str).unique())
        rows = numbers_of(frame["patient_id"], row_of)
        wanted = (rows >= 0) & (numbers_of(frame["consequence_class"], class_of) >= 0)
        named = frame.loc[wanted, ["marker", "gene"]].drop_duplicates("marker").astype(str)
        new = named[~named["marker"].isin(column_of)]
        column_of |= {name: len(genes) + index for index, name in enumerate(new["marker"])}
        genes += new["gene"].tolist()
        values = _with_room(values, len(genes))
        place = rows[wanted], numbers_of(frame["marker"], column_of)[wanted]
        state = _carriers(frame["state"])[wanted]
        number = frame["value"].mask(frame["state"].notna()).to_numpy(float)[wanted]
        with_state |= set(place[1][~np.isnan(state)].tolist())
        with_number |= set(place[1][~np.isnan(number)].tolist())
        found = np.where(np.isnan(state), number, state)
        values[place] = np.where(np.isnan(values[place]), found, values[place])
    values = np.ascontiguousarray(values[:, : len(genes)])
    recorded = set(_recorded_classes(path)) or seen
    if recorded and not recorded & set(classes):
        raise UnknownClassError(classes, sorted(recorded))
    if mixed := sorted(with_state & with_number):
        raise MixedMarkerError(path, [list(column_of)[column] for column in mixed])
    numbers = np.zeros(len(genes), np.bool_)
    numbers[sorted(with_number)] = True
    values[:, numbers] = _standardised(values[:, numbers])
    names = pd.DataFrame({"marker": list(column_of), "gene": genes}, dtype=object)
    return Markers(names, values, numbers if numbers.any() else None)


def _carriers(state: pd.Series) -> FloatArray:
    """Carrier status of each row, NaN where the state is missing."""
    codes = state.astype("category").cat
    # The code of a missing state is -1, the last place.
    of_category: FloatArray = np.array([*(CARRIER[str(name)] for name in codes.categories), np.nan], float)
    return of_category[codes.codes.to_numpy()]


def _standardised(values: FloatArray) -> FloatArray:
    """Columns less their mean, in SD (n - 1 degrees of freedom); NaN kept, constant columns 0."""
    n = np.isfinite(values).sum(axis=0)
    left = values - np.nansum(values, axis=0) / np.maximum(n, 1)
    deviation = np.sqrt(np.nansum(left**2, axis=0) / np.maximum(n - 1, 1))
    constant = deviation <= CONSTANT_SD * np.nanmax(np.abs(values), axis=0, initial=0)
    found: FloatArray = np.where(
        np.isnan(values), np.nan, np.where(constant, 0, left / np.where(constant, 1, deviation))
    )
    return found


def _with_room(values: FloatArray, n_columns: int) -> FloatArray:
    """The matrix with at least so many columns, new ones NaN; it grows by half, so that many parts cost few copies."""
    if values.shape[1] >= n_columns:
        return values
    wider = np.full((len(values), max(n_columns, values.shape[1] * 3 // 2)), np.nan)
    wider[:, : values.shape[1]] = values
    return wider


def _recorded_classes(path: Path) -> Sequence[str]:
    """Classes that the table's provenance says were recorded, whether or not anybody carries one."""
    if path.suffix == ".tsv":
        return ()
    settings: dict[str, Sequence[str]] = read_provenance(path).get("settings", {})
    return settings.get("classes", ())


def marker_frames(path: Path) -> Iterator[pd.DataFrame]:
    """The alterations table, row group by row group."""
    if path.suffix == ".tsv" or not path.is_file():
        yield tables.ALTERATIONS.read(path)
        return
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield tables.ALTERATIONS.conform(file.read_row_group(group).to_pandas(), str(path))
