"""Proportional odds against statsmodels and the definition; ties, missing values, and pairs without an answer."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import optimize, special, stats
from statsmodels.miscmodels.ordinal_model import OrderedModel

from radiogenomics.association import ordinal, rank
from radiogenomics.association.expected_logit import Expected
from radiogenomics.association.groups import Rules
from radiogenomics.association.ordinal_scan import OrdinalScan
from radiogenomics.association.statistics_errors import OutOfRangeError, ShapeMismatchError


def cohort(seed, n=110, missing=0.05):
    """Responses of 5 levels, of as many as patients, and with a gap; predictors carried, and numbers far from 0."""
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(50, 10, n), rng.random(n) < 0.4])
    predictors = np.column_stack([rng.random(n) < 0.2, 1e4 + rng.normal(size=n), rng.normal(size=n)]).astype(float)
    latent = rng.logistic(size=(n, 3)) + 0.04 * design[:, 1:2] + predictors[:, :1]
    responses = np.column_stack([np.digitize(latent[:, 0], [1, 2, 3, 4]), latent[:, 1:]]).astype(float)
    predictors[rng.random(n) < missing, 2] = np.nan
    responses[rng.random(n) < missing, 2] = np.nan
    design[5, 1] = np.nan
    return responses, predictors, design


def pairs(responses, predictors, design):
    for i in range(responses.shape[1]):
        for j in range(predictors.shape[1]):
            known = ~np.isnan(np.column_stack([responses[:, i], predictors[:, j], design])).any(axis=1)
            x = predictors[known, j]
            # Centred: an offset costs theirs its digits.
            yield (i, j), responses[known, i], x - x.mean(), design[known, 1:] - design[known, 1:].mean(axis=0)


def likelihood(level, theta, eta):
    """Log likelihood by its definition."""
    cumulated = np.column_stack([np.zeros(len(level)), special.expit(theta - eta[:, None]), np.ones(len(level))])
    return np.log(np.diff(cumulated, axis=1)[np.arange(len(level)), level]).sum()


@pytest.mark.parametrize("seed", range(2))
def test_fits_and_score_tests_of_few_levels_equal_statsmodels_on_complete_cases(seed):
    data = cohort(seed)
    data = data[0][:, :1], *data[1:]
    fits, tests = ordinal.fits(*data), ordinal.score_tests(*data)
    for (i, j), y, x, z in pairs(*data):
        _, level = np.unique(y, return_inverse=True)
        z = z / z.std(axis=0)
        options = {"method": "bfgs", "disp": False, "maxiter": 1000, "gtol": 1e-6}
        null = OrderedModel(level, z, distr="logit").fit(**options)
        model = OrderedModel(level, np.column_stack([z, x]), distr="logit")
        full = model.fit(**options)
        assert fits.estimate[j] == pytest.approx(full.params[2], rel=1e-4, abs=1e-5)  # theirs has numerical derivatives
        assert fits.se[j] == pytest.approx(full.bse[2], rel=1e-4)
        assert fits.lr[j] == pytest.approx(2 * (full.llf - null.llf), rel=1e-6, abs=1e-6)
        at = np.insert(null.params, 2, 0)
        variance = 1 / np.linalg.inv(-model.hessian(at))[2, 2]
        assert tests.z[i, j] == pytest.approx(model.score(at)[2] / np.sqrt(variance), rel=1e-3, abs=1e-4)
        assert (tests.n[i, j], fits.n[j]) == (len(y), len(y))


def test_with_a_level_a_patient_the_maximum_is_one():
    data = cohort(3, n=40)
    found = ordinal.fits(*data, np.array([[1, 0], [2, 2]]))
    parts = {where: rest for where, *rest in pairs(*data)}
    for place, where in enumerate([(1, 0), (2, 2)]):
        y, x, z = parts[where]
        _, level = np.unique(y, return_inverse=True)
        cuts = level.max()

        def negative(parameters, columns, level=level, cuts=cuts):
            theta = np.cumsum(np.concatenate([parameters[:1], np.exp(parameters[1:cuts])]))
            return -likelihood(level, theta, columns @ parameters[cuts:])

        start = np.concatenate([[-4.0], np.full(cuts - 1, np.log(8 / cuts))])
        values = []
        for columns in (z, np.column_stack([z, x])):
            begin = np.concatenate([start, np.zeros(columns.shape[1])])
            best = optimize.minimize(
                negative, begin, (columns,), method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 10**7}
            )
            values.append(best.fun)
        assert found.estimate[place] == pytest.approx(best.x[-1], abs=2e-3)
        assert found.lr[place] == pytest.approx(2 * (values[0] - values[1]), abs=1e-3)
        assert found.lr[place] >= 2 * (values[0] - values[1]) - 1e-3


@given(seed=st.integers(0, 2**32 - 1), levels=st.sampled_from([2, 4, 0]))
def test_without_covariates_the_score_test_is_that_of_wilcoxon(seed, levels):
    rng = np.random.default_rng(seed)
    n = 40
    y = rng.normal(size=(n, 2)) if not levels else rng.integers(0, levels, (n, 2)).astype(float)
    g = (np.arange(n) % 3 == 0).astype(float)[:, None]
    wanted = rank.mann_whitney(y, g)
    found = ordinal.fits(y, g, np.ones((n, 1)))
    np.testing.assert_allclose(found.z, wanted.deviate[:, 0] * np.sqrt(n / (n - 1)), rtol=1e-8, atol=1e-9)


def test_expected_information_is_the_mean_of_the_observed():
    rng = np.random.default_rng(2)
    n, cuts = 25, 6
    theta, x = np.sort(rng.normal(size=cuts)), rng.normal(size=(n, 2))
    eta = x @ [0.7, -0.3]
    parameters = np.concatenate([theta, [0.7, -0.3]])

    def information(i, level):
        """Numerical second derivatives of the log likelihood of one patient."""
        step = 1e-4

        def value(shift):
            moved = parameters + shift
            return likelihood(np.array([level]), moved[:cuts], x[i : i + 1] @ moved[cuts:])

        unit = step * np.eye(cuts + 2)
        return -np.array(
            [[(value(a + b) - value(a - b) - value(b - a) + value(-a - b)) / (4 * step**2) for a in unit] for b in unit]
        )

    total = np.zeros((cuts + 2, cuts + 2))
    for i in range(n):
        chance = np.diff(np.concatenate([[0], special.expit(theta - eta[i]), [1]]))
        total += sum(chance[level] * information(i, level) for level in range(cuts + 1))
    wanted = 1 / np.linalg.inv(total)[-1, -1]
    assert Expected.of(theta, eta, x[:, :1]).variance(x[:, 1]) == pytest.approx(wanted, rel=1e-5)


def test_order_alone_counts_and_neither_scale_nor_direction_of_the_predictor_does():
    responses, predictors, design = cohort(4)
    found = ordinal.score_tests(responses, predictors, design)
    np.testing.assert_allclose(found.z, ordinal.score_tests(np.exp(responses), predictors, design).z, rtol=1e-12)
    np.testing.assert_allclose(found.z, -ordinal.score_tests(-responses, predictors, design).z, rtol=1e-6)
    np.testing.assert_allclose(found.z, ordinal.score_tests(responses, 3 - 5 * predictors, design).z * -1, rtol=1e-6)
    shuffled = np.random.default_rng(1).permutation(len(design))
    other = ordinal.score_tests(responses[shuffled], predictors[shuffled], design[shuffled])
    np.testing.assert_allclose(found.z, other.z, rtol=1e-8)


def test_pairs_without_an_answer_say_why():
    responses, predictors, design = cohort(6, missing=0)
    n = len(design)
    design[5, 1] = 50
    design = np.column_stack([design, 2 * design[:, 1]])
    responses[:, 0] = 4
    responses = np.column_stack([responses, design[:, 1] ** 3, np.where(design[:, 2] == 1, 9, responses[:, 1])])
    predictors[:, 1] = 3 * design[:, 2] + 1
    predictors[:, 2] = responses[:, 1] > np.sort(responses[:, 1])[-9]  # carriers have the largest values
    tests, fits = ordinal.score_tests(responses, predictors, design), ordinal.fits(responses, predictors, design)
    assert (tests.flag[0] == ordinal.ONE_VALUE).all()
    assert (tests.flag[1] == [0, ordinal.COLLINEAR, 0]).all()
    assert (tests.flag[3] == ordinal.COLLINEAR).all()  # a covariate orders it
    assert (tests.flag[4] == ordinal.NO_NULL).all()  # a covariate holds all of its largest values
    both = fits.flag.reshape(tests.flag.shape)
    assert both[1, 2] == ordinal.UNSETTLED
    assert tests.z[1, 2] > 3
    assert fits.z.reshape(tests.flag.shape)[1, 2] > 3
    assert np.isnan(fits.estimate.reshape(tests.flag.shape)[1, 2])
    np.testing.assert_array_equal(np.where(both == ordinal.UNSETTLED, 0, both), tests.flag)
    for name in ("estimate", "se", "z", "p", "neg_log10_p"):
        np.testing.assert_array_equal(np.isnan(getattr(tests, name)), tests.flag != 0)
    assert ordinal.score_tests(responses[:, :0], predictors, design).p.shape == (0, 3)
    assert ordinal.fits(responses, predictors, design, np.empty((0, 2), int)).p.shape == (0,)
    assert (ordinal.score_tests(np.full((n, 1), np.nan), predictors, design).flag == ordinal.ONE_VALUE).all()


def test_without_an_effect_p_is_uniform():
    rng = np.random.default_rng(9)
    n = 100
    design = np.column_stack([np.ones(n), rng.normal(size=n)])
    responses = rng.normal(size=(n, 40)) + design[:, 1:]
    predictors = np.column_stack([rng.random((n, 40)) < 0.15, rng.normal(size=(n, 40))]).astype(float)
    tests = ordinal.score_tests(responses, predictors, design)
    chosen = np.argwhere(tests.p <= 0.1)
    fits = ordinal.fits(responses, predictors, design, chosen)
    assert 0.04 < (fits.p <= 0.05).sum() / tests.p.size < 0.06
    assert (fits.p <= 0.001).sum() / tests.p.size < 0.003


def test_bad_input_is_refused():
    responses, predictors, design = cohort(1)
    with pytest.raises(ShapeMismatchError):
        ordinal.score_tests(responses[1:], predictors, design)
    with pytest.raises(ShapeMismatchError):
        ordinal.fits(responses, predictors, design, np.array([0, 1]))
    with pytest.raises(OutOfRangeError, match="pair"):
        ordinal.fits(responses, predictors, design, np.array([[0, 3]]))


@pytest.mark.parametrize("levels", [4, 200])
def test_without_covariates_the_p_of_a_fitted_pair_is_that_of_a_correlation_of_ranks(levels):
    rng = np.random.default_rng(levels)
    marker = (rng.random(90) < 0.3).astype(float)
    y = np.floor(levels * rng.random((90, 5)) ** np.where(marker == 1, 0.5, 1.5)[:, None])
    scan = OrdinalScan(y, {"": np.ones((90, 1))}, Rules(20, 5, 0, "float64"), 1, 1.0)
    found = scan.fit(marker[None])[""]
    expected = [stats.pearsonr(stats.rankdata(column), marker).pvalue for column in y.T]
    np.testing.assert_allclose(found.p[:, 0], expected, rtol=1e-7)
    assert (found.df == 88).all()
