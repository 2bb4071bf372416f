"""Sheets: every bad row of a sheet in one error, with its line."""

import gzip

import pandas as pd
import pytest

from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.config.cohort import Cohort
from radiogenomics.config.finished import FinishedFeatures
from radiogenomics.errors import MissingFileError, SheetError

PATIENTS = "patient_id\tage\tsex\nP1\t61\tF\nP2\tNA\tM\n"
IMAGES = (
    "image_id\tpatient_id\trole\tseries\tsegmentation\troi\n"
    "I1\tP1\tct\ta/b\tseg.dcm\tGTV-1\n"
    "I2\tP2\tct\tdicomweb:x/1.2/3.4\t\t\n"
)
SAMPLES = "patient_id\tsample_id\tvcf\nP1\tS.1\tc.vcf.gz\n"
COVARIATES = {"age": "number", "sex": "category"}


def cohort(folder, patients=PATIENTS, images=IMAGES, samples=SAMPLES, covariates=COVARIATES):
    for name, text in (("p", patients), ("i", images), ("s", samples)):
        (folder / f"{name}.tsv").write_text(text)
    return Cohort(patients=folder / "p.tsv", images=folder / "i.tsv", samples=folder / "s.tsv", covariates=covariates)


def test_rows_are_typed_and_paths_start_at_the_sheet(tmp_path):
    sheets = read_sheets(cohort(tmp_path))
    assert sheets.patients[0].covariates == {"age": 61.0, "sex": "F"}
    assert sheets.patients[1].covariates["age"] is None
    assert sheets.images[0].series == str(tmp_path / "a" / "b")
    assert sheets.images[1].series == "dicomweb:x/1.2/3.4"
    assert sheets.images[1].segmentation == ""
    assert sheets.samples[0].vcf == str(tmp_path / "c.vcf.gz")


def test_windows_line_ends_byte_order_mark_and_blank_lines(tmp_path):
    study = cohort(tmp_path, patients="\ufeff" + PATIENTS.replace("\n", "\r\n") + "\r\n")
    assert [row.patient_id for row in read_sheets(study).patients] == ["P1", "P2"]


def test_all_bad_rows_at_once(tmp_path):
    text = "patient_id\tage\tsex\nP1\told\tF\nP/2\t60\tM\nP1\t60\tM\nP3\t60\n"
    with pytest.raises(SheetError) as error:
        read_sheets(cohort(tmp_path, patients=text))
    message = str(error.value)
    for part in (
        "line 2: age 'old' is not a number",
        "line 3: patient_id 'P/2'",
        "line 2: patient_id 'P1' stands 2 times",
        "line 4: patient_id 'P1' stands 2 times",
        "line 5: 2 cells, the header has 3",
    ):
        assert part in message
    assert len(error.value.problems) == 5


@pytest.mark.parametrize(
    ("sheet", "text", "message"),
    [
        ("patients", "patient_id,age\n", "no column patient_id"),
        ("patients", "patient_id\tage\nP1\t3\n", "no column sex"),
        ("patients", "patient_id\tage\tsex\n", "no patients"),
        ("patients", "patient_id\tage\tsex\tage\nP1\t1\tF\t2\n", "line 1: column 'age' stands 2 times"),
        ("patients", "patient_id\tage\tsex\nP1\tinf\tF\n", "line 2: age 'inf' is not a number"),
        ("patients", "patient_id\tage\tsex\nP1\t1e999\tF\n", "line 2: age '1e999' is not a number"),
        ("patients", "patient_id\tage\tsex\nP1\t1_000\tF\n", "line 2: age '1_000' is not a number"),
        ("patients", "patient_id\tage\tsex\nP1\t٣\tF\n", "line 2: age '٣' is not a number"),
        ("patients", "patient_id\tage\tsex\nP1\tNAN\tF\n", "line 2: age 'NAN' is not a number"),
        ("images", IMAGES + "I1\tP1\tmr\tx\ty\tz\n", "image_id 'I1' stands 2 times"),
        ("images", IMAGES + "I3\tP1\tct\tx\ty\tz\n", "patient_id and role 'P1 ct' stands 2 times"),
        ("images", IMAGES + "I3\tP9\tct\tx\ty\tz\n", "line 4: patient 'P9' is not in the patients sheet"),
        ("images", IMAGES + "I3\tP2\tmr\t\ty\tz\n", "line 4: series is empty"),
        ("images", IMAGES + "I3\tP2\tmr\tx\ty\t\n", "line 4: roi is empty"),
        ("images", IMAGES + "I3\tP2\tmr\tdicomweb:a/b\ty\tz\n", "is not of the form dicomweb:SERVER"),
        (
            "images",
            IMAGES + "I3\tP2\tmr\t./a/../a/b\tx.dcm\tG\n",
            "line 4: series './a/../a/b' of patient 'P2' is that of patient 'P1' in line 2",
        ),
        (
            "images",
            IMAGES + "I3\tP1\tmr\tdicomweb:x/1.2/3.4\tx.dcm\tG\n",
            "line 4: series 'dicomweb:x/1.2/3.4' of patient 'P1' is that of patient 'P2' in line 3",
        ),
        ("samples", SAMPLES + "P2\tS.1\t./c.vcf.gz\n", r"sample_id and vcf 'S.1 \./c.vcf.gz' stands 2 times"),
        ("samples", SAMPLES + "P1\tS2\tc.vcf.gz\n", "patient_id 'P1' stands 2 times"),
        ("samples", SAMPLES + "P2\tS.1\tc.vcf.gz\n", "sample_id and vcf 'S.1 c.vcf.gz' stands 2 times"),
        ("samples", SAMPLES + "P2\t\tc.vcf.gz\n", "line 3: sample_id is empty"),
    ],
)
def test_refused(tmp_path, sheet, text, message):
    with pytest.raises(SheetError, match=message):
        read_sheets(cohort(tmp_path, **{sheet: text}))


