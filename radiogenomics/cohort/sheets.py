"""The three cohort sheets: tab-separated, checked as a whole, every bad row reported at once with its line number.

A sheet that the configuration leaves out has no rows; without a sheet of patients they are those of finished tables.

This module is imported by the Snakefile, so it stays light: no numpy, no pandas.
"""

import csv
import gzip
import io
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from radiogenomics.cohort.outcome_cells import MISSING, NUMBER_PATTERN, OutcomeCells, outcome_of
from radiogenomics.config.cohort import Cohort, Outcome
from radiogenomics.config.finished import FinishedFeatures
from radiogenomics.errors import MissingFileError, SheetError, listing

ID_PATTERN = re.compile(r"^[A-Za-z0-9_-]+$")
ID_RULE = "may hold letters, digits, - and _ only, since it becomes a file name"
REMOTE_PATTERN = re.compile(r"^dicomweb:(?P<server>[A-Za-z0-9_-]+)/(?P<study>[0-9.]{1,64})/(?P<series>[0-9.]{1,64})$")
SEGMENTER = "segmenter:"
PANEL = "panel:"
MAF_ENDINGS = (".maf", ".maf.gz")
PATH_COLUMNS = ("series", "segmentation", "vcf", "assayed")
Lines = Sequence[tuple[int, dict[str, str]]]


@dataclass(frozen=True)
class PatientRow:
    """One patient.

    ``covariates`` holds a float, a string or None (missing) for each declared covariate, ``outcomes`` what the sheet
    says of each declared outcome.
    """

    patient_id: str
    covariates: Mapping[str, float | str | None]
    outcomes: Mapping[str, OutcomeCells] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageRow:
    """One image with one region of interest.

    ``series`` and ``segmentation`` are absolute paths or ``dicomweb:SERVER/STUDY_UID/SERIES_UID``, a
    segmentation may be ``segmenter:NAME``; an empty
    ``segmentation`` means that there is none. ``role`` says what the image is in the study. ``select`` names one of
    several volumes of the series, by number or by attributes; usually it is empty.
    """

    image_id: str
    patient_id: str
    role: str
    series: str
    segmentation: str
    roi: str
    select: str = ""


@dataclass(frozen=True)
class SampleRow:
    """One sequenced sample: its name in the variant file ``vcf`` (absolute path).

    ``assayed`` is the file of what was assayed (absolute path) or ``panel:NAME``; empty means everything.
    """

    patient_id: str
    sample_id: str
    vcf: str
    assayed: str = ""


@dataclass(frozen=True)
class Sheets:
    """The cohort as its sheets state it."""

    patients: tuple[PatientRow, ...]
    images: tuple[ImageRow, ...]
    samples: tuple[SampleRow, ...]


def segmenter_of(location: str) -> str | None:
    """Name of the program that makes the segmentation, where the sheet names one: ``segmenter:NAME``."""
    return location.removeprefix(SEGMENTER) if location.startswith(SEGMENTER) else None


def panel_of(location: str) -> str | None:
    """Name of the panel of the configuration, where the sheet names one: ``panel:NAME``."""
    return location.removeprefix(PANEL) if location.startswith(PANEL) else None


def is_remote(location: str) -> bool:
    """Whether a series or segmentation stands on a DICOMweb server."""
    return location.startswith("dicomweb:")


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
    _refuse(path, [f"{table.patient_id} {name!r} {ID_RULE}" for name in names if not ID_PATTERN.match(name)])
    _refuse(path, [] if names else ["no patients"])
    return tuple(names)


def _column_of_text(table: FinishedFeatures) -> list[str]:
    opened = gzip.open if table.file.suffix == ".gz" else open
    with opened(table.file, "rt", encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, delimiter="\t" if ".tsv" in table.file.suffixes else ",")
        header = [name.strip() for name in next(rows, [])]
        if table.patient_id not in header:
            _refuse(table.file, [f"no column {table.patient_id!r}; found {listing(header)}"])
        place = header.index(table.patient_id)
        return [row[place] if place < len(row) else "" for row in rows if row]


def _column_of_parquet(table: FinishedFeatures) -> list[str]:
    from pyarrow import parquet

    names = parquet.read_schema(table.file).names
    if table.patient_id not in names:
        _refuse(table.file, [f"no column {table.patient_id!r}; found {listing(names)}"])
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
    lines, problems = _read(path, tuple(dict.fromkeys(("patient_id", *covariates, *columns))), ids=("patient_id",))
    problems += _repeated(lines, ("patient_id",))
    rows: list[PatientRow] = []
    for number, line in lines:
        values: dict[str, float | str | None] = {}
        for name, kind in covariates.items():
            value = values[name] = _value(line[name], kind)
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
    _refuse(path, problems)
    return tuple(rows)


