"""A batch: what it writes, that one bad image stops none, and that nothing is half written."""

import json

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from radiogenomics import tables
from radiogenomics.imaging import batch as batch_module
from radiogenomics.imaging.batch import convert_batch
from radiogenomics.imaging.gather import gather
from tests.unit.imaging import synthetic
from tests.unit.imaging.synthetic import grid, write_rtstruct, write_series

DIMSE = "dicomweb:hospital/1.2.3/1.2.4"


def square(place, low=3, high=9):
    corners = [(low - 0.5, low - 0.5), (low - 0.5, high + 0.5), (high + 0.5, high + 0.5), (high + 0.5, low - 0.5)]
    return [place.to_lps([(k, *corner) for corner in corners]) for k in (3, 4)]


def row(image_id, series="", segmentation="", roi="GTV", patient_id=None):
    return {
        "image_id": image_id,
        "patient_id": patient_id or f"patient-{image_id}",
        "role": "baseline",
        "series": str(series),
        "segmentation": str(segmentation),
        "roi": roi,
    }


@pytest.fixture
def study(tmp_path):
    """A folder with one sound series and its structure set."""
    write_series(tmp_path / "ct")
    write_rtstruct(tmp_path / "rs.dcm", {"GTV": square(grid())})
    return tmp_path


def run(study, rows, fetched=None, name="b007", **settings):
    imaging = study / "results" / "imaging"
    table, failures = imaging / f"{name}.images.parquet", imaging / f"{name}.failures.tsv"
    convert_batch(
        images=json.dumps(rows),
        fetched=fetched,
        settings=json.dumps({"pet_unit": "stored", **settings}),
        directory=imaging / name,
        table=table,
        failures=failures,
    )
    return tables.IMAGES.read(table), tables.FAILURES.read(failures), imaging / name


def test_sound_image_becomes_four_files_and_a_row(study):
    images, failures, folder = run(study, [row("i1", study / "ct", study / "rs.dcm")])
    assert failures.empty
    assert sorted(path.name for path in folder.iterdir()) == ["i1.json", "i1.mask.nii.gz", "i1.nii.gz", "i1.png"]
    (found,) = images.to_dict("records")
    results = study / "results"
    assert found["volume"] == "imaging/b007/i1.nii.gz"
    assert all((results / found[kind]).is_file() for kind in ("volume", "mask", "overlay"))
    assert (found["patient_id"], found["role"], found["modality"], found["unit"]) == (
        "patient-i1",
        "baseline",
        "CT",
        "HU",
    )
    assert (found["n_columns"], found["n_rows"], found["n_slices"]) == (20, 16, 10)
    assert (found["spacing_x_mm"], found["spacing_y_mm"], found["spacing_z_mm"]) == pytest.approx((0.7, 0.8, 2.5))
    assert (found["roi_voxels"], found["roi_slices"], found["roi_components"]) == (98, 2, 1)
    assert found["roi_volume_ml"] == pytest.approx(98 * 1.4 / 1000)
    assert not found["roi_touches_border"]
    mask = sitk.ReadImage(str(results / found["mask"]))
    volume = sitk.ReadImage(str(results / found["volume"]))
    assert mask.GetOrigin() == volume.GetOrigin()
    assert mask.GetDirection() == volume.GetDirection()
    assert np.count_nonzero(sitk.GetArrayFromImage(mask) == 1) == 98


def test_bad_images_are_rows_of_failures_and_stop_no_other(study):
    write_series(study / "gap", drop=[4])
    rows = [
        row("gap", study / "gap", study / "rs.dcm"),
        row("none", study / "ct", ""),
        row("roi", study / "ct", study / "rs.dcm", roi="gtv"),
        row("absent", study / "nowhere", study / "rs.dcm"),
        row("good", study / "ct", study / "rs.dcm"),
    ]
    images, failures, folder = run(study, rows)
    assert images["image_id"].tolist() == ["good"]
    assert dict(zip(failures["image_id"], failures["reason"], strict=True)) == {
        "gap": "missing_slice",
        "none": "no_segmentation",
        "roi": "missing_roi",
        "absent": "missing_file",
    }
    assert (failures["stage"] == "imaging").all()
    assert {path.name.split(".")[0] for path in folder.iterdir()} == {"good"}


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_region_with_padding_is_refused(study, modality):
    values = synthetic.stored_values()
    values[3, 3, 3:5] = values[9] = -2000

    def pad(k, header):
        header.PixelPaddingValue = -2000

    write_series(study / "padded", values, modality=modality, edit=pad)
    images, failures, folder = run(study, [row("i1", study / "padded", study / "rs.dcm")])
    assert images.empty
    assert failures["reason"].tolist() == ["padded_region"]
    assert "rs.dcm: 2 of the 98 voxels of region 'GTV' are padding" in failures["message"].item()
    assert list(folder.iterdir()) == []


