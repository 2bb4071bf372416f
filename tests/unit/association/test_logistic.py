"""Score tests against statsmodels, Firth's fit against direct maximisation; separated, constant and missing values."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats

from radiogenomics.association import firth as penalised, logistic
from radiogenomics.association.firth import firth
from radiogenomics.association.logistic import score_tests
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError


def cohort(seed, n=120, missing=0.05):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(50, 10, n), rng.random(n) < 0.4])
    predictors = rng.normal(size=(n, 4))
    predictors[:, 1] = rng.random(n) < 0.15
    predictors[:, 2] = 1e5 + predictors[:, 2] + design[:, 1]
    predictors[rng.random(n) < missing, 3] = np.nan
    eta = 0.05 * (design[:, 1:2] - 50) + predictors[:, :1] * [0.0, 0.5, 1.0] - [0, 0.5, 1.5]
    outcomes = (rng.random((n, 3)) < special.expit(eta)).astype(float)
    outcomes[rng.random(n) < missing, 2] = np.nan
    design[5, 1] = np.nan
    return outcomes, predictors, design


def pairs(outcomes, predictors, design):
    for i in range(predictors.shape[1]):
        for j in range(outcomes.shape[1]):
            known = ~np.isnan(np.column_stack([predictors[:, i], outcomes[:, j], design])).any(axis=1)
            yield (i, j), outcomes[known, j], predictors[known, i], design[known]


@pytest.mark.parametrize("seed", range(4))
def test_score_tests_equal_statsmodels_on_complete_cases(seed):
    data = cohort(seed)
    found = score_tests(*data)
    for where, y, x, design in pairs(*data):
        null = sm.GLM(y, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
        # Centred: theirs loses digits to an offset of 1e5.
        statistic, p, _ = null.model.score_test(null.params, exog_extra=(x - x.mean())[:, None])
        assert found.z[where] ** 2 == pytest.approx(np.ravel(statistic)[0], rel=1e-8, abs=1e-12)
        assert found.p[where] == pytest.approx(np.ravel(p)[0], rel=1e-8)
        assert found.neg_log10_p[where] == pytest.approx(-np.log10(np.ravel(p)[0]), rel=1e-8, abs=1e-10)
        assert (found.n[where], found.n_cases[where]) == (len(y), y.sum())


def test_a_small_effect_in_many_patients_is_that_of_the_full_fit():
    rng = np.random.default_rng(3)
    x = rng.normal(size=4000)
    y = (rng.random(4000) < special.expit(0.05 * x)).astype(float)
    found = score_tests(y[:, None], x[:, None], np.ones((4000, 1)))
    fit = sm.Logit(y, np.column_stack([np.ones(4000), x])).fit(disp=False)
    assert found.one_step[0, 0] == pytest.approx(fit.params[1], rel=1e-2)
    assert found.one_step_se[0, 0] == pytest.approx(fit.bse[1], rel=1e-2)
    assert np.sign(found.z[0, 0]) == np.sign(fit.params[1])


def test_pairs_without_a_test_say_why():
    outcomes, predictors, design = cohort(7, missing=0)
    design = np.column_stack([design, design[:, 1] * 2])
    outcomes[:, 0] = 1
    outcomes[:, 1] = design[:, 2]  # a covariate separates it
    predictors[:, 0] = 3 - design[:, 2]
    found = score_tests(outcomes, predictors, design)
    np.testing.assert_array_equal(found.flag[:, 0], logistic.ONE_OUTCOME)
    np.testing.assert_array_equal(found.flag[:, 1], logistic.NO_NULL)
    np.testing.assert_array_equal(found.flag[:, 2], [logistic.COLLINEAR, 0, 0, 0])
    for name in ("z", "one_step", "one_step_se", "p", "neg_log10_p"):
        np.testing.assert_array_equal(np.isnan(getattr(found, name)), found.flag != 0)
    penalty = firth(outcomes, predictors, design)
    flags = [logistic.ONE_OUTCOME, logistic.COLLINEAR, logistic.COLLINEAR] + [logistic.ONE_OUTCOME, 0, 0] * 3
    np.testing.assert_array_equal(penalty.flag, flags)
    np.testing.assert_array_equal(np.isnan(penalty.p), penalty.flag != 0)


def test_a_covariate_that_separates_the_few_patients_of_a_predictor_touches_no_other_pair():
    outcomes, predictors, design = cohort(8, missing=0)
    holed = predictors.copy()
    holed[outcomes[:, 0] != design[:, 2], 0] = np.nan
    found, complete = score_tests(outcomes, holed, design), score_tests(outcomes, predictors, design)
    assert found.flag[0, 0] == logistic.NO_NULL
    np.testing.assert_allclose(found.z[1:], complete.z[1:], rtol=1e-9)


def penalised_likelihood(beta, y, design):
    eta = design @ beta
    weight = special.expit(eta) * special.expit(-eta)
    return -(
        special.log_expit(np.where(y == 1, eta, -eta)).sum() + np.linalg.slogdet((design.T * weight) @ design)[1] / 2
    )


@pytest.mark.parametrize("seed", range(3))
def test_firth_maximises_the_penalised_likelihood_and_its_test_keeps_the_penalty(seed):
    data = cohort(seed, n=60)
    found = firth(*data)
    for place, (_, y, x, design) in enumerate(pairs(*data)):
        covariates = (design - design.mean(axis=0)) / np.maximum(design.std(axis=0), 1e-9)
        covariates[:, 0] = 1
        full = np.column_stack([covariates, (x - x.mean()) / x.std()])
        options = {"method": "BFGS", "options": {"gtol": 1e-7}}
        best = optimize.minimize(penalised_likelihood, np.zeros(4), (y, full), **options)
        null = optimize.minimize(
            lambda b, y=y, d=full: penalised_likelihood(np.append(b, 0), y, d), np.zeros(3), **options
        )
        assert found.estimate[place] == pytest.approx(best.x[3] / x.std(), rel=1e-4, abs=1e-6)
        assert found.lr[place] == pytest.approx(2 * (null.fun - best.fun), rel=1e-6, abs=1e-8)
        assert found.p[place] == pytest.approx(stats.chi2.sf(found.lr[place], 1), rel=1e-10)


def test_a_separated_predictor_has_a_finite_estimate_and_a_sane_p():
    y = np.repeat([0.0, 1.0], [16, 4])
    x = np.zeros(20)
    x[16:19] = 1  # three carriers, all of them cases
    found = firth(y[:, None], x[:, None], np.ones((20, 1)))
    # In a 2 × 2 table Firth adds one half to each cell.
    assert found.estimate[0] == pytest.approx(np.log(3.5 * 16.5 / (0.5 * 1.5)), rel=1e-9)
    # Wald's error has the fitted shares 3.5/4 and 1.5/18 in the 3 carriers and the 17 others.
    assert found.se[0] == pytest.approx(np.sqrt(1 / (3 * 0.875 * 0.125) + 1 / (17 * 1.5 / 18 * 16.5 / 18)), rel=1e-9)
    exact = stats.fisher_exact([[3, 1], [0, 16]]).pvalue
    assert exact / 20 < found.p[0] < 20 * exact


def test_the_penalised_test_keeps_its_level_with_few_cases():
    rng = np.random.default_rng(11)
    x = (rng.random((60, 400)) < 0.1).astype(float)
    y = (rng.random((60, 1)) < 0.15).astype(float)
    found = firth(y, x, np.column_stack([np.ones(60), rng.normal(size=60)]))
    np.testing.assert_array_equal(found.flag, np.where(np.ptp(x, axis=0) > 0, 0, logistic.COLLINEAR))
    assert 0.01 < (found.p < 0.05).mean() < 0.09


def test_selected_pairs_are_those_of_all_and_bad_input_is_refused(monkeypatch):
    data = cohort(2)
    every, some = firth(*data), firth(*data, np.array([[3, 1], [0, 2]]))
    np.testing.assert_array_equal(some.estimate, every.estimate[[10, 2]])
    assert firth(*data, np.zeros((0, 2), int)).p.shape == (0,)
    assert score_tests(data[0], data[1][:, :0], data[2]).p.shape == (0, 3)
    for wrong in (np.array([[4, 0]]), np.array([[0, -1]])):
        with pytest.raises(OutOfRangeError, match="pair"):
            firth(*data, wrong)
    for function in (firth, score_tests):
        with pytest.raises(ShapeMismatchError):
            function(data[0][1:], *data[1:])
        with pytest.raises(OutOfRangeError, match="outcome"):
            function(data[0] + 1, *data[1:])
    with pytest.raises(ShapeMismatchError):
        firth(*data, np.zeros(2, int))
    monkeypatch.setattr(penalised, "ITERATIONS", 1)
    assert (firth(*data).flag == logistic.UNSETTLED).all()
