"""A cohort of images through the commands: copies, stability, its limit, tests, persistence, controls."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.cli import main
from tests.unit.radiomics import copied

N, CARRIERS, COPIES = 12, 5, 4
WANTED = {"perturbations": {"copies": COPIES}, "shuffled_voxels": 3, "random_regions": 3}
SETTINGS = {
    "min_patients": 10,
    "min_carriers": 3,
    "min_icc_low": 0.5,
    "controls": {"shuffled_voxels": 3, "random_regions": 3},
}
MEAN, VOLUME = "original_firstorder_Mean", "original_shape_VoxelVolume"
TEXTURE = "original_glszm_SmallAreaEmphasis"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Carriers have brighter regions; the texture of all is white noise."""
    folder = tmp_path_factory.mktemp("cohort")
    names, rng = [f"P{number:02d}" for number in range(N)], np.random.default_rng(3)
    carries = np.isin(np.arange(N), rng.permutation(N)[:CARRIERS])
    for number, name in enumerate(names):
        copied.write_patient(folder, name, rng.uniform(0.75, 1.3), number, mean=60 + 40 * carries[number])
    batches = [copied.extracted(folder, part, f"b{part[0]}", WANTED) for part in (names[:6], names[6:])]
    state = np.where(carries, "altered", "wild_type")
    marker = {"marker": "GENE:non_silent", "gene": "GENE", "consequence_class": "non_silent"}
    tables.ALTERATIONS.write(pd.DataFrame({"patient_id": names, "state": state, **marker}), folder / "m.parquet")
    pd.DataFrame({"patient_id": names}).to_csv(folder / "c.tsv", sep="\t", index=False)
    parts = [batch["features.parquet"] for batch in batches]
    copies = ["--copies", *(batch["copies.parquet"] for batch in batches)]
    tested = ["--features", folder / "f.parquet", "--markers", folder / "m.parquet", "--covariates", folder / "c.tsv"]
    settings = ["--settings", json.dumps(SETTINGS)]
    stable = ["--stability", folder / "stability.parquet"]
    commands = (
        ["radiomics", "gather", "--parts", *parts, "--features", folder / "f.parquet"],
        ["association", "stability", *tested[:2], *tested[4:], *copies, *settings, *stable],
        ["association", "test", *tested, *settings, *stable, "--results", folder / "results.parquet"],
        [
            "association",
            "persistence",
            *tested,
            *settings,
            *stable,
            *copies,
            "--persistence",
            folder / "persistence.parquet",
        ],
        [
            *("association", "controls", *tested, *settings, *stable, *copies),
            *("--controls", folder / "controls.parquet", "--exceedance", folder / "exceedance.parquet"),
        ],
    )
    for command in commands:
        assert main([str(word) for word in command]) == 0
    return folder


def read(table, results, name):
    frame = table.read(results / f"{name}.parquet")
    return frame.astype({column: str for column in frame.columns if frame[column].dtype == "category"})


def test_volume_and_mean_are_stable_and_the_texture_of_noise_is_not(results):
    rows = read(tables.STABILITY, results, "stability").set_index("feature")
    assert (rows.loc[[MEAN, VOLUME], ["n", "k"]] == [N, COPIES]).all(axis=None)
    assert rows.loc[[MEAN, VOLUME], "icc_low"].min() > 0.8
    assert rows.loc[[MEAN, VOLUME], "passes"].all()
    unstable = rows.loc[TEXTURE]
    assert unstable["icc"] < 0.3
    assert not unstable["passes"]


def test_what_is_not_stable_is_not_tested(results):
    rows = read(tables.STABILITY, results, "stability").set_index("feature")
    tested = read(tables.RESULTS, results, "results")
    gone = set(tested.loc[tested["flag"] == "the feature is not stable enough", "feature"])
    assert gone == set(rows.index[~rows["passes"].astype(bool)])
    assert TEXTURE in gone


def test_the_planted_hit_survives_and_shuffling_its_voxels_does_not_lose_it(results):
    hits = read(tables.PERSISTENCE, results, "persistence").set_index("feature")
    assert hits.loc[MEAN, ["n_copies", "n_hits"]].tolist() == [COPIES, COPIES]
    shares = read(tables.EXCEEDANCE, results, "exceedance")
    shares = shares[(shares["feature"] == MEAN) & (shares["adjustment"] == "full")].set_index("control")["share"]
    assert shares.to_dict() == {"shuffled voxels": 1, "random regions": 0}


def test_random_regions_have_no_hits_and_shuffled_voxels_all_of_them(results):
    rows = read(tables.CONTROLS, results, "controls")
    full = rows[(rows["adjustment"] == "full") & (rows["counted"] == "pair")].set_index("control")
    assert (full["n_runs"] == 3).all()
    assert full.loc["random regions", "control_hits"] < 1
    assert full.loc["random regions", "ratio_low"] > 3
    assert full.loc["shuffled voxels", "ratio"] == pytest.approx(1)  # the histogram carries all of them
