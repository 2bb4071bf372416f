"""Command: the tests once more on negative controls, of which only counts are kept."""

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.adjusted import Adjusted
from radiogenomics.association.audit import together
from radiogenomics.association.controls import exceedance_of, random_features, shuffled_identities, specificity
from radiogenomics.association.copies import Copied, read_copies
from radiogenomics.association.design import Markers, rank_normal
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.scan import Block, Scan
from radiogenomics.association.tally import Tally
from radiogenomics.config.association import Association

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SHUFFLED, RANDOM, SYNONYMOUS, SHUFFLED_VOXELS, RANDOM_REGIONS = tables.CONTROL_KINDS


def controls(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    settings: str,
    threads: int,
    controls: Path,
    exceedance: Path,
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
    """
    inputs = Inputs.read(features, markers, covariates, settings, stability)
    synonymous = inputs.carriers(("synonymous",)) if inputs.options.controls.synonymous else None
    counts, shares = [tables.CONTROLS.frame([])], [tables.EXCEEDANCE.frame([])]
    for number, analysis in enumerate(inputs.analyses()):
        runs = Runs.of(analysis, threads)
        for kind, found in runs.controls(number, synonymous, copies):
            counts.append(tables.CONTROLS.frame(_control_rows(analysis.name, kind, runs.data, found)))
            if kind != SYNONYMOUS:
                shares += _exceedance(analysis, kind, runs)
            _tell(counts[-1], inputs.options.alpha)
    provenance = inputs.provenance(*inputs.options.files, *copies)
    tables.CONTROLS.write(together(tables.CONTROLS, counts), controls, provenance)
    tables.EXCEEDANCE.write(together(tables.EXCEEDANCE, shares), exceedance, provenance)


@dataclass(frozen=True)
class Count:
    """Tests and hits of one run under one adjustment."""

    tested: int
    pairs: int
    genes: int


@dataclass
class Hits:
    """Hits of the data under one adjustment, and how many runs tested the pair (``n``) and ``reached`` its p."""

    feature: IntArray
    marker: IntArray
    height: FloatArray
    n: IntArray = field(init=False)
    reached: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget the runs."""
        self.n, self.reached = np.zeros((2, len(self.feature)), np.int64)

    def compare(self, block: slice, height: FloatArray) -> None:
        """Look at −log10 p (n_features, n_markers) of a block of a run; markers of hits are in ascending order."""
        here = slice(*np.searchsorted(self.marker, [block.start, block.stop]))
        found = height[self.feature[here], self.marker[here] - block.start]
        self.n[here] += np.isfinite(found)
        self.reached[here] += found >= self.height[here]


@dataclass(frozen=True)
class Runs:
    """Data of one analysis as a scan, its counts and hits by adjustment, and markers side by side by gene."""

    analysis: Analysis
    scan: Scan
    markers: Markers
    gene: IntArray
    data: dict[str, Count]
    hits: dict[str, Hits]
    threads: int

    @classmethod
    def of(cls, analysis: Analysis, threads: int) -> "Runs":
        """Test the data."""
        scan = analysis.scan(analysis.ranked, threads)
        markers, gene = analysis.markers.by_gene()
        counts, adjusted = counted(scan, markers, gene, analysis.options)
        hits = _hits(scan, markers, gene, adjusted, analysis.options.alpha)
        return cls(analysis, scan, markers, gene, counts, hits, threads)

    def controls(
        self, number: int, synonymous: Markers | None, copies: Sequence[Path]
    ) -> Iterator[tuple[str, list[dict[str, Count]]]]:
        """The counts of the runs of each control that is asked for; ``hits`` is compared with the last one."""
        wanted, seed = self.analysis.options.controls, self.analysis.options.seed
        for kind, make in ((SHUFFLED, self._shuffled), (RANDOM, self._random)):
            n_runs = wanted.shuffled_identities if kind == SHUFFLED else wanted.random_features
            if n_runs:
                for hits in self.hits.values():
                    hits.clear()
                rng = np.random.default_rng([seed, number, tables.CONTROL_KINDS.index(kind)])
                yield kind, list(make(n_runs, rng))
        for kind, n_runs in ((SHUFFLED_VOXELS, wanted.shuffled_voxels), (RANDOM_REGIONS, wanted.random_regions)):
            if n_runs:
                for hits in self.hits.values():
                    hits.clear()
                yield kind, list(self._copied(read_copies(copies, kind, self.analysis.features)))
        if synonymous is not None:
            markers, gene = synonymous.by_gene()
            yield SYNONYMOUS, [counted(self.scan, markers, gene, self.analysis.options)[0]]

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

    def _copied(self, copied: Copied) -> Iterator[dict[str, Count]]:
        """Features of changed images; volume, covariates and markers stay."""
        for features in copied:
            yield self._run(self.analysis.scan(rank_normal(features.values), self.threads), self.markers)

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


def _run(scan: Scan, markers: Markers) -> Iterator[Block]:
    return scan.run(lambda block: markers.values[:, block], scan.blocks(markers.values.shape[1]), markers.numbers)


def exchanged(analysis: Analysis) -> NDArray[np.intp]:
    """Group (n_patients,) of each patient for shuffling: level of ``exchange_within``, images, all covariates or not.

    So every run has as many complete patients as the data.
    """
    levels = pd.factorize(analysis.groups("exchange_within"), sort=True)[0]
    complete = [np.isfinite(design).all(axis=1) for design in analysis.designs.values()]
    key = np.column_stack([levels, analysis.imaged, *complete])
    return np.unique(key, axis=0, return_inverse=True)[1].ravel().astype(np.intp)


def _hits(scan: Scan, markers: Markers, gene: IntArray, adjusted: dict[str, Adjusted], alpha: float) -> dict[str, Hits]:
    """Hits of the data; adjusting a p-value needs all others, so they are found in a second pass."""
    found: dict[str, list[tuple[IntArray, IntArray, FloatArray]]] = {adjustment: [] for adjustment in adjusted}
    for block, fits in _run(scan, markers):
        for adjustment, fit in fits.items():
            marker, feature = np.divmod(np.arange(fit.p.size), fit.p.shape[0])
            p = fit.p.T.ravel()
            q = adjusted[adjustment].columns(p, gene[block][marker])[0]["q_two_level"]
            hit = q < alpha
            height = fit.neg_log10_p.T.ravel()[hit]
            found[adjustment].append((feature[hit], marker[hit] + block.start, height))
    return {
        adjustment: Hits(*(np.concatenate(part) for part in zip(*parts, strict=True)))
        for adjustment, parts in found.items()
    }


def _control_rows(
    analysis: str, kind: str, data: dict[str, Count], runs: list[dict[str, Count]]
) -> Iterator[dict[str, object]]:
    for adjustment, own in data.items():
        tested = float(np.mean([run[adjustment].tested for run in runs]))
        for counted_as, hits, of_runs in (
            ("pair", own.pairs, [run[adjustment].pairs for run in runs]),
            ("gene", own.genes, [run[adjustment].genes for run in runs]),
        ):
            yield {
                "analysis": analysis,
                "adjustment": adjustment,
                "control": kind,
                "counted": counted_as,
                "n_runs": len(runs),
                "n_tested": own.tested,
                "n_hits": hits,
                "control_tested": tested,
                "control_hits": float(np.mean(of_runs)),
                **_ratio(hits, np.array(of_runs), own.tested / tested if tested else math.nan),
            }


def _ratio(hits: int, runs: IntArray, scale: float) -> dict[str, object]:
    """Specificity with its bounds; of one run only the ratio, by pair tested (``scale`` is tests of data / control)."""
    if len(runs) == 1:
        ratio = hits / (runs[0] * scale) if runs[0] else math.nan
        numbers = {"ratio": ratio, **dict.fromkeys(("ratio_low", "ratio_high", "p", "dispersion"), math.nan)}
    else:
        found = specificity(hits, runs)
        numbers = {"ratio": found.ratio, "ratio_low": found.low, "ratio_high": found.high}
        numbers |= {"p": found.p, "dispersion": found.dispersion}
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _exceedance(analysis: Analysis, kind: str, runs: Runs) -> Iterator[pd.DataFrame]:
    features = analysis.features.names["feature"].to_numpy(object)
    names = runs.markers.names
    for adjustment, hits in runs.hits.items():
        if not len(hits.feature):
            continue
        found = exceedance_of(hits.reached.astype(np.intp), hits.n.astype(np.intp))
        yield pd.DataFrame(
            {
                "analysis": analysis.name,
                "adjustment": adjustment,
                "control": kind,
                "feature": features[hits.feature],
                "marker": names["marker"].to_numpy(object)[hits.marker],
                "gene": names["gene"].to_numpy(object)[hits.marker],
                "neg_log10_p": hits.height,
                "n_runs": hits.n,
                "share": found.share,
                "share_low": found.low,
                "share_high": found.high,
            }
        )


def _tell(rows: pd.DataFrame, alpha: float) -> None:
    for row in rows[rows["counted"] == "pair"].itertuples(index=False):
        logger.info(
            "%s, %s, %s: %d pairs below FDR %g in the data, %.2f on average in %d run(s) of the control",
            *(row.analysis, row.adjustment, row.control, row.n_hits, alpha, row.control_hits, row.n_runs),
        )
