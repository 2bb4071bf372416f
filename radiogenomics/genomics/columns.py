"""One record of a VCF: its line as cells and columns of samples, and the genotypes in those."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiogenomics.genomics.calls import CallsWriter
from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.header import FIXED_WITH_GENOTYPES, Header
from radiogenomics.genomics.reading import text_of
from radiogenomics.genomics.records import OTHER, STAR, Genotypes
from radiogenomics.genomics.remarks import Remarks
from radiogenomics.genomics.scan import ODD, Pairs, scan

N_FIXED = len(FIXED_WITH_GENOTYPES)


@dataclass(frozen=True)
class Record:
    """One line: its first nine cells as text, and the columns of the samples as they stand."""

    path: Path
    n_columns: int
    cells: list[str]
    samples: bytes

    def require_columns(self, number: int, found: int | None = None) -> None:
        """Refuse a line with more or fewer columns than the header.

        Raises
        ------
        UnreadableVcfError
        """
        if found is None:
            found = len(self.cells) + (self.samples.count(b"\t") + 1 if self.samples else 0)
        if found != self.n_columns:
            text = f"{found} columns, the header has {self.n_columns}"
            raise UnreadableVcfError(self.path, f"line {number}: {text}", number)


class Columns:
    """Reads the wanted columns of records: plain genotypes by a kernel, others as text.

    ``tally`` (3, n_samples) counts the calls that are missing in part, as a whole, and the alleles carried.
    """

    def __init__(self, header: Header, samples: Sequence[str], remarks: Remarks, writer: CallsWriter) -> None:
        place = {name: index for index, name in enumerate(header.samples)}
        columns = [N_FIXED + place[sample] for sample in samples]
        self.remarks, self._writer = remarks, writer
        self._text = Genotypes(columns, remarks)
        self._order = np.full(len(header.samples), -1, np.int32)
        self._order[[column - N_FIXED for column in columns]] = np.arange(len(columns))
        self._pairs = np.empty((len(columns), 2), np.int32)
        self.tally = np.zeros((3, len(columns)), np.int64)
        self._sequences: dict[tuple[bool, ...], NDArray[np.bool_]] = {}
        self._n_keys: dict[str, int] = {}

    def pairs(self, number: int, record: Record, alts: Sequence[str]) -> Pairs | None:
        """Samples and codes of the genotypes that are not all reference; None where one cannot be used."""
        if not record.samples:
            return self._pairs
        keys = record.cells[N_FIXED - 1]
        if keys not in self._n_keys:
            names = keys.split(":")
            self._n_keys[keys] = len(names) if names[0] == "GT" and names.count("GT") == 1 else 0
        found = ODD
        if self._n_keys[keys]:
            found = self._scanned(number, record, alts, self._n_keys[keys])
        return self._pairs[:found] if found != ODD else self._read(number, record, alts)

    def _scanned(self, number: int, record: Record, alts: Sequence[str], n_keys: int) -> int:
        """Pairs that the kernel has found; ``ODD`` for records, and the first of each remark, that it does not read."""
        body = np.frombuffer(record.samples, np.uint8)
        sequences = self._sequences_of(alts)
        known = "half_call" in self.remarks.found, "haploid" in self.remarks.found
        n_columns, found, *odd = scan(body, self._order, sequences, n_keys, *known, self._pairs, self.tally)
        record.require_columns(number, N_FIXED + n_columns)
        if found != ODD:
            for kind, n in zip(("half_call", "haploid"), odd, strict=True):
                if n:
                    self.remarks.add(kind, number, "", n)
        return int(found)

    def _read(self, number: int, record: Record, alts: Sequence[str]) -> Pairs | None:
        """As ``pairs``, from the columns as text."""
        record.require_columns(number)
        cells = [*record.cells, *text_of(record.samples).split("\t")]
        calls = self._text.calls(number, cells, 1 + len(alts))
        if calls is None:
            return None
        pairs = self._writer.pairs(calls)
        sequences = self._sequences_of(alts)
        for sample, code in pairs.tolist():
            numbers = self._writer.alleles[code]
            self.tally[0, sample] += -1 in numbers
            self.tally[1, sample] += set(numbers) == {-1}
            self.tally[2, sample] += sum(bool(sequences[allele]) for allele in set(numbers) if allele > 0)
        return pairs

    def _sequences_of(self, alts: Sequence[str]) -> NDArray[np.bool_]:
        plain = (False, *(alt not in (STAR, OTHER) for alt in alts))
        if plain not in self._sequences:
            self._sequences[plain] = np.array(plain)
        return self._sequences[plain]
