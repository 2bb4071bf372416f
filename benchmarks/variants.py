"""Reading genotypes of a VCF line by line with all checks, against cyvcf2's reader and a plain split of every line.

    python benchmarks/variants.py

20,000 records of 1, 25 and 200 samples, uncompressed, one process; the fastest of three runs counts. cyvcf2 gives
arrays of genotypes and checks nothing; ours writes the file that bcftools normalises.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cyvcf2

from radiogenomics.genomics.genotypes import Wanted, write_genotypes
from radiogenomics.genomics.header import FIXED_WITH_GENOTYPES
from radiogenomics.genomics.remarks import Remarks

RECORDS, SAMPLES, RUNS = 20_000, (1, 25, 200), 3
LENGTH = 10 * RECORDS + 100


def write_vcf(path: Path, samples: list[str]) -> None:
    """Single-nucleotide variants with GT, DP and GQ; 3 % of the calls are heterozygous, 0.5 % missing."""
    rng = random.Random(1)
    with path.open("w", encoding="utf-8") as out:
        out.write(f"##fileformat=VCFv4.3\n##contig=<ID=1,length={LENGTH}>\n")
        for name, kind in (("GT", "String"), ("DP", "Integer"), ("GQ", "Integer")):
            out.write(f'##FORMAT=<ID={name},Number=1,Type={kind},Description="x">\n')
        out.write("\t".join([*FIXED_WITH_GENOTYPES, *samples]) + "\n")
        for number in range(RECORDS):
            calls = rng.choices(["0/0", "0/1", "1/1", "./."], [0.96, 0.03, 0.005, 0.005], k=len(samples))
            fields = ["1", str(10 * number + 5), ".", "A", "G", "50", "PASS", ".", "GT:DP:GQ"]
            out.write("\t".join([*fields, *(f"{call}:30:99" for call in calls)]) + "\n")


def fastest(work: Callable[[], object]) -> float:
    """Processor time in seconds."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print a row for each number of samples."""
    print(f"{'samples':>8} {'ours, records/s':>16} {'against cyvcf2':>15} {'against split':>14}")
    with tempfile.TemporaryDirectory() as name:
        vcf, target = Path(name) / "calls.vcf", Path(name) / "written.vcf"
        for n in SAMPLES:
            samples = [f"S{number}" for number in range(n)]
            write_vcf(vcf, samples)
            wanted = Wanted(samples, {"1": LENGTH}, {"1"}, pass_only=True)
            ours = fastest(lambda wanted=wanted: write_genotypes(vcf, wanted, target, Remarks(vcf)))  # type: ignore[misc]
            other = fastest(lambda: [record.genotype.array() for record in cyvcf2.VCF(str(vcf))])
            split = fastest(lambda: [line.split("\t")[0] for line in vcf.open(encoding="utf-8")])
            print(f"{n:>8} {RECORDS / ours:>16,.0f} {other / ours:>14.2f}x {split / ours:>13.2f}x")


if __name__ == "__main__":
    sys.exit(main())
