"""The mixed model against its likelihood written out with whole matrices, statsmodels, and least squares."""

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, strategies as st
from scipy import optimize, stats

from radiogenomics.association.covariance import Levels, Relatedness
from radiogenomics.association.errors import UnknownRandomEffectError, UnusableRandomEffectError
from radiogenomics.association.flags import COLLINEAR, CONSTANT, FEW_CARRIERS, NO_RESIDUAL, TESTED, UNSETTLED
from radiogenomics.association.groups import Rules
from radiogenomics.association.linear import fit as least_squares
from radiogenomics.association.mixed import Mixed
from radiogenomics.association.mixed_scan import MixedScan
from radiogenomics.association.random_effects import random_effect, require_usable
from radiogenomics.config.association import Association

RULES = Rules(10, 3)
LIMITS = st.sampled_from([1.0, 0.5, 0.0])


def cohort(seed, n=60, missing=0.05):
    """Features of which the site moves more and more, markers, a design and the site; gaps everywhere."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, 6, n)
    design = np.column_stack([np.ones(n), rng.normal(size=n)])
    markers = (rng.random((n, 3)) < 0.35).astype(float)
    features = rng.normal(size=(n, 4)) + rng.normal(size=(6, 4))[site] * [0, 0.5, 1, 5] + 0.6 * markers[:, [0]]
    features[rng.random(features.shape) < missing * np.array([0, 1, 0, 1])] = np.nan
    markers[rng.random(markers.shape) < missing * np.array([0, 1, 1])] = np.nan
    return features, markers, design, site


def relatedness(n, seed=0):
    """Two copies of each of n/3 genomes, and others: a positive definite matrix."""
    z = np.random.default_rng(seed).normal(size=(n, 2 * n))
    z[: n // 3] = z[n // 3 : 2 * (n // 3)] + 0.3 * z[: n // 3]
    return z @ z.T / (2 * n)


def restricted(y, x, k, ratio):
    """Minus twice the profiled restricted likelihood and the generalised least squares fit, with whole matrices."""
    h = np.eye(len(y)) + ratio * k
    inverse = np.linalg.inv(h)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    free = len(y) - x.shape[1]
    squares = (y - x @ beta) @ inverse @ (y - x @ beta)
    value = free * np.log(squares) + np.linalg.slogdet(h)[1] + np.linalg.slogdet(information)[1]
    se = np.sqrt(np.linalg.inv(information)[-1, -1] * squares / free)
    return value, beta[-1], se, squares / free


def best(y, x, k):
    """Ratio of largest likelihood, by a search over whole matrices."""
    grid = np.linspace(-12, 12, 97)
    values = [restricted(y, x, k, np.exp(t))[0] for t in grid]
    at = int(np.argmin(values))
    found = optimize.minimize_scalar(
        lambda t: restricted(y, x, k, np.exp(t))[0],
        bounds=(grid[max(at - 1, 0)], grid[min(at + 1, 96)]),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return 0.0 if restricted(y, x, k, 0)[0] <= found.fun + 1e-7 else np.exp(found.x)


def fitted(data, covariance, **options):
    features, markers, design, _ = data
    return Mixed(features, design, covariance, RULES, **options).fit(np.ascontiguousarray(markers.T))


def pairs(data):
    features, markers, design, _ = data
    for j in range(markers.shape[1]):
        for i in range(features.shape[1]):
            rows = np.isfinite(np.column_stack([features[:, i], markers[:, j], design])).all(axis=1)
            yield (j, i), rows, features[rows, i], np.column_stack([design, markers[:, j]])[rows]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["levels", "kinship"])
def test_the_restricted_likelihood_is_at_its_maximum(seed, kind):
    data = cohort(seed)
    k = relatedness(60, seed) if kind == "kinship" else (data[3][:, None] == data[3]).astype(float)
    found = fitted(data, Relatedness(k) if kind == "kinship" else Levels(data[3]))
    for where, rows, y, x in pairs(data):
        own = k[np.ix_(rows, rows)]
        assert found.flag[where] == TESTED
        assert found.ratio[where] == pytest.approx(best(y, x, own), rel=1e-5, abs=1e-9)
        _, beta, se, variance = restricted(y, x, own, found.ratio[where])
        assert (found.estimate[where], found.se[where]) == pytest.approx((beta, se), rel=1e-9)
        assert found.variance[where] == pytest.approx(variance, rel=1e-9)
        assert found.n[where] == rows.sum()
        assert found.p[where] == pytest.approx(2 * stats.t.sf(abs(beta / se), np.floor(found.df[where])), rel=1e-8)
    assert (found.ratio > 0).any()


def test_levels_are_the_kinship_of_their_indicators():
    data = cohort(4)
    by_level, by_matrix = (
        fitted(data, of) for of in (Levels(data[3]), Relatedness((data[3][:, None] == data[3]).astype(float)))
    )
    for name in ("estimate", "se", "ratio", "variance", "df", "p"):
        np.testing.assert_allclose(getattr(by_level, name), getattr(by_matrix, name), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_variances_and_effects_are_those_of_statsmodels(seed):
    """Which reports standard errors of another kind: of the joint likelihood of effects and variances."""
    data = cohort(seed)
    found = fitted(data, Levels(data[3]))
    compared = 0
    for where, rows, y, x in pairs(data):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = sm.MixedLM(y, x, data[3][rows]).fit(reml=True, method="bfgs", gtol=1e-9)
        if not fit.converged:  # as it says near the border; lmerTest and whole matrices judge these
            continue
        compared += 1
        assert found.ratio[where] * found.variance[where] == pytest.approx(fit.cov_re[0, 0], rel=1e-5)
        assert found.variance[where] == pytest.approx(fit.scale, rel=1e-6)
        assert found.estimate[where] == pytest.approx(fit.fe_params[-1], rel=1e-5)
    assert compared >= 6


def test_where_levels_do_not_differ_it_is_least_squares():
    features, markers, design, site = cohort(3)
    found = fitted((features, markers, design, site), Levels(site))
    plain = least_squares(features, markers, design, RULES)
    flat = found.ratio == 0
    assert flat.any()
    assert not flat.all()
    for name in ("estimate", "se", "p", "df"):
        np.testing.assert_allclose(getattr(found, name)[flat], getattr(plain, name).T[flat], rtol=1e-9)


def test_one_level_and_levels_that_are_covariates_leave_least_squares():
    features, markers, design, site = cohort(6)
    for levels, columns in ((np.zeros(60, int), design), (site, np.hstack([design, np.eye(6)[site]]))):
        found = fitted((features, markers, columns, site), Levels(levels))
        plain = least_squares(features, markers, columns, RULES)
        assert (found.ratio == 0).all()
        np.testing.assert_allclose(found.p, plain.p.T, rtol=1e-8)


def test_without_a_residual_it_is_generalised_least_squares_of_the_matrix():
    """The other border: features whose covariance is less than the identity's share of it."""
    k = relatedness(60, 2)
    features, markers, design, _ = cohort(5, missing=0)
    values, vectors = np.linalg.eigh(k)
    features = vectors * values @ np.random.default_rng(1).normal(size=(60, 3))
    found = Mixed(features, design, Relatedness(k), RULES).fit(np.ascontiguousarray(markers.T))
    assert (found.flag == TESTED).all()
    assert (found.df == 57).all()
    for j, i in np.ndindex(3, 3):
        fit = sm.GLS(features[:, i], np.column_stack([design, markers[:, j]]), sigma=k).fit()
        assert found.estimate[j, i] == pytest.approx(fit.params[-1], rel=1e-3, abs=1e-5)
        assert found.p[j, i] == pytest.approx(fit.pvalues[-1], rel=1e-3)


