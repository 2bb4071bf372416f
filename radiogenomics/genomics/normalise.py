"""Samples of a variant file, split and left-aligned, and the consequences of the alleles."""

from dataclasses import dataclass
from pathlib import Path

import pysam

from radiogenomics.genomics.bcftools import bcftools, run_bcftools
from radiogenomics.genomics.errors import (
    GenesError,
    ReferenceMismatchError,
    UnreadableVcfError,
)
from radiogenomics.genomics.genes import STYLE
from radiogenomics.genomics.genotypes import Annotate, Counts, Wanted, header_text, no_annotation, write_genotypes
from radiogenomics.genomics.header import Header, read_header
from radiogenomics.genomics.reading import is_bcf, lines, require_whole
from radiogenomics.genomics.reference import contig_lengths, locate_mismatch
from radiogenomics.genomics.remarks import Remarks


def header_of(vcf: Path) -> Header:
    """The header of a VCF or BCF.

    Raises
    ------
    MissingFileError, UnreadableVcfError
    """
    require_whole(vcf)
    if not is_bcf(vcf):
        return read_header(vcf, lines(vcf), Remarks(vcf))
    try:
        with pysam.VariantFile(str(vcf)) as stream:
            text = str(stream.header)
    except (ValueError, OSError) as error:
        raise UnreadableVcfError(vcf, str(error)) from error
    return read_header(vcf, iter(enumerate(text.splitlines(keepends=True), 1)), Remarks(vcf))


@dataclass(frozen=True)
class Annotation:
    """How INFO of the records is made while genotypes are read, and the header line that declares it."""

    annotate: Annotate = no_annotation
    declaration: str = ""


def normalised(
    vcf: Path,
    wanted: Wanted,
    reference: Path,
    scratch: Path,
    remarks: Remarks,
    annotation: Annotation = Annotation(),
) -> tuple[Path, Counts]:
    """A BCF in ``scratch`` with the wanted samples, left-aligned, one ALT a record; and what was read.

    The input is streamed, so it needs no index, and only genotypes are kept; ID is the line of ``vcf``. In a split
    record the other alternate alleles read as reference, which for a carrier of *this* allele is what is meant.

    Raises
    ------
    UnreadableVcfError, FaultyVariantsError, ReferenceMismatchError, NormalisationError
    """
    text, written, normal = (scratch / name for name in ("text.vcf", "written.vcf", "normal.bcf"))
    source = vcf
    if is_bcf(vcf):
        run_bcftools("view", ["--no-version", "-Ov", "-o", str(text), str(vcf)], vcf, reference)
        source = text
    remarks.path = vcf
    counts = write_genotypes(source, wanted, written, remarks, annotation.annotate, annotation.declaration)
    ordered = written
    if "unsorted" in remarks.found:
        ordered = scratch / "sorted.bcf"
        arguments = ["-T", str(scratch / "sort"), "-Ou", "-o", str(ordered), str(written)]
        run_bcftools("sort", arguments, vcf, reference)
    try:
        norm = ["-m", "-any", "-c", "e", "-f", str(reference), "-Ou", "-o", str(normal), str(ordered)]
        run_bcftools("norm", norm, vcf, reference)
    except ReferenceMismatchError:
        locate_mismatch(written, vcf, reference)
        raise
    return normal, counts


def called(normal: Path, vcf: Path, reference: Path, genes: Path, scratch: Path) -> Path:
    """The normalised records with INFO/BCSQ: the consequences of each allele alone (``--local-csq``).

    Raises
    ------
    ReferenceMismatchError, NormalisationError
    """
    target = scratch / "called.bcf"
    csq = ["--local-csq", "-f", str(reference), "-g", str(genes), "-Ob1", "-o", str(target), str(normal)]
    run_bcftools("csq", csq, vcf, reference)
    return target


def check_genes(genes: Path, reference: Path, scratch: Path) -> None:
    """Let bcftools csq read the genes, with no variant to annotate.

    Raises
    ------
    GenesError
        With the words of bcftools.
    """
    empty = scratch / "empty.vcf"
    empty.write_text(header_text(contig_lengths(reference), ["none"]))
    files = ["-f", str(reference), "-g", str(genes), "-Ou", "-o", str(scratch / "empty.bcf"), str(empty)]
    problem = bcftools("csq", ["--local-csq", *files])
    if problem:
        raise GenesError(genes, f"bcftools csq refuses it: {problem}", STYLE)
