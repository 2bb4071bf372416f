"""Commands: one variant file, or the samples of a batch, to the variants table."""

import json
import logging
import tempfile
from pathlib import Path

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.models import Genomics
from radiogenomics.failures import Failures
from radiogenomics.genomics.genes import Genes, read_genes
from radiogenomics.genomics.normalise import annotated, check_contigs, indexed_reference, require_sample, sample_names
from radiogenomics.genomics.variants import Carried, read_carried, variants_frame
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)


def annotate(*, vcf: Path, reference: Path, genes: Path, variants: Path) -> None:
    """Annotate every sample of one VCF; samples stand for patients."""
    settings = Genomics()
    patients = {name: name for name in sample_names(vcf)}
    carried = carried_by(vcf, patients, reference, genes, read_genes(genes), settings)
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
    for vcf in dict.fromkeys(row["vcf"] for row in rows):
        patients: dict[str, str] = {}
        for row in rows:
            if row["vcf"] == vcf:
                with failed.guard(row["patient_id"]):
                    require_sample(Path(vcf), row["sample_id"])
                    patients[row["sample_id"]] = row["patient_id"]
        if patients:
            with failed.guard(*patients.values()):
                parts.append(carried_by(Path(vcf), patients, reference, genes, transcripts, options))
    read = [Path(vcf) for vcf in dict.fromkeys(row["vcf"] for row in rows) if Path(vcf).is_file()]
    provenance = _provenance(options, reference, genes, read)
    tables.VARIANTS.write(variants_frame(parts), variants, provenance)
    tables.SAMPLES.write(tables.SAMPLES.frame(row for part in parts for row in part.samples), table, provenance)
    failed.write(failures)


def carried_by(
    vcf: Path, patients: dict[str, str], reference: Path, genes_path: Path, genes: Genes, settings: Genomics
) -> Carried:
    """Normalise, annotate and read the samples named in ``patients`` (sample → patient)."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        fasta = indexed_reference(reference, scratch)
        check_contigs(vcf, fasta, genes_path, genes)
        bcf = annotated(vcf, list(patients), fasta, genes_path, scratch)
        return read_carried(bcf, patients, genes, pass_only=settings.pass_only, policy=settings.transcript_policy)


def _provenance(settings: Genomics, reference: Path, genes: Path, others: list[Path]) -> Provenance:
    options = settings.model_dump(mode="json", exclude={"reference", "genes"})
    return Provenance("genomics", options, digests([reference, genes, *others]))
