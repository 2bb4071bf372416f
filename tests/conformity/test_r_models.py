"""Association models against R: metafor, survival and brglm2."""

import numpy as np
import pytest

from radiogenomics.association.meta import Interval, Tau2, pool
from tests.conformity.r_oracle import run_r

META = """
method <- c("EE", "DL", "PM", "REML"); test <- c("z", "knha", "adhoc")
rows <- list()
for (m in method) for (t in test) for (j in seq_len(ncol(y))) {
  f <- metafor::rma(yi = y[, j], sei = se[, j], method = m, test = t,
                    control = list(threshold = 1e-13, tol = 1e-13, maxiter = 10000))
  rows[[length(rows) + 1]] <- c(f$b, f$se, f$ci.lb, f$ci.ub, f$zval, f$pval, f$QE, f$QEp, f$tau2, f$I2 / 100)
}
out$found <- do.call(rbind, rows)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_pooled_effects_equal_those_of_metafor(seed, tmp_path):
    rng = np.random.default_rng(seed)
    se = rng.uniform(0.1, 0.6, (7, 10))
    y = 0.3 + rng.normal(size=se.shape) * np.hypot(se, np.linspace(0, 0.6, 10))
    y[5, 2:4], se[6, 3:6] = np.nan, np.nan
    names = ("estimate", "se", "low", "high", "statistic", "p", "q", "q_p", "tau2", "i2")
    parts = [pool(y, se, tau2=method, interval=interval) for method in Tau2 for interval in Interval]
    ours = np.vstack([np.column_stack([getattr(part, name) for name in names]) for part in parts])
    theirs = run_r(META, tmp_path, ("metafor",), y=y, se=se)["found"]
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)
