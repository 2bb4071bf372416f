"""Max-T against refitting every pair under every order, its error under the null, and its bits."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from benchmarks.calibration import family_wise_errors
from radiogenomics.association import exchange, permutation
from radiogenomics.association.statistics_errors import NothingToTestError, ShapeMismatchError, TooFewOrdersError


def study(seed=1, n=40, features=6, markers=4, covariates=2):
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), rng.normal(size=(n, covariates))])
    g = (rng.random((n, markers)) < 0.4).astype(float)
    y = rng.normal(size=(n, features)) + design[:, 1:].sum(axis=1, keepdims=True) + rng.normal(size=(n, 1))
    y[:, 0] += 1.5 * g[:, 0]
    return y, g, design


def refitted(y, g, design, tested, order):
    """Statistic of every pair from ordinary least squares after exchanging residuals of the reduced model."""
    result = np.full(tested.shape, np.nan)
    for i, j in zip(*np.nonzero(tested), strict=True):
        has_feature = np.isfinite(y[:, i]) & np.isfinite(design).all(axis=1)
        pair = has_feature & np.isfinite(g[:, j])
        residuals, fitted = np.full(len(y), np.nan), np.full(len(y), np.nan)
        reduced = sm.OLS(y[has_feature, i], design[has_feature]).fit()
        residuals[has_feature], fitted[has_feature] = reduced.resid, reduced.fittedvalues
        exchanged = fitted + residuals[np.argsort(order)]
        fit = sm.OLS(exchanged[pair], np.column_stack([design[pair], g[pair, j]])).fit()
        result[i, j] = fit.df_resid * np.log1p(fit.tvalues[-1] ** 2 / fit.df_resid)
    return result


def by_definition(y, g, design, tested, drawn):
    """Westfall and Young's step-down and single-step p-values, written down from the definition."""
    observed = refitted(y, g, design, tested, np.arange(len(y)))[tested]
    ranked = np.argsort(-observed)
    null = np.array([refitted(y, g, design, tested, order)[tested][ranked] for order in drawn])
    successive = np.maximum.accumulate(null[:, ::-1], axis=1)[:, ::-1]
    reached = successive >= observed[ranked] - 1e-6
    single, stepped = np.full(tested.shape, np.nan), np.full(tested.shape, np.nan)
    raw = (1 + (successive[:, :1] >= observed - 1e-6).sum(axis=0)) / (1 + len(drawn))
    down = np.empty(len(ranked))
    down[ranked] = np.maximum.accumulate((1 + reached.sum(axis=0)) / (1 + len(drawn)))
    single[tested], stepped[tested] = raw, down
    return single, stepped, successive[:, 0]


@pytest.mark.parametrize("case", ["complete", "missing", "scattered markers", "grouped", "family"])
@pytest.mark.parametrize(
    ("steps", "tile"),
    [(24, (4096, 1024)), (3, (4096, 1024)), (3, (2, 3)), (0, (2, 3))],
    ids=["every pair stepped", "one tile", "many tiles", "tiles only"],
)
def test_adjusted_values_equal_refitting_every_pair_under_every_order(case, steps, tile, monkeypatch):
    monkeypatch.setattr(permutation, "TILE_FEATURES", tile[0])
    monkeypatch.setattr(permutation, "TILE_COLUMNS", tile[1])
    y, g, design = study()
    groups, tested = np.zeros(len(y), int), np.ones((6, 4), bool)
    if case == "missing":
        y[:5, 2:4], g[30:36, 1], design[20, 1] = np.nan, np.nan, np.nan
    if case == "scattered markers":
        g[np.random.default_rng(8).random(g.shape) < 0.1] = np.nan
        y[:5, 2:4] = np.nan
    if case == "grouped":
        groups = np.arange(len(y)) % 3
    if case == "family":
        tested[[0, 1, 1], [1, 2, 3]] = False
        tested[5] = False
    (drawn,) = exchange.orders(exchange.strata(y, design, groups), 40, np.random.default_rng(9))
    single, stepped, largest = by_definition(y, g, design, tested, drawn)
    found = permutation.max_t(
        y, g, design, groups=groups, n_permutations=40, rng=np.random.default_rng(9), tested=tested, steps=steps
    )
    np.testing.assert_allclose(found.null_max, largest, rtol=1e-9)
    np.testing.assert_allclose(found.single_step, single, rtol=1e-12)
    if steps >= tested.sum():
        np.testing.assert_allclose(found.step_down, stepped, rtol=1e-12)
    else:
        assert (found.step_down[tested] >= stepped[tested] - 1e-12).all()
        assert (found.step_down[tested] <= single[tested] + 1e-12).all()


def test_fewer_steps_are_the_same_for_the_top_and_between_the_two_procedures_below():
    y, g, design = study(2, n=60, features=20, markers=10)
    y[:, :12] += 2 * g[:, :1]

    def run(steps):
        rng = np.random.default_rng(3)
        return permutation.max_t(y, g, design, groups=np.zeros(60, int), n_permutations=199, rng=rng, steps=steps)

    full, few, none = run(200), run(15), run(0)
    np.testing.assert_array_equal(none.step_down, none.single_step)
    np.testing.assert_array_equal(few.single_step, full.single_step)
    assert (few.step_down >= full.step_down).all()
    assert (few.step_down <= full.single_step).all()
    order = np.argsort(full.single_step, axis=None, kind="stable")[:12]
    np.testing.assert_array_equal(few.step_down.ravel()[order], full.step_down.ravel()[order])
    assert (full.step_down < full.single_step).any()


