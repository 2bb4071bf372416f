"""Least squares and HC3 against statsmodels, pair by pair, on random designs with random missing values."""

import numpy as np
import pytest
import scipy.linalg
import statsmodels.api as sm
from hypothesis import given, strategies as st

from radiogenomics.association.flags import TESTED
from radiogenomics.association.linear import Rules, fit

DESIGNS = {
    "intercept": lambda rng, n: np.ones((n, 1)),
    "numbers": lambda rng, n: np.column_stack([np.ones(n), rng.normal(size=(n, 3))]),
    "far from 0": lambda rng, n: np.column_stack([np.ones(n), rng.normal(2000, 8, size=n), rng.normal(size=n)]),
    "sites": lambda rng, n: np.column_stack([np.ones(n), rng.integers(0, 4, n)[:, None] == [1, 2, 3]]).astype(float),
}


def reference(y, g, x, robust):
    """The fit of statsmodels, which wants full rank, and for HC3 no patient whom the covariates fit exactly."""
    basis = scipy.linalg.orth(x)
    if robust:
        free = (basis**2).sum(axis=1) < 1 - 1e-9
        y, g, basis = y[free], g[free], scipy.linalg.orth(x[free])
    model = sm.OLS(y, np.column_stack([basis, g])).fit()
    return model.get_robustcov_results("HC3", use_t=True) if robust else model


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("robust", [False, True], ids=["ordinary", "HC3"])
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(25, 90),
    n_features=st.sampled_from([4, 20]),
    missing_features=st.sampled_from([0.0, 0.03, 0.3]),
    missing_markers=st.sampled_from([0.0, 0.02, 0.3]),
    dosage=st.booleans(),
)
def test_every_pair(design, robust, seed, n, n_features, missing_features, missing_markers, dosage):
    rng = np.random.default_rng(seed)
    x = DESIGNS[design](rng, n)
    y = rng.normal(size=(n, n_features)) * 10.0 ** rng.integers(-3, 4, n_features)
    g = rng.binomial(2, 0.3, (n, 4)).astype(float) if dosage else (rng.random((n, 4)) < 0.4).astype(float)
    y[rng.random(y.shape) < missing_features] = np.nan
    g[rng.random(g.shape) < missing_markers] = np.nan
    fits = fit(y, g, x, Rules(12, 3, hc3_below=n if robust else 0), threads=2)
    for i, j in zip(*np.nonzero(fits.flag == TESTED), strict=True):
        complete = np.isfinite(y[:, i]) & np.isfinite(g[:, j])
        model = reference(y[complete, i], g[complete, j], x[complete], robust)
        assert (fits.n[i, j], fits.df[i, j]) == (complete.sum(), model.df_resid)
        expected = [model.bse[-1], model.pvalues[-1], np.ptp(model.conf_int()[-1]) / 2]
        # A p-value magnifies the rounding of t by about t².
        np.testing.assert_allclose([fits.se[i, j], fits.p[i, j], fits.half_width[i, j]], expected, rtol=1e-10)
        # An estimate near 0 has the digits of its standard error.
        assert fits.estimate[i, j] == pytest.approx(model.params[-1], rel=1e-10, abs=1e-11 * model.bse[-1])
