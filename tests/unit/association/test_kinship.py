"""Matrices of relatedness from files, in the order of the study's patients; what cannot be one is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.control_runs import controls
from radiogenomics.association.covariance import Relatedness
from radiogenomics.association.errors import NobodyRelatedError, NotACovarianceError
from radiogenomics.association.kinship import read_kinship, relatedness
from radiogenomics.association.random_effects import random_effect, require_usable
from radiogenomics.association.sites import sites
from radiogenomics.association.statistics_errors import ShapeMismatchError
from radiogenomics.config.association import Association
from radiogenomics.errors import ConfigError, MissingFileError, TableError
from radiogenomics.table import read_provenance
from tests.unit.association import simulated

PATIENTS = ["P1", "02", "P3"]
MATRIX = np.array([[1.0, 0.5, 0.1], [0.5, 1.0, 0.0], [0.1, 0.0, 1.1]])


def write(folder, name, matrix=MATRIX, patients=PATIENTS, columns=None):
    """The file of one of the formats, columns in another order than rows."""
    path = folder / name
    if path.suffix == ".rel":
        np.savetxt(path, matrix, delimiter="\t")
        (folder / f"{name}.id").write_text("#FID\tIID\n" + "".join(f"f{who}\t{who}\n" for who in patients))
        return path
    frame = pd.DataFrame(matrix, columns=columns or patients)[(columns or patients)[::-1]]
    frame.insert(0, "patient_id", patients)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="\t" if ".tsv" in name else ",", index=False)
    return path


@pytest.mark.parametrize("name", ["k.tsv", "k.csv", "k.tsv.gz", "k.parquet", "k.rel"])
def test_every_format_gives_the_matrix_in_the_order_of_the_patients(tmp_path, name):
    path = write(tmp_path, name)
    frame = read_kinship(path)
    assert list(frame.index) == list(frame.columns) == PATIENTS
    np.testing.assert_array_equal(frame, MATRIX)
    found = relatedness(path, ["absent", "P3", "02"])
    assert found.known.tolist() == [False, True, True]
    vectors, values = found.decompose(np.array([1, 2]))
    np.testing.assert_allclose(vectors.T * values @ vectors, [[1.1, 0], [0, 1]], atol=1e-14)


def broken(name):
    matrix, columns = MATRIX.copy(), None
    if name == "not symmetric":
        matrix[0, 1] = 0.4
    elif name == "2 cell":
        matrix[0, 1] = matrix[1, 0] = np.nan
    elif name == "other patients: '02', 'S2'":
        columns = ["P1", "S2", "P3"]
    return matrix, columns


@pytest.mark.parametrize("name", ["not symmetric", "2 cell", "other patients: '02', 'S2'"])
def test_tables_that_are_no_matrix_are_refused(tmp_path, name):
    matrix, columns = broken(name)
    with pytest.raises(TableError, match=name):
        read_kinship(write(tmp_path, "k.csv", matrix, columns=columns))


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(MissingFileError):
        read_kinship(tmp_path / "absent.csv")
    path = write(tmp_path, "k.rel", patients=PATIENTS[:2])
    with pytest.raises(TableError, match="3 × 3 numbers for 2 names"):
        read_kinship(path)
    (tmp_path / "k.rel.id").write_text("a b\n1 2\n")
    with pytest.raises(TableError, match="no column IID"):
        read_kinship(path)
    (tmp_path / "k.rel.id").unlink()
    with pytest.raises(MissingFileError, match=r"k\.rel\.id"):
        read_kinship(path)
    with pytest.raises(TableError, match="'P1' stands twice"):
        read_kinship(write(tmp_path, "k2.rel", patients=["P1", "P1", "P3"]))
    (tmp_path / "k.parquet").write_text("no parquet")
    (tmp_path / "empty.csv").write_text("")
    for name in ("k.parquet", "empty.csv"):
        with pytest.raises(TableError, match="not readable"):
            read_kinship(tmp_path / name)


def test_matrices_of_nobody_and_of_no_covariance_are_refused(tmp_path):
    options = Association(model="mixed", kinship=write(tmp_path, "k.csv"))
    effect = random_effect(pd.DataFrame(index=["S1", "P1"]), options)
    assert effect.covariance.known.tolist() == [False, True]
    with pytest.raises(NobodyRelatedError, match="patients: 'S1', 'P1'; in the file: 'P1', '02', 'P3'"):
        require_usable(effect, options)
    crossed = np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    with pytest.raises(NotACovarianceError, match=r"-0\.333 times"):
        relatedness(write(tmp_path, "k.csv", crossed), PATIENTS)
    with pytest.raises(ShapeMismatchError):
        Relatedness(np.ones((3, 2)))


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Families of eight, whose members mostly share one gene's state and, by descent, half the variance of features."""
    folder = tmp_path_factory.mktemp("families")
    rng = np.random.default_rng(3)
    n, family = 120, np.repeat(np.arange(15), 8)
    carried = (rng.random(15) < 0.4)[family] & (rng.random(n) < 0.9)
    descent = rng.normal(size=(15, 30))[family] + rng.normal(size=(n, 30))
    features = {f"original_glcm_f{i}": 1.5 * descent[:, i] + rng.normal(size=n) for i in range(30)}
    genes = {"FAM": carried.astype(float), "OWN": (rng.random(n) < 0.4).astype(float)}
    features["original_glcm_f0"] += 3 * genes["OWN"]
    site = np.array(["east"] * 60 + ["west"] * 58 + ["lost"] * 2)  # of the last the matrix knows nobody
    files = simulated.write(folder, features, genes, {"age": rng.normal(60, 9, n), "site": site})
    matrix = np.where(family[:, None] == family, 0.5, 0.0) + 0.5 * np.eye(n)
    names = [f"P{number:04d}" for number in range(n)]
    write(folder, "k.tsv", matrix[:-2, :-2], names[:-2])
    return files


