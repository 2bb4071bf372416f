"""Tests of sets on the page: numbers of each method, QQ plots, hits, methods; nothing of it where none were made."""

import dataclasses
import json
import re

import pytest

from radiogenomics.config.models import Report
from radiogenomics.report.audits import Audits
from radiogenomics.report.build import render
from radiogenomics.report.load import load
from radiogenomics.report.sections import sets
from tests.unit.association import test_sets


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tested") / "association"
    folder.mkdir()
    study, _, _ = test_sets.planted(folder)
    settings = {**test_sets.SETTINGS, "classes": ["rare", "lof_only"]}
    study.test(json.dumps(settings))
    study.audit(json.dumps(settings))
    test_sets.run(study, settings)
    return load(folder.parent)


def section_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.split('<section id="sets"')[1].split("</section>")[0]))


def test_the_page_states_numbers_hits_and_methods(run):
    page = render(run, "sets", Report())
    shown = section_of(page)
    summary = run.audits.set_summary
    assert '<a href="#sets">' in page
    assert "12 sets with a carried variant" in shown
    assert page.split('<section id="sets"')[1].split("</section>")[0].count("QQ plot, ") == 4
    assert f"SKAT-O, {summary['n_tested'].iloc[0]} tests" in shown
    assert "G0" in shown
    assert "original_glcm_both0" in page.split('<section id="sets"')[1].replace("<wbr>", "")
    assert "Copies of the rarer allele were weighted by the Beta(1, 25) density" in re.sub(r"\s+", " ", page)


def test_leading_hits_have_the_p_of_every_method(run):
    found = sets.section(run)
    results = run.audits.set_results
    hits = results[(results["adjustment"] == "full") & (results["q_two_level"] < 0.05)]
    assert found["n_hits"] == len(hits.drop_duplicates(["feature", "gene", "mask"]))
    assert all(set(row["p"]) == set(sets.NAMES) for row in found["rows"])
    assert found["rows"][0]["gene"] == "G0"


def test_without_hits_or_tests_the_page_says_so(run):
    results = run.audits.set_results.assign(q_two_level=1.0)
    quiet = dataclasses.replace(run, audits=dataclasses.replace(run.audits, set_results=results))
    assert "No set is a hit by any method under the adjustment full." in section_of(render(quiet, "", Report()))
    summary = run.audits.set_summary.assign(n_tested=0)
    reason = results.assign(flag="copies below the configured minimum")
    none = dataclasses.replace(run.audits, set_results=reason, set_summary=summary)
    shown = section_of(render(dataclasses.replace(run, audits=none), "", Report()))
    assert "No set could be tested." in shown
    assert f"copies below the configured minimum ( {len(reason)} )".replace(" ", "") in shown.replace(" ", "")


def test_a_study_without_sets_has_no_such_section(run):
    page = render(dataclasses.replace(run, audits=Audits()), "bare", Report())
    assert '<section id="sets"' not in page
    assert "#sets" not in page
    assert "Sets of variants" not in page.split('id="methods"')[1].split("data dictionary")[0]
