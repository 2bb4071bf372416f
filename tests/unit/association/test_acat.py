"""Cauchy combination against the published formula in decimals of 60 digits, and at the ends of the scale."""

from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import special

from radiogenomics.association import acat
from radiogenomics.association.statistics_errors import NotAProbabilityError, OutOfRangeError, ShapeMismatchError

getcontext().prec = 60
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")
PROBABILITIES = st.one_of(st.floats(1e-12, 1 - 1e-12), st.sampled_from([1e-300, 1e-100, 1e-17, 0.5, 1 - 2**-53]))


def series(x, start, step):
    """Σ ± x^k / k! for k = start, start + 2, …: the sine or cosine of |x| ≤ π/2."""
    term, total, k = x**start, Decimal(0), start
    while abs(term) > Decimal(10) ** -400 and k < 300:
        total += term
        term *= -x * x / ((k + 1) * (k + 2))
        k += step
    return total


def tangent(x):
    return series(x, 1, 2) / series(x, 0, 2)


def arctangent(x):
    """By halving the angle until the series is short; |x| > 1 by its reciprocal."""
    if abs(x) > 1:
        return (PI / 2).copy_sign(x) - arctangent(1 / x)
    halvings = 20
    for _ in range(halvings):
        x = x / (1 + (1 + x * x).sqrt())
    return sum(((-1) ** k * x ** (2 * k + 1) / (2 * k + 1) for k in range(8)), Decimal(0)) * 2**halvings


def published(p, weights):
    """Formula of Liu and others 2019, digit by digit, with enough digits for ½ − p of the smallest p."""
    getcontext().prec = 700
    p, weights = [Decimal(value) for value in p], [Decimal(value) for value in weights]
    total = Decimal(0)
    for value, weight in zip(p, weights, strict=True):
        near = min(value, 1 - value)
        getcontext().prec = 60
        cotangent = 1 / tangent(PI * near)
        total += weight * (cotangent if value <= Decimal("0.5") else -cotangent)
        getcontext().prec = 700
    getcontext().prec = 60
    total /= sum(weights)
    return float(arctangent(1 / total) / PI) if total > 0 else float(Decimal("0.5") - arctangent(total) / PI)


@given(p=st.lists(PROBABILITIES, min_size=1, max_size=6), data=st.data())
def test_the_combination_is_the_published_formula(p, data):
    weights = data.draw(st.lists(st.floats(0.1, 10), min_size=len(p), max_size=len(p)))
    expected = published(p, weights)
    found = float(acat.acat(np.array(p), np.array(weights)).p)
    # Terms of both signs cancel; what is lost is the rounding of the largest, seen through dp = −dT / π(1 + T²).
    largest = max(1 / min(value, 1 - value) for value in p)
    assert found == pytest.approx(expected, rel=1e-13, abs=1e-15 * largest * min(expected, 1 - expected, 0.5) ** 2 * 40)


@pytest.mark.parametrize("p", [1e-320, 1e-300, 1e-17, 0.01, 0.5, 0.99, 1 - 2**-53])
def test_one_p_value_or_many_equal_ones_stay_as_they_are(p):
    found = acat.acat(np.array([[p, np.nan, np.nan], [p, p, p]]), np.array([2.0, 5.0, 1.0]))
    np.testing.assert_allclose(found.p, p, rtol=1e-14, atol=1e-322)
    np.testing.assert_array_equal(found.n, [1, 3])


def test_a_tiny_p_among_others_is_multiplied_by_the_sum_of_weights_over_its_own():
    found = acat.acat(np.array([1e-305, 0.3, 0.8]), np.array([1.0, 2.0, 1.0]))
    assert found.p == pytest.approx(4e-305, rel=1e-14)
    assert found.neg_log10_p == pytest.approx(305 - np.log10(4), rel=1e-15)


def test_ends_and_sets_without_a_p_value():
    p = np.array([[0, 0.5, np.nan], [1, 0.5, 1e-9], [0, 1, 0.5], [np.nan, np.nan, np.nan]])
    found = acat.acat(p)
    np.testing.assert_array_equal(found.p, [0, 1, np.nan, np.nan])
    np.testing.assert_array_equal(found.flag, [0, 0, acat.UNDECIDED, acat.NONE])
    np.testing.assert_array_equal(found.n, [2, 3, 3, 0])
    assert acat.acat(np.array([0.2, 0.0]), np.array([1.0, 0.0])).p == pytest.approx(0.2, rel=1e-14)
    assert acat.acat(np.zeros((3, 0))).flag.tolist() == [acat.NONE] * 3


def test_dependent_tests_keep_the_level_in_the_tail():
    rng = np.random.default_rng(5)
    shared = rng.normal(size=(200_000, 1))
    z = np.sqrt(0.6) * shared + np.sqrt(0.4) * rng.normal(size=(200_000, 8))
    p = 2 * special.ndtr(-np.abs(z))
    found = acat.acat(p).p
    assert 0.8 < (found < 0.001).mean() / 0.001 < 1.3


def test_bad_input_is_refused():
    with pytest.raises(NotAProbabilityError):
        acat.acat(np.array([0.5, 1.1]))
    for bad in (-1.0, np.nan, np.inf):
        with pytest.raises(OutOfRangeError, match="weight"):
            acat.acat(np.array([0.5, 0.1]), np.array([1.0, bad]))
    with pytest.raises(ShapeMismatchError):
        acat.acat(np.zeros(2), np.ones((3, 2)))
