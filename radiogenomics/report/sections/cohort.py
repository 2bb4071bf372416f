"""Who the patients are: covariates of analysed and excluded patients side by side, carriers of each marker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from radiogenomics.report import figures, text
from radiogenomics.report.load import Run

MAX_BARS = 40
MAX_LEVELS = 12


@dataclass(frozen=True)
class CovariateRow:
    """One line of the covariates table: a covariate (``level`` empty) or one of its categories."""

    covariate: str
    level: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Carriers:
    """Patients of one marker by state."""

    marker: str
    altered: int
    wild_type: int
    not_assayed: int


def section(run: Run) -> dict[str, Any]:
    """Covariates and carriers for the template."""
    markers = carriers(run)
    bars = [(row.marker, row.altered, row.wild_type, row.not_assayed) for row in markers[:MAX_BARS]]
    least = run.thresholds.min_carriers
    return {
        "covariates": covariate_rows(run) if run.patients is not None else None,
        "groups": [(name, len(rows)) for name, rows in _groups(run.patients)] if run.patients is not None else [],
        "carriers": figures.carriers(bars, least) if bars else None,
        "from_results": run.alterations is None,
        "n_few": sum(row.altered < least for row in markers[:MAX_BARS]),
        "n_not_assayed": sum(row.not_assayed for row in markers[:MAX_BARS]),
        "n_shown": len(bars),
        "n_markers": len(markers),
        "n_enough": sum(row.altered >= least and row.wild_type >= least for row in markers),
        "n_patients": max((row.altered + row.wild_type + row.not_assayed for row in markers), default=0),
        "min_carriers": least,
        "samples": _samples(run),
    }


def covariate_rows(run: Run) -> list[CovariateRow]:
    """Mean and SD of numbers, counts of categories, missing values; for analysed and excluded patients."""
    if run.patients is None:
        return []
    rows: list[CovariateRow] = []
    kinds = _declared_kinds(run)
    for name in run.covariates or ():
        if name not in run.patients.columns:
            continue
        numeric = kinds.get(name, "number" if _is_number(run.patients[name]) else "category") == "number"
        rows += (_numeric if numeric else _categorical)(name, [part for _, part in _groups(run.patients)])
    return rows


def carriers(run: Run) -> list[Carriers]:
    """States of the tested markers among analysed patients, most carriers first; from the results if need be."""
    tested = [str(name) for name in run.results["marker"].cat.categories]
    if run.alterations is None:
        return sorted(_from_results(run), key=lambda row: (-row.altered, row.marker))
    table = run.alterations
    if run.analysed is not None:
        table = table[table["patient_id"].isin(run.analysed)]
    tested = [name for name in tested if name not in numbers_in(table)]
    table = table[table["marker"].isin(tested)]
    counts = pd.crosstab(table["marker"].astype(str), table["state"].astype(str)).reindex(tested, fill_value=0)
    counts = counts.reindex(columns=["altered", "wild_type", "not_assayed"], fill_value=0)
    rows = [Carriers(str(marker), *(int(n) for n in values)) for marker, *values in counts.itertuples()]
    return sorted(rows, key=lambda row: (-row.altered, row.marker))


def numbers_in(alterations: pd.DataFrame) -> frozenset[str]:
    """Markers that are numbers, which nobody carries."""
    numbers = alterations["state"].isna() & alterations["value"].notna()
    return frozenset(alterations.loc[numbers, "marker"].astype(str).unique())


def _from_results(run: Run) -> list[Carriers]:
    carried = run.results[run.results["n_carriers"].notna()]
    largest = carried.groupby("marker", observed=True)[["n", "n_carriers"]].max()
    return [Carriers(str(marker), int(c), int(n) - int(c), 0) for marker, n, c in largest.itertuples()]


def _groups(patients: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    included = patients["included"].astype(bool)
    return [("analysed", patients[included]), ("excluded", patients[~included])]


def _declared_kinds(run: Run) -> dict[str, str]:
    for record in run.provenance.get("cohort", ()):
        declared = record.get("settings", {}).get("covariates")
        if isinstance(declared, dict):
            return {str(name): str(kind) for name, kind in declared.items()}
    return {}


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _numeric(name: str, groups: Sequence[pd.DataFrame]) -> list[CovariateRow]:
    cells = []
    for group in groups:
        values = pd.to_numeric(group[name], errors="coerce").astype("float64")
        known = values.dropna()
        if known.empty:
            cells.append(text.MISSING)
            continue
        spread = f" ± {text.number(known.std(), 1)}" if len(known) > 1 else ""
        cells.append(
            f"{text.number(known.mean(), 1)}{spread} ({text.general(known.min())} to {text.general(known.max())})"
        )
    return [CovariateRow(name, "", cells), *_missing_row(name, groups)]


def _categorical(name: str, groups: Sequence[pd.DataFrame]) -> list[CovariateRow]:
    counts = [_known(group[name]).value_counts() for group in groups]
    total = sum(counts, start=pd.Series(dtype="int64")) if len(counts) == 1 else counts[0].add(counts[1], fill_value=0)
    levels = sorted(total.index, key=lambda level: (-total[level], level))
    shown, others = levels[:MAX_LEVELS], levels[MAX_LEVELS:]
    rows = [CovariateRow(name, "", ["" for _ in groups])]
    rows += [CovariateRow(name, level, [_share(n.get(level, 0), n.sum()) for n in counts]) for level in shown]
    if others:
        rest = [_share(n.reindex(others, fill_value=0).sum(), n.sum()) for n in counts]
        rows.append(CovariateRow(name, f"{len(others)} other values", rest))
    return rows + _missing_row(name, groups)


def _missing_row(name: str, groups: Sequence[pd.DataFrame]) -> list[CovariateRow]:
    missing = [len(group) - len(_known(group[name])) for group in groups]
    return [CovariateRow(name, "missing", [text.count(n) for n in missing])] if any(missing) else []


def _known(values: pd.Series) -> pd.Series:
    known = values.dropna().astype(str)
    return known[known != ""]


def _share(n: float, total: float) -> str:
    return f"{text.count(n)} ({100 * n / total:.0f} %)" if total else text.MISSING


def _samples(run: Run) -> dict[str, str] | None:
    if run.samples is None or run.samples.empty:
        return None
    samples = run.samples
    if run.analysed is not None:
        samples = samples[samples["patient_id"].isin(run.analysed)]
    columns = {"n_records": "records", "n_alternate": "alleles", "n_missing": "missing", "n_filtered": "filtered"}
    medians = {label: text.general(samples[column].median()) for column, label in columns.items()}
    return {"n": text.count(len(samples)), **medians}
