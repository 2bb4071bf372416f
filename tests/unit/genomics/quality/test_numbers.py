"""Numbers of sites and samples against definitions, enumeration and simulated families."""

from fractions import Fraction
from math import factorial

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import chi2_contingency

from radiogenomics.genomics.quality.components import components
from radiogenomics.genomics.quality.genotypes import Block, objects
from radiogenomics.genomics.quality.hardy import hardy_weinberg
from radiogenomics.genomics.quality.pruning import MAX_R2, WINDOW, Pruner
from radiogenomics.genomics.quality.relatedness import Kinship, left_out
from radiogenomics.genomics.quality.samples import SampleCounts
from radiogenomics.genomics.quality.sex import SexCounts
from radiogenomics.genomics.quality.sites import SiteCounts, SiteRules, group_p, judge

LENGTHS = {"X": 156040895, "Y": 57227415}  # GRCh38


def block(copies, chromosome="1", start=5_000_000, **more):
    n = copies.shape[1]
    alleles = {"ref": objects(["A"] * n), "alt": objects(["G"] * n)}
    fields = {"chromosome": objects([chromosome] * n), "position": np.arange(start, start + n), **alleles, **more}
    return Block(copies=copies.astype(np.int8), **fields)


def enumerated(hom_ref, het, hom_alt, mid):
    """P of the exact test by all numbers of heterozygotes, in fractions."""
    n, rare = hom_ref + het + hom_alt, 2 * hom_alt + het

    def weight(hets):
        homs = (rare - hets) // 2
        return Fraction(2**hets * factorial(n), factorial(homs) * factorial(hets) * factorial(n - homs - hets))

    weights = {hets: weight(hets) for hets in range(rare % 2, min(rare, 2 * n - rare) + 1, 2)}
    less = sum(each for each in weights.values() if each < weights[het])
    ties = sum(each for each in weights.values() if each == weights[het])
    return float((less + (ties / 2 if mid else ties)) / sum(weights.values()))


@given(st.tuples(*[st.integers(0, 40)] * 3), st.booleans())
def test_hardy_weinberg_is_the_sum_over_all_outcomes(counts, mid):
    (found,) = hardy_weinberg(*(np.array([count]) for count in counts), mid)
    assert found == pytest.approx(enumerated(*counts, mid), rel=1e-9)


def test_a_site_without_calls_is_in_equilibrium():
    sites = SiteCounts.of(np.full((3, 2), -1, dtype=np.int8))
    np.testing.assert_array_equal(sites.hardy_p(), [1, 1])
    assert np.isnan(sites.frequency).all()


@given(st.integers(0, 2**32 - 1))
def test_groups_are_compared_as_scipy_does(seed):
    rng = np.random.default_rng(seed)
    copies = rng.choice(np.array([-1, 0, 1, 2], np.int8), p=[0.2, 0.3, 0.3, 0.2], size=(60, 1))
    label = rng.integers(0, 3, 60)
    groups = [label == number for number in range(3) if (label == number).any()]
    called = [[(copies[each] >= 0).sum(), (copies[each] < 0).sum()] for each in groups]
    alleles = [[copies[each][copies[each] >= 0].sum(), (2 - copies[each][copies[each] >= 0]).sum()] for each in groups]
    for found, table in zip(group_p(copies, groups), (called, alleles), strict=True):
        assert found[0] == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=1e-9)


def test_each_bad_site_has_its_first_reason():
    low, fixed, hets = np.full(40, -1), np.zeros(40), np.ones(40)
    batch = np.concatenate([np.zeros(20), np.full(20, 2)])
    fine = np.array([0] * 10 + [1] * 20 + [2] * 10)
    copies = np.column_stack([low, fixed, hets, batch, fine]).astype(np.int8)
    copies[:, 3][::4] = 1
    groups = [np.arange(40) < 20, np.arange(40) >= 20]
    good, reasons = judge(copies, SiteCounts.of(copies), SiteRules(0.9, 1e-6, 1e-6), groups)
    assert good.tolist() == [False, False, False, False, True]
    assert reasons == {"low_call_rate": 1, "monomorphic": 1, "hardy_weinberg": 1, "frequency_of_groups": 1}
    tumours, _ = judge(copies, SiteCounts.of(copies), SiteRules(0.9, 0, 0), groups)
    assert tumours.tolist() == [False, False, True, True, True]


