"""Tails of quadratic forms against Imhof's integral, scipy's distributions and what must hold for any weights."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from radiogenomics.association.chebyshev import interpolated
from radiogenomics.association.quadratic import log_tail
from radiogenomics.association.ratio import Ratio
from tests.unit.association.imhof import imhof

WEIGHTS = st.lists(st.floats(1e-4, 1), min_size=1, max_size=30)


def tail(weights, x, df=None, shift=None):
    weights = np.array(weights, float)
    df = np.ones(len(weights)) if df is None else np.array(df, float)
    shift = np.zeros(len(weights)) if shift is None else np.array(shift, float)
    value, density, settled = log_tail(weights, df, shift, float(x))
    assert settled
    return value, density


@pytest.mark.parametrize("df", [1, 2, 3, 10, 300])
@pytest.mark.parametrize("x", [0.01, 1, 30, 1000])
def test_one_weight_is_chi_squared_however_far_out(df, x):
    value, density = tail([2.0], 2 * x, df=[df])
    assert value == pytest.approx(stats.chi2.logsf(x, df), rel=1e-13, abs=1e-13)
    assert density == pytest.approx(np.exp(stats.chi2.logpdf(x, df) - stats.chi2.logsf(x, df)) / 2, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("shift", [0.3, 10, 80])
@pytest.mark.parametrize("x", [0.2, 8, 120])
def test_a_shift_is_noncentral_chi_squared(shift, x):
    assert np.exp(tail([1.0], x, df=[3], shift=[shift])[0]) == pytest.approx(stats.ncx2.sf(x, 3, shift), rel=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_sums_are_those_of_imhof(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(6, 60))  # fewer weights make the reference's integrand oscillate too long
    weights, shift = rng.exponential(size=k) ** 2 + 1e-3, rng.exponential(size=k) * (seed % 2)
    for share in (0.3, 1, 1.5, 3):
        x = share * (weights * (1 + shift)).sum()
        expected = imhof(weights, np.ones(k), shift, x)
        # The reference is good to some 1e-10 only where few weights rule.
        assert np.exp(tail(weights, x, shift=shift)[0]) == pytest.approx(expected, abs=2e-9)


@pytest.mark.parametrize("seed", range(6))
def test_ratios_are_those_of_imhof(seed):
    rng = np.random.default_rng(100 + seed)
    m = int(rng.integers(1, 40))
    eigenvalues, rest = rng.exponential(size=m) ** 2 + 1e-3, int(rng.integers(6, 300))
    shares = rng.beta(1, 4, size=5)
    found = np.exp(Ratio(eigenvalues, m + rest).log_p(shares * eigenvalues.max()))
    for share, value in zip(shares, found, strict=True):
        weights = np.append(eigenvalues - share * eigenvalues.max(), -share * eigenvalues.max())
        expected = imhof(weights, np.append(np.ones(m), rest), np.zeros(m + 1), 0.0)
        assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("df", [2, 3, 20, 490])
def test_the_ratio_of_one_eigenvalue_is_the_f_test(df):
    share = np.array([1e-9, 1e-4, 0.01, 0.3, 0.7])
    expected = stats.beta.logsf(share, 0.5, (df - 1) / 2)
    np.testing.assert_allclose(Ratio(np.array([7.0]), df).log_p(7 * share), expected, rtol=1e-10, atol=1e-14)


@given(weights=WEIGHTS, df=st.integers(0, 200), share=st.floats(0.001, 0.999))
def test_every_ratio_settles_between_its_bounds(weights, df, share):
    eigenvalues = np.array(weights)
    ratio = Ratio(eigenvalues, len(weights) + df)
    least, most = ratio.ends
    if not ratio.varies:
        return
    t = least + share * (most - least)
    (value,) = ratio.log_p(np.array([t]))
    # As large as the largest eigenvalue alone makes it, at most as large as if all were equal to it.
    alone = stats.beta.logsf(t / most, 0.5, (ratio.df - 1) / 2) if least == 0 else -np.inf
    every = stats.beta.logsf(t / most, len(weights) / 2, df / 2) if df else 0.0
    assert alone - 1e-9 * abs(alone) - 1e-12 <= value <= every + 1e-12 + 1e-9 * abs(every) or value == 0


@given(weights=WEIGHTS, share=st.floats(1e-3, 30), shift=st.floats(0, 20))
def test_every_sum_settles_between_its_bounds(weights, share, shift):
    x, k, most = share * sum(weights), len(weights), max(weights)
    value = np.exp(tail(weights, x, shift=[shift] * k)[0])
    alone, every = stats.ncx2.sf(x / most, [1, k], [shift, k * shift])
    assert alone * (1 - 1e-9) - 1e-12 <= value <= every * (1 + 1e-9) + 1e-12


def test_many_ratios_are_interpolated_as_well_as_computed():
    rng = np.random.default_rng(4)
    eigenvalues = rng.exponential(size=12) ** 2
    normal = rng.normal(size=(3000, 80)) ** 2
    ratios = (normal[:, :12] * eigenvalues).sum(axis=1) / normal.sum(axis=1)
    many, one = Ratio(eigenvalues, 80).log_p(ratios), [Ratio(eigenvalues, 80).log_p(t[None])[0] for t in ratios[:200]]
    np.testing.assert_allclose(many[:200], one, atol=1e-9)
    assert stats.kstest(np.exp(many), "uniform").pvalue > 0.001


@pytest.mark.parametrize("eigenvalues", [[1785.7], [370.4, 483.5, 504.5], [371.8, 463.8, 512.2]])
def test_no_probability_is_above_one(eigenvalues):
    ratio = Ratio(np.array(eigenvalues), 53)
    least, most = ratio.ends
    share = np.r_[0, np.random.default_rng(5).beta(2, 20, 2000)]
    assert (ratio.log_p(least + (most - least) * share) <= 0).all()


def test_interpolation_evaluates_a_function_that_is_not_smooth():
    x = np.linspace(-1, 1, 5000)
    calls = []

    def bent(values):
        calls.append(len(values))
        return np.abs(values - 0.3)

    np.testing.assert_array_equal(interpolated(bent, x, 1e-9), np.abs(x - 0.3))
    assert calls[-1] == len(x)
    np.testing.assert_allclose(interpolated(np.exp, x, 1e-12), np.exp(x), atol=1e-12)
    assert interpolated(np.exp, np.zeros(0), 1e-9).shape == (0,)
