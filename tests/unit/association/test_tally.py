"""Adjusted p-values, inflation and quantiles from counts, against those from all p-values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from radiogenomics.association.flags import FEW_PATIENTS, TESTED
from radiogenomics.association.linear import Fits
from radiogenomics.association.tally import Tally


def fits(p):
    """A block of these p-values, (n_features, n_markers), NaN where not tested."""
    blank = np.zeros(p.shape)
    flag = np.where(np.isnan(p), FEW_PATIENTS, TESTED).astype(np.int8)
    none = np.zeros(p.shape, bool)
    with np.errstate(divide="ignore"):
        height = -np.log10(p)
    return Fits(blank, blank, blank, blank, p, height, blank, blank, flag, none, none)


def tally(p, limit, blocks=3):
    found = Tally(limit)
    for part in np.array_split(p, blocks, axis=1):
        found.add(fits(part))
    return found


@given(
    seed=st.integers(0, 2**32 - 1),
    limit=st.sampled_from([None, 1e-4, 1e-3, 0.01, 0.05, 0.3, 1.0]),
    signals=st.sampled_from([0, 3, 300]),
    digits=st.sampled_from([2, 17]),
)
def test_what_is_said_of_a_kept_pair_is_true_among_all(seed, limit, signals, digits):
    rng = np.random.default_rng(seed)
    p = rng.random((20, 50))
    p.ravel()[rng.permutation(1000)[:signals]] **= 6
    p = np.maximum(p.round(digits), 1e-12)
    p[3, :7] = np.nan
    truth = np.full(p.shape, np.nan)
    truth[np.isfinite(p)] = stats.false_discovery_control(p[np.isfinite(p)])
    adjusted = tally(p, limit).adjust()
    q = adjusted(p)
    known = np.isfinite(q)
    np.testing.assert_allclose(q[known], truth[known], rtol=1e-12)
    unknown = ~known & np.isfinite(p)
    assert (truth[unknown] >= adjusted.exact_below * (1 - 1e-12)).all()
    if limit is None:
        assert not unknown.any()
    assert adjusted.hits(min(0.05, adjusted.exact_below)) == (truth < min(0.05, adjusted.exact_below)).sum()


def test_inflation_is_that_of_the_median():
    rng = np.random.default_rng(0)
    p = stats.chi2.sf(1.3 * rng.chisquare(1, (300, 400)), 1)
    expected = stats.chi2.isf(np.median(p), 1) / stats.chi2.isf(0.5, 1)
    assert tally(p, 1e-3).inflation() == pytest.approx(expected, rel=1e-4)


def test_without_a_test_there_is_no_inflation_and_no_hit():
    found = tally(np.full((2, 3), np.nan), 0.1)
    assert np.isnan(found.inflation())
    assert found.adjust().hits(0.05) == 0
    assert [len(column) for column in found.quantiles()] == [0, 0, 0]


def test_quantiles_are_shares_of_tests():
    p = np.array([[0.5, 0.05, 0.0, 1.0]])
    observed, expected, n = tally(p, None, 1).quantiles()
    np.testing.assert_allclose(observed, [0, 77 / 256, 333 / 256, 40])
    np.testing.assert_allclose(expected, -np.log10([1, 0.75, 0.5, 0.25]))
    assert n.tolist() == [1, 1, 1, 1]