def family(n_sites=6000, seed=1):
    """Two parents, two children, a copy of the first child, two strangers: (7, n_sites)."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.1, 0.9, n_sites)
    mother, father, *strangers = rng.random((4, 2, n_sites)) < frequency

    def child():
        return np.stack([np.where(rng.random(n_sites) < 0.5, *parent) for parent in (mother, father)])

    first, second = child(), child()
    return np.stack([each.sum(axis=0) for each in (mother, father, first, second, first, *strangers)]).astype(np.int8)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_kinship_of_a_family(missing):
    copies = family()
    copies[np.random.default_rng(2).random(copies.shape) < missing] = -1
    kinship = Kinship(len(copies))
    kinship.add(copies)
    degree = {(pair.first, pair.second): pair.degree for pair in kinship.pairs()}
    children = [(parent, child) for parent in (0, 1) for child in (2, 3, 4)]
    assert degree == dict.fromkeys([*children, (2, 3), (3, 4)], "first_degree") | {(2, 4): "duplicate"}
    assert kinship.opposite[0, 2] == 0 < kinship.opposite[2, 3]
    np.testing.assert_allclose(np.diag(kinship.kinship), 0.5)


def test_as_few_as_possible_relatives_are_left_out():
    kinship = Kinship(7)
    kinship.add(family())
    # The first child, its copy and the second child are related to both parents, the parents not to each other.
    assert left_out(kinship.pairs(), np.ones(7), 0.0884) == {2, 3, 4}
    two = [pair for pair in kinship.pairs() if pair.degree == "duplicate"]
    assert left_out(two, np.array([1, 1, 0.5, 1, 0.9, 1, 1]), 0.0884) == {2}
    assert left_out(two, np.ones(7), 0.0884) == {4}


@pytest.mark.parametrize("cut", [1, 7, 64, 1000])
def test_the_size_of_blocks_changes_nothing(cut, tmp_path):
    rng = np.random.default_rng(5)
    copies = family(1000).repeat(2, axis=0)
    copies[rng.random(copies.shape) < 0.2] = -1
    depth = rng.poisson(20, copies.shape).astype(np.float32)
    alt = rng.binomial(20, 0.4, copies.shape).astype(np.float32)

    def sums(size):
        counts, kinship = SampleCounts(len(copies)), Kinship(len(copies))
        pruner = Pruner(tmp_path / f"{size}", len(copies))
        for start in range(0, copies.shape[1], size):
            part = slice(start, start + size)
            reads = {"depth": depth[:, part], "quality": depth[:, part] / 7, "ref_depth": depth[:, part] - 5}
            counts.add(block(copies[:, part], **reads, alt_depth=alt[:, part]))
            kinship.add(copies[:, part])
            pruner.add(objects(["1"] * copies[:, part].shape[1]), copies[:, part])
        own = (counts.f, counts.foreign_reads, counts.unbalanced_het, counts.mean_depth, counts.mean_quality)
        return b"".join(each.tobytes() for each in (*own, kinship.kinship, pruner.close()))

    assert sums(cut) == sums(333)


def test_pruned_sites_are_those_of_a_plain_loop(tmp_path):
    rng = np.random.default_rng(4)
    steps = rng.integers(0, 3, (80, 60))
    sites = np.repeat(steps, 40, axis=1)
    sites = np.where(rng.random(sites.shape) < 0.25, rng.integers(0, 3, sites.shape), sites).astype(np.int8)
    sites[rng.random(sites.shape) < 0.1] = -1
    kept = []
    for site in sites.T:
        pairs = ((site[both], other[both]) for other in kept[-WINDOW:] for both in [(site >= 0) & (other >= 0)])
        if all(np.corrcoef(*pair)[0, 1] ** 2 <= MAX_R2 for pair in pairs):
            kept.append(site)
    pruner = Pruner(tmp_path / "x", len(sites))
    pruner.add(objects(["1"] * sites.shape[1]), sites)
    assert WINDOW < len(kept) < sites.shape[1] / 2
    np.testing.assert_array_equal(pruner.close(), np.array(kept))


def test_another_chromosome_is_not_in_linkage(tmp_path):
    site = np.random.default_rng(1).integers(0, 3, (30, 1)).astype(np.int8)
    pruner = Pruner(tmp_path / "x", 30)
    pruner.add(objects(["1", "1", "2"]), np.hstack([site, site, 2 - site]))
    assert (len(pruner.close()), pruner.n_linked) == (2, 1)


def test_components_separate_and_project():
    rng = np.random.default_rng(8)
    frequency = rng.uniform(0.2, 0.8, (2, 2000))
    sites = np.vstack([rng.binomial(2, each, (30, 2000)) for each in frequency]).T.astype(np.int8)
    everyone = components(sites, np.ones(60, bool), 3)
    first = everyone.coordinates[:, 0]
    assert min(first[:30].max(), first[30:].max()) < 0 < max(first[:30].min(), first[30:].min())
    assert everyone.coordinates[np.abs(everyone.coordinates).argmax(axis=0), range(3)].min() > 0
    np.testing.assert_allclose((everyone.coordinates**2).sum(axis=0), 1, rtol=1e-6)
    twice = components(np.hstack([sites, sites]), np.arange(120) < 60, 3)
    np.testing.assert_allclose(twice.coordinates[60:], everyone.coordinates, atol=2e-9)


@pytest.mark.parametrize("shape", [(0, 5), (4, 1), (0, 0)])
def test_components_of_nothing_are_none(shape):
    found = components(np.zeros(shape, dtype=np.int8), np.ones(shape[1], bool), 3)
    assert found.coordinates.shape == (shape[1], 0)


@pytest.mark.parametrize("n_samples", [0, 1])
def test_no_sites_and_few_samples_give_missing_numbers(n_samples, tmp_path):
    counts, kinship, sex = SampleCounts(n_samples), Kinship(n_samples), SexCounts(n_samples, {}, 0.9)
    empty = block(np.zeros((n_samples, 0)))
    counts.add(empty)
    sex.add(empty)
    kinship.add(empty.copies)
    for name in ("call_rate", "heterozygosity", "f", "ti_tv", "het_hom_ratio", "mean_depth", "foreign_reads"):
        assert np.isnan(getattr(counts, name)).tolist() == [True] * n_samples
    assert kinship.pairs() == []
    assert sex.inferred() == [""] * n_samples
    assert Pruner(tmp_path / "x", n_samples).close().shape == (0, n_samples)


def test_reads_that_contradict_the_genotype_are_told():
    copies = np.array([[0, 1, 1, 2, 1]])
    ref = np.array([[18, 10, 19, 4, 2]], dtype=np.float32)
    alt = np.array([[2, 10, 1, 16, 3]], dtype=np.float32)
    counts = SampleCounts(1)
    counts.add(block(copies, ref_depth=ref, alt_depth=alt))
    assert counts.unbalanced_het.tolist() == [0.5]  # the last call has too few reads
    assert counts.foreign_reads[0] == pytest.approx((0.1 + 0.2) / 2, abs=1e-7)


def people_by_x(n=400, seed=6):
    """Ten women, ten men, one of each with the other's Y: X of (22, n) and Y of (22, 40)."""
    rng = np.random.default_rng(seed)
    female = np.array([True] * 10 + [False] * 10 + [True, False])
    frequency = rng.uniform(0.1, 0.9, n)
    alleles = rng.random((22, 2, n)) < frequency
    x = np.where(female[:, None], alleles.sum(axis=1), 2 * alleles[:, 0])
    with_y = np.where(np.arange(22) < 20, ~female, female)
    y = np.where(with_y[:, None], 2 * (rng.random((22, 40)) < 0.5), -1)
    return x, y


