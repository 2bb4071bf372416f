"""Kernels over genotypes: those of one record of a VCF as bytes, and who carries an allele."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiogenomics.compiled import kernel

Pairs = NDArray[np.int32]
Tally = NDArray[np.int64]
TAB, COLON, SLASH, PIPE, DOT, ZERO, NINE = (ord(text) for text in "\t:/|.09")
# Codes: 11 (a + 1) + b + 1 of the diploid a/b, each from -1 (missing) to 9; then haploid ones; then other texts.
N_DIPLOID, REFERENCE = 121, 12
ODD, NO_ALLELE = -1, -2
# Words of eight bytes: for ``_bytes_of`` and ``_count``.
TABS, COLONS = (np.uint64(code * 0x0101010101010101) for code in (TAB, COLON))
LOW, MARKS, ONES = np.uint64(0x7F7F7F7F7F7F7F7F), np.uint64(0x8080808080808080), np.uint64(0x0101010101010101)
SEVEN, LAST, FIRST, NONE = np.uint64(7), np.uint64(56), np.uint64(0x80), np.uint64(0)


@kernel(inline=True)
def _code(line: Any, start: int, end: int, n_alleles: int) -> int:  # noqa: ANN401 - int64 to the compiler
    """Code of the genotype at the beginning of a column from ``start`` to ``end``, ``ODD`` if it is not plain."""
    if start == end or line[start] == COLON:
        return 0
    first, second = line[start] - ZERO, -2
    place = start + 1
    if place + 1 < end and (line[place] == SLASH or line[place] == PIPE):
        second = line[place + 1] - ZERO
        place += 2
        if second == DOT - ZERO:
            second = -1
        elif second < 0 or second >= n_alleles or second > 9:
            return ODD
    if first == DOT - ZERO:
        first = -1
    elif first < 0 or first >= n_alleles or first > 9:
        return ODD
    if place < end and line[place] != COLON:
        return ODD
    if second == -2:
        code: int = N_DIPLOID + first if first >= 0 else 0
    else:
        code = 11 * (first + 1) + second + 1
    return code


@kernel(inline=True)
def _bytes_of(word: np.uint64, pattern: np.uint64) -> np.uint64:
    """Bit 8 of each byte of ``word`` that equals that of ``pattern`` (Warren, Hacker's Delight, 6-1)."""
    differs = word ^ pattern
    found: np.uint64 = ~(((differs & LOW) + LOW) | differs | LOW)
    return found


@kernel(inline=True)
def _count(marked: np.uint64) -> int:
    """Number of bytes that ``_bytes_of`` has marked."""
    return int(np.int64(((marked >> SEVEN) * ONES) >> LAST))


@kernel(
    "UniTuple(int64, 4)(Array(uint8, 1, 'C', True), int32[::1], boolean[::1], int64, boolean, boolean,"
    " int32[:, ::1], int64[:, ::1])"
)
def scan(
    line: NDArray[np.uint8],
    order: Pairs,
    sequences: NDArray[np.bool_],
    n_keys: int,
    half_calls: bool,
    haploids: bool,
    pairs: Pairs,
    tally: Tally,
) -> tuple[int, int, int, int]:
    """Read the plain genotypes of one record: ``a/b``, ``a|b``, ``a`` with one digit or ``.`` each.

    The ends of the columns are looked for in eight bytes at a time.

    Parameters
    ----------
    line : (n_bytes,) uint8
        The columns of the samples, GT their first field.
    order : (n_columns,) int32
        Number of the sample of each column, -1 for those that are not wanted.
    sequences : (n_alleles,) bool
        Alternate alleles that somebody can carry.
    n_keys : int
        Fields that FORMAT names.
    half_calls, haploids : bool
        Whether such genotypes are plain; else they are odd.
    pairs : (n_samples, 2) int32
        Receives sample and code of genotypes that are not all reference.
    tally : (3, n_samples) int64
        Adds up the genotypes that are missing in part, those missing as a whole, and the alleles carried.

    Returns
    -------
    tuple of int
        Columns; pairs, ``ODD`` if any wanted column is not plain, of which nothing is added up then; half calls;
        haploid calls.
    """
    n, n_alleles = len(line), len(sequences)
    columns, found, n_half, n_haploid, odd = 0, 0, 0, 0, False
    start, colons, base = 0, 0, 0
    words = line[: n // 8 * 8].view(np.uint64)
    for number in range(len(words) + n % 8 + 1):
        if number < len(words):
            base = 8 * number
            tabs, points = _bytes_of(words[number], TABS), _bytes_of(words[number], COLONS)
        else:  # the bytes that are left one by one, and then the end
            base = 8 * len(words) + number - len(words)
            last = base == n
            tabs = FIRST if last or line[base] == TAB else NONE
            points = FIRST if not last and line[base] == COLON else NONE
        while tabs:
            below = (tabs & (~tabs + np.uint64(1))) - np.uint64(1)
            end = base + _count(below & MARKS)
            colons += _count(points & below)
            points &= ~below
            tabs &= tabs - np.uint64(1)
            sample = order[columns] if columns < len(order) else -1
            columns += 1
            if sample >= 0:
                code = _code(line, start, end, n_alleles)
                odd |= code == ODD or colons >= n_keys
                if code != REFERENCE and not odd:
                    n_half += code < N_DIPLOID and (code < 11) != (code % 11 == 0)
                    n_haploid += code >= N_DIPLOID
                    if code != N_DIPLOID:
                        pairs[found, 0], pairs[found, 1] = sample, code
                        found += 1
            start, colons = end + 1, 0
        colons += _count(points)
    if odd or (n_half and not half_calls) or (n_haploid and not haploids):
        return columns, ODD, n_half, n_haploid
    for number in range(found):
        sample, code = pairs[number]
        if code >= N_DIPLOID:
            tally[2, sample] += sequences[code - N_DIPLOID]
            continue
        first, second = code // 11 - 1, code % 11 - 1
        if first < 0 or second < 0:
            tally[0, sample] += 1
            tally[1, sample] += first < 0 and second < 0
        if first > 0:
            tally[2, sample] += sequences[first]
        if second > 0 and second != first:
            tally[2, sample] += sequences[second]
    return columns, found, n_half, n_haploid


@kernel("UniTuple(int64, 2)(Array(int32, 2, 'C', True), int64, int16[:, ::1], int32[:, ::1], int32[::1])")
def split(pairs: Pairs, allele: int, alleles: NDArray[np.int16], carriers: Pairs, gaps: Pairs) -> tuple[int, int]:
    """Number of carriers of an allele and of gaps; both are written to ``carriers`` and ``gaps``.

    Parameters
    ----------
    pairs : (n, 2) int32
        Sample and code.
    allele : int
    alleles : (n_codes, ploidy) int16
        Allele numbers of each code, -1 where missing, ``NO_ALLELE`` beyond its ploidy.
    carriers : (3, n_samples) int32
        Receives sample, copies and ploidy.
    gaps : (n_samples,) int32
        Receives samples.
    """
    n_carriers, n_gaps = 0, 0
    for number in range(len(pairs)):
        sample, code = pairs[number]
        copies, ploidy, incomplete = 0, 0, False
        for place in range(alleles.shape[1]):
            called = alleles[code, place]
            copies += called == allele
            ploidy += called != NO_ALLELE
            incomplete |= called == -1
        if copies:
            carriers[0, n_carriers], carriers[1, n_carriers], carriers[2, n_carriers] = sample, copies, ploidy
            n_carriers += 1
        elif incomplete:
            gaps[n_gaps] = sample
            n_gaps += 1
    return n_carriers, n_gaps
