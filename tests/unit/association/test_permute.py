"""Permutation of a study: the planted gene is found, nothing else is, and threads and gaps do not matter."""

import json

import numpy as np
import pytest

from radiogenomics import tables
from radiogenomics.association.errors import NoGroupError
from radiogenomics.association.permute import exchangeable, family_of, permute
from radiogenomics.association.statistics_errors import TooFewOrdersError
from tests.unit.association import simulated


def run(study, path, threads=1, **settings):
    text = json.dumps({"permutations": 199, **settings})
    permute(**study.tested, settings=text, threads=threads, permutation=path)
    return tables.PERMUTATION.read(path)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return simulated.planted(tmp_path_factory.mktemp("study"), n=120, n_genes=8)


def test_the_planted_gene_has_the_smallest_family_wise_p_and_no_other_is_below_the_level(study, tmp_path):
    rows = run(study, tmp_path / "p.parquet", exchange_within="site")
    found = rows[rows["p_step_down"] < 0.05]
    assert set(found["gene"]) == {"TEX"}
    assert (found["feature"].astype(str).str.contains("texture")).sum() == 3
    assert len(rows) == rows["n_pairs"].iloc[0] == 13 * 8
    assert rows["statistic"].is_monotonic_decreasing
    assert (rows["p_step_down"] <= rows["p_single_step"]).all()
    assert (rows["n_left_out"] == 0).all()
    assert (rows["movable"] == 1).all()


def test_the_statistic_is_that_of_the_partial_correlation_of_the_tests(study, tmp_path):
    keys = ["feature", "marker"]
    rows = run(study, tmp_path / "p.parquet").astype(dict.fromkeys(keys, str)).set_index(keys)
    results = study.test().astype({**dict.fromkeys(keys, str), "adjustment": str})
    full = results[results["adjustment"] == "full"].set_index(keys).loc[rows.index]
    df = full["df"].to_numpy(float)
    expected = df * np.log1p(full["statistic"].to_numpy(float) ** 2 / df)
    np.testing.assert_allclose(rows["statistic"], expected, atol=1e-6)


def test_threads_do_not_change_a_byte_and_the_seed_does(study, tmp_path):
    run(study, tmp_path / "one.parquet")
    run(study, tmp_path / "two.parquet", threads=2)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    other = run(study, tmp_path / "other.parquet", seed=2)
    assert not other["p_single_step"].equals(tables.PERMUTATION.read(tmp_path / "one.parquet")["p_single_step"])


def test_features_with_scattered_gaps_are_left_out_and_counted(tmp_path):
    rng = np.random.default_rng(1)
    gaps = {f"original_glcm_gap{k}": rng.normal(size=60) for k in range(12)}
    for values in gaps.values():
        values[rng.choice(60, 25, replace=False)] = np.nan
    features = {simulated.VOLUME: np.exp(rng.normal(size=60)), "original_glcm_whole": rng.normal(size=60), **gaps}
    genes = {name: (rng.random(60) < 0.5).astype(float) for name in "AB"}
    study = simulated.write(tmp_path, features, genes, {"age": rng.normal(size=60)})
    rows = run(study, tmp_path / "p.parquet")
    left_out = 12 - rows["feature"].astype(str).str.contains("gap").groupby(rows["marker"], observed=True).sum()
    assert (left_out == rows["n_left_out"].iloc[0]).all()
    assert 6 <= rows["n_left_out"].iloc[0] < 12
    assert "original_glcm_whole" in set(rows["feature"])
    assert (rows["movable"] > 0.8).all()


def test_patients_without_any_image_cost_no_feature():
    features = np.random.default_rng(2).normal(size=(30, 4))
    features[:8] = np.nan
    features[8, 2] = np.nan
    kept = exchangeable(features, np.ones((30, 1)), np.zeros(30, int))
    assert kept.all()


def test_the_family_is_what_the_tests_ask_for():
    features, markers = np.ones((20, 2)), np.zeros((20, 2))
    features[:9, 1] = np.nan
    markers[:8, 0], markers[:3, 1] = 1, 1
    found = family_of(features, markers, np.ones((20, 1)), min_patients=12, min_carriers=4)
    assert found.tolist() == [[True, False], [False, False]]


def test_nothing_to_test_is_an_empty_table_and_impossible_settings_are_errors(study, tmp_path, caplog):
    assert run(study, tmp_path / "p.parquet", min_carriers=100).empty
    assert "none of" in caplog.text
    with pytest.raises(NoGroupError, match="centre"):
        run(study, tmp_path / "p.parquet", exchange_within="centre")
    with pytest.raises(NoGroupError, match="'age'"):
        run(study, tmp_path / "p.parquet", exchange_within="age")
    rng = np.random.default_rng(3)
    features = {simulated.VOLUME: np.exp(rng.normal(size=20)), "original_glcm_a": rng.normal(size=20)}
    pairs = np.repeat([f"pair{k}" for k in range(10)], 2)
    small = simulated.write(tmp_path, features, {"A": (np.arange(20) % 3 == 0) * 1.0}, {"pair": pairs})
    with pytest.raises(TooFewOrdersError):
        run(small, tmp_path / "p.parquet", exchange_within="pair", permutations=2000)
