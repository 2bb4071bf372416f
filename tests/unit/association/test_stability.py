"""Intraclass correlations against the published example and a plain analysis of variance; coverage of the bounds."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from benchmarks.calibration import icc_covered
from radiogenomics.association import stability
from radiogenomics.association.stability import Model, icc, variety
from radiogenomics.association.statistics_errors import ShapeMismatchError

# Shrout and Fleiss 1979, table 2: six targets, four judges.
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float)


@pytest.mark.parametrize(
    ("model", "value", "low", "high"),
    [
        # Coefficients from table 4 of the paper; bounds as R's psych 2.2.9 prints them for the same table.
        (Model.ONE_WAY, 0.17, -0.13, 0.72),
        (Model.TWO_WAY_RANDOM, 0.29, 0.02, 0.76),
        (Model.TWO_WAY_MIXED, 0.71, 0.34, 0.95),
    ],
)
def test_the_example_of_shrout_and_fleiss(model, value, low, high):
    found = icc(JUDGES[:, :, None], model)
    assert (round(found.icc[0], 2), round(found.low[0], 2), round(found.high[0], 2)) == (value, low, high)


def plain(ratings, model):
    """The coefficient from a table of variance, its sums of squares differences of least squares fits."""
    n, k = ratings.shape
    targets, raters = np.repeat(np.eye(n), k, axis=0), np.tile(np.eye(k), (n, 1))

    def left(*columns):
        design = np.hstack([np.ones((n * k, 1)), *columns])
        return ((ratings.ravel() - design @ np.linalg.lstsq(design, ratings.ravel(), rcond=None)[0]) ** 2).sum()

    between = (left() - left(targets)) / (n - 1)
    if model == Model.ONE_WAY:
        error = left(targets) / (n * (k - 1))
        return (between - error) / (between + (k - 1) * error)
    error = left(targets, raters) / ((n - 1) * (k - 1))
    rater = (left() - left(raters)) / (k - 1) if model == Model.TWO_WAY_RANDOM else error
    return (between - error) / (between + (k - 1) * error + k / n * (rater - error))


@pytest.mark.parametrize("model", Model)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(3, 12), k=st.integers(2, 4))
def test_every_feature_equals_a_table_of_variance_of_its_complete_targets(model, seed, n, k):
    rng = np.random.default_rng(seed)
    ratings = rng.normal(size=(n, k, 3)) + 2 * rng.normal(size=(n, 1, 3)) + rng.normal(size=(1, k, 3)) + 100
    ratings[0, 0, 1] = np.nan
    found = icc(ratings, model)
    for feature in range(3):
        rows = np.isfinite(ratings[:, :, feature]).all(axis=1)
        assert found.n[feature] == rows.sum()
        if rows.sum() < 3:
            assert stability.ICC_REASONS[found.flag[feature]] == "fewer than 3 complete targets"
            assert np.isnan(found.icc[feature])
            continue
        assert found.icc[feature] == pytest.approx(plain(ratings[rows, :, feature], model), rel=1e-7, abs=1e-9)
        assert np.isfinite([found.low[feature], found.high[feature]]).all()
        if model != Model.TWO_WAY_RANDOM or found.icc[feature] >= 0:
            assert found.low[feature] <= found.icc[feature] + 1e-12
            assert found.icc[feature] <= found.high[feature] + 1e-12


@pytest.mark.parametrize("model", Model)
def test_the_interval_covers_the_true_coefficient(model):
    covered = icc_covered(model, 4000, np.random.default_rng(1)).sum()
    # The interval of ICC(2,1) is approximate.
    allowed = 0.02 if model == Model.TWO_WAY_RANDOM else 0
    assert stats.binom.ppf(0.001, 4000, 0.95 - allowed) <= covered <= stats.binom.ppf(0.999, 4000, 0.95 + allowed)


@pytest.mark.parametrize("model", Model)
def test_perfect_agreement_is_one_and_a_constant_has_none(model):
    rng = np.random.default_rng(2)
    same = np.repeat(rng.normal(size=(8, 1)), 3, axis=1)
    found = icc(np.stack([same, np.full((8, 3), 0.1), np.full((8, 3), np.nan)], axis=2), model)
    np.testing.assert_allclose([found.icc[0], found.low[0], found.high[0]], 1, rtol=1e-12)
    assert [stability.ICC_REASONS[flag] for flag in found.flag] == ["", "no variation", "fewer than 3 complete targets"]
    assert np.isnan(found.low[1:]).all()


def test_the_gate_is_on_the_lower_bound():
    rng = np.random.default_rng(3)
    ratings = rng.normal(size=(10, 1, 3)) + np.array([0.05, 0.4, 0.05]) * rng.normal(size=(10, 3, 3))
    ratings[:8, 0, 2] = np.nan
    found = icc(ratings, Model.ONE_WAY)
    assert found.icc[1] > 0.7 > found.low[1]
    np.testing.assert_array_equal(found.stable(0.7), [True, False, False])
    wider = icc(ratings, Model.ONE_WAY, confidence=0.99)
    assert (wider.low[:2] < found.low[:2]).all()


@pytest.mark.parametrize("shape", [(5, 3), (5, 1, 2)])
def test_ratings_need_three_axes_and_two_raters(shape):
    with pytest.raises(ShapeMismatchError):
        icc(np.zeros(shape), Model.ONE_WAY)


def test_features_with_hardly_any_variety_are_found():
    rng = np.random.default_rng(4)
    columns = {
        "continuous": rng.normal(size=100),
        "constant": np.full(100, 5.0),
        "one apart": np.r_[np.zeros(98), 1.0, 2.0],
        "two values": np.r_[np.zeros(60), np.ones(40)],
        "nearly two": np.r_[np.zeros(90), np.ones(3), rng.normal(size=2), np.full(5, np.nan)],
        "missing": np.full(100, np.nan),
    }
    found = variety(np.column_stack(list(columns.values())))
    np.testing.assert_allclose(found.top_share, [0.01, 1, 0.98, 0.6, 90 / 95, np.nan])
    np.testing.assert_allclose(found.ratio, [1, np.inf, 98, 1.5, 30, np.nan])
    np.testing.assert_allclose(found.distinct_share, [1, 0.01, 0.03, 0.02, 4 / 95, np.nan])
    flagged = found.near_constant(max_share=0.95, max_ratio=19, min_distinct=0.1)
    np.testing.assert_array_equal(flagged, [False, True, True, False, True, True])
