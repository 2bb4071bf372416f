"""Splitting and left-alignment against input and output files of bcftools' tests and of Glow's (bcftools and vt)."""

import shutil
from dataclasses import dataclass

import cyvcf2
import pytest

from radiogenomics.genomics.errors import ReferenceMismatchError
from radiogenomics.genomics.genotypes import Wanted
from radiogenomics.genomics.normalise import header_of, normalised
from radiogenomics.genomics.records import Site
from radiogenomics.genomics.reference import contig_lengths, indexed_reference
from radiogenomics.genomics.remarks import Remarks
from tests.shared_data import shared_data

BCFTOOLS, GLOW = ("genomics", "bcftools_norm"), ("genomics", "normalise_glow")
Alleles = list[tuple[str, int, str, str, tuple[int, ...]]]


@dataclass(frozen=True)
class Pair:
    """``direct``: the output is split and aligned, so that it is what we give; else we normalise it like the input.

    A pair without ``fasta`` only splits, so that none was given with it.
    """

    folder: tuple[str, str]
    given: str
    wanted: str
    fasta: str = ""
    direct: bool = False

    def __str__(self) -> str:
        return self.wanted


PAIRS = [
    Pair(BCFTOOLS, "norm.vcf", "norm.out", "norm.fa"),
    Pair(BCFTOOLS, "norm.split.vcf", "norm.split.out", "norm.fa"),
    Pair(BCFTOOLS, "norm.split.vcf", "norm.split.and.norm.out", "norm.fa", direct=True),
    Pair(BCFTOOLS, "norm.split.3.vcf", "norm.split.3.out", "norm.fa"),
    Pair(BCFTOOLS, "norm.2.vcf", "norm.2.out", "norm.2.fa"),
    Pair(BCFTOOLS, "norm.split.2.vcf", "norm.split.2.out"),
    Pair(BCFTOOLS, "norm.split.4.vcf", "norm.split.4.1.out", direct=True),
    Pair(BCFTOOLS, "norm.split.4.vcf", "norm.split.4.2.out", direct=True),
    Pair(BCFTOOLS, "norm.split.5.vcf", "norm.split.5.1.out", direct=True),
    Pair(BCFTOOLS, "norm.m-any.vcf", "norm.m-any.1.out"),
    *(Pair(BCFTOOLS, "norm.split.merge.vcf", f"norm.split.merge.{number}.out") for number in range(1, 6)),
    *(
        Pair(GLOW, f"{name}.vcf", f"{name}_{suffix}.vcf", fasta, direct=suffix.startswith("vt") and "_" in suffix)
        for name, fasta in [
            ("01_IN_altered_biallelic", "20_altered.fasta"),
            ("01_IN_altered_multiallelic", "20_altered.fasta"),
            ("test_left_align_hg38_altered", "Homo_sapiens_assembly38.20.21_altered.fasta"),
            ("test_left_align_hg38_altered_symbolic", "Homo_sapiens_assembly38.20.21_altered.fasta"),
        ]
        for suffix in ("bcftoolsnormalized", "vtdecompose", "vtdecompose_bcftoolsnormalized")
    ),
]
# Records that we treat otherwise on purpose, taken out on both sides: an allele that is no base (I), a REF that is not
# the reference's, and a REF with an IUPAC code, which bcftools replaces by the base of the reference.
OTHERWISE = {"norm.out": {"4:37", "1:60"}, "norm.2.out": {"1:14"}}
# bcftools was told to mend REF (-c s, -c w); here it is refused, or left out where it holds an IUPAC code.
MENDED = [("norm.3.vcf", "norm.3.fa"), ("norm.check-ref.vcf", "norm.check-ref.fa")]


def copied(name, folder, target, without=frozenset()):
    """A copy without some records and without empty columns at the ends of lines (two files of Glow have them)."""
    lines = shared_data(*folder, name).read_text().splitlines()
    kept = [line.rstrip("\t") for line in lines if ":".join(line.split("\t")[:2]) not in without]
    target.write_text("\n".join(kept) + "\n")
    return target


def made_up(vcf, target):
    """A reference that holds the REF alleles of a file, and N elsewhere."""
    contigs: dict[str, dict[int, str]] = {}
    for line in vcf.read_text().splitlines():
        cells = line.split("\t")
        if not line.startswith("#"):
            contigs.setdefault(cells[0], {}).update(enumerate(cells[3].upper(), int(cells[1]) - 1))
    lines = (
        f">{name}\n" + "".join(bases.get(place, "N") for place in range(max(bases) + 2)) + "\n"
        for name, bases in contigs.items()
    )
    target.write_text("".join(lines))
    return target


def ours(vcf, fasta, folder) -> Alleles:
    reference = indexed_reference(fasta, folder)
    contigs, samples = contig_lengths(reference), header_of(vcf).samples
    remarks = Remarks(vcf, {"unsorted": "repaired"})
    sites, _ = normalised(vcf, Wanted(samples, contigs, contigs, pass_only=False), reference, folder, remarks)
    with sites.calls.opened() as calls:

        def copies(record):
            carried = calls.carriers(Site.parse(record.ID), record.INFO["ALLELE"])
            found = dict(zip(carried.samples.tolist(), carried.copies.tolist(), strict=True))
            return [found.get(sample, 0) for sample in range(len(samples))]

        return alleles(sites.bcf, copies)


def stated(record):
    return (record.genotype.array()[:, :-1] == 1).sum(axis=1).tolist()


def alleles(path, copies=stated) -> Alleles:
    """Alleles with the copies that each sample carries; other alleles of a carrier may be written as 0 or missing."""
    reader = cyvcf2.VCF(str(path))
    found = []
    for record in reader:
        carried = tuple(copies(record)) if copies is not stated or reader.samples else ()
        found += [(record.CHROM, record.POS, record.REF.upper(), alt, carried) for alt in record.ALT]
    # Symbols are written as <OTHER>, where nobody carries them.
    plain = [(*item[:3], "<OTHER>" if item[3].startswith("<") else item[3].upper(), item[4]) for item in found]
    return sorted(plain)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_output_is_as_expected(pair, tmp_path):
    without = OTHERWISE.get(pair.wanted, frozenset())
    given = copied(pair.given, pair.folder, tmp_path / "given.vcf", without)
    wanted = copied(pair.wanted, pair.folder, tmp_path / "wanted.vcf", without)
    fasta = tmp_path / "reference.fa"
    if pair.fasta:
        shutil.copyfile(shared_data(*pair.folder, pair.fasta), fasta)
    else:
        made_up(given, fasta)
    found = ours(given, fasta, tmp_path)
    assert found == (alleles(wanted) if pair.direct else ours(wanted, fasta, tmp_path))
    assert found


@pytest.mark.parametrize(("vcf", "fasta"), MENDED)
def test_a_reference_that_does_not_fit_is_refused_and_not_mended(vcf, fasta, tmp_path):
    given = copied(vcf, BCFTOOLS, tmp_path / vcf)
    shutil.copyfile(shared_data(*BCFTOOLS, fasta), tmp_path / fasta)
    with pytest.raises(ReferenceMismatchError, match=rf"{vcf}.*line 5: at \w+:1[01] the VCF has REF (NAC|C)"):
        ours(given, tmp_path / fasta, tmp_path)


def test_a_code_for_several_bases_in_ref_is_left_out(tmp_path):
    given = copied("norm.iupac.vcf", BCFTOOLS, tmp_path / "given.vcf")
    shutil.copyfile(shared_data(*BCFTOOLS, "norm.iupac.fa"), tmp_path / "norm.fa")
    assert ours(given, tmp_path / "norm.fa", tmp_path) == []
