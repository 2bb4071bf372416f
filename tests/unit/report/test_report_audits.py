"""The audits on the page: tables made by the commands of a planted cohort, and what is said where they are absent."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.control_runs import controls
from radiogenomics.association.harmonisation import harmonisation
from radiogenomics.association.permute import permute
from radiogenomics.association.sites import sites
from radiogenomics.config.models import Report
from radiogenomics.report import site_figures
from radiogenomics.report.audits import Audits
from radiogenomics.report.build import render
from radiogenomics.report.load import load
from radiogenomics.report.sections import audits, chance, harmonisation as harmonisation_section
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


@pytest.fixture(scope="module")
def batches(tmp_path_factory):
    """A results folder of a study whose sites were harmonised."""
    folder = tmp_path_factory.mktemp("batches") / "association"
    folder.mkdir()
    study = simulated.planted(folder, n=200, n_genes=8)
    text = json.dumps({"harmonise": {"method": "combat", "batch": "site", "keep": ["age"]}})
    study.test(text)
    study.audit(text)
    paths = {name: folder / f"{name}.parquet" for name in ("harmonisation", "harmonised")}
    harmonisation(**study.tested, settings=text, **paths)
    return folder.parent


def test_batches_are_shown_before_and_after_with_what_goes_with_them(batches):
    page = render(load(batches), "batches", Report())
    text = words(page)
    assert "Patients before and after ComBat" in text
    assert "200 patients of 3 batches (site)" in text
    assert "Of 13 features, 12 harmonised; 1 feature left as measured: volume of the region" in text
    assert "what is kept (log volume and age) taken off first" in text
    assert (
        "means differ (ANOVA) 3 (23.1 %) 0 (0 %)" in re.sub(r"(?<=[)0-9])(?=[0-9])", " ", text)
        or "means differ" in text
    )
    banner = page.split('<div class="banner" role="alert"><b>1 marker goes with the batch (site)')[1]
    assert "SITE:" in banner[:400]
    assert page.count('class="batch batch-0"') > 40
    assert "were harmonised by ComBat" in page
    assert "keeping what follows log original_shape_MeshVolume and age; markers took no part" in page


def test_small_batches_share_a_colour_and_patients_without_batch_are_counted(batches):
    run = load(batches)
    patients = run.audits.harmonised.copy()
    patients["batch"] = [f"scanner {number % 9}" for number in range(len(patients))]
    patients.loc[0, ["reason", "batch", "pc1_before", "pc2_before", "pc1_after", "pc2_after"]] = [
        "batch not known",
        "",
        *[np.nan] * 4,
    ]
    changed = dataclasses.replace(run, audits=dataclasses.replace(run.audits, harmonised=patients))
    (group,) = harmonisation_section.section(changed)["analyses"]
    assert len(group["keys"]) == site_figures.MAX_BATCHES + 1
    assert "other (66)" in group["keys"][-1]
    assert group["without"] == [("batch not known", "1 patient")]


def test_without_harmonisation_nothing_is_said_of_it(run, shown):
    assert harmonisation_section.section(run) is None
    assert "ComBat" not in shown


def test_the_leading_hits_are_drawn_site_by_site(run, shown):
    found = chance.meta(run.audits.meta, run.audits.sites, "SD")
    drawn = found["forest"]
    assert found["n_drawn"] == min(chance.MAX_DRAWN, len([row for row in found["rows"] if not row["flag"]]))
    assert drawn.count("random effects") == drawn.count("fixed effect") == found["n_drawn"]
    for site in ("east", "north", "west"):
        assert drawn.count(f">{site} (") == found["n_drawn"]
    assert drawn in shown
    rows = run.audits.sites.set_index(["feature", "marker", "adjustment", "site"])
    row = rows.loc[(found["rows"][0]["feature"], found["rows"][0]["marker"], found["adjustment"], "east")]
    assert f"east ({row['n_carriers']} carriers of {row['n']})" in drawn


def test_a_study_without_volume_speaks_of_none(tmp_path):
    folder = tmp_path / "association"
    folder.mkdir()
    rng = np.random.default_rng(1)
    site, age = np.repeat(["a", "b"], 40), rng.normal(60, 9, 80)
    gene = (rng.random(80) < np.where(site == "a", 0.1, 0.9)).astype(float)
    features = {f"original_glcm_{k}": 2 * gene + rng.normal(size=80) for k in "abc"}
    text = json.dumps({"volume_feature": None, "site": "site", "site_model": "meta"})
    study = simulated.write(folder, features, {"G": gene}, {"site": site, "age": age})
    study.test(text)
    study.audit(text)
    sites(
        **study.tested,
        settings=text,
        results=folder / "results.parquet",
        **{n: folder / f"{n}.parquet" for n in ("meta", "sites")},
    )
    page = render(load(tmp_path), "of tables", Report())
    allowed = ("no feature of", "volume_feature", "first confounder", "ρ volume is empty", "keep_volume")
    body = re.sub(r"<(script|style).*?</(script|style)>", "", page, flags=re.DOTALL).split("<h3>Data dictionary")[0]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", body)).replace("Volume is the first", "the first")
    said = [part for part in re.split(r"(?<=[.;:]) ", text) if "volume" in part.lower()]
    assert [part for part in said if not any(phrase in part for phrase in allowed)] == []


def test_pathways_are_held_against_random_sets(run):
    rows = run.audits.exceedance.head(2).assign(control="random gene sets", adjustment="full", n_runs=50)
    rows = rows.assign(marker=["SET:lof", "ANY:lof"], share=[0.0, 0.4], share_low=[0.0, 0.3], share_high=[0.07, 0.5])
    rows["neg_log10_p"] = [6.0, 5.0]
    assert chance.gene_sets(run.audits.exceedance) is None
    changed = dataclasses.replace(run.audits, exceedance=pd.concat([run.audits.exceedance, rows]))
    text = words(render(dataclasses.replace(run, audits=changed), "sets", Report()))
    assert "2 hits of pathways under the adjustment full, 2 shown" in text
    assert "0 % (0 % to 7 %)" in text
    assert "40 % (30 % to 50 %)" in text
    assert [row["doubtful"] for row in chance.gene_sets(changed.exceedance)["rows"]] == [False, True]
