"""Controls of whole studies: about as many hits without an association, many more with one, none of them by threads."""

import json

import numpy as np
import pytest

from radiogenomics import tables
from radiogenomics.association.control_runs import controls
from radiogenomics.association.errors import NoGroupError, UnknownClassError
from tests.unit.association import simulated


def run(study, threads=1, within=None, alpha=0.05, **asked):
    paths = {name: study.folder / f"{name}{threads}.parquet" for name in ("controls", "exceedance")}
    settings = json.dumps({"controls": asked, "exchange_within": within, "alpha": alpha})
    controls(**study.tested, settings=settings, threads=threads, **paths)
    return tables.CONTROLS.read(paths["controls"]), tables.EXCEEDANCE.read(paths["exceedance"])


def row(rows, control, adjustment="full", counted="pair"):
    keys = {"control": control, "adjustment": adjustment, "counted": counted}
    return rows.astype(dict.fromkeys(keys, str)).query(" and ".join(f"{k} == {v!r}" for k, v in keys.items())).iloc[0]


def noise(folder, seed, n=60):
    """Correlated features, genes and a covariate without any relation."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 3))
    features = {f"original_glcm_f{k}": shared @ rng.normal(size=3) + 0.5 * rng.normal(size=n) for k in range(20)}
    features[simulated.VOLUME] = np.exp(shared[:, 0])
    genes = {f"G{k}": (rng.random(n) < 0.4).astype(float) for k in range(10)}
    return simulated.write(folder, features, genes, {"age": rng.normal(size=n)})


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return simulated.planted(tmp_path_factory.mktemp("study"), n=150, n_features=16, n_genes=8)


@pytest.fixture(scope="module")
def found(study):
    return run(study, within="site", shuffled_identities=20, random_features=20)


def test_planted_effects_have_far_more_hits_than_controls(study, found):
    results = study.test()
    own = results[(results["adjustment"] == "full") & (results["q_two_level"] < 0.05)]
    for control in ("shuffled identities", "random features"):
        full = row(found[0], control)
        assert full["n_hits"] == len(own) >= 4
        assert full["n_tested"] == ((results["adjustment"] == "full") & (results["flag"] == "")).sum()
        assert full["ratio_low"] > 3
        assert full["p"] == 1 / 21
        assert row(found[0], control, counted="gene")["n_hits"] == own["gene"].nunique()


def test_hits_are_held_against_the_same_pair(found):
    rows = found[1]
    texture = rows[(rows["gene"] == "TEX") & (rows["adjustment"] == "full")]
    assert (texture["n_runs"] == 20).all()
    assert (texture.loc[texture["feature"].astype(str).str.contains("texture"), "share"] == 0).all()
    assert texture["share_high"].between(0.1, 0.2).any()
    counts = rows.groupby(["adjustment", "control"], observed=True).size()
    for (adjustment, control), n in counts.items():
        assert row(found[0], control, adjustment)["n_hits"] == n


def test_without_associations_data_and_controls_have_alike_many_hits(tmp_path):
    found = []
    for seed in range(60):
        (tmp_path / str(seed)).mkdir()
        # A level of 0.5 gives hits to count; genes do not come in clumps as pairs do.
        rows, _ = run(noise(tmp_path / str(seed), seed), alpha=0.5, shuffled_identities=4, random_features=4)
        genes = [row(rows, kind, counted="gene") for kind in tables.CONTROL_KINDS[:2]]
        found.append([[one["n_hits"], one["control_hits"]] for one in genes])
    hits, in_controls = np.array(found).mean(axis=0).T
    assert (hits > 0.25).all()
    np.testing.assert_allclose(in_controls / hits, 1, atol=0.5)


def test_a_site_that_explains_hits_stays_in_controls_that_exchange_inside_it(study):
    crude = {
        within: row(run(study, within=within, shuffled_identities=10)[0], "shuffled identities", "crude")
        for within in (None, "site")
    }
    assert crude["site"]["control_hits"] > 3  # the gene SITE, site by site
    assert crude[None]["control_hits"] < 0.5
    assert crude["site"]["n_hits"] == crude[None]["n_hits"]


def test_threads_do_not_change_a_byte(study):
    for threads in (1, 2):
        run(study, threads=threads, shuffled_identities=2, random_features=2)
    for name in ("controls", "exceedance"):
        assert (study.folder / f"{name}1.parquet").read_bytes() == (study.folder / f"{name}2.parquet").read_bytes()


def test_synonymous_burden_is_counted_by_pair_tested(tmp_path):
    rng = np.random.default_rng(6)
    n = 100
    tex = (rng.random(n) < 0.4).astype(float)
    features = {simulated.VOLUME: np.exp(rng.normal(size=n)), "original_glcm_a": 2 * tex + rng.normal(size=n)}
    quiet = {f"S{k}:synonymous": (rng.random(n) < 0.4).astype(float) for k in range(4)}
    study = simulated.write(
        tmp_path, features, {"TEX": tex, "TEX:synonymous": tex, **quiet}, {"age": rng.normal(size=n)}
    )
    rows, exceedance = run(study, synonymous=True)
    full = row(rows, "synonymous")
    assert (full["n_runs"], full["n_hits"], full["control_hits"]) == (1, 1, 1)
    assert (full["n_tested"], full["control_tested"]) == (2, 10)
    assert full["ratio"] == pytest.approx(5)
    assert np.isnan(full["ratio_low"])
    assert exceedance.empty


def test_what_is_not_there_is_refused(study):
    with pytest.raises(UnknownClassError, match="synonymous"):
        run(study, synonymous=True)
    with pytest.raises(NoGroupError):
        run(study, within="age", shuffled_identities=2)
