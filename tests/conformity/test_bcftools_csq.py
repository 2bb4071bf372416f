"""Consequences of each allele alone against the expected texts of bcftools' own test suite (real Ensembl genes)."""

from pathlib import Path
from shutil import copyfile

import pysam
import pytest

from radiogenomics import tables
from radiogenomics.genomics.annotate import annotate
from radiogenomics.genomics.bcftools import run_bcftools
from radiogenomics.genomics.consequence import merge, parse_bcsq
from radiogenomics.genomics.errors import ContigLengthsError, ContigNamesError
from radiogenomics.genomics.genes import read_genes
from radiogenomics.genomics.normalise import header_of
from radiogenomics.genomics.reference import check_contigs, indexed_reference
from tests.shared_data import ROOT, shared_data

# bcftools 1.24 says of an arginine that becomes a stop at the end of an incomplete CDS (143R>143*) that the stop is
# gained and retained; the older expectation has retained only. The residue was no stop, so gained is right.
NEWER = {(14714, "G", "A"): {("MKNK1", "ENST00000528237"): {"stop_gained", "stop_retained_variant"}}}


def expected(vcf: Path) -> dict[tuple[int, str, str], str]:
    """``POS REF ALT text`` per allele; the second of two equal lines is that of --local-csq where there are two."""
    local, usual = vcf.with_suffix(".txt-l"), vcf.with_suffix(".txt")
    found: dict[tuple[int, str, str], str] = {}
    text = next((path.read_text() for path in (local, usual) if path.exists()), "")
    for line in text.splitlines():
        cells = line.split("\t")
        if len(cells) == 4:
            found[int(cells[0]), cells[1], cells[2]] = cells[3]
    return found


CASES = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "genomics" / "bcftools_csq").glob("*/*.vcf")
    if expected(path)  # some hold commands or one text per haplotype instead
)


def called(vcf: Path, folder: Path, *mode: str, genes: str = "*.gff*") -> dict[tuple[int, str, str], str]:
    """BCSQ by allele, of each allele alone unless ``mode`` says otherwise."""
    reference = next(path for path in vcf.parent.glob("*.fa") if path.stem in (vcf.parent.name, vcf.stem, "csq"))
    target = folder / "called.vcf"
    files = ["-f", str(reference), "-g", str(next(vcf.parent.glob(genes))), "-Ov", "-o", str(target), str(vcf)]
    run_bcftools("csq", [*(mode or ["--local-csq"]), *files], vcf, reference)
    with pysam.VariantFile(str(target)) as stream:
        return {
            (record.pos, record.ref, record.alts[0]): ",".join(record.info.get("BCSQ", ()))
            for record in stream
            if record.alts
        }


@pytest.mark.parametrize("case", CASES or [None], ids=str)
def test_terms_per_transcript_are_as_expected(case, tmp_path):
    vcf = shared_data(*case.parts) if case else shared_data("genomics", "bcftools_csq")
    found = called(vcf, tmp_path)
    compared = 0
    for allele, text in expected(vcf).items():
        if text.startswith("@"):  # stated at another record of the same haplotype; each allele stands alone here
            continue
        assert consequences(found.get(allele, "")) == NEWER.get(allele, consequences(text)), allele
        compared += 1
    assert compared > 0


def consequences(text: str) -> dict[tuple[str, str], set[str]]:
    if text in ("", "."):
        return {}
    own = ",".join(entry for entry in text.split(",") if not entry.startswith("@"))
    return {key: set(value.terms) for key, value in merge(parse_bcsq(own)).items()} if own else {}


# The larger cases: real and made-up genes in one file. Each record states what is expected of it.
TOP = ("genomics", "bcftools_csq_top")
# Newer releases of bcftools call an in-frame replacement feature_elongation, and a frameshift that ends in a stop at
# once stop_gained as well; csq.1.out states old and new, the second line of each pair being the new one.
NEWER_TERMS = {
    (140, "TA", "AACG"): {"feature_elongation", "splice_region_variant"},
    (121, "AC", "A"): {"stop_gained", "frameshift_variant", "splice_region_variant"},
}


def expected_at_top() -> dict[tuple[int, str, str], str]:
    with pysam.VariantFile(str(shared_data(*TOP, "csq.vcf"))) as stream:
        return {(record.pos, record.ref, record.alts[0]): ",".join(record.info["EXP"]) for record in stream}


