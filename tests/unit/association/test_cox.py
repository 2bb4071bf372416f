"""Proportional hazards against statsmodels and the definition; ties, missing values, and what has no estimate."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg

from radiogenomics.association import cox
from radiogenomics.association.cox import Ties
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError


def cohort(seed, n=150, tied=True, missing=0.05):
    rng = np.random.default_rng(seed)
    covariates = np.column_stack([rng.normal(60, 10, n), rng.random(n) < 0.4])
    predictors = rng.normal(size=(n, 4))
    predictors[:, 1] = rng.random(n) < 0.2
    predictors[:, 2] = 1e5 + predictors[:, 2] + covariates[:, 0]
    hazard = np.exp(0.04 * (covariates[:, 0] - 60) + 0.5 * predictors[:, 0])
    time, end = rng.exponential(1 / hazard), rng.exponential(1.5, n)
    event = (time <= end).astype(float)
    time = np.minimum(time, end)
    if tied:
        time = np.ceil(time * 6) / 6
    predictors[rng.random(n) < missing, 3] = np.nan
    covariates[4, 0], time[7], event[8] = np.nan, np.nan, np.nan
    return time, event, predictors, covariates


def columns(time, event, predictors, covariates):
    for column in range(predictors.shape[1]):
        known = ~np.isnan(np.column_stack([time, event, predictors[:, column], covariates])).any(axis=1)
        x = predictors[known, column]
        # Centred: an offset of 1e5 costs theirs its digits.
        yield column, time[known], event[known], x - x.mean(), covariates[known] - covariates[known].mean(axis=0)


@pytest.mark.parametrize("ties", Ties)
@pytest.mark.parametrize("tied", [False, True])
def test_fits_equal_statsmodels_on_complete_cases(ties, tied):
    data = cohort(1, tied=tied)
    found = cox.fits(*data, ties=ties)
    for column, time, event, x, z in columns(*data):
        theirs = PHReg(time, np.column_stack([z, x]), event, ties=ties).fit(disp=False, method="newton", tol=1e-12)
        assert found.estimate[column] == pytest.approx(theirs.params[-1], rel=1e-6)
        assert found.se[column] == pytest.approx(theirs.bse[-1], rel=1e-6)
        assert found.p[column] == pytest.approx(theirs.pvalues[-1], rel=1e-5)
        assert (found.n[column], found.n_events[column]) == (len(time), event.sum())


@pytest.mark.parametrize("ties", Ties)
@pytest.mark.parametrize("seed", range(3))
def test_score_tests_are_gradient_and_hessian_of_statsmodels_at_the_null(ties, seed):
    data = cohort(seed)
    found = cox.score_tests(*data, ties=ties)
    for column, time, event, x, z in columns(*data):
        null = PHReg(time, z, event, ties=ties).fit(disp=False, method="newton", tol=1e-12).params
        model, at = PHReg(time, np.column_stack([z, x]), event, ties=ties), np.append(null, 0)
        variance = 1 / np.linalg.inv(-model.hessian(at))[-1, -1]
        z_score = model.score(at)[-1] / np.sqrt(variance)
        assert found.z[column] == pytest.approx(z_score, rel=1e-6, abs=1e-8)
        assert found.se[column] == pytest.approx(variance**-0.5, rel=1e-6)
        assert found.p[column] == pytest.approx(2 * stats.norm.sf(abs(z_score)), rel=1e-5)


@given(seed=st.integers(0, 2**32 - 1))
def test_without_covariates_and_ties_the_score_test_of_carriers_is_the_log_rank_test(seed):
    rng = np.random.default_rng(seed)
    time, event, carrier = rng.permutation(40) + 1.0, rng.random(40) < 0.6, np.arange(40) % 3 == 0
    event[:3] = True
    expected = observed = variance = 0.0
    for at in time[event]:
        share = carrier[time >= at].mean()
        observed += carrier[time == at][0]
        expected, variance = expected + share, variance + share * (1 - share)
    for ties in Ties:
        found = cox.score_tests(time, event.astype(float), carrier[:, None].astype(float), np.zeros((40, 0)), ties=ties)
        assert found.z[0] == pytest.approx((observed - expected) / np.sqrt(variance), rel=1e-10, abs=1e-12)


def test_order_of_patients_and_scale_of_time_do_not_matter():
    data = cohort(5)
    order = np.random.default_rng(6).permutation(150)
    found, other = cox.score_tests(*data), cox.score_tests(*(values[order] for values in data))
    np.testing.assert_allclose(found.z, other.z, rtol=1e-9)
    np.testing.assert_allclose(found.z, cox.score_tests(data[0] * 365.25, *data[1:]).z, rtol=1e-9)


def test_predictors_without_a_test_or_an_estimate_say_why():
    time, event, predictors, covariates = cohort(3, missing=0)
    covariates = np.column_stack([covariates, 2 * covariates[:, 0]])
    predictors[:, 0] = covariates[:, 1] * 3 + 1
    predictors[:, 1] = (event == 0) & (np.arange(150) % 4 == 0)  # no carrier has an event
    predictors[:, 2] = np.where(event == 1, np.nan, predictors[:, 2])
    tests, fitted = (function(time, event, predictors, covariates) for function in (cox.score_tests, cox.fits))
    np.testing.assert_array_equal(tests.flag, [cox.NO_VARIATION, 0, cox.NO_EVENT, 0])
    np.testing.assert_array_equal(fitted.flag, [cox.NO_VARIATION, cox.UNSETTLED, cox.NO_EVENT, 0])
    assert tests.z[1] < -2
    for found in (tests, fitted):
        for name in ("estimate", "se", "z", "p", "neg_log10_p"):
            np.testing.assert_array_equal(np.isnan(getattr(found, name)), found.flag != 0)


def test_covariates_without_a_finite_null_model_and_carriers_who_leave_before_the_first_event():
    time, event, predictors, _ = cohort(4, missing=0)
    known = ~np.isnan(time + event)
    time, event, predictors = time[known], event[known], predictors[known]
    separating = ((event == 0) & (np.arange(len(time)) % 3 == 0)).astype(float)[:, None]
    assert (cox.score_tests(time, event, predictors, separating).flag == cox.NO_NULL).all()
    time, event = np.append(time + 10, [1, 2]), np.append(event, [0, 0])
    early = np.append(np.zeros(len(time) - 2), [1, 1])[:, None]
    found = cox.fits(time, event, early, np.zeros((len(time), 0)))
    assert found.flag[0] == cox.NO_VARIATION
    assert cox.fits(time, event, early[:, :0], np.zeros((len(time), 0))).p.shape == (0,)


def test_bad_input_is_refused():
    time, event, predictors, covariates = cohort(2)
    with pytest.raises(ShapeMismatchError):
        cox.score_tests(time[1:], event, predictors, covariates)
    with pytest.raises(ShapeMismatchError):
        cox.fits(time, event, predictors, covariates[1:])
    with pytest.raises(OutOfRangeError, match="event"):
        cox.score_tests(time, event + 1, predictors, covariates)
    for bad in (-1.0, np.inf):
        time[0] = bad
        with pytest.raises(OutOfRangeError, match="time"):
            cox.fits(time, event, predictors, covariates)
