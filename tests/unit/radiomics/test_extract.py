"""Features: the crop keeps every value, bad regions say why, batches go on."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from radiogenomics import tables
from radiogenomics.config.extraction import ImageTypes, Normalise, RadiomicsSettings
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.radiomics import engine
from radiogenomics.radiomics.errors import (
    BinsError,
    ExtractionError,
    GridMismatchError,
    NotFiniteError,
    RoiTooSmallError,
    UnreadableImageError,
)
from radiogenomics.radiomics.extract import extract, extract_batch, gather
from radiogenomics.table import read_provenance

SPACING = (0.8, 0.9, 2.0)
SHAPE = (30, 60, 64)


def image(array, origin=(1.0, -2.0, 3.0)):
    made = sitk.GetImageFromArray(array)
    made.SetSpacing(SPACING)
    made.SetOrigin(origin)
    return made


@pytest.fixture
def case(tmp_path):
    """A noisy volume with an ellipsoid in the middle."""
    rng = np.random.default_rng(3)
    z, y, x = np.meshgrid(*(np.arange(size) for size in SHAPE), indexing="ij")
    mask = ((z - 15) / 5) ** 2 + ((y - 30) / 9) ** 2 + ((x - 32) / 10) ** 2 <= 1
    volume = (rng.normal(40, 60, SHAPE) + 80 * mask).astype(np.int16)
    return write(tmp_path, volume, mask)


def write(folder, volume, mask, **options):
    sitk.WriteImage(image(volume), str(folder / "v.nrrd"))  # NIfTI readers replace NaN by 0
    sitk.WriteImage(image(mask.astype(np.uint8), **options), str(folder / "m.nii.gz"))
    return folder / "v.nrrd", folder / "m.nii.gz"


ENGINES = ("native", "pyradiomics")


def settings_of(**options):
    return RadiomicsSettings(definition="pyradiomics", **options)


def run_by(engine, settings):
    return settings.model_copy(update={"engine": engine})


SETTINGS = {
    "original": settings_of(bin_width=25),
    "filters": settings_of(
        bin_width=25,
        image_types=ImageTypes(original=False, log_sigma_mm=(1.0,), wavelet=True),
        families=("firstorder", "glcm"),
    ),
    "count": settings_of(bin_count=32, families=("glcm", "glrlm")),
    "normalised": settings_of(bin_width=5, normalise=Normalise(), families=("firstorder", "ngtdm")),
    "resampled": settings_of(bin_width=25, resampled_spacing_mm=(1.0, 1.0, 2.0), families=("shape", "firstorder")),
}


def whole_image(volume, mask, settings):
    """The same settings handed to pyradiomics on the whole image, nothing cropped by us."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    options = {"additionalInfo": False, "normalize": bool(settings.normalise), "normalizeScale": 100}
    options |= {"binWidth": settings.bin_width} if settings.bin_width else {"binCount": settings.bin_count}
    if settings.resampled_spacing_mm:
        options |= {"resampledPixelSpacing": list(settings.resampled_spacing_mm), "interpolator": "sitkBSpline"}
    extractor = RadiomicsFeatureExtractor(**options)
    extractor.disableAllImageTypes()
    if settings.image_types.original:
        extractor.enableImageTypeByName("Original")
    if settings.image_types.log_sigma_mm:
        extractor.enableImageTypeByName("LoG", customArgs={"sigma": list(settings.image_types.log_sigma_mm)})
    if settings.image_types.wavelet:
        extractor.enableImageTypeByName("Wavelet")
    extractor.disableAllFeatures()
    for family in settings.chosen_families:
        extractor.enableFeatureClassByName(family)
    return {name: float(value) for name, value in extractor.execute(str(volume), str(mask)).items()}


