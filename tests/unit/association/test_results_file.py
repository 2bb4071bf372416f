"""The results file is read by parts: bounded row groups of one adjustment, and of genes with neighbouring names."""

import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from radiogenomics import tables
from radiogenomics.association import pairs, rows
from radiogenomics.association.design import Features, Markers
from radiogenomics.association.inputs import Analysis
from radiogenomics.config.association import Association
from radiogenomics.resources import root

N, FEATURES, GENES = 30, 40, 300


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of genes in any order, in small row groups."""
    rng = np.random.default_rng(1)
    names = [f"GENE{k:03}" for k in rng.permutation(GENES)]
    features = Features(
        "ct",
        tuple(f"P{k}" for k in range(N)),
        pd.DataFrame({"feature": [f"f{k}" for k in range(FEATURES)], "image_type": "original", "family": "glcm"}),
        rng.normal(size=(N, FEATURES)),
    )
    markers = Markers(
        pd.DataFrame(
            {"marker": [f"{name}:{kind}" for kind in ("lof", "missense") for name in names], "gene": 2 * names}
        ),
        (rng.random((N, 2 * GENES)) < 0.4).astype(float),
    )
    path = tmp_path_factory.mktemp("results") / "results.parquet"
    options = Association(volume_feature=None)
    with pytest.MonkeyPatch.context() as patch, tables.RESULTS.writer(path) as write:
        patch.setattr(rows, "ROW_GROUP", 800)
        patch.setattr(rows, "MAX_ROW_GROUP", 900)
        patch.setattr("radiogenomics.association.scan.BLOCK_PAIRS", 500)
        covariates = pd.DataFrame({"age": rng.normal(size=N)})
        pairs.analyse(Analysis(features, markers, covariates, options), 1, write)
    return path


def groups_of(path, **wanted):
    """Row groups whose statistics do not rule the values out."""
    metadata = pq.read_metadata(path)
    place = {name: metadata.schema.names.index(name) for name in wanted}
    found = []
    for number in range(metadata.num_row_groups):
        statistics = {name: metadata.row_group(number).column(place[name]).statistics for name in wanted}
        if all(statistics[name].min <= value <= statistics[name].max for name, value in wanted.items()):
            found.append(number)
    return found


def test_row_groups_are_bounded_and_of_one_adjustment(results):
    metadata = pq.read_metadata(results)
    assert metadata.num_rows == 2 * GENES * FEATURES * 2
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert max(sizes) <= 900
    assert len(sizes) >= 48
    of_adjustments = [groups_of(results, adjustment=name) for name in ("crude", "full")]
    assert sorted(of_adjustments[0] + of_adjustments[1]) == list(range(len(sizes)))


def test_a_gene_lies_in_few_row_groups(results):
    touched = [len(groups_of(results, gene=f"GENE{k:03}")) for k in range(GENES)]
    assert max(touched) <= 2 * 2  # of each adjustment one, or two where the gene begins in one and ends in the next
    assert all(len(groups_of(results, gene=f"GENE{k:03}", adjustment="full")) <= 2 for k in range(GENES))


def test_the_code_of_the_documentation_reads_one_gene_and_little_else(results, monkeypatch):
    page = (root() / "docs" / "association.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(# pyarrow.*?)```", page, re.DOTALL)
    read = []
    inner = pq.ParquetFile.read_row_groups
    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", lambda self, n, **k: read.extend(n) or inner(self, n, **k))
    names = {}
    code = code.replace("results/association/results.parquet", str(results)).replace("TP53", "GENE123")
    exec(code, names)
    frame = tables.RESULTS.read(results)
    expected = frame[frame["gene"] == "GENE123"].reset_index(drop=True)
    found = names["rows"].to_pandas()
    assert len(found) == 2 * FEATURES * 2
    keys = ["feature", "marker", "adjustment", "p"]
    pd.testing.assert_frame_equal(found[keys].astype(str), expected[keys].astype(str))
    assert 1 <= len(read) <= 4
