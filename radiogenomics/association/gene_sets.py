"""Random gene sets: markers like those of the pathways, made of other genes that were recorded.

A pathway counts as altered in a patient if any gene of it is. So a set that is large, or of genes that many carry, has
more carriers and more power, whatever its genes do. Sets of as many genes with like numbers of carriers have the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.controls import carrier_bins, random_sets
from radiogenomics.association.design import Markers
from radiogenomics.association.errors import NoGeneSetError
from radiogenomics.gene_sets import read_gmt

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# Genes are replaced by those of their bin by number of carriers: at most so many bins, of at least about so many genes.
MAX_BINS, GENES_IN_BIN = 10, 20


@dataclass(frozen=True)
class OneClass:
    """Sets of one class of variants.

    ``columns`` (n_sets,) are the sets' markers, ``universe`` (n_genes,) the markers of single genes that can be drawn,
    ``members`` those of each set as places in the universe, ``strata`` (n_genes,) their bin by number of carriers.
    """

    columns: IntArray
    universe: IntArray
    members: Sequence[IntArray]
    strata: IntArray


@dataclass(frozen=True)
class GeneSets:
    """The tested markers that are sets of genes, class by class."""

    classes: Sequence[OneClass]
    min_assayed: float

    @property
    def columns(self) -> IntArray:
        """Columns (n_sets,) of the markers of sets, in ascending order."""
        return np.sort(np.concatenate([one.columns for one in self.classes]))

    def drawn(self, values: FloatArray, n_runs: int, rng: np.random.Generator) -> Iterator[FloatArray]:
        """For each run the markers (n_patients, n_markers) with those of sets made of random genes.

        A set of which no gene was recorded has no control, so it is missing.
        """
        runs = [random_sets(one.members, one.strata, n_runs, rng) for one in self.classes]
        for drawn in zip(*runs, strict=True):
            changed = values.copy()
            for one, sets in zip(self.classes, drawn, strict=True):
                for column, genes in zip(one.columns, sets, strict=True):
                    changed[:, column] = marker_of(values[:, one.universe[genes]], self.min_assayed)
            yield changed


def marker_of(genes: FloatArray, min_assayed: float) -> FloatArray:
    """Whether any gene of a set is altered, (n_patients,) 1, 0 or NaN, from genes (n_patients, n_genes).

    As for the pathways: 0 needs the state of at least ``min_assayed`` of the genes to be known.
    """
    if not genes.shape[1]:
        return np.full(len(genes), np.nan)
    altered, known = (genes == 1).any(axis=1), np.isfinite(genes).mean(axis=1)
    return np.where(altered, 1.0, np.where(known >= min_assayed, 0.0, np.nan))


def gene_sets(markers: Markers, files: Sequence[Path], min_assayed: float) -> GeneSets:
    """Find the markers that are sets of the files.

    A marker is called ``<gene or set>:<class>``; genes of a set are looked for among the markers of single genes of its
    class.

    Raises
    ------
    MissingFileError, GeneSetsError
    NoGeneSetError
        No tested marker is a set of the files.
    """
    sets: dict[str, tuple[str, ...]] = {}
    for path in files:
        sets |= read_gmt(path)
    numbers = markers.numbers if markers.numbers is not None else np.zeros(len(markers.names), np.bool_)
    kinds: dict[str, tuple[list[int], dict[str, int]]] = {}
    for column, (marker, gene) in enumerate(markers.names[["marker", "gene"]].itertuples(index=False)):
        kind = marker.removeprefix(f"{gene}:")
        if numbers[column] or kind == marker:
            continue
        of_sets, of_genes = kinds.setdefault(kind, ([], {}))
        if gene in sets:
            of_sets.append(column)
        else:
            of_genes[gene] = column
    found = [
        _one_class(markers, of_sets, of_genes, sets) for of_sets, of_genes in kinds.values() if of_sets and of_genes
    ]
    if not found:
        raise NoGeneSetError([path.name for path in files], sorted(sets))
    return GeneSets(found, min_assayed)


def _one_class(
    markers: Markers, of_sets: Sequence[int], of_genes: Mapping[str, int], sets: Mapping[str, Sequence[str]]
) -> OneClass:
    place = {gene: number for number, gene in enumerate(of_genes)}
    universe = np.array(list(of_genes.values()), np.intp)
    names = markers.names["gene"].iloc[list(of_sets)]
    members = [np.array([place[gene] for gene in sets[name] if gene in place], np.intp) for name in names]
    carriers = (markers.values[:, universe] > 0).sum(axis=0).astype(np.intp)
    bins = int(np.clip(len(universe) // GENES_IN_BIN, 1, MAX_BINS))
    strata = carrier_bins(carriers, bins) if bins > 1 else np.zeros(len(universe), np.intp)
    return OneClass(np.array(of_sets, np.intp), universe, members, strata)
