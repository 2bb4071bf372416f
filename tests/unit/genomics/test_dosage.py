"""Dosages: whose copies of which allele, what is left out, and files beside or after each other."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.models import Config
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.quality.errors import DosageError, DosageFieldError, OrderOfSitesError
from radiogenomics.plan import Plan
from tests.unit.genomics.marker_cohort import PATIENTS, states, write
from tests.unit.genomics.quality.test_reading import write_bed

HEADER = """\
##fileformat=VCFv4.3
##contig=<ID=chr1>
##contig=<ID=chrX>
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DS,Number=A,Type=Float,Description="Dosage">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="Probabilities">
"""
NAN = np.nan


@pytest.fixture
def folder(tmp_path):
    """P2's sample is S2; P4 is in no file unless a test puts it there."""
    write(tmp_path, samples={"P2": "S2"})
    return tmp_path


def vcf(folder, *records, samples=("P1", "S2", "P3"), name="x.vcf"):
    """Records as `contig position ID REF ALT FORMAT call …`."""
    lines = ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples])]
    for record in records:
        contig, position, identifier, ref, alt, form, *calls = record.split()
        lines.append("\t".join([contig, position, identifier, ref, alt, ".", "PASS", ".", form, *calls]))
    (folder / name).write_text(HEADER + "\n".join(lines) + "\n")
    return str(folder / name)


def run(folder, *files, column="value", **more):
    found = states(folder, {"markers": {"dosage": {"files": list(files), **more}}}, column)
    return {
        name.removesuffix(":dosage"): np.array(values, float).tolist() if column == "value" else values
        for name, values in found.items()
    }


def same(found, expected):
    assert list(found) == list(expected)
    np.testing.assert_array_equal(np.array(list(found.values())), np.array(list(expected.values()), float))


def test_copies_of_alt_are_counted_and_what_is_missing_stays_missing(folder):
    file = vcf(
        folder,
        "chr1 10 rs1 A G GT 0/0 0|1 1/1",
        "chr1 20 . a gt GT 0/1 ./1 0/0",
        "chrX 30 rs3 C T GT 0 1 0/1",
    )
    same(run(folder, file), {"1-20-A-GT": [1, NAN, 0, NAN], "rs1": [0, 1, 2, NAN], "rs3": [0, 2, 1, NAN]})
    assert run(folder, file, column="note")["1-20-A-GT"] == ["", "missing genotype", "", "not in the file"]
    assert run(folder, file, column="effect_allele")["1-20-A-GT"] == ["GT"] * 4
    assert set(tables.ALTERATIONS.read(folder / "out.parquet")["source"]) == {"dosage"}
    assert tables.ALTERATIONS.read(folder / "out.parquet")["state"].isna().all()
    assert list(run(folder, file, name="position")) == ["1-10-A-G", "1-20-A-GT", "X-30-C-T"]


def test_dosages_come_from_the_field_that_is_named(folder):
    file = vcf(
        folder,
        "chr1 10 rs1 A G GT:DS 0/0:0.25 0/1:1.5 1/1:1.75",
        "chr1 20 rs2 A G DS 0.5 . 1.5",
        "chrX 30 rs3 A G GT:DS 0:0.25 1:0.75 0/1:1.5",
        "chr1 40 rs4 A G GT 0/0 0/1 1/1",
    )
    wanted = {"rs1": [0.25, 1.5, 1.75, NAN], "rs2": [0.5, NAN, 1.5, NAN], "rs3": [0.5, 1.5, 1.5, NAN]}
    same(run(folder, file, field="DS"), wanted)
    with pytest.raises(DosageFieldError, match=r"no number 'DSS'") as error:
        run(folder, file, field="DSS")
    assert "'DS'" in error.value.hint
    with pytest.raises(DosageError, match=r"1:10: 3 values of GP"):
        run(folder, vcf(folder, "chr1 10 rs1 A G GP 1,0,0 0,1,0 0,0,1", name="y.vcf"), field="GP")


@pytest.mark.parametrize("value", ["2.5", "-0.5"])
def test_what_is_no_dosage_is_refused(folder, value):
    file = vcf(folder, f"chr1 10 rs1 A G DS 0.5 {value} 0.25")
    with pytest.raises(DosageError, match=f"x.vcf: 1:10: DS of {value} copies"):
        run(folder, file, field="DS")


def test_rare_variants_and_those_without_a_value_make_no_marker(folder):
    calls = ["0/0 0/0 0/1", "1/1 1/1 0/1", "0/0 0/0 0/0", "./. ./. ./.", "0/1 0/1 0/1"]
    file = vcf(folder, *(f"chr1 {10 + number} v{number} A G GT {text}" for number, text in enumerate(calls)))
    assert list(run(folder, file)) == ["v0", "v1"]
    assert list(run(folder, file, min_frequency=1 / 6)) == ["v0", "v1"]
    with pytest.raises(MarkersError, match=r"no variant of genomics.markers.dosage is left \(no_value 1, rare 4\)"):
        run(folder, file, min_frequency=0.2)


