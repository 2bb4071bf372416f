"""Bad input, each kind: exit code 3 and a message that names the file, the patient and what to do."""

import shutil

import pytest

from radiogenomics.simulate.segmentations import ROI_NAME
from tests.workflow.studies import edit, radiogenomics


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    assert radiogenomics("simulate", "--output", folder, "--patients", "4").returncode == 0
    return folder


@pytest.fixture
def study(sound, tmp_path):
    shutil.copytree(sound, tmp_path, dirs_exist_ok=True)
    return tmp_path


def checked(study):
    done = radiogenomics("check", "--config", study / "config" / "config.yaml")
    return done.returncode, done.stdout + done.stderr


def test_a_sound_study_passes(study):
    code, text = checked(study)
    assert code == 0
    assert "nothing found" in text


def unknown_key(study):
    edit(study / "config" / "config.yaml", "alpha:", "alhpa:")


def duplicate_patient(study):
    edit(study / "config" / "patients.tsv", "P002", "P001")


def folder_missing(study):
    shutil.rmtree(study / "data" / "dicom" / "P002" / "ct")


def two_series(study):
    for path in (study / "data" / "dicom" / "P001" / "ct").glob("*.dcm"):
        shutil.copy(path, study / "data" / "dicom" / "P002" / "ct" / f"other-{path.name}")


def roi_absent(study):
    sheet = study / "config" / "images.tsv"
    lines = sheet.read_text().splitlines(keepends=True)
    sheet.write_text("".join(line.replace(ROI_NAME, "GTV-9") if "P002" in line else line for line in lines))


def sample_absent(study):
    sheet = study / "config" / "samples.tsv"
    lines = sheet.read_text().splitlines()
    sheet.write_text(
        "\n".join(f"P002\tS-none\t{line.split()[2]}" if line.startswith("P002") else line for line in lines) + "\n"
    )


def other_reference(study):
    path = study / "data" / "genome" / "reference.fa"
    path.write_text(path.read_text().translate(str.maketrans("ACGT", "CGTA")))


@pytest.mark.parametrize(
    ("damage", "parts"),
    [
        (unknown_key, ("config.yaml", "association.alhpa: unknown key", "config.default.yaml")),
        (duplicate_patient, ("patients.tsv", "line 2", "line 3", "'P001' stands 2 times")),
        (folder_missing, ("patient P002", "P002/ct", "correct the path")),
        (two_series, ("patient P002", "2 image series", "folder of its own")),
        (roi_absent, ("patient P002", "GTV-9", ROI_NAME, "images.tsv")),
        (sample_absent, ("patient P002", "cohort.vcf.gz", "S-none", "samples sheet")),
        (other_reference, ("patient P001", "patient P004", "cohort.vcf.gz", "reference.fa", "genomics.reference")),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_check_names_file_patient_and_remedy(study, damage, parts):
    damage(study)
    code, text = checked(study)
    assert code == 3
    for part in parts:
        assert part in text
    assert "hint" in text
    assert "Traceback" not in text


def test_a_mask_outside_the_volume(study):
    data = study / "data" / "dicom"
    volume = study / "v.nii.gz"
    assert radiogenomics("imaging", "convert", "--series", data / "P001" / "ct", "--volume", volume).returncode == 0
    import SimpleITK as sitk

    mask = sitk.Image([8, 8, 8], sitk.sitkUInt8) + 1
    mask.SetOrigin([9000.0, 0.0, 0.0])
    sitk.WriteImage(mask, str(study / "far.nii.gz"))
    arguments = ["--segmentation", study / "far.nii.gz", "--volume", volume, "--roi", "x", "--mask", study / "m.nii.gz"]
    done = radiogenomics("imaging", "mask", *arguments)
    assert done.returncode == 3
    assert "far.nii.gz" in done.stderr
    assert "hint" in done.stderr
    assert not (study / "m.nii.gz").exists()


def test_a_vcf_without_its_index_is_read_all_the_same(study):
    (study / "data" / "genome" / "cohort.vcf.gz.tbi").unlink()
    assert checked(study)[0] == 0
    genome = study / "data" / "genome"
    arguments = [
        "--vcf",
        genome / "cohort.vcf.gz",
        "--reference",
        genome / "reference.fa",
        "--genes",
        genome / "genes.gff3",
    ]
    assert radiogenomics("genomics", "annotate", *arguments, "--variants", study / "v.parquet").returncode == 0
