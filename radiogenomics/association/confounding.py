"""How features and markers follow site, age, grade and other confounders, and which cannot be told from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.association.design import spearman
from radiogenomics.association.errors import NoGroupError
from radiogenomics.association.exchange import LENGTH_TOLERANCE
from radiogenomics.association.patterns import patterns
from radiogenomics.association.projection import basis_of
from radiogenomics.association.site_effects import anova
from radiogenomics.association.statistics_errors import ShapeMismatchError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


class Measure(StrEnum):
    """What a strength is; all but ρ run from 0 to 1."""

    SPEARMAN = "Spearman rho"
    ETA2 = "eta squared"
    CRAMERS_V = "bias-corrected Cramér's V"
    R2 = "R squared"


@dataclass(frozen=True)
class CramersV:
    """Plain and bias-corrected (Bergsma 2013) Cramér's V of each table, 0 to 1; NaN where a margin has one level."""

    plain: FloatArray
    corrected: FloatArray


def cramers_v(counts: FloatArray) -> CramersV:
    """Association of two categories from tables of counts (..., n_rows, n_columns).

    V = √(φ² / min(r − 1, c − 1)) with φ² = χ²/n, over the rows and columns that hold anybody. The correction takes
    (r − 1)(c − 1)/(n − 1) from φ² and shrinks r and c, so that V of independent categories is near 0 in small tables.
    """
    n = counts.sum(axis=(-2, -1))
    rows, columns = counts.sum(axis=-1), counts.sum(axis=-2)
    r, c = (rows > 0).sum(axis=-1), (columns > 0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = rows[..., :, None] * columns[..., None, :] / n[..., None, None]
        cells = np.where(expected > 0, (counts - expected) ** 2 / expected, 0)
        phi2 = cells.sum(axis=(-2, -1)) / n
        varies = (r > 1) & (c > 1) & (n > 1)
        plain = np.where(varies, np.sqrt(np.minimum(phi2 / np.minimum(r - 1, c - 1), 1)), np.nan)
        reduced = np.maximum(phi2 - (r - 1) * (c - 1) / (n - 1), 0)
        smaller = np.minimum(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
        corrected = np.where(varies, np.sqrt(np.clip(reduced / smaller, 0, 1)), np.nan)
    return CramersV(plain, corrected)


def carrier_counts(markers: FloatArray, codes: IntArray) -> FloatArray:
    """Tables (n_markers, 2, n_levels) of non-carriers and carriers in each level.

    Parameters
    ----------
    markers : (n_patients, n_markers) float64
        1, 0 or NaN.
    codes : (n_patients,) int
        Level 0 … n_levels − 1, −1 where not known.
    """
    known = codes >= 0
    member = np.eye(int(codes.max(initial=-1)) + 1)[codes[known]]
    part = markers[known]
    return np.stack([(part == state).astype(float).T @ member for state in (0, 1)], axis=1)


@dataclass(frozen=True)
class Strength:
    """How strongly one confounder goes with each column (n_columns,); NaN where it cannot be said."""

    confounder: str
    measure: Measure
    values: FloatArray


def feature_map(features: FloatArray, confounders: pd.DataFrame) -> Iterator[Strength]:
    """Spearman's ρ of each feature with numeric confounders, η² with categories.

    Parameters
    ----------
    features : (n_patients, n_features) float64
    confounders : DataFrame of n_patients rows
        Numbers are numbers, everything else (and bool) is a category; missing values allowed.

    Raises
    ------
    ShapeMismatchError
    """
    _check_rows(features, confounders)
    for name in confounders:
        column = confounders[name]
        if is_number(column):
            yield Strength(str(name), Measure.SPEARMAN, spearman(features, column.to_numpy(float, na_value=np.nan)))
        else:
            yield Strength(str(name), Measure.ETA2, anova(features, _codes(column)).eta2)


def marker_map(markers: FloatArray, confounders: pd.DataFrame) -> Iterator[Strength]:
    """Spearman's ρ of each marker with numeric confounders, bias-corrected Cramér's V with categories.

    Arguments and errors as in ``feature_map``; markers are 1, 0 or NaN.
    """
    _check_rows(markers, confounders)
    for name in confounders:
        column = confounders[name]
        if is_number(column):
            yield Strength(str(name), Measure.SPEARMAN, spearman(markers, column.to_numpy(float, na_value=np.nan)))
        else:
            counts = carrier_counts(markers, _codes(column))
            yield Strength(str(name), Measure.CRAMERS_V, cramers_v(counts).corrected)


class Verdict(StrEnum):
    """What to do about a marker that goes with a confounder."""

    REFUSE = "refuse"
    FLAG = "flag"


@dataclass(frozen=True)
class Alias:
    """A marker that cannot, or hardly, be told from ``confounder``; for R² that is the list of all covariates."""

    marker: int
    confounder: str
    measure: Measure
    strength: float
    verdict: Verdict


def aliases(
    markers: FloatArray, confounders: pd.DataFrame, design: FloatArray, *, flag_strength: float, flag_r2: float
) -> list[Alias]:
    """Markers to refuse or to flag, by marker and then by confounder.

    Refuse: every level of a category holds carriers only or non-carriers only, or the marker is a linear combination of
    the design; the effect of the one is then that of the other. Flag: V (bias-corrected) or |ρ| with one confounder
    reaches ``flag_strength``, or R² of the marker on the design reaches ``flag_r2`` (standard errors are then
    1/√(1 − R²) times as wide).

    Parameters
    ----------
    markers : (n_patients, n_markers) float64
        1, 0 or NaN.
    confounders : DataFrame of n_patients rows
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing.
    flag_strength, flag_r2 : float
        0 to 1.

    Raises
    ------
    ShapeMismatchError
    """
    found: list[Alias] = []
    for strength in marker_map(markers, confounders):
        size = np.abs(strength.values)
        determined = np.zeros(size.shape, bool)
        if strength.measure == Measure.CRAMERS_V:
            counts = carrier_counts(markers, _codes(confounders[strength.confounder]))
            determined = (np.minimum(counts[:, 0], counts[:, 1]).sum(axis=1) == 0) & np.isfinite(size)
        for marker in np.flatnonzero(determined | (size >= flag_strength)):
            verdict = Verdict.REFUSE if determined[marker] else Verdict.FLAG
            found.append(
                Alias(int(marker), strength.confounder, strength.measure, float(strength.values[marker]), verdict)
            )
    together = ", ".join(map(str, confounders))
    r2 = explained_by_design(markers, design)
    for marker in np.flatnonzero(r2 >= flag_r2):
        verdict = Verdict.REFUSE if r2[marker] >= 1 else Verdict.FLAG
        found.append(Alias(int(marker), together, Measure.R2, float(r2[marker]), verdict))
    return sorted(found, key=lambda alias: alias.marker)


def explained_by_design(markers: FloatArray, design: FloatArray) -> FloatArray:
    """R² (n_markers,) of each marker on the design, 1 where only rounding is left, NaN where the marker is constant.

    Arguments as in ``aliases``; each marker is fitted on the patients that have it and all of the design. The design
    has an intercept.
    """
    complete = np.isfinite(design).all(axis=1)
    result = np.full(markers.shape[1], np.nan)
    for present, columns in patterns(np.isfinite(markers)):
        rows = complete & present
        if not rows.any():
            continue
        g = markers[np.ix_(rows, columns)]
        basis = basis_of(design[rows])
        left = g - basis @ (basis.T @ g)
        total = ((g - g.mean(axis=0)) ** 2).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = (left**2).sum(axis=0) / total
        rest[rest <= LENGTH_TOLERANCE**2] = 0
        result[columns] = np.where(np.ptp(g, axis=0) > 0, np.clip(1 - rest, 0, 1), np.nan)
    return result


def redundant_columns(design: FloatArray) -> list[int]:
    """Columns of the design (n_patients, n_columns) that are combinations of those before them, on complete rows."""
    complete = design[np.isfinite(design).all(axis=1)]
    found = []
    for number, column in enumerate(complete.T):
        basis = basis_of(complete[:, :number])
        left = column - basis @ (basis.T @ column)
        if np.linalg.norm(left) <= LENGTH_TOLERANCE * np.linalg.norm(column):
            found.append(number)
    return found


def is_number(column: pd.Series) -> bool:
    """Whether a confounder is a number, not a category."""
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def levels_of(covariates: pd.DataFrame, key: str, name: str) -> pd.Series:
    """Level of each patient in the category ``name``, which the setting ``key`` names; missing where unknown.

    Raises
    ------
    NoGroupError
    """
    categories = [str(other) for other in covariates if not is_number(covariates[other])]
    if name not in categories:
        raise NoGroupError(key, name, categories)
    levels: pd.Series = covariates[name].astype(object).map(str, na_action="ignore")
    return levels


def _codes(column: pd.Series) -> IntArray:
    """Level of each patient by the alphabet of levels as text, −1 where missing."""
    codes, _ = pd.factorize(column.astype(object).map(str, na_action="ignore"), sort=True)
    return codes.astype(np.intp)


def _check_rows(values: FloatArray, confounders: pd.DataFrame) -> None:
    if len(values) != len(confounders):
        raise ShapeMismatchError(values=values.shape, confounders=confounders.shape)
