"""Finished feature tables: long or wide, joined to the regions of the study, marked by their source."""

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
