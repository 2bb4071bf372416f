"""Resources joined by allele: indels of any spelling, rates, fields, mistakes, and what max_frequency leaves out."""

import json

import pysam
import pytest

from radiogenomics import tables
from radiogenomics.errors import ConfigError, MissingFileError
from radiogenomics.genomics.alterations import alterations
from radiogenomics.genomics.errors import (
    ContigNamesError,
    NothingJoinedError,
    ReferenceMismatchError,
    ResourceFieldError,
)
from radiogenomics.genomics.join import join
from radiogenomics.table import read_provenance
from tests.unit.genomics.small_genome import SEQUENCE, write_genome, write_vcf
from tests.unit.genomics.test_annotate import batch, row

CARRIED = ["14 A G,T PASS 0/1 0/2", "16 AC A PASS 0/1 0/0", "46 CAC C PASS 0/0 0/1", "50 T C PASS 0/0 1/1"]
# Of 43-TCA-T another spelling, of 14-A-T in one record with a rarer one, and a place that nobody carries.
KNOWN = [
    "14 A T,C AF=0.3,1e-5;CLNSIG=Pathogenic",
    "16 AC A AF=0.0004",
    "46 CAC C AF=0.02;CLNSIG=Benign|Likely_benign;DB",
    "47 A C AF=0.9",
]


def resource(folder, records=KNOWN, contig="1", name="known.vcf"):
    path = folder / name.removesuffix(".gz")
    header = (
        f"##fileformat=VCFv4.2\n##contig=<ID={contig},length={len(SEQUENCE)}>\n"
        '##INFO=<ID=AF,Number=A,Type=Float,Description="frequency">\n'
        '##INFO=<ID=CLNSIG,Number=.,Type=String,Description="significance">\n'
        '##INFO=<ID=DB,Number=0,Type=Flag,Description="known">\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n'
    )
    lines = ["{}\t{}\t.\t{}\t{}\t.\t.\t{}\n".format(contig, *record.split()) for record in records]
    path.write_text(header + "".join(lines))
    if name.endswith(".gz"):
        pysam.tabix_index(str(path), preset="vcf", force=True)
        return folder / name
    return path


@pytest.fixture
def cohort(tmp_path):
    """Variants of two patients and the reference."""
    genome = write_genome(tmp_path)
    vcf = write_vcf(tmp_path, CARRIED, ["S1", "S2"])
    batch(tmp_path, [row("P1", "S1", vcf), row("P2", "S2", vcf)], genome)
    return [tmp_path / "variants.parquet"], genome[0]


def joined(folder, cohort, fields=("AF",), file=None, **more):
    settings = {"resources": {"gnomad": {"file": str(file or resource(folder)), "fields": fields} | more}}
    target = {"annotations": folder / "annotations.parquet", "joins": folder / "joins.tsv"}
    join(variants=cohort[0], reference=cohort[1], settings=json.dumps(settings), **target)
    frame = tables.ANNOTATIONS.read(target["annotations"]).astype({"field": str})
    values = {(item.variant, item.field): item.value for item in frame.itertuples()}
    return values, tables.JOINS.read(target["joins"]).iloc[0], settings


def frequencies(values):
    return {variant: pytest.approx(float(value)) for (variant, field), value in values.items() if field == "AF"}


EXPECTED = {"1-14-A-T": 0.3, "1-16-AC-A": 0.0004, "1-43-TCA-T": 0.02}


@pytest.mark.parametrize("name", ["known.vcf", "known.vcf.gz"], ids=["streamed", "by its index"])
def test_each_allele_gets_its_own_value(tmp_path, cohort, name):
    values, rate, _ = joined(tmp_path, cohort, file=resource(tmp_path, name=name))
    assert frequencies(values) == EXPECTED
    assert (rate["n_variants"], rate["n_joined"], rate["join_rate"]) == (5, 3, pytest.approx(0.6))


def test_text_flags_and_several_values(tmp_path, cohort):
    values, _, _ = joined(tmp_path, cohort, ("CLNSIG", "DB"))
    assert values == {
        ("1-14-A-T", "CLNSIG"): "Pathogenic",
        ("1-43-TCA-T", "CLNSIG"): "Benign|Likely_benign",
        ("1-43-TCA-T", "DB"): "true",
    }


