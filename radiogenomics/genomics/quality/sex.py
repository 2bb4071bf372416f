"""Sex by the X chromosome, confirmed by the Y chromosome."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.builds import build_of
from radiogenomics.genomics.quality.genotypes import Block, exact, inexact, ratio
from radiogenomics.genomics.quality.sites import SiteCounts

Floats = npt.NDArray[np.float64]
Sex = Literal["", "female", "male"]
# Pseudoautosomal regions of X and of Y, 1-based and closed (Genome Reference Consortium).
_PSEUDOAUTOSOMAL = {
    ("GRCh37", "X"): ((60_001, 2_699_520), (154_931_044, 155_260_560)),
    ("GRCh37", "Y"): ((10_001, 2_649_520), (59_034_050, 59_363_566)),
    ("GRCh38", "X"): ((10_001, 2_781_479), (155_701_383, 156_030_895)),
    ("GRCh38", "Y"): ((10_001, 2_781_479), (56_887_903, 57_217_415)),
}
# F of a woman lies around 0, of a man at 1; between the bounds nothing is inferred (the defaults of PLINK 1.9).
FEMALE_BELOW, MALE_ABOVE = 0.2, 0.8
# Fewer sites of X (common ones) or of Y than this tell nothing.
MIN_X_SITES, MIN_Y_SITES = 50, 10
_MIN_FREQUENCY = 0.05
# A man's Y is mostly called, a woman's mostly not, unless the caller states reference calls there.
_Y_CALLED = 0.5


class SexCounts:
    """Sums over the sites of X and Y outside the pseudoautosomal regions."""

    def __init__(self, n_samples: int, lengths: Mapping[str, int], min_call_rate: float) -> None:
        build = build_of(lengths)
        # Of an unknown build the regions of both are left out: they differ by less than a million bases.
        self._shared = {
            name: [span for key in _PSEUDOAUTOSOMAL if key[1] == name and build in (key[0], None)
                   for span in _PSEUDOAUTOSOMAL[key]]
            for name in ("X", "Y")
        }  # fmt: skip
        self.min_call_rate = min_call_rate
        self.n_x_sites = self.n_y_sites = 0
        self.x_called, self.x_hom, self.haploid, self.y_called = np.zeros((4, n_samples), dtype=np.int64)
        self._expected_hom = np.zeros(n_samples)

    def add(self, block: Block) -> None:
        """Count one block."""
        on_x, on_y = self._outside(block, "X"), self._outside(block, "Y")
        self._add_x(block.copies[:, on_x], None if block.haploid is None else block.haploid[:, on_x])
        self.n_y_sites += int(on_y.sum())
        self.y_called += np.count_nonzero(block.copies[:, on_y] >= 0, axis=1)

    def _add_x(self, copies: npt.NDArray[np.int8], haploid: npt.NDArray[np.bool_] | None) -> None:
        sites = SiteCounts.of(copies)
        good = (sites.minor_frequency >= _MIN_FREQUENCY) & (sites.call_rate >= self.min_call_rate)
        called = copies[:, good] >= 0
        self.n_x_sites += int(good.sum())
        self.x_called += called.sum(axis=1)
        self.x_hom += np.count_nonzero(called & (copies[:, good] != 1), axis=1)
        self._expected_hom += called.astype(np.float64) @ exact(1 - sites.expected_het[good])
        if haploid is not None:
            self.haploid += np.count_nonzero(haploid[:, good], axis=1)

    def _outside(self, block: Block, name: str) -> npt.NDArray[np.bool_]:
        there = np.fromiter((each == name for each in block.chromosome), bool, len(block.chromosome))
        for first, last in self._shared[name]:
            there &= (block.position < first) | (block.position > last)
        return there

    @property
    def x_f(self) -> Floats:
        """1 - observed / expected heterozygotes on X; NaN of a sample with fewer than ``MIN_X_SITES`` called sites."""
        expected = inexact(self._expected_hom)
        return ratio(self.x_hom - expected, np.where(self._enough, self.x_called - expected, 0))

    @property
    def x_haploid(self) -> Floats:
        """Share of the genotypes on X that have one allele; NaN as in ``x_f``."""
        return ratio(self.haploid, np.where(self._enough, self.x_called, 0))

    @property
    def _enough(self) -> npt.NDArray[np.bool_]:
        there: npt.NDArray[np.bool_] = self.x_called >= MIN_X_SITES
        return there

    @property
    def y_call_rate(self) -> Floats:
        """Share of the sites of Y that are called; NaN if there are fewer than ``MIN_Y_SITES``."""
        if self.n_y_sites < MIN_Y_SITES:
            return np.full(len(self.y_called), np.nan)
        rate: Floats = self.y_called / self.n_y_sites
        return rate

    def inferred(self) -> list[Sex]:
        """Sex of each sample, empty where F lies between the bounds, is not known, or Y contradicts it.

        Y is heard only where it tells the sexes apart: where half of the women by X, or more, lack most of it.
        """
        x_f, y = self.x_f, self.y_call_rate
        women = x_f < FEMALE_BELOW
        informative = not women.any() or bool(np.median(y[women]) < _Y_CALLED)
        return [_sex(f, rate if informative else np.nan) for f, rate in zip(x_f.tolist(), y.tolist(), strict=True)]


def _sex(f: float, y_call_rate: float) -> Sex:
    if f < FEMALE_BELOW and not y_call_rate >= _Y_CALLED:
        return "female"
    if f > MALE_ABOVE and not y_call_rate < _Y_CALLED:
        return "male"
    return ""
