"""The check collects every problem, its own defects too, and goes on."""

import numpy as np
import pytest

from radiogenomics import config
from radiogenomics.check import Findings, describe, inspect
from radiogenomics.cohort.sheet_rows import ImageRow, PatientRow, SampleRow, Sheets
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.config.models import Config
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.radiomics.errors import UnreadableImageError
from tests.unit.genomics.quality.test_reading import write_bed
from tests.unit.genomics.small_genome import SEQUENCE, write_genome, write_vcf


def test_an_unexpected_error_is_a_problem_too(caplog):
    findings = Findings()
    with findings.collect("imaging", "P1", "P2"):
        raise RuntimeError("cannot read /home/somebody/ct/1.dcm")
    assert [problem.patient_id for problem in findings.of_patients] == ["P1", "P2"]
    assert findings.problems[0].reason == "unexpected"
    assert findings.problems[0].message == "RuntimeError: cannot read 1.dcm"
    assert "Traceback" in caplog.text


def test_folders_are_named_only_where_the_path_is_the_problem(tmp_path):
    findings = Findings()
    with findings.collect("imaging", "P1"):
        raise UnreadableImageError(tmp_path / "x.nii.gz", f"library cannot read {tmp_path}/x.nii.gz")
    with findings.collect("genomics"):
        raise MissingFileError(tmp_path / "reference.fa", "reference")
    unreadable, missing = findings.problems
    assert str(tmp_path) not in unreadable.message
    assert str(tmp_path / "reference.fa") in missing.message
    assert findings.of_study == [missing]


@pytest.mark.parametrize(
    ("settings", "feature", "found"),
    [
        ("bin_width: 25", "original_shape_MeshVolume", False),
        ("bin_width: 25", "original_shape_Volume", True),
        ("{bin_width: 25, families: [firstorder]}", "original_shape_MeshVolume", True),
    ],
)
def test_the_volume_feature_must_be_extracted(tmp_path, settings, feature, found):
    (tmp_path / "own.yaml").write_text(settings)
    data = {"radiomics": {"settings": {"CT": "own.yaml"}}, "association": {"volume_feature": feature}}
    study = config.parse(data, tmp_path / "config.yaml")
    assert isinstance(study, Config)
    problems = [problem for problem in inspect(study, Sheets((), (), ())).of_study if problem.stage == "radiomics"]
    assert [problem.reason for problem in problems] == ["volume_feature_not_extracted"] * found
    assert all(feature in problem.message for problem in problems)


@pytest.mark.parametrize(("normalisation", "told"), [("zscore", True), ("nyul", True), ("none", False)])
def test_scaling_mr_twice_is_told(tmp_path, caplog, normalisation, told):
    data = {"imaging": {"mr": {"normalisation": normalisation}}}
    inspect(config.parse(data, tmp_path / "config.yaml"), Sheets((), (), ()))
    assert ("MR is scaled twice" in caplog.text) is told


def of_genomics(folder, rows, genomics):
    """Reasons by patient that the genomics stage would give."""
    study = config.parse({"genomics": genomics}, folder / "config.yaml")
    samples = tuple(SampleRow(patient, sample, str(path)) for patient, sample, path in rows)
    problems = inspect(study, Sheets((), (), samples)).problems
    return [(problem.patient_id, problem.reason) for problem in problems if problem.stage == "genomics"]


def test_variant_files_by_their_headers(tmp_path):
    write_genome(tmp_path)
    good = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"], "good.vcf")
    other = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"], "other.vcf")
    other.write_text(other.read_text().replace(f"length={len(SEQUENCE)}", "length=248956422"))
    rows = [("P1", "S1", good), ("P2", "S2", good), ("P3", "S1", other), ("P4", "S1", tmp_path / "absent.vcf")]
    expected = [("P2", "sample_not_in_vcf"), ("P3", "contig_lengths"), ("P4", "missing_file")]
    assert of_genomics(tmp_path, rows, {}) == expected
    assert of_genomics(tmp_path, rows[:1], {"consequences": "annotated"}) == [("P1", "annotation")]


