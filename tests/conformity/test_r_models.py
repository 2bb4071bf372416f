"""Association models against R: metafor, survival and brglm2."""

import numpy as np
import pytest
from scipy import special

from radiogenomics.association import cox, ordinal
from radiogenomics.association.cox import Ties
from radiogenomics.association.firth import firth
from radiogenomics.association.logistic import score_tests
from radiogenomics.association.meta import Interval, Tau2, pool
from radiogenomics.association.survival_curves import kaplan_meier
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


LOGISTIC = """
y <- y[, 1]
rows <- list(); tests <- list()
for (j in seq_len(ncol(x))) {
  f <- glm(y ~ x[, j] + z, family = binomial, method = brglm2::brglm_fit, type = "AS_mean",
           epsilon = 1e-12, maxit = 1000)
  rows[[j]] <- c(coef(f)[2], sqrt(vcov(f)[2, 2]))
  control <- glm.control(epsilon = 1e-14, maxit = 100)
  null <- glm(y ~ z, family = binomial, control = control)
  if (j > 1 && j < 5) {
    full <- glm(y ~ z + x[, j], family = binomial, control = control)
    tests[[j - 1]] <- anova(null, full, test = "Rao")[2, "Rao"]
  }
}
out$firth <- do.call(rbind, rows)
out$score <- do.call(rbind, tests)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_score_and_penalised_fit_equal_those_of_glm_and_brglm2(seed, tmp_path):
    rng = np.random.default_rng(seed)
    z, x = rng.normal(size=(80, 2)), rng.normal(size=(80, 5))
    y = (rng.random((80, 1)) < special.expit(z[:, :1] - 1 + x[:, 1:2])).astype(float)
    x[:, 0] = (y[:, 0] == 1) & (np.arange(80) < 30)  # separated: all carriers are cases
    x[:, 4] = np.where(rng.random(80) < 0.1, np.nan, x[:, 4])
    theirs = run_r(LOGISTIC, tmp_path, ("brglm2",), y=y, x=x, z=z)
    design = np.column_stack([np.ones(80), z])
    fits = firth(y, x, design)
    np.testing.assert_allclose(np.column_stack([fits.estimate, fits.se]), theirs["firth"], rtol=1e-7)
    # Complete predictors only: R's null model has all patients. Its weights are those of the last step but one.
    np.testing.assert_allclose(score_tests(y, x, design).z[1:4, 0] ** 2, theirs["score"][:, 0], rtol=2e-6)


ORDINAL = """
rows <- list()
for (i in seq_len(ncol(y))) for (j in seq_len(ncol(x))) {
  use <- !is.na(y[, i]) & !is.na(x[, j])
  d <- data.frame(response = ordered(y[use, i]), g = x[use, j], z1 = z[use, 1], z2 = z[use, 2])
  control <- ordinal::clm.control(gradTol = 1e-10, maxIter = 200)
  null <- ordinal::clm(response ~ z1 + z2, data = d, control = control)
  full <- ordinal::clm(response ~ z1 + z2 + g, data = d, control = control)
  k <- length(coef(full))
  rms <- rms::orm(as.numeric(response) ~ z1 + z2 + g, data = d, eps = 1e-12, maxit = 100)
  rows[[length(rows) + 1]] <- c(coef(full)[k], sqrt(vcov(full)[k, k]), as.numeric(2 * (logLik(full) - logLik(null))),
                                rms$coefficients["g"])
}
out$found <- do.call(rbind, rows)
d <- data.frame(response = ordered(y[, 2]), g = x[, 1], z1 = z[, 1], z2 = z[, 2])
fit <- MASS::polr(response ~ z1 + z2 + g, data = d, Hess = TRUE, control = list(reltol = 1e-14, maxit = 10000))
out$polr <- c(coef(fit)["g"], sqrt(vcov(fit)["g", "g"]))
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_proportional_odds_equal_those_of_clm_orm_and_polr(seed, tmp_path):
    rng = np.random.default_rng(seed)
    z, x = rng.normal(size=(60, 2)), np.column_stack([rng.random(60) < 0.2, rng.normal(size=(60, 2))])
    y = rng.logistic(size=(60, 3)) + z[:, :1] + x[:, :1]
    y[:, 1] = np.digitize(y[:, 1], [-1, 0, 1, 2])  # five levels; the others have one a patient
    x[:, 2] = np.where(rng.random(60) < 0.1, np.nan, x[:, 2])
    y[:, 2] = np.where(rng.random(60) < 0.1, np.nan, y[:, 2])
    theirs = run_r(ORDINAL, tmp_path, ("ordinal", "rms", "MASS"), y=y, x=x, z=z)
    fits = ordinal.fits(y, x, np.column_stack([np.ones(60), z]))
    np.testing.assert_allclose(np.column_stack([fits.estimate, fits.se, fits.lr]), theirs["found"][:, :3], rtol=1e-6)
    np.testing.assert_allclose(fits.estimate, theirs["found"][:, 3], rtol=1e-6)
    np.testing.assert_allclose([fits.estimate[3], fits.se[3]], theirs["polr"][:, 0], rtol=1e-5)


