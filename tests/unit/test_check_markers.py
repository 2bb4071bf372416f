"""Marker files before anything runs: each defect on its own, who is in a file, names that are almost those."""

import pytest

from radiogenomics import config
from radiogenomics.check import inspect
from radiogenomics.check_markers import inspect_markers
from radiogenomics.cohort.sheet_rows import PatientRow, SampleRow, Sheets
from tests.unit.genomics.test_dosage import vcf

PATIENTS = ["P-01", "P-02", "P-03"]


def look(folder, markers, samples=None, **genomics):
    """Problems, lines and known patients of a study of ``samples`` (patient, sample, file), or without them."""
    data = {
        "cohort": {"samples": "samples.tsv" if samples else None},
        "genomics": {"markers": markers, **genomics},
        "association": {
            "classes": ["non_silent"]
            if samples
            else [*config.Config.model_validate({"genomics": {"markers": markers}}).genomics.markers.classes]
        },
    }
    study = config.parse(data, folder / "config.yaml")
    sheets = Sheets(
        tuple(PatientRow(name, {}) for name in PATIENTS),
        (),
        tuple(SampleRow(patient, sample, str(folder / name)) for patient, sample, name in samples or ()),
    )
    problems = []

    class Collect:
        def __init__(self, stage):
            assert stage == "genomics"

        def __enter__(self):
            return None

        def __exit__(self, _, error, __):
            if error is not None:
                problems.append((error.reason, error.message))
            return error is not None

    found = inspect_markers(study, sheets, Collect)
    return problems, found.told, found.known


