"""Tables are checked against their specification on the way in and out."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from radiogenomics import tables
from radiogenomics.errors import MissingFileError, TableError
from radiogenomics.provenance import Provenance
from radiogenomics.table import Column, Table, read_provenance

SPEC = Table(
    "unit/spec",
    "A table for this test.",
    Column("name", "string", "a name"),
    Column("kind", "category", "a kind", values=("", "a", "b")),
    Column("size", "float64", "a size", unit="mm", nullable=True),
    Column("count", "int32", "a count", nullable=True),
    Column("good", "bool", "a flag"),
    key=("name",),
)


def rows():
    return [
        {"name": "NA", "kind": "a", "size": 0.1 + 0.2, "count": 3, "good": True},
        {"name": "y", "kind": "", "size": np.nan, "count": None, "good": False},
    ]


@pytest.mark.parametrize("suffix", [".parquet", ".tsv"])
def test_what_is_written_is_read_back(tmp_path, suffix):
    frame = SPEC.frame(rows())
    SPEC.write(frame, tmp_path / f"t{suffix}")
    pd.testing.assert_frame_equal(SPEC.read(tmp_path / f"t{suffix}"), frame, check_categorical=False)


@pytest.mark.parametrize("suffix", [".parquet", ".tsv"])
def test_an_empty_table_keeps_its_columns(tmp_path, suffix):
    SPEC.write(SPEC.frame([]), tmp_path / f"t{suffix}")
    read = SPEC.read(tmp_path / f"t{suffix}")
    assert list(read.columns) == ["name", "kind", "size", "count", "good"]
    assert len(read) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="size"), "no column 'size'"),
        (lambda frame: frame.assign(other=1), r"unknown column\(s\) \['other'\]"),
        (lambda frame: frame.assign(kind=["a", "c"]), r"'kind' holds \['c'\]"),
        (lambda frame: frame.assign(name=["x", None]), "'name' has 1 missing"),
        (lambda frame: frame.assign(name=["x", "x"]), "repeat the key name"),
        (lambda frame: frame.assign(size=["x", "y"]), "'size' is not float64"),
    ],
)
def test_a_frame_that_breaks_the_specification_is_refused(change, message):
    with pytest.raises(TableError, match=message):
        SPEC.conform(change(pd.DataFrame(rows())), "frame")


def test_columns_carry_meaning_and_unit(tmp_path):
    SPEC.write(SPEC.frame(rows()), tmp_path / "t.parquet")
    field = pq.read_schema(tmp_path / "t.parquet").field("size")
    assert field.metadata == {b"meaning": b"a size", b"unit": b"mm"}


def test_provenance_is_in_the_file_and_the_bytes_do_not_change(tmp_path):
    record = Provenance("association", {"alpha": 0.05}, {"a.parquet": "00"})
    for name in ("one.parquet", "two.parquet"):
        SPEC.write(SPEC.frame(rows()), tmp_path / name, record)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    read = read_provenance(tmp_path / "one.parquet")
    assert read["settings"] == {"alpha": 0.05}
    assert read["inputs"] == {"a.parquet": "00"}
    assert "numpy" in read["versions"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "t.parquet"
    SPEC.write(SPEC.frame(rows()), path)
    before = path.read_bytes()

    def interrupted():
        with SPEC.writer(path) as write:
            write(SPEC.frame(rows()[:1]))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["t.parquet"]


def test_a_table_that_is_not_there_or_not_parquet(tmp_path):
    with pytest.raises(MissingFileError):
        SPEC.read(tmp_path / "absent.parquet")
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(TableError):
        SPEC.read(tmp_path / "bad.parquet")


@pytest.mark.parametrize("table", tables.ALL, ids=lambda table: table.name)
def test_every_table_has_a_key_and_a_meaning_for_every_column(table):
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert set(table.key) <= set(names)
    assert all(column.meaning for column in table.columns)
    assert len(table.frame([])) == 0
