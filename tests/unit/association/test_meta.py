"""Pooled effects against statsmodels and the estimating equations, missing sites, and what cannot be pooled."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import optimize, stats
from statsmodels.stats.meta_analysis import combine_effects

from radiogenomics.association import meta
from radiogenomics.association.meta import Interval, Tau2
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError


def sites(seed, k=6, pairs=8, spread=0.4, missing=0.2):
    rng = np.random.default_rng(seed)
    errors = rng.uniform(0.1, 0.6, (k, pairs))
    estimates = 0.3 + rng.normal(size=(k, pairs)) * np.hypot(errors, spread * np.arange(pairs) / pairs)
    estimates[2:][rng.random((k - 2, pairs)) < missing] = np.nan
    errors[2:][rng.random((k - 2, pairs)) < missing] = np.nan
    return estimates, errors


def complete(estimates, errors, pair):
    known = ~np.isnan(estimates[:, pair] + errors[:, pair])
    return estimates[known, pair], errors[known, pair]


@given(seed=st.integers(0, 2**32 - 1))
def test_dersimonian_and_laird_equal_statsmodels(seed):
    estimates, errors = sites(seed)
    found = meta.pool(estimates, errors, tau2=Tau2.DERSIMONIAN_LAIRD, interval=Interval.NORMAL)
    knapp = meta.pool(estimates, errors, tau2=Tau2.DERSIMONIAN_LAIRD, interval=Interval.HARTUNG_KNAPP)
    for pair in range(estimates.shape[1]):
        y, se = complete(estimates, errors, pair)
        with np.errstate(invalid="ignore"):  # theirs goes on with a negative τ²
            expected = combine_effects(y, se**2, method_re="dl")
        assert found.n_sites[pair] == len(y)
        assert found.q[pair] == pytest.approx(expected.q, rel=1e-10)
        assert found.tau2[pair] == pytest.approx(max(expected.tau2, 0), rel=1e-9, abs=1e-13)
        if expected.tau2 > 0:
            assert found.estimate[pair] == pytest.approx(expected.mean_effect_re, rel=1e-10, abs=1e-13)
            assert found.se[pair] == pytest.approx(expected.sd_eff_w_re, rel=1e-10)
            assert knapp.se[pair] == pytest.approx(expected.sd_eff_w_re_hksj, rel=1e-10)


@given(seed=st.integers(0, 2**32 - 1))
def test_the_fixed_effect_is_the_inverse_variance_mean(seed):
    estimates, errors = sites(seed)
    found = meta.pool(estimates, errors, tau2=Tau2.FIXED, interval=Interval.NORMAL, confidence=0.9)
    for pair in range(estimates.shape[1]):
        y, se = complete(estimates, errors, pair)
        w = 1 / se**2
        mean, error = (w * y).sum() / w.sum(), w.sum() ** -0.5
        q = (w * (y - mean) ** 2).sum()
        assert found.estimate[pair] == pytest.approx(mean, rel=1e-12, abs=1e-14)
        assert found.p[pair] == pytest.approx(2 * stats.norm.sf(abs(mean / error)), rel=1e-11)
        assert found.high[pair] == pytest.approx(mean + stats.norm.ppf(0.95) * error, rel=1e-11)
        assert found.q_p[pair] == pytest.approx(stats.chi2.sf(q, len(y) - 1), rel=1e-9)
        assert found.i2[pair] == pytest.approx(max(1 - (len(y) - 1) / q, 0), rel=1e-9, abs=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
def test_reml_is_a_maximum_and_paule_mandel_solves_its_equation(seed):
    estimates, errors = sites(seed, missing=0)
    reml = meta.pool(estimates, errors).tau2
    mandel = meta.pool(estimates, errors, tau2=Tau2.PAULE_MANDEL).tau2

    def minus_likelihood(tau2, y, v):
        w = 1 / (v + tau2)
        return np.log(w.sum()) - np.log(w).sum() + (w * (y - (w * y).sum() / w.sum()) ** 2).sum()

    for pair in np.flatnonzero(np.isfinite(reml)):
        y, v = estimates[:, pair], errors[:, pair] ** 2
        least = optimize.minimize_scalar(minus_likelihood, bounds=(0, 3), args=(y, v), options={"xatol": 1e-10})
        assert minus_likelihood(reml[pair], y, v) <= min(least.fun, minus_likelihood(0, y, v)) + 1e-9
        w = 1 / (v + mandel[pair])
        excess = (w * (y - (w * y).sum() / w.sum()) ** 2).sum() - 5
        assert excess == pytest.approx(0, abs=1e-9) or (mandel[pair] == 0 and excess < 0)


def test_sites_that_agree_have_no_heterogeneity_and_the_floor_keeps_their_interval():
    estimates = np.array([[0.5, 1e6 + 0.50], [0.5, 1e6 + 0.51], [0.5, 1e6 + 0.49]])
    errors = np.full((3, 2), 0.2)
    for method in Tau2:
        found = meta.pool(estimates, errors, tau2=method)
        np.testing.assert_array_equal(found.tau2, 0)
        np.testing.assert_array_equal(found.i2, 0)
        np.testing.assert_allclose(found.se, 0.2 / np.sqrt(3), rtol=1e-12)
        narrow = meta.pool(estimates, errors, tau2=method, interval=Interval.HARTUNG_KNAPP)
        assert narrow.se[0] < 1e-9
        np.testing.assert_allclose(narrow.se[1], 0.01 / np.sqrt(3), rtol=1e-7)


def test_pairs_of_one_site_are_not_pooled():
    estimates = np.array([[[0.1, np.nan], [0.2, 0.3]], [[np.nan, np.nan], [0.1, 0.2]]])
    errors = np.full((2, 2, 2), 0.1)
    errors[1, 1, 1] = np.nan
    for method in Tau2:
        found = meta.pool(estimates, errors, tau2=method)
        np.testing.assert_array_equal(found.n_sites, [[1, 0], [2, 1]])
        np.testing.assert_array_equal(found.flag, [[1, 1], [0, 1]])
        for name in ("estimate", "se", "low", "high", "p", "neg_log10_p", "q", "q_p", "i2", "tau2"):
            np.testing.assert_array_equal(np.isnan(getattr(found, name)), found.flag != 0)
    assert meta.pool(np.zeros((3, 0)), np.zeros((3, 0))).p.shape == (0,)


def test_what_does_not_settle_is_said(monkeypatch):
    monkeypatch.setattr(meta, "ITERATIONS", 1)
    estimates, errors = sites(1, missing=0)
    found = meta.pool(estimates, errors)
    assert (found.flag == meta.UNSETTLED).any()
    np.testing.assert_array_equal(np.isnan(found.p), found.flag != 0)


def test_knapp_is_nearer_to_the_level_than_normal_deviates():
    rng = np.random.default_rng(3)
    errors = rng.uniform(0.1, 0.5, (5, 20_000))
    estimates = rng.normal(size=errors.shape) * np.hypot(errors, 0.3)
    shares = {interval: (meta.pool(estimates, errors, interval=interval).p < 0.05).mean() for interval in Interval}
    assert shares[Interval.NORMAL] > 0.1
    assert 0.04 < shares[Interval.HARTUNG_KNAPP] < 0.08
    assert shares[Interval.HARTUNG_KNAPP_FLOOR] <= shares[Interval.HARTUNG_KNAPP]


def test_bad_input_is_refused():
    estimates, errors = sites(2)
    with pytest.raises(ShapeMismatchError):
        meta.pool(estimates, errors[1:])
    with pytest.raises(OutOfRangeError, match="confidence"):
        meta.pool(estimates, errors, confidence=95)
    for bad in (0.0, -1.0, np.inf):
        errors[1, 1] = bad
        with pytest.raises(OutOfRangeError, match="standard error"):
            meta.pool(estimates, errors)