COX = """
survived <- survival::Surv(y[, 1], y[, 2])
control <- survival::coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)
rows <- list()
for (ties in c("breslow", "efron")) for (j in seq_len(ncol(x))) {
  use <- !is.na(x[, j])
  null <- survival::coxph(survived[use] ~ z[use, ], ties = ties, control = control)
  full <- survival::coxph(survived[use] ~ z[use, ] + x[use, j], ties = ties, control = control)
  at <- survival::coxph(survived[use] ~ z[use, ] + x[use, j], ties = ties, init = c(coef(null), 0),
                        control = survival::coxph.control(iter.max = 0))
  k <- length(coef(full))
  # cox.zph wants the variables by name.
  zz <- z[use, ]; xj <- x[use, j]
  zph <- survival::cox.zph(survival::coxph(survived[use] ~ zz + xj, ties = ties, control = control), terms = FALSE)
  rows[[length(rows) + 1]] <- c(coef(full)[k], sqrt(vcov(full)[k, k]), sqrt(at$score),
                                2 * (full$loglik[2] - null$loglik[2]), zph$table[k, 1])
}
out$found <- do.call(rbind, rows)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_hazards_equal_those_of_survival(seed, tmp_path):
    rng = np.random.default_rng(seed)
    z, x = rng.normal(size=(150, 2)), rng.normal(size=(150, 4))
    x[:, 1] = rng.random(150) < 0.15
    x[:, 3] = np.where(rng.random(150) < 0.1, np.nan, x[:, 3])
    time, end = rng.exponential(np.exp(-z[:, 0] - 0.5 * x[:, 0])), rng.exponential(1.5, 150)
    y = np.column_stack([np.ceil(np.minimum(time, end) * 6) / 6, time <= end])
    theirs = run_r(COX, tmp_path, ("survival",), y=y, x=x, z=z)["found"]
    parts = [
        (cox.fits(*y.T, x, z, ties=ties), cox.score_tests(*y.T, x, z, ties=ties)) for ties in (Ties.BRESLOW, Ties.EFRON)
    ]
    ours = np.vstack(
        [np.column_stack([full.estimate, full.se, np.abs(score.z), full.lr, full.trend**2]) for full, score in parts]
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


CURVES = """
fit <- survival::survfit(survival::Surv(y[, 1], y[, 2]) ~ 1)
out$steps <- cbind(fit$time, fit$n.risk, fit$n.event, fit$n.censor, fit$surv)
test <- survival::survdiff(survival::Surv(y[, 1], y[, 2]) ~ y[, 3])
out$log_rank <- test$chisq
"""


@pytest.mark.parametrize("tied", [True, False])
def test_curves_equal_those_of_survfit_and_their_test_is_log_rank_without_ties(tied, tmp_path):
    rng = np.random.default_rng(3)
    time, event, group = rng.exponential(1, 90), rng.random(90) < 0.6, (rng.random(90) < 0.5).astype(float)
    time = np.ceil(time * 8) / 8 if tied else time
    theirs = run_r(CURVES, tmp_path, ("survival",), y=np.column_stack([time, event, group]))
    names = ("time", "n_risk", "n_events", "n_censored", "survival")
    ours = [[row[name] for name in names] for row in kaplan_meier(time, event)][1:]
    np.testing.assert_allclose(ours, theirs["steps"], rtol=1e-12)
    z = cox.score_tests(time, event.astype(float), group[:, None], np.empty((90, 0))).z[0]
    assert z**2 == pytest.approx(theirs["log_rank"].item(), rel=0.05 if tied else 1e-10)