def test_an_order_keeps_every_patient_in_its_stratum_and_is_uniform():
    stratum = np.array([0, 1, 0, 1, 0, 2])
    drawn = np.vstack(list(exchange.orders(stratum, 6000, np.random.default_rng(4))))
    assert (np.sort(drawn, axis=1) == np.arange(6)).all()
    assert (stratum[drawn] == stratum).all()
    _, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(counts) == 12  # 3! · 2! · 1!
    assert stats.chisquare(counts).pvalue > 1e-3


def test_patients_with_missing_features_are_exchanged_among_themselves():
    y, _, design = study()
    y[:4, 1], design[39, 1] = np.nan, np.nan
    stratum = exchange.strata(y, design, np.zeros(40, int))
    assert len(np.unique(stratum)) == 3
    assert len({stratum[0], stratum[3]}) == 1
    assert len({stratum[0], stratum[39], stratum[20]}) == 3


def test_the_share_of_patients_that_can_move_is_told():
    y, g, design = study()
    y[0, 1], y[1, 2] = np.nan, np.nan
    found = permutation.max_t(y, g, design, groups=np.zeros(40, int), n_permutations=9, rng=np.random.default_rng(1))
    assert found.movable == pytest.approx(38 / 40)


def test_scattered_missing_values_are_refused_where_they_leave_no_orders():
    y, g, design = study()
    for patient in range(40):
        y[patient, patient % 6] = np.nan
    with pytest.raises(TooFewOrdersError, match="fewer than the 500") as caught:
        permutation.max_t(y, g, design, groups=np.arange(40) // 2, n_permutations=500, rng=np.random.default_rng(1))
    assert caught.value.orders < 500


def test_a_family_without_variation_and_arrays_of_other_patients_are_refused():
    y, g, design = study()
    run = {"groups": np.zeros(40, int), "n_permutations": 9, "rng": np.random.default_rng(1)}
    with pytest.raises(NothingToTestError):
        permutation.max_t(y, design[:, 1:] * 3 + 1, design, **run)
    with pytest.raises(ShapeMismatchError, match=r"markers \(39, 4\)"):
        permutation.max_t(y, g[1:], design, **run)


def test_pairs_without_variation_are_missing_and_do_not_count():
    y, g, design = study()
    run = {"groups": np.zeros(40, int), "n_permutations": 99}
    plain = permutation.max_t(y, g, design, rng=np.random.default_rng(1), **run)
    y = np.column_stack([y, design[:, 1], np.full(40, 3.0)])
    wider = permutation.max_t(y, g, design, rng=np.random.default_rng(1), **run)
    assert np.isnan(wider.single_step[6:]).all()
    np.testing.assert_array_equal(wider.step_down[:6], plain.step_down)
    y[:, 6], g = np.nan, np.column_stack([g, np.full(40, np.nan)])
    absent = permutation.max_t(y, g, design, rng=np.random.default_rng(1), tested=np.indices((8, 5))[0] != 6, **run)
    np.testing.assert_array_equal(absent.step_down[:6, :4], plain.step_down)
    assert np.isnan(absent.step_down[:, 4]).all()
    everywhere = permutation.max_t(y, g, design, rng=np.random.default_rng(1), **run)
    np.testing.assert_array_equal(everywhere.step_down, absent.step_down)


@pytest.mark.parametrize(
    ("tails", "missing", "runs"), [("normal", 0.0, 400), ("heavy", 0.0, 400), ("normal", 0.15, 150)]
)
def test_family_wise_error_is_controlled_among_correlated_features_that_follow_a_covariate(tails, missing, runs):
    level = 0.05
    rng = np.random.default_rng(12)
    false = family_wise_errors(runs, rng, level=level, tails=tails, missing=missing).sum()
    assert stats.binom.ppf(0.001, runs, level) <= false <= stats.binom.ppf(0.999, runs, level)


SCRIPT = """
import hashlib, sys
import numpy as np
from radiogenomics.association.permutation import max_t
rng = np.random.default_rng(5)
y, g = rng.normal(size=(301, 700)), (rng.random((301, 300)) < 0.3).astype(float)
y[:, :50] += g[:, :1]
y[:20, 300:], g[30:34, :40] = np.nan, np.nan
design = np.column_stack([np.ones(301), rng.normal(size=(301, 3))])
found = max_t(y, g, design, groups=np.zeros(301, int), n_permutations=70, rng=rng)
parts = (found.single_step, found.step_down, found.null_max)
print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""


def test_one_thread_and_two_give_the_same_bits():
    prints = set()
    for threads in ("1", "2"):
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        prints.add(done.stdout)
    assert len(prints) == 1
    assert len(prints.pop().strip()) == len(hashlib.sha256().hexdigest())
