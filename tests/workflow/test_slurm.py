"""The demo study through a real SLURM of one node, with the profile that users get."""

from radiogenomics import tables
from tests.workflow.servers import slurm
from tests.workflow.studies import edit, radiogenomics, run


def test_the_workflow_runs_as_slurm_jobs(tmp_path):
    assert radiogenomics("simulate", "--output", tmp_path / "study", "--patients", "12").returncode == 0
    edit(tmp_path / "study" / "config" / "config.yaml", "batches: 8", "batches: 2")
    (tmp_path / "slurm").mkdir()
    with slurm(tmp_path / "slurm") as conf:
        done = run(tmp_path / "study", "--profile", "slurm", SLURM_CONF=conf)
        again = run(tmp_path / "study", "--profile", "slurm", SLURM_CONF=conf)
    assert done.returncode == 0
    output = done.stdout + done.stderr
    assert "Executor: slurm" in output or "SLURM jobid" in output
    assert output.count("has been submitted with SLURM jobid") >= 11
    assert "Nothing to be done" in again.stdout + again.stderr
    results = tmp_path / "study" / "results"
    assert (results / "report" / "index.html").exists()
    assert tables.PATIENTS.read(results / "cohort" / "patients.parquet")["included"].sum() == 6