def test_resources_by_their_headers(tmp_path):
    write_genome(tmp_path)
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"])
    resources = {
        "gnomad": {"file": vcf.name, "fields": ["AF"]},
        "clinvar": {"file": "absent.vcf", "fields": ["CLNSIG"]},
    }
    found = of_genomics(tmp_path, [("P1", "S1", vcf)], {"resources": resources})
    assert found == [("", "resource_field"), ("", "missing_file")]


def test_what_quality_needs_is_looked_at(tmp_path):
    (tmp_path / "patients.tsv").write_text("patient_id\tsex\nP1\t2\n")
    (tmp_path / "samples.tsv").write_text("patient_id\tsample_id\tvcf\n")
    quality = {"sex_column": "sex", "genotypes": ["array.bed"]}
    found = {}
    for enabled in (False, True):
        data = {"genomics": {"quality": quality | {"enabled": enabled}}}
        problems = inspect(config.parse(data, tmp_path / "config.yaml"), Sheets((), (), ())).of_study
        found[enabled] = [problem for problem in problems if "sex" in problem.message or "array" in problem.message]
    assert found[False] == []
    assert [problem.reason for problem in found[True]] == ["stated_sex", "missing_file"]


@pytest.mark.parametrize("sheet", ["samples.tsv", "calls.maf"])
def test_quality_of_a_study_of_mutation_annotation_files_needs_other_genotypes(tmp_path, sheet):
    (tmp_path / "patients.tsv").write_text("patient_id\nP1\n")
    (tmp_path / "samples.tsv").write_text("patient_id\tsample_id\tvcf\nP1\tP1\tcalls.maf\n")
    columns = "Hugo_Symbol Chromosome Start_Position Reference_Allele Tumor_Seq_Allele2 Variant_Classification"
    (tmp_path / "calls.maf").write_text(
        "\t".join([*columns.split(), "Tumor_Sample_Barcode"]) + "\nA\t1\t5\tC\tT\tSilent\tP1\n"
    )
    write_bed(tmp_path, np.zeros((4, 3)))
    found = {}
    for genotypes in ([], ["x.bed"]):
        data = {
            "cohort": {"samples": sheet, "images": None},
            "radiomics": {"tables": {"own": "f.csv"}},
            "genomics": {"consequences": "annotated", "quality": {"enabled": True, "genotypes": genotypes}},
        }
        study = config.parse(data, tmp_path / "config.yaml")
        problems = inspect(study, read_sheets(study.cohort, ())).of_study
        found[len(genotypes)] = [problem for problem in problems if problem.stage == "genomics"]
    assert [problem.reason for problem in found[0]] == ["maf"]
    assert found[0][0].message == "calls.maf: a MAF has no genotypes"
    assert "`genomics.quality.genotypes`" in found[0][0].hint
    assert found[1] == []


def test_mutation_annotation_files_need_no_reference(tmp_path):
    columns = "Hugo_Symbol Chromosome Start_Position Reference_Allele Tumor_Seq_Allele2 Variant_Classification"
    header = [*columns.split(), "Tumor_Sample_Barcode"]
    (tmp_path / "calls.maf").write_text(
        "\t".join(header) + "\n" + "\t".join(["A", "1", "5", "C", "T", "Silent", "S1"]) + "\n"
    )
    rows = [("P1", "S1", tmp_path / "calls.maf"), ("P2", "S2", tmp_path / "calls.maf")]
    assert of_genomics(tmp_path, rows, {"consequences": "annotated"}) == [("P2", "sample_not_in_vcf")]
    assert of_genomics(tmp_path, rows, {}) == [("P1", "annotation"), ("P2", "annotation")]


def of_tables(folder, features, markers, **association):
    """Problems of a study that has tables only."""
    (folder / "f.csv").write_text(features)
    (folder / "m.csv").write_text(markers)
    data = {
        "cohort": {"patients": None, "images": None, "samples": None},
        "radiomics": {"tables": {"own": "f.csv"}},
        "genomics": {"markers": {"tables": {"ihc": "m.csv"}}},
        "association": {"classes": ["ihc"], "volume_feature": None, **association},
    }
    study = config.parse(data, folder / "config.yaml")
    sheets = read_sheets(study.cohort, study.radiomics.tables.values())
    problems = inspect(study, sheets).problems
    return describe(study, sheets), [(problem.patient_id, problem.reason) for problem in problems]


