"""Substitutions by trinucleotide: the strand, the neighbours, and that none is lost."""

import json
from collections import Counter

import pytest
from hypothesis import given, strategies as st

from radiogenomics import tables
from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.errors import ContigNamesError, ReferenceMismatchError
from radiogenomics.genomics.spectrum import CONTEXTS, context, spectrum
from tests.unit.genomics.marker_cohort import PATIENTS, variant, write

# Position 3 is C between G and T: G[C>.]T; position 6 is G between A and N; position 9 is A between T and C.
SEQUENCE = "TGCTAGNTACGG"


def snv(patient, position, ref, alt, chromosome="1", **more):
    place = {"chromosome": chromosome, "position": position, "ref": ref, "alt": alt}
    return variant(patient, more.pop("gene", "G"), f"{chromosome}-{position}-{ref}-{alt}", **place, **more)


def run(folder, rows, sequence=SEQUENCE, contig="1", settings=None, annotations=()):
    """Counts above 0 of each patient."""
    write(folder, rows, annotations=annotations)
    (folder / "reference.fa").write_text(f">{contig}\n{sequence}\n")
    (folder / "reference.fa.fai").unlink(missing_ok=True)
    out = folder / "spectrum.parquet"
    parts = {name: [folder / f"{name}.parquet"] for name in ("variants", "samples", "annotations")}
    spectrum(**parts, reference=folder / "reference.fa", settings=json.dumps(settings or {}), spectrum=out)
    frame = tables.SPECTRUM.read(out)
    assert frame["context"].tolist() == [*CONTEXTS] * len(PATIENTS)
    assert frame["patient_id"].tolist() == [name for name in PATIENTS for _ in CONTEXTS]
    seen = frame[frame["n"] > 0]
    return {
        name: dict(zip(part["context"], part["n"], strict=True))
        for name, part in seen.groupby("patient_id", observed=True)
    }


@pytest.mark.parametrize(
    ("trinucleotide", "alt", "expected"),
    [
        ("ACG", "T", "A[C>T]G"),
        ("CGT", "A", "A[C>T]G"),
        ("TTC", "G", "T[T>G]C"),
        ("GAA", "C", "T[T>G]C"),
        ("AGT", "T", "A[C>A]T"),
        ("CAG", "T", "C[T>A]G"),
    ],
)
def test_the_strand_with_a_pyrimidine_decides(trinucleotide, alt, expected):
    before, ref, after = trinucleotide
    assert context(before, ref, alt, after) == expected


def test_there_are_96_contexts_in_the_order_of_cosmic():
    assert len(set(CONTEXTS) - {"unknown"}) == 96
    assert (CONTEXTS[0], CONTEXTS[1], CONTEXTS[4], CONTEXTS[95]) == ("A[C>A]A", "A[C>A]C", "C[C>A]A", "T[T>G]T")


def test_substitutions_count_once_and_others_not(tmp_path):
    rows = [
        snv("P1", 3, "C", "T", transcript="T1"),
        snv("P1", 3, "C", "T", transcript="T2"),
        snv("P1", 3, "C", "T", gene="OTHER"),
        snv("P1", 9, "A", "G", alt_copies=2),
        snv("P1", 3, "CT", "C"),
        snv("P1", 3, "CT", "GA"),
        snv("P1", 3, "-", "A"),
        snv("P2", 3, "C", "T"),
        snv("P2", 6, "G", "A"),
        snv("P2", 1, "T", "A"),
        snv("P2", 12, "G", "A"),
    ]
    found = run(tmp_path, rows, SEQUENCE.lower())
    assert found == {"P1": {"G[C>T]T": 1, "G[T>C]A": 1}, "P2": {"G[C>T]T": 1, "unknown": 3}}


def test_common_variants_do_not_count(tmp_path):
    rows = [snv("P1", 3, "C", "T"), snv("P1", 9, "A", "G")]
    stated = [{"variant": "1-3-C-T", "resource": "gnomad", "field": "AF", "value": "0.2", "number": 0.2}]
    settings = {"resources": {"gnomad": {"file": "x.vcf", "fields": ["AF"], "max_frequency": {"AF": 0.1}}}}
    assert run(tmp_path, rows, settings=settings, annotations=stated) == {"P1": {"G[T>C]A": 1}}


def test_contigs_may_be_spelled_otherwise_but_not_all_be_absent(tmp_path):
    rows = [snv("P1", 3, "C", "T"), snv("P1", 3, "C", "T", chromosome="2")]
    assert run(tmp_path, rows, contig="chr1") == {"P1": {"G[C>T]T": 1, "unknown": 1}}
    with pytest.raises(ContigNamesError):
        run(tmp_path, rows, contig="7")


def test_a_reference_of_another_build_is_refused(tmp_path):
    with pytest.raises(ReferenceMismatchError, match="at 1:4 the variants have REF C, the reference T"):
        run(tmp_path, [snv("P1", 4, "C", "T")])
    with pytest.raises(ReferenceMismatchError):
        run(tmp_path, [snv("P1", 40, "C", "T")])


def test_a_spectrum_needs_the_reference(tmp_path):
    write(tmp_path, [])
    parts = {name: [tmp_path / f"{name}.parquet"] for name in ("variants", "samples")}
    with pytest.raises(MissingFileError, match=r"genomics\.reference"):
        spectrum(**parts, reference=tmp_path / "absent.fa", settings="{}", spectrum=tmp_path / "out.parquet")


def by_hand(sequence, position, alt):
    """The class from the whole reverse complement of the sequence."""
    if sequence[position - 1] not in "CT":
        other = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}
        sequence = "".join(other[base] for base in reversed(sequence))
        position, alt = len(sequence) + 1 - position, other[alt]
    three = sequence[max(position - 2, 0) : position + 1]
    if len(three) < 3 or not 1 < position < len(sequence) or "N" in three:
        return "unknown"
    return f"{three[0]}[{three[1]}>{alt}]{three[2]}"


@given(
    sequence=st.text("ACGTN", min_size=1, max_size=40),
    picks=st.lists(st.tuples(st.sampled_from(PATIENTS), st.integers(0, 39), st.sampled_from("ACGT")), max_size=30),
)
def test_sums_and_classes_equal_those_of_the_reverse_complement(tmp_path_factory, sequence, picks):
    chosen = {
        (patient, at % len(sequence) + 1, alt)
        for patient, at, alt in picks
        if sequence[at % len(sequence)] not in ("N", alt)
    }
    rows = [snv(patient, position, sequence[position - 1], alt) for patient, position, alt in sorted(chosen)]
    found = run(tmp_path_factory.mktemp("random"), rows, sequence)
    expected = {
        name: dict(Counter(by_hand(sequence, position, alt) for patient, position, alt in chosen if patient == name))
        for name in {patient for patient, _, _ in chosen}
    }
    assert found == expected
    assert sum(n for counts in found.values() for n in counts.values()) == len(chosen)
