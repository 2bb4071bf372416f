"""Genes and transcripts of a GFF3, as far as a choice of transcript needs them."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radiogenomics.errors import MissingFileError, listing
from radiogenomics.genomics.errors import GenesError

STYLE = "use an Ensembl-style GFF3: gene, transcript, exon and CDS lines linked by ID and Parent, with biotype"


# Genes here are read by another genetic code, which bcftools csq does not know: TGA is tryptophan, not a stop.
MITOCHONDRIAL = frozenset({"M", "MT", "chrM", "chrMT", "NC_012920.1"})
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Genes:
    """``contigs`` carry genes (but not the mitochondrial one); ``representative`` transcripts stand for a gene each.

    A gene's representative is its transcript with the longest CDS (ties: the smaller identifier).
    """

    contigs: frozenset[str]
    representative: frozenset[str]


def read_genes(path: Path) -> Genes:
    """Read a GFF3, plain or gzipped, and refuse what bcftools csq would take wrongly without a word.

    Raises
    ------
    MissingFileError, GenesError
    """
    if not path.is_file():
        raise MissingFileError(path, "gene file (genomics.genes)")
    parents: dict[str, str] = {}
    cds_length: dict[str, int] = defaultdict(int)
    contigs: set[str] = set()
    listed: set[str] = set()
    kinds: set[str] = set()
    for number, contig, kind, start, end, attributes in _features(path):
        contigs.add(contig)
        kinds.add(kind)
        identifier, parent = attributes.get("ID", ""), attributes.get("Parent", "")
        if kind == "CDS":
            if "," in parent:
                raise GenesError(
                    path,
                    f"line {number}: a CDS with several parents ({parent})",
                    "give each transcript its own CDS lines",
                )
            cds_length[_bare(parent)] += end - start + 1
        elif parent and identifier:
            parents[_bare(identifier)] = _bare(parent)
        elif identifier:
            listed.add(_bare(identifier))
    if not cds_length:
        raise GenesError(path, f"no CDS; feature types found: {listing(sorted(kinds))}", STYLE)
    lost = sorted(name for name in cds_length if parents.get(name) not in listed)
    if lost:
        raise GenesError(
            path, f"{len(lost)} transcript(s) with a CDS belong to no gene line: {listing(lost, 3)}", STYLE
        )
    best: dict[str, str] = {}
    for transcript in sorted(cds_length):
        gene = parents[transcript]
        if gene not in best or cds_length[transcript] > cds_length[best[gene]]:
            best[gene] = transcript
    return Genes(frozenset(contigs - MITOCHONDRIAL), frozenset(best.values()))


def _features(path: Path) -> Iterator[tuple[int, str, str, int, int, dict[str, str]]]:
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
    with gzip.open(path, "rt", encoding="utf-8") if zipped else path.open(encoding="utf-8") as stream:
        try:
            for number, line in enumerate(stream, 1):
                cells = line.rstrip("\r\n").split("\t")
                if line.startswith("#") or len(cells) != 9:
                    continue
                attributes = dict(item.split("=", 1) for item in cells[8].strip().split(";") if "=" in item)
                yield number, cells[0], cells[2], int(cells[3]), int(cells[4]), attributes
        except (ValueError, OSError, EOFError) as error:
            raise GenesError(path, f"not readable as GFF3: {error}", STYLE) from error


def _bare(identifier: str) -> str:
    """``transcript:ENST1`` → ``ENST1``, as bcftools csq prints it."""
    return identifier.removeprefix("transcript:").removeprefix("gene:")
