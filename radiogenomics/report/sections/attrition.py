"""Who was lost on the way, at which stage and why. The ledger must sum, and the section says so when it does not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from radiogenomics.report import figures
from radiogenomics.report.load import Run
from radiogenomics.tables import STAGES


@dataclass(frozen=True)
class Failure:
    """One row of the failures table."""

    patient: str
    image: str
    roi: str
    error: str
    message: str
    analysed: bool | None


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one stage for one reason, with the hints that were given."""

    stage: str
    reason: str
    n_patients: int
    rows: Sequence[Failure]
    hints: Sequence[str]


def section(run: Run) -> dict[str, Any]:
    """Numbers, flow figure and failures for the template."""
    return {
        **(_flow(run.ledger) if run.ledger is not None else {"has_ledger": False}),
        "has_failures": run.failures is not None,
        "groups": failure_groups(run.failures, run.analysed) if run.failures is not None else [],
        "silent": silent_exclusions(run),
    }


def patient_counts(run: Run) -> tuple[int | None, int | None]:
    """Patients enrolled and analysed, from the ledger, else from the patients table, else unknown."""
    if run.ledger is not None:
        return _total(run.ledger, "enrolled"), _total(run.ledger, "analysed")
    if run.patients is not None:
        return len(run.patients), int(run.patients["included"].sum())
    return None, None


def failure_groups(failures: pd.DataFrame, analysed: frozenset[str] | None) -> list[FailureGroup]:
    """Failures by stage, in the order of the stages, and reason; the most frequent reason of a stage first."""
    groups = [
        _group(str(stage), str(reason), part, analysed)
        for (stage, reason), part in failures.groupby(["stage", "reason"], observed=True)
    ]
    return sorted(groups, key=lambda group: (_stage_order(group.stage), -group.n_patients, group.reason))


def silent_exclusions(run: Run) -> list[dict[str, str]]:
    """Excluded patients that no row of the failures table explains; their reason stands in the patients table."""
    if run.patients is None:
        return []
    explained = set(run.failures["patient_id"]) if run.failures is not None else set()
    rows = run.patients[~run.patients["included"] & ~run.patients["patient_id"].isin(explained)]
    shown = rows[["patient_id", "excluded_stage", "excluded_reason", "excluded_message"]].sort_values("patient_id")
    return [{str(key): str(value) for key, value in row.items()} for row in shown.to_dict("records")]


def flow_steps(ledger: pd.DataFrame) -> list[figures.FlowStep]:
    """Exclusions stage by stage with the number of patients that remain."""
    remaining = _total(ledger, "enrolled")
    excluded = ledger[(ledger["step"] == "excluded") & (ledger["n_patients"] > 0)]
    steps = []
    for stage in sorted(excluded["stage"].unique(), key=_stage_order):
        part = excluded[excluded["stage"] == stage].sort_values(["n_patients", "reason"], ascending=[False, True])
        reasons = [(str(reason), int(n)) for reason, n in zip(part["reason"], part["n_patients"], strict=True)]
        remaining -= sum(n for _, n in reasons)
        steps.append(figures.FlowStep(str(stage), reasons, remaining))
    return steps


def _flow(ledger: pd.DataFrame) -> dict[str, Any]:
    steps = flow_steps(ledger)
    enrolled, analysed = _total(ledger, "enrolled"), _total(ledger, "analysed")
    excluded = _total(ledger, "excluded")
    return {
        "has_ledger": True,
        "flow": figures.flow(enrolled, steps, analysed),
        "enrolled": enrolled,
        "excluded": excluded,
        "analysed": analysed,
        "sums": enrolled == excluded + analysed,
    }


def _total(ledger: pd.DataFrame, step: str) -> int:
    return int(ledger.loc[ledger["step"] == step, "n_patients"].sum())


def _group(stage: str, reason: str, part: pd.DataFrame, analysed: frozenset[str] | None) -> FailureGroup:
    names = ["patient_id", "image_id", "roi", "error", "message"]
    rows = [
        Failure(patient, image, roi, error, message, None if analysed is None else patient in analysed)
        for patient, image, roi, error, message in part[names].astype(str).sort_values(names).to_numpy().tolist()
    ]
    return FailureGroup(stage, reason, int(part["patient_id"].nunique()), rows, _distinct(part["hint"]))


def _distinct(values: Iterable[object]) -> list[str]:
    return sorted({str(value) for value in values} - {""})


def _stage_order(stage: str) -> tuple[int, str]:
    return (STAGES.index(stage) if stage in STAGES else len(STAGES), stage)
