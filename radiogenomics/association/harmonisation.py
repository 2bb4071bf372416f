"""Command: what harmonisation does to the features, by feature and by patient, from the tables that were tested."""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.audit import together
from radiogenomics.association.harmonised import Harmonised
from radiogenomics.association.inputs import Inputs
from radiogenomics.association.site_effects import anova, levene, principal
from radiogenomics.association.statistics_errors import TooFewRowsError

FloatArray = NDArray[np.float64]

# Matrix products may differ in the last digits by the number of threads; tables must not.
DIGITS = 8
N_COMPONENTS = 2


def harmonisation(
    *, features: Path, markers: Path, covariates: Path, settings: str, harmonisation: Path, harmonised: Path
) -> None:
    """Write what the batches explain of each feature before and after, and where each patient lies.

    Raises
    ------
    MissingFileError, TableError, NoVolumeFeatureError, VolumeNotPositiveError, NoCommonPatientError
        As ``association test``.
    NoGroupError, NothingKeptError, SmallBatchError, OneBatchError, UnknownReferenceError, ConfoundedDesignError
        Features cannot be harmonised as the settings ask.
    """
    inputs = Inputs.read(features, markers, covariates, settings)
    by_feature, by_patient = [tables.HARMONISATION.frame([])], [tables.HARMONISED.frame([])]
    for found in inputs.harmonised():
        by_feature.append(feature_frame(found))
        by_patient.append(patient_frame(found))
    provenance = inputs.provenance()
    tables.HARMONISATION.write(together(tables.HARMONISATION, by_feature), harmonisation, provenance)
    tables.HARMONISED.write(together(tables.HARMONISED, by_patient), harmonised, provenance)


def feature_frame(found: Harmonised) -> pd.DataFrame:
    """The table ``HARMONISATION`` of one analysis."""
    groups, fitted = np.searchsorted(found.fitted.batches, found.batch[found.used].astype(str)), found.fitted
    kept = np.zeros((int(found.used.sum()), len(found.changed)))
    kept[:, found.changed] = fitted.kept(found.kept)
    columns: dict[str, object] = {
        "analysis": found.before.analysis,
        "feature": found.before.names["feature"].to_numpy(object),
        "n": np.isfinite(found.before.values[found.used]).sum(axis=0),
        "reason": found.reasons,
    }
    for when, features in (("before", found.before), ("after", found.after)):
        values = features.values[found.used] - kept
        means, spreads = anova(values, groups), levene(values, groups)
        columns[f"f_{when}"] = significant(means.f)
        columns[f"p_{when}"] = significant(means.p)
        columns[f"levene_p_{when}"] = significant(spreads.p)
    for name, shift, spread in (("_raw", fitted.raw_shift, fitted.raw_spread), ("", fitted.shift, fitted.spread)):
        for word, learnt in (("shift", np.abs(shift).max(axis=0)), ("spread", spread.max(axis=0) / spread.min(axis=0))):
            column = np.full(len(found.changed), np.nan)
            column[found.changed] = significant(learnt)
            columns[f"{word}{name}"] = column
    return tables.HARMONISATION.conform(pd.DataFrame(columns), tables.HARMONISATION.name)


def patient_frame(found: Harmonised) -> pd.DataFrame:
    """The table ``HARMONISED`` of one analysis."""
    columns: dict[str, object] = {
        "analysis": found.before.analysis,
        "patient_id": list(found.before.patients),
        "batch": found.batch.fillna("").to_numpy(object),
        "reason": found.left_out,
    }
    for when, features in (("before", found.before), ("after", found.after)):
        for number, scores in enumerate(_scores(features.values[np.ix_(found.used, found.changed)]).T, 1):
            column = np.full(len(found.used), np.nan)
            column[found.used] = scores
            columns[f"pc{number}_{when}"] = column
    return tables.HARMONISED.conform(pd.DataFrame(columns), tables.HARMONISED.name)


def _scores(values: FloatArray) -> FloatArray:
    """Coordinates (n_patients, N_COMPONENTS), NaN where there is no such component."""
    found = np.full((len(values), N_COMPONENTS), np.nan)
    try:
        vectors, singular, _ = principal(values)
    except TooFewRowsError:  # every feature misses in somebody: there is nothing to draw, and that is all
        return found
    n = min(N_COMPONENTS, vectors.shape[1])
    found[:, :n] = np.round(vectors[:, :n] * singular[:n], DIGITS - 2)
    return found


def significant(values: FloatArray) -> FloatArray:
    """Values cut to ``DIGITS`` significant digits; NaN, 0 and infinities stay."""
    size = np.where(np.isfinite(values) & (values != 0), np.abs(values), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        power = 10.0 ** (DIGITS - 1 - np.floor(np.log10(size)))
        rounded = np.round(values * power) / power
    return np.where(np.isfinite(power) & np.isfinite(rounded), rounded, values)
