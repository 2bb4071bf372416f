"""Tables to matrices: features by patient, markers by patient, and the design of each model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import special, stats

from radiogenomics import tables
from radiogenomics.association.errors import (
    NoCommonPatientError,
    NoPatientColumnError,
    NoVolumeFeatureError,
    UnknownClassError,
    VolumeNotPositiveError,
)
from radiogenomics.errors import MissingFileError, TableError

FloatArray = NDArray[np.float64]
BLOM = 3 / 8
CARRIER = {"altered": 1.0, "wild_type": 0.0, "not_assayed": np.nan}
NOT_COVARIATES = tuple(column.name for column in tables.PATIENTS.columns)


@dataclass(frozen=True)
class Features:
    """Features of one role of image: ``values`` (n_patients, n_features), NaN where missing; ``names`` a row each."""

    analysis: str
    patients: tuple[str, ...]
    names: pd.DataFrame
    values: FloatArray

    def volume(self, feature: str) -> FloatArray:
        """The volume of each patient (n_patients,).

        Raises
        ------
        NoVolumeFeatureError, VolumeNotPositiveError
        """
        names = self.names["feature"].tolist()
        if feature not in names:
            raise NoVolumeFeatureError(feature, self.analysis, [name for name in names if "_shape_" in name])
        volume = self.values[:, names.index(feature)]
        bad = [patient for patient, value in zip(self.patients, volume, strict=True) if value <= 0]
        if bad:
            raise VolumeNotPositiveError(feature, bad)
        return volume


@dataclass(frozen=True)
class Markers:
    """Carrier status: ``values`` (n_patients, n_markers) 1, 0 or NaN (not assayed); ``names`` has one row a marker."""

    names: pd.DataFrame
    values: FloatArray


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


def read_features(path: Path, patients: Sequence[str], volume_feature: str) -> Iterator[Features]:
    """One matrix per role of image, patients in the given order; of several regions of a patient the largest counts.

    The largest is that with the highest value of ``volume_feature``, and of equal ones the first by name.
    """
    everyone = tables.FEATURES.read(path)
    frame = everyone[everyone["patient_id"].isin(list(patients))]
    if len(everyone) and patients and not len(frame):
        raise NoCommonPatientError(path, sorted(everyone["patient_id"].unique())[:3], patients[:3])
    row_of = {patient: index for index, patient in enumerate(patients)}
    for role in sorted(frame["role"].unique()):
        part = _largest_regions(frame[frame["role"] == role], volume_feature)
        names = (
            part[["feature", "image_type", "family"]]
            .astype(str)
            .drop_duplicates("feature")
            .sort_values("feature", ignore_index=True)
        )
        column_of = {name: index for index, name in enumerate(names["feature"])}
        values = np.full((len(patients), len(names)), np.nan)
        rows = part["patient_id"].astype(str).map(row_of).to_numpy(int)
        values[rows, part["feature"].astype(str).map(column_of).to_numpy(int)] = part["value"]
        yield Features(str(role), tuple(patients), names, values)


def _largest_regions(part: pd.DataFrame, volume_feature: str) -> pd.DataFrame:
    """Features of one region a patient."""
    regions = part[["patient_id", "image_id", "roi"]].astype(str).drop_duplicates()
    if not regions["patient_id"].duplicated().any():
        return part
    volumes = part.loc[part["feature"] == volume_feature, ["patient_id", "image_id", "roi", "value"]]
    keyed = regions.merge(volumes.astype({"patient_id": str, "image_id": str, "roi": str}), how="left")
    keyed = keyed.sort_values(["value", "roi"], ascending=[False, True], kind="stable")
    largest = keyed.drop_duplicates("patient_id")[["patient_id", "image_id", "roi"]]
    kept = pd.MultiIndex.from_frame(largest)
    return part[pd.MultiIndex.from_frame(part[["patient_id", "image_id", "roi"]].astype(str)).isin(kept)]


def read_markers(path: Path, patients: Sequence[str], classes: Sequence[str]) -> Markers:
    """Carrier status of the wanted classes, patients in the given order.

    Memory is that of one row group and of the matrix; a marker may stand in several row groups.

    Raises
    ------
    UnknownClassError
        The table does not record one of the classes, though it holds others.
    """
    row_of = {patient: index for index, patient in enumerate(patients)}
    genes: dict[str, str] = {}
    columns: dict[str, FloatArray] = {}
    seen: set[str] = set()
    for frame in _marker_frames(path):
        seen |= set(frame["consequence_class"].astype(str).unique())
        part = frame[frame["consequence_class"].isin(list(classes)) & frame["patient_id"].isin(list(patients))]
        part = part[["patient_id", "marker", "gene", "state"]].astype(str)
        names = part[["marker", "gene"]].drop_duplicates("marker")
        genes |= {name: gene for name, gene in zip(names["marker"], names["gene"], strict=True) if name not in genes}
        column_of = {name: index for index, name in enumerate(names["marker"])}
        values = np.full((len(patients), len(names)), np.nan)
        place = (part["patient_id"].map(row_of).to_numpy(int), part["marker"].map(column_of).to_numpy(int))
        values[place] = part["state"].map(CARRIER).to_numpy(float)
        for name, index in column_of.items():
            known = columns.setdefault(name, values[:, index])
            np.copyto(known, values[:, index], where=np.isnan(known))
    recorded = set(_recorded_classes(path)) or seen
    if recorded and not recorded & set(classes):
        raise UnknownClassError(classes, sorted(recorded))
    listed = pd.DataFrame({"marker": list(genes), "gene": list(genes.values())}, dtype=object)
    return Markers(listed, np.column_stack(list(columns.values())) if columns else np.zeros((len(patients), 0)))


def _recorded_classes(path: Path) -> Sequence[str]:
    """Classes that the table's provenance says were recorded, whether or not anybody carries one."""
    if path.suffix == ".tsv":
        return ()
    settings: dict[str, Sequence[str]] = tables.read_provenance(path).get("settings", {})
    return settings.get("classes", ())


