"""Series and segmentations from a real PACS give the same volumes as the files that were sent to it."""

import pydicom
import pytest
import requests

from radiogenomics import tables
from tests.workflow.servers import orthanc
from tests.workflow.studies import edit, radiogenomics, run

AUTH = ("alice", "s3cret")
CREDENTIALS = {"PACS_USER": "alice", "PACS_PASSWORD": "s3cret"}


def send(root, folder):
    """Store every DICOM file below a folder; study and series of one of each kind by folder."""
    for path in sorted(folder.rglob("*.dcm")):
        answer = requests.post(f"{root}/instances", data=path.read_bytes(), auth=AUTH, timeout=30)
        assert answer.status_code == 200


def location(path):
    dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["StudyInstanceUID", "SeriesInstanceUID"])
    return f"dicomweb:hospital/{dataset.StudyInstanceUID}/{dataset.SeriesInstanceUID}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with orthanc(tmp_path_factory.mktemp("orthanc")) as root:
        yield root


@pytest.fixture(scope="module")
def study(server, tmp_path_factory):
    """Eight sound patients, four of them on the server; one of these names a series that the server lacks."""
    folder = tmp_path_factory.mktemp("study")
    assert radiogenomics("simulate", "--output", folder, "--patients", "8").returncode == 0
    sheet = folder / "config" / "images.tsv"
    header, *lines = sheet.read_text().splitlines()
    rows = [line.split("\t") for line in lines]
    for row in rows[:4]:
        place = folder / "data" / "dicom" / row[1]
        send(server, place)
        row[3] = location(next((place / "ct").glob("*.dcm")))
        row[4] = location(next(place.glob("*.dcm")))
    rows[3][3] = rows[3][3] + ".9"
    sheet.write_text("\n".join([header, *("\t".join(row) for row in rows)]) + "\n")
    with (folder / "config" / "config.yaml").open("a") as stream:
        stream.write(
            f"\npacs:\n  servers:\n    hospital:\n      url: {server}/dicom-web\n"
            "      user_env: PACS_USER\n      password_env: PACS_PASSWORD\n"
        )
    edit(folder / "config" / "config.yaml", "batches: 8", "batches: 3")
    assert run(folder, **CREDENTIALS).returncode == 0
    return folder


def images(folder):
    parts = sorted((folder / "results" / "imaging").glob("*.images.parquet"))
    return {row.image_id: row for part in parts for row in tables.IMAGES.read(part).itertuples()}


def test_fetched_images_are_those_of_the_files(study, tmp_path):
    fetched = images(study)
    assert radiogenomics("simulate", "--output", tmp_path, "--patients", "8").returncode == 0
    for name in ("P001", "P002", "P003"):
        source = tmp_path / "data" / "dicom" / name
        volume = tmp_path / f"{name}.nii.gz"
        assert radiogenomics("imaging", "convert", "--series", source / "ct", "--volume", volume).returncode == 0
        place = study / "results" / fetched[f"{name}-ct"].volume
        assert place.read_bytes() == volume.read_bytes()
        assert fetched[f"{name}-ct"].roi_voxels > 64


def test_what_the_server_lacks_excludes_that_patient_alone(study):
    patients = tables.PATIENTS.read(study / "results" / "cohort" / "patients.parquet").set_index("patient_id")
    excluded = patients[~patients["included"]]
    assert excluded["excluded_reason"].to_dict() == {"P004": "request_refused"}
    assert "no such series" in excluded.loc["P004", "excluded_message"]


def test_a_failed_fetch_is_tried_again_by_the_next_run(study):
    planned = run(study, "--dry-run", **CREDENTIALS)
    assert "pacs_fetch" in planned.stdout


def test_the_check_tells_missing_credentials_before_anything_runs(study):
    done = radiogenomics("check", "--config", study / "config" / "config.yaml")
    assert done.returncode == 3
    assert "environment variable PACS_USER is not set" in done.stdout


def test_a_wrong_password_is_said_and_not_printed(study, tmp_path):
    row = '[{"patient_id": "P1", "image_id": "I1", "role": "r", "series": "%s", "segmentation": "", "roi": "G"}]'
    sheet = (study / "config" / "images.tsv").read_text().splitlines()
    series = sheet[1].split("\t")[3]
    url = next(line for line in (study / "config" / "config.yaml").read_text().splitlines() if "url:" in line)
    settings = '{"servers": {"hospital": {"url": "%s", "user_env": "PACS_USER", "password_env": "PACS_PASSWORD"}}}'
    arguments = ["--images", row % series, "--settings", settings % url.split("url: ")[1]]
    arguments += ["--directory", tmp_path / "out", "--failures", tmp_path / "failures.tsv"]
    done = radiogenomics("pacs", "fetch-batch", *arguments, PACS_USER="alice", PACS_PASSWORD="wr0ng")
    assert done.returncode == 0
    assert "HTTP 401" in (tmp_path / "failures.tsv").read_text()
    assert "wr0ng" not in done.stdout + done.stderr + (tmp_path / "failures.tsv").read_text()
