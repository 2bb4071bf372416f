"""Genotypes as matrices in blocks of sites, whatever file they come from, and what is left out while reading."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

# Sites that are held at a time; results do not depend on it.
BLOCK_SITES = 4096
MISSING = -1
AUTOSOMES = frozenset(str(number) for number in range(1, 23))
# PLINK codes of the sex chromosomes, and the region that both share.
_NUMBERED = {"23": "X", "24": "Y", "25": "XY", "26": "MT", "M": "MT"}
SEQUENCE = re.compile(r"[ACGTNacgtn]+")
_TRANSITIONS = frozenset({"AG", "GA", "CT", "TC"})


@dataclass(frozen=True)
class Block:
    """Some sites of one file, in its order.

    Attributes
    ----------
    chromosome, ref, alt : (n_sites,) object
        Contig without ``chr``, and one alternate allele of A, C, G, T and N.
    position : (n_sites,) int64
        1-based.
    copies : (n_samples, n_sites) int8
        Copies of ALT, 0 to 2; -1 where the genotype is missing or half missing. A haploid call stands as 0 or 2.
    haploid : (n_samples, n_sites) bool, or None
        Genotypes of one allele, where the file tells.
    depth, quality, ref_depth, alt_depth : (n_samples, n_sites) float32, or None
        DP, GQ and the two depths of AD, NaN where missing; None if the file has no such field.
    name : (n_sites,) object, or None
        ID of the record, ``.`` where it has none; None where files were joined.
    dosage : (n_samples, n_sites) float32, or None
        Expected copies of ALT, 0 to 2, NaN where missing; None unless a ``Choice`` asks for them.
    """

    chromosome: npt.NDArray[np.object_]
    position: npt.NDArray[np.int64]
    ref: npt.NDArray[np.object_]
    alt: npt.NDArray[np.object_]
    copies: npt.NDArray[np.int8]
    haploid: npt.NDArray[np.bool_] | None = None
    depth: npt.NDArray[np.float32] | None = None
    quality: npt.NDArray[np.float32] | None = None
    ref_depth: npt.NDArray[np.float32] | None = None
    alt_depth: npt.NDArray[np.float32] | None = None
    name: npt.NDArray[np.object_] | None = None
    dosage: npt.NDArray[np.float32] | None = None

    @property
    def autosomal(self) -> npt.NDArray[np.bool_]:
        """Which sites lie on chromosomes 1 to 22."""
        return np.fromiter((name in AUTOSOMES for name in self.chromosome), bool, len(self.chromosome))

    @property
    def snv(self) -> npt.NDArray[np.bool_]:
        """Which sites exchange one base for another."""
        pairs = zip(self.ref, self.alt, strict=True)
        return np.fromiter((len(ref) == len(alt) == 1 for ref, alt in pairs), bool, len(self.ref))

    @property
    def transition(self) -> npt.NDArray[np.bool_]:
        """Which of these are A/G or C/T."""
        pairs = zip(self.ref, self.alt, strict=True)
        return np.fromiter(((ref + alt).upper() in _TRANSITIONS for ref, alt in pairs), bool, len(self.ref))

    def __getitem__(self, keep: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
        """The genotypes of some sites."""
        return self.copies[:, keep]


def every_site(_: str, __: int, ___: str, ____: str, _____: str) -> bool:
    """For reading all sites."""
    return True


@dataclass(frozen=True)
class Choice:
    """What is read of a file beside the calls.

    ``dosage`` asks for expected copies: of a VCF those of the field of FORMAT that ``field`` names. ``site`` says by
    chromosome, position, REF, ALT and ID whether a site is read; others count as ``not_chosen``.
    """

    dosage: bool = False
    field: str | None = None
    site: Callable[[str, int, str, str, str], bool] = every_site


NOT_CHOSEN = "not_chosen"
EVERYTHING = Choice()


class Source(Protocol):
    """A file of genotypes.

    ``left_out`` counts, after ``blocks`` is exhausted, the records that it did not give, by reason.
    """

    path: Path
    samples: tuple[str, ...]
    left_out: Counter[str]

    @property
    def lengths(self) -> Mapping[str, int]:
        """Contigs of which the file states the length."""

    def blocks(self, wanted: Sequence[str], n_sites: int = BLOCK_SITES) -> Iterator[Block]:
        """Yield blocks of at most ``n_sites`` sites; rows are the ``wanted`` samples in this order."""


def plain_contig(name: str) -> str:
    """``chrX``, ``X`` and PLINK's ``23`` as ``X``."""
    name = name[3:] if name[:3].lower() == "chr" else name
    return _NUMBERED.get(name, name)


def refused(chromosome: str, ref: str, alts: Sequence[str]) -> str:
    """Why a record is not used, or an empty string: contig, number of alleles, alleles that are no sequence."""
    if chromosome not in AUTOSOMES and chromosome not in ("X", "Y"):
        return "other_contig"
    if not alts:
        return "no_alternate"
    if len(alts) > 1:
        return "multiallelic"
    if not SEQUENCE.fullmatch(ref) or not SEQUENCE.fullmatch(alts[0]):
        return "no_sequence"
    return ""


def objects(values: Sequence[str]) -> npt.NDArray[np.object_]:
    """Strings as an array of objects."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def ratio(part: npt.ArrayLike, whole: npt.ArrayLike, empty: float = np.nan) -> npt.NDArray[np.float64]:
    """Element by element, ``empty`` where the divisor is not positive."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    found: npt.NDArray[np.float64] = np.full(np.broadcast_shapes(part.shape, whole.shape), empty, dtype=np.float64)
    np.divide(part, whole, where=whole > 0, out=found)
    return found


# Shares and qualities are summed in units of 2^-24. Such sums are exact in float64 up to 2^29 terms of size 1, so that
# they do not depend on the order of summation, hence neither on the size of blocks nor on the number of threads.
_UNIT = 2.0**24


def exact(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Values rounded to multiples of 2^-24, as multiples; NaN becomes 0."""
    rounded: npt.NDArray[np.float64] = np.rint(np.nan_to_num(values.astype(np.float64)) * _UNIT)
    return rounded


def inexact(total: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A sum of such multiples as a plain number."""
    return total / _UNIT
