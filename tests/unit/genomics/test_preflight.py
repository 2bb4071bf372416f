"""What is said of a variant file before and while it is read: cut off, other builds, order, names, repairs."""

import json
import logging

import pandas as pd
import pysam
import pytest

from radiogenomics import tables
from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.builds import build_of
from radiogenomics.genomics.errors import (
    ContigLengthsError,
    FaultyVariantsError,
    ReferenceMismatchError,
    SampleNotInVcfError,
    UnreadableVcfError,
    near_names,
)
from radiogenomics.genomics.normalise import header_of
from radiogenomics.genomics.preflight import inspect_shared, inspect_vcf, shared
from radiogenomics.genomics.reading import BGZF_END
from radiogenomics.genomics.samples import find_sample
from tests.unit.genomics.small_genome import SEQUENCE, write_genome, write_vcf
from tests.unit.genomics.test_annotate import carried_from

GOOD = ["14 A T PASS 0/1", "16 AC A PASS 0/1", "44 C T PASS 1/1"]


@pytest.fixture
def genome(tmp_path):
    return write_genome(tmp_path)


def batch(folder, vcf, genome, **settings):
    from radiogenomics.genomics.annotate import annotate_batch

    annotate_batch(
        samples=json.dumps([{"patient_id": "P1", "sample_id": "S1", "vcf": str(vcf)}]),
        reference=genome[0],
        genes=genome[1],
        settings=json.dumps(settings),
        variants=folder / "v.parquet",
        table=folder / "s.parquet",
        remarks=folder / "remarks.tsv",
        failures=folder / "failures.tsv",
    )
    failures = tables.FAILURES.read(folder / "failures.tsv")
    remarks = tables.REMARKS.read(folder / "remarks.tsv")
    said = {
        row.kind: row.action if pd.isna(row.line) else f"{row.action} {row.line}"
        for row in remarks.itertuples(index=False)
    }
    variants = tables.VARIANTS.read(folder / "v.parquet")["variant"].tolist()
    return variants, said, failures[["reason", "message"]].astype(str).to_numpy().tolist()


def test_a_file_cut_between_two_blocks_is_refused(tmp_path, genome):
    vcf = write_vcf(tmp_path, GOOD, ["S1"], "calls.vcf.gz")
    whole = vcf.read_bytes()
    assert whole.endswith(BGZF_END)
    assert len(carried_from(vcf, genome)) == 3
    vcf.write_bytes(whole[: -len(BGZF_END)])
    with pytest.raises(UnreadableVcfError, match="the last block of a BGZF file is missing"):
        header_of(vcf)


def test_a_file_that_is_gzipped_without_blocks_is_read(tmp_path, genome):
    import gzip

    vcf = write_vcf(tmp_path, GOOD, ["S1"])
    zipped = tmp_path / "plain.vcf.gz"
    zipped.write_bytes(gzip.compress(vcf.read_bytes()))
    assert len(carried_from(zipped, genome)) == 3


def test_other_lengths_of_contigs_name_both_files_and_the_line(tmp_path, genome):
    vcf = write_vcf(tmp_path, GOOD, ["S1"])
    vcf.write_text(vcf.read_text().replace(f"length={len(SEQUENCE)}", "length=249250621"))
    message = rf"calls.vcf, line 2: contig '1' of 249250621 bases \(GRCh37\); reference.fa has {len(SEQUENCE)}"
    with pytest.raises(ContigLengthsError, match=message):
        carried_from(vcf, genome)


@pytest.mark.parametrize(
    ("lengths", "build"),
    [
        ({"chr1": 248956422, "chr2": 242193529, "HLA": 3}, "GRCh38"),
        ({"1": 249250621, "X": 155270560}, "GRCh37"),
        ({"1": 249250621, "2": 242193529}, None),
        ({"1": 5}, None),
    ],
)
def test_builds_are_known_by_the_lengths_of_their_contigs(lengths, build):
    assert build_of(lengths) == build


def test_the_build_is_reported(tmp_path, genome):
    vcf = write_vcf(tmp_path, GOOD, ["S1"])
    vcf.write_text(vcf.read_text().replace("##FILTER", "##contig=<ID=22,length=51304566>\n##FILTER", 1))
    _, remarks, _ = batch(tmp_path, vcf, genome)
    assert remarks == {"build": "noted"}


def test_a_reference_that_does_not_fit_is_named_with_the_line(tmp_path, genome):
    vcf = write_vcf(tmp_path, [*GOOD, "50 G C PASS 0/1"], ["S1"])
    with pytest.raises(ReferenceMismatchError, match="line 10: at 1:50 the VCF has REF G, the reference T"):
        carried_from(vcf, genome)


