"""Genes and transcripts of a GFF3, as far as a choice of transcript needs them."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.errors import GenesError


@dataclass(frozen=True)
class Genes:
    """``representative`` is the transcript with the longest CDS of each gene (ties: the smaller identifier)."""

    contigs: frozenset[str]
    representative: frozenset[str]


def read_genes(path: Path) -> Genes:
    """Read a GFF3, plain or gzipped.

    Raises
    ------
    MissingFileError, GenesError
    """
    if not path.is_file():
        raise MissingFileError(path, "gene file (genomics.genes)")
    parents: dict[str, str] = {}
    cds_length: dict[str, int] = defaultdict(int)
    contigs: set[str] = set()
    kinds: set[str] = set()
    for contig, kind, start, end, attributes in _features(path):
        contigs.add(contig)
        kinds.add(kind)
        if kind == "CDS":
            for parent in attributes.get("Parent", "").split(","):
                cds_length[_bare(parent)] += end - start + 1
        elif attributes.get("Parent") and "ID" in attributes:
            parents[_bare(attributes["ID"])] = _bare(attributes["Parent"])
    best: dict[str, str] = {}
    for transcript in sorted(cds_length):
        gene = parents.get(transcript)
        if gene is not None and (gene not in best or cds_length[transcript] > cds_length[best[gene]]):
            best[gene] = transcript
    if not best:
        raise GenesError(path, sorted(kinds))
    return Genes(frozenset(contigs), frozenset(best.values()))


def _features(path: Path) -> Iterator[tuple[str, str, int, int, dict[str, str]]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        for line in stream:
            cells = line.rstrip("\n").split("\t")
            if line.startswith("#") or len(cells) != 9:
                continue
            attributes = dict(item.split("=", 1) for item in cells[8].strip().split(";") if "=" in item)
            yield cells[0], cells[2], int(cells[3]), int(cells[4]), attributes


def _bare(identifier: str) -> str:
    """``transcript:ENST1`` → ``ENST1``, as bcftools csq prints it."""
    return identifier.rpartition(":")[2]
