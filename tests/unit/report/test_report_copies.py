"""Stability and persistence on the page, and what is said where they were not asked for or belong to other features."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.persistence import persist
from radiogenomics.association.stability_table import write_stability
from radiogenomics.config.models import Report
from radiogenomics.config.perturbations import Copies
from radiogenomics.provenance import Provenance
from radiogenomics.report.build import render
from radiogenomics.report.load import load
from radiogenomics.report.sections import copies
from tests.unit.association import simulated

SHAKY = "original_glcm_texture0"
SETTINGS = {"min_icc_low": 0.5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A results folder with four copies; those of one feature hardly resemble it."""
    folder = tmp_path_factory.mktemp("copied") / "association"
    folder.mkdir()
    study = simulated.planted(folder, n=240, n_genes=6)
    rng, frames = np.random.default_rng(2), []
    plain = tables.FEATURES.read(study.tested["features"])
    for number in range(1, 5):
        spread = np.where(plain["feature"] == SHAKY, 2.0, 0.05)
        value = (plain["value"] + spread * rng.normal(size=len(plain))).abs()
        keys = plain[["patient_id", "image_id", "role", "roi", "feature"]]
        frames.append(keys.assign(kind="perturbed", copy=number, value=value, note=""))
    made = {"copies": Copies(perturbations={"copies": 4, "noise": False}).model_dump(mode="json")}
    record = Provenance("radiomics", made)
    tables.COPIES.write(pd.concat(frames, ignore_index=True), folder / "copies.parquet", record)
    shared = {"copies": [folder / "copies.parquet"], "stability": folder / "stability.parquet"}
    text, tested = json.dumps(SETTINGS), study.tested
    write_stability(features=tested["features"], covariates=tested["covariates"], settings=text, **shared)
    study.test(text, stability=shared["stability"])
    study.audit(text)
    persist(**tested, **shared, settings=text, threads=1, persistence=folder / "persistence.parquet")
    return folder.parent


@pytest.fixture(scope="module")
def run(folder):
    return load(folder)


def words(html, section="audits"):
    part = html.split(f'<section id="{section}"')[1].split("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", part))


def test_features_are_counted_by_family_and_those_left_out_are_stated(run):
    (group,) = copies.stability(run, run.audits.stability)
    n = run.results["feature"].nunique()
    by_family = {row["family"]: row for row in group["rows"]}
    assert by_family["all"]["n"] == n == group["n_features"]
    assert by_family["all"]["beyond"] == [n - 1] * 3
    assert by_family["shape"]["n"] == 1
    assert group["n_passed"] == n - 1
    shown = words(render(run, "copied", Report()))
    assert f"A feature is tested if its lower bound reaches 0.5: {n - 1} of {n}." in shown
    assert "over 4 copies of the images of up to 240 analysed patients" in shown


def test_hits_are_shown_with_the_share_of_copies_that_find_them(run):
    table = run.audits.persistence
    assert SHAKY not in set(table["feature"])
    (group,) = copies.persistence(table)
    assert group["n"] == len(table) >= 2
    assert group["n_always"] == (table["n_hits"] == 4).sum() > 0
    shown = words(render(run, "copied", Report()))
    assert "4 of 4" in shown
    assert "Each of 4 copies of the cohort was tested like the data" in shown


def test_the_methods_state_the_strengths_and_the_limit(run):
    methods = words(render(run, "copied", Report()), "methods")
    expected = (
        "features were extracted again from 4 perturbed copies of each image (rotation of up to 6°, translation of"
        " up to 0.5 voxel along each axis, change of the region's volume by up to 10 % and contours randomised by"
        " supervoxels, each drawn anew; after Zwanenburg et al. 2019)"
    )
    assert expected in methods.replace("&#39;", "'")
    assert "features with a lower bound below 0.5 were not tested" in methods


def test_a_hit_of_a_finished_table_has_no_copies(run):
    table = run.audits.persistence.copy()
    table.loc[table.index[0], ["n_copies", "n_hits"]] = 0
    table.loc[table.index[0], ["share", "median_neg_log10_p"]] = np.nan
    changed = dataclasses.replace(run, audits=dataclasses.replace(run.audits, persistence=table))
    assert "of a finished table, which has no copies" in words(render(changed, "copied", Report()))


def test_without_copies_the_section_says_how_to_ask_for_them(run):
    none = dataclasses.replace(run, audits=dataclasses.replace(run.audits, stability=None, persistence=None))
    shown = render(none, "none", Report())
    assert "No perturbed copies were asked for (radiomics.perturbations.copies)" in words(shown)
    assert "perturbed copies of each image" not in words(shown, "methods")


def test_without_a_hit_there_was_nothing_to_look_for(run):
    empty = dataclasses.replace(
        run, audits=dataclasses.replace(run.audits, persistence=run.audits.persistence.iloc[:0])
    )
    assert "There was no hit to look for in the perturbed copies." in words(render(empty, "none", Report()))


def test_stability_of_other_features_is_not_shown(run, folder, tmp_path):
    other = tmp_path / "association"
    other.mkdir()
    for path in (folder / "association").glob("*.*"):
        (other / path.name).write_bytes(path.read_bytes())
    study = simulated.Files(other)
    frame = tables.FEATURES.read(study.tested["features"])
    tables.FEATURES.write(frame.assign(value=frame["value"] + 1), study.tested["features"])
    study.audit()
    assert run.audits.stability is not None
    found = load(tmp_path).audits
    assert found.stability is None
    assert found.persistence is None