def rows_of(study, threads=1, **options):
    frame = study.test(json.dumps({"volume_feature": None, "min_carriers": 3, **options}), threads)
    return frame.astype({name: str for name in ("gene", "adjustment", "feature", "method", "flag")})


def test_relatives_make_no_hits_of_their_own(study):
    """Of 30 features that only descent moves, least squares finds many by the gene of the families."""
    related = rows_of(study, model="mixed", kinship=str(study.folder / "k.tsv"))
    assert (related["flag"] == "").all()
    assert set(related["method"]) == {"mixed model"}
    assert (related["n"] == 118).all()
    assert (related["n_missing"] == 2).all()
    record = read_provenance(study.folder / "results.parquet")
    assert record["settings"]["kinship"] == "k.tsv"
    assert "k.tsv" in record["inputs"]
    share = {
        name: (rows.query("gene == 'FAM' and adjustment == 'crude'")["p"] <= 0.05).mean()
        for name, rows in {"related": related, "plain": rows_of(study)}.items()
    }
    assert share["related"] <= 0.17  # 5 of 30; more by chance once in a hundred
    assert share["plain"] >= 0.2


def test_a_matrix_gives_the_same_bytes_on_any_number_of_threads(study):
    options = {"model": "mixed", "kinship": str(study.folder / "k.tsv")}
    pd.testing.assert_frame_equal(rows_of(study, **options), rows_of(study, threads=3, **options))


@pytest.mark.parametrize("options", [{}, {"random_effect": "site", "kinship": "k.tsv"}])
def test_the_random_effect_is_one_of_two(study, options):
    with pytest.raises(ConfigError, match="takes one of them"):
        rows_of(study, model="mixed", **options)


def test_relatives_are_not_exchanged(study):
    with pytest.raises(ConfigError, match="relatives cannot be exchanged"):
        rows_of(study, model="mixed", kinship="k.tsv", permutations=100)


def test_controls_take_the_matrix_and_the_audit_does_not_need_it(study):
    options = {"model": "mixed", "kinship": str(study.folder / "k.tsv"), "min_carriers": 3, "volume_feature": None}
    rows_of(study, **options)
    paths = {name: study.folder / f"{name}.parquet" for name in ("controls", "exceedance")}
    settings = json.dumps({**options, "controls": {"shuffled_identities": 2}})
    controls(**study.tested, settings=settings, threads=1, **paths)
    study.audit(json.dumps({**options, "kinship": "elsewhere/k.tsv"}))
    for name, inputs in {"controls": True, "power": False}.items():
        record = read_provenance(study.folder / f"{name}.parquet")
        assert record["settings"]["kinship"] == "k.tsv"
        assert ("k.tsv" in record["inputs"]) is inputs


def test_a_site_of_which_the_matrix_knows_nobody_has_no_estimate(study):
    options = {"model": "mixed", "kinship": str(study.folder / "k.tsv"), "site": "site", "site_model": "meta"}
    hits = rows_of(study, **options).query("gene == 'OWN' and q_two_level < 0.05")
    assert len(hits)
    settings = json.dumps({**options, "min_carriers": 3, "volume_feature": None})
    paths = {name: study.folder / f"{name}.parquet" for name in ("meta", "sites")}
    sites(**study.tested, settings=settings, results=study.folder / "results.parquet", **paths)
    found = tables.SITES.read(paths["sites"]).astype({"site": str, "feature": str, "flag": str})
    found = found[found["feature"] == "original_glcm_f0"].groupby("site")
    assert found["flag"].unique().map(list).to_dict() == {
        "east": [""],
        "lost": ["n below the configured minimum"],
        "west": [""],
    }
    assert found["n"].max().to_dict() == {"east": 60, "lost": 0, "west": 58}
