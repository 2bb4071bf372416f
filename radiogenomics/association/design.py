"""Tables to matrices: features by patient, markers by patient, and the design of each model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import special

from radiogenomics import tables
from radiogenomics.association.errors import (
    MixedMarkerError,
    NoCommonPatientError,
    NoLargestRegionError,
    NoPatientColumnError,
    NoVolumeFeatureError,
    UnknownClassError,
    VolumeNotPositiveError,
)
from radiogenomics.errors import MissingFileError, TableError
from radiogenomics.table import read_provenance

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
BLOM = 3 / 8
# A standard deviation of up to this share of the largest number is rounding.
CONSTANT_SD = 1e-12
CARRIER = {"altered": 1.0, "wild_type": 0.0, "not_assayed": np.nan}
REGION = ["patient_id", "image_id", "roi"]
NOT_COVARIATES = tuple(column.name for column in tables.PATIENTS.columns)


@dataclass(frozen=True)
class Features:
    """Features of one role of image: ``values`` (n_patients, n_features), NaN where missing; ``names`` a row each.

    ``regions`` has patient, image and region of each patient with a feature; None where that is not known.
    """

    analysis: str
    patients: tuple[str, ...]
    names: pd.DataFrame
    values: FloatArray
    regions: pd.DataFrame | None = None

    @property
    def extracted(self) -> BoolArray:
        """Features (n_features,) that were extracted from images; finished tables give both columns their own name."""
        found: BoolArray = (self.names["image_type"] != self.names["family"]).to_numpy(bool)
        return found

    def with_positive(self, feature: str | None) -> "Features":
        """The same with values of a feature that are not positive missing; as it is without such a feature."""
        values = self.values.copy()
        columns = (self.names["feature"] == feature).to_numpy(bool)
        values[:, columns] = np.where(values[:, columns] > 0, values[:, columns], np.nan)
        return replace(self, values=values)

    def at(self, patients: BoolArray) -> "Features":
        """Features of some patients (n_patients,)."""
        names = tuple(name for name, here in zip(self.patients, patients, strict=True) if here)
        return Features(self.analysis, names, self.names, self.values[patients])

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
    """Carrier status: ``values`` (n_patients, n_markers) 1, 0 or NaN (not assayed); ``names`` has one row a marker.

    ``numbers`` (n_markers,) marks those that are numbers, in SD from their mean; None if none is.
    """

    names: pd.DataFrame
    values: FloatArray
    numbers: BoolArray | None = None

    def by_gene(self) -> tuple["Markers", NDArray[np.int64]]:
        """Markers with those of a gene side by side, genes by name, and the number of each gene.

        So a part of the results table holds genes of a range of names, and who looks for one gene reads few parts.
        """
        number, _ = pd.factorize(self.names["gene"].astype(object), sort=True)
        order = np.argsort(number, kind="stable")
        if (np.diff(number) >= 0).all():
            return self, number.astype(np.int64)
        markers = Markers(
            self.names.iloc[order].reset_index(drop=True),
            np.ascontiguousarray(self.values[:, order]),
            None if self.numbers is None else self.numbers[order],
        )
        return markers, number[order].astype(np.int64)


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


def rank_normal(values: FloatArray) -> FloatArray:
    """Rank-based inverse normal transformation of each column (Blom), ties at their mean rank, NaN kept.

    A constant column becomes all zero.
    """
    present = np.isfinite(values).sum(axis=0)
    transformed: FloatArray = special.ndtri((ranks(values) - BLOM) / (present + 1 - 2 * BLOM))
    return transformed


def spearman(values: FloatArray, reference: FloatArray) -> FloatArray:
    """Spearman correlation of each column with ``reference`` over the patients with both; NaN where one is constant."""
    both = np.isfinite(values) & np.isfinite(reference)[:, None]
    a, b = (ranks(np.where(both, side, np.nan)) for side in (values, reference[:, None]))
    n = both.sum(axis=0)
    a, b = (np.where(both, side - (n + 1) / 2, 0) for side in (a, b))
    squares = (a**2).sum(axis=0) * (b**2).sum(axis=0)
    defined = (n >= 3) & (squares > 0)
    return np.where(defined, (a * b).sum(axis=0) / np.sqrt(np.where(defined, squares, 1)), np.nan)


def ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1 in each column, ties at their mean rank, NaN kept."""
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    first = np.ones(values.shape, bool)  # of each run of equal values
    first[1:] = ordered[1:] != ordered[:-1]
    last = np.ones(values.shape, bool)
    last[:-1] = first[1:]
    place = np.broadcast_to(np.arange(len(values))[:, None], values.shape)
    start = np.maximum.accumulate(np.where(first, place, 0), axis=0)
    stop = np.minimum.accumulate(np.where(last, place, len(values))[::-1], axis=0)[::-1]
    found = np.empty(values.shape)
    np.put_along_axis(found, order, np.where(np.isnan(ordered), np.nan, (start + stop) / 2 + 1), axis=0)
    return found


def designs(volume: FloatArray | None, covariates: pd.DataFrame) -> dict[str, FloatArray]:
    """Design of each model, (n_patients, n_columns) with NaN where a covariate is missing.

    crude: intercept; volume: and log volume; full: and all covariates, categories as indicators against the first.
    Without ``volume`` there is no design of that name and no log volume in full; without covariates either, crude only.
    """
    found = {"crude": np.ones((len(covariates), 1))}
    if volume is not None:
        found["volume"] = np.hstack([found["crude"], np.log(volume)[:, None]])
    if volume is not None or len(covariates.columns):
        fewer = found["volume" if volume is not None else "crude"]
        found["full"] = np.hstack([fewer, *(covariate_columns(covariates[name]) for name in covariates)])
    return found


def covariate_columns(covariate: pd.Series) -> FloatArray:
    """Columns (n_patients, n) of one covariate: a number centred, a category as indicators against the first level."""
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


def marker_frames(path: Path) -> Iterator[pd.DataFrame]:
    """The alterations table, row group by row group."""
    if path.suffix == ".tsv" or not path.is_file():
        yield tables.ALTERATIONS.read(path)
        return
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield tables.ALTERATIONS.conform(file.read_row_group(group).to_pandas(), str(path))
