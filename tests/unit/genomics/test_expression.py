"""Expression of genes and enrichment of sets: whose values they are, what is missing, and what the score is."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, strategies as st

from radiogenomics import tables
from radiogenomics.config import load_section
from radiogenomics.config.genomics import Genomics
from radiogenomics.config.models import Config
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.ssgsea import ssgsea
from radiogenomics.table import read_provenance
from tests.unit.genomics.marker_cohort import states, write

MATRIX = "gene\tP1\tX9\tS2\tP4\nA\t1.5\t9\t-2\tNA\nB\t0\t9\t4\t3\nC\t7\t9\t0.5\t2\nD\t2\t9\t1\t\n"
NOT_THERE = "not in the file"


@pytest.fixture
def folder(tmp_path):
    """P1, P2 (sample S2) and P4 have expression, P3 has none; X9 is nobody's."""
    write(tmp_path, samples={"P2": "S2"})
    (tmp_path / "matrix.tsv").write_text(MATRIX)
    (tmp_path / "sets.gmt").write_text("UP\tx\tA\tC\nDOWN\tx\tB\tZ1\nLOST\tx\tD\tZ1\tZ2\n")
    return tmp_path


def run(folder, column="value", file="matrix.tsv", **more):
    options = {"file": str(folder / file), **more}
    found = states(folder, {"markers": {"expression": options}}, column)
    return {
        marker: np.array(values, float).tolist() if column == "value" else values for marker, values in found.items()
    }


def same(found, expected):
    np.testing.assert_array_equal(np.array(found, float), np.array(expected, float))


def test_genes_that_are_named_are_markers_and_no_others(folder):
    found = run(folder, genes=["C", "A"])
    assert list(found) == ["A:expression", "C:expression"]
    same(found["A:expression"], [1.5, -2, np.nan, np.nan])
    same(found["C:expression"], [7, 0.5, np.nan, 2])
    notes = run(folder, "note", genes=["A"])
    assert notes["A:expression"] == ["", "", NOT_THERE, "no value"]
    assert set(run(folder, "source", genes=["A"])["A:expression"]) == {"expression"}
    assert run(folder, "state", genes=["A"])["A:expression"] != ["altered"] * 4
    assert tables.ALTERATIONS.read(folder / "out.parquet")["state"].isna().all()


def test_genes_may_stand_in_a_file_and_those_the_matrix_lacks_are_named_in_the_log(folder, caplog):
    (folder / "genes.txt").write_text("# of interest\nB\n\nQQ # new\nB\n")
    found = run(folder, genes=str(folder / "genes.txt"))
    assert list(found) == ["B:expression"]
    assert "no expression of 1 genes: 'QQ'" in caplog.text
    assert read_provenance(folder / "out.parquet")["settings"]["expression"]["genes"] == "genes.txt"
    with pytest.raises(MissingFileError, match=r"expression\.genes"):
        run(folder, genes=str(folder / "absent.txt"))


@pytest.mark.parametrize("name", ["matrix.csv", "matrix.tsv.gz", "matrix.parquet"])
def test_csv_gzip_and_parquet_are_the_same(folder, name):
    expected = run(folder, genes=["A", "B", "C", "D"])
    frame = pd.read_csv(folder / "matrix.tsv", sep="\t")
    if name.endswith("parquet"):
        frame.to_parquet(folder / name)
    else:
        frame.to_csv(folder / name, sep="," if name == "matrix.csv" else "\t", index=False)
    found = run(folder, file=name, genes=["A", "B", "C", "D"])
    assert list(found) == list(expected)
    same(list(found.values()), list(expected.values()))


def test_scores_of_sets_with_enough_genes(folder):
    found = run(folder, scores=[str(folder / "sets.gmt")])
    # D alone is a third of LOST's genes; of UP one of two has a value in P4, and in DOWN half of the genes exist.
    assert list(found) == ["DOWN:ssgsea", "UP:ssgsea"]
    # P1 has B, A, D, C from low to high: UP has ranks 2 and 4, the others 1 and 3.
    up = (2**1.25 + 4**1.25) / (2**0.25 + 4**0.25) - (1 + 3) / 2
    assert found["UP:ssgsea"][0] == pytest.approx(up, rel=1e-14)
    assert found["DOWN:ssgsea"][0] == pytest.approx(1 - 9 / 3, rel=1e-14)
    # P4 has C and B only.
    assert found["UP:ssgsea"][3] == pytest.approx(1 - 2)
    strict = run(folder, "note", scores=[str(folder / "sets.gmt")], min_found=0.8)
    assert strict == {"UP:ssgsea": ["", "", NOT_THERE, "genes of the set not known"]}


