"""Tables to matrices, rank normalisation, designs."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy import stats

from radiogenomics import tables
from radiogenomics.association import design, reading
from radiogenomics.association.errors import (
    MixedMarkerError,
    NoCommonPatientError,
    NoLargestRegionError,
    NoPatientColumnError,
    NoVolumeFeatureError,
    UnknownClassError,
    VolumeNotPositiveError,
)
from radiogenomics.errors import TableError
from radiogenomics.provenance import Provenance


def test_rank_normal_is_that_of_blom_with_ties_at_their_mean():
    values = np.array([[3.0, 1.0], [1.0, 1.0], [np.nan, 1.0], [2.0, 1.0], [2.0, 1.0]])
    found = design.rank_normal(values)
    expected = stats.norm.ppf((np.array([4, 1, 2.5, 2.5]) - 3 / 8) / (4 + 1 / 4))
    np.testing.assert_allclose(found[[0, 1, 3, 4], 0], expected, rtol=1e-12)
    assert np.isnan(found[2, 0])
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-15)


def test_spearman_is_that_of_scipy_and_missing_for_a_constant():
    rng = np.random.default_rng(0)
    values, reference = rng.normal(size=(30, 3)).round(1), rng.normal(size=30).round(1)
    values[4, 0] = np.nan
    values[:, 2] = 1
    found = design.spearman(values, reference)
    keep = np.arange(30) != 4
    assert found[0] == pytest.approx(stats.spearmanr(values[keep, 0], reference[keep]).statistic, rel=1e-12)
    assert found[1] == pytest.approx(stats.spearmanr(values[:, 1], reference).statistic, rel=1e-12)
    assert np.isnan(found[2])


def test_designs_hold_numbers_and_indicators_with_missing_values_kept():
    covariates = pd.DataFrame({"age": [50.0, np.nan, 70.0, 60.0], "site": ["b", "a", None, "c"]})
    found = design.designs(np.array([1.0, np.e, np.e**2, 1.0]), covariates)
    assert {name: matrix.shape for name, matrix in found.items()} == {"crude": (4, 1), "volume": (4, 2), "full": (4, 5)}
    np.testing.assert_allclose(found["volume"][:, 1], [0, 1, 2, 0])
    assert np.isfinite(found["full"]).all(axis=1).tolist() == [True, False, False, True]
    np.testing.assert_array_equal(found["full"][[0, 1, 3], 3:], [[1, 0], [0, 0], [0, 1]])


def test_a_covariate_with_one_level_still_drops_patients_without_it():
    found = design.designs(np.ones(3), pd.DataFrame({"site": ["a", None, "a"]}))["full"]
    assert np.isfinite(found).all(axis=1).tolist() == [True, False, True]


@pytest.fixture
def features(tmp_path):
    keys = {"image_id": "I", "roi": "G", "image_type": "original", "family": "shape", "note": "", "source": "native"}
    rows = [
        {"patient_id": patient, "role": role, "feature": name, "value": value, **keys, "image_id": f"{patient}{role}"}
        for role, scale in (("ct", 1), ("mr", 10))
        for patient, value0 in (("P1", 1.0), ("P2", 2.0), ("P3", 3.0))
        for name, value in (("original_shape_MeshVolume", value0 * scale), ("original_shape_Sphericity", value0 / 7))
        if not (role == "mr" and patient == "P2")
    ]
    path = tmp_path / "f.parquet"
    tables.FEATURES.write(tables.FEATURES.frame(rows), path)
    return path


def test_features_of_each_role_are_a_matrix_in_the_order_of_the_patients(features):
    ct, mr = reading.read_features(features, ["P3", "P1", "P2", "P9"], "original_shape_MeshVolume")
    assert (ct.analysis, mr.analysis) == ("ct", "mr")
    np.testing.assert_array_equal(ct.volume("original_shape_MeshVolume"), [3, 1, 2, np.nan])
    np.testing.assert_array_equal(mr.volume("original_shape_MeshVolume"), [30, 10, np.nan, np.nan])


def test_of_several_regions_the_largest_counts(features, tmp_path):
    frame = tables.FEATURES.read(features)
    ct = frame[frame["role"] == "ct"].astype({"roi": str})
    smaller = ct[ct["patient_id"] == "P1"].assign(roi="b", value=lambda rows: rows["value"] / 2)
    larger = ct[ct["patient_id"] == "P2"].assign(roi="b", value=lambda rows: rows["value"] * 2)
    path = tmp_path / "several.parquet"
    tables.FEATURES.write(pd.concat([ct, smaller, larger], ignore_index=True), path)
    found = next(reading.read_features(path, ["P1", "P2", "P3"], "original_shape_MeshVolume"))
    np.testing.assert_allclose(found.values, [[1, 1 / 7], [4, 4 / 7], [3, 3 / 7]])


def test_a_volume_that_is_not_there_or_not_positive(features):
    ct = next(reading.read_features(features, ["P1", "P2"], "original_shape_MeshVolume"))
    with pytest.raises(NoVolumeFeatureError, match="original_shape_Sphericity"):
        ct.volume("original_shape_Volume")
    ct.values[1] = 0
    with pytest.raises(VolumeNotPositiveError, match="P2"):
        ct.volume("original_shape_MeshVolume")


def alterations(path, states):
    rows = [
        {
            "patient_id": patient,
            "marker": f"{gene}:{kind}",
            "gene": gene,
            "consequence_class": kind,
            "state": state,
            "n_variants": 0,
        }
        for (patient, gene, kind), state in states.items()
    ]
    tables.ALTERATIONS.write(tables.ALTERATIONS.frame(rows), path)
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".tsv"])
def test_markers_keep_not_assayed_apart_from_wild_type(tmp_path, suffix):
    path = alterations(
        tmp_path / f"a{suffix}",
        {
            ("P1", "A", "lof"): "altered",
            ("P2", "A", "lof"): "not_assayed",
            ("P3", "A", "lof"): "wild_type",
            ("P1", "B", "missense"): "altered",
        },
    )
    markers = reading.read_markers(path, ["P3", "P2", "P1"], ["lof"])
    assert markers.names["marker"].tolist() == ["A:lof"]
    np.testing.assert_array_equal(markers.values[:, 0], [0, np.nan, 1])
    with pytest.raises(UnknownClassError, match="lof"):
        reading.read_markers(path, ["P1"], ["synonymous"])


def test_a_cohort_without_any_alteration_has_no_markers(tmp_path):
    assert reading.read_markers(alterations(tmp_path / "a.parquet", {}), ["P1"], ["lof"]).values.shape == (1, 0)


def test_own_covariates_as_tsv(tmp_path):
    path = tmp_path / "c.tsv"
    path.write_text("patient_id\tage\tsex\n002\t50\tF\n001\t\tM\n")
    frame = reading.read_patients(path)
    assert frame.index.tolist() == ["001", "002"]
    assert list(frame.columns) == ["age", "sex"]
    path.write_text("patient\tage\n1\t2\n")
    with pytest.raises(NoPatientColumnError, match="'patient'"):
        reading.read_patients(path)


def test_a_marker_may_stand_in_several_row_groups(tmp_path):
    path = tmp_path / "a.parquet"
    keys = {"marker": "A:lof", "gene": "A", "consequence_class": "lof", "n_variants": 0}
    with tables.ALTERATIONS.writer(path) as write:
        write(tables.ALTERATIONS.frame([{"patient_id": "P1", **keys, "state": "altered"}]))
        write(tables.ALTERATIONS.frame([{"patient_id": "P2", **keys, "state": "wild_type"}]))
    markers = reading.read_markers(path, ["P1", "P2", "P3"], ["lof"])
    np.testing.assert_array_equal(markers.values, [[1], [0], [np.nan]])


def test_a_frame_is_one_row_group_however_long(tmp_path):
    n = 1_100_000
    same = dict.fromkeys(("patient_id", "image_id", "role", "roi", "image_type", "family"), "x")
    frame = pd.DataFrame({**same, "feature": np.arange(n).astype(str), "value": 0.0, "note": "", "source": "native"})
    with tables.FEATURES.writer(tmp_path / "f.parquet") as write:
        write(frame)
    assert pq.ParquetFile(tmp_path / "f.parquet").num_row_groups == 1


def test_a_class_that_nobody_carries_is_no_error(tmp_path):
    path = tmp_path / "a.parquet"
    row = {"patient_id": "P1", "marker": "A:missense", "gene": "A", "consequence_class": "missense", "state": "altered"}
    frame = tables.ALTERATIONS.frame([{**row, "n_variants": 1}])
    tables.ALTERATIONS.write(frame, path, Provenance("genomics", {"classes": ["lof", "missense"]}))
    assert reading.read_markers(path, ["P1"], ["lof"]).values.shape == (1, 0)
    with pytest.raises(UnknownClassError, match="synonymous"):
        reading.read_markers(path, ["P1"], ["synonymous"])


def test_features_of_other_patients_are_refused(features):
    with pytest.raises(NoCommonPatientError, match="'P1', 'P2', 'P3' against 'X'"):
        list(reading.read_features(features, ["X"], "original_shape_MeshVolume"))


def test_included_must_be_true_or_false(tmp_path):
    (tmp_path / "c.tsv").write_text("patient_id\tincluded\nP1\tno\n")
    with pytest.raises(TableError, match="included"):
        reading.read_patients(tmp_path / "c.tsv")


def test_ranks_and_spearman_with_missing_values_and_ties_are_those_of_scipy():
    rng = np.random.default_rng(2)
    values, reference = rng.normal(size=(40, 30)).round(1), rng.normal(size=40).round(1)
    values[rng.random(values.shape) < 0.1] = np.nan
    reference[[3, 17]] = np.nan
    np.testing.assert_array_equal(design.ranks(values), stats.rankdata(values, axis=0, nan_policy="omit"))
    expected = [stats.spearmanr(column, reference, nan_policy="omit").statistic for column in values.T]
    np.testing.assert_allclose(design.spearman(values, reference), expected, rtol=1e-12)


def with_numbers(path, rows):
    """An alterations table of (patient, marker, state, number)."""
    same = {"gene": "G", "consequence_class": "own"}
    frame = tables.ALTERATIONS.frame(
        {"patient_id": patient, "marker": marker, "state": state, "value": value, **same}
        for patient, marker, state, value in rows
    )
    tables.ALTERATIONS.write(frame, path)
    return path


def test_a_missing_state_is_no_state(tmp_path):
    rows = [("P1", "A", "altered", None), ("P2", "A", "wild_type", None), ("P3", "A", None, None)]
    markers = reading.read_markers(with_numbers(tmp_path / "a.parquet", rows), ["P1", "P2", "P3"], ["own"])
    np.testing.assert_array_equal(markers.values[:, 0], [1, 0, np.nan])
    assert markers.numbers is None


@pytest.mark.parametrize("suffix", [".parquet", ".tsv"])
def test_numbers_are_standardised_over_the_given_patients(tmp_path, suffix):
    rows = [
        (f"P{k}", "A", "altered" if k % 2 else "wild_type", 2.0 * k) for k in range(5)
    ]  # copy number beside a state
    rows += [(f"P{k}", "N", None, float(k * k)) for k in range(4)] + [("P4", "N", None, None)]
    rows += [(f"P{k}", "C", None, 7.0) for k in range(5)]
    markers = reading.read_markers(with_numbers(tmp_path / f"a{suffix}", rows), ["P0", "P1", "P2", "P4"], ["own"])
    found = dict(zip(markers.names["marker"], markers.values.T, strict=True))
    assert dict(zip(markers.names["marker"], markers.numbers, strict=True)) == {"A": False, "N": True, "C": True}
    np.testing.assert_array_equal(found["A"], [0, 1, 0, 0])
    np.testing.assert_allclose(found["N"], [*stats.zscore([0.0, 1.0, 4.0], ddof=1), np.nan])
    np.testing.assert_array_equal(found["C"], np.zeros(4))


def test_a_marker_is_not_a_number_in_some_patients_only(tmp_path):
    path = with_numbers(tmp_path / "a.parquet", [("P1", "A", "altered", None), ("P2", "A", None, 2.0)])
    with pytest.raises(MixedMarkerError, match="'A' has states in some rows"):
        reading.read_markers(path, ["P1", "P2"], ["own"])


def test_designs_without_volume():
    covariates = pd.DataFrame({"age": [1.0, 2.0, 3.0]})
    found = design.designs(None, covariates)
    np.testing.assert_array_equal(found["full"], [[1, -1], [1, 0], [1, 1]])
    assert set(found) == {"crude", "full"}
    assert set(design.designs(None, covariates[[]])) == {"crude"}


def test_without_volume_nothing_says_which_region_is_the_largest(features):
    frame = tables.FEATURES.read(features)
    second = frame[(frame["patient_id"] == "P1") & (frame["role"] == "ct")].assign(roi="H")
    assert len(list(reading.read_features(features, ["P1", "P2", "P3"], None))) == 2
    tables.FEATURES.write(pd.concat([frame, second]), features)
    with pytest.raises(NoLargestRegionError, match=r"'ct': 1 patient\(s\) have several regions"):
        list(reading.read_features(features, ["P1", "P2", "P3"], None))
