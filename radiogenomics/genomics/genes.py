"""Genes and transcripts of a GFF3 in the style of Ensembl, GENCODE or NCBI RefSeq, and the transcript for each gene."""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from radiogenomics.errors import MissingFileError, listing
from radiogenomics.genomics.errors import GenesError
from radiogenomics.genomics.reading import is_gzip

STYLE = (
    "use a GFF3 of Ensembl, GENCODE or NCBI RefSeq: genes, transcripts, exons and CDS linked by ID and Parent,"
    " with biotype, gene_type or gene_biotype"
)
# Genes here are read by another genetic code, which bcftools csq does not know: TGA is tryptophan, not a stop.
MITOCHONDRIAL = frozenset({"M", "MT", "chrM", "chrMT", "NC_012920.1"})
PARTS = frozenset({"exon", "CDS", "five_prime_UTR", "three_prime_UTR"})
_SKIPPED = frozenset({"start_codon", "stop_codon", "stop_codon_redefined_as_selenocysteine", "cDNA_match", "match"})
_PREFIX = re.compile(r"^(?:transcript:|gene:|rna-|gene-)")
_VERSION = re.compile(r"\.\d+$")


@dataclass(frozen=True)
class Feature:
    """One line of a GFF3 as far as it is needed; ``cells`` are its first eight columns."""

    line: int
    cells: tuple[str, ...]
    attributes: Mapping[str, str]

    @property
    def kind(self) -> str:
        """Type of the feature, column 3."""
        return self.cells[2]

    @property
    def parents(self) -> list[str]:
        """Bare names of the parents."""
        return [bare(name) for name in self.attributes.get("Parent", "").split(",") if name]


@dataclass
class Genes:
    """What a GFF3 holds.

    ``contigs`` carry genes (but not the mitochondrial one); ``gene_of`` is the gene line of each transcript;
    ``representative`` transcripts stand for a gene each, with the reason (``canonical`` or ``longest_cds``).
    ``plain`` says that bcftools reads the file as it is, without a normalised copy.
    """

    path: Path
    contigs: frozenset[str]
    gene_of: Mapping[str, str]
    cds_length: Mapping[str, int]
    lengths: Mapping[str, tuple[int, int]]
    plain: bool
    representative: dict[str, str] = field(default_factory=dict)

    def knows(self, transcript: str) -> bool:
        """Whether a transcript, with or without its version, is one of a gene here."""
        return transcript in self._known or unversioned(transcript) in self._known

    def represents(self, transcript: str) -> str | None:
        """Why the transcript stands for its gene; None if it does not."""
        return self._chosen.get(transcript) or self._chosen.get(unversioned(transcript))

    def decided(self, transcript: str) -> bool:
        """Whether the list of canonical transcripts decides for the transcript's gene."""
        return self._known.get(transcript, self._known.get(unversioned(transcript))) in self._decided

    def __post_init__(self) -> None:
        self._known = {name: gene for known, gene in self.gene_of.items() for name in (known, unversioned(known))}
        self._chosen = {
            name: why for chosen, why in self.representative.items() for name in (chosen, unversioned(chosen))
        }
        self._decided = {self.gene_of[name] for name, why in self.representative.items() if why == "canonical"}


