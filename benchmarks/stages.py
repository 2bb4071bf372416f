"""Where the time and the memory of a run went: the sums of the workflow's own benchmark files.

    python benchmarks/stages.py RESULTS

Rows are rules: number of jobs, wall seconds in all, the longest job, the largest resident memory of any job.
"""

import csv
import sys
from pathlib import Path


def main(results: Path) -> None:
    rules: dict[str, list[dict[str, str]]] = {}
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        rule = path.parent.name if path.parent.name != "benchmarks" else path.stem
        with path.open() as stream:
            rules.setdefault(rule, []).extend(csv.DictReader(stream, delimiter="\t"))
    print(f"{'rule':22} {'jobs':>5} {'wall s':>8} {'longest s':>10} {'peak MB':>8}")
    for rule, rows in rules.items():
        seconds = [float(row["s"]) for row in rows]
        memory = [float(row["max_rss"]) for row in rows if row["max_rss"] not in ("-", "NA", "")]
        print(f"{rule:22} {len(rows):5} {sum(seconds):8.1f} {max(seconds):10.1f} {max(memory, default=0):8.0f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