@pytest.mark.parametrize("by", ENGINES)
@pytest.mark.parametrize("name", SETTINGS)
def test_values_are_those_of_pyradiomics_on_the_whole_image(case, name, by):
    # Exact but for the tail of the Gaussian beyond 8 sigma.
    expected = whole_image(*case, SETTINGS[name])
    found = {feature.name: feature.value for feature in engine.features(*case, run_by(by, SETTINGS[name]))}
    assert found.keys() == expected.keys()
    np.testing.assert_allclose([found[key] for key in expected], list(expected.values()), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("gap", [0, 1, 3])
@pytest.mark.parametrize("side", ["low", "high"])
@pytest.mark.parametrize("by", ENGINES)
def test_a_region_at_the_border_keeps_its_values_too(tmp_path, axis, gap, side, by):
    rng = np.random.default_rng(axis)
    mask = np.zeros(SHAPE, bool)
    place = [slice(12, 18), slice(25, 33), slice(26, 34)]
    place[axis] = slice(gap, gap + 6) if side == "low" else slice(SHAPE[axis] - 6 - gap, SHAPE[axis] - gap)
    mask[tuple(place)] = True
    files = write(tmp_path, rng.normal(40, 60, SHAPE).astype(np.int16), mask)
    expected = whole_image(*files, SETTINGS["filters"])
    found = {feature.name: feature.value for feature in engine.features(*files, run_by(by, SETTINGS["filters"]))}
    # 2e-5 of the scale of the filtered image (standard deviation about 60): a value near 0 is a small difference.
    np.testing.assert_allclose([found[key] for key in expected], list(expected.values()), rtol=2e-5, atol=2e-5 * 60)


@pytest.mark.parametrize("by", ENGINES)
def test_one_grey_level_gives_missing_values_not_sentinels(tmp_path, by):
    rng = np.random.default_rng(0)
    mask = np.zeros(SHAPE, bool)
    mask[10:16, 20:30, 20:30] = True
    files = write(tmp_path, np.where(mask, rng.integers(30, 40, SHAPE), 0).astype(np.int16), mask)
    found = {feature.name: feature for feature in engine.features(*files, run_by(by, SETTINGS["original"]))}
    missing = {name for name, feature in found.items() if feature.note}
    assert missing == {f"original_glcm_{name}" for name in ("Correlation", "MCC", "Imc1", "Imc2")} | {
        f"original_ngtdm_{name}" for name in ("Coarseness", "Contrast", "Busyness", "Strength")
    }
    assert all(np.isnan(found[name].value) for name in missing)
    assert found["original_firstorder_Mean"].value == pytest.approx(34.5, abs=0.5)


@pytest.mark.parametrize("by", ENGINES)
def test_a_filter_that_does_not_fit_gives_missing_values_with_the_reason(tmp_path, case, by):
    volume, mask = (sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in case)
    files = write(tmp_path, volume[14:17], mask[14:17])
    settings = settings_of(bin_width=25, image_types=ImageTypes(log_sigma_mm=(1.0,)), families=("firstorder",))
    found = engine.features(*files, run_by(by, settings))
    assert [feature.note for feature in found] == [""] * 18 + ["image too small for the filter"] * 18


def test_files_that_cannot_be_read(tmp_path, case):
    (tmp_path / "bad.nii.gz").write_text("no image")
    with pytest.raises(UnreadableImageError, match=r"bad\.nii\.gz"):
        engine.features(tmp_path / "bad.nii.gz", case[1], SETTINGS["original"])


@pytest.mark.parametrize("by", ENGINES)
def test_a_region_lost_by_resampling_is_refused(case, by):
    coarse = settings_of(bin_width=25, resampled_spacing_mm=(30.0, 30.0, 30.0), families=("firstorder",))
    with pytest.raises((ExtractionError, RoiTooSmallError), match=r"m\.nii\.gz: "):
        engine.features(*case, run_by(by, coarse))


@pytest.mark.parametrize("by", ENGINES)
@pytest.mark.parametrize(("voxels", "refused"), [(64, False), (63, True)])
def test_the_smallest_region_has_min_voxels(tmp_path, case, voxels, refused, by):
    volume = sitk.GetArrayFromImage(sitk.ReadImage(str(case[0])))
    mask = np.zeros(SHAPE, bool)
    mask[10:14, 20:24, 20:24] = np.arange(64).reshape(4, 4, 4) < voxels
    files = write(tmp_path, volume, mask)
    if refused:
        with pytest.raises(RoiTooSmallError, match=r"63 voxel\(s\), the minimum is 64"):
            engine.features(*files, run_by(by, SETTINGS["count"]))
    else:
        assert all(feature.note == "" for feature in engine.features(*files, run_by(by, SETTINGS["count"])))


@pytest.mark.parametrize("by", ENGINES)
def test_a_region_that_resampling_makes_too_small_is_refused(tmp_path, case, by):
    z, y, x = np.meshgrid(*(np.arange(size) for size in SHAPE), indexing="ij")
    mask = ((z - 15) / 3) ** 2 + ((y - 30) / 3) ** 2 + ((x - 32) / 3) ** 2 <= 1
    assert mask.sum() == 123
    files = write(tmp_path, sitk.GetArrayFromImage(sitk.ReadImage(str(case[0]))), mask)
    coarse = settings_of(bin_width=25, resampled_spacing_mm=(5.0, 5.0, 5.0), families=("firstorder",))
    with pytest.raises(RoiTooSmallError, match=r"2 voxel\(s\), the minimum is 64"):
        engine.features(*files, run_by(by, coarse))


def test_names_families_and_image_types(case):
    found = engine.features(*case, SETTINGS["filters"])
    assert {feature.image_type for feature in found} == {"log-sigma-1-0-mm-3D"} | {
        f"wavelet-{a}{b}{c}" for a in "LH" for b in "LH" for c in "LH"
    }
    assert {feature.family for feature in found} == {"firstorder", "glcm"}


@pytest.mark.parametrize("by", ENGINES)
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda volume, mask: (volume, mask & (np.cumsum(mask).reshape(mask.shape) <= 3)), RoiTooSmallError, "3 voxel"),
        (lambda volume, mask: (volume, mask & False), RoiTooSmallError, "0 voxel"),
        (
            lambda volume, mask: (np.where(np.cumsum(mask).reshape(mask.shape) == 5, np.nan, volume), mask),
            NotFiniteError,
            "not finite",
        ),
        (lambda volume, mask: (volume, mask[:, :-1]), GridMismatchError, "voxels against"),
    ],
)
def test_regions_that_have_no_features_say_why(tmp_path, case, change, error, message, by):
    volume, mask = (sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in case)
    files = write(tmp_path, *change(volume, mask.astype(bool)))
    with pytest.raises(error, match=message):
        engine.features(*files, run_by(by, SETTINGS["original"]))