def test_tables_are_read_before_anything_runs(tmp_path):
    features, markers = "patient_id,f\nP1,1\nP2,\nP3,1\nP4,2\n", "patient_id,HER2,TMB\nP1,1,\nP2,0,\nP4,,2.5\nP9,1,\n"
    told, found = of_tables(tmp_path, features, markers)
    assert told == "4 patients, no images, features of 'own', no variant files"
    assert found == [("P2", "no_features"), ("P3", "no_markers")]
    assert of_tables(tmp_path, features, markers, volume_feature="own_f")[1] == found
    assert of_tables(tmp_path, features, markers, volume_feature="f")[1] == [("", "no_volume_feature")]
    assert of_tables(tmp_path, features, "patient,HER2\nP1,1\n")[1] == [("", "markers")]
    assert of_tables(tmp_path, features.replace("2", "x"), markers)[1][0] == ("", "table")


def test_batches_are_counted_before_anything_is_harmonised(tmp_path, caplog):
    def found(levels, **asked):
        data = {
            "cohort": {"covariates": {"site": "category"}},
            "association": {"harmonise": {"method": "combat", "batch": "site", **asked}},
        }
        study = config.parse(data, tmp_path / "config.yaml")
        patients = tuple(PatientRow(f"P{n}", {"site": level}) for n, level in enumerate(levels))
        images = tuple(ImageRow(row.patient_id, row.patient_id, "ct", "", "", "ROI") for row in patients)
        samples = tuple(SampleRow(row.patient_id, "S1", "absent.vcf") for row in patients)
        problems = inspect(study, Sheets(patients, images, samples)).of_study
        return [problem.reason for problem in problems if problem.stage == "association"]

    assert found(["a", "a", "b", "b"]) == []
    assert found(["a", "a", "b"]) == ["small_batch"]
    assert found(["a", "a", "b"], mean_only=True) == []
    assert found(["a", "a"]) == ["one_batch"]
    assert found(["a", "a", "b", "b"], reference="c") == ["unknown_reference"]
    assert not caplog.text.count("have no site")
    assert found(["a", "a", "b", "b", None]) == []
    assert "1 patients have no site" in caplog.text


def of_random_effect(folder, sites, caplog, **association):
    """Problems and warnings of a study of three patients that are at the sites."""
    data = {"cohort": {"covariates": {"site": "category"}}, "association": {"model": "mixed", **association}}
    study = config.parse(data, folder / "config.yaml")
    rows = tuple(PatientRow(f"P{i}", {"site": site or None}) for i, site in enumerate(sites))
    caplog.clear()
    found = [problem for problem in inspect(study, Sheets(rows, (), ())).of_study if problem.stage == "association"]
    return [problem.reason for problem in found], caplog.text


def test_what_the_random_effect_needs_is_looked_at(tmp_path, caplog):
    def site(*sites):
        return of_random_effect(tmp_path, sites, caplog, random_effect="site")

    def kinship(text):
        (tmp_path / "k.csv").write_text(text)
        return of_random_effect(tmp_path, "ab", caplog, kinship="k.csv")

    assert site("a", "a", "b")[0] == []
    assert site("a", "b", "c")[0] == site("a", "a", "a")[0] == ["unusable_random_effect"]
    reasons, told = site("a", "a", "b", "")
    assert reasons == []
    assert "(site) is not known of 1 of 4 patients" in told
    assert of_random_effect(tmp_path, "ab", caplog, kinship="absent.csv")[0] == ["missing_file"]
    assert kinship("id,P0,P1\nP0,1,0\nP1,0,1\n")[0] == []
    assert kinship("id,P0,P1\nP0,1,2\nP1,2,1\n")[0] == ["not_a_covariance"]
    assert kinship("id,P0,P1\nP0,1,0\nP1,0,x\n")[0] == ["table"]
    assert kinship("id,S0,P1\nS0,1,0\nP1,0,1\n")[0] == ["nobody_related"]
    with pytest.raises(ConfigError, match="must stand in cohort"):
        config.parse({"association": {"model": "mixed", "random_effect": "site"}}, tmp_path / "config.yaml")