def test_each_allele_alone_of_the_larger_case(tmp_path):
    found = called(shared_data(*TOP, "csq.vcf"), tmp_path, genes="csq.gff3")
    alone = {allele: text for allele, text in expected_at_top().items() if "@" not in text and "+1" not in text}
    assert len(alone) == 17
    for allele, text in alone.items():
        assert consequences(found[allele]) == consequences(text), allele


def test_haplotypes_of_the_larger_case(tmp_path):
    found = called(shared_data(*TOP, "csq.vcf"), tmp_path, "-p", "a", genes="csq.gff3")
    expected = expected_at_top()
    assert len(expected) == 33
    for allele, text in expected.items():
        wanted = consequences(text)
        if allele in NEWER_TERMS:
            wanted = dict.fromkeys(wanted, NEWER_TERMS[allele])
        assert consequences(found[allele]) == wanted, allele


def test_many_transcripts_are_all_stated(tmp_path):
    entries = set(",".join(called(shared_data(*TOP, "csq.2.vcf"), tmp_path, genes="csq.2.gff").values()).split(","))
    wanted = set(shared_data(*TOP, "csq.3.out").read_text().split())
    assert len(wanted) == 48
    assert entries <= wanted  # of two alleles at one position on two contigs the dictionary holds the last


@pytest.mark.parametrize(
    ("name", "error"), [("nchr", ContigLengthsError), ("ychr", ContigNamesError), ("yychr", ContigNamesError)]
)
def test_names_of_contigs_that_differ_are_refused(name, error, tmp_path):
    """bcftools takes chr1 for 1 if it is told to, and else finds nothing, without an error.

    The header of the first file, whose names agree, states 1,254 bases where the FASTA has 60.
    """
    folder = shared_data(*TOP)
    genes = read_genes(folder / "csq.nchr.gff")
    vcf = folder / f"csq.{name}.vcf"
    reference = indexed_reference(Path(copyfile(folder / "csq.nchr.fa", tmp_path / "reference.fa")), tmp_path)
    with pytest.raises(error):
        check_contigs(vcf, header_of(vcf), reference, genes)


def test_where_names_agree_the_consequence_is_found(tmp_path):
    folder = shared_data(*TOP)
    for name in ("csq.nchr.vcf", "csq.nchr.fa", "csq.nchr.gff"):
        copyfile(folder / name, tmp_path / name)
    vcf = tmp_path / "csq.nchr.vcf"
    vcf.write_text(vcf.read_text().replace("length=1254", "length=60"))
    annotate(
        vcf=vcf,
        reference=tmp_path / "csq.nchr.fa",
        genes=tmp_path / "csq.nchr.gff",
        settings="{}",
        variants=tmp_path / "v.parquet",
    )
    [row] = tables.VARIANTS.read(tmp_path / "v.parquet").itertuples()
    [(transcript, terms)] = consequences((folder / "csq.chr.out").read_text().splitlines()[1]).items()
    assert (row.gene, row.transcript) == transcript
    assert set(row.consequence.split("&")) == terms


COMMANDS = {
    "filter-problem.1": ["-i", "POS!=25105", "-p", "m"],
    "filter-problem.2": ["-i", "POS!=25496", "-p", "m"],
    "filter-problem.3": ["-i", "POS!=25500", "-p", "m"],
    "upstream-stop": ["-p", "a"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_cases_that_are_stated_as_commands(name, tmp_path):
    folder = "ENST00000000000" if name == "upstream-stop" else "ENSMUST00000121418"
    vcf = shared_data("genomics", "bcftools_csq", folder, f"{name.partition('.')[0]}.vcf")
    found = called(vcf, tmp_path, *COMMANDS[name])
    for line in (vcf.parent / f"{name}.cmd.out").read_text().splitlines():
        position, ref, alt, *_, text = line.split("\t")
        assert consequences(text).items() <= consequences(found[int(position), ref, alt]).items(), line


def test_haploid_and_diploid_samples_side_by_side(tmp_path):
    """The case states one text per haplotype; where an allele stands alone on one, that is its consequence here."""
    vcf = shared_data("genomics", "bcftools_csq", "ENST00000381157", "haploid-diploid.vcf")
    terms = {
        key[0]: [*consequences(text).values()] for key, text in called(vcf, tmp_path).items() if consequences(text)
    }
    expected = {31140: [{"missense_variant"}], 31177: [{"missense_variant"}], 31178: [{"synonymous_variant"}]}
    assert {position: terms[position] for position in expected} == expected
