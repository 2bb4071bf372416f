"""The weighted genotypes of one set among the patients of one test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Genotypes:
    """Variants (m) of a set with more than one genotype among some patients (n).

    ``copies`` (n, m) are of the rarer allele, missing ones at the mean of the variant; ``frequency``, ``count`` and
    ``weight`` (m,) are of that allele: its frequency, its copies that were called, and the Beta density of the
    frequency. ``n_carriers`` counts patients with a called copy.
    """

    copies: FloatArray
    frequency: FloatArray
    count: FloatArray
    weight: FloatArray
    n_carriers: int


def genotypes(copies: FloatArray, beta: tuple[float, float]) -> Genotypes:
    """Prepare copies of ALT as R's SKAT does (Wu and others 2011).

    The frequency is half the mean of the called copies, so a male's one X chromosome counts as one copy of two. Where
    it is above one half, copies of REF are taken: 2 less those of ALT.

    Parameters
    ----------
    copies : (n, m_all) float64
        NaN where missing.
    beta : two float
        Parameters of the Beta density; ratios of weights are what counts.
    """
    missing = np.isnan(copies)
    called = len(copies) - missing.sum(axis=0)
    low = np.where(missing, np.inf, copies).min(axis=0, initial=np.inf)
    high = np.where(missing, -np.inf, copies).max(axis=0, initial=-np.inf)
    varies = low < high
    found, missing = copies[:, varies], missing[:, varies]
    mean = np.where(missing, 0, found).sum(axis=0) / called[varies]
    common = mean > 1
    found = np.where(common, 2 - found, found)
    mean = np.where(common, 2 - mean, mean)
    frequency = mean / 2
    a, b = beta
    log_weight = special.xlogy(a - 1, frequency) + special.xlog1py(b - 1, -frequency) - special.betaln(a, b)
    return Genotypes(
        copies=np.where(missing, mean, found),
        frequency=frequency,
        count=np.where(missing, 0, found).sum(axis=0),
        weight=np.exp(log_weight),
        n_carriers=int(((found > 0) & ~missing).any(axis=1).sum()),
    )
