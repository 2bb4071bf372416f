"""Gene files of Ensembl, GENCODE and RefSeq give the same variants; which transcript stands for a gene, and why."""

import pytest

from radiogenomics import tables
from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.annotate import annotate
from radiogenomics.genomics.errors import ContigNamesError, GenesError
from radiogenomics.genomics.genes import read_genes
from radiogenomics.genomics.gff import for_bcftools
from tests.unit.genomics.small_genome import GFF, SEQUENCE, write_vcf

LENGTH = len(SEQUENCE)
PARTS = [("exon", 11, 22), ("exon", 41, 52), ("CDS", 11, 22), ("CDS", 41, 52)]
OTHER_PARTS = [("exon", 11, 25), ("CDS", 11, 25)]


def gff(contig, gene, transcripts, part):
    """Gene and transcripts by their attributes; ``part`` gives those of exons and CDS."""
    lines = ["##gff-version 3", f"{contig}\tx\tgene\t11\t52\t.\t+\t.\t{gene}"]
    for (attributes, kind), end, parts in zip(transcripts, (52, 25), (PARTS, OTHER_PARTS), strict=True):
        lines.append(f"{contig}\tx\t{kind}\t11\t{end}\t.\t+\t.\t{attributes}")
        name = attributes.partition(";")[0].removeprefix("ID=")
        lines += [f"{contig}\tx\t{what}\t{start}\t{stop}\t.\t+\t0\t{part(what, name)}" for what, start, stop in parts]
    return "\n".join(lines) + "\n"


GENCODE = gff(
    "chr1",
    "ID=ENSG1.2;gene_id=ENSG1.2;gene_type=protein_coding;gene_name=ALPHA;level=2",
    [
        ("ID=ENST1.4;Parent=ENSG1.2;transcript_type=protein_coding;transcript_name=ALPHA-201", "transcript"),
        ("ID=ENST2.1;Parent=ENSG1.2;transcript_type=protein_coding;transcript_name=ALPHA-202", "transcript"),
    ],
    lambda what, name: f"ID={what}:{name};Parent={name};gene_type=protein_coding",
)
REFSEQ = gff(
    "NC_000001.11",
    "ID=gene-ALPHA;Dbxref=GeneID:1;Name=ALPHA;gbkey=Gene;gene=ALPHA;gene_biotype=protein_coding",
    [
        ("ID=rna-NM_1.4;Parent=gene-ALPHA;Name=NM_1.4;gbkey=mRNA", "mRNA"),
        ("ID=rna-NM_2.1;Parent=gene-ALPHA;Name=NM_2.1;gbkey=mRNA", "mRNA"),
    ],
    lambda what, name: f"ID={what}-{name}-1;Parent={name};Name=x",
).replace(
    "##gff-version 3\n",
    "##gff-version 3\n"
    f"##sequence-region NC_000001.11 1 {LENGTH}\n"
    f"NC_000001.11\tRefSeq\tregion\t1\t{LENGTH}\t.\t+\t.\tID=NC_000001.11:1..{LENGTH};Name=1;chromosome=1\n"
    "NC_012920.1\tRefSeq\tgene\t1\t9\t.\t+\t.\tID=gene-ND1;Name=ND1;gene_biotype=protein_coding\n"
    "NC_012920.1\tRefSeq\tCDS\t1\t9\t.\t+\t0\tID=cds-YP_1;Parent=gene-ND1\n",
)
RECORDS = ["14 A T PASS 0/1", "16 AC A PASS 0/1", "23 G A PASS 0/1", "44 C T PASS 1/1", "50 T C PASS 0/1"]


def found(folder, genes, contig, **settings):
    """Consequences by variant without contig, and the transcripts."""
    folder.mkdir(exist_ok=True)
    reference, path = folder / "reference.fa", folder / "genes.gff3"
    reference.write_text(f">{contig}\n{SEQUENCE}\n")
    path.write_text(genes)
    vcf = write_vcf(folder, RECORDS, ["S"], contig=contig)
    text = "{" + ",".join(f'"{key}": "{value}"' for key, value in settings.items()) + "}"
    annotate(vcf=vcf, reference=reference, genes=path, settings=text, variants=folder / "v.parquet")
    rows = tables.VARIANTS.read(folder / "v.parquet").itertuples()
    return {
        row.variant.split("-", 1)[1]: (row.gene, row.transcript, row.consequence, row.transcript_choice) for row in rows
    }


