"""Several files of different samples, site by site: those that all of them hold."""

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from radiogenomics.genomics.quality.errors import OrderOfSitesError
from radiogenomics.genomics.quality.genotypes import AUTOSOMES, BLOCK_SITES, Block, Source, objects

_RANK = {name: rank for rank, name in enumerate([*sorted(AUTOSOMES, key=int), "X", "Y"])}
NOT_EVERYWHERE = "not_in_every_file"


class _Site(NamedTuple):
    """One site of one file; ``copies`` and ``haploid`` are (n_samples,)."""

    place: tuple[int, int]
    file: int
    chromosome: str
    ref: str
    alt: str
    copies: npt.NDArray[np.int8]
    haploid: npt.NDArray[np.bool_]


def joined(
    parts: Sequence[tuple[Source, Sequence[str]]], left_out: Counter[str], n_sites: int = BLOCK_SITES
) -> Iterator[Block]:
    """Yield blocks of the sites that are in all files, by chromosome, position and alleles; rows as in ``parts``.

    What one of several files lacks is counted as ``not_in_every_file``; of a site that a file repeats the first counts.

    Raises
    ------
    OrderOfSitesError
    """
    if len(parts) == 1:
        (source, wanted), *_ = parts
        yield from source.blocks(wanted, n_sites)
        return
    streams = [_sites(number, source, wanted, n_sites) for number, (source, wanted) in enumerate(parts)]
    rows: list[list[_Site]] = []
    for _, near in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
        alleles: dict[tuple[str, str], dict[int, _Site]] = {}
        for site in near:
            alleles.setdefault((site.ref, site.alt), {}).setdefault(site.file, site)
        for found in alleles.values():
            if len(found) < len(parts):
                left_out[NOT_EVERYWHERE] += 1
                continue
            rows.append([found[number] for number in range(len(parts))])
            if len(rows) == n_sites:
                yield _block(rows)
                rows = []
    if rows:
        yield _block(rows)


def _sites(number: int, source: Source, wanted: Sequence[str], n_sites: int) -> Iterator[_Site]:
    last = (-1, -1)
    for block in source.blocks(wanted, n_sites):
        haploid = np.zeros(block.copies.shape, dtype=bool) if block.haploid is None else block.haploid
        columns: list[Any] = [
            block.chromosome,
            block.position.tolist(),
            block.ref,
            block.alt,
            block.copies.T,
            haploid.T,
        ]
        for chromosome, position, ref, alt, copies, single in zip(*columns, strict=True):
            place = (_RANK[chromosome], position)
            if place < last:
                raise OrderOfSitesError(source.path, f"{chromosome}:{position}")
            last = place
            yield _Site(place, number, chromosome, ref.upper(), alt.upper(), copies, single)


def _block(rows: Sequence[Sequence[_Site]]) -> Block:
    firsts = [row[0] for row in rows]
    haploid = np.stack([np.concatenate([site.haploid for site in row]) for row in rows])
    return Block(
        objects([site.chromosome for site in firsts]),
        np.array([site.place[1] for site in firsts], dtype=np.int64),
        objects([site.ref for site in firsts]),
        objects([site.alt for site in firsts]),
        np.stack([np.concatenate([site.copies for site in row]) for row in rows]).T,
        haploid.T if haploid.any() else None,
    )
