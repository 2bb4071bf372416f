"""What was assayed: BED files and lists of genes, and what they make of a patient's state."""

import gzip
import json

import pytest
from hypothesis import given, strategies as st

from radiogenomics import tables
from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.alterations import alterations
from radiogenomics.genomics.annotate import annotate_batch
from radiogenomics.genomics.assays import read_assay
from radiogenomics.genomics.coding import coding_regions, merged
from radiogenomics.genomics.errors import AssayError
from radiogenomics.genomics.genes import read_genes
from tests.unit.genomics.small_genome import write_genome, write_vcf

# The CDS of ALPHA is 10-22 and 40-52 as a BED states it, from 0 and half open: 24 bases.
WHOLE = "chr1\t10\t22\n1\t40\t52\n"
INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair))))


@given(INTERVALS, st.integers(0, 75), st.integers(0, 75))
def test_bases_of_regions_in_any_order_are_counted_once(intervals, start, end):
    regions = merged([first for first, _ in intervals], [last for _, last in intervals])
    held = {position for first, last in intervals for position in range(first, last)}
    assert int((regions.ends - regions.starts).sum()) == len(held)
    if held:
        assert regions.bases_below([end]) - regions.bases_below([start]) == len(held & set(range(end))) - len(
            held & set(range(start))
        )


@pytest.mark.parametrize(
    ("text", "share"),
    [
        (WHOLE, 1.0),
        ("#a comment\ntrack name=x\nbrowser position 1\n\n" + WHOLE + "decoy\t0\t5\n", 1.0),
        ("chrom\tchromStart\tchromEnd\n" + WHOLE, 1.0),
        ("1 40 52 name 0 +\r\n1 8 22 other\r\n", 1.0),
        ("1\t40\t52\n1\t10\t16\n1\t12\t20\n1\t10\t16\n", 22 / 24),
        ("1\t0\t10\n1\t22\t40\n1\t21\t21\n", 0.0),
        ("1\t0\t11\n", 1 / 24),
    ],
    ids=["prefix", "no regions", "header", "spaces", "overlapping", "beside", "one base"],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_share_of_the_coding_bases(tmp_path, text, share, zipped):
    path = tmp_path / "panel.bed"
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    coding = coding_regions(read_genes(write_genome(tmp_path)[1]))
    assert coding.shares(read_assay(path).regions) == {"ALPHA": (24, pytest.approx(share))}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1\t5\t9\n1\t9\t5\n", "line 2: start 9 after end 5"),
        (b"1\t5\t9\n1\t-1\t5\n", "line 2: start '-1'"),
        (b"1\t5\t9\n1\t5\n", r"line 2: 2 column\(s\)"),
        (b"1\t5\tx\n", "line 1: start '5' and end 'x'"),
        (b"TP53\nKRAS x\n", "line 2: 2 words"),
        (b"# nothing\n", "no region and no gene"),
        (gzip.compress(b"1\t5\t9\n" * 1000, mtime=0)[:40], "line 819: not readable"),
        (b"caf\xe9\n", "line 1: not readable"),
    ],
)
def test_a_bad_line_is_named(tmp_path, data, message):
    path = tmp_path / "panel.bed"
    path.write_bytes(data)
    with pytest.raises(AssayError, match=rf"panel\.bed: {message}"):
        read_assay(path)
    with pytest.raises(MissingFileError):
        read_assay(tmp_path / "absent.bed")


def cohort(folder, records, assayed, settings="{}", files=()):
    """States and notes of ALPHA by class; one patient for each entry of ``assayed``; and the failures."""
    reference, genes = write_genome(folder)
    for name, text in files:
        (folder / name).write_text(text)
    samples = [f"S{number}" for number in range(len(assayed))]
    vcf = write_vcf(folder, records, samples)
    parts = {"variants": folder / "v.parquet", "missing": folder / "m.parquet", "assays": folder / "a.parquet"}
    annotate_batch(
        samples=json.dumps(
            [
                {"patient_id": f"P{number}", "sample_id": sample, "vcf": str(vcf), "assayed": entry}
                for number, (sample, entry) in enumerate(zip(samples, assayed, strict=True))
            ]
        ),
        reference=reference,
        genes=genes,
        settings=settings,
        table=folder / "s.parquet",
        remarks=folder / "r.tsv",
        failures=folder / "f.tsv",
        **parts,
    )
    alterations(
        samples=[folder / "s.parquet"],
        annotations=[],
        settings=settings,
        alterations=folder / "out.parquet",
        **{name: [path] for name, path in parts.items()},
    )
    frame = tables.ALTERATIONS.read(folder / "out.parquet").astype(
        {name: str for name in ("patient_id", "marker", "state", "note")}
    )
    found = {
        marker: {item.patient_id: (item.state, item.note) for item in part.itertuples()}
        for marker, part in frame.groupby("marker")
    }
    return found, tables.FAILURES.read(folder / "f.tsv").set_index("patient_id")["reason"].to_dict()


