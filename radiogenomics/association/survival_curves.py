"""Kaplan–Meier curves of the feature and the marker that go most with an outcome."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association import cox
from radiogenomics.association.inputs import Analysis
from radiogenomics.association.outcomes import Outcome
from radiogenomics.association.survival_rows import Predictors, predictors_of

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def leading_curves(analysis: Analysis, outcome: Outcome, tested: pd.DataFrame) -> pd.DataFrame:
    """Curves of the feature and of the marker of smallest p under the fullest adjustment that has a test.

    Carriers are set against others; features, and markers that are numbers, are cut at their median. Nothing is drawn
    of one that has all patients on one side.
    """
    parts = [tables.SURVIVAL_CURVES.frame([])]
    for predictors in predictors_of(analysis):
        rows = tested[(tested["kind"] == predictors.kind) & tested["p"].notna()]
        if rows.empty:
            continue
        adjustment = next(name for name in reversed(tables.ADJUSTMENTS) if (rows["adjustment"] == name).any())
        rows = rows[rows["adjustment"] == adjustment].assign(name=lambda frame: frame["name"].astype(str))
        name = rows.sort_values(["neg_log10_p", "name"], ascending=[False, True])["name"].iloc[0]
        keys = {"analysis": analysis.name, "outcome": outcome.name, "kind": predictors.kind, "name": name}
        part = pd.DataFrame(_steps(analysis, outcome, predictors, name))
        parts += [part.assign(**keys, adjustment=adjustment)] if len(part) else []
    kept = parts[1:] or parts
    return tables.SURVIVAL_CURVES.conform(pd.concat(kept, ignore_index=True), tables.SURVIVAL_CURVES.name)


def _steps(analysis: Analysis, outcome: Outcome, predictors: Predictors, name: str) -> Iterator[dict[str, object]]:
    """Rows of the two curves of one predictor."""
    column = int(np.flatnonzero(predictors.names == name)[0])
    values = predictors.values[:, column]
    known = analysis.imaged & np.isfinite(values) & np.isfinite(outcome.time)
    time, event, values = outcome.time[known], outcome.event[known], values[known]
    carried = bool(predictors.carried[column])
    high = values > (0 if carried else np.median(values))
    if high.all() or not high.any():
        return
    found = cox.score_tests(time, event, high[:, None].astype(np.float64), np.empty((len(time), 0)))
    names = tables.SURVIVAL_GROUPS[:2] if carried else tables.SURVIVAL_GROUPS[2:]
    for group, members in zip(names, (~high, high), strict=True):
        for row in kaplan_meier(time[members], event[members] == 1):
            yield {"group": group, **row, "group_neg_log10_p": float(found.neg_log10_p[0])}


def kaplan_meier(time: FloatArray, event: BoolArray) -> Iterator[dict[str, float]]:
    """Rows of one curve (Kaplan and Meier 1958): its start at 0, and a row for each time at which anybody leaves.

    Parameters
    ----------
    time : (n,) float64
        Above 0.
    event : (n,) bool
        At one time events come before censoring.
    """
    surviving, at_risk = 1.0, len(time)
    yield {"time": 0.0, "n_risk": at_risk, "n_events": 0, "n_censored": 0, "survival": surviving}
    for at in np.unique(time):
        here = time == at
        n_events = int(event[here].sum())
        surviving *= 1 - n_events / at_risk
        row = {"n_risk": at_risk, "n_events": n_events, "n_censored": int(here.sum()) - n_events}
        yield {"time": float(at), **row, "survival": surviving}
        at_risk -= int(here.sum())
