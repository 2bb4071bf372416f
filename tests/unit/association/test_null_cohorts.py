"""Cohorts in which there is nothing to find: each model errs as often as it says, or less."""

import numpy as np
import pytest

from benchmarks.null_cohorts import MODELS, errors, excess, power, survival_errors


@pytest.mark.parametrize("model", MODELS)
def test_a_model_errs_no_more_often_than_it_says(model):
    seen = errors(model, 6)
    for name, *rest in seen.lines():
        assert not excess(*rest)[2], name
    # The site is a trap: without covariates the same tests err nearly twice as often, but for a random effect of it.
    assert (np.mean(seen.shares["crude", 0.05]) > 0.07) == (model != "mixed")


@pytest.mark.parametrize("model", MODELS)
def test_a_model_finds_strong_effects(model):
    found, false = power(model, 1.5, 2)
    assert np.mean(found) > 0.9
    assert np.mean(false) <= 0.25


def test_cox_models_err_no_more_often_than_they_say():
    for name, *rest in survival_errors(20):
        assert not excess(*rest)[2], name