def test_variants_above_the_limit_do_not_count(tmp_path, cohort):
    values, rate, settings = joined(tmp_path, cohort, max_frequency={"AF": 0.01})
    assert len(values) == 3
    assert rate["n_above"] == 2
    counts = {}
    for annotations in ([], [tmp_path / "annotations.parquet"]):
        alterations(
            variants=cohort[0],
            samples=[tmp_path / "table.parquet"],
            annotations=annotations,
            settings=json.dumps(settings),
            alterations=tmp_path / "a.parquet",
        )
        frame = tables.ALTERATIONS.read(tmp_path / "a.parquet")
        lof = frame[frame["marker"] == "ALPHA:lof"].set_index("patient_id")["n_variants"]
        counts[len(annotations)] = lof.astype(int).to_dict()
    assert counts == {0: {"P1": 1, "P2": 2}, 1: {"P1": 1, "P2": 0}}
    recorded = read_provenance(tmp_path / "a.parquet")["settings"]
    assert recorded["max_frequency"] == {"gnomad": {"AF": 0.01}}


@pytest.mark.parametrize(
    ("records", "contig", "fields", "error", "message"),
    [
        (KNOWN, "chr1", ["AF"], ContigNamesError, "'chr1' against '1'"),
        (["47 A C AF=0.9"], "1", ["AF"], NothingJoinedError, "holds none of the 5 variants of the cohort"),
        (KNOWN, "1", ["AF", "AFX"], ResourceFieldError, "INFO declares no AFX"),
        (["14 C T AF=0.1"], "1", ["AF"], ReferenceMismatchError, "known.vcf was not called on reference.fa"),
    ],
)
def test_mistakes_are_not_taken_for_rarity(tmp_path, cohort, records, contig, fields, error, message):
    with pytest.raises(error, match=message):
        joined(tmp_path, cohort, fields, file=resource(tmp_path, records, contig))
    assert not (tmp_path / "annotations.parquet").exists()


def test_a_resource_that_is_not_there(tmp_path, cohort):
    with pytest.raises(MissingFileError, match=r"absent\.vcf"):
        joined(tmp_path, cohort, file=tmp_path / "absent.vcf")


def test_a_limit_needs_its_field(tmp_path, cohort):
    with pytest.raises(ConfigError, match="max_frequency names AC, which fields does not"):
        joined(tmp_path, cohort, max_frequency={"AC": 0.01})


def test_indels_of_a_maf_get_the_base_before(tmp_path):
    reference, _ = write_genome(tmp_path)
    columns = ["patient_id", "sample_id", "chromosome", "gene", "transcript", "consequence", "amino_acid_change"]
    rows = [
        {"position": 17, "ref": "C", "alt": "-"},
        {"position": 16, "ref": "-", "alt": "GG"},
        {"position": 14, "ref": "A", "alt": "T"},
    ]
    more = {"line": 1, "alt_copies": 1, "ploidy": 2, "transcript_choice": "stated", "loftee": ""}
    for item in rows:
        item |= dict.fromkeys(columns, "x") | more | {"chromosome": "1", "consequence_class": "lof"}
        item["variant"] = f"1-{item['position']}-{item['ref']}-{item['alt']}"
    frame = tables.VARIANTS.frame(rows)
    tables.VARIANTS.write(frame, tmp_path / "v.parquet")
    file = resource(tmp_path, ["14 A T AF=0.1", "16 A AGG AF=0.2", "16 AC A AF=0.3"])
    values, rate, _ = joined(tmp_path, ([tmp_path / "v.parquet"], reference), file=file)
    assert frequencies(values) == {"1-14-A-T": 0.1, "1-16---GG": 0.2, "1-17-C--": 0.3}
    assert rate["join_rate"] == 1


def test_a_cohort_without_variants_joins_nothing_and_that_is_no_mistake(tmp_path):
    genome = write_genome(tmp_path)
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/0"], ["S1"])
    batch(tmp_path, [row("P1", "S1", vcf)], genome)
    values, rate, _ = joined(tmp_path, ([tmp_path / "variants.parquet"], genome[0]))
    assert values == {}
    assert rate["join_rate"] == 0
