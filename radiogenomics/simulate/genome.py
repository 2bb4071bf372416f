"""A small reference with genes whose coding sequences, splice sites and reading frames are valid.

Genes are laid out in the direction of transcription first and then placed on a strand. Coordinates are 0-based and
half-open until they are written.
"""

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np

from radiogenomics.simulate.design import GENES, GeneDesign
from radiogenomics.simulate.seeds import Stream, generator

CONTIGS = {"chr1": 60_000, "chr2": 60_000}
GENE_SPACING = 7_500
FIRST_GENE = 4_000
UTR5, UTR3 = 60, 90
STOPS = ("TAA", "TAG", "TGA")
CODONS = tuple("".join(bases) for bases in product("ACGT", repeat=3))
SENSE_CODONS = tuple(codon for codon in CODONS if codon not in STOPS)
# A run of CA in the second exon: an indel in it can be written in several places.
REPEAT, REPEAT_CODONS = "CACACACACACA", 4
# Coding length of each exon; those of a gene with two transcripts keep the frame, so that an exon can be skipped.
EXON_CODING, EXON_CODING_IN_FRAME = (148, 211, 166, 159), (150, 210, 165, 159)
ALTERNATIVE_EXON = 90
INTRON = 600
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_AMINO_ACIDS = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
_TABLE = dict(zip(CODONS, _AMINO_ACIDS, strict=True))


def translate(codon: str) -> str:
    """Amino acid of a codon in the standard code, ``*`` for a stop."""
    return _TABLE[codon]


def reverse_complement(bases: str) -> str:
    """Read the other strand in its own direction."""
    return bases.translate(_COMPLEMENT)[::-1]


@dataclass(frozen=True)
class Transcript:
    """Exons and their coding parts, on the contig, in ascending order; ``coding`` is empty for a non-coding one."""

    name: str
    exons: tuple[tuple[int, int], ...]
    coding: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Gene:
    """One gene on a contig; its first transcript is the one with the longest coding sequence."""

    design: GeneDesign
    number: int
    contig: str
    strand: str
    transcripts: tuple[Transcript, ...]

    @property
    def span(self) -> tuple[int, int]:
        """Start and end on the contig."""
        exons = [exon for transcript in self.transcripts for exon in transcript.exons]
        return min(start for start, _ in exons), max(end for _, end in exons)

    @property
    def introns(self) -> tuple[tuple[int, int], ...]:
        """Introns of the first transcript, ascending on the contig."""
        return tuple((end, start) for (_, end), (start, _) in pairwise(self.transcripts[0].exons))

    def coding_positions(self, transcript: int = 0) -> list[int]:
        """Positions on the contig of every coding base of a transcript, in the direction of translation."""
        positions = [base for start, end in self.transcripts[transcript].coding for base in range(start, end)]
        return positions if self.strand == "+" else positions[::-1]


@dataclass(frozen=True)
class Genome:
    """Contigs and genes."""

    contigs: dict[str, str]
    genes: tuple[Gene, ...]

    def gene(self, name: str) -> Gene:
        """Find a gene by its name."""
        return next(gene for gene in self.genes if gene.design.name == name)

    def base(self, gene: Gene, position: int) -> str:
        """Read the base on the gene's strand at a position on the contig."""
        base = self.contigs[gene.contig][position]
        return base if gene.strand == "+" else reverse_complement(base)


def draw_genome(seed: int) -> Genome:
    """Draw reference and genes of a study; they depend on the seed alone."""
    random = generator(seed, Stream.GENOME)
    contigs = {name: list(_bases(random, length)) for name, length in CONTIGS.items()}
    names, genes = list(CONTIGS), []
    for number, gene_design in enumerate(GENES):
        contig = names[number % len(names)]
        start = FIRST_GENE + number // len(names) * GENE_SPACING
        bases, gene = _gene(random, gene_design, number, contig, start)
        contigs[contig][start : start + len(bases)] = bases
        genes.append(gene)
    return Genome({name: "".join(bases) for name, bases in contigs.items()}, tuple(genes))


