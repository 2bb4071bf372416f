"""The genotypes of a file that are not all reference, put aside while its sites are normalised.

Most genotypes of most files are reference, and bcftools needs none of them: what it is given are sites, and which
genotypes belong to one is a place in a file of pairs (sample, code of the genotype).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from radiogenomics.compiled import kernel
from radiogenomics.genomics.records import allele_numbers

Pairs = NDArray[np.int32]
Tally = NDArray[np.int64]
TAB, COLON, SLASH, PIPE, DOT, ZERO, NINE = (ord(text) for text in "\t:/|.09")
# Codes: 11 (a + 1) + b + 1 of the diploid a/b, each from -1 (missing) to 9; then haploid ones; then other texts.
N_DIPLOID, N_PLAIN = 121, 131
ODD = -1


@dataclass(frozen=True)
class Site:
    """Where the genotypes of one record stand; its text is the ID of the records that are made of it."""

    line: int
    offset: int
    n: int

    def __str__(self) -> str:
        return f"{self.line}:{self.offset}:{self.n}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the ID of a record."""
        line, offset, n = text.split(":")
        return cls(int(line), int(offset), int(n))


@dataclass(frozen=True)
class Carriers:
    """Samples, by number, that carry an allele, their copies and ploidy; and those of whom that is not known.

    ``gaps`` are genotypes that lack an allele and show no copy.
    """

    samples: Pairs
    copies: NDArray[np.int8]
    ploidy: NDArray[np.int8]
    gaps: Pairs


@dataclass(frozen=True)
class Calls:
    """Genotypes put aside in ``path``; ``alleles`` are the allele numbers of each code, -1 where missing."""

    path: Path
    alleles: Sequence[tuple[int, ...]]

    @contextmanager
    def opened(self) -> Iterator["OpenCalls"]:
        """Read them."""
        with self.path.open("rb") as stream:
            yield OpenCalls(stream, self.alleles)


class OpenCalls:
    """Answers who carries an allele."""

    def __init__(self, stream: BinaryIO, alleles: Sequence[tuple[int, ...]]) -> None:
        self._file, self._alleles = stream.fileno(), alleles
        self._copies: dict[int, NDArray[np.int8]] = {}

    @cached_property
    def _ploidy(self) -> NDArray[np.int8]:
        return np.array([len(numbers) for numbers in self._alleles], np.int8)

    @cached_property
    def _incomplete(self) -> NDArray[np.bool_]:
        return np.array([-1 in numbers for numbers in self._alleles], bool)

    def carriers(self, site: Site, allele: int) -> Carriers:
        """Who carries an allele of a record, by its number there."""
        pairs = np.frombuffer(os.pread(self._file, 8 * site.n, site.offset), np.int32).reshape(site.n, 2)
        samples, codes = pairs[:, 0], pairs[:, 1]
        if allele not in self._copies:
            self._copies[allele] = np.array([numbers.count(allele) for numbers in self._alleles], np.int8)
        copies = self._copies[allele][codes]
        carries = copies > 0
        gaps = samples[self._incomplete[codes] & ~carries]
        return Carriers(samples[carries], copies[carries], self._ploidy[codes[carries]], gaps)


class CallsWriter:
    """Puts genotypes aside; a text that is no plain one gets a code when it is first met."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.path, self._stream, self._offset = path, stream, 0
        self._codes: dict[str, int] = {}
        self.alleles = [*plain_alleles()]

    def write(self, line: int, pairs: Pairs) -> Site:
        """Append the (sample, code) pairs of a record."""
        site = Site(line, self._offset, len(pairs))
        self._offset += self._stream.write(pairs.tobytes())
        return site

    def pairs(self, calls: Sequence[str]) -> Pairs:
        """The pairs of a record from its genotypes as text, those left out that are all reference."""
        codes = [(number, self._code(call)) for number, call in enumerate(calls)]
        return np.array([pair for pair in codes if any(self.alleles[pair[1]])], np.int32).reshape(-1, 2)

    def calls(self) -> Calls:
        """What has been put aside."""
        return Calls(self.path, self.alleles)

    def _code(self, call: str) -> int:
        if call not in self._codes:
            self._codes[call] = len(self.alleles)
            self.alleles.append(allele_numbers(call))
        return self._codes[call]


def plain_alleles() -> Iterator[tuple[int, ...]]:
    """Allele numbers of the codes that the kernel gives."""
    numbers = range(-1, 10)
    yield from ((first, second) for first in numbers for second in numbers)
    yield from ((number,) for number in range(10))


@kernel(
    "UniTuple(int64, 4)(Array(uint8, 1, 'C', True), int64, int32[::1], boolean[::1], int64, boolean, boolean,"
    " int32[:, ::1], int64[:, ::1])"
)
def scan(
    line: NDArray[np.uint8],
    end: int,
    order: Pairs,
    sequences: NDArray[np.bool_],
    n_keys: int,
    half_calls: bool,
    haploids: bool,
    pairs: Pairs,
    tally: Tally,
) -> tuple[int, int, int, int]:
    """Read the plain genotypes of one record: ``a/b``, ``a|b``, ``a`` with one digit or ``.`` each.

    Parameters
    ----------
    line : (n_bytes,) uint8
        The columns of the samples, GT their first field; ``end`` of the bytes count.
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
    n_alleles = len(sequences)
    columns, found, n_half, n_haploid = 0, 0, 0, 0
    place, odd = 0, False
    while True:
        sample = order[columns] if columns < len(order) else -1
        columns += 1
        if sample >= 0 and not odd:
            first, second, ploidy = -1, -1, 1
            if place < end and line[place] != TAB and line[place] != COLON:
                mark = line[place]
                if ZERO <= mark <= NINE:
                    first = mark - ZERO
                elif mark != DOT:
                    odd = True
                place += 1
                if place + 1 < end and (line[place] == SLASH or line[place] == PIPE):
                    mark, ploidy = line[place + 1], 2
                    if ZERO <= mark <= NINE:
                        second = mark - ZERO
                    elif mark != DOT:
                        odd = True
                    place += 2
                if place < end and line[place] != TAB and line[place] != COLON:
                    odd = True
            if first >= n_alleles or second >= n_alleles:
                odd = True
            if ploidy == 2:
                n_half += (first < 0) != (second < 0)
                code = 11 * (first + 1) + second + 1
            else:
                n_haploid += first >= 0
                code = N_DIPLOID + first if first >= 0 else 0
            if not odd and (first != 0 or (ploidy == 2 and second != 0)):
                pairs[found, 0], pairs[found, 1] = sample, code
                found += 1
        colons = 0
        while place < end and line[place] != TAB:
            colons += line[place] == COLON
            place += 1
        if sample >= 0 and colons >= n_keys:
            odd = True
        if place >= end:
            break
        place += 1
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
