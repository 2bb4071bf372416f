"""Keys of ``genomics``."""

import shlex
from collections.abc import Callable
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from radiogenomics.config.markers import ConsequenceClass, Markers
from radiogenomics.config.section import Distinct, Name, Section

QualityFlag = Literal["low_call_rate", "heterozygosity", "sex_mismatch", "sex_unclear", "related"]


class VariantPolicies(Section):
    """What is done with a defect of a variant file."""

    unsorted: Literal["refuse", "sort"] = Field(
        "refuse", description="Records out of order: `sort` puts them in order, by contig and position."
    )
    faulty_record: Literal["refuse", "drop"] = Field(
        "refuse",
        description="Records whose position, alleles or genotypes cannot be: `drop` leaves them out and reports them.",
    )


class Resource(Section):
    """A VCF that knows something of alleles: their frequency, their significance."""

    file: Path = Field(description="VCF or BCF on the same reference; with an index only the needed parts are read.")
    fields: Annotated[tuple[str, ...], Distinct, Field(min_length=1)] = Field(
        description="Fields of its INFO that are joined, by allele where they have a value for each."
    )
    max_frequency: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict,
        description="Largest value of a joined field that a variant may have to count in alterations; a variant that"
        " the file does not hold counts.",
    )

    @model_validator(mode="after")
    def _limits_are_joined(self) -> Self:
        if missing := sorted(set(self.max_frequency) - set(self.fields)):
            raise ValueError(f"max_frequency names {', '.join(missing)}, which fields does not")
        return self


class Annotator(Section):
    """A program that states consequences, such as Ensembl VEP or SnpEff; nothing is downloaded for it."""

    command: str = Field(
        description="Command line with absolute paths; `{input}` (VCF), `{output}` (VCF to write), `{reference}` and"
        " `{genes}` are filled in. Without `{output}` what it prints is taken. No shell runs it."
    )
    timeout_s: float = Field(
        7200, gt=0, description="Longest time, in seconds, that the variants of one file may take."
    )

    @field_validator("command")
    @classmethod
    def _can_be_filled_in(cls, command: str) -> str:
        try:
            words = shlex.split(command)
            fields = [name for _, name, _, _ in Formatter().parse(command) if name is not None]
        except ValueError as error:
            raise ValueError(f"not readable as a command: {error}") from error
        if unknown := sorted(set(fields) - {"input", "output", "reference", "genes"}):
            raise ValueError(f"{{{unknown[0]}}} is not filled in; write {{{{ and }}}} for braces of its own")
        if not words or "input" not in fields or "{" in words[0]:
            raise ValueError("it must begin with a program and name {input}")
        return command


class Quality(Section):
    """Quality of samples and sites (docs/genomics.md)."""

    enabled: bool = Field(False, description="Check the quality of samples and sites, sex and relatedness.")
    genotypes: Annotated[tuple[Path, ...], Distinct] = Field(
        (),
        description="Files with the patients' genotypes (VCF, BCF, `.bed` or `.pgen` of PLINK) in place of those of the"
        " samples sheet, for instance of an array; `sample_id` of the sheet names the sample.",
    )
    germline: bool = Field(
        True, description="Whether samples are germline; Hardy-Weinberg equilibrium is not tested of tumours."
    )
    min_call_rate: float = Field(
        0.95, ge=0, le=1, description="Share of genotypes that a sample, and a site, must have to be good."
    )
    hwe_p: float = Field(
        1e-6, ge=0, le=1, description="Sites whose exact test of Hardy-Weinberg equilibrium has a smaller p are bad."
    )
    group_column: Name | None = Field(
        None,
        description="Column of the patients sheet with the batch of sequencing, by which call rates and frequencies of"
        " sites are compared; without it, files are compared.",
    )
    group_p: float = Field(
        1e-6,
        ge=0,
        le=1,
        description="Sites whose call rate or frequency differs between groups at a smaller p are bad.",
    )
    max_abs_f: float = Field(
        0.2, gt=0, description="Size of the inbreeding coefficient F from which a sample's heterozygosity is flagged."
    )
    sex_column: Name | None = Field(
        None,
        description="Column of the patients sheet with the sex: F, M, female or male; it is compared with X and Y.",
    )
    max_kinship: float = Field(
        0.0884,
        gt=0,
        lt=0.5,
        description="Kinship above which one of two samples is flagged as related and not used for components; 0.0884"
        " leaves relatives of the third degree.",
    )
    min_sites: int = Field(
        1000, ge=1, description="Good sites that relatedness, components and the flag of heterozygosity need."
    )
    n_components: int = Field(10, ge=0, description="Number of principal components.")
    exclude: Annotated[tuple[QualityFlag, ...], Distinct] = Field(
        (), description="Flags that exclude a patient from the study; none does by default."
    )


