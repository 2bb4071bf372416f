"""Kinship of all pairs of samples (KING-robust, Manichaikul 2010), and who is left when relatives are taken out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.quality.genotypes import ratio

Floats = npt.NDArray[np.float64]
# Lower bounds of kinship, halfway (in powers of two) between the expectations 1/2, 1/4, 1/8, 1/16 and 1/32.
DEGREES = (("duplicate", 2**-1.5), ("first_degree", 2**-2.5), ("second_degree", 2**-3.5), ("third_degree", 2**-4.5))
# Sites that are multiplied at a time: sums of products in float32 are exact below 2^24.
_PRODUCT_SITES = 8192


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
    """Sums of products of genotypes over sites: four matrices of n_samples² float64.

    All are sums of whole numbers and thus exact, whatever the blocks and the number of threads.
    """

    def __init__(self, n_samples: int) -> None:
        self.both_het, self.het_called, self.both_hom, self.same_hom = np.zeros((4, n_samples, n_samples))

    def add(self, copies: npt.NDArray[np.int8]) -> None:
        """Add (n_samples, n_sites) autosomal genotypes of SNVs."""
        for start in range(0, copies.shape[1], _PRODUCT_SITES):
            self._add(copies[:, start : start + _PRODUCT_SITES])

    def _add(self, copies: npt.NDArray[np.int8]) -> None:
        het = np.ascontiguousarray(copies == 1, dtype=np.float32)
        called = np.ascontiguousarray(copies >= 0, dtype=np.float32)
        hom = called - het  # homozygous, of either allele
        signed = np.where(copies == 2, -hom, hom)
        self.both_het += het @ het.T
        self.het_called += het @ called.T
        self.both_hom += hom @ hom.T
        self.same_hom += signed @ signed.T

    @property
    def n_sites(self) -> Floats:
        """Sites called in both, (n_samples, n_samples)."""
        het_hom = self.het_called - self.both_het
        found: Floats = self.both_het + het_hom + het_hom.T + self.both_hom
        return found

    @property
    def opposite(self) -> Floats:
        """Sites at which the two are homozygous for different alleles, (n_samples, n_samples)."""
        found: Floats = (self.both_hom - self.same_hom) / 2
        return found

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
    close = [(pair.first, pair.second) for pair in pairs if pair.kinship > max_kinship]
    gone: set[int] = set()
    while remaining := [pair for pair in close if not gone.intersection(pair)]:
        relatives = [number for pair in remaining for number in pair]
        worst = min(set(relatives), key=lambda number: (-relatives.count(number), priority[number], -number))
        gone.add(worst)
    return gone
