"""Finished feature tables: long or wide, joined to the regions of the study, marked by their source."""

import gzip

import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.config.finished import FinishedFeatures
from radiogenomics.errors import MissingFileError, TableError
from radiogenomics.radiomics.extract import gather
from radiogenomics.radiomics.finished import read_feature_table, regions_of
from radiogenomics.table import read_provenance

OWN = {
    "image_type": "original",
    "family": "shape",
    "feature": "original_shape_MeshVolume",
    "note": "",
    "source": "native",
}


@pytest.fixture
def part(tmp_path):
    rows = [
        {"patient_id": "P1", "image_id": "I1", "role": "ct", "roi": "GTV", "value": 1.0},
        {"patient_id": "P2", "image_id": "I2", "role": "ct", "roi": "GTV", "value": 2.0},
        {"patient_id": "P2", "image_id": "I3", "role": "mr", "roi": "GTV", "value": 3.0},
    ]
    tables.FEATURES.write(tables.FEATURES.frame([row | OWN for row in rows]), tmp_path / "b000.parquet")
    return tmp_path / "b000.parquet"


def write(folder, text, name="deep.csv"):
    (folder / name).write_text(text)
    return folder / name


@pytest.mark.parametrize(
    "text",
    [
        "patient_id,role,d1,d2\nP1,ct,0.5,\nP2,ct,0.25,7\nP9,ct,1,1\n",
        "patient_id,role,feature,value\nP1,ct,d1,0.5\nP2,ct,d1,0.25\nP2,ct,d2,7\nP9,ct,d1,1\n",
    ],
    ids=["wide", "long"],
)
def test_wide_and_long_tables_give_the_same_rows(tmp_path, part, text):
    found = read_feature_table("deep", FinishedFeatures(file=write(tmp_path, text)), regions_of([part]))
    rows = {(row.patient_id, row.image_id, row.feature): row.value for row in found.itertuples()}
    assert rows == {("P1", "I1", "deep_d1"): 0.5, ("P2", "I2", "deep_d1"): 0.25, ("P2", "I2", "deep_d2"): 7}
    assert set(found["source"]) == set(found["family"]) == {"deep"}


def test_a_patient_of_several_regions_needs_a_column_that_tells(tmp_path, part):
    path = write(tmp_path, "patient_id,d1\nP1,0.5\nP2,1\n")
    with pytest.raises(TableError, match="P2 has several regions"):
        read_feature_table("deep", FinishedFeatures(file=path), regions_of([part]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("patient,d1\nP1,1\n", "no column 'patient_id'"),
        ("patient_id,role,d1\nP1,ct,much\n", "feature d1 is no number: 'much'"),
    ],
)
def test_bad_tables_say_what_is_wrong(tmp_path, part, text, message):
    with pytest.raises(TableError, match=message):
        read_feature_table("deep", FinishedFeatures(file=write(tmp_path, text)), regions_of([part]))
    with pytest.raises(MissingFileError):
        read_feature_table("deep", FinishedFeatures(file=tmp_path / "none.csv"), regions_of([part]))


def test_they_are_gathered_behind_our_own(tmp_path, part):
    path = write(tmp_path, "patient_id\trole\td1\nP1\tct\t0.5\n", "deep.tsv")
    gather(parts=[part], finished=f"{{deep: {path}}}", features=tmp_path / "all.parquet")
    frame = tables.FEATURES.read(tmp_path / "all.parquet")
    assert frame["source"].tolist() == ["native"] * 3 + ["deep"]
    assert set(read_provenance(tmp_path / "all.parquet")["inputs"]) == {"b000.parquet", "deep.tsv"}
    assert isinstance(frame, pd.DataFrame)


def published(folder, text, name="t.csv", **keys):
    """Rows of a table with other names of columns, in a study without images."""
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    found = read_feature_table("own", FinishedFeatures(file=path, **keys), None)
    return {(row.patient_id, row.role, row.image_id, row.feature): row.value for row in found.itertuples()}


@pytest.mark.parametrize(
    ("name", "separator"), [("t.csv", ","), ("t.csv.gz", ","), ("t.tsv", "\t"), ("t.tsv.gz", "\t")]
)
def test_a_table_is_enough_without_images(tmp_path, name, separator):
    text = "ID,a,b\n01,1,\n02,2,3\n".replace(",", separator)
    assert published(tmp_path, text, name, patient_id="ID") == {
        ("01", "finished", "01-finished", "own_a"): 1,
        ("02", "finished", "02-finished", "own_a"): 2,
        ("02", "finished", "02-finished", "own_b"): 3,
    }


def test_columns_are_chosen_by_patterns_and_texts_may_mean_nothing(tmp_path):
    text = ",v_a,v_b,Target,Target\nTCGA-AA-0001-01A,1,?,0,x\nTCGA-AA-0002-01A,few,2,1,y\n"
    keys = {"patient_id": "", "patient_prefix": 12, "columns": ["v_*", "T*"], "exclude": ["Targ?t"]}
    found = published(tmp_path, text, **keys, missing=["?", "few"])
    assert {(key[0], key[3]): value for key, value in found.items()} == {
        ("TCGA-AA-0001", "own_v_a"): 1,
        ("TCGA-AA-0002", "own_v_b"): 2,
    }


def test_long_tables_name_roles_and_are_chosen_from_too(tmp_path):
    text = "patient_id,role,feature,value\nP1,ct,a,1\nP1,mr,a,2\nP1,mr,b,3\n"
    found = published(tmp_path, text, exclude=["b"])
    assert found == {("P1", "ct", "P1-ct", "own_a"): 1, ("P1", "mr", "P1-mr", "own_a"): 2}


@pytest.mark.parametrize(
    ("text", "keys", "message"),
    [
        ("ID,a\n1,2\n", {}, "no column 'patient_id'"),
        ("ID,patient_id,a\n1,2,3\n", {"patient_id": "ID"}, "a column 'patient_id' beside 'ID'"),
        ("patient_id,a\n1,2\n", {"columns": ["b*"]}, "no value of a feature that fits 'b\\*'"),
        ("patient_id,a,a\n1,2,3\n", {}, "column 'a' stands twice"),
        ("patient_id,a\n,2\n", {}, "column 'patient_id' has an empty cell"),
        ("patient_id,a\n1,few\n", {}, "feature a is no number: 'few'"),
        ("TCGA,a\nTCGA-1,2\nTCGA-2,3\n", {"patient_id": "TCGA", "patient_prefix": 4}, "repeat the key"),
        ("", {}, "not readable"),
    ],
)
def test_published_tables_that_cannot_be_used(tmp_path, text, keys, message):
    with pytest.raises(TableError, match=message):
        published(tmp_path, text, **keys)


def test_a_study_without_images_gathers_its_tables(tmp_path):
    frame = pd.DataFrame({"ID": ["P1", "P2"], "a": [1.0, None], "b": [-1.0, 2.0]})
    frame.to_parquet(tmp_path / "t.parquet")
    finished = f"{{own: {{file: {tmp_path}/t.parquet, patient_id: ID, missing: ['-1']}}}}"
    gather(parts=[], finished=finished, features=tmp_path / "all.parquet")
    found = tables.FEATURES.read(tmp_path / "all.parquet")
    assert found[["patient_id", "feature"]].astype(str).to_numpy().tolist() == [
        ["P1", "own_a"],
        ["P1", "own_b"],
        ["P2", "own_b"],
    ]
