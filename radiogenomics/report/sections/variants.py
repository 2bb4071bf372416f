"""Are variants what they should be: oddities of files, joined resources, quality of samples, relatives, components."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from radiogenomics.report import figures, text
from radiogenomics.report.load import Run

MAX_ROWS = 200
ACTIONS = {"left_out": "left out", "repaired": "repaired", "noted": "read"}
MEASURES = {
    "call_rate": ("call rate", 4),
    "f": ("F", 3),
    "ti_tv": ("Ti/Tv", 2),
    "n_snv": ("SNVs", 0),
    "mean_depth": ("depth", 1),
    "foreign_reads": ("foreign reads", 4),
}


@dataclass(frozen=True)
class Flagged:
    """One patient with flags, and the numbers behind them."""

    patient: str
    flags: Sequence[str]
    cells: Sequence[str]


def section(run: Run) -> dict[str, Any]:
    """Tables and the figure for the template; what was not asked for is None."""
    return {
        "none": "samples" in run.without,
        "remarks": _remarks(run.remarks),
        "joins": None if run.joins is None else [_join(row) for row in run.joins.to_dict("records")],
        "quality": _quality(run.sample_quality),
        "relatives": _relatives(run.relatedness),
        "components": _components(run.components),
        "sites": _sites(run.site_counts),
        "max_rows": MAX_ROWS,
    }


def _remarks(remarks: pd.DataFrame | None) -> list[dict[str, str]] | None:
    """Kinds of oddities over all files. Files and examples stay in the table, since they may name patients."""
    if remarks is None:
        return None
    grouped = remarks.astype({"kind": str, "action": str}).groupby(["kind", "action"], sort=True)
    counts = grouped.agg(files=("file", "nunique"), n=("n", "sum")).reset_index()
    return [
        {
            "kind": text.spaced(row["kind"]),
            "action": ACTIONS[row["action"]],
            "files": text.count(row["files"]),
            "n": text.count(row["n"]),
        }
        for row in counts.to_dict("records")
    ]


def _join(row: dict[Any, Any]) -> list[str]:
    numbers = [text.count(row[name]) for name in ("n_joined", "n_variants")]
    return [str(row["resource"]), *numbers, text.percent(row["join_rate"]), text.count(row["n_above"])]


def _quality(quality: pd.DataFrame | None) -> dict[str, Any] | None:
    if quality is None:
        return None
    flagged = quality[quality["flags"] != ""].sort_values("patient_id")
    notes = quality.loc[quality["note"] != "", "note"].astype(str).value_counts().sort_index()
    return {
        "n": len(quality),
        "n_flagged": len(flagged),
        "names": [name for name, _ in MEASURES.values()],
        "rows": [
            Flagged(row["patient_id"], [text.spaced(flag) for flag in row["flags"].split(";")], _cells(row))
            for row in flagged.head(MAX_ROWS).to_dict("records")
        ],
        "typical": [
            (name, f"{text.number(values.median(), digits)} ({text.number(values.min(), digits)}"
             f" to {text.number(values.max(), digits)})")
            for column, (name, digits) in MEASURES.items()
            if len(values := quality[column].dropna())
        ],
        "notes": [(text.spaced(str(note)), int(n)) for note, n in notes.items()],
    }  # fmt: skip


def _cells(row: dict[Any, Any]) -> list[str]:
    return [text.number(row[column], digits) for column, (_, digits) in MEASURES.items()]


def _relatives(pairs: pd.DataFrame | None) -> dict[str, Any] | None:
    if pairs is None:
        return None
    ordered = pairs.sort_values(["kinship", "patient_1", "patient_2"], ascending=[False, True, True])
    rows = [
        (row["patient_1"], row["patient_2"], text.spaced(row["degree"]), text.number(row["kinship"], 3))
        for row in ordered.head(MAX_ROWS).to_dict("records")
    ]
    return {"n": len(pairs), "rows": rows}


def _components(components: pd.DataFrame | None) -> dict[str, Any] | None:
    """The first two components, if there are two."""
    if components is None:
        return None
    wide = components.pivot_table(index="patient_id", columns="component", values="coordinate")
    if not {1, 2} <= set(wide.columns):
        return None
    first = components.drop_duplicates("component").set_index("component")["eigenvalue"]
    fitted = components.drop_duplicates("patient_id").set_index("patient_id")["fitted"].reindex(wide.index)
    points = list(zip(wide[1], wide[2], fitted, wide.index.astype(str), strict=True))
    names = tuple(f"component {number}, eigenvalue {text.number(first[number])}" for number in (1, 2))
    drawn: Markup = figures.scatter(points, *names)
    return {"picture": drawn, "n": len(points), "n_projected": int((~fitted.astype(bool)).sum())}


def _sites(counts: pd.DataFrame | None) -> list[tuple[str, str, str]] | None:
    if counts is None:
        return None
    named = counts.astype({"step": str, "reason": str})
    summed = named.groupby(["step", "reason"], sort=False)["n_sites"].sum().reset_index()
    return [(row["step"], text.spaced(row["reason"]), text.count(row["n_sites"])) for row in summed.to_dict("records")]
