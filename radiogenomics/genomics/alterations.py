"""Command: patient × marker, the state of each marker in each patient."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.models import Genomics
from radiogenomics.genomics.consequence import MEMBERS
from radiogenomics.genomics.join import common_variants
from radiogenomics.genomics.markers.assayed import Assayed
from radiogenomics.genomics.markers.genes import gene_blocks, missing_genes, variant_counts
from radiogenomics.genomics.markers.rows import block_rows
from radiogenomics.provenance import Provenance, digests


def alterations(
    *,
    variants: list[Path],
    samples: list[Path],
    annotations: Sequence[Path],
    settings: str,
    alterations: Path,
    missing: Sequence[Path] = (),
    assays: Sequence[Path] = (),
) -> None:
    """Write the alterations table of the cohort: one row for every patient with a sample and every marker seen.

    Variants above ``max_frequency`` of a resource do not count.
    """
    options = load_section(Genomics, settings)
    assayed = Assayed(samples, assays, options.min_callable)
    common = common_variants(annotations, options.resources)
    parts, carried = [], set[str]()
    for path in variants:
        part = tables.VARIANTS.read(path)
        part = part[~part["variant"].isin(common)] if common else part
        carried.update(part["variant"].unique())
        parts.append(variant_counts(part))
    counts = pd.concat(parts, ignore_index=True)
    unknown = [tables.MISSING.read(path) for path in (missing if options.missing_genotype == "not_assayed" else ())]
    doubtful = pd.concat([missing_genes(part, frozenset(carried)) for part in unknown or [tables.MISSING.frame([])]])
    record = options.model_dump(mode="json", include={"classes", "min_callable", "missing_genotype"})
    if limits := {name: item.max_frequency for name, item in options.resources.items() if item.max_frequency}:
        record |= {"max_frequency": limits}
    provenance = Provenance("genomics", record, digests([*variants, *samples, *annotations, *missing, *assays]))
    classes: dict[str, Sequence[str]] = {kind: MEMBERS[kind] for kind in options.classes}
    with tables.ALTERATIONS.writer(alterations, provenance) as write:
        for block in gene_blocks(counts, doubtful, assayed, classes):
            write(block_rows(block, assayed.patients))
