"""Hits in each site: what only the site makes is pooled to nothing, and a study equals its sites' tables pooled."""

import json
import logging

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from radiogenomics import tables
from radiogenomics.association.design import rank_normal
from radiogenomics.association.errors import FewTablesError, NoGroupError, NoStandardErrorError, ResultsDifferError
from radiogenomics.association.pairs import test as run_tests
from radiogenomics.association.sites import pool_results, sites
from tests.unit.association import simulated

KEYS = ["feature", "marker", "adjustment", "method"]
SETTINGS = {"site": "site", "site_model": "meta", "min_carriers": 3}


def run(study, **settings):
    paths = {name: study.folder / f"{name}.parquet" for name in ("meta", "sites")}
    text = json.dumps(SETTINGS | settings)
    results = study.folder / "results.parquet"
    sites(**study.tested, settings=text, results=results, **paths)
    return tables.META.read(paths["meta"]), tables.SITES.read(paths["sites"])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = simulated.planted(tmp_path_factory.mktemp("study"), n=240)
    study.test(json.dumps({"min_carriers": 3}))
    return study


@pytest.fixture(scope="module")
def pooled(study):
    return run(study)


def test_a_hit_of_the_site_alone_is_pooled_to_nothing_and_a_true_one_is_not(pooled):
    rows = pooled[0].astype(dict.fromkeys(KEYS, str)).query("method == 'fixed effect'")
    of_site = rows[(rows["gene"] == "SITE") & (rows["adjustment"] == "crude")]
    assert len(of_site) >= 3
    assert (of_site["p"] > 0.01).all()
    true = rows[(rows["gene"] == "TEX") & (rows["adjustment"] == "full") & rows["feature"].str.contains("texture")]
    assert (true["p"] < 1e-4).all()
    assert (true["n_sites"] == 3).all()
    assert (true["n_same_sign"] == 3).all()


def test_hits_have_passed_the_limit_of_stability(study, pooled):
    _, found = run(study, min_icc_low=0.5)
    pd.testing.assert_frame_equal(found, pooled[1])


def test_each_site_is_fitted_alone_with_its_own_ranks(study, pooled):
    row = (
        pooled[1]
        .astype(dict.fromkeys(["feature", "marker", "adjustment", "site"], str))
        .query("adjustment == 'full' and marker == 'TEX:non_silent' and site == 'east' and feature.str[-2:] == 'e0'")
        .iloc[0]
    )
    patients = pd.read_csv(study.tested["covariates"], sep="\t").set_index("patient_id").query("site == 'east'")
    values = (
        tables.FEATURES.read(study.tested["features"])
        .pivot_table(index="patient_id", columns="feature", values="value", observed=True)
        .loc[patients.index]
    )
    marker = tables.ALTERATIONS.read(study.tested["markers"]).query("gene == 'TEX'").set_index("patient_id")
    carrier = (marker.loc[patients.index, "state"] == "altered").astype(float)
    y = rank_normal(values[["original_glcm_texture0"]].to_numpy())[:, 0]
    design = np.column_stack([np.ones(len(y)), np.log(values[simulated.VOLUME]), patients["age"], carrier])
    fit = sm.OLS(y, design).fit()
    assert (row["estimate"], row["se"]) == pytest.approx((fit.params[-1], fit.bse[-1]))
    assert row["n"] == len(y)


def test_a_site_with_too_few_carriers_does_not_count_and_says_why(study):
    meta, of_sites = run(study, min_carriers=10)
    few = of_sites[of_sites["flag"] == "carriers below the configured minimum"]
    assert set(few["gene"]) == {"SITE"}
    assert few["estimate"].isna().all()
    alone = meta[meta["flag"] == "fewer than two sites"]
    assert set(alone["gene"]) <= {"SITE"}
    assert (alone["n_sites"] < 2).all()
    assert alone["estimate"].isna().all()


@pytest.fixture(scope="module")
def of_sites(study, tmp_path_factory):
    """Results tables of the three sites, each made alone."""
    folder = tmp_path_factory.mktemp("sites")
    patients = pd.read_csv(study.tested["covariates"], sep="\t")
    paths = []
    for site, part in patients.groupby("site"):
        part.drop(columns="site").to_csv(folder / f"{site}.tsv", sep="\t", index=False)
        paths.append(folder / f"{site}.parquet")
        tested = {**study.tested, "covariates": folder / f"{site}.tsv"}
        outputs = {"results": paths[-1], "tsv": None, "summary": None, "quantiles": None, "stability": None}
        run_tests(**tested, settings='{"min_carriers": 3}', threads=1, **outputs)
    return paths


