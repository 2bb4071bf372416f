"""Random gene sets: drawn like the pathways, deterministic, and as good as them only where any set would do."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.control_runs import controls
from radiogenomics.association.design import Markers
from radiogenomics.association.errors import NoGeneSetError
from radiogenomics.association.gene_sets import gene_sets, marker_of
from tests.unit.association import simulated

GENES = 80
SETS = {"TRUE": range(5), "LIKE": range(5, 10), "OTHER": range(10, 15)}
SPECIAL, BURDEN = "original_glcm_special", "original_glcm_burden"


def write_gmt(folder, sets=SETS):
    path = folder / "sets.gmt"
    lines = ["\t".join([name, "", *(f"G{k}" for k in members), "ABSENT"]) for name, members in sets.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """``special`` follows the set TRUE; ``burden`` follows how many genes are altered, so any set will do."""
    rng = np.random.default_rng(2)
    n = 240
    load = rng.gamma(2, 0.5, n)
    genes = rng.random((n, GENES)) < (0.07 * load)[:, None]
    markers = {f"G{k}": genes[:, k].astype(float) for k in range(GENES)}
    markers |= {name: genes[:, list(of)].any(axis=1).astype(float) for name, of in SETS.items()}
    features = {
        simulated.VOLUME: np.exp(rng.normal(size=n)),
        SPECIAL: 2.0 * markers["TRUE"] + rng.normal(size=n),
        BURDEN: 3 * np.log(1 + genes.sum(axis=1)) + 0.5 * rng.normal(size=n),
        "original_glcm_noise": rng.normal(size=n),
    }
    files = simulated.write(tmp_path_factory.mktemp("sets"), features, markers, {"age": rng.normal(size=n)})
    write_gmt(files.folder)
    return files


def run(study, threads=1, n=40, **paths):
    paths = {name: study.folder / f"{name}{threads}.parquet" for name in ("controls", "exceedance")} | paths
    settings = json.dumps({"controls": {"random_gene_sets": n}})
    gmt = [study.folder / "sets.gmt"]
    controls(**study.tested, settings=settings, threads=threads, gene_sets=gmt, min_assayed=0.8, **paths)
    return tables.CONTROLS.read(paths["controls"]), tables.EXCEEDANCE.read(paths["exceedance"])


@pytest.fixture(scope="module")
def found(study):
    return run(study)


def test_a_set_that_is_special_beats_random_sets_and_one_that_is_not_does_not(found):
    rows = found[1].astype({"gene": str, "feature": str, "adjustment": str}).query("adjustment == 'crude'")
    share = rows.set_index(["gene", "feature"])["share"]
    assert share["TRUE", SPECIAL] == 0
    others = [share[name, BURDEN] for name in SETS if (name, BURDEN) in share.index]
    assert len(others) >= 2
    assert np.mean(others) > 0.2
    assert set(rows["control"].astype(str)) == {"random gene sets"}
    assert (rows["n_runs"] == 40).all()


def test_hits_of_sets_are_those_of_the_results_and_only_those(study, found):
    results = study.test()
    hits = results[(results["q_two_level"] < 0.05) & results["gene"].isin(SETS)]
    counts = hits.groupby("adjustment", observed=True).size()
    rows = found[0].astype({"adjustment": str, "counted": str})
    for row in rows[rows["counted"] == "pair"].itertuples():
        assert row.n_hits == counts[row.adjustment]
        assert (row.n_tested, row.control_tested) == (3 * 4, 3 * 4)
    keys = ["feature", "marker", "adjustment"]
    own, theirs = (frame[keys].astype(str).sort_values(keys).to_numpy() for frame in (hits, found[1]))
    np.testing.assert_array_equal(own, theirs)


def test_threads_do_not_change_a_byte(study):
    for threads in (1, 2):
        run(study, threads=threads, n=3)
    for name in ("controls", "exceedance"):
        assert (study.folder / f"{name}1.parquet").read_bytes() == (study.folder / f"{name}2.parquet").read_bytes()


def test_sets_are_drawn_with_the_size_and_like_carriers(study):
    values = (np.random.default_rng(1).random((50, 203)) < np.r_[np.full(100, 0.1), np.full(100, 0.7), 0, 0, 0]) * 1.0
    names = [f"G{k}" for k in range(200)] + ["LOW", "HIGH", "NONE"]
    markers = Markers(pd.DataFrame({"marker": [f"{name}:lof" for name in names], "gene": names}), values)
    path = write_gmt(study.folder.parent, {"LOW": range(4), "HIGH": range(150, 154), "NONE": range(900, 903)})
    sets = gene_sets(markers, [path], 0.8)
    (one,) = sets.classes
    assert [len(members) for members in one.members] == [4, 4, 0]
    np.testing.assert_array_equal(sets.columns, [200, 201, 202])
    drawn = list(sets.drawn(values, 30, np.random.default_rng(3)))
    shares = np.array([run[:, 200:202].mean(axis=0) for run in drawn])
    assert shares[:, 0].max() < shares[:, 1].min()
    assert len(np.unique(shares[:, 0])) >= 3
    assert all(np.isnan(run[:, 202]).all() for run in drawn)
    np.testing.assert_array_equal(drawn[0][:, :200], values[:, :200])
    again = next(sets.drawn(values, 30, np.random.default_rng(3)))
    np.testing.assert_array_equal(drawn[0], again)


def test_a_random_set_has_the_three_states_of_a_pathway():
    x = np.nan
    genes = np.array([[0, 0, 0, 0, 1], [x, x, x, x, 1], [0, 0, 0, 0, x], [0, 0, 0, x, x], [x, x, x, x, x]])
    np.testing.assert_array_equal(marker_of(genes, 0.8), [1, 1, 0, x, x])


def test_without_a_marker_that_is_a_set_it_is_refused(study, tmp_path):
    gmt = write_gmt(tmp_path, {"ELSEWHERE": range(3)})
    paths = {name: tmp_path / f"{name}.parquet" for name in ("controls", "exceedance")}
    settings = json.dumps({"controls": {"random_gene_sets": 2}})
    for files in ([gmt], []):
        with pytest.raises(NoGeneSetError):
            controls(**study.tested, settings=settings, threads=1, gene_sets=files, **paths)