def test_sex_by_x_and_y():
    x, y = people_by_x()
    sex = SexCounts(22, LENGTHS, 0.9)
    sex.add(block(x, "X"))
    sex.add(block(y, "Y"))
    assert sex.inferred() == ["female"] * 10 + ["male"] * 10 + ["", ""]
    np.testing.assert_array_equal(sex.x_f[10:20], 1)


def test_y_is_not_heard_where_women_have_reference_calls_too():
    x, y = people_by_x()
    sex = SexCounts(22, LENGTHS, 0.9)
    sex.add(block(x, "X", haploid=np.repeat(np.arange(22)[:, None] >= 10, x.shape[1], axis=1)))
    sex.add(block(np.maximum(y, 0), "Y"))
    assert sex.inferred() == ["female"] * 10 + ["male"] * 10 + ["female", "male"]
    np.testing.assert_array_equal(sex.x_haploid, np.arange(22) >= 10)


@pytest.mark.parametrize(("start", "lengths", "n"), [(2_781_480, LENGTHS, 100), (2_781_400, LENGTHS, 20), (1, {}, 0)])
def test_pseudoautosomal_sites_do_not_count(start, lengths, n):
    sex = SexCounts(22, lengths, 0.9)
    sex.add(block(np.repeat(np.arange(22)[:, None] % 3, 100, axis=1), "X", start if lengths else 100_000))
    assert sex.n_x_sites == n
