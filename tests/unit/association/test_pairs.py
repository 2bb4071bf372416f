"""The command: every pair is in the table, adjusted within its family, with the volume audit."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from radiogenomics import tables
from radiogenomics.association import multiplicity, pairs
from radiogenomics.association.errors import UnknownRandomEffectError
from radiogenomics.association.pairs import test as run_tests
from radiogenomics.association.rows import volume_explained
from radiogenomics.errors import ConfigError
from radiogenomics.table import read_provenance

N = 80


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A gene that changes the volume, one that changes texture, features that follow each or neither."""
    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(5)
    patients = [f"P{number:02d}" for number in range(N)]
    genes = {name: rng.random(N) < 0.35 for name in ("VOL", "TEX", "NULL1", "NULL2")}
    log_volume = rng.normal(size=N) + 2 * genes["VOL"]
    values = {
        "original_shape_MeshVolume": np.exp(log_volume),
        "original_shape_SurfaceArea": np.exp(2 / 3 * log_volume + 0.1 * rng.normal(size=N)),
        "original_glcm_Contrast": rng.normal(size=N) + 2 * genes["TEX"],
        "original_firstorder_Mean": rng.normal(size=N),
    }
    values["original_firstorder_Mean"][3] = np.nan
    keys = {"role": "ct", "roi": "G", "image_type": "original", "note": "", "source": "native"}
    rows = [
        {
            "patient_id": patient,
            "image_id": patient,
            "family": name.split("_")[1],
            "feature": name,
            "value": value[index],
            **keys,
        }
        for name, value in values.items()
        for index, patient in enumerate(patients)
    ]
    tables.FEATURES.write(tables.FEATURES.frame(rows), folder / "f.parquet")
    rows = [
        {
            "patient_id": patient,
            "marker": f"{gene}:non_silent",
            "gene": gene,
            "consequence_class": "non_silent",
            "state": "altered" if carriers[index] else "wild_type",
            "n_variants": int(carriers[index]),
        }
        for gene, carriers in genes.items()
        for index, patient in enumerate(patients)
    ]
    tables.ALTERATIONS.write(tables.ALTERATIONS.frame(rows), folder / "m.parquet")
    pd.DataFrame(
        {"patient_id": patients, "age": rng.normal(60, 9, N).round(), "site": rng.choice(["a", "b"], N)}
    ).to_csv(folder / "c.tsv", sep="\t", index=False)
    run(folder, folder)
    return folder


def run(study, folder, settings="{}", threads=1):
    """Test a study's pairs and write all tables."""
    run_tests(
        features=study / "f.parquet",
        markers=study / "m.parquet",
        covariates=study / "c.tsv",
        settings=settings,
        threads=threads,
        results=folder / "r.parquet",
        tsv=folder / "r.tsv",
        summary=folder / "s.tsv",
        quantiles=folder / "q.parquet",
        stability=None,
    )


@pytest.fixture(scope="module")
def results(study):
    return tables.RESULTS.read(study / "r.parquet")


def test_every_pair_stands_under_every_adjustment(results):
    assert len(results) == 4 * 4 * 3
    assert (results["flag"] == "").all()
    assert results.groupby("adjustment", observed=True).size().tolist() == [16, 16, 16]


def test_both_files_hold_the_same_rows_and_the_second_is_sorted(study, results):
    text = tables.RESULTS.read(study / "r.tsv")
    order = list(zip(text["q_two_level"], -text["neg_log10_p"], strict=True))
    assert order == sorted(order)
    key = list(tables.RESULTS.key)
    left, right = (frame.astype({name: str for name in key}).set_index(key).sort_index() for frame in (results, text))
    np.testing.assert_allclose(left["p"], right["p"], rtol=1e-15)


def test_adjusted_values_are_within_one_adjustment(results):
    for _, part in results.groupby("adjustment", observed=True):
        np.testing.assert_allclose(part["q_bh"], stats.false_discovery_control(part["p"]), rtol=1e-12)
        two = multiplicity.two_level(part["p"].to_numpy(float), part["gene"].cat.codes.to_numpy(np.intp))
        np.testing.assert_array_equal(part["q_two_level"], two.q)
        np.testing.assert_array_equal(part["q_gene"], two.group_q[part["gene"].cat.codes])
    assert results[["q_by", "p_holm", "q_storey"]].isna().all(axis=None)


def test_missing_values_are_counted(results):
    mean = results[results["feature"] == "original_firstorder_Mean"]
    assert (mean["n"] == N - 1).all()
    assert (mean["n_missing"] == 1).all()


def pair(results, feature, gene, adjustment):
    found = results[(results["feature"] == feature) & (results["gene"] == gene) & (results["adjustment"] == adjustment)]
    return found.iloc[0]


def test_the_texture_gene_is_a_hit_that_volume_does_not_explain(results):
    for adjustment in tables.ADJUSTMENTS:
        row = pair(results, "original_glcm_Contrast", "TEX", adjustment)
        assert row["q_two_level"] < 0.05
        assert row["estimate"] > 0.8
        assert not row["volume_explained"]


