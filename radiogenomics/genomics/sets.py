"""Command: genotypes of the variants of each burden mask, gene by gene, for tests of sets."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.frequencies import common_variants
from radiogenomics.genomics.markers.assayed import Assayed
from radiogenomics.genomics.markers.carried import Cohort, read_cohort
from radiogenomics.genomics.markers.rows import BoolArray
from radiogenomics.genomics.markers.selections import masked
from radiogenomics.provenance import Provenance, digests

logger = logging.getLogger(__name__)
GENES_AT_A_TIME = 500


def sets(
    *,
    settings: str,
    masks: Sequence[str],
    variants: Sequence[Path],
    samples: Sequence[Path],
    sets: Path,
    annotations: Sequence[Path] = (),
    missing: Sequence[Path] = (),
) -> None:
    """Write who carries which variant of a set, and whose genotype is missing there.

    The variants are those that make the markers ``GENE:MASK`` of the alterations. With ``missing_genotype: wild_type``
    a missing genotype is no copy here too and has no row.

    Raises
    ------
    MissingFileError
    """
    options = load_section(Genomics, settings)
    chosen = {name: options.markers.masks[name] for name in masks}
    patients = Assayed(samples, (), options.min_callable).patients
    cohort = read_cohort(variants, missing, patients, common_variants(annotations, options.resources))
    record = {
        "masks": {name: mask.model_dump(mode="json") for name, mask in chosen.items()},
        "missing_genotype": options.missing_genotype,
    }
    provenance = Provenance("genomics", record, digests([*variants, *samples, *annotations, *missing]))
    selected = masked(cohort, chosen, annotations)
    with tables.SET_GENOTYPES.writer(sets, provenance) as write:
        for frame in _frames(cohort, selected, gaps=options.missing_genotype != "wild_type"):
            write(frame)
    for name, sites in selected.items():
        logger.info("%s: %d variants in %d genes", name, sites.sum(), len(np.unique(cohort.gene_of[sites])))


def _frames(cohort: Cohort, selected: Mapping[str, BoolArray], *, gaps: bool) -> Iterator[pd.DataFrame]:
    """Rows in order of gene, mask, variant and patient, some genes at a time; a gene is never cut."""
    rows = cohort.carriers
    if gaps:
        lacking = cohort.gaps.assign(alt_copies=pd.array([None] * len(cohort.gaps), dtype="Int8"))
        rows = pd.concat([rows.astype({"alt_copies": "Int8"}), lacking], ignore_index=True)
    gene = cohort.gene_of[rows["site"].to_numpy()]
    order = np.argsort(gene, kind="stable")
    starts = np.searchsorted(gene[order], np.arange(0, len(cohort.genes) + GENES_AT_A_TIME, GENES_AT_A_TIME))
    for start, stop in pairwise(starts):
        part = rows.iloc[order[start:stop]]
        site = part["site"].to_numpy()
        kept: list[pd.DataFrame] = [part[sites[site]].assign(mask=name) for name, sites in selected.items()]
        yield _named(pd.concat(kept, ignore_index=True), cohort) if kept else tables.SET_GENOTYPES.frame([])


def _named(rows: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    sites = cohort.sites.iloc[rows["site"]].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "gene": sites["gene"],
            "mask": rows["mask"],
            "variant": sites["variant"],
            "patient_id": np.asarray(cohort.patients, dtype=object)[rows["patient"]],
            "alt_copies": rows["alt_copies"].astype("Int8"),
        }
    )
    return frame.sort_values(["gene", "mask", "variant", "patient_id"], ignore_index=True)
