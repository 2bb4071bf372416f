"""From a VCF to who carries what: genotypes of every kind, filters, transcripts, refusals."""

import gzip
import json
import re
from random import Random

import pysam.bcftools
import pytest

from radiogenomics import tables
from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.alterations import alterations
from radiogenomics.genomics.annotate import annotate, annotate_batch
from radiogenomics.genomics.errors import (
    ContigNamesError,
    GenesError,
    ReferenceMismatchError,
    UnreadableReferenceError,
    UnreadableVcfError,
)
from radiogenomics.genomics.genes import read_genes
from radiogenomics.genomics.normalise import check_genes
from radiogenomics.genomics.reference import indexed_reference
from radiogenomics.table import read_provenance
from tests.unit.genomics.small_genome import GFF, SEQUENCE, write_genome, write_vcf

SAMPLES = ["S1", "S2", "S3", "S4"]


@pytest.fixture
def genome(tmp_path):
    return write_genome(tmp_path)


def carried_from(vcf, genome, settings="{}"):
    target = vcf.with_suffix(".parquet")
    annotate(vcf=vcf, reference=genome[0], genes=genome[1], settings=settings, variants=target)
    return tables.VARIANTS.read(target)


def carried(folder, records, genome, name="calls.vcf", samples=SAMPLES):
    vcf = write_vcf(folder, records, samples, name)
    frame = carried_from(vcf, genome)
    return {(row.sample_id, row.variant): row for row in frame.itertuples()}


@pytest.mark.parametrize(
    ("record", "consequence", "kind"),
    [
        ("16 A G PASS 0/1 0/0 0/0 0/0", "synonymous_variant", "synonymous"),  # AAA>AAG
        ("14 A G PASS 0/1 0/0 0/0 0/0", "missense_variant", "missense"),  # AAA>GAA
        ("14 A T PASS 0/1 0/0 0/0 0/0", "stop_gained", "lof"),  # AAA>TAA
        ("11 A G PASS 0/1 0/0 0/0 0/0", "start_lost", "protein_altering"),
        ("23 G A PASS 0/1 0/0 0/0 0/0", "splice_donor_variant", "lof"),
        ("40 G A PASS 0/1 0/0 0/0 0/0", "splice_acceptor_variant", "lof"),
        ("16 AC A PASS 0/1 0/0 0/0 0/0", "frameshift_variant", "lof"),
        ("16 ACCC A PASS 0/1 0/0 0/0 0/0", "inframe_deletion", "protein_altering"),
        ("50 T C PASS 0/1 0/0 0/0 0/0", "stop_lost", "protein_altering"),
    ],
)
def test_consequences_on_the_longest_transcript(tmp_path, genome, record, consequence, kind):
    [row] = carried(tmp_path, [record], genome).values()
    assert row.transcript == "T1"
    assert consequence in row.consequence.split("&")
    assert row.consequence_class == kind


def test_introns_and_places_between_genes_are_counted_but_not_listed(tmp_path, genome):
    assert carried(tmp_path, ["5 A C PASS 0/1 0/0 0/0 0/0", "31 G C PASS 0/1 0/0 0/0 0/0"], genome) == {}


def test_genotypes_of_every_kind(tmp_path, genome):
    found = carried(tmp_path, ["14 A G,T PASS 0/2 1/2 ./1 0|0", "15 A *,C PASS 0/1 2 2|2 ./."], genome)
    copies = {key: (row.alt_copies, row.ploidy) for key, row in found.items()}
    assert copies == {
        ("S1", "1-14-A-T"): (1, 2),
        ("S2", "1-14-A-G"): (1, 2),
        ("S2", "1-14-A-T"): (1, 2),
        ("S3", "1-14-A-G"): (1, 2),
        ("S2", "1-15-A-C"): (1, 1),
        ("S3", "1-15-A-C"): (2, 2),
    }


def test_indels_are_left_aligned(tmp_path, genome):
    # ACACAC… after the gene: deleting one AC anywhere in it is the same variant; here inside exon 2 (CAC ACG).
    [row] = carried(tmp_path, ["46 CAC C PASS 0/1 0/0 0/0 0/0"], genome).values()
    assert row.variant == "1-43-TCA-T"


def test_a_masked_reference_in_lower_case_gives_the_same_alleles(tmp_path, genome):
    records = ["14 A T PASS 0/1 0/0 0/0 0/0", "46 CAC C PASS 0/1 0/0 0/0 0/0"]
    expected = carried(tmp_path, records, genome)
    genome[0].write_text(f">1\n{SEQUENCE.lower()}\n")
    assert carried(tmp_path, records, genome) == expected


