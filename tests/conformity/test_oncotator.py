"""Consequences on GENCODE's transcripts of PIK3CA against those that Oncotator states of the same variants."""

import re

import cyvcf2
import pandas as pd

from radiogenomics import tables
from radiogenomics.genomics.annotate import annotate
from radiogenomics.genomics.consequence import OF_CLASSIFICATION, classify
from radiogenomics.genomics.protein import change_from_hgvs
from tests.shared_data import shared_data
from tests.unit.genomics.test_fuzz import aligned

FOLDER = ("genomics", "gatk_funcotator")
OFFSET = 178_850_000  # the contig begins here, to keep it small
LENGTH = 120_000


def gencode(folder):
    """GENCODE's GTF of the gene as GENCODE writes GFF3, and its features."""
    lines, features = ["##gff-version 3"], []
    for line in shared_data(*FOLDER, "gencode.v19.PIK3CA.gtf").read_text().splitlines():
        cells = line.split("\t")
        if line.startswith("#") or cells[2] not in ("gene", "transcript", "exon", "CDS"):
            continue
        stated = dict(re.findall(r'(\w+) "([^"]*)"', cells[8]))
        cells[3:5] = [str(int(cell) - OFFSET) for cell in cells[3:5]]
        identifier = {"gene": "gene_id", "transcript": "transcript_id"}.get(cells[2])
        parent = {"gene": "", "transcript": stated["gene_id"]}.get(cells[2], stated["transcript_id"])
        attributes = [f"ID={stated[identifier]}"] if identifier else []
        attributes += [f"Parent={parent}"] if parent else []
        attributes += [f"{key}={stated[key]}" for key in ("gene_type", "gene_name", "transcript_type")]
        lines.append("\t".join([*cells[:8], ";".join(attributes)]))
        features.append((cells[2], int(cells[3]), int(cells[4]), stated["transcript_id"]))
    path = folder / "genes.gff3"
    path.write_text("\n".join(lines) + "\n")
    return path, features


def reference(folder, features, alleles):
    """The exons from GENCODE's transcript sequences, REF where introns are touched, and N elsewhere."""
    bases = ["N"] * LENGTH
    for position, ref in alleles:
        bases[position - 1 : position - 1 + len(ref)] = ref
    text = shared_data(*FOLDER, "gencode.v19.PIK3CA_transcript.fasta").read_text()
    for entry in text.split(">")[1:]:
        name, _, sequence = entry.partition("\n")
        sequence = sequence.replace("\n", "")
        exons = sorted((start, end) for kind, start, end, of in features if kind == "exon" and of == name.split("|")[0])
        for start, end in exons:
            bases[start - 1 : end], sequence = sequence[: end - start + 1], sequence[end - start + 1 :]
    path = folder / "reference.fa"
    path.write_text(">chr3\n" + "".join(bases) + "\n")
    return path


# Oncotator calls what lies in the last two bases of an exon a splice site; the insertion there is in frame.
OTHERWISE = {"98163-A-ATGA": "protein_altering"}


def compared(folder, kind):
    """Our row, if any, and Oncotator's, of each variant of a file."""
    calls = shared_data(*FOLDER, f"PIK3CA_{kind}.vcf")
    records = [(record.POS - OFFSET, record.REF, record.ALT[0]) for record in cyvcf2.VCF(str(calls))]
    genes, features = gencode(folder)
    fasta = reference(folder, features, [record[:2] for record in records])
    header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS\n"
    body = [f"chr3\t{at}\t.\t{ref}\t{alt}\t.\t.\t.\tGT\t0/1\n" for at, ref, alt in sorted(records)]
    (folder / "calls.vcf").write_text(header + "".join(body))
    annotate(vcf=folder / "calls.vcf", reference=fasta, genes=genes, settings="{}", variants=folder / "v.parquet")
    ours = {(row.position, row.ref, row.alt): row for row in tables.VARIANTS.read(folder / "v.parquet").itertuples()}
    stated = pd.read_csv(
        shared_data(*FOLDER, f"PIK3CA_{kind}.oncotatorAnnotated.maf"),
        sep="\t",
        comment="#",
        dtype=str,
        keep_default_na=False,
    )
    bases = fasta.read_text().splitlines()[1]
    for record, row in zip(records, stated.itertuples(), strict=True):
        yield "-".join(map(str, record)), ours.get(aligned(bases, *record)), row


def test_single_nucleotides_have_the_same_class_and_amino_acids(tmp_path):
    rows = list(compared(tmp_path, "SNPS"))
    assert len(rows) == 15
    for name, ours, theirs in rows:
        assert ours.transcript == theirs.Annotation_Transcript, name
        assert ours.consequence_class == classify([OF_CLASSIFICATION[theirs.Variant_Classification]]), name
        assert ours.amino_acid_change == change_from_hgvs(theirs.Protein_Change), name


def test_insertions_and_deletions_have_the_same_class(tmp_path):
    rows = list(compared(tmp_path, "INDELS"))
    assert len(rows) == 57
    for name, ours, theirs in rows:
        kind = OTHERWISE.get(name, classify([OF_CLASSIFICATION[theirs.Variant_Classification]]))
        assert ours.consequence_class == kind, (name, theirs.Variant_Classification)
