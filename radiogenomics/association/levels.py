"""Two levels of discoveries, genes and pairs inside them, while only the smallest p-values are known.

``multiplicity.two_level`` says what is computed. Here p-values above a limit are only counted: for each gene, in bins
of −log10 p. The counts bound what those p-values could contribute, from below and from above. Every value is computed
twice, once with the lower bounds and once with the upper. It only rises with any p, so that where both agree it is that
over all tests, to the last bit; where they do not it is not known and left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.multiplicity import benjamini_hochberg, level_of_pair
from radiogenomics.compiled import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Bins of −log10 p of a gene's p-values that are not kept; they bound its Simes' p to a third of its size.
GENE_BINS = 8
# Rounding of −log10 p may put a pair into the neighbour of its bin.
EDGE = 1 - 1e-9


@dataclass
class Genes:
    """What is known of each gene (n_genes,): tests, those whose p is kept, bounds of the others' part of Simes' p.

    ``low`` and ``high`` bound the least p₍ᵢ₎ · k/i over the pairs of a gene that are not kept; infinite if there is
    none.
    """

    tested: IntArray
    kept: IntArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def empty(cls, number: int) -> "Genes":
        """Without a test so far."""
        none = np.full(number, np.inf)
        return cls(np.zeros(number, np.int64), np.zeros(number, np.int64), none, none.copy())


def bins_above(limit: float | None, last: int) -> int:
    """Number of bins for p-values above the limit; the last takes all that is beyond, and is ``last`` at most."""
    return 0 if limit is None else min(int(-np.log10(limit) * GENE_BINS), last) + 1


def bounds(counts: IntArray, tested: IntArray, kept: IntArray, limit: float) -> tuple[FloatArray, FloatArray]:
    """``low`` and ``high`` of genes from their counts (n_genes, n_bins) of p-values above the limit."""
    upper = 10 ** (-np.arange(counts.shape[1]) / GENE_BINS)
    lower = np.maximum(np.append(upper[1:], 0), limit)
    rank = kept[:, None] + np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]  # of the largest p of each bin
    ratio = np.where(counts > 0, tested[:, None] / np.maximum(rank, 1), np.inf)
    low, high = ((edge * ratio).min(axis=1, initial=np.inf) for edge in (EDGE * lower, upper / EDGE))
    return low, high


@dataclass(frozen=True)
class Levels:
    """Adjusted values as a function of gene and p: steps of a gene from ``starts[gene]``, each up to its ``p``.

    ``q`` is NaN where it is not known, ``least`` no more than the true value, ``n`` the pairs of the step. ``floor`` is
    such a lower bound for the pairs of a gene that are not kept, ``gene_q`` the value of the gene itself. No value
    below ``exact_below`` is unknown.
    """

    starts: IntArray
    p: FloatArray
    q: FloatArray
    least: FloatArray
    n: IntArray
    floor: FloatArray
    gene_q: FloatArray
    n_genes: int
    exact_below: float

    def __call__(self, p: FloatArray, gene: IntArray) -> tuple[FloatArray, FloatArray]:
        """Value and lower bound of pairs (k,); a value that is not known, and both of p = NaN, are NaN."""
        step = find(p, gene, self.starts, self.p)
        found = step >= 0
        q, least = np.full(p.shape, np.nan), np.where(np.isnan(p), np.nan, self.floor[gene])
        q[found], least[found] = self.q[step[found]], self.least[step[found]]
        return q, least

    def hits(self, alpha: float) -> int:
        """Number of pairs below ``alpha``, as far as it is known."""
        return int(self.n[self.q < alpha].sum())

    def gene_hits(self, alpha: float) -> int:
        """Number of genes below ``alpha``, as far as it is known."""
        return int((self.gene_q < alpha).sum())


def find(p: FloatArray, gene: IntArray, starts: IntArray, steps: FloatArray) -> IntArray:
    """First of the sorted steps ``starts[gene]`` to ``starts[gene + 1]`` that reaches each p (k,); -1 if none does."""
    found = np.empty(p.shape, np.int64)
    _find(p, gene, starts, steps, found)
    return found


def levels(p: FloatArray, genes: Genes) -> Levels:
    """Steps of all genes.

    Parameters
    ----------
    p : (n_kept,) float64
        Kept p-values, gene after gene; sorted in place inside each gene.
    genes : Genes
    """
    ends = np.cumsum(genes.kept)
    for start, end in zip((ends - genes.kept)[genes.kept > 1], ends[genes.kept > 1], strict=True):
        p[start:end].sort()
    number = np.zeros(len(ends), np.int64)
    _count_steps(p, ends, genes.tested, number)
    total = int(number.sum())
    last, inside = np.empty(total, np.int64), np.empty(total)
    starts = np.append(0, np.cumsum(number))
    _fill_steps(p, ends, genes.tested, starts, last, inside)
    gene = np.repeat(np.arange(len(ends)), number)
    least, gene_least, floor = _values(inside, gene, starts, genes, genes.low)
    most, gene_most = least, gene_least
    if np.isfinite(genes.low).any():
        most, gene_most, _ = _values(inside, gene, starts, genes, genes.high)
    q, unknown = np.where(least == most, least, np.nan), floor[np.isfinite(floor)]
    first = np.append(0, last[:-1] + 1)
    return Levels(
        starts=starts,
        p=p[last],
        q=q,
        least=least,
        n=last - first + 1,
        floor=floor,
        gene_q=np.where(gene_least == gene_most, gene_least, np.nan),
        n_genes=int((genes.tested > 0).sum()),
        exact_below=float(min(least[np.isnan(q)].min(initial=np.inf), unknown.min(initial=np.inf))),
    )


def _values(
    inside: FloatArray, gene: IntArray, starts: IntArray, genes: Genes, beyond: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Values of the steps, of the genes, and of the pairs not kept if their part of Simes' p were ``beyond``."""
    known = starts[1:] > starts[:-1]
    simes = beyond.copy()
    simes[known] = np.minimum(inside[starts[:-1][known]], beyond[known])
    simes = np.minimum(simes, 1)
    simes[genes.tested == 0] = np.nan
    gene_q = benjamini_hochberg(simes)
    ordered = np.sort(gene_q[np.isfinite(gene_q)])
    floor, rest = np.full(beyond.shape, np.inf), np.isfinite(beyond)
    if not ordered.size:
        return inside, gene_q, floor
    values = level_of_pair(np.minimum(inside, beyond[gene]), gene_q[gene], ordered)
    floor[rest] = level_of_pair(np.minimum(beyond[rest], 1), gene_q[rest], ordered)
    return values, gene_q, floor