def _read_images(path: Path, patients: set[str]) -> tuple[ImageRow, ...]:
    columns = ("image_id", "patient_id", "role", "series", "segmentation", "roi")
    lines, problems = _read(path, columns, ids=("image_id", "patient_id", "role"))
    problems += _repeated(lines, ("image_id",)) + _repeated(lines, ("patient_id", "role")) + _strangers(lines, patients)
    problems += _of_two_patients(path.parent, lines)
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
    _refuse(path, problems)
    return tuple(rows)


def _samples(path: Path, patients: Sequence[PatientRow], known: set[str]) -> tuple[SampleRow, ...]:
    """Rows of the sheet; of a MAF in its place, a row for every patient, who is then looked up by name."""
    if not path.name.endswith(MAF_ENDINGS):
        return _read_samples(path, known)
    if not path.is_file():
        raise MissingFileError(path, "mutation annotation file (cohort.samples)")
    return tuple(SampleRow(row.patient_id, row.patient_id, str(path)) for row in patients)


def _read_samples(path: Path, patients: set[str]) -> tuple[SampleRow, ...]:
    lines, problems = _read(path, ("patient_id", "sample_id", "vcf"), ids=("patient_id",))
    problems += _repeated(lines, ("patient_id",)) + _strangers(lines, patients)
    problems += _repeated(lines, ("sample_id", "vcf"), path.parent)
    for number, line in lines:
        problems += [f"line {number}: {name} is empty" for name in ("sample_id", "vcf") if not line[name]]
    _refuse(path, problems)
    return tuple(
        SampleRow(
            line["patient_id"],
            line["sample_id"],
            *(_located(path.parent, line.get(name, "")) for name in ("vcf", "assayed")),
        )
        for _, line in lines
    )


def _read(path: Path, columns: Sequence[str], ids: Sequence[str]) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
    """Rows with their line numbers, and the problems that any sheet can have."""
    if not path.is_file():
        raise MissingFileError(path, "cohort sheet")
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    header = [name.strip() for name in next(reader, [])]
    _check_header(path, header, columns)
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
            f"line {reader.line_num}: {name} {line[name]!r} {ID_RULE}"
            for name in ids
            if not ID_PATTERN.match(line[name])
        ]
        lines.append((reader.line_num, line))
    return lines, problems


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise SheetError(path, [f"line {number}: the file is not UTF-8; save it as UTF-8, tab-separated"]) from error


def _check_header(path: Path, header: Sequence[str], columns: Sequence[str]) -> None:
    problems = [
        f"line 1: column {name!r} stands {n} times" for name, n in Counter(filter(None, header)).items() if n > 1
    ]
    if missing := [name for name in columns if name not in header]:
        problems.append(
            f"line 1: no column {', '.join(missing)}; found {', '.join(header) or 'nothing'}"
            " (columns are separated by tabs)"
        )
    _refuse(path, problems)


def _value(text: str, kind: Literal["number", "category"]) -> float | str | None:
    """A covariate; what is neither a number nor missing becomes NaN. Underscores and other digits are no numbers."""
    if text in MISSING:
        return None
    if kind == "category":
        return text
    return float(text) if NUMBER_PATTERN.fullmatch(text) else math.nan


def _repeated(lines: Lines, key: Sequence[str], folder: Path | None = None) -> list[str]:
    """Lines with the same key; with the sheet's ``folder``, two spellings of one path are the same."""

    def of(line: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(_located(folder, line[name]) if folder and name in PATH_COLUMNS else line[name] for name in key)

    counts = Counter(of(line) for _, line in lines)
    return [
        f"line {number}: {' and '.join(key)} {' '.join(line[name] for name in key)!r} stands {counts[of(line)]} times"
        for number, line in lines
        if counts[of(line)] > 1
    ]


def _of_two_patients(folder: Path, lines: Lines) -> list[str]:
    """A series shows one patient; in two roles it may have two regions."""
    first: dict[str, tuple[int, str]] = {}
    problems = []
    for number, line in lines:
        if line["series"]:
            owner = first.setdefault(_located(folder, line["series"]), (number, line["patient_id"]))
            if owner[1] != line["patient_id"]:
                problems.append(
                    f"line {number}: series {line['series']!r} of patient {line['patient_id']!r} is that of patient"
                    f" {owner[1]!r} in line {owner[0]}"
                )
    return problems


def _strangers(lines: Lines, patients: set[str]) -> list[str]:
    return [
        f"line {number}: patient {line['patient_id']!r} is not in the patients sheet"
        for number, line in lines
        if line["patient_id"] not in patients
    ]


def _located(folder: Path, location: str) -> str:
    stays = not location or is_remote(location) or location.startswith((SEGMENTER, PANEL))
    return location if stays else str((folder / location).resolve())


def _refuse(path: Path, problems: Sequence[str]) -> None:
    if problems:
        raise SheetError(path, problems)
