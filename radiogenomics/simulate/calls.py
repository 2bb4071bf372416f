"""Genotypes: every patient's carried variants, and the VCF that holds them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from radiogenomics.files import whole_file
from radiogenomics.simulate.design import NULLS, PLANTED, Patient
from radiogenomics.simulate.genome import Genome
from radiogenomics.simulate.seeds import Stream, generator
from radiogenomics.simulate.variants import LOF, Variant

PHASED_SHARE, HOMOZYGOUS_SHARE = 0.4, 0.1
MISSING_SHARE = 0.02
# One carrier in five is written in a way that careless code misreads.
HALF_CALL, HAPLOID = "half", "haploid"
_STYLES = {2: HALF_CALL, 4: HAPLOID}
_SILENT = ("synonymous", "intron", "intergenic", "non_coding")
_FILTERS = '##FILTER=<ID=LowQual,Description="Simulated artefact, not a variant">'
_CLASSES = {
    **dict.fromkeys(LOF, ("lof", "non_silent")),
    "missense": ("missense", "non_silent"),
    "synonymous": ("synonymous",),
}
Alleles = tuple[int | None, ...]


@dataclass(frozen=True)
class Call:
    """One genotype: allele numbers, ``None`` where missing; one of them if haploid."""

    alleles: Alleles
    phased: bool

    def text(self) -> str:
        """As in the GT field."""
        mark = "|" if self.phased else "/"
        return mark.join("." if allele is None else str(allele) for allele in self.alleles)


def draw_calls(patient: Patient, variants: Sequence[Variant], seed: int) -> tuple[Call, ...]:
    """Genotypes of one patient at every variant; they depend on the seed and on the patient alone."""
    random = generator(seed, Stream.GENOTYPES, patient.index)
    planted = _planted(patient, variants, random)
    found: list[Call] = []
    deleted: dict[int, Alleles] = {}
    for number, (variant, chance) in enumerate(zip(variants, random.random((len(variants), 4)).tolist(), strict=True)):
        if number in planted:
            alleles = _carried(planted[number], variant, chance, patient.index)
            deleted[variant.position] = alleles
        elif variant.spanned_by in deleted:
            star = variant.alts.index("*") + 1
            alleles = tuple(star if allele else allele for allele in deleted[variant.spanned_by])
        else:
            alleles = _background(variant, patient, chance)
        found.append(Call(alleles, chance[3] < PHASED_SHARE and None not in alleles))
    return tuple(found)


def carried_classes(calls: Sequence[Call], variants: Sequence[Variant]) -> set[str]:
    """Markers (``<gene>:<class>``) that a patient with these genotypes is altered in, FILTER respected."""
    markers: set[str] = set()
    for call, variant in zip(calls, variants, strict=True):
        if variant.filter != "PASS":
            continue
        for allele in call.alleles:
            term = variant.consequences[allele - 1] if allele else ""
            markers |= {f"{variant.gene}:{name}" for name in _CLASSES.get(term, ())}
    return markers


def write_vcf(
    genome: Genome, variants: Sequence[Variant], calls: dict[str, tuple[Call, ...]], seed: int, path: Path
) -> None:
    """Write the genotypes of all samples, block-compressed, and the index beside them.

    Parameters
    ----------
    calls : dict
        Genotypes by sample name; the columns are in the order of the names.
    """
    samples = sorted(calls)
    with whole_file(path) as temporary:
        plain = temporary.with_suffix(".plain")
        try:
            plain.write_text("\n".join(_lines(genome, variants, calls, samples, seed)) + "\n", encoding="utf-8")
            pysam.tabix_compress(str(plain), str(temporary), force=True)
        finally:
            plain.unlink(missing_ok=True)
    with whole_file(path.with_suffix(".gz.tbi")) as index:
        pysam.tabix_index(str(path), preset="vcf", force=True, keep_original=True, index=str(index))


def _planted(patient: Patient, variants: Sequence[Variant], random: np.random.Generator) -> dict[int, int]:
    """One non-silent variant of each gene that the patient carries: number of the variant, number of its ALT."""
    planted: dict[int, int] = {}
    for gene in (*PLANTED, *NULLS):
        share = float(random.random())
        options = [
            (number, allele)
            for number, variant in enumerate(variants)
            if variant.gene == gene.name
            for allele in variant.planted()
            for _ in range(variant.weight)
        ]
        if gene.name in patient.carries:
            number, allele = options[int(share * len(options))]
            planted[number] = allele
    return planted


def _carried(allele: int, variant: Variant, chance: Sequence[float], index: int) -> Alleles:
    style = _STYLES.get(index % 10)
    if style == HALF_CALL:
        return None, allele
    if style == HAPLOID:
        return (allele,)
    if chance[0] < HOMOZYGOUS_SHARE:
        return allele, allele
    other = 1 if len(variant.alts) > 1 and allele == 2 and chance[1] < 0.3 else 0
    return (other, allele) if chance[2] < 0.5 else (allele, other)


def _background(variant: Variant, patient: Patient, chance: Sequence[float]) -> Alleles:
    """Draw common variants by frequency, artefacts in those who do not carry the gene, and missing calls."""
    may = variant.filter == "PASS" or variant.gene not in patient.carries
    if may and chance[2] < MISSING_SHARE and all(term in _SILENT for term in variant.consequences):
        return None, None
    frequency = variant.frequency if may else 0.0
    return int(chance[0] < frequency), int(chance[1] < frequency)


def _lines(
    genome: Genome,
    variants: Sequence[Variant],
    calls: dict[str, tuple[Call, ...]],
    samples: Sequence[str],
    seed: int,
) -> Iterator[str]:
    yield "##fileformat=VCFv4.3"
    yield f"##source=radiogenomics simulate, seed {seed}"
    yield "##reference=reference.fa"
    yield from (f"##contig=<ID={name},length={len(bases)}>" for name, bases in genome.contigs.items())
    yield '##FILTER=<ID=PASS,Description="All filters passed">'
    yield _FILTERS
    yield '##INFO=<ID=AC,Number=A,Type=Integer,Description="Copies of each ALT in the called genotypes">'
    yield '##INFO=<ID=AN,Number=1,Type=Integer,Description="Alleles in the called genotypes">'
    yield '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">'
    yield '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Read depth">'
    yield '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Genotype quality">'
    yield '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Read depth of each allele">'
    yield "\t".join(("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples))
    depths = {name: _depths(name, len(variants), seed) for name in samples}
    for number, variant in enumerate(variants):
        row = [calls[name][number] for name in samples]
        called = [allele for call in row for allele in call.alleles if allele is not None]
        counts = ",".join(str(called.count(allele)) for allele in range(1, len(variant.alts) + 1))
        info = f"AC={counts};AN={len(called)}"
        quality = "60" if variant.filter == "PASS" else "12"
        site = (variant.contig, str(variant.position), ".", variant.ref, ",".join(variant.alts), quality)
        reads = (depths[name][number] for name in samples)
        fields = (_field(call, len(variant.alts), *read) for call, read in zip(row, reads, strict=True))
        yield "\t".join((*site, variant.filter, info, "GT:DP:GQ:AD", *fields))


def _depths(sample: str, number: int, seed: int) -> list[tuple[int, float]]:
    """Read depth and the share of reads of the first allele, for each variant."""
    random = generator(seed, Stream.GENOTYPES, int(sample[2:], 16), 1)
    depth, share = random.integers(24, 64, number), random.uniform(0.4, 0.6, number)
    return list(zip(depth.tolist(), share.tolist(), strict=True))


def _field(call: Call, n_alts: int, depth: int, share: float) -> str:
    known = [allele for allele in call.alleles if allele is not None]
    if not known:
        return f"{call.text()}:0:.:{','.join('0' * (n_alts + 1))}"
    reads = [0] * (n_alts + 1)
    first = depth if len(set(known)) == 1 else round(depth * share)
    reads[known[0]] += first
    reads[known[-1]] += depth - first
    return f"{call.text()}:{depth}:{min(99, depth + 40)}:{','.join(map(str, reads))}"
