"""What is known of all p-values of one analysis and adjustment while only some of them are kept.

Every tested pair is counted in a histogram of −log10 p. Those below the limit are kept as numbers, and that is enough
to adjust them: a pair's q depends on its rank, which needs the number of tests and no p-value above it. Only the
minimum over larger p-values could be taken at one that was not kept; the histogram bounds those from below, and a q
above the bound is left out instead of guessed. ``levels`` does the same for genes and the pairs inside them.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from radiogenomics.association import multiplicity
from radiogenomics.association.adjusted import Adjusted, StepUp, adjusted
from radiogenomics.association.flags import TESTED
from radiogenomics.association.levels import EDGE, GENE_BINS, Genes, bins_above, bounds, levels
from radiogenomics.association.scan import Tested
from radiogenomics.compiled import kernel
from radiogenomics.tables import NOT_TESTED_REASONS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BINS_PER_DECADE, DECADES = 256, 40
LARGEST_BIN = BINS_PER_DECADE * DECADES  # it takes all that is beyond
FINE = BINS_PER_DECADE // GENE_BINS


@dataclass
class Tally:
    """Counts of one analysis and adjustment.

    ``limit`` is the largest p that is kept, None for all; ``gene`` the number of each marker's gene, rising along the
    markers, so that a gene is finished when the next begins; ``further`` names adjusted values beside the usual ones.
    """

    limit: float | None
    gene: IntArray
    further: Collection[str] = ()
    histogram: IntArray = field(default_factory=lambda: np.zeros(LARGEST_BIN + 1, np.int64))
    flags: IntArray = field(default_factory=lambda: np.zeros(len(NOT_TESTED_REASONS), np.int64))
    recomputed: int = 0
    _kept: list[FloatArray] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit >= 1:
            self.limit = None
        self._genes = Genes.empty(int(self.gene[-1]) + 1 if len(self.gene) else 0)
        self._open = np.zeros((1, bins_above(self.limit, LARGEST_BIN // FINE)), np.int64)  # of the last gene seen
        self._from_lambda = np.zeros(len(multiplicity.LAMBDAS) + 1 if "storey" in self.further else 0, np.int64)

    @property
    def tested(self) -> int:
        """Number of tests."""
        return int(self.flags[TESTED])

    def add(self, first: int, fits: Tested) -> None:
        """Count the pairs of the next block, whose markers begin with number ``first``."""
        self.flags += np.bincount(fits.flag.ravel(), minlength=len(self.flags))
        self.recomputed += int(fits.recomputed.sum())
        # Markers lie in memory one after the other, so turning the arrays costs no copy.
        p, height = (np.ascontiguousarray(part.T) for part in (fits.p, fits.neg_log10_p))
        flag = np.ascontiguousarray(fits.flag.T)
        if not len(p):
            return
        gene = self.gene[first : first + len(p)]
        counts = np.zeros((int(gene[-1] - gene[0]) + 1, self._open.shape[1]), np.int64)
        tested = np.zeros(len(counts), np.int64)
        limit = np.inf if self.limit is None else self.limit
        _count(p, height, flag, gene - gene[0], limit, self.histogram, tested, counts, self._from_lambda)
        if self.limit is None and tested.sum() == p.size:
            self._kept.append(p.ravel().copy())
        else:
            self._kept.append(p[p <= limit])
        self._settle(int(gene[0]), tested, counts)

    def _settle(self, first: int, tested: IntArray, counts: IntArray) -> None:
        """Add a block's counts to its genes. The last of them may go on in the next block."""
        genes, where = self._genes, slice(first, first + len(counts))
        genes.tested[where] += tested
        genes.kept[where] += tested - counts.sum(axis=1)
        if self.limit is None:
            return
        if genes.tested[first] > tested[0]:
            counts[0] += self._open[0]
        genes.low[where], genes.high[where] = bounds(counts, genes.tested[where], genes.kept[where], self.limit)
        self._open = counts[-1:]

    def adjust(self) -> Adjusted:
        """Adjusted p-values, once all blocks are in; the kept p-values are given up."""
        p = np.concatenate(self._kept) if self._kept else np.zeros(0)
        self._kept.clear()
        two = levels(p, self._genes)
        p.sort()
        q = np.minimum(p * (self.tested / np.arange(1, len(p) + 1)), 1)
        q = np.minimum.accumulate(q[::-1])[::-1]
        ends = np.flatnonzero(np.diff(q, append=np.inf))
        pooled = StepUp(p[ends], q[ends], self._bound())
        above = np.cumsum(self._from_lambda[::-1])[::-1][1:]
        return adjusted(two, pooled, p, self.tested, above, self.further)

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
        least = self.tested * np.maximum(smallest[beyond], self.limit) / at_least[beyond]
        return float(EDGE * min(least.min(initial=np.inf), 1))


@kernel(
    "void(float64[:,::1],float64[:,::1],int8[:,::1],int64[::1],float64,int64[::1],int64[::1],int64[:,::1],int64[::1])"
)
def _count(
    p: FloatArray,
    height: FloatArray,
    flag: NDArray[np.int8],
    gene: IntArray,
    limit: float,
    histogram: IntArray,
    tested: IntArray,
    beyond: IntArray,
    from_lambda: IntArray,
) -> None:
    """Count the tested pairs (n_markers, n_features): all by bin, those above the limit by gene and bin."""
    lambdas = len(from_lambda) - 1
    for j in range(p.shape[0]):
        for i in range(p.shape[1]):
            if flag[j, i] != 0:
                continue
            number = int(min(height[j, i] * BINS_PER_DECADE, LARGEST_BIN))
            histogram[number] += 1
            tested[gene[j]] += 1
            if p[j, i] > limit:
                beyond[gene[j], min(number // FINE, beyond.shape[1] - 1)] += 1
            if lambdas > 0:
                at = 0
                while at < lambdas and p[j, i] >= (at + 1) / 20:
                    at += 1
                from_lambda[at] += 1
