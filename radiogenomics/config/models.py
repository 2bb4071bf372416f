"""The configuration: the only source of keys, defaults, units and descriptions.

`config/config.default.yaml`, `config/config.schema.json` and `docs/configuration.md` are generated from these models
(`radiogenomics.config.generate`). Every model is frozen and refuses unknown keys. Paths are relative to the folder of
the file that names them, or begin with an environment variable, ``${NAME}``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, field_validator, model_validator

from radiogenomics.config.finished import FeatureTable, MarkerTable
from radiogenomics.config.section import Distinct as Distinct
from radiogenomics.config.section import Name as Name
from radiogenomics.config.section import Section as Section

PetUnit = Literal["stored", "suvbw", "suvlbm", "suvbsa"]
QualityFlag = Literal["low_call_rate", "heterozygosity", "sex_mismatch", "sex_unclear", "related"]
ConsequenceClass = Literal["lof", "missense", "non_silent", "synonymous"]
VariantClass = Literal["lof", "missense", "protein_altering", "synonymous"]
# Classes of markers that are not made by the class of a variant alone.
OTHER_CLASSES = ("hotspot", "amplification", "deletion", "fusion", "burden", "expression", "ssgsea")
# The columns that the patients table has of its own (`tables.PATIENTS`, which is too heavy to import here).
RESERVED_COLUMNS = ("patient_id", "included", "excluded_stage", "excluded_reason", "excluded_message")
# Batches are named b000, b001, …, and a rule that gathers them names a few files of each on one command line, where
# Linux takes 128 KiB.
MAX_BATCHES = 500


class Study(Section):
    """What the study is called."""

    title: str = Field("Radiogenomic association study", description="Title of the report.")


class Cohort(Section):
    """Who is in the study: three sheets and the covariates."""

    patients: Path | None = Field(
        Path("patients.tsv"),
        description="Sheet of patients: `patient_id` and one column per covariate. null: every patient of the tables"
        " in radiomics.tables, without covariates.",
    )
    images: Path | None = Field(
        Path("images.tsv"),
        description="Sheet of images: one row per image and region of interest. null: there are none, and features come"
        " from radiomics.tables.",
    )
    samples: Path | None = Field(
        Path("samples.tsv"),
        description="Sheet of sequenced samples: one row per patient; or one MAF, in which every patient's sample bears"
        " the patient's name (see genomics.sample_id). null: there are none, and markers come from genomics.markers.",
    )
    covariates: dict[Name, Literal["number", "category"]] = Field(
        default_factory=dict,
        description="Columns of the patients sheet that enter the full model, and how: as a number or as categories.",
    )

    @field_validator("covariates")
    @classmethod
    def _free_names(cls, covariates: dict[str, str]) -> dict[str, str]:
        if taken := [name for name in covariates if name in RESERVED_COLUMNS]:
            raise ValueError(f"{', '.join(taken)} is a column of the patients table; give the covariate another name")
        return covariates

    @model_validator(mode="after")
    def _sheets_need_patients(self) -> Self:
        if self.patients is None and (self.images is not None or self.covariates):
            raise ValueError(
                "patients is null, so images must be null and there are no covariates; name a sheet of patients"
            )
        return self


class Server(Section):
    """A DICOMweb server."""

    url: str = Field(
        pattern=r"^https?://", description="Root of the DICOMweb service; studies are found at `<url>/studies`."
    )
    user_env: str | None = Field(None, description="Name of the environment variable that holds the user name.")
    password_env: str | None = Field(None, description="Name of the environment variable that holds the password.")
    token_env: str | None = Field(None, description="Name of the environment variable that holds a bearer token.")

    @field_validator("url")
    @classmethod
    def _no_credential(cls, url: str) -> str:
        if "@" in urlsplit(url).netloc:
            raise ValueError("the URL holds a user name; name environment variables in user_env and password_env")
        return url

    @model_validator(mode="after")
    def _one_kind_of_credential(self) -> Self:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("user_env and password_env go together")
        if self.token_env and self.user_env:
            raise ValueError("give either token_env or user_env and password_env")
        return self


class Pacs(Section):
    """Servers that series may be fetched from."""

    servers: dict[Name, Server] = Field(
        default_factory=dict,
        description="DICOMweb servers by the name that the images sheet uses: `dicomweb:NAME/STUDY_UID/SERIES_UID`.",
    )
    timeout_s: float = Field(
        60.0, gt=0, description="Longest silence of a server, in seconds, before a request is given up."
    )
    attempts: int = Field(3, ge=1, description="How often a failed retrieval is tried in all.")


class Policies(Section):
    """What is done with a defect of a series or a segmentation; each key is the reason that it is refused for."""

    several_series: Literal["refuse", "split"] = Field(
        "refuse",
        description="Several image series in a folder: `split` takes the one that the images sheet names in `select`.",
    )
    several_volumes: Literal["refuse", "split"] = Field(
        "refuse",
        description="A series that repeats its positions (time points, echoes, b-values): `split` takes the volume that"
        " the images sheet names in `select`.",
    )
    not_an_image_series: Literal["refuse", "drop"] = Field(
        "refuse", description="Localizers, screen captures and colour images among the slices: `drop` leaves them out."
    )
    unreadable_dicom: Literal["refuse", "drop"] = Field(
        "refuse",
        description="Files that are damaged or cut off: `drop` leaves them out; a slice that is missing then counts as"
        " missing.",
    )
    duplicate_slice: Literal["refuse", "drop"] = Field(
        "refuse",
        description="The same slice twice: `drop` keeps the first of equal pixels; unequal ones are refused still.",
    )
    mixed_geometry: Literal["refuse", "drop"] = Field(
        "refuse",
        description="Slices of another matrix, PixelSpacing, orientation or frame of reference: `drop` keeps the kind"
        " that more than half of the slices share.",
    )
    missing_slice: Literal["refuse", "resample"] = Field(
        "refuse", description="Gaps in an even stack: `resample` fills them linearly from their neighbours."
    )
    uneven_spacing: Literal["refuse", "resample"] = Field(
        "refuse", description="Unequal distances: `resample` interpolates linearly to slices at the median distance."
    )
    gantry_tilt: Literal["refuse", "correct"] = Field(
        "refuse", description="A sheared stack: `correct` shifts each slice within its plane, by linear interpolation."
    )
    lossy_compression: Literal["refuse", "accept"] = Field(
        "refuse", description="Pixels that were compressed with loss, now or earlier: `accept` takes them as they are."
    )
    off_plane_contour: Literal["refuse", "interpolate"] = Field(
        "refuse",
        description="RTSTRUCT contours between slices: `interpolate` fills the slices between contours by their signed"
        " distances.",
    )
    several_regions: Literal["refuse", "each", "largest", "union"] = Field(
        "refuse",
        description="Several regions that fit one pattern: take each, the one of the largest volume, or all as one.",
    )


class MagneticResonance(Section):
    """What is done with the arbitrary intensities of MR."""

    bias_correction: bool = Field(
        False, description="Correct the bias field with N4 (Tustison 2010) before anything else."
    )
    normalisation: Literal["none", "zscore", "percentile", "nyul"] = Field(
        "none",
        description="Scale intensities by mean and standard deviation, or from the 1st to the 99th percentile, of the"
        " image's foreground; or map landmarks of the foreground to a scale that is fitted on all images of a role"
        " (Nyúl 2000).",
    )


class Segmenter(Section):
    """A program that segments a volume; nothing is downloaded for it."""

    command: str = Field(
        description="Command line; `{volume}` (NIfTI), `{mask}` (label map to write) and `{weights}` are filled in."
    )
    weights: Path | None = Field(None, description="File with the weights of its model.")
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = Field(
        None, description="SHA-256 of the weights; other weights are refused."
    )
    timeout_s: float = Field(3600, gt=0, description="Longest time, in seconds, that one image may take.")

    @model_validator(mode="after")
    def _digest_of_weights(self) -> Self:
        if (self.weights is None) != (self.sha256 is None):
            raise ValueError("weights and sha256 go together")
        return self


class Imaging(Section):
    """From DICOM to volumes and masks."""

    slice_tolerance_mm: float = Field(
        0.05,
        gt=0,
        description="Largest deviation of a slice position, in mm, from equal spacing along the slice normal.",
    )
    mask_tolerance_mm: float = Field(
        0.01,
        gt=0,
        description="Largest distance, in mm, between the voxels of a mask's grid and the image's for a match.",
    )
    plane_tolerance_mm: float = Field(
        0.1, gt=0, description="Largest distance, in mm, of an RTSTRUCT contour from the centre of its slice."
    )
    fraction: float = Field(
        0.5, gt=0, le=1, description="Share from which a voxel of a fractional segmentation belongs to the region."
    )
    regions: dict[str, Annotated[tuple[str, ...], Distinct, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Patterns by the name that the images sheet uses as `roi`, e.g. `tumour: [GTV*, Tumor]`; `*`, `?`"
        " and `[…]` as in a shell, upper and lower case alike. A name without patterns is matched letter by letter.",
    )
    pet_unit: PetUnit = Field(
        "suvbw",
        description="PET as standardised uptake value by body weight, lean body mass (Janmahasatian) or body surface"
        " area (Du Bois), or in the unit that is stored.",
    )
    segmenters: dict[Name, Segmenter] = Field(
        default_factory=dict,
        description="Programs that segment, by the name that the images sheet gives as `segmentation`:"
        " `segmenter:NAME`.",
    )
    mr: MagneticResonance = Field(MagneticResonance())
    policies: Policies = Field(Policies())


class Radiomics(Section):
    """From volumes and masks to features."""

    settings: dict[Name, str] = Field(
        default_factory=lambda: {"CT": "ct", "MR": "mr", "PT": "pet", "US": "us"},
        description="Extraction settings by DICOM Modality: a preset (`ct`, `mr`, `pet`, `us`, `ibsi/A` to `ibsi/E`) or"
        " the path of a YAML file, ours or a parameter file of pyradiomics.",
    )
    tables: dict[Name, FeatureTable] = Field(
        default_factory=dict,
        description="Finished feature tables by a name of yours (CSV, TSV or Parquet): `patient_id`, where needed"
        " `role`, and either `feature` and `value` or a column for each feature. A path, or a mapping (see below).",
    )


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
        return (*(path for path in single if path), *self.pathways.files, *expression, *tables)

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
        }
        named = [name for names, given in fixed.items() if given is not None for name in names]
        return (*named, *self.masks, *self.tables)


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

    @model_validator(mode="after")
    def _masks_use_joined_fields(self) -> Self:
        joined = {f"{name}.{field}" for name, resource in self.resources.items() for field in resource.fields}
        used = {field for mask in self.markers.masks.values() for field in mask.max_frequency}
        if missing := sorted(used - joined):
            raise ValueError(f"masks name {', '.join(missing)}, which is no joined field of a resource")
        return self


# Settings that one statistical model has and the others do not.
OF_ONE_MODEL = {
    "linear": ("hc3_below", "precision"),
    "rank": ("continuity",),
    "logistic": ("firth_p_below", "firth_carriers_below"),
    "mixed": ("random_effect", "reml_p_below"),
}


# Settings of association that decide what is audited, not what the results are.
AUDIT_KEYS = frozenset(
    {
        *("max_association", "max_r2", "cluster_rho", "seed", "permutations", "exchange_within", "controls"),
        *("site", "site_model"),
    }
)


class Controls(Section):
    """Negative controls: the same tests on data that hold no association."""

    shuffled_identities: int = Field(
        0,
        ge=0,
        description="Runs in which the genomic data of the patients are exchanged; 0 means none, else 2 or more.",
    )
    random_features: int = Field(
        0,
        ge=0,
        description="Runs with normal features of the same means, variances and correlations; 0, else 2 or more.",
    )
    synonymous: bool = Field(
        False, description="Test the markers of class `synonymous` in the same way; genomics.classes must record them."
    )

    @model_validator(mode="after")
    def _runs_can_be_compared(self) -> Self:
        if 1 in (self.shuffled_identities, self.random_features):
            raise ValueError("one run says nothing of its spread; ask for two or more, better 50, or none")
        return self

    @property
    def any(self) -> bool:
        """Whether a control is asked for."""
        return bool(self.shuffled_identities or self.random_features or self.synonymous)


class Association(Section):
    """Which tests are made."""

    model: Literal["linear", "rank", "logistic", "mixed"] = Field(
        "linear",
        description="Statistical model: `linear` (feature on marker, least squares), `rank` (rank tests),"
        " `logistic` (marker on feature), `mixed` (as `linear`, with a random effect).",
    )
    classes: Annotated[tuple[Name, ...], Distinct] = Field(
        ("non_silent",),
        min_length=1,
        description="Classes of markers that are tested: those of genomics.classes and genomics.markers.",
    )
    min_patients: int = Field(20, ge=5, description="Smallest number of patients with a value for a pair to be tested.")
    min_carriers: int = Field(
        5, ge=2, description="Smallest number of carriers, and of non-carriers, for a pair to be tested."
    )
    hc3_below: int = Field(
        0,
        ge=0,
        description="Pairs with fewer carriers, or non-carriers, than this get HC3 standard errors; 0 means none.",
    )
    continuity: bool = Field(
        False, description="With `rank`, Mann-Whitney tests have the correction for continuity, as in R by default."
    )
    firth_p_below: float = Field(
        0.05,
        ge=0,
        le=1,
        description="With `logistic`, pairs whose score test gives at most this p are fitted by Firth's likelihood.",
    )
    firth_carriers_below: int = Field(
        0, ge=0, description="With `logistic`, pairs with fewer carriers, or non-carriers, than this are fitted so too."
    )
    random_effect: Name | None = Field(
        None,
        description="With `mixed`, the covariate whose levels have a random effect, such as the site; it has no fixed"
        " effect then.",
    )
    reml_p_below: float = Field(
        1.0,
        ge=0,
        le=1,
        description="With `mixed`, pairs with p up to this are fitted by REML with the marker in the model,"
        " others at the ratio of variances of the model without it; 1 fits all so.",
    )
    alpha: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="False discovery rate of genes below which a gene, and a pair in it, is called a hit.",
    )
    multiplicity: Annotated[tuple[Literal["by", "holm", "storey"], ...], Distinct] = Field(
        (),
        description="Adjusted p-values beside two levels and Benjamini-Hochberg: `by`, `holm`, `storey`;"
        " columns of others stay empty.",
    )
    keep_p_below: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Pairs are written if p is at most this under any model; null writes all, tested or not.",
    )
    tsv_rows: int = Field(10_000, ge=1, description="Rows of `results.tsv`, smallest q_two_level first.")
    precision: Literal["float64", "float32"] = Field(
        "float64", description="Precision of the products of features and markers; float32 is good for 5 digits of t."
    )
    volume_feature: str | None = Field(
        "original_shape_MeshVolume",
        description="Feature whose logarithm is the volume covariate; one of a finished table is called NAME_FEATURE."
        " null: no adjustment for volume.",
    )
    max_association: float = Field(
        0.5,
        gt=0,
        le=1,
        description="A marker is flagged if its Cramér's V or |rho| with one covariate, or with volume, reaches this.",
    )
    max_r2: float = Field(
        0.5, gt=0, le=1, description="A marker is flagged if volume and all covariates explain this share of it."
    )
    cluster_rho: float = Field(
        0.9, gt=0, le=1, description="Any two features of a cluster have at least this |rho| between their ranks."
    )
    seed: int = Field(1, ge=0, description="Seed of permutations and controls; the same seed gives the same bytes.")
    permutations: int = Field(
        0, ge=0, description="Permutations of max-T, which give family-wise p under `full`; 0 means none."
    )
    exchange_within: Name | None = Field(
        None,
        description="Covariate (a category) inside whose levels permutations and controls exchange patients, such as"
        " the site; null exchanges all.",
    )
    site: Name | None = Field(None, description="Covariate (a category) that says where a patient was imaged.")
    site_model: Literal["fixed", "meta"] = Field(
        "fixed",
        description="`fixed`: the site is a covariate of `full` like any other; `meta`: hits are also estimated in each"
        " site alone and pooled. Both need `site` among the covariates.",
    )
    controls: Controls = Field(Controls())

    @model_validator(mode="after")
    def _settings_belong_to_the_model(self) -> Self:
        for model, names in OF_ONE_MODEL.items():
            changed = [name for name in names if getattr(self, name) != type(self).model_fields[name].default]
            if changed and self.model != model:
                raise ValueError(f"{', '.join(changed)}: only the model {model} has these, not {self.model}")
        if self.model == "mixed" and self.random_effect is None:
            raise ValueError("random_effect: the model mixed needs the name of a covariate, such as the site")
        if self.site_model == "meta" and self.site is None:
            raise ValueError("site_model: meta needs the name of a covariate in site")
        if self.site_model == "meta" and self.model == "rank":
            raise ValueError(
                "site_model: meta pools estimates with standard errors, which the model rank does not give"
            )
        if self.site_model == "meta" and self.random_effect is not None and self.site == self.random_effect:
            raise ValueError("site_model: one site alone has no random effect of the site; use the model linear")
        return self


class Report(Section):
    """What the report shows."""

    max_overlays: int = Field(200, ge=0, description="Largest number of patients whose mask overlays are shown.")


class Workflow(Section):
    """How the work is cut and when to give up."""

    batches: int = Field(
        8,
        ge=1,
        le=MAX_BATCHES,
        description=f"Number of batches that patients are spread over, {MAX_BATCHES} at most; changing it computes"
        " everything again.",
    )
    max_failed_share: float = Field(
        0.2, ge=0, le=1, description="Share of excluded patients above which the workflow stops with exit code 4."
    )
    memory_mb: int = Field(1000, ge=100, description="Memory of a batch job in MB; a retry asks for a multiple.")


class Config(Section):
    """The whole configuration."""

    study: Study = Field(default_factory=Study)
    cohort: Cohort = Field(default_factory=Cohort)
    pacs: Pacs = Field(default_factory=Pacs)
    imaging: Imaging = Field(default_factory=Imaging)
    radiomics: Radiomics = Field(default_factory=Radiomics)
    genomics: Genomics = Field(default_factory=Genomics)
    association: Association = Field(default_factory=Association)
    report: Report = Field(default_factory=Report)
    workflow: Workflow = Field(default_factory=Workflow)

    @model_validator(mode="after")
    def _something_stands_in_for_absent_sheets(self) -> Self:
        markers = self.genomics.markers
        if self.genomics.quality.enabled and (self.cohort.patients is None or self.cohort.samples is None):
            raise ValueError("genomics.quality needs sheets of patients and of samples; one of them is null")
        if (self.cohort.images is None or self.cohort.patients is None) and not self.radiomics.tables:
            raise ValueError("cohort.images or cohort.patients is null: name finished tables in radiomics.tables")
        of_variants = markers.hotspots or markers.masks or markers.pathways.files
        if self.cohort.samples is None and (
            of_variants or not (markers.tables or markers.copy_number or markers.fusions)
        ):
            raise ValueError(
                "cohort.samples is null: name tables, copy_number or fusions in genomics.markers, which need no"
                " variants; hotspots, masks and pathways need them"
            )
        return self

    @model_validator(mode="after")
    def _tested_classes_are_recorded(self) -> Self:
        of_variants = self.genomics.classes if self.cohort.samples is not None else ()
        recorded = {*of_variants, *self.genomics.markers.classes}
        if missing := sorted(set(self.association.classes) - recorded):
            raise ValueError(
                f"association.classes {missing} must stand in genomics.classes as well, or be made by genomics.markers"
            )
        if self.association.controls.synonymous and "synonymous" not in recorded:
            raise ValueError("association.controls.synonymous needs the class synonymous in genomics.classes")
        return self

    @model_validator(mode="after")
    def _groups_are_categories(self) -> Self:
        for key in ("site", "exchange_within", "random_effect"):
            name = getattr(self.association, key)
            if name is not None and self.cohort.covariates.get(name) != "category":
                raise ValueError(f"association.{key}: {name} must stand in cohort.covariates as a category")
        return self
