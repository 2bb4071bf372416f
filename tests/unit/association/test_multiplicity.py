"""Adjusted p-values against their definitions, what each procedure controls by simulation."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from statsmodels.stats.multitest import multipletests

from benchmarks.calibration import false_shares, gene_false_shares, rate
from radiogenomics.association import multiplicity
from radiogenomics.association.statistics_errors import (
    ConstantColumnError,
    NotAProbabilityError,
    NullShareError,
    ShapeMismatchError,
    TooFewRowsError,
)

PROBABILITIES = arrays(float, st.integers(1, 60), elements=st.floats(0, 1))
METHODS = {
    "fdr_bh": multiplicity.benjamini_hochberg,
    "fdr_by": multiplicity.benjamini_yekutieli,
    "holm": multiplicity.holm,
}


@pytest.mark.parametrize("name", METHODS)
@given(p=PROBABILITIES)
def test_adjusted_values_equal_statsmodels(name, p):
    np.testing.assert_allclose(METHODS[name](p), multipletests(p, method=name)[1], rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("name", METHODS)
def test_missing_values_stay_missing_and_do_not_count(name):
    p = np.array([[0.01, np.nan], [0.2, 0.04]])
    adjusted = METHODS[name](p)
    assert np.isnan(adjusted[0, 1])
    np.testing.assert_array_equal(adjusted[[0, 1, 1], [0, 0, 1]], METHODS[name](p[[0, 1, 1], [0, 0, 1]]))
    assert np.isnan(METHODS[name](np.full(3, np.nan))).all()
    assert METHODS[name](np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("bad", [-0.1, 1.5, 300.0, np.inf])
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(NotAProbabilityError):
        multiplicity.benjamini_hochberg(np.array([0.5, bad]))


def test_storey_refuses_to_call_everything_true():
    with pytest.raises(NullShareError, match="3"):
        multiplicity.storey(np.array([1e-5, 1e-4, 1e-3]))


def test_storey_keeps_missing_values_and_accepts_none_at_all():
    p = np.append(np.random.default_rng(1).random(500), np.nan)
    assert np.isnan(multiplicity.storey(p).q[-1])
    assert multiplicity.storey(np.full(4, np.nan)).pi0 == 1


def selected(p, groups, level):
    """Two-level selection written down from the definition, pairs found at one level."""
    genes = [group for group in np.unique(groups) if np.isfinite(p[groups == group]).any()]
    inside = {group: p[(groups == group) & np.isfinite(p)] for group in genes}
    simes = [min(np.sort(values) * len(values) / np.arange(1, len(values) + 1)) for values in inside.values()]
    chosen = multipletests(simes, level, method="fdr_bh")[0]
    found = np.zeros(p.shape, bool)
    for group, keep in zip(genes, chosen, strict=True):
        if keep:
            where = np.flatnonzero((groups == group) & np.isfinite(p))
            found[where] = multipletests(p[where], level * chosen.sum() / len(genes), method="fdr_bh")[0]
    return found


@given(seed=st.integers(0, 2**32 - 1), level=st.sampled_from([0.01, 0.05, 0.2, 0.7]))
def test_pairs_below_a_level_are_those_the_two_level_definition_selects(seed, level):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 8, 60)
    p = rng.random(60) ** rng.choice([1, 1, 8], 8)[groups]
    p[rng.random(60) < 0.1] = np.nan
    result = multiplicity.two_level(p, groups)
    np.testing.assert_array_equal(result.q <= level, selected(p, groups, level))


@given(seed=st.integers(0, 2**32 - 1))
def test_the_best_pair_of_a_group_has_the_value_of_its_group(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 6, 40)
    result = multiplicity.two_level(rng.random(40) ** 3, groups)
    best = np.array([result.q[groups == group].min() if (groups == group).any() else np.nan for group in range(6)])
    np.testing.assert_allclose(best[: result.group_q.size], result.group_q, rtol=1e-12)


def test_groups_without_a_test_are_missing_and_not_counted():
    p = np.array([0.01, np.nan, np.nan, 0.5])
    result = multiplicity.two_level(p, np.array([0, 0, 1, 3]))
    np.testing.assert_array_equal(np.isnan(result.group_q), [False, True, True, False])
    assert result.group_q[0] == pytest.approx(0.02)
    with pytest.raises(ShapeMismatchError):
        multiplicity.two_level(p, np.zeros(3, int))
    assert multiplicity.two_level(np.zeros(0), np.zeros(0, int)).q.shape == (0,)


def test_two_levels_control_the_fdr_of_genes_where_pooled_pairs_do_not():
    shown = gene_false_shares(200, np.random.default_rng(7), level=0.05)
    assert rate("two levels", "genes", 0.05, shown["two levels"]).kept
    assert rate("two levels", "pairs inside", 0.05, shown["inside"]).kept
    assert shown["pooled"].mean() > 0.3


@pytest.mark.parametrize("effects", [0, 30])
@pytest.mark.parametrize("name", METHODS)
def test_the_false_discovery_rate_of_dependent_tests_is_kept(name, effects):
    shown = false_shares(METHODS[name], 1000, np.random.default_rng(11), level=0.1, effects=effects)
    if effects:
        assert rate(name, "some true", 0.1, shown).kept
    else:
        assert shown.sum() <= stats.binom.ppf(0.999, 1000, 0.1)


def test_effective_tests_of_blocks_of_equal_columns():
    rng = np.random.default_rng(3)
    base = np.linalg.qr(np.column_stack([np.ones(200), rng.normal(size=(200, 4))]))[0][:, 1:]
    repeated = np.repeat(base, [1, 2, 3, 4], axis=1)  # 4 uncorrelated columns, 10 in all
    found = multiplicity.effective_tests(repeated)
    assert found.li_ji == pytest.approx(4)
    assert found.galwey == pytest.approx(np.sqrt([1, 2, 3, 4]).sum() ** 2 / 10)
    assert found.simplem == 4
    eigenvalues = np.array([4, 3, 2, 1, 0, 0, 0, 0, 0, 0])
    assert found.nyholt == pytest.approx(1 + 9 * (1 - eigenvalues.var(ddof=1) / 10))


def test_effective_tests_of_more_columns_than_rows_equal_those_of_the_full_matrix():
    rng = np.random.default_rng(4)
    values = rng.normal(size=(20, 30)) + rng.normal(size=(20, 1))
    eigenvalues = np.maximum(np.linalg.eigvalsh(np.corrcoef(values, rowvar=False)), 0)
    found = multiplicity.effective_tests(values)
    assert found.galwey == pytest.approx(np.sqrt(eigenvalues).sum() ** 2 / eigenvalues.sum(), rel=1e-5)
    assert found.nyholt == pytest.approx(1 + 29 * (1 - eigenvalues.var(ddof=1) / 30))


def test_effective_tests_leave_incomplete_rows_out_and_refuse_what_has_no_correlation():
    values = np.random.default_rng(5).normal(size=(30, 4))
    holed = values.copy()
    holed[:3, 1] = np.nan
    assert multiplicity.effective_tests(holed) == multiplicity.effective_tests(values[3:])
    with pytest.raises(TooFewRowsError, match="2 complete"):
        multiplicity.effective_tests(values[:2])
    values[:, 2] = 7
    with pytest.raises(ConstantColumnError, match="'2'"):
        multiplicity.effective_tests(values)
    assert multiplicity.effective_tests(values[:, :1]).nyholt == 1
