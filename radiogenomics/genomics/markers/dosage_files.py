"""Files of dosages one after the other where they have the same patients, and side by side where they have others."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import groupby
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.rows import FloatArray
from radiogenomics.genomics.quality.errors import OrderOfSitesError
from radiogenomics.genomics.quality.genotypes import AUTOSOMES, Block, Source

_RANK = {name: rank for rank, name in enumerate([*sorted(AUTOSOMES, key=int), "X", "Y"])}
# A file of so many sites without a single reference call lists variants only.
MIN_SITES = 20
SITES_AT_A_TIME = 512
REFERENCE_BELOW = 0.5


@dataclass(frozen=True)
class Site:
    """One variant; ``values`` are the files that hold it, with copies of ALT (n_samples,) of each."""

    chromosome: str
    position: int
    ref: str
    alt: str
    name: str
    values: tuple[tuple["DosageFile", FloatArray], ...]


@dataclass
class DosageFile:
    """One file, the samples of it that are read, and the numbers of the patients whose they are (n_samples,)."""

    source: Source
    samples: tuple[str, ...]
    patients: NDArray[np.intp]
    n_sites: int = 0
    n_reference: int = 0

    @cached_property
    def members(self) -> frozenset[int]:
        """Its patients."""
        return frozenset(self.patients.tolist())

    @property
    def left_out(self) -> Counter[str]:
        """Records that were not read, by reason."""
        return self.source.left_out

    def sites(self) -> Iterator[Site]:
        """The chosen sites in the order of the file."""
        for block in self.source.blocks(self.samples, SITES_AT_A_TIME):
            copies = _copies(block)
            self.n_sites += len(copies)
            self.n_reference += int((copies < REFERENCE_BELOW).sum())
            names = ["."] * len(copies) if block.name is None else block.name
            columns = (block.chromosome, block.position.tolist(), block.ref, block.alt, names, copies)
            for chromosome, position, ref, alt, name, values in zip(*columns, strict=True):
                yield Site(chromosome, position, ref.upper(), alt.upper(), name, ((self, values),))

    def require_reference_calls(self) -> None:
        """Refuse a file that lists variants only, once it is read: what it does not list is unknown.

        Raises
        ------
        MarkersError
        """
        if self.n_sites >= MIN_SITES and not self.n_reference:
            raise MarkersError(
                self.source.path,
                f"none of its {self.n_sites} variants has a reference call; what it does not list is unknown",
                "name files with reference calls (joint calls, an array, imputed) in genomics.markers.dosage.files",
            )


def merged_sites(files: Sequence[DosageFile]) -> Iterator[Site]:
    """Sites of all files; one that files of several patients hold comes once.

    Files of the same patients follow each other. Those of other patients are read side by side, for which their sites
    must be in order of chromosome (1 to 22, X, Y) and position.

    Raises
    ------
    OrderOfSitesError
    """
    sets: dict[frozenset[int], list[DosageFile]] = {}
    for file in files:
        sets.setdefault(file.members, []).append(file)
    if len(sets) <= 1:
        for file in files:
            yield from file.sites()
        return
    streams = [_in_order(number, own) for number, own in enumerate(sets.values())]
    for _, near in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        found: dict[tuple[str, str, int], Site] = {}
        times: Counter[tuple[str, str, int]] = Counter()
        for _, number, site in near:
            times[site.ref, site.alt, number] += 1
            key = site.ref, site.alt, times[site.ref, site.alt, number]  # a record that one file repeats stays apart
            found[key] = _both(found[key], site) if key in found else site
        yield from found.values()


def _both(first: Site, second: Site) -> Site:
    name = first.name if first.name not in ("", ".") else second.name
    return Site(first.chromosome, first.position, first.ref, first.alt, name, (*first.values, *second.values))


def _in_order(number: int, files: Sequence[DosageFile]) -> Iterator[tuple[tuple[int, int], int, Site]]:
    last = (-1, -1)
    for file in files:
        for site in file.sites():
            place = _RANK[site.chromosome], site.position
            if place < last:
                raise OrderOfSitesError(file.source.path, f"{site.chromosome}:{site.position}")
            last = place
            yield place, number, site


def _copies(block: Block) -> FloatArray:
    """(n_sites, n_samples): the dosage where it was read, else the copies that are called; NaN where missing."""
    if block.dosage is not None:
        return block.dosage.T.astype(np.float64)
    copies = block.copies.T.astype(np.float64)
    copies[copies < 0] = np.nan
    return copies
