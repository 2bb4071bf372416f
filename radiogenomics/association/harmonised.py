"""Features of a study with its batches brought together: what all tests, audits and controls then start from.

Batches and covariates decide what is taken off, markers do not. So exchanging the genomic data of patients, or drawing
other markers, leaves the harmonised features as they are, and a permutation of them is as valid as without.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association import harmonise
from radiogenomics.association.batch_errors import NothingKeptError
from radiogenomics.association.batches import check_batches
from radiogenomics.association.confounding import levels_of
from radiogenomics.association.design import Features, covariate_columns
from radiogenomics.association.statistics_errors import ConstantInBatchError
from radiogenomics.config.association import Association

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]
NO_REASON, VOLUME, CONSTANT, SPARSE = tables.HARMONISATION_REASONS
_, NO_FEATURES, NO_BATCH, NO_COVARIATE = tables.LEFT_OUT_REASONS


@dataclass(frozen=True)
class Harmonised:
    """One analysis before and after.

    ``batch`` (n_patients,) is the level of each patient, missing where unknown; ``left_out`` (n_patients,) says why a
    patient has no features, ``reasons`` (n_features,) why a feature stays as measured; ``kept`` (n_used, n_columns) are
    the covariates of the patients that are not left out, and ``fitted`` what was learnt of the features without reason.
    """

    before: Features
    after: Features
    batch: pd.Series
    left_out: NDArray[np.object_]
    reasons: NDArray[np.object_]
    kept: FloatArray
    fitted: harmonise.Combat

    @property
    def used(self) -> BoolArray:
        """Patients (n_patients,) that are not left out."""
        return np.asarray(self.left_out == NO_REASON, np.bool_)

    @property
    def changed(self) -> BoolArray:
        """Features (n_features,) that are harmonised."""
        return np.asarray(self.reasons == NO_REASON, np.bool_)


def harmonised(features: Features, covariates: pd.DataFrame, options: Association) -> Harmonised:
    """Bring the batches of one analysis together.

    Patients whose batch, or a kept covariate, is not known have no features afterwards. The volume of the region stays
    as measured: covariates are made of it. So does, as in sva, a feature that has no variance or too few values in a
    batch.

    Raises
    ------
    NoGroupError, NothingKeptError, NoVolumeFeatureError, VolumeNotPositiveError
        The batch, a kept covariate or the volume is not there.
    SmallBatchError, OneBatchError, UnknownReferenceError
        A batch has too few patients, there is only one, or none is the reference.
    ConfoundedDesignError, TooFewRowsError, NotConvergedError
        As ``harmonise.fit``.
    """
    asked = options.harmonise
    batch = levels_of(covariates, "harmonise.batch", str(asked.batch))
    kept = _kept(features, covariates, options)
    left_out = np.select(
        [~np.isfinite(features.values).any(axis=1), batch.isna().to_numpy(), ~np.isfinite(kept).all(axis=1)],
        [NO_FEATURES, NO_BATCH, NO_COVARIATE],
        NO_REASON,
    ).astype(object)
    used = np.asarray(left_out == NO_REASON, np.bool_)
    kept = _kept(features.at(used), covariates[used], options)
    names = batch[used].tolist()
    check_batches(features.analysis, names, asked)
    values = features.values[used]
    reasons = _reasons(values, names, asked.mean_only)
    reasons[(features.names["feature"] == options.volume_feature).to_numpy()] = VOLUME
    fitted, reasons = _fit(values, names, kept, reasons, options)
    after = np.full(features.values.shape, np.nan)
    after[used] = values
    changed = np.flatnonzero(reasons == NO_REASON)
    after[np.ix_(used, changed)] = fitted.transform(values[:, changed], names, kept)
    found = Harmonised(features, replace(features, values=after), batch, left_out, reasons, kept, fitted)
    _tell(found)
    return found


def _kept(features: Features, covariates: pd.DataFrame, options: Association) -> FloatArray:
    """Columns (n_patients, n_columns) of what is kept, NaN where missing."""
    asked = options.harmonise
    if missing := [name for name in asked.keep if name not in covariates]:
        raise NothingKeptError(missing, [str(name) for name in covariates])
    columns = [covariate_columns(covariates[name]) for name in asked.keep]
    if asked.keep_volume and options.volume_feature is not None:
        log_volume = np.log(features.volume(options.volume_feature))[:, None]
        columns.append(log_volume - np.nanmean(log_volume) if np.isfinite(log_volume).any() else log_volume)
    return np.hstack([np.empty((len(covariates), 0)), *columns])


def _reasons(values: FloatArray, names: list[str], mean_only: bool) -> NDArray[np.object_]:
    """Why each feature (n_features,) cannot be harmonised, empty if it can."""
    reasons = np.full(values.shape[1], NO_REASON, object)
    batch = np.array(names, dtype=object)
    parts = [values] if mean_only else [values[batch == name] for name in sorted(set(names))]
    for part in parts:
        low, high = (np.where(np.isfinite(part), part, end) for end in (np.inf, -np.inf))
        reasons[low.min(axis=0) >= high.max(axis=0)] = CONSTANT
    for name in sorted(set(names)):
        n = np.isfinite(values[batch == name]).sum(axis=0)
        reasons[n < (1 if mean_only else 2)] = SPARSE
    return reasons


def _fit(
    values: FloatArray, names: list[str], kept: FloatArray, reasons: NDArray[np.object_], options: Association
) -> tuple[harmonise.Combat, NDArray[np.object_]]:
    """What is learnt of the features without a reason; one that follows the kept covariates exactly gets one."""
    asked = options.harmonise
    while True:
        columns = np.flatnonzero(reasons == NO_REASON)
        try:
            fitted = harmonise.fit(
                values[:, columns], names, kept, reference=asked.reference, mean_only=asked.mean_only
            )
        except ConstantInBatchError as error:
            reasons = reasons.copy()
            reasons[columns[list(error.features)]] = CONSTANT
        else:
            return fitted, reasons


def _tell(found: Harmonised) -> None:
    logger.info(
        "%s: %d features of %d patients in %d batches harmonised",
        *(found.before.analysis, int(found.changed.sum()), int(found.used.sum()), len(found.fitted.batches)),
    )
    for reason in (NO_BATCH, NO_COVARIATE):
        if n := int((found.left_out == reason).sum()):
            logger.warning("%s: %d patients have no features: %s", found.before.analysis, n, reason)
    for reason in (CONSTANT, SPARSE):
        if n := int((found.reasons == reason).sum()):
            logger.warning("%s: %d features are left as measured: %s", found.before.analysis, n, reason)
