"""Commands: start a study folder, and run a study from any folder."""

import logging
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from radiogenomics import check as checks
from radiogenomics import config as configuration
from radiogenomics import resources
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.errors import ConfigError, MissingExtraError, RadiogenomicsError
from radiogenomics.files import write_text

logger = logging.getLogger(__name__)
PROGRESS = re.compile(r"^(\d+) of (\d+) steps")
BAR_WIDTH = 40

CONFIG_TEMPLATE = """\
# A study. Paths are relative to this file. Every key, its unit and its default: docs/configuration.md,
# or config.default.yaml of the package.
study:
  title: My radiogenomic study

cohort:
  patients: patients.tsv
  images: images.tsv
  samples: samples.tsv
  # Columns of patients.tsv that enter the full model, as `number` or `category`.
  covariates:
    age: number
    sex: category

radiomics:
  # Extraction settings by DICOM Modality: a preset (ct, mr, pet) or the path of a YAML file.
  settings:
    CT: ct

genomics:
  # FASTA and GFF3 (Ensembl style) of the build that the variants were called on.
  reference: reference.fa
  genes: genes.gff3

# Series on a DICOMweb server are named `dicomweb:hospital/STUDY_UID/SERIES_UID` in images.tsv.
# pacs:
#   servers:
#     hospital:
#       url: https://pacs.example.org/dicom-web
#       user_env: PACS_USER
#       password_env: PACS_PASSWORD
"""
SHEET_TEMPLATES = {
    "patients.tsv": "patient_id\tage\tsex\n",
    "images.tsv": "image_id\tpatient_id\trole\tseries\tsegmentation\troi\n",
    "samples.tsv": "patient_id\tsample_id\tvcf\n",
}


class StudyExistsError(RadiogenomicsError):
    """The folder holds a study already."""

    reason = "study_exists"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} exists", hint="choose another folder; nothing was written")


class WorkflowFailedError(RadiogenomicsError):
    """Snakemake ended with an error."""

    reason = "workflow_failed"
    exit_code = 1

    def __init__(self, code: int, log: Path | None) -> None:
        self.code = code
        super().__init__(
            f"the workflow stopped with exit code {code}",
            hint=f"the failed rule and its log stand in {log or 'the output above'}",
        )


def init(*, directory: Path) -> None:
    """Write ``config/config.yaml`` and empty sheets with their headers into a folder.

    Raises
    ------
    StudyExistsError
    """
    texts = {"config.yaml": CONFIG_TEMPLATE, **SHEET_TEMPLATES}
    for name in texts:
        if (path := directory / "config" / name).exists():
            raise StudyExistsError(path)
    for name, text in texts.items():
        write_text(directory / "config" / name, text)
    print(f"fill in {directory / 'config'}, then: radiogenomics check --config {directory / 'config' / 'config.yaml'}")


def run(*, config: Path, profile: str, cores: int, dry_run: bool) -> None:
    """Check the study, then run the workflow in the study's folder.

    The folder is that of the configuration, or its parent if that is called ``config``; results go to ``results/``.
    Problems of single patients do not stop the run: these patients are excluded with their reason.

    Raises
    ------
    ConfigError, SheetError, MissingFileError
    ProblemsFoundError
        The study itself has a problem.
    WorkflowFailedError
    """
    if find_spec("snakemake") is None:
        raise MissingExtraError("workflow", "snakemake")
    study = configuration.load(config)
    findings = checks.inspect(study, read_sheets(study.cohort))
    for problem in findings.problems:
        logger.warning("%s: %s: %s", problem.patient_id or "study", problem.reason, problem.message)
    if findings.of_study:
        raise checks.ProblemsFoundError(
            len(findings.of_study), len({problem.patient_id for problem in findings.of_patients})
        )
    folder = config.resolve().parent
    folder = folder.parent if folder.name == "config" else folder
    _snakemake(_command(config.resolve(), folder, profile, cores, dry_run=dry_run), folder)
    if not dry_run:
        print(f"report: {folder / 'results' / 'report' / 'index.html'}")


def _command(config: Path, folder: Path, profile: str, cores: int, *, dry_run: bool) -> list[str]:
    shipped = resources.root() / "workflow" / "profiles" / profile
    chosen = shipped if shipped.is_dir() else Path(profile).resolve()
    if not (chosen / "config.yaml").is_file():
        known = sorted(path.name for path in shipped.parent.iterdir())
        raise ConfigError(
            chosen, [f"no workflow profile; there are {', '.join(known)}, or name a folder with a config.yaml"]
        )
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(resources.root() / "Snakefile"),
        "--configfile",
        str(config),
    ]
    command += ["--directory", str(folder), "--workflow-profile", str(chosen)]
    command += ["--cores", str(cores)] if cores else []
    return [*command, "--dry-run"] if dry_run else command


def _snakemake(command: list[str], folder: Path) -> None:
    """Run Snakemake; on a terminal its output goes to a log file and a progress bar is shown instead."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if not sys.stderr.isatty():
        code = subprocess.run(command, env=environment, check=False).returncode
        if code:
            raise WorkflowFailedError(code, None)
        return
    log = folder / "results" / "logs" / "snakemake.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as stream,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process,
    ):
        for line in process.stdout or ():
            stream.write(line)
            if found := PROGRESS.match(line):
                _bar(int(found[1]), int(found[2]))
            elif line.startswith(("Error in rule", "WorkflowError", "Nothing to be done")):
                sys.stderr.write(f"\n{line}")
    sys.stderr.write("\n")
    if process.returncode:
        raise WorkflowFailedError(process.returncode, log)


def _bar(done: int, total: int) -> None:
    filled = BAR_WIDTH * done // total
    width = shutil.get_terminal_size().columns
    sys.stderr.write(f"\r[{'█' * filled}{'·' * (BAR_WIDTH - filled)}] {done} of {total} jobs"[: width - 1])
    sys.stderr.flush()
