"""Pathway markers: whether any gene of a set is altered."""

from collections.abc import Iterator, Sequence

import numpy as np

from radiogenomics.config.markers import Pathways
from radiogenomics.gene_sets import GMT_HINT as HINT, read_gmt
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.assayed import Assayed
from radiogenomics.genomics.markers.carried import Cohort
from radiogenomics.genomics.markers.genes import Selections, tallies
from radiogenomics.genomics.markers.rows import ALTERED, NOT_ASSAYED, WILD_TYPE, Block, note


def pathway_blocks(
    cohort: Cohort, assayed: Assayed, selections: Selections, options: Pathways, *, trust_gaps: bool
) -> Iterator[Block]:
    """One block for each set that somebody has an alteration in.

    A patient without an alteration is wild type if the state of at least ``min_assayed`` of the set's genes is known:
    the gene was assayed, and no genotype of a variant that others carry is missing.

    Raises
    ------
    MissingFileError, GeneSetsError, MarkersError
        A file has no gene that anybody carries a variant in, a set stands twice or is called like a gene.
    """
    number_of = {gene: number for number, gene in enumerate(cohort.genes)}
    seen: set[str] = set(number_of)
    for path in options.files:
        sets = read_gmt(path)
        if number_of and not any(gene in number_of for genes in sets.values() for gene in genes):
            example = next((genes[0] for genes in sets.values()), "none")
            raise MarkersError(path, f"no variant lies in a gene of its sets, for instance {example!r}", HINT)
        for name, genes in sets.items():
            if name in seen:
                raise MarkersError(path, f"set {name!r} is called like a gene or another set", "rename the set")
            seen.add(name)
            yield from _set(name, genes, cohort, assayed, selections, options.min_assayed, trust_gaps, number_of)


def _set(
    name: str,
    genes: Sequence[str],
    cohort: Cohort,
    assayed: Assayed,
    selections: Selections,
    min_assayed: float,
    trust_gaps: bool,
    number_of: dict[str, int],
) -> Iterator[Block]:
    own = np.array(sorted(number_of[gene] for gene in genes if gene in number_of), np.intp)
    if not len(own):
        return
    ordered = [cohort.genes[number] for number in own]
    ordered += [gene for gene in genes if gene not in number_of]
    on_assay = assayed.of(ordered)
    names, states, notes, totals, copies = [], [], [], [], []
    for kind, selected in selections.items():
        counts, doses, gaps = tallies(cohort, selected, own)
        if not counts.any():
            continue
        known = on_assay.copy()
        known[: len(own)] &= trust_gaps | (gaps == 0)
        altered, enough = counts.any(axis=0), known.mean(axis=0) >= min_assayed
        names.append((f"{name}:{kind}", name, kind))
        states.append(np.where(altered, ALTERED, np.where(enough, WILD_TYPE, NOT_ASSAYED)))
        notes.append(np.where(altered | enough, 0, note("genes of the set not known")))
        totals.append(counts.sum(axis=0))
        copies.append(doses.sum(axis=0))
    if names:
        state, reason = (np.array(each, np.int8) for each in (states, notes))
        total, dose = (np.array(each, np.int32) for each in (totals, copies))
        yield Block("variants", names, state, reason, total, dose)
