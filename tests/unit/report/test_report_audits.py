"""The audits on the page: tables made by the commands of a planted cohort, and what is said where they are absent."""

import dataclasses
import json
import re

import numpy as np
import pytest

from radiogenomics import tables
from radiogenomics.association.control_runs import controls
from radiogenomics.association.permute import permute
from radiogenomics.association.sites import sites
from radiogenomics.config.models import Report
from radiogenomics.report.audits import Audits
from radiogenomics.report.build import render
from radiogenomics.report.load import load
from radiogenomics.report.sections import audits, chance
from tests.unit.association import simulated

SETTINGS = {
    "permutations": 99,
    "exchange_within": "site",
    "controls": {"shuffled_identities": 3, "random_features": 3},
    "site": "site",
    "site_model": "meta",
    "min_carriers": 3,
}


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A results folder with every audit."""
    folder = tmp_path_factory.mktemp("audited") / "association"
    folder.mkdir()
    study = simulated.planted(folder, n=200, n_genes=8)
    text = json.dumps(SETTINGS)
    study.test(text)
    study.audit(text)
    permute(**study.tested, settings=text, threads=1, permutation=folder / "permutation.parquet")
    paths = {name: folder / f"{name}.parquet" for name in ("controls", "exceedance")}
    controls(**study.tested, settings=text, threads=1, **paths)
    paths = {name: folder / f"{name}.parquet" for name in ("meta", "sites")}
    sites(**study.tested, settings=text, results=folder / "results.parquet", **paths)
    return folder.parent


@pytest.fixture(scope="module")
def run(audited):
    return load(audited)


@pytest.fixture(scope="module")
def shown(run):
    return render(run, "audited", Report())


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html.split('<section id="audits"')[1].split("</section>")[0]))


def test_a_marker_that_goes_with_the_site_has_a_badge_beside_its_hits(run, shown):
    found = audits.badges(run)
    assert found[("ct", "SITE:non_silent")] == "goes with site"
    assert found[("ct", "VOL:non_silent")] == "goes with volume"
    assert set(found) == {("ct", "SITE:non_silent"), ("ct", "VOL:non_silent")}
    hits = shown.split('<section id="hits"')[1].split("</section>")[0]
    row = next(part for part in hits.split("<tr>") if "SITE:" in part)
    assert 'class="badge flag"' in row
    assert "badge flag" not in next(part for part in hits.split("<tr>") if "TEX:" in part)


def test_a_marker_that_is_the_site_is_said_so(run):
    table = run.audits.confounding.copy()
    rows = (table["name"] == "SITE:non_silent") & (table["verdict"] != "")
    table.loc[rows, "verdict"] = "refuse"
    refused = dataclasses.replace(run, audits=dataclasses.replace(run.audits, confounding=table))
    assert audits.badges(refused)[("ct", "SITE:non_silent")] == "cannot be told from site"
    assert "cannot be told apart" in words(render(refused, "refused", Report()))


def test_hits_are_counted_once_for_like_features(run):
    full = {row["adjustment"]: row for row in audits.clusters(run, run.audits.redundancy)}["crude"]
    results = run.results[(run.results["adjustment"] == "crude") & (run.results["q_two_level"] < 0.05)]
    medoid = run.audits.redundancy.set_index("feature")["medoid"]
    pairs = {(medoid[row.feature], row.marker) for row in results.itertuples()}
    assert (full["n_hits"], full["n_distinct"]) == (len(results), len(pairs))
    assert full["n_distinct"] < full["n_hits"]


def test_features_beyond_the_limit_are_counted_by_covariate(run):
    found = {row["confounder"]: row for row in audits.confounders(run, run.audits.confounding)}
    assert set(found) == {"volume", "site", "age"}
    assert found["site"]["bound"] == 0.25
    assert found["site"]["n_beyond"] == 3
    assert found["volume"]["n_beyond"] == 4  # the volume itself and its copies
    assert found["age"]["n_beyond"] == 0


def test_every_part_states_what_it_is_made_of(shown):
    text = words(shown)
    for phrase in (
        "reaches 0.5",
        "99 permutations of the residuals under the adjustment full inside levels of site",
        "80 % power",
        "shuffled identities",
        "Hits in each site alone, pooled",
        "cannot exceed the number of patients",
        "|ρ| of at least 0.9",
    ):
        assert phrase in text, phrase
    assert "Audits." in shown
    assert "nan" not in text.lower().replace("finan", "")


def test_a_ratio_without_a_hit_in_the_controls_is_a_bound(run):
    rows = [row for row in chance.controls(run.audits.controls, run.audits.exceedance) if row["counted"] == "pair"]
    for row in rows:
        assert row["ratio"].startswith(">") == (row["control_hits"] == 0 and row["n_hits"] > 0)
    assert [row["control"] for row in rows][:3] == ["shuffled identities"] * 3


def test_without_audits_the_page_says_what_to_ask_for(run):
    text = words(render(dataclasses.replace(run, audits=Audits()), "bare", Report()))
    assert "association/confounding.parquet is absent" in text
    assert "No permutations were asked for" in text
    assert "No negative controls were asked for" in text
    assert "No covariate is named as the site" in text


def test_tables_of_audits_that_are_not_asked_for_any_more_are_left_out(audited, tmp_path):
    (tmp_path / "association").mkdir()
    for name in ("f.parquet", "m.parquet", "c.tsv", "summary.tsv", *(f"{t}.parquet" for t in ("permutation", "meta"))):
        (tmp_path / "association" / name).write_bytes((audited / "association" / name).read_bytes())
    assert Audits.read(tmp_path).permutation is not None
    simulated.Files(tmp_path / "association").audit('{"site": "site"}')
    found = Audits.read(tmp_path)
    assert found.permutation is None
    assert found.meta is None
    assert found.settings["site"] == "site"


def test_a_study_without_hits_or_testable_pairs_still_has_a_page(tmp_path):
    folder = tmp_path / "association"
    folder.mkdir()
    rng = np.random.default_rng(1)
    features = {simulated.VOLUME: np.exp(rng.normal(size=30)), "original_glcm_a": rng.normal(size=30)}
    study = simulated.write(folder, features, {"RARE": (np.arange(30) < 2) * 1.0}, {"site": np.repeat(["a", "b"], 15)})
    text = json.dumps(SETTINGS)
    study.test(text)
    study.audit(text)
    permute(**study.tested, settings=text, threads=1, permutation=folder / "permutation.parquet")
    paths = {name: folder / f"{name}.parquet" for name in ("controls", "exceedance")}
    controls(**study.tested, settings=text, threads=1, **paths)
    paths = {name: folder / f"{name}.parquet" for name in ("meta", "sites")}
    sites(**study.tested, settings=text, results=folder / "results.parquet", **paths)
    assert tables.META.read(folder / "meta.parquet").empty
    text = words(render(load(tmp_path), "empty", Report()))
    assert "No pair could be permuted" in text
    assert "There was no hit to estimate in each site" in text
