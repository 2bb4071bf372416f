"""The bcftools that pysam carries, each command in a process of its own."""

import subprocess
import sys
from pathlib import Path

from radiogenomics.genomics.errors import NormalisationError, ReferenceMismatchError

MESSAGE_LINES = 3
_RUN = """\
import sys, pysam.bcftools
from pysam.utils import SamtoolsError
try:
    getattr(pysam.bcftools, sys.argv[1])(*sys.argv[2:], catch_stdout=False)
except SamtoolsError as error:
    sys.exit(str(error))
"""
_CHATTER = ("Parsing ", "Warning:", "Indexed ", "Calling...", "Lines ", "Writing to ", "Merging ", "Cleaning", "Done")
_MISMATCH = ("Reference allele mismatch", "REF_SEQ", "faidx_fetch_seq failed", "does not match the REF allele")


def run_bcftools(step: str, arguments: list[str], vcf: Path, reference: Path) -> None:
    """Run one bcftools command on a variant file.

    Raises
    ------
    ReferenceMismatchError, NormalisationError
    """
    problem = bcftools(step, arguments)
    if any(sign in problem for sign in _MISMATCH):
        raise ReferenceMismatchError(vcf, reference, problem)
    if problem:
        raise NormalisationError(vcf, step, problem)


def bcftools(step: str, arguments: list[str]) -> str:
    """Run one bcftools command in a process of its own; returns what it said if it failed, else nothing.

    Within one process bcftools keeps static variables between calls: with pysam 0.24 a second ``csq`` refuses a file
    that starts before the end of the first ("not sorted, 1:16 comes before 1:14").
    """
    command = [sys.executable, "-c", _RUN, step, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return ""
    return words(done.stderr) or f"exit code {done.returncode}"


def words(text: str) -> str:
    """The last lines of a message without bcftools' chatter."""
    lines = text.partition("stderr=")[2].strip("'\"").replace("\\n", "\n") if "stderr=" in text else text
    said = [line for line in lines.splitlines() if line.strip() and not line.startswith(_CHATTER)]
    return " ".join(" ".join(said[-MESSAGE_LINES:]).split())