def test_a_study_by_sites_equals_the_results_of_its_sites_pooled(pooled, of_sites, tmp_path):
    pool_results(results=of_sites, meta=tmp_path / "meta.parquet")
    own, theirs = (
        frame.astype(dict.fromkeys(KEYS, str)).set_index(KEYS).sort_index()
        for frame in (pooled[0], tables.META.read(tmp_path / "meta.parquet"))
    )
    assert len(theirs) == 13 * 12 * 3 * 2
    numbers = ["n_sites", "n", "n_carriers", "estimate", "se", "ci_low", "ci_high", "p", "q", "q_p", "i2", "tau2"]
    theirs = theirs.loc[own.index, numbers]
    np.testing.assert_allclose(own[numbers].astype(float), theirs.astype(float), rtol=1e-9, atol=1e-12)


def test_nobody_carries_a_marker_that_is_a_number(tmp_path):
    study = simulated.planted(tmp_path, n=240)
    markers = tables.ALTERATIONS.read(study.tested["markers"])
    rows = markers["gene"] == "TEX"
    carried = (markers.loc[rows, "state"] == "altered").to_numpy()
    markers.loc[rows, "value"] = carried + np.random.default_rng(1).normal(0, 0.1, carried.size)
    markers["state"] = markers["state"].astype(object).mask(rows)
    tables.ALTERATIONS.write(markers, study.tested["markers"])
    study.test(json.dumps({"min_carriers": 3}))
    meta, of_sites = run(study)
    for table in (meta, of_sites):
        numbers = table["gene"] == "TEX"
        assert numbers.any()
        assert table.loc[numbers, "n_carriers"].isna().all()
        assert table.loc[~numbers, "n_carriers"].notna().all()
        assert (table.loc[numbers, "estimate"].abs() > 0).all()
    paths = [study.folder / "results.parquet"] * 2
    pool_results(results=paths, meta=tmp_path / "pooled.parquet")
    pooled = tables.META.read(tmp_path / "pooled.parquet")
    assert pooled.loc[pooled["gene"] == "TEX", "n_carriers"].isna().all()
    assert pooled.loc[pooled["gene"] != "TEX", "n_carriers"].gt(0).any()


def test_the_fixed_effect_is_the_mean_weighted_by_precision(pooled):
    keys = KEYS[:3]
    rows = pooled[1].astype(dict.fromkeys(keys, str)).dropna(subset=["se"])
    weight = rows["se"] ** -2
    sums = rows.assign(w=weight, wy=weight * rows["estimate"]).groupby(keys)[["w", "wy"]].sum()
    fixed = pooled[0].astype(dict.fromkeys(KEYS, str)).query("method == 'fixed effect'").set_index(keys)
    expected = (sums["wy"] / sums["w"]).loc[fixed.index]
    np.testing.assert_allclose(fixed["estimate"], expected, rtol=1e-10)
    z = fixed["estimate"] / fixed["se"]
    np.testing.assert_allclose(fixed["p"], 2 * stats.norm.sf(z.abs()), rtol=1e-9)


def test_results_that_estimate_other_things_are_refused(study, of_sites, tmp_path, caplog):
    with pytest.raises(FewTablesError):
        pool_results(results=of_sites[:1], meta=tmp_path / "m.parquet")
    outputs = {"tsv": None, "summary": None, "quantiles": None, "stability": None}
    for name, settings in (("logistic", {"model": "logistic"}), ("rank", {"model": "rank"})):
        run_tests(
            **study.tested, settings=json.dumps(settings), threads=1, results=tmp_path / f"{name}.parquet", **outputs
        )
    with pytest.raises(ResultsDifferError, match=r"effect.*log odds"):
        pool_results(results=[of_sites[0], tmp_path / "logistic.parquet"], meta=tmp_path / "m.parquet")
    with pytest.raises(NoStandardErrorError):
        pool_results(results=[tmp_path / "rank.parquet"] * 2, meta=tmp_path / "m.parquet")
    settings = '{"volume_feature": "original_glcm_volume"}'
    features = tables.FEATURES.read(study.tested["features"])
    features["feature"] = features["feature"].astype(str).replace(simulated.VOLUME, "original_glcm_volume")
    tables.FEATURES.write(features, tmp_path / "f.parquet")
    paths = {**study.tested, "features": tmp_path / "f.parquet"}
    run_tests(**paths, settings=settings, threads=1, results=tmp_path / "volume.parquet", **outputs)
    with pytest.raises(ResultsDifferError, match="volume_feature"):
        pool_results(results=[of_sites[0], tmp_path / "volume.parquet"], meta=tmp_path / "m.parquet")
    with caplog.at_level(logging.WARNING):
        pool_results(results=[of_sites[0], study.folder / "results.parquet"], meta=tmp_path / "m.parquet")
    assert "other covariates" in caplog.text


def test_a_study_without_hits_or_without_the_site_column(study, tmp_path):
    meta, of_sites = run(study, alpha=1e-300)
    assert meta.empty
    assert of_sites.empty
    with pytest.raises(NoGroupError):
        run(study, site="centre")
