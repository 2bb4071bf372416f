"""What the page says of the quality of variants."""

import dataclasses

import pytest

from radiogenomics import tables
from radiogenomics.config.models import Report
from radiogenomics.report.build import render
from radiogenomics.report.load import load
from radiogenomics.report.sections import variants

REMARKS = [
    {"file": "P1.vcf", "kind": "half_call", "action": "noted", "line": 7, "n": 2, "example": "S1 has ./1"},
    {"file": "P2.vcf", "kind": "half_call", "action": "noted", "line": 9, "n": 3, "example": "S2 has ./1"},
    {"file": "P2.vcf", "kind": "duplicate", "action": "left_out", "line": 12, "n": 1, "example": "1-5-A-C"},
]


def quality(patient, flags="", **numbers):
    empty = {column.name: None for column in tables.SAMPLE_QUALITY.columns if column.nullable}
    texts = {"sample_id": "s", "file": "a.bcf", "note": "", "group": "", "inferred_sex": "", "stated_sex": ""}
    return {"patient_id": patient, "flags": flags, **texts, **empty, **numbers}


def components(fitted):
    rows = []
    for patient, known in fitted.items():
        for number in (1, 2, 3):
            coordinate = 0.1 * number + len(patient)
            row = {"patient_id": patient, "component": number, "coordinate": coordinate, "fitted": known}
            rows.append(row | {"eigenvalue": 4.0 - number})
    return tables.COMPONENTS.frame(rows)


@pytest.fixture(scope="module")
def run(study):
    pair = {"patient_1": "P1", "patient_2": "P2", "degree": "duplicate", "kinship": 0.4987, "n_sites": 900, "ibs0": 0.0}
    join = {"resource": "gnomad", "file": "g.vcf", "n_variants": 1200, "n_joined": 300, "join_rate": 0.25, "n_above": 7}
    rows = [quality("P1", "related;sex_mismatch", f=0.31, ti_tv=2.1), quality("P2", f=-0.01, ti_tv=2.3)]
    site = {"file": "", "step": "relatedness", "reason": "hardy_weinberg", "n_sites": 1234}
    return dataclasses.replace(
        load(study),
        remarks=tables.REMARKS.frame(REMARKS),
        joins=tables.JOINS.frame([join]),
        sample_quality=tables.SAMPLE_QUALITY.frame(rows),
        relatedness=tables.RELATEDNESS.frame([pair]),
        components=components({"P1": True, "P22": False}),
        site_counts=tables.SITE_COUNTS.frame([site]),
    )


def test_oddities_are_counted_by_kind_and_name_nobody(run):
    found = variants.section(run)["remarks"]
    assert found == [
        {"kind": "duplicate", "action": "left out", "files": "1", "n": "1"},
        {"kind": "half call", "action": "read", "files": "2", "n": "5"},
    ]


def test_two_batches_that_read_one_file_count_its_oddities_once(run, study, tmp_path):
    paths = [tmp_path / f"b00{number}.remarks.tsv" for number in range(2)]
    for path in paths:
        tables.REMARKS.write(run.remarks, path)
    found = load(study, genomics=paths)
    assert variants.section(found)["remarks"] == variants.section(run)["remarks"]


def test_flagged_samples_stand_with_their_numbers(run):
    found = variants.section(run)["quality"]
    assert (found["n"], found["n_flagged"]) == (2, 1)
    assert found["rows"][0].flags == ["related", "sex mismatch"]
    assert found["rows"][0].cells == ["–", "0.310", "2.10", "–", "–", "–"]
    assert dict(found["typical"]) == {"F": "0.150 (−0.010 to 0.310)", "Ti/Tv": "2.20 (2.10 to 2.30)"}


def test_projected_samples_are_told_from_fitted_ones(run):
    found = variants.section(run)["components"]
    assert (found["n"], found["n_projected"]) == (2, 1)
    assert found["picture"].count("<circle") == 2
    assert 'class="bar-unknown"><title>P22</title>' in found["picture"]


def test_one_component_makes_no_figure(run):
    single = run.components[run.components["component"] == 1]
    assert variants.section(dataclasses.replace(run, components=single))["components"] is None


def test_page_shows_all_of_it(run):
    page = render(run, "Study", Report())
    for words in ("half call", "gnomad", "25 %", "sex mismatch", "0.499", "duplicate", "1\u202f234", "hardy weinberg"):
        assert words in page, words
    assert "S1 has ./1" not in page


def test_page_without_these_tables_says_so(study):
    page = render(load(study), "Study", Report())
    assert "oddities of variant files cannot be shown" in page
    assert "Flagged samples" not in page
