"""Genotypes from VCF and PLINK files: every kind of call, every reason to leave a record out, damaged files."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, strategies as st

from radiogenomics.errors import MissingExtraError, MissingFileError
from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.quality.errors import NoGenotypesOfMafError, OrderOfSitesError, UnreadableGenotypesError
from radiogenomics.genomics.quality.files import open_source
from radiogenomics.genomics.quality.joined import joined
from radiogenomics.genomics.quality.plink import BED_MAGIC, BedSource, PgenSource
from radiogenomics.genomics.quality.vcf import VcfSource

CODES = {2: 0, -1: 1, 1: 2, 0: 3}  # two bits of .bed by copies of the first allele of .bim
HEADER = """\
##fileformat=VCFv4.3
##contig=<ID=chr1,length=248956422>
##contig=<ID=chrX,length=156040895>
##FILTER=<ID=LowQual,Description="low">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">
##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">
"""


def write_vcf(path, records, samples=("A", "B", "C")):
    lines = ["\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples])]
    for record in records:
        contig, position, ref, alt, state, form, *calls = record.split()
        lines.append("\t".join([contig, position, ".", ref, alt, ".", state, ".", form, *calls]))
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def write_bed(folder, copies):
    """(n_samples, n_sites) copies of ALT as .bed, .bim and .fam."""
    n_samples, n_sites = copies.shape
    (folder / "x.fam").write_text("".join(f"F S{number} 0 0 0 -9\n" for number in range(n_samples)))
    (folder / "x.bim").write_text("".join(f"1\tv{number}\t0\t{number + 1}\tG\tA\n" for number in range(n_sites)))
    content = bytearray(BED_MAGIC)
    for site in copies.T:
        for start in range(0, n_samples, 4):
            content.append(sum(CODES[int(each)] << 2 * place for place, each in enumerate(site[start : start + 4])))
    (folder / "x.bed").write_bytes(content)
    return folder / "x.bed"


def whole(source, wanted, n_sites=3):
    return np.hstack([block.copies for block in source.blocks(wanted, n_sites)])


@given(st.data())
def test_bed_gives_back_what_was_written(tmp_path_factory, data):
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 12)))
    values = data.draw(st.lists(st.integers(-1, 2), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    copies = np.array(values, dtype=np.int8).reshape(shape)
    source = BedSource(write_bed(tmp_path_factory.mktemp("bed"), copies))
    order = data.draw(st.permutations(range(shape[0])))
    found = whole(source, [f"S{number}" for number in order], data.draw(st.integers(1, 13)))
    np.testing.assert_array_equal(found, copies[order])


def test_damaged_plink_files_are_refused(tmp_path):
    bed = write_bed(tmp_path, np.zeros((5, 4)))
    content = bed.read_bytes()
    bed.write_bytes(content[:-1])
    with pytest.raises(UnreadableGenotypesError, match="10 bytes, not the 11 of 4 variants of 5 samples"):
        BedSource(bed)
    bed.write_bytes(b"\x6c\x1b\x00" + content[3:])
    with pytest.raises(UnreadableGenotypesError, match="6c1b00"):
        BedSource(bed)
    (tmp_path / "x.fam").write_text("F S 0 0 0 -9\n" * 5)
    with pytest.raises(UnreadableGenotypesError, match="same identifier"):
        BedSource(bed)
    (tmp_path / "x.fam").unlink()
    with pytest.raises(MissingFileError):
        BedSource(bed)


def test_without_pgenlib_a_pgen_is_refused(tmp_path, monkeypatch):
    for suffix, text in ((".pgen", ""), (".psam", "#IID\nA\n"), (".pvar", "#CHROM POS ID REF ALT\n")):
        (tmp_path / f"x{suffix}").write_text(text)
    monkeypatch.setitem(__import__("sys").modules, "pgenlib", None)
    with pytest.raises(MissingExtraError, match="pgenlib"):
        PgenSource(tmp_path / "x.pgen", pass_only=True)


def test_every_kind_of_call(tmp_path):
    records = [
        "chr1 10 A G PASS GT 0/0 0|1 1/1",
        "chr1 20 A G PASS GT ./1 .|0 ./.",
        "chr1 30 A G . GT 0 1 .",
        "chrX 40 A G PASS GT 0/1 1 0",
    ]
    (block,) = VcfSource(write_vcf(tmp_path / "x.vcf", records), True).blocks(["C", "A", "B"])
    assert block.copies.T.tolist() == [[2, 0, 1], [-1, -1, -1], [-1, 0, 2], [0, 1, 2]]
    assert block.haploid.T.tolist() == [[False] * 3, [False] * 3, [False, True, True], [True, False, True]]
    assert block.chromosome.tolist() == ["1", "1", "1", "X"]


def test_every_reason_to_leave_a_record_out(tmp_path):
    records = [
        "chr1 10 A G LowQual GT 0/0 0/1 1/1",
        "chr1 20 A G,T PASS GT 0/0 0/1 1/2",
        "chr1 30 A * PASS GT 0/0 0/1 1/1",
        "chr1 40 A <DEL> PASS GT 0/0 0/1 1/1",
        "chr1 50 A . PASS GT 0/0 0/0 0/0",
        "chr1 60 A G PASS DP 3 4 5",
        "chr1 70 A G PASS GT 0/0/1 0/1 0/1",
        "chrM 80 A G PASS GT 0/0 0/1 0/1",
        "chr1 90 A G PASS GT 0/0 0/1 0/1",
    ]
    path = write_vcf(tmp_path / "x.vcf", records)
    path.write_text(path.read_text().replace("##FILTER", "##contig=<ID=chrM>\n##FILTER"))
    source = VcfSource(path, True)
    assert whole(source, ["A", "B", "C"]).shape == (3, 1)
    reasons = ("filter", "multiallelic", "no_alternate", "no_gt", "polyploid", "other_contig")
    assert source.left_out == Counter(reasons) + Counter({"no_sequence": 2})
    assert whole(VcfSource(path, False), ["B"]).shape == (1, 3)  # with what FILTER names; the polyploid call is of A


def test_depths_are_missing_where_they_are_not_stated(tmp_path):
    records = ["chr1 10 A G PASS GT:DP:AD 0/0:7:6,1 0/1:.:. 1/1:0", "chr1 20 A G PASS GT 0/0 0/1 1/1"]
    (block,) = VcfSource(write_vcf(tmp_path / "x.vcf", records), True).blocks(["A", "B", "C"])
    nan = np.nan
    np.testing.assert_array_equal(block.depth.T, [[7, nan, 0], [nan, nan, nan]])
    np.testing.assert_array_equal(block.alt_depth.T, [[1, nan, nan], [nan, nan, nan]])
    assert block.quality is None


def test_a_file_that_is_cut_off_or_no_file_of_genotypes_is_refused(tmp_path):
    cut = write_vcf(tmp_path / "x.vcf", ["chr1 10 A G PASS GT 0/0 0/1 1/1", "chr1 20 A G PASS GT 0/0 0/1"])
    with pytest.raises(UnreadableVcfError):
        whole(VcfSource(cut, True), ["A", "C"])
    maf = tmp_path / "x.maf"
    maf.write_text("Hugo_Symbol\tTumor_Sample_Barcode\n")
    with pytest.raises(NoGenotypesOfMafError):
        open_source(maf, True)


def test_several_files_are_joined_by_allele(tmp_path):
    first = ["chr1 10 A G PASS GT 0/0 0/1", "chr1 20 A C PASS GT 1/1 0/1", "chr1 20 A G PASS GT 0/1 0/0"]
    second = ["chr1 20 a g PASS GT 1/1", "chr1 30 A G PASS GT 0/1", "chrX 5 A T PASS GT 1"]
    paths = [
        write_vcf(tmp_path / "1.vcf", [*first, "chrX 5 A T PASS GT 0/1 ./."], ("A", "B")),
        write_vcf(tmp_path / "2.vcf", second, ("C",)),
    ]
    parts = [(VcfSource(path, True), names) for path, names in zip(paths, (["B", "A"], ["C"]), strict=True)]
    left_out = Counter()
    blocks = list(joined(parts, left_out, n_sites=1))
    assert [(each.chromosome[0], each.position[0], each.alt[0]) for each in blocks] == [("1", 20, "G"), ("X", 5, "T")]
    assert [each.copies[:, 0].tolist() for each in blocks] == [[0, 1, 2], [-1, 1, 2]]
    assert left_out == {"not_in_every_file": 3}


def test_several_files_must_be_sorted(tmp_path):
    paths = [tmp_path / "1.vcf", tmp_path / "2.vcf"]
    for path, positions in zip(paths, ((10, 20), (20, 10)), strict=True):
        write_vcf(path, [f"chr1 {position} A G PASS GT 0/1" for position in positions], (path.stem,))
    with pytest.raises(OrderOfSitesError, match=r"2\.vcf: 1:10"):
        list(joined([(VcfSource(path, True), [path.stem]) for path in paths], Counter()))
