"""Linear association: ours against statsmodels and, where they are installed, plink2 and tensorQTL.

    python benchmarks/association.py [--threads N] [--tensorqtl PYTHON] [--full]

500 patients × 1,000 features × 20,000 genotypes of which 1.5 % are missing, 5 covariates, every p kept. Engines take
turns, each run in a process of its own, and the fastest run of each counts: tests per second of the clock, from arrays
to p-values, and of the processor, which says more on a machine that others use too. statsmodels and plink2 take a
sample of the markers, and their p-values are compared with ours. tensorQTL imputes missing genotypes by the mean, so
its p-values are not compared; PYTHON is an interpreter that has it.

Then the share of the machine's matrix product, float32, HC3, features that lack patients of their own, markers that
lack half of theirs, and the threshold mode from 10⁶ to 10⁸ tests (10⁹ with ``--full``): time and memory.
"""

import argparse
import multiprocessing as mp
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

PATIENTS, FEATURES, MARKERS, COVARIATES, MISSING = 500, 1000, 20_000, 5, 0.015
SAMPLED_PAIRS, SAMPLED_MARKERS, ROUNDS = 2000, 100, 3
KEEP = 1e-5
Array = NDArray[np.float64]
Result = TypeVar("Result")
TENSORQTL = """
import sys, time, numpy as np, pandas as pd
from tensorqtl import trans
y, g, x = (np.load(name) for name in sys.argv[1:])
names = [f"P{i}" for i in range(len(y))]
g = pd.DataFrame(np.where(np.isnan(g), np.nanmean(g, axis=0), g).T, columns=names)
g.index = [f"m{i}" for i in range(len(g))]
y = pd.DataFrame(y.T, columns=names)
y.index = [f"f{i}" for i in range(len(y))]
x = pd.DataFrame(x[:, 1:], index=names)
clock, processor = time.perf_counter(), time.process_time()
p = trans.map_trans(g, y, x, return_sparse=False, pval_threshold=1, maf_threshold=0, verbose=False)
print(time.perf_counter() - clock, time.process_time() - processor)
"""


def genotypes(rng: np.random.Generator, markers: int, missing: float = MISSING) -> Array:
    """Copies of an allele (n_patients, markers)."""
    values = rng.binomial(2, rng.uniform(0.05, 0.5, markers), (PATIENTS, markers)).astype(float)
    values[rng.random(values.shape) < missing] = np.nan
    return values


def data(markers: int = MARKERS) -> tuple[Array, Array, Array]:
    """Features, markers and design."""
    rng = np.random.default_rng(1)
    design = np.column_stack([np.ones(PATIENTS), rng.normal(size=(PATIENTS, COVARIATES))])
    return rng.normal(size=(PATIENTS, FEATURES)), genotypes(rng, markers), design


@dataclass(frozen=True)
class Speed:
    """Tests, and the seconds that they took by the clock and of the processor."""

    tests: int
    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.tests / self.clock:,.0f} tests/s ({self.tests / self.processor:,.0f} per second of processor)"

    def times(self, other: Self) -> str:
        """How many times faster this is."""
        clock = self.tests / self.clock / (other.tests / other.clock)
        processor = self.tests / self.processor / (other.tests / other.processor)
        return f"{clock:,.1f} × by the clock, {processor:,.1f} × by the processor"


@contextmanager
def timed(tests: int) -> Iterator[list[Speed]]:
    """A list to which the speed of the block is appended, with that of programs that it starts."""

    def processor() -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    found: list[Speed] = []
    clock, start = time.perf_counter(), processor()
    yield found
    found.append(Speed(tests, time.perf_counter() - clock, processor() - start))


