"""Keys of ``association``."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from radiogenomics.config.section import Distinct, Name, Section

# Settings that one statistical model has and the others do not.
OF_ONE_MODEL = {
    "linear": ("hc3_below", "precision"),
    "rank": ("continuity",),
    "logistic": ("firth_carriers_below",),
    "mixed": ("random_effect", "kinship", "reml_p_below"),
}
# Models that fit a pair on its own only where its score test gives a small p.
SCORED_FIRST = ("logistic", "ordinal")

# Settings of association that decide what is audited, not what the results are.
AUDIT_KEYS = frozenset(
    {
        *("max_association", "max_r2", "cluster_rho", "seed", "permutations", "exchange_within", "controls"),
        *("site", "site_model", "sets"),
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
    shuffled_voxels: int = Field(
        0,
        ge=0,
        description="Runs with features of the images after the voxels inside the region have been shuffled, which"
        " keeps size, shape and histogram and loses the texture; 0, else 2 or more.",
    )
    random_regions: int = Field(
        0,
        ge=0,
        description="Runs with features of regions of the same shape at random places in the tissue of the same"
        " images; 0, else 2 or more.",
    )
    random_gene_sets: int = Field(
        0,
        ge=0,
        description="Runs in which the genes of each pathway (genomics.markers.pathways) are replaced by as many others"
        " with like numbers of carriers; 0, else 2 or more.",
    )
    synonymous: bool = Field(
        False, description="Test the markers of class `synonymous` in the same way; genomics.classes must record them."
    )

    @model_validator(mode="after")
    def _runs_can_be_compared(self) -> Self:
        runs = (self.shuffled_identities, self.random_features, self.random_gene_sets)
        if 1 in (*runs, self.shuffled_voxels, self.random_regions):
            raise ValueError("one run says nothing of its spread; ask for two or more, better 50, or none")
        return self

    @property
    def any(self) -> bool:
        """Whether a control is asked for."""
        of_tables = self.shuffled_identities or self.random_features or self.random_gene_sets or self.synonymous
        return bool(of_tables or self.of_images)

    @property
    def of_images(self) -> bool:
        """Whether a control needs changed images."""
        return bool(self.shuffled_voxels or self.random_regions)


class Harmonise(Section):
    """Batches of images brought together before anything is tested."""

    method: Literal["none", "combat"] = Field(
        "none",
        description="`combat`: means and variances of the batches are shrunk (parametric empirical Bayes) and removed"
        " from the features; `none`: features are tested as measured, and a batch among the covariates is adjusted for"
        " in `full`.",
    )
    batch: Name | None = Field(
        None, description="Covariate (a category) that says which batch the images of a patient are of, as the scanner."
    )
    reference: str | None = Field(
        None, description="Batch that the others are brought to; null: all meet at their weighted mean."
    )
    mean_only: bool = Field(False, description="Leave the variances of batches alone.")
    keep: Annotated[tuple[Name, ...], Distinct] = Field(
        (), description="Covariates whose part in the features is kept while the batches are removed."
    )
    keep_volume: bool = Field(
        True, description="Keep what follows the logarithm of the volume, too; nothing to keep without volume_feature."
    )

    @model_validator(mode="after")
    def _batch_is_known(self) -> Self:
        if self.method != "none" and self.batch is None:
            raise ValueError(f"method: {self.method} needs the name of a covariate in batch")
        if self.batch is not None and self.batch in self.keep:
            raise ValueError(f"{self.batch} is the batch; it cannot be kept while it is removed")
        return self

    @property
    def wanted(self) -> bool:
        """Whether features are harmonised."""
        return self.method != "none"


class Sets(Section):
    """Tests of the variants of a gene as a set: burden, SKAT, SKAT-O and their Cauchy combination."""

    masks: Annotated[tuple[Name, ...], Distinct] = Field(
        (),
        description="Burden masks (of genomics.markers.masks) whose variants make the sets; none means no such test.",
    )
    methods: Annotated[tuple[Literal["burden", "skat", "skat_o", "acat"], ...], Distinct] = Field(
        ("burden", "skat", "skat_o", "acat"),
        min_length=1,
        description="Tests: `burden` (a weighted sum of copies), `skat` (variance of the effects), `skat_o` (the best"
        " mixture of both), `acat` (Cauchy combination of burden, SKAT and single variants).",
    )
    weights: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = Field(
        (1, 25),
        description="Parameters of the Beta density that weighs a variant by the frequency of its rarer allele; [1, 1]"
        " weighs all alike.",
    )
    min_variants: int = Field(1, ge=1, description="Smallest number of variants with more than one genotype.")
    min_copies: int = Field(5, ge=1, description="Smallest number of copies of the rarer alleles, over the set.")


class Association(Section):
    """Which tests are made."""

    model: Literal["linear", "rank", "logistic", "ordinal", "mixed"] = Field(
        "linear",
        description="Statistical model: `linear` (feature on marker, least squares), `rank` (rank tests),"
        " `logistic` (marker on feature), `ordinal` (order of the feature on marker, proportional odds), `mixed` (as"
        " `linear`, with a random effect).",
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
    min_icc_low: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Features are tested if the lower 95 % bound of their ICC over the perturbed copies reaches this,"
        " often 0.75 or 0.9; needs `radiomics.perturbations.copies`. null tests all.",
    )
    hc3_below: int = Field(
        0,
        ge=0,
        description="Pairs with fewer carriers, or non-carriers, than this get HC3 standard errors; 0 means none.",
    )
    continuity: bool = Field(
        False, description="With `rank`, Mann-Whitney tests have the correction for continuity, as in R by default."
    )
    fit_p_below: float = Field(
        0.05,
        ge=0,
        le=1,
        description="With `logistic` or `ordinal`, and on cohort.outcomes, what the score test gives at most this p is"
        " fitted: by Firth's likelihood, by that of proportional odds, or by that of Cox.",
    )
    firth_carriers_below: int = Field(
        0, ge=0, description="With `logistic`, pairs with fewer carriers, or non-carriers, than this are fitted so too."
    )
    random_effect: Name | None = Field(
        None,
        description="With `mixed`, the covariate whose levels have a random effect, such as the site; it has no fixed"
        " effect then.",
    )
    kinship: Path | None = Field(
        None,
        description="With `mixed`, instead of `random_effect`: a matrix of relatedness that the random effect follows"
        " (CSV, TSV or Parquet, patients in rows and columns; or `.rel` of plink2 beside `.rel.id`).",
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
    harmonise: Harmonise = Field(Harmonise())
    sets: Sets = Field(Sets())

    @model_validator(mode="after")
    def _settings_belong_to_the_model(self) -> Self:
        for model, names in OF_ONE_MODEL.items():
            changed = [name for name in names if getattr(self, name) != type(self).model_fields[name].default]
            if changed and self.model != model:
                raise ValueError(f"{', '.join(changed)}: only the model {model} has these, not {self.model}")
        if self.model == "mixed" and (self.random_effect is None) == (self.kinship is None):
            raise ValueError(
                "random_effect: the model mixed needs the name of a covariate, such as the site, or a file in kinship,"
                " and takes one of them; with kinship the site can be a covariate"
            )
        if self.kinship is not None and self.permutations:
            raise ValueError("permutations: relatives cannot be exchanged, so there are none with kinship")
        if self.kinship is not None and self.sets.masks:
            raise ValueError("sets: tests of sets take patients as independent, so there are none with kinship")
        if self.site_model == "meta" and self.site is None:
            raise ValueError("site_model: meta needs the name of a covariate in site")
        if self.site_model == "meta" and self.model == "rank":
            raise ValueError(
                "site_model: meta pools estimates with standard errors, which the model rank does not give"
            )
        if self.site_model == "meta" and self.random_effect is not None and self.site == self.random_effect:
            raise ValueError("site_model: one site alone has no random effect of the site; use the model linear")
        return self

    def located(self, place: Callable[[Path], Path]) -> Self:
        """The same with its path as ``place`` makes it."""
        return self.model_copy(update={"kinship": self.kinship and place(self.kinship)})

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the tests read beside the tables."""
        return () if self.kinship is None else (self.kinship,)

    def record(self, exclude: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The settings as a table's record states them, a file by its name alone."""
        return self.located(lambda path: Path(path.name)).model_dump(mode="json", exclude=set(exclude))
