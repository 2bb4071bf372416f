"""What variant files are read against, and what can be said of a file before it is read."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.annotated import recognise
from radiogenomics.genomics.annotator import require_program
from radiogenomics.genomics.genes import Genes, read_genes
from radiogenomics.genomics.gff import for_bcftools
from radiogenomics.genomics.maf import read_maf
from radiogenomics.genomics.normalise import check_genes, header_of
from radiogenomics.genomics.reference import check_contigs, check_reference, contig_lengths, indexed_reference
from radiogenomics.genomics.samples import find_sample

# REF alleles that `radiogenomics check` compares with the reference in each variant file.
RECORDS_COMPARED = 200


@dataclass(frozen=True)
class Shared:
    """What all files of a command are read against."""

    reference: Path
    contigs: Mapping[str, int]
    genes: Genes
    for_bcftools: Path
    with_genes: frozenset[str]


@contextmanager
def shared(reference: Path, genes: Path, settings: Genomics) -> Iterator[Shared]:
    """Index the reference and read the genes, once for all files.

    Raises
    ------
    MissingFileError, UnreadableReferenceError, GenesError
    """
    with tempfile.TemporaryDirectory() as name:
        read = read_genes(genes, settings.canonical)
        fasta = indexed_reference(reference, Path(name))
        contigs = contig_lengths(fasta)
        gff, with_genes = for_bcftools(read, contigs, Path(name))
        yield Shared(fasta, contigs, read, gff, with_genes)


def inspect_shared(common: Shared, settings: Genomics) -> None:
    """Let bcftools csq read the genes, and look for the program of the annotator.

    Raises
    ------
    GenesError, AnnotatorMissingError
    """
    if settings.annotator is not None:
        require_program(settings.annotator)
    with tempfile.TemporaryDirectory() as scratch:
        check_genes(common.for_bcftools, common.reference, Path(scratch))


def inspect_maf(maf: Path, settings: Genomics) -> Callable[[str], str]:
    """Read a mutation annotation file; returns what finds a sample in it.

    Raises
    ------
    UnreadableMafError, FaultyVariantsError, AnnotationError
    """
    return partial(_find, maf, read_maf(maf, settings).barcodes, settings)


def inspect_vcf(vcf: Path, common: Shared, settings: Genomics) -> Callable[[str], str]:
    """Compare header and first records of a VCF with the reference; returns what finds a sample in it.

    Raises
    ------
    MissingFileError, UnreadableVcfError, ContigNamesError, ContigLengthsError, ReferenceMismatchError, AnnotationError
    """
    header = header_of(vcf)
    check_contigs(vcf, header, common.reference, common.genes)
    if settings.consequences == "annotated" and settings.annotator is None:
        recognise(vcf, header.info)
    check_reference(vcf, common.reference, common.with_genes, RECORDS_COMPARED)
    return partial(_find, vcf, header.samples, settings)


def _find(path: Path, present: Sequence[str], settings: Genomics, sample: str) -> str:
    return find_sample(path, sample, present, settings.sample_id)
