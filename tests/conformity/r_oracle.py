"""Runs an R script on numpy arrays; the test is skipped, by name, where R or a package of it is not installed."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

# Each input is read as a matrix of its name; what stands in the list `out` comes back, as matrices of 17 digits.
FRAME = """
read <- function(name) as.matrix(read.table(file.path(folder, paste0(name, ".in")), na.strings = "nan"))
folder <- commandArgs(trailingOnly = TRUE)[1]
{reads}
out <- list()
{script}
for (name in names(out)) write.table(
    formatC(as.matrix(out[[name]]), digits = 17, format = "g"),
    file.path(folder, paste0(name, ".out")), quote = FALSE, row.names = FALSE, col.names = FALSE)
"""


def run_r(script: str, folder: Path, packages: tuple[str, ...] = (), **arrays: np.ndarray) -> Mapping[str, np.ndarray]:
    """What the script put into the list ``out``; every array is (n_rows, n_columns) on both sides."""
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("Rscript is not installed")
    wanted = "; ".join(f'cat(requireNamespace("{name}", quietly = TRUE), "\\n")' for name in packages)
    if packages:
        found = subprocess.run([program, "-e", wanted], capture_output=True, text=True, check=True).stdout.split()
        absent = [name for name, present in zip(packages, found, strict=True) if present != "TRUE"]
        if absent:
            pytest.skip(f"R package not installed: {', '.join(absent)}")
    for name, values in arrays.items():
        np.savetxt(folder / f"{name}.in", np.atleast_2d(values), fmt="%.17g")
    reads = "\n".join(f'{name} <- unname(read("{name}"))' for name in arrays)
    path = folder / "script.R"
    path.write_text(FRAME.format(reads=reads, script=script))
    done = subprocess.run([program, str(path), str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {
        file.stem: np.genfromtxt(file, missing_values="NA", filling_values=np.nan, ndmin=2)
        for file in folder.glob("*.out")
    }
