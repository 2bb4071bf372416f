"""What a table is: its specification, and how it is checked, written and read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.extensions import ExtensionDtype
from pandas.api.types import pandas_dtype

from radiogenomics.errors import MissingFileError, TableError
from radiogenomics.files import whole_file
from radiogenomics.provenance import Provenance

Dtype = Literal["string", "category", "float64", "float32", "int64", "int32", "int8", "bool"]
_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "int64": pa.int64(),
    "int32": pa.int32(),
    "int8": pa.int8(),
    "bool": pa.bool_(),
}
PROVENANCE_KEY = b"radiogenomics.provenance"


@dataclass(frozen=True)
class Column:
    """One column: its name, type and meaning; ``values`` lists what a category may hold.

    An ``optional`` one may be absent, so that a person can write the table by hand: it is then missing where
    ``nullable``, else an empty text or 0.
    """

    name: str
    dtype: Dtype
    meaning: str
    unit: str = ""
    nullable: bool = False
    values: tuple[str, ...] = ()
    optional: bool = False

    @property
    def blank(self) -> str | int | None:
        """What an absent column holds."""
        return None if self.nullable else "" if self.dtype in ("string", "category") else 0


class Table:
    """A table's specification, and the only way to write or read one.

    ``open_ended`` tables take further columns that the study defines (covariates).
    """

    def __init__(
        self, name: str, meaning: str, *columns: Column, key: Sequence[str] = (), open_ended: bool = False
    ) -> None:
        self.name, self.meaning, self.columns = name, meaning, columns
        self.key, self.open_ended = tuple(key), open_ended

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema with meaning and unit of each column in the field's metadata."""
        return pa.schema(
            [
                pa.field(column.name, _ARROW[column.dtype], metadata={"meaning": column.meaning, "unit": column.unit})
                for column in self.columns
            ]
        )

    def frame(self, rows: Iterable[dict[str, object]]) -> pd.DataFrame:
        """A data frame of this table from rows; empty rows give an empty frame with all columns."""
        frame = pd.DataFrame(list(rows), columns=None)
        if frame.empty:
            frame = pd.DataFrame({column.name: [] for column in self.columns})
        return self.conform(frame, self.name)

    def conform(self, frame: pd.DataFrame, source: str) -> pd.DataFrame:
        """Check a frame against the specification and give its columns their order and type.

        Raises
        ------
        TableError
            A column is missing or unknown, a value is missing or not allowed, or two rows have the same key.
        """
        names = [column.name for column in self.columns]
        absent = [column for column in self.columns if column.optional and column.name not in frame.columns]
        if absent:
            frame = frame.copy()
            for column in absent:
                frame[column.name] = column.blank
        extra = [name for name in frame.columns if name not in names]
        problems = [f"no column {name!r}" for name in names if name not in frame.columns]
        if extra and not self.open_ended:
            problems.append(f"unknown column(s) {extra}")
        if problems:
            raise TableError(self.name, source, problems)
        frame = frame[names + extra].copy()
        for column in self.columns:
            values = frame[column.name]
            if not column.nullable and values.isna().any():
                problems.append(f"column {column.name!r} has {int(values.isna().sum())} missing value(s)")
                continue
            if column.values and (unknown := sorted(set(values.dropna().unique()) - set(column.values))):
                problems.append(f"column {column.name!r} holds {unknown}; allowed: {list(column.values)}")
                continue
            try:
                frame[column.name] = values.astype(_pandas_dtype(column))
            except (ValueError, TypeError) as error:
                problems.append(f"column {column.name!r} is not {column.dtype}: {error}")
        if not problems and self.key and (n := int(frame.duplicated(list(self.key)).sum())):
            problems.append(f"{n} row(s) repeat the key {', '.join(self.key)}")
        if problems:
            raise TableError(self.name, source, problems)
        return frame.reset_index(drop=True)

    def to_arrow(self, frame: pd.DataFrame) -> pa.Table:
        """The frame as Arrow with this table's schema; further columns of an open-ended table are typed by Arrow."""
        fields = {field.name: field for field in self.schema}
        inferred = pa.Table.from_pandas(frame, preserve_index=False)
        schema = pa.schema([fields.get(field.name, field.remove_metadata()) for field in inferred.schema])
        return inferred.cast(schema)

    def write(self, frame: pd.DataFrame, path: Path, provenance: Provenance | None = None) -> None:
        """Write Parquet or TSV by the suffix of ``path``, whole or not at all."""
        if path.suffix not in (".tsv", ".parquet"):
            raise TableError(self.name, str(path), ["a table is written as .parquet or .tsv"])
        frame = self.conform(frame, str(path))
        with whole_file(path) as temporary:
            if path.suffix == ".tsv":
                frame.to_csv(temporary, sep="\t", index=False)
                return
            table = self.to_arrow(frame)
            pq.write_table(_with_metadata(table, self, provenance), temporary, **_encoding(table.schema))

    def read(self, path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read Parquet or TSV by suffix and check it against the specification (only ``columns``, if given)."""
        if not path.is_file():
            raise MissingFileError(path, f"table {self.name}")
        if path.suffix == ".tsv":
            text = {column.name: str for column in self.columns if column.dtype in ("string", "category")}
            blanks = {name: [""] for name in self._blank_is_missing()}
            return self.conform(
                pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False, na_values=blanks), str(path)
            )
        try:
            frame: pd.DataFrame = pq.read_table(path, columns=columns and list(columns)).to_pandas()
        except pa.ArrowInvalid as error:
            raise TableError(self.name, str(path), [str(error)]) from error
        if columns is not None:
            return frame
        return self.conform(frame, str(path))

    def read_below(self, path: Path, column: str, limit: float, columns: Sequence[str]) -> pd.DataFrame:
        """The ``columns`` of rows of a Parquet file with ``column`` below a limit; other row groups are not read.

        Raises
        ------
        MissingFileError, TableError
        """
        if not path.is_file():
            raise MissingFileError(path, f"table {self.name}")
        try:
            frame: pd.DataFrame = pq.read_table(path, columns=list(columns), filters=[(column, "<", limit)]).to_pandas()
        except pa.ArrowInvalid as error:
            raise TableError(self.name, str(path), [str(error)]) from error
        return frame

    @contextmanager
    def writer(self, path: Path, provenance: Provenance | None = None) -> Iterator[Callable[[pd.DataFrame], None]]:
        """Yield a function that appends a frame as one row group of a Parquet file; keys are checked within a frame."""
        schema = _with_metadata(self.to_arrow(self.frame([])), self, provenance).schema
        with whole_file(path) as temporary, pq.ParquetWriter(temporary, schema, **_encoding(schema)) as writer:

            def write(frame: pd.DataFrame) -> None:
                table = self.to_arrow(self.conform(frame, str(path))).cast(schema)
                writer.write_table(table, row_group_size=max(1, table.num_rows))

            yield write

    def _blank_is_missing(self) -> list[str]:
        text = ("string", "category")
        return [column.name for column in self.columns if column.nullable or column.dtype not in text]


def read_provenance(path: Path) -> dict[str, Any]:
    """The provenance record in a Parquet table, empty if it has none."""
    metadata = pq.read_schema(path).metadata or {}
    return Provenance.parse(metadata[PROVENANCE_KEY]) if PROVENANCE_KEY in metadata else {}


def _encoding(schema: pa.Schema) -> dict[str, Any]:
    """How columns are written: measured numbers hardly repeat, and looking for repeats doubles the time."""
    repeated = [field.name for field in schema if not pa.types.is_floating(field.type)]
    return {"compression": "zstd", "use_dictionary": repeated}


def _pandas_dtype(column: Column) -> np.dtype[Any] | ExtensionDtype:
    name: str = column.dtype
    if name == "string":
        name = "str"
    elif column.nullable and name.startswith("int"):
        name = name.capitalize()
    elif column.nullable and name == "bool":
        name = "boolean"
    return pandas_dtype(name)


def _with_metadata(table: pa.Table, spec: Table, provenance: Provenance | None) -> pa.Table:
    metadata = {b"radiogenomics.table": spec.name.encode(), b"radiogenomics.meaning": spec.meaning.encode()}
    if provenance is not None:
        metadata[PROVENANCE_KEY] = provenance.json().encode()
    return table.replace_schema_metadata(metadata)
