"""Commands: one variant file, or the samples of a batch, to the variants table."""

import json
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.models import Genomics
from radiogenomics.failures import Failures
from radiogenomics.genomics.errors import NoGenotypesError
from radiogenomics.genomics.genes import Genes, read_genes
from radiogenomics.genomics.genotypes import Counts
from radiogenomics.genomics.normalise import annotated, check_contigs, indexed_reference, require_sample, sample_names
from radiogenomics.genomics.variants import Carried, read_carried, variants_frame
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)


def annotate(*, vcf: Path, reference: Path, genes: Path, variants: Path) -> None:
    """Annotate every sample of one VCF; samples stand for patients."""
    settings = Genomics()
    patients = {name: name for name in sample_names(vcf)}
    carried, _ = carried_by(vcf, patients, reference, genes, read_genes(genes), settings)
    frame = variants_frame([carried])
    tables.VARIANTS.write(frame, variants, _provenance(settings, reference, genes, [vcf]))
    logger.info("%s: %d samples, %d carried alleles in genes", vcf.name, len(patients), len(frame))


def annotate_batch(
    *, samples: str, reference: Path, genes: Path, settings: str, variants: Path, table: Path, failures: Path
) -> None:
    """Annotate the samples of one batch, given as rows of the samples sheet (JSON)."""
    options = load_section(Genomics, settings)
    failed = Failures("genomics")
    rows = json.loads(samples)
    transcripts = read_genes(genes)
    parts: list[Carried] = []
    read: list[dict[str, object]] = []
    files = [Path(name) for name in dict.fromkeys(row["vcf"] for row in rows)]
    for vcf in files:
        own = [row for row in rows if Path(row["vcf"]) == vcf]
        patients: dict[str, str] = {}
        with failed.guard(*(row["patient_id"] for row in own)):
            present = sample_names(vcf)
            for row in own:
                with failed.guard(row["patient_id"]):
                    require_sample(vcf, row["sample_id"], present)
                    patients[row["sample_id"]] = row["patient_id"]
        if patients:
            with failed.guard(*patients.values()):
                carried, counts = carried_by(vcf, patients, reference, genes, transcripts, options)
                parts.append(carried)
                read += _samples(vcf, patients, carried, counts, failed)
    provenance = _provenance(options, reference, genes, [vcf for vcf in files if vcf.is_file()])
    tables.VARIANTS.write(variants_frame(parts), variants, provenance)
    tables.SAMPLES.write(tables.SAMPLES.frame(read), table, provenance)
    failed.write(failures)


def carried_by(
    vcf: Path, patients: dict[str, str], reference: Path, genes_path: Path, genes: Genes, settings: Genomics
) -> tuple[Carried, Counts]:
    """Normalise, annotate and read the samples named in ``patients`` (sample → patient)."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        fasta = indexed_reference(reference, scratch)
        check_contigs(vcf, fasta, genes_path, genes)
        bcf, counts = annotated(vcf, list(patients), fasta, genes_path, genes, scratch, pass_only=settings.pass_only)
        if counts.elsewhere:
            logger.info("%s: %d records on contigs without genes left out", vcf.name, counts.elsewhere)
        return read_carried(bcf, patients, genes, settings.transcript_policy), counts


def _samples(
    vcf: Path, patients: dict[str, str], carried: Carried, counts: Counts, failed: Failures
) -> Iterator[dict[str, object]]:
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
                "n_alternate": carried.n_alternate[sample],
            }


def _provenance(settings: Genomics, reference: Path, genes: Path, others: list[Path]) -> Provenance:
    options = settings.model_dump(mode="json", exclude={"reference", "genes", "classes"})
    return Provenance("genomics", options, digests([reference, genes, *others]))