def test_regions_and_lists_choose(folder, caplog):
    file = vcf(folder, *(f"chr1 {position} v{position} A G GT 0/0 0/1 1/1" for position in (10, 11, 20, 21, 30)))
    (folder / "regions.bed").write_text("chr1\t10\t20\n1\t29\t30\n")
    (folder / "list.txt").write_text("# of interest\nv10\nchr1:20:A:G\n1-30-A-G\n1:30:G:A # swapped\nrs0\n")
    bed, names = {"regions": str(folder / "regions.bed")}, {"variants": str(folder / "list.txt")}
    assert list(run(folder, file, **bed)) == ["v11", "v20", "v30"]
    assert list(run(folder, file, **names)) == ["v10", "v20", "v30"]
    assert "2 variants of the list are in no file: '1:30:G:A', 'rs0'" in caplog.text
    assert list(run(folder, file, **bed, **names)) == ["v20", "v30"]
    for key, name in (("regions", "absent.bed"), ("variants", "absent.txt")):
        with pytest.raises(MissingFileError, match=f"dosage.{key}"):
            run(folder, file, **{key: str(folder / name)})
    (folder / "words.txt").write_text("v10\n")
    with pytest.raises(MarkersError, match="no BED"):
        run(folder, file, regions=str(folder / "words.txt"))


@pytest.mark.parametrize("suffix", [".bed", ".pgen"])
def test_chosen_variants_of_plink_files_are_those_of_the_whole_file(folder, suffix):
    rng = np.random.default_rng(2)
    copies = rng.integers(-1, 3, (4, 60)).astype(np.int8)
    file = write_bed(folder, copies)
    (folder / "x.fam").write_text("".join(f"0 {name} 0 0 0 -9\n" for name in ("P3", "P1", "S2", "P4")))
    if suffix == ".pgen":
        file = write_pgen(folder, copies)
    (folder / "list.txt").write_text("v3\nv4\nv5\nv40\nv59\n")
    whole, some = run(folder, str(file)), run(folder, str(file), variants=str(folder / "list.txt"))
    assert 3 < len(some) < len(whole)
    same(some, {name: whole[name] for name in some})
    values = copies[[1, 2, 0, 3]].astype(float)
    values[values < 0] = NAN
    same(whole, {name: values[:, int(name[1:])] for name in whole})


def write_pgen(folder, copies):
    pgenlib = pytest.importorskip("pgenlib")
    with pgenlib.PgenWriter(str(folder / "x.pgen").encode(), len(copies), copies.shape[1], False) as writer:
        for site in copies.T:
            writer.append_biallelic(np.ascontiguousarray(np.where(site < 0, -9, site).astype(np.int8)))
    sites = "".join(f"1\t{number + 1}\tv{number}\tA\tG\n" for number in range(copies.shape[1]))
    (folder / "x.pvar").write_text("#CHROM\tPOS\tID\tREF\tALT\n" + sites)
    (folder / "x.psam").write_text("#IID\nP3\nP1\nS2\nP4\n")
    return folder / "x.pgen"


def test_a_file_of_variants_only_says_nothing_of_the_others(folder):
    records = [f"chr1 {10 + number} v{number} A G GT 0/1 1/1 0/1" for number in range(20)]
    with pytest.raises(MarkersError, match=r"none of its 20 variants has a reference call"):
        run(folder, vcf(folder, *records))
    assert len(run(folder, vcf(folder, *records[1:]))) == 19


def test_a_name_is_given_once(folder):
    file = vcf(
        folder, "chr1 10 rs A G GT 0/0 0/1 1/1", "chr1 11 rs A G GT 0/0 0/1 0/0", "chr1 11 rs A G GT 0/1 0/1 0/0"
    )
    same(run(folder, file), {"1-11-A-G": [0, 1, 0, NAN], "rs": [0, 1, 2, NAN]})


def test_an_id_is_no_name_across_files_of_other_patients(folder):
    first = vcf(folder, "1 10 rs1 A G GT 0/1", samples=("P1",), name="1.vcf")
    second = vcf(folder, "1 10 rs9 A G GT 1/1", samples=("S2",), name="2.vcf")
    (folder / "list.txt").write_text("rs1\n")
    with pytest.raises(MarkersError, match=r"list\.txt: 'rs1': files of other patients"):
        run(folder, first, second, variants=str(folder / "list.txt"))
    (folder / "list.txt").write_text("1:10:A:G\n")
    same(run(folder, first, second, variants=str(folder / "list.txt")), {"rs1": [1, 2, NAN, NAN]})


