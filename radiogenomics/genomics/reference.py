"""The FASTA that variants and genes refer to, and whether they do."""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path

import pysam
from pysam.utils import SamtoolsError

from radiogenomics.errors import MissingFileError
from radiogenomics.files import whole_file
from radiogenomics.genomics.bcftools import words
from radiogenomics.genomics.builds import described
from radiogenomics.genomics.errors import (
    ContigLengthsError,
    ContigNamesError,
    ReferenceMismatchError,
    UnreadableReferenceError,
    UnreadableVcfError,
)
from radiogenomics.genomics.genes import Genes
from radiogenomics.genomics.gff import contig_map
from radiogenomics.genomics.header import Header
from radiogenomics.genomics.reading import is_bcf, lines
from radiogenomics.genomics.records import Site

_LEADING = ("CHROM", "POS", "ID", "REF")


def indexed_reference(reference: Path, scratch: Path) -> Path:
    """The FASTA with a ``.fai`` beside it; one that lies in a read-only folder is linked from ``scratch``.

    Raises
    ------
    MissingFileError, UnreadableReferenceError
    """
    if not reference.is_file():
        raise MissingFileError(reference, "reference (genomics.reference)")
    index = reference.with_name(reference.name + ".fai")
    if index.is_file():
        return reference
    try:
        try:
            with whole_file(index) as temporary:
                pysam.faidx(str(reference), "--fai-idx", str(temporary))
        except OSError:  # the folder cannot be written to
            linked = scratch / reference.name
            linked.symlink_to(reference.resolve())
            pysam.faidx(str(linked))
            return linked
    except SamtoolsError as error:
        raise UnreadableReferenceError(reference, words(str(error))) from error
    return reference


def contig_lengths(reference: Path) -> dict[str, int]:
    """Contigs of an indexed FASTA with their lengths."""
    with pysam.FastaFile(str(reference)) as fasta:
        return dict(zip(fasta.references, fasta.lengths, strict=True))


def check_contigs(vcf: Path, header: Header, reference: Path, genes: Genes) -> None:
    """Refuse files that share no contig name, which bcftools would take, annotating nothing, and other lengths.

    Only contigs with genes matter: hg19 and GRCh37, for instance, differ in the mitochondrial one.

    Raises
    ------
    ContigNamesError, ContigLengthsError
    """
    in_vcf, real = tuple(header.contigs), contig_lengths(reference)
    if in_vcf and not set(in_vcf) & set(real):
        raise ContigNamesError(vcf, in_vcf, reference, tuple(real))
    with_genes = set(contig_map(genes, real).values())
    if not with_genes:
        raise ContigNamesError(genes.path, sorted(genes.contigs), reference, tuple(real))
    if in_vcf and not with_genes & set(in_vcf):
        raise ContigNamesError(genes.path, sorted(with_genes), vcf, in_vcf)
    for name, length in header.lengths.items():
        if name in with_genes and length != real[name]:
            stated = (length, described(header.lengths))
            raise ContigLengthsError(
                vcf, reference, name, header.contig_lines[name], stated, (real[name], described(real))
            )


def check_reference(vcf: Path, reference: Path, contigs: Collection[str], records: int | None = None) -> None:
    """Compare the REF alleles of the first records on the given contigs with the reference, of all if None.

    Raises
    ------
    ReferenceMismatchError, UnreadableVcfError
    """
    with pysam.FastaFile(str(reference)) as fasta:
        lengths = dict(zip(fasta.references, fasta.lengths, strict=True))
        body = (item for item in (_of_bcf(vcf) if is_bcf(vcf) else _of_text(vcf)) if item[1][0] in contigs)
        for number, cells in islice(body, records):
            if len(cells) < len(_LEADING) or not (cells[1].isascii() and cells[1].isdigit()):
                raise UnreadableVcfError(vcf, f"line {number}: no position and alleles", number)
            problem = _mismatch(fasta, lengths, cells)
            if problem:
                raise ReferenceMismatchError(vcf, reference, f"line {number}: {problem}", number)


def locate_mismatch(written: Path, vcf: Path, reference: Path) -> None:
    """Name the line of ``vcf`` whose REF is not the reference's, from the records that were written with its ``Site``.

    Raises
    ------
    ReferenceMismatchError
    """
    with pysam.FastaFile(str(reference)) as fasta:
        lengths = dict(zip(fasta.references, fasta.lengths, strict=True))
        for _, line in lines(written):
            cells = line.split("\t", 5)
            if not line.startswith("#") and (problem := _mismatch(fasta, lengths, cells)):
                number = Site.parse(cells[2]).line
                raise ReferenceMismatchError(vcf, reference, f"line {number}: {problem}", number)


def _of_text(vcf: Path) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines(vcf):
        if not line.startswith("#") and line.strip():
            yield number, line.split("\t", len(_LEADING))


def _of_bcf(vcf: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with pysam.VariantFile(str(vcf)) as stream:
            for number, record in enumerate(stream, 1 + str(stream.header).count("\n")):
                yield number, [record.chrom, str(record.pos), ".", record.ref or ""]
    except (OSError, ValueError) as error:
        raise UnreadableVcfError(vcf, str(error)) from error


def _mismatch(fasta: pysam.FastaFile, lengths: Mapping[str, int], cells: list[str]) -> str:
    """What is wrong with REF of a record, as CHROM, POS, ID, REF; nothing if it is the reference's."""
    contig, position, ref = cells[0], int(cells[1]), cells[3].upper()
    start, place = position - 1, f"{contig}:{position}"
    if contig not in lengths or start + len(ref) > lengths[contig]:
        return f"{place} is not in the reference"
    expected = fasta.fetch(contig, start, start + len(ref)).upper() if start >= 0 else ""
    return "" if ref == expected else f"at {place} the VCF has REF {ref}, the reference {expected}"
