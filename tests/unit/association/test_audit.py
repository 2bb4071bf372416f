"""The audit of a cohort with planted causes: what follows the site is named, what was not found is put in numbers."""

import json
import logging

import numpy as np
import pytest
from scipy import stats

from radiogenomics import tables
from radiogenomics.association.power import power
from tests.unit.association import simulated


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return simulated.planted(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def results(study):
    return study.test()


@pytest.fixture(scope="module")
def audited(study, results):
    return study.audit()


def hits(results, gene, adjustment):
    found = results[(results["gene"] == gene) & (results["adjustment"] == adjustment)]
    return set(found.loc[found["q_two_level"] < 0.05, "feature"].astype(str))


def test_a_hit_that_depends_on_the_site_alone_disappears_and_its_gene_is_flagged(results, audited):
    assert {f"original_glcm_site{k}" for k in range(3)} <= hits(results, "SITE", "crude")
    assert not hits(results, "SITE", "full")
    assert hits(results, "TEX", "full") >= {f"original_glcm_texture{k}" for k in range(3)}
    rows = audited["confounding"]
    flagged = rows[rows["verdict"] != ""]
    assert set(flagged.loc[flagged["confounder"] != simulated.VOLUME, "gene"]) == {"SITE"}
    assert "site" in set(flagged["confounder"])


def test_a_hit_that_depends_on_the_volume_alone_is_volume_explained(results, audited):
    marked = results[results["volume_explained"]]
    assert {"VOL"} <= set(marked["gene"])
    flagged = audited["confounding"][audited["confounding"]["verdict"] == "flag"]
    assert set(flagged.loc[flagged["confounder"] == simulated.VOLUME, "gene"]) == {"VOL"}
    rows = audited["confounding"]
    with_volume = rows[(rows["name"].astype(str).str.contains("copy")) & (rows["confounder"] == simulated.VOLUME)]
    assert (with_volume["strength"] > 0.9).all()


def test_a_marker_that_is_the_site_is_refused_and_the_log_says_so(tmp_path, caplog):
    rng = np.random.default_rng(1)
    site = np.repeat([0, 1], 40)
    study = simulated.write(
        tmp_path,
        {simulated.VOLUME: np.exp(rng.normal(size=80))},
        {"ALIAS": site.astype(float), "FREE": (rng.random(80) < 0.5).astype(float), "RARE": (np.arange(80) < 2) * 1.0},
        {"site": np.array(["a", "b"])[site]},
    )
    results = study.test()
    full = results[(results["gene"] == "ALIAS") & (results["adjustment"] == "full")]
    assert (full["flag"] == "collinear with covariates").all()
    with caplog.at_level(logging.WARNING):
        rows = study.audit()["confounding"]
    refused = rows[rows["verdict"] == "refuse"]
    assert set(refused["gene"]) == {"ALIAS"}
    assert set(refused["confounder"]) == {"site", f"{simulated.VOLUME}, site"}
    assert "ALIAS:non_silent with site" in caplog.text
    assert "RARE" not in set(rows["gene"])  # it cannot be tested, so its chance associations say nothing


def test_the_limits_are_those_of_the_settings(study, results, audited):
    rows = audited["confounding"]
    markers = rows[(rows["kind"] == "marker") & (rows["measure"] != "R squared")]
    lower = study.audit(json.dumps({"max_association": 0.1}))["confounding"]
    expected = set(markers.loc[markers["strength"].abs() >= 0.1, "name"])
    found = lower[(lower["measure"] != "R squared") & (lower["verdict"] != "")]
    assert set(found["name"]) == expected
    assert len(expected) > 1


def test_strengths_are_those_of_scipy(study, audited):
    rows = audited["confounding"].astype({"name": str, "confounder": str}).set_index(["name", "confounder"])
    features = tables.FEATURES.read(study.folder / "f.parquet").pivot_table(
        index="patient_id", columns="feature", values="value", observed=True
    )
    expected = stats.spearmanr(features["original_glcm_copy0"], features[simulated.VOLUME]).statistic
    row = rows.loc[("original_glcm_copy0", simulated.VOLUME)]
    assert row["strength"] == pytest.approx(expected, abs=1e-9)
    assert row["n"] == 240


def test_the_detectable_effect_has_the_power_that_it_promises(results, audited):
    rows = audited["power"]
    made = results[results["flag"] == ""].groupby("adjustment", observed=True).size()
    for row in rows[rows["gene"].isin(["SITE", "TEX"])].itertuples():
        covariates = {"crude": 0, "volume": 1, "full": 4}[row.adjustment]
        assert row.n_tests == made[row.adjustment]
        found = power(
            row.detectable_effect,
            row.n,
            row.n_carriers,
            alpha=0.05,
            n_tests=row.n_tests,
            n_covariates=covariates,
            r2=row.r2,
        )
        assert found == pytest.approx(0.8, abs=1e-6)
        assert row.events_per_variable == min(row.n_carriers, row.n - row.n_carriers) / (covariates + 1)
    assert rows["detectable_effect"].notna().all()
    effects = rows[rows["adjustment"] == "full"].set_index("gene")["detectable_effect"]
    assert effects["SITE"] > 1.4 * effects["TEX"]  # the site takes most of what the marker could tell


def test_a_marker_that_was_not_tested_has_no_detectable_effect(study, results):
    rows = study.audit(json.dumps({"min_carriers": 75}))["power"]
    few = rows["n_carriers"] < 75
    assert few.any()
    assert (rows["detectable_effect"].isna() == few).all()


def test_like_features_share_a_cluster_and_constants_are_named(tmp_path):
    rng = np.random.default_rng(2)
    base = rng.normal(size=60)
    features = {
        simulated.VOLUME: np.exp(rng.normal(size=60)),
        "original_glcm_a": base,
        "original_glcm_b": -np.exp(base),
        "original_glcm_c": base + 0.05 * rng.normal(size=60),
        "original_glcm_flat": np.where(np.arange(60) < 58, 1.0, base),
    }
    study = simulated.write(tmp_path, features, {"A": (rng.random(60) < 0.5) * 1.0}, {"age": rng.normal(size=60)})
    study.test()
    found = study.audit()
    rows = found["redundancy"].set_index("feature")
    assert rows.loc[["original_glcm_a", "original_glcm_b", "original_glcm_c"], "medoid"].nunique() == 1
    assert rows["cluster_size"].to_dict()["original_glcm_b"] == 3
    assert rows.index[rows["near_constant"]].tolist() == ["original_glcm_flat"]
    tests = found["tests"].set_index("kind")
    assert tests.loc["feature", "n_columns"] == 5
    assert 1 < tests.loc["feature", "li_ji"] < 5
    assert tests.loc["marker", "li_ji"] == 1


def test_effective_tests_leave_out_a_feature_that_many_patients_lack(tmp_path):
    rng = np.random.default_rng(4)
    gaps = np.where(np.arange(60) < 30, np.nan, rng.normal(size=60))
    features = {simulated.VOLUME: np.exp(rng.normal(size=60)), "original_glcm_gaps": gaps}
    study = simulated.write(tmp_path, features, {"A": (np.arange(60) < 2) * 1.0}, {"age": rng.normal(size=60)})
    study.test()
    rows = study.audit()["tests"].set_index("kind")
    assert rows.loc["feature", ["n_columns", "n_used", "n_patients"]].tolist() == [2, 1, 60]
    assert rows.loc["marker", "n_columns"] == 0
    assert rows.loc["marker", ["li_ji", "nyholt"]].isna().all()
