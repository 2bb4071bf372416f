"""Least squares against statsmodels, the tail of t against exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from radiogenomics.association import linear
from radiogenomics.association.linear import Rules
from radiogenomics.association.tail import P_TAIL, tail


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(12, 60),
    covariates=st.integers(0, 3),
    missing=st.sampled_from([0.0, 0.02, 0.15]),
)
def test_every_pair_equals_statsmodels_on_its_complete_cases(seed, n, covariates, missing):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, 6)) * 10.0 ** rng.integers(-3, 4, 6)
    g = (rng.random((n, 5)) < 0.4).astype(float)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, covariates))])
    for values in (y, g, design[:, 1:]):
        values[rng.random(values.shape) < missing] = np.nan
    fits = linear.fit(y, g, design, Rules(8, 2))
    for i, j in np.ndindex(fits.p.shape):
        columns = np.column_stack([design, g[:, j]])
        complete = np.isfinite(columns).all(axis=1) & np.isfinite(y[:, i])
        assert fits.n[i, j] == complete.sum()
        assert fits.n_carriers[i, j] == (g[complete, j] == 1).sum()
        if fits.flag[i, j] != linear.TESTED:
            assert np.isnan(fits.p[i, j])
            continue
        model = sm.OLS(y[complete, i], columns[complete]).fit()
        assert fits.df[i, j] == model.df_resid
        # 1e-10 relative: both are float64; products of up to 60 terms lose a few digits of 16.
        got = [fits.estimate[i, j], fits.se[i, j], fits.t[i, j], fits.p[i, j], fits.half_width[i, j]]
        interval = np.diff(model.conf_int()[-1])[0] / 2
        np.testing.assert_allclose(
            got,
            [model.params[-1], model.bse[-1], model.tvalues[-1], model.pvalues[-1], interval],
            rtol=1e-9,
            atol=1e-300,
        )


def test_collinear_covariates_count_once():
    rng = np.random.default_rng(0)
    y, g = rng.normal(size=(40, 2)), (rng.random((40, 3)) < 0.5).astype(float)
    x = rng.normal(size=40)
    plain = linear.fit(y, g, np.column_stack([np.ones(40), x]), Rules(8, 2))
    twice = linear.fit(y, g, np.column_stack([np.ones(40), x, 3 * x + 2, np.zeros(40)]), Rules(8, 2))
    np.testing.assert_allclose(twice.p, plain.p, rtol=1e-10)
    assert (twice.df == 37).all()


def reasons(fits):
    from radiogenomics.tables import NOT_TESTED_REASONS

    return [NOT_TESTED_REASONS[flag] for flag in fits.flag.ravel()]


@pytest.mark.parametrize(
    ("y", "g", "extra", "options", "reason"),
    [
        ("noise", "half", None, {"min_patients": 21}, "n below the configured minimum"),
        ("noise", "few", None, {}, "carriers below the configured minimum"),
        ("noise", "all", None, {}, "carriers below the configured minimum"),
        ("constant", "half", None, {}, "constant feature"),
        ("noise", "half", "half", {}, "collinear with covariates"),
        ("noise", "half", "noise", {}, "collinear with covariates"),
        ("noise", "half", "wide", {}, "no residual degrees of freedom"),
    ],
)
def test_pairs_that_cannot_be_tested_say_why(y, g, extra, options, reason):
    rng = np.random.default_rng(1)
    columns = {
        "noise": rng.normal(size=20),
        "constant": np.full(20, 7.0),
        "half": np.arange(20) % 2.0,
        "few": np.eye(20)[0],
        "all": np.ones(20),
    }
    wide = rng.normal(size=(20, 18))
    more = [] if extra is None else [wide if extra == "wide" else columns[extra][:, None]]
    design = np.hstack([np.ones((20, 1)), *more])
    fits = linear.fit(columns[y][:, None], columns[g][:, None], design, Rules(options.get("min_patients", 10), 2))
    assert reasons(fits) == [reason]
    assert np.isnan(fits.p).all()
    assert np.isnan(fits.half_width).all()


def test_no_markers_and_no_features():
    assert linear.fit(np.zeros((9, 2)), np.zeros((9, 0)), np.ones((9, 1)), Rules(5, 2)).p.shape == (2, 0)
    assert linear.fit(np.zeros((9, 0)), np.zeros((9, 2)), np.ones((9, 1)), Rules(5, 2)).p.shape == (0, 2)


@pytest.mark.parametrize("df", [1, 5, 48, 1000])
def test_the_tail_agrees_with_scipy_where_p_is_a_number(df):
    t = np.array([0.0, 1e-3, 1.0, 5.0, 30.0])
    p, neg_log10 = tail(t, np.array(df))
    np.testing.assert_allclose(p, 2 * stats.t.sf(t, df), rtol=1e-12)
    with np.errstate(divide="ignore"):
        expected = -np.log10(p)
    np.testing.assert_allclose(neg_log10[p > 1e-290], expected[p > 1e-290], rtol=1e-12, atol=1e-15)


def test_the_tail_is_exact_where_p_underflows():
    # With 2 degrees of freedom p = 1 - t / sqrt(2 + t²) ≈ 1/t² - 3/(2 t⁴); t = 1e200 gives 1e-400.
    _, neg_log10 = tail(np.array([1e200]), np.array(2))
    assert neg_log10[0] == pytest.approx(400, rel=1e-13)
    # With 4 degrees of freedom p = 1 - x (3 - x²) / 2 with x² = t² / (4 + t²); in exact arithmetic by x = 1 - d.
    t = Fraction(10) ** 100
    d = 2 / t**2  # x = 1 - d + O(d²), p = 3 d² / 2 + O(d³)
    expected = -(np.log10(1.5) + 2 * float(np.log10(float(d) * 1e190) - 190))
    _, neg_log10 = tail(np.array([1e100]), np.array(4))
    assert neg_log10[0] == pytest.approx(expected, rel=1e-13)
    assert tail(np.array([np.inf]), np.array(4))[1][0] == np.inf


def test_the_tail_is_continuous_at_the_switch():
    df = np.array(50)
    t = np.linspace(3.5e6, 6e6, 400)
    p, neg_log10 = tail(t, df)
    assert (p > P_TAIL).any()
    assert (p <= P_TAIL).any()
    assert (np.diff(neg_log10) > 0).all()
    assert np.abs(np.diff(neg_log10, 2)).max() < 1e-3