def test_normalised_scores_are_over_their_range(folder):
    gmt = [str(folder / "sets.gmt")]
    plain, over = (
        np.array(list(run(folder, scores=gmt, normalise=choice).values()), float) for choice in (False, True)
    )
    np.testing.assert_allclose(over, plain / (np.nanmax(plain) - np.nanmin(plain)), rtol=1e-14)
    assert np.nanmax(over) - np.nanmin(over) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gene\tP1\tP1\nA\t1\t2\n", "column 'P1' stands twice"),
        ("gene\tP1\nA\t1\nB\t2\nA\t3\n", "line 4: gene 'A' stands twice"),
        ("gene\tP1\nA\t1\n\t2\n", "line 3: no gene"),
        ("gene\tP1\nA\t1\nB\tinf\n", "line 3: a value is infinite"),
        ("gene\tP1\nA\t1\nB\thigh\n", "high"),
        ("gene\tP1\tS2\nA\t1\n", "not readable"),
        ("P1\tS2\nA\t1\t2\n", "not readable"),
        ("gene\tP1\n", "no line of numbers"),
        ("", "not readable"),
        ("gene\tX1\nA\t1\n", "none of its 1 samples is of a patient"),
        ("gene\tP2\tS2\nA\t1\t2\n", "are samples of one patient"),
        ("gene\tP1\nB\t1\n", "it has none of the 1 genes: 'A'"),
    ],
)
def test_a_matrix_that_cannot_be_used_is_refused(folder, text, problem):
    (folder / "bad.tsv").write_text(text)
    with pytest.raises(MarkersError, match=problem):
        run(folder, file="bad.tsv", genes=["A"])


def test_sets_that_cannot_be_used_are_refused(folder):
    (folder / "other.gmt").write_text("LOST\tx\tQ\n")
    with pytest.raises(MarkersError, match=r"no set has 0\.5 of its genes in matrix\.tsv"):
        run(folder, scores=[str(folder / "other.gmt")])
    (folder / "other.gmt").write_text("UP\tx\tA\n")
    with pytest.raises(MarkersError, match="'UP' stands in another file too"):
        run(folder, scores=[str(folder / "sets.gmt"), str(folder / "other.gmt")])
    (folder / "flat.tsv").write_text("gene\tP1\nA\t1\nB\t2\n")
    with pytest.raises(MarkersError, match="all scores are equal"):
        run(folder, file="flat.tsv", scores=[str(folder / "other.gmt")], normalise=True)
    with pytest.raises(MissingFileError):
        run(folder, file="absent.tsv", genes=["A"])


def test_a_whole_matrix_makes_no_markers():
    with pytest.raises(ConfigError, match="name genes, gene sets"):
        load_section(Genomics, '{"markers": {"expression": {"file": "x.tsv"}}}')


def test_classes_and_files_are_those_that_are_named():
    text = '{{"genomics": {{"markers": {{"expression": {{"file": "x.tsv", {0}}}}}}}}}'
    markers = [
        load_section(Config, text.format(part)).genomics.markers
        for part in ('"genes": ["A"]', '"genes": "g.txt"', '"scores": ["s.gmt"]')
    ]
    assert [each.classes for each in markers] == [("expression",), ("expression",), ("ssgsea",)]
    assert [[str(path) for path in each.files] for each in markers] == [
        ["x.tsv"],
        ["x.tsv", "g.txt"],
        ["x.tsv", "s.gmt"],
    ]


def walk(order, weights, members):
    """The random walk as Barbie et al. describe it, step by step from the highest gene."""
    met = total = 0.0
    others = 0
    inside = sum(weights[gene] for gene in members)
    for gene in order:
        if gene in members:
            met += weights[gene]
        else:
            others += 1
        total += met / inside - others / (len(order) - len(members))
    return total


@given(
    values=st.lists(st.integers(0, 4), min_size=2, max_size=7),
    chosen=st.sets(st.integers(0, 6), min_size=1),
)
def test_the_score_is_the_sum_of_the_walk_averaged_over_the_orders_of_ties(values, chosen):
    members = {gene for gene in chosen if gene < len(values)}
    assume(0 < len(members) < len(values))
    ranks = pd.Series(values).rank().tolist()
    weights = [rank**0.25 for rank in ranks]
    groups = [[gene for gene, value in enumerate(values) if value == level] for level in sorted(set(values))[::-1]]
    orders = product(*(permutations(group) for group in groups))
    expected = np.mean([walk([gene for group in order for gene in group], weights, members) for order in orders])
    found = ssgsea(np.array(values, float)[:, None], [np.array(sorted(members))])
    assert found.shape == (1, 1)
    assert found[0, 0] == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_scores_do_not_depend_on_the_scale_or_the_order_of_genes():
    rng = np.random.default_rng(1)
    values, order = rng.normal(size=(30, 4)), rng.permutation(30)
    members = np.arange(8)
    plain = ssgsea(values, [members])
    np.testing.assert_array_equal(plain, ssgsea(np.exp(values), [members]))
    np.testing.assert_allclose(plain, ssgsea(values[order], [np.flatnonzero(np.isin(order, members))]), rtol=1e-12)


def test_a_set_without_genes_or_of_all_genes_has_no_score():
    values = np.array([[1.0, np.nan], [2.0, 1.0], [3.0, 2.0]])
    found = ssgsea(values, [np.array([0]), np.array([], np.intp), np.array([0, 1, 2]), np.array([1])])
    np.testing.assert_allclose(found, [[-1.5, np.nan], [np.nan] * 2, [np.nan] * 2, [0, -1]])
