"""A reference of one contig with one coding gene of two transcripts, and VCFs over it."""

from pathlib import Path

import pysam

# Exon 1 11-22: ATG AAA CCC GGG; intron GT…AG; exon 2 41-52: TTT CAC ACG TAA (gene on the plus strand).
SEQUENCE = "ACGTACGTAC" + "ATGAAACCCGGG" + "GTAAGTACGTACGTCCAG" + "TTTCACACGTAA" + "CACACACACAGTTGCATGCA" + "T" * 20
GFF = """\
##gff-version 3
1\tx\tgene\t11\t52\t.\t+\t.\tID=gene:G1;biotype=protein_coding;Name=ALPHA
1\tx\ttranscript\t11\t52\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding
1\tx\texon\t11\t22\t.\t+\t.\tParent=transcript:T1
1\tx\texon\t41\t52\t.\t+\t.\tParent=transcript:T1
1\tx\tCDS\t11\t22\t.\t+\t0\tParent=transcript:T1
1\tx\tCDS\t41\t52\t.\t+\t0\tParent=transcript:T1
1\tx\ttranscript\t11\t25\t.\t+\t.\tID=transcript:T2;Parent=gene:G1;biotype=protein_coding
1\tx\texon\t11\t25\t.\t+\t.\tParent=transcript:T2
1\tx\tCDS\t11\t25\t.\t+\t0\tParent=transcript:T2
"""
HEADER = """\
##fileformat=VCFv4.3
##contig=<ID=1,length={length}>
##FILTER=<ID=PASS,Description="ok">
##FILTER=<ID=LowQual,Description="low">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
"""


def write_genome(folder: Path) -> tuple[Path, Path]:
    """Reference and genes."""
    reference, genes = folder / "reference.fa", folder / "genes.gff3"
    reference.write_text(f">1\n{SEQUENCE}\n")
    genes.write_text(GFF)
    return reference, genes


def write_vcf(folder: Path, records: list[str], samples: list[str], name: str = "calls.vcf", contig: str = "1") -> Path:
    """Records are ``POS REF ALT FILTER GT…``; a name that ends in .gz is compressed, without an index."""
    path = folder / name.removesuffix(".gz")
    lines = [["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]]
    for record in records:
        position, ref, alt, state, *genotypes = record.split()
        lines.append([contig, position, ".", ref, alt, ".", state, ".", "GT", *genotypes])
    header = HEADER.format(length=len(SEQUENCE)).replace("ID=1,", f"ID={contig},")
    path.write_text(header + "".join("\t".join(line) + "\n" for line in lines))
    if name.endswith(".gz"):
        pysam.tabix_compress(str(path), str(folder / name), force=True)
        path.unlink()
    return folder / name
