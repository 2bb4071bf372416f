"""The standard scale of MR intensities: fitted on a cohort, applied to an image, from sidecars to the table."""

import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from radiogenomics import tables
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging.batch import convert_batch
from radiogenomics.imaging.errors import SidecarError
from radiogenomics.imaging.gather import scale as fit
from radiogenomics.imaging.intensity import foreground
from radiogenomics.imaging.quantity_errors import EqualLandmarksError, FewImagesError, StandardScaleError
from radiogenomics.imaging.standard_scale import (
    LANDMARK_PERCENTILES,
    CohortScale,
    fit_scale,
    landmarks,
    standardise,
)
from radiogenomics.imaging.volume import read_nifti, sidecar_path
from tests.unit.imaging.synthetic import grid, write_rtstruct, write_series
from tests.unit.imaging.test_intensity import head

SHAPE = (6, 24, 28)


def test_landmarks_are_percentiles_of_the_foreground():
    values, _ = head()
    assert LANDMARK_PERCENTILES == (1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99)
    assert np.array_equal(
        landmarks(values), np.percentile(values[foreground(values)].astype(float), LANDMARK_PERCENTILES)
    )


def test_an_image_of_few_grey_levels_has_no_landmarks():
    values = np.zeros((4, 10, 10))
    values[1:] = 100
    values[1, :5] = 90
    with pytest.raises(EqualLandmarksError, match="landmarks 1 and 2 of the image are equal") as caught:
        landmarks(values)
    assert caught.value.landmark == 0


rows = st.lists(
    st.lists(st.floats(0.5, 100), min_size=11, max_size=11).map(lambda steps: np.cumsum(steps) - 300),
    min_size=1,
    max_size=6,
)


@given(rows, st.randoms(use_true_random=False))
def test_scale_is_the_mean_of_mapped_landmarks_in_any_order(images, random):
    found = np.array(images)
    scale = fit_scale(found)
    mapped = np.array([np.interp(row, [row[0], row[-1]], [0, 100]) for row in found])
    assert np.allclose(scale, mapped.mean(axis=0), atol=1e-9)
    assert (scale[0], scale[-1]) == (0, 100)
    random.shuffle(images)
    assert fit_scale(np.array(images)).tobytes() == scale.tobytes()


@given(rows)
def test_landmarks_of_an_image_fall_on_those_of_the_scale(images):
    found = np.array(images)
    scale = fit_scale(found)
    for row in found:
        assert np.array_equal(standardise(row, row, scale), scale.astype(np.float32))


@given(rows, st.integers(0, 2**32 - 1))
def test_mapping_equals_numpy_interp_and_goes_on_beyond_the_ends(images, seed):
    found = np.array(images)
    scale, own = fit_scale(found), found[0]
    points = np.random.default_rng(seed).uniform(own[0] - 100, own[-1] + 100, (2, 5, 7))
    ends = [scale[0] - 1000 * (scale[1] - scale[0]), scale[-1] + 1000 * (scale[-1] - scale[-2])]
    far = [own[0] - 1000 * (own[1] - own[0]), own[-1] + 1000 * (own[-1] - own[-2])]
    expected = np.interp(points, [far[0], *own, far[1]], [ends[0], *scale, ends[1]])
    mapped = standardise(points, own, scale)
    assert (mapped.dtype, mapped.shape) == (np.float32, points.shape)
    assert np.allclose(mapped, expected, rtol=1e-5, atol=1e-3)


def test_standard_scale_brings_scanners_together():
    images = [
        gain * head(seed)[0].astype(float) ** power for seed, gain, power in ((1, 1, 1), (2, 7, 0.8), (3, 0.3, 1.2))
    ]
    own = [landmarks(image) for image in images]
    scale = fit_scale(np.array(own))
    medians = [
        np.median(standardise(image, row, scale)[foreground(image)]) for image, row in zip(images, own, strict=True)
    ]
    assert np.ptp(medians) < 1e-3


def stored(number, gain):
    """Ramp of tissue in air, with the gain of another scanner."""
    values = np.random.default_rng(number).integers(0, 20, SHAPE).astype(float)
    values[:, 4:20, 4:20] = 200 + np.linspace(0, 500, 6 * 16 * 16).reshape(6, 16, 16)
    return (gain * values).astype(np.int16)


