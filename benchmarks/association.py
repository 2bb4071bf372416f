"""Linear association: ours against a loop of statsmodels OLS, the same pairs, values compared.

    python benchmarks/association.py

300 patients × 400 features × 500 markers, blocks of features and of markers missing, 5 covariates. statsmodels fits
a sample of the pairs. Prints tests per second, the ratio and the largest relative difference of p.
"""

import time

import numpy as np
import statsmodels.api as sm

from radiogenomics.association import linear

PATIENTS, FEATURES, MARKERS, COVARIATES, SAMPLED = 300, 400, 500, 5, 2000


def main() -> None:
    rng = np.random.default_rng(1)
    y = rng.normal(size=(PATIENTS, FEATURES))
    g = (rng.random((PATIENTS, MARKERS)) < 0.3).astype(float)
    design = np.column_stack([np.ones(PATIENTS), rng.normal(size=(PATIENTS, COVARIATES))])
    # A patient lacks whole images or assays, so missing values come in few patterns.
    y[:3, : FEATURES // 4] = np.nan
    g[3:6, MARKERS // 2 :] = np.nan
    start = time.perf_counter()
    fits = linear.fit(y, g, design, min_patients=20, min_carriers=5)
    ours = time.perf_counter() - start

    pairs = np.column_stack([rng.integers(0, FEATURES, SAMPLED), rng.integers(0, MARKERS, SAMPLED)])
    worst = 0.0
    start = time.perf_counter()
    for i, j in pairs:
        columns = np.column_stack([design, g[:, j]])
        complete = np.isfinite(columns).all(axis=1) & np.isfinite(y[:, i])
        p = sm.OLS(y[complete, i], columns[complete]).fit().pvalues[-1]
        worst = max(worst, abs(p / fits.p[i, j] - 1))
    theirs = time.perf_counter() - start

    rates = FEATURES * MARKERS / ours, SAMPLED / theirs
    print(f"association: {rates[0]:,.0f} tests/s, statsmodels OLS loop {rates[1]:,.0f} tests/s")
    print(f"association: ratio {rates[0] / rates[1]:,.0f}")
    print(f"association: largest relative difference of p over {SAMPLED} pairs {worst:.1e}")


if __name__ == "__main__":
    main()
