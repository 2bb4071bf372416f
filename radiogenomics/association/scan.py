"""Every feature against every marker, block by block of markers, whatever the statistical model.

A model is a class that fits one block under each adjustment; how markers are cut, who works on which block and in which
order results come is the same for all, and so is all that follows: counts, adjusted p-values, rows.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Block = tuple[slice, dict[str, "Fits"]]

# What stands for the number of carriers where there is none to be too small.
ENOUGH = np.iinfo(np.int64).max
# A block holds about this many pairs (15 MB of results) and this many values of markers (8 MB).
BLOCK_PAIRS, BLOCK_VALUES = 2**18, 2**20


class Tested(Protocol):
    """p-values (n_features, n_markers) as they are counted: ``flag`` is 0 where there is one."""

    @property
    def p(self) -> FloatArray:
        """NaN where not tested."""

    @property
    def neg_log10_p(self) -> FloatArray:
        """−log10 p."""

    @property
    def flag(self) -> NDArray[np.int8]:
        """Why there is no p; at most as many reasons as ``tables.NOT_TESTED_REASONS``."""

    @property
    def recomputed(self) -> BoolArray:
        """Whether the pair was fitted on its own."""


@dataclass(frozen=True)
class Fits:
    """One adjustment, pairs of all features and some markers: arrays (n_features, n_markers), NaN where not TESTED.

    ``statistic`` is Student's t where ``df`` is above 0, and a normal deviate where it is 0. ``se`` is NaN too where
    the method has none. ``flag`` indexes ``tables.NOT_TESTED_REASONS``, ``method`` indexes ``tables.METHODS``, and
    ``recomputed`` says whether the pair was fitted on its own for want of digits.
    """

    estimate: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: NDArray[np.int32]
    p: FloatArray
    neg_log10_p: FloatArray
    n: NDArray[np.int32]
    n_carriers: NDArray[np.int32]
    flag: NDArray[np.int8]
    method: NDArray[np.int8]
    recomputed: BoolArray

    @property
    def half_width(self) -> FloatArray:
        """Half the width of the 95 % confidence interval."""
        most = int(self.df.max(initial=1))
        quantile = special.stdtrit(np.maximum(np.arange(most + 1), 1), 0.975)
        quantile[0] = special.ndtri(0.975)
        half: FloatArray = quantile[np.maximum(self.df, 0)] * self.se
        return half


class Scan(ABC):
    """Features made ready for several adjustments, to be fitted on markers block by block.

    ``effect`` is what the estimates are, one of ``tables.EFFECTS``, and ``effect_of_numbers`` what those of markers are
    that are numbers; to these the smallest number of carriers does not apply.
    """

    effect: str
    effect_of_numbers: str
    block_pairs = BLOCK_PAIRS

    def __init__(self, features: FloatArray, threads: int = 1) -> None:
        self.n_patients, self.n_features = features.shape
        self.threads = threads

    @abstractmethod
    def fit(self, markers: FloatArray, numbers: BoolArray | None = None) -> dict[str, Fits]:
        """Fit all features on markers (n_markers, n_patients) under each adjustment; called from several threads.

        ``numbers`` (n_markers,) marks those that are no carrier status; None if all are.
        """

    def blocks(self, n_markers: int) -> list[slice]:
        """Markers cut into blocks, at least one; how does not depend on the number of threads."""
        step = max(1, min(self.block_pairs // max(self.n_features, 1), BLOCK_VALUES // max(self.n_patients, 1)))
        return [slice(start, min(start + step, n_markers)) for start in range(0, max(n_markers, 1), step)]

    def run(
        self, markers: Callable[[slice], FloatArray], blocks: Iterable[slice], numbers: BoolArray | None = None
    ) -> Iterator[Block]:
        """Fit the blocks, in order. ``markers`` gives the values (n_patients, n) of one, from several threads.

        ``numbers`` marks those of all markers that are no carrier status.
        """

        def work(block: slice) -> Block:
            values = np.ascontiguousarray(markers(block).T, dtype=np.float64)
            return block, self.fit(values, None if numbers is None else numbers[block])

        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[Future[Block]] = deque()
            for block in blocks:
                waiting.append(pool.submit(work, block))
                if len(waiting) >= 2 * self.threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
