"""Intraclass correlations and their bounds against R: psych::ICC."""

import numpy as np
import pytest

from radiogenomics.association.stability import Model, icc
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
