"""ComBat against R: sva::ComBat, its iteration carried on to where ours settles."""

import json

import numpy as np
import pytest

from radiogenomics import tables
from radiogenomics.association import harmonise
from radiogenomics.association.inputs import Inputs
from tests.conformity.r_oracle import run_r
from tests.unit.association import simulated

# sva stops at a change of 1e-4; its own function with another limit gives the fixed point.
SCRIPT = """
suppressMessages(library(sva))
adjust <- function(dat, mod = covariates, ...) t(suppressMessages(
    ComBat(t(dat), as.character(batch[1, ]), mod = mod, ...)))
out$stopped <- adjust(values)
precise <- sva:::it.sol
formals(precise)$conv <- 1e-13
assignInNamespace("it.sol", precise, "sva")
out$plain <- adjust(values)
out$none <- adjust(values, NULL)
out$reference <- adjust(values, ref.batch = "2")
out$mean_only <- adjust(values, mean.only = TRUE)
out$mean_only_reference <- adjust(values, mean.only = TRUE, ref.batch = "2")
out$holed <- adjust(holed)
"""
SETTINGS = {
    "plain": {},
    "none": {},
    "reference": {"reference": "2"},
    "mean_only": {"mean_only": True},
    "mean_only_reference": {"mean_only": True, "reference": "2"},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    rng = np.random.default_rng(1)
    batch = rng.permutation(np.repeat([1, 2, 3], [15, 22, 30]))
    x = rng.normal(size=(67, 2))
    values = rng.normal(size=(67, 40)) * rng.uniform(0.5, 5, 40) + 10 + x @ rng.normal(size=(2, 40))
    values = values * rng.uniform(0.5, 2, (4, 40))[batch] + rng.normal(size=(4, 40))[batch]
    holed = values.copy()
    holed[rng.permutation(67)[:40], np.arange(40)] = np.nan
    folder = tmp_path_factory.mktemp("combat")
    theirs = run_r(SCRIPT, folder, ("sva",), values=values, holed=holed, batch=batch, covariates=x)
    return values, holed, [str(number) for number in batch], x, theirs


@pytest.mark.parametrize("case", SETTINGS)
def test_harmonised_values_equal_those_of_sva(study, case):
    values, _, batch, x, theirs = study
    x = x[:, :0] if case == "none" else x
    ours = harmonise.fit(values, batch, x, **SETTINGS[case]).transform(values, batch, x)
    np.testing.assert_allclose(ours, theirs[case], rtol=1e-10)


def test_with_missing_values_sva_only_divides_the_variance_by_one_less(study):
    _, holed, batch, x, theirs = study
    fitted = harmonise.fit(holed, batch, x)
    expected = fitted.centre + x @ fitted.slopes
    # Every feature has 66 of 67 values.
    ours = expected + (fitted.transform(holed, batch, x) - expected) * np.sqrt(66 / 65)
    np.testing.assert_allclose(ours, theirs["holed"], rtol=1e-10)


def test_where_sva_stops_by_itself_is_near(study):
    values, _, batch, x, theirs = study
    ours = harmonise.fit(values, batch, x).transform(values, batch, x)
    np.testing.assert_allclose(ours, theirs["stopped"], rtol=1e-4)


def test_the_command_harmonises_as_sva_does(tmp_path):
    """From the features table through ``association test``; the volume is kept, and one feature cannot be changed."""
    rng = np.random.default_rng(2)
    n, batch = 60, np.repeat([1, 2, 3], 20)
    log_volume, age = rng.normal(size=n), rng.normal(60, 9, n).round(1)
    values = rng.normal(size=(n, 15)) * rng.uniform(0.5, 2, (4, 15))[batch] + rng.normal(0, 2, (4, 15))[batch]
    values += log_volume[:, None] * rng.normal(size=15)
    values[batch == 2, 3] = 1.0
    study = simulated.write(
        tmp_path,
        {f"original_glcm_f{k:02}": values[:, k] for k in range(15)} | {simulated.VOLUME: np.exp(log_volume)},
        {"G": (rng.random(n) < 0.4).astype(float)},
        {"scanner": np.array(["", "A", "B", "C"])[batch], "age": age},
    )
    settings = {"harmonise": {"method": "combat", "batch": "scanner", "keep": ["age"]}}
    results = study.test(json.dumps(settings))
    kept = np.column_stack([log_volume, age])
    theirs = run_r(SCRIPT, tmp_path, ("sva",), values=values, holed=values, batch=batch, covariates=kept)["plain"]
    np.testing.assert_array_equal(theirs[:, 3], values[:, 3])  # sva does not change it either
    frame = tables.FEATURES.read(study.tested["features"])
    for k in range(15):
        frame.loc[frame["feature"] == f"original_glcm_f{k:02}", "value"] = theirs[:, k]
    tables.FEATURES.write(frame, study.tested["features"])
    expected = study.test("{}")
    for name in ("estimate", "se", "p"):
        np.testing.assert_allclose(results[name], expected[name], rtol=1e-9)
    (found,) = Inputs.read(*study.tested.values(), "{}").matrices()
    assert len(results) == 3 * len(found.names)
