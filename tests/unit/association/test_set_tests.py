"""Burden, SKAT, SKAT-O and ACAT: identities that hold for any data, levels under no effect, and odd sets."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import integrate, stats

from radiogenomics.association import optimal
from radiogenomics.association.design import rank_normal
from radiogenomics.association.set_genotypes import VariantSet
from radiogenomics.association.set_scan import SetScan
from radiogenomics.association.set_weights import genotypes
from radiogenomics.config.association import Association
from radiogenomics.tables import SET_METHODS, SET_REASONS
from tests.unit.association.imhof import imhof


def scan(features, design, threads=1, **sets):
    options = Association.model_validate({"min_patients": 5, "sets": {"masks": ["m"], "min_copies": 1, **sets}})
    return SetScan(features, {"full": design}, options, threads)


def variants(copies, assayed=None):
    return VariantSet("G", "m", copies, np.ones(len(copies), bool) if assayed is None else assayed)


def cohort(seed, n=120, f=40, m=8, frequency=0.05):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=n), rng.integers(0, 2, n)])
    copies = rng.binomial(2, frequency, size=(n, m)).astype(float)
    copies[rng.permutation(n)[:m], np.arange(m)] = 1  # every variant is carried
    return rank_normal(rng.normal(size=(n, f))), design, copies, rng


def fit(features, design, copies, **sets):
    return scan(features, design, **sets).fit(variants(copies))["full"]


def test_one_variant_has_one_p_by_every_method():
    features, design, copies, _ = cohort(1)
    found = fit(features, design, copies[:, :1])
    expected = [sm.OLS(y, np.column_stack([design, copies[:, 0]])).fit().pvalues[-1] for y in features.T]
    for row in range(len(SET_METHODS)):
        np.testing.assert_allclose(found.p[row], expected, rtol=1e-9)
    assert (found.n_variants == 1).all()


def test_burden_is_least_squares_on_the_weighted_sum_of_imputed_copies():
    features, design, copies, rng = cohort(2)
    copies[rng.random(copies.shape) < 0.05] = np.nan
    found = fit(features, design, copies)
    filled = np.where(np.isnan(copies), np.nanmean(copies, axis=0), copies)
    score = filled @ stats.beta.pdf(filled.mean(axis=0) / 2, 1, 25)
    fits = [sm.OLS(y, np.column_stack([design, score])).fit() for y in features.T]
    np.testing.assert_allclose(found.p[0], [each.pvalues[-1] for each in fits], rtol=1e-9)
    np.testing.assert_allclose(found.statistic[0], [each.tvalues[-1] for each in fits], rtol=1e-9)


def test_skat_is_the_ratio_of_its_definition_and_near_its_asymptotic_form():
    features, design, copies, _ = cohort(3, n=2000, f=10)
    found = fit(features, design, copies)
    hat = design @ np.linalg.pinv(design)
    z = copies * stats.beta.pdf(copies.mean(axis=0) / 2, 1, 25)
    z = z - hat @ z
    residuals = features - hat @ features
    variance = (residuals**2).sum(axis=0) / (len(design) - 3)
    q = ((z.T @ residuals) ** 2).sum(axis=0) / variance
    np.testing.assert_allclose(found.statistic[1], q, rtol=1e-9)
    eigenvalues = np.linalg.eigvalsh(z.T @ z)
    asymptotic = [imhof(eigenvalues, np.ones(8), np.zeros(8), value) for value in q]  # as R's SKAT has it
    np.testing.assert_allclose(found.p[1], asymptotic, rtol=0.02)


def test_skat_o_is_the_two_dimensional_integral_of_two_variants():
    """With two eigenvalues the normal plane can be cut up directly: the share where no ρ reaches its limit."""
    gram = np.array([[3.0, 0.6], [0.6, 1.0]])
    mixture = optimal.Mixture.of(gram)
    smallest = np.log(0.03)
    forms = [
        (1 - rho) * np.diag(mixture.eigenvalues) + rho * np.outer(mixture.loading, mixture.loading)
        for rho in optimal.RHO
    ]
    limits = [optimal.quantile(mixture.eigenvalues_of(rho), smallest) for rho in optimal.RHO]

    def outside(angle):
        """P(radius² > the least limit in this direction); radius² is χ² of two degrees of freedom."""
        direction = np.array([np.cos(angle), np.sin(angle)])
        return np.exp(
            -min(limit / (direction @ form @ direction) for limit, form in zip(limits, forms, strict=True)) / 2
        )

    expected = integrate.quad(outside, 0, np.pi, limit=2000, epsabs=1e-12)[0] / np.pi
    (found,) = mixture.log_p(np.array([smallest]))
    assert np.exp(found) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("n", "most"), [(30, 1.15), (150, 1.06)])
def test_p_values_keep_their_level_without_an_effect(n, most):
    rng = np.random.default_rng(5)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    copies = rng.binomial(2, 0.08, size=(n, 6)).astype(float)
    draws = 20_000
    found = fit(rng.normal(size=(n, draws)), design, copies)
    for level in (0.05, 0.01):
        low, high = stats.binom.ppf([0.0005, 0.9995], draws, level) / draws
        for row, method in enumerate(SET_METHODS[:3]):
            share = (found.p[row] < level).mean()
            assert low <= share <= high * (most if method == "skat_o" else 1), (method, level, share)
    # A Cauchy combination keeps its level in the tail only.
    assert (found.p[3] < 0.01).mean() < 0.0135


def test_effects_of_both_signs_are_found_by_skat_and_effects_of_one_sign_by_burden():
    rng = np.random.default_rng(6)
    n, m, f = 400, 10, 400
    copies = rng.binomial(2, 0.02, size=(n, m)).astype(float)
    signs = np.where(np.arange(m) % 2, 1.0, -1.0)
    noise = rng.normal(size=(n, f))
    both = fit(noise + (copies @ signs * 0.7)[:, None], np.ones((n, 1)), copies)
    one = fit(noise + (copies.sum(axis=1) * 0.4)[:, None], np.ones((n, 1)), copies)
    opposite, same = ((each.p < 0.01).mean(axis=1) for each in (both, one))
    assert opposite[1] > 0.5 > 5 * opposite[0]
    assert same[0] > same[1]
    # The best mixture and the combination lose little against the better of the two.
    assert min(opposite[2], opposite[3]) > 0.7 * opposite[1]
    assert min(same[2], same[3]) > 0.7 * same[0]


def test_skat_does_not_see_the_allele_that_is_counted_nor_the_order_of_patients_and_variants():
    features, design, copies, rng = cohort(7)
    first = fit(features, design, copies)
    turned = copies.copy()
    turned[:, 2] = 2 - turned[:, 2]
    np.testing.assert_allclose(fit(features, design, turned).p, first.p, rtol=1e-8)
    rows, columns = rng.permutation(len(copies)), rng.permutation(copies.shape[1])
    np.testing.assert_allclose(fit(features[rows], design[rows], copies[rows][:, columns]).p, first.p, rtol=1e-8)


def test_a_repeated_variant_and_carriers_that_are_one_patient_have_the_p_of_one_variant():
    features, design, copies, _ = cohort(8)
    single = fit(features, design, copies[:, :1])
    np.testing.assert_allclose(fit(features, design, copies[:, [0, 0, 0]]).p, single.p[[0, 1, 2, 3]], rtol=1e-8)
    alone = np.zeros((len(copies), 3))
    alone[17] = 1
    found = fit(features, design, alone)
    expected = [sm.OLS(y, np.column_stack([design, alone[:, 0]])).fit().pvalues[-1] for y in features.T]
    np.testing.assert_allclose(found.p, np.tile(expected, (4, 1)), rtol=1e-8)
    assert (found.n_carriers == 1).all()
    assert (found.n_copies == 3).all()


def test_patients_who_were_not_assayed_or_lack_the_feature_do_not_count():
    features, design, copies, rng = cohort(9)
    features[rng.permutation(120)[:15], :5] = np.nan
    assayed = rng.random(120) < 0.8
    copies[~assayed] = np.nan
    found = scan(features, design).fit(variants(copies, assayed))["full"]
    for columns in (slice(0, 5), slice(5, 40)):
        rows = assayed & np.isfinite(features[:, columns.start])
        own = fit(features[rows][:, columns], design[rows], copies[rows])
        np.testing.assert_allclose(found.p[:, columns], own.p, rtol=1e-9)
        assert (found.n[columns] == rows.sum()).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda y, x, g: (y[:4], x[:4], g[:4]), "n below the configured minimum"),
        (lambda y, x, g: (y, x, g * 0), "variants below the configured minimum"),
        (lambda y, x, g: (y, x, g * 0 + np.nan), "variants below the configured minimum"),
        (lambda y, x, g: (y * 0, x, g), "constant feature"),
        (lambda y, x, g: (x[:, [1]], x, g), "collinear with covariates"),
        (lambda y, x, g: (y, np.column_stack([x, g]), g), "collinear with covariates"),
        (lambda y, x, g: (y[:6], np.eye(6), g[:6]), "no residual degrees of freedom"),
    ],
)
def test_sets_that_cannot_be_tested_say_why(change, reason):
    features, design, copies, _ = cohort(10)
    found = fit(*change(features, design, copies))
    assert {SET_REASONS[code] for code in found.flag.ravel()} == {reason}
    assert np.isnan(found.p).all()


@pytest.mark.parametrize(("others", "tested"), [(1, False), (40, False), (70, True)])
def test_a_feature_of_which_most_patients_have_one_value_is_not_tested(others, tested):
    features, design, copies, _ = cohort(12)
    features[others:, 0] = 0
    features[:, 0] = rank_normal(features[:, [0]])[:, 0]
    copies[:, 0] = np.arange(120) == 0  # one of the others alone carries a variant
    found = fit(features, design, copies)
    reason = "" if tested else "one value in more than half of the patients"
    assert {SET_REASONS[code] for code in found.flag[:, 0]} == {reason}
    assert np.isfinite(found.p[:, 1:]).all()


def test_few_copies_are_not_tested_and_a_burden_that_cancels_leaves_skat():
    features, design, copies, _ = cohort(11)
    found = fit(features, design, copies, min_copies=1000)
    assert SET_REASONS[int(found.flag[0, 0])] == "copies below the configured minimum"
    opposed = np.zeros((120, 2))
    opposed[:60, 0] = opposed[60:, 1] = 1  # together a constant
    found = fit(features, design, opposed, weights=[1, 1])
    assert {SET_REASONS[code] for code in found.flag[0]} == {"collinear with covariates"}
    np.testing.assert_allclose(found.p[2], found.p[1], rtol=1e-9)


def test_copies_of_the_rarer_allele_are_weighed_by_its_frequency():
    copies = np.array([[0, 2, 1, np.nan], [1, 2, 1, np.nan], [np.nan, 1, 1, np.nan], [1, 2, 1, np.nan]])
    found = genotypes(copies, (1, 25))
    np.testing.assert_allclose(found.frequency, [1 / 3, 1 / 8])
    np.testing.assert_allclose(found.copies, [[0, 0], [1, 0], [2 / 3, 1], [1, 0]])
    np.testing.assert_allclose(found.weight, stats.beta.pdf([1 / 3, 1 / 8], 1, 25))
    assert found.count.tolist() == [2, 1]
    assert found.n_carriers == 3


def test_threads_change_no_bit():
    features, design, copies, _ = cohort(12)
    sets = [variants(copies[:, :k]) for k in (2, 5, 8)]
    one, two = (list(scan(features, design, threads).run(sets)) for threads in (1, 2))
    for (_, first), (_, second) in zip(one, two, strict=True):
        np.testing.assert_array_equal(first["full"].neg_log10_p, second["full"].neg_log10_p)
