"""Commands: start a study folder, and run a study from any folder."""

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from importlib.util import find_spec
from pathlib import Path

from radiogenomics import check as checks, config as configuration, resources
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.errors import MissingExtraError, RadiogenomicsError, listing
from radiogenomics.files import write_text
from radiogenomics.plan import Plan

logger = logging.getLogger(__name__)
PROGRESS = re.compile(r"^(\d+) of (\d+) steps")
BAR_WIDTH = 40

CONFIG_TEMPLATE = """\
# A study. Paths are relative to this file. Every key, its unit and its default: config.default.yaml beside it.
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
  # FASTA and GFF3 (Ensembl, GENCODE or RefSeq) of the build that the variants were called on.
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


class UnknownProfileError(RadiogenomicsError):
    """There is no such workflow profile."""

    reason = "unknown_profile"

    def __init__(self, wanted: str, known: Sequence[str]) -> None:
        self.wanted, self.known = wanted, tuple(known)
        super().__init__(
            f"no workflow profile {wanted!r}; there are {listing(known)}",
            hint="name one of these, or a folder that holds a config.yaml",
        )


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
    reference = (resources.root() / "config" / "config.default.yaml").read_text(encoding="utf-8")
    texts = {"config.yaml": CONFIG_TEMPLATE, "config.default.yaml": reference, **SHEET_TEMPLATES}
    for name in texts:
        if (path := directory / "config" / name).exists():
            raise StudyExistsError(path)
    for name, text in texts.items():
        write_text(directory / "config" / name, text)
    print(f"fill in {directory / 'config'}, then: radiogenomics check --config {directory / 'config' / 'config.yaml'}")


def run(*, config: Path, profile: str, cores: int, dry_run: bool, directory: Path | None = None) -> None:
    """Check the study, then run the workflow in the study's folder.

    The folder is ``directory``, or that of the configuration, or its parent if that is called ``config``; results go to
    ``results/``.
    Problems of single patients do not stop the run: these patients are excluded with their reason.

    Raises
    ------
    ConfigError, SheetError, MissingFileError
    ProblemsFoundError
        The study itself has a problem.
    WorkflowFailedError
    TooManyFailuresError
        More patients were excluded than ``workflow.max_failed_share`` allows.
    """
    if find_spec("snakemake") is None:
        raise MissingExtraError("workflow", "snakemake")
    study = configuration.load(config)
    findings = checks.inspect(study, read_sheets(study.cohort, study.radiomics.tables.values()))
    for problem in findings.problems:
        logger.warning("%s: %s: %s", problem.patient_id or "study", problem.reason, problem.message)
    if findings.of_study:
        raise checks.ProblemsFoundError(
            len(findings.of_study), len({problem.patient_id for problem in findings.of_patients})
        )
    config = config.parent.resolve() / config.name  # a link to a configuration is a study where the link is
    folder = config.parent.parent if config.parent.name == "config" else config.parent
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        folder = directory.resolve()
    plan = Plan(study.model_dump(mode="json"), config, folder)
    command = _command(config, folder, profile, cores, plan.remote_batches)
    if dry_run:
        _snakemake([*command, "--dry-run"], None)
        return
    remove_former(folder / "results", plan)
    remove_unasked_copies(folder / "results", plan)
    _execute(command, folder / "results", study.workflow.max_failed_share)
    print(f"report: {folder / 'results' / 'report' / 'index.html'}")


def remove_former(results: Path, plan: Plan) -> None:
    """Remove what earlier runs wrote for batches without a patient: whoever was withdrawn must not stay on the disk."""
    in_use = {
        "pacs": plan.remote_batches,
        "imaging": plan.image_batches,
        "radiomics": plan.image_batches,
        "genomics": plan.sample_batches,
    }
    for stage, batches in in_use.items():
        for folder in (results / stage, results / "logs" / stage):
            for path in sorted([*folder.glob("b[0-9][0-9][0-9]"), *folder.glob("b[0-9][0-9][0-9].*")]):
                if path.name.partition(".")[0] not in batches:
                    logger.info("removed %s: its batch holds no patient any more", path.relative_to(results))
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def remove_unasked_copies(results: Path, plan: Plan) -> None:
    """Remove features of copies that are not asked for any more, and what was made of them: nobody would renew them."""
    former = [
        path
        for path in sorted((results / "radiomics").glob("b[0-9][0-9][0-9].copies.*"))
        if path.name.partition(".")[0] not in plan.copy_batches
    ]
    asked = {Path(name).name for name in plan.audits}
    made = [
        results / "association" / name for name in ("stability.parquet", "persistence.parquet") if name not in asked
    ]
    for path in (*former, *(path for path in made if path.is_file())):
        logger.info("removed %s: no copies of this kind are asked for any more", path.relative_to(results))
        path.unlink()


def _execute(command: list[str], results: Path, max_failed_share: float) -> None:
    """Run Snakemake; where it stopped because this run found too many failures, say so."""
    from radiogenomics.cohort.join import within_limit

    snakemake_log = results / "logs" / "snakemake.log" if sys.stderr.isatty() else None
    limit_log, ledger = results / "logs" / "cohort" / "limit.log", results / "cohort" / "ledger.tsv"
    before = _written(limit_log)
    try:
        _snakemake(command, snakemake_log)
    except WorkflowFailedError:
        if _written(limit_log) not in (None, before):
            within_limit(ledger, max_failed_share)
        raise


def _written(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.is_file() else None


def _command(config: Path, folder: Path, profile: str, cores: int, remote_batches: Collection[str]) -> list[str]:
    shipped = resources.root() / "workflow" / "profiles"
    chosen = shipped / profile if (shipped / profile).is_dir() else Path(profile).resolve()
    if not (chosen / "config.yaml").is_file():
        raise UnknownProfileError(profile, sorted(path.name for path in shipped.iterdir()))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(resources.root() / "Snakefile")]
    command += ["--configfile", str(config), "--directory", str(folder), "--workflow-profile", str(chosen)]
    command += ["--cores", str(cores)] if cores else []
    unfinished = _incomplete_fetches(folder, remote_batches)
    return [*command, "--forcerun", *unfinished] if unfinished else command


def _incomplete_fetches(folder: Path, remote_batches: Collection[str]) -> list[str]:
    """Batches of which a server did not deliver everything: their jobs succeeded, yet a new run tries them again."""
    names = [f"results/pacs/{batch}.failures.tsv" for batch in sorted(remote_batches)]
    written = [(name, folder / name) for name in names if (folder / name).is_file()]
    return [name for name, path in written if len(path.read_text(encoding="utf-8").splitlines()) > 1]


def _snakemake(command: list[str], log: Path | None) -> None:
    """Run Snakemake; with a log file its output goes there and a progress bar is shown instead."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    if log is None:
        code = subprocess.run(command, env=environment, check=False).returncode
        if code:
            raise WorkflowFailedError(code, None)
        return
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
