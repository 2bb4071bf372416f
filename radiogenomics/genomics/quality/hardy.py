"""The exact test of Hardy-Weinberg equilibrium (Wigginton, Cutler and Abecasis 2005)."""

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel

# Probabilities that differ by no more than this share are equal: without it rounding decides which ones are as extreme.
_TIE = 1e-8


@kernel("float64[:](int64[:], int64[:], int64[:], boolean)")
def hardy_weinberg(
    hom_ref: npt.NDArray[np.int64], het: npt.NDArray[np.int64], hom_alt: npt.NDArray[np.int64], mid: bool
) -> npt.NDArray[np.float64]:
    """Two-sided p of each site, given its allele counts.

    The sum of the probabilities of all numbers of heterozygotes that are no more probable than the observed one;
    ``mid`` takes half of those that are as probable (Graffelman and Moreno 2013). Below about 1e-300 it is 0.

    Parameters
    ----------
    hom_ref, het, hom_alt : (n_sites,) int64
        Genotypes counted.

    Returns
    -------
    (n_sites,) float64
        1 where nobody is called.
    """
    found = np.ones(len(het))
    for site in range(len(het)):
        # The observed number has probability 1, the others relative to it.
        less, ties, total = 0.0, 1.0, 1.0
        for step in (-2, 2):
            hets, low, high = het[site], hom_ref[site], hom_alt[site]
            relative = 1.0
            while True:
                if step < 0:
                    if hets < 2:
                        break
                    relative *= hets * (hets - 1.0) / (4.0 * (low + 1.0) * (high + 1.0))
                    low, high = low + 1, high + 1
                else:
                    if low < 1 or high < 1:
                        break
                    relative *= 4.0 * low * high / ((hets + 1.0) * (hets + 2.0))
                    low, high = low - 1, high - 1
                hets += step
                total += relative
                if relative < 1.0 - _TIE:
                    less += relative
                elif relative <= 1.0 + _TIE:
                    ties += relative
                if relative == 0.0:
                    break
        found[site] = (less + (0.5 * ties if mid else ties)) / total
    return found
