"""Left-align, split multi-allelic records and call consequences, with the bcftools that pysam carries."""

import subprocess
import sys
from collections.abc import Collection, Sequence
from itertools import islice
from pathlib import Path

import pysam
from pysam.utils import SamtoolsError

from radiogenomics.errors import MissingFileError
from radiogenomics.files import whole_file
from radiogenomics.genomics.errors import (
    ContigNamesError,
    GenesError,
    NormalisationError,
    ReferenceMismatchError,
    SampleNotInVcfError,
    UnreadableReferenceError,
    UnreadableVcfError,
)
from radiogenomics.genomics.genes import STYLE, Genes
from radiogenomics.genomics.genotypes import Counts, header, is_bcf, write_genotypes

MESSAGE_LINES = 3
_RUN = """\
import sys, pysam.bcftools
from pysam.utils import SamtoolsError
try:
    getattr(pysam.bcftools, sys.argv[1])(*sys.argv[2:], catch_stdout=False)
except SamtoolsError as error:
    sys.exit(str(error))
"""
_CHATTER = ("Parsing ", "Warning:", "Indexed ", "Calling...", "Lines ")
_MISMATCH = ("Reference allele mismatch", "REF_SEQ", "faidx_fetch_seq failed", "does not match the REF allele")


def sample_names(vcf: Path) -> tuple[str, ...]:
    """Samples in the header of a VCF or BCF."""
    return tuple(_header(vcf).samples)


def require_sample(vcf: Path, sample: str, present: Sequence[str]) -> None:
    """Refuse a sample that is not among the file's.

    Raises
    ------
    SampleNotInVcfError
    """
    if sample not in present:
        raise SampleNotInVcfError(vcf, sample, present)


def check_contigs(vcf: Path, reference: Path, genes_path: Path, genes: Genes) -> None:
    """Refuse files that share no contig name: bcftools would quietly annotate nothing.

    Raises
    ------
    ContigNamesError
    """
    in_vcf, in_reference = tuple(str(name) for name in _header(vcf).contigs), tuple(contig_lengths(reference))
    if in_vcf and not set(in_vcf) & set(in_reference):
        raise ContigNamesError(vcf, in_vcf, reference, in_reference)
    for path, names in ((reference, in_reference), (vcf, in_vcf)):
        if names and not genes.contigs & set(names):
            raise ContigNamesError(genes_path, sorted(genes.contigs), path, names)


def check_reference(vcf: Path, reference: Path, contigs: Collection[str], records: int) -> None:
    """Compare the REF alleles of the first records on the given contigs with the reference.

    Raises
    ------
    ReferenceMismatchError, UnreadableVcfError
    """
    try:
        with pysam.VariantFile(str(vcf)) as stream, pysam.FastaFile(str(reference)) as fasta:
            lengths = dict(zip(fasta.references, fasta.lengths, strict=True))
            for record in islice((record for record in stream if record.chrom in contigs), records):
                place, ref = f"{record.chrom}:{record.pos}", (record.ref or "").upper()
                if record.chrom not in lengths or record.start + len(ref) > lengths[record.chrom]:
                    raise ReferenceMismatchError(vcf, reference, f"{place} is not in the reference")
                expected = fasta.fetch(record.chrom, record.start, record.start + len(ref)).upper()
                if ref != expected:
                    problem = f"at {place} the VCF has REF {ref}, the reference {expected}"
                    raise ReferenceMismatchError(vcf, reference, problem)
    except (OSError, ValueError) as error:
        raise UnreadableVcfError(vcf, str(error)) from error


