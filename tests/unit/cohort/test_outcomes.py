"""Outcomes of the patients sheet: words and numbers, every bad cell with its patient, and the table."""

import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.check import describe
from radiogenomics.cohort.outcomes import outcomes
from radiogenomics.cohort.sheet_rows import Sheets
from radiogenomics.cohort.sheets import read_patients
from radiogenomics.config.cohort import Outcome
from radiogenomics.config.models import Config
from radiogenomics.errors import SheetError
from radiogenomics.table import read_provenance

OS = {"os": Outcome(time="days", event="died")}
HEADER = "patient_id\tage\tdays\tdied\n"


def sheet(folder, *rows):
    path = folder / "p.tsv"
    path.write_text(HEADER + "".join(f"P{number}\t60\t{row}\n" for number, row in enumerate(rows, start=1)))
    return path


@pytest.mark.parametrize(
    ("word", "event"),
    [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("No", False), ("false", False), ("NA", None)],
)
def test_events_are_words(tmp_path, word, event):
    (row,) = read_patients(sheet(tmp_path, f"12.5\t{word}"), {"age": "number"}, OS)
    assert (row.outcomes["os"].time, row.outcomes["os"].event) == (12.5, event)
    assert row.outcomes["os"].known is (event is not None)
    assert row.covariates == {"age": 60.0}


def test_every_bad_cell_is_told_with_its_patient(tmp_path):
    path = sheet(tmp_path, "0\t1", "-3\t2", "1e999\tdead", "NA\tNA", "long\t1.0")
    with pytest.raises(SheetError) as error:
        read_patients(path, {}, OS)
    for part in (
        "line 2: patient 'P1', outcome os: days '0' is not a time; write a number above 0, or NA",
        "line 3: patient 'P2', outcome os: days '-3' is not a time",
        "line 3: patient 'P2', outcome os: died '2' says not whether there was an event; write 1, yes or true",
        "line 4: patient 'P3', outcome os: days '1e999' is not a time",
        "line 4: patient 'P3', outcome os: died 'dead'",
        "line 6: patient 'P5', outcome os: days 'long'",
        "line 6: patient 'P5', outcome os: died '1.0'",
    ):
        assert part in str(error.value)
    assert len(error.value.problems) == 7
    with pytest.raises(SheetError, match="no column pfs"):
        read_patients(path, {}, {"pfs": Outcome(time="pfs", event="died")})


def test_outcomes_become_a_table_and_missing_is_missing(tmp_path):
    path = sheet(tmp_path, "12\tyes", "NA\tno", "7.5\t")
    settings = '{"outcomes": {"os": {"time": "days", "event": "died"}, "age": {"time": "age", "event": "died"}}}'
    outcomes(patients=path, settings=settings, table=tmp_path / "o.parquet")
    found = tables.OUTCOMES.read(tmp_path / "o.parquet")
    wanted = [["os", "P1", 12.0, 1], ["os", "P2", None, 0], ["os", "P3", 7.5, None]]
    wanted += [["age", "P1", 60.0, 1], ["age", "P2", 60.0, 0], ["age", "P3", 60.0, None]]
    wanted = tables.OUTCOMES.conform(pd.DataFrame(wanted, columns=list(found.columns)), "wanted")
    pd.testing.assert_frame_equal(found, wanted, check_categorical=False)
    assert read_provenance(tmp_path / "o.parquet")["settings"]["outcomes"]["os"]["time"] == "days"


def test_check_tells_events_and_times(tmp_path):
    rows = read_patients(sheet(tmp_path, "12\tyes", "NA\tno", "7.5\t0"), {}, OS)
    study = Config.model_validate({"cohort": {"outcomes": {"os": {"time": "days", "event": "died"}}}})
    assert "outcome os: 1 events, times 7.5 to 12; missing: 1" in describe(study, Sheets(rows, (), ()))
