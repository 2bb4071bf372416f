"""Variants of each patient by class, and mutations per megabase of what was assayed."""

import json

import pytest

from radiogenomics import tables
from radiogenomics.genomics.burden import burden
from radiogenomics.table import read_provenance
from tests.unit.genomics.marker_cohort import PATIENTS, states, variant, write
from tests.unit.genomics.small_genome import write_genome

# Of the small genome: one gene, ALPHA, whose longest transcript has 24 coding bases.
WHOLE = 24 / 1e6
ROWS = [
    variant("P1", "ALPHA", "a", "lof"),
    variant("P1", "BETA", "a", "synonymous"),
    variant("P1", "ALPHA", "b", "missense", transcript="T1"),
    variant("P1", "ALPHA", "b", "missense", transcript="T2"),
    variant("P1", "ALPHA", "c", "synonymous"),
    variant("P1", "ALPHA", "d", "other"),
    variant("P2", "ALPHA", "e", "protein_altering"),
    variant("P2", "BETA", "f", "missense"),
    variant("P3", "ALPHA", "b", "missense"),
]


def run(folder, settings=None, genes=None):
    names = ("variants", "samples", "assays", "annotations")
    out = folder / "burden.parquet"
    parts = {name: [folder / f"{name}.parquet"] for name in names}
    burden(**parts, settings=json.dumps(settings or {}), burden=out, genes=genes)
    frame = tables.BURDEN.read(out)
    assert frame["patient_id"].tolist() == PATIENTS
    return frame


def test_a_variant_counts_once_in_its_most_severe_class(tmp_path):
    write(tmp_path, ROWS)
    _, genes = write_genome(tmp_path)
    found = run(tmp_path, genes=genes)
    counts = found[["n_lof", "n_missense", "n_protein_altering", "n_synonymous", "n_counted"]]
    assert counts.to_numpy().tolist() == [[1, 1, 0, 1, 2], [0, 1, 1, 0, 2], [0, 1, 0, 0, 1], [0, 0, 0, 0, 0]]
    assert found["callable_mb"].tolist() == [WHOLE] * 4
    assert found["tmb"].tolist() == pytest.approx([2 / WHOLE, 2 / WHOLE, 1 / WHOLE, 0])
    assert set(found["counted"]) == {"non_silent"}
    assert read_provenance(tmp_path / "burden.parquet")["settings"] == {"tmb": "non_silent"}


def test_synonymous_variants_count_where_asked_for(tmp_path):
    write(tmp_path, ROWS)
    _, genes = write_genome(tmp_path)
    found = run(tmp_path, {"tmb": "coding"}, genes)
    assert found["n_counted"].tolist() == [3, 2, 1, 0]
    assert set(found["counted"]) == {"coding"}


def test_common_variants_do_not_count(tmp_path):
    stated = [{"variant": "b", "resource": "gnomad", "field": "AF", "value": "0.2", "number": 0.2}]
    write(tmp_path, ROWS, annotations=stated)
    resources = {"gnomad": {"file": "x.vcf", "fields": ["AF"], "max_frequency": {"AF": 0.1}}}
    found = run(tmp_path, {"resources": resources})
    assert found["n_missense"].tolist() == [0, 1, 0, 0]
    assert found["n_counted"].tolist() == [1, 2, 0, 0]


def test_the_denominator_is_what_the_assay_holds(tmp_path):
    # P2's assay holds a third of ALPHA's 9 bases and not BETA, P3's nothing.
    write(tmp_path, ROWS, assay_of={"P2": "x", "P3": "none"}, assays=[("x", "ALPHA", 1 / 3)])
    _, genes = write_genome(tmp_path)
    found = run(tmp_path, genes=genes).set_index("patient_id")
    assert found.loc["P2", ["n_missense", "n_counted", "callable_mb"]].tolist() == [1, 1, 3e-6]
    assert found.loc["P2", "tmb"] == pytest.approx(1 / 3e-6)
    assert found["note"].tolist() == ["", "", "no coding base was assayed", ""]
    assert found["tmb"].isna().tolist() == [False, False, True, False]
    assert found.loc["P3", "n_counted"] == 0


def test_without_a_gene_file_only_stated_bases_are_a_denominator(tmp_path):
    write(tmp_path, ROWS, assay_of={"P2": "bed", "P3": "list"}, assays=[("bed", "ALPHA", 1.0)])
    frame = tables.ASSAYS.read(tmp_path / "assays.parquet")
    listed = {"assay": "list", "file": "f", "gene": "ALPHA", "cds_bases": None, "share": 1.0}
    tables.ASSAYS.write(
        tables.ASSAYS.frame([*frame.to_dict("records"), listed, {**listed, "gene": "UNKNOWN"}]),
        tmp_path / "assays.parquet",
    )
    found = run(tmp_path, genes=tmp_path / "absent.gff3")
    assert found["note"].tolist() == ["no gene file", "", "no gene file", "no gene file"]
    assert found["n_counted"].tolist() == [2, 1, 1, 0]
    assert found["tmb"].isna().tolist() == [True, False, True, True]
    # With one the bases of a list are looked up.
    _, genes = write_genome(tmp_path)
    assert run(tmp_path, genes=genes)["callable_mb"].tolist() == [WHOLE, 9e-6, WHOLE, WHOLE]


def test_the_burden_is_a_marker_only_where_asked_for(tmp_path):
    write(tmp_path, ROWS, assay_of={"P3": "none"})
    _, genes = write_genome(tmp_path)
    run(tmp_path, genes=genes)
    table = tmp_path / "burden.parquet"
    found = states(tmp_path, {"markers": {"burden": True}}, "value", burden=table)["TMB:burden"]
    assert found[:2] == pytest.approx([2 / WHOLE, 2 / WHOLE])
    assert found[3] == 0
    assert states(tmp_path, {"markers": {"burden": True}}, "note", burden=table)["TMB:burden"][2] == "no value"
    assert "TMB:burden" not in states(tmp_path, {}, burden=table)
