"""Keys of ``genomics.markers``: markers beside the gene's alterations by class."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, StringConstraints, field_validator, model_validator

from radiogenomics.config.finished import MarkerTable
from radiogenomics.config.section import Distinct, Name, Section

ConsequenceClass = Literal["lof", "missense", "non_silent", "synonymous"]
VariantClass = Literal["lof", "missense", "protein_altering", "synonymous"]
# Classes of markers that are not made by the class of a variant alone.
OTHER_CLASSES = ("hotspot", "amplification", "deletion", "fusion", "burden", "expression", "ssgsea", "dosage")


class Mask(Section):
    """Variants that count together as a burden of each gene."""

    classes: Annotated[tuple[VariantClass, ...], Distinct] = Field(
        ("lof", "missense"), min_length=1, description="Classes of variants that count."
    )
    max_frequency: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict,
        description="Largest value that a field of a resource may have, as `RESOURCE.FIELD`; a variant that the"
        " resource does not hold counts.",
    )
    max_cohort_frequency: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Largest frequency of the allele in the cohort: copies over twice the patients with a genotype.",
    )


class Pathways(Section):
    """Sets of genes that count as one."""

    files: tuple[Path, ...] = Field((), description="GMT files: name, description and genes of a set in each line.")
    min_assayed: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of a set's genes that must be known in a patient without an alteration for wild type.",
    )


class CopyNumber(Section):
    """Copy number of genes: calls, or segments that are mapped to genes."""

    file: Path = Field(
        description="Calls from -2 to 2, wide (GISTIC: a line for each gene) or long (sample, gene, value); or SEG."
    )
    kind: Literal["calls", "segments"] = Field("calls", description="What the file holds.")
    amplification: float = Field(
        2.0, gt=0, description="Smallest value of an amplification; for segments a log2 ratio, of which 0.7 is usual."
    )
    deletion: float = Field(
        -2.0, lt=0, description="Largest value of a deletion; for segments a log2 ratio, of which -1 is usual."
    )


class Expression(Section):
    """Expression of genes, and of gene sets by single-sample enrichment (ssGSEA)."""

    file: Path = Field(
        description="Genes by samples (CSV, TSV or Parquet), gene names in the first column; log2 TPM or CPM, for"
        " instance, which are taken as they are."
    )
    genes: Annotated[tuple[str, ...], Distinct] | Path = Field(
        (), description="Genes whose expression is a marker, `GENE:expression`; or a file of them, one a line."
    )
    scores: Annotated[tuple[Path, ...], Distinct] = Field(
        (), description="GMT files of gene sets whose enrichment is a marker, `SET:ssgsea`."
    )
    min_found: float = Field(
        0.5, gt=0, le=1, description="Share of a set's genes that must have a value in a patient for a score."
    )
    normalise: bool = Field(False, description="Divide scores by their range over all sets and patients, as GSVA does.")

    @model_validator(mode="after")
    def _something_is_named(self) -> Self:
        if not self.genes and not self.scores:
            raise ValueError("name genes, gene sets (scores) or both; a whole matrix makes no markers")
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are named here."""
        return (self.file, *([self.genes] if isinstance(self.genes, Path) else []), *self.scores)

    def located(self, place: Callable[[Path], Path]) -> Self:
        """The same with each path as ``place`` makes it."""
        genes = place(self.genes) if isinstance(self.genes, Path) else self.genes
        scores = tuple(map(place, self.scores))
        return self.model_copy(update={"file": place(self.file), "genes": genes, "scores": scores})


class Dosage(Section):
    """Copies of ALT of common variants as numbers, 0 to 2."""

    files: Annotated[tuple[Path, ...], Distinct] = Field(
        (),
        description="Files with reference calls (VCF, BCF, `.bed` or `.pgen` of PLINK): of all patients, of some each,"
        " or of a chromosome each; empty takes those of the samples sheet.",
    )
    field: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$")] | None = Field(
        None,
        description="Field of FORMAT with the dosage, such as DS of imputed files; null counts the alleles of GT. A"
        " `.pgen` gives the dosages that it holds.",
    )
    regions: Path | None = Field(None, description="BED; variants elsewhere are not read.")
    variants: Path | None = Field(
        None,
        description="List of variants, one a line: an ID or `contig:position:REF:ALT`; others are not read.",
    )
    min_frequency: float = Field(
        0.05, ge=0, le=0.5, description="Smallest frequency of the rarer allele among the patients."
    )
    name: Literal["id", "position"] = Field(
        "id", description="What variants are called: their ID, if they have one, or `contig-position-REF-ALT`."
    )

    @property
    def lists(self) -> tuple[Path, ...]:
        """The files that say which variants are read."""
        return tuple(path for path in (self.regions, self.variants) if path is not None)

    def located(self, place: Callable[[Path], Path]) -> Self:
        """The same with each path as ``place`` makes it."""
        listed = {name: place(path) for name in ("regions", "variants") if (path := getattr(self, name)) is not None}
        return self.model_copy(update={"files": tuple(map(place, self.files)), **listed})


