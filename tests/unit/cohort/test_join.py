"""Attrition: everyone is analysed or excluded for one stated reason, and the numbers sum."""

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from radiogenomics import tables
from radiogenomics.cohort.join import Exclusion, absent_patients, exclusions, join, ledger_frame, limit
from radiogenomics.cohort.sheet_rows import ImageRow, PatientRow, SampleRow, Sheets
from radiogenomics.errors import TooManyFailuresError
from radiogenomics.table import read_provenance


def failures(*rows):
    columns = ("patient_id", "image_id", "stage", "reason")
    frame = pd.DataFrame([dict(zip(columns, row, strict=True)) for row in rows], columns=columns)
    return frame.assign(roi="", error="E", message="m", hint="h")


def sheets(patients, imaged=None, sampled=None):
    return Sheets(
        tuple(PatientRow(name, {}) for name in patients),
        tuple(ImageRow(f"{name}-ct", name, "ct", "x", "y", "z") for name in (patients if imaged is None else imaged)),
        tuple(SampleRow(name, name, "v") for name in (patients if sampled is None else sampled)),
    )


@pytest.mark.parametrize(
    ("finished", "wanted"),
    [
        ((None, None), {"nothing": ["no_image", "no_sample"], "A": ["no_sample"], "B": ["no_image"]}),
        (({"A"}, None), {"nothing": ["no_features", "no_sample"], "A": ["no_sample"], "B": ["no_features"]}),
        (({"A", "B"}, {"B"}), {"nothing": ["no_features", "no_markers"], "A": ["no_markers"]}),
    ],
)
def test_tables_stand_in_for_the_sheets_that_a_study_does_not_have(finished, wanted):
    study = sheets(["nothing", "A", "B"], imaged=["A"], sampled=["B"])
    found = absent_patients(study, *finished)
    assert {name: part["reason"].tolist() for name, part in found.groupby("patient_id")} == wanted


def test_each_gets_the_reason_of_the_earliest_stage():
    everyone = ["ok", "slice", "small", "sample", "image", "nosample", "both"]
    study = sheets(
        everyone, [name for name in everyone if name != "image"], [name for name in everyone if name != "nosample"]
    )
    rows = failures(
        ("slice", "slice-ct", "imaging", "missing_slice"),
        ("small", "small-ct", "radiomics", "roi_too_small"),
        ("sample", "", "genomics", "sample_not_in_vcf"),
        ("both", "", "genomics", "sample_not_in_vcf"),
        ("both", "b", "imaging", "no_segmentation"),
    )
    rows = pd.concat([rows, absent_patients(study)], ignore_index=True)
    found = exclusions(study, {"ok", "sample", "nosample"}, {"ok", "slice", "small", "image"}, rows)
    assert {name: (value.stage, value.reason) for name, value in found.items()} == {
        "slice": ("imaging", "missing_slice"),
        "small": ("radiomics", "roi_too_small"),
        "sample": ("genomics", "sample_not_in_vcf"),
        "image": ("cohort", "no_image"),
        "nosample": ("cohort", "no_sample"),
        "both": ("imaging", "no_segmentation"),
    }


def test_a_failed_second_image_excludes_nobody():
    assert exclusions(sheets(["P"]), {"P"}, {"P"}, failures(("P", "P-mr", "imaging", "gantry_tilt"))) == {}


def test_a_patient_lost_without_a_failure_is_shown():
    found = exclusions(sheets(["P"]), set(), {"P"}, failures())
    assert found["P"].reason == "unexplained"


@given(
    st.lists(st.sampled_from([("imaging", "a"), ("imaging", "b"), ("genomics", "c")]), max_size=20), st.integers(0, 20)
)
def test_the_ledger_sums(reasons, more):
    excluded = {str(number): Exclusion(stage, reason, "") for number, (stage, reason) in enumerate(reasons)}
    ledger = ledger_frame(len(reasons) + more, excluded).set_index("step")["n_patients"]
    assert ledger["enrolled"] == ledger["analysed"] + (ledger[["excluded"]].sum() if reasons else 0)
    assert ledger["analysed"] == more


@pytest.fixture
def study(tmp_path):
    (tmp_path / "patients.tsv").write_text("patient_id\tage\tsite\nP1\t50\t1\nP2\tNA\t2\n")
    (tmp_path / "images.tsv").write_text(
        "image_id\tpatient_id\trole\tseries\tsegmentation\troi\nI1\tP1\tct\ta\tb\tG\nI2\tP2\tct\tc\t\tG\n"
    )
    (tmp_path / "samples.tsv").write_text("patient_id\tsample_id\tvcf\nP1\tS1\tv\nP2\tS2\tv\n")
    feature = {
        "patient_id": "P1",
        "image_id": "I1",
        "role": "ct",
        "roi": "G",
        "image_type": "original",
        "family": "shape",
    }
    tables.FEATURES.write(
        tables.FEATURES.frame([feature | {"feature": "f", "value": 1.0, "note": "", "source": "native"}]),
        tmp_path / "f.parquet",
    )
    counts = {"n_records": 1, "n_alternate": 0, "n_missing": 0, "n_filtered": 0}
    samples = [{"patient_id": name, "sample_id": name, **counts} for name in ("P1", "P2")]
    tables.SAMPLES.write(tables.SAMPLES.frame(samples), tmp_path / "s.parquet")
    tables.FAILURES.write(
        tables.FAILURES.conform(failures(("P2", "I2", "imaging", "no_segmentation")), "f"), tmp_path / "failed.tsv"
    )
    names = {key: tmp_path / f"{key}.tsv" for key in ("patients", "images", "samples", "ledger", "failures")}
    inputs = {
        "features": tmp_path / "f.parquet",
        "sequenced": [tmp_path / "s.parquet"],
        "failed": [tmp_path / "failed.tsv"],
        "poor": [],
    }
    return names | inputs | {"table": tmp_path / "out.parquet"}


