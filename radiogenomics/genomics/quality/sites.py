"""Each site: how many are called, how frequent its ALT is, Hardy-Weinberg equilibrium, differences between groups."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from radiogenomics.genomics.quality.genotypes import ratio
from radiogenomics.genomics.quality.hardy import hardy_weinberg

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# Why a site does not enter relatedness and components, in the order in which the reasons are looked for.
CALL_RATE, MONOMORPHIC, HARDY, GROUP_CALL_RATE, GROUP_FREQUENCY = (
    "low_call_rate",
    "monomorphic",
    "hardy_weinberg",
    "call_rate_of_groups",
    "frequency_of_groups",
)


@dataclass(frozen=True)
class SiteCounts:
    """Genotypes of each site over the samples: (n_sites,) int64 each."""

    n_samples: int
    hom_ref: Integers
    het: Integers
    hom_alt: Integers

    @classmethod
    def of(cls, copies: npt.NDArray[np.int8]) -> "SiteCounts":
        """Count (n_samples, n_sites) genotypes; haploid ones count as homozygous."""
        counted = (np.count_nonzero(copies == number, axis=0).astype(np.int64) for number in range(3))
        return cls(len(copies), *counted)

    @property
    def called(self) -> Integers:
        """Samples with a genotype."""
        return self.hom_ref + self.het + self.hom_alt

    @property
    def call_rate(self) -> Floats:
        """Share of samples with a genotype; 0 where there are no samples."""
        return self.called / max(1, self.n_samples)

    @property
    def frequency(self) -> Floats:
        """Frequency of ALT among the called alleles, NaN where nobody is called."""
        return ratio(self.het + 2 * self.hom_alt, 2 * self.called)

    @property
    def minor_frequency(self) -> Floats:
        """Frequency of the rarer allele, 0 where nobody is called."""
        frequency = np.nan_to_num(self.frequency)
        return np.minimum(frequency, 1 - frequency)

    @property
    def expected_het(self) -> Floats:
        """Share of heterozygotes expected in equilibrium, 2pq."""
        frequency = np.nan_to_num(self.frequency)
        return 2 * frequency * (1 - frequency)

    def hardy_p(self, mid: bool = False) -> Floats:
        """P of the exact test; see ``hardy_weinberg``."""
        return hardy_weinberg(self.hom_ref, self.het, self.hom_alt, mid)


@dataclass(frozen=True)
class SiteRules:
    """What a site must meet. ``hardy_p`` and ``group_p`` of 0 test nothing."""

    min_call_rate: float
    hardy_p: float
    group_p: float


def judge(
    copies: npt.NDArray[np.int8], counts: SiteCounts, rules: SiteRules, groups: Sequence[Bools]
) -> tuple[Bools, Counter[str]]:
    """Which sites are good, and how many are not, each by its first reason.

    Parameters
    ----------
    copies : (n_samples, n_sites) int8
        Autosomal genotypes.
    groups : sequence of (n_samples,) bool
        Samples of each group (file, site, chip) that are compared; fewer than two are not.
    """
    good = np.ones(copies.shape[1], dtype=bool)
    reasons: Counter[str] = Counter()

    def drop(bad: Bools, reason: str) -> None:
        if n := int(np.count_nonzero(good & bad)):
            reasons[reason] += n
        good[bad] = False

    drop(counts.call_rate < rules.min_call_rate, CALL_RATE)
    drop(counts.minor_frequency == 0, MONOMORPHIC)
    if rules.hardy_p:
        drop(counts.hardy_p() < rules.hardy_p, HARDY)
    if rules.group_p and len(groups) > 1:
        call_rate, frequency = group_p(copies, groups)
        drop(call_rate < rules.group_p, GROUP_CALL_RATE)
        drop(frequency < rules.group_p, GROUP_FREQUENCY)
    return good, reasons


def group_p(copies: npt.NDArray[np.int8], groups: Sequence[Bools]) -> tuple[Floats, Floats]:
    """P of Pearson's chi-squared test of groups against called or missing, and against allele: (n_sites,) each.

    It is 1 where nothing can differ: all called, none called, or one allele only.
    """
    parts = [SiteCounts.of(copies[members]) for members in groups]
    called = np.stack([part.called for part in parts])
    missing = np.array([part.n_samples for part in parts])[:, None] - called
    alt = np.stack([part.het + 2 * part.hom_alt for part in parts])
    return _chi_squared(called, missing), _chi_squared(alt, 2 * called - alt)


def _chi_squared(yes: Integers, no: Integers) -> Floats:
    """P of each column of two (n_groups, n_sites) tables of counts; empty groups do not count."""
    size = yes + no
    total = size.sum(axis=0)
    share = ratio(yes.sum(axis=0), total, 0)
    variance = size * (share * (1 - share))
    terms = ratio((yes - size * share) ** 2, variance, 0)
    freedom = np.maximum(1, (size > 0).sum(axis=0) - 1)
    found: Floats = chdtrc(freedom, terms.sum(axis=0))
    return found
