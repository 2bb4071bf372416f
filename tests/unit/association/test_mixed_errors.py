"""How often the mixed model finds what is not there, by simulation; five features share a marker in each run."""

import numpy as np
import pytest
from scipy import stats

from radiogenomics.association.covariance import Levels
from radiogenomics.association.groups import Rules
from radiogenomics.association.linear import fit as least_squares
from radiogenomics.association.mixed import Mixed

RULES = Rules(10, 3)
RUNS, FEATURES, SITES, EACH = 400, 5, 12, 10
PAIRS = RUNS * FEATURES
SITE = np.repeat(np.arange(SITES), EACH)
ONES = np.ones((SITES * EACH, 1))


def drawn(rng, *, confounded, between=0.8, rho=0.0):
    """Features (n, 5) and a marker (n,); sites differ in the features, and where confounded in who carries.

    ``rho`` is the correlation of the two.
    """
    of_marker = rng.normal(size=SITES)
    deviation = rho * of_marker[:, None] + np.sqrt(1 - rho**2) * rng.normal(size=(SITES, FEATURES))
    carried = np.clip(0.3 + 0.2 * confounded * of_marker, 0.05, 0.9)
    marker = (rng.random(len(SITE)) < carried[SITE]).astype(float)
    return rng.normal(size=(len(SITE), FEATURES)) + between * deviation[SITE], marker


def p_values(*, exact_below=1.0, effect=0.0, **options):
    """p of the mixed model and of least squares without the site, (n_pairs,) each."""
    rng = np.random.default_rng(5)
    mixed, plain = np.empty((2, RUNS, FEATURES))
    for run in range(RUNS):
        features, marker = drawn(rng, **options)
        features += effect * marker[:, None]
        mixed[run] = Mixed(features, ONES, Levels(SITE), RULES, exact_below).fit(marker[None]).p[0]
        plain[run] = least_squares(features, marker[:, None], ONES, RULES).p[:, 0]
    return mixed.ravel(), plain.ravel()


@pytest.mark.parametrize("exact_below", [1.0, 0.1])
@pytest.mark.parametrize("confounded", [False, True], ids=["apart", "with the site"])
def test_no_more_is_found_than_chance_allows(confounded, exact_below):
    """Counts within the 99.9 % bounds of the binomial; carriers that follow the site double those of least squares."""
    mixed, plain = p_values(confounded=confounded, exact_below=exact_below)
    for level in (0.05, 0.01):
        low, high = stats.binom.interval(0.999, PAIRS, level)
        assert low <= (mixed <= level).sum() <= high
    if confounded:
        assert (plain <= 0.05).mean() > 0.1


def test_a_variance_of_zero_costs_nothing():
    """Without an effect of the site the model is at most as bold as the level says."""
    mixed, _ = p_values(confounded=True, between=0.0)
    for level in (0.05, 0.01):
        assert (mixed <= level).sum() <= stats.binom.ppf(0.999, PAIRS, level)


def test_a_site_that_moves_both_is_taken_out_for_the_most_part():
    """As the documentation states: 9 % at a level of 5 %, where least squares without the site find 65 %."""
    mixed, plain = p_values(confounded=True, rho=1.0)
    assert 0.05 < (mixed <= 0.05).mean() < 0.13
    assert (plain <= 0.05).mean() > 0.5


def test_a_true_effect_inside_sites_is_found_where_the_site_hides_it():
    mixed, plain = p_values(confounded=False, between=2.0, effect=0.6)
    assert (mixed <= 0.05).mean() > 0.6
    assert (plain <= 0.05).mean() < (mixed <= 0.05).mean() - 0.2
