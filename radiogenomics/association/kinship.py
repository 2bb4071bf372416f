"""Relatedness of patients from a file: a square table with their names, or a matrix of plink2 beside its names."""

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyarrow import ArrowException

from radiogenomics.association.covariance import NEGATIVE_TOLERANCE, Relatedness
from radiogenomics.association.errors import NotACovarianceError
from radiogenomics.association.statistics_errors import OutOfRangeError
from radiogenomics.errors import MissingFileError, TableError, listing

FloatArray = NDArray[np.float64]
KINSHIP = "association.kinship"
# Two halves of a matrix may differ by this share of its largest number, as text of six digits does.
SYMMETRY_TOLERANCE = 1e-5


def relatedness(path: Path, patients: Sequence[str]) -> Relatedness:
    """The matrix of a file for the patients, in their order; those whom it lacks are not known.

    Raises
    ------
    MissingFileError, TableError
    NotACovarianceError
        It has negative eigenvalues, which KING-robust kinship may have.
    """
    frame = read_kinship(path)
    place = frame.index.get_indexer(pd.Index(patients))
    known = place >= 0
    matrix = np.full((len(patients), len(patients)), np.nan)
    matrix[np.ix_(known, known)] = frame.to_numpy()[np.ix_(place[known], place[known])]
    try:
        return Relatedness(matrix)
    except OutOfRangeError as error:
        raise NotACovarianceError(path, error.value, -NEGATIVE_TOLERANCE) from error


def read_kinship(path: Path) -> pd.DataFrame:
    """A symmetric table of numbers, patients in rows and columns, in the same order.

    The first column holds the patients, whom the other columns are named after, in any order (CSV, TSV or Parquet). A
    file ``NAME.rel`` or ``NAME.king`` is numbers only, as plink2 writes with ``square``; ``NAME.rel.id`` has the names.

    Raises
    ------
    MissingFileError, TableError
    """
    frame = _read(path)
    problems = []
    if repeated := sorted({*frame.index[frame.index.duplicated()], *frame.columns[frame.columns.duplicated()]}):
        problems.append(f"{listing(repeated)} stands twice")
    if set(frame.index) != set(frame.columns):
        differing = sorted(set(frame.index) ^ set(frame.columns))
        problems.append(f"rows and columns name other patients: {listing(differing)}")
    if problems:
        raise TableError(KINSHIP, path.name, problems)
    numbers = frame[frame.index].apply(pd.to_numeric, errors="coerce")
    values = numbers.to_numpy(dtype=np.float64)
    if gaps := int((~np.isfinite(values)).sum()):
        problems.append(f"{gaps} cell(s) hold no number; leave out rows and columns of patients who are not known")
    elif np.abs(values - values.T).max(initial=0) > SYMMETRY_TOLERANCE * np.abs(values).max(initial=0):
        problems.append("not symmetric")
    if problems:
        raise TableError(KINSHIP, path.name, problems)
    return pd.DataFrame(values, numbers.index, numbers.columns)


def _read(path: Path) -> pd.DataFrame:
    """The table with text for names, its index the patients of the rows."""
    names = path.with_name(f"{path.name}.id") if path.suffix in (".rel", ".king") else None
    for file in (path, *([names] if names else [])):
        if not file.is_file():
            raise MissingFileError(file, "matrix of kinship (association.kinship)")
    try:
        if names is not None:
            return _read_plink(path, names)
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path).reset_index(drop=True)
        else:
            frame = pd.read_csv(path, sep="\t" if ".tsv" in path.suffixes else ",", dtype={0: str})
    except (ValueError, OSError, EOFError, zlib.error, ArrowException) as error:
        raise TableError(KINSHIP, path.name, [f"not readable: {error}"]) from error
    if frame.columns.empty:
        raise TableError(KINSHIP, path.name, ["no column"])
    frame.columns = frame.columns.astype(str).str.strip()
    first = frame.columns[0]
    return frame.set_index(frame[first].astype(str).str.strip()).drop(columns=first)


def _read_plink(path: Path, names: Path) -> pd.DataFrame:
    """Numbers, and names in the last of the columns ``#FID IID`` or ``#IID``; a further column SID is left."""
    people = pd.read_csv(names, sep=r"\s+", dtype=str)
    column = next((name for name in ("IID", "#IID") if name in people), None)
    if column is None:
        raise TableError(KINSHIP, names.name, ["no column IID or #IID"])
    values = pd.read_csv(path, sep=r"\s+", header=None)
    if values.shape != (len(people), len(people)):
        raise TableError(KINSHIP, path.name, [f"{values.shape[0]} × {values.shape[1]} numbers for {len(people)} names"])
    index = pd.Index(people[column])
    return values.set_axis(index, axis=0).set_axis(index, axis=1)
