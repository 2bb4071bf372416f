"""Commands: one variant file, or the samples of a batch, to the variants table."""

import json
import logging
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Annotator, Genomics
from radiogenomics.errors import without_folders
from radiogenomics.failures import Failures
from radiogenomics.genomics.annotated import DECLARATION, TAG, Annotated, recognise
from radiogenomics.genomics.annotator import annotate_sites
from radiogenomics.genomics.assays import Assays
from radiogenomics.genomics.builds import build_of
from radiogenomics.genomics.errors import AnnotationError, NoGenotypesError
from radiogenomics.genomics.genes import Genes, read_genes
from radiogenomics.genomics.genotypes import Counts, Wanted
from radiogenomics.genomics.header import Header
from radiogenomics.genomics.maf import is_maf, read_maf
from radiogenomics.genomics.normalise import Annotation, Sites, called, header_of, normalised
from radiogenomics.genomics.preflight import Shared, shared
from radiogenomics.genomics.reference import check_contigs
from radiogenomics.genomics.remarks import Action, Remarks
from radiogenomics.genomics.samples import find_sample
from radiogenomics.genomics.variants import Carried, Policy, missing_frame, read_carried, variants_frame
from radiogenomics.plan_settings import ALTERATION_KEYS, BURDEN_KEYS
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)


def annotate(*, vcf: Path, reference: Path, genes: Path, settings: str, variants: Path) -> None:
    """Annotate every sample of one VCF or MAF; samples stand for patients."""
    options = load_section(Genomics, settings)
    if is_maf(vcf):
        content = read_maf(vcf, options)
        patients, remarks, used = {name: name for name in content.barcodes}, content.remarks, [vcf]
        frame, annotators = variants_frame([content.carried(patients)]), set()
    else:
        header = header_of(vcf)
        patients, used = {name: name for name in header.samples}, [reference, genes, vcf]
        with shared(reference, genes, options) as common:
            carried, _, remarks = carried_by(vcf, header, patients, common, options)
        frame, annotators = variants_frame([carried.variants]), {carried.annotator}
    tables.VARIANTS.write(frame, variants, _provenance(options, used, annotators))
    _log(remarks)
    logger.info("%s: %d samples, %d carried alleles in genes", vcf.name, len(patients), len(frame))


def annotate_batch(
    *,
    samples: str,
    reference: Path,
    genes: Path,
    settings: str,
    variants: Path,
    table: Path,
    remarks: Path,
    failures: Path,
    missing: Path | None = None,
    assays: Path | None = None,
) -> None:
    """Annotate the samples of one batch, given as rows of the samples sheet (JSON)."""
    options = load_section(Genomics, settings)
    rows = json.loads(samples)
    files = [Path(name) for name in dict.fromkeys(row["vcf"] for row in rows)]
    called_files = [vcf for vcf in files if not is_maf(vcf)]
    used = [*([reference, genes] if called_files else []), *(vcf for vcf in files if vcf.is_file())]
    with shared(reference, genes, options) if called_files else nullcontext() as common:
        known = (lambda: common.genes) if common else partial(read_genes, genes, options.canonical)
        batch = _Batch(options, rows, Assays(options.panels, known, compare=bool(common)))
        for path in files:
            if common and path in called_files:
                batch.add_vcf(path, common)
            else:
                batch.add_maf(path)
    provenance = _provenance(options, [*used, *batch.assays.files], batch.annotators)
    tables.VARIANTS.write(variants_frame(batch.parts), variants, provenance)
    tables.SAMPLES.write(tables.SAMPLES.frame(batch.samples), table, provenance)
    if missing is not None:
        tables.MISSING.write(missing_frame(batch.missing), missing, provenance)
    if assays is not None:
        tables.ASSAYS.write(tables.ASSAYS.frame(batch.assays.table()), assays, provenance)
    tables.REMARKS.write(tables.REMARKS.frame(_distinct(batch.odd)), remarks, provenance)
    batch.failed.write(failures)


