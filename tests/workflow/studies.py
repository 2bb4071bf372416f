"""What the workflow tests share: run the command line as a user would, and read Snakemake's job counts."""

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[2]
# The console scripts of the environment that runs the tests come first.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def radiogenomics(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, output captured."""
    command = [sys.executable, "-m", "radiogenomics", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT | environment, capture_output=True, text=True, check=False)


def run(study: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """``radiogenomics run`` on a study folder; shows the logs where it fails."""
    done = radiogenomics("run", "--config", study / "config" / "config.yaml", *arguments, **environment)
    if done.returncode:
        for log in (study / "results" / "logs").rglob("*.log"):
            print(log, log.read_text()[-2000:], sep="\n")
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n")
    return done


def jobs(output: str) -> dict[str, int]:
    """Number of jobs per rule in the output of a (dry) run."""
    table = output.partition("Job stats:")[2].partition("total")[0]
    return {
        name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.MULTILINE) if name != "all"
    }


def snakemake(study: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Plain Snakemake on a study folder."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", TOP / "Snakefile", "--directory", study]
    command += ["--configfile", study / "config" / "config.yaml", "--cores", "2", *arguments]
    return subprocess.run(list(map(str, command)), env=ENVIRONMENT, capture_output=True, text=True, check=False)


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
