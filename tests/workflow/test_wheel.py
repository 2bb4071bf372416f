"""An installed wheel works from any folder: it carries Snakefile, rules, environments and presets."""

import subprocess
import sys
import zipfile

import pytest

from tests.workflow.studies import ENVIRONMENT, TOP, jobs


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The wheel, unpacked like an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(TOP)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def from_wheel(site, *arguments, cwd):
    # The unpacked wheel comes before the editable installation of the checkout.
    code = (
        "import radiogenomics, sys; sys.argv[0] = 'radiogenomics'; from radiogenomics.cli import main; sys.exit(main())"
    )
    environment = ENVIRONMENT | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_wheel_holds_what_the_workflow_needs(site):
    shipped = site / "radiogenomics" / "_workflow"
    for name in ("Snakefile", "workflow/rules/common.smk", "workflow/profiles/slurm/config.yaml", "envs/imaging.yaml"):
        assert (shipped / name).is_file()
    assert (shipped / "config" / "settings" / "ct.yaml").is_file()
    assert (site / "radiogenomics" / "py.typed").is_file()
    assert not (shipped / "config" / "patients.tsv").exists()


def test_init_simulate_check_and_run_from_any_folder(site, tmp_path):
    assert from_wheel(site, "init", "empty", cwd=tmp_path).returncode == 0
    assert (tmp_path / "empty" / "config" / "config.default.yaml").is_file()
    assert from_wheel(site, "simulate", "--output", "study", "--patients", "4", cwd=tmp_path).returncode == 0
    checked = from_wheel(site, "check", "--config", "study/config/config.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    planned = from_wheel(site, "run", "--config", "study/config/config.yaml", "--dry-run", cwd=tmp_path)
    assert planned.returncode == 0, planned.stderr
    assert jobs(planned.stdout)["report_build"] == 1
    assert str(site) in planned.stdout + planned.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "study"}
