"""The three cohort sheets: tab-separated, checked as a whole, every bad row reported at once with its line number.

A sheet that the configuration leaves out has no rows; without a sheet of patients they are those of finished tables.

This module is imported by the Snakefile, so it stays light: no numpy, no pandas.
"""

import csv
import gzip
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from radiogenomics.cohort.outcome_cells import outcome_of
from radiogenomics.cohort.sheet_lines import (
    ID_PATTERN,
    ID_RULE,
    located,
    of_two_patients,
    read_lines,
    refuse,
    repeated,
    strangers,
    value_of,
)
from radiogenomics.cohort.sheet_rows import (
    REMOTE_PATTERN,
    ImageRow,
    PatientRow,
    SampleRow,
    Sheets,
    is_remote,
)
from radiogenomics.config.cohort import Cohort, Outcome
from radiogenomics.config.finished import FinishedFeatures
from radiogenomics.errors import MissingFileError, SheetError, listing

MAF_ENDINGS = (".maf", ".maf.gz")


def read_sheets(cohort: Cohort, finished: Iterable[FinishedFeatures] = ()) -> Sheets:
    """Read and check the three sheets.

    Parameters
    ----------
    finished : iterable of FinishedFeatures
        Feature tables of the user's, whose patients are those of the study where it has no sheet of patients.

    Raises
    ------
    MissingFileError, SheetError
        ``SheetError`` lists every problem of the first sheet that has one.
    """
    if cohort.patients is None:
        names = dict.fromkeys(name for table in finished for name in patients_of(table))
        patients = tuple(PatientRow(name, {}) for name in names)
    else:
        patients = read_patients(cohort.patients, cohort.covariates, cohort.outcomes)
    known = {row.patient_id for row in patients}
    return Sheets(
        patients,
        _read_images(cohort.images, known) if cohort.images is not None else (),
        _samples(cohort.samples, patients, known) if cohort.samples is not None else (),
    )


def patients_of(table: FinishedFeatures) -> tuple[str, ...]:
    """Patients of a finished table, each once, in the order of the table.

    Raises
    ------
    MissingFileError, SheetError
    """
    path = table.file
    if not path.is_file():
        raise MissingFileError(path, "feature table")
    try:
        cells = _column_of_parquet(table) if path.suffix == ".parquet" else _column_of_text(table)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise SheetError(path, [f"not readable: {error}"]) from error
    names = dict.fromkeys(cell.strip()[: table.patient_prefix] for cell in cells)
    refuse(path, [f"{table.patient_id} {name!r} {ID_RULE}" for name in names if not ID_PATTERN.match(name)])
    refuse(path, [] if names else ["no patients"])
    return tuple(names)


def _column_of_text(table: FinishedFeatures) -> list[str]:
    opened = gzip.open if table.file.suffix == ".gz" else open
    with opened(table.file, "rt", encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter="\t" if ".tsv" in table.file.suffixes else ",")
        header = [name.strip() for name in next(rows, [])]
        if table.patient_id not in header:
            refuse(table.file, [f"no column {table.patient_id!r}; found {listing(header)}"])
        place = header.index(table.patient_id)
        return [row[place] if place < len(row) else "" for row in rows if row]


def _column_of_parquet(table: FinishedFeatures) -> list[str]:
    from pyarrow import parquet

    names = parquet.read_schema(table.file).names
    if table.patient_id not in names:
        refuse(table.file, [f"no column {table.patient_id!r}; found {listing(names)}"])
    return [str(cell) for cell in parquet.read_table(table.file, columns=[table.patient_id])[0].to_pylist()]


def read_sequenced(
    patients: Path, samples: Path, covariates: Mapping[str, Literal["number", "category"]]
) -> tuple[tuple[PatientRow, ...], tuple[SampleRow, ...]]:
    """Read and check the sheets of patients and samples.

    Raises
    ------
    MissingFileError, SheetError
    """
    rows = read_patients(patients, covariates)
    return rows, _samples(samples, rows, {row.patient_id for row in rows})


