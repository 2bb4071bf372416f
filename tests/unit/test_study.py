"""Starting and running a study: folders, profiles, fetches that are tried again."""

import pytest

from radiogenomics import config, study
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.errors import SheetError


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


def test_batches_with_a_failed_fetch_are_forced(tmp_path):
    folder = tmp_path / "results" / "pacs"
    folder.mkdir(parents=True)
    (folder / "b000.failures.tsv").write_text("patient_id\n")
    (folder / "b001.failures.tsv").write_text("patient_id\nP1\n")
    command = study._command(tmp_path / "config.yaml", tmp_path, "default", 2)
    assert command[-2:] == ["--forcerun", "results/pacs/b001.failures.tsv"]


def test_an_own_profile_is_a_folder(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(study.UnknownProfileError, match="'default', 'slurm'"):
        study._command(tmp_path / "config.yaml", tmp_path, str(tmp_path / "mine"), 0)
    (tmp_path / "mine" / "config.yaml").touch()
    command = study._command(tmp_path / "config.yaml", tmp_path, str(tmp_path / "mine"), 0)
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
