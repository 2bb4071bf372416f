"""What is known of all p-values of one analysis and adjustment while only some of them are kept.

Every tested pair is counted in a histogram of −log10 p. Those below the limit are kept as numbers, and that is enough
to adjust them: a pair's q depends on its rank, which needs the number of tests and no p-value above it. Only the
minimum over larger p-values could be taken at one that was not kept; the histogram bounds those from below, and a q
above the bound is left out instead of guessed.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from radiogenomics.association.flags import TESTED
from radiogenomics.association.linear import Fits
from radiogenomics.tables import NOT_TESTED_REASONS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BINS_PER_DECADE, DECADES = 256, 40
LARGEST_BIN = BINS_PER_DECADE * DECADES  # it takes all that is beyond
# Rounding of −log10 p may put a pair into the neighbour of its bin.
EDGE = 1 - 1e-9


@dataclass(frozen=True)
class StepUp:
    """Benjamini-Hochberg adjusted p-values as a function of p: ``q[i]`` up to ``p[i]``, which ``rank[i]`` tests reach.

    ``limit`` is the largest p that was kept (None: all). Below ``exact_below`` a q is that over all tests to the last
    bit; a larger one is not known and left out, but it is known not to lie below.
    """

    p: FloatArray
    q: FloatArray
    rank: IntArray
    limit: float | None
    exact_below: float

    def __call__(self, p: FloatArray) -> FloatArray:
        """Adjusted values of p-values of any shape, NaN where p is NaN or q is not known."""
        found = np.full(p.shape, np.nan)
        known = np.isfinite(p) if self.limit is None else p <= self.limit
        if known.any():
            q = self.q[np.searchsorted(self.p, p[known])]
            found[known] = np.where(q < self.exact_below, q, np.nan)
        return found

    def hits(self, alpha: float) -> int:
        """Number of tests with an adjusted p-value below ``alpha``, as far as it is known."""
        below = int(np.searchsorted(self.q, min(alpha, self.exact_below)))
        return int(self.rank[below - 1]) if below else 0


@dataclass
class Tally:
    """Counts of one analysis and adjustment; ``limit`` is the largest p that is kept, None for all."""

    limit: float | None
    histogram: IntArray = field(default_factory=lambda: np.zeros(LARGEST_BIN + 1, np.int64))
    flags: IntArray = field(default_factory=lambda: np.zeros(len(NOT_TESTED_REASONS), np.int64))
    recomputed: int = 0
    _kept: list[FloatArray] = field(default_factory=list)

    @property
    def tested(self) -> int:
        """Number of tests."""
        return int(self.flags[TESTED])

    def add(self, fits: Fits) -> None:
        """Count the pairs of a block."""
        self.flags += np.bincount(fits.flag.ravel(), minlength=len(self.flags))
        self.recomputed += int(fits.recomputed.sum())
        tested = fits.flag == TESTED
        # Markers lie in memory one after the other, so these orders cost no copy.
        p, height = (fits.p, fits.neg_log10_p) if tested.all() else (fits.p[tested], fits.neg_log10_p[tested])
        bins = np.minimum(height.ravel(order="K") * BINS_PER_DECADE, LARGEST_BIN).astype(np.int64)
        self.histogram += np.bincount(bins, minlength=len(self.histogram))
        self._kept.append(p.ravel(order="K").copy() if self.limit is None else p[p <= self.limit])

    def adjust(self) -> StepUp:
        """Adjusted p-values, once all blocks are in; the kept p-values are given up."""
        p = np.sort(np.concatenate(self._kept)) if self._kept else np.zeros(0)
        self._kept.clear()
        q = np.minimum(p * (self.tested / np.arange(1, len(p) + 1)), 1)
        q = np.minimum.accumulate(q[::-1])[::-1]
        ends = np.flatnonzero(np.diff(q, append=np.inf))
        return StepUp(p[ends], q[ends], ends + 1, self.limit, self._bound())

    def inflation(self) -> float:
        """Genomic inflation λ: the median of the tests as χ² of one degree of freedom, over its expectation."""
        if not self.tested:
            return float("nan")
        at_least = np.cumsum(self.histogram[::-1])[::-1]  # by bin: tests with a p below its upper edge
        number = int(np.flatnonzero(at_least >= self.tested / 2)[-1])
        upper, lower = 10 ** (-np.array([number, number + 1]) / BINS_PER_DECADE)
        share = (at_least[number] - self.tested / 2) / self.histogram[number]
        return float(stats.chi2.isf(upper - share * (upper - lower), 1) / stats.chi2.isf(0.5, 1))

    def quantiles(self) -> tuple[FloatArray, FloatArray, IntArray]:
        """Of each bin that holds tests: −log10 of its upper p, the same if all p were uniform, and the tests in it."""
        bins = np.flatnonzero(self.histogram)
        at_least = np.cumsum(self.histogram[::-1])[::-1][bins]
        return bins / BINS_PER_DECADE, -np.log10(at_least / max(self.tested, 1)) + 0.0, self.histogram[bins]

    def _bound(self) -> float:
        """Smallest q that a p-value which was not kept can have."""
        if self.limit is None:
            return float("inf")
        at_least = np.cumsum(self.histogram[::-1])[::-1]
        smallest = 10 ** (-(np.arange(len(self.histogram)) + 1) / BINS_PER_DECADE)
        smallest[-1] = 0
        beyond = 10 ** (-np.arange(len(self.histogram)) / BINS_PER_DECADE) >= EDGE * self.limit
        beyond &= self.histogram > 0
        bounds = self.tested * np.maximum(smallest[beyond], self.limit) / at_least[beyond]
        return float(EDGE * min(bounds.min(initial=np.inf), 1))