class _Batch:
    """What the files of one batch give: parts of the variants table, rows of samples and remarks, failures."""

    def __init__(self, settings: Genomics, rows: Sequence[Mapping[str, str]], assays: Assays) -> None:
        self.settings, self.assays = settings, assays
        self.failed = Failures("genomics")
        self.assay_of: dict[str, str] = {}
        for row in rows:
            with self.failed.guard(row["patient_id"]):
                self.assay_of[row["patient_id"]] = assays.identify(row.get("assayed", ""))
        self.rows = [row for row in rows if row["patient_id"] in self.assay_of]
        self.parts: list[Mapping[str, Sequence[Any]] | pd.DataFrame] = []
        self.missing: list[pd.DataFrame] = []
        self.samples: list[dict[str, object]] = []
        self.odd: list[dict[str, object]] = []
        self.annotators: set[str] = set()
        for remarks in assays.remarks:
            self._note(remarks)

    def add_vcf(self, vcf: Path, common: Shared) -> None:
        """Read the batch's samples of one VCF or BCF."""
        patients: dict[str, str] = {}
        with self.failed.guard(*self._owners(vcf)):
            header = header_of(vcf)
            patients = self._patients(vcf, header.samples)
        if patients:
            with self.failed.guard(*patients.values()):
                carried, counts, remarks = carried_by(vcf, header, patients, common, self.settings)
                self.parts.append(carried.variants)
                self.missing.append(carried.missing)
                self.annotators.add(carried.annotator)
                self._add_samples(_samples(vcf, patients, counts, self.failed))
                self._note(remarks)

    def add_maf(self, maf: Path) -> None:
        """Read the batch's samples of one mutation annotation file."""
        with self.failed.guard(*self._owners(maf)):
            content = read_maf(maf, self.settings)
            patients = self._patients(maf, content.barcodes)
            self.parts.append(content.carried(patients))
            self._add_samples(content.samples(patients))
            self._note(content.remarks)

    def _add_samples(self, rows: Iterable[dict[str, object]]) -> None:
        self.samples += [row | {"assay": self.assay_of[str(row["patient_id"])]} for row in rows]

    def _owners(self, path: Path) -> list[str]:
        return [row["patient_id"] for row in self.rows if Path(row["vcf"]) == path]

    def _patients(self, path: Path, present: Sequence[str]) -> dict[str, str]:
        """Sample of the file → patient."""
        found: dict[str, str] = {}
        for row in self.rows:
            if Path(row["vcf"]) == path:
                with self.failed.guard(row["patient_id"]):
                    found[find_sample(path, row["sample_id"], present, self.settings.sample_id)] = row["patient_id"]
        return found

    def _note(self, remarks: Remarks) -> None:
        self.odd += remarks.rows()
        _log(remarks)


def carried_by(
    vcf: Path, header: Header, patients: Mapping[str, str], common: Shared, settings: Genomics
) -> tuple[Carried, Counts, Remarks]:
    """Normalise, annotate and read the samples named in ``patients`` (sample → patient)."""
    remarks = Remarks(vcf, _repairs(settings))
    check_contigs(vcf, header, common.reference, common.genes)
    if build := build_of(header.lengths):
        remarks.add("build", None, build)
    wanted = Wanted(list(patients), common.contigs, common.with_genes, settings.pass_only)
    policy = settings.transcript_policy
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if settings.consequences == "call":
            sites, counts = normalised(vcf, wanted, common.reference, scratch, remarks)
            sites = called(sites, vcf, common.reference, common.for_bcftools, scratch)
            return read_carried(sites, patients, common.genes, policy, remarks), counts, remarks
        if settings.annotator is not None:
            sites, counts = normalised(vcf, wanted, common.reference, scratch, remarks)
            carried = _annotated(settings.annotator, sites, vcf, patients, common, policy, remarks)
            _require_known(vcf, carried, common.genes, remarks)
            return carried, counts, remarks
        source = Annotated(vcf, recognise(vcf, header.info), remarks)
        annotation = Annotation(source.info, DECLARATION)
        sites, counts = normalised(vcf, wanted, common.reference, scratch, remarks, annotation)
        carried = read_carried(sites, patients, common.genes, policy, remarks, TAG, source.consequences)
    _require_known(vcf, carried, common.genes, remarks)
    return carried, counts, remarks


