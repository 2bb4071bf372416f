"""The simulated cohort through the whole workflow, once; what a user relies on is then read from its results."""

import pyarrow.parquet as pq
import pytest

from radiogenomics import tables
from radiogenomics.simulate.score import compare
from radiogenomics.simulate.truth import TRUTH
from radiogenomics.table import read_provenance
from tests.workflow.studies import edit, jobs, radiogenomics, run, snakemake

LAST = "P060"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """60 patients: the last one is added after a first run."""
    folder = tmp_path_factory.mktemp("cohort")
    assert radiogenomics("simulate", "--output", folder).returncode == 0
    rows = {}
    for name in ("patients", "images", "samples"):
        sheet = folder / "config" / f"{name}.tsv"
        rows[name] = sheet.read_text()
        sheet.write_text("".join(line for line in rows[name].splitlines(keepends=True) if LAST not in line))
    first = run(folder)
    assert first.returncode == 0
    again = run(folder, "--dry-run")
    for name, text in rows.items():
        (folder / "config" / f"{name}.tsv").write_text(text)
    planned = jobs(run(folder, "--dry-run").stdout)
    assert run(folder).returncode == 0
    return {"folder": folder, "first": first, "again": again, "planned": planned}


@pytest.fixture(scope="module")
def results(study):
    return study["folder"] / "results"


@pytest.fixture(scope="module")
def truth(study):
    return TRUTH.read(study["folder"] / "truth.tsv")


@pytest.fixture(scope="module")
def associations(results):
    return tables.RESULTS.read(results / "association" / "results.parquet")


def test_the_report_is_named_at_the_end(study, results):
    assert study["first"].stdout.strip().splitlines()[-1] == f"report: {results / 'report' / 'index.html'}"
    assert (results / "report" / "index.html").stat().st_size > 100_000


def test_a_second_run_does_nothing(study):
    assert "Nothing to be done" in study["again"].stdout + study["again"].stderr


def test_adding_a_patient_runs_one_batch(study):
    once = ("imaging_convert", "radiomics_extract", "genomics_annotate", "imaging_gather", "radiomics_gather")
    once += ("genomics_alterations", "genomics_burden")
    assert study["planned"] == dict.fromkeys(
        (*once, "cohort_join", "cohort_limit", "association_test", "association_audit", "report_build"), 1
    )


def test_planted_texture_and_shape_are_found_under_the_full_adjustment(associations, truth):
    for gene, families in (("TEXA1", {"firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"}), ("SHPB1", {"shape"})):
        own = associations[(associations["gene"] == gene) & (associations["adjustment"] == "full")]
        assert (own[own["family"].isin(families)]["q_two_level"] < 0.05).sum() >= 3
    assert set(truth[truth["kind"] == "effect"]["subject"]) == {
        f"{gene}:non_silent" for gene in ("TEXA1", "SHPB1", "VOLC1")
    }


def test_the_volume_gene_is_explained_by_volume(associations):
    own = associations[associations["gene"] == "VOLC1"]
    crude, full = (own[own["adjustment"] == adjustment].set_index("feature") for adjustment in ("crude", "full"))
    hits = crude[crude["q_two_level"] < 0.05].index
    assert len(hits) >= 20
    assert crude.loc[hits, "volume_explained"].mean() > 0.9
    # One chance hit in a thousand is what an FDR of 5 % allows.
    assert (full["q_two_level"] < 0.05).sum() <= 0.05 * len(hits)


def test_false_discoveries_stay_below_the_rate(study, truth, associations):
    comparison = compare(truth, associations, 0.05)
    for adjustment in comparison.adjustments:
        assert adjustment.hits > 100
        assert adjustment.false <= 0.05 * adjustment.hits


def test_every_fault_lands_on_its_reason(results, truth):
    planted = truth[truth["kind"] == "fault"].set_index("subject")["target"].to_dict()
    patients = tables.PATIENTS.read(results / "cohort" / "patients.parquet")
    excluded = patients[~patients["included"]].set_index("patient_id")["excluded_reason"].to_dict()
    assert excluded == planted
    assert len(planted) == 6


def test_the_ledger_sums_and_every_failure_has_a_hint(results):
    ledger = tables.LEDGER.read(results / "cohort" / "ledger.tsv").groupby("step", observed=True)["n_patients"].sum()
    assert ledger["enrolled"] == ledger["excluded"] + ledger["analysed"] == 60
    failures = tables.FAILURES.read(results / "cohort" / "failures.tsv")
    assert (failures["hint"] != "").all()
    assert len(failures) == 6


def test_carriers_are_those_that_were_planted(results, truth):
    planted = truth[truth["kind"] == "carrier"]
    wanted = {(row.target, row.subject) for row in planted.itertuples()}
    alterations = tables.ALTERATIONS.read(results / "genomics" / "alterations.parquet")
    altered = alterations[alterations["state"] == "altered"]
    found = {(str(row.patient_id), str(row.marker)) for row in altered.itertuples()}
    assert found == wanted


def test_every_table_has_its_provenance(results):
    paths = [path for path in results.rglob("*.parquet") if ".snakemake" not in path.parts]
    assert len(paths) > 30
    for path in paths:
        assert read_provenance(path)["radiogenomics"]
        assert str(results) not in str(pq.read_schema(path).metadata)


def test_identifiers_of_the_images_stay_out_of_the_results(results):
    for path in results.rglob("*"):
        if path.is_file():
            assert b"SIM^" not in path.read_bytes(), path


def test_score_prints_a_verdict(study, results):
    done = radiogenomics(
        "simulate",
        "score",
        "--truth",
        study["folder"] / "truth.tsv",
        "--results",
        results / "association" / "results.parquet",
    )
    assert done.returncode == 0
    assert "Verdict: all effects found" in done.stdout


def test_snakemake_writes_its_own_report_offline(study, tmp_path):
    done = snakemake(study["folder"], "--report", tmp_path / "report.zip")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.zip").stat().st_size > 10_000


def test_a_changed_setting_runs_its_stage_and_what_follows(study):
    config = study["folder"] / "config" / "config.yaml"
    edit(config, "alpha: 0.05", "alpha: 0.1")
    planned = jobs(run(study["folder"], "--dry-run").stdout)
    edit(config, "alpha: 0.1", "alpha: 0.05")
    assert planned == {"association_test": 1, "association_audit": 1, "report_build": 1}


def test_too_many_failures_end_with_exit_code_4_and_the_tables(study):
    config = study["folder"] / "config" / "config.yaml"
    edit(config, "max_failed_share: 0.2", "max_failed_share: 0.05")
    done = radiogenomics("run", "--config", config)
    edit(config, "max_failed_share: 0.05", "max_failed_share: 0.2")
    assert done.returncode == 4
    assert "6 of 60 patients were excluded" in done.stderr
    assert (study["folder"] / "results" / "cohort" / "failures.tsv").exists()
    assert (study["folder"] / "results" / "cohort" / "ledger.tsv").exists()
