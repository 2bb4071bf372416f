"""The three cohort sheets: tab-separated, checked as a whole, every bad row reported at once with its line number.

This module is imported by the Snakefile, so it stays light: no numpy, no pandas.
"""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from radiogenomics.config.models import Cohort
from radiogenomics.errors import MissingFileError, SheetError

ID_PATTERN = re.compile(r"^[A-Za-z0-9_-]+$")
REMOTE_PATTERN = re.compile(r"^dicomweb:(?P<server>[A-Za-z0-9_-]+)/(?P<study>[0-9.]{1,64})/(?P<series>[0-9.]{1,64})$")
MISSING = ("", "NA", "NaN", "nan")


@dataclass(frozen=True)
class PatientRow:
    """One patient; ``covariates`` holds a float, a string or None (missing) for each declared covariate."""

    patient_id: str
    covariates: Mapping[str, float | str | None]


@dataclass(frozen=True)
class ImageRow:
    """One image with one region of interest.

    ``series`` and ``segmentation`` are absolute paths or ``dicomweb:SERVER/STUDY_UID/SERIES_UID``; an empty
    ``segmentation`` means that there is none. ``role`` says what the image is in the study.
    """

    image_id: str
    patient_id: str
    role: str
    series: str
    segmentation: str
    roi: str


@dataclass(frozen=True)
class SampleRow:
    """One sequenced sample: its name in the variant file ``vcf`` (absolute path)."""

    patient_id: str
    sample_id: str
    vcf: str


@dataclass(frozen=True)
class Sheets:
    """The cohort as its sheets state it."""

    patients: tuple[PatientRow, ...]
    images: tuple[ImageRow, ...]
    samples: tuple[SampleRow, ...]


def is_remote(location: str) -> bool:
    """Whether a series or segmentation stands on a DICOMweb server."""
    return location.startswith("dicomweb:")


def read_sheets(cohort: Cohort) -> Sheets:
    """Read and check the three sheets.

    Raises
    ------
    MissingFileError, SheetError
        ``SheetError`` lists every problem of the first sheet that has one.
    """
    patients = _read_patients(cohort.patients, cohort.covariates)
    known = {row.patient_id for row in patients}
    return Sheets(patients, _read_images(cohort.images, known), _read_samples(cohort.samples, known))


def _read_patients(path: Path, covariates: Mapping[str, Literal["number", "category"]]) -> tuple[PatientRow, ...]:
    lines, problems = _read(path, ("patient_id", *covariates), ids=("patient_id",))
    problems += _repeated(lines, ("patient_id",))
    rows: list[PatientRow] = []
    for number, line in lines:
        values: dict[str, float | str | None] = {}
        for name, kind in covariates.items():
            text = line[name]
            try:
                values[name] = None if text in MISSING else float(text) if kind == "number" else text
            except ValueError:
                problems.append(
                    f"line {number}: {name} {text!r} is not a number;"
                    " write the number, NA, or declare the covariate a category"
                )
        rows.append(PatientRow(line["patient_id"], values))
    if not rows and not problems:
        problems.append("no patients")
    _refuse(path, problems)
    return tuple(rows)


def _read_images(path: Path, patients: set[str]) -> tuple[ImageRow, ...]:
    columns = ("image_id", "patient_id", "role", "series", "segmentation", "roi")
    lines, problems = _read(path, columns, ids=("image_id", "patient_id", "role"))
    problems += _repeated(lines, ("image_id",)) + _repeated(lines, ("patient_id", "role")) + _strangers(lines, patients)
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
        series, segmentation = (_located(path.parent, line[name]) for name in ("series", "segmentation"))
        rows.append(ImageRow(line["image_id"], line["patient_id"], line["role"], series, segmentation, line["roi"]))
    _refuse(path, problems)
    return tuple(rows)


def _read_samples(path: Path, patients: set[str]) -> tuple[SampleRow, ...]:
    lines, problems = _read(path, ("patient_id", "sample_id", "vcf"), ids=("patient_id",))
    problems += _repeated(lines, ("patient_id",)) + _repeated(lines, ("sample_id", "vcf")) + _strangers(lines, patients)
    for number, line in lines:
        problems += [f"line {number}: {name} is empty" for name in ("sample_id", "vcf") if not line[name]]
    _refuse(path, problems)
    return tuple(
        SampleRow(line["patient_id"], line["sample_id"], _located(path.parent, line["vcf"])) for _, line in lines
    )


def _read(path: Path, columns: Sequence[str], ids: Sequence[str]) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Rows with their line numbers, and the problems that any sheet can have."""
    if not path.is_file():
        raise MissingFileError(path, "cohort sheet")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in columns if name not in header]
        if missing:
            raise SheetError(
                path,
                [
                    f"line 1: no column {', '.join(missing)}; found {', '.join(header) or 'nothing'}"
                    " (columns are separated by tabs)"
                ],
            )
        lines: list[tuple[int, dict[str, str]]] = []
        problems: list[str] = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.append(f"line {reader.line_num}: {len(cells)} cells, the header has {len(header)}")
                continue
            line = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            problems += [
                f"line {reader.line_num}: {name} {line[name]!r} may hold letters, digits, - and _ only,"
                " since it becomes a file name"
                for name in ids
                if not ID_PATTERN.match(line[name])
            ]
            lines.append((reader.line_num, line))
    return lines, problems


def _repeated(lines: Sequence[tuple[int, dict[str, str]]], key: Sequence[str]) -> list[str]:
    counts = Counter(tuple(line[name] for name in key) for _, line in lines)
    repeated = [(number, tuple(line[name] for name in key)) for number, line in lines]
    return [
        f"line {number}: {' and '.join(key)} {' '.join(value)!r} stands {counts[value]} times"
        for number, value in repeated
        if counts[value] > 1
    ]


def _strangers(lines: Sequence[tuple[int, dict[str, str]]], patients: set[str]) -> list[str]:
    return [
        f"line {number}: patient {line['patient_id']!r} is not in the patients sheet"
        for number, line in lines
        if line["patient_id"] not in patients
    ]


def _located(folder: Path, location: str) -> str:
    return location if not location or is_remote(location) else str((folder / location).resolve())


def _refuse(path: Path, problems: Sequence[str]) -> None:
    if problems:
        raise SheetError(path, problems)
