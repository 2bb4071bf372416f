"""Features and markers against outcomes with censored times: what was found, and curves of what leads."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.report import curves, text
from radiogenomics.report.load import Run

# Rows of each kind that a table shows.
MAX_ROWS = 12
PH_LEVEL = 0.05
CLASSES = ("curve-low", "curve-high")


def section(run: Run) -> dict[str, Any] | None:
    """Tables and curves of each analysis and outcome for the template; None in a study without outcomes."""
    if run.survival is None:
        return None
    table = run.survival
    adjustments = [name for name in tables.ADJUSTMENTS if (table["adjustment"] == name).any()]
    groups = [
        {
            "analysis": str(analysis),
            "outcome": str(outcome),
            "families": families(part, run.thresholds.alpha),
            "rows": [row for kind in tables.SURVIVAL_KINDS for row in leading(part, kind, adjustments, run)],
            "figures": figures_of(run, str(analysis), str(outcome)),
        }
        for (analysis, outcome), part in table.groupby(["analysis", "outcome"], observed=True, sort=True)
    ]
    return {"groups": groups, "adjustments": adjustments, "max_rows": MAX_ROWS, "ph_level": PH_LEVEL}


def families(part: pd.DataFrame, alpha: float) -> list[dict[str, Any]]:
    """Counts of each kind and adjustment of one analysis and outcome."""
    found = []
    for kind in tables.SURVIVAL_KINDS:
        for adjustment in tables.ADJUSTMENTS:
            rows = part[(part["kind"] == kind) & (part["adjustment"] == adjustment)]
            if rows.empty:
                continue
            reasons = rows.loc[rows["p"].isna(), "not_tested_reason"].astype(str).value_counts()
            found.append(
                {
                    "kind": kind,
                    "adjustment": adjustment,
                    "n": len(rows),
                    "n_tested": int(rows["p"].notna().sum()),
                    "n_hits": int((rows["q_bh"] < alpha).sum()),
                    "n_fitted": int((rows["method"] == tables.SURVIVAL_METHODS[3]).sum()),
                    "n_unsettled": int((rows["method"] == tables.SURVIVAL_METHODS[2]).sum()),
                    "n_not_proportional": int((rows["ph_p"] < PH_LEVEL).sum()),
                    "patients": int(rows["n"].max()),
                    "events": int(rows["n_events"].max()),
                    "per_variable": rows["events_per_variable"].median(),
                    "reasons": "; ".join(f"{reason}: {text.count(n)}" for reason, n in reasons.items()),
                }
            )
    return found


def leading(part: pd.DataFrame, kind: str, adjustments: list[str], run: Run) -> list[dict[str, Any]]:
    """The features or markers of smallest p under the fullest adjustment with a test, each under all adjustments."""
    rows = part[(part["kind"] == kind) & part["p"].notna()].assign(name=lambda frame: frame["name"].astype(str))
    present = [name for name in adjustments if (rows["adjustment"] == name).any()]
    if not present:
        return []
    first = rows[rows["adjustment"] == present[-1]].sort_values(
        ["neg_log10_p", "name"], ascending=[False, True], kind="stable"
    )
    keyed = rows.set_index(["name", "adjustment"])
    found = []
    for row in first.head(MAX_ROWS).to_dict("records"):
        cells = [keyed.loc[(row["name"], name)] if (row["name"], name) in keyed.index else None for name in adjustments]
        found.append(
            {
                "kind": kind,
                "name": row["name"],
                "n": int(row["n"]),
                "events": int(row["n_events"]),
                "cells": [_cell(cell, run.thresholds.alpha) for cell in cells],
                "ph": text.p_value(-np.log10(row["ph_p"])) if pd.notna(row["ph_p"]) else text.MISSING,
                "ph_low": bool(row["ph_p"] < PH_LEVEL),
            }
        )
    return found


def figures_of(run: Run, analysis: str, outcome: str) -> list[dict[str, Any]]:
    """Curves of the leading marker and the leading feature."""
    if run.survival_curves is None:
        return []
    own = run.survival_curves
    own = own[(own["analysis"] == analysis) & (own["outcome"] == outcome)]
    found = []
    for kind in reversed(tables.SURVIVAL_KINDS):
        part = own[own["kind"] == kind]
        groups = [name for name in tables.SURVIVAL_GROUPS if (part["group"] == name).any()]
        if not groups:
            continue
        drawn = [
            curves.Curve(name, class_, part[part["group"] == name].sort_values("time"))
            for name, class_ in zip(groups, CLASSES, strict=True)
        ]
        name = str(part["name"].iloc[0])
        label = f"Kaplan-Meier curves of {outcome} by {name}"
        found.append(
            {
                "kind": kind,
                "name": name,
                "adjustment": str(part["adjustment"].iloc[0]),
                "figure": curves.kaplan_meier(drawn, label, _labels(run).get(outcome, "time")),
                "groups": [(curve.name, curve.class_, *_counts(curve.steps)) for curve in drawn],
                "p": text.p_value(part["group_neg_log10_p"].iloc[0]),
            }
        )
    return found


def words(run: Run) -> str:
    """Paragraph of the methods text; empty without outcomes."""
    if run.survival is None:
        return ""
    outcomes = text.joined(sorted(run.survival["outcome"].astype(str).unique()))
    limit = text.general(_settings(run).get("fit_p_below"))
    return (
        f"Survival. Every rank-normalised feature and every marker was tested on {outcomes} by proportional hazards "
        "(Cox regression, ties after Efron) under the same adjustments, on the patients with an image of the analysis, "
        f"by score tests; those with p up to {limit} were fitted and have the likelihood-ratio test, unless the "
        "likelihood had no maximum. Proportional hazards of the fits were checked by Schoenfeld residuals against "
        "1 − Kaplan-Meier (Grambsch and Therneau 1994). P-values were adjusted by Benjamini-Hochberg over the features,"
        " and over the markers, of one analysis, outcome and adjustment."
    )


def _settings(run: Run) -> Mapping[str, Any]:
    return {key: value for record in run.provenance.get("survival", ()) for key, value in record["settings"].items()}


def _labels(run: Run) -> Mapping[str, str]:
    labels: Mapping[str, str] = _settings(run).get("outcomes", {})
    return labels


def _counts(steps: pd.DataFrame) -> tuple[int, int]:
    """Patients and events of one curve."""
    return int(steps["n_risk"].max()), int(steps["n_events"].sum())


def _cell(row: "pd.Series[Any] | None", alpha: float) -> dict[str, Any]:
    """Hazard ratio with its interval, and q, of one adjustment."""
    if row is None:
        return {"ratio": text.MISSING, "q": text.MISSING, "hit": False}
    ratio = text.MISSING
    if pd.notna(row["log_hr"]):
        ends = [text.number(float(np.exp(row[name]))) for name in ("log_hr", "ci_low", "ci_high")]
        ratio = f"{ends[0]} ({ends[1]} to {ends[2]})"
    return {"ratio": ratio, "q": text.q_value(row["q_bh"]), "hit": bool(row["q_bh"] < alpha)}
