"""Samples together: sites that are good, kinship, components and sex."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from radiogenomics.config.genomics import Quality
from radiogenomics.genomics.quality.components import Components, components
from radiogenomics.genomics.quality.genotypes import Block
from radiogenomics.genomics.quality.pruning import MIN_FREQUENCY, Pruner
from radiogenomics.genomics.quality.relatedness import Kinship, Pair, left_out
from radiogenomics.genomics.quality.sex import SexCounts
from radiogenomics.genomics.quality.sites import SiteCounts, SiteRules, judge

NOT_AUTOSOMAL, INDEL, RARE, LINKED, KEPT = "not_autosomal", "indel", "rare", "linked", "kept"


class Joint:
    """What is computed of all samples together, fed block by block; memory is bounded by samples, not by sites.

    Parameters
    ----------
    lengths : mapping
        Lengths of the contigs, by which the build is recognised.
    groups : sequence of (n_samples,) bool
        Groups of samples whose call rates and frequencies are compared at each site.
    scratch : Path
        Folder for the sites of the components.
    """

    def __init__(
        self,
        n_samples: int,
        lengths: Mapping[str, int],
        options: Quality,
        groups: Sequence[npt.NDArray[np.bool_]],
        scratch: Path,
    ) -> None:
        hardy_p = options.hwe_p if options.germline else 0.0
        self.rules = SiteRules(options.min_call_rate, hardy_p, options.group_p)
        self.options, self.groups = options, groups
        self.kinship = Kinship(n_samples)
        self.sex = SexCounts(n_samples, lengths, options.min_call_rate)
        self.reasons: Counter[str] = Counter()
        self.n_good = 0
        self._pruner = Pruner(scratch / "pruned", n_samples)
        self._n_called = np.zeros(n_samples, dtype=np.int64)

    def add(self, block: Block) -> None:
        """Take one block."""
        self.sex.add(block)
        autosomal = block.autosomal
        copies = block[autosomal]
        counts = SiteCounts.of(copies)
        good, reasons = judge(copies, counts, self.rules, self.groups)
        snv = block.snv[autosomal]
        self.reasons += reasons
        self.reasons += Counter({NOT_AUTOSOMAL: int((~autosomal).sum()), INDEL: int((good & ~snv).sum())})
        good &= snv
        self.n_good += int(good.sum())
        self.kinship.add(copies[:, good])
        self._n_called += np.count_nonzero(copies[:, good] >= 0, axis=1)
        common = good & (counts.minor_frequency >= MIN_FREQUENCY)
        self._pruner.add(block.chromosome[autosomal][common], copies[:, common])

    @property
    def enough(self) -> bool:
        """Whether there are enough sites for relatedness and components."""
        return self.n_good >= self.options.min_sites

    def relatives(self) -> tuple[list[Pair], set[int]]:
        """Related pairs, and the samples to leave out so that none closer than ``max_kinship`` remain.

        Without enough sites there are none.
        """
        pairs = self.kinship.pairs() if self.enough else []
        return pairs, left_out(pairs, self._n_called.astype(np.float64), self.options.max_kinship)

    def components(self, fitted: npt.NDArray[np.bool_]) -> Components | None:
        """Components of the fitted samples with the others projected; None without enough sites. Call it once."""
        sites = self._pruner.close()
        if not self.enough or not self.options.n_components:
            return None
        return components(sites, fitted & (self._n_called > 0), self.options.n_components)

    def steps(self) -> list[tuple[str, str, int]]:
        """Step, reason and number of sites; complete once components are computed."""
        n_rare = self.n_good - self._pruner.n_kept - self._pruner.n_linked
        rows = [("relatedness", reason, n) for reason, n in sorted(self.reasons.items())]
        rows += [("relatedness", KEPT, self.n_good), ("components", RARE, n_rare)]
        return [*rows, ("components", LINKED, self._pruner.n_linked), ("components", KEPT, self._pruner.n_kept)]
