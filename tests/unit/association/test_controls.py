"""What each control keeps and loses; ratios and their intervals by simulation."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.calibration import specificity_covered
from radiogenomics.association import controls
from radiogenomics.association.statistics_errors import (
    OutOfRangeError,
    ShapeMismatchError,
    SmallPoolError,
    TooFewRowsError,
)


def test_identities_are_shuffled_inside_groups_and_by_the_seed():
    groups = np.repeat([0, 1, 2], [10, 15, 1])
    orders = controls.shuffled_identities(groups, 130, np.random.default_rng(1))
    assert orders.shape == (130, 26)
    assert (groups[orders] == groups).all()
    assert (np.sort(orders, axis=1) == np.arange(26)).all()
    assert len(np.unique(orders, axis=0)) == 130
    np.testing.assert_array_equal(orders, controls.shuffled_identities(groups, 130, np.random.default_rng(1)))
    assert controls.shuffled_identities(groups, 0, np.random.default_rng(1)).shape == (0, 26)


def test_random_features_have_the_covariance_and_the_gaps_of_the_data_and_no_relation_to_them():
    rng = np.random.default_rng(2)
    n = 60
    values = rng.normal(size=(n, 5)) @ rng.normal(size=(5, 8)) + 0.3 * rng.normal(size=(n, 8)) + 100
    values[:20, 3] = np.nan
    runs = [controls.random_features(values, rng) for _ in range(400)]
    np.testing.assert_array_equal(np.isnan(runs[0]), np.isnan(values))
    complete = [0, 1, 2, 4, 5, 6, 7]
    covariance = np.mean([np.cov(run[:, complete], rowvar=False) for run in runs], axis=0)
    wanted = np.cov(values[:, complete], rowvar=False)
    np.testing.assert_allclose(covariance, wanted, atol=0.06 * np.abs(wanted).max())
    spread = np.mean([np.nanvar(run[:, 3], ddof=1) for run in runs])
    assert spread == pytest.approx(np.nanvar(values[:, 3], ddof=1), rel=0.05)
    related = [np.corrcoef(run[:, 0], values[:, 0])[0, 1] for run in runs]
    assert abs(np.mean(related)) < 4 / np.sqrt(400 * n)
    with pytest.raises(TooFewRowsError):
        controls.random_features(np.full((5, 2), np.nan), rng)


def test_random_sets_have_the_sizes_and_the_kinds_of_the_originals():
    carriers = np.arange(40) % 10
    strata = controls.carrier_bins(carriers, 4)
    sets = [np.array([0, 1, 2, 9, 19]), np.array([5]), np.zeros(0, int)]
    runs = list(controls.random_sets(sets, strata, 50, np.random.default_rng(3)))
    for run in runs:
        for original, drawn in zip(sets, run, strict=True):
            assert len(np.unique(drawn)) == len(original)
            np.testing.assert_array_equal(np.sort(strata[drawn]), np.sort(strata[original]))
    assert len({tuple(run[0]) for run in runs}) > 40
    again = next(controls.random_sets(sets, strata, 1, np.random.default_rng(3)))
    np.testing.assert_array_equal(again[0], runs[0][0])
    with pytest.raises(SmallPoolError):
        next(controls.random_sets([np.array([0] * 50)], strata, 1, np.random.default_rng(3)))


def test_genes_with_equal_numbers_of_carriers_share_a_bin():
    carriers = np.array([0, 0, 0, 0, 0, 1, 2, 3, 50])
    bins = controls.carrier_bins(carriers, 3)
    assert len(set(bins[:5])) == 1
    assert (np.diff(bins) >= 0).all()
    assert len(set(bins)) >= 2


def test_the_ratio_its_bounds_and_its_p():
    found = controls.specificity(40, np.array([2, 1, 3, 2, 0, 2, 1, 4, 3, 2]))
    assert found.ratio == pytest.approx(20)
    low, high = (stats.chi2.ppf(0.025, 40) / 20, stats.chi2.ppf(0.975, 42) / 20)
    assert (found.low, found.high) == pytest.approx((40 / high, 40 / low))
    assert found.dispersion == 1
    assert found.p == pytest.approx(1 / 11)


def test_without_hits_in_controls_the_ratio_has_a_lower_bound_only():
    found = controls.specificity(5, np.zeros(100, int))
    assert (found.ratio, found.high) == (np.inf, np.inf)
    assert found.low == pytest.approx(5 / (-np.log(0.025) / 100))
    assert np.isnan(controls.specificity(0, np.zeros(3, int)).ratio)
    assert controls.specificity(0, np.array([3, 4])).ratio == 0


def test_what_is_no_count_of_runs_is_refused():
    with pytest.raises(TooFewRowsError):
        controls.specificity(3, np.array([1]))
    with pytest.raises(OutOfRangeError):
        controls.specificity(3, np.array([1, -1]))


@pytest.mark.parametrize("clump", [1, 8], ids=["single hits", "clumps of 8"])
def test_the_interval_holds_the_mean_of_controls_also_when_hits_come_in_clumps(clump):
    covered = specificity_covered(1000, np.random.default_rng(4), clump=clump).sum()
    assert covered >= stats.binom.ppf(0.001, 1000, 0.93)


def test_each_hit_is_held_against_the_same_pair_of_the_controls():
    rng = np.random.default_rng(5)
    null = rng.exponential(size=(200, 3))
    null[:, 2] = np.nan
    null[0, 1] = np.nan
    found = controls.exceedance(np.array([1.0, 99.0, 1.0]), null)
    count = int((null[:, 0] >= 1).sum())
    exact = stats.binomtest(count, 200).proportion_ci(0.95, "exact")
    assert (found.share[0], found.low[0], found.high[0]) == pytest.approx((count / 200, exact.low, exact.high))
    assert (found.share[1], found.low[1]) == (0, 0)
    assert found.high[1] == pytest.approx(stats.binomtest(0, 199).proportion_ci(0.95, "exact").high)
    assert np.isnan([found.share[2], found.low[2], found.high[2]]).all()
    assert controls.exceedance(np.zeros(1), np.ones((4, 1))).high == 1
    with pytest.raises(ShapeMismatchError):
        controls.exceedance(np.zeros(2), null)