def test_records_out_of_order_are_refused_or_sorted(tmp_path, genome):
    expected, _, _ = batch(tmp_path, write_vcf(tmp_path, GOOD, ["S1"]), genome)
    vcf = write_vcf(tmp_path, GOOD[::-1], ["S1"])
    variants, _, [[reason, message]] = batch(tmp_path, vcf, genome)
    assert (variants, reason) == ([], "faulty_variants")
    assert message == "calls.vcf: line 8: 1:16 after 1:44 (and 1 more)"
    variants, remarks, failures = batch(tmp_path, vcf, genome, policies={"unsorted": "sort"})
    assert (variants, remarks, failures) == (expected, {"unsorted": "repaired 8"}, [])


def test_all_kinds_of_faults_stand_in_one_message_and_can_be_left_out(tmp_path, genome):
    faults = ["15 A A,,T PASS 0/1", "1x A T PASS 0/1", "15 A T PASS 0/2", "15 A T PASS x", "15 . T PASS 0/1"]
    vcf = write_vcf(tmp_path, [GOOD[0], *faults, *GOOD[1:]], ["S1"])
    _, _, [[reason, message]] = batch(tmp_path, vcf, genome)
    assert reason == "faulty_variants"
    assert message == (
        "calls.vcf: line 8: ALT ''; line 9: POS '1x'; line 10: GT '0/2'; line 11: GT 'x'; line 12: REF '.'"
    )
    variants, remarks, failures = batch(tmp_path, vcf, genome, policies={"faulty_record": "drop"})
    assert variants == ["1-14-A-T", "1-16-AC-A", "1-44-C-T"]
    assert failures == []
    assert set(remarks.values()) >= {f"left_out {line}" for line in range(8, 13)}


def test_what_is_odd_is_said_once_a_kind(tmp_path, genome, caplog):
    records = ["14 A T,*,<DEL> PASS ./1", "15 A R PASS 1", "15 A A PASS 0|0|0", "16 A G,G PASS 0/1", "16 A G PASS 1/1"]
    with caplog.at_level(logging.INFO):
        variants, remarks, failures = batch(tmp_path, write_vcf(tmp_path, records, ["S1"]), genome)
    assert variants == ["1-14-A-T", "1-16-A-G"]
    assert failures == []
    assert remarks == {
        "alt_star": "noted 7",
        "alt_symbol": "noted 7",
        "half_call": "noted 7",
        "alt_code": "noted 8",
        "haploid": "noted 8",
        "alt_is_ref": "noted 9",
        "polyploid": "noted 9",
        "alt_repeated": "noted 10",
        "duplicate": "noted 11",
    }
    assert "calls.vcf: noted: 1 duplicate, first in line 11: 1-16-A-G stands in line 10 already" in caplog.text


def test_a_sample_is_found_by_its_name_only_and_similar_ones_are_named(tmp_path):
    present = ("TCGA-CS-4938-01B-11D-1893-08", "TCGA-CS-4941-01A", "NORMAL", "tumor-7")
    assert near_names("TCGA-CS-4938", present)[0] == present[0]
    assert near_names("TUMOR-7", present) == ["tumor-7"]
    with pytest.raises(SampleNotInVcfError) as caught:
        find_sample(tmp_path / "x.vcf", "TCGA-CS-4938", present, "exact")
    assert present[0] in caught.value.hint
    assert find_sample(tmp_path / "x.vcf", "TCGA-CS-4938", present, "tcga_patient") == present[0]


def test_headers_of_a_study_are_inspected(tmp_path, genome):
    vcf = write_vcf(tmp_path, GOOD, ["S1"])
    bcf = tmp_path / "calls.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    with shared(*genome, Genomics()) as common:
        inspect_shared(common, Genomics())
        for path in (vcf, bcf):
            assert inspect_vcf(path, common, Genomics())("S1") == "S1"
        wrong = write_vcf(tmp_path, ["14 A T PASS 0/1", "15 G T PASS 0/1"], ["S1"], "wrong.vcf")
        with pytest.raises(ReferenceMismatchError, match="line 8: at 1:15 the VCF has REF G, the reference A"):
            inspect_vcf(wrong, common, Genomics())


def test_faults_of_a_bcf_name_the_bcf(tmp_path, genome):
    vcf = write_vcf(tmp_path, GOOD[::-1], ["S1"])
    bcf = tmp_path / "calls.bcf"
    pysam.bcftools.view("-Ob", "-o", str(bcf), str(vcf), catch_stdout=False)
    with pytest.raises(FaultyVariantsError, match=r"calls\.bcf: line \d+: 1:16 after 1:44"):
        carried_from(bcf, genome)