def test_padding_beside_the_region_does_no_harm(study):
    values = synthetic.stored_values()
    values[3, 2] = -2000
    write_series(study / "padded", values, edit=lambda k, header: setattr(header, "PixelPaddingValue", -2000))
    images, failures, _ = run(study, [row("i1", study / "padded", study / "rs.dcm")])
    assert failures.empty
    assert images["roi_voxels"].tolist() == [98]


def test_refused_image_leaves_no_file(study):
    path = study / "ct" / "series_004.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    _, failures, folder = run(study, [row("i1", study / "ct", study / "rs.dcm")])
    assert failures["reason"].tolist() == ["pixel_data"]
    assert list(folder.iterdir()) == []


def test_defects_are_recorded_with_their_patient(study, monkeypatch):
    def defect(*_):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(batch_module, "read_regions", defect)
    _, failures, _ = run(study, [row("i1", study / "ct", study / "rs.dcm")])
    assert failures[["patient_id", "reason"]].to_dict("records") == [
        {"patient_id": "patient-i1", "reason": "unexpected"}
    ]


def test_fetched_images_are_found_by_their_name(study):
    fetched = study / "fetched"
    (fetched / "i1").mkdir(parents=True)
    (study / "ct").rename(fetched / "i1" / "series")
    (fetched / "i1" / "segmentation").mkdir()
    (study / "rs.dcm").rename(fetched / "i1" / "segmentation" / "1.dcm")
    rows = [row("i1", DIMSE, DIMSE), row("i2", DIMSE, DIMSE)]
    images, failures, _ = run(study, rows, fetched)
    assert images["image_id"].tolist() == ["i1"]
    assert failures.empty  # why i2 is not there stands in the failures of the stage that fetches
    _, failures, _ = run(study, rows[:1], None)
    assert failures["reason"].tolist() == ["missing_file"]


def test_second_run_gives_the_same_bytes_and_replaces_the_folder(study):
    rows = [row("i1", study / "ct", study / "rs.dcm")]
    _, _, folder = run(study, rows)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    table = (folder.parent / "b007.images.parquet").read_bytes()
    (folder / "left.over").touch()
    run(study, rows)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert (folder.parent / "b007.images.parquet").read_bytes() == table
    assert sorted(path.name for path in folder.parent.iterdir()) == ["b007", "b007.failures.tsv", "b007.images.parquet"]


def test_crash_leaves_the_old_folder_as_it_was(study, monkeypatch):
    rows = [row("i1", study / "ct", study / "rs.dcm")]
    _, _, folder = run(study, rows)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch_module, "write_overlay", killed)
    with pytest.raises(KeyboardInterrupt):
        run(study, rows)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".part")]


def test_no_patient_reaches_files_tables_or_log(study, caplog):
    caplog.set_level("DEBUG")
    write_series(study / "gap", drop=[4])
    run(study, [row("i1", study / "ct", study / "rs.dcm"), row("i2", study / "gap", study / "rs.dcm")])
    written = b"".join(path.read_bytes() for path in (study / "results").rglob("*") if path.is_file())
    for word in (synthetic.PATIENT_ID, "Mustermann", synthetic.BIRTH_DATE, "ACC99", "20240102"):
        assert word.encode() not in written
        assert word not in caplog.text


def test_empty_batch_has_empty_tables(study):
    images, failures, folder = run(study, [])
    assert images.empty
    assert failures.empty
    assert folder.is_dir()


def test_each_region_of_a_pattern_is_a_row_and_files_are_numbered(study):
    write_rtstruct(
        study / "rs.dcm", {"GTV/left": square(grid()), "gtv 2": square(grid(), 4, 7), "lung": square(grid())}
    )
    images, failures, folder = run(
        study,
        [row("i1", study / "ct", study / "rs.dcm", roi="tumour")],
        regions={"tumour": ["GTV*"]},
        policies={"several_regions": "each"},
    )
    assert failures.empty
    assert images[["roi", "region", "roi_voxels"]].values.tolist() == [
        ["GTV/left", "GTV/left", 98],
        ["gtv 2", "gtv 2", 32],
    ]
    assert sorted(path.name for path in folder.iterdir()) == [
        *("i1.1.mask.nii.gz", "i1.1.png", "i1.2.mask.nii.gz", "i1.2.png", "i1.json", "i1.nii.gz")
    ]


