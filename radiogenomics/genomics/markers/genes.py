"""Gene × class markers: what a patient's variants make of each gene, by class, mask or hotspot."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.genomics.markers.assayed import Assayed
from radiogenomics.genomics.markers.carried import Cohort
from radiogenomics.genomics.markers.rows import ALTERED, NOT_ASSAYED, WILD_TYPE, Block, BoolArray, IntArray, note

GENES_AT_A_TIME = 500
# Which sites count, (n_sites,), by the class of the marker.
Selections = Mapping[str, BoolArray]


def gene_blocks(cohort: Cohort, assayed: Assayed, selections: Selections, *, trust_gaps: bool) -> Iterator[Block]:
    """All patients × the markers that somebody carries, some genes at a time.

    Parameters
    ----------
    trust_gaps : bool
        Whether a missing genotype counts as reference.
    """
    for start in range(0, len(cohort.genes), GENES_AT_A_TIME):
        genes = np.arange(start, min(start + GENES_AT_A_TIME, len(cohort.genes)))
        names: list[tuple[str, str, str]] = []
        parts: list[tuple[IntArray, IntArray, BoolArray]] = []
        for kind, selected in selections.items():
            counts, copies, gaps = tallies(cohort, selected, genes)
            seen = counts.any(axis=1)
            own = [cohort.genes[index] for index in genes[seen]]
            names += [(f"{gene}:{kind}", gene, kind) for gene in own]
            parts.append((counts[seen], copies[seen], gaps[seen] > 0))
        if names:
            counts, copies, gaps = (np.concatenate(each) for each in zip(*parts, strict=True))
            known = assayed.of([gene for _, gene, _ in names])
            yield _block(names, counts, copies, known, np.logical_and(gaps, not trust_gaps))


def tallies(cohort: Cohort, selected: BoolArray, genes: NDArray[np.intp]) -> tuple[IntArray, IntArray, IntArray]:
    """Selected variants, their copies and gaps by gene and patient, each (n_genes, n_patients).

    Parameters
    ----------
    genes : (n_genes,)
        Numbers of genes, ascending.
    """
    row_of = np.full(len(cohort.genes), -1)
    row_of[genes] = np.arange(len(genes))
    row_of_site = np.where(selected, row_of[cohort.gene_of], -1)
    shape = len(genes), len(cohort.patients)

    def matrix(rows: pd.DataFrame, weights: str | None = None) -> IntArray:
        row = row_of_site[rows["site"].to_numpy()]
        keep = row >= 0
        place = row[keep] * shape[1] + rows["patient"].to_numpy()[keep]
        weight = None if weights is None else rows[weights].to_numpy()[keep]
        return np.bincount(place, weight, minlength=shape[0] * shape[1]).astype(np.int32).reshape(shape)

    return matrix(cohort.carriers), matrix(cohort.carriers, "alt_copies"), matrix(cohort.gaps)


def _block(
    names: list[tuple[str, str, str]], counts: IntArray, copies: IntArray, assayed: BoolArray, gaps: BoolArray
) -> Block:
    altered = counts > 0
    states = np.where(altered, ALTERED, np.where(assayed & ~gaps, WILD_TYPE, NOT_ASSAYED))
    notes = np.where(
        altered,
        np.where(assayed, 0, note("altered outside the assay")),
        np.where(assayed, np.where(gaps, note("missing genotype"), 0), note("not on the assay")),
    )
    return Block("variants", names, states.astype(np.int8), notes.astype(np.int8), counts, copies)
