"""Whether chance or the site alone could make the hits: permutations, negative controls, sites."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.report import text
from radiogenomics.report.load import Run

MAX_ROWS = 24
MAX_PERMUTED = 12
# Like features of one gene would fill the tables.
MAX_PER_MARKER = 4
# A hit that so large a share of control runs reaches is called doubtful.
DOUBTFUL = 0.05


def permutation(run: Run, table: pd.DataFrame) -> list[dict[str, Any]]:
    """The first pairs of each analysis with their family-wise p."""
    found = []
    for analysis, part in table.groupby("analysis", sort=True):
        first = part.iloc[0]
        found.append(
            {
                "analysis": analysis,
                "rows": leading(part, MAX_PERMUTED).to_dict("records"),
                "n_permutations": int(first["n_permutations"]),
                "n_pairs": int(first["n_pairs"]),
                "n_left_out": int(first["n_left_out"]),
                "movable": float(first["movable"]),
                "n_below": int((part["p_step_down"] < run.thresholds.alpha).sum()),
                "n_genes": int(part.loc[part["p_step_down"] < run.thresholds.alpha, "gene"].nunique()),
            }
        )
    return found


def controls(table: pd.DataFrame, exceedance: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Hits in data and controls, and hits that the same pair of a control reaches too often."""
    keys = ["analysis", "adjustment", "control"]
    doubtful: dict[object, int] = {}
    if exceedance is not None:
        doubtful = exceedance[exceedance["share"] >= DOUBTFUL].groupby(keys).size().to_dict()
    order, kinds = (
        {name: number for number, name in enumerate(names)} for names in (tables.ADJUSTMENTS, tables.CONTROL_KINDS)
    )
    rows = table.assign(
        order=table["adjustment"].map(order), kind=table["control"].map(kinds), single=table["counted"] == "pair"
    )
    rows = rows.sort_values(["analysis", "kind", "order", "single"], kind="stable", ascending=[True, True, True, False])
    return [
        {
            **{str(name): value for name, value in row.items()},
            "ratio": _ratio(row),
            "doubtful": doubtful.get(tuple(row[key] for key in keys), 0)
            if row["counted"] == "pair" and row["control"] in tables.REPEATED_CONTROLS
            else None,
        }
        for row in rows.to_dict("records")
    ]


def meta(table: pd.DataFrame) -> dict[str, Any]:
    """Hits pooled over sites, the smallest p of the random effects first, those of the fullest adjustment."""
    present = [name for name in tables.ADJUSTMENTS if (table["adjustment"] == name).any()]
    rows = table[table["adjustment"] == present[-1]] if present else table
    keys = ["analysis", "feature", "marker"]
    fixed, random = (rows[rows["method"] == method].set_index(keys) for method in tables.META_METHODS)
    order = np.argsort(-random["neg_log10_p"].fillna(-1).to_numpy(), kind="stable")
    lines = []
    for key in leading(random.iloc[order], MAX_ROWS).index:
        one, other = fixed.loc[key], random.loc[key]
        lines.append(
            {
                **dict(zip(keys, key, strict=True)),
                "n_sites": int(one["n_sites"]),
                "n": int(one["n"]),
                "n_carriers": int(one["n_carriers"]),
                "fixed": _interval(one),
                "random": _interval(other),
                "p": text.p_value(other["neg_log10_p"]),
                "i2": text.percent(other["i2"]) if pd.notna(other["i2"]) else text.MISSING,
                "q_p": text.number(other["q_p"], 3),
                "same": int(other["n_same_sign"]),
                "flag": one["flag"],
            }
        )
    return {
        "adjustment": present[-1] if present else "",
        "per_marker": MAX_PER_MARKER,
        "rows": lines,
        "n": len(random),
        "n_apart": int((random["q_p"] < 0.05).sum()),
    }


def leading(rows: pd.DataFrame, limit: int) -> pd.DataFrame:
    """First rows, few of one marker."""
    return rows[rows.groupby("marker").cumcount() < MAX_PER_MARKER].head(limit)


def _ratio(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["ratio"]):
        return f"> {_short(row['ratio_low'])}" if row["n_hits"] and pd.notna(row["ratio_low"]) else text.MISSING
    ratio = _short(row["ratio"])
    if pd.isna(row["ratio_low"]):
        return ratio
    high = _short(row["ratio_high"]) if pd.notna(row["ratio_high"]) else "∞"
    return f"{ratio} ({_short(row['ratio_low'])} to {high})"


def _short(ratio: float) -> str:
    """Three digits, or the whole number where it has more."""
    return text.count(round(ratio)) if ratio >= 100 else text.general(ratio, 3)


def _interval(row: "pd.Series[Any]") -> str:
    if pd.isna(row["estimate"]):
        return text.MISSING
    return f"{text.number(row['estimate'])} ({text.number(row['ci_low'])} to {text.number(row['ci_high'])})"
