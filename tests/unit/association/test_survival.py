"""Features and markers on outcomes: what is planted is found, what cannot be tested says why, families and curves."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from radiogenomics import tables
from radiogenomics.association import cox
from radiogenomics.association.design import designs, rank_normal
from radiogenomics.association.errors import NoCommonPatientError
from radiogenomics.association.multiplicity import benjamini_hochberg
from radiogenomics.association.reading import read_patients
from radiogenomics.association.survival import survival
from radiogenomics.association.survival_curves import kaplan_meier
from radiogenomics.table import read_provenance
from tests.unit.association import simulated

N = 160


def outcome_rows(name, time, event):
    patients = [f"P{number:04d}" for number in range(len(time))]
    return pd.DataFrame({"outcome": name, "patient_id": patients, "time": time, "event": event})


def study_of(folder, features, genes, covariates, *outcomes, settings="{}"):
    """The two tables of a study made of arrays."""
    study = simulated.write(folder, features, genes, covariates)
    frame = pd.concat(outcomes, ignore_index=True).astype({"event": "Int8"})
    tables.OUTCOMES.write(frame, folder / "o.parquet")
    paths = {"table": folder / "survival.parquet", "curves": folder / "curves.parquet"}
    survival(**study.tested, outcomes=folder / "o.parquet", settings=settings, **paths)
    return tables.SURVIVAL.read(paths["table"]), tables.SURVIVAL_CURVES.read(paths["curves"])


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Feature ``acts`` and gene ACTS shorten survival; a feature, a gene and an outcome have gaps."""
    folder, rng = tmp_path_factory.mktemp("survival"), np.random.default_rng(11)
    features = {simulated.VOLUME: np.exp(rng.normal(size=N))}
    features |= {f"original_glcm_{name}": rng.normal(size=N) for name in ("acts", "noise", "gaps")}
    features["original_glcm_gaps"][::9] = np.nan
    genes = {name: (rng.random(N) < 0.4).astype(float) for name in ("ACTS", "NOISE", "GAPS")}
    genes["GAPS"][::7] = np.nan
    covariates = {"age": rng.normal(60, 9, N).round(), "site": rng.choice(["east", "west"], N)}
    hazard = np.exp(0.9 * features["original_glcm_acts"] + 1.1 * genes["ACTS"])
    time, end = rng.exponential(500 / hazard), rng.uniform(50, 1500, N)
    died, time = (time <= end).astype(float), np.ceil(np.minimum(time, end))
    time[3], died[5] = np.nan, np.nan
    never = outcome_rows("never", np.ones(N), np.zeros(N))
    table, curves = study_of(folder, features, genes, covariates, outcome_rows("os", time, died), never)
    return folder, table, curves, (features, genes, time, died)


def test_planted_effects_are_hits_and_noise_is_not(planted):
    _, table, _, _ = planted
    hits = table[(table["outcome"] == "os") & (table["q_bh"] < 0.05)]
    full = hits[hits["adjustment"] == "full"].set_index("name")
    assert set(full.index) == {"original_glcm_acts", "ACTS:non_silent"}
    assert full.loc["original_glcm_acts", "ci_low"] < 0.9 < full.loc["original_glcm_acts", "ci_high"]
    assert full.loc["ACTS:non_silent", "ci_low"] < 1.1 < full.loc["ACTS:non_silent", "ci_high"]
    assert (full["method"] == "Cox fit").all()


def test_rows_are_the_tests_of_the_library_on_the_same_patients(planted):
    folder, table, _, (features, genes, time, died) = planted
    values = np.column_stack([rank_normal(np.column_stack(list(features.values()))), *genes.values()])
    design = designs(features[simulated.VOLUME], read_patients(folder / "c.tsv"))
    names = [*features, *(f"{gene}:non_silent" for gene in genes)]
    for adjustment, matrix in design.items():
        score, fits = (call(time, died, values, matrix[:, 1:]) for call in (cox.score_tests, cox.fits))
        rows = table[(table["outcome"] == "os") & (table["adjustment"] == adjustment)].set_index("name").loc[names]
        fitted = score.p <= 0.05
        assert (rows["method"] == np.where(fitted, "Cox fit", "score test")).all()
        np.testing.assert_allclose(rows["log_hr"], np.where(fitted, fits.estimate, score.estimate))
        np.testing.assert_allclose(rows["statistic"] ** 2, np.where(fitted, fits.lr, score.z**2))
        np.testing.assert_allclose(rows["p"], stats.chi2.sf(rows["statistic"] ** 2, 1), rtol=1e-9)
        np.testing.assert_allclose(rows["ph_statistic"], np.where(fitted, fits.trend, np.nan))
        assert (rows["n"] == score.n).all()
        assert (rows["n"] + rows["n_missing"] == N).all()
        np.testing.assert_allclose(rows["events_per_variable"], score.n_events / matrix.shape[1])


def test_p_is_adjusted_inside_outcome_kind_and_adjustment(planted):
    _, table, _, _ = planted
    keys = ["analysis", "outcome", "kind", "adjustment"]
    for _, part in table.groupby(keys, observed=True):
        np.testing.assert_allclose(part["q_bh"], benjamini_hochberg(part["p"].to_numpy(float)))
    assert table[table["outcome"] == "os"]["q_bh"].notna().all()


def test_an_outcome_without_an_event_says_so_and_has_no_curve(planted):
    _, table, curves, _ = planted
    rows = table[table["outcome"] == "never"]
    assert set(rows["not_tested_reason"]) == {"no event"}
    assert rows[["log_hr", "se", "statistic", "p", "q_bh"]].isna().all(axis=None)
    assert set(curves["outcome"]) == {"os"}


