"""Genotypes of PLINK 1 (.bed with .bim and .fam) and PLINK 2 (.pgen with .pvar and .psam)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from radiogenomics.errors import MissingExtraError, MissingFileError
from radiogenomics.genomics.quality.errors import UnreadableGenotypesError
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

BED_MAGIC = b"\x6c\x1b\x01"  # the third byte: all samples of a variant lie together
# Copies of the first allele of .bim (ALT, as plink2 writes it) of the two bits of a genotype.
_COPIES = np.array([2, MISSING, 1, 0], dtype=np.int8)
# The four genotypes of each byte, the lowest bits first.
_GENOTYPES = _COPIES[(np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3]


@dataclass(frozen=True)
class Site:
    """One variant of .bim or .pvar."""

    chromosome: str
    position: int
    ref: str
    alts: tuple[str, ...]
    passed: bool = True
    name: str = "."


class BedSource:
    """Files of PLINK 1: two bits a genotype, variant by variant.

    The second allele of .bim is taken as REF, as plink2 writes and reads it.

    Raises
    ------
    MissingFileError, UnreadableGenotypesError
    """

    lengths: Mapping[str, int] = {}  # .bim knows no lengths of contigs

    def __init__(self, path: Path, choice: Choice = EVERYTHING) -> None:
        self.path, self.choice = path, choice
        self.samples = _fam_samples(_beside(path, ".fam"))
        self.variants = _beside(path, ".bim")
        n = sum(1 for _ in _bim_sites(self.variants))
        self.left_out: Counter[str] = Counter()
        self.width = -(-len(self.samples) // 4)
        with path.open("rb") as stream:
            magic = stream.read(3)
        if magic != BED_MAGIC:
            raise UnreadableGenotypesError(path, f"it begins with {magic.hex()}, not 6c1b01 (variant-major .bed)")
        expected = len(BED_MAGIC) + self.width * n
        if path.stat().st_size != expected:
            text = f"{path.stat().st_size} bytes, not the {expected} of {n} variants of"
            raise UnreadableGenotypesError(path, f"{text} {len(self.samples)} samples")

    def blocks(self, wanted: Sequence[str], n_sites: int = BLOCK_SITES) -> Iterator[Block]:
        """Yield blocks; see ``Source``."""
        rows = _rows_of(self.samples, wanted)
        with self.path.open("rb") as stream:
            for numbers, sites in _used(_bim_sites(self.variants), False, n_sites, self.left_out, self.choice):
                genotypes = _GENOTYPES[self._packed(stream, numbers)].reshape(len(numbers), -1)
                yield _block(sites, genotypes[:, rows])

    def _packed(self, stream: BinaryIO, numbers: Sequence[int]) -> npt.NDArray[np.uint8]:
        """(n_sites, width) bytes of the variants of these numbers; what lies between them is not read."""
        found = np.empty((len(numbers), self.width), np.uint8)
        breaks = (np.flatnonzero(np.diff(numbers) > 1) + 1).tolist()
        for start, stop in pairwise([0, *breaks, len(numbers)]):
            stream.seek(len(BED_MAGIC) + self.width * numbers[start])
            content = stream.read(self.width * (stop - start))
            found[start:stop] = np.frombuffer(content, np.uint8).reshape(stop - start, self.width)
        return found


class PgenSource:
    """Files of PLINK 2, read by pgenlib.

    Raises
    ------
    MissingFileError, MissingExtraError, UnreadableGenotypesError
    """

    lengths: Mapping[str, int]

    def __init__(self, path: Path, pass_only: bool, choice: Choice = EVERYTHING) -> None:
        self.path, self.pass_only, self.choice = path, pass_only, choice
        self.samples = _psam_samples(_beside(path, ".psam"))
        self.variants = _beside(path, ".pvar")
        self.lengths = _pvar_lengths(self.variants)
        self.left_out: Counter[str] = Counter()
        try:
            self._pgenlib: Any = import_module("pgenlib")
        except ModuleNotFoundError as error:
            raise MissingExtraError("pgen", "pgenlib") from error

    def blocks(self, wanted: Sequence[str], n_sites: int = BLOCK_SITES) -> Iterator[Block]:
        """Yield blocks; see ``Source``.

        Raises
        ------
        UnreadableGenotypesError
        """
        rows = _rows_of(self.samples, wanted)
        alleles = np.array([1 + len(site.alts) for site in _pvar_sites(self.variants)], dtype=np.uintp)
        offsets = np.concatenate([[0], alleles]).cumsum().astype(np.uintp)
        try:
            reader = self._pgenlib.PgenReader(
                str(self.path).encode(), len(self.samples), len(alleles), allele_idx_offsets=offsets
            )
            with reader:
                used = _used(_pvar_sites(self.variants), self.pass_only, n_sites, self.left_out, self.choice)
                for numbers, sites in used:
                    places = np.array(numbers, dtype=np.uint32)
                    genotypes = np.empty((len(numbers), len(self.samples)), dtype=np.int8)
                    reader.read_list(places, genotypes)
                    genotypes[genotypes < 0] = MISSING
                    dosages = np.empty((len(numbers) if self.choice.dosage else 0, len(self.samples)), np.float32)
                    if self.choice.dosage:
                        reader.read_dosages_list(places, dosages)
                        dosages[dosages < 0] = np.nan
                    yield _block(sites, genotypes[:, rows], dosages[:, rows] if self.choice.dosage else None)
        except RuntimeError as error:
            raise UnreadableGenotypesError(self.path, str(error)) from error


def _block(
    sites: Sequence[Site], genotypes: npt.NDArray[np.int8], dosages: npt.NDArray[np.float32] | None = None
) -> Block:
    return Block(
        objects([site.chromosome for site in sites]),
        np.array([site.position for site in sites], dtype=np.int64),
        objects([site.ref for site in sites]),
        objects([site.alts[0] for site in sites]),
        genotypes.T,
        name=objects([site.name for site in sites]),
        dosage=None if dosages is None else dosages.T,
    )


def _used(
    sites: Iterator[Site], pass_only: bool, n_sites: int, left_out: Counter[str], choice: Choice
) -> Iterator[tuple[list[int], list[Site]]]:
    """Usable sites with their numbers in the file, ``n_sites`` at a time; the others are counted by reason."""
    left_out.clear()
    numbers: list[int] = []
    used: list[Site] = []
    for number, site in enumerate(sites):
        if pass_only and not site.passed:
            left_out["filter"] += 1
        elif reason := refused(site.chromosome, site.ref, site.alts):
            left_out[reason] += 1
        elif not choice.site(site.chromosome, site.position, site.ref, site.alts[0], site.name):
            left_out[NOT_CHOSEN] += 1
        else:
            numbers.append(number)
            used.append(site)
            if len(numbers) == n_sites:
                yield numbers, used
                numbers, used = [], []
    if numbers:
        yield numbers, used


def _rows_of(samples: Sequence[str], wanted: Sequence[str]) -> npt.NDArray[np.intp]:
    place = {name: number for number, name in enumerate(samples)}
    return np.array([place[name] for name in wanted], dtype=np.intp)


def _beside(path: Path, suffix: str) -> Path:
    other = path.with_suffix(suffix)
    for each in (path, other):
        if not each.is_file():
            raise MissingFileError(each, f"file of PLINK ({suffix} belongs beside {path.suffix})")
    return other


def _cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if cells := line.split():
                yield number, cells


def _fam_samples(path: Path) -> tuple[str, ...]:
    found = []
    for number, cells in _cells(path):
        if len(cells) < 2:
            raise UnreadableGenotypesError(path, f"line {number}: {len(cells)} column(s)")
        found.append(cells[1])
    return _distinct(path, found)


def _psam_samples(path: Path) -> tuple[str, ...]:
    columns, found = ["#FID", "IID"], []
    for number, cells in _cells(path):
        if cells[0].startswith("##"):
            continue
        if cells[0] in ("#FID", "#IID"):
            columns = [cells[0].removeprefix("#") if cells[0] == "#IID" else cells[0], *cells[1:]]
        elif len(cells) < len(columns):
            raise UnreadableGenotypesError(path, f"line {number}: {len(cells)} column(s)")
        else:
            found.append(cells[columns.index("IID")])
    return _distinct(path, found)


def _distinct(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        raise UnreadableGenotypesError(path, "two samples have the same identifier (IID)")
    return tuple(names)


def _bim_sites(path: Path) -> Iterator[Site]:
    for number, cells in _cells(path):
        if len(cells) < 6 or not cells[3].lstrip("-").isdigit():
            raise UnreadableGenotypesError(path, f"line {number}: not six columns with a position in the fourth")
        alts = () if cells[4] in ("0", ".") else (cells[4],)
        yield Site(plain_contig(cells[0]), int(cells[3]), cells[5], alts, name=cells[1])


def _pvar_lengths(path: Path) -> dict[str, int]:
    lengths: dict[str, int] = {}
    for _, cells in _cells(path):
        if not cells[0].startswith("##"):
            break
        if cells[0].startswith("##contig=<"):
            fields = dict(item.partition("=")[::2] for item in cells[0][len("##contig=<") :].strip(">").split(","))
            if fields.get("length", "").isdigit():
                lengths[fields["ID"]] = int(fields["length"])
    return lengths


def _pvar_sites(path: Path) -> Iterator[Site]:
    columns = ["#CHROM", "ID", "CM", "POS", "ALT", "REF"]  # a .pvar without a header is a .bim
    for number, cells in _cells(path):
        if cells[0].startswith("##"):
            continue
        if cells[0] == "#CHROM":
            columns = cells
            continue
        fields = dict(zip(columns, cells, strict=False))
        if not {"#CHROM", "POS", "REF", "ALT"} <= fields.keys() or not fields["POS"].isdigit():
            raise UnreadableGenotypesError(path, f"line {number}: no chromosome, position, REF and ALT")
        alts = () if fields["ALT"] == "." else tuple(fields["ALT"].split(","))
        passed = fields.get("FILTER", ".") in (".", "PASS")
        name = fields.get("ID", ".")
        yield Site(plain_contig(fields["#CHROM"]), int(fields["POS"]), fields["REF"], alts, passed, name)
