"""Quality of samples and sites of a cohort's genotypes, against plink2.

    python benchmarks/genotype_quality.py

500 samples and 50,000 sites on 22 chromosomes with 0.5 % of the genotypes missing, as BCF and as bgzipped VCF. Both
make call rates, frequencies, Hardy-Weinberg tests, heterozygosity, the kinship of all pairs and ten components of a
pruned set of sites; ours in one process, plink2 in three: conversion to its own format, reports, components. One
thread each. Wall-clock and processor seconds of the processes together, peak memory of the
largest. The start of the interpreter counts.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pysam

from radiogenomics.genomics.builds import BUILD_OF_LENGTH

SAMPLES, SITES, MISSING, RUNS = 500, 50_000, 0.005, 2
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
OUTPUTS = ("table", "relatedness", "components", "sites", "failures")
REPORTS = ["--missing", "--freq", "--hardy", "--het", "--make-king-table", "--indep-pairwise", "50", "5", "0.2"]


def write_cohort(folder: Path) -> list[Path]:
    """One file of random genotypes in equilibrium as BCF and as VCF."""
    rng = np.random.default_rng(1)
    lengths = [length for length, build in BUILD_OF_LENGTH.items() if build == "GRCh38"][:22]
    calls = np.array(["0/0", "0/1", "1/1", "./."])
    plain, packed, bcf = folder / "x.vcf", folder / "x.vcf.gz", folder / "x.bcf"
    with plain.open("w", encoding="utf-8") as out:
        out.write("##fileformat=VCFv4.3\n")
        out.writelines(f"##contig=<ID={name},length={length}>\n" for name, length in enumerate(lengths, 1))
        out.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
        fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
        out.write("\t".join([*fixed, *(f"S{number}" for number in range(SAMPLES))]) + "\n")
        for site in range(SITES):
            frequency = rng.beta(0.8, 0.8)
            genotypes = rng.binomial(2, frequency, SAMPLES)
            genotypes[rng.random(SAMPLES) < MISSING] = 3
            chromosome, number = 1 + site * 22 // SITES, site % (SITES // 22 + 1)
            fields = [str(chromosome), str(1000 + 20_000 * number), f"v{site}", "A", "G", ".", "PASS", ".", "GT"]
            out.write("\t".join([*fields, *calls[genotypes]]) + "\n")
    pysam.tabix_compress(str(plain), str(packed))
    with pysam.VariantFile(str(plain)) as read, pysam.VariantFile(str(bcf), "wb", header=read.header) as written:
        for record in read:
            written.write(record)
    plain.unlink()
    return [bcf, packed]


def measured(commands: Sequence[Sequence[str]], folder: Path) -> tuple[float, float, float]:
    """Wall-clock seconds, processor seconds and MB of memory of processes that run one after the other."""
    start, processor, memory = time.perf_counter(), 0.0, 0.0
    for command in commands:
        process = subprocess.Popen(
            command, cwd=folder, env=ONE_THREAD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        processor += usage.ru_utime + usage.ru_stime
        memory = max(memory, usage.ru_maxrss / 1024)
    return time.perf_counter() - start, processor, memory


def main() -> None:
    """Print a row for each kind of file."""
    if shutil.which("plink2") is None:
        sys.exit("plink2 is not installed")
    print(f"{SAMPLES} samples, {SITES} sites")
    print(f"{'':>7} {'ours':>21} {'plink2':>21} {'time':>7} {'memory, MB':>13}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outputs = [part for key in OUTPUTS for part in (f"--{key}", f"out.{key}.tsv")]
        for path in write_cohort(folder):
            ours = [[sys.executable, "-m", "radiogenomics", "genomics", "quality", "--vcf", path.name, *outputs]]
            kind = "--bcf" if path.suffix == ".bcf" else "--vcf"
            reports = [["plink2", kind, path.name, "--make-pgen", "--out", "x"], ["plink2", "--pfile", "x", *REPORTS]]
            components = ["plink2", "--pfile", "x", "--extract", "plink2.prune.in", "--maf", "0.05", "--pca", "10"]
            theirs = [[*command, "--threads", "1"] for command in (*reports, components)]
            mine, other = (min(measured(each, folder) for _ in range(RUNS)) for each in (ours, theirs))
            seconds = [f"{wall:6.2f} s ({cpu:5.2f} s CPU)" for wall, cpu, _ in (mine, other)]
            memory = f"{mine[2]:.0f} / {other[2]:.0f}"
            print(
                f"{path.name:>7} {seconds[0]:>21} {seconds[1]:>21} {mine[0] / other[0]:>6.2f}x {memory:>13}", flush=True
            )


if __name__ == "__main__":
    main()
