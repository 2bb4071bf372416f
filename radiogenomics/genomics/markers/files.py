"""Files of markers that a user brings along, and whose their samples are."""

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from radiogenomics import tables
from radiogenomics.errors import MissingFileError, listing
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.samples import TCGA_PATIENT_LENGTH, SampleId

NOTHING = ("", "NA", "NaN", "nan", "null", "None")


def read_text(path: Path, hint: str) -> pd.DataFrame:
    """A table as text, stripped; CSV by the suffix, Parquet by the suffix, else tab-separated; missing is empty.

    Raises
    ------
    MissingFileError, MarkersError
    """
    if not path.is_file():
        raise MissingFileError(path, "table of markers (genomics.markers)")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            separator = "," if ".csv" in path.suffixes else "\t"
            frame = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, index_col=False)
    except (ValueError, OSError, EOFError, zlib.error, ArrowException) as error:
        raise MarkersError(path, f"not readable: {error}", hint) from error
    frame.columns = [str(name).strip() for name in frame.columns]
    if repeated := sorted(frame.columns[frame.columns.duplicated()]):
        raise MarkersError(path, f"column {repeated[0]!r} stands twice", hint)
    text = {name: frame[name].astype(object).where(frame[name].notna(), "").astype(str).str.strip() for name in frame}
    return pd.DataFrame({name: column.mask(column.isin(NOTHING), "") for name, column in text.items()})


def read_columns(path: Path, required: Sequence[str], optional: Sequence[str], hint: str) -> pd.DataFrame:
    """The named columns of a table as text; an optional one that is absent is empty.

    Raises
    ------
    MissingFileError, MarkersError
    """
    frame = read_text(path, hint)
    if lacking := [name for name in required if name not in frame]:
        raise MarkersError(path, f"no column {', '.join(lacking)}; it has {listing(list(frame.columns))}", hint)
    return frame.reindex(columns=[*required, *optional], fill_value="")


def numbers(path: Path, column: pd.Series, hint: str) -> pd.Series:
    """A column of text as numbers, missing where it is empty.

    Raises
    ------
    MarkersError
        A value is no finite number.
    """
    found = pd.to_numeric(column, errors="coerce").astype(float)
    bad = (found.isna() | found.abs().eq(float("inf"))) & (column != "")
    if bad.any():
        line = int(bad.to_numpy().argmax()) + 2
        raise MarkersError(path, f"line {line}: {column[bad].iloc[0]!r} is no number (column {column.name!r})", hint)
    return found


def read_owners(samples: Sequence[Path], how: SampleId, patients: Sequence[str] = ()) -> "Owners":
    """The owners that the samples tables state; without these a name is that of one of the ``patients``."""
    parts = [tables.SAMPLES.read(path, ["patient_id", "sample_id"]) for path in samples]
    if not parts:
        return Owners([(patient, patient) for patient in patients], how)
    read = pd.concat(parts).astype(str)
    return Owners(list(zip(read["sample_id"], read["patient_id"], strict=True)), how)


class Owners:
    """The patient of each name in a file: a patient's identifier, or the sample that the samples sheet names.

    ``pairs`` are sample and patient.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], how: SampleId) -> None:
        self._how = how
        self._patients = {patient for _, patient in pairs}
        times = Counter(name for name, _ in pairs)
        self._of_sample = {name: patient for name, patient in pairs if times[name] == 1}
        short = [(name[:TCGA_PATIENT_LENGTH], patient) for name, patient in pairs]
        self._of_barcode = dict(short) if how == "tcga_patient" else {}

    def of(self, path: Path, names: Iterable[str]) -> dict[str, str]:
        """Name → patient; names of nobody are left out.

        Raises
        ------
        MarkersError
            Nobody's name stands there, or two names are one patient's.
        """
        listed = list(dict.fromkeys(names))
        found = {name: patient for name in listed if (patient := self._patient(name)) is not None}
        if listed and not found:
            known = listing([*sorted(self._patients)[:2], *sorted(self._of_sample)[:2]])
            hint = "name patients or samples as the samples sheet does; see also genomics.sample_id"
            raise MarkersError(path, f"none of its {len(listed)} samples is of a patient: {listed[0]!r}; {known}", hint)
        seen: dict[str, str] = {}
        for name, patient in found.items():
            if seen.setdefault(patient, name) != name:
                hint = "keep the sample that belongs to the image"
                raise MarkersError(path, f"{seen[patient]!r} and {name!r} are samples of one patient", hint)
        return found

    def _patient(self, name: str) -> str | None:
        if name in self._patients:
            return name
        return self._of_sample.get(name) or self._of_barcode.get(name[:TCGA_PATIENT_LENGTH])
