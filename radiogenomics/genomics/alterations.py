"""Command: patient × marker, the state of each marker in each patient."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow.parquet as pq

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.burden import burden_block
from radiogenomics.genomics.coding import Coding, coding_regions
from radiogenomics.genomics.frequencies import common_variants
from radiogenomics.genomics.genes import read_genes
from radiogenomics.genomics.markers.assayed import Assayed
from radiogenomics.genomics.markers.carried import Cohort, read_cohort
from radiogenomics.genomics.markers.copy_number import copy_number_blocks
from radiogenomics.genomics.markers.dosage import dosage_blocks
from radiogenomics.genomics.markers.expression import expression_blocks
from radiogenomics.genomics.markers.files import Owners, read_owners
from radiogenomics.genomics.markers.finished import finished_block
from radiogenomics.genomics.markers.fusions import fusion_block
from radiogenomics.genomics.markers.genes import gene_blocks
from radiogenomics.genomics.markers.pathways import pathway_blocks
from radiogenomics.genomics.markers.rows import Block, block_rows
from radiogenomics.genomics.markers.selections import selections
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)


def alterations(
    *,
    settings: str,
    alterations: Path,
    variants: Sequence[Path] = (),
    samples: Sequence[Path] = (),
    annotations: Sequence[Path] = (),
    missing: Sequence[Path] = (),
    assays: Sequence[Path] = (),
    patients: Path | None = None,
    genes: Path | None = None,
    burden: Path | None = None,
) -> None:
    """Write the alterations table of the cohort: one row for every patient with a sample and every marker seen.

    Variants above ``max_frequency`` of a resource do not count. ``genes`` is needed for segments of copy number only.
    A study without variant files has ``patients`` in place of samples, a table with a column ``patient_id``.

    Raises
    ------
    MissingFileError, MarkersError, GenesError
    """
    options = load_section(Genomics, settings)
    listed = _patients(patients) if patients is not None else []
    assayed = Assayed(samples, assays, options.min_callable, listed)
    common = common_variants(annotations, options.resources)
    cohort = read_cohort(variants, missing, assayed.patients, common)
    stated = [burden] if burden is not None and options.markers.burden else []
    read = [*variants, *samples, *annotations, *missing, *assays, *options.markers.files, *stated]
    read += [patients] if patients is not None else []
    record = _record(options, with_variants=bool(samples))
    provenance = Provenance("genomics", record, digests([path for path in read if path.is_file()]))
    written: Counter[str] = Counter()
    with tables.ALTERATIONS.writer(alterations, provenance) as write:
        for block in _blocks(cohort, assayed, options, annotations):
            write(block_rows(block, assayed.patients))
            written[block.source] += len(block.names)
        owners = read_owners(samples, options.sample_id, listed)
        blocks = _finished(owners, assayed.patients, options, genes)
        for block in chain(blocks, (burden_block(path, assayed.patients) for path in stated)):
            write(block_rows(block, assayed.patients))
            written[block.source] += len(block.names)
    for source, n in sorted(written.items()):
        logger.info("%d markers from %s", n, source)


def _blocks(cohort: Cohort, assayed: Assayed, options: Genomics, annotations: Sequence[Path]) -> Iterator[Block]:
    """Markers of genes and pathways that variants make."""
    chosen = selections(cohort, options, annotations)
    trust = options.missing_genotype == "wild_type"
    yield from gene_blocks(cohort, assayed, chosen, trust_gaps=trust)
    yield from pathway_blocks(cohort, assayed, chosen, options.markers.pathways, trust_gaps=trust)


def _finished(owners: Owners, patients: Sequence[str], options: Genomics, genes: Path | None) -> Iterator[Block]:
    """Markers that files of the user's state."""
    markers = options.markers

    def coding() -> Coding:
        return coding_regions(read_genes(genes or options.genes, options.canonical))

    if markers.copy_number is not None:
        yield from copy_number_blocks(markers.copy_number, owners, patients, coding, options.min_callable)
    if markers.expression is not None:
        yield from expression_blocks(markers.expression, owners, patients)
    if markers.dosage is not None:
        yield from dosage_blocks(markers.dosage, owners, patients, options.pass_only)
    found = [fusion_block(markers.fusions, owners, patients)] if markers.fusions is not None else []
    found += [finished_block(name, table, patients) for name, table in markers.tables.items()]
    yield from (block for block in found if block is not None)


def _patients(path: Path) -> list[str]:
    """Patients of a table, in order."""
    column = pq.read_table(path, columns=["patient_id"])["patient_id"]
    return sorted(map(str, column.unique().to_pylist()))


def _record(options: Genomics, *, with_variants: bool) -> dict[str, object]:
    """The settings that decide the table; ``classes`` are all that its markers may have."""
    record = options.model_dump(mode="json", include={"min_callable", "missing_genotype"} if with_variants else set())
    record["classes"] = [*(options.classes if with_variants else ()), *options.markers.classes]
    if masks := {name: mask.model_dump(mode="json") for name, mask in options.markers.masks.items()}:
        record["masks"] = masks
    if options.markers.copy_number is not None:
        record["copy_number"] = options.markers.copy_number.model_dump(mode="json", exclude={"file"})
    if options.markers.expression is not None:
        record["expression"] = options.markers.expression.located(lambda path: Path(path.name)).model_dump(mode="json")
    if options.markers.dosage is not None:
        record["dosage"] = options.markers.dosage.located(lambda path: Path(path.name)).model_dump(mode="json")
        record["pass_only"] = options.pass_only
    if options.markers.pathways.files:
        record["min_assayed"] = options.markers.pathways.min_assayed
    if limits := {name: item.max_frequency for name, item in options.resources.items() if item.max_frequency}:
        record["max_frequency"] = limits
    return record