@pytest.mark.parametrize(
    ("genes", "contig", "transcript"),
    [
        (GENCODE, "chr1", "ENST1.4"),
        (REFSEQ, "1", "NM_1.4"),
        (REFSEQ, "chr1", "NM_1.4"),
        (REFSEQ, "NC_000001.11", "NM_1.4"),
    ],
    ids=["GENCODE", "RefSeq, 1", "RefSeq, chr1", "RefSeq, accession"],
)
def test_the_styles_give_what_ensembl_gives(tmp_path, genes, contig, transcript):
    expected = found(tmp_path / "ensembl", GFF, "1")
    assert len(expected) == len(RECORDS)
    assert found(tmp_path / "other", genes, contig) == {
        variant: (gene, transcript, consequence, choice) for variant, (gene, _, consequence, choice) in expected.items()
    }


def test_several_parents_of_one_line(tmp_path):
    lines = GFF.replace("ID=transcript:T2", "ID=transcript:T2").splitlines(keepends=True)
    joined = [line for line in lines if "Parent=transcript:T2" not in line]
    shared = [line.replace("Parent=transcript:T1", "Parent=transcript:T1,transcript:T2") for line in joined]
    assert read_genes(write(tmp_path, "".join(shared))).cds_length == {"T1": 24, "T2": 24}
    expected = found(tmp_path / "one", GFF, "1")
    assert found(tmp_path / "two", "".join(shared), "1") == expected


def write(folder, text, name="g.gff3"):
    (folder / name).write_text(text)
    return folder / name


def test_the_list_of_canonical_transcripts_goes_before_the_longest(tmp_path):
    canonical = write(tmp_path, "# MANE\nT2.7\tALPHA\nT77\n", "mane.txt")
    genes = read_genes(write(tmp_path, GFF), canonical)
    assert genes.representative == {"T2": "canonical"}
    both = read_genes(write(tmp_path, GFF), write(tmp_path, "T2\nT1\n", "both.txt"))
    assert both.representative == {"T1": "canonical"}


@pytest.mark.parametrize(
    ("policy", "listed", "transcripts"),
    [
        ("longest_cds", "", {"T1": "longest_cds"}),
        ("longest_cds", "T2", {"T2": "canonical"}),
        ("worst", "T2", {"T2": "canonical"}),
        ("worst", "", {"T1": "worst"}),
    ],
)
def test_the_choice_of_each_variant_is_recorded(tmp_path, policy, listed, transcripts):
    settings = {"transcript_policy": policy}
    if listed:
        settings["canonical"] = write(tmp_path, f"{listed}\n", "mane.txt")
    rows = found(tmp_path / "study", GFF, "1", **settings).values()
    assert {transcript: choice for _, transcript, _, choice in rows} == transcripts


def test_a_list_of_another_database_is_refused(tmp_path):
    path = write(tmp_path, GFF)
    with pytest.raises(
        GenesError, match=r"none of the 2 transcripts is one of g\.gff3: 'NM_1\.1', 'NM_2\.2' against 'T1'"
    ):
        read_genes(path, write(tmp_path, "NM_1.1\nNM_2.2\n", "mane.txt"))
    with pytest.raises(MissingFileError, match=r"genomics\.canonical"):
        read_genes(path, tmp_path / "absent.txt")


def test_genes_of_another_build_are_refused_with_both_named(tmp_path):
    text = GFF.replace("##gff-version 3\n", "##gff-version 3\n##sequence-region 1 1 249250621\n")
    genes = read_genes(write(tmp_path, text))
    message = r"line 2: contig '1' of 249250621 bases \(GRCh37\); the reference has 248956422 \(GRCh38\)"
    with pytest.raises(GenesError, match=message):
        for_bcftools(genes, {"1": 248956422}, tmp_path)


def test_genes_without_a_common_contig(tmp_path):
    with pytest.raises(ContigNamesError, match="'7' against 'X'"):
        found(tmp_path, GFF.replace("1\tx", "7\tx"), "X")


def test_a_file_that_bcftools_reads_is_not_copied(tmp_path):
    genes = read_genes(write(tmp_path, GFF))
    assert for_bcftools(genes, {"1": LENGTH}, tmp_path)[0] == genes.path
