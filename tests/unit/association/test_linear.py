"""Least squares against statsmodels, and what must hold whatever way a pair is fitted."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, strategies as st
from scipy import stats

from radiogenomics.association import groups, linear, scan
from radiogenomics.association.flags import TESTED
from radiogenomics.association.linear import Rules
from radiogenomics.tables import NOT_TESTED_REASONS


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
        if fits.flag[i, j] != TESTED:
            assert np.isnan(fits.p[i, j])
            continue
        model = sm.OLS(y[complete, i], columns[complete]).fit()
        assert fits.df[i, j] == model.df_resid
        # 1e-10 relative: both are float64; products of up to 60 terms lose a few digits of 16.
        got = [fits.estimate[i, j], fits.se[i, j], fits.statistic[i, j], fits.p[i, j], fits.half_width[i, j]]
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


def with_missing(rng, values, share):
    values[rng.random(values.shape) < share] = np.nan
    return values


def study(seed, n=70, n_features=30, n_markers=40, missing=(0.02, 0.03)):
    """Features, markers and a design with a rare level, which some pairs lose."""
    rng = np.random.default_rng(seed)
    y = with_missing(rng, rng.normal(size=(n, n_features)), missing[0])
    g = with_missing(rng, (rng.random((n, n_markers)) < 0.4).astype(float), missing[1])
    rare = np.zeros(n)
    rare[:2] = 1
    g[:2, rng.random(n_markers) < 0.3] = np.nan
    return y, g, np.column_stack([np.ones(n), rng.normal(100, 3, size=n), rare])


def same_bits(a, b):
    return all(
        getattr(a, name).tobytes(order="F") == getattr(b, name).tobytes(order="F") for name in a.__dataclass_fields__
    )


@pytest.mark.parametrize("hc3_below", [0, 25])
def test_the_bits_do_not_depend_on_threads(hc3_below, monkeypatch):
    monkeypatch.setattr(scan, "BLOCK_PAIRS", 150)
    y, g, x = study(3)
    one, two, many = (fit_all(y, g, x, threads, hc3_below) for threads in (1, 2, 5))
    assert same_bits(one, two)
    assert same_bits(one, many)


def fit_all(y, g, x, threads=1, hc3_below=0):
    return linear.fit(y, g, x, Rules(8, 2, hc3_below=hc3_below), threads=threads)


@pytest.mark.parametrize("hc3_below", [0, 10**6], ids=["ordinary", "HC3"])
@pytest.mark.parametrize("missing", [(0, 0.03), (0.02, 0.03), (0, 0.6), (0.3, 0.3)])
def test_few_missing_rows_give_what_a_fit_of_each_pair_gives(missing, hc3_below, monkeypatch):
    y, g, x = study(4, missing=missing)
    fast = fit_all(y, g, x, hc3_below=hc3_below)
    monkeypatch.setattr(groups, "SQUARES_LEFT", 1e9)  # no pair has enough digits
    slow = fit_all(y, g, x, hc3_below=hc3_below)
    assert not fast.recomputed.all()
    assert slow.recomputed[slow.flag == TESTED].all()
    for name in ("flag", "n", "n_carriers", "df", "method"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(slow, name))
    for name in ("se", "p"):
        np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=1e-11)


def test_pairs_that_lose_their_digits_are_fitted_on_their_own_and_counted():
    rng = np.random.default_rng(5)
    y, g = rng.normal(size=(60, 20)), (rng.random((60, 6)) < 0.5).astype(float)
    y[7, 0] = 1e6  # nearly all of the variance of feature 0 is in a patient whom marker 0 lacks
    g[7, 0] = np.nan
    y[:, 1] = g[:, 1] + 1e-4 * rng.normal(size=60)  # marker 1 explains nearly all of feature 1
    fits = linear.fit(y, g, np.ones((60, 1)), Rules(20, 5))
    assert np.argwhere(fits.recomputed).tolist() == [[0, 0], [1, 1]]
    for i, j in ((0, 0), (1, 1)):
        rows = np.isfinite(g[:, j])
        model = sm.OLS(y[rows, i], sm.add_constant(g[rows, j])).fit()
        assert fits.p[i, j] == pytest.approx(model.pvalues[-1], rel=1e-9)


def test_a_feature_that_the_model_fits_exactly_is_flagged():
    g = np.arange(40)[:, None] % 2.0
    assert reasons(linear.fit(3 * g + 1, g, np.ones((40, 1)), Rules(20, 5))) == ["no residual variance"]


@pytest.mark.parametrize("own", [False, True], ids=["complete", "a missing value of its own"])
def test_hc3_is_not_given_where_one_patient_decides(own):
    rng = np.random.default_rng(6)
    site = np.zeros(40)
    site[:4] = 1
    g = np.zeros(40)
    g[:5] = 1  # all of the site carry the marker, and one patient elsewhere
    y = rng.normal(size=(40, 1))
    if own:
        y[30] = np.nan
    design = np.column_stack([np.ones(40), site])
    assert reasons(linear.fit(y, g[:, None], design, Rules(20, 5, hc3_below=6))) == ["one patient decides the estimate"]
    assert reasons(linear.fit(y, g[:, None], design, Rules(20, 5))) == [""]


def test_single_precision_is_good_for_five_digits():
    y, g, x = study(8)
    double, single = (linear.fit(y, g, x, Rules(8, 2, precision=name)) for name in ("float64", "float32"))
    np.testing.assert_allclose(single.statistic, double.statistic, atol=2e-5)
    assert not (single.statistic == double.statistic).all()


@pytest.mark.parametrize("n_markers", [0, 1, 7])
def test_odd_shapes(n_markers):
    rng = np.random.default_rng(9)
    y, g = rng.normal(size=(23, 131)), (rng.random((23, n_markers)) < 0.5).astype(float)
    fits = linear.fit(y, g, np.ones((23, 1)), Rules(8, 2))
    for j in range(n_markers):
        if fits.flag[0, j] == TESTED:
            expected = stats.ttest_ind(y[g[:, j] == 1], y[g[:, j] == 0]).pvalue
            np.testing.assert_allclose(fits.p[:, j], expected, rtol=1e-11)
