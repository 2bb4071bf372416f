"""Whether chance or the site alone could make the hits: permutations, negative controls, sites."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.report import site_figures, text
from radiogenomics.report.load import Run

MAX_ROWS = 24
MAX_PERMUTED = 12
# Pairs of the forest of sites.
MAX_DRAWN = 8
NORMAL_95 = 1.959963984540054
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
            if row["counted"] == "pair" and row["control"] in tables.PAIRED_KINDS
            else None,
        }
        for row in rows.to_dict("records")
    ]


def gene_sets(exceedance: pd.DataFrame | None) -> dict[str, Any] | None:
    """Pathways with a hit and how often random sets do as well, those of the fullest adjustment; None without any."""
    if exceedance is None or not len(rows := exceedance[exceedance["control"] == tables.CONTROL_KINDS[3]]):
        return None
    adjustment = [name for name in tables.ADJUSTMENTS if (rows["adjustment"] == name).any()][-1]
    rows = rows[rows["adjustment"] == adjustment]
    rows = rows.iloc[np.argsort(-rows["neg_log10_p"].to_numpy(), kind="stable")]
    return {
        "adjustment": adjustment,
        "n": len(rows),
        "n_runs": int(rows["n_runs"].max()),
        "per_marker": MAX_PER_MARKER,
        "rows": [
            {
                **{name: row[name] for name in ("analysis", "marker", "feature")},
                "p": text.p_value(row["neg_log10_p"]),
                "share": text.MISSING if pd.isna(row["share"]) else text.percent(row["share"]),
                "bounds": ""
                if pd.isna(row["share"])
                else f" ({text.percent(row['share_low'])} to {text.percent(row['share_high'])})",
                "doubtful": bool(row["share"] >= DOUBTFUL),
            }
            for row in leading(rows, MAX_ROWS).to_dict("records")
        ],
    }


def meta(table: pd.DataFrame, sites: pd.DataFrame | None, unit: str) -> dict[str, Any]:
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
                "n_carriers": one["n_carriers"],
                "fixed": _interval(one),
                "random": _interval(other),
                "p": text.p_value(other["neg_log10_p"]),
                "i2": text.percent(other["i2"]) if pd.notna(other["i2"]) else text.MISSING,
                "q_p": text.number(other["q_p"], 3),
                "same": int(other["n_same_sign"]),
                "flag": one["flag"],
            }
        )
    drawn = [tuple(row[key] for key in keys) for row in lines if not row["flag"]][:MAX_DRAWN]
    of_sites = None if sites is None or not drawn else sites[sites["adjustment"] == present[-1]].set_index(keys)
    return {
        "forest": None
        if of_sites is None
        else site_figures.pooled_forest(
            [_pooled(key, of_sites.loc[[key]], fixed.loc[key], random.loc[key]) for key in drawn], unit
        ),
        "n_drawn": len(drawn),
        "adjustment": present[-1] if present else "",
        "per_marker": MAX_PER_MARKER,
        "rows": lines,
        "n": len(random),
        "n_apart": int((random["q_p"] < 0.05).sum()),
    }


def _pooled(
    key: tuple[Hashable, ...], sites: pd.DataFrame, fixed: "pd.Series[Any]", random: "pd.Series[Any]"
) -> site_figures.Pooled:
    """One pair of the forest: sites by name, with the weights of the fixed effect as shares of all."""
    rows = sites.sort_values("site").to_dict("records")
    weights = np.nan_to_num(1 / np.array([row["se"] for row in rows], float) ** 2)
    lines = []
    for row, weight in zip(rows, weights / max(weights.sum(), np.finfo(float).tiny), strict=True):
        half = NORMAL_95 * float(row["se"])
        carriers = "" if pd.isna(row["n_carriers"]) else f"{text.plural(int(row['n_carriers']), 'carrier')} of "
        name = f"{row['site']} ({carriers}{text.count(row['n'])})"
        ends = row["estimate"], row["estimate"] - half, row["estimate"] + half
        lines.append(site_figures.Line(name, *ends, weight=float(weight), why=str(row["flag"])))
    pooled = [
        site_figures.Line(name, row["estimate"], row["ci_low"], row["ci_high"])
        for name, row in zip(tables.META_METHODS, (fixed, random), strict=True)
    ]
    return site_figures.Pooled(str(key[2]), str(key[1]), lines, pooled)


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
