"""Command: the tests once more on negative controls, of which only counts are kept."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.adjusted import Adjusted
from radiogenomics.association.audit import together
from radiogenomics.association.control_rows import Count, Hits, control_rows, exceedance_frames, tell
from radiogenomics.association.controls import random_features, shuffled_identities
from radiogenomics.association.design import Features, Markers, rank_normal
from radiogenomics.association.gene_sets import GeneSets, gene_sets
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.scan import Block, Scan
from radiogenomics.association.tally import Tally
from radiogenomics.config.association import Association

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SHUFFLED, RANDOM, SYNONYMOUS, SETS, SHUFFLED_VOXELS, RANDOM_REGIONS = tables.CONTROL_KINDS


def controls(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    settings: str,
    threads: int,
    controls: Path,
    exceedance: Path,
    gene_sets: Sequence[Path] = (),
    min_assayed: float = 0.8,
    stability: Path | None = None,
    copies: Sequence[Path] = (),
) -> None:
    """Write hits in data and controls, and how each hit stands against the same pair of the controls.

    ``stability`` is the table that ``min_icc_low`` needs, ``copies`` the tables that controls of images need.

    Raises
    ------
    MissingFileError, TableError, NoVolumeFeatureError, VolumeNotPositiveError, UnknownClassError, NoCommonPatientError
        As ``association test``; the class ``synonymous`` may be the unknown one.
    NoGroupError
        ``exchange_within`` names no category of the covariates.
    NoCopiesError
        A control of images is asked for, and no copy has features.
    GeneSetsError, NoGeneSetError
        Random gene sets are asked for, and a file of sets cannot be used or no tested marker is a set.
    """
    inputs = Inputs.read(features, markers, covariates, settings, stability)
    synonymous = inputs.carriers(("synonymous",)) if inputs.options.controls.synonymous else None
    counts, shares = [tables.CONTROLS.frame([])], [tables.EXCEEDANCE.frame([])]
    for number, analysis in enumerate(inputs.analyses()):
        runs = Runs.of(analysis, threads)
        own = runs.controls(number, synonymous, (gene_sets, min_assayed))
        of_images = runs.image_controls(partial(inputs.copied, copies, analysis.name))
        for kind, (data, found, compared) in chain(own, of_images):
            counts.append(tables.CONTROLS.frame(control_rows(analysis.name, kind, data, found)))
            shares += exceedance_frames(analysis, kind, runs.markers.names, compared)
            tell(counts[-1], inputs.options.alpha)
    provenance = inputs.provenance(*inputs.options.files, *gene_sets, *copies)
    tables.CONTROLS.write(together(tables.CONTROLS, counts), controls, provenance)
    tables.EXCEEDANCE.write(together(tables.EXCEEDANCE, shares), exceedance, provenance)


# Counts of the data, those of the runs, and hits of the data as compared with the runs.
Outcome = tuple[dict[str, Count], list[dict[str, Count]], dict[str, Hits]]


@dataclass(frozen=True)
class Runs:
    """Data of one analysis as a scan, its counts and hits by adjustment, and markers side by side by gene."""

    analysis: Analysis
    scan: Scan
    markers: Markers
    gene: IntArray
    data: dict[str, Count]
    adjusted: dict[str, Adjusted]
    hits: dict[str, Hits]
    threads: int

    @classmethod
    def of(cls, analysis: Analysis, threads: int) -> "Runs":
        """Test the data."""
        scan = analysis.scan(analysis.ranked, threads)
        markers, gene = analysis.markers.by_gene()
        counts, adjusted = counted(scan, markers, gene, analysis.options)
        hits = _hits(scan, markers, gene, adjusted, analysis.options.alpha)
        return cls(analysis, scan, markers, gene, counts, adjusted, hits, threads)

    def controls(
        self, number: int, synonymous: Markers | None, sets: tuple[Sequence[Path], float]
    ) -> Iterator[tuple[str, Outcome]]:
        """The outcome of each control that is asked for."""
        wanted = self.analysis.options.controls
        for kind, n_runs, make in (
            (SHUFFLED, wanted.shuffled_identities, self._shuffled),
            (RANDOM, wanted.random_features, self._random),
        ):
            if n_runs:
                for hits in self.hits.values():
                    hits.clear()
                yield kind, (self.data, list(make(n_runs, self._rng(number, kind))), self.hits)
        if synonymous is not None:
            markers, gene = synonymous.by_gene()
            yield SYNONYMOUS, (self.data, [counted(self.scan, markers, gene, self.analysis.options)[0]], {})
        if wanted.random_gene_sets:
            yield SETS, self._sets(gene_sets(self.markers, *sets), wanted.random_gene_sets, self._rng(number, SETS))

    def image_controls(self, copied: Callable[[str], Iterator[Features]]) -> Iterator[tuple[str, Outcome]]:
        """The outcome of each control of changed images; ``copied`` gives the features of the copies of one kind.

        Volume, covariates and markers are those of the data.
        """
        wanted = self.analysis.options.controls
        for kind, n_runs in ((SHUFFLED_VOXELS, wanted.shuffled_voxels), (RANDOM_REGIONS, wanted.random_regions)):
            if n_runs:
                for hits in self.hits.values():
                    hits.clear()
                scans = (self.analysis.scan(rank_normal(features.values), self.threads) for features in copied(kind))
                yield kind, (self.data, [self._run(scan, self.markers) for scan in scans], self.hits)

    def _rng(self, number: int, kind: str) -> np.random.Generator:
        return np.random.default_rng([self.analysis.options.seed, number, tables.CONTROL_KINDS.index(kind)])

    def _sets(self, sets: GeneSets, n_runs: int, rng: np.random.Generator) -> Outcome:
        """Sets of other genes beside the same single genes: all pairs are adjusted together, those of sets counted."""
        only = np.isin(np.arange(len(self.markers.names)), sets.columns)
        own = _hits(self.scan, self.markers, self.gene, self.adjusted, self.analysis.options.alpha, only)
        runs = []
        for values in sets.drawn(self.markers.values, n_runs, rng):
            markers, alpha = replace(self.markers, values=values), self.analysis.options.alpha
            _, adjusted = counted(self.scan, markers, self.gene, self.analysis.options, own)
            found = _hits(self.scan, markers, self.gene, adjusted, alpha, only)
            runs.append({adjustment: hits.count(self.gene) for adjustment, hits in found.items()})
        return {adjustment: hits.count(self.gene) for adjustment, hits in own.items()}, runs, own

    def _shuffled(self, n_runs: int, rng: np.random.Generator) -> Iterator[dict[str, Count]]:
        """Markers of other patients; features, volume and covariates stay together."""
        for order in shuffled_identities(exchanged(self.analysis), n_runs, rng):
            yield self._run(self.scan, replace(self.markers, values=self.markers.values[order]))

    def _random(self, n_runs: int, rng: np.random.Generator) -> Iterator[dict[str, Count]]:
        values = self.analysis.features.values
        enough = np.isfinite(values).sum(axis=0) >= 2
        for _ in range(n_runs):
            drawn = np.full(values.shape, np.nan)
            drawn[:, enough] = random_features(values[:, enough], rng)
            yield self._run(self.analysis.scan(rank_normal(drawn), self.threads), self.markers)

    def _run(self, scan: Scan, markers: Markers) -> dict[str, Count]:
        return counted(scan, markers, self.gene, self.analysis.options, self.hits)[0]


def counted(
    scan: Scan, markers: Markers, gene: IntArray, options: Association, hits: dict[str, Hits] | None = None
) -> tuple[dict[str, Count], dict[str, Adjusted]]:
    """Tests and hits under each adjustment, as ``association test`` counts them, and the adjusted p-values.

    Parameters
    ----------
    scan : Scan
    markers : Markers
    gene : (n_markers,) int
        Number of the gene, rising along the markers.
    options : Association
    hits : dict of Hits, optional
        Pairs that are compared with those of this run.
    """
    tallies: dict[str, Tally] = {}
    for block, fits in _run(scan, markers):
        for adjustment, fit in fits.items():
            tallies.setdefault(adjustment, Tally(options.keep_p_below, gene)).add(block.start, fit)
            if hits is not None:
                hits[adjustment].compare(block, fit.neg_log10_p)
    adjusted = {adjustment: tally.adjust() for adjustment, tally in tallies.items()}
    counts = {
        adjustment: Count(tally.tested, *(count(options.alpha) for count in (of.levels.hits, of.levels.gene_hits)))
        for (adjustment, tally), of in zip(tallies.items(), adjusted.values(), strict=True)
    }
    return counts, adjusted


def _run(scan: Scan, markers: Markers, blocks: Sequence[slice] | None = None) -> Iterator[Block]:
    blocks = scan.blocks(markers.values.shape[1]) if blocks is None else blocks
    return scan.run(lambda block: markers.values[:, block], blocks, markers.numbers)


def exchanged(analysis: Analysis) -> NDArray[np.intp]:
    """Group (n_patients,) of each patient for shuffling: level of ``exchange_within``, images, all covariates or not.

    So every run has as many complete patients as the data.
    """
    levels = pd.factorize(analysis.groups("exchange_within"), sort=True)[0]
    complete = [np.isfinite(design).all(axis=1) for design in analysis.designs.values()]
    key = np.column_stack([levels, analysis.imaged, *complete])
    return np.unique(key, axis=0, return_inverse=True)[1].ravel().astype(np.intp)


def _hits(
    scan: Scan,
    markers: Markers,
    gene: IntArray,
    adjusted: dict[str, Adjusted],
    alpha: float,
    only: NDArray[np.bool_] | None = None,
) -> dict[str, Hits]:
    """Hits, of all markers or ``only`` some (n_markers,); a p-value is adjusted by all others, so in a second pass."""
    only = np.ones(markers.values.shape[1], np.bool_) if only is None else only
    blocks = scan.blocks(markers.values.shape[1])
    found: dict[str, list[tuple[IntArray, IntArray, FloatArray]]] = {adjustment: [] for adjustment in adjusted}
    tested = dict.fromkeys(adjusted, 0)
    for block, fits in _run(scan, markers, [block for block in blocks if only[block].any()] or blocks[:1]):
        for adjustment, fit in fits.items():
            marker, feature = np.divmod(np.arange(fit.p.size), fit.p.shape[0])
            p, wanted = fit.p.T.ravel(), only[block][marker]
            q = adjusted[adjustment].columns(p, gene[block][marker])[0]["q_two_level"]
            hit = (q < alpha) & wanted
            height = fit.neg_log10_p.T.ravel()[hit]
            found[adjustment].append((feature[hit], marker[hit] + block.start, height))
            tested[adjustment] += int((np.isfinite(p) & wanted).sum())
    hits = {}
    for adjustment, parts in found.items():
        features, of_hits, heights = (np.concatenate(part) for part in zip(*parts, strict=True))
        hits[adjustment] = Hits(features, of_hits, heights, tested[adjustment])
    return hits
