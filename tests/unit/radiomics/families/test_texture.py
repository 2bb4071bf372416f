"""Texture features: every name has a value or a reason, and what must not change them does not."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given

from radiogenomics.radiomics.families import glcm
from radiogenomics.radiomics.families.texture import textures
from radiogenomics.radiomics.matrices import cells, neighbourhood
from radiogenomics.radiomics.nomenclature import names
from radiogenomics.radiomics.region import Aggregation
from tests.unit.radiomics.matrices.labels import EDGE_CASES, PHANTOM, label_arrays, levels_of

FAMILIES = {
    "ibsi": ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm"),
    "pyradiomics": ("glcm", "glrlm", "glszm", "gldm", "ngtdm"),
}
AGGREGATIONS = get_args(Aggregation)
DEFINITIONS = pytest.mark.parametrize("definition", FAMILIES)
ALL_AGGREGATIONS = pytest.mark.parametrize("aggregation", AGGREGATIONS)


def values_of(levels, aggregation="3d_merged", definition="ibsi", n_levels=12):
    levels = np.ascontiguousarray(levels)
    found = textures(
        levels,
        n_levels,
        levels > 0,
        definition=definition,
        aggregation=aggregation,
        families=FAMILIES[definition],
    )
    return {(family, name): value for family, values in found.items() for name, value in values.items()}


def numbers(values):
    return {name: value for name, value in values.items() if not isinstance(value, str)}


def assert_equal(found, expected):
    assert {name for name in found if name not in numbers(found)} == {
        name for name in expected if name not in numbers(expected)
    }
    assert numbers(found) == pytest.approx(numbers(expected), rel=1e-9, abs=1e-7)


@DEFINITIONS
@ALL_AGGREGATIONS
@pytest.mark.parametrize("case", EDGE_CASES)
def test_every_name_has_a_finite_value_or_a_reason(case, aggregation, definition):
    values = values_of(EDGE_CASES[case], aggregation, definition)
    assert set(values) == {(f, name) for f in FAMILIES[definition] for name in names(f, definition)}
    assert all(isinstance(value, str | float) for value in values.values())
    assert np.isfinite(list(numbers(values).values())).all()


@pytest.mark.parametrize(
    ("case", "family", "name", "expected"),
    [
        ("no voxels", "glszm", "ZonePercentage", "no voxels"),
        ("one voxel", "glcm", "JointEnergy", "no neighbours"),
        ("one voxel", "ngtdm", "Coarseness", "no neighbours"),
        ("one voxel", "glrlm", "RunPercentage", 1),
        ("one voxel", "gldzm", "LargeDistanceEmphasis", 1),
        ("one level", "glcm", "Correlation", "one grey level"),
        ("one level", "glcm", "Imc1", "one grey level"),
        ("one level", "glcm", "JointEnergy", 1),
        ("one level", "glcm", "JointEntropy", 0),
        ("one level", "ngtdm", "Coarseness", "no grey level differences"),
        ("one level", "ngtdm", "Contrast", "one grey level"),
        ("one level", "ngtdm", "Complexity", 0),
        ("equal level times voxels", "ngtdm", "Busyness", "level times voxels is the same for all grey levels"),
        ("two voxels apart", "glcm", "JointEnergy", "no neighbours"),
        ("two voxels of two levels", "glcm", "Correlation", -1),
    ],
)
def test_what_is_undefined_says_why(case, family, name, expected):
    assert values_of(EDGE_CASES[case])[family, name] == expected


def test_pyradiomics_leaves_out_runs_where_no_line_holds_two_voxels():
    assert values_of(EDGE_CASES["one voxel"], "3d_averaged", "pyradiomics")["glrlm", "RunPercentage"] == (
        "no line of two voxels"
    )


def test_a_slice_of_one_level_does_not_count_where_it_defines_nothing():
    flat = levels_of([["111", "111"]])
    varied = levels_of([["121", "312"]])
    both = values_of(np.concatenate([flat, varied]), "2d_averaged")
    alone, of_flat = values_of(varied, "2d_averaged"), values_of(flat, "2d_averaged")
    assert both["glcm", "Correlation"] == pytest.approx(alone["glcm", "Correlation"])
    assert both["glcm", "JointEntropy"] == pytest.approx(
        (alone["glcm", "JointEntropy"] + of_flat["glcm", "JointEntropy"]) / 2
    )


@given(levels=label_arrays())
def test_mirrors_and_quarter_turns_leave_merged_values(levels):
    expected = values_of(levels)
    for turned in (levels[::-1], levels[:, :, ::-1], np.rot90(levels, axes=(0, 1)), np.rot90(levels, axes=(1, 2))):
        assert_equal(values_of(turned), expected)


@DEFINITIONS
@ALL_AGGREGATIONS
@given(levels=label_arrays(max_side=4))
def test_a_margin_of_zeros_changes_nothing(levels, aggregation, definition):
    padded = np.pad(levels, [(1, 2), (2, 1), (0, 3)])
    assert values_of(padded, aggregation, definition) == values_of(levels, aggregation, definition)


@DEFINITIONS
@ALL_AGGREGATIONS
def test_many_levels_take_other_routes_to_the_same_values(aggregation, definition, monkeypatch):
    levels = np.random.default_rng(5).integers(0, 40, (4, 7, 6)).astype(np.int32)
    expected = values_of(levels, aggregation, definition, n_levels=40)
    monkeypatch.setattr(neighbourhood, "MAXIMUM_CELLS", 0)
    monkeypatch.setattr(glcm, "MAXIMUM_DENSE_LEVELS", 0)
    monkeypatch.setattr(cells, "ENTRIES_PER_CODE", 0)
    monkeypatch.setattr(cells, "FREE_ENTRIES", 0)
    monkeypatch.setattr(cells, "BATCH", 100)
    assert_equal(values_of(levels, aggregation, definition, n_levels=40), expected)


def test_wide_gaps_between_levels_cost_no_memory():
    levels = PHANTOM * 100_000
    assert values_of(levels, n_levels=600_000)["glcm", "JointEntropy"] == values_of(PHANTOM)["glcm", "JointEntropy"]


def test_the_number_of_levels_is_given_to_ibsi_and_found_by_pyradiomics():
    for definition, changes in (("ibsi", True), ("pyradiomics", False)):
        few, many = (values_of(PHANTOM, definition=definition, n_levels=n) for n in (6, 60))
        assert {name for name in few if few[name] != many[name]} == (
            {("glcm", "Idn"), ("glcm", "Idmn")} if changes else set()
        )


def test_levels_above_the_number_of_levels_are_refused():
    with pytest.raises(ValueError, match="grey level 6 is above the number of levels, 5"):
        values_of(PHANTOM, n_levels=5)


def test_levels_outside_the_morphological_mask_are_refused():
    mask = PHANTOM > 0
    mask[0, 0, 0] = False
    with pytest.raises(ValueError, match="outside the morphological mask"):
        textures(PHANTOM, 6, mask, definition="ibsi", aggregation="3d_merged", families=["gldzm"])


def test_distances_are_those_of_the_morphological_mask():
    levels = np.pad(np.ones((1, 1, 1), np.int32), 2)
    mask = np.ones_like(levels, dtype=bool)
    found = textures(levels, 1, mask, definition="ibsi", aggregation="3d_merged", families=["gldzm"])
    assert found["gldzm"]["LargeDistanceEmphasis"] == 9
