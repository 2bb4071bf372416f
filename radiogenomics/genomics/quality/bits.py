"""Genotypes as bits: 64 of them are compared at a time, and counts of them are exact."""

from typing import Any

import numpy as np
import numpy.typing as npt

from radiogenomics.compiled import kernel

Bits = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]
_WORD_BYTES = 8


def packed(where: npt.NDArray[np.bool_]) -> Bits:
    """(n, m) bool as (n, m / 64, rounded up) words; the last one is filled with zeros."""
    bits = np.packbits(where, axis=1)
    filled = np.zeros((len(bits), -(-bits.shape[1] // _WORD_BYTES) * _WORD_BYTES), dtype=np.uint8)
    filled[:, : bits.shape[1]] = bits
    return filled.view(np.uint64)


@kernel(inline=True)
def ones(word: Any) -> Any:  # noqa: ANN401 - one word of 64 bits
    """Bits that are set; written so that the compiler finds the processor's instruction for it."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


_WORDS = "uint64[:, ::1]"


@kernel(f"void({', '.join([_WORDS] * 4)}, int64[:, :, ::1])")
def compare_samples(het: Bits, hom_ref: Bits, hom_alt: Bits, called: Bits, counts: Counts) -> None:
    """Add what pairs of samples share; bits are (n_samples, n_words) over sites, counts (4, n_samples, n_samples).

    The counts of samples i and j are of sites where both are heterozygous; where they are homozygous for different
    alleles; where i is heterozygous and j called; where both are called.
    """
    n, n_words = het.shape
    for i in range(n):
        for j in range(i + 1):
            zero = np.uint64(0)
            both_het, opposite, het_called, called_het, both = zero, zero, zero, zero, zero
            for word in range(n_words):
                both_het += ones(het[i, word] & het[j, word])
                opposite += ones((hom_ref[i, word] & hom_alt[j, word]) | (hom_alt[i, word] & hom_ref[j, word]))
                het_called += ones(het[i, word] & called[j, word])
                called_het += ones(called[i, word] & het[j, word])
                both += ones(called[i, word] & called[j, word])
            counts[0, i, j] += np.int64(both_het)
            counts[1, i, j] += np.int64(opposite)
            counts[2, i, j] += np.int64(het_called)
            counts[3, i, j] += np.int64(both)
            if i != j:
                counts[0, j, i] = counts[0, i, j]
                counts[1, j, i] = counts[1, i, j]
                counts[2, j, i] += np.int64(called_het)
                counts[3, j, i] = counts[3, i, j]


@kernel(f"boolean[:]({', '.join([_WORDS] * 3)}, int64, int64, float64)")
def independent(
    carried: Bits, twice: Bits, called: Bits, n_before: int, window: int, max_r2: float
) -> npt.NDArray[np.bool_]:
    """Which sites to keep, one after the other; bits are (n_sites, n_words) over samples.

    A site goes if its squared correlation with one of the last ``window`` kept sites exceeds ``max_r2``. That of two
    sites is of the copies of ALT of the samples called at both; where one of the two does not vary there is none.

    Parameters
    ----------
    carried, twice, called : (n_sites, n_words) uint64
        One copy or more, two copies, a genotype at all.
    n_before : int
        Sites at the beginning that have been kept already.
    """
    n_sites, n_words = carried.shape
    kept = np.zeros(n_sites, dtype=np.bool_)
    places = np.zeros(n_sites, dtype=np.int64)
    n_kept = n_before
    for site in range(n_before):
        kept[site], places[site] = True, site
    for site in range(n_before, n_sites):
        linked = False
        for back in range(1, min(window, n_kept) + 1):
            other = places[n_kept - back]
            zero = np.uint64(0)
            n, x_one, x_two, y_one, y_two, xy = zero, zero, zero, zero, zero, zero
            for word in range(n_words):
                x1, x2, x_called = carried[site, word], twice[site, word], called[site, word]
                y1, y2, y_called = carried[other, word], twice[other, word], called[other, word]
                n += ones(x_called & y_called)
                x_one += ones(x1 & y_called)
                x_two += ones(x2 & y_called)
                y_one += ones(y1 & x_called)
                y_two += ones(y2 & x_called)
                xy += ones(x1 & y1) + ones(x1 & y2) + ones(x2 & y1) + ones(x2 & y2)
            sum_x, sum_y = float(x_one + x_two), float(y_one + y_two)
            covariance = n * float(xy) - sum_x * sum_y
            scale = (n * float(x_one + np.uint64(3) * x_two) - sum_x**2) * (
                n * float(y_one + np.uint64(3) * y_two) - sum_y**2
            )
            if scale > 0 and covariance**2 > max_r2 * scale:
                linked = True
                break
        if not linked:
            kept[site], places[n_kept] = True, site
            n_kept += 1
    return kept