class Genomics(Section):
    """From variant calls to the patient × gene table."""

    reference: Path = Field(
        Path("reference.fa"),
        description="FASTA of the reference that the variants were called on (`.fai` is built if absent).",
    )
    genes: Path = Field(
        Path("genes.gff3"),
        description="GFF3 of the genes on the same reference, in the style of Ensembl, GENCODE or NCBI RefSeq.",
    )
    canonical: Path | None = Field(
        None,
        description="List of transcripts that stand for their gene (MANE, for instance), one a line;"
        " `transcript_policy` decides for the other genes.",
    )
    sample_id: Literal["exact", "tcga_patient"] = Field(
        "exact",
        description="How `sample_id` of the samples sheet names a sample: letter by letter, or else by the first 12"
        " characters of TCGA barcodes, if only one sample has these.",
    )
    consequences: Literal["call", "annotated"] = Field(
        "call",
        description="Call consequences with bcftools csq, or take those that the files state: VEP's CSQ, SnpEff's ANN,"
        " BCSQ, or the classification of a mutation annotation file (MAF).",
    )
    annotator: Annotator | None = Field(
        None,
        description="Program that annotates the normalised alleles of VCF and BCF files, whose consequences are then"
        " taken in place of those that the files state; needs `consequences: annotated`.",
    )
    pass_only: bool = Field(True, description="Use only variants whose FILTER is PASS or empty.")
    policies: VariantPolicies = Field(VariantPolicies())
    transcript_policy: Literal["longest_cds", "worst"] = Field(
        "longest_cds",
        description="Transcript that stands for a gene: the one with the longest CDS (ties by name), or the worst hit.",
    )
    resources: dict[Name, Resource] = Field(
        default_factory=dict,
        description="VCFs whose fields are joined to the variants, by a name of yours, e.g. gnomAD or ClinVar.",
    )
    panels: dict[Name, Path] = Field(
        default_factory=dict,
        description="What panels assay, by the name that the samples sheet uses as `assayed`: `panel:NAME`. A BED file,"
        " or a list of gene names, one a line.",
    )
    min_callable: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of a gene's coding bases that a patient's BED must hold for the gene to count as assayed.",
    )
    missing_genotype: Literal["not_assayed", "wild_type"] = Field(
        "not_assayed",
        description="State of a patient without an alteration in a gene whose genotype is missing at a variant of the"
        " class that others carry.",
    )
    classes: Annotated[tuple[ConsequenceClass, ...], Distinct] = Field(
        ("lof", "missense", "non_silent", "synonymous"),
        min_length=1,
        description="Consequence classes that a gene's alteration is recorded for.",
    )
    markers: Markers = Field(Markers())
    quality: Quality = Field(Quality())
    tmb: Literal["non_silent", "coding"] = Field(
        "non_silent",
        description="Variants that count for mutations per megabase: those of class `non_silent`, or with `coding`"
        " synonymous ones too.",
    )
    spectrum: bool = Field(
        False,
        description="Count each patient's single-base substitutions in exons by trinucleotide; needs `reference`.",
    )

    def located(self, place: Callable[[Path], Path]) -> Self:
        """The same with each path as ``place`` makes it."""
        resources = {
            name: resource.model_copy(update={"file": place(resource.file)})
            for name, resource in self.resources.items()
        }
        genotypes = tuple(map(place, self.quality.genotypes))
        return self.model_copy(
            update={
                "reference": place(self.reference),
                "genes": place(self.genes),
                "canonical": self.canonical and place(self.canonical),
                "panels": {name: place(path) for name, path in self.panels.items()},
                "resources": resources,
                "markers": self.markers.located(place),
                "quality": self.quality.model_copy(update={"genotypes": genotypes}),
            }
        )

    @model_validator(mode="after")
    def _annotator_is_read(self) -> Self:
        if self.annotator is not None and self.consequences != "annotated":
            raise ValueError("annotator needs consequences: annotated, which reads what it writes")
        return self

    @model_validator(mode="after")
    def _masks_use_joined_fields(self) -> Self:
        joined = {f"{name}.{field}" for name, resource in self.resources.items() for field in resource.fields}
        used = {field for mask in self.markers.masks.values() for field in mask.max_frequency}
        if missing := sorted(used - joined):
            raise ValueError(f"masks name {', '.join(missing)}, which is no joined field of a resource")
        return self


# Settings that one statistical model has and the others do not.
