"""Clusters against their definition and scipy's Spearman; ties do not depend on the order of columns."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from radiogenomics.association.redundancy import clusters, rank_correlation
from radiogenomics.association.statistics_errors import ShapeMismatchError


def family(seed, n=80, missing=0.0):
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(n, 4))
    values = np.hstack([base + noise * rng.normal(size=(n, 4)) for noise in (0.1, 0.3, 0.8)])
    values[:, 5] *= -1
    values[rng.random(values.shape) < missing] = np.nan
    return values, [f"feature{number:02d}" for number in range(12)]


def test_rank_correlation_equals_scipy_without_missing_values():
    values, _ = family(1)
    values = np.round(values, 1)
    np.testing.assert_allclose(rank_correlation(values), stats.spearmanr(values).statistic, atol=1e-13)


def test_rank_correlation_with_missing_values_is_that_of_the_common_patients():
    values, _ = family(2, missing=0.2)
    values[:, 3], values[:78, 7] = 4.0, np.nan
    found = rank_correlation(values)
    ranks = np.column_stack([stats.rankdata(column, nan_policy="omit") for column in values.T])
    for i, j in np.ndindex(found.shape):
        both = np.isfinite(ranks[:, i]) & np.isfinite(ranks[:, j])
        if both.sum() < 3 or 3 in (i, j):
            assert np.isnan(found[i, j])
        else:
            assert found[i, j] == pytest.approx(np.corrcoef(ranks[both, i], ranks[both, j])[0, 1], abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1), threshold=st.sampled_from([0.5, 0.8, 0.95]))
def test_complete_linkage_holds_the_threshold_within_and_the_medoid_is_the_most_central(seed, threshold):
    values, names = family(seed)
    found = clusters(values, names, threshold=threshold)
    alike = np.abs(stats.spearmanr(values).statistic)
    for medoid in found.medoids:
        members = np.flatnonzero(found.medoid_of == medoid)
        assert medoid in members
        inside = alike[np.ix_(members, members)]
        assert inside.min() >= threshold - 1e-9
        assert inside[list(members).index(medoid)].mean() == pytest.approx(inside.mean(axis=1).max())


@given(seed=st.integers(0, 2**32 - 1), linkage=st.sampled_from(["complete", "average"]))
def test_the_order_of_columns_does_not_matter_even_with_ties(seed, linkage):
    rng = np.random.default_rng(seed)
    values, names = family(seed, n=12, missing=0.1)
    values = np.round(values)  # few distinct values, equal correlations
    order = rng.permutation(12)
    plain = clusters(values, names, threshold=0.6, linkage=linkage)
    shuffled = clusters(values[:, order], [names[i] for i in order], threshold=0.6, linkage=linkage)
    np.testing.assert_array_equal(order[shuffled.medoid_of], plain.medoid_of[order])


def test_what_has_no_correlation_stands_alone():
    values, names = family(3)
    values[:, 2], values[:, 6] = 1.0, np.nan
    found = clusters(values, names, threshold=0.2)
    assert found.medoid_of[2] == 2
    assert found.medoid_of[6] == 6
    np.testing.assert_array_equal(clusters(values[:, :1], names[:1], threshold=0.5).medoid_of, [0])
    with pytest.raises(ShapeMismatchError):
        clusters(values, names[:3], threshold=0.5)
