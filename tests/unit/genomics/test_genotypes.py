"""Genotypes of some samples, cut out of files with incomplete headers; what is wrong is said with its line."""

import gzip

import pysam
import pytest

from radiogenomics.genomics.errors import ReferenceMismatchError, UnreadableVcfError
from radiogenomics.genomics.genotypes import is_bcf, write_genotypes
from tests.unit.genomics.small_genome import write_genome, write_vcf

UNDECLARED = """\
##fileformat=VCFv4.1
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\tS3
1\t14\trs1\tA\tG\t100\tPASS\tAC=2;XX=q\tGT:DS\t0|1:1.0\t0|0:0\t1|1:2
1\t15\t.\tA\t.\t.\tPASS\t.\tGT\t0/0\t0/0\t0/0
1\t16\t.\tA\tC\t.\tq10;s50\tAF=.\tGT:GL\t0/1\t.\t./.
1\t17\t.\tC\tT\t.\t.\t.\tDP\t3\t4\t5
"""


def cut(folder, text, samples=("S3", "S1"), name="in.vcf"):
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    write_genotypes(path, samples, {"1": 100}, folder / "reference.fa", folder / "out.vcf")
    return [line.split("\t") for line in (folder / "out.vcf").read_text().splitlines() if not line.startswith("##")]


@pytest.mark.parametrize("name", ["in.vcf", "in.vcf.gz"])
def test_wanted_samples_in_the_wanted_order(tmp_path, name):
    header, *records = cut(tmp_path, UNDECLARED, name=name)
    assert header[-2:] == ["S3", "S1"]
    assert [(cells[1], cells[6], *cells[-2:]) for cells in records] == [
        ("14", "PASS", "1|1", "0|1"),
        ("16", "FILTERED", "./.", "0/1"),
        ("17", "PASS", ".", "."),
    ]


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
        (UNDECLARED.replace("#CHROM", "#CHRM"), UnreadableVcfError, "line 2: before the #CHROM line"),
        ("##fileformat=VCFv4.3\n", UnreadableVcfError, "no #CHROM line"),
        (UNDECLARED.replace("1\t16", "2\t16"), ReferenceMismatchError, "line 5: contig 2 is not in the reference"),
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