FILES = {
    "calls.tsv": "gene\tP-01\tP_02\nA\t2\t0\n",
    "fusions.tsv": "sample\tgene5\tgene3\nP-01\tA\tB\nP-03\t\t\nX\tA\tB\n",
    "matrix.tsv": "gene\tP-01\tP-02\tP-03\nA\t1\t2\t3\n",
    "sets.gmt": "S\tx\tA\n",
    "own.csv": "patient_id,m\nP-01,1\nP-02,\np-02,1\n",
    "hot.tsv": "gene\tamino_acid\nA\tG12D\n",
    "genes.txt": "A\n",
}
MARKERS = {
    "copy_number": {"file": "calls.tsv"},
    "fusions": "fusions.tsv",
    "expression": {"file": "matrix.tsv", "genes": "genes.txt", "scores": ["sets.gmt"]},
    "tables": {"own": "own.csv"},
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_each_file_says_who_is_in_it_and_what_is_almost_a_patient(folder):
    file = vcf(folder, "chr1 10 a A G GT 0/1 0/1", samples=["P-02", "P-03x"])
    problems, told, known = look(folder, {**MARKERS, "dosage": {"files": [file]}})
    assert problems == []
    assert told == [
        "copy number (calls.tsv): 1 of 3 patients; not 'P-02', 'P-03'; similar names of nobody: 'P-02' ('P_02')",
        "fusions (fusions.tsv): 2 of 3 patients; not 'P-02'",
        "expression (matrix.tsv): 3 of 3 patients",
        "dosages (x.vcf): 1 of 3 patients; not 'P-01', 'P-03'; similar names of nobody: 'P-01' ('P-03x'), 'P-03'"
        " ('P-03x')",
        "table own (own.csv): 1 of 3 patients; not 'P-02', 'P-03'; similar names of nobody: 'P-02' ('p-02')",
    ]
    assert known == set(PATIENTS)


def test_names_of_samples_are_those_of_the_sheet(folder):
    (folder / "calls.tsv").write_text("gene\tS1\tS3\nA\t2\t0\n")
    samples = [("P-01", "S1", "x.vcf"), ("P-02", "S2", "x.vcf")]
    _, told, _ = look(folder, {"copy_number": {"file": "calls.tsv"}}, samples)
    assert told == ["copy number (calls.tsv): 1 of 2 patients; not 'P-02'"]


DEFECTS = {
    "calls.tsv": ("name\tP-01\nA\t2\n", "no column of genes"),
    "fusions.tsv": ("sample\tgene5\nP-01\tA\n", "no column gene3"),
    "matrix.tsv": ("gene\tX1\tX2\nA\t1\t2\n", "none of its 2 samples is of a patient"),
    "genes.txt": ("B\n", "it has none of the 1 genes"),
    "sets.gmt": ("S\tx\n", "no name or no genes"),
    "own.csv": ("patient,m\nP-01,1\n", "no column 'patient_id'"),
    "x.vcf": ("no VCF", "x.vcf"),
    "list.txt": ("", "no variant"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_each_defect_is_named(folder, name):
    file = vcf(folder, "chr1 10 a A G GT 0/1 0/1", samples=["P-02", "P-03"])
    (folder / "list.txt").write_text("a\n")
    (folder / name).write_text(DEFECTS[name][0])
    problems, _, _ = look(folder, {**MARKERS, "dosage": {"files": [file], "variants": "list.txt"}})
    assert len(problems) == 1
    assert DEFECTS[name][1] in problems[0][1]
    (folder / name).unlink()
    problems, _, _ = look(folder, {**MARKERS, "dosage": {"files": [file], "variants": "list.txt"}})
    assert [reason for reason, _ in problems] == ["missing_file"]


def test_all_defects_are_found_at_once(folder):
    files = [vcf(folder, "chr1 10 a A G GT 0/1", samples=["P-02"], name=f"{name}.vcf") for name in "ab"]
    dosage = {"files": [*files, "absent.vcf"], "field": "XX"}
    (folder / "calls.tsv").unlink()
    (folder / "own.csv").unlink()
    problems, told, _ = look(folder, {**MARKERS, "dosage": dosage})
    assert [reason for reason, _ in problems] == [
        "missing_file",
        "dosage_field",
        "dosage_field",
        "missing_file",
        "missing_file",
    ]
    assert len(told) == 2


def test_what_studies_of_mutation_annotation_files_need_all_the_same(folder, caplog):
    columns = "Hugo_Symbol Chromosome Start_Position Reference_Allele Tumor_Seq_Allele2 Variant_Classification"
    (folder / "calls.maf").write_text("\t".join([*columns.split(), "Tumor_Sample_Barcode"]) + "\n")
    (folder / "cna.seg").write_text("ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nP-01\t1\t1\t9\t3\t1.0\n")
    (folder / "hot.tsv").write_text("gene\tamino_acid\nA\tglycine\n")
    markers = {"copy_number": {"file": "cna.seg", "kind": "segments"}, "burden": True, "hotspots": "hot.tsv"}
    markers |= {"pathways": {"files": ["sets.gmt", "more.gmt"]}}
    problems, told, _ = look(folder, markers, [("P-01", "P-01", "calls.maf")], spectrum=True, consequences="annotated")
    assert [reason for reason, _ in problems] == ["markers", "missing_file", "missing_file", "missing_file"]
    assert "'glycine' is no amino acid" in problems[0][1]
    assert "more.gmt" in problems[1][1]
    assert "segments of copy number" in problems[2][1]
    assert "genomics.spectrum needs" in problems[3][1]
    assert told == ["copy number (cna.seg): 1 of 1 patients"]
    assert "TMB:burden is missing" in caplog.text


def test_the_check_shows_the_lines(folder):
    data = {
        "cohort": {"patients": None, "images": None, "samples": None},
        "radiomics": {"tables": {"own": "f.csv"}},
        "genomics": {"markers": {"tables": {"own": "own.csv"}}},
        "association": {"classes": ["own"], "volume_feature": None},
    }
    (folder / "f.csv").write_text("patient_id,f\nP-01,1\n")
    study = config.parse(data, folder / "config.yaml")
    sheets = Sheets((PatientRow("P-01", {}),), (), ())
    assert inspect(study, sheets).told == ["table own (own.csv): 1 of 1 patients"]