@dataclass(frozen=True)
class _Layout:
    """A gene in its own direction: bases, exons and coding parts of its transcripts from 0."""

    bases: str
    transcripts: tuple[tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]], ...]


def _gene(random: np.random.Generator, design: GeneDesign, number: int, contig: str, start: int) -> tuple[str, Gene]:
    layout = _noncoding(random) if design.role == "noncoding" else _coding(random, two_transcripts=number % 4 == 1)
    forward = number // 2 % 2 == 0
    bases = layout.bases if forward else reverse_complement(layout.bases)

    def place(parts: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
        if forward:
            return tuple((start + first, start + last) for first, last in parts)
        end = start + len(bases)
        return tuple((end - last, end - first) for first, last in reversed(parts))

    transcripts = tuple(
        Transcript(f"{design.name}-{index + 1:02d}", place(exons), place(coding))
        for index, (exons, coding) in enumerate(layout.transcripts)
    )
    return bases, Gene(design, number, contig, "+" if forward else "-", transcripts)


def _noncoding(random: np.random.Generator) -> _Layout:
    bases = _bases(random, 300) + _intron(random, INTRON) + _bases(random, 250)
    return _Layout(bases, ((((0, 300), (300 + INTRON, 550 + INTRON)), ()),))


def _coding(random: np.random.Generator, *, two_transcripts: bool) -> _Layout:
    lengths = EXON_CODING_IN_FRAME if two_transcripts else EXON_CODING
    sequence = _coding_sequence(random, lengths)
    bases, exons, coding, used = "", [], [], 0
    alternative: tuple[int, int] | None = None
    for index, length in enumerate(lengths):
        before, after = UTR5 * (index == 0), UTR3 * (index == len(lengths) - 1)
        exons.append((len(bases), len(bases) + before + length + after))
        coding.append((len(bases) + before, len(bases) + before + length))
        bases += _bases(random, before) + sequence[used : used + length] + _bases(random, after)
        used += length
        if index == len(lengths) - 1:
            break
        bases += _intron(random, INTRON)
        if two_transcripts and index == 1:
            alternative = (len(bases), len(bases) + ALTERNATIVE_EXON)
            bases += _codons(random, ALTERNATIVE_EXON // 3) + _intron(random, INTRON)
    # Within the intron of the first transcript, the alternative exon stands between an intron's AG and another's GT.
    transcripts = [(tuple(exons), tuple(coding))]
    if alternative is not None:
        transcripts.append(((exons[0], alternative, exons[-1]), (coding[0], alternative, coding[-1])))
    return _Layout(bases, tuple(transcripts))


def _coding_sequence(random: np.random.Generator, lengths: tuple[int, ...]) -> str:
    """ATG, sense codons with the CA repeat in the second exon, and a stop."""
    n_codons = sum(lengths) // 3
    codons = ["ATG", *_split(_codons(random, n_codons - 2)), "TAA"]
    repeat = (lengths[0] + lengths[1] // 2) // 3
    # GGG on both sides ends the run, so that the indel moves within it and no further.
    codons[repeat - 1 : repeat + REPEAT_CODONS + 1] = ["GGG", *_split(REPEAT), "GGG"]
    return "".join(codons)


def _split(bases: str) -> list[str]:
    return [bases[start : start + 3] for start in range(0, len(bases), 3)]


def _codons(random: np.random.Generator, number: int) -> str:
    return "".join(SENSE_CODONS[index] for index in random.integers(len(SENSE_CODONS), size=number))


def _bases(random: np.random.Generator, number: int) -> str:
    return "".join("ACGT"[index] for index in random.integers(4, size=number))


def _intron(random: np.random.Generator, length: int) -> str:
    return "GT" + _bases(random, length - 4) + "AG"
