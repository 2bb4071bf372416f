"""Annotations of Ensembl VEP, LOFTEE, SnpEff and gnomAD in files of these programs."""

from collections import Counter

import cyvcf2
import pytest

from radiogenomics import tables
from radiogenomics.genomics.annotate import annotate
from radiogenomics.genomics.annotated import TAG, Annotated, recognise
from radiogenomics.genomics.consequence import classify
from radiogenomics.genomics.errors import AnnotationError
from radiogenomics.genomics.normalise import header_of
from radiogenomics.genomics.reading import lines
from radiogenomics.genomics.remarks import Remarks
from tests.shared_data import shared_data

FOLDER = ("genomics", "annotated")
GNOMAD = "gnomad_sample.gnomad.exomes.r2.1.1.sites.chr1.vcf.gz"


def entries(name):
    """The consequences of each allele of a file, with its position."""
    vcf = shared_data(*FOLDER, name)
    source = Annotated(vcf, recognise(vcf, header_of(vcf).info), Remarks(vcf))
    found = []
    for number, line in lines(vcf):
        cells = line.rstrip("\n").split("\t")
        if not line.startswith("#"):
            parts = source.info(number, cells, cells[4].split(",")).removeprefix(f"{TAG}=").split(",")
            found += [(int(cells[1]), item) for part in parts for item in source.consequences(part, number)]
    assert source.remarks.found == {}
    return source.format, found


def test_vep():
    form, found = entries("vep.vcf")
    assert (form.tag, form.source) == ("CSQ", "vep")
    rows = [(at, item.gene, item.transcript, "&".join(item.terms), item.amino_acid_change) for at, item in found]
    assert rows == [
        (26960070, "MRPL39", "ENST00000307301", "missense_variant", "334T>334M"),
        (26960070, "MRPL39", "ENST00000352957", "intron_variant", ""),
        (26960070, "LINC00515", "ENST00000567517", "upstream_gene_variant", ""),
        (26965148, "MRPL39", "ENST00000307301", "synonymous_variant", "299G"),
        (26965148, "MRPL39", "ENST00000352957", "synonymous_variant", "299G"),
        (26965148, "MRPL39", "ENST00000419219", "synonymous_variant", "289G"),
    ]


def test_snpeff():
    form, found = entries("snpeff.vcf")
    assert (form.tag, form.source) == ("ANN", "snpeff")
    rows = [(item.transcript, "&".join(item.terms), item.amino_acid_change, classify(item.terms)) for _, item in found]
    exon = "splice_region_variant&non_coding_transcript_exon_variant"
    assert rows == [
        ("ENST00000400588", "splice_region_variant&synonymous_variant", "429K", "synonymous"),
        ("ENST00000465611", exon, "", "other"),
        ("ENST00000520505", exon, "", "other"),
        ("ENST00000465611", "3_prime_UTR_variant", "", "other"),
        ("ENST00000523144", "downstream_gene_variant", "", "other"),
    ]
    assert {item.gene for _, item in found} == {"GAB4"}


def test_gnomad_calls_the_field_of_vep_by_another_name():
    form, found = entries(GNOMAD)
    assert (form.tag, form.source) == ("vep", "vep")
    place = form.columns.index("Consequence")
    kind = form.columns.index("Feature_type")
    counts = Counter()
    for record in cyvcf2.VCF(str(shared_data(*FOLDER, GNOMAD))):
        stated = [entry.split("|") for entry in record.INFO["vep"].split(",")]
        counts.update(term for cells in stated if cells[kind] == "Transcript" for term in cells[place].split("&"))
    assert Counter(term for _, item in found for term in item.terms) == counts


def test_a_file_without_an_annotation():
    vcf = shared_data(*FOLDER, "VCFv4.3.vcf")
    with pytest.raises(AnnotationError, match="no annotation of VEP, SnpEff or bcftools csq is declared"):
        recognise(vcf, header_of(vcf).info)


@pytest.mark.parametrize(
    ("policy", "transcript", "kind", "loftee"),
    [("longest_cds", "ENST00000328354", "missense", ""), ("worst", "", "lof", "HC")],
)
def test_carriers_in_the_1000_genomes_with_the_verdict_of_loftee(tmp_path, policy, transcript, kind, loftee):
    """CHEK2 p.Cys420Tyr, and a stop in a minor transcript that LOFTEE trusts: one of 2,504 people carries it, twice."""
    vcf = shared_data(*FOLDER, "loftee.vcf")
    position = 29091698
    reference, genes = tmp_path / "reference.fa", tmp_path / "genes.gff3"
    reference.write_text(f">22\n{'N' * (position - 1)}C{'N' * 100}\n")
    place = f"22\tx\t%s\t{position - 90}\t{position + 90}\t.\t-\t."
    genes.write_text(
        f"{place % 'gene'}\tID=gene:ENSG00000183765;Name=CHEK2;biotype=protein_coding\n"
        f"{place % 'mRNA'}\tID=transcript:ENST00000328354;Parent=gene:ENSG00000183765;biotype=protein_coding\n"
        f"{place % 'CDS'}\tParent=transcript:ENST00000328354\n"
    )
    settings = f'{{"consequences": "annotated", "transcript_policy": "{policy}"}}'
    annotate(vcf=vcf, reference=reference, genes=genes, settings=settings, variants=tmp_path / "v.parquet")
    frame = tables.VARIANTS.read(tmp_path / "v.parquet")
    assert frame[["sample_id", "alt_copies"]].astype(str).to_numpy().tolist() == [["HG03738", "2"]]
    assert set(frame["gene"]) == {"CHEK2"}
    assert set(frame["consequence_class"]) == {kind}
    assert set(frame["loftee"]) == {loftee}
    assert set(frame["transcript"]) <= {transcript} or policy == "worst"