def test_pairs_above_the_limit_take_the_variances_without_their_marker():
    data = cohort(7)
    exact, null, mixed = (fitted(data, Levels(data[3]), exact_below=limit) for limit in (1.0, 0.0, 0.1))
    assert exact.exact.all()
    assert not null.exact.any()
    k = (data[3][:, None] == data[3]).astype(float)
    for (j, i), rows, y, x in pairs(data):
        all_rows = np.isfinite(data[0][:, i])
        ratio = best(data[0][all_rows, i], data[2][all_rows], k[np.ix_(all_rows, all_rows)])
        assert null.ratio[j, i] == pytest.approx(ratio, rel=1e-5, abs=1e-9)
        _, beta, se, _ = restricted(y, x, k[np.ix_(rows, rows)], null.ratio[j, i])
        assert (null.estimate[j, i], null.se[j, i]) == pytest.approx((beta, se), rel=1e-9)
        assert null.df[j, i] == len(y) - x.shape[1]
    small = null.p <= 0.1
    assert small.any()
    np.testing.assert_array_equal(mixed.exact, small)
    np.testing.assert_array_equal(mixed.p, np.where(small, exact.p, null.p))


def test_reasons_of_pairs_that_are_not_tested():
    features, markers, design, site = cohort(8, missing=0)
    markers[:, 2] = 0
    markers[:2, 2] = 1
    markers[:, 1] = design[:, 1] > 0
    design = np.column_stack([design, markers[:, 1]])
    features[:, 0] = 3.0
    features[:, 1] = markers[:, 0] - 2 * design[:, 1]
    features[:, 2] = site
    found = fitted((features, markers, design, site), Levels(site))
    assert found.flag[0].tolist() == [CONSTANT, NO_RESIDUAL, UNSETTLED, TESTED]
    assert found.flag[1].tolist() == [CONSTANT, *[COLLINEAR] * 3]
    assert (found.flag[2] == FEW_CARRIERS).all()
    assert np.isfinite(found.p).sum() == 1


