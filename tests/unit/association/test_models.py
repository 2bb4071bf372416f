"""The models through the frame that all share: each against a library that has nothing to do with ours."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, strategies as st
from scipy import stats

from benchmarks.calibration import false_positives, rate
from radiogenomics import tables
from radiogenomics.association import firth, logistic, ordinal, rank, rank_correlation
from radiogenomics.association.covariance import Levels
from radiogenomics.association.flags import (
    COLLINEAR,
    CONSTANT,
    FEW_CARRIERS,
    FEW_PATIENTS,
    NO_RESIDUAL,
    NOT_BINARY,
    TESTED,
)
from radiogenomics.association.models import scan_of
from radiogenomics.association.tally import Tally
from radiogenomics.config.association import Association

MODELS = ("linear", "rank", "logistic", "ordinal", "mixed")


def cohort(seed, n=90, missing=0.06):
    """Features, markers and designs with missing values everywhere; feature 0 follows marker 0."""
    rng = np.random.default_rng(seed)
    markers = (rng.random((n, 4)) < [0.4, 0.3, 0.2, 0.03]).astype(float)
    features = rng.normal(size=(n, 5))
    features[:, 0] += 1.2 * markers[:, 0]
    features[:, 1] = features[:, 1].round(0)
    features[rng.random((n, 5)) < missing * np.array([0, 1, 1, 2, 1])] = np.nan
    features[:, 4] = 2.0
    markers[rng.random((n, 4)) < missing * np.array([0, 1, 1, 1])] = np.nan
    covariates = np.column_stack([rng.normal(size=n), rng.random(n) < 0.5])
    covariates[3, 0] = np.nan
    designs = {"crude": np.ones((n, 1)), "full": np.column_stack([np.ones(n), covariates])}
    return features, markers, designs


def ready(model, features, designs, threads=1, **options):
    """The scan; a mixed model has a random effect of five levels."""
    mixed = model == "mixed"
    options |= {"random_effect": "site"} if mixed else {}
    covariance = Levels(np.arange(len(features)) % 5) if mixed else None
    return scan_of(Association(model=model, min_patients=10, **options), features, designs, threads, covariance)


def run(model, features, markers, designs, threads=1, **options):
    scan = ready(model, features, designs, threads, **options)
    parts = list(scan.run(lambda block: markers[:, block], scan.blocks(markers.shape[1])))
    assert len(parts) == 1
    return parts[0][1]


def complete(features, markers, design):
    for i in range(features.shape[1]):
        for j in range(markers.shape[1]):
            rows = ~np.isnan(np.column_stack([features[:, i], markers[:, j], design])).any(axis=1)
            yield (i, j), features[rows, i], markers[rows, j], design[rows]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_counts_and_reasons_are_the_same_under_every_model(model, seed):
    data = cohort(seed)
    for name, fits in run(model, *data).items():
        for where, _, g, _ in complete(data[0], data[1], data[2][name]):
            assert (fits.n[where], fits.n_carriers[where]) == (len(g), (g == 1).sum())
            few = FEW_CARRIERS if min((g == 1).sum(), (g == 0).sum()) < 5 else TESTED
            assert fits.flag[where] == (few or (CONSTANT if where[0] == 4 else TESTED))
        tested = fits.flag == TESTED
        for values in (fits.estimate, fits.p, fits.neg_log10_p, fits.statistic):
            np.testing.assert_array_equal(np.isfinite(values), tested)
        assert (np.isfinite(fits.se) == (tested & (model != "rank"))).all()
        assert (np.sign(fits.estimate[tested]) == np.sign(fits.statistic[tested])).all()
        assert ((fits.method > 0) == tested).all()


@pytest.mark.parametrize("model", MODELS)
def test_too_few_patients_and_collinear_pairs_are_told(model):
    features, markers, designs = cohort(1, missing=0)
    features[7:, 2] = np.nan
    designs["full"] = np.column_stack([designs["full"], features[:, 3]])
    fits = run(model, features, markers, designs)
    assert (fits["crude"].flag[2] == FEW_PATIENTS).all()
    assert (fits["full"].flag[3, :2] == COLLINEAR).all()
    assert (fits["crude"].flag[3, :2] == TESTED).all()


@pytest.mark.parametrize("seed", range(3))
def test_rank_tests_are_those_of_scipy(seed):
    features, markers, designs = cohort(seed)
    crude = run("rank", features, markers, designs)["crude"]
    for where, x, g, _ in complete(features, markers, designs["crude"]):
        if crude.flag[where] != TESTED:
            continue
        a, b = x[g == 1], x[g == 0]
        expected = stats.mannwhitneyu(a, b, use_continuity=False, method="asymptotic")
        assert crude.p[where] == pytest.approx(expected.pvalue, rel=1e-10)
        larger = (a[:, None] > b).mean() + (a[:, None] == b).mean() / 2
        assert crude.estimate[where] == pytest.approx(larger - 0.5, abs=1e-14)
        assert 2 * stats.norm.sf(abs(crude.statistic[where])) == pytest.approx(expected.pvalue, rel=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_adjusted_rank_tests_are_the_regression_of_ranks_on_ranks(seed):
    features, markers, designs = cohort(seed)
    full = run("rank", features, markers, designs)["full"]
    for where, x, g, design in complete(features, markers, designs["full"]):
        if full.flag[where] != TESTED:
            continue
        columns = np.column_stack([stats.rankdata(g), np.ones(len(g)), stats.rankdata(design[:, 1]), design[:, 2]])
        fit = sm.OLS(stats.rankdata(x), columns).fit()
        assert full.estimate[where] == pytest.approx(fit.params[0] / 2, rel=1e-9)
        assert full.statistic[where] == pytest.approx(fit.tvalues[0], rel=1e-9)
        assert full.p[where] == pytest.approx(fit.pvalues[0], rel=1e-8)
        assert full.df[where] == fit.df_resid


def test_without_covariates_the_slope_of_ranks_is_the_probability_of_superiority():
    features, markers, _ = cohort(2)
    slope = rank_correlation.spearman(features, markers).effect
    share = rank.mann_whitney(features, markers).effect
    known = np.isfinite(slope) & np.isfinite(share)
    assert known.any()
    np.testing.assert_allclose(slope[known], share[known], rtol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_score_tests_and_firth_take_the_pairs_that_the_settings_say(seed):
    data = cohort(seed)
    features, markers, designs = data
    for name, fits in run("logistic", *data, fit_p_below=0.2, firth_carriers_below=20).items():
        found = logistic.score_tests(markers, features, designs[name])
        few = np.minimum(fits.n_carriers, fits.n - fits.n_carriers)
        tested = fits.flag == TESTED
        alone = tested & ((found.p <= 0.2) | (few < 20))
        assert alone.any()
        assert (tested & ~alone).any()
        np.testing.assert_array_equal(fits.recomputed, alone)
        np.testing.assert_array_equal(fits.p[tested & ~alone], found.p[tested & ~alone])
        np.testing.assert_array_equal(fits.estimate[tested & ~alone], found.one_step[tested & ~alone])
        np.testing.assert_array_equal(fits.method == tables.METHODS.index("Firth"), alone)
        expected = firth.firth(markers, features, designs[name], np.argwhere(alone))
        np.testing.assert_allclose(fits.p[alone], expected.p, rtol=1e-9)
        np.testing.assert_allclose(fits.statistic[alone] ** 2, expected.lr, rtol=1e-9)
        np.testing.assert_allclose(fits.estimate[alone], expected.estimate, rtol=1e-9)


def test_score_tests_are_those_of_statsmodels():
    features, markers, designs = cohort(5)
    full = run("logistic", features, markers, designs, fit_p_below=0)["full"]
    for where, x, g, design in complete(features, markers, designs["full"]):
        if full.flag[where] == TESTED:
            null = sm.GLM(g, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
            statistic, p, _ = null.model.score_test(null.params, exog_extra=x[:, None])
            assert full.p[where] == pytest.approx(np.ravel(p)[0], rel=1e-7)
            assert full.statistic[where] ** 2 == pytest.approx(np.ravel(statistic)[0], rel=1e-7)


def test_covariates_that_separate_carriers_leave_firth_s_fit():
    features, markers, designs = cohort(6, missing=0)
    designs["full"] = np.column_stack([np.ones(90), 10.0 * markers[:, 0] + np.linspace(0, 1, 90)])
    full = run("logistic", features, markers, designs, fit_p_below=0)["full"]
    assert (full.method[:4, 0] == tables.METHODS.index("Firth")).all()
    assert (full.flag[:4, 0] == TESTED).all()


def test_ranks_that_agree_exactly_are_not_tested():
    features, markers, designs = cohort(7, missing=0)
    features[:, 0] = markers[:, 0]
    full = run("rank", features, markers, designs)["full"]
    assert full.flag[0, 0] == NO_RESIDUAL


@pytest.mark.parametrize("model", MODELS)
def test_markers_without_an_effect_are_found_as_often_as_promised(model):
    shown = false_positives(model, 60, np.random.default_rng(4), level=0.05, carriers=12)
    assert rate(model, "", 0.05, shown).kept
    assert shown.mean() > 0.03


@pytest.mark.parametrize("model", MODELS)
def test_interval_is_that_of_the_standard_error(model):
    crude = run(model, *cohort(8))["crude"]
    tested = crude.flag == TESTED
    df = crude.df[tested]
    assert (df > 0).all() if model in ("linear", "mixed") else (df == 0).any()
    quantile = np.where(df > 0, stats.t.ppf(0.975, np.maximum(df, 1)), stats.norm.ppf(0.975))
    np.testing.assert_allclose(crude.half_width[tested], quantile * crude.se[tested], rtol=1e-12)


@given(seed=st.integers(0, 2**16), model=st.sampled_from(MODELS))
def test_tallies_take_every_model_and_threads_change_nothing(seed, model):
    data = cohort(seed)
    one, two = (run(model, *data, threads=threads) for threads in (1, 3))
    for name, fits in one.items():
        for field in ("estimate", "p", "neg_log10_p", "flag"):
            np.testing.assert_array_equal(getattr(fits, field), getattr(two[name], field))
        tally = Tally(None, np.arange(4))
        tally.add(0, fits)
        assert tally.tested == np.isfinite(fits.p).sum()
        columns, _ = tally.adjust().columns(fits.p[:, 0].copy(), np.zeros(5, np.int64))
        assert (np.isfinite(columns["q_two_level"]) == np.isfinite(fits.p[:, 0])).all()


@pytest.mark.parametrize("model", MODELS)
def test_numbers_among_carriers(model):
    """Numbers are tested beside carriers, whatever their number, as scipy, statsmodels and we do alone."""
    features, markers, designs = cohort(5)
    numbers = np.array([False, True, False, True])
    markers[:, numbers] = np.random.default_rng(6).normal(size=(len(markers), 2))
    markers[:7, 1] = np.nan
    features[:, 2] += 0.5 * np.nan_to_num(markers[:, 1])
    scan = ready(model, features, designs, min_carriers=40)
    ((_, fits),) = scan.run(lambda block: markers[:, block], scan.blocks(4), numbers)
    alone = scan.fit(np.ascontiguousarray(markers[:, ~numbers].T))
    for name, design in designs.items():
        if model == "logistic":
            assert set(fits[name].flag[:, numbers].ravel()) == {NOT_BINARY}
            assert np.isnan(fits[name].p[:, numbers]).all()
            continue
        np.testing.assert_array_equal(fits[name].p[:, ~numbers], alone[name].p)
        if model == "mixed":  # the numbers themselves are held against lmerTest
            assert (fits[name].flag[:4, numbers] == TESTED).all()
            continue
        for (i, j), y, g, x in complete(features, markers, design):
            if i == 4 or not numbers[j]:
                continue
            if model == "ordinal":
                found = ordinal.score_tests(features[:, [i]], markers[:, [j]], design)
                p = found.p.item()
                if p <= 0.05:
                    found = ordinal.fits(features[:, [i]], markers[:, [j]], design)
                    share, df = found.z.item() ** 2 / len(y), len(y) - x.shape[1] - 1
                    p = 2 * stats.t.sf(np.sqrt(df * share / (1 - share)), df)
                estimate = found.estimate.item()
            elif model == "linear":
                wanted = sm.OLS(y, np.column_stack([x, g])).fit()
                estimate, p = wanted.params[-1], wanted.pvalues[-1]
            else:
                ranked = [stats.rankdata(column) for column in (y, g, *x[:, 1:].T)]
                others = np.column_stack([np.ones(len(y)), *ranked[2:]])
                left = [column - others @ np.linalg.lstsq(others, column)[0] for column in ranked[:2]]
                estimate = np.corrcoef(*left)[0, 1]
                df = len(y) - 1 - others.shape[1]
                p = 2 * stats.t.sf(abs(estimate) * np.sqrt(df / (1 - estimate**2)), df)
            assert fits[name].flag[i, j] == TESTED
            assert fits[name].estimate[i, j] == pytest.approx(estimate, rel=1e-8)
            assert fits[name].p[i, j] == pytest.approx(p, rel=1e-8)


def test_the_correction_for_continuity_is_that_of_scipy():
    features, markers, designs = cohort(7)
    fits = run("rank", features, markers, {"crude": designs["crude"]}, continuity=True)["crude"]
    for where, y, g, _ in complete(features, markers, designs["crude"]):
        if fits.flag[where] == TESTED:
            wanted = stats.mannwhitneyu(y[g == 1], y[g == 0], use_continuity=True, method="asymptotic")
            assert fits.p[where] == pytest.approx(wanted.pvalue, rel=1e-9)
