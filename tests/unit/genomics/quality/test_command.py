"""From files and sheets to the tables: patients, flags, exclusions, notes."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.errors import ConfigError
from radiogenomics.genomics.quality.command import quality
from radiogenomics.genomics.quality.errors import StatedSexError, UnreadableGenotypesError
from tests.unit.genomics.quality.test_numbers import family
from tests.unit.genomics.quality.test_reading import write_vcf

N_SITES = 1500
OUTPUTS = ("table", "relatedness", "components", "sites", "failures")
SPECIFICATIONS = (tables.SAMPLE_QUALITY, tables.RELATEDNESS, tables.COMPONENTS, tables.SITE_COUNTS, tables.FAILURES)
CALLS = {-1: "./.", 0: "0/0", 1: "0/1", 2: "1/1"}


def run(folder, vcf=(), sheets=True, **options):
    paths = {name: folder / f"out.{name}.tsv" for name in OUTPUTS}
    both = {name: folder / f"{name}.tsv" if sheets else None for name in ("patients", "samples")}
    settings = json.dumps({"quality": options})
    quality(vcf=list(vcf), **both, settings=settings, **paths)
    return {name: table.read(paths[name]) for name, table in zip(OUTPUTS, SPECIFICATIONS, strict=True)}


def genotypes():
    """A family of seven, nine strangers with X of five women and four men; the last is missing often."""
    rng = np.random.default_rng(3)
    frequency = rng.uniform(0.1, 0.9, N_SITES)
    copies = np.vstack([family(N_SITES), rng.binomial(2, frequency, (9, N_SITES))]).astype(np.int8)
    copies[-1][rng.random(N_SITES) < 0.2] = -1
    alleles = rng.random((16, 2, 100)) < rng.uniform(0.2, 0.8, 100)
    x = np.where(np.arange(16)[:, None] % 2 == 0, alleles.sum(axis=1), 2 * alleles[:, 0])
    return np.hstack([copies, x]).astype(np.int8)


def records(copies):
    places = [f"chr1 {100 * number + 100}" for number in range(N_SITES)]
    places += [f"chrX {5_000_000 + number}" for number in range(copies.shape[1] - N_SITES)]
    rows = zip(places, copies.T, strict=True)
    return [f"{place} A G PASS GT {' '.join(CALLS[int(each)] for each in row)}" for place, row in rows]


@pytest.fixture
def study(tmp_path):
    """Patients P00 to P15 with samples S0 to S15 of one file, beside a sample that is nobody's."""
    copies = np.vstack([genotypes(), np.zeros((1, N_SITES + 100), np.int8)])
    write_vcf(tmp_path / "x.vcf", records(copies), [*(f"S{number}" for number in range(16)), "stranger"])
    sexes = ["F" if number % 2 == 0 else "male" for number in range(16)]
    sexes[3], sexes[4] = "F", "NA"
    people = "".join(f"P{number:02}\t{sex}\tsite{number % 2}\n" for number, sex in enumerate(sexes))
    (tmp_path / "patients.tsv").write_text("patient_id\tsex\tbatch\n" + people)
    rows = "".join(f"P{number:02}\tS{number}\tx.vcf\n" for number in range(16))
    (tmp_path / "samples.tsv").write_text("patient_id\tsample_id\tvcf\n" + rows)
    return tmp_path


def test_a_study_of_one_file(study):
    found = run(study, sex_column="sex", n_components=3, exclude=["related", "sex_mismatch", "low_call_rate"])
    table = found["table"].set_index("patient_id")
    assert table.index.tolist() == [f"P{number:02}" for number in range(16)]
    # The second child (P03) and the copy of the first (P04) have other X chromosomes than their parents here.
    flagged = {name: flags for name, flags in table["flags"].items() if flags}
    assert flagged == {"P02": "related", "P03": "sex_mismatch;related", "P04": "related", "P15": "low_call_rate"}
    assert table.loc["P03", ["stated_sex", "inferred_sex"]].tolist() == ["female", "male"]
    assert table.loc["P04", "stated_sex"] == ""
    assert (table["note"] == "").all()
    assert table.loc["P15", "call_rate"] == pytest.approx(0.8, abs=0.03)
    pairs = found["relatedness"].set_index(["patient_1", "patient_2"])["degree"]
    assert pairs["P02", "P04"] == "duplicate"
    assert len(pairs) == 9
    axes = found["components"].set_index(["patient_id", "component"])["coordinate"]
    assert len(axes) == 16 * 3
    assert axes.notna().all()
    fitted = found["components"].groupby("patient_id")["fitted"].first()
    assert fitted.index[~fitted].tolist() == ["P02", "P03", "P04", "P15"]
    assert found["failures"].groupby("patient_id")["reason"].agg(list).to_dict() == {
        "P02": ["related"],
        "P03": ["sex_mismatch", "related"],
        "P04": ["related"],
        "P15": ["low_call_rate"],
    }
    assert "stranger" not in "".join((study / f"out.{name}.tsv").read_text() for name in OUTPUTS)


