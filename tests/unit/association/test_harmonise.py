"""ComBat: what it removes and keeps, rows that were held out, missing values, and what it refuses."""

import warnings

import numpy as np
import pytest

from radiogenomics.association import harmonise
from radiogenomics.association.site_effects import anova, levene
from radiogenomics.association.statistics_errors import (
    ConfoundedDesignError,
    ConstantInBatchError,
    ShapeMismatchError,
    SparseBatchError,
    TooFewRowsError,
    UnknownBatchError,
)


def study(seed=1, n=150, features=60):
    """Values with site effects on mean and spread, a covariate that matters, and where each row comes from."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, 3, n)
    age = rng.normal(size=(n, 1)) + 0.5 * site[:, None]
    truth = rng.normal(size=(n, features)) + age * np.linspace(-1, 1, features)
    values = truth * rng.uniform(0.5, 2, (3, features))[site] + rng.normal(0, 1, (3, features))[site]
    return values, [f"site{number}" for number in site], age, site


def test_site_effects_go_and_the_covariate_stays():
    values, batch, age, site = study()
    done = harmonise.fit(values, batch, age).transform(values, batch, age)
    residual = done - age @ np.linalg.lstsq(np.column_stack([np.ones(150), age]), done, rcond=None)[0][1:]
    assert (anova(values, site).p < 1e-3).mean() > 0.5
    assert (anova(residual, site).p < 1e-3).mean() == 0
    assert (levene(residual, site).p < 1e-3).mean() == 0
    slopes = [np.polyfit(age[:, 0], column, 1)[0] for column in done.T]
    assert np.corrcoef(slopes, np.linspace(-1, 1, 60))[0, 1] > 0.95


def test_without_shrinkage_to_do_batches_keep_nothing_of_their_mean():
    values, batch, _, site = study(2, n=3000, features=4)
    none = np.zeros((3000, 0))
    done = harmonise.fit(values, batch, none, mean_only=False).transform(values, batch, none)
    means = np.array([done[site == number].mean(axis=0) for number in range(3)])
    assert np.ptp(means, axis=0).max() < 0.02


def test_held_out_rows_are_transformed_by_what_the_others_taught():
    values, batch, age, _ = study(3)
    fitted = harmonise.fit(values[:100], batch[:100], age[:100])
    whole = fitted.transform(values, batch, age)
    np.testing.assert_array_equal(fitted.transform(values[100:], batch[100:], age[100:]), whole[100:])
    changed = values.copy()
    changed[100:] += 50
    again = harmonise.fit(changed[:100], batch[:100], age[:100])
    np.testing.assert_array_equal(again.shift, fitted.shift)
    one_site = [row for row in range(100, 150) if batch[row] == "site1"]  # a training site may be absent
    part = fitted.transform(values[one_site], ["site1"] * len(one_site), age[one_site])
    np.testing.assert_array_equal(part, whole[one_site])


def test_the_reference_batch_comes_back_as_it_was():
    values, batch, age, site = study(4)
    fitted = harmonise.fit(values, batch, age, reference="site2")
    done = fitted.transform(values, batch, age)
    np.testing.assert_array_equal(done[site == 2], values[site == 2])
    assert not np.allclose(done[site == 1], values[site == 1])


def test_missing_values_stay_missing_and_change_no_other_feature_much():
    values, batch, age, _ = study(5)
    holed = values.copy()
    holed[3:9, 7] = np.nan
    age_missing = age.copy()
    age_missing[20] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        done = harmonise.fit(holed, batch, age).transform(holed, batch, age)
        without = harmonise.fit(values, batch, age_missing).transform(values, batch, age_missing)
    np.testing.assert_array_equal(np.isnan(done), np.isnan(holed))
    full = harmonise.fit(values, batch, age).transform(values, batch, age)
    np.testing.assert_allclose(np.delete(done, 7, axis=1), np.delete(full, 7, axis=1), atol=0.05)
    assert np.isnan(without[20]).all()
    assert np.isfinite(np.delete(without, 20, axis=0)).all()


def test_the_order_of_rows_and_scale_of_a_feature_do_not_matter():
    values, batch, age, _ = study(6)
    order = np.random.default_rng(1).permutation(150)
    plain = harmonise.fit(values, batch, age).transform(values, batch, age)
    names = [batch[row] for row in order]
    moved = harmonise.fit(values[order], names, age[order]).transform(values[order], names, age[order])
    np.testing.assert_allclose(moved, plain[order], rtol=1e-9, atol=1e-11)
    units = 10.0 ** np.arange(-30, 30)
    scaled = harmonise.fit(values * units, batch, age).transform(values * units, batch, age)
    np.testing.assert_allclose(scaled / units, plain, rtol=1e-9, atol=1e-11)


def test_a_batch_of_one_row_is_refused_unless_only_means_move():
    values, batch, age, _ = study()
    batch[0] = "alone"
    with pytest.raises(SparseBatchError, match="'alone' of 1 row"):
        harmonise.fit(values, batch, age)
    done = harmonise.fit(values, batch, age, mean_only=True).transform(values, batch, age)
    assert np.isfinite(done).all()


def test_a_feature_that_a_batch_lacks_is_refused_by_column():
    values, batch, age, site = study()
    values[np.flatnonzero(site == 1)[1:], 4] = np.nan
    with pytest.raises(SparseBatchError) as caught:
        harmonise.fit(values, batch, age)
    assert (caught.value.batch, caught.value.features) == ("site1", (4,))


@pytest.mark.parametrize("covariate", ["is the batch", "is constant", "twice"])
def test_a_covariate_that_cannot_be_told_from_the_batches_is_refused(covariate):
    values, batch, age, site = study()
    covariates = {
        "is the batch": (site == 1)[:, None],
        "is constant": np.ones((150, 1)),
        "twice": np.hstack([age, age]),
    }
    with pytest.raises(ConfoundedDesignError) as caught:
        harmonise.fit(values, batch, covariates[covariate].astype(float))
    assert caught.value.rank == caught.value.columns - 1


@pytest.mark.parametrize("where", ["everywhere", "one batch"])
def test_a_constant_feature_is_refused_by_column(where):
    values, batch, _, site = study()
    values[(site == 2) | (where == "everywhere"), 9] = 0.1
    # With a covariate the residual of a batch in which the feature is constant varies; without one it does not.
    with pytest.raises(ConstantInBatchError) as caught:
        harmonise.fit(values, batch, np.zeros((150, 0)))
    assert caught.value.features == (9,)


def test_other_arrays_than_rows_of_one_table_are_refused():
    values, batch, age, _ = study()
    with pytest.raises(ShapeMismatchError):
        harmonise.fit(values, batch[1:], age)
    with pytest.raises(TooFewRowsError):
        harmonise.fit(values[:, :1], batch, age)
    with pytest.raises(UnknownBatchError, match="elsewhere"):
        harmonise.fit(values, batch, age, reference="elsewhere")
    with pytest.raises(UnknownBatchError, match="site9"):
        harmonise.fit(values, batch, age).transform(values[:1], ["site9"], age[:1])
