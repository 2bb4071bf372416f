"""Under `definition: pyradiomics` every value is that of pyradiomics."""

import warnings

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from radiomics import glcm, gldm, glrlm, glszm, ngtdm

from radiogenomics.radiomics.families.texture import textures
from tests.unit.radiomics.matrices.labels import EDGE_CASES, PHANTOM, label_arrays

CLASSES = {
    "glcm": glcm.RadiomicsGLCM,
    "glrlm": glrlm.RadiomicsGLRLM,
    "glszm": glszm.RadiomicsGLSZM,
    "gldm": gldm.RadiomicsGLDM,
    "ngtdm": ngtdm.RadiomicsNGTDM,
}
# What pyradiomics gives in place of an undefined value: constants, or NaN.
IN_PLACE = {0, 1, 1e6}
FORCE_2D = pytest.mark.parametrize("force2D", [False, True], ids=["3D", "force2D"])


def of_pyradiomics(levels, family, force2D):
    """Values of a feature class; with binWidth 1, whole numbers from 1 are their own bins."""
    image, mask = (sitk.GetImageFromArray(np.pad(array, 1)) for array in (levels, (levels > 0).astype(np.uint8)))
    features = CLASSES[family](image, mask, binWidth=1, force2D=force2D)
    features.enableAllFeatures()
    with warnings.catch_warnings(action="ignore"), np.errstate(all="ignore"):
        values = {name: float(np.real(np.squeeze(value))) for name, value in features.execute().items()}
        if family == "glcm":
            values |= without_rounding(features.P_glcm[0])
    return values


def without_rounding(p):
    """Values that pyradiomics takes as roots of small differences, of which it leaves out the negative ones.

    Those are zero but for rounding, and are zero here.
    """
    if p.shape[0] < 2 or not p.size:
        return {}
    px, py = p.sum(1, keepdims=True), p.sum(0, keepdims=True)
    information = (p * np.log2(np.where(p > 0, p / (px * py), 1))).sum((0, 1))
    q = np.einsum("ikd,jkd->dij", p / np.where(px > 0, px, 1), p / np.where(py > 0, py, 1))
    second = np.sort(np.linalg.eigvals(q).real)[:, -2]
    return {
        "Imc2": np.sqrt(1 - np.exp(-2 * np.maximum(information, 0))).mean(),
        "MCC": np.sqrt(np.maximum(second, 0)).mean(),
    }


def differences(levels, force2D):
    """Values that are not those of pyradiomics."""
    found = textures(
        levels,
        int(levels.max()),
        levels > 0,
        definition="pyradiomics",
        aggregation="2.5d_direction_merged" if force2D else "3d_averaged",
        families=tuple(CLASSES),
    )
    for family, values in found.items():
        expected = of_pyradiomics(levels, family, force2D)
        assert set(values) == set(expected)
        for name, value in values.items():
            if isinstance(value, str):
                if not (np.isnan(expected[name]) or expected[name] in IN_PLACE):
                    yield family, name, value, expected[name]
            elif value != pytest.approx(expected[name], rel=1e-6, abs=1e-7 if name in ("Imc2", "MCC") else 1e-12):
                yield family, name, value, expected[name]


@FORCE_2D
@given(levels=label_arrays())
def test_values_are_those_of_pyradiomics(levels, force2D):
    assert list(differences(levels, force2D)) == []


@FORCE_2D
@pytest.mark.parametrize("case", [case for case in EDGE_CASES if case != "no voxels"])
def test_edge_cases_are_those_of_pyradiomics(case, force2D):
    levels = EDGE_CASES[case]
    lowest = levels[levels > 0].min()
    assert list(differences(np.where(levels > 0, levels - lowest + 1, 0).astype(np.int32), force2D)) == []


@FORCE_2D
def test_phantom_is_that_of_pyradiomics(force2D):
    assert list(differences(PHANTOM, force2D)) == []


@FORCE_2D
def test_a_lesion_of_many_voxels_is_that_of_pyradiomics(force2D):
    z, y, x = np.indices((14, 20, 20)) - 9.5
    smooth = np.sin(z / 2) + np.cos(y / 3) * x / 8 + np.random.default_rng(1).normal(0, 0.2, z.shape)
    inside = (z / 7) ** 2 + (y / 10) ** 2 + (x / 9) ** 2 <= 1
    levels = np.where(inside, np.floor((smooth - smooth[inside].min()) * 10) + 1, 0).astype(np.int32)
    assert list(differences(levels, force2D)) == []