def test_curves_are_of_what_leads_and_their_p_is_that_of_the_groups(planted):
    _, _, curves, (features, genes, time, died) = planted
    assert dict(curves.groupby("kind", observed=True)["name"].first()) == {
        "feature": "original_glcm_acts",
        "marker": "ACTS:non_silent",
    }
    known = np.isfinite(time + died)
    acts = features["original_glcm_acts"]
    halves = {"feature": acts > np.median(acts[known]), "marker": genes["ACTS"] > 0}
    for kind, high in halves.items():
        part = curves[curves["kind"] == kind]
        found = cox.score_tests(time, died, high[:, None].astype(float), np.empty((N, 0)))
        np.testing.assert_allclose(part["group_neg_log10_p"], found.neg_log10_p[0])
        sizes = part[part["time"] == 0].set_index("group")["n_risk"]
        above = "altered" if kind == "marker" else "above the median"
        assert sizes[above] == (high & known).sum()
        assert sizes.sum() == known.sum() == part["n_events"].sum() + part["n_censored"].sum()


def test_the_record_names_outcomes_and_the_limit_of_fits(planted):
    settings = read_provenance(planted[0] / "survival.parquet")["settings"]
    assert settings["outcomes"] == {"never": "time", "os": "time"}
    assert settings["fit_p_below"] == 0.05
    assert "permutations" not in settings


def test_what_cannot_be_tested_or_fitted_says_why(tmp_path):
    rng = np.random.default_rng(5)
    time, died = rng.exponential(300, N) + 1, (rng.random(N) < 0.6).astype(float)
    age = rng.normal(60, 9, N).round()
    few = np.where(np.arange(N) < 12, 1.0, np.nan) * rng.normal(size=N)
    features = {simulated.VOLUME: np.exp(rng.normal(size=N)), "original_glcm_flat": np.ones(N)}
    features |= {"original_glcm_few": few, "original_glcm_free": rng.normal(size=N)}
    genes = {
        "RARE": (np.arange(N) < 3).astype(float),
        "SAFE": ((died == 0) & (time > 100)).astype(float),  # nobody who carries it has the event
        "SITE": (np.arange(N) % 2).astype(float),
    }
    covariates = {"age": age, "site": np.where(np.arange(N) % 2, "a", "b")}
    table, _ = study_of(tmp_path, features, genes, covariates, outcome_rows("os", time, died))
    crude, full = (table[table["adjustment"] == name].set_index("name") for name in ("crude", "full"))
    reasons = full["not_tested_reason"].astype(str)
    assert reasons["original_glcm_flat"] == "constant"
    assert reasons["original_glcm_few"] == "n below the configured minimum"
    assert reasons["RARE:non_silent"] == "carriers below the configured minimum"
    assert reasons["SITE:non_silent"] == "no variation left among those at risk"
    assert crude.loc["SITE:non_silent", "not_tested_reason"] == ""
    safe = full.loc["SAFE:non_silent"]
    assert safe["method"] == "score test, fit did not settle"
    assert safe["statistic"] < -3
    assert safe[["log_hr", "se", "ci_low", "ci_high", "ph_p"]].isna().all()
    separated = covariates | {"doomed": died}
    table, _ = study_of(tmp_path, features, genes, separated, outcome_rows("os", time, died))
    rows = table[(table["adjustment"] == "full") & (table["name"] == "original_glcm_free")]
    assert rows["not_tested_reason"].tolist() == ["covariates without a finite fit"]


def test_outcomes_of_other_patients_are_refused(tmp_path):
    rng = np.random.default_rng(1)
    features, genes = {simulated.VOLUME: np.exp(rng.normal(size=30))}, {"A": (rng.random(30) < 0.5).astype(float)}
    strangers = outcome_rows("os", np.ones(30), np.ones(30))
    strangers["patient_id"] = "X" + strangers["patient_id"]
    with pytest.raises(NoCommonPatientError):
        study_of(tmp_path, features, genes, {"age": np.arange(30.0)}, strangers)


@pytest.mark.parametrize("adjusted", [False, True])
def test_without_an_effect_p_is_uniform(adjusted):
    rng = np.random.default_rng(8)
    n, m = 120, 3000
    time, end = rng.exponential(1, n), rng.exponential(1, n)
    covariates = rng.normal(size=(n, 3 * adjusted))
    x = np.column_stack([rng.normal(size=(n, m)), rng.random((n, m)) < 0.2])
    found = cox.score_tests(np.minimum(time, end), (time <= end).astype(float), x, covariates)
    for part, tail in ((found.p[:m], 0.003), (found.p[m:], 0.005)):  # few carriers have heavier tails
        assert 0.04 < (part < 0.05).mean() < 0.065
        assert (part < 0.001).mean() < tail


def test_steps_of_a_curve():
    rows = list(kaplan_meier(np.array([2.0, 1.0, 2.0, 5.0, 3.0]), np.array([True, True, False, True, False])))
    assert [row["time"] for row in rows] == [0, 1, 2, 3, 5]
    assert [row["n_risk"] for row in rows] == [5, 5, 4, 2, 1]
    assert [row["n_events"] for row in rows] == [0, 1, 1, 0, 1]
    assert [row["n_censored"] for row in rows] == [0, 0, 1, 1, 0]
    np.testing.assert_allclose([row["survival"] for row in rows], [1, 0.8, 0.6, 0.6, 0])
