"""Kinship of all pairs of samples (KING-robust, Manichaikul 2010), and who is left when relatives are taken out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.quality.bits import compare_samples, packed
from radiogenomics.genomics.quality.genotypes import ratio

Floats = npt.NDArray[np.float64]
# Lower bounds of kinship, halfway (in powers of two) between the expectations 1/2, 1/4, 1/8, 1/16 and 1/32.
DEGREES = (("duplicate", 2**-1.5), ("first_degree", 2**-2.5), ("second_degree", 2**-3.5), ("third_degree", 2**-4.5))


@dataclass(frozen=True)
class Pair:
    """Two samples, by number; ``ibs0`` is the share of sites at which they share no allele."""

    first: int
    second: int
    n_sites: int
    ibs0: float
    kinship: float

    @property
    def degree(self) -> str:
        """The closest relation whose bound the kinship reaches."""
        return next(name for name, bound in DEGREES if self.kinship >= bound)


class Kinship:
    """Counts over sites of all pairs of samples.

    Attributes
    ----------
    both_het, opposite : (n_samples, n_samples) int64
        Sites at which both are heterozygous; at which they are homozygous for different alleles.
    het_called, n_sites : (n_samples, n_samples) int64
        Sites at which the first is heterozygous and the second called; at which both are called.
    """

    def __init__(self, n_samples: int) -> None:
        self._counts = np.zeros((4, n_samples, n_samples), dtype=np.int64)
        self.both_het, self.opposite, self.het_called, self.n_sites = self._counts

    def add(self, copies: npt.NDArray[np.int8]) -> None:
        """Add (n_samples, n_sites) autosomal genotypes of SNVs."""
        het, hom_ref, hom_alt, called = (
            packed(where) for where in (copies == 1, copies == 0, copies == 2, copies >= 0)
        )
        compare_samples(het, hom_ref, hom_alt, called, self._counts)

    @property
    def kinship(self) -> Floats:
        """(n_samples, n_samples) kinship; NaN where one of a pair has no heterozygous site.

        1/2 minus the squared distance of the genotypes over 4 times the heterozygotes of the sample that has fewer
        (equation 11 of the paper), both over the sites called in the two.
        """
        distance = 4 * self.opposite + self.het_called + self.het_called.T - 2 * self.both_het
        fewer = np.minimum(self.het_called, self.het_called.T)
        return 0.5 - ratio(distance, 4 * fewer)

    def pairs(self, bound: float = DEGREES[-1][1]) -> list[Pair]:
        """Pairs of at least this kinship, in the order of samples."""
        kinship, n_sites, opposite = self.kinship, self.n_sites, self.opposite
        found = []
        for first, second in np.argwhere(np.triu(np.nan_to_num(kinship, nan=-1.0) >= bound, 1)).tolist():
            n = int(n_sites[first, second])
            found.append(Pair(first, second, n, float(opposite[first, second] / n), float(kinship[first, second])))
        return found


def left_out(pairs: Sequence[Pair], priority: npt.NDArray[np.float64], max_kinship: float) -> set[int]:
    """Samples to leave out so that no pair above ``max_kinship`` remains.

    Again and again the sample with the most remaining relatives goes; of several the one of the lowest ``priority``
    (its call rate), then the last one.
    """
    related = np.zeros((len(priority), len(priority)), dtype=bool)
    for pair in pairs:
        if pair.kinship > max_kinship:
            related[pair.first, pair.second] = related[pair.second, pair.first] = True
    n_relatives = related.sum(axis=1)
    gone: set[int] = set()
    while n_relatives.any():
        worst = int(np.lexsort((np.arange(len(priority)), -priority, n_relatives))[-1])
        gone.add(worst)
        n_relatives -= related[worst]
        n_relatives[worst] = 0
        related[:, worst] = False
    return gone
