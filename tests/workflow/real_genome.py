"""A reference that agrees with the REF alleles of a VCF, and invented genes on it.

The reference genome itself is too large to be carried along; what the genomics stage needs of it is that every REF
allele agrees. Bases between the variants are drawn, so consequences are those on these invented genes.
"""

import random
from pathlib import Path

import pysam

EXON = 300
INTRON = 200
EXONS = 3
GENES = 40


def write_reference(vcf: Path, contig: str, folder: Path) -> tuple[Path, Path]:
    """FASTA (N outside the region of the variants) and GFF3 of genes that tile the region."""
    with pysam.VariantFile(str(vcf)) as stream:
        alleles = {record.pos: record.ref for record in stream}
    first, last = min(alleles) - 1000, max(alleles) + 1000
    source = random.Random(22)
    region = source.choices("ACGT", k=last - first)
    for position, ref in sorted(alleles.items(), reverse=True):
        region[position - 1 - first : position - 1 - first + len(ref)] = ref.upper()
    reference, genes = folder / "reference.fa", folder / "genes.gff3"
    reference.write_text(f">{contig}\n{'N' * first}{''.join(region)}\n")
    step = (last - first) // GENES
    lines = ["##gff-version 3"]
    for number in range(GENES):
        lines += _gene(contig, first + number * step + 1, f"GENE{number:02d}")
    genes.write_text("\n".join(lines) + "\n")
    return reference, genes


def _gene(contig: str, start: int, name: str) -> list[str]:
    end = start + EXONS * EXON + (EXONS - 1) * INTRON - 1

    def line(kind: str, low: int, high: int, phase: str, attributes: str) -> str:
        return f"{contig}\ttest\t{kind}\t{low}\t{high}\t.\t+\t{phase}\t{attributes}"

    lines = [
        line("gene", start, end, ".", f"ID=gene:{name};biotype=protein_coding;Name={name}"),
        line("mRNA", start, end, ".", f"ID=transcript:{name}T;Parent=gene:{name};biotype=protein_coding"),
    ]
    for exon in range(EXONS):
        low = start + exon * (EXON + INTRON)
        for kind, phase in (("exon", "."), ("CDS", "0")):
            lines.append(line(kind, low, low + EXON - 1, phase, f"Parent=transcript:{name}T"))
    return lines