@pytest.mark.parametrize("by", ENGINES)
@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_a_flat_region_keeps_its_shape_and_says_what_it_lacks(tmp_path, case, definition, by):
    if (by, definition) == ("pyradiomics", "ibsi"):
        pytest.skip("pyradiomics has its own definition alone")
    volume, mask = (sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in case)
    files = write(tmp_path, np.where(mask, 7, volume).astype(np.int16), mask)
    settings = RadiomicsSettings(definition=definition, engine=by, bin_width=25)
    found = {feature.name: feature for feature in engine.features(*files, settings)}
    assert found["original_shape_VoxelVolume"].value == pytest.approx(mask.sum() * np.prod(SPACING))
    assert found["original_firstorder_Mean"].value == 7
    assert found["original_firstorder_Skewness"].note == "all intensities are equal"
    assert found["original_glcm_Correlation"].note == "one grey level"
    assert all(np.isnan(feature.value) for feature in found.values() if feature.note)


def test_bins_that_do_not_fit_the_intensities_are_refused(case):
    with pytest.raises(BinsError, match=r"m\.nii\.gz: an intensity of -\d+ lies below bin_origin 0"):
        engine.features(*case, RadiomicsSettings(bin_width=25, bin_origin=0))
    with pytest.raises(BinsError, match="more than 100,000 levels"):
        engine.features(*case, RadiomicsSettings(bin_width=0.001))


@pytest.mark.parametrize(("shift", "accepted"), [(1e-4, True), (1e-2, False)])
def test_an_origin_off_by_a_rounding_is_accepted_and_more_is_not(tmp_path, case, shift, accepted):
    volume, mask = (sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in case)
    plain = engine.features(*case, SETTINGS["count"])
    files = write(tmp_path, volume, mask, origin=(1.0 + shift, -2.0, 3.0))
    if accepted:
        assert engine.features(*files, SETTINGS["count"]) == plain
    else:
        with pytest.raises(GridMismatchError, match=r"0\.01 mm apart"):
            engine.features(*files, SETTINGS["count"])


def test_label_255_is_a_mask_too(tmp_path, case):
    plain = engine.features(*case, SETTINGS["count"])
    mask = sitk.ReadImage(str(case[1])) * 255
    sitk.WriteImage(mask, str(tmp_path / "m255.nii.gz"))
    assert engine.features(case[0], tmp_path / "m255.nii.gz", SETTINGS["count"]) == plain


def test_one_region_from_the_command_line_function(tmp_path, case):
    extract(volume=case[0], mask=case[1], settings="ct", features=tmp_path / "f.tsv")
    frame = tables.FEATURES.read(tmp_path / "f.tsv")
    assert len(frame) == 1747
    assert frame["patient_id"].unique().tolist() == ["v"]
    with pytest.raises(MissingFileError):
        extract(volume=tmp_path / "no.nii.gz", mask=case[1], settings="ct", features=tmp_path / "f.tsv")
    with pytest.raises(MissingFileError, match="ctt"):
        extract(volume=case[0], mask=case[1], settings="ctt", features=tmp_path / "f.tsv")
    (tmp_path / "s.yaml").write_text("bin_widht: 3\n")
    with pytest.raises(ConfigError, match="bin_widht: unknown key"):
        extract(volume=case[0], mask=case[1], settings=str(tmp_path / "s.yaml"), features=tmp_path / "f.tsv")


