"""The variants of a study, each designed to have a known consequence.

Every protein-coding gene gets missense, stop-gained, splice-donor, splice-acceptor and frameshift variants that
carriers are given, common synonymous and intronic ones that anybody may have, and a missense variant whose FILTER is
not PASS. Some genes get the records that careless code misreads.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from radiogenomics.simulate.genome import REPEAT, REPEAT_CODONS, Gene, Genome, reverse_complement, translate
from radiogenomics.simulate.seeds import Stream, generator

# Codons this near to the end of an exon are left alone: a change there is a splice_region variant as well.
SPLICE_MARGIN = 10
N_INTERGENIC = 6
COMMON = (0.15, 0.35)
LOF = ("stop_gained", "splice_donor", "splice_acceptor", "frameshift")
NON_SILENT = ("missense", *LOF)
MULTIALLELIC_GENES = ("TEXA1", "NULL04")
OVERLAPPING_GENES = ("NULL03",)


@dataclass(frozen=True)
class Variant:
    """One record of the VCF.

    Attributes
    ----------
    position : int
        1-based position of ``ref``.
    consequences : tuple of str
        Sequence Ontology term of each ALT as bcftools csq shortens it; ``*`` has an empty one.
    frequency : float
        Frequency of the first ALT among those who may carry it; 0 where carriers are planted.
    spanned_by : int
        Position of the deletion whose carriers have the ``*`` allele here, 0 for none.
    weight : int
        How often carriers are given it, against 1 for others; more for what careless code misreads.
    """

    contig: str
    position: int
    ref: str
    alts: tuple[str, ...]
    gene: str
    consequences: tuple[str, ...]
    frequency: float = 0.0
    filter: str = "PASS"
    spanned_by: int = 0
    weight: int = 1

    def planted(self) -> list[int]:
        """Numbers (1-based) of the ALT alleles that carriers of the gene are given."""
        if self.filter != "PASS":
            return []
        return [number for number, term in enumerate(self.consequences, start=1) if term in NON_SILENT]


def draw_variants(genome: Genome, seed: int) -> tuple[Variant, ...]:
    """All records of a study, sorted; they depend on the seed alone."""
    per_gene = (_of_gene(genome, gene, generator(seed, Stream.VARIANTS, gene.number + 1)) for gene in genome.genes)
    found = [*chain.from_iterable(per_gene), *_intergenic(genome, generator(seed, Stream.VARIANTS, 0))]
    contigs = list(genome.contigs)
    return tuple(sorted(found, key=lambda variant: (contigs.index(variant.contig), variant.position, len(variant.ref))))


def _of_gene(genome: Genome, gene: Gene, random: np.random.Generator) -> Iterator[Variant]:
    if gene.design.role == "noncoding":
        start, _ = gene.transcripts[0].exons[0]
        yield _snv(genome, gene, start + 120, "non_coding", random)
        yield _snv(genome, gene, gene.introns[0][0] + 200, "non_coding", random)
        return
    codons = iter(random.permutation(_inner_codons(gene)))
    for term, number in (("missense", 3), ("stop_gained", 2), ("synonymous", 2)):
        for _ in range(number):
            yield _codon_snv(genome, gene, codons, term, random)
    yield _codon_snv(genome, gene, codons, "missense", random, filter="LowQual", frequency=0.2)
    yield from _splice(genome, gene, random)
    yield _frameshift(genome, gene, codons)
    yield _snv(genome, gene, gene.introns[0][0] + 150 + int(random.integers(200)), "intron", random)
    if gene.design.name in MULTIALLELIC_GENES:
        yield _multiallelic(genome, gene, codons)
    if gene.design.name in OVERLAPPING_GENES:
        yield from _overlapping(genome, gene, codons)
    if len(gene.transcripts) > 1:
        yield _in_short_transcript(genome, gene)


def _inner_codons(gene: Gene) -> list[int]:
    """Numbers of the codons that lie within one exon, far from its ends and from the repeat."""
    positions = gene.coding_positions()
    parts = gene.transcripts[0].coding
    numbers = []
    for number in range(2, len(positions) // 3 - 2):
        low, high = sorted((positions[3 * number], positions[3 * number + 2]))
        if any(start + SPLICE_MARGIN <= low and high < end - SPLICE_MARGIN for start, end in parts):
            numbers.append(number)
    repeat = _repeat_codons(gene)
    return [number for number in numbers if number not in repeat]


def _repeat_codons(gene: Gene) -> range:
    """Numbers of the codons of the repeat and of its neighbours."""
    parts = gene.transcripts[0].coding if gene.strand == "+" else gene.transcripts[0].coding[::-1]
    first, second = (end - start for start, end in parts[:2])
    middle = (first + second // 2) // 3
    return range(middle - 2, middle + REPEAT_CODONS + 2)


def _codon(genome: Genome, gene: Gene, number: int) -> tuple[str, list[int]]:
    positions = gene.coding_positions()[3 * number : 3 * number + 3]
    return "".join(genome.base(gene, position) for position in positions), positions


def _changes(codon: str, term: str) -> list[tuple[int, str]]:
    """Place in the codon and new base of every single change that has the consequence."""
    before, found = translate(codon), []
    for place in range(3):
        for base in "ACGT":
            after = translate(codon[:place] + base + codon[place + 1 :])
            kind = "synonymous" if after == before else "stop_gained" if after == "*" else "missense"
            if base != codon[place] and kind == term:
                found.append((place, base))
    return found


def _codon_snv(
    genome: Genome,
    gene: Gene,
    codons: Iterator[int],
    term: str,
    random: np.random.Generator,
    *,
    filter: str = "PASS",
    frequency: float | None = None,
) -> Variant:
    for number in codons:
        codon, positions = _codon(genome, gene, int(number))
        if changes := _changes(codon, term):
            place, base = changes[int(random.integers(len(changes)))]
            break
    if frequency is None:
        frequency = float(random.uniform(*COMMON)) if term == "synonymous" else 0.0
    ref, alt = (_on_contig(gene, bases) for bases in (codon[place], base))
    return Variant(gene.contig, positions[place] + 1, ref, (alt,), gene.design.name, (term,), frequency, filter)


def _on_contig(gene: Gene, bases: str) -> str:
    return bases if gene.strand == "+" else reverse_complement(bases)


def _snv(genome: Genome, gene: Gene, position: int, term: str, random: np.random.Generator) -> Variant:
    ref = genome.contigs[gene.contig][position]
    alt = "ACGT"["ACGT".index(ref) - 1 - int(random.integers(3))]
    frequency = float(random.uniform(*COMMON)) if term in ("intron", "non_coding") else 0.0
    return Variant(gene.contig, position + 1, ref, (alt,), gene.design.name, (term,), frequency)


def _splice(genome: Genome, gene: Gene, random: np.random.Generator) -> Iterator[Variant]:
    """One change of the GT of one intron and one of the AG of another."""
    first, last = gene.introns[0], gene.introns[-1]
    forward = gene.strand == "+"
    yield _snv(genome, gene, first[0] if forward else first[1] - 1, "splice_donor", random)
    yield _snv(genome, gene, last[1] - 1 if forward else last[0], "splice_acceptor", random)


def _frameshift(genome: Genome, gene: Gene, codons: Iterator[int]) -> Variant:
    """Delete a CA, written at the right end of the repeat, from where normalisation moves it; or insert a base."""
    contig = genome.contigs[gene.contig]
    if gene.number % 2 == 0:
        start, end = gene.span
        last = contig.index(_on_contig(gene, REPEAT), start, end) + len(REPEAT) - 3
        ref, alts = contig[last : last + 3], (contig[last],)
        return Variant(gene.contig, last + 1, ref, alts, gene.design.name, ("frameshift",), weight=2)
    place = gene.coding_positions()[3 * int(next(codons))]
    # A base that differs from the one before it cannot be shifted to the left.
    added = "ACGT"["ACGT".index(contig[place]) - 2]
    alts = (contig[place] + added,)
    return Variant(gene.contig, place + 1, contig[place], alts, gene.design.name, ("frameshift",))


def _multiallelic(genome: Genome, gene: Gene, codons: Iterator[int]) -> Variant:
    """Make a site whose first ALT is common and synonymous and whose second is missense."""
    for number in codons:
        codon, positions = _codon(genome, gene, int(number))
        silent = [base for place, base in _changes(codon, "synonymous") if place == 2]
        changed = [base for place, base in _changes(codon, "missense") if place == 2]
        if silent and changed:
            break
    ref, *alts = (_on_contig(gene, base) for base in (codon[2], silent[0], changed[0]))
    terms = ("synonymous", "missense")
    return Variant(gene.contig, positions[2] + 1, ref, tuple(alts), gene.design.name, terms, COMMON[0], weight=3)


def _overlapping(genome: Genome, gene: Gene, codons: Iterator[int]) -> Iterator[Variant]:
    """Make a frameshift deletion and, inside it, a missense site where its carriers have the allele ``*``."""
    contig, name = genome.contigs[gene.contig], gene.design.name
    for number in codons:
        codon, positions = _codon(genome, gene, int(number))
        changes = _changes(codon, "missense")
        start = positions[0] - 2
        if contig[start] != contig[start + 4] and any(place == 0 for place, _ in changes):
            break
    alt = next(base for place, base in changes if place == 0)
    yield Variant(gene.contig, start + 1, contig[start : start + 5], (contig[start],), name, ("frameshift",), weight=3)
    ref, alt = contig[positions[0]], _on_contig(gene, alt)
    terms = ("missense", "")
    yield Variant(gene.contig, positions[0] + 1, ref, (alt, "*"), name, terms, spanned_by=start + 1, weight=3)


def _in_short_transcript(genome: Genome, gene: Gene) -> Variant:
    """Make a stop in an exon that only the shorter transcript has; for the gene's first transcript it is intronic."""
    positions = gene.coding_positions(1)
    first = len(positions) // 3
    for number in range(first):
        place = positions[3 * number : 3 * number + 3]
        codon = "".join(genome.base(gene, position) for position in place)
        inside = all(start < position < end for position in place for start, end in (gene.transcripts[1].coding[1],))
        if inside and (changes := _changes(codon, "stop_gained")):
            break
    ref, alt = (_on_contig(gene, base) for base in (codon[changes[0][0]], changes[0][1]))
    return Variant(gene.contig, place[changes[0][0]] + 1, ref, (alt,), gene.design.name, ("intron",), COMMON[0])


def _intergenic(genome: Genome, random: np.random.Generator) -> Iterator[Variant]:
    """Make common variants before the first gene of each contig."""
    for name, bases in genome.contigs.items():
        for number in range(N_INTERGENIC // len(genome.contigs)):
            position = 500 + 700 * number + int(random.integers(500))
            alt = "ACGT"["ACGT".index(bases[position]) - 1 - int(random.integers(3))]
            frequency = float(random.uniform(*COMMON))
            yield Variant(name, position + 1, bases[position], (alt,), "", ("intergenic",), frequency)
