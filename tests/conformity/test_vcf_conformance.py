"""The VCF 4.3 files of the EBI's vcf-validator: valid ones are read, faults in what is read are refused or said.

``python -m tests.conformity.test_vcf_conformance`` writes docs/vcf-conformance.md anew.
"""

from pathlib import Path

import pytest

from radiogenomics.errors import RadiogenomicsError
from radiogenomics.genomics.errors import FaultyVariantsError, ReferenceMismatchError, UnreadableVcfError
from radiogenomics.genomics.genes import Genes
from radiogenomics.genomics.genotypes import Wanted
from radiogenomics.genomics.normalise import header_of, normalised
from radiogenomics.genomics.remarks import KINDS, Remarks
from radiogenomics.genomics.variants import read_carried
from tests.shared_data import ROOT, shared_data

PAGE = Path(__file__).parents[2] / "docs" / "vcf-conformance.md"
CONTIG_BASES = 70_000
CONTIGS = ("1", "2", "3", "X")
NO_GENES = Genes(Path("none.gff3"), frozenset(CONTIGS), {}, {}, {}, plain=True)

# Valid in form, but two records state different bases of one place: no reference can hold both.
CONTRADICTORY = {"complexfile_passed_000", "passed_body_alt"}

# What must be said of a faulty file: a kind of remark, or `unreadable` for the reason unreadable_vcf. The first
# beginning of a file's name that fits decides.
EXPECTED = {
    "body_alt_000": "alt_code",
    "body_alt": "alt_allele",
    "body_chrom": "not_in_reference",
    "body_contiguous": "unsorted",
    "body_unsorted": "unsorted",
    "body_duplicated": "duplicate",
    "body_filter": "filter",
    "body_format_002": "gt_not_first",
    "body_format_006": "genotype",
    "body_no_newline": "no_line_end",
    "body_pos": "position",
    "body_ref_001": "ref_code",
    "body_ref": "ref_allele",
    "body_sample_000": "genotype",
    "body_sample_001": "allele_number",
    "body_sample_002": "genotype",
    "body_sample_003": "extra_fields",
    "body_sample_011": "unreadable",
    "empty_sample": "unreadable",
    "fileformat": "fileformat",
    "header": "unreadable",
    "meta_000": "meta_line",
    "meta_002": "unreadable",
    "meta_003": "meta_line",
    "meta_004": "unreadable",
    "meta_005": "unreadable",
    "meta_007": "meta_line",
    "meta_008": "meta_line",
    "meta_009": "meta_line",
    "meta_assembly_000": "meta_line",
    "meta_contig_00": "contig_declaration",
    "meta_format_022": "genotype_declaration",
    "meta_format_023": "genotype_declaration",
    "meta_pedigreedb_000": "meta_line",
}
HARMLESS = {
    "body_format": "of FORMAT only the place of GT is read",
    "body_id": "ID is not read",
    "body_info": "INFO is not read, unless consequences are taken from it",
    "body_qual": "QUAL is not read",
    "body_sample": "of a sample only GT is read",
    "meta_001": "##ALT is not read",
    "meta_006": "##ALT is not read",
    "meta_alt": "##ALT is not read",
    "meta_assembly": "##assembly is not read",
    "meta_contig_003": "`*` is allowed in names of contigs after the first letter (VCF 4.3, 1.4.7), as in HLA-A*01:01",
    "meta_format": "of ##FORMAT only GT is read",
    "meta_info": "types and numbers of ##INFO are not read",
    "meta_meta": "##META is not read",
    "meta_pedigree": "##PEDIGREE is not read",
    "meta_sample": "##SAMPLE is not read",
}
EXPECTED_BY_LENGTH = sorted((*EXPECTED, *HARMLESS), key=len, reverse=True)


def files(folder: str) -> list[Path]:
    return sorted((ROOT / "genomics" / "vcf_conformance_ebi_v4.3" / folder).glob("*.vcf"))


def fault_of(path: Path) -> str:
    """The beginning of the name, among those above, that stands for the file."""
    stem = path.stem.removeprefix("failed_")
    return next(name for name in EXPECTED_BY_LENGTH if stem.startswith(name))


def reference_of(vcf: Path, folder: Path) -> Path:
    """A reference that holds the REF alleles of a file, and N elsewhere."""
    contigs = {name: ["N"] * CONTIG_BASES for name in CONTIGS}
    for line in vcf.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = line.split("\t")
        if len(cells) > 4 and cells[0] in contigs and cells[1].isdigit() and cells[3].isalpha():
            start = int(cells[1]) - 1
            contigs[cells[0]][start : start + len(cells[3])] = cells[3]
    path = folder / "reference.fa"
    path.write_text("".join(f">{name}\n{''.join(bases[:CONTIG_BASES])}\n" for name, bases in contigs.items()))
    return path