def test_join_writes_typed_covariates_and_reasons(study):
    join(**study, settings='{"covariates": {"age": "number", "site": "category"}}')
    frame = tables.PATIENTS.read(study["table"]).set_index("patient_id")
    assert frame.loc["P2", "excluded_reason"] == "no_segmentation"
    assert frame["included"].tolist() == [True, False]
    assert frame["age"].dtype == "float64"
    assert frame["site"].tolist() == ["1", "2"]
    assert not pd.api.types.is_numeric_dtype(frame["site"])


def test_a_poor_sample_excludes_although_it_was_read(study, tmp_path):
    poor = failures(("P1", "", "genomics", "related"), ("P2", "", "genomics", "low_call_rate"))
    tables.FAILURES.write(tables.FAILURES.conform(poor, "f"), tmp_path / "poor.tsv")
    join(**study | {"poor": [tmp_path / "poor.tsv"]}, settings="{covariates: {}}")
    frame = tables.PATIENTS.read(study["table"]).set_index("patient_id")
    assert frame["excluded_reason"].tolist() == ["related", "no_segmentation"]  # the earliest stage explains
    ledger = tables.LEDGER.read(study["ledger"]).set_index("step")["n_patients"]
    assert ledger["enrolled"] == ledger["analysed"] + ledger["excluded"].sum() == 2
    assert len(tables.FAILURES.read(study["failures"])) == 3


def test_a_covariate_may_be_called_stage(study):
    study["patients"].write_text(study["patients"].read_text().replace("site", "stage"))
    join(**study, settings="{covariates: {stage: category}}")
    frame = tables.PATIENTS.read(study["table"]).set_index("patient_id")
    assert frame["stage"].tolist() == ["1", "2"]
    assert frame["excluded_stage"].tolist() == ["", "imaging"]


def test_failures_are_sorted_by_patient(study, tmp_path):
    rows = failures(("P2", "I2", "imaging", "a"), ("P1", "I1", "imaging", "b"))
    tables.FAILURES.write(tables.FAILURES.conform(rows, "f"), tmp_path / "failed.tsv")
    join(**study, settings="{covariates: {}}")
    assert tables.FAILURES.read(study["failures"])["patient_id"].tolist() == ["P1", "P2"]


def test_too_many_failures_stop_the_study_and_leave_the_ledger(study, tmp_path):
    join(**study, settings="{covariates: {}}")
    limit(ledger=study["ledger"], max_failed_share=0.5, checked=tmp_path / "ok.txt")
    assert (tmp_path / "ok.txt").read_text() == "1 of 2 patients excluded, limit 50%\n"
    with pytest.raises(TooManyFailuresError, match=r"1 of 2 patients .* no_segmentation 1") as error:
        limit(ledger=study["ledger"], max_failed_share=0.4, checked=tmp_path / "no.txt")
    assert error.value.exit_code == 4
    assert not (tmp_path / "no.txt").exists()


def test_a_study_of_tables_alone_sums(study, tmp_path):
    (tmp_path / "own.csv").write_text("ID,f\nP1,1\nP2,\nP3,1\nP4,1\n")
    rows = [
        {"patient_id": name, "marker": "M:t", "gene": "M", "consequence_class": "t", "state": state, "value": value}
        for name, state, value in (("P1", "altered", None), ("P3", "not_assayed", None), ("P4", None, None))
    ]
    tables.ALTERATIONS.write(tables.ALTERATIONS.frame(rows), tmp_path / "a.parquet")
    features = tables.FEATURES.read(study["features"])
    parts = [features.assign(patient_id=name) for name in ("P1", "P3", "P4")]
    tables.FEATURES.write(pd.concat(parts), study["features"])
    outputs = {name: study[name] for name in ("features", "table", "ledger", "failures")}
    finished = f"{{own: {{file: {tmp_path}/own.csv, patient_id: ID}}}}"
    join(**outputs, settings="{covariates: {}}", finished=finished, markers=tmp_path / "a.parquet")
    frame = tables.PATIENTS.read(study["table"]).set_index("patient_id")
    assert frame["excluded_reason"].to_dict() == {"P1": "", "P2": "no_features", "P3": "no_markers", "P4": "no_markers"}
    assert tables.LEDGER.read(study["ledger"])["n_patients"].tolist() == [4, 1, 2, 1]
    assert read_provenance(study["table"])["settings"]["without"] == ["patients", "images", "samples"]
