"""Rank tests against scipy pair by pair, with ties and missing values, and what has no test."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from radiogenomics.association import rank
from radiogenomics.association.asymptotic import chi2_tail
from radiogenomics.association.rank_correlation import spearman
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError


def cohort(seed, n=60, levels=2, missing=0.1):
    """Features without ties, with ties, and with a gap; markers complete and with gaps."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 4))
    features[:, 1] = rng.integers(0, 4, n)
    features[rng.random(n) < missing, 2] = np.nan
    features[:, 3] = np.exp(20 * features[:, 3])
    markers = rng.integers(0, levels, (n, 5)).astype(float)
    markers[rng.random((n, 5)) < missing] = np.nan
    markers[:, 0] = np.arange(n) % levels
    return features, markers


def pairs(features, markers):
    for i in range(features.shape[1]):
        for j in range(markers.shape[1]):
            known = ~np.isnan(features[:, i] + markers[:, j])
            yield (i, j), features[known, i], markers[known, j]


@pytest.mark.parametrize("continuity", [False, True])
@given(seed=st.integers(0, 2**32 - 1))
def test_mann_whitney_equals_scipy_on_complete_cases(continuity, seed):
    features, markers = cohort(seed)
    found = rank.mann_whitney(features, markers, continuity=continuity)
    for where, x, g in pairs(features, markers):
        expected = stats.mannwhitneyu(x[g == 1], x[g == 0], use_continuity=continuity, method="asymptotic")
        assert found.statistic[where] == expected.statistic
        assert found.p[where] == pytest.approx(expected.pvalue, rel=1e-10)
        assert found.neg_log10_p[where] == pytest.approx(-np.log10(expected.pvalue), rel=1e-10, abs=1e-12)
        assert found.n[where] == len(x)
        assert found.effect[where] == expected.statistic / ((g == 1).sum() * (g == 0).sum())


@given(seed=st.integers(0, 2**32 - 1), levels=st.integers(2, 5))
def test_kruskal_wallis_equals_scipy_on_complete_cases(seed, levels):
    features, markers = cohort(seed, levels=levels)
    found = rank.kruskal_wallis(features, markers)
    for where, x, g in pairs(features, markers):
        expected = stats.kruskal(*(x[g == level] for level in np.unique(g)))
        assert found.statistic[where] == pytest.approx(expected.statistic, rel=1e-10, abs=1e-12)
        assert found.p[where] == pytest.approx(expected.pvalue, rel=1e-10)
        assert found.df[where] == len(np.unique(g)) - 1


@given(seed=st.integers(0, 2**32 - 1))
def test_spearman_equals_scipy_on_complete_cases(seed):
    features, markers = cohort(seed, levels=3)
    found = spearman(features, markers)
    for where, x, g in pairs(features, markers):
        expected = stats.spearmanr(x, g)
        assert found.statistic[where] == pytest.approx(expected.statistic, rel=1e-10, abs=1e-14)
        assert found.p[where] == pytest.approx(expected.pvalue, rel=1e-10)


def test_partial_rank_correlation_is_that_of_the_inverse_correlation_matrix():
    features, markers = cohort(3, levels=3)
    covariates = np.random.default_rng(4).normal(size=(60, 2))
    covariates[7, 1] = np.nan
    found = spearman(features, markers, covariates)
    for i in range(features.shape[1]):
        for j in range(markers.shape[1]):
            values = np.column_stack([features[:, i], markers[:, j], covariates])
            values = stats.rankdata(values[~np.isnan(values).any(axis=1)], axis=0)
            inverse = np.linalg.inv(np.corrcoef(values, rowvar=False))
            r, df = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1]), len(values) - 4
            assert found.statistic[i, j] == pytest.approx(r, rel=1e-9, abs=1e-12)
            assert found.df[i, j] == df
            assert found.p[i, j] == pytest.approx(2 * stats.t.sf(abs(r) * np.sqrt(df / (1 - r * r)), df), rel=1e-8)