def test_files_of_chromosomes_follow_each_other_and_those_of_other_patients_are_joined(folder):
    one = vcf(folder, "chrX 10 x A G GT 0/0 0/1 1/1", name="x1.vcf")
    two = vcf(folder, "chr1 10 a A G GT 0/1 0/1 0/0", "chr1 12 b A G GT 0/1 0/1 0/0", name="x2.vcf")
    same(run(folder, one, two), {"a": [1, 1, 0, NAN], "b": [1, 1, 0, NAN], "x": [0, 1, 2, NAN]})
    other = vcf(folder, "1 10 . A G GT 0/1", "1 12 c A T GT 0/1", "chrX 10 . A G GT ./1", samples=["P4"], name="o.vcf")
    found = run(folder, two, one, other)
    same(found, {"a": [1, 1, 0, 1], "b": [1, 1, 0, NAN], "x": [0, 1, 2, NAN]})
    notes = run(folder, two, one, other, column="note")
    assert (notes["b"][3], notes["x"][3]) == ("not in the file", "missing genotype")
    with pytest.raises(OrderOfSitesError, match=r"x2.vcf: 1:10 stands after"):
        run(folder, one, two, other)
    some = vcf(folder, "chr1 10 a A G GT 0/1 0/1", samples=["P4", "P1"], name="some.vcf")
    with pytest.raises(MarkersError, match=r"some patients in common with x2\.vcf"):
        run(folder, two, some)
    with pytest.raises(MarkersError, match="none of its 1 samples is of a patient"):
        run(folder, vcf(folder, "chr1 10 a A G GT 0/1", samples=["nobody"], name="n.vcf"))


@given(st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_patients_in_any_number_of_files_are_the_same(tmp_path_factory, n_files, seed):
    folder, rng = tmp_path_factory.mktemp("split"), np.random.default_rng(seed)
    write(folder)
    calls = rng.choice(["0/0", "0/1", "1/1", "./."], (30, 4))
    places = np.sort(rng.choice(np.arange(10, 90), 30, replace=False))
    owner = np.append(np.arange(n_files), rng.integers(0, n_files, 4 - n_files))
    files = []
    for number in range(n_files):
        members = np.flatnonzero(owner == number)
        lines = [f"chr1 {place} . A G GT {' '.join(row[members])}" for place, row in zip(places, calls, strict=True)]
        files.append(vcf(folder, *lines, samples=[PATIENTS[member] for member in members], name=f"f{number}.vcf"))
    copies = pd.DataFrame(calls).replace({"0/0": 0, "0/1": 1, "1/1": 2, "./.": None}).astype(float).to_numpy()
    wanted = {}
    for place, row in zip(places, copies, strict=True):
        known = row[~np.isnan(row)]
        if len(known) and np.ptp(known) > 0:
            wanted[f"1-{place}-A-G"] = row
    if wanted and all((copies[:, owner == number] == 0).any() for number in range(n_files)):
        same(run(folder, *files, min_frequency=0), dict(sorted(wanted.items())))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cohort": {"samples": None}, "genomics": {"markers": {"dosage": {}, "fusions": "f"}}}, "dosage.files"),
        ({"cohort": {"samples": None}, "genomics": {"markers": {"dosage": {}}}}, "dosage.files"),
        ({"genomics": {"markers": {"dosage": {"min_frequency": 0.6}}}}, "dosage.min_frequency"),
        ({"genomics": {"markers": {"tables": {"dosage": "x.csv"}}}}, "dosage is a class of its own"),
    ],
)
def test_settings_that_cannot_be_are_refused(data, message):
    with pytest.raises(ConfigError, match=message):
        load_section(Config, json.dumps(data))


def test_the_files_are_those_of_the_sheet_unless_others_are_named(tmp_path):
    (tmp_path / "patients.tsv").write_text("patient_id\nP1\nP2\n")
    (tmp_path / "images.tsv").write_text("image_id\tpatient_id\trole\tseries\tsegmentation\troi\n")
    (tmp_path / "samples.tsv").write_text("patient_id\tsample_id\tvcf\nP1\tP1\ta.vcf\nP2\tP2\ta.vcf\n")

    def plan(dosage):
        return Plan({"genomics": {"markers": {"dosage": dosage}}}, tmp_path / "config.yaml", tmp_path)

    def files(dosage):
        return json.loads(plan(dosage).settings("alterations"))["markers"]["dosage"]["files"]

    assert files({}) == []  # a file that is absent excludes its patients alone
    (tmp_path / "a.vcf").touch()
    assert files({}) == ["a.vcf"]
    assert plan({}).marker_files() == ["a.vcf"]
    assert files({"files": ["x.pgen"], "regions": "r.bed"}) == ["x.pgen"]
    assert plan({"files": ["x.pgen"]}).marker_files() == ["x.pgen", "x.pvar", "x.psam"]
    with pytest.raises(ConfigError, match=r"markers\.dosage\.files: more than the 100,000 bytes"):
        plan({"files": [f"{'x' * 100}{number}.vcf" for number in range(1000)]}).settings("alterations")
