"""The configuration: the only source of keys, defaults, units and descriptions.

`config/config.default.yaml`, `config/config.schema.json` and `docs/configuration.md` are generated from these models
(`radiogenomics.config.generate`). Every model is frozen and refuses unknown keys. Paths are relative to the folder of
the file that names them, or begin with an environment variable, ``${NAME}``.
"""

from typing import Self

from pydantic import Field, model_validator

from radiogenomics.config.association import SCORED_FIRST, Association
from radiogenomics.config.cohort import Cohort, Pacs, Study
from radiogenomics.config.finished import FeatureTable
from radiogenomics.config.genomics import Genomics
from radiogenomics.config.imaging import Imaging
from radiogenomics.config.perturbations import Perturbations
from radiogenomics.config.section import Name, Section

# Batches are named b000, b001, …, and a rule that gathers them names a few files of each on one command line, where
# Linux takes 128 KiB.
MAX_BATCHES = 500


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
    perturbations: Perturbations = Field(Perturbations())


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
        dosages = markers.dosage is not None and markers.dosage.files
        finished = markers.tables or markers.copy_number or markers.fusions or markers.expression or dosages
        if self.cohort.samples is None and (of_variants or not finished):
            raise ValueError(
                "cohort.samples is null: name tables, copy_number, fusions, expression or dosage.files in"
                " genomics.markers, which need no variants; hotspots, masks and pathways need them"
            )
        if self.cohort.samples is None and markers.dosage is not None and not dosages:
            raise ValueError("cohort.samples is null: name the files of dosages in genomics.markers.dosage.files")
        return self

    @model_validator(mode="after")
    def _components_are_computed(self) -> Self:
        wanted, quality = self.cohort.components, self.genomics.quality
        if wanted and not quality.enabled:
            raise ValueError("cohort.components needs genomics.quality.enabled, which computes them")
        if wanted > quality.n_components:
            raise ValueError(f"cohort.components is {wanted}, and genomics.quality.n_components {quality.n_components}")
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
        if self.association.controls.random_gene_sets and not self.genomics.markers.pathways.files:
            raise ValueError("association.controls.random_gene_sets needs files in genomics.markers.pathways")
        if unknown := sorted(set(self.association.sets.masks) - set(self.genomics.markers.masks)):
            raise ValueError(f"association.sets.masks {unknown} must be named in genomics.markers.masks")
        return self

    @model_validator(mode="after")
    def _copies_have_images(self) -> Self:
        copies, association = self.radiomics.perturbations.copies, self.association
        if association.min_icc_low is not None and not copies:
            raise ValueError("association.min_icc_low needs radiomics.perturbations.copies of 2 or more")
        if self.cohort.images is None and (copies or association.controls.of_images):
            raise ValueError(
                "cohort.images is null: radiomics.perturbations.copies, association.controls.shuffled_voxels and"
                " random_regions need images to change"
            )
        return self

    @model_validator(mode="after")
    def _something_is_fitted(self) -> Self:
        default = Association.model_fields["fit_p_below"].default
        fitted = self.association.model in SCORED_FIRST or self.cohort.outcomes
        if self.association.fit_p_below != default and not fitted:
            raise ValueError(
                f"association.fit_p_below: the model {self.association.model} fits every pair, and there are no"
                " cohort.outcomes"
            )
        return self

    @model_validator(mode="after")
    def _groups_are_categories(self) -> Self:
        for key in ("site", "exchange_within", "random_effect"):
            name = getattr(self.association, key)
            if name is not None and self.cohort.covariates.get(name) != "category":
                raise ValueError(f"association.{key}: {name} must stand in cohort.covariates as a category")
        harmonise, covariates = self.association.harmonise, self.cohort.covariates
        if harmonise.wanted and covariates.get(str(harmonise.batch)) != "category":
            raise ValueError(
                f"association.harmonise.batch: {harmonise.batch} must stand in cohort.covariates as a category"
            )
        if harmonise.wanted and (unknown := [name for name in harmonise.keep if name not in covariates]):
            raise ValueError(f"association.harmonise.keep: {', '.join(unknown)} must stand in cohort.covariates")
        return self
