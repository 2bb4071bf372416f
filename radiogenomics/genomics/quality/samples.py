"""Each sample on its own: how much is called, heterozygosity, kinds of variants, depth and balance of alleles."""

import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.quality.genotypes import Block, exact, inexact, ratio
from radiogenomics.genomics.quality.sites import SiteCounts

Floats = npt.NDArray[np.float64]
# A heterozygous call of which fewer than this share of reads, or more than 1 minus it, show ALT is out of balance.
BALANCED = 0.25
# Reads that a call must have for its balance to be judged.
MIN_READS = 10
_COUNTED = (
    "autosomal",  # called autosomal genotypes
    "het",
    "hom_alt",
    "hom_ref",
    "observed_hom",  # at autosomal sites that are not monomorphic
    "compared",
    "snv",  # carried, on all chromosomes
    "indel",
    "transition",
    "singleton",
    "deep_het",  # calls with enough reads
    "unbalanced",
    "deep_hom",
)
_SUMMED = ("expected_hom", "depth", "n_depth", "quality", "n_quality", "foreign")


class SampleCounts:
    """Sums over the sites of one file, (n_samples,) each; the same for any size of blocks."""

    def __init__(self, n_samples: int) -> None:
        self.n_autosomal_sites = 0
        self.n_sites = 0
        self.counts = {name: np.zeros(n_samples, dtype=np.int64) for name in _COUNTED}
        self.sums = {name: np.zeros(n_samples) for name in _SUMMED}

    def add(self, block: Block) -> None:
        """Count one block."""
        self.n_sites += len(block.position)
        self._variants(block)
        self._heterozygosity(block[block.autosomal])
        self._reads(block)

    def _variants(self, block: Block) -> None:
        counts, snv = SiteCounts.of(block.copies), block.snv
        carried = (block.copies > 0).astype(np.float64)
        single = (counts.het == 1) & (counts.hom_alt == 0)
        kinds = np.column_stack([snv, ~snv, block.transition, single]).astype(np.float64)
        for name, column in zip(("snv", "indel", "transition", "singleton"), (carried @ kinds).T, strict=True):
            self.counts[name] += column.astype(np.int64)

    def _heterozygosity(self, copies: npt.NDArray[np.int8]) -> None:
        sites = SiteCounts.of(copies)
        self.n_autosomal_sites += copies.shape[1]
        called, het = copies >= 0, copies == 1
        varies = sites.minor_frequency > 0
        self._count("autosomal", called)
        self._count("het", het)
        self._count("hom_alt", copies == 2)
        self._count("hom_ref", copies == 0)
        self._count("compared", called[:, varies])
        self._count("observed_hom", (called & ~het)[:, varies])
        self.sums["expected_hom"] += called[:, varies].astype(np.float64) @ exact(1 - sites.expected_het[varies])

    def _reads(self, block: Block) -> None:
        called = block.copies >= 0
        for name, values in (("depth", block.depth), ("quality", block.quality)):
            if values is not None:
                known = called & ~np.isnan(values)
                self.sums[name] += exact(np.where(known, values, 0)).sum(axis=1)
                self.sums[f"n_{name}"] += known.sum(axis=1)
        if block.ref_depth is not None and block.alt_depth is not None:
            reads = block.ref_depth + block.alt_depth
            deep = called & (reads >= MIN_READS)
            share = np.divide(block.alt_depth, reads, where=deep, out=np.full(reads.shape, 0.5, dtype=np.float32))
            het = deep & (block.copies == 1)
            self._count("deep_het", het)
            self._count("unbalanced", het & ((share < BALANCED) | (share > 1 - BALANCED)))
            hom = deep & (block.copies != 1)
            self._count("deep_hom", hom)
            foreign = np.where(block.copies == 0, share, 1 - share)
            self.sums["foreign"] += exact(np.where(hom, foreign, 0)).sum(axis=1)

    def _count(self, name: str, where: npt.NDArray[np.bool_]) -> None:
        self.counts[name] += np.count_nonzero(where, axis=1)

    @property
    def reference_share(self) -> float:
        """Share of all autosomal calls of the file that are homozygous for the reference; 0 if there are none."""
        n = int(self.counts["autosomal"].sum())
        return int(self.counts["hom_ref"].sum()) / n if n else 0.0

    @property
    def call_rate(self) -> Floats:
        """Share of the autosomal sites that is called, NaN without any."""
        return ratio(self.counts["autosomal"], np.full(len(self.counts["autosomal"]), self.n_autosomal_sites))

    @property
    def heterozygosity(self) -> Floats:
        """Share of heterozygotes among the called autosomal genotypes."""
        return ratio(self.counts["het"], self.counts["autosomal"])

    @property
    def f(self) -> Floats:
        """1 - observed / expected heterozygotes, at the sites where both alleles occur among the samples.

        Expected from the allele frequencies of these samples without correction for their number, as ``plink2 --het``.
        """
        expected, compared = inexact(self.sums["expected_hom"]), self.counts["compared"]
        return ratio(self.counts["observed_hom"] - expected, compared - expected)

    @property
    def het_hom_ratio(self) -> Floats:
        """Heterozygous calls for each homozygous ALT call, autosomal."""
        return ratio(self.counts["het"], self.counts["hom_alt"])

    @property
    def ti_tv(self) -> Floats:
        """Transitions carried for each transversion."""
        return ratio(self.counts["transition"], self.counts["snv"] - self.counts["transition"])

    @property
    def mean_depth(self) -> Floats:
        """Mean DP of the calls that state it."""
        return ratio(inexact(self.sums["depth"]), self.sums["n_depth"])

    @property
    def mean_quality(self) -> Floats:
        """Mean GQ of the calls that state it."""
        return ratio(inexact(self.sums["quality"]), self.sums["n_quality"])

    @property
    def unbalanced_het(self) -> Floats:
        """Share of heterozygous calls of enough reads whose share of ALT is out of balance."""
        return ratio(self.counts["unbalanced"], self.counts["deep_het"])

    @property
    def foreign_reads(self) -> Floats:
        """Mean share of reads that show the other allele at homozygous calls of enough reads."""
        return ratio(inexact(self.sums["foreign"]), self.counts["deep_hom"])
