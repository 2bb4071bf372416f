"""Failures are recorded with reason and hint, one row a patient, and never passed on."""

import logging

import pytest

from radiogenomics import tables
from radiogenomics.errors import MissingFileError
from radiogenomics.failures import Failures


def test_errors_become_rows_and_the_next_patient_goes_on(tmp_path, caplog):
    failed = Failures("imaging")
    with failed.guard("P1", image_id="P1-ct", roi="GTV"):
        raise MissingFileError(tmp_path / "x", "series")
    with failed.guard("P2", "P3"), caplog.at_level(logging.ERROR):
        raise ValueError("line one\n line two")
    with failed.guard("P4"):
        pass
    failed.write(tmp_path / "failures.tsv")
    read = tables.FAILURES.read(tmp_path / "failures.tsv")
    assert read["patient_id"].tolist() == ["P1", "P2", "P3"]
    assert read["reason"].tolist() == ["missing_file", "unexpected", "unexpected"]
    assert read["message"].tolist()[1] == "line one line two"
    assert read["roi"].tolist() == ["GTV", "", ""]
    assert (read["hint"] != "").all()
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot open /tmp/tmpab12/plain.bcf: no space", "cannot open plain.bcf: no space"),
        ('Failed to open file "/home/a b/calls.vcf" : No such file', 'Failed to open file "calls.vcf" : No such file'),
        ("ITK ERROR (/data/x/): bad", "ITK ERROR (x): bad"),
        ("E:/tmp/x/y.nii.gz", "E:y.nii.gz"),
        ("data/P1/ct and ../x/y and ~/z stay", "data/P1/ct and ../x/y and ~/z stay"),
        (
            "https://host/dicom-web/studies, 0/1, mm/s, / and 1 / 2",
            "https://host/dicom-web/studies, 0/1, mm/s, / and 1 / 2",
        ),
    ],
)
def test_messages_name_files_without_their_folders(text, shown):
    failed = Failures("imaging")
    with failed.guard("P1"):
        raise RuntimeError(text)
    assert failed.rows[0]["message"] == shown