@given(
    seed=st.integers(0, 2**16),
    n=st.integers(0, 12),
    relatives=st.booleans(),
    exact_below=st.sampled_from([1.0, 0.5, 0.0]),
)
def test_few_patients_give_p_or_a_reason(seed, n, relatives, exact_below):
    """Sites of one patient, only such sites, one site, constant columns, gaps, matrices of low rank: nothing breaks."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, rng.integers(1, n + 2), n)
    features = rng.integers(0, 3, (n, 4)).astype(float) * rng.integers(0, 2, 4) + rng.normal(size=4)
    markers = rng.integers(0, 2, (n, 5)).astype(float)
    for values in (features, markers):
        values[rng.random(values.shape) < 0.1] = np.nan
    design = np.column_stack([np.ones(n), rng.integers(0, 2, n)])
    z = rng.normal(size=(n, rng.integers(1, 15)))
    covariance = Relatedness(z @ z.T) if relatives else Levels(site)
    found = Mixed(features, design, covariance, Rules(0, 0), exact_below).fit(np.ascontiguousarray(markers.T))
    tested = found.flag == TESTED
    for name in ("estimate", "se", "df", "p", "neg_log10_p", "ratio", "variance"):
        np.testing.assert_array_equal(np.isfinite(getattr(found, name)), tested)
    assert ((found.p[tested] >= 0) & (found.p[tested] <= 1)).all()
    assert (found.df[tested] <= found.n[tested] - 2).all()
    assert not found.exact[~tested].any()


@given(seed=st.integers(0, 2**16), shift=st.floats(-5, 5), scale=st.floats(0.1, 10))
def test_covariates_and_units_of_the_feature_do_not_matter(seed, shift, scale):
    features, markers, design, site = cohort(seed)
    one = fitted((features, markers, design, site), Levels(site))
    moved = scale * features + shift * design.sum(axis=1, keepdims=True)
    two = fitted((moved, markers, design, 7 - site), Levels(7 - site))
    sure = (one.ratio > 1e-3) & (two.ratio > 1e-3)
    np.testing.assert_allclose(two.estimate[sure], scale * one.estimate[sure], rtol=1e-6, atol=1e-9 * scale)
    np.testing.assert_allclose(two.ratio[sure], one.ratio[sure], rtol=1e-6)
    np.testing.assert_array_equal(one.flag, two.flag)


def test_a_patient_without_a_level_is_left_out_of_every_design():
    features, markers, design, site = cohort(9, missing=0)
    frame = pd.DataFrame({"site": pd.Series(site).map("s{}".format), "age": design[:, 1]})
    frame.loc[[3, 8], "site"] = None
    effect = random_effect(frame, Association(model="mixed", random_effect="site"))
    assert list(effect.fixed) == ["age"]
    assert np.flatnonzero(~effect.covariance.known).tolist() == [3, 8]
    scan = MixedScan(features, {"crude": design[:, :1], "full": design}, effect.covariance, RULES)
    rest = np.setdiff1d(np.arange(60), [3, 8])
    alone = Mixed(features[rest], design[rest], Levels(site[rest]), RULES).fit(np.ascontiguousarray(markers[rest].T))
    found = scan.fit(np.ascontiguousarray(markers.T))
    assert (found["crude"].n == 58).all()
    np.testing.assert_allclose(found["full"].p, alone.p.T, rtol=1e-10)


def test_random_effects_that_cannot_be_are_refused():
    frame = pd.DataFrame({"site": ["a", "a", "a"], "id": ["x", "y", "z"]})
    with pytest.raises(UnknownRandomEffectError, match="'site', 'id'"):
        random_effect(frame, Association(model="mixed", random_effect="scanner"))
    for name in frame:
        options = Association(model="mixed", random_effect=name)
        with pytest.raises(UnusableRandomEffectError, match="3 patient"):
            require_usable(random_effect(frame, options), options)
    assert random_effect(frame, Association()).covariance is None


@pytest.mark.parametrize("covariance", [Levels(cohort(10)[3]), Relatedness(relatedness(60))], ids=["levels", "matrix"])
def test_threads_change_no_bit(covariance):
    features, markers, design, _ = cohort(10)
    one, two = (
        list(MixedScan(features, {"": design}, covariance, RULES, threads).run(lambda part: markers[:, part], cut))
        for threads in (1, 3)
        for cut in [[slice(0, 1), slice(1, 2), slice(2, 3)]]
    )
    for (_, a), (_, b) in zip(one, two, strict=True):
        np.testing.assert_array_equal(a[""].p, b[""].p)
        np.testing.assert_array_equal(a[""].se, b[""].se)
