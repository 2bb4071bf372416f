"""Consequences by a program of the user's (Ensembl VEP, SnpEff): a command that annotates the normalised alleles.

Nothing is downloaded. The command gets a VCF of sites without genotypes, one alternate allele a record, and writes it
again with its field of INFO; that is then read like the annotation that a file brings along.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from radiogenomics.config.genomics import Annotator
from radiogenomics.errors import GenomicsError, RadiogenomicsError, without_folders
from radiogenomics.genomics.annotated import SEPARATOR, Annotated, recognise
from radiogenomics.genomics.consequence import Consequence
from radiogenomics.genomics.genotypes import header_text
from radiogenomics.genomics.normalise import Sites, header_of
from radiogenomics.genomics.reading import lines
from radiogenomics.genomics.remarks import Remarks

# The keys of header lines by which programs say what they are; VEP's line has the time, which is left out.
_VERSION = re.compile(r'##(?P<program>VEP|SnpEffVersion|bcftools_csqVersion)="?(?P<version>[^"\s][^"\n]*)"?')
_CACHE = re.compile(r' cache="[^"]*?(?P<cache>[^"/]+)/?"')
_NUMBER = '##INFO=<ID=ALLELE,Number=1,Type=Integer,Description="Number of the allele in its record">'


class AnnotatorMissingError(GenomicsError):
    """The program of the annotator is not there."""

    reason = "annotator_missing"

    def __init__(self, program: str) -> None:
        self.program = program
        super().__init__(
            f"no program {program!r} for genomics.annotator",
            hint="install it, put it on the PATH of the jobs, or write its whole path in `genomics.annotator.command`",
        )


class AnnotatorFailedError(GenomicsError):
    """The command of the annotator fails, or what it writes is not what it was given, annotated."""

    reason = "annotator_failed"

    def __init__(self, vcf: Path, problem: str) -> None:
        self.vcf, self.problem = vcf, problem
        super().__init__(
            f"{vcf.name}: annotator: {problem}",
            hint="run the command of `genomics.annotator` by hand on a small VCF; it must write every record, in order",
        )


@dataclass(frozen=True)
class Annotation:
    """The alleles as the program wrote them; ``tag`` is its field of INFO, ``version`` what it says it is."""

    sites: Sites
    tag: str
    read: Annotated
    version: str

    def consequences(self, text: str | None, number: int) -> list[Consequence]:
        """The consequences of one allele, to which all entries belong.

        Raises
        ------
        AnnotationError
        """
        return self.read.consequences(text and text.replace(",", SEPARATOR), number)


def require_program(settings: Annotator) -> str:
    """Path of the program that the command names.

    Raises
    ------
    AnnotatorMissingError
    """
    program = shlex.split(settings.command)[0]
    if (found := shutil.which(program)) is None:
        raise AnnotatorMissingError(Path(program).name)
    return str(Path(found).absolute())


def annotate_sites(
    settings: Annotator,
    sites: Sites,
    vcf: Path,
    contigs: Mapping[str, int],
    places: Mapping[str, Path],
    remarks: Remarks,
) -> Annotation:
    """Run the annotator on the alleles that a wanted sample carries, or has no genotype of.

    Parameters
    ----------
    vcf : Path
        File that the sites are of, for messages.
    contigs : mapping
        Contigs of the reference with their lengths.
    places : mapping
        Paths of ``reference`` and ``genes`` for the command.

    Raises
    ------
    AnnotatorMissingError, AnnotatorFailedError, AnnotationError
    """
    scratch = sites.bcf.parent
    given, written = scratch / "given.vcf", scratch / "annotated.vcf"
    _write(sites, contigs, given)
    _run(settings, vcf, {**places, "input": given, "output": written})
    try:
        header = header_of(written)
        _require_all(vcf, given, written)
    except AnnotatorFailedError:
        raise
    except RadiogenomicsError as error:
        raise AnnotatorFailedError(vcf, f"what it wrote is no VCF: {error.message}") from error
    found = recognise(written, header.info)
    return Annotation(replace(sites, bcf=written), found.tag, Annotated(vcf, found, remarks), _version(written))


def _write(sites: Sites, contigs: Mapping[str, int], target: Path) -> None:
    with target.open("w", encoding="utf-8") as out:
        out.write(header_text(contigs, [], _NUMBER))
        for allele in sites:
            if allele.site.n:
                cells = (allele.contig, allele.position, allele.site, allele.ref, allele.alt)
                out.write("\t".join(map(str, cells)) + f"\t.\t.\tALLELE={allele.number}\n")


def _run(settings: Annotator, vcf: Path, places: Mapping[str, Path]) -> None:
    """Run the command; what it prints is the output, unless it is told where to write."""
    program = require_program(settings)
    command = [program, *(part.format(**places) for part in shlex.split(settings.command)[1:])]
    target, errors = places["output"], places["output"].with_suffix(".errors")
    printed = target if "{output}" not in settings.command else target.with_suffix(".printed")
    with printed.open("wb") as out, errors.open("wb") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=said, cwd=target.parent, start_new_session=True
        )
        try:
            code = process.wait(settings.timeout_s)
        except subprocess.TimeoutExpired as error:
            raise AnnotatorFailedError(vcf, f"not done after {settings.timeout_s:g} s") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # and what it has started
                process.wait()
    if code:
        last = (errors.read_text(errors="replace").strip().splitlines() or ["no message"])[-1]
        raise AnnotatorFailedError(vcf, f"exit code {code}: {without_folders(last)}")
    if not target.is_file():
        raise AnnotatorFailedError(vcf, "it wrote no {output}")


def _require_all(vcf: Path, given: Path, written: Path) -> None:
    """Every record that was given must be there, in order: a carrier of one that is not would be wild type."""
    for number, (mine, theirs) in enumerate(zip_longest(_records(given), _records(written)), 1):
        if mine != theirs:
            missing = theirs is None
            found = "nothing" if missing else "-".join((theirs[0], theirs[1], *theirs[3:]))
            wanted = "nothing" if mine is None else "-".join((mine[0], mine[1], *mine[3:]))
            raise AnnotatorFailedError(vcf, f"record {number} of its output is {found}, where {wanted} was given")


def _records(path: Path) -> Iterator[tuple[str, ...]]:
    """CHROM, POS, ID, REF and ALT of each record."""
    for _, line in lines(path):
        if line.strip() and not line.startswith("#"):
            yield tuple(line.split("\t", 5)[:5])


def _version(written: Path) -> str:
    """What the program says it is, without the time at which it ran; empty if it says nothing."""
    found = []
    for _, line in lines(written):
        if not line.startswith("##"):
            break
        if stated := _VERSION.match(line):
            cache = _CACHE.search(line)
            found.append(f"{stated['program']} {stated['version']}" + (f", cache {cache['cache']}" if cache else ""))
    return "; ".join(dict.fromkeys(found))