def rank_normal(values: FloatArray) -> FloatArray:
    """Rank-based inverse normal transformation of each column (Blom), ties at their mean rank, NaN kept.

    A constant column becomes all zero.
    """
    ranks = stats.rankdata(values, axis=0, nan_policy="omit")
    present = np.isfinite(values).sum(axis=0)
    transformed: FloatArray = special.ndtri((ranks - BLOM) / (present + 1 - 2 * BLOM))
    return transformed


def spearman(values: FloatArray, reference: FloatArray) -> FloatArray:
    """Spearman correlation of each column with ``reference`` over the patients with both; NaN where one is constant."""
    result = np.full(values.shape[1], np.nan)
    for column in range(values.shape[1]):
        both = np.isfinite(values[:, column]) & np.isfinite(reference)
        if both.sum() < 3:
            continue
        a, b = stats.rankdata(values[both, column]), stats.rankdata(reference[both])
        if np.ptp(a) > 0 and np.ptp(b) > 0:
            result[column] = np.corrcoef(a, b)[0, 1]
    return result


def designs(volume: FloatArray, covariates: pd.DataFrame) -> dict[str, FloatArray]:
    """Design of each model, (n_patients, n_columns) with NaN where a covariate is missing.

    crude: intercept; volume: and log volume; full: and all covariates, categories as indicators against the first.
    """
    intercept, log_volume = np.ones((len(volume), 1)), np.log(volume)[:, None]
    adjusted = np.hstack([intercept, log_volume])
    return {
        "crude": intercept,
        "volume": adjusted,
        "full": np.hstack([adjusted, *(_columns(covariates[name]) for name in covariates)]),
    }


def _columns(covariate: pd.Series) -> FloatArray:
    if pd.api.types.is_numeric_dtype(covariate) and not pd.api.types.is_bool_dtype(covariate):
        values = covariate.to_numpy(float)[:, None]
        return values - np.nanmean(values) if np.isfinite(values).any() else values
    missing = covariate.isna().to_numpy()
    levels = sorted({str(value) for value in covariate[~missing]})
    text = covariate.astype(object).astype(str).to_numpy()
    # With a single level one column of zeros remains, so that patients without a value are still left out.
    indicators = np.column_stack([text == level for level in levels[1:]] or [np.zeros(len(text))]).astype(float)
    indicators[missing] = np.nan
    return indicators


def _marker_frames(path: Path) -> Iterator[pd.DataFrame]:
    """The alterations table, row group by row group."""
    if path.suffix == ".tsv" or not path.is_file():
        yield tables.ALTERATIONS.read(path)
        return
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield tables.ALTERATIONS.conform(file.read_row_group(group).to_pandas(), str(path))