@pytest.mark.parametrize("name", ["calls.vcf", "calls.vcf.gz"])
def test_no_index_is_needed(tmp_path, genome, name):
    assert len(carried(tmp_path, ["14 A T PASS 0/1 1/1 0/0 0/0"], genome, name)) == 2


def test_a_record_that_stands_twice_counts_once(tmp_path, genome):
    found = carried(tmp_path, ["14 A T PASS 0/1 0/0 0/0 0/0", "14 A T PASS 1/1 0/0 0/0 0/0"], genome)
    assert [row.alt_copies for row in found.values()] == [2]


def batch(folder, rows, genome, settings="{}"):
    names = {name: folder / f"{name}.parquet" for name in ("variants", "table")}
    annotate_batch(
        samples=json.dumps(rows),
        reference=genome[0],
        genes=genome[1],
        settings=settings,
        **names,
        remarks=folder / "remarks.tsv",
        failures=folder / "failures.tsv",
    )
    return (
        tables.VARIANTS.read(names["variants"]),
        tables.SAMPLES.read(names["table"]),
        tables.FAILURES.read(folder / "failures.tsv"),
    )


def row(patient, sample, vcf):
    return {"patient_id": patient, "sample_id": sample, "vcf": str(vcf)}


def test_a_batch_with_filters_missing_calls_and_a_stranger(tmp_path, genome):
    records = ["14 A T PASS 0/1 0/0 ./. 0/0", "15 A T . 0/0 0/0 ./0 0/0", "16 A C LowQual 1/1 1/1 1/1 1/1"]
    vcf = write_vcf(tmp_path, records, SAMPLES, "calls.vcf.gz")
    rows = [row("P1", "S1", vcf), row("P3", "S3", vcf), row("P9", "S9", vcf), row("P8", "S1", tmp_path / "absent.vcf")]
    variants, samples, failures = batch(tmp_path, rows, genome)
    assert variants[["patient_id", "variant"]].astype(str).to_numpy().tolist() == [["P1", "1-14-A-T"]]
    counts = samples.set_index("patient_id")
    assert counts["n_alternate"].to_dict() == {"P1": 1, "P3": 0}
    assert counts["n_missing"].to_dict() == {"P1": 0, "P3": 2}
    assert counts["n_filtered"].tolist() == [1, 1]
    assert failures.set_index("patient_id")["reason"].to_dict() == {"P9": "sample_not_in_vcf", "P8": "missing_file"}
    assert "S1" in failures.set_index("patient_id").loc["P9", "hint"]
    everything, _, _ = batch(tmp_path, rows[:1], genome, '{"pass_only": false}')
    assert len(everything) == 2


def test_one_file_per_patient_with_the_same_variant_and_sample_name(tmp_path, genome):
    one = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["TUMOUR"], "one.vcf")
    two = write_vcf(tmp_path, ["14 A T PASS 0/1", "15 A T PASS 0/1"], ["TUMOUR"], "two.vcf")
    variants, samples, _ = batch(tmp_path, [row("P1", "TUMOUR", one), row("P2", "TUMOUR", two)], genome)
    assert variants[["patient_id", "variant"]].astype(str).to_numpy().tolist() == [
        ["P1", "1-14-A-T"],
        ["P2", "1-14-A-T"],
        ["P2", "1-15-A-T"],
    ]
    assert samples["n_alternate"].tolist() == [1, 2]


def test_a_sample_without_any_genotype_is_not_wild_type(tmp_path, genome):
    vcf = write_vcf(tmp_path, ["14 A T PASS ./. 0/0", "15 A T PASS . ./."], ["S1", "S2"])
    _, samples, failures = batch(tmp_path, [row("P1", "S1", vcf), row("P2", "S2", vcf)], genome)
    assert failures[["patient_id", "reason"]].astype(str).to_numpy().tolist() == [["P1", "no_genotypes"]]
    assert samples[["patient_id", "n_missing"]].astype(str).to_numpy().tolist() == [["P2", "1"]]


def test_a_sample_without_any_variant_is_wild_type(tmp_path, genome):
    vcf = write_vcf(tmp_path, [], ["S1"])
    _, samples, failures = batch(tmp_path, [row("P1", "S1", vcf)], genome)
    assert len(samples) == 1
    assert len(failures) == 0


