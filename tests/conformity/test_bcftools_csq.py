"""Consequences of each allele alone against the expected texts of bcftools' own test suite (real Ensembl genes)."""

from pathlib import Path

import pysam
import pytest

from radiogenomics.genomics.bcftools import run_bcftools
from radiogenomics.genomics.consequence import merge, parse_bcsq
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


def called(vcf: Path, folder: Path) -> dict[tuple[int, str, str], str]:
    reference = next(vcf.parent.glob("*.fa"))
    genes = next(vcf.parent.glob("*.gff*"))
    target = folder / "called.vcf"
    run_bcftools(
        "csq",
        ["--local-csq", "-f", str(reference), "-g", str(genes), "-Ov", "-o", str(target), str(vcf)],
        vcf,
        reference,
    )
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
    return {key: set(value.terms) for key, value in merge(parse_bcsq(own)).items()}