def ours(threads: int, case: str) -> tuple[Speed, float, Array]:
    """Speed, MB at the peak, and −log10 p (n_features, n_markers)."""
    from radiogenomics.association.linear import LinearScan, Rules

    rules = Rules(20, 5)
    y, g, x = data(MARKERS if case in ("", "float32") else MARKERS // 10)
    if case == "float32":
        rules = replace(rules, precision="float32")
    elif case == "HC3":
        rules = replace(rules, hc3_below=PATIENTS)
    elif case == "features lack 1.5 %, each its own":
        y[np.random.default_rng(2).random(y.shape) < MISSING] = np.nan
    elif case == "markers lack 50 %":
        g = genotypes(np.random.default_rng(3), g.shape[1], 0.5)
    height = np.empty((g.shape[1], FEATURES))
    height[:] = 0  # so that its memory is there before the clock starts
    with timed(height.size) as speed:
        scan = LinearScan(y, {"": x}, rules, threads)
        for block, fits in scan.run(lambda block: g[:, block], scan.blocks(g.shape[1])):
            height[block] = fits[""].neg_log10_p.T
    return speed[0], peak_mb(), height.T


def peak_mb() -> float:
    """Largest resident memory of this process so far; getrusage would count that of the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def threshold(threads: int, markers: int) -> tuple[Speed, float, int]:
    """Speed, MB at the peak and kept p-values of one pass of the threshold mode on markers made block by block."""
    from radiogenomics.association.linear import LinearScan, Rules
    from radiogenomics.association.tally import Tally

    y, pool, x = data(4096)
    scan, tally = LinearScan(y, {"": x}, Rules(20, 5), threads), Tally(KEEP, np.arange(markers))

    def source(block: slice) -> Array:
        return np.roll(pool, block.start % PATIENTS, axis=0)[:, : block.stop - block.start]

    with timed(FEATURES * markers) as speed:
        for block, fits in scan.run(source, scan.blocks(markers)):
            tally.add(block.start, fits[""])
        adjusted = tally.adjust()
    return speed[0], peak_mb(), int(adjusted.levels.n.sum())


def gemm() -> Speed:
    """Of numpy's matrix product, counted in operations instead of tests."""
    a, b = np.random.default_rng(0).normal(size=(2, 2000, 2000))
    a @ b
    with timed(4 * 2 * 2000**3) as speed:
        for _ in range(4):
            a @ b
    return speed[0]


def statsmodels_loop() -> tuple[Speed, NDArray[np.int64], Array]:
    """Speed, the pairs (feature, marker) and −log10 p."""
    import statsmodels.api as sm

    y, g, x = data()
    rng = np.random.default_rng(4)
    pairs = np.column_stack([rng.integers(0, FEATURES, SAMPLED_PAIRS), rng.integers(0, MARKERS, SAMPLED_PAIRS)])
    p = []
    with timed(SAMPLED_PAIRS) as speed:
        for i, j in pairs:
            columns = np.column_stack([x, g[:, j]])
            complete = np.isfinite(columns).all(axis=1)
            p.append(sm.OLS(y[complete, i], columns[complete]).fit().pvalues[-1])
    return speed[0], pairs, -np.log10(p)


def plink2(threads: int) -> tuple[Speed, Array]:
    """Speed on the first markers, and −log10 p (n_features, n_markers)."""
    y, g, x = data()
    g = g[:, :SAMPLED_MARKERS]
    names = [f"P{number}" for number in range(PATIENTS)]
    with tempfile.TemporaryDirectory() as folder:
        stem = Path(folder) / "x"
        calls = np.array(["0/0", "0/1", "1/1", "./."])[np.where(np.isnan(g), 3, g).astype(int)]
        with stem.with_suffix(".vcf").open("w") as stream:
            stream.write(
                '##fileformat=VCFv4.2\n##contig=<ID=1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="">\n'
            )
            stream.write(
                "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]) + "\n"
            )
            for number, row in enumerate(calls.T):
                stream.write(
                    "\t".join(["1", str(number + 1), f"m{number}", "A", "C", ".", ".", ".", "GT", *row]) + "\n"
                )
        for name, values, prefix in (("pheno", y, "f"), ("covar", x[:, 1:], "c")):
            head = "\t".join(["#IID", *(f"{prefix}{number}" for number in range(values.shape[1]))])
            lines = ["\t".join([names[i], *(format(value, ".17g") for value in row)]) for i, row in enumerate(values)]
            stem.with_suffix(f".{name}").write_text("\n".join([head, *lines]) + "\n")
        run = ["plink2", "--threads", str(threads), "--out", str(stem)]
        subprocess.run([*run, "--vcf", f"{stem}.vcf", "--make-pgen"], check=True, capture_output=True)
        run += ["--pfile", str(stem), "--pheno", f"{stem}.pheno", "--covar", f"{stem}.covar"]
        run += ["--glm", "hide-covar", "omit-ref", "cols=p", "log10"]
        with timed(FEATURES * SAMPLED_MARKERS) as speed:
            subprocess.run(run, check=True, capture_output=True)
        height = [
            np.loadtxt(f"{stem}.f{number}.glm.linear", usecols=-1, comments="#", dtype=float)
            for number in range(FEATURES)
        ]
    return speed[0], np.array(height)


def tensorqtl(python: str) -> Speed:
    """Speed of the dense mode."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.npy" for name in "ygx"]
        for path, values in zip(paths, data(), strict=True):
            np.save(path, values)
        done = subprocess.run([python, "-c", TENSORQTL, *map(str, paths)], check=True, capture_output=True, text=True)
    clock, processor = done.stdout.split()[-2:]
    return Speed(FEATURES * MARKERS, float(clock), float(processor))


def alone(function: Callable[..., Result], *arguments: object) -> Result:
    """Result of a function in a process of its own, so that its memory is its own."""
    with mp.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tensorqtl", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--full", action="store_true", help="the threshold mode to 10⁹ tests")
    options = parser.parse_args()
    threads, has = options.threads, peers(options.tensorqtl)
    runs: dict[str, list[Any]] = {}
    for _ in range(ROUNDS):
        runs.setdefault("ours", []).append(alone(ours, threads, ""))
        runs.setdefault("product", []).append(alone(gemm))
        runs.setdefault("statsmodels", []).append(alone(statsmodels_loop))
        if has["plink2"]:
            runs.setdefault("plink2", []).append(alone(plink2, threads))
        if has["tensorQTL"]:
            runs.setdefault("tensorQTL", []).append(tensorqtl(options.tensorqtl))
    (speed, peak, height), product = fastest(runs["ours"]), fastest(runs["product"])
    print(f"ours: {speed}, peak {peak:,.0f} MB")
    work = replace(speed, tests=speed.tests * 2 * PATIENTS)
    print(f"ours: {work.tests / work.clock / 1e9:.0f} GFLOP/s in the one product, numpy's product alone", end=" ")
    print(f"{product.tests / product.clock / 1e9:.0f}; {work.times(product)}")
    theirs, pairs, expected = fastest(runs["statsmodels"])
    print(f"statsmodels: {theirs}; ours {speed.times(theirs)}")
    worst = np.abs(height[pairs[:, 0], pairs[:, 1]] / expected - 1).max()
    print(f"statsmodels: largest relative difference of −log10 p {worst:.0e}")
    if has["plink2"]:
        theirs, expected = fastest(runs["plink2"])
        worst = np.abs(height[:, :SAMPLED_MARKERS] - expected).max()
        print(f"plink2: {theirs}; ours {speed.times(theirs)}; largest difference of −log10 p {worst:.0e}")
    if has["tensorQTL"]:
        theirs = fastest(runs["tensorQTL"])
        print(f"tensorQTL, dense: {theirs}; ours {speed.times(theirs)}")
    for name in (name for name, there in has.items() if not there):
        print(f"{name}: not installed")
    for case in ("float32", "HC3", "features lack 1.5 %, each its own", "markers lack 50 %"):
        speed, peak, found = alone(ours, threads, case)
        worst = f"; −log10 p is off by at most {np.abs(found - height).max():.0e}" if case == "float32" else ""
        print(f"{case}: {speed}{worst}")
    for markers in (1000, 10_000, 100_000, *([1_000_000] if options.full else [])):
        speed, peak, kept = alone(threshold, threads, markers)
        print(
            f"p ≤ {KEEP:g}: {speed.tests:.0e} tests in {speed.clock:.1f} s, {speed}, {kept:,} kept, peak {peak:,.0f} MB"
        )


def peers(python: str) -> dict[str, bool]:
    """Which other engines are installed."""
    found = subprocess.run([python, "-c", "import tensorqtl"], capture_output=True, check=False)
    return {"plink2": shutil.which("plink2") is not None, "tensorQTL": found.returncode == 0}


def fastest(runs: list[Any]) -> Any:
    """The run of least time; a run is a speed, or begins with one."""
    return min(runs, key=lambda run: (run if isinstance(run, Speed) else run[0]).clock)


if __name__ == "__main__":
    main()
