"""Analysis of variance and Levene's test against scipy; components that a site explains."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from radiogenomics.association.site_effects import anova, levene, site_variance
from radiogenomics.association.statistics_errors import TooFewRowsError


@given(seed=st.integers(0, 2**32 - 1), missing=st.sampled_from([0.0, 0.2]))
def test_both_tests_equal_scipy_feature_by_feature(seed, missing):
    rng = np.random.default_rng(seed)
    groups = rng.integers(-1, 3, 40)
    values = rng.normal(size=(40, 5)) * (1 + groups[:, None] % 3) + 100 * rng.normal(size=5)
    values[rng.random(values.shape) < missing] = np.nan
    means, spreads = anova(values, groups), levene(values, groups)
    for feature in range(5):
        column = values[:, feature]
        parts = [column[(groups == group) & np.isfinite(column)] for group in range(3)]
        parts = [part for part in parts if part.size]  # a feature may have no value in one of the groups
        f, p = stats.f_oneway(*parts)
        assert (means.f[feature], means.p[feature]) == pytest.approx((f, p), rel=1e-8)
        pooled = np.concatenate(parts)
        between = sum(len(part) * (part.mean() - pooled.mean()) ** 2 for part in parts)
        assert means.eta2[feature] == pytest.approx(between / ((pooled - pooled.mean()) ** 2).sum(), rel=1e-8)
        w, p = stats.levene(*parts, center="median")
        assert (spreads.f[feature], spreads.p[feature]) == pytest.approx((w, p), rel=1e-8)


def test_what_cannot_be_compared_is_missing():
    values = np.array([[1.0, 1, 2, np.nan], [1, np.nan, 3, np.nan], [1, np.nan, 5, np.nan], [1, np.nan, 9, 4]])
    found = anova(values, np.array([0, 0, 1, 1]))
    np.testing.assert_array_equal(np.isnan(found.p), [True, True, False, True])
    assert np.isnan(levene(values, np.zeros(4, int)).p).all()
    assert np.isnan(anova(values, np.full(4, -1)).eta2).all()


def test_components_show_a_site_and_no_more_than_chance_without_one():
    rng = np.random.default_rng(1)
    site = rng.integers(0, 4, 200)
    noise = rng.normal(size=(200, 50)) @ rng.normal(size=(50, 80))
    shifted = noise + 15 * rng.normal(size=(4, 80))[site]
    shifted[0, 3] = np.nan
    with_site, without = site_variance(shifted, site), site_variance(noise, site)
    assert with_site.n_features == 79
    assert with_site.total > 0.5
    assert without.total < 3 * without.by_chance
    assert without.by_chance == pytest.approx(3 / 199)
    assert with_site.share.sum() <= 1


def test_all_components_together_hold_the_mean_share_of_the_features():
    rng = np.random.default_rng(2)
    site = rng.integers(0, 3, 60)
    values = rng.normal(size=(60, 10)) + site[:, None] * rng.normal(size=10)
    found = site_variance(values, site, n_components=60)
    assert found.total == pytest.approx(anova(values, site).eta2.mean())


def test_components_need_rows_and_complete_features():
    with pytest.raises(TooFewRowsError):
        site_variance(np.ones((2, 3)), np.zeros(2, int))
    with pytest.raises(TooFewRowsError, match="features"):
        site_variance(np.full((5, 2), np.nan), np.zeros(5, int))
