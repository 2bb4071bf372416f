"""Tails of quadratic forms against Davies' own algorithm (R's mgcv), and p-values of sets against random draws."""

import numpy as np
import pytest
from scipy import stats

from radiogenomics.association import optimal
from radiogenomics.association.quadratic import log_tail
from radiogenomics.association.ratio import Ratio
from radiogenomics.association.set_tests import Null, SetTests
from radiogenomics.association.set_weights import genotypes
from radiogenomics.tables import SET_METHODS
from tests.conformity.r_oracle import run_r

# Accuracy asked of Davies' algorithm, which is that of p itself, not of its digits.
DAVIES = 1e-12
SCRIPT = f"""
one <- function(k) mgcv::psum.chisq(x[k], weights[k, ], df[k, ], shift[k, ], tol = {DAVIES}, nlim = 1e7)
out$p <- sapply(seq_along(x), one)
"""


def test_tails_are_those_of_davies(tmp_path):
    rng = np.random.default_rng(1)
    rows, k = 120, 25
    weights = rng.exponential(size=(rows, k)) ** 2 + 1e-3
    df = rng.integers(1, 4, size=(rows, k)).astype(float)
    shift = rng.exponential(size=(rows, k)) * (np.arange(rows) % 2)[:, None]
    x = (weights * (df + shift)).sum(axis=1) * rng.uniform(0.2, 3, rows)
    ratios = np.arange(rows) % 3 == 0  # weights of both signs, as of a ratio
    for row in np.flatnonzero(ratios):
        weights[row] -= rng.uniform(0.05, 0.9) * weights[row].max()
        df[row, weights[row].argmin()] = 200
        x[row], shift[row] = 0, 0
    expected = run_r(SCRIPT, tmp_path, ("mgcv",), weights=weights, df=df, shift=shift, x=x[:, None])["p"].ravel()
    found = [log_tail(*each) for each in zip(weights, df, shift, x, strict=True)]
    assert all(settled for _, _, settled in found)
    # Davies bounds the error by 1e-12, and rounding adds some.
    np.testing.assert_allclose(np.exp([value for value, _, _ in found]), expected, rtol=0, atol=1e-10)
    assert (expected < 1e-4).sum() > 3
    assert (expected > 0.9).sum() > 3


@pytest.mark.parametrize(("n", "m"), [(20, 4), (60, 30), (40, 60)])
def test_p_of_skat_and_burden_is_exact_in_small_studies(n, m):
    """Shares of 200,000 draws below a level, where the asymptotic form is off by far."""
    rng = np.random.default_rng(n)
    draws = 200_000
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    own = genotypes(rng.binomial(2, rng.uniform(0.02, 0.15, m), size=(n, m)).astype(float), (1, 25))
    tests, below = SetTests(("burden", "skat")), {0.05: np.zeros(2), 1e-3: np.zeros(2), 1e-4: np.zeros(2)}
    asymptotic = 0
    for _ in range(20):
        null = Null.of(rng.normal(size=(n, draws // 20)), design)
        found = tests(null, own)
        for level in below:
            below[level] += (found.log_p < np.log(level)).sum(axis=1)
        spectrum = optimal.Mixture.of(_gram(own, null)).eigenvalues
        limit = optimal.quantile(spectrum, np.log(1e-3))
        asymptotic += (found.statistic[1] > limit).sum()
    for level, counts in below.items():
        low, high = stats.binom.ppf([1e-4, 1 - 1e-4], draws, level)
        assert ((counts >= low) & (counts <= high)).all(), (level, counts / draws)
    assert not 0.8 < asymptotic / draws / 1e-3 < 1.25


def _gram(own, null):
    raw = own.copies * own.weight
    left = raw - null.basis @ (null.basis.T @ raw)
    return left.T @ left


@pytest.mark.parametrize("m", [3, 12])
def test_p_of_skat_o_is_the_share_of_draws_with_a_smaller_one(m):
    """The normal model of known variance, whose smallest p is drawn; bounds of the binomial at four levels."""
    rng = np.random.default_rng(m)
    own = genotypes(rng.binomial(2, rng.uniform(0.01, 0.05, m), size=(400, m)).astype(float), (1, 25))
    raw = own.copies * own.weight
    centred = raw - raw.mean(axis=0)
    mixture, draws = optimal.Mixture.of(centred.T @ centred), 100_000
    normal = rng.normal(size=(draws, len(mixture.eigenvalues)))
    skat, burden = (normal**2) @ mixture.eigenvalues, (normal @ mixture.loading) ** 2
    smallest = np.zeros(draws)
    for rho in optimal.RHO:
        # 20,000 residual degrees of freedom are as many as infinitely many, for these levels.
        spectrum = mixture.eigenvalues_of(rho)
        value = ((1 - rho) * skat + rho * burden) / 2e4
        smallest = np.minimum(smallest, Ratio(spectrum, 20_000).log_p(value))
    for level in (0.5, 0.05, 0.01, 0.001):
        low, high = stats.binom.ppf([1e-4, 1 - 1e-4], draws, level) / draws
        assert low <= (mixture.log_p(smallest) < np.log(level)).mean() <= high


@pytest.mark.parametrize(("n", "most"), [(40, 1.06), (200, 1.02)])
def test_level_of_skat_o_with_estimated_variance(n, most):
    """Its p-values by ρ are exact, their dependence is that of many patients: what docs/statistics.md states."""
    rng = np.random.default_rng(n)
    draws, counts = 100_000, 0
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    own = genotypes(rng.binomial(2, 0.12, size=(n, 5)).astype(float), (1, 25))
    for _ in range(5):
        null = Null.of(rng.normal(size=(n, draws // 5)), design)
        counts += int((SetTests(SET_METHODS)(null, own).log_p[2] < np.log(0.01)).sum())
    low, high = stats.binom.ppf([1e-4, 1 - 1e-4], draws, 0.01) / draws
    assert low <= counts / draws <= most * high
