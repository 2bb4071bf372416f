"""The reference as FASTA with its index, and the genes as GFF3 in the style of Ensembl."""

from collections.abc import Iterator

from radiogenomics.simulate.genome import Gene, Genome, Transcript

LINE = 60


def fasta(genome: Genome) -> tuple[str, str]:
    """Text of the FASTA file and of its ``.fai`` index."""
    text, index = "", ""
    for name, bases in genome.contigs.items():
        text += f">{name}\n"
        index += f"{name}\t{len(bases)}\t{len(text)}\t{LINE}\t{LINE + 1}\n"
        text += "".join(f"{bases[start : start + LINE]}\n" for start in range(0, len(bases), LINE))
    return text, index


def gff3(genome: Genome) -> str:
    """Text of the GFF3 file: gene, transcript, exon, UTR and CDS lines that ``bcftools csq`` reads."""
    lines = ["##gff-version 3"]
    lines += [f"##sequence-region {name} 1 {len(bases)}" for name, bases in genome.contigs.items()]
    for gene in sorted(genome.genes, key=lambda gene: (gene.contig, gene.span)):
        lines += _gene_lines(gene)
    return "\n".join(lines) + "\n"


def _gene_lines(gene: Gene) -> Iterator[str]:
    coding = bool(gene.transcripts[0].coding)
    biotype = "protein_coding" if coding else "lncRNA"
    identifier = f"SIMG{gene.number + 1:05d}"
    names = f"Name={gene.design.name};biotype={biotype};gene_id={identifier}"
    yield _line(gene, "gene" if coding else "ncRNA_gene", gene.span, ".", f"ID=gene:{identifier};{names}")
    for number, transcript in enumerate(gene.transcripts, start=1):
        name = f"SIMT{gene.number + 1:03d}{number:02d}"
        span = transcript.exons[0][0], transcript.exons[-1][1]
        about = f"ID=transcript:{name};Parent=gene:{identifier};Name={transcript.name};biotype={biotype}"
        yield _line(gene, "mRNA" if coding else "lnc_RNA", span, ".", f"{about};transcript_id={name}")
        yield from _part_lines(gene, transcript, name)
    yield "###"


def _part_lines(gene: Gene, transcript: Transcript, name: str) -> Iterator[str]:
    parent = f"Parent=transcript:{name}"
    for number, exon in enumerate(transcript.exons, start=1):
        rank = number if gene.strand == "+" else len(transcript.exons) + 1 - number
        yield _line(gene, "exon", exon, ".", f"{parent};Name={name}-exon{rank};rank={rank}")
    for part, utr in _utrs(gene, transcript):
        yield _line(gene, utr, part, ".", parent)
    for part, phase in zip(transcript.coding, _phases(gene, transcript), strict=True):
        yield _line(gene, "CDS", part, str(phase), f"ID=CDS:{name.replace('SIMT', 'SIMP')};{parent}")


def _utrs(gene: Gene, transcript: Transcript) -> Iterator[tuple[tuple[int, int], str]]:
    if not transcript.coding:
        return
    low, high = (transcript.exons[0][0], transcript.coding[0][0]), (transcript.coding[-1][1], transcript.exons[-1][1])
    first, last = ("five_prime_UTR", "three_prime_UTR") if gene.strand == "+" else ("three_prime_UTR", "five_prime_UTR")
    yield low, first
    yield high, last


def _phases(gene: Gene, transcript: Transcript) -> list[int]:
    """Bases to skip in each coding part until the next codon starts, ascending on the contig."""
    parts = transcript.coding if gene.strand == "+" else transcript.coding[::-1]
    phases, done = [], 0
    for start, end in parts:
        phases.append(-done % 3)
        done += end - start
    return phases if gene.strand == "+" else phases[::-1]


def _line(gene: Gene, kind: str, span: tuple[int, int], phase: str, attributes: str) -> str:
    fields = (gene.contig, "simulate", kind, span[0] + 1, span[1], ".", gene.strand, phase, attributes)
    return "\t".join(str(value) for value in fields)
