"""The check collects every problem, its own defects too, and goes on."""

import pytest

from radiogenomics import config
from radiogenomics.check import Findings, inspect
from radiogenomics.cohort.sheets import Sheets
from radiogenomics.config.models import Config
from radiogenomics.errors import MissingFileError
from radiogenomics.radiomics.errors import UnreadableImageError


def test_an_unexpected_error_is_a_problem_too(caplog):
    findings = Findings()
    with findings.collect("imaging", "P1", "P2"):
        raise RuntimeError("cannot read /home/somebody/ct/1.dcm")
    assert [problem.patient_id for problem in findings.of_patients] == ["P1", "P2"]
    assert findings.problems[0].reason == "unexpected"
    assert findings.problems[0].message == "RuntimeError: cannot read 1.dcm"
    assert "Traceback" in caplog.text


def test_folders_are_named_only_where_the_path_is_the_problem(tmp_path):
    findings = Findings()
    with findings.collect("imaging", "P1"):
        raise UnreadableImageError(tmp_path / "x.nii.gz", f"library cannot read {tmp_path}/x.nii.gz")
    with findings.collect("genomics"):
        raise MissingFileError(tmp_path / "reference.fa", "reference")
    unreadable, missing = findings.problems
    assert str(tmp_path) not in unreadable.message
    assert str(tmp_path / "reference.fa") in missing.message
    assert findings.of_study == [missing]


@pytest.mark.parametrize(
    ("settings", "feature", "found"),
    [
        ("bin_width: 25", "original_shape_MeshVolume", False),
        ("bin_width: 25", "original_shape_Volume", True),
        ("{bin_width: 25, families: [firstorder]}", "original_shape_MeshVolume", True),
    ],
)
def test_the_volume_feature_must_be_extracted(tmp_path, settings, feature, found):
    (tmp_path / "own.yaml").write_text(settings)
    data = {"radiomics": {"settings": {"CT": "own.yaml"}}, "association": {"volume_feature": feature}}
    study = config.parse(data, tmp_path / "config.yaml")
    assert isinstance(study, Config)
    problems = [problem for problem in inspect(study, Sheets((), (), ())).of_study if problem.stage == "radiomics"]
    assert [problem.reason for problem in problems] == ["volume_feature_not_extracted"] * found
    assert all(feature in problem.message for problem in problems)


@pytest.mark.parametrize(("normalisation", "told"), [("zscore", True), ("nyul", True), ("none", False)])
def test_scaling_mr_twice_is_told(tmp_path, caplog, normalisation, told):
    data = {"imaging": {"mr": {"normalisation": normalisation}}}
    inspect(config.parse(data, tmp_path / "config.yaml"), Sheets((), (), ()))
    assert ("MR is scaled twice" in caplog.text) is told
