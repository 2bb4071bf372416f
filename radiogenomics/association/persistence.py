"""Command: hits of the study looked for again in perturbed copies of the whole cohort.

Each number of a copy makes one data set: every patient's features from one perturbed image, volume among them, with the
patient's own markers and covariates. It is harmonised and tested like the study, all pairs of the fullest adjustment,
and p-values are adjusted anew: would this study, with these images, have reported the hit? A fixed limit of p would be
that of the data for one gene only, since the two levels of adjustment give each gene its own.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.adjusted import Adjusted
from radiogenomics.association.audit import together
from radiogenomics.association.controls import exceedance_of
from radiogenomics.association.design import Features, Markers
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.scan import Fits
from radiogenomics.association.tally import Tally

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


def persist(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    settings: str,
    stability: Path,
    copies: Sequence[Path],
    threads: int,
    persistence: Path,
) -> None:
    """Write for each hit under the fullest adjustment in which share of the perturbed cohorts it is a hit again.

    Raises
    ------
    MissingFileError, TableError, NoVolumeFeatureError, VolumeNotPositiveError, UnknownClassError, NoCommonPatientError
        As ``association test``.
    NoCopiesError
        No batch has a perturbed copy.
    """
    inputs = Inputs.read(features, markers, covariates, settings, stability)
    bounds = tables.STABILITY.read(stability)
    parts = [tables.PERSISTENCE.frame([])]
    for analysis in inputs.analyses():
        copied = inputs.copied(copies, analysis.name, tables.COPY_KINDS[0])
        low = bounds[bounds["analysis"].astype(str) == analysis.name].astype({"feature": str})
        parts.append(persistence_frame(analysis, copied, low.set_index("feature")["icc_low"], threads))
        _tell(parts[-1], analysis)
    tables.PERSISTENCE.write(
        together(tables.PERSISTENCE, parts), persistence, inputs.provenance(*inputs.options.files, *copies)
    )


@dataclass(frozen=True)
class Pairs:
    """Some pairs by number of feature and of marker, (n_pairs,) each, markers in ascending order."""

    feature: IntArray
    marker: IntArray


@dataclass(frozen=True)
class Found:
    """What a data set says of some pairs, arrays (n_pairs,); NaN and False where a pair was not tested."""

    height: FloatArray
    estimate: FloatArray
    hit: BoolArray


def persistence_frame(analysis: Analysis, copied: Iterable[Features], icc_low: pd.Series, threads: int) -> pd.DataFrame:
    """Rows of ``tables.PERSISTENCE`` from the features of each copy; ``icc_low`` by feature."""
    markers, gene = analysis.markers.by_gene()
    pairs, own = _hits(analysis, markers, gene, threads)
    sets = [_found(replace(analysis, features=features), markers, gene, pairs, threads) for features in copied]
    names = analysis.features.names["feature"].to_numpy(object)[pairs.feature]
    extracted = analysis.features.extracted[pairs.feature]
    height = np.array([found.height for found in sets]).reshape(len(sets), len(names))
    tested = np.isfinite(height) & extracted
    same = np.array([np.sign(found.estimate) == np.sign(own.estimate) for found in sets]).reshape(tested.shape) & tested
    again = np.array([found.hit for found in sets]).reshape(tested.shape) & same
    n, n_hits = tested.sum(axis=0), again.sum(axis=0)
    share = exceedance_of(n_hits, n)
    medians = [
        np.median(column[known]) if known.any() else np.nan for column, known in zip(height.T, tested.T, strict=True)
    ]
    frame = pd.DataFrame(
        {
            "analysis": analysis.name,
            "adjustment": list(analysis.adjustments)[-1],
            "feature": names,
            "marker": markers.names["marker"].to_numpy(object)[pairs.marker],
            "gene": markers.names["gene"].to_numpy(object)[pairs.marker],
            "neg_log10_p": own.height,
            "n_copies": n,
            "n_hits": n_hits,
            "share": share.share,
            "share_low": share.low,
            "share_high": share.high,
            "n_same_sign": same.sum(axis=0),
            "median_neg_log10_p": np.array(medians, float),
            "icc_low": icc_low.reindex(names).to_numpy(float),
        }
    )
    return tables.PERSISTENCE.conform(frame, tables.PERSISTENCE.name)


def _hits(analysis: Analysis, markers: Markers, gene: IntArray, threads: int) -> tuple[Pairs, Found]:
    """The hits of the data, and what it says of them; adjusting a p-value needs all others, hence the second pass."""
    adjusted = _adjusted(analysis, markers, gene, threads)
    parts: list[tuple[IntArray, IntArray]] = []
    for block, fit in _blocks(analysis, markers, threads):
        marker, feature = np.divmod(np.arange(fit.p.size), fit.p.shape[0])
        q = adjusted.columns(fit.p.T.ravel(), gene[block][marker])[0]["q_two_level"]
        hit = q < analysis.options.alpha
        parts.append((feature[hit], marker[hit] + block.start))
    pairs = Pairs(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    return pairs, _found(analysis, markers, gene, pairs, threads)


def _found(analysis: Analysis, markers: Markers, gene: IntArray, pairs: Pairs, threads: int) -> Found:
    """What a data set says of some pairs, its p-values adjusted over all of its own."""
    p, height, estimate = np.full((3, len(pairs.feature)), np.nan)

    def look(block: slice, fit: Fits) -> None:
        here = slice(*np.searchsorted(pairs.marker, [block.start, block.stop]))
        place = pairs.feature[here], pairs.marker[here] - block.start
        p[here], height[here], estimate[here] = fit.p[place], fit.neg_log10_p[place], fit.estimate[place]

    adjusted = _adjusted(analysis, markers, gene, threads, look)
    q = adjusted.columns(p, gene[pairs.marker])[0]["q_two_level"]
    return Found(height, estimate, q < analysis.options.alpha)


def _adjusted(
    analysis: Analysis,
    markers: Markers,
    gene: IntArray,
    threads: int,
    look: Callable[[slice, Fits], None] | None = None,
) -> Adjusted:
    """Test all pairs and adjust their p-values; ``look`` sees each block."""
    tally = Tally(analysis.options.keep_p_below, gene)
    for block, fit in _blocks(analysis, markers, threads):
        tally.add(block.start, fit)
        if look is not None:
            look(block, fit)
    return tally.adjust()


def _blocks(analysis: Analysis, markers: Markers, threads: int) -> Iterator[tuple[slice, Fits]]:
    """The fits under the fullest adjustment, block by block of markers."""
    fullest = list(analysis.adjustments)[-1]
    scan = analysis.scan(analysis.ranked, threads, fullest)
    values = markers.values
    for block, fits in scan.run(lambda part: values[:, part], scan.blocks(values.shape[1]), markers.numbers):
        yield block, fits[fullest]


def _tell(rows: pd.DataFrame, analysis: Analysis) -> None:
    if len(rows):
        logger.info(
            "%s, %s: %d hits, of which %d are hits again in every copy of the cohort and %d in fewer than half",
            *(analysis.name, rows["adjustment"].iloc[0], len(rows)),
            *(int((rows["share"] == 1).sum()), int((rows["share"] < 0.5).sum())),
        )
