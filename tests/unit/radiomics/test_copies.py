"""Copies of images: what is kept stays to the last bit, what is lost is lost, and no batch or order decides."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.config.extraction import ImageTypes, Normalise, RadiomicsSettings
from radiogenomics.config.perturbations import Perturbations
from radiogenomics.radiomics import copies
from radiogenomics.radiomics.engine import features_of
from radiogenomics.radiomics.images import read_image, read_mask
from tests.unit.radiomics import copied

NAMES = ("P1", "P2", "P3", "P4")
WANTED = {"perturbations": {"copies": 2, "seed": 5}, "shuffled_voxels": 2, "random_regions": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("images")
    for number, name in enumerate(NAMES):
        copied.write_patient(path, name, 0.8 + 0.1 * number, number)
    return path


@pytest.fixture(scope="module")
def made(folder):
    return copied.extracted(folder, NAMES, "b000", WANTED)


def values(path):
    return tables.COPIES.read(path).astype({name: str for name in ("patient_id", "image_id", "kind", "feature")})


@pytest.fixture(scope="module")
def of_first(made):
    """Features of P1: unchanged, and by kind and copy."""
    plain = tables.FEATURES.read(made["features.parquet"])
    plain = plain[plain["patient_id"] == "P1"].astype({"feature": str}).set_index("feature")["value"]
    rows = values(made["copies.parquet"])
    rows = rows[rows["patient_id"] == "P1"]
    return plain, {key: part.set_index("feature")["value"] for key, part in rows.groupby(["kind", "copy"])}


def family(series, name):
    return series[[f"_{name}_" in feature for feature in series.index]]


def geometry(series):
    """Features of the family shape that see no intensity."""
    seen = ("IntegratedIntensity", "MoranI", "GearyC", "CentreOfMassShift")
    return family(series, "shape").drop([f"original_shape_{name}" for name in seen])


def test_neither_batches_nor_a_second_run_change_a_bit(folder, made, tmp_path):
    first = made["copies.parquet"].read_bytes()
    assert copied.extracted(folder, NAMES, "b000", WANTED)["copies.parquet"].read_bytes() == first
    parts = [
        copied.extracted(folder, names, batch, WANTED)["copies.parquet"]
        for batch, names in (("b001", NAMES[2:]), ("b002", NAMES[:2]))
    ]
    together = pd.concat([values(part) for part in parts[::-1]], ignore_index=True)
    whole = values(made["copies.parquet"])
    pd.testing.assert_frame_equal(together, whole, check_exact=True, check_categorical=False)


def test_another_seed_makes_other_copies_and_more_copies_leave_the_first_as_they_are(folder, made):
    other = {"perturbations": {"copies": 3, "seed": 6}}
    more = {"perturbations": {"copies": 3, "seed": 5}}
    first = values(made["copies.parquet"]).query("patient_id == 'P1' and kind == 'perturbed'")["value"].to_numpy()
    found = {
        name: values(copied.extracted(folder, NAMES[:1], f"seed{name}", wanted)["copies.parquet"])["value"].to_numpy()
        for name, wanted in (("other", other), ("more", more))
    }
    np.testing.assert_array_equal(found["more"][: len(first)], first)
    assert (found["other"][: len(first)] != first).mean() > 0.9


def test_shuffled_voxels_keep_shape_and_histogram_and_lose_the_texture(of_first):
    plain, copies_of = of_first
    for number in (1, 2):
        shuffled = copies_of["shuffled voxels", number]
        pd.testing.assert_series_equal(geometry(shuffled), geometry(plain), check_exact=True)
        kept = family(plain, "firstorder")
        # Sums over whole numbers are exact; those of their deviations from the mean round in another order.
        exact = kept[[name.endswith(("Mean", "Median", "Percentile", "Minimum", "Maximum")) for name in kept.index]]
        assert len(exact) == 6
        pd.testing.assert_series_equal(shuffled[exact.index], exact, check_exact=True)
        np.testing.assert_allclose(shuffled[kept.index], kept, rtol=1e-11)
        assert (shuffled[family(plain, "glcm").index] != family(plain, "glcm")).mean() > 0.9


def test_a_random_region_has_the_shape_and_other_tissue(of_first):
    plain, copies_of = of_first
    for number in (1, 2):
        elsewhere = copies_of["random regions", number]
        pd.testing.assert_series_equal(geometry(elsewhere), geometry(plain), check_exact=True)
        assert abs(elsewhere["original_firstorder_Mean"] - plain["original_firstorder_Mean"]) > 20
    means = {copies_of["random regions", number]["original_firstorder_Mean"] for number in (1, 2)}
    assert len(means) == 2


def test_perturbed_copies_differ_in_everything_and_not_by_much(of_first):
    plain, copies_of = of_first
    for number in (1, 2):
        volume = copies_of["perturbed", number]["original_shape_MeshVolume"] / plain["original_shape_MeshVolume"]
        assert volume != 1
        assert 0.5 < volume < 1.6
    assert (copies_of["perturbed", 1] != copies_of["perturbed", 2]).mean() > 0.9


UNCHANGED = Perturbations(noise=False, rotation_degrees=0, translation_voxels=0, volume_change=0, contour=False)


@pytest.mark.parametrize(
    "options",
    [
        {"normalise": Normalise(), "bin_count": 16},
        {"resampled_spacing_mm": (1.5, 1.5, 1.5), "bin_width": 10},
        {"image_types": ImageTypes(log_sigma_mm=(1.0,), wavelet=True), "bin_width": 10},
    ],
    ids=["scaled", "resampled", "filtered"],
)
def test_a_copy_without_a_change_has_the_features_of_the_image(folder, options):
    volume, mask = folder / "P1.nii.gz", folder / "P1.mask.nii.gz"
    image, settings = read_image(volume), RadiomicsSettings(families=("shape", "firstorder", "glcm"), **options)
    region = read_mask(mask, image, volume)
    same = copies.maker(copies.PERTURBED, image, region, UNCHANGED)(copies.stream(1, ("P1",), copies.PERTURBED, 1))
    found, expected = (features_of(*each, settings, volume, mask) for each in (same, (image, region)))
    found, expected = ([feature.value for feature in each] for each in (found, expected))
    # Copies are single precision, and scaling rounds them so.
    np.testing.assert_allclose(found, expected, rtol=1e-5 if "normalise" in options else 0)
    assert len(found) > 40


def test_noise_alone_leaves_the_region(folder):
    image = read_image(folder / "P1.nii.gz")
    region = read_mask(folder / "P1.mask.nii.gz", image, Path("v"))
    make = copies.maker(copies.PERTURBED, image, region, UNCHANGED.model_copy(update={"noise": True}))
    changed, moved = make(copies.stream(1, ("P1",), copies.PERTURBED, 1))
    np.testing.assert_array_equal(moved, region)
    added = (changed.array - image.array)[region]
    assert added.std() == pytest.approx(30, rel=0.15)  # the noise that the image was made with


def test_drawn_strengths_fill_their_range_and_no_more():
    options = Perturbations(rotation_degrees=10, translation_voxels=0.5, volume_change=0.2)
    drawn = [copies.draw(options, copies.stream(1, ("P", "I"), "perturbed", number)) for number in range(400)]
    turns, growths = np.array([(one.rotation_degrees, one.growth) for one in drawn]).T
    shifts = np.array([one.translation_voxels for one in drawn])
    for found, largest in ((turns, 10), (growths, 0.2), (shifts, 0.5)):
        assert np.abs(found).max() <= largest
        assert found.min() < -0.95 * largest
        assert found.max() > 0.95 * largest


def test_a_region_without_room_fails_alone_and_says_so_once(tmp_path):
    copied.write_patient(tmp_path, "P1", room=False)
    copied.write_patient(tmp_path, "P2")
    found = copied.extracted(tmp_path, ("P1", "P2"), "b000", {"random_regions": 3, "shuffled_voxels": 2})
    failures = tables.FAILURES.read(found["copies.f.tsv"])
    assert failures[["patient_id", "reason"]].to_numpy().tolist() == [["P1", "copies"]]
    assert "3 of 3 copies (random regions) have no features, the first is number 1" in failures["message"].iloc[0]
    rows = values(found["copies.parquet"]).groupby(["patient_id", "kind"])["copy"].nunique()
    assert rows.to_dict() == {("P1", "shuffled voxels"): 2, ("P2", "shuffled voxels"): 2, ("P2", "random regions"): 3}


def test_a_region_without_features_is_not_copied(tmp_path):
    copied.write_patient(tmp_path, "P1", size=0.1)
    found = copied.extracted(tmp_path, ("P1",), "b000", WANTED)
    assert tables.FAILURES.read(found["f.tsv"])["reason"].tolist() == ["roi_too_small"]
    assert tables.FAILURES.read(found["copies.f.tsv"]).empty
    assert values(found["copies.parquet"]).empty
