"""Samples of a variant file, split and left-aligned, and the consequences of the alleles."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cyvcf2
import pysam

from radiogenomics.genomics.bcftools import bcftools, run_bcftools
from radiogenomics.genomics.calls import Calls
from radiogenomics.genomics.errors import (
    GenesError,
    ReferenceMismatchError,
    UnreadableVcfError,
)
from radiogenomics.genomics.genes import STYLE
from radiogenomics.genomics.genotypes import NUMBER, Annotate, Counts, Wanted, header_text, no_annotation, write_sites
from radiogenomics.genomics.header import Header, read_header
from radiogenomics.genomics.reading import byte_lines, is_bcf, lines, require_whole
from radiogenomics.genomics.records import Site
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
    return read_header(vcf, iter(enumerate(_header_of_bcf(vcf)[0], 1)), Remarks(vcf))


def _header_of_bcf(bcf: Path) -> tuple[list[str], bool]:
    """Lines of the header, and whether it declares GT and other fields of samples."""
    try:
        with pysam.VariantFile(str(bcf)) as stream:
            formats = list(stream.header.formats)
            return str(stream.header).splitlines(keepends=True), "GT" in formats and len(formats) > 1
    except (ValueError, OSError) as error:
        raise UnreadableVcfError(bcf, str(error)) from error


def _lines_of_bcf(bcf: Path, reference: Path, text: Path) -> Iterator[tuple[int, bytes]]:
    """Lines as bcftools view prints them, written to ``text``, but without fields of samples other than GT."""
    header, with_more = _header_of_bcf(bcf)
    step = ["annotate", "-x", "^FORMAT/GT"] if with_more else ["view"]
    run_bcftools(step[0], [*step[1:], "--no-version", "-Ov", "-o", str(text), str(bcf)], bcf, reference)
    yield from enumerate((line.encode() for line in header), 1)
    records = (line for _, line in byte_lines(text) if not line.startswith(b"#"))
    yield from enumerate(records, 1 + len(header))


@dataclass(frozen=True)
class Annotation:
    """How INFO of the records is made while genotypes are read, and the header line that declares it."""

    annotate: Annotate = no_annotation
    declaration: str = ""


@dataclass(frozen=True)
class Allele:
    """One allele as normalised; ``number`` is that of the allele in the record of the file at ``site``."""

    contig: str
    position: int
    ref: str
    alt: str
    site: Site
    number: int
    info: cyvcf2.cyvcf2.INFO


@dataclass(frozen=True)
class Sites:
    """Normalised records without genotypes, one ALT each, and the genotypes of the records that they are made of."""

    bcf: Path
    calls: Calls
    samples: tuple[str, ...]

    def __iter__(self) -> Iterator[Allele]:
        """The alleles that are sequences, in the order of the records.

        Raises
        ------
        OSError, ValueError
        """
        for record in cyvcf2.VCF(str(self.bcf)):
            # bcftools norm copies the case of the reference, which is lower where repeats are masked.
            allele = (record.ALT[0] if record.ALT else ".").upper()
            if not allele.startswith(("*", "<", ".")):
                site, info = Site.parse(record.ID), record.INFO
                yield Allele(record.CHROM, record.POS, record.REF.upper(), allele, site, info.get(NUMBER), info)


def normalised(
    vcf: Path,
    wanted: Wanted,
    reference: Path,
    scratch: Path,
    remarks: Remarks,
    annotation: Annotation = Annotation(),
) -> tuple[Sites, Counts]:
    """The alleles of a file in ``scratch``, left-aligned, with the wanted samples' genotypes; and what was read.

    The input is streamed, so it needs no index, and only genotypes are kept.

    Raises
    ------
    UnreadableVcfError, FaultyVariantsError, ReferenceMismatchError, NormalisationError
    """
    text, written, normal = (scratch / name for name in ("text.vcf", "written.vcf", "normal.bcf"))
    stream = _lines_of_bcf(vcf, reference, text) if is_bcf(vcf) else None
    calls, counts = write_sites(vcf, wanted, written, remarks, annotation.annotate, annotation.declaration, stream)
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
    return Sites(normal, calls, tuple(wanted.samples)), counts


def called(sites: Sites, vcf: Path, reference: Path, genes: Path, scratch: Path) -> Sites:
    """The normalised records with INFO/BCSQ: the consequences of each allele alone (``--local-csq``).

    Raises
    ------
    ReferenceMismatchError, NormalisationError
    """
    target = scratch / "called.bcf"
    csq = ["--local-csq", "-f", str(reference), "-g", str(genes), "-Ou", "-o", str(target), str(sites.bcf)]
    run_bcftools("csq", csq, vcf, reference)
    return replace(sites, bcf=target)


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
