"""Exact complete-case least squares of every feature on every marker.

For one model, feature = design · γ + marker · β + error. By the theorem of Frisch, Waugh and Lovell β is the slope of
the residual of the feature on the residual of the marker, both after projection on the design. Nothing is imputed: each
pair is fitted on the patients that have both and every covariate, whatever the pattern of missing values. One matrix
product serves all pairs; what a missing value changes is worked out from the few rows that are missing
(``projection``). Where that leaves too few digits, the pair is fitted on its own (``exact``).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.flags import TESTED
from radiogenomics.association.groups import Group, Rules, groups
from radiogenomics.association.tail import Tails

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Block = tuple[slice, dict[str, "Fits"]]

# A block holds about this many pairs (15 MB of results) and this many values of markers (8 MB).
BLOCK_PAIRS, BLOCK_VALUES = 2**18, 2**20


@dataclass(frozen=True)
class Fits:
    """One model, pairs of all features and some markers: arrays (n_features, n_markers), NaN where not TESTED.

    ``flag`` indexes ``tables.NOT_TESTED_REASONS``; ``hc3`` says whether ``se`` is HC3 instead of ordinary, and
    ``recomputed`` whether the pair was fitted on its own for want of digits.
    """

    estimate: FloatArray
    se: FloatArray
    t: FloatArray
    df: NDArray[np.int32]
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    n_carriers: NDArray[np.int32]
    flag: NDArray[np.int8]
    hc3: BoolArray
    recomputed: BoolArray

    @property
    def half_width(self) -> FloatArray:
        """Half the width of the 95 % confidence interval."""
        most = int(self.df.max(initial=1))
        quantile = special.stdtrit(np.maximum(np.arange(most + 1), 1), 0.975)
        half: FloatArray = quantile[np.maximum(self.df, 0)] * self.se
        return half


def fit(features: FloatArray, markers: FloatArray, design: FloatArray, rules: Rules, *, threads: int = 1) -> Fits:
    """Fit every pair on the patients that have the feature, the marker and every column of the design.

    Parameters
    ----------
    features : (n_patients, n_features) float64
        NaN where missing.
    markers : (n_patients, n_markers) float64
        1 for carriers, 0 for the others, or a dosage; NaN where not assayed.
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing. Columns may be collinear; their span is what counts.
    rules : Rules
        Which pairs are tested, and how.
    threads : int
        Blocks of markers at a time. The results have the same bits for any number.
    """
    scan = Scan(features, {"": design}, rules, threads)
    parts = [fits[""] for _, fits in scan.run(lambda part: markers[:, part], scan.blocks(markers.shape[1]))]
    return Fits(*(np.hstack([getattr(part, field.name) for part in parts]) for field in fields(Fits)))


class Scan:
    """Features (n_patients, n_features) made ready for several designs, to be fitted on markers block by block.

    Memory is that of the features for each design and of ``2 · threads`` blocks, however many markers there are.
    """

    def __init__(self, features: FloatArray, designs: Mapping[str, FloatArray], rules: Rules, threads: int = 1) -> None:
        self.rules, self.threads = rules, threads
        self.n_patients, self.n_features = features.shape
        self._groups = {name: groups(features, design) for name, design in designs.items()}
        self._tails = Tails()

    def blocks(self, n_markers: int) -> list[slice]:
        """Markers cut into blocks, at least one; how does not depend on the number of threads."""
        step = max(1, min(BLOCK_PAIRS // max(self.n_features, 1), BLOCK_VALUES // max(self.n_patients, 1)))
        return [slice(start, min(start + step, n_markers)) for start in range(0, max(n_markers, 1), step)]

    def run(self, markers: Callable[[slice], FloatArray], blocks: Iterable[slice]) -> Iterator[Block]:
        """Fit the blocks, in order. ``markers`` gives the values (n_patients, n) of one, from several threads."""

        def work(block: slice) -> Block:
            values = np.ascontiguousarray(markers(block).T, dtype=np.float64)
            return block, {name: self._fit(values, parts) for name, parts in self._groups.items()}

        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Block]] = deque()
            for block in blocks:
                waiting.append(pool.submit(work, block))
                if len(waiting) >= 2 * self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _fit(self, markers: FloatArray, parts: Sequence[Group]) -> Fits:
        """All features on the markers (n_markers, n_patients) under one design."""
        shape = (len(markers), self.n_features)
        estimate, se = np.full(shape, np.nan), np.full(shape, np.nan)
        df, n, n_carriers = (np.zeros(shape, np.int32) for _ in range(3))
        flag, hc3, recomputed = np.zeros(shape, np.int8), np.zeros(shape, bool), np.zeros(shape, bool)
        for group in parts:
            found = group.fit(markers, self.rules)
            where = group.columns
            estimate[:, where], se[:, where], df[:, where] = found.slope, found.se, found.df
            n[:, where], n_carriers[:, where], flag[:, where] = found.n, found.carriers, found.flag
            hc3[:, where], recomputed[:, where] = found.hc3, found.recomputed
        t = estimate / se
        p, neg_log10_p = self._tails(t, df)
        return Fits(
            estimate=estimate.T,
            se=se.T,
            t=t.T,
            df=df.T,
            p=p.T,
            neg_log10_p=neg_log10_p.T,
            n=n.T,
            n_carriers=n_carriers.T,
            flag=flag.T,
            hc3=hc3.T,
            recomputed=recomputed.T,
        )


__all__ = ["TESTED", "Fits", "Rules", "Scan", "fit"]