STOP, MISSENSE = "14 A T PASS", "15 A T PASS"


def test_what_was_not_assayed_is_not_wild_type(tmp_path):
    files = [
        ("whole.bed", WHOLE),
        ("half.bed", "1\t10\t22\n"),
        ("most.bed", "1\t10\t22\n1\t40\t48\n"),
        ("list.txt", "ALPHA\nOMEGA\n"),
        ("other.bed", "chr2\t0\t9\n"),
        ("bad.bed", "1\t9\t5\n"),
    ]
    names = ["", *(str(tmp_path / f"{name}.bed") for name in ("whole", "half", "most"))]
    assayed = [*names, "panel:mine", str(tmp_path / "half.bed"), str(tmp_path / "other.bed"), str(tmp_path / "bad.bed")]
    settings = json.dumps({"panels": {"mine": str(tmp_path / "list.txt")}})
    carrier = [5, 7]
    calls = " ".join("0/1" if number in carrier else "0/0" for number in range(len(assayed) + 1))
    found, failures = cohort(tmp_path, [f"{STOP} {calls}"], [*assayed, "panel:absent"], settings, files)
    wild, unknown = ("wild_type", ""), ("not_assayed", "not on the assay")
    assert found["ALPHA:lof"] == {
        "P0": wild,
        "P1": wild,
        "P2": unknown,
        "P3": wild,
        "P4": wild,
        "P5": ("altered", "altered outside the assay"),
    }
    assert failures == {"P6": "contig_names", "P7": "assay", "P8": "unknown_panel"}
    kinds = tables.REMARKS.read(tmp_path / "r.tsv").set_index("kind")["example"].to_dict()
    assert kinds == {"assay_gene": "gene 'OMEGA'"}
    settings = json.dumps({**json.loads(settings), "min_callable": 1})
    strict, _ = cohort(tmp_path, [f"{STOP} 0/0 0/0 0/0 0/0 0/0 0/1"], assayed[:6], settings)
    assert strict["ALPHA:lof"]["P3"] == unknown


def test_a_missing_genotype_at_a_variant_that_others_carry(tmp_path):
    records = [f"{STOP} 0/1 ./. ./0 0/0 .", f"{MISSENSE} 0/0 0/1 0/0 0/0 ./1", "16 A C PASS ./. ./. 0/0 ./. ./."]
    found, _ = cohort(tmp_path, records, [""] * 5)
    unknown, wild, altered = ("not_assayed", "missing genotype"), ("wild_type", ""), ("altered", "")
    assert list(found["ALPHA:lof"].values()) == [altered, unknown, unknown, wild, unknown]
    assert list(found["ALPHA:missense"].values()) == [wild, altered, wild, wild, altered]
    assert list(found["ALPHA:non_silent"].values()) == [altered, altered, unknown, wild, altered]
    found, _ = cohort(tmp_path, records, [""] * 5, '{"missing_genotype": "wild_type"}')
    assert list(found["ALPHA:lof"].values()) == [altered, wild, wild, wild, wild]


def test_copies_are_summed_over_variants(tmp_path):
    cohort(tmp_path, [f"{STOP} 1/1 0/1 0/0", f"{MISSENSE} 0/1 0/1 0/0"], [""] * 3)
    frame = tables.ALTERATIONS.read(tmp_path / "out.parquet")
    assert frame[frame["marker"] == "ALPHA:non_silent"]["alt_copies"].tolist() == [3, 2, 0]