def test_contigs_without_genes_and_mitochondrial_ones_are_left_out(tmp_path, genome):
    reference, genes = genome
    reference.write_text(reference.read_text() + ">decoy\nACGTACGT\n>MT\n" + SEQUENCE + "\n")
    more = GFF.replace("##gff-version 3\n", "").replace("1\tx", "MT\tx").replace("G1", "G2")
    genes.write_text(genes.read_text() + more.replace("T1", "T3").replace("T2", "T4"))
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"])
    text = vcf.read_text()
    body = text.splitlines()[-1]
    vcf.write_text(text + body.replace("1\t14", "MT\t14", 1) + "\n" + "decoy\t1\t.\tA\tT\t.\tPASS\t.\tGT\t0/1\n")
    variants, samples, failures = batch(tmp_path, [row("P1", "S1", vcf)], genome)
    assert variants["variant"].tolist() == ["1-14-A-T"]
    assert samples["n_records"].tolist() == [1]
    assert len(failures) == 0


SINGLE_EXON = "ACGTACGTAC" + "ATGGAATTAAGAGAAGCAACATCTCCGAAAGCCAACAAGTAA" + "CACACACACAGTTGCATGCA" + "T" * 20
SINGLE_GFF = """\
##gff-version 3
1\tx\tgene\t11\t52\t.\t+\t.\tID=gene:G1;biotype=protein_coding;Name=ALPHA
1\tx\ttranscript\t11\t52\t.\t+\t.\tID=transcript:T1;Parent=gene:G1;biotype=protein_coding
1\tx\texon\t11\t52\t.\t+\t.\tParent=transcript:T1
1\tx\tCDS\t11\t52\t.\t+\t0\tParent=transcript:T1
"""


@pytest.mark.parametrize(
    ("start", "end", "alt"),
    [(17, 27, "CT"), (14, 18, "TC"), (14, 15, "CCCCT"), (8, 56, "T"), (8, 19, "T")],
    ids=["TTAAGAGAAGC>CT", "GAATT>TC", "GA>CCCCT", "whole CDS", "over the start"],
)
def test_complex_changes_of_the_protein_are_not_lost(tmp_path, start, end, alt):
    reference, genes = tmp_path / "reference.fa", tmp_path / "genes.gff3"
    reference.write_text(f">1\n{SINGLE_EXON}\n")
    genes.write_text(SINGLE_GFF)
    ref = SINGLE_EXON[start - 1 : end]
    alt = ref[0] if alt == "T" else alt
    [found] = carried(tmp_path, [f"{start} {ref} {alt} PASS 0/1"], (reference, genes), samples=["S1"]).values()
    assert found.consequence_class in ("protein_altering", "lof")


# A shorter transcript in another frame: AAA>AAG of T1 is ACC>GCC in it.
OTHER_FRAME = """\
1\tx\ttranscript\t13\t24\t.\t+\t.\tID=transcript:T3;Parent=gene:G1;biotype=protein_coding
1\tx\texon\t13\t24\t.\t+\t.\tParent=transcript:T3
1\tx\tCDS\t13\t24\t.\t+\t0\tParent=transcript:T3
"""


@pytest.mark.parametrize(
    ("policy", "transcript", "consequence"),
    [("longest_cds", "T1", "synonymous_variant"), ("worst", "T3", "missense_variant")],
)
def test_the_policy_decides_which_transcript_stands_for_a_gene(tmp_path, genome, policy, transcript, consequence):
    genome[1].write_text(genome[1].read_text() + OTHER_FRAME)
    vcf = write_vcf(tmp_path, ["16 A G PASS 0/1"], ["S1"])
    variants, _, _ = batch(tmp_path, [row("P1", "S1", vcf)], genome, json.dumps({"transcript_policy": policy}))
    assert variants[["transcript", "consequence"]].astype(str).to_numpy().tolist() == [[transcript, consequence]]


def test_the_longest_cds_stands_for_a_gene_and_a_tie_goes_to_the_smaller_name(tmp_path):
    path = tmp_path / "g.gff3"
    path.write_text(GFF)
    assert set(read_genes(path).representative) == {"T1"}
    path.write_text(GFF + GFF.replace("##gff-version 3\n", "").replace("T1", "T0").replace("T2", "T9"))
    assert set(read_genes(path).representative) == {"T0"}