def _annotated(
    settings: Annotator,
    sites: Sites,
    vcf: Path,
    patients: Mapping[str, str],
    common: Shared,
    policy: Policy,
    remarks: Remarks,
) -> Carried:
    """Let the program of the user's annotate the alleles, and read the carriers.

    Programs refuse a file without records, so it is not run where nobody carries, or lacks, anything.
    """
    if not any(allele.site.n for allele in sites):
        return read_carried(sites, patients, common.genes, policy, remarks)
    places = {"reference": common.reference.absolute(), "genes": common.genes.path.absolute()}
    found = annotate_sites(settings, sites, vcf, common.contigs, places, remarks)
    carried = read_carried(found.sites, patients, common.genes, policy, remarks, found.tag, found.consequences)
    return replace(carried, annotator=found.version)


def _require_known(vcf: Path, carried: Carried, genes: Genes, remarks: Remarks) -> None:
    """Refuse an annotation that cannot have been made with these genes: every patient would be wild type."""
    if carried.transcripts and not any(genes.knows(name) for name in carried.transcripts):
        found, known = min(carried.transcripts), min(genes.gene_of)
        raise AnnotationError(
            vcf,
            f"none of its {len(carried.transcripts)} transcripts is one of {genes.path.name}:"
            f" {found!r} against {known!r}",
            "annotate with the transcripts of genomics.genes, or give the GFF3 that the annotation was made with",
        )
    if not carried.transcripts and "not_annotated" in remarks.found:
        raise AnnotationError(
            vcf,
            f"no carried allele has an annotation; {remarks.found['not_annotated']}",
            "annotate the file, or set genomics.consequences to `call`",
        )


def _repairs(settings: Genomics) -> dict[str, Action]:
    repairs: dict[str, Action] = {}
    if settings.policies.unsorted == "sort":
        repairs["unsorted"] = "repaired"
    if settings.policies.faulty_record == "drop":
        names = ("position", "ref_allele", "alt_allele", "format", "genotype", "allele_number", "annotation_allele")
        repairs |= dict.fromkeys(names, "left_out")
    return repairs


def _samples(vcf: Path, patients: Mapping[str, str], counts: Counts, failed: Failures) -> Iterator[dict[str, object]]:
    """Rows of the samples table; a sample without any called genotype is refused, since it is not wild type."""
    for index, (sample, patient_id) in enumerate(patients.items()):
        with failed.guard(patient_id):
            if counts.records and counts.uncalled[index] == counts.records:
                raise NoGenotypesError(vcf, sample, counts.records)
            yield {
                "patient_id": patient_id,
                "sample_id": sample,
                "n_records": counts.records,
                "n_missing": counts.missing[index],
                "n_filtered": counts.filtered,
                "n_alternate": counts.alternate[index],
            }


def _distinct(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Rows of files of one name (in several folders) as rows of ``name``, ``name (2)`` and so on."""
    found: list[dict[str, object]] = []
    seen: dict[tuple[object, object], int] = {}
    for row in rows:
        key = (row["file"], row["kind"])
        seen[key] = seen.get(key, 0) + 1
        found.append(row if seen[key] == 1 else row | {"file": f"{row['file']} ({seen[key]})"})
    return found


def _log(remarks: Remarks) -> None:
    for row in remarks.rows():
        place = "" if row["line"] is None else f", first in line {row['line']}"
        logger.info("%s: %s: %d %s%s: %s", row["file"], row["action"], row["n"], row["kind"], place, row["example"])


def _provenance(settings: Genomics, inputs: Sequence[Path], annotators: Collection[str]) -> Provenance:
    """Settings and inputs; ``annotators`` are what programs said they are, empty texts where none did."""
    ignored = {"reference", "genes", "canonical", "resources", "panels", "quality", *ALTERATION_KEYS, *BURDEN_KEYS}
    options = settings.model_dump(mode="json", exclude=ignored)
    if settings.annotator is None:
        del options["annotator"]
    else:
        command = without_folders(settings.annotator.command)
        options["annotator"] = {"command": command, "versions": sorted(filter(None, annotators))}
    listed = [settings.canonical] if settings.canonical else []
    return Provenance("genomics", options, digests([*inputs, *listed]))