def test_the_volume_gene_is_flagged_where_a_feature_only_follows_the_volume(results):
    assert pair(results, "original_shape_SurfaceArea", "VOL", "crude")["q_two_level"] < 0.05
    assert pair(results, "original_shape_SurfaceArea", "VOL", "volume")["q_two_level"] > 0.05
    assert pair(results, "original_shape_SurfaceArea", "VOL", "full")["volume_explained"]
    assert pair(results, "original_shape_SurfaceArea", "VOL", "crude")["volume_rho"] > 0.9


@pytest.mark.parametrize("held", [0, 2**20], ids=["fitted twice", "held"])
def test_nothing_changes_between_runs(study, tmp_path, monkeypatch, held):
    monkeypatch.setattr(pairs, "HELD_PAIRS", held)
    run(study, tmp_path, threads=2)
    for name in ("r.parquet", "r.tsv", "s.tsv", "q.parquet"):
        assert (tmp_path / name).read_bytes() == (study / name).read_bytes()
    for name in ("r.parquet", "q.parquet"):
        assert read_provenance(tmp_path / name)["settings"]["covariates"] == ["age", "site"]


@pytest.mark.parametrize(
    ("crude", "volume", "explained"),
    [
        ((1.0, 0.01), (0.2, 0.6), True),
        ((1.0, 0.01), (0.9, 0.2), False),  # only the interval grew
        ((1.0, 0.01), (0.2, 0.04), False),  # still a hit
        ((1.0, 0.20), (0.2, 0.6), False),  # never was one
        ((1.0, 0.01), (-0.2, 0.6), True),
    ],
)
def test_explained_by_volume_needs_all_three_conditions(crude, volume, explained):
    (a, qa), (b, qb) = (np.array([values]).T for values in (crude, volume))
    assert volume_explained(a, b, qa < 0.05, qb >= 0.05).tolist() == [explained]


@pytest.fixture(scope="module")
def kept(study, tmp_path_factory):
    """The same study, of which pairs with p above 0.2 under every adjustment are not written."""
    folder = tmp_path_factory.mktemp("kept")
    run(study, folder, '{"keep_p_below": 0.2, "tsv_rows": 5}')
    return folder


def test_kept_pairs_have_the_rows_that_they_have_among_all(kept, results):
    found = tables.RESULTS.read(kept / "r.parquet")
    key = ["feature", "marker", "adjustment"]
    everything = results.astype(dict.fromkeys(key, str)).set_index(key)
    smallest = results.groupby(["feature", "marker"], observed=True)["p"].min()
    assert len(found) == 3 * (smallest <= 0.2).sum() < len(results)
    found = found.astype(dict.fromkeys(key, str)).set_index(key)
    everything = everything.loc[found.index]
    adjusted = ["q_bh", "q_two_level", "q_gene"]
    same = [name for name in found.columns if name not in (*adjusted, "analysis")]
    pd.testing.assert_frame_equal(found[same], everything[same], check_categorical=False)
    for name in adjusted:
        known = found[name].notna()
        assert known[found["p"] < 0.001].all()
        np.testing.assert_array_equal(found.loc[known, name], everything.loc[known, name])
        assert name == "q_gene" or not known[found["p"] > 0.2].any()


def test_the_summary_counts_all_pairs_kept_or_not(study, kept, results):
    full, short = (tables.SUMMARY.read(folder / "s.tsv") for folder in (study, kept))
    bounds = ["q_exact_below", "q_bh_exact_below"]
    pd.testing.assert_frame_equal(full.drop(columns=bounds), short.drop(columns=bounds))
    assert (full[bounds] == 1).all(axis=None)
    assert (short[bounds] < 1).all(axis=None)
    assert (full["n_pairs"] == 16).all()
    hits = results[results["q_two_level"] < 0.05].groupby("adjustment", observed=True)
    assert full.set_index("adjustment")["n_hits"].to_dict() == hits.size().to_dict()
    assert full.set_index("adjustment")["n_gene_hits"].to_dict() == hits["gene"].nunique().to_dict()
    assert (full["n_genes"] == 4).all()
    points, few = (tables.QUANTILES.read(folder / "q.parquet") for folder in (study, kept))
    pd.testing.assert_frame_equal(points, few)
    assert points.groupby("adjustment", observed=True)["n"].sum().tolist() == [16] * 3


def test_the_text_table_holds_the_rows_of_smallest_q(kept, results):
    text = tables.RESULTS.read(kept / "r.tsv")
    first = results.sort_values(["q_two_level", "p"]).head(5)
    np.testing.assert_allclose(text["p"], first["p"], rtol=1e-15)


