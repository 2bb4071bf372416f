"""The section Survival: there with outcomes only, with numbers of the tables and curves that can be read."""

import re

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.survival import survival
from radiogenomics.report import curves
from radiogenomics.report.build import build
from radiogenomics.report.load import load
from radiogenomics.report.sections import survival as section
from tests.unit.association import simulated

N = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A results folder with an outcome that one feature shortens and that no carrier of SAFE has."""
    made, rng = tmp_path_factory.mktemp("survival"), np.random.default_rng(2)
    (made / "association").mkdir()
    features = {simulated.VOLUME: np.exp(rng.normal(size=N)), "original_glcm_<acts>": rng.normal(size=N)}
    time = np.ceil(rng.exponential(400 / np.exp(features["original_glcm_<acts>"])))
    died = (time < 900).astype(int)
    genes = {"SAFE": ((time >= 900) * 1.0), "NOISE": (rng.random(N) < 0.4).astype(float)}
    study = simulated.write(made, features, genes, {"age": rng.normal(60, 9, N)})
    study.test()
    (made / "results.parquet").rename(made / "association" / "results.parquet")
    patients = [f"P{number:04d}" for number in range(N)]
    outcome = pd.DataFrame({"outcome": "os", "patient_id": patients, "time": np.minimum(time, 900), "event": died})
    tables.OUTCOMES.write(outcome.astype({"event": "Int8"}), made / "o.parquet")
    paths = {"table": made / "association" / "survival.parquet"}
    paths["curves"] = made / "association" / "survival_curves.parquet"
    survival(**study.tested, outcomes=made / "o.parquet", settings="{}", **paths)
    return made


@pytest.fixture(scope="module")
def html(folder):
    build(results=folder, output=folder / "report", title="t", settings="{}")
    return (folder / "report" / "index.html").read_text(encoding="utf-8")


def test_a_study_without_outcomes_has_no_section(folder, tmp_path, html):
    build(results=folder, output=tmp_path, title="t", settings="{}", no_survival=True)
    other = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="#survival"' in html
    assert "Survival. " not in other
    assert 'id="survival"' not in other
    assert 'href="#survival"' not in other


def test_ratios_counts_and_words_are_those_of_the_table(folder, html):
    run = load(folder)
    (group,) = section.section(run)["groups"]
    table = tables.SURVIVAL.read(folder / "association" / "survival.parquet")
    row = table[(table["name"] == "original_glcm_<acts>") & (table["adjustment"] == "full")].iloc[0]
    shown = next(line for line in group["rows"] if line["name"] == "original_glcm_<acts>")
    ratio = f"{np.exp(row['log_hr']):.2f} ({np.exp(row['ci_low']):.2f} to {np.exp(row['ci_high']):.2f})"
    assert shown["cells"][2]["ratio"] == ratio
    assert shown["cells"][2]["hit"]
    safe = next(line for line in group["rows"] if line["name"] == "SAFE:non_silent")
    assert safe["cells"][2]["ratio"] == "–"
    families = {(row["kind"], row["adjustment"]): row for row in group["families"]}
    assert families["marker", "full"]["n_unsettled"] == 1
    assert families["feature", "crude"]["n_tested"] == 2
    assert "original_<wbr>glcm_<wbr>&lt;acts&gt;" in html
    assert "those with p up to 0.05 were fitted" in html
    assert "1 did not settle" in html


def test_curves_have_the_patients_at_risk_below_them(folder, html):
    drawn = section.figures_of(load(folder), "ct", "os")
    assert [item["kind"] for item in drawn] == ["marker", "feature"]
    (feature,) = (item for item in drawn if item["kind"] == "feature")
    assert sum(n for _, _, n, _ in feature["groups"]) == N
    picture = str(feature["figure"])
    assert picture.count("<polyline") == 2
    assert [int(n) for n in re.findall(r">(\d+)</text>", picture) if n == "60"] == [60, 60]
    assert picture in html


def test_a_curve_goes_along_and_then_down():
    steps = pd.DataFrame(
        {"time": [0.0, 4.0, 10.0], "survival": [1.0, 0.5, 0.5], "n_risk": [2, 2, 1], "n_censored": [0, 0, 1]}
    )
    curve = curves.Curve("all", "curve-low", steps)
    assert [curve.at_risk(time) for time in (0, 4, 5, 10, 11)] == [2, 2, 1, 1, 0]
    (points,) = re.findall(r'points="([^"]+)"', str(curves.kaplan_meier([curve], "label", "days")))
    xy = [tuple(map(float, point.split(","))) for point in points.split()]
    assert [x for x, _ in xy] == [64, 240, 240, 504, 504]
    assert [y for _, y in xy] == [12, 12, 137, 137, 137]