def test_collinear_covariates_count_once_and_a_covariate_itself_has_no_correlation():
    features, markers = cohort(5)
    once = spearman(features, markers, features[:, :1])
    twice = spearman(features, markers, np.column_stack([np.ones(60), features[:, 0], -features[:, 0]]))
    np.testing.assert_allclose(once.statistic, twice.statistic, rtol=1e-9)
    np.testing.assert_array_equal(once.df, twice.df)
    assert (once.flag[0] == rank.NO_VARIATION).all()
    assert np.isnan(once.p[0]).all()


@pytest.mark.parametrize("hole", [False, True])
def test_pairs_without_a_test_say_why(hole):
    features = np.column_stack([np.arange(8.0), np.full(8, 3.0), np.full(8, np.nan)])
    markers = np.column_stack([np.arange(8) % 2, np.zeros(8)]).astype(float)
    markers[7 if hole else slice(0), :] = np.nan
    for test in (rank.mann_whitney, rank.kruskal_wallis):
        found = test(features, markers)
        flags = [[0, rank.FEW_GROUPS], [rank.NO_VARIATION, rank.FEW_GROUPS], [rank.FEW_GROUPS, rank.FEW_GROUPS]]
        np.testing.assert_array_equal(found.flag, flags)
        for values in (found.statistic, found.effect, found.p, found.neg_log10_p):
            np.testing.assert_array_equal(np.isnan(values), found.flag != 0)
    found = spearman(features, markers)
    flags = [[0, rank.NO_VARIATION], [rank.NO_VARIATION] * 2, [rank.NO_DF] * 2]
    np.testing.assert_array_equal(found.flag, flags)


def test_a_perfect_order_is_tested_and_its_tail_does_not_end_at_the_smallest_float():
    n = 4000
    values = np.arange(n, dtype=float)[:, None]
    halves = (values >= n / 2).astype(float)
    u, h = rank.mann_whitney(values, halves), rank.kruskal_wallis(values, halves)
    assert u.effect == 1
    assert h.effect == pytest.approx(0.75, abs=1e-3)
    assert u.p == h.p == 0
    np.testing.assert_allclose(u.neg_log10_p, h.neg_log10_p, rtol=1e-12)
    rho = spearman(values, -values)
    assert rho.statistic == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("df", [1, 2, 5, 20, 126])
def test_the_far_tail_joins_the_near_one(df):
    x = stats.chi2.isf(1e-280, df) * np.array([1, 1.0001])
    near = chi2_tail(x, np.array(df))[1]
    far = chi2_tail(x + 200, np.array(df))
    assert far[0].max() < 1e-290
    slope = np.diff(near) / np.diff(x)
    assert slope == pytest.approx(0.5 / np.log(10) * (1 - (df - 2) / x[0]), rel=1e-3)
    np.testing.assert_allclose(near, -stats.chi2.logsf(x, df) / np.log(10), rtol=1e-12)
    # d(−ln p)/dx integrates the hazard f/p over the gap between both.
    grid = np.linspace(x[0], x[0] + 200, 2001)
    log_density = stats.chi2.logpdf(grid, df)
    hazard = np.exp(log_density + np.log(10) * chi2_tail(grid, np.array(df))[1])
    total = np.sum((hazard[1:] + hazard[:-1]) / 2 * np.diff(grid)) / np.log(10)
    assert far[1][0] - near[0] == pytest.approx(total, rel=1e-8)


def test_what_is_no_group_is_refused():
    features, markers = cohort(6)
    for bad in (2.0, 0.5, -1.0, np.inf):
        markers[3, 2] = bad
        with pytest.raises(OutOfRangeError, match="group"):
            rank.mann_whitney(features, markers)
    with pytest.raises(OutOfRangeError, match="group"):
        rank.kruskal_wallis(features, markers + 200)
    with pytest.raises(ShapeMismatchError):
        spearman(features, markers[1:])
    with pytest.raises(ShapeMismatchError):
        rank.mann_whitney(features[:, 0], markers)


def test_no_marker_and_no_feature_give_empty_results():
    features, markers = cohort(7)
    for test in (rank.mann_whitney, rank.kruskal_wallis, spearman):
        assert test(features, markers[:, :0]).p.shape == (4, 0)
        assert test(features[:, :0], markers).p.shape == (0, 5)