def test_the_order_of_markers_in_the_table_does_not_matter(study, results, tmp_path):
    """A gene's classes need not stand together; one gene of two classes is one group."""
    markers = tables.ALTERATIONS.read(study / "m.parquet").astype(str).astype({"n_variants": int})
    second = markers[markers["gene"] == "VOL"].assign(marker="VOL:lof", consequence_class="lof")
    for name, parts in (("a", [markers, second]), ("b", [second, markers[::-1]])):
        (tmp_path / name).mkdir()
        tables.ALTERATIONS.write(
            tables.ALTERATIONS.conform(pd.concat(parts, ignore_index=True), "m"), tmp_path / name / "m.parquet"
        )
        for other in ("f.parquet", "c.tsv"):
            (tmp_path / name / other).symlink_to(study / other)
        run(tmp_path / name, tmp_path / name, '{"classes": ["non_silent", "lof"]}')
    key = ["feature", "marker", "adjustment"]
    a, b = (
        tables.RESULTS.read(tmp_path / name / "r.parquet").astype(dict.fromkeys(key, str)).set_index(key).sort_index()
        for name in ("a", "b")
    )
    pd.testing.assert_frame_equal(a, b, check_categorical=False)
    assert tables.SUMMARY.read(tmp_path / "a" / "s.tsv")["n_genes"].tolist() == [4, 4, 4]
    assert len(a) == 4 * 5 * 3


def test_further_adjusted_values_are_there_if_asked_for(study, results, tmp_path):
    run(study, tmp_path, '{"multiplicity": ["by", "holm"]}')
    found = tables.RESULTS.read(tmp_path / "r.parquet")
    for _, part in found.groupby("adjustment", observed=True):
        p = part["p"].to_numpy(float)
        np.testing.assert_allclose(part["q_by"], multiplicity.benjamini_yekutieli(p), rtol=1e-12)
        np.testing.assert_allclose(part["p_holm"], multiplicity.holm(p), rtol=1e-12)
    assert found["q_storey"].isna().all()


def test_hc3_says_so_in_its_column(study, tmp_path):
    run(study, tmp_path, '{"hc3_below": 26}')
    found = tables.RESULTS.read(tmp_path / "r.parquet")
    few = np.minimum(found["n_carriers"], found["n"] - found["n_carriers"]) < 26
    assert few.any()
    assert not few.all()
    assert (found["method"] == np.where(few, "least squares, HC3", "least squares")).all()


def test_a_limit_that_hides_hits_is_told(study, tmp_path, caplog):
    run(study, tmp_path, '{"keep_p_below": 1e-9}')
    assert "raise association.keep_p_below" in caplog.text


@pytest.mark.parametrize(
    ("model", "effect", "methods"),
    [
        ("rank", "probability of superiority - 0.5", {"Mann-Whitney", "partial rank correlation"}),
        ("logistic", "log odds per SD", {"score test", "Firth"}),
        ("ordinal", "log odds of a larger value per carrier", {"score test", "proportional odds"}),
        ("mixed", "SD per carrier", {"mixed model"}),
    ],
)
def test_every_model_fills_the_same_tables(study, results, tmp_path, model, effect, methods):
    further = ', "random_effect": "site"' if model == "mixed" else ""
    run(study, tmp_path, f'{{"model": "{model}"{further}}}')
    found = tables.RESULTS.read(tmp_path / "r.parquet")
    assert len(found) == len(results)
    assert set(found["effect"]) == {effect}
    # The ranks of the volume are those of its logarithm, so that nothing is left of it to test.
    collinear = (found["feature"] == "original_shape_MeshVolume") & (found["adjustment"] != "crude")
    by_order = model in ("rank", "ordinal")
    assert ((found["flag"] != "") == (collinear & by_order)).all()
    assert set(found.loc[found["flag"] == "", "method"]) == methods
    assert found["se"].isna().all() == (model == "rank")
    assert (found["n"].to_numpy() == results["n"].to_numpy()).all()
    assert read_provenance(tmp_path / "r.parquet")["settings"]["model"] == model
    summary = tables.SUMMARY.read(tmp_path / "s.tsv")
    assert summary["n_tested"].tolist() == ([16, 12, 12] if by_order else [16] * 3)
    assert (summary["n_gene_hits"] >= 1).all()
    strong = (results["q_two_level"] < 1e-4) & (found["flag"] == "")
    assert (np.sign(found["estimate"][strong]) == np.sign(results["estimate"][strong])).all()
    assert pair(found, "original_shape_SurfaceArea", "VOL", "crude")["volume_explained"]
    assert not pair(found, "original_glcm_Contrast", "TEX", "crude")["volume_explained"]


def test_a_random_effect_that_nothing_is_known_of_is_refused(study, tmp_path):
    with pytest.raises(ConfigError, match="needs the name of a covariate"):
        run(study, tmp_path, '{"model": "mixed"}')
    with pytest.raises(UnknownRandomEffectError, match="covariates present: 'age', 'site'"):
        run(study, tmp_path, '{"model": "mixed", "random_effect": "scanner"}')


@pytest.mark.parametrize("settings", ['{"model": "rank", "hc3_below": 30}', '{"firth_carriers_below": 3}'])
def test_settings_of_another_model_are_refused(study, tmp_path, settings):
    with pytest.raises(ConfigError, match="only the model"):
        run(study, tmp_path, settings)
