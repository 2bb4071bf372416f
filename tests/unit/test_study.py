"""Starting and running a study: folders, profiles, fetches that are tried again."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from radiogenomics import config, study, tables
from radiogenomics.check import Findings
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.errors import SheetError, TooManyFailuresError

STAGES = ("pacs", "imaging", "radiomics", "genomics")


def test_init_writes_a_study_that_only_lacks_its_rows(tmp_path, capsys):
    study.init(directory=tmp_path / "new")
    folder = tmp_path / "new" / "config"
    assert "radiogenomics check --config" in capsys.readouterr().out
    read = config.load(folder / "config.yaml")
    assert read.cohort.covariates == {"age": "number", "sex": "category"}
    assert config.load(folder / "config.default.yaml").association.alpha == 0.05
    with pytest.raises(SheetError, match="no patients"):
        read_sheets(read.cohort)


def test_init_never_overwrites(tmp_path):
    study.init(directory=tmp_path)
    (tmp_path / "config" / "images.tsv").write_text("mine")
    with pytest.raises(study.StudyExistsError):
        study.init(directory=tmp_path)
    assert (tmp_path / "config" / "images.tsv").read_text() == "mine"


def test_batches_with_a_failed_fetch_are_forced_while_they_have_rows_on_a_server(tmp_path):
    folder = tmp_path / "results" / "pacs"
    folder.mkdir(parents=True)
    (folder / "b000.failures.tsv").write_text("patient_id\n")
    for name in ("b001", "b002"):
        (folder / f"{name}.failures.tsv").write_text("patient_id\nP1\n")
    command = study._command(tmp_path / "config.yaml", tmp_path, "default", 2, {"b000", "b001", "b003"})
    assert command[-2:] == ["--forcerun", "results/pacs/b001.failures.tsv"]
    assert "--forcerun" not in study._command(tmp_path / "config.yaml", tmp_path, "default", 2, set())


def test_copies_that_are_not_asked_for_any_more_are_removed(tmp_path):
    names = ("radiomics/b001.copies.parquet", "radiomics/b002.copies.failures.tsv", "radiomics/b001.features.parquet")
    names += ("association/stability.parquet", "association/persistence.parquet", "association/meta.parquet")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    asked = SimpleNamespace(copy_batches=("b001", "b002"), audits=[f"results/{name}" for name in names[3:5]])
    study.remove_unasked_copies(tmp_path, asked)
    assert all((tmp_path / name).is_file() for name in names)
    study.remove_unasked_copies(tmp_path, SimpleNamespace(copy_batches=(), audits=[]))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"radiomics/b001.features.parquet", "association/meta.parquet"}


def test_results_of_batches_without_a_patient_are_removed(tmp_path, caplog):
    results = tmp_path / "results"
    files = [
        *(f"{stage}/{batch}.failures.tsv" for stage in STAGES for batch in ("b001", "b002")),
        *(f"{stage}/{batch}/P1/scan.dcm" for stage in ("pacs", "imaging") for batch in ("b001", "b002")),
        "logs/imaging/b001.log",
        "logs/imaging/b002.log",
        "radiomics/features.parquet",
        "genomics/b0011.mine",
        "cohort/b001.mine",
    ]
    for name in files:
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).touch()
    in_use = ("b002", "b003")
    plan = SimpleNamespace(image_batches=in_use, sample_batches=in_use, remote_batches=frozenset())
    with caplog.at_level("INFO"):
        study.remove_former(results, plan)
    left = {str(path.relative_to(results)) for path in results.rglob("*") if path.is_file()}
    gone = {name for name in files if name.startswith("pacs/") or "/b001/" in name or "/b001." in name}
    assert left == set(files) - gone | {"cohort/b001.mine"}
    assert "removed imaging/b001: its batch holds no patient any more" in caplog.text


def test_a_linked_configuration_is_a_study_where_the_link_is(tmp_path, monkeypatch):
    shared, own = tmp_path / "shared", tmp_path / "own" / "config"
    study.init(directory=tmp_path / "own")
    shared.mkdir()
    (own / "config.yaml").rename(shared / "site.yaml")
    (own / "config.yaml").symlink_to(shared / "site.yaml")
    (own / "patients.tsv").write_text("patient_id\tage\tsex\nP1\t60\tF\n")
    calls = []
    monkeypatch.setattr(study.checks, "inspect", lambda *_: Findings())
    monkeypatch.setattr(study, "_snakemake", lambda command, _: calls.append(command))
    monkeypatch.chdir(own)
    study.run(config=Path("config.yaml"), profile="default", cores=1, dry_run=True)
    command = calls[0]
    assert command[command.index("--configfile") + 1] == str(own / "config.yaml")
    assert command[command.index("--directory") + 1] == str(tmp_path / "own")


@pytest.mark.parametrize("ran", [True, False])
def test_exit_code_4_only_where_this_run_came_to_the_limit(tmp_path, monkeypatch, ran):
    results = tmp_path / "results"
    (results / "logs" / "cohort").mkdir(parents=True)
    log = results / "logs" / "cohort" / "limit.log"
    log.write_text("of an earlier run")
    os.utime(log, (1, 1))
    rows = [("enrolled", "", "", 4), ("excluded", "imaging", "missing_slice", 3), ("analysed", "", "", 1)]
    keys = ("step", "stage", "reason", "n_patients")
    ledger = tables.LEDGER.frame(dict(zip(keys, row, strict=True)) for row in rows)
    tables.LEDGER.write(ledger, results / "cohort" / "ledger.tsv")

    def stop(*_):
        if ran:
            log.write_text("now")
        raise study.WorkflowFailedError(1, None)

    monkeypatch.setattr(study, "_snakemake", stop)
    with pytest.raises(TooManyFailuresError if ran else study.WorkflowFailedError):
        study._execute([], results, 0.5)


def test_an_own_profile_is_a_folder(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(study.UnknownProfileError, match="'default', 'slurm'"):
        study._command(tmp_path / "config.yaml", tmp_path, str(tmp_path / "mine"), 0, ())
    (tmp_path / "mine" / "config.yaml").touch()
    command = study._command(tmp_path / "config.yaml", tmp_path, str(tmp_path / "mine"), 0, ())
    assert command[-1] == str(tmp_path / "mine")


def test_on_a_terminal_a_bar_counts_the_jobs_and_the_log_is_kept(tmp_path, capsys):
    lines = "1 of 4 steps (25%) done\nError in rule x:\n4 of 4 steps (100%) done\n"
    study._snakemake(["printf", lines.replace("%", "%%")], tmp_path / "logs" / "snakemake.log")
    assert (tmp_path / "logs" / "snakemake.log").read_text() == lines
    shown = capsys.readouterr().err
    assert "4 of 4 jobs" in shown
    assert "Error in rule x" in shown
    with pytest.raises(study.WorkflowFailedError, match="exit code 1"):
        study._snakemake(["false"], tmp_path / "snakemake.log")
