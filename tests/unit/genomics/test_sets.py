"""Genotypes of sets: the variants and copies that the alterations count, one by one."""

import json

import pytest

from radiogenomics import tables
from radiogenomics.genomics.sets import sets
from radiogenomics.table import read_provenance
from tests.unit.genomics.marker_cohort import missing, states, variant, write

MASKS = {"all": {}, "lof": {"classes": ["lof"]}, "new": {"max_frequency": {"gnomad.AF": 0.1}}}
SETTINGS = {
    "resources": {"gnomad": {"file": "g.vcf.gz", "fields": ["AF"]}},
    "markers": {"masks": {f"m_{name}": mask for name, mask in MASKS.items()}},
}


@pytest.fixture
def cohort(tmp_path):
    rows = [
        variant("P1", "B", "1-1-A-T", alt_copies=2),
        variant("P1", "B", "1-1-A-T", alt_copies=1, transcript="T2"),
        variant("P2", "B", "1-1-A-T"),
        variant("P2", "B", "1-2-A-T", kind="lof"),
        variant("P4", "A", "1-9-A-T", kind="lof"),
        variant("P4", "A", "1-8-A-T", kind="synonymous"),
    ]
    gaps = [missing("P3", "B"), missing("P3", "B", "1-2-A-T", "lof"), missing("P1", "C")]
    common = {"variant": "1-1-A-T", "resource": "gnomad", "field": "AF", "value": "0.2", "number": 0.2}
    write(tmp_path, rows, gaps, annotations=[common])
    return tmp_path


def rows(folder, settings=None, masks=("m_all", "m_lof", "m_new")):
    sets(
        settings=json.dumps(settings or SETTINGS),
        masks=masks,
        **{name: [folder / f"{name}.parquet"] for name in ("variants", "samples", "annotations", "missing")},
        sets=folder / "sets.parquet",
    )
    frame = tables.SET_GENOTYPES.read(folder / "sets.parquet").astype({"alt_copies": object})
    return [tuple(row) for row in frame.where(frame.notna(), None).itertuples(index=False)]


def test_a_copy_in_one_record_outweighs_a_missing_genotype_in_its_double(tmp_path):
    write(tmp_path, [variant("P1", "B", "1-1-A-T")], [missing("P1", "B"), missing("P2", "B")], annotations=[])
    settings = {"markers": {"masks": {"m_all": {}}}}
    assert rows(tmp_path, settings, ("m_all",)) == [
        ("B", "m_all", "1-1-A-T", "P1", 1),
        ("B", "m_all", "1-1-A-T", "P2", None),
    ]


def test_rows_are_carriers_and_missing_genotypes_in_order(cohort):
    assert rows(cohort) == [
        ("A", "m_all", "1-9-A-T", "P4", 1),
        ("A", "m_lof", "1-9-A-T", "P4", 1),
        ("A", "m_new", "1-9-A-T", "P4", 1),
        ("B", "m_all", "1-1-A-T", "P1", 2),
        ("B", "m_all", "1-1-A-T", "P2", 1),
        ("B", "m_all", "1-1-A-T", "P3", None),
        ("B", "m_all", "1-2-A-T", "P2", 1),
        ("B", "m_all", "1-2-A-T", "P3", None),
        ("B", "m_lof", "1-2-A-T", "P2", 1),
        ("B", "m_lof", "1-2-A-T", "P3", None),
        ("B", "m_new", "1-2-A-T", "P2", 1),
        ("B", "m_new", "1-2-A-T", "P3", None),
    ]
    assert set(read_provenance(cohort / "sets.parquet")["settings"]["masks"]) == {"m_all", "m_lof", "m_new"}


def test_they_sum_to_what_the_alterations_count(cohort):
    found = {}
    for gene, mask, _, patient, copies in rows(cohort):
        if copies is not None:
            at = found.setdefault(f"{gene}:{mask}", {}).setdefault(patient, [0, 0])
            at[0] += 1
            at[1] += copies
    for place, column in enumerate(("n_variants", "alt_copies")):
        counted = states(cohort, {**SETTINGS, "classes": ["lof"]}, column)
        for marker, by_patient in found.items():
            expected = [by_patient.get(patient, [0, 0])[place] for patient in ("P1", "P2", "P3", "P4")]
            assert counted[marker] == expected


def test_missing_genotypes_that_count_as_reference_have_no_row(cohort):
    found = rows(cohort, {**SETTINGS, "missing_genotype": "wild_type"}, ["m_lof"])
    assert found == [("A", "m_lof", "1-9-A-T", "P4", 1), ("B", "m_lof", "1-2-A-T", "P2", 1)]


def test_a_cohort_without_a_variant_has_a_table_without_rows(tmp_path):
    write(tmp_path)
    assert rows(tmp_path) == []
