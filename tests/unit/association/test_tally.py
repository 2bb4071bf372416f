"""Adjusted p-values, inflation and quantiles from counts, against those from all p-values."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from radiogenomics.association import multiplicity
from radiogenomics.association.flags import FEW_PATIENTS, TESTED
from radiogenomics.association.scan import Fits
from radiogenomics.association.statistics_errors import NullShareError
from radiogenomics.association.tally import Tally


def fits(p):
    """A block of these p-values, (n_features, n_markers), NaN where not tested."""
    blank = np.zeros(p.shape)
    flag = np.where(np.isnan(p), FEW_PATIENTS, TESTED).astype(np.int8)
    none = np.zeros(p.shape, bool)
    with np.errstate(divide="ignore"):
        height = -np.log10(p)
    return Fits(blank, blank, blank, blank, p, height, blank, blank, flag, flag, none)


def tally(p, limit, blocks=3, gene=None, further=()):
    gene = np.zeros(p.shape[1], np.int64) if gene is None else gene
    found = Tally(limit, gene, further)
    first = 0
    for part in np.array_split(p, blocks, axis=1):
        found.add(first, fits(part))
        first += part.shape[1]
    return found


@given(
    seed=st.integers(0, 2**32 - 1),
    limit=st.sampled_from([None, 1e-4, 1e-3, 0.01, 0.05, 0.3, 1.0]),
    signals=st.sampled_from([0, 3, 300]),
    digits=st.sampled_from([2, 17]),
)
def test_what_is_said_of_a_kept_pair_is_true_among_all(seed, limit, signals, digits):
    rng = np.random.default_rng(seed)
    p = rng.random((20, 50))
    p.ravel()[rng.permutation(1000)[:signals]] **= 6
    p = np.maximum(p.round(digits), 1e-12)
    p[3, :7] = np.nan
    truth = np.full(p.shape, np.nan)
    truth[np.isfinite(p)] = stats.false_discovery_control(p[np.isfinite(p)])
    adjusted = tally(p, limit).adjust()
    pooled = adjusted.pooled
    q = pooled(p)
    known = np.isfinite(q)
    np.testing.assert_allclose(q[known], truth[known], rtol=1e-12)
    unknown = ~known & np.isfinite(p)
    assert (truth[unknown] >= pooled.exact_below * (1 - 1e-12)).all()
    if limit is None:
        assert not unknown.any()


@st.composite
def studies(draw):
    """p-values (n_features, n_markers) with ties, effects and untested pairs; the gene of each marker; a limit."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_genes, n_features = draw(st.integers(1, 40)), draw(st.integers(1, 30))
    gene = np.sort(rng.integers(0, n_genes, draw(st.integers(1, 60))))
    gene = np.unique(gene, return_inverse=True)[1].astype(np.int64)
    p = rng.random((n_features, len(gene)))
    strong = rng.random(gene.max() + 1) < draw(st.sampled_from([0, 0.1, 0.5]))
    p[rng.random(p.shape) < 0.4 * strong[gene]] **= draw(st.sampled_from([3, 8]))
    p = np.maximum(p.round(draw(st.sampled_from([2, 3, 17]))), draw(st.sampled_from([0, 1e-12])))
    p[rng.random(p.shape) < draw(st.sampled_from([0, 0.1]))] = np.nan
    p[:, gene == 0] = np.nan if draw(st.booleans()) else p[:, gene == 0]
    return p, gene, draw(st.sampled_from([None, 1e-6, 1e-3, 0.01, 0.05, 0.3, 1.0])), draw(st.integers(1, 5))


@given(study=studies())
def test_two_levels_are_those_over_all_tests_or_not_known(study):
    p, gene, limit, blocks = study
    truth = multiplicity.two_level(p.T.ravel(), np.repeat(gene, len(p)))
    found = tally(p, limit, blocks, gene).adjust()
    columns, least = found.columns(p.T.ravel(), np.repeat(gene, len(p)))
    q, known, tested = columns["q_two_level"], np.isfinite(columns["q_two_level"]), np.isfinite(p.T.ravel())
    np.testing.assert_array_equal(q[known], truth.q[known])
    assert (least[tested] <= truth.q[tested]).all()
    assert not known[~tested].any()
    unknown = tested & ~known
    assert (truth.q[unknown] >= found.levels.exact_below).all()
    gene_known = np.isfinite(found.levels.gene_q)
    np.testing.assert_array_equal(found.levels.gene_q[gene_known], truth.group_q[gene_known])
    assert (truth.group_q[~gene_known & np.isfinite(truth.group_q)] >= found.levels.exact_below).all()
    if limit in (None, 1.0):
        assert not unknown.any()
    alpha = min(0.05, found.levels.exact_below)
    assert found.levels.hits(alpha) == (truth.q < alpha).sum()
    assert found.levels.gene_hits(alpha) == (truth.group_q < alpha).sum()
    assert found.levels.n_genes == np.isfinite(truth.group_p).sum()


def test_a_limit_far_below_alpha_still_tells_the_hits_of_strong_genes():
    rng = np.random.default_rng(3)
    gene = np.arange(2000)
    p = rng.random((100, 2000))
    p[:5, :20] = 10 ** rng.uniform(-12, -7, (5, 20))
    truth = multiplicity.two_level(p.T.ravel(), np.repeat(gene, 100))
    found = tally(p, 1e-5, 7, gene).adjust().levels
    assert found.exact_below > 0.05
    assert found.hits(0.05) == (truth.q < 0.05).sum() > 90
    assert found.gene_hits(0.05) == (truth.group_q < 0.05).sum() >= 20


@given(study=studies())
def test_further_values_are_those_over_all_tests_or_not_known(study):
    p, gene, limit, blocks = study
    found = tally(p, limit, blocks, gene, ("by", "holm", "storey")).adjust().further
    truth = {"q_by": multiplicity.benjamini_yekutieli(p), "p_holm": multiplicity.holm(p)}
    try:
        truth["q_storey"] = multiplicity.storey(p).q
    except NullShareError:
        assert "q_storey" not in found
    for name, values in truth.items():
        known = np.isfinite(found[name](p)) if name in found else np.zeros(p.shape, bool)
        np.testing.assert_allclose(found[name](p)[known] if known.any() else [], values[known], rtol=1e-12)
        if limit in (None, 1.0) or name == "p_holm":
            assert (known == (np.isfinite(p) if limit is None else p <= limit)).all()


def test_inflation_is_that_of_the_median():
    rng = np.random.default_rng(0)
    p = stats.chi2.sf(1.3 * rng.chisquare(1, (300, 400)), 1)
    expected = stats.chi2.isf(np.median(p), 1) / stats.chi2.isf(0.5, 1)
    assert tally(p, 1e-3).inflation() == pytest.approx(expected, rel=1e-4)


def test_without_a_test_there_is_no_inflation_and_no_hit():
    found = tally(np.full((2, 3), np.nan), 0.1)
    assert np.isnan(found.inflation())
    assert found.adjust().levels.hits(0.05) == 0
    assert [len(column) for column in found.quantiles()] == [0, 0, 0]


def test_quantiles_are_shares_of_tests():
    p = np.array([[0.5, 0.05, 0.0, 1.0]])
    observed, expected, n = tally(p, None, 1).quantiles()
    np.testing.assert_allclose(observed, [0, 77 / 256, 333 / 256, 40])
    np.testing.assert_allclose(expected, -np.log10([1, 0.75, 0.5, 0.25]))
    assert n.tolist() == [1, 1, 1, 1]
