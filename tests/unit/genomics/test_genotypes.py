"""Genotypes of some samples, cut out of files with incomplete headers; what is wrong is said with its line."""

import gzip

import numpy as np
import pysam
import pytest

from radiogenomics.genomics.errors import UnreadableVcfError
from radiogenomics.genomics.genotypes import Counts, Wanted, write_sites
from radiogenomics.genomics.reading import is_bcf
from radiogenomics.genomics.records import Site
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
    calls, counts = write_sites(path, wanted, folder / "out.vcf", Remarks(path))
    lines = [line.split("\t") for line in (folder / "out.vcf").read_text().splitlines() if not line.startswith("#")]
    return [(cells, genotypes(calls, Site.parse(cells[2]), samples)) for cells in lines], counts


def genotypes(calls, site, samples):
    """Alleles by sample, those left out that are all reference."""
    pairs = np.fromfile(calls.path, np.int32, 2 * site.n, offset=site.offset).reshape(-1, 2).tolist()
    return {samples[sample]: calls.alleles[code] for sample, code in pairs}


@pytest.mark.parametrize("name", ["in.vcf", "in.vcf.gz"])
def test_wanted_samples_in_the_wanted_order(tmp_path, name):
    records, counts = cut(tmp_path, UNDECLARED, name=name)
    assert [(cells[1], found) for cells, found in records] == [
        ("14", {"S3": (1, 1), "S1": (0, 1)}),
        ("16", {"S3": (-1, -1), "S1": (0, 1)}),
        ("17", {"S3": (-1,), "S1": (-1,)}),
    ]
    assert counts == Counts(records=3, filtered=0, missing=[2, 1], uncalled=[2, 1], alternate=[1, 2])


def test_filters_and_contigs_without_genes(tmp_path):
    text = UNDECLARED + "2\t5\t.\tA\tC\t.\t.\t.\tGT\t0/1\t0/1\t0/1\n"
    records, counts = cut(tmp_path, text, pass_only=True)
    assert [cells[1] for cells, _ in records] == ["14", "17"]
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
    [(cells, found)], _ = cut(tmp_path, UNDECLARED.splitlines(keepends=True)[1] + line)
    assert " ".join(cells[3:5]) == written
    assert found == {"S3": (0, 1), "S1": (0, 1)}


def test_the_genotype_is_found_wherever_it_stands(tmp_path):
    text = UNDECLARED.splitlines(keepends=True)[1] + "1\t14\t.\tA\tG\t.\t.\t.\tDP:GT\t3:0/1\t4\t5:1/1\n"
    [(_, found)], _ = cut(tmp_path, text, samples=("S1", "S2", "S3"))
    assert found == {"S1": (0, 1), "S2": (-1,), "S3": (1, 1)}


def test_the_result_is_read_by_htslib_without_a_warning(tmp_path, capfd):
    cut(tmp_path, UNDECLARED)
    with pysam.VariantFile(str(tmp_path / "out.vcf")) as stream:
        assert [(record.pos, record.info["ALLELE"]) for record in stream] == [(14, (1,)), (16, (1,)), (17, (1,))]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends(tmp_path, end):
    assert cut(tmp_path, UNDECLARED.replace("\n", end)) == cut(tmp_path, UNDECLARED)


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
