"""Stability of features over copies, the limit on it, and hits looked for again in the copies."""

import json

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.association.control_runs import controls
from radiogenomics.association.errors import NoCopiesError, NoStabilityError
from radiogenomics.association.permute import permute
from radiogenomics.association.persistence import persist
from radiogenomics.association.sets import sets
from radiogenomics.association.stability import Model, icc
from radiogenomics.association.stability_table import write_stability
from radiogenomics.association.survival import survival
from tests.unit.association import simulated

N, K = 90, 6
STABLE, SHAKY, NOISE = "original_glcm_stable", "original_glcm_shaky", "original_glcm_noise"
NAMES = (simulated.VOLUME, STABLE, SHAKY, NOISE)
LIMIT = {"min_icc_low": 0.75}


def copies_frame(values, kind="perturbed", **keys):
    """Rows of the table of copies from values (n_copies, n_patients, n_features) of the features ``NAMES``."""
    copy, patient, feature = (part.ravel() for part in np.indices(values.shape))
    names = np.array([f"P{number:04d}" for number in range(N)])[patient]
    frame = {"patient_id": names, "image_id": names, "role": "ct", "roi": "G", "kind": kind, "copy": copy + 1}
    rows = pd.DataFrame(frame | {"feature": np.array(NAMES, object)[feature], "value": values.ravel(), "note": ""})
    return rows.assign(**keys)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """TEX makes two features of alike size; copies of one of them hardly resemble it."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(8)
    tex, free = (rng.random((2, N)) < 0.4).astype(float)
    plain = np.stack([np.exp(rng.normal(size=N)), *(1.6 * tex + rng.normal(size=(2, N))), rng.normal(size=N)])
    table = simulated.write(
        folder, dict(zip(NAMES, plain, strict=True)), {"TEX": tex, "FREE": free}, {"age": rng.normal(size=N)}
    )
    spread = np.array([0.02, 0.1, 3.0, 0.1])
    values = plain.T + spread * rng.normal(size=(K, N, 4))
    values[:, :, 0] = np.abs(values[:, :, 0])
    half = N // 2
    for number, part in enumerate((slice(None, half), slice(half, None))):
        rows = copies_frame(values)
        kept = rows["patient_id"].isin([f"P{patient:04d}" for patient in range(N)[part]])
        tables.COPIES.write(rows[kept], folder / f"copies{number}.parquet")
    np.save(folder / "values.npy", values)
    return table


def parts(study):
    return [study.folder / f"copies{number}.parquet" for number in (0, 1)]


def stability(study, name="stability", copies=None, **settings):
    path = study.folder / f"{name}.parquet"
    paths = {key: study.tested[key] for key in ("features", "covariates")}
    write_stability(**paths, copies=copies or parts(study), settings=json.dumps(settings), stability=path)
    return tables.STABILITY.read(path).astype({"feature": str, "flag": str}).set_index("feature")


@pytest.fixture(scope="module")
def rows(study):
    return stability(study, **LIMIT)


def test_coefficients_are_those_of_all_patients_of_all_batches(study, rows):
    values = np.load(study.folder / "values.npy")
    expected = icc(values.transpose(1, 0, 2), Model.ONE_WAY)
    np.testing.assert_allclose(rows.loc[list(NAMES), "icc"], expected.icc, rtol=1e-13)
    np.testing.assert_allclose(rows.loc[list(NAMES), "icc_low"], expected.low, rtol=1e-13)
    assert (rows[["n", "k"]] == [N, K]).all(axis=None)
    np.testing.assert_allclose(rows["between"] / (rows["between"] + rows["within"]), rows["icc"], rtol=1e-12)
    np.testing.assert_allclose(rows.loc[list(NAMES), "within"], values.var(axis=0, ddof=1).mean(axis=0), rtol=1e-12)
    assert rows["passes"].to_dict() == {name: name != SHAKY for name in NAMES}


def test_without_a_limit_nothing_passes_or_fails(study):
    assert stability(study, "free")["passes"].isna().all()


def test_a_patient_with_a_lost_copy_does_not_count_and_a_feature_without_copies_says_so(study, tmp_path):
    frames = [tables.COPIES.read(path) for path in parts(study)]
    lost = pd.concat(frames, ignore_index=True)
    lost = lost[(lost["patient_id"] != "P0003") | (lost["copy"] != 2)]
    lost = lost[lost["feature"] != NOISE]
    tables.COPIES.write(lost, tmp_path / "lost.parquet")
    found = stability(study, "lost", [tmp_path / "lost.parquet"], **LIMIT)
    assert found["n"].to_dict() == {simulated.VOLUME: N - 1, STABLE: N - 1, SHAKY: N - 1, NOISE: 0}
    assert found.loc[NOISE, "flag"] == "no values of copies"
    assert not found.loc[NOISE, "passes"]


def test_copies_of_regions_that_are_not_analysed_do_not_count(study, tmp_path):
    values = np.load(study.folder / "values.npy")
    other = copies_frame(values + 100, roi="H")
    tables.COPIES.write(pd.concat([other, copies_frame(values)], ignore_index=True), tmp_path / "two.parquet")
    pd.testing.assert_frame_equal(
        stability(study, "two", [tmp_path / "two.parquet"], **LIMIT), stability(study, **LIMIT)
    )


def test_unstable_features_are_not_tested_and_are_counted(study, rows):
    free = study.test()
    gated = study.test(json.dumps(LIMIT), stability=study.folder / "stability.parquet")
    unstable = gated["feature"] == SHAKY
    assert (gated.loc[unstable, "flag"] == "the feature is not stable enough").all()
    assert gated.loc[unstable, ["p", "estimate", "q_two_level", "df"]].isna().all(axis=None)
    assert (gated.loc[unstable, "n"] == N).all()
    kept = [name for name in free.columns if not name.startswith(("q_", "p_"))]
    same = free["feature"] != SHAKY
    pd.testing.assert_frame_equal(
        free.loc[same, kept].astype({"flag": str}), gated.loc[~unstable, kept].astype({"flag": str})
    )
    summary = tables.SUMMARY.read(study.folder / "summary.tsv")
    assert (summary["n_unstable"] == 2).all()
    assert (summary["n_tested"] + summary["n_unstable"] + summary["n_collinear"] == summary["n_pairs"]).all()


def test_features_of_finished_tables_have_no_copies_and_are_tested(study, tmp_path):
    features = tables.FEATURES.read(study.tested["features"]).astype(str).astype({"value": float})
    own = features[features["feature"] == NOISE]
    own = own.assign(feature="lab_albumin", image_type="lab", family="lab", source="lab")
    tables.FEATURES.write(pd.concat([features, own], ignore_index=True), tmp_path / "f.parquet")
    more = simulated.Files(tmp_path)
    for name in ("m.parquet", "c.tsv"):
        (tmp_path / name).write_bytes((study.folder / name).read_bytes())
    paths = {key: more.tested[key] for key in ("features", "covariates")}
    write_stability(**paths, copies=parts(study), settings=json.dumps(LIMIT), stability=tmp_path / "s.parquet")
    assert "lab_albumin" not in set(tables.STABILITY.read(tmp_path / "s.parquet")["feature"])
    found = more.test(json.dumps(LIMIT), stability=tmp_path / "s.parquet")
    assert (found.loc[found["feature"] == "lab_albumin", "flag"] == "").all()


def test_a_limit_without_a_table_and_copies_that_are_not_there_are_refused(study):
    with pytest.raises(NoStabilityError):
        study.test(json.dumps(LIMIT))
    empty = study.folder / "empty.parquet"
    tables.COPIES.write(tables.COPIES.frame([]), empty)
    with pytest.raises(NoCopiesError, match="'perturbed' in 1"):
        stability(study, "none", [empty])


def test_permutations_and_controls_leave_unstable_features_out_too(study, rows):
    settings = json.dumps(LIMIT | {"permutations": 50, "controls": {"shuffled_identities": 2}})
    shared = {**study.tested, "settings": settings, "threads": 1, "stability": study.folder / "stability.parquet"}
    permute(**shared, permutation=study.folder / "permutation.parquet")
    assert SHAKY not in set(tables.PERMUTATION.read(study.folder / "permutation.parquet")["feature"])
    outputs = {name: study.folder / f"{name}.parquet" for name in ("controls", "exceedance")}
    controls(**shared, **outputs)
    results = study.test(json.dumps(LIMIT), stability=study.folder / "stability.parquet")
    hits = results[results["q_two_level"] < 0.05].groupby("adjustment", observed=True).size()
    found = tables.CONTROLS.read(outputs["controls"])
    found = found[found["counted"] == "pair"].set_index("adjustment")["n_hits"]
    assert found.to_dict() == hits.to_dict()


def test_survival_leaves_unstable_features_out(study, rows, tmp_path):
    rng = np.random.default_rng(3)
    outcome = {"outcome": "os", "patient_id": [f"P{number:04d}" for number in range(N)]}
    frame = pd.DataFrame(outcome | {"time": rng.exponential(size=N), "event": rng.integers(0, 2, N)})
    tables.OUTCOMES.write(frame.astype({"event": "Int8"}), tmp_path / "o.parquet")
    given = {**study.tested, "outcomes": tmp_path / "o.parquet", "stability": study.folder / "stability.parquet"}
    written = {"table": tmp_path / "t.parquet", "curves": tmp_path / "c.parquet"}
    found = []
    for settings in ({}, LIMIT):
        survival(**given, settings=json.dumps(settings), **written)
        found.append(tables.SURVIVAL.read(written["table"]).astype({"kind": str, "name": str, "adjustment": str}))
    every, kept = (each.set_index(["kind", "name", "adjustment"])["p"] for each in found)
    assert set(every.index.droplevel(2)) - set(kept.index.droplevel(2)) == {("feature", SHAKY)}
    pd.testing.assert_series_equal(kept, every.drop(index=SHAKY, level="name"))


def test_sets_leave_unstable_features_out(study, rows, tmp_path):
    patients = [f"P{number:04d}" for number in range(0, N, 3)]
    genotypes = pd.DataFrame({"gene": "TEX", "mask": "rare", "variant": "1-1-A-T", "patient_id": patients})
    with tables.SET_GENOTYPES.writer(tmp_path / "g.parquet") as write:
        write(genotypes.assign(alt_copies=1).astype({"alt_copies": "Int8"}))
    alterations = tables.ALTERATIONS.read(study.tested["markers"])
    tables.ALTERATIONS.write(
        alterations.astype({"marker": str, "consequence_class": str}).replace(
            {"TEX:non_silent": "TEX:rare", "non_silent": "rare"}
        ),
        tmp_path / "m.parquet",
    )
    given = {**study.tested, "markers": tmp_path / "m.parquet", "genotypes": tmp_path / "g.parquet"}
    written = {name: tmp_path / f"{name}.parquet" for name in ("results", "summary", "quantiles")}
    names = []
    for settings in ({}, LIMIT):
        text = json.dumps(settings | {"sets": {"masks": ["rare"], "methods": ["burden", "skat"]}})
        sets(**given, settings=text, threads=1, stability=study.folder / "stability.parquet", **written)
        names.append(set(tables.SET_RESULTS.read(written["results"])["feature"].astype(str)))
    assert names == [set(NAMES), set(NAMES) - {SHAKY}]


def persistence(study, threads=1, settings=None, **paths):
    path = study.folder / f"persistence{threads}.parquet"
    shared = {**study.tested, "stability": study.folder / "stability.parquet", "copies": parts(study)} | paths
    persist(**shared, settings=json.dumps(settings or {}), threads=threads, persistence=path)
    return tables.PERSISTENCE.read(path).astype({"feature": str, "gene": str}).set_index(["feature", "gene"])


def test_a_stable_hit_survives_and_a_shaky_one_does_not(study, rows):
    results = study.test()
    full = results[(results["adjustment"] == "full") & (results["q_two_level"] < 0.05)]
    assert {(STABLE, "TEX"), (SHAKY, "TEX")} <= set(zip(full["feature"], full["gene"], strict=True))
    found = persistence(study)
    assert set(found.index) == set(zip(full["feature"], full["gene"], strict=True))
    assert found.loc[(STABLE, "TEX"), ["n_copies", "n_hits", "share"]].tolist() == [K, K, 1]
    assert found.loc[(SHAKY, "TEX"), "share"] < 0.7
    assert found.loc[(SHAKY, "TEX"), "icc_low"] == rows.loc[SHAKY, "icc_low"]
    reported = full.set_index(["feature", "gene"])["neg_log10_p"]
    np.testing.assert_allclose(found["neg_log10_p"], reported[found.index], rtol=1e-12)


def test_survival_is_what_tests_of_each_copy_on_its_own_say(study, rows, tmp_path):
    found = persistence(study)
    hits = pd.Series(0, index=found.index)
    for values in np.load(study.folder / "values.npy"):
        plain = tables.FEATURES.read(study.tested["features"])
        copy = dict(zip(NAMES, values.T, strict=True))
        frame = plain.assign(value=np.concatenate([copy[name] for name in plain["feature"].unique()]))
        tables.FEATURES.write(frame, tmp_path / "f.parquet")
        for name in ("m.parquet", "c.tsv"):
            (tmp_path / name).write_bytes((study.folder / name).read_bytes())
        results = simulated.Files(tmp_path).test()
        full = results[(results["adjustment"] == "full")].set_index(["feature", "gene"])
        hits += (full.loc[found.index, "q_two_level"] < 0.05).to_numpy(int)
    np.testing.assert_array_equal(found["n_hits"], hits)


def test_threads_do_not_change_a_byte(study, rows):
    for threads in (1, 2):
        persistence(study, threads)
    assert (study.folder / "persistence1.parquet").read_bytes() == (study.folder / "persistence2.parquet").read_bytes()


def test_a_study_without_hits_has_an_empty_table(study, rows):
    assert persistence(study, settings={"alpha": 1e-30}).empty


def test_controls_of_images_test_the_copies(study, tmp_path):
    values = np.load(study.folder / "values.npy")
    rng = np.random.default_rng(4)
    lost = values[:3].copy()
    lost[:, :, 1:] = rng.normal(size=(3, N, 3))  # the texture is gone
    frames = [copies_frame(lost, "shuffled voxels"), copies_frame(values[:2], "random regions")]
    tables.COPIES.write(pd.concat(frames, ignore_index=True), tmp_path / "c.parquet")
    settings = json.dumps({"controls": {"shuffled_voxels": 3, "random_regions": 2}})
    outputs = {name: tmp_path / f"{name}.parquet" for name in ("controls", "exceedance")}
    controls(**study.tested, settings=settings, threads=1, copies=[tmp_path / "c.parquet"], **outputs)
    found = tables.CONTROLS.read(outputs["controls"])
    full = found[(found["adjustment"] == "full") & (found["counted"] == "pair")].set_index("control")
    assert full["n_runs"].to_dict() == {"shuffled voxels": 3, "random regions": 2}
    assert full.loc["shuffled voxels", "control_hits"] < 1
    assert full.loc["random regions", "control_hits"] >= 1
    shares = tables.EXCEEDANCE.read(outputs["exceedance"])
    shares = shares[(shares["adjustment"] == "full") & (shares["feature"] == STABLE) & (shares["gene"] == "TEX")]
    assert shares.set_index("control")["share"]["shuffled voxels"] == 0


@pytest.mark.parametrize("model", ["linear", "rank", "logistic"])
def test_every_model_leaves_unstable_features_out_and_keeps_the_others(study, rows, model):
    settings = {"model": model}
    free = study.test(json.dumps(settings)).set_index(["feature", "marker", "adjustment"])
    stable = study.folder / "stability.parquet"
    gated = study.test(json.dumps(settings | LIMIT), stability=stable).set_index(free.index.names)
    unstable = gated.index.get_level_values("feature") == SHAKY
    assert (gated.loc[unstable, "flag"] == "the feature is not stable enough").all()
    assert gated.loc[unstable, ["p", "se", "statistic", "ci_low"]].isna().all(axis=None)
    assert (gated.loc[unstable, "method"].astype(str) == "").all()
    columns = ["p", "estimate", "statistic", "n", "n_carriers"]
    pd.testing.assert_frame_equal(gated.loc[~unstable, columns], free.loc[~unstable, columns])


def test_a_pair_that_could_not_be_tested_anyway_keeps_its_own_reason(study, rows):
    settings = {"min_patients": 1000}
    gated = study.test(json.dumps(settings | LIMIT), stability=study.folder / "stability.parquet")
    assert (gated["flag"] == "n below the configured minimum").all()


def test_copies_that_are_the_study_are_harmonised_as_it_is(study, rows, tmp_path):
    patients = pd.read_csv(study.tested["covariates"], sep="\t")
    scanner = np.where(np.random.default_rng(11).random(N) < 0.5, "old", "new")
    patients.assign(scanner=scanner).to_csv(tmp_path / "c.tsv", sep="\t", index=False)
    features = tables.FEATURES.read(study.tested["features"])
    shift = features["patient_id"].astype(str).map(dict(zip(patients["patient_id"], scanner == "old", strict=True)))
    moved = features["value"] + 4.0 * shift.astype(float) * (features["feature"] != simulated.VOLUME)
    features = features.assign(value=moved)
    tables.FEATURES.write(features, tmp_path / "f.parquet")
    keys = features[["patient_id", "image_id", "role", "roi", "feature", "value", "note"]]
    kinds = ("perturbed", "shuffled voxels")
    same = [keys.assign(kind=kind, copy=number) for kind in kinds for number in (1, 2)]
    tables.COPIES.write(pd.concat(same, ignore_index=True), tmp_path / "copies.parquet")
    paths = {"features": tmp_path / "f.parquet", "covariates": tmp_path / "c.tsv"}
    paths["copies"] = [tmp_path / "copies.parquet"]
    settings = {"harmonise": {"method": "combat", "batch": "scanner"}, "controls": {"shuffled_voxels": 2}}
    found = persistence(study, settings=settings, **paths)
    assert (STABLE, "TEX") in found.index
    assert (found[["n_copies", "n_hits", "share"]] == [2, 2, 1]).all(axis=None)
    np.testing.assert_array_equal(found["median_neg_log10_p"], found["neg_log10_p"])
    outputs = {name: tmp_path / f"{name}.parquet" for name in ("controls", "exceedance")}
    controls(**study.tested | paths, settings=json.dumps(settings), threads=1, **outputs)
    assert (tables.CONTROLS.read(outputs["controls"])[["n_hits", "control_hits"]].diff(axis=1).iloc[:, 1] == 0).all()
    assert (tables.EXCEEDANCE.read(outputs["exceedance"])["share"] == 1).all()
