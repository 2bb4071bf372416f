"""The genotypes of a file that are not all reference, put aside while its sites are normalised.

Most genotypes of most files are reference, and bcftools needs none of them: what it is given are sites, and which
genotypes belong to one is a place in a file of pairs (sample, code of the genotype).
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from radiogenomics.genomics.records import Site, allele_numbers
from radiogenomics.genomics.scan import NO_ALLELE, Pairs, split


@dataclass(frozen=True)
class Carriers:
    """Samples, by number, that carry an allele, their copies and ploidy; and those of whom that is not known.

    ``gaps`` are genotypes that lack an allele and show no copy.
    """

    samples: Pairs
    copies: Pairs
    ploidy: Pairs
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
        self._file = stream.fileno()
        ploidy = max(map(len, alleles))
        self._alleles = np.array([(*numbers, *(NO_ALLELE,) * (ploidy - len(numbers))) for numbers in alleles], np.int16)

    def carriers(self, site: Site, allele: int) -> Carriers:
        """Who carries an allele of a record, by its number there."""
        pairs = np.frombuffer(os.pread(self._file, 8 * site.n, site.offset), np.int32).reshape(site.n, 2)
        carriers, gaps = np.empty((3, site.n), np.int32), np.empty(site.n, np.int32)
        n_carriers, n_gaps = split(pairs, allele, self._alleles, carriers, gaps)
        samples, copies, ploidy = carriers[:, :n_carriers]
        return Carriers(samples, copies, ploidy, gaps[:n_gaps])


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
