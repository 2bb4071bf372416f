"""Mutation annotation files through a batch: barcodes, classes, what is refused by line."""

import json

import pytest

from radiogenomics import tables
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.annotate import annotate, annotate_batch
from radiogenomics.genomics.errors import AnnotationError, FaultyVariantsError, UnreadableMafError
from radiogenomics.genomics.maf import is_maf, read_maf

COLUMNS = [
    *("Hugo_Symbol", "Chromosome", "Start_position", "Reference_Allele", "Tumor_Seq_Allele1", "Tumor_Seq_Allele2"),
    *("Variant_Classification", "Tumor_Sample_Barcode", "HGVSp_Short", "FILTER", "NCBI_Build"),
]
ROWS = [
    "ALPHA 1 100 A A G Missense_Mutation TCGA-AA-0001-01A-11D p.G12D PASS GRCh37",
    "ALPHA 1 101 C C - Frame_Shift_Del TCGA-AA-0001-01A-11D p.G12fs PASS hg19",
    "BETA 2 7 T C C Silent TCGA-AA-0002-01A-11D p.G9= PASS 37",
    "BETA 2 9 T T C Splice_Site TCGA-AA-0002-01A-11D . oxog GRCh37",
    "GAMMA X 9 T T C Intron TCGA-AA-0003-01A-11D . PASS GRCh37",
    "GAMMA X 9 T T C Missense_Mutation TCGA-AA-0004-01A-11D p.R1H PASS GRCh37",
    "GAMMA X 9 T T C Missense_Mutation TCGA-AA-0004-02A-11D p.R1H PASS GRCh37",
]
ANNOTATED = Genomics(consequences="annotated")


def write(folder, rows, columns=COLUMNS):
    path = folder / "calls.maf"
    lines = ["#version 2.4", "\t".join(columns), *("\t".join(row.split(" ")) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def batch(folder, maf, samples, **settings):
    names = {name: folder / f"{name}.parquet" for name in ("variants", "table")}
    rows = [{"patient_id": patient, "sample_id": sample, "vcf": str(maf)} for patient, sample in samples.items()]
    annotate_batch(
        samples=json.dumps(rows),
        reference=folder / "none.fa",
        genes=folder / "none.gff3",
        settings=json.dumps({"consequences": "annotated", "sample_id": "tcga_patient"} | settings),
        **names,
        remarks=folder / "remarks.tsv",
        failures=folder / "failures.tsv",
    )
    return (
        tables.VARIANTS.read(names["variants"]).astype({"patient_id": str, "gene": str}),
        tables.SAMPLES.read(names["table"]).set_index("patient_id"),
        tables.FAILURES.read(folder / "failures.tsv").set_index("patient_id"),
    )


def test_a_batch_by_patient_barcodes(tmp_path):
    patients = {"P1": "TCGA-AA-0001", "P2": "TCGA-AA-0002", "P3": "TCGA-AA-0003", "P9": "TCGA-AA-0009"}
    variants, samples, failures = batch(tmp_path, write(tmp_path, ROWS), patients)
    columns = ["patient_id", "line", "variant", "alt_copies", "consequence", "amino_acid_change", "consequence_class"]
    assert variants[columns].astype(str).to_numpy().tolist() == [
        ["P1", "3", "1-100-A-G", "1", "missense_variant", "12G>12D", "missense"],
        ["P1", "4", "1-101-C--", "1", "frameshift_variant", "p.G12fs", "lof"],
        ["P2", "5", "2-7-T-C", "2", "synonymous_variant", "9G", "synonymous"],
    ]
    assert samples["n_alternate"].to_dict() == {"P1": 2, "P2": 1, "P3": 1}
    assert samples["n_filtered"].tolist() == [1, 1, 1]
    assert failures["reason"].to_dict() == {"P9": "sample_not_in_vcf"}


def test_a_patient_with_two_tumours_needs_a_full_barcode(tmp_path):
    maf = write(tmp_path, ROWS)
    _, _, failures = batch(tmp_path, maf, {"P4": "TCGA-AA-0004"})
    assert failures["reason"].tolist() == ["ambiguous_sample"]
    assert "TCGA-AA-0004-02A-11D" in failures["message"].iloc[0]
    variants, _, failures = batch(tmp_path, maf, {"P4": "TCGA-AA-0004-02A-11D"})
    assert variants["line"].tolist() == [9]
    assert len(failures) == 0


def test_barcodes_are_not_shortened_unless_asked_for(tmp_path):
    _, _, failures = batch(tmp_path, write(tmp_path, ROWS), {"P1": "TCGA-AA-0001"}, sample_id="exact")
    assert failures["reason"].tolist() == ["sample_not_in_vcf"]
    assert "TCGA-AA-0001-01A-11D" in failures["hint"].iloc[0]


def test_one_file_by_hand(tmp_path):
    maf = write(tmp_path, ROWS)
    annotate(
        vcf=maf,
        reference=tmp_path / "none.fa",
        genes=tmp_path / "none.gff3",
        settings='{"consequences": "annotated", "pass_only": false}',
        variants=tmp_path / "v.tsv",
    )
    assert len(tables.VARIANTS.read(tmp_path / "v.tsv")) == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({" A A G": " A A Q"}, "line 3: Tumor_Seq_Allele2 'Q'"),
        ({"1 100": "1 1e2"}, "line 3: Start_Position '1E2'|line 3: Start_Position '1e2'"),
        ({"Missense_Mutation": "Missense"}, r"line 3: Variant_Classification 'Missense' \(and 2 more\)"),
        ({"TCGA-AA-0003-01A-11D": ""}, "line 7: Tumor_Sample_Barcode ''"),
    ],
)
def test_faulty_lines_are_refused_or_left_out(tmp_path, change, message):
    [(old, new)] = change.items()
    maf = write(tmp_path, [row.replace(old, new) for row in ROWS])
    with pytest.raises(FaultyVariantsError, match=message):
        read_maf(maf, ANNOTATED)
    lenient = Genomics(consequences="annotated", policies={"faulty_record": "drop"})
    content = read_maf(maf, lenient)
    assert len(content.rows) < len(ROWS) - 1
    assert [remark.action for remark in content.remarks.found.values() if remark.kind != "build"] == ["left_out"]


def test_columns_and_builds_that_are_needed(tmp_path):
    with pytest.raises(UnreadableMafError, match="line 2: no column Variant_Classification"):
        read_maf(write(tmp_path, ROWS, [name.replace("Variant_C", "C") for name in COLUMNS]), ANNOTATED)
    with pytest.raises(UnreadableMafError, match="several builds: 'GRCh37', 'GRCh38'"):
        read_maf(write(tmp_path, [*ROWS, ROWS[0].replace("GRCh37", "hg38")]), ANNOTATED)
    with pytest.raises(AnnotationError, match=r"genomics\.consequences is `call`"):
        read_maf(write(tmp_path, ROWS), Genomics())


def test_an_allele_that_stands_first(tmp_path):
    content = read_maf(
        write(tmp_path, [ROWS[0].replace("A A G", "A G A"), ROWS[0].replace("A A G", "A A A")]), ANNOTATED
    )
    assert content.rows["alt"].tolist() == ["G"]
    assert str(content.remarks.found["alt_is_ref"]).startswith("line 4")


def test_what_is_a_maf(tmp_path):
    assert is_maf(write(tmp_path, ROWS))
    (tmp_path / "x.vcf").write_text("##fileformat=VCFv4.3\n#CHROM\tPOS\n")
    assert not is_maf(tmp_path / "x.vcf")
    assert not is_maf(tmp_path / "absent.maf")