def read(vcf: Path, folder: Path) -> tuple[RadiogenomicsError | None, Remarks]:
    """Read a file up to the carriers of its alleles; returns the error, if any, and what is odd."""
    remarks = Remarks(vcf)
    try:
        header = header_of(vcf)
        reference = reference_of(vcf, folder)
        wanted = Wanted(header.samples, dict.fromkeys(CONTIGS, CONTIG_BASES), CONTIGS, pass_only=True)
        bcf, counts = normalised(vcf, wanted, reference, folder, remarks)
        if counts.records and header.samples:
            read_carried(bcf, dict(zip(header.samples, header.samples, strict=True)), NO_GENES, "worst", remarks)
    except RadiogenomicsError as error:
        return error, remarks
    return None, remarks


@pytest.mark.parametrize("path", files("passed") or [None], ids=lambda path: path and path.stem)
def test_valid_files_are_read(path, tmp_path):
    error, remarks = read(path or shared_data("genomics", "vcf_conformance_ebi_v4.3"), tmp_path)
    assert isinstance(error, ReferenceMismatchError) if path.stem in CONTRADICTORY else error is None
    assert set(remarks.found) <= {
        *("alt_star", "alt_symbol", "haploid", "polyploid", "no_gt", "not_in_reference", "telomere")
    }


@pytest.mark.parametrize("path", files("failed") or [None], ids=lambda path: path and path.stem)
def test_faults_are_refused_or_said_by_file_and_line(path, tmp_path):
    error, remarks = read(path or shared_data("genomics", "vcf_conformance_ebi_v4.3"), tmp_path)
    kind = EXPECTED.get(fault_of(path))
    if kind == "unreadable":
        assert isinstance(error, UnreadableVcfError)
        assert path.name in error.message
        assert "line" in error.message or path.stat().st_size == 0
    elif kind:
        assert remarks.found[kind].line > 0
        if remarks.refused:
            assert isinstance(error, FaultyVariantsError)
            assert f"{path.name}: line {remarks.refused[0].line}" in error.message
    else:
        assert error is None


def test_the_page_says_what_happens():
    shared_data("genomics", "vcf_conformance_ebi_v4.3")
    assert PAGE.read_text() == page(), "python -m tests.conformity.test_vcf_conformance"


def page() -> str:
    """Text of docs/vcf-conformance.md."""
    counts: dict[str, int] = {}
    for path in files("failed"):
        counts[fault_of(path)] = counts.get(fault_of(path), 0) + 1
    actions = {"refused": "refused", "left_out": "left out, reported", "noted": "read, reported"}
    said = {
        name: ("refused", "`unreadable_vcf`") if kind == "unreadable" else (actions[KINDS[kind].action], f"`{kind}`")
        for name, kind in EXPECTED.items()
    }
    lines = [f"| {name} | {counts[name]} | {said[name][0]} | {said[name][1]} |" for name in sorted(EXPECTED)]
    harmless = [f"| {name} | {counts[name]} | {HARMLESS[name]} |" for name in sorted(HARMLESS)]
    n_valid = len(files("passed"))
    n_said, n_harmless = (sum(counts[name] for name in names) for names in (EXPECTED, HARMLESS))
    return f"""\
# VCF conformance

The test files for VCF 4.3 of the EBI's vcf-validator: {n_valid} valid ones, and {n_said + n_harmless} with one fault.
The valid files are read; {len(CONTRADICTORY)} of them state different bases of one place, so that no reference fits.
Of the faulty ones {n_said} concern what is read here: they are refused or reported by file and line.
The other {n_harmless} concern what is not read.
This page is written and checked by `tests/conformity/test_vcf_conformance.py`.

## Faults in what is read

The first column is the beginning of the names of the files; [Genomics](genomics.md#what-is-odd-in-a-file)
explains the kinds.

| files | number | outcome | kind |
|---|---|---|---|
{chr(10).join(lines)}

Alleles that are stated twice in another context (`body_duplicated`) are found after left-alignment.

## Faults in what is not read

| files | number | why they do no harm |
|---|---|---|
{chr(10).join(harmless)}
"""


if __name__ == "__main__":
    PAGE.write_text(page())