@pytest.mark.parametrize("text", ["5", "-5.", "+.5", "0.25e-3", "1E6"])
def test_plain_decimal_numbers(tmp_path, text):
    read = read_sheets(cohort(tmp_path, patients=f"patient_id\tage\tsex\nP1\t{text}\tF\nP2\tNaN\tM\n"))
    assert [row.covariates["age"] for row in read.patients] == [float(text), None]


def test_one_series_of_a_patient_may_have_two_roles(tmp_path):
    rows = IMAGES + "I3\tP1\tmargin\ta/b\tseg.dcm\tRing\n"
    assert [row.role for row in read_sheets(cohort(tmp_path, images=rows)).images] == ["ct", "ct", "margin"]


@pytest.mark.parametrize(("encoding", "line"), [("cp1252", 3), ("utf-16", 1)])
def test_another_encoding_than_utf_8_is_named(tmp_path, encoding, line):
    study = cohort(tmp_path)
    study.patients.write_bytes("patient_id\tage\tsex\nP1\t1\tF\nP2\t1\tMännlich\n".encode(encoding))
    with pytest.raises(SheetError, match=f"line {line}: the file is not UTF-8; save it as UTF-8"):
        read_sheets(study)


def test_columns_without_a_name_are_ignored(tmp_path):
    text = "patient_id\tage\tsex\t\t\nP1\t1\tF\t\t\nP2\t1\tF\t\t\n"
    assert len(read_sheets(cohort(tmp_path, patients=text)).patients) == 2


def test_a_missing_sheet_is_named(tmp_path):
    study = cohort(tmp_path)
    study.images.unlink()
    with pytest.raises(MissingFileError, match=r"i\.tsv"):
        read_sheets(study)


def test_sheets_that_are_left_out_have_no_rows(tmp_path):
    study = cohort(tmp_path).model_copy(update={"images": None, "samples": None})
    sheets = read_sheets(study)
    assert (len(sheets.patients), sheets.images, sheets.samples) == (2, (), ())


def test_without_a_sheet_patients_are_those_of_the_feature_tables(tmp_path):
    (tmp_path / "a.csv").write_text('ID,f\nP2-01,"1,5"\nP1-01,2\nP2-02,3\n')
    (tmp_path / "b.tsv.gz").write_bytes(gzip.compress(b"\tf\nP3\t1\n"))
    pd.DataFrame({"patient_id": ["P1", "P4"]}).to_parquet(tmp_path / "c.parquet")
    finished = [
        FinishedFeatures(file=tmp_path / "a.csv", patient_id="ID", patient_prefix=2),
        FinishedFeatures(file=tmp_path / "b.tsv.gz", patient_id=""),
        FinishedFeatures(file=tmp_path / "c.parquet"),
    ]
    study = Cohort(patients=None, images=None, samples=tmp_path / "all.maf.gz")
    with pytest.raises(MissingFileError, match="mutation annotation file"):
        read_sheets(study, finished)
    (tmp_path / "all.maf.gz").touch()
    sheets = read_sheets(study, finished)
    assert [row.patient_id for row in sheets.patients] == ["P2", "P1", "P3", "P4"]
    assert next((row.sample_id, row.vcf) for row in sheets.samples) == ("P2", str(tmp_path / "all.maf.gz"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ID,f\nP1,1\n", "no column 'patient_id'; found 'ID', 'f'"),
        ("patient_id,f\nP 1,1\n", "patient_id 'P 1' may hold letters"),
        ("patient_id,f\n", "no patients"),
    ],
)
def test_feature_tables_that_say_not_who_the_patients_are(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    study = Cohort(patients=None, images=None, samples=None)
    with pytest.raises(SheetError, match=message):
        read_sheets(study, [FinishedFeatures(file=tmp_path / "a.csv")])
    with pytest.raises(MissingFileError):
        read_sheets(study, [FinishedFeatures(file=tmp_path / "b.csv")])
