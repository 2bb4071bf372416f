"""What the Snakefile knows: configuration and sheets become batches, rows, files and settings.

Light on purpose (no numpy, no pandas): every job of a workflow imports it. A batch is a fixed function of the patient's
identifier, or of the file that variants are read from, so that adding a patient changes one batch only, but for the parts of
a file of very many samples.
"""

import hashlib
import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from radiogenomics import config as configuration
from radiogenomics.cohort.sheet_rows import ImageRow, SampleRow, is_remote, panel_of
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.config.models import Config
from radiogenomics.errors import ConfigError
from radiogenomics.plan_settings import located, longest_key, settings_of

# Raised by one whenever a stage's results change for the same input and settings.
STAGE_VERSIONS: Mapping[str, int] = {
    "pacs": 1,
    "imaging": 2,
    "radiomics": 1,
    "copies": 1,
    "genomics": 3,
    "cohort": 1,
    "association": 4,
    "audit": 2,
    "survival": 1,
    "report": 3,
}

# About so many samples of one file are read by one job: with more it is read less often, with fewer memory is smaller.
MAX_SAMPLES_OF_FILE = 250

# A shell receives a batch's rows as one argument; Linux takes 128 KiB for one.
MAX_ARGUMENT_BYTES = 100_000


class Plan:
    """The work of one study, cut into batches.

    Parameters
    ----------
    data : mapping
        The configuration as Snakemake merged it.
    path : Path
        Configuration file that relative paths start from.
    workdir : Path
        Folder that Snakemake runs in; paths below it are handed to the rules relative to it.
    """

    def __init__(self, data: Mapping[str, Any], path: Path, workdir: Path) -> None:
        self.path, self.workdir = path, workdir.resolve()
        self.config = configuration.parse(data, path)
        self.sheets = read_sheets(self.config.cohort, self.config.radiomics.tables.values())

    @cached_property
    def batches(self) -> tuple[str, ...]:
        """Names of the batches that hold a patient."""
        return tuple(sorted({self.batch_of(row.patient_id) for row in self.sheets.patients}))

    @property
    def image_batches(self) -> tuple[str, ...]:
        """Batches that images are converted and features extracted in; none in a study without images."""
        return self.batches if self.config.cohort.images is not None else ()

    @property
    def sample_batches(self) -> tuple[str, ...]:
        """Batches that variants are annotated in; none in a study without variant files."""
        return tuple(sorted(self._samples))

    @cached_property
    def remote_batches(self) -> frozenset[str]:
        """Batches with a series or a segmentation on a server."""
        return frozenset(self.batch_of(row.patient_id) for row in self.sheets.images if _on_server(row))

    def batch_of(self, name: str) -> str:
        """The batch of a patient's images, or of a file's samples: the first part of them, if they are many."""
        return self._batch(_number(name))

    def _batch(self, number: int) -> str:
        return f"b{number % self.config.workflow.batches:03d}"

    @property
    def scale(self) -> list[str]:
        """The table of the standard scale, which the features of every batch need where it is configured."""
        return ["results/imaging/scale.parquet"] if self.config.imaging.mr.normalisation == "nyul" else []

    def images(self, batch: str) -> str:
        """Rows of the images sheet of one batch, as JSON."""
        return self._rows(self._images_of(batch), batch)

    def remote_images(self, batch: str) -> str:
        """Those of them that a server is asked for."""
        return self._rows([row for row in self._images_of(batch) if _on_server(row)], batch)

    def samples(self, batch: str) -> str:
        """Rows of the samples sheet of one batch, as JSON."""
        return self._rows(self._samples[batch], batch)

    def image_files(self, batch: str) -> list[str]:
        """Local folders and files of one batch that exist; the job itself reports those that do not."""
        return self._existing(
            [location for row in self._images_of(batch) for location in (row.series, row.segmentation)]
        )

    def variant_files(self, batch: str) -> list[str]:
        """Files of variants and of what was assayed of one batch, if they exist; the job reports those that do not."""
        rows = self._samples[batch]
        assayed = [row.assayed for row in rows if panel_of(row.assayed) is None]
        return self._existing([row.vcf for row in rows] + assayed)

    def genomics_files(self) -> list[str]:
        """Reference, genes, transcripts and panels, as far as they exist: a MAF needs none, and a job says so."""
        genomics = self.config.genomics
        paths = (genomics.reference, genomics.genes, genomics.canonical, *genomics.panels.values())
        return self._existing([str(path) for path in paths if path])

    def resource_files(self) -> list[str]:
        """The VCFs whose fields are joined to the variants, and the reference that they are normalised with."""
        resources = self.config.genomics.resources.values()
        return self.watched(self.config.genomics.reference, *(resource.file for resource in resources))

    def marker_files(self) -> list[str]:
        """Files that further markers are read from, and the genes where segments are mapped to them."""
        genomics = self.config.genomics
        copies = genomics.markers.copy_number
        mapped = copies is not None and copies.kind == "segments"
        genes = [path for path in (genomics.genes, genomics.canonical) if path is not None] if mapped else []
        return self.watched(
            *self._located.genomics.markers.files, *map(Path, self._beside(map(str, self._dosages))), *genes
        )

    def sheet_files(self) -> list[str]:
        """The sheets, and without one of patients the feature tables that say who they are."""
        cohort = self.config.cohort
        sheets = [path for path in (cohort.patients, cohort.images, cohort.samples) if path is not None]
        return self.watched(*sheets, *(self.feature_tables() if cohort.patients is None else ()))

    def sheet_options(self) -> str:
        """The options that hand over the sheets there are, quoted for a shell."""
        given = {name: getattr(self.config.cohort, name) for name in ("patients", "images", "samples")}
        options = [word for name, path in given.items() if path for word in (f"--{name}", shlex.quote(self.file(path)))]
        return " ".join([*options, self.finished_features() if self.config.cohort.patients is None else ""])

    def feature_tables(self) -> list[Path]:
        """The user's finished feature tables."""
        return [table.file for table in self.config.radiomics.tables.values()]

    @property
    def annotations(self) -> list[str]:
        """The table of what resources state of variants, where any are configured."""
        wanted = self.config.genomics.resources and self.sample_batches
        return ["results/genomics/annotations.parquet"] if wanted else []

    @property
    def poor(self) -> list[str]:
        """The table of patients who are excluded for the quality of their samples, where quality is looked at."""
        return ["results/genomics/quality.failures.tsv"] if self.config.genomics.quality.enabled else []

    @property
    def components(self) -> list[str]:
        """The tables of components and of why a patient has none, where they are covariates."""
        wanted = self.config.cohort.components > 0
        return [f"results/genomics/{name}.parquet" for name in ("components", "sample_quality")] if wanted else []

    @property
    def genomics_reports(self) -> list[str]:
        """What the report shows of resources and of the quality of samples, where these are configured."""
        joins = ["joins.tsv"] if self.annotations else []
        quality = ["sample_quality.parquet", "relatedness.parquet", "components.parquet", "site_counts.tsv"]
        names = [*joins, *(quality if self.config.genomics.quality.enabled else [])]
        return [f"results/genomics/{name}" for name in names]

    def genotype_files(self) -> list[str]:
        """Files of which the quality of genotypes is looked at, as far as they exist, and the sheets."""
        given = [str(path) for path in self.config.genomics.quality.genotypes]
        given += self._beside(given)
        cohort = self.config.cohort
        sheets = [str(path) for path in (cohort.patients, cohort.samples) if path is not None]
        return self._existing([*sheets, *(given or [row.vcf for row in self.sheets.samples])])

    @property
    def copy_batches(self) -> tuple[str, ...]:
        """Batches whose images are changed and extracted once more; none unless the configuration asks for copies."""
        wanted = self.config.radiomics.perturbations.copies or self.config.association.controls.of_images
        return self.image_batches if wanted else ()

    def copies(self, wanted: bool = True) -> list[str]:
        """The features of the copies of all batches, for a rule that needs them."""
        return [f"results/radiomics/{batch}.copies.parquet" for batch in self.copy_batches if wanted]

    @property
    def stability(self) -> list[str]:
        """The stability table, where it decides which features are tested."""
        return ["results/association/stability.parquet"] if self.config.association.min_icc_low is not None else []

    @property
    def stability_option(self) -> str:
        """The option that hands it over."""
        return "".join(f"--stability {path}" for path in self.stability)

    @property
    def _dosages(self) -> tuple[Path, ...]:
        """Files of dosages: those of the configuration, or else of the samples sheet, as far as they exist."""
        dosage = self.config.genomics.markers.dosage
        if dosage is None:
            return ()
        sheet = dict.fromkeys(Path(row.vcf) for row in self.sheets.samples)
        return dosage.files or tuple(path for path in sheet if path.exists())

    @staticmethod
    def _beside(names: Iterable[str]) -> list[str]:
        """The files that belong beside those of PLINK."""
        beside = {".bed": (".bim", ".fam"), ".pgen": (".pvar", ".psam")}
        return [str(Path(name).with_suffix(more)) for name in names for more in beside.get(Path(name).suffix, ())]

    @property
    def audits(self) -> list[str]:
        """Tables of the audits that the configuration asks for, beside those that are always made."""
        association = self.config.association
        asked = {
            "permutation": association.permutations > 0,
            "controls": association.controls.any,
            "exceedance": association.controls.any,
            "meta": association.site_model == "meta",
            "stability": self.config.radiomics.perturbations.copies > 0,
            "persistence": self.config.radiomics.perturbations.copies > 0,
            "sites": association.site_model == "meta",
            "harmonisation": association.harmonise.wanted,
            "harmonised": association.harmonise.wanted,
            **dict.fromkeys(("sets", "set_summary", "set_quantiles"), bool(association.sets.masks)),
        }
        return [f"results/association/{name}.parquet" for name, wanted in asked.items() if wanted]

    @property
    def gene_set_files(self) -> list[str]:
        """Files of the pathways, where random sets are drawn."""
        wanted = self.config.association.controls.random_gene_sets
        return self.watched(*self.config.genomics.markers.pathways.files) if wanted else []

    def gene_set_options(self) -> str:
        """The options that hand over the pathways, quoted for a shell; empty where no random sets are drawn."""
        pathways = self.config.genomics.markers.pathways
        if not self.config.association.controls.random_gene_sets:
            return ""
        files = " ".join(shlex.quote(self.file(path)) for path in pathways.files)
        return f"--gene-sets {files} --min-assayed {pathways.min_assayed}"

    @property
    def survival(self) -> list[str]:
        """Tables of the tests on outcomes, where the configuration names any."""
        names = ("survival", "survival_curves") if self.config.cohort.outcomes else ()
        return [f"results/association/{name}.parquet" for name in names]

    @property
    def wholes(self) -> list[str]:
        """The tables of what is counted over a patient's variants as a whole."""
        if not self.sample_batches:
            return []
        names = ("burden", "spectrum") if self.config.genomics.spectrum else ("burden",)
        return [f"results/genomics/{name}.parquet" for name in names]

    @property
    def burden(self) -> list[str]:
        """The table of mutations per megabase, where it makes a marker."""
        wanted = self.config.genomics.markers.burden and self.sample_batches
        return ["results/genomics/burden.parquet"] if wanted else []

    def file(self, path: Path | str) -> str:
        """A path as the rules name it: relative to the working folder if below it."""
        path = Path(path)
        return str(path.relative_to(self.workdir)) if path.is_relative_to(self.workdir) else str(path)

    def watched(self, *paths: Path | str) -> list[str]:
        """The paths as inputs of a rule. One with a brace is left out: Snakemake would take it for a wildcard."""
        return [self.file(path) for path in paths if "{" not in self.file(path)]

    def settings(self, stage: str) -> str:
        """Settings of one stage as JSON; a change of them runs that stage again."""
        text = settings_of(self._located, stage)
        if len(text.encode()) > MAX_ARGUMENT_BYTES:
            limit = f"more than the {MAX_ARGUMENT_BYTES:,} bytes that the command line of a job takes"
            raise ConfigError(self.path, [f"{longest_key(text)}: {limit}; name a file, or fewer and larger ones"])
        return text

    @cached_property
    def _located(self) -> Config:
        """The configuration with paths as the rules name them."""
        return located(self.config, lambda path: Path(self.file(path)), self._dosages)

    def kinship_files(self) -> list[str]:
        """The matrix of relatedness that a mixed model takes, and its names, as far as they exist."""
        kinship = self.config.association.kinship
        return self._existing([str(kinship), f"{kinship}.id"]) if kinship else []

    def finished_features(self) -> str:
        """The option that hands over the user's finished feature tables, quoted for a shell."""
        given = {
            name: table.located(lambda path: Path(self.file(path))).model_dump(mode="json", exclude_defaults=True)
            for name, table in self.config.radiomics.tables.items()
        }
        return f"--finished {shlex.quote(json.dumps(given))}" if given else ""

    def stage_version(self, stage: str) -> int:
        """Version of a stage's results; a change of it runs that stage again."""
        return STAGE_VERSIONS[stage]

    def memory_mb(self, attempt: int) -> int:
        """Memory that a batch job asks for; each retry asks for as much again."""
        return self.config.workflow.memory_mb * attempt

    def _images_of(self, batch: str) -> list[ImageRow]:
        rows = [row for row in self.sheets.images if self.batch_of(row.patient_id) == batch]
        return sorted(rows, key=lambda row: (row.patient_id, row.image_id))

    @cached_property
    def _samples(self) -> dict[str, list[SampleRow]]:
        """Rows of the samples sheet by batch: those of one file together, since to take some is to read all of it."""
        files: dict[str, list[SampleRow]] = {}
        for row in sorted(self.sheets.samples, key=lambda row: row.patient_id):
            files.setdefault(self.file(row.vcf), []).append(row)
        batches: dict[str, list[SampleRow]] = {}
        for name, rows in files.items():
            parts = -(-len(rows) // MAX_SAMPLES_OF_FILE)
            for row in rows:
                batches.setdefault(self._batch(_number(name) + _number(row.patient_id) % parts), []).append(row)
        return batches or ({"b000": []} if self.config.cohort.samples is not None else {})

    def _existing(self, locations: list[str]) -> list[str]:
        local = dict.fromkeys(location for location in locations if location and not is_remote(location))
        return self.watched(*(location for location in local if Path(location).exists()))

    def _rows(self, rows: list[ImageRow] | list[SampleRow], batch: str) -> str:
        paths = ("series", "segmentation", "vcf", "assayed")
        plain = [
            {key: self.file(value) if key in paths and value else value for key, value in asdict(row).items()}
            for row in rows
        ]
        text = json.dumps(plain)
        if len(text.encode()) > MAX_ARGUMENT_BYTES:
            raise ConfigError(
                self.path,
                [f"workflow.batches: batch {batch} holds {len(rows)} rows, too many for one command line; raise it"],
            )
        return text


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _on_server(row: ImageRow) -> bool:
    return is_remote(row.series) or is_remote(row.segmentation)
