"""Power against numerical integration, statsmodels and simulation; effects as its inverse; events per variable."""

import numpy as np
import pytest
from scipy import integrate, stats
from statsmodels.stats.power import TTestIndPower

from radiogenomics.association import power as sizes
from radiogenomics.association.statistics_errors import OutOfRangeError


def integrated(noncentrality, df, level):
    """P(|T| > c) as the mean over the standard deviation, by adaptive quadrature."""
    critical = stats.t.isf(level / 2, df)

    def part(s):
        inside = stats.norm.cdf(noncentrality - critical * s) + stats.norm.cdf(-noncentrality - critical * s)
        return inside * stats.chi.pdf(s * np.sqrt(df), df) * np.sqrt(df)

    width = 12 / np.sqrt(2 * df)
    return integrate.quad(part, max(0, 1 - width), 1 + width, epsabs=0, epsrel=1e-11, limit=400)[0]


@pytest.mark.parametrize("n", [5, 22, 202])
@pytest.mark.parametrize("level", [0.05, 5e-8])
@pytest.mark.parametrize("effect", [0.0, 0.5, 2.0, 12.0])
def test_power_equals_numerical_integration(n, level, effect):
    carriers = n // 2
    noncentrality = effect * np.sqrt(carriers * (n - carriers) / n)
    found = sizes.power(effect, n, carriers, alpha=level)
    assert found == pytest.approx(integrated(noncentrality, n - 2, level), rel=1e-9)


@pytest.mark.parametrize(("n", "carriers", "effect"), [(40, 20, 0.6), (100, 7, 0.6), (800, 300, 0.1)])
def test_power_equals_statsmodels(n, carriers, effect):
    theirs = TTestIndPower().power(effect, carriers, 0.05, ratio=(n - carriers) / carriers)
    assert sizes.power(-effect, n, carriers, alpha=0.05) == pytest.approx(theirs, rel=1e-6)


def test_power_is_the_share_of_simulated_studies_that_find_the_effect():
    rng = np.random.default_rng(1)
    n, carriers, runs = 60, 15, 4000
    marker = (np.arange(n) < carriers).astype(float)[:, None]
    covariate = rng.normal(size=n) + marker[:, 0]
    design = np.column_stack([np.ones(n), covariate])
    y = 0.9 * marker + rng.normal(size=(n, runs)) + covariate[:, None]
    r2 = np.corrcoef(covariate, marker[:, 0])[0, 1] ** 2
    expected = float(sizes.power(0.9, n, carriers, alpha=0.1, n_tests=4, n_covariates=1, r2=r2))
    columns = np.column_stack([design, marker])
    coefficients, squares, *_ = np.linalg.lstsq(columns, y, rcond=None)
    se = np.sqrt(squares / (n - 3) * np.linalg.inv(columns.T @ columns)[-1, -1])
    found = int((np.abs(coefficients[-1] / se) > stats.t.isf(0.0125, n - 3)).sum())
    assert stats.binom.ppf(0.001, runs, expected) <= found <= stats.binom.ppf(0.999, runs, expected)


def test_the_detectable_effect_has_the_wanted_power():
    n, carriers = np.array([[30], [500]]), np.array([5, 15])
    effect = sizes.detectable_effect(n, carriers, wanted_power=0.8, alpha=0.05, n_tests=2_000_000, n_covariates=3)
    assert effect.shape == (2, 2)
    reached = sizes.power(effect, n, carriers, alpha=0.05, n_tests=2_000_000, n_covariates=3)
    np.testing.assert_allclose(reached, 0.8, rtol=1e-9)
    assert (np.diff(effect, axis=1) < 0).all()


def test_without_a_test_there_is_no_power():
    assert np.isnan(sizes.power(1, [2, 50, 50], [1, 0, 50], alpha=0.05)).all()
    effect = sizes.detectable_effect([2, 50, 50], [1, 0, 20], wanted_power=0.8, alpha=0.05)
    np.testing.assert_array_equal(np.isnan(effect), [True, True, False])
    assert np.isnan(sizes.power(1, 50, 20, alpha=0.05, r2=1.0))


def test_questions_without_an_answer_are_refused():
    with pytest.raises(OutOfRangeError, match="alpha"):
        sizes.power(1, 50, 20, alpha=0)
    with pytest.raises(OutOfRangeError, match="n_tests"):
        sizes.power(1, 50, 20, alpha=0.05, n_tests=0)
    for wanted in (1.0, 0.01):
        with pytest.raises(OutOfRangeError, match="wanted_power"):
            sizes.detectable_effect(50, 20, wanted_power=wanted, alpha=0.05)
    with pytest.raises(OutOfRangeError, match="n_parameters"):
        sizes.events_per_variable_cox(np.ones(3), 0)


def test_events_per_variable_count_the_rarer_outcome_or_the_events():
    outcome = np.array([1, 1, 1, 0, 0, 0, 0, np.nan])
    assert sizes.events_per_variable_logistic(outcome, 2) == 1.5
    assert sizes.events_per_variable_logistic(1 - outcome, 2) == 1.5
    assert sizes.events_per_variable_cox(outcome, 3) == 1