@pytest.fixture
def partly_padded(study):
    """A CT whose first rows are padding, with a region on them and one beside them."""
    values = synthetic.stored_values()
    values[:, :5] = -2000

    def edit(k, header):
        header.PixelPaddingValue = -2000
        header["PixelPaddingValue"].VR = "SS"

    write_series(study / "ct", values, edit=edit)
    write_rtstruct(
        study / "rs.dcm",
        {"lung": square(grid()), "GTV1": square(grid()), "GTV empty": [], "GTV2": square(grid(), 7, 9)},
    )
    return study


def test_a_padded_region_of_several_fails_alone(partly_padded):
    study = partly_padded
    images, failures, folder = run(
        study,
        [row("i1", study / "ct", study / "rs.dcm", roi="tumour")],
        regions={"tumour": ["GTV*"]},
        policies={"several_regions": "each"},
    )
    assert failures[["image_id", "roi", "reason"]].values.tolist() == [["i1", "GTV1", "padded_region"]]
    assert images["region"].tolist() == ["GTV2"]
    assert "'GTV empty'" in images["roi_notes"][0]
    assert sorted(path.name for path in folder.iterdir()) == ["i1.4.mask.nii.gz", "i1.4.png", "i1.json", "i1.nii.gz"]


@pytest.mark.parametrize("settings", [{"policies": {"several_regions": "each"}}, {}])
def test_an_image_of_padded_regions_alone_leaves_nothing(partly_padded, settings):
    rows = [row("i1", partly_padded / "ct", partly_padded / "rs.dcm", roi="tumour")]
    images, failures, folder = run(partly_padded, rows, regions={"tumour": ["GTV1"]}, **settings)
    assert failures["roi"].tolist() == ["GTV1" if settings else "tumour"]
    assert images.empty
    assert not list(folder.iterdir())


def test_the_largest_region_keeps_the_name_of_the_sheet(study):
    write_rtstruct(study / "rs.dcm", {"GTV1": square(grid(), 4, 7), "GTV2": square(grid())})
    rows = [row("i1", study / "ct", study / "rs.dcm", roi="tumour")]
    images, _, _ = run(study, rows, regions={"tumour": ["GTV?"]}, policies={"several_regions": "largest"})
    found = images.iloc[0]
    assert (found["roi"], found["region"], found["roi_voxels"]) == ("tumour", "GTV2", 98)
    assert "GTV1" in found["roi_notes"]


def test_repairs_and_the_choice_of_a_volume_stand_in_the_table(study):
    write_series(study / "two", edit=lambda k, header: setattr(header, "EchoNumbers", 1))
    uid = pydicom.dcmread(study / "two" / "series_000.dcm").SeriesInstanceUID

    def second(k, header):
        header.EchoNumbers, header.SeriesInstanceUID = 2, uid

    write_series(study / "two", edit=second, name="again")
    rows = [row("i1", study / "two", study / "rs.dcm") | {"select": "EchoNumbers=2"}]
    images, failures, _ = run(study, rows, policies={"several_volumes": "split"})
    assert failures.empty
    assert images["repairs"].tolist() == ["several_volumes: split (10 of 20 images: EchoNumbers=2)"]


@pytest.mark.parametrize(("how", "bias"), [("zscore", False), ("percentile", False), ("none", True), ("zscore", True)])
def test_intensities_of_mr_are_scaled_as_the_settings_say(study, how, bias):
    write_series(study / "mr", modality="MR")
    _, failures, folder = run(
        study,
        [row("i1", study / "mr", study / "rs.dcm")],
        mr={"normalisation": how, "bias_correction": bias},
    )
    assert failures.empty
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "i1.nii.gz"))).astype(float)
    stored = synthetic.stored_values().astype(float)
    assert np.corrcoef(values.ravel(), stored.ravel())[0, 1] > 0.95
    if how == "zscore":
        assert abs(np.median(values)) < 2
    if how == "percentile":
        assert values.max() == pytest.approx(1, abs=0.1)
    if how == "none":
        assert not np.array_equal(values, stored)


def test_acquisition_facts_of_all_batches_and_the_odd_one_out(study):
    for n in range(6):
        edit = (lambda k, header: setattr(header, "KVP", 80)) if n == 3 else None
        write_series(study / f"s{n}", edit=edit)
        run(study, [row(f"i{n}", study / f"s{n}", study / "rs.dcm")], name=f"b{n:03d}")
    parts = sorted((study / "results" / "imaging").glob("b*.images.parquet"))
    gather(parts=parts, acquisition=study / "acquisition.parquet")
    facts = tables.ACQUISITION.read(study / "acquisition.parquet")
    odd = facts[facts["outlier"]]
    assert odd[["image_id", "fact", "value", "typical"]].values.tolist() == [["i3", "kvp", "80", "120"]]
