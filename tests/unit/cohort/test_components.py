"""Principal components as covariates: who has them, and what they do in a population of two ancestries."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.pairs import test as run_tests
from radiogenomics.cohort.components import TooFewComponentsError
from radiogenomics.cohort.join import join
from radiogenomics.config import load_section
from radiogenomics.config.models import Config
from radiogenomics.errors import ConfigError
from radiogenomics.genomics.alterations import alterations
from radiogenomics.genomics.quality.command import quality
from radiogenomics.table import read_provenance
from tests.unit.genomics.quality.test_reading import write_bed

N, N_SITES, FST = 240, 3000, 0.05


def feature_rows(values):
    """Rows of one feature; ``values`` by patient."""
    rows = pd.DataFrame({"patient_id": list(values), "value": list(values.values())})
    rows = rows.assign(image_id=rows["patient_id"] + "-ct", role="ct", roi="r", image_type="original", note="")
    return rows.assign(family="firstorder", feature="original_firstorder_Mean", source="native")


def joined(folder, n_components, patients):
    """The command with samples tables and features in ``folder``; returns the patients table and the failures."""
    paths = {name: folder / f"out.{name}" for name in ("table.parquet", "ledger.tsv", "failures.tsv")}
    (folder / "patients.tsv").write_text("patient_id\n" + "".join(f"{name}\n" for name in patients))
    (folder / "images.tsv").write_text(
        "image_id\tpatient_id\trole\tseries\tsegmentation\troi\n"
        + "".join(f"{name}-ct\t{name}\tct\tx{name}\ty{name}\tr\n" for name in patients)
    )
    (folder / "samples.tsv").write_text(
        "patient_id\tsample_id\tvcf\n" + "".join(f"{name}\t{name}\tx.vcf\n" for name in patients)
    )
    pd.DataFrame({"patient_id": patients}).to_parquet(folder / "sequenced.parquet")
    join(
        **{name: folder / f"{name}.tsv" for name in ("patients", "images", "samples")},
        settings=json.dumps({"components": n_components}),
        features=folder / "features.parquet",
        sequenced=[folder / "sequenced.parquet"],
        components=folder / "components.parquet",
        quality=folder / "quality.parquet",
        **{name.partition(".")[0]: path for name, path in paths.items()},
    )
    return tables.PATIENTS.read(paths["table.parquet"]), tables.FAILURES.read(paths["failures.tsv"])


@pytest.fixture
def folder(tmp_path):
    """P1 and P2 have three components, P3 has none, P4 was not looked at."""
    rows = [
        {"patient_id": patient, "component": number, "coordinate": sign * number / 10, "fitted": True, "eigenvalue": 2}
        for patient, sign in (("P1", 1), ("P2", -1), ("P3", np.nan))
        for number in (1, 2, 3)
    ]
    tables.COMPONENTS.write(tables.COMPONENTS.frame(rows), tmp_path / "components.parquet")
    blank = dict.fromkeys(column.name for column in tables.SAMPLE_QUALITY.columns)
    text = {column.name: "" for column in tables.SAMPLE_QUALITY.columns if not column.nullable}
    notes = [blank | text | {"patient_id": name, "note": note} for name, note in (("P1", ""), ("P3", "variants_only"))]
    tables.SAMPLE_QUALITY.write(tables.SAMPLE_QUALITY.frame(notes), tmp_path / "quality.parquet")
    features = feature_rows({name: 1.0 for name in ("P1", "P2", "P3", "P4")})
    tables.FEATURES.write(features, tmp_path / "features.parquet")
    return tmp_path


def test_components_are_covariates_and_who_has_none_is_named(folder):
    table, failed = joined(folder, 2, ["P1", "P2", "P3", "P4"])
    assert list(table.columns[-2:]) == ["PC1", "PC2"]
    np.testing.assert_allclose(table["PC2"], [0.2, -0.2, np.nan, np.nan])
    assert table["included"].all()
    assert failed[["patient_id", "stage", "reason"]].to_numpy().tolist() == [
        ["P3", "cohort", "no_components"],
        ["P4", "cohort", "no_components"],
    ]
    assert ["variants_only" in failed["message"][0], "no sample" in failed["message"][1]] == [True, True]
    settings = read_provenance(folder / "out.table.parquet")["settings"]
    assert (settings["covariates"], settings["components"]) == ({"PC1": "number", "PC2": "number"}, 2)


def test_fewer_components_than_asked_for_stop_the_study(folder):
    with pytest.raises(TooFewComponentsError, match=r"is 4, and genomics\.quality gave 3"):
        joined(folder, 4, ["P1"])


def test_without_the_setting_there_are_none(folder):
    table, failed = joined(folder, 0, ["P1", "P3"])
    assert list(table.columns) == [column.name for column in tables.PATIENTS.columns]
    assert not len(failed)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"cohort": {"components": 1}}, r"needs genomics\.quality\.enabled"),
        (
            {"cohort": {"components": 3}, "genomics": {"quality": {"enabled": True, "n_components": 2}}},
            r"is 3, and genomics\.quality\.n_components 2",
        ),
        (
            {"cohort": {"components": 2, "covariates": {"PC2": "number"}}, "genomics": {"quality": {"enabled": True}}},
            "PC2 is a covariate and a component",
        ),
    ],
)
def test_components_that_cannot_be_are_refused(data, message):
    with pytest.raises(ConfigError, match=message):
        load_section(Config, json.dumps(data))


def test_components_take_away_the_inflation_of_two_ancestries(tmp_path):
    rng = np.random.default_rng(8)
    ancestral = rng.uniform(0.1, 0.9, N_SITES)
    own = rng.beta(*(share * (1 - FST) / FST for share in (ancestral, 1 - ancestral)), (2, N_SITES))
    ancestry = np.repeat([0, 1], [N // 3, N - N // 3])
    bed = write_bed(tmp_path, rng.binomial(2, own[ancestry]).astype(np.int8))
    patients = [f"S{number}" for number in range(N)]
    feature = rng.normal(size=N) + 1.5 * ancestry  # follows ancestry, no variant
    tables.FEATURES.write(
        feature_rows(dict(zip(patients, feature.tolist(), strict=True))), tmp_path / "features.parquet"
    )
    pd.DataFrame({"patient_id": patients}).to_parquet(tmp_path / "people.parquet")
    settings = {"quality": {"hwe_p": 0, "n_components": 3}, "markers": {"dosage": {"files": [str(bed)]}}}
    quality(
        vcf=[bed],
        patients=None,
        samples=None,
        settings=json.dumps(settings),
        table=tmp_path / "quality.parquet",
        relatedness=tmp_path / "relatedness.tsv",
        components=tmp_path / "components.parquet",
        sites=tmp_path / "sites.tsv",
        failures=tmp_path / "failures.tsv",
    )
    alterations(
        settings=json.dumps(settings),
        alterations=tmp_path / "alterations.parquet",
        patients=tmp_path / "people.parquet",
    )
    table, failed = joined(tmp_path, 2, patients)
    assert abs(np.corrcoef(table["PC1"], ancestry)[0, 1]) > 0.95
    assert not len(failed)
    run_tests(
        features=tmp_path / "features.parquet",
        markers=tmp_path / "alterations.parquet",
        covariates=tmp_path / "out.table.parquet",
        settings=json.dumps({"classes": ["dosage"], "volume_feature": None}),
        threads=1,
        results=tmp_path / "results.parquet",
        tsv=None,
        summary=tmp_path / "summary.tsv",
        quantiles=None,
        stability=None,
    )
    summary = tables.SUMMARY.read(tmp_path / "summary.tsv").set_index("adjustment")
    assert summary.loc["crude", "n_tested"] > 2000
    assert summary.loc["crude", "inflation"] > 3
    assert summary.loc["full", "inflation"] == pytest.approx(1, abs=0.1)
    assert summary.loc["full", "n_hits"] == 0
