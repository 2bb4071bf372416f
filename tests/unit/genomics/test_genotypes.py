"""Genotypes of some samples, cut out of files with incomplete headers; what is wrong is said with its line."""

import gzip

import pysam
import pytest

from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.genotypes import Counts, Wanted, write_genotypes
from radiogenomics.genomics.reading import is_bcf
from radiogenomics.genomics.remarks import Remarks
from tests.unit.genomics.small_genome import write_genome, write_vcf

UNDECLARED = """\
##fileformat=VCFv4.1
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\tS3
1\t14\trs1\tA\tG\t100\tPASS\tAC=2;XX=q\tGT:DS\t0|1:1.0\t0|0:0\t1|1:2
1\t15\t.\tA\t.\t.\tPASS\t.\tGT\t0/0\t0/0\t0/0
1\t16\t.\tA\tC\t.\tq10;s50\tAF=.\tGT:GL\t0/1\t.\t./.
1\t17\t.\tC\tT\t.\t.\t.\tDP\t3\t4\t5
"""


def cut(folder, text, samples=("S3", "S1"), name="in.vcf", pass_only=False):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    wanted = Wanted(samples, {"1": 100}, {"1"}, pass_only)
    counts = write_genotypes(path, wanted, folder / "out.vcf", Remarks(path))
    lines = (folder / "out.vcf").read_text().splitlines()
    return [line.split("\t") for line in lines if not line.startswith("##")], counts


@pytest.mark.parametrize("name", ["in.vcf", "in.vcf.gz"])
def test_wanted_samples_in_the_wanted_order(tmp_path, name):
    (header, *records), counts = cut(tmp_path, UNDECLARED, name=name)
    assert header[-2:] == ["S3", "S1"]
    assert [(cells[1], *cells[-2:]) for cells in records] == [
        ("14", "1|1", "0|1"),
        ("16", "./.", "0/1"),
        ("17", ".", "."),
    ]
    assert counts == Counts(records=3, filtered=0, missing=[2, 1], uncalled=[2, 1])


def test_filters_and_contigs_without_genes(tmp_path):
    text = UNDECLARED + "2\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/1\t0/1\n"
    (_, *records), counts = cut(tmp_path, text, pass_only=True)
    assert [cells[1] for cells in records] == ["14", "17"]
    assert (counts.records, counts.filtered) == (2, 1)


@pytest.mark.parametrize(
    ("ref", "alt", "written"),
    [
        ("a", "g,T", "A G,T"),
        ("A", "A]1:90],T", "A <OTHER>,T"),
        ("A", "A.", "A <OTHER>"),
        ("A", "R", "A <OTHER>"),
        ("A", "a", "A <OTHER>"),
        ("A", "<DEL>,*", "A <OTHER>,*"),
        ("A", "G,<NON_REF>", "A G,<OTHER>"),
    ],
)
def test_alleles_that_are_no_sequence_are_carried_by_nobody(tmp_path, ref, alt, written):
    line = f"1\t14\t.\t{ref}\t{alt}\t.\t.\t.\tGT\t0/1\t0/1\t0/1\n"
    (_, record), _ = cut(tmp_path, UNDECLARED.splitlines(keepends=True)[1] + line)
    assert " ".join(record[3:5]) == written


def test_the_genotype_is_found_wherever_it_stands(tmp_path):
    text = UNDECLARED.splitlines(keepends=True)[1] + "1\t14\t.\tA\tG\t.\t.\t.\tDP:GT\t3:0/1\t4\t5:1/1\n"
    (_, record), _ = cut(tmp_path, text, samples=("S1", "S2", "S3"))
    assert record[-3:] == ["0/1", ".", "1/1"]


def test_the_result_is_read_by_htslib_without_a_warning(tmp_path, capfd):
    cut(tmp_path, UNDECLARED)
    with pysam.VariantFile(str(tmp_path / "out.vcf")) as stream:
        assert [record.samples["S1"]["GT"] for record in stream] == [(0, 1), (0, 1), (None,)]
    assert capfd.readouterr().err == ""


def test_windows_line_ends(tmp_path):
    assert cut(tmp_path, UNDECLARED.replace("\n", "\r\n")) == cut(tmp_path, UNDECLARED)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            UNDECLARED + "1\t18\t.\tC\tT\t.\t.\t.\tGT\t0/0\n",
            UnreadableVcfError,
            "line 7: 10 columns, the header has 12",
        ),
        (UNDECLARED.replace("#CHROM", "CHROM"), UnreadableVcfError, "line 2: before the #CHROM line"),
        ("##fileformat=VCFv4.3\n", UnreadableVcfError, "no #CHROM line"),
        (UNDECLARED.replace("S2", "S1"), UnreadableVcfError, "sample 'S1' stands 2 times in the header"),
    ],
)
def test_refused_with_the_line(tmp_path, text, error, message):
    with pytest.raises(error, match=message):
        cut(tmp_path, text)


def test_bcf_is_told_by_its_content(tmp_path):
    write_genome(tmp_path)
    vcf = write_vcf(tmp_path, ["14 A T PASS 0/1"], ["S1"], "calls.vcf.gz")
    with (
        pysam.VariantFile(str(vcf)) as source,
        pysam.VariantFile(str(tmp_path / "odd.name"), "wb", header=source.header) as out,
    ):
        for record in source:
            out.write(record)
    assert is_bcf(tmp_path / "odd.name")
    assert not is_bcf(vcf)
    (tmp_path / "cut.gz").write_bytes(b"\x1f\x8b\x08")
    assert not is_bcf(tmp_path / "cut.gz")
