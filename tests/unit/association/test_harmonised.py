"""Harmonisation of a study: what goes and stays, whom and what it leaves out by name, and that all commands see it."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.batch_errors import (
    NothingKeptError,
    OneBatchError,
    SmallBatchError,
    UnknownReferenceError,
)
from radiogenomics.association.errors import NoGroupError
from radiogenomics.association.harmonisation import harmonisation, significant
from radiogenomics.association.inputs import Inputs
from radiogenomics.association.statistics_errors import ConfoundedDesignError
from tests.unit.association import simulated, test_sets

SITES = np.array(["east", "north", "west"])


def settings(**asked):
    own = {"method": "combat", "batch": "site", **asked}
    return json.dumps({"harmonise": own})


def write(folder, n=150, shift=6.0, change=None, covariates=None):
    """Texture follows gene G and age; every feature but the volume has a shift and a spread of its site."""
    rng = np.random.default_rng(5)
    site = rng.integers(0, 3, n)
    gene = (rng.random(n) < 0.4).astype(float)
    # Older patients went to one site, so age and site share what they explain.
    age = 60 + 10 * (site == 2) + rng.normal(0, 5, n)
    log_volume = rng.normal(size=n)
    features = {simulated.VOLUME: np.exp(log_volume)}
    for k in range(12):
        value = (1.2 * gene if k < 3 else 0) + (age - 60) / 5 * (k >= 9) + 0.5 * log_volume + rng.normal(size=n)
        features[f"original_glcm_f{k:02}"] = shift * rng.normal(size=3)[site] + value * rng.uniform(0.7, 1.4, 3)[site]
    known = {"site": SITES[site].astype(object), "age": age.round(1)}
    for alter in (change,) if change else ():
        alter(features, known, site)
    return simulated.write(folder, features, {"G": gene, "NONE": rng.permutation(gene)}, covariates or known)


def tell(study, **asked):
    paths = {name: study.folder / f"{name}.parquet" for name in ("harmonisation", "harmonised")}
    harmonisation(**study.tested, settings=settings(**asked), **paths)
    return tables.HARMONISATION.read(paths["harmonisation"]), tables.HARMONISED.read(paths["harmonised"])


def hits(results, adjustment="crude"):
    kept = results[(results["adjustment"] == adjustment) & (results["q_two_level"] < 0.05)]
    return set(zip(kept["feature"].astype(str), kept["gene"].astype(str), strict=True))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write(tmp_path_factory.mktemp("study"))


def test_a_shift_of_the_site_disappears_and_hits_below_it_appear(study):
    features, patients = tell(study)
    own = features[features["reason"] == ""]
    assert len(own) == 12
    assert (own["p_before"] < 1e-6).mean() > 0.8
    assert (own["p_after"] > 0.05).all()
    assert (own["levene_p_after"] > 0.05).mean() > 0.8
    assert (own["shift"] < own["shift_raw"]).mean() > 0.5  # shrunk towards each other
    means = patients.groupby("batch", observed=True)[["pc1_before", "pc1_after"]].mean()
    assert np.ptp(means["pc1_before"]) > 5 * np.ptp(means["pc1_after"])
    wanted = {(f"original_glcm_f0{k}", "G") for k in range(3)}
    assert not wanted <= hits(study.test())
    assert hits(study.test(settings())) == wanted


def test_what_is_kept_stays_and_what_is_not_goes_with_the_site(study):
    def slope(**asked):
        inputs = Inputs.read(*study.tested.values(), settings(**asked))
        (after,) = inputs.matrices()
        return np.mean([np.polyfit(inputs.patients["age"], after.values[:, k], 1)[0] for k in range(9, 12)])

    truth = 1 / 5
    assert slope(keep=["age"]) == pytest.approx(truth, rel=0.15)
    assert slope() < 0.75 * truth


def test_tests_and_audits_see_the_same_features(study):
    inputs = Inputs.read(*study.tested.values(), settings())
    (analysis,) = inputs.analyses()
    (after,) = inputs.matrices()
    np.testing.assert_array_equal(analysis.features.values, after.values)
    study.test(settings())
    explained = study.audit(settings())["confounding"].query("kind == 'feature' and confounder == 'site'")
    assert (explained.loc[explained["name"] != simulated.VOLUME, "strength"] < 0.05).all()
    # The covariate volume is that which was measured.
    frame = tables.FEATURES.read(study.tested["features"])
    measured = frame.loc[frame["feature"] == simulated.VOLUME, "value"]
    np.testing.assert_array_equal(analysis.volume, measured)


def test_a_patient_without_batch_or_kept_covariate_has_no_features_and_a_reason(tmp_path, caplog):
    def change(features, known, site):
        known["site"][4] = None
        known["age"][7] = np.nan
        for values in features.values():
            values[9] = np.nan

    study = write(tmp_path, change=change)
    rows = tell(study, keep=["age"])[1].set_index("patient_id")
    assert rows.loc[["P0004", "P0007", "P0009"], "reason"].tolist() == [
        "batch not known",
        "kept covariate not known",
        "no features",
    ]
    assert rows["pc1_after"].isna().sum() == 3
    assert "1 patients have no features: batch not known" in caplog.text
    results = study.test(settings(keep=["age"]))
    assert (results["n"] == 147).all()
    assert (results["n_missing"] == 3).all()


def test_a_feature_that_cannot_be_harmonised_is_left_as_measured_and_named(tmp_path):
    def change(features, known, site):
        features["original_glcm_f03"][site == 1] = 2.5
        features["original_glcm_f04"][np.flatnonzero(site == 1)[1:]] = np.nan
        features["original_glcm_f05"] = np.log(features[simulated.VOLUME])  # nothing is left of it

    study = write(tmp_path, change=change)
    rows = tell(study)[0].set_index("feature")["reason"].astype(str)
    assert rows[rows != ""].to_dict() == {
        "original_glcm_f03": "constant in a batch",
        "original_glcm_f04": "too few values in a batch",
        "original_glcm_f05": "constant in a batch",
        simulated.VOLUME: "volume of the region, which covariates are made of",
    }
    (found,) = Inputs.read(*study.tested.values(), settings()).harmonised()
    np.testing.assert_array_equal(found.after.values[:, ~found.changed], found.before.values[:, ~found.changed])
    assert (tell(study, mean_only=True)[0]["reason"].astype(str) == "").sum() == 11


def test_a_batch_of_one_patient_is_refused_by_name(tmp_path):
    study = write(tmp_path, change=lambda features, known, site: known["site"].__setitem__(0, "south"))
    with pytest.raises(SmallBatchError, match="'south' has 1") as caught:
        tell(study)
    assert caught.value.sizes == {"south": 1}
    assert (tell(study, mean_only=True)[0]["spread"].dropna() == 1).all()


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"batch": "age"}, NoGroupError),
        ({"keep": ["grade"]}, NothingKeptError),
        ({"reference": "south"}, UnknownReferenceError),
        ({"keep": ["ward"]}, ConfoundedDesignError),
        ({"batch": "all"}, OneBatchError),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path, asked, error):
    def change(features, known, site):
        known["ward"] = np.where(site == 1, "a", "b")
        known["all"] = np.full(len(site), "one")

    with pytest.raises(error):
        tell(write(tmp_path, change=change), **asked)


def test_equal_values_of_a_batch_stay_equal(tmp_path):
    def change(features, known, site):
        features["original_glcm_f06"] = features["original_glcm_f06"].round(0)
        known["age"] = known["age"].round(-1)

    study = write(tmp_path, change=change)
    (found,) = Inputs.read(*study.tested.values(), settings(keep=["age"], keep_volume=False)).harmonised()
    place = found.before.names["feature"].tolist().index("original_glcm_f06")
    frame = pd.DataFrame({"batch": found.batch.to_numpy(), "age": found.kept[:, 0]})
    frame["before"], frame["after"] = found.before.values[:, place], found.after.values[:, place]
    assert len(frame) > 3 * len(frame.drop_duplicates(["batch", "age", "before"]))
    assert len(frame.drop_duplicates()) == len(frame.drop_duplicates(["batch", "age", "before"]))


def test_the_same_bytes_twice(study):
    tell(study)
    first = [(study.folder / f"{name}.parquet").read_bytes() for name in ("harmonisation", "harmonised")]
    tell(study)
    assert first == [(study.folder / f"{name}.parquet").read_bytes() for name in ("harmonisation", "harmonised")]


def test_digits_are_cut_by_size():
    values = np.array([1.23456789012, -1.23456789012e-300, 0, np.nan, np.inf, 5e-324])
    np.testing.assert_array_equal(significant(values), [1.2345679, -1.2345679e-300, 0, np.nan, np.inf, 5e-324])


def test_without_associations_the_model_that_has_the_batch_keeps_its_level(tmp_path):
    rng = np.random.default_rng(1)
    site = np.repeat([0, 1, 2], [25, 35, 60])
    genes = {f"G{k}": (rng.random(120) < np.array([0.15, 0.5, 0.85])[site]).astype(float) for k in range(80)}
    features = {f"original_glcm_f{k}": 2 * rng.normal(size=3)[site] + rng.normal(size=120) for k in range(80)}
    study = simulated.write(tmp_path, features, genes, {"site": SITES[site]})

    def share(text, adjustment):
        rows = study.test(text)
        return (rows.loc[rows["adjustment"] == adjustment, "p"] < 0.05).mean()

    asked = {"volume_feature": None, "harmonise": {"method": "combat", "batch": "site"}}
    assert share(json.dumps({"volume_feature": None}), "crude") > 0.4
    assert share(json.dumps(asked), "crude") < 0.04  # cautious: the marker still has its batch means
    assert share(json.dumps(asked), "full") == pytest.approx(0.05, abs=0.01)


def test_sets_of_variants_are_tested_on_the_same_features(tmp_path):
    study, _, _ = test_sets.planted(tmp_path)
    covariates = pd.read_csv(study.tested["covariates"], sep="\t")
    covariates["site"] = SITES[np.arange(len(covariates)) % 3]
    covariates.to_csv(study.tested["covariates"], sep="\t", index=False)
    frame = tables.FEATURES.read(study.tested["features"])
    moved = frame["feature"] != simulated.VOLUME
    frame.loc[moved, "value"] += 3 * (np.arange(len(frame)) % 3)[moved]
    tables.FEATURES.write(frame, study.tested["features"])
    asked = {**test_sets.SETTINGS, **json.loads(settings())}
    found = test_sets.run(study, asked)[0]
    (after,) = Inputs.read(*study.tested.values(), json.dumps(asked)).matrices()
    for feature, values in zip(after.names["feature"], after.values.T, strict=True):
        rows = frame["feature"] == feature
        frame.loc[rows, "value"] = frame.loc[rows, "patient_id"].map(dict(zip(after.patients, values, strict=True)))
    tables.FEATURES.write(frame, study.tested["features"])
    expected = test_sets.run(study)[0]
    np.testing.assert_allclose(found["p"].astype(float), expected["p"].astype(float), rtol=1e-12)