@kernel("void(float64[::1],int64[::1],int64[::1],int64[::1])")
def _count_steps(p: FloatArray, ends: IntArray, tested: IntArray, number: IntArray) -> None:
    """Distinct BH values of each gene."""
    start = 0
    for g in range(len(ends)):
        value = np.inf
        for i in range(ends[g] - 1, start - 1, -1):
            ratio = min(p[i] * tested[g] / (i - start + 1), 1.0)
            if ratio < value:
                value = ratio
                number[g] += 1
        start = ends[g]


@kernel("void(float64[::1],int64[::1],int64[::1],int64[::1],int64[::1],float64[::1])")
def _fill_steps(
    p: FloatArray, ends: IntArray, tested: IntArray, starts: IntArray, last: IntArray, inside: FloatArray
) -> None:
    """Place of the last p of each step, and the step's value."""
    start = 0
    for g in range(len(ends)):
        value = np.inf
        step = starts[g + 1]
        for i in range(ends[g] - 1, start - 1, -1):
            ratio = min(p[i] * tested[g] / (i - start + 1), 1.0)
            if ratio < value:
                value = ratio
                step -= 1
                last[step] = i
                inside[step] = value
        start = ends[g]


@kernel("void(float64[::1],int64[::1],int64[::1],float64[::1],int64[::1])")
def _find(p: FloatArray, gene: IntArray, starts: IntArray, steps: FloatArray, found: IntArray) -> None:
    """See ``find``."""
    for i in range(len(p)):
        low, high = starts[gene[i]], starts[gene[i] + 1]
        end = high
        if high - low > 1 and p[i] > steps[high - 2]:  # where most p-values without an effect lie
            low = high - 1
        while low < high:
            middle = (low + high) // 2
            if steps[middle] < p[i]:
                low = middle + 1
            else:
                high = middle
        # A p that is not a number is less than none and stops at the first step.
        found[i] = low if low < end and p[i] <= steps[low] else -1
