"""Counts of data and negative controls, and their rows in the tables."""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.association.controls import exceedance_of, specificity
from radiogenomics.association.inputs import Analysis

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Count:
    """Tests and hits of one run under one adjustment."""

    tested: int
    pairs: int
    genes: int


@dataclass
class Hits:
    """Hits under one adjustment, and how many runs tested the pair (``n``) and ``reached`` its p.

    ``tested`` is the number of pairs that were tested, of those markers that were looked at.
    """

    feature: IntArray
    marker: IntArray
    height: FloatArray
    tested: int
    n: IntArray = field(init=False)
    reached: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.clear()

    def count(self, gene: IntArray) -> Count:
        """Tests, hits and genes found; ``gene`` (n_markers,) is the number of each marker's gene."""
        return Count(self.tested, len(self.feature), len(np.unique(gene[self.marker])))

    def clear(self) -> None:
        """Forget the runs."""
        self.n, self.reached = np.zeros((2, len(self.feature)), np.int64)

    def compare(self, block: slice, height: FloatArray) -> None:
        """Look at −log10 p (n_features, n_markers) of a block of a run; markers of hits are in ascending order."""
        here = slice(*np.searchsorted(self.marker, [block.start, block.stop]))
        found = height[self.feature[here], self.marker[here] - block.start]
        self.n[here] += np.isfinite(found)
        self.reached[here] += found >= self.height[here]


def control_rows(
    analysis: str, kind: str, data: dict[str, Count], runs: list[dict[str, Count]]
) -> Iterator[dict[str, object]]:
    """Rows of ``tables.CONTROLS`` of one control: counts of the data against those of its runs."""
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


def exceedance_frames(
    analysis: Analysis, kind: str, names: pd.DataFrame, compared: dict[str, Hits]
) -> Iterator[pd.DataFrame]:
    """Parts of ``tables.EXCEEDANCE`` of one control; ``names`` has a row for each marker that hits point to."""
    features = analysis.features.names["feature"].to_numpy(object)
    for adjustment, hits in compared.items():
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


def tell(rows: pd.DataFrame, alpha: float) -> None:
    """Log the counts of pairs."""
    for row in rows[rows["counted"] == "pair"].itertuples(index=False):
        logger.info(
            "%s, %s, %s: %d pairs below FDR %g in the data, %.2f on average in %d run(s) of the control",
            *(row.analysis, row.adjustment, row.control, row.n_hits, alpha, row.control_hits, row.n_runs),
        )
