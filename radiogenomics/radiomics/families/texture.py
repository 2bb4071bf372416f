"""All texture families of a region, from few passes over its voxels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from radiogenomics.radiomics.families.emphases import emphases
from radiogenomics.radiomics.families.glcm import cooccurrence_features
from radiogenomics.radiomics.families.ngtdm import grey_tone_features
from radiogenomics.radiomics.matrices.cells import (
    Cells,
    Sums,
    batches,
    cooccurrences,
    dependences,
    joined,
    run_lengths,
    zone_matrix,
)
from radiogenomics.radiomics.matrices.layout import PLANE, VOLUME, Directions, Layout, lay_out, planes
from radiogenomics.radiomics.matrices.neighbourhood import Neighbourhood, directions_with_lines, neighbourhood
from radiogenomics.radiomics.matrices.zones import distance_from_border, zones
from radiogenomics.radiomics.nomenclature import names
from radiogenomics.radiomics.region import Aggregation, BoolArray, Definition, FloatArray, LevelArray, Values

MERGED: frozenset[Aggregation] = frozenset({"2d_slice_merged", "2.5d_merged", "3d_merged"})

# Values by name, one for each matrix; NaN where a matrix leaves the feature undefined.
Stack = dict[str, FloatArray]

# Why a family has no matrix, and why none of its matrices defines a feature.
NO_VOXELS = "no voxels"
NO_MATRIX = {"glcm": "no neighbours", "glrlm": "no line of two voxels", "ngtdm": "no neighbours"}
ONE_LEVEL = "one grey level"
UNDEFINED = {
    "Coarseness": "no grey level differences",
    "Strength": "no grey level differences",
    "Busyness": "level times voxels is the same for all grey levels",
}


def textures(
    levels: LevelArray,
    n_levels: int,
    morphology: BoolArray,
    *,
    definition: Definition,
    aggregation: Aggregation,
    families: Sequence[str],
) -> dict[str, Values]:
    """Compute texture features at Chebyshev distance 1.

    Parameters
    ----------
    levels : (z, y, x) int32
        Grey levels, 1 to ``n_levels`` in the intensity mask and 0 outside; C-contiguous.
    n_levels : int
        Number of grey levels of the discretisation.
    morphology : (z, y, x) bool
        Morphological mask, from whose border the zone distances are counted; it covers all levels.
    definition : Definition
        ``pyradiomics`` differs in that the number of levels is the highest that occurs, that grey tone differences
        count voxels without neighbours, that run lengths leave out directions in which no line holds two voxels, and
        in what ``cooccurrence_features`` says.
    aggregation : Aggregation
        What is counted in one matrix, and over which matrices features are averaged. Families without directions know
        only slices averaged (``2d``), slices merged (``2.5d``) and ``3d``.
    families : sequence of str
        ``glcm``, ``glrlm``, ``glszm``, ``ngtdm``, and ``gldzm`` and ``ngldm`` of the IBSI or ``gldm`` of pyradiomics.

    Returns
    -------
    dict of Values
        By family. Averages are over the matrices that define a feature.

    Raises
    ------
    ValueError
        A level is negative, above ``n_levels``, or outside the morphological mask.
    """
    highest = int(levels.max(initial=0))
    if highest > n_levels:
        raise ValueError(f"grey level {highest} is above the number of levels, {n_levels}")
    if definition == "pyradiomics":
        n_levels = highest
    parts = planes(levels, morphology) if aggregation.startswith("2d") else [(levels, morphology)] if highest else []
    slabs = [_Slab(*part, definition, aggregation) for part in parts]
    values = {}
    for family in families:
        stacks = list(_stacks(slabs, family, n_levels, definition)) if slabs else []
        if stacks:
            values[family] = _averages(stacks, names(family, definition))
        else:
            values[family] = dict.fromkeys(names(family, definition), NO_MATRIX[family] if slabs else NO_VOXELS)
    return values


def _stacks(slabs: Sequence["_Slab"], family: str, n_levels: int, definition: Definition) -> Iterator[Stack]:
    """Values of a family for every matrix of every slab; nothing where there is no matrix."""
    if family == "ngtdm":
        for slab in slabs:
            yield from slab.grey_tones()
    elif family == "glcm":
        one_level = np.unique(np.concatenate([slab.layout.present for slab in slabs])).size == 1
        for cells in batches(cells for slab in slabs for cells in slab.cooccurrences()):
            if cells.number.size:
                yield cooccurrence_features(cells, n_levels, definition, one_level=one_level)
    else:
        cells = joined([slab.matrices(family) for slab in slabs])
        if cells.number.size:
            if family in ("glrlm", "glszm"):
                n_voxels = Sums(cells.matrix)(cells.number * cells.column)
            else:
                n_voxels = np.array([slab.n_voxels for slab in slabs])
            ordered = names("ngldm" if family == "gldm" else family, "ibsi")
            yield dict(zip(ordered, emphases(cells, n_voxels), strict=False))


def _averages(stacks: Sequence[Stack], wanted: Sequence[str]) -> Values:
    """Average each feature over the matrices that define it, or say why none does."""
    table = np.hstack([np.array([stack[name] for name in wanted]) for stack in stacks])
    defined = ~np.isnan(table)
    number = defined.sum(axis=1)
    averages = np.where(defined, table, 0).sum(axis=1) / np.maximum(number, 1)
    return {
        name: average if n else UNDEFINED.get(name, ONE_LEVEL)
        for name, average, n in zip(wanted, averages.tolist(), number.tolist(), strict=True)
    }


@dataclass(frozen=True)
class _Slab:
    """Voxels that are counted together: one slice or all."""

    levels: LevelArray
    morphology: BoolArray
    definition: Definition
    aggregation: Aggregation

    @cached_property
    def directions(self) -> Directions:
        return VOLUME if self.aggregation.startswith("3d") else PLANE

    @cached_property
    def merged(self) -> bool:
        return self.aggregation in MERGED

    @cached_property
    def layout(self) -> Layout:
        return lay_out(self.levels)

    @cached_property
    def n_voxels(self) -> int:
        return int(self.layout.voxels.sum())

    @cached_property
    def counts(self) -> Neighbourhood:
        return neighbourhood(self.layout, self.directions)

    @cached_property
    def zones(self) -> tuple[LevelArray, LevelArray, LevelArray]:
        """Level, size and distance of each zone; pyradiomics has no use for distances, so they are not computed."""
        layout = self.layout
        distance = layout.levels
        if self.definition == "ibsi":
            distance = distance_from_border(self.morphology, in_plane=self.directions is PLANE)
        found = zones(layout.levels, distance, layout.offsets(self.directions), self.n_voxels)
        if not found[2].all():
            raise ValueError("a grey level lies outside the morphological mask")
        return found

    def cooccurrences(self) -> Iterator[Cells]:
        return cooccurrences(self.layout, self.counts, self.directions, merged=self.merged)

    def matrices(self, family: str) -> Cells:
        """Matrices of grey levels against another quantity."""
        if family == "glrlm":
            runs = self.counts.runs
            if self.definition == "pyradiomics":
                runs = runs[:, directions_with_lines(self.layout, self.counts, self.directions)]
            return run_lengths(self.layout, self.counts.first_run, runs, merged=self.merged)
        if family in ("ngldm", "gldm"):
            return dependences(self.layout, self.counts)
        level, size, distance = self.zones
        return zone_matrix(level, size if family == "glszm" else distance)

    def grey_tones(self) -> Iterator[Stack]:
        counts, n_voxels = self.counts, self.layout.voxels
        if self.definition == "ibsi":
            n_voxels = n_voxels - counts.isolated
        seen = n_voxels > 0
        if seen.any():
            neighbours = np.arange(1, counts.differences.shape[1])
            difference = (counts.differences[:, 1:] / neighbours).sum(axis=1)
            yield grey_tone_features(self.layout.present[seen], n_voxels[seen], difference[seen])
