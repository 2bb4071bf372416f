"""How long the command line takes to answer `--help`; an empty Python start beside it.

python benchmarks/help.py
"""

import subprocess
import sys
import time

RUNS = 10


def fastest(*command: str) -> float:
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    help_s = fastest(sys.executable, "-m", "radiogenomics", "--help")
    empty_s = fastest(sys.executable, "-c", "pass")
    print(f"help: {help_s:.3f} s, empty Python {empty_s:.3f} s, ratio {help_s / empty_s:.1f}")


if __name__ == "__main__":
    main()
