"""Features by patient, markers by patient, what is done to their values, and the design of each model."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.errors import (
    NoVolumeFeatureError,
    VolumeNotPositiveError,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
BLOM = 3 / 8


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
