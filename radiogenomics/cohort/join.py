"""Command: who is analysed, who is not, and why; the numbers must sum."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from radiogenomics import tables
from radiogenomics.cohort.components import read_components, without_components
from radiogenomics.cohort.sheet_rows import PatientRow, Sheets
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.config import load_mapping, load_section
from radiogenomics.config.cohort import Cohort, component_names
from radiogenomics.config.finished import FEATURE_TABLES
from radiogenomics.errors import CohortError, TooManyFailuresError
from radiogenomics.failures import Failures
from radiogenomics.files import write_text
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)

# A failure of an early stage explains those of the later ones.
STAGE_ORDER = {stage: number for number, stage in enumerate(tables.STAGES)}


class NoImageError(CohortError):
    """The images sheet has no row for the patient."""

    reason = "no_image"

    def __init__(self) -> None:
        super().__init__("no row in the images sheet", hint="add one, or accept the exclusion")


class NoSampleError(CohortError):
    """The samples sheet has no row for the patient."""

    reason = "no_sample"

    def __init__(self) -> None:
        super().__init__("no row in the samples sheet", hint="add one, or accept the exclusion")


class NoFeaturesError(CohortError):
    """No finished table has a feature of the patient, and the study has no images."""

    reason = "no_features"

    def __init__(self) -> None:
        super().__init__("no value in a finished feature table", hint="add one, or accept the exclusion")


class NoMarkersError(CohortError):
    """No marker of the patient is known, and the study has no variant files."""

    reason = "no_markers"

    def __init__(self) -> None:
        super().__init__(
            "no marker is known: the tables of genomics.markers have no row of the patient, or no value in it",
            hint="add one, or accept the exclusion",
        )


@dataclass(frozen=True)
class Exclusion:
    """Why one patient is not analysed."""

    stage: str
    reason: str
    message: str


def join(
    *,
    settings: str,
    features: Path,
    table: Path,
    ledger: Path,
    failures: Path,
    patients: Path | None = None,
    images: Path | None = None,
    samples: Path | None = None,
    finished: str = "{}",
    sequenced: Sequence[Path] = (),
    markers: Path | None = None,
    failed: Sequence[Path] = (),
    poor: Sequence[Path] = (),
    components: Path | None = None,
    quality: Path | None = None,
) -> None:
    """Write the patients table, the attrition ledger and all failures.

    A patient is analysed with features of at least one image and a sample that was read; a failed image of a patient
    who has another one stands in the failures table but excludes nobody. A study without images needs features of
    finished tables instead, one without samples a known marker in ``markers``, the alterations table; one without a
    sheet of patients enrols those of ``finished``, the feature tables as JSON by name. A patient in a table of
    ``poor`` samples is excluded although the sample was read. Where the settings ask for components, those of
    ``components`` become covariates; an analysed patient without them stands in the failures table with the note of
    ``quality``, and is missing from the full adjustment.

    Raises
    ------
    MissingFileError, SheetError, TableError, TooFewComponentsError
    """
    options = load_section(Cohort, settings).model_copy(
        update={"patients": patients, "images": images, "samples": samples}
    )
    given = load_mapping(FEATURE_TABLES, finished).values()
    sheets = read_sheets(options, given)
    with_features = _patients_in(features)
    with_markers = _patients_in(*sequenced) if markers is None else known_in(markers)
    recorded = [tables.FAILURES.read(path) for path in failed]
    absent = absent_patients(
        sheets,
        with_features if images is None else None,
        with_markers if samples is None else None,
    )
    refused = [tables.FAILURES.read(path) for path in poor]
    all_failures = pd.concat([*recorded, *refused, absent], ignore_index=True)
    with_markers = with_markers.difference(*(frame["patient_id"] for frame in refused))
    excluded = exclusions(sheets, with_features, with_markers, all_failures)
    axes = None
    if options.components and components is not None and quality is not None:
        axes = read_components(components, options.components)
        analysed = [row.patient_id for row in sheets.patients if row.patient_id not in excluded]
        lacking = without_components(analysed, axes, quality)
        all_failures = pd.concat([all_failures, lacking], ignore_index=True)
    own = dict.fromkeys(component_names(options.components), "number")
    record: dict[str, object] = {"covariates": {**options.covariates, **own}}
    record |= {"components": options.components} if options.components else {}
    sheets_given = {"patients": patients, "images": images, "samples": samples}
    if without := [name for name, path in sheets_given.items() if path is None]:
        record["without"] = without
    read = [patients, images, samples, features, *sequenced, markers, *(table.file for table in given)]
    read += [components, quality] if axes is not None else []
    provenance = Provenance("cohort", record, digests([path for path in read if path is not None]))
    frame = patients_frame(sheets.patients, excluded, options.covariates)
    if axes is not None:
        frame = frame.join(axes, on="patient_id")
    tables.PATIENTS.write(frame, table, provenance)
    tables.FAILURES.write(all_failures.sort_values(["patient_id", "stage"], kind="stable"), failures)
    tables.LEDGER.write(ledger_frame(len(sheets.patients), excluded), ledger)
    n = len(sheets.patients)
    logger.info("%d patients, %d analysed, %d excluded", n, n - len(excluded), len(excluded))
    if axes is not None and len(lacking):
        logger.warning("%d analysed patients have no principal components: not in the full adjustment", len(lacking))


def limit(*, ledger: Path, max_failed_share: float, checked: Path) -> None:
    """Stop a study that lost too many patients; a step of its own, so that the tables which say why are kept.

    Raises
    ------
    TooManyFailuresError
    """
    write_text(checked, within_limit(ledger, max_failed_share))


def within_limit(ledger: Path, max_failed_share: float) -> str:
    """One line that says how many were excluded, where that is within the limit.

    Raises
    ------
    TooManyFailuresError
    """
    steps = tables.LEDGER.read(ledger)
    counts = steps.groupby("step", observed=True)["n_patients"].sum()
    enrolled, failed = int(counts["enrolled"]), int(counts["enrolled"] - counts["analysed"])
    if failed > max_failed_share * enrolled:
        excluded = steps[steps["step"] == "excluded"]
        reasons = (f"{reason} {n}" for reason, n in zip(excluded["reason"], excluded["n_patients"], strict=True))
        raise TooManyFailuresError(failed, enrolled, max_failed_share, ", ".join(reasons))
    return f"{failed} of {enrolled} patients excluded, limit {max_failed_share:.0%}\n"


def absent_patients(
    sheets: Sheets, with_features: set[str] | None = None, with_markers: set[str] | None = None
) -> pd.DataFrame:
    """Failures of patients without a row in the images or the samples sheet.

    In a study without one of these sheets, ``with_features`` or ``with_markers`` stand in for it.
    """
    failed = Failures("cohort")
    imaged, sampled = ({row.patient_id for row in rows} for rows in (sheets.images, sheets.samples))
    images = (imaged, NoImageError) if with_features is None else (with_features, NoFeaturesError)
    samples = (sampled, NoSampleError) if with_markers is None else (with_markers, NoMarkersError)
    for row in sheets.patients:
        for present, error in (images, samples):
            if row.patient_id not in present:
                with failed.guard(row.patient_id):
                    raise error
    return tables.FAILURES.frame(failed.rows)


def known_in(markers: Path) -> set[str]:
    """Patients of whom the alterations table knows a state or a number."""
    frame = pq.read_table(markers, columns=["patient_id", "state", "value"]).to_pandas()
    known = frame["state"].isin(["altered", "wild_type"]) | (frame["state"].isna() & frame["value"].notna())
    return set(frame.loc[known, "patient_id"].astype(str))


def exclusions(
    sheets: Sheets, with_features: set[str], with_sample: set[str], failures: pd.DataFrame
) -> dict[str, Exclusion]:
    """The reason of the earliest stage for every patient who is not analysed."""
    result: dict[str, Exclusion] = {}
    for patient in (row.patient_id for row in sheets.patients):
        lacking: tuple[str, ...] = ()
        lacking += ("pacs", "imaging", "radiomics", "cohort") if patient not in with_features else ()
        lacking += ("genomics", "cohort") if patient not in with_sample else ()
        if not lacking:
            continue
        own = failures[(failures["patient_id"] == patient) & failures["stage"].isin(lacking)]
        found = [Exclusion(str(row.stage), str(row.reason), str(row.message)) for row in own.itertuples()]
        unexplained = Exclusion("cohort", "unexplained", "no features or sample, and no failure; please report this")
        result[patient] = min(found, key=lambda exclusion: STAGE_ORDER[exclusion.stage], default=unexplained)
    return result


def patients_frame(
    rows: Sequence[PatientRow], excluded: Mapping[str, Exclusion], covariates: Mapping[str, str]
) -> pd.DataFrame:
    """The patients table with the covariates as typed columns."""
    included = Exclusion("", "", "")
    frame = pd.DataFrame(
        [
            {
                "patient_id": row.patient_id,
                "included": row.patient_id not in excluded,
                **{f"excluded_{key}": value for key, value in vars(excluded.get(row.patient_id, included)).items()},
                **row.covariates,
            }
            for row in rows
        ]
    )
    for name, kind in covariates.items():
        frame[name] = frame[name].astype("float64" if kind == "number" else "str")
    return frame


def ledger_frame(enrolled: int, excluded: Mapping[str, Exclusion]) -> pd.DataFrame:
    """The attrition ledger: enrolled = analysed + excluded, by stage and reason."""
    counts = Counter((exclusion.stage, exclusion.reason) for exclusion in excluded.values())
    rows: list[dict[str, object]] = [{"step": "enrolled", "stage": "", "reason": "", "n_patients": enrolled}]
    rows += [
        {"step": "excluded", "stage": stage, "reason": reason, "n_patients": n}
        for (stage, reason), n in sorted(counts.items(), key=lambda item: (STAGE_ORDER[item[0][0]], item[0][1]))
    ]
    rows.append({"step": "analysed", "stage": "", "reason": "", "n_patients": enrolled - len(excluded)})
    return tables.LEDGER.frame(rows)


def _patients_in(*paths: Path) -> set[str]:
    found: set[str] = set()
    for path in paths:
        found |= set(pq.read_table(path, columns=["patient_id"])["patient_id"].unique().to_pylist())
    return found