def tables_inputs(path):
    return read_provenance(path)["inputs"]


def image_rows(*rows):
    filler = {column.name: 0 for column in tables.IMAGES.columns} | {"roi_touches_border": False}
    text = {column.name: "" for column in tables.IMAGES.columns if column.dtype in ("string", "category")}
    return tables.IMAGES.frame([filler | text | {"roi": "GTV", "role": "ct", "modality": "CT"} | row for row in rows])


def test_a_batch_goes_on_after_a_bad_region_and_gathers(tmp_path, case):
    empty = sitk.ReadImage(str(case[1])) * 0
    sitk.WriteImage(empty, str(tmp_path / "empty.nii.gz"))
    good = {"volume": "v.nrrd", "mask": "m.nii.gz"}
    rows = image_rows(
        {"patient_id": "P1", "image_id": "I1", **good, "mask": "empty.nii.gz"},
        {"patient_id": "P2", "image_id": "I2", **good},
        {"patient_id": "P3", "image_id": "I3", **good, "modality": "XA"},
    )
    tables.IMAGES.write(rows, tmp_path / "images.parquet")
    settings = json.dumps({"CT": SETTINGS["count"].model_dump(mode="json")})
    names = {"features": tmp_path / "f.parquet", "failures": tmp_path / "failures.tsv", "scale": None}
    extract_batch(images=tmp_path / "images.parquet", results=tmp_path, settings=settings, **names)
    failures = tables.FAILURES.read(names["failures"]).set_index("patient_id")
    assert failures["reason"].to_dict() == {"P1": "roi_too_small", "P3": "no_settings"}
    assert tables.FEATURES.read(names["features"])["patient_id"].unique().tolist() == ["P2"]
    first = names["features"].read_bytes()
    extract_batch(images=tmp_path / "images.parquet", results=tmp_path, settings=settings, **names)
    assert names["features"].read_bytes() == first
    tables.FEATURES.write(tables.FEATURES.frame([]), tmp_path / "none.parquet")
    gather(parts=[names["features"], tmp_path / "none.parquet"], finished="{}", features=tmp_path / "all.parquet")
    assert len(tables.FEATURES.read(tmp_path / "all.parquet")) == len(tables.FEATURES.read(names["features"]))


def test_mr_is_put_on_the_standard_scale_of_the_cohort_and_nothing_else_is(tmp_path, case):
    landmarks = [
        {"percentile": 1.0, "landmark": -500.0, "standard": 0.0},
        {"percentile": 99.0, "landmark": 1500.0, "standard": 100.0},
    ]
    keys = {"image_id": "I2", "patient_id": "P2", "role": "t1", "n": 5}
    tables.SCALE.write(tables.SCALE.frame([keys | row for row in landmarks]), tmp_path / "scale.parquet")
    rows = image_rows(
        {"patient_id": "P1", "image_id": "I1", "volume": "v.nrrd", "mask": "m.nii.gz", "modality": "CT"},
        {"patient_id": "P2", "image_id": "I2", "volume": "v.nrrd", "mask": "m.nii.gz", "modality": "MR"},
        {"patient_id": "P3", "image_id": "I3", "volume": "v.nrrd", "mask": "m.nii.gz", "modality": "MR"},
    )
    tables.IMAGES.write(rows, tmp_path / "images.parquet")
    settings = settings_of(bin_count=32, families=("firstorder",)).model_dump(mode="json")
    extract_batch(
        images=tmp_path / "images.parquet",
        results=tmp_path,
        settings=json.dumps({"CT": settings, "MR": settings}),
        scale=tmp_path / "scale.parquet",
        features=tmp_path / "f.parquet",
        failures=tmp_path / "failures.tsv",
    )
    frame = tables.FEATURES.read(tmp_path / "f.parquet").set_index(["patient_id", "feature"])["value"]
    assert "scale.parquet" in tables_inputs(tmp_path / "f.parquet")
    mean = frame["P1", "original_firstorder_Mean"]
    assert frame["P2", "original_firstorder_Mean"] == pytest.approx((mean + 500) / 20, rel=1e-5)
    assert tables.FAILURES.read(tmp_path / "failures.tsv")["reason"].tolist() == ["standard_scale"]
