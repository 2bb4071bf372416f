"""Lines of a tab-separated sheet, and what is wrong with them."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from radiogenomics.cohort.outcome_cells import MISSING, NUMBER_PATTERN
from radiogenomics.cohort.sheet_rows import (
    PANEL,
    SEGMENTER,
    is_remote,
)
from radiogenomics.errors import MissingFileError, SheetError

ID_PATTERN = re.compile(r"^[A-Za-z0-9_-]+$")
ID_RULE = "may hold letters, digits, - and _ only, since it becomes a file name"
PATH_COLUMNS = ("series", "segmentation", "vcf", "assayed")
Lines = Sequence[tuple[int, dict[str, str]]]


def read_lines(
    path: Path, columns: Sequence[str], ids: Sequence[str]
) -> tuple[list[tuple[int, dict[str, str]]], list[str]]:
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
    refuse(path, problems)


def value_of(text: str, kind: Literal["number", "category"]) -> float | str | None:
    """A covariate; what is neither a number nor missing becomes NaN. Underscores and other digits are no numbers."""
    if text in MISSING:
        return None
    if kind == "category":
        return text
    return float(text) if NUMBER_PATTERN.fullmatch(text) else math.nan


def repeated(lines: Lines, key: Sequence[str], folder: Path | None = None) -> list[str]:
    """Lines with the same key; with the sheet's ``folder``, two spellings of one path are the same."""

    def of(line: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(located(folder, line[name]) if folder and name in PATH_COLUMNS else line[name] for name in key)

    counts = Counter(of(line) for _, line in lines)
    return [
        f"line {number}: {' and '.join(key)} {' '.join(line[name] for name in key)!r} stands {counts[of(line)]} times"
        for number, line in lines
        if counts[of(line)] > 1
    ]


def of_two_patients(folder: Path, lines: Lines) -> list[str]:
    """A series shows one patient; in two roles it may have two regions."""
    first: dict[str, tuple[int, str]] = {}
    problems = []
    for number, line in lines:
        if line["series"]:
            owner = first.setdefault(located(folder, line["series"]), (number, line["patient_id"]))
            if owner[1] != line["patient_id"]:
                problems.append(
                    f"line {number}: series {line['series']!r} of patient {line['patient_id']!r} is that of patient"
                    f" {owner[1]!r} in line {owner[0]}"
                )
    return problems


def strangers(lines: Lines, patients: set[str]) -> list[str]:
    """Lines of patients whom the patients sheet does not have."""
    return [
        f"line {number}: patient {line['patient_id']!r} is not in the patients sheet"
        for number, line in lines
        if line["patient_id"] not in patients
    ]


def located(folder: Path, location: str) -> str:
    """A path of the sheet as an absolute one; other locations as they are."""
    stays = not location or is_remote(location) or location.startswith((SEGMENTER, PANEL))
    return location if stays else str((folder / location).resolve())


def refuse(path: Path, problems: Sequence[str]) -> None:
    """Raise SheetError if there is a problem."""
    if problems:
        raise SheetError(path, problems)
