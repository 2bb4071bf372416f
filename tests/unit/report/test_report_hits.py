import numpy as np
import pandas as pd
import pytest
from scipy import stats

from radiogenomics import tables
from radiogenomics.report import hits
from radiogenomics.report.load import sort_results
from tests.unit.report import results_folder


@pytest.fixture(scope="module")
def results():
    size = results_folder.Size(image_types=1, markers=6, analyses=("CT", "PET"))
    names = results_folder.features(size)
    markers = [f"G{k}:lof" for k in range(6)]
    frame = results_folder.results(names, markers, size.analyses, 52, np.random.default_rng(3))
    return sort_results(tables.RESULTS.conform(frame.sample(frac=1, random_state=1), "results"))


def test_rows_of_a_pair_stand_together_in_the_order_of_the_adjustments(results):
    pair = hits.pair_of_row(results)
    assert (np.bincount(pair) == 3).all()
    assert results["adjustment"].astype(str).tolist() == list(tables.ADJUSTMENTS) * (pair.max() + 1)


def test_inflation_equals_the_direct_computation(results):
    for family in hits.families(results, 0.05):
        p = results.query("analysis == @family.analysis and adjustment == @family.adjustment")["p"].dropna()
        assert family.inflation == pytest.approx(np.median(stats.norm.isf(p / 2) ** 2) / 0.4549364, rel=1e-6)


def test_inflation_of_uniform_p_values_is_one():
    assert hits.inflation(-np.log10((np.arange(10001) + 0.5) / 10001)) == pytest.approx(1, abs=1e-3)


def test_inflation_of_nothing_is_missing():
    assert np.isnan(hits.inflation(np.array([np.nan])))


def test_families_count_what_a_direct_query_counts(results):
    for family in hits.families(results, 0.05):
        part = results.query("analysis == @family.analysis and adjustment == @family.adjustment")
        assert (family.n_pairs, family.n_tested) == (len(part), part["p"].notna().sum())
        assert family.n_hits == (part["q_two_level"] < 0.05).sum()
        assert family.n_genes == part.loc[part["p"].notna(), "gene"].nunique()
        assert family.n_gene_hits == part.loc[part["q_two_level"] < 0.05, "gene"].nunique()
        if family.n_hits:
            assert family.cutoff == part.loc[part["q_two_level"] < 0.05, "neg_log10_p"].min()


def test_family_without_a_hit_states_what_the_smallest_p_would_have_needed(results):
    family = hits.families(results, 1e-12)[0]
    assert family.n_hits == 0
    assert family.cutoff == pytest.approx(-np.log10(1e-12 / family.n_tested))


def test_missing_adjusted_p_is_no_hit(results):
    assert not hits.is_hit(results, 1.0)[results["flag"] != ""].any()


def test_adjusted_p_that_underflowed_is_infinitely_strong_and_a_missing_one_is_missing():
    found = hits.neg_log10(pd.Series([1.0, 0.01, 0.0, np.nan]))
    assert found[:3].tolist() == pytest.approx([0, 2, np.inf])
    assert not np.signbit(found[0])
    assert np.isnan(found[3])


def test_marker_hits_sum_to_family_hits(results):
    rows = hits.by_marker(results, 0.05)
    for family in hits.families(results, 0.05):
        assert sum(row.hits[family.adjustment] or 0 for row in rows if row.analysis == family.analysis) == family.n_hits


def test_volume_explained_marker_is_found(results):
    explained = {row.marker: row.volume_explained for row in hits.by_marker(results, 0.05) if row.analysis == "CT"}
    assert explained.pop("G5:lof") is None
    assert explained["G1:lof"] == max(explained.values()) > 0


def test_untested_marker_has_no_best_row_and_comes_last(results):
    rows = hits.by_marker(results, 0.05)
    assert [(row.marker, row.best, row.n_tested) for row in rows[-2:]] == [("G5:lof", None, 0)] * 2
    assert set(rows[-1].hits.values()) == {None}


def test_main_reason_is_the_most_frequent_one(results):
    missing = hits.not_tested(results)
    assert hits.main_reason(missing) == hits.main_reason(missing, "full") == tables.NOT_TESTED_REASONS[2]
    assert hits.main_reason(hits.not_tested(results[results["flag"] == ""])) == ""


def test_leading_pairs_have_the_smallest_p_and_respect_the_share_of_a_marker(results):
    chosen = hits.leading_pairs(results, limit=8, per_marker=2)
    markers = [(results["analysis"][rows[0]], results["marker"][rows[0]]) for rows in chosen]
    assert results["neg_log10_p"][chosen[0]].max() == results["neg_log10_p"].max()
    assert all(len(rows) == 3 for rows in chosen)
    assert max(pd.Series([marker for _, marker in markers]).value_counts()) <= 2


def test_not_tested_counts_every_reason(results):
    table = hits.not_tested(results)
    assert table.to_numpy().sum() == (results["flag"] != "").sum()
    assert set(table.index) == set(results["flag"].astype(str)) - {""}


@pytest.mark.parametrize("n", [1, 7, 100_000])
def test_quantiles_are_those_of_uniform_p_values(n):
    p = (np.arange(n) + 0.5) / n
    expected, observed, low, high = hits.quantiles(-np.log10(p))
    assert len(expected) <= hits.QQ_POINTS + 1
    assert expected == pytest.approx(observed)
    assert (low <= expected + 1e-9).all()
    assert (expected <= high + 1e-9).all()
    assert high[0] == pytest.approx(-np.log10(stats.beta.ppf(0.025, 1, n)))


def test_empty_results_give_empty_answers():
    empty = sort_results(tables.RESULTS.frame([]))
    assert hits.families(empty, 0.05) == []
    assert hits.by_marker(empty, 0.05) == []
    assert hits.leading_pairs(empty, 5, 5) == []
    assert hits.pair_of_row(empty).size == 0
