"""Tests of features and markers on one outcome as rows of the survival table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from radiogenomics import tables
from radiogenomics.association import cox
from radiogenomics.association.asymptotic import normal_tail
from radiogenomics.association.inputs import Analysis
from radiogenomics.association.multiplicity import benjamini_hochberg
from radiogenomics.association.outcomes import Outcome
from radiogenomics.association.projection import CARRIER, basis_of
from radiogenomics.association.rank import flag_of
from radiogenomics.config.association import Association

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

FEW_PATIENTS, FEW_CARRIERS, NO_EVENT, CONSTANT, NO_VARIATION, NO_NULL = range(1, len(tables.SURVIVAL_NOT_TESTED))
SCORE, UNSETTLED, FITTED = range(1, len(tables.SURVIVAL_METHODS))


@dataclass(frozen=True)
class Predictors:
    """Columns ``values`` (n_patients, n) that are tested in the same way; ``carried`` (n,) says who has carriers."""

    kind: str
    names: NDArray[np.object_]
    values: FloatArray
    carried: BoolArray


def predictors_of(analysis: Analysis) -> Iterator[Predictors]:
    """Features that are stable enough, as they are tested against markers, and markers."""
    names = analysis.features.names["feature"].to_numpy(object)[analysis.kept]
    yield Predictors("feature", names, analysis.ranked[:, analysis.kept], np.zeros(len(names), np.bool_))
    markers = analysis.markers
    carried = np.ones(markers.values.shape[1], np.bool_) if markers.numbers is None else ~markers.numbers
    yield Predictors("marker", markers.names["marker"].to_numpy(object), markers.values, carried)


def survival_frame(analysis: Analysis, outcome: Outcome) -> pd.DataFrame:
    """Every feature and marker under every adjustment, of the patients with an image of the analysis."""
    parts = [
        _family(analysis, outcome, predictors, adjustment, design)
        for predictors in predictors_of(analysis)
        for adjustment, design in analysis.designs.items()
        if len(predictors.names)
    ]
    return pd.concat(parts, ignore_index=True) if parts else tables.SURVIVAL.frame([])


def _family(
    analysis: Analysis, outcome: Outcome, predictors: Predictors, adjustment: str, design: FloatArray
) -> pd.DataFrame:
    """Rows whose p-values are adjusted together."""
    time, covariates = np.where(analysis.imaged, outcome.time, np.nan), design[:, 1:]
    usable = np.isfinite(np.column_stack([time, covariates])).all(axis=1)
    score = cox.score_tests(time, outcome.event, predictors.values, covariates)
    n, carriers, reason = _reasons(predictors, predictors.values[usable], score, analysis.options)
    tests = _tests(time, outcome.event, predictors.values, covariates, score, reason == 0, analysis.options.fit_p_below)
    p, neg_log10_p = normal_tail(tests["statistic"])
    half = special.ndtri(0.975) * tests["se"]
    rank = basis_of(covariates[usable] - covariates[usable].mean(axis=0)).shape[1] if usable.any() else 0
    columns = {
        "analysis": analysis.name,
        "outcome": outcome.name,
        "kind": predictors.kind,
        "name": predictors.names,
        "adjustment": adjustment,
        **tests,
        "ci_low": tests["log_hr"] - half,
        "ci_high": tests["log_hr"] + half,
        "p": p,
        "neg_log10_p": neg_log10_p,
        "q_bh": benjamini_hochberg(p),
        "n": n,
        "n_events": score.n_events,
        "n_carriers": pd.Series(carriers, dtype="Int32").mask(~predictors.carried),
        "n_missing": len(time) - n,
        "events_per_variable": np.where(reason == 0, score.n_events / (1 + rank), np.nan),
        "ph_p": normal_tail(tests["ph_statistic"])[0],
        "not_tested_reason": np.array(tables.SURVIVAL_NOT_TESTED, object)[reason],
    }
    return tables.SURVIVAL.conform(pd.DataFrame(columns), tables.SURVIVAL.name)


def _reasons(
    predictors: Predictors, usable: FloatArray, score: cox.CoxTests, options: Association
) -> tuple[IntArray, IntArray, NDArray[np.int8]]:
    """Patients and carriers of each column among ``usable`` rows, and why it is not tested."""
    there = np.isfinite(usable)
    n, carriers = there.sum(axis=0), (usable >= CARRIER).sum(axis=0)
    low, high = (np.where(there, usable, end) for end in (np.inf, -np.inf))
    few = predictors.carried & (np.minimum(carriers, n - carriers) < options.min_carriers)
    reason = flag_of(
        (FEW_PATIENTS, n < options.min_patients),
        (FEW_CARRIERS, few),
        (NO_EVENT, score.flag == cox.NO_EVENT),
        (CONSTANT, low.min(axis=0, initial=np.inf) >= high.max(axis=0, initial=-np.inf)),
        (NO_NULL, score.flag == cox.NO_NULL),
        (NO_VARIATION, score.flag == cox.NO_VARIATION),
    )
    return n, carriers, reason


def _tests(
    time: FloatArray,
    event: FloatArray,
    x: FloatArray,
    covariates: FloatArray,
    score: cox.CoxTests,
    tested: BoolArray,
    fit_p_below: float,
) -> dict[str, NDArray[Any]]:
    """Columns of the score tests, and where their p is small enough of the fits; a fit that did not settle has none."""
    estimate, se, z = (np.where(tested, part, np.nan) for part in (score.estimate, score.se, score.z))
    method, trend = np.where(tested, SCORE, 0), np.full(len(tested), np.nan)
    chosen = np.flatnonzero(tested & (np.where(tested, score.p, 1) <= fit_p_below))
    if chosen.size:
        fits = cox.fits(time, event, x[:, chosen], covariates)
        settled = fits.flag == 0
        method[chosen] = np.where(settled, FITTED, UNSETTLED)
        estimate[chosen], se[chosen], trend[chosen] = fits.estimate, fits.se, fits.trend
        z[chosen] = np.where(settled, np.sign(fits.estimate) * np.sqrt(fits.lr), z[chosen])
    methods = np.array(tables.SURVIVAL_METHODS, object)[method]
    return {"method": methods, "log_hr": estimate, "se": se, "statistic": z, "ph_statistic": trend}
