"""The mixed model against R: lme4 and lmerTest, whose optimiser is told to go on to the last digits."""

import numpy as np
import pytest

from radiogenomics.association.covariance import Levels, Relatedness
from radiogenomics.association.flags import TESTED
from radiogenomics.association.groups import Rules
from radiogenomics.association.mixed import Mixed
from tests.conformity.r_oracle import run_r

CONTROL = """
exact <- list(xtol_abs = 1e-12, ftol_abs = 1e-14, xtol_rel = 1e-12, ftol_rel = 1e-15)
control <- lme4::lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE, check.conv.singular = "ignore",
                             check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore", optCtrl = exact)
"""
MIXED = f"""{CONTROL}
rows <- list()
for (i in seq_len(ncol(y))) for (j in seq_len(ncol(g))) {{
  data <- data.frame(y = y[, i], g = g[, j], x = x[, 1], z = x[, 2], site = factor(site[, 1]))
  data <- data[complete.cases(data), ]
  f <- lmerTest::lmer(y ~ x + z + g + (1 | site), data, REML = TRUE, control = control)
  v <- as.data.frame(lme4::VarCorr(f))$vcov
  s <- tryCatch(summary(f)$coefficients["g", ], error = function(e) rep(NaN, 5))
  rows[[length(rows) + 1]] <- c(s[1:3], v, nrow(data), as.numeric(logLik(f)))
}}
out$found <- do.call(rbind, rows)
"""
# One level a patient, and its indicators times the Cholesky factor of the matrix: so lme4 fits any covariance.
RELATED = f"""{CONTROL}
rows <- list()
for (i in seq_len(ncol(y))) for (j in seq_len(ncol(g))) {{
  kept <- complete.cases(y[, i], g[, j], x)
  data <- data.frame(y = y[, i], g = g[, j], x = x[, 1], z = x[, 2])[kept, ]
  data$patient <- factor(seq_len(nrow(data)))
  parts <- lme4::lFormula(y ~ x + z + g + (1 | patient), data, REML = TRUE, control = control)
  parts$reTrms$Zt <- Matrix::Matrix(chol(k[kept, kept]), sparse = TRUE) %*% parts$reTrms$Zt
  deviance <- do.call(lme4::mkLmerDevfun, parts)
  best <- lme4::optimizeLmer(deviance, optimizer = "nloptwrap", control = exact)
  f <- lmerTest:::as_lmerModLT(lme4::mkMerMod(environment(deviance), best, parts$reTrms, fr = parts$fr), deviance)
  v <- as.data.frame(lme4::VarCorr(f))$vcov
  s <- tryCatch(summary(f)$coefficients["g", ], error = function(e) rep(NaN, 5))
  rows[[length(rows) + 1]] <- c(s[1:3], v, nrow(data), as.numeric(logLik(f)))
}}
out$found <- do.call(rbind, rows)
"""


def cohort(seed):
    """Sites of unequal sizes, one patient alone in one; gaps; variances of the site from none to most."""
    rng = np.random.default_rng(seed)
    n = 110
    site = np.sort(rng.integers(0, 7, n))
    site[-1] = 9
    x = np.column_stack([rng.normal(size=n) + 0.3 * site, rng.random(n) < 0.4]).astype(float)
    g = (rng.random((n, 4)) < [0.3, 0.5, 0.15, 0.3] + 0.05 * (site[:, None] % 3)).astype(float)
    g[:, 3] = rng.normal(size=n)
    y = rng.normal(size=(n, 5)) + rng.normal(size=(10, 5))[site] * [0, 0.2, 0.5, 1, 4] + 0.4 * g[:, [0]]
    y[rng.random(y.shape) < 0.04 * np.array([0, 1, 1, 0, 1])] = np.nan
    g[rng.random(g.shape) < 0.05 * np.array([0, 1, 1, 0])] = np.nan
    x[4, 0] = np.nan
    return y, g, x, site


def agree(ours, theirs):
    """Pairs (n_markers, n_features) of ours against theirs, with six numbers each."""
    assert (ours.flag == TESTED).all()
    np.testing.assert_array_equal(ours.n, theirs[..., 5])
    # lme4's optimiser leaves the ratio's root with some seven digits; what hangs on it has fewer.
    inside = ours.ratio > 0
    assert inside.any()
    np.testing.assert_allclose((ours.ratio * ours.variance)[inside], theirs[..., 3][inside], rtol=1e-5)
    np.testing.assert_allclose(theirs[..., 3][~inside], 0, atol=1e-7)
    np.testing.assert_allclose(ours.variance, theirs[..., 4], rtol=1e-5)
    np.testing.assert_allclose(ours.estimate, theirs[..., 0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(ours.se, theirs[..., 1], rtol=1e-6)
    # lmerTest differentiates numerically; ours are bounded by n - rank - 1.
    bounded = np.minimum(theirs[..., 2], ours.n - 4)
    told = np.isfinite(bounded)
    assert told.mean() > 0.9
    np.testing.assert_allclose(ours.df[told], bounded[told], rtol=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_variances_effects_errors_and_degrees_of_freedom_equal_those_of_lmertest(seed, tmp_path):
    y, g, x, site = cohort(seed)
    model = Mixed(y, np.column_stack([np.ones(len(x)), x]), Levels(site), Rules(20, 5))
    ours = model.fit(np.ascontiguousarray(g.T), np.ones(g.shape[1], bool))
    found = run_r(MIXED, tmp_path, ("lme4", "lmerTest"), y=y, g=g, x=x, site=site[:, None])["found"]
    agree(ours, found.reshape(y.shape[1], g.shape[1], -1).transpose(1, 0, 2))


@pytest.mark.parametrize("seed", range(2))
def test_with_a_matrix_of_relatedness_too(seed, tmp_path):
    y, g, x, _ = cohort(seed)
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(len(y), 300))
    z[1::2] = 0.8 * z[::2] + 0.6 * z[1::2]  # pairs of relatives
    k = z @ z.T / z.shape[1]
    y += np.linalg.cholesky(k) @ rng.normal(size=y.shape) * [0, 0.3, 1, 2, 3]
    model = Mixed(y, np.column_stack([np.ones(len(x)), x]), Relatedness(k), Rules(20, 5))
    ours = model.fit(np.ascontiguousarray(g.T), np.ones(g.shape[1], bool))
    found = run_r(RELATED, tmp_path, ("lme4", "lmerTest", "Matrix"), y=y, g=g, x=x, k=k)["found"]
    agree(ours, found.reshape(y.shape[1], g.shape[1], -1).transpose(1, 0, 2))
