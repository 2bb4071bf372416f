"""Coding bases of each gene: the CDS of the transcript that stands for it, and how much of it regions cover."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.genomics.genes import Genes, bare, features
from radiogenomics.genomics.gff import chromosome, gene_name

IntArray = NDArray[np.int64]
_CHR = re.compile(r"^chr(?=.)")


@dataclass(frozen=True)
class Regions:
    """Disjoint half-open regions of one contig in order, from 0; ``before`` counts the bases of earlier ones."""

    starts: IntArray
    ends: IntArray
    before: IntArray

    def bases_below(self, positions: IntArray) -> IntArray:
        """Bases of the regions that lie before each position."""
        place = np.searchsorted(self.starts, positions, side="right") - 1
        inside = np.minimum(positions, self.ends[place]) - self.starts[place]
        return np.where(place >= 0, self.before[place] + inside, 0)


@dataclass(frozen=True)
class Coding:
    """CDS of transcripts that stand for genes.

    ``genes`` and ``bases`` have one entry a transcript; ``parts`` gives, by bare contig, starts, ends and number of
    the transcript of each part of a CDS.
    """

    genes: tuple[str, ...]
    bases: IntArray
    parts: Mapping[str, tuple[IntArray, IntArray, IntArray]]

    def spans(self) -> pd.DataFrame:
        """Gene, bare contig, and where its CDS starts (from 0) and ends; of two genes of one name the first."""
        rows = []
        for contig, (starts, ends, owners) in self.parts.items():
            frame = pd.DataFrame({"start": starts, "end": ends, "owner": owners})
            rows.append(frame.groupby("owner").agg(start=("start", "min"), end=("end", "max")).assign(contig=contig))
        found = pd.concat(rows).sort_index()
        found.insert(0, "gene", [self.genes[owner] for owner in found.index])
        return found.drop_duplicates("gene").reset_index(drop=True)

    def shares(self, regions: Mapping[str, Regions]) -> dict[str, tuple[int, float]]:
        """Coding bases of each gene and the share of them in the regions; of two genes of one name the better one."""
        covered = np.zeros(len(self.genes), np.int64)
        for contig, (starts, ends, owners) in self.parts.items():
            if contig in regions:
                inside = regions[contig].bases_below(ends) - regions[contig].bases_below(starts)
                np.add.at(covered, owners, inside)
        found: dict[str, tuple[int, float]] = {}
        for gene, bases, share in zip(self.genes, self.bases.tolist(), (covered / self.bases).tolist(), strict=True):
            if gene not in found or share > found[gene][1]:
                found[gene] = (bases, share)
        return found


def bare_contig(name: str) -> str:
    """A contig without ``chr``; RefSeq's accession of a human chromosome as that chromosome."""
    return _CHR.sub("", chromosome(name) or name)


def merged(starts: Sequence[int], ends: Sequence[int]) -> Regions:
    """Regions in any order, overlapping or not, as disjoint ones; empty ones vanish."""
    first, last = np.asarray(starts, np.int64), np.asarray(ends, np.int64)
    order = np.argsort(first[first < last], kind="stable")
    first, last = first[first < last][order], np.maximum.accumulate(last[first < last][order])
    new = np.ones(len(first), bool)
    new[1:] = first[1:] > last[:-1]
    first, last = first[new], last[np.append(np.flatnonzero(new)[1:], len(last)) - 1] if len(last) else last
    return Regions(first, last, np.append(0, np.cumsum(last - first))[: len(first)])


def coding_regions(genes: Genes) -> Coding:
    """Read the CDS of the representative transcripts, one for each gene line.

    Raises
    ------
    GenesError
    """
    parts: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    names: dict[str, str] = {}
    for feature in features(genes.path):
        if feature.kind == "CDS":
            for parent in feature.parents:
                if parent in genes.representative and feature.cells[0] in genes.contigs:
                    place = int(feature.cells[3]) - 1, int(feature.cells[4])
                    parts[parent, bare_contig(feature.cells[0])].append(place)
        elif not feature.parents and (identifier := bare(feature.attributes.get("ID", ""))):
            names[identifier] = gene_name(feature.attributes, identifier)
    transcripts = sorted({transcript for transcript, _ in parts})
    number_of = {transcript: number for number, transcript in enumerate(transcripts)}
    bases = np.zeros(len(transcripts), np.int64)
    by_contig: dict[str, list[tuple[IntArray, IntArray, IntArray]]] = defaultdict(list)
    for (transcript, contig), places in sorted(parts.items()):
        part = merged(*zip(*places, strict=True))
        bases[number_of[transcript]] += int((part.ends - part.starts).sum())
        by_contig[contig].append((part.starts, part.ends, np.full(len(part.starts), number_of[transcript])))
    joined = {name: tuple(map(np.concatenate, zip(*each, strict=True))) for name, each in by_contig.items()}
    return Coding(tuple(names[genes.gene_of[name]] for name in transcripts), bases, joined)  # type: ignore[arg-type]