def test_two_runs_give_the_same_bytes(tmp_path, genome):
    vcf = write_vcf(tmp_path, ["14 A G,T PASS 0/2 1/2 ./1 0|0"], SAMPLES)
    seen = []
    for _ in range(2):
        annotate(vcf=vcf, reference=genome[0], genes=genome[1], settings="{}", variants=tmp_path / "v.parquet")
        seen.append((tmp_path / "v.parquet").read_bytes())
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("records", "options", "error", "message"),
    [
        (["14 C T PASS 0/1"], {}, ReferenceMismatchError, "calls.vcf was not called on reference.fa"),
        (["5000 A T PASS 0/1"], {}, ReferenceMismatchError, "calls.vcf was not called on"),
        (["14 A T PASS 0/1"], {"contig": "chr1"}, ContigNamesError, "'chr1' against '1'"),
    ],
)
def test_files_that_do_not_belong_together(tmp_path, genome, records, options, error, message):
    vcf = write_vcf(tmp_path, records, ["S1"], **options)
    with pytest.raises(error, match=message):
        annotate(vcf=vcf, reference=genome[0], genes=genome[1], settings="{}", variants=tmp_path / "v.parquet")
    assert not (tmp_path / "v.parquet").exists()


@pytest.mark.parametrize("kept", [40, 0.6])
def test_a_truncated_file_is_refused_whole(tmp_path, genome, kept):
    random = Random(0)
    genotypes = [" ".join(random.choices(["0/0", "0/1", "1|1", "./."], k=4)) for _ in range(20_000)]
    vcf = write_vcf(tmp_path, [f"14 A T PASS {calls}" for calls in genotypes], SAMPLES, "calls.vcf.gz")
    whole = vcf.read_bytes()
    vcf.write_bytes(whole[: kept if kept > 1 else int(kept * len(whole))])
    _, samples, failures = batch(tmp_path, [row("P1", "S1", vcf), row("P2", "S2", vcf)], genome)
    assert len(samples) == 0
    assert failures["reason"].tolist() == ["unreadable_vcf"] * 2


def test_files_of_a_batch_do_not_disturb_each_other(tmp_path, genome):
    late = write_vcf(tmp_path, ["44 C A PASS 0/1"], ["S1"], "late.vcf")
    early = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S2"], "early.vcf")
    variants, _, failures = batch(tmp_path, [row("P1", "S1", late), row("P2", "S2", early)], genome)
    assert variants["position"].tolist() == [44, 14]
    assert len(failures) == 0


@pytest.mark.parametrize("text", ["not a vcf\n", ""])
def test_what_is_not_a_vcf(tmp_path, genome, text):
    (tmp_path / "x.vcf").write_text(text)
    with pytest.raises(UnreadableVcfError, match=r"x\.vcf"):
        carried_from(tmp_path / "x.vcf", genome)


def test_files_that_are_not_there(tmp_path, genome):
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"])
    for change in ({"reference": tmp_path / "no.fa"}, {"genes": tmp_path / "no.gff3"}, {"vcf": tmp_path / "no.vcf"}):
        names = {"vcf": vcf, "reference": genome[0], "genes": genome[1]} | change
        with pytest.raises(MissingFileError, match="no"):
            annotate(**names, settings="{}", variants=tmp_path / "v.parquet")


def test_a_reference_in_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    reference, genes = write_genome(tmp_path)

    def refuse(*_: object) -> None:
        raise OSError(30, "read-only file system")

    monkeypatch.setattr("radiogenomics.genomics.reference.whole_file", refuse)
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"])
    annotate(vcf=vcf, reference=reference, genes=genes, settings="{}", variants=tmp_path / "v.parquet")
    assert not reference.with_name("reference.fa.fai").exists()
    assert len(tables.VARIANTS.read(tmp_path / "v.parquet")) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: "\n".join(line for line in text.splitlines() if "CDS" not in line),
            "'exon', 'gene', 'transcript'",
        ),
        (
            lambda text: "\n".join(line for line in text.splitlines() if "\tgene\t" not in line),
            "2 transcript.* no gene line",
        ),
        (lambda text: text.replace("CDS\t11", "CDS\tzz", 1), "not readable as GFF3"),
        (lambda text: text.replace("ID=transcript:T1;", "ID=T:1;"), "'T1'"),
    ],
    ids=["no CDS", "no gene lines", "no number", "other prefix"],
)
def test_genes_that_would_be_taken_wrongly_are_refused(tmp_path, change, message):
    path = tmp_path / "g.gff3"
    path.write_text(change(GFF))
    with pytest.raises(GenesError, match=message):
        read_genes(path)


def test_genes_are_read_zipped_whatever_the_name(tmp_path):
    (tmp_path / "g.gff3").write_bytes(gzip.compress(GFF.encode()))
    assert set(read_genes(tmp_path / "g.gff3").representative) == {"T1"}