def check_genes(genes: Path, reference: Path, scratch: Path) -> None:
    """Let bcftools csq read the genes, with no variant to annotate.

    Raises
    ------
    GenesError
        With the words of bcftools.
    """
    empty = scratch / "empty.vcf"
    empty.write_text(header(contig_lengths(reference), ["none"]))
    arguments = [
        "--local-csq",
        "-f",
        str(reference),
        "-g",
        str(genes),
        "-Ou",
        "-o",
        str(scratch / "empty.bcf"),
        str(empty),
    ]
    problem = _bcftools("csq", arguments)
    if problem:
        raise GenesError(genes, f"bcftools csq refuses it: {problem}", STYLE)


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
        raise UnreadableReferenceError(reference, _words(str(error))) from error
    return reference


def annotated(
    vcf: Path,
    samples: Sequence[str],
    reference: Path,
    genes_path: Path,
    genes: Genes,
    scratch: Path,
    *,
    pass_only: bool,
) -> tuple[Path, Counts]:
    """A BCF in ``scratch`` with the wanted samples, left-aligned, one ALT a record, with INFO/BCSQ; and what was read.

    The input is streamed, so it needs no index, and only genotypes are kept. In a split record the other alternate
    alleles read as reference, which for a carrier of *this* allele is what is meant. Consequences are those of each
    allele alone (``--local-csq``).

    Raises
    ------
    UnreadableVcfError, ReferenceMismatchError, NormalisationError
    """
    plain, wanted, normal, called = (scratch / name for name in ("plain.vcf", "wanted.vcf", "normal.bcf", "called.bcf"))
    source = vcf
    if is_bcf(vcf):
        listed = scratch / "samples.txt"
        listed.write_text("".join(f"{sample}\n" for sample in samples))
        run_bcftools("view", ["-S", str(listed), "-Ov", "-o", str(plain), str(vcf)], vcf, reference)
        source = plain
    counts = write_genotypes(source, samples, contig_lengths(reference), genes.contigs, wanted, pass_only=pass_only)
    norm = ["-m", "-any", "-c", "e", "-f", str(reference), "-Ou", "-o", str(normal), str(wanted)]
    run_bcftools("norm", norm, vcf, reference)
    csq = ["--local-csq", "-f", str(reference), "-g", str(genes_path), "-Ob1", "-o", str(called), str(normal)]
    run_bcftools("csq", csq, vcf, reference)
    return called, counts


def run_bcftools(step: str, arguments: list[str], vcf: Path, reference: Path) -> None:
    """Run one bcftools command on a variant file.

    Raises
    ------
    ReferenceMismatchError, NormalisationError
    """
    problem = _bcftools(step, arguments)
    if any(sign in problem for sign in _MISMATCH):
        raise ReferenceMismatchError(vcf, reference, problem)
    if problem:
        raise NormalisationError(vcf, step, problem)


def _bcftools(step: str, arguments: list[str]) -> str:
    """Run one bcftools command in a process of its own; returns what it said if it failed, else nothing.

    Within one process bcftools keeps static variables between calls: with pysam 0.24 a second ``csq`` refuses a file
    that starts before the end of the first ("not sorted, 1:16 comes before 1:14").
    """
    command = [sys.executable, "-c", _RUN, step, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode == 0:
        return ""
    return _words(done.stderr) or f"exit code {done.returncode}"


def _words(text: str) -> str:
    """The last lines of a message without bcftools' chatter."""
    lines = text.partition("stderr=")[2].strip("'\"").replace("\\n", "\n") if "stderr=" in text else text
    said = [line for line in lines.splitlines() if line.strip() and not line.startswith(_CHATTER)]
    return " ".join(" ".join(said[-MESSAGE_LINES:]).split())


def _header(vcf: Path) -> pysam.VariantHeader:
    if not vcf.is_file():
        raise MissingFileError(vcf, "variant file")
    try:
        with pysam.VariantFile(str(vcf)) as stream:
            return stream.header
    except (ValueError, OSError) as error:
        raise UnreadableVcfError(vcf, str(error)) from error


def contig_lengths(reference: Path) -> dict[str, int]:
    """Contigs of an indexed FASTA with their lengths."""
    with pysam.FastaFile(str(reference)) as fasta:
        return dict(zip(fasta.references, fasta.lengths, strict=True))
