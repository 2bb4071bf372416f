"""The results table of many pairs: seconds and memory to test and write it, and to read one gene of it.

    python benchmarks/results.py [n_genes]

100 patients × 1,000 features × 3,400 genes, with volume and a covariate: 10.2 million rows. Whatever of pyarrow, DuckDB
and polars is installed reads the 3,000 rows of one gene, twice; the second time counts.
"""

import importlib.util
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radiogenomics import tables
from radiogenomics.association.design import Features, Markers
from radiogenomics.association.inputs import Analysis
from radiogenomics.association.pairs import analyse
from radiogenomics.config.association import Association

PATIENTS, FEATURES = 100, 1000


def write(n_genes: int, path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(PATIENTS, FEATURES))
    values[:, 0] = np.exp(values[:, 0])
    names = pd.DataFrame({"feature": [f"original_glcm_f{k:04}" for k in range(FEATURES)]})
    features = Features(
        "ct", tuple(f"P{k}" for k in range(PATIENTS)), names.assign(image_type="original", family="glcm"), values
    )
    genes = [f"GENE{k:05}" for k in rng.permutation(n_genes)]
    carriers = (rng.random((PATIENTS, n_genes)) < 0.3).astype(float)
    markers = Markers(pd.DataFrame({"marker": [f"{gene}:lof" for gene in genes], "gene": genes}), carriers)
    options = Association(volume_feature="original_glcm_f0000")
    with tables.RESULTS.writer(path) as rows:
        analyse(Analysis(features, markers, pd.DataFrame({"age": rng.normal(size=PATIENTS)}), options), 2, rows)


def by_row_groups(path: Path, gene: str) -> int:
    file = pq.ParquetFile(path)
    column = file.metadata.schema.names.index("gene")
    spans = [file.metadata.row_group(number).column(column).statistics for number in range(file.num_row_groups)]
    rows = file.read_row_groups([number for number, span in enumerate(spans) if span.min <= gene <= span.max])
    return int(rows.filter(pc.equal(rows["gene"].cast("string"), gene)).num_rows)


def by_filters(path: Path, gene: str) -> int:
    return int(pq.read_table(path, filters=[("gene", "=", gene)]).num_rows)


def by_duckdb(path: Path, gene: str) -> int:
    import duckdb

    return len(duckdb.execute("SELECT * FROM read_parquet(?) WHERE gene = ?", [str(path), gene]).fetchall())


def by_polars(path: Path, gene: str) -> int:
    import polars

    return int(polars.scan_parquet(path).filter(polars.col("gene") == gene).collect().height)


READERS: dict[str, tuple[str, Callable[[Path, str], int]]] = {
    "pyarrow, row groups": ("pyarrow", by_row_groups),
    "pyarrow, filters": ("pyarrow", by_filters),
    "DuckDB": ("duckdb", by_duckdb),
    "polars": ("polars", by_polars),
}


def main(n_genes: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.parquet"
        start = time.perf_counter()
        write(n_genes, path)
        seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        file = pq.read_metadata(path)
        print(f"{file.num_rows:,} rows, {path.stat().st_size / 1e6:.0f} MB: {seconds:.1f} s, peak {peak:.0f} MB")
        print(f"{file.num_row_groups} row groups, footer {file.serialized_size / 1e3:.0f} kB")
        for name, (package, read) in READERS.items():
            if importlib.util.find_spec(package) is None:
                print(f"{name}: not installed")
                continue
            for _ in range(2):
                start = time.perf_counter()
                n = read(path, f"GENE{n_genes // 2:05}")
                seconds = time.perf_counter() - start
            print(f"{name}: {n} rows in {seconds:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3400)