def read_genes(path: Path, canonical: Path | None = None) -> Genes:
    """Read a GFF3, plain or gzipped, and refuse what would be taken wrongly without a word.

    A gene's transcript is, of those that ``canonical`` lists, else of all, the one with the longest CDS (ties: the
    smaller identifier).

    Raises
    ------
    MissingFileError, GenesError
    """
    if not path.is_file():
        raise MissingFileError(path, "gene file (genomics.genes)")
    parents: dict[str, str] = {}
    cds: dict[str, int] = defaultdict(int)
    contigs: set[str] = set()
    listed: set[str] = set()
    kinds: Counter[str] = Counter()
    lengths: dict[str, tuple[int, int]] = {}
    plain = True
    for feature in features(path, lengths):
        kinds[feature.kind] += 1
        contigs.add(feature.cells[0])
        identifier, above = feature.attributes.get("ID", ""), feature.parents
        if feature.kind == "CDS":
            plain &= len(above) == 1 and feature.attributes["Parent"].startswith("transcript:")
            for parent in above:
                cds[parent] += int(feature.cells[4]) - int(feature.cells[3]) + 1
        elif feature.kind not in PARTS and identifier:
            if above:
                parents[bare(identifier)] = above[0]
            else:
                listed.add(bare(identifier))
            plain &= "biotype" in feature.attributes or not identifier.startswith(("gene:", "transcript:"))
    if not cds:
        raise GenesError(path, f"no CDS; feature types found: {listing(sorted(kinds))}", STYLE)
    lost = sorted(name for name in cds if parents.get(name, name) not in listed)
    if lost:
        raise GenesError(
            path, f"{len(lost)} transcript(s) with a CDS belong to no gene line: {listing(lost, 3)}", STYLE
        )
    # RefSeq hangs the CDS of mitochondrial genes and immunoglobulin segments on the gene itself: no transcript.
    gene_of = {name: gene for name, gene in parents.items() if gene in listed}
    genes = Genes(path, frozenset(contigs - MITOCHONDRIAL), gene_of, cds, lengths, plain)
    return choose(genes, frozenset() if canonical is None else read_canonical(canonical, genes))


def choose(genes: Genes, canonical: Collection[str]) -> Genes:
    """The genes with a representative transcript each."""
    best: dict[str, tuple[bool, int, str]] = {}
    for transcript in sorted(genes.cds_length.keys() & genes.gene_of.keys()):
        gene = genes.gene_of[transcript]
        named = transcript in canonical or unversioned(transcript) in canonical
        rank = (named, genes.cds_length[transcript], transcript)
        if gene not in best or rank[:2] > best[gene][:2]:
            best[gene] = rank
    representative = {transcript: "canonical" if named else "longest_cds" for named, _, transcript in best.values()}
    return Genes(genes.path, genes.contigs, genes.gene_of, genes.cds_length, genes.lengths, genes.plain, representative)


def read_canonical(path: Path, genes: Genes) -> frozenset[str]:
    """Transcripts of a list, one a line, without version; # begins a comment.

    Raises
    ------
    MissingFileError, GenesError
        No line is a transcript of the gene file.
    """
    if not path.is_file():
        raise MissingFileError(path, "list of canonical transcripts (genomics.canonical)")
    rows = [line.partition("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
    names = [row[0] for row in rows if row]
    if not any(genes.knows(name) for name in names):
        raise GenesError(
            path,
            f"none of the {len(names)} transcripts is one of {genes.path.name}: {listing(names, 3)} against"
            f" {listing(sorted(genes.gene_of), 3)}",
            "list one transcript identifier a line, of the database that genomics.genes is from",
        )
    return frozenset(unversioned(name) for name in names)


def features(path: Path, lengths: dict[str, tuple[int, int]] | None = None) -> Iterator[Feature]:
    """The features of a GFF3 that matter here; ``lengths`` receives the ends of ``##sequence-region`` with the line.

    Raises
    ------
    GenesError
    """
    with gzip.open(path, "rt", encoding="utf-8") if is_gzip(path) else path.open(encoding="utf-8") as stream:
        number = 0
        try:
            for number, line in enumerate(stream, 1):
                if line.startswith("#"):
                    region = line.split()
                    if lengths is not None and region[0] == "##sequence-region" and region[2:3] == ["1"]:
                        lengths[region[1]] = (int(region[3]), number)
                    continue
                cells = line.rstrip("\r\n").split("\t")
                if len(cells) != 9 or cells[2] in _SKIPPED:
                    continue
                int(cells[3]), int(cells[4])
                pairs = (item.split("=", 1) for item in cells[8].strip().split(";") if "=" in item)
                yield Feature(number, tuple(cells[:8]), {key.strip(): value for key, value in pairs})
        except (ValueError, OSError, EOFError, IndexError) as error:
            raise GenesError(path, f"line {number}: not readable as GFF3: {error}", STYLE) from error


def bare(identifier: str) -> str:
    """``transcript:ENST1`` (Ensembl) or ``rna-NM_1.2`` (RefSeq) → the name, as bcftools csq prints it."""
    return _PREFIX.sub("", identifier)


def unversioned(transcript: str) -> str:
    """``ENST1.3`` → ``ENST1``."""
    return _VERSION.sub("", transcript)