class Markers(Section):
    """Further markers of the alterations table; there are none unless named here."""

    hotspots: Path | None = Field(
        None,
        description="Hotspots, TSV or CSV with `gene` and `amino_acid` (12, G12 or G12D) or `variant`: `GENE:hotspot`.",
    )
    masks: dict[Name, Mask] = Field(
        default_factory=dict, description="Burden masks by a name of yours: markers `GENE:NAME`."
    )
    pathways: Pathways = Field(Pathways())
    copy_number: CopyNumber | None = Field(
        None, description="Copy number of genes: markers `GENE:amplification` and `GENE:deletion`."
    )
    fusions: Path | None = Field(
        None,
        description="Gene fusions, TSV or CSV with `sample`, `gene5` and `gene3`: `GENE:fusion` of both genes. A row"
        " without genes says that nothing was found; a patient without a row was not assayed.",
    )
    tables: dict[Name, MarkerTable] = Field(
        default_factory=dict,
        description="Finished tables by a name of yours (CSV, TSV or Parquet), with `patient_id` and either `marker`"
        " and `value` or a column for each marker: markers `MARKER:NAME`. Values are states, 0 and 1, or numbers. A"
        " path, or a mapping (see below).",
    )
    expression: Expression | None = Field(
        None, description="Expression: markers `GENE:expression` and `SET:ssgsea`, which are numbers."
    )
    dosage: Dosage | None = Field(
        None, description="Copies of ALT of common variants, which are numbers: markers `VARIANT:dosage` (see below)."
    )
    burden: bool = Field(False, description="Mutations per megabase of each patient as a number: marker `TMB:burden`.")

    @field_validator("masks", "tables")
    @classmethod
    def _free_classes(cls, named: dict[str, object]) -> dict[str, object]:
        if taken := sorted(set(named) & {*get_args(ConsequenceClass), *OTHER_CLASSES}):
            raise ValueError(f"{', '.join(taken)} is a class of its own; give another name")
        return named

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        if twice := sorted(set(self.masks) & set(self.tables)):
            raise ValueError(f"{', '.join(twice)} names both a mask and a table")
        return self

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are named here."""
        single = (self.hotspots, self.copy_number and self.copy_number.file, self.fusions)
        expression = self.expression.files if self.expression else ()
        tables = (table.file for table in self.tables.values())
        dosage = (*self.dosage.files, *self.dosage.lists) if self.dosage else ()
        return (*(path for path in single if path), *self.pathways.files, *expression, *tables, *dosage)

    def located(self, place: Callable[[Path], Path]) -> Self:
        """The same with each path as ``place`` makes it."""
        return self.model_copy(
            update={
                "hotspots": self.hotspots and place(self.hotspots),
                "pathways": self.pathways.model_copy(update={"files": tuple(map(place, self.pathways.files))}),
                "copy_number": self.copy_number
                and self.copy_number.model_copy(update={"file": place(self.copy_number.file)}),
                "fusions": self.fusions and place(self.fusions),
                "expression": self.expression and self.expression.located(place),
                "dosage": self.dosage and self.dosage.located(place),
                "tables": {name: table.located(place) for name, table in self.tables.items()},
            }
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of the markers that are named here."""
        fixed = {
            ("hotspot",): self.hotspots,
            ("amplification", "deletion"): self.copy_number,
            ("fusion",): self.fusions,
            ("expression",): (self.expression and self.expression.genes) or None,
            ("ssgsea",): (self.expression and self.expression.scores) or None,
            ("burden",): self.burden or None,
            ("dosage",): self.dosage,
        }
        named = [name for names, given in fixed.items() if given is not None for name in names]
        return (*named, *self.masks, *self.tables)