def test_site_counts_sum(study):
    sites = run(study)["sites"].set_index(["step", "reason"])["n_sites"]
    assert sites["reading"].sum() == N_SITES + 100
    assert sites["relatedness"].sum() == sites["reading", "kept"]
    assert sites["components"].sum() == sites["relatedness", "kept"]


def test_nobody_is_excluded_unless_asked_for(study):
    assert run(study, sex_column="sex")["failures"].empty


def test_files_of_other_patients_are_read_together(study):
    copies = genotypes()
    for part, rows in enumerate((range(8), range(8, 16))):
        write_vcf(study / f"{part}.vcf", records(copies[list(rows)]), [f"S{number}" for number in rows])
    sheet = pd.read_csv(study / "samples.tsv", sep="\t")
    sheet["vcf"] = [f"{int(number >= 8)}.vcf" for number in range(16)]
    one = run(study, group_p=0)
    sheet.to_csv(study / "samples.tsv", sep="\t", index=False)
    two = run(study, group_p=0)
    pd.testing.assert_frame_equal(one["relatedness"], two["relatedness"])
    pd.testing.assert_frame_equal(one["components"], two["components"])
    assert two["table"]["note"].tolist() == ["few_samples"] * 16  # eight in each file give no F
    assert run(study)["sites"]["reason"].str.contains("groups").any()  # a family of one file differs from strangers
    given = run(study, group_p=0, genotypes=[str(study / "x.vcf")])
    pd.testing.assert_frame_equal(given["table"], one["table"])


def test_files_of_variants_only_give_what_they_can(study):
    copies = np.maximum(genotypes()[:2], 0)
    for number, row in enumerate(copies):
        own = [record for record, each in zip(records(row[None]), row, strict=True) if each > 0]
        write_vcf(study / f"{number}.vcf", own, [f"S{number}"])
    (study / "m.maf").write_text("Hugo_Symbol\tTumor_Sample_Barcode\n")
    rows = ["P00\tS0\t0.vcf", "P01\tS1\t1.vcf", "P02\tS2\tm.maf", "P03\tS3\tnone.vcf", "P04\tS4\t0.vcf"]
    (study / "samples.tsv").write_text("\n".join(["patient_id\tsample_id\tvcf", *rows, ""]))
    found = run(study, exclude=["related", "low_call_rate"])
    table = found["table"].set_index("patient_id")
    notes = {"P00": "variants_only", "P01": "variants_only", "P02": "maf", "P03": "missing_file"}
    assert table["note"].to_dict() == notes | {"P04": "sample_not_in_vcf"}
    assert table.loc["P00", "n_snv"] == (copies[0] > 0).sum()
    assert table.loc["P01", "het_hom_ratio"] == (copies[1, :N_SITES] == 1).sum() / (copies[1, :N_SITES] == 2).sum()
    assert table[["call_rate", "f", "x_f", "n_singleton"]].isna().all().all()
    assert found["relatedness"].empty
    assert found["components"].empty
    assert found["failures"].empty


def test_few_sites_give_no_relatives(study):
    found = run(study, min_sites=5000)
    assert found["table"]["note"].tolist() == ["few_sites"] * 16
    few = run(study, min_sites=5000, max_abs_f=1e-6)["table"]
    assert (few["f"].notna() & ~few["flags"].str.contains("heterozygosity")).all()
    assert run(study, max_abs_f=1e-6)["table"]["flags"].str.contains("heterozygosity").all()
    assert found["relatedness"].empty


def test_by_hand_samples_stand_for_patients(study):
    found = run(study, [study / "x.vcf"], sheets=False)
    assert found["table"]["patient_id"].tolist() == sorted([*(f"S{number}" for number in range(16)), "stranger"])


def test_what_is_given_by_name_must_be_readable(study):
    (study / "x.bed").write_bytes(b"no bed")
    (study / "x.fam").write_text("F S0 0 0 0 -9\n")
    (study / "x.bim").write_text("1 v 0 5 G A\n")
    with pytest.raises(UnreadableGenotypesError):
        run(study, [study / "x.bed"])


def test_sexes_that_are_not_understood_are_refused(study):
    with pytest.raises(StatedSexError, match="'site0', 'site1'"):
        run(study, sex_column="batch")
    with pytest.raises(ConfigError, match=r"quality\.exclude"):
        run(study, exclude=["ugly"])
