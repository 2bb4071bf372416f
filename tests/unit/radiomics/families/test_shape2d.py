"""Shape of a region in one slice, against pyradiomics' class for two-dimensional images and its baseline."""

import csv

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.engine import features_of
from radiogenomics.radiomics.families.shape2d import NAMES, shape2d
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.nomenclature import names
from radiogenomics.radiomics.region import Region
from tests.shared_data import shared_data


def region_of(mask, row_mm=1.0, column_mm=1.0):
    volume = np.zeros((3, *mask.shape), bool)
    volume[1] = mask
    return Region(volume.astype(float), volume, volume, (5.0, row_mm, column_mm))


def by_pyradiomics(mask, row_mm, column_mm):
    from radiomics.shape2D import RadiomicsShape2D

    image, region = sitk.GetImageFromArray(mask.astype(float)), sitk.GetImageFromArray(mask.astype(np.uint8))
    for each in (image, region):
        each.SetSpacing((column_mm, row_mm))
    computed = RadiomicsShape2D(image, region)
    computed.enableAllFeatures()
    return {name: float(value) for name, value in computed.execute().items()}


masks = arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(lambda mask: mask.sum() > 1)
millimetres = st.floats(0.3, 4)


@given(masks, millimetres, millimetres)
def test_equal_to_pyradiomics(mask, row_mm, column_mm):
    expected = by_pyradiomics(mask, row_mm, column_mm)
    found = shape2d(region_of(mask, row_mm, column_mm))
    for name in NAMES:
        if isinstance(found[name], str):
            assert not np.isfinite(expected[name])
        else:
            assert found[name] == pytest.approx(expected[name], rel=1e-6, abs=1e-6)  # roots of rounding


@pytest.mark.parametrize("name", ["brain1", "breast1", "lung1"])
def test_equal_to_the_baseline_on_the_largest_slice(name):
    folder = shared_data("pyradiomics")
    with (folder / "baseline" / "baseline_shape2D.csv").open() as file:
        rows = list(csv.reader(file))
    column = rows[0].index(f"{name}_shape2D")
    expected = {row[0].rpartition("_")[2]: float(row[column]) for row in rows if row[0].startswith("original")}
    region = sitk.ReadImage(str(folder / f"{name}_label.nrrd"))
    mask = sitk.GetArrayFromImage(region) == 1
    x, y, _ = region.GetSpacing()
    found = shape2d(region_of(mask[mask.sum(axis=(1, 2)).argmax()], y, x))
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, rel=1e-6)


def test_it_is_computed_where_it_is_asked_for_and_has_a_reason_in_a_volume(tmp_path):
    settings = RadiomicsSettings(definition="pyradiomics", bin_width=25, families=("shape2D",), min_voxels=1)
    image = Image(np.zeros((4, 6, 6)), (1.0, 1.0, 1.0), np.eye(4))
    mask = np.zeros((4, 6, 6), bool)
    mask[1, 1:5, 2:4] = True
    found = features_of(image, mask, settings, tmp_path, tmp_path)
    assert (
        [feature.name.rpartition("_")[2] for feature in found] == list(NAMES) == list(names("shape2D", "pyradiomics"))
    )
    assert found[1].value == 8
    mask[2, 2, 2] = True
    found = features_of(image, mask, settings, tmp_path, tmp_path)
    assert {feature.note for feature in found} == {"the region has more than one slice"}
    assert "shape2D" not in RadiomicsSettings(definition="pyradiomics", bin_width=25).chosen_families
