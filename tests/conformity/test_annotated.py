"""Annotations of Ensembl VEP, LOFTEE, SnpEff and gnomAD in files of these programs; frequencies joined from gnomAD."""

import gzip
import json
from collections import Counter

import cyvcf2
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.annotate import annotate
from radiogenomics.genomics.annotated import TAG, Annotated, recognise
from radiogenomics.genomics.consequence import classify
from radiogenomics.genomics.errors import AnnotationError, ContigNamesError
from radiogenomics.genomics.join import join
from radiogenomics.genomics.maf import read_maf
from radiogenomics.genomics.normalise import header_of
from radiogenomics.genomics.reading import lines
from radiogenomics.genomics.remarks import Remarks
from radiogenomics.genomics.variants import variants_frame
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


def reference_with(folder, contig, alleles):
    """A reference that holds the bases at some positions, and N elsewhere."""
    bases = bytearray(b"N" * (max(position + len(ref) for position, ref in alleles) + 200))
    for position, ref in alleles:
        bases[position - 1 : position - 1 + len(ref)] = ref.encode()
    path = folder / "reference.fa"
    path.write_bytes(b">" + contig.encode() + b"\n" + bytes(bases) + b"\n")
    return path


def joined(folder, frame, reference, file, fields):
    """What a resource states, by variant and field, and its line in the table of rates."""
    tables.VARIANTS.write(frame, folder / "v.parquet")
    settings = {"resources": {"gnomad": {"file": str(file), "fields": fields}}}
    target = {"annotations": folder / "annotations.parquet", "joins": folder / "joins.tsv"}
    join(variants=[folder / "v.parquet"], reference=reference, settings=json.dumps(settings), **target)
    rows = tables.ANNOTATIONS.read(target["annotations"]).itertuples()
    return {(row.variant, row.field): row.number for row in rows}, tables.JOINS.read(target["joins"]).iloc[0]


def test_frequencies_of_gnomad_allele_by_allele(tmp_path):
    file = shared_data(*FOLDER, GNOMAD)
    free = [column for column in tables.VARIANTS.columns if not column.values]
    constant = {column.name: 1 if column.dtype.startswith("int") else "x" for column in free}
    constant |= {"transcript_choice": "worst", "consequence_class": "other", "loftee": ""}
    rows, expected = [], {}
    for record in cyvcf2.VCF(str(file)):
        variant = f"1-{record.POS}-{record.REF}-{record.ALT[0]}"
        place = {"variant": variant, "chromosome": "1", "position": record.POS}
        rows.append(constant | place | {"ref": record.REF, "alt": record.ALT[0]})
        expected |= {(variant, name): record.INFO.get(name) for name in ("AF", "AC_nfe")}
    reference = reference_with(tmp_path, "1", [(row["position"], row["ref"]) for row in rows])
    found, rate = joined(tmp_path, tables.VARIANTS.frame(rows), reference, file, ["AF", "AC_nfe"])
    assert len(rows) == 100
    assert rate["join_rate"] == 1
    assert found == pytest.approx({key: value for key, value in expected.items() if value is not None}, rel=1e-6)


def test_frequencies_of_mutations_as_vcf2maf_states_them(tmp_path):
    """vcf2maf's mutations (indels as a MAF spells them) with its gnomAD file, whose contig is chr21 and theirs 21."""
    maf = read_maf(shared_data("genomics", "vcf2maf", "test_b38_output.maf"), Genomics(consequences="annotated"))
    frame = variants_frame([maf.carried({name: name for name in maf.barcodes})])
    given = shared_data("genomics", "vcf2maf", "test_b38.gnomad.exomes.r2.1.1.sites.vcf.gz")
    calls = shared_data("genomics", "vcf2maf", "test_b38.vcf")
    alleles = [(record.POS, record.REF) for path in (given, calls) for record in cyvcf2.VCF(str(path))]
    reference = reference_with(tmp_path, "21", alleles)
    with pytest.raises(ContigNamesError, match="'chr21' against '21'"):
        joined(tmp_path, frame, reference, given, ["AF"])
    renamed = tmp_path / "gnomad.vcf"
    renamed.write_text(gzip.decompress(given.read_bytes()).decode().replace("chr21", "21"))
    found, rate = joined(tmp_path, frame, reference, renamed, ["AF"])
    table = pd.read_csv(maf.path, sep="\t", skiprows=1, dtype=str, keep_default_na=False)
    names = table["Chromosome"] + "-" + table["Start_Position"]
    variants = names + "-" + table["Reference_Allele"] + "-" + table["Tumor_Seq_Allele2"]
    stated = dict(zip(variants, table["gnomADe_AF"], strict=True))
    expected = {(variant, "AF"): float(value) for variant, value in stated.items() if value not in ("", ".")}
    assert found == pytest.approx(expected, rel=1e-3)
    assert rate["n_joined"] == len(expected) > 0
