"""The mixed model against others that fit the same pairs: pairs per second, side by side in one run, on one thread.

    python benchmarks/mixed.py [n_pairs_of_others]

300 patients at 12 sites, 3 covariates, the site as random effect, then a matrix of relatedness instead. statsmodels
and, where R has them, lme4 with lmerTest fit a few pairs only. Markers are complete; the last row lacks 2 % of their
values, so that most markers have patients of their own and the matrix is decomposed for each of them.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import statsmodels.api as sm

from radiogenomics.association.covariance import Covariance, Levels, Relatedness
from radiogenomics.association.flags import TESTED
from radiogenomics.association.groups import Rules
from radiogenomics.association.mixed import Mixed

PATIENTS, SITES, FEATURES, MARKERS, COVARIATES = 300, 12, 500, 100, 3
R = """
data <- read.table(file.path(commandArgs(trailingOnly = TRUE)[1], "data.txt"), header = TRUE)
data$site <- factor(data$site)
features <- grep("^y", names(data), value = TRUE)
seconds <- system.time(for (y in features) {
  f <- lmerTest::lmer(reformulate(c("x1", "x2", "x3", "g", "(1 | site)"), y), data)
  summary(f)
})[["elapsed"]]
cat(length(features) / seconds)
"""


def ours(features: np.ndarray, markers: np.ndarray, design: np.ndarray, covariance: Covariance, limit: float) -> float:
    """Pairs per second."""
    start = time.perf_counter()
    found = Mixed(features, design, covariance, Rules(20, 5), limit).fit(np.ascontiguousarray(markers.T))
    return int((found.flag == TESTED).sum()) / (time.perf_counter() - start)


def of_statsmodels(features: np.ndarray, design: np.ndarray, site: np.ndarray) -> float:
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for column in features.T:
            sm.MixedLM(column, design, site).fit(reml=True)
    return features.shape[1] / (time.perf_counter() - start)


def of_lmertest(features: np.ndarray, design: np.ndarray, site: np.ndarray) -> float | None:
    program = shutil.which("Rscript")
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        names = [*(f"y{i}" for i in range(features.shape[1])), "x1", "x2", "x3", "g", "site"]
        table = np.column_stack([features, design[:, 1:], site])
        np.savetxt(Path(folder) / "data.txt", table, header=" ".join(names), comments="")
        (Path(folder) / "script.R").write_text(R)
        command = [program, str(Path(folder) / "script.R"), folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def main(n_others: int) -> None:
    rng = np.random.default_rng(4)
    site = rng.integers(0, SITES, PATIENTS)
    features = rng.normal(size=(PATIENTS, FEATURES)) + 0.7 * rng.normal(size=(SITES, FEATURES))[site]
    markers = (rng.random((PATIENTS, MARKERS)) < 0.3).astype(float)
    design = np.column_stack([np.ones(PATIENTS), rng.normal(size=(PATIENTS, COVARIATES))])
    genomes = rng.normal(size=(PATIENTS, 2000))
    genomes[::2] = 0.7 * genomes[::2] + 0.7 * genomes[1::2]
    matrix = Relatedness(genomes @ genomes.T / 2000)
    gaps = np.where(rng.random(markers.shape) < 0.02, np.nan, markers)
    pair = features[:, :n_others], np.column_stack([design, markers[:, 0]]), site
    rates = {
        "statsmodels MixedLM, site": of_statsmodels(*pair),
        "lmerTest, site": of_lmertest(*pair),
        "site, REML for each pair": ours(features, markers, design, Levels(site), 1.0),
        "site, REML for pairs with p up to 0.01": ours(features, markers, design, Levels(site), 0.01),
        "site, 2 % of values missing": ours(features, gaps, design, Levels(site), 1.0),
        "matrix, REML for each pair": ours(features, markers, design, matrix, 1.0),
        "matrix, REML for pairs with p up to 0.01": ours(features, markers, design, matrix, 0.01),
        "matrix, 2 % of values missing": ours(features, gaps, design, matrix, 1.0),
    }
    for name, rate in rates.items():
        print(f"mixed: {name}: {'not installed' if rate is None else f'{rate:,.0f} pairs/s'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
