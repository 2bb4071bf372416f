"""Genotypes of VCF and BCF."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cyvcf2
import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.normalise import header_of
from radiogenomics.genomics.quality.errors import DosageError, DosageFieldError
from radiogenomics.genomics.quality.genotypes import (
    BLOCK_SITES,
    EVERYTHING,
    MISSING,
    NOT_CHOSEN,
    Block,
    Choice,
    objects,
    plain_contig,
    refused,
)

# How cyvcf2 states an allele that is missing, and one that a genotype of lower ploidy does not have.
_NO_CALL, _NO_ALLELE = -1, -2
# Dosages are printed with a few digits, so that two copies may be a little more.
MAX_DOSAGE = 2.001
# What htslib calls the header lines of FORMAT.
_FORMAT = 2
# Fields of FORMAT that are read where the header declares them, and the number of values of each that is used.
_FIELDS = {"DP": 1, "GQ": 1, "AD": 2}


class VcfSource:
    """A VCF or BCF, streamed; it needs no index.

    Only records of one alternate allele are given: which samples carry the second allele of a multiallelic record says
    says nothing of the first one's frequency. Half calls (``./1``) are missing.

    Raises
    ------
    MissingFileError, UnreadableVcfError, DosageFieldError
    """

    def __init__(self, path: Path, pass_only: bool, choice: Choice = EVERYTHING) -> None:
        header = header_of(path)
        self.path, self.pass_only, self.choice = path, pass_only, choice
        if choice.field is not None and not _declares(reader := cyvcf2.VCF(str(path)), choice.field):
            raise DosageFieldError(path, choice.field, _declared(reader))
        self.samples = header.samples
        self.lengths = header.lengths
        self.left_out: Counter[str] = Counter()

    def blocks(self, wanted: Sequence[str], n_sites: int = BLOCK_SITES) -> Iterator[Block]:
        """Yield blocks; see ``Source``.

        Raises
        ------
        UnreadableVcfError
            The file ends too early or holds what htslib cannot read.
        DosageError
            A dosage is no number from 0 to 2.
        """
        self.left_out.clear()
        reader = cyvcf2.VCF(str(self.path), samples=list(wanted), strict_gt=True)
        order = [reader.samples.index(name) for name in wanted]
        own = [] if self.choice.dosage else [name for name in _FIELDS if _declares(reader, name)]
        rows = _Rows(self.path, order, own, self.choice.field)
        for record in self._records(reader):
            if reason := self._refused(record) or rows.add(record):
                self.left_out[reason] += 1
            elif len(rows.genotypes) == n_sites:
                yield rows.block()
                rows.clear()
        if rows.genotypes:
            yield rows.block()

    def _records(self, reader: Any) -> Iterator[Any]:  # noqa: ANN401 - cyvcf2 has no types
        records = iter(reader)
        while True:
            try:
                record = next(records)
            except StopIteration:
                return
            except Exception as error:  # cyvcf2 raises no other class where htslib gives up
                raise UnreadableVcfError(self.path, str(error)) from error
            yield record

    def _refused(self, record: Any) -> str:  # noqa: ANN401
        if self.pass_only and record.FILTER is not None:
            return "filter"
        chromosome = plain_contig(record.CHROM)
        if reason := refused(chromosome, record.REF, record.ALT):
            return reason
        chosen = self.choice.site(chromosome, record.POS, record.REF, record.ALT[0], record.ID or ".")
        return "" if chosen else NOT_CHOSEN


class _Rows:
    """Records on their way to a block."""

    def __init__(self, path: Path, order: Sequence[int], fields: Sequence[str], dosage: str | None) -> None:
        self.path = path
        self.order = np.array(order, dtype=np.intp)
        self.fields, self.dosage = fields, dosage
        self.clear()

    def clear(self) -> None:
        self.sites: list[tuple[str, int, str, str, str]] = []
        self.genotypes: list[npt.NDArray[np.int16]] = []
        self.dosages: list[npt.NDArray[np.float32]] = []
        self.values: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in self.fields}

    def add(self, record: Any) -> str:  # noqa: ANN401
        """Take a record, or say why it cannot be used."""
        try:
            called = record.genotype.array()
        except Exception as error:
            if "couldn't get genotypes" not in str(error):
                raise
            if self.dosage is None:
                return "no_gt"
            called = np.full((1 + int(self.order.max(initial=-1)), 3), _NO_CALL, dtype=np.int16)
        if called.shape[1] != 3:  # the last column is the phase
            called = _two_alleles(called)
            if called is None:
                return "polyploid"
        self.genotypes.append(called[self.order, :2])
        self.sites.append((plain_contig(record.CHROM), record.POS, record.REF, record.ALT[0], record.ID or "."))
        for name, values in self.values.items():
            values.append(self._numbers(record.format(name), _FIELDS[name]))
        if self.dosage is not None:
            self.dosages.append(self._dosages(record))
        return ""

    def _dosages(self, record: Any) -> npt.NDArray[np.float32]:  # noqa: ANN401
        """(n_samples,) of a record; a missing one is NaN, or as an integer negative."""
        found = record.format(self.dosage)
        if found is None:
            return np.full(len(self.order), np.nan, dtype=np.float32)
        if found.shape[1] != 1:
            raise DosageError(self.path, _place(record), f"{found.shape[1]} values of {self.dosage}")
        numbers: npt.NDArray[np.float32] = found[self.order, 0].astype(np.float32)
        if found.dtype.kind == "i":
            numbers[numbers < 0] = np.nan
        return numbers

    def block(self) -> Block:
        """The records taken since the last one."""
        first, second = np.moveaxis(np.stack(self.genotypes), -1, 0)
        haploid = second == _NO_ALLELE
        copies = np.where(haploid, 2 * first, first + second).astype(np.int8)
        copies[(first == _NO_CALL) | (second == _NO_CALL)] = MISSING
        haploid &= copies != MISSING
        chromosome, position, ref, alt, name = zip(*self.sites, strict=True)
        values = {name: np.stack(rows).transpose(2, 1, 0) for name, rows in self.values.items()}
        return Block(
            objects(chromosome),
            np.array(position, dtype=np.int64),
            objects(ref),
            objects(alt),
            copies.T,
            haploid.T if haploid.any() else None,
            values["DP"][0] if "DP" in values else None,
            values["GQ"][0] if "GQ" in values else None,
            values["AD"][0] if "AD" in values else None,
            values["AD"][1] if "AD" in values else None,
            objects(name),
            self._expected(haploid.T) if self.dosage is not None else None,
        )

    def _expected(self, haploid: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
        """Dosages (n_samples, n_sites); those of a haploid call, 0 to 1, are doubled as the call itself is."""
        found: npt.NDArray[np.float32] = np.stack(self.dosages).T
        found = np.where(haploid, 2 * found, found)
        if (bad := (found < 0) | (found > MAX_DOSAGE)).any():
            row, column = np.argwhere(bad)[0]
            contig, position, *_ = self.sites[column]
            raise DosageError(self.path, f"{contig}:{position}", f"{self.dosage} of {found[row, column]:g} copies")
        return found

    def _numbers(self, found: Any, width: int) -> npt.NDArray[np.float32]:  # noqa: ANN401
        """(n_samples, width) of a field; NaN where it is missing, negative or has another number of values."""
        if found is None or found.dtype.kind not in "if" or found.shape[1] != width:
            return np.full((len(self.order), width), np.nan, dtype=np.float32)
        numbers: npt.NDArray[np.float32] = found[self.order].astype(np.float32)
        numbers[~(numbers >= 0)] = np.nan  # htslib's signs for a missing number are negative ones and NaN
        return numbers


def _place(record: Any) -> str:  # noqa: ANN401
    return f"{record.CHROM}:{record.POS}"


def _declared(reader: Any) -> list[str]:  # noqa: ANN401
    """Fields of FORMAT that the header declares as numbers."""
    infos = (line.info() for line in reader.header_iter())
    names = [str(info["ID"]) for info in infos if info.get("HeaderType") == "FORMAT"]
    return [name for name in names if _declares(reader, name)]


def _declares(reader: Any, name: str) -> bool:  # noqa: ANN401
    try:
        return str(reader.get_header_type(name, order=[_FORMAT])["Type"]) in ("Integer", "Float")
    except KeyError:
        return False


def _two_alleles(called: npt.NDArray[np.int16]) -> npt.NDArray[np.int16] | None:
    """Genotypes of a record whose array is not two alleles wide; None if a sample has more than two."""
    alleles = called[:, :-1]
    if alleles.shape[1] == 1:
        return np.column_stack([alleles[:, 0], np.full(len(alleles), _NO_ALLELE, dtype=np.int16)])
    two: npt.NDArray[np.int16] = alleles[:, :2]
    return None if (alleles[:, 2:] != _NO_ALLELE).any() else two
