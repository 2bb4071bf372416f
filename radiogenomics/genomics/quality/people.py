"""Whose samples are looked at: rows of the sheets, or all samples of files given by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.cohort.sheet_rows import PatientRow
from radiogenomics.cohort.sheets import read_sequenced
from radiogenomics.config.cohort import Cohort
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.quality.errors import StatedSexError

_SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}


@dataclass(frozen=True)
class Person:
    """A patient with a sample: its name as the sheet has it, the file that the sheet names, what else is stated."""

    patient_id: str
    sample_id: str
    vcf: Path
    stated_sex: str = ""
    group: str = ""


def people_of(patients: Path, samples: Path, options: Genomics) -> list[Person]:
    """The sequenced patients of the sheets, by identifier.

    Raises
    ------
    MissingFileError, SheetError, StatedSexError
    """
    quality = options.quality
    columns = [name for name in (quality.sex_column, quality.group_column) if name]
    cohort = Cohort(patients=patients, samples=samples, covariates=dict.fromkeys(columns, "category"))
    rows, sequenced = read_sequenced(patients, samples, cohort.covariates)
    stated = {row.patient_id: row for row in rows}
    sexes = _sexes(rows, quality.sex_column)
    groups = {name: _text(row, quality.group_column) for name, row in stated.items()}
    found = [
        Person(row.patient_id, row.sample_id, Path(row.vcf), sexes[row.patient_id], groups[row.patient_id])
        for row in sequenced
    ]
    return sorted(found, key=lambda person: person.patient_id)


def _sexes(rows: Sequence[PatientRow], column: str | None) -> Mapping[str, str]:
    stated = {row.patient_id: _text(row, column) for row in rows}
    if unknown := sorted({text for text in stated.values() if text and text.lower() not in _SEXES}):
        raise StatedSexError(str(column), unknown)
    return {name: _SEXES.get(text.lower(), "") for name, text in stated.items()}


def _text(row: PatientRow, column: str | None) -> str:
    value = row.covariates[column] if column else None
    return "" if value is None else str(value)