def cohort(folder, roles=("t1",) * 5, normalisation="nyul"):
    """One batch an image; paths of the tables, below ``folder``/results."""
    place, tables_of = grid(SHAPE), []
    corners = [place.to_lps([(2, *corner) for corner in ((7.5, 7.5), (7.5, 12.5), (12.5, 12.5), (12.5, 7.5))])]
    write_rtstruct(folder / "rs.dcm", {"GTV": corners})
    for number, role in enumerate(roles):
        modality = "CT" if role == "ct" else "MR"
        write_series(folder / f"s{number}", stored(number, 1 + number), modality=modality, name=f"s{number}")
        row = {"image_id": f"i{number}", "patient_id": f"p{number}", "role": role, "roi": "GTV", "select": ""}
        row |= {"series": str(folder / f"s{number}"), "segmentation": str(folder / "rs.dcm")}
        results = folder / "results" / "imaging"
        tables_of.append(results / f"b{number:03d}.images.parquet")
        convert_batch(
            images=json.dumps([row]),
            fetched=None,
            settings=json.dumps({"mr": {"normalisation": normalisation}}),
            directory=results / f"b{number:03d}",
            table=tables_of[-1],
            failures=results / f"b{number:03d}.failures.tsv",
        )
        assert tables.FAILURES.read(results / f"b{number:03d}.failures.tsv").empty
    return tables_of


def values_of(path):
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(read_nifti(path))


def test_images_of_a_role_share_a_scale_and_keep_their_volumes(tmp_path):
    parts = cohort(tmp_path, ("t1",) * 5 + ("ct",))
    fit(parts=parts, results=tmp_path / "results", scale=tmp_path / "scale.parquet")
    table = tables.SCALE.read(tmp_path / "scale.parquet")
    assert table.groupby("image_id").size().to_dict() == dict.fromkeys([f"i{n}" for n in range(5)], 11)
    assert table["n"].unique().tolist() == [5]
    scale = CohortScale.read(tmp_path / "scale.parquet")
    medians = []
    for number in range(5):
        volume = values_of(tmp_path / "results" / "imaging" / f"b{number:03d}" / f"i{number}.nii.gz")
        assert np.array_equal(volume, stored(number, 1 + number))
        standard = scale.apply(f"i{number}", volume)
        medians.append(np.median(standard[:, 4:20, 4:20]))
    assert np.ptp(medians) < 0.5
    with pytest.raises(StandardScaleError, match="fitted without image other"):
        scale.apply("other", np.zeros(3))


def test_the_order_of_batches_does_not_change_the_scale(tmp_path):
    parts = cohort(tmp_path)
    for name, order in (("a", parts), ("b", parts[::-1])):
        fit(parts=order, results=tmp_path / "results", scale=tmp_path / f"{name}.parquet")
    frames = [tables.SCALE.read(tmp_path / f"{name}.parquet") for name in "ab"]
    assert frames[0].equals(frames[1])


def test_a_role_with_few_images_is_refused(tmp_path):
    parts = cohort(tmp_path, ("t1", "t2", "t2", "ct"))
    with pytest.raises(FewImagesError, match="'t1' has 1, 't2' has 2") as caught:
        fit(parts=parts, results=tmp_path / "results", scale=tmp_path / "scale.parquet")
    assert (caught.value.images, caught.value.minimum) == ({"t1": 1, "t2": 2}, 5)
    assert not (tmp_path / "scale.parquet").exists()


def test_a_cohort_without_mr_has_an_empty_scale(tmp_path):
    fit(parts=cohort(tmp_path, ("ct",)), results=tmp_path / "results", scale=tmp_path / "scale.parquet")
    assert CohortScale.read(tmp_path / "scale.parquet").by_image == {}


@pytest.mark.parametrize("damage", ["no landmarks", "cut off", "falling", "missing"])
def test_a_volume_without_landmarks_is_refused(tmp_path, damage):
    parts = cohort(tmp_path, normalisation="none" if damage == "no landmarks" else "nyul")
    sidecar = sidecar_path(tmp_path / "results" / "imaging" / "b003" / "i3.nii.gz")
    if damage == "cut off":
        sidecar.write_text(sidecar.read_text()[:50])
    elif damage == "falling":
        record = json.loads(sidecar.read_text())
        sidecar.write_text(json.dumps(record | {"landmarks": record["landmarks"][::-1]}))
    elif damage == "missing":
        sidecar.unlink()
    with pytest.raises(MissingFileError if damage == "missing" else SidecarError):
        fit(parts=parts, results=tmp_path / "results", scale=tmp_path / "scale.parquet")


def test_a_damaged_table_is_refused(tmp_path):
    frame = tables.SCALE.frame(
        {"image_id": "i", "patient_id": "p", "role": "t1", "percentile": n, "landmark": 5, "standard": n, "n": 5}
        for n in range(3)
    )
    tables.SCALE.write(frame, tmp_path / "scale.parquet")
    with pytest.raises(StandardScaleError, match="landmarks of image i do not rise"):
        CohortScale.read(tmp_path / "scale.parquet")
