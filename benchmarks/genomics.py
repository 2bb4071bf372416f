"""The genomics stage from a VCF to alterations, against a bare cyvcf2 loop and against bcftools query with pandas.

    python benchmarks/genomics.py [--samples N] [--variants N]

500 samples × 50,000 variants with GT:AD:DP:GQ:PL, as .vcf.gz and as BCF: 5 % indels, 2 % records of two ALTs, 0.5 %
missing calls, allele counts with probability ∝ count^-1.5 (40 % singletons, as in exomes of this size), 60 % of the
sites in coding exons of 500 genes. Each route runs in a process of its own, in turns; the fastest run of each counts,
from its start to its end, by seconds of the processor, of all its processes:

- ours: ``genomics annotate-batch`` of all samples, then ``genomics alterations`` in a second process;
- cyvcf2: a loop over the file that touches ``gt_types`` and does nothing with them;
- query + pandas: ``bcftools query`` of the genotypes, altered where any is not REF in a gene's span;
- csq + pandas: ``bcftools norm | csq | query``, altered where the consequence is not silent. The same work as ours.

Then a batch of 25 of the 500 samples, and the calling of consequences alone, of 51,007 sites.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLES, VARIANTS, SITES, GENES, ROUNDS, BATCH = 500, 50_000, 51_007, 500, 3, 25
EXON, INTRON, EXONS, CODING = 300, 900, 5, 0.6
SPAN = EXONS * (EXON + INTRON)
MISSING, INDELS, TWO_ALTS, EXPONENT = 0.005, 0.05, 0.02, 1.5
HEADER = """\
##fileformat=VCFv4.3
##contig=<ID=1,length={length}>
##FILTER=<ID=PASS,Description="All filters passed">
##INFO=<ID=AC,Number=A,Type=Integer,Description="Copies">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">
##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">
"""
SILENT = r"^\*?(?:synonymous|intron|non_coding|5_prime_utr|3_prime_utr|splice_region|intergenic|@)"


@dataclass(frozen=True)
class Study:
    """Files of one simulated study."""

    reference: Path
    genes: Path
    vcf: Path
    bcf: Path
    sites: Path
    samples: list[str]


def genome(folder: Path) -> tuple[str, Path, Path]:
    """A contig of genes, one after another; sequence, FASTA and GFF3."""
    import numpy as np

    rng = np.random.default_rng(1)
    bases = rng.choice(list("ACGT"), GENES * SPAN)
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]
    codons = [codon for codon in codons if codon not in ("TAA", "TAG", "TGA")]
    lines = ["##gff-version 3"]
    for number in range(GENES):
        exons = [number * SPAN + INTRON // 2 + place * (EXON + INTRON) for place in range(EXONS)]
        coding = "ATG" + "".join(rng.choice(codons, EXONS * EXON // 3 - 2)) + "TAA"
        for place, start in enumerate(exons):
            bases[start : start + EXON] = list(coding[place * EXON : (place + 1) * EXON])
            bases[start - 2 : start], bases[start + EXON : start + EXON + 2] = list("AG"), list("GT")
        whole = f"1\tx\t{{}}\t{exons[0] + 1}\t{exons[-1] + EXON}\t.\t+\t.\t"
        lines.append(whole.format("gene") + f"ID=gene:G{number};biotype=protein_coding;Name=GENE{number}")
        lines.append(whole.format("mRNA") + f"ID=transcript:T{number};Parent=gene:G{number};biotype=protein_coding")
        for start in exons:
            part = f"{start + 1}\t{start + EXON}\t.\t+"
            lines += [f"1\tx\t{kind}\t{part}\t{frame}\tParent=transcript:T{number}" for kind, frame in PARTS]
    sequence = "".join(bases)
    reference, genes = folder / "reference.fa", folder / "genes.gff3"
    reference.write_text(">1\n" + "".join(sequence[at : at + 60] + "\n" for at in range(0, len(sequence), 60)))
    genes.write_text("\n".join(lines) + "\n")
    return sequence, reference, genes


PARTS = (("exon", "."), ("CDS", "0"))


def sites(sequence: str, n: int, seed: int) -> list[tuple[int, str, list[str]]]:
    """Position, REF and ALTs, in order."""
    import numpy as np

    rng = np.random.default_rng(seed)
    exonic = [
        number * SPAN + INTRON // 2 + place * (EXON + INTRON) for number in range(GENES) for place in range(EXONS)
    ]
    coding = (np.array(exonic)[:, None] + np.arange(EXON)).ravel()
    n_coding = int(CODING * n)
    other = np.setdiff1d(np.arange(100, len(sequence) - 100), coding)
    places = np.concatenate([rng.choice(coding, n_coding, replace=False), rng.choice(other, n - n_coding, False)])
    found = []
    for at, kind, pick, other_pick in zip(
        np.sort(places).tolist(),
        rng.random(n).tolist(),
        rng.integers(0, 3, n).tolist(),
        rng.integers(0, 2, n).tolist(),
        strict=True,
    ):
        ref = sequence[at]
        others = [base for base in "ACGT" if base != ref]
        alt = others.pop(pick)
        if kind < INDELS / 2:
            found.append((at + 1, ref, [ref + alt]))
        elif kind < INDELS:
            found.append((at + 1, sequence[at : at + 2 + pick], [ref]))
        else:
            found.append((at + 1, ref, [alt, others[other_pick]] if kind > 1 - TWO_ALTS else [alt]))
    return found


def calls(rng: "np.random.Generator", texts: dict[str, list[str]], n: int, alts: int) -> list[str]:  # noqa: F821
    """Cells of all samples for one record."""
    import numpy as np

    counts = np.arange(1, n + 1)
    weight = counts**-EXPONENT
    alleles = np.zeros(2 * n, np.int64)
    for number in range(1, alts + 1):
        alleles[rng.integers(0, 2 * n, rng.choice(counts, p=weight / weight.sum()))] = number
    pairs = np.sort(alleles.reshape(n, 2), axis=1)
    codes = pairs[:, 0] * 3 + pairs[:, 1]
    codes[rng.random(n) < MISSING] = 9
    pick = rng.integers(0, 1000, n).tolist()
    return [texts[f"{alts}:{code}"][number] for code, number in zip(codes.tolist(), pick, strict=True)]


def cells(seed: int) -> dict[str, list[str]]:
    """Texts of samples by number of ALTs and genotype, a thousand of each."""
    import numpy as np

    rng = np.random.default_rng(seed)
    found: dict[str, list[str]] = {}
    for alts in (1, 2):
        for code in range(10):
            first, second = divmod(code, 3)
            if first > second and code != 9:
                continue
            name, texts = "./." if code == 9 else f"{first}/{second}", []
            for depth, quality in zip(rng.poisson(35, 1000).tolist(), rng.integers(20, 99, 1000).tolist(), strict=True):
                reads = [0] * (alts + 1)
                for allele in (first, second) if code != 9 else ():
                    if allele <= alts:
                        reads[allele] += depth // 2
                likelihoods = [int(value) for value in rng.integers(0, 1200, (alts + 1) * (alts + 2) // 2)]
                texts.append(f"{name}:{','.join(map(str, reads))}:{depth}:{quality}:{','.join(map(str, likelihoods))}")
            found[f"{alts}:{code}"] = texts
    return found


def simulate(folder: Path, n_samples: int, n_variants: int) -> Study:
    """Write all files."""
    import numpy as np
    import pysam

    sequence, reference, genes = genome(folder)
    samples = [f"S{number}" for number in range(n_samples)]
    rng, texts = np.random.default_rng(3), cells(4)
    header = HEADER.format(length=len(sequence))
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
    plain = folder / "plain.vcf"
    with plain.open("w") as out:
        out.write(header + "\t".join([columns, "FORMAT", *samples]) + "\n")
        for position, ref, alts in sites(sequence, n_variants, 2):
            fixed = f"1\t{position}\t.\t{ref}\t{','.join(alts)}\t50\tPASS\tAC={','.join('1' for _ in alts)}"
            out.write("\t".join([fixed, "GT:AD:DP:GQ:PL", *calls(rng, texts, n_samples, len(alts))]) + "\n")
    alone = folder / "sites.vcf"
    with alone.open("w") as out:
        out.write(header + columns + "\n")
        for position, ref, alts in sites(sequence, SITES, 5):
            out.write(f"1\t{position}\t.\t{ref}\t{alts[0]}\t50\tPASS\t.\n")
    study = Study(reference, genes, folder / "calls.vcf.gz", folder / "calls.bcf", alone, samples)
    pysam.tabix_compress(str(plain), str(study.vcf), force=True)
    with pysam.VariantFile(str(plain)) as source, pysam.VariantFile(str(study.bcf), "wb", header=source.header) as out:
        for record in source:
            out.write(record)
    plain.unlink()
    pysam.faidx(str(reference))
    return study


def tables_of(folder: Path) -> dict[str, Path]:
    """Where the stage writes."""
    names = ("variants", "samples", "missing", "assays", "alterations")
    return {name: folder / f"{name}.parquet" for name in names}


def annotate(study: Study, file: Path, samples: list[str]) -> int:
    """Number of samples."""
    from radiogenomics.genomics.annotate import annotate_batch

    folder = study.reference.parent
    names = tables_of(folder)
    annotate_batch(
        samples=json.dumps([{"patient_id": each, "sample_id": each, "vcf": str(file)} for each in samples]),
        reference=study.reference,
        genes=study.genes,
        settings="{}",
        variants=names["variants"],
        table=names["samples"],
        missing=names["missing"],
        assays=names["assays"],
        remarks=folder / "remarks.tsv",
        failures=folder / "failures.tsv",
    )
    return len(samples)


def alterations(study: Study, _: Path, __: list[str]) -> int:
    """Number of altered states of non-silent markers."""
    from radiogenomics import tables
    from radiogenomics.genomics.alterations import alterations

    names = tables_of(study.reference.parent)
    alterations(
        variants=[names["variants"]],
        samples=[names["samples"]],
        missing=[names["missing"]],
        assays=[names["assays"]],
        annotations=[],
        settings='{"missing_genotype": "wild_type"}',
        alterations=names["alterations"],
    )
    found = tables.ALTERATIONS.read(names["alterations"], ["consequence_class", "state"])
    return int(((found["consequence_class"] == "non_silent") & (found["state"] == "altered")).sum())


def bare(_: Study, file: Path, __: list[str]) -> int:
    """Heterozygous calls, so that the array is touched."""
    import cyvcf2

    return sum(record.gt_types[0] == 1 for record in cyvcf2.VCF(str(file)))


def query_pandas(study: Study, file: Path, samples: list[str]) -> int:
    """Patients × genes with any call that is not REF."""
    command = f"bcftools query -f '%POS[\\t%GT]\\n' {file}"
    return pandas_table(study, command, samples, consequences=False)


def csq_pandas(study: Study, file: Path, samples: list[str]) -> int:
    """Patients × genes with a variant that is not silent."""
    command = (
        f"bcftools norm -m -any -c e -f {study.reference} -Ou {file} | bcftools csq --local-csq -f {study.reference}"
        f" -g {study.genes} -Ou - | bcftools query -f '%INFO/BCSQ[\\t%GT]\\n'"
    )
    return pandas_table(study, command, samples, consequences=True)


def pandas_table(study: Study, command: str, samples: list[str], *, consequences: bool) -> int:
    """The sum of a patient × gene table that pandas makes of lines of a key and genotypes."""
    import pandas as pd

    parts = []
    with subprocess.Popen(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        names = ["key", *samples]
        for chunk in pd.read_csv(process.stdout, sep="\t", names=names, dtype=str, chunksize=5000):
            carried = chunk[samples].apply(lambda column: column.str.contains("1" if consequences else "[1-9]"))
            if consequences:
                entries = chunk["key"].str.split(",").explode()
                entries = entries[entries.str.contains("|", regex=False) & ~entries.str.contains(SILENT)]
                gene = entries.str.split("|").str[1]
                gene = gene[~gene.index.duplicated()]
                carried = carried.loc[gene.index]
            else:
                gene = chunk["key"].astype(int) // SPAN
            parts.append(carried.groupby(gene).any())
    return int(pd.concat(parts).groupby(level=0).any().to_numpy().sum())


def consequences(study: Study, _: Path, __: list[str]) -> int:
    """Sites a second that ``normalise.called`` takes, the start of its process among it."""
    from radiogenomics.genomics.calls import Calls
    from radiogenomics.genomics.normalise import Sites, called

    with tempfile.TemporaryDirectory() as name:
        sites, start = Sites(study.sites, Calls(study.sites, ()), ()), time.perf_counter()
        called(sites, study.sites, study.reference, study.genes, Path(name))
        return round(SITES / (time.perf_counter() - start))


ROUTES = {each.__name__: each for each in (annotate, alterations, bare, query_pandas, csq_pandas, consequences)}


@dataclass(frozen=True)
class Run:
    """Seconds of the clock and of the processor, peak memory of all processes at once, and what was found."""

    clock: float
    processor: float
    peak_mb: float
    found: int

    def then(self, other: "Run") -> "Run":
        """Both, one after the other."""
        return Run(
            self.clock + other.clock, self.processor + other.processor, max(self.peak_mb, other.peak_mb), other.found
        )


def measure(route: str, study: Path, file: Path, n: int) -> Run:
    """One run in a process of its own; memory is the largest sum of what its processes hold, every 20 ms."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, str(Path(__file__).resolve()), "--child", route, str(study), str(file), str(n)]
    before, started = os.times(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        peak = [0.0]
        watch = threading.Thread(target=_watch, args=(process, peak))
        watch.start()
        text = process.communicate()[0]
        watch.join()
    clock, after = time.perf_counter() - started, os.times()
    if process.returncode:
        sys.exit(f"{route} failed")
    processor = sum(after[2:4]) - sum(before[2:4])
    return Run(clock, processor, peak[0], int(text.split()[-1]))


def _watch(process: "subprocess.Popen[str]", peak: list[float]) -> None:
    while process.poll() is None:
        peak[0] = max(peak[0], _resident(process.pid))
        time.sleep(0.02)


def _resident(pid: int) -> float:
    """Resident memory of a process and its descendants, MB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return 0.0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return own / 1024 + sum(_resident(int(child)) for child in children)


def main() -> None:
    """Print a row for each route and file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--variants", type=int, default=VARIANTS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--keep", type=Path, help="folder for the files, which are used again")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        route, folder, file, n = options.child
        study = opened(Path(folder))
        print(ROUTES[route](study, Path(file), study.samples[: int(n)]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        if not (folder / "samples.json").is_file():
            study = simulate(folder, options.samples, options.variants)
            (folder / "samples.json").write_text(json.dumps(study.samples))
        compare(folder, opened(folder), options.rounds)


def opened(folder: Path) -> Study:
    """The study in a folder."""
    names = ("reference.fa", "genes.gff3", "calls.vcf.gz", "calls.bcf", "sites.vcf")
    return Study(*(folder / name for name in names), json.loads((folder / "samples.json").read_text()))


def compare(folder: Path, study: Study, rounds: int) -> None:
    """All routes in turns."""
    n = len(study.samples)
    rows = [
        (route, file, n) for file in (study.vcf, study.bcf) for route in ("bare", "ours", "query_pandas", "csq_pandas")
    ]
    rows += [("ours", study.vcf, BATCH), ("ours", study.bcf, BATCH), ("consequences", study.sites, 0)]
    runs: dict[tuple[str, Path, int], list[Run]] = {row: [] for row in rows}
    for _ in range(rounds):
        for row in rows:
            if row[0] == "ours":
                first, second = (measure(route, folder, *row[1:]) for route in ("annotate", "alterations"))
                runs[row].append(first.then(second))
            else:
                runs[row].append(measure(row[0], folder, *row[1:]))
    best = {row: min(found, key=lambda run: run.processor) for row, found in runs.items()}
    speed = max(run.found for run in runs.pop(rows[-1]))
    print("| file | samples | route | seconds | of processor | × bare loop | × ours | peak MB | found |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in runs:
        route, file, number = row
        run, base, own = best[row], best["bare", file, n], best["ours", file, n]
        ratios = f"{run.processor / base.processor:.2f} | {run.processor / own.processor:.2f}"
        times = f"{run.clock:.2f} | {run.processor:.2f} | {ratios}"
        print(f"| {file.name} | {number} | {route} | {times} | {run.peak_mb:.0f} | {run.found:,} |")
    print(f"consequences: {speed:,} variants/s")


if __name__ == "__main__":
    main()
