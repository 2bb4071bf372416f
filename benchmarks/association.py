"""Linear association: ours against statsmodels and, where they are installed, plink2 and tensorQTL.

    python benchmarks/association.py [--threads N] [--tensorqtl PYTHON] [--full]

500 patients × 1,000 features × 20,000 genotypes of which 1.5 % are missing, 5 covariates, every p kept: one process for
each engine, tests per second from arrays to p-values. statsmodels and plink2 take a sample of the markers, and their
p-values are compared with ours. tensorQTL imputes missing genotypes by the mean, so its p-values are not compared;
PYTHON is an interpreter that has it.

Then the share of the machine's matrix product, float32, HC3, features that lack patients of their own, markers that
lack half of theirs, and the threshold mode from 10⁶ to 10⁸ tests (10⁹ with ``--full``): time and memory.
"""

import argparse
import multiprocessing as mp
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

PATIENTS, FEATURES, MARKERS, COVARIATES, MISSING = 500, 1000, 20_000, 5, 0.015
SAMPLED_PAIRS, SAMPLED_MARKERS = 4000, 200
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
start = time.perf_counter()
p = trans.map_trans(g, y, x, return_sparse=False, pval_threshold=1, maf_threshold=0, verbose=False)
print(time.perf_counter() - start)
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


def ours(threads: int, case: str) -> tuple[float, float, Array]:
    """Seconds, MB at the peak beside the data, and −log10 p (n_features, n_markers)."""
    from radiogenomics.association.linear import Rules, Scan

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
    start = time.perf_counter()
    scan = Scan(y, {"": x}, rules, threads)
    for block, fits in scan.run(lambda block: g[:, block], scan.blocks(g.shape[1])):
        height[block] = fits[""].neg_log10_p.T
    seconds = time.perf_counter() - start
    return seconds, peak_mb(), height.T


def peak_mb() -> float:
    """Largest resident memory of this process so far; getrusage would count that of the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def threshold(threads: int, markers: int) -> tuple[float, float, int]:
    """Seconds, MB at the peak and kept p-values of one pass of the threshold mode on markers made block by block."""
    from radiogenomics.association.linear import Rules, Scan
    from radiogenomics.association.tally import Tally

    y, pool, x = data(4096)
    scan, tally = Scan(y, {"": x}, Rules(20, 5), threads), Tally(KEEP)

    def source(block: slice) -> Array:
        return np.roll(pool, block.start % PATIENTS, axis=0)[:, : block.stop - block.start]

    start = time.perf_counter()
    for _, fits in scan.run(source, scan.blocks(markers)):
        tally.add(fits[""])
    adjusted = tally.adjust()
    return time.perf_counter() - start, peak_mb(), int(adjusted.rank[-1])


def gemm(threads: int) -> float:
    """GFLOP/s of numpy's matrix product, the best of some seconds; ``threads`` products at a time on large matrices."""
    a, b = np.random.default_rng(0).normal(size=(2, 2000, 2000))
    best = 0.0
    for _ in range(8):
        start = time.perf_counter()
        a @ b
        best = max(best, 2 * 2000**3 / (time.perf_counter() - start) / 1e9)
    return best


def statsmodels_loop(threads: int) -> tuple[float, NDArray[np.int64], Array]:
    """Tests per second, the pairs (feature, marker) and −log10 p."""
    import statsmodels.api as sm

    y, g, x = data()
    rng = np.random.default_rng(4)
    pairs = np.column_stack([rng.integers(0, FEATURES, SAMPLED_PAIRS), rng.integers(0, MARKERS, SAMPLED_PAIRS)])
    p = []
    start = time.perf_counter()
    for i, j in pairs:
        columns = np.column_stack([x, g[:, j]])
        complete = np.isfinite(columns).all(axis=1)
        p.append(sm.OLS(y[complete, i], columns[complete]).fit().pvalues[-1])
    return SAMPLED_PAIRS / (time.perf_counter() - start), pairs, -np.log10(p)


def plink2(threads: int) -> tuple[float, Array]:
    """Tests per second on the first markers, and −log10 p (n_features, n_markers)."""
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
        start = time.perf_counter()
        run += ["--pfile", str(stem), "--pheno", f"{stem}.pheno", "--covar", f"{stem}.covar"]
        run += ["--glm", "hide-covar", "omit-ref", "cols=p", "log10"]
        subprocess.run(run, check=True, capture_output=True)
        rate = FEATURES * SAMPLED_MARKERS / (time.perf_counter() - start)
        height = [
            np.loadtxt(f"{stem}.f{number}.glm.linear", usecols=-1, comments="#", dtype=float)
            for number in range(FEATURES)
        ]
    return rate, np.array(height)


def tensorqtl(python: str) -> float:
    """Tests per second of the dense mode."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.npy" for name in "ygx"]
        for path, values in zip(paths, data(), strict=True):
            np.save(path, values)
        done = subprocess.run([python, "-c", TENSORQTL, *map(str, paths)], check=True, capture_output=True, text=True)
    return FEATURES * MARKERS / float(done.stdout.split()[-1])


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
    threads, tests = options.threads, FEATURES * MARKERS
    seconds, peak, height = min((alone(ours, threads, "") for _ in range(3)), key=lambda run: run[0])
    rate, flop = tests / seconds, 2 * PATIENTS * tests / seconds / 1e9
    print(f"ours: {tests:,} tests in {seconds:.2f} s, {rate / 1e6:.1f} M tests/s, peak {peak:,.0f} MB")
    best = alone(gemm, threads)
    print(f"ours: {flop:.0f} GFLOP/s of the one product against {best:.0f} of numpy's alone ({flop / best:.0%})")
    theirs, pairs, expected = alone(statsmodels_loop, threads)
    worst = np.abs(height[pairs[:, 0], pairs[:, 1]] / expected - 1).max()
    print(
        f"statsmodels: {theirs:,.0f} tests/s, ratio {rate / theirs:,.0f};"
        f" largest relative difference of −log10 p {worst:.0e}"
    )
    if shutil.which("plink2"):
        theirs, expected = alone(plink2, threads)
        worst = np.abs(height[:, :SAMPLED_MARKERS] - expected).max()
        print(f"plink2: {theirs:,.0f} tests/s, ratio {rate / theirs:,.0f}; largest difference of −log10 p {worst:.0e}")
    else:
        print("plink2: not installed")
    if subprocess.run([options.tensorqtl, "-c", "import tensorqtl"], capture_output=True, check=False).returncode == 0:
        theirs = tensorqtl(options.tensorqtl)
        print(f"tensorQTL, dense: {theirs / 1e6:.2f} M tests/s, ratio {rate / theirs:.1f}")
    else:
        print("tensorQTL: not installed")
    for case in ("float32", "HC3", "features lack 1.5 %, each its own", "markers lack 50 %"):
        seconds, peak, found = alone(ours, threads, case)
        text = f"{case}: {found.size / seconds / 1e6:.1f} M tests/s"
        if case == "float32":
            text += f"; −log10 p is off by at most {np.abs(found - height).max():.0e}"
        print(text)
    for markers in (1000, 10_000, 100_000, *([1_000_000] if options.full else [])):
        seconds, peak, kept = alone(threshold, threads, markers)
        tests = FEATURES * markers
        print(
            f"p ≤ {KEEP:g}: {tests:.0e} tests in {seconds:.1f} s, {tests / seconds / 1e6:.1f} M/s,"
            f" {kept:,} kept, peak {peak:,.0f} MB"
        )


if __name__ == "__main__":
    main()
