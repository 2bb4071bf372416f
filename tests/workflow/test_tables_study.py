"""A study of tables alone through the whole workflow: numbers and carriers, covariates, no images, no volume."""

import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from radiogenomics import tables
from radiogenomics.association.design import rank_normal
from tests.workflow.studies import radiogenomics, run

N = 60
CONFIG = """\
cohort:
  images: null
  samples: null
  covariates: {age: number}
  outcomes: {os: {time: days, event: died}}
radiomics:
  tables:
    deep: {file: features.csv.gz, patient_id: ID, exclude: [scanner]}
genomics:
  markers:
    tables:
      lab: {file: markers.csv, values: {positive: altered, negative: wild_type}, columns: [HER2]}
      panel: {file: markers.csv, columns: [TMB]}
association: {classes: [lab, panel], volume_feature: null}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """60 patients; the last two have no features, the one before no marker. Feature 0 follows TMB."""
    folder, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(4)
    names = [f"P{number:03d}" for number in range(N)]
    tmb, her2 = rng.gamma(2, 3, N), rng.choice(["positive", "negative"], N)
    values = rng.normal(size=(N, 6))
    values[:, 0] += 0.8 * stats.zscore(tmb)
    frame = pd.DataFrame(values, columns=[f"f{number}" for number in range(6)]).assign(ID=names, scanner="A")
    (folder / "config").mkdir()
    frame[:-2].to_csv(folder / "config" / "features.csv.gz", index=False)
    markers = pd.DataFrame({"patient_id": names, "HER2": her2, "TMB": tmb})
    markers.drop(index=N - 3).to_csv(folder / "config" / "markers.csv", index=False)
    rows = zip(names, rng.integers(30, 80, N), np.ceil(rng.exponential(900 / np.exp(values[:, 1]))), strict=True)
    lines = "".join(f"{name}\t{age}\t{days:.0f}\t{'yes' if days < 2000 else 'no'}\n" for name, age, days in rows)
    (folder / "config" / "patients.tsv").write_text(f"patient_id\tage\tdays\tdied\n{lines}")
    (folder / "config" / "config.yaml").write_text(CONFIG)
    return folder, frame, markers


def test_tables_become_a_report(study):
    folder, frame, markers = study
    checked = radiogenomics("check", "--config", folder / "config" / "config.yaml")
    assert "outcome os:" in checked.stdout
    assert (checked.returncode, checked.stdout.count("no_features"), checked.stdout.count("no_markers")) == (3, 2, 1)
    assert run(folder, "--cores", "2").returncode == 0
    results = folder / "results"
    ledger = tables.LEDGER.read(results / "cohort" / "ledger.tsv")
    assert ledger["n_patients"].tolist() == [N, 2, 1, N - 3]
    found = tables.RESULTS.read(results / "association" / "results.parquet")
    assert len(found) == 2 * 2 * 6
    assert set(found["adjustment"]) == {"crude", "full"}
    assert found["n_carriers"].isna().tolist() == (found["marker"] == "TMB:panel").tolist()
    row = found[(found["feature"] == "deep_f0") & (found["marker"] == "TMB:panel") & (found["adjustment"] == "crude")]
    y, x = rank_normal(frame[["f0"]].to_numpy()[: N - 3])[:, 0], stats.zscore(markers["TMB"][: N - 3], ddof=1)
    wanted = stats.linregress(x, y)
    assert row["effect"].item() == "SD per SD of the marker"
    assert row["estimate"].item() == pytest.approx(wanted.slope, rel=1e-9)
    assert row["p"].item() == pytest.approx(wanted.pvalue, rel=1e-9)
    page = (results / "report" / "index.html").read_text()
    survival = tables.SURVIVAL.read(results / "association" / "survival.parquet")
    assert len(survival) == 2 * (6 + 2)
    leading = survival[survival["kind"] == "feature"].sort_values("p").iloc[0]
    assert (leading["name"], leading["method"]) == ("deep_f1", "Cox fit")
    assert leading["log_hr"] > 0
    for text in (
        "Kaplan–Meier curves of os",
        "ties after Efron",
        "The study has no images",
        "nothing was adjusted for it",
        "no variant files",
        "under two adjustments",
    ):
        assert text in page, text
    again = run(folder, "--dry-run")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_mixed_model_follows_its_matrix(study, tmp_path):
    """Families of two; the matrix lacks one patient, and another matrix tests again but extracts nothing anew."""
    folder = shutil.copytree(study[0], tmp_path / "study")
    config, matrix = folder / "config" / "config.yaml", folder / "config" / "k.csv"
    settings = "volume_feature: null, model: mixed, kinship: k.csv}"
    config.write_text(CONFIG.replace("volume_feature: null}", settings))
    names = [f"P{number:03d}" for number in range(N - 1, 0, -1)]
    family = np.array([int(name[1:]) // 2 for name in names])
    seen = []
    for alike in (0.5, 0.0):
        related = np.where(family[:, None] == family, alike, 0.0) + (1 - alike) * np.eye(N - 1)
        pd.DataFrame(related, names, names).to_csv(matrix, index_label="patient_id")
        if not seen:
            told = radiogenomics("check", "--config", config)
            assert "is not known of 1 of 60 patients" in told.stderr
        assert run(folder, "--cores", "2").returncode == 0
        seen.append(tables.RESULTS.read(folder / "results" / "association" / "results.parquet"))
    first, second = seen
    assert (first["n"] == N - 4).all()
    assert set(first["method"]) == {"mixed model"}
    assert (first["p"] != second["p"]).any()
    page = (folder / "results" / "report" / "index.html").read_text()
    assert "a random effect of relatedness, as k.csv has it" in page
    assert "crude: feature ~ (1 | relatedness) + carrier" in page
