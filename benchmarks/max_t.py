"""Max-T permutation of a whole family: seconds, statistics per second, and the share of the machine's matrix product.

    python benchmarks/max_t.py [n_permutations]

500 patients × 2,000 features × 1,000 markers with 5 covariates, 1,000 permutations. The floor is the matrix product
alone, in float32, of the same tiles, on one thread. Processor seconds are those of all threads; where others use the
machine they say more than the seconds on the wall.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the threads are ours

import numpy as np

from radiogenomics.association.permutation import max_t

PATIENTS, FEATURES, MARKERS, COVARIATES = 500, 2000, 1000, 5
THREADS = 2


def gemm_gflops() -> float:
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(FEATURES, PATIENTS)), rng.normal(size=(PATIENTS, MARKERS))
    left, right = left.astype(np.float32), right.astype(np.float32)
    out = left @ right
    start = time.perf_counter()
    for _ in range(50):
        np.matmul(left, right, out=out)
    return 50 * 2 * PATIENTS * FEATURES * MARKERS / (time.perf_counter() - start) / 1e9


def main(n_permutations: int) -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(PATIENTS, 40)) @ rng.normal(size=(40, FEATURES)) + rng.normal(size=(PATIENTS, FEATURES))
    markers = (rng.random((PATIENTS, MARKERS)) < rng.uniform(0.05, 0.4, MARKERS)).astype(float)
    design = np.column_stack([np.ones(PATIENTS), rng.normal(size=(PATIENTS, COVARIATES))])
    floor = gemm_gflops()
    start, worked = time.perf_counter(), time.process_time()
    result = max_t(
        features,
        markers,
        design,
        groups=np.zeros(PATIENTS, int),
        n_permutations=n_permutations,
        rng=rng,
        threads=THREADS,
    )
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    statistics = n_permutations * FEATURES * MARKERS
    gflops = 2 * PATIENTS * statistics / seconds / 1e9
    family = f"{n_permutations} permutations of {FEATURES} × {MARKERS} pairs"
    print(f"max-T: {family} in {seconds:.1f} s, {worked:.1f} processor s")
    print(
        f"max-T: {statistics / seconds / 1e6:.0f} M statistics/s, {gflops:.0f} GFLOP/s of {floor:.0f} (float32 product)"
    )
    print(f"max-T: smallest adjusted p {np.nanmin(result.step_down):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
