"""Intraclass correlations and their bounds against R: psych::ICC."""

import numpy as np
import pytest

from radiogenomics.association.stability import Model, components, icc
from tests.conformity.r_oracle import run_r

SCRIPT = """
f <- psych::ICC(x, lmer = FALSE)$results[1:3, ]
out$found <- cbind(f$ICC, f$`lower bound`, f$`upper bound`)
"""


@pytest.mark.parametrize(("seed", "n", "k"), [(1, 20, 3), (2, 6, 5), (3, 60, 2)])
def test_coefficients_and_bounds_equal_those_of_psych(seed, n, k, tmp_path):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)) + 1.5 * rng.normal(size=(n, 1)) + rng.normal(size=(1, k))
    theirs = run_r(SCRIPT, tmp_path, ("psych",), x=x)["found"]
    found = [icc(x[:, :, None], model) for model in Model]
    ours = [[one.icc[0], one.low[0], one.high[0]] for one in found]
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


VARIANCES = """
d <- data.frame(y = as.vector(t(x)), target = factor(rep(seq_len(nrow(x)), each = ncol(x))))
squares <- summary(aov(y ~ target, d))[[1]]$`Mean Sq`
out$found <- c(max((squares[1] - squares[2]) / ncol(x), 0), squares[2])
"""


@pytest.mark.parametrize(("seed", "n", "k", "between"), [(1, 20, 3, 1.5), (2, 12, 8, 0.0), (3, 60, 2, 4.0)])
def test_variances_equal_those_of_aov(seed, n, k, between, tmp_path):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)) + between * rng.normal(size=(n, 1))
    theirs = run_r(VARIANCES, tmp_path, (), x=x)["found"]
    ours = np.concatenate(components(x[:, :, None]))
    np.testing.assert_allclose(ours, np.ravel(theirs), rtol=1e-10, atol=1e-14)
