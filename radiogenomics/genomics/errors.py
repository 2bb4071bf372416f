"""What can be wrong with variant files, the reference and the genes."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from radiogenomics.errors import GenomicsError, listing
from radiogenomics.genomics.remarks import Remark


def near_names(wanted: str, present: Sequence[str]) -> list[str]:
    """Up to three names like the wanted one: longer or shorter forms of it (barcodes) first, then similar spellings."""
    folded = wanted.casefold()
    forms = [
        name for name in present if name and (name.casefold().startswith(folded) or folded.startswith(name.casefold()))
    ]
    return list(dict.fromkeys([*forms, *get_close_matches(wanted, present, n=3)]))[:3]


class SampleNotInVcfError(GenomicsError):
    """The VCF has no sample of the stated name."""

    reason = "sample_not_in_vcf"

    def __init__(self, path: Path, sample: str, present: Sequence[str]) -> None:
        self.path, self.sample, self.present = path, sample, tuple(present)
        near = near_names(sample, present)
        super().__init__(
            f"{path.name}: no sample {sample!r} among its {len(present)}",
            hint="correct sample_id in the samples sheet; "
            f"{'similar names' if near else 'the file holds'}: {listing(near or present, 5)}",
        )


class UnreadableVcfError(GenomicsError):
    """The file is not a VCF or BCF, or it ends too early."""

    reason = "unreadable_vcf"

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        self.path, self.problem, self.line = path, problem, line
        super().__init__(
            f"{path.name}: not readable as VCF or BCF: {problem}",
            hint="check the file with `bcftools view`; copy it again if it was truncated",
        )


class FaultyVariantsError(GenomicsError):
    """Lines of a variant file state what cannot be: a position, an allele, a genotype, an order, a class."""

    reason = "faulty_variants"

    def __init__(self, path: Path, remarks: Sequence[Remark]) -> None:
        self.path, self.remarks = path, tuple(remarks)
        super().__init__(
            f"{path.name}: " + "; ".join(str(remark) for remark in remarks),
            hint="mend the lines; or see `genomics.policies`: such records can be left out, unsorted ones sorted",
        )


class ContigLengthsError(GenomicsError):
    """The header of a variant file states other lengths of contigs than the reference has."""

    reason = "contig_lengths"

    def __init__(
        self, vcf: Path, reference: Path, contig: str, line: int, stated: tuple[int, str], real: tuple[int, str]
    ) -> None:
        self.vcf, self.reference, self.contig, self.line, self.stated, self.real = (
            vcf,
            reference,
            contig,
            line,
            stated,
            real,
        )
        super().__init__(
            f"{vcf.name}, line {line}: contig {contig!r} of {stated[0]} bases ({stated[1]});"
            f" {reference.name} has {real[0]} ({real[1]})",
            hint="set genomics.reference to the FASTA that the variants were called on; if only the header is wrong,"
            " `bcftools reheader` mends it",
        )


class ReferenceMismatchError(GenomicsError):
    """A REF allele is not what the reference holds at its position."""

    reason = "reference_mismatch"

    def __init__(self, vcf: Path, reference: Path, problem: str, line: int | None = None) -> None:
        self.vcf, self.reference, self.problem, self.line = vcf, reference, problem, line
        super().__init__(
            f"{vcf.name} was not called on {reference.name}: {problem}",
            hint="set genomics.reference to the FASTA that the variants were called on (same build, same contig names)",
        )


class ContigNamesError(GenomicsError):
    """Two files do not share a single contig name."""

    reason = "contig_names"

    def __init__(self, first: Path, first_names: Sequence[str], second: Path, second_names: Sequence[str]) -> None:
        self.first, self.second = first, second
        super().__init__(
            f"{first.name} and {second.name} share no contig:"
            f" {listing(first_names, 3)} against {listing(second_names, 3)}",
            hint="rename the contigs of one of them (`bcftools annotate --rename-chrs`), e.g. chr1 to 1",
        )


class NormalisationError(GenomicsError):
    """bcftools refused the file."""

    reason = "normalisation"

    def __init__(self, path: Path, step: str, problem: str) -> None:
        self.path, self.step, self.problem = path, step, problem
        super().__init__(
            f"{path.name}: bcftools {step} failed: {problem}",
            hint="run `bcftools norm` on the file to see the record; `radiogenomics check` looks at the GFF3",
        )


class GenesError(GenomicsError):
    """The gene file cannot be used."""

    reason = "genes"

    def __init__(self, path: Path, problem: str, hint: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path.name}: {problem}", hint=hint)


class UnreadableReferenceError(GenomicsError):
    """The reference is not a FASTA that can be indexed."""

    reason = "unreadable_reference"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: not usable as reference: {problem}",
            hint="give a plain or bgzipped FASTA (not gzip), or one whose index lies beside it",
        )


class NoGenotypesError(GenomicsError):
    """Every genotype of a sample is missing, so nothing is known about it; that is not wild type."""

    reason = "no_genotypes"

    def __init__(self, path: Path, sample: str, records: int) -> None:
        self.path, self.sample, self.records = path, sample, records
        super().__init__(
            f"{path.name}: sample {sample!r} has no called genotype in {records} record(s)",
            hint="the caller may not write GT (Strelka does not for somatic variants): add GT, or leave the sample out",
        )


class AnnotationError(GenomicsError):
    """The annotation that a variant file brings along cannot be used."""

    reason = "annotation"

    def __init__(self, path: Path, problem: str, hint: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path.name}: {problem}", hint=hint)


class AmbiguousSampleError(GenomicsError):
    """Several samples of a file belong to one patient barcode."""

    reason = "ambiguous_sample"

    def __init__(self, path: Path, wanted: str, found: Sequence[str]) -> None:
        self.path, self.wanted, self.found = path, wanted, tuple(found)
        super().__init__(
            f"{path.name}: {len(found)} samples belong to {wanted!r}: {listing(found, 4)}",
            hint="name the one that belongs to the image in full in the samples sheet",
        )


class AssayError(GenomicsError):
    """A file of what was assayed cannot be used."""

    reason = "assay"

    def __init__(self, path: Path, problem: str, line: int | None = None) -> None:
        self.path, self.problem, self.line = path, problem, line
        place = "" if line is None else f"line {line}: "
        super().__init__(
            f"{path.name}: {place}{problem}",
            hint="give a BED file (contig, start from 0, end after the last base; columns separated by tabs or spaces)"
            " or a list of gene names, one a line",
        )


class UnknownPanelError(GenomicsError):
    """The samples sheet names a panel that the configuration does not have."""

    reason = "unknown_panel"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(
            f"no panel {name!r} in genomics.panels; it holds {listing(sorted(known))}",
            hint="correct column `assayed` of the samples sheet, or add the panel to the configuration",
        )


class MarkersError(GenomicsError):
    """A file of markers cannot be used."""

    reason = "markers"

    def __init__(self, path: Path, problem: str, hint: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path.name}: {problem}", hint=hint)


class UnreadableMafError(GenomicsError):
    """The file is not a mutation annotation file that can be read."""

    reason = "unreadable_maf"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: not readable as MAF: {problem}",
            hint="the columns are those of the GDC's MAF format, separated by tabs, under lines that begin with #",
        )


class ResourceFieldError(GenomicsError):
    """A resource does not declare a field that is to be joined."""

    reason = "resource_field"

    def __init__(self, path: Path, missing: Sequence[str], present: Sequence[str]) -> None:
        self.path, self.missing, self.present = path, tuple(missing), tuple(present)
        near = near_names(missing[0], present)
        super().__init__(
            f"{path.name}: INFO declares no {', '.join(missing)}",
            hint="correct `fields` of the resource; "
            f"{'similar' if near else 'it declares'}: {listing(near or present, 5)}",
        )


class NothingJoinedError(GenomicsError):
    """A resource holds none of the cohort's variants, which is more often a mistake than true."""

    reason = "nothing_joined"

    def __init__(self, path: Path, n: int, example: str) -> None:
        self.path, self.n, self.example = path, n, example
        super().__init__(
            f"{path.name}: holds none of the {n} variants of the cohort, for instance {example}",
            hint="check that contigs are named alike (chr1 or 1) and that the build is the same; leave the resource out"
            " if it is right",
        )
