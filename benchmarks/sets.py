"""Tests of sets: processor milliseconds a set, for all features at once, by method.

    python benchmarks/sets.py [n_sets]

500 patients × 2,000 features, 15 rare variants a set with 1 % of genotypes missing, 5 covariates, one thread. Processor
time, since others may use the machine. The first set, for which the features are projected, is not counted.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from radiogenomics.association.design import rank_normal
from radiogenomics.association.set_genotypes import VariantSet
from radiogenomics.association.set_scan import SetScan
from radiogenomics.config.association import Association

PATIENTS, FEATURES, VARIANTS, COVARIATES = 500, 2000, 15, 5


def variants(rng: np.random.Generator) -> VariantSet:
    """A set of rare variants, of whom all patients were assayed."""
    frequency = rng.beta(0.5, 30, size=VARIANTS) + 0.002
    copies = rng.binomial(2, frequency, size=(PATIENTS, VARIANTS)).astype(float)
    copies[rng.random(copies.shape) < 0.01] = np.nan
    return VariantSet("GENE", "rare", copies, np.ones(PATIENTS, bool))


def main(n_sets: int) -> None:
    rng = np.random.default_rng(1)
    features = rank_normal(rng.normal(size=(PATIENTS, FEATURES)))
    design = np.column_stack([np.ones(PATIENTS), rng.normal(size=(PATIENTS, COVARIATES))])
    sets = [variants(rng) for _ in range(n_sets + 1)]
    for methods in (["burden"], ["skat"], ["burden", "skat", "acat"], ["skat_o"]):
        options = Association.model_validate({"sets": {"masks": ["rare"], "methods": methods}})
        scan = SetScan(features, {"full": design}, options)
        scan.fit(sets[0])
        start = time.process_time()
        for each in sets[1:]:
            scan.fit(each)
        spent = (time.process_time() - start) / n_sets
        print(f"sets: {', '.join(methods)}: {1000 * spent:.1f} ms a set, {FEATURES / spent / 1e3:.0f} k tests/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
