"""The tail of t against exact arithmetic, and the splines against it."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from radiogenomics.association.tail import CELLS, LAST_Z, P_TAIL, Tails, tail


def exact(t, df):
    """Two-sided p for an even number of degrees of freedom, to fifty digits (Abramowitz and Stegun 26.7.4)."""
    with localcontext() as context:
        context.prec = 400
        t = Decimal(float(t))
        cos2, total, term = df / (df + t * t), Decimal(0), Decimal(1)
        for k in range(1, df // 2 + 1):
            total += term
            term *= cos2 * (2 * k - 1) / (2 * k)
        return 1 - t / (df + t * t).sqrt() * total


def values(df, most=LAST_Z):
    """Values of t from tiny ones to p = 1e-300 and beyond, as far as they are numbers."""
    z = np.concatenate([10.0 ** np.arange(-6, 0), np.linspace(0.1, most - 0.01, 150)])
    z = z[z**2 / df < 600]
    return np.sqrt(df * np.expm1(z**2 / df))


@pytest.mark.parametrize("df", [2, 4, 10, 48, 494])
def test_splines_agree_with_exact_arithmetic(df):
    t = values(df, 25)
    p, height = Tails()(t[None], np.full((1, len(t)), df, np.int32))
    truth = [exact(value, df) for value in t]
    np.testing.assert_allclose(p[0], [float(value) for value in truth], rtol=1e-12)
    np.testing.assert_allclose(height[0], [-float(value.log10()) for value in truth], rtol=1e-12)


@pytest.mark.parametrize("df", [1, 2, 3, 7, 30, 493, 5001, 100_000])
def test_splines_agree_with_the_tail_for_any_df_and_p(df):
    t = values(df)
    t = t[t > 0.01]
    p, height = Tails()(t[None], np.full((1, len(t)), df, np.int32))
    expected_p, expected = tail(t, np.array(df))
    normal = expected_p > 1e-300
    np.testing.assert_allclose(height[0], expected, rtol=1e-10)
    np.testing.assert_allclose(p[0, normal], expected_p[normal], rtol=1e-10)


def test_mixed_degrees_of_freedom_signs_and_gaps():
    rng = np.random.default_rng(0)
    df = rng.integers(0, 60, (20, 30)).astype(np.int32)
    t = np.where(df > 0, rng.normal(size=df.shape) * 3, np.nan)
    p, height = Tails()(t, df)
    np.testing.assert_allclose(p, 2 * stats.t.sf(np.abs(t), np.maximum(df, 1)), rtol=1e-11)
    np.testing.assert_allclose(height, -np.log10(p), rtol=1e-11)


def test_beyond_the_table():
    t = np.array([[0.0, 1e200, -np.inf, 1e6, np.nan]])
    p, height = Tails()(t, np.array([[50, 2, 4, 493, 5]], np.int32))
    assert (p[0, 0], height[0, 0]) == (1, 0)
    assert height[0, 1] == pytest.approx(400, rel=1e-13)
    assert (p[0, 2], height[0, 2]) == (0, np.inf)
    assert height[0, 3] == tail(np.array([1e6]), np.array(493))[1][0]
    assert math.isnan(p[0, 4])
    assert math.isnan(height[0, 4])


def test_the_splines_join_smoothly():
    df = 20
    z = (np.arange(1, 200) / CELLS)[:, None] + np.array([-1e-9, 1e-9])
    t = np.sqrt(df * np.expm1(z**2 / df))
    _, height = Tails()(t, np.full(t.shape, df, np.int32))
    assert (np.diff(height, axis=1) > 0).all()
    assert np.diff(height, axis=1).max() < 1e-7


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