def test_bcftools_itself_is_asked_about_the_genes(tmp_path, genome):
    reference = indexed_reference(genome[0], tmp_path)
    check_genes(genome[1], reference, tmp_path)
    genome[1].write_text(GFF.replace("biotype", "gene_type"))
    with pytest.raises(GenesError, match="bcftools csq refuses"):
        check_genes(genome[1], reference, tmp_path)


def test_a_reference_that_cannot_be_indexed(tmp_path, genome):
    genome[0].write_bytes(gzip.compress(genome[0].read_bytes()))
    with pytest.raises(UnreadableReferenceError, match=r"reference\.fa"):
        indexed_reference(genome[0], tmp_path)


def test_alterations_keep_every_patient_and_tell_classes_apart(tmp_path, genome):
    vcf = write_vcf(
        tmp_path, ["14 A T PASS 0/1 0/0 0/0", "15 A T PASS 0/1 0/1 0/0", "16 A G PASS 0/0 0/1 0/0"], ["S1", "S2", "S3"]
    )
    batch(tmp_path, [row(f"P{number}", f"S{number}", vcf) for number in (1, 2, 3)], genome)
    alterations(
        variants=[tmp_path / "variants.parquet"],
        samples=[tmp_path / "table.parquet"],
        annotations=[],
        settings="{}",
        alterations=tmp_path / "a.parquet",
    )
    frame = tables.ALTERATIONS.read(tmp_path / "a.parquet").astype({"marker": str, "patient_id": str})
    counts = frame.pivot_table("n_variants", index="marker", columns="patient_id")
    assert counts.to_dict("index") == {
        "ALPHA:lof": {"P1": 1, "P2": 0, "P3": 0},
        "ALPHA:missense": {"P1": 1, "P2": 1, "P3": 0},
        "ALPHA:non_silent": {"P1": 2, "P2": 1, "P3": 0},
        "ALPHA:synonymous": {"P1": 0, "P2": 1, "P3": 0},
    }
    assert ((frame["state"] == "altered") == (frame["n_variants"] > 0)).all()


def test_each_table_records_the_settings_that_decided_it(tmp_path, genome):
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"])
    batch(tmp_path, [row("P1", "S1", vcf)], genome, '{"pass_only": false, "transcript_policy": "worst"}')
    parts = {"variants": [tmp_path / "variants.parquet"], "samples": [tmp_path / "table.parquet"], "annotations": []}
    alterations(**parts, settings='{"classes": ["lof"]}', alterations=tmp_path / "a.parquet")
    recorded = {name: read_provenance(tmp_path / f"{name}.parquet")["settings"] for name in ("variants", "a")}
    assert recorded == {
        "variants": {
            "pass_only": False,
            "transcript_policy": "worst",
            "sample_id": "exact",
            "consequences": "call",
            "policies": {"unsorted": "refuse", "faulty_record": "refuse"},
        },
        "a": {"classes": ["lof"], "min_callable": 0.8, "missing_genotype": "not_assayed"},
    }


def test_a_cohort_without_variants_has_an_empty_table(tmp_path, genome):
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/0"], ["S1"])
    batch(tmp_path, [row("P1", "S1", vcf)], genome)
    alterations(
        variants=[tmp_path / "variants.parquet"],
        samples=[tmp_path / "table.parquet"],
        annotations=[],
        settings="{}",
        alterations=tmp_path / "a.parquet",
    )
    assert len(tables.ALTERATIONS.read(tmp_path / "a.parquet")) == 0


@pytest.mark.parametrize("more", [False, True], ids=["GT", "GT and depths"])
def test_bcf_gives_what_vcf_gives(tmp_path, genome, more):
    records = ["14 A G,T PASS 0/2 1/2 ./1 0|0", "16 A C LowQual 1/1 1/1 1/1 1/1"]
    expected = {key: row._replace(line=0) for key, row in carried(tmp_path, records, genome).items()}
    vcf, bcf = tmp_path / "calls.vcf", tmp_path / "calls.bcf"
    if more:
        depth = '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">\n#CHROM'
        text = re.sub(r"(\d[/|]\d)", r"\1:7", vcf.read_text()).replace("\tGT\t", "\tGT:DP\t")
        vcf.write_text(text.replace("#CHROM", depth))
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    annotate(vcf=bcf, reference=genome[0], genes=genome[1], settings="{}", variants=tmp_path / "v.parquet")
    frame = tables.VARIANTS.read(tmp_path / "v.parquet")
    assert {(row.sample_id, row.variant): row._replace(line=0) for row in frame.itertuples()} == expected