def read_patients(
    path: Path,
    covariates: Mapping[str, Literal["number", "category"]],
    outcomes: Mapping[str, Outcome] = MappingProxyType({}),
) -> tuple[PatientRow, ...]:
    """Read and check the sheet of patients.

    Raises
    ------
    MissingFileError, SheetError
    """
    columns = [column for outcome in outcomes.values() for column in (outcome.time, outcome.event)]
    lines, problems = read_lines(path, tuple(dict.fromkeys(("patient_id", *covariates, *columns))), ids=("patient_id",))
    problems += repeated(lines, ("patient_id",))
    rows: list[PatientRow] = []
    for number, line in lines:
        values: dict[str, float | str | None] = {}
        for name, kind in covariates.items():
            value = values[name] = value_of(line[name], kind)
            if isinstance(value, float) and not math.isfinite(value):
                problems.append(
                    f"line {number}: {name} {line[name]!r} is not a number;"
                    " write the number, NA, or declare the covariate a category"
                )
        states = {name: outcome_of(line, outcome) for name, outcome in outcomes.items()}
        problems += [
            f"line {number}: patient {line['patient_id']!r}, outcome {name}: {problem}"
            for name, state in states.items()
            for problem in state.problems
        ]
        rows.append(PatientRow(line["patient_id"], values, states))
    if not rows and not problems:
        problems.append("no patients")
    refuse(path, problems)
    return tuple(rows)


def _read_images(path: Path, patients: set[str]) -> tuple[ImageRow, ...]:
    columns = ("image_id", "patient_id", "role", "series", "segmentation", "roi")
    lines, problems = read_lines(path, columns, ids=("image_id", "patient_id", "role"))
    problems += repeated(lines, ("image_id",)) + repeated(lines, ("patient_id", "role")) + strangers(lines, patients)
    problems += of_two_patients(path.parent, lines)
    rows: list[ImageRow] = []
    for number, line in lines:
        if not line["series"]:
            problems.append(f"line {number}: series is empty; name a folder or dicomweb:SERVER/STUDY_UID/SERIES_UID")
        if line["segmentation"] and not line["roi"]:
            problems.append(
                f"line {number}: roi is empty; name the region of interest (any name for a mask file of one label)"
            )
        for name in ("series", "segmentation"):
            if is_remote(line[name]) and not REMOTE_PATTERN.match(line[name]):
                problems.append(
                    f"line {number}: {name} {line[name]!r} is not of the form dicomweb:SERVER/STUDY_UID/SERIES_UID"
                )
        series, segmentation = (located(path.parent, line[name]) for name in ("series", "segmentation"))
        rows.append(
            ImageRow(
                line["image_id"],
                line["patient_id"],
                line["role"],
                series,
                segmentation,
                line["roi"],
                line.get("select", ""),
            )
        )
    refuse(path, problems)
    return tuple(rows)


def _samples(path: Path, patients: Sequence[PatientRow], known: set[str]) -> tuple[SampleRow, ...]:
    """Rows of the sheet; of a MAF in its place, a row for every patient, who is then looked up by name."""
    if not path.name.endswith(MAF_ENDINGS):
        return _read_samples(path, known)
    if not path.is_file():
        raise MissingFileError(path, "mutation annotation file (cohort.samples)")
    return tuple(SampleRow(row.patient_id, row.patient_id, str(path)) for row in patients)


def _read_samples(path: Path, patients: set[str]) -> tuple[SampleRow, ...]:
    lines, problems = read_lines(path, ("patient_id", "sample_id", "vcf"), ids=("patient_id",))
    problems += repeated(lines, ("patient_id",)) + strangers(lines, patients)
    problems += repeated(lines, ("sample_id", "vcf"), path.parent)
    for number, line in lines:
        problems += [f"line {number}: {name} is empty" for name in ("sample_id", "vcf") if not line[name]]
    refuse(path, problems)
    return tuple(
        SampleRow(
            line["patient_id"],
            line["sample_id"],
            *(located(path.parent, line.get(name, "")) for name in ("vcf", "assayed")),
        )
        for _, line in lines
    )
