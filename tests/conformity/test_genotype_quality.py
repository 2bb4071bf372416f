"""Quality of real genotypes against plink2: call rates, frequencies, HWE, heterozygosity, kinship, components."""

import gzip
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from radiogenomics.genomics.quality.components import components
from radiogenomics.genomics.quality.plink import BedSource
from radiogenomics.genomics.quality.pruning import MIN_FREQUENCY, Pruner
from radiogenomics.genomics.quality.relatedness import Kinship
from radiogenomics.genomics.quality.samples import SampleCounts
from radiogenomics.genomics.quality.sites import SiteCounts
from radiogenomics.genomics.quality.vcf import VcfSource
from tests.shared_data import shared_data

pytestmark = pytest.mark.skipif(shutil.which("plink2") is None, reason="plink2 is not installed")
DIGITS = 5.01e-6  # plink2 prints six digits
REPORTS = ["--freq", "--hardy", "--het", "--missing", "--sample-counts"]
# With missing genotypes plink2 2.00a3.5 counts one shared site too many for 11 of the 35,511 pairs if rare variants are
# among the sites; and it divides the relationship matrix by the number of all sites, those without variation included.
NOT_RARE = 0.01


def source_vcf():
    return shared_data("genomics", "genotypes", "1000G_chr4_267samples_2118var.vcf.gz")


class Study:
    """Sequences of A, C, G and T of one alternate allele, with a share of genotypes taken away; reports of plink2."""

    def __init__(self, folder, missing):
        self.folder = folder
        rng = np.random.default_rng(7)
        with gzip.open(source_vcf(), "rt") as lines, (folder / "x.vcf").open("w") as out:
            for line in lines:
                fields = line.rstrip("\n").split("\t")
                if line.startswith("#"):
                    out.write(line)
                elif fields[4].isalpha():
                    calls = ["./." if rng.random() < missing else field.split(":")[0] for field in fields[9:]]
                    fields[2], fields[8] = f"{fields[1]}:{fields[3]}:{fields[4]}", "GT"
                    out.write("\t".join([*fields[:9], *calls]) + "\n")
        self.run("--vcf", "x.vcf", "--make-bed", *REPORTS)
        self.source = VcfSource(folder / "x.vcf", pass_only=True)
        (self.block,) = self.source.blocks(self.source.samples)
        self.copies = self.block.copies
        self.frequent = SiteCounts.of(self.copies).minor_frequency >= NOT_RARE
        self.run("--vcf", "x.vcf", "--maf", str(NOT_RARE), "--make-king-table", "--pca", "5")

    def run(self, *arguments):
        command = ["plink2", *arguments, "--threads", "1", "--out", "x"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def report(self, name):
        return pd.read_csv(self.folder / f"x.{name}", sep="\t")


@pytest.fixture(scope="module", params=[0.0, 0.03, 0.5], ids=["complete", "3 % missing", "half missing"])
def study(request, tmp_path_factory):
    return Study(tmp_path_factory.mktemp("plink2"), request.param)


@pytest.fixture(scope="module")
def counts(study):
    found = SampleCounts(len(study.copies))
    found.add(study.block)
    return found


def test_missing_genotypes(study, counts):
    sites = SiteCounts.of(study.copies)
    np.testing.assert_allclose(1 - sites.call_rate, study.report("vmiss")["F_MISS"], rtol=DIGITS, atol=1e-15)
    np.testing.assert_allclose(1 - counts.call_rate, study.report("smiss")["F_MISS"], rtol=DIGITS, atol=1e-15)


def test_allele_frequencies(study):
    theirs = study.report("afreq")
    sites = SiteCounts.of(study.copies)
    np.testing.assert_allclose(sites.frequency, theirs["ALT_FREQS"], rtol=DIGITS)
    np.testing.assert_array_equal(2 * sites.called, theirs["OBS_CT"])


def test_hardy_weinberg(study):
    theirs = study.report("hardy")
    sites = SiteCounts.of(study.copies)
    np.testing.assert_allclose(sites.hardy_p(), theirs["P"], rtol=DIGITS)
    np.testing.assert_allclose(sites.expected_het, theirs["E(HET_A1)"], rtol=DIGITS, atol=1e-15)


@pytest.mark.parametrize(("column", "modifier"), [("P", []), ("MIDP", ["midp"])], ids=["exact", "mid-p"])
def test_hardy_weinberg_far_from_equilibrium(tmp_path, column, modifier):
    rng = np.random.default_rng(3)
    shares = rng.dirichlet([0.4, 0.4, 0.4], size=500)
    calls = np.array(["0/0", "0/1", "1/1"])
    names = [f"S{number}" for number in range(300)]
    with (tmp_path / "x.vcf").open("w") as out:
        out.write("##fileformat=VCFv4.3\n##contig=<ID=1,length=249250621>\n")
        out.write('##FORMAT=<ID=GT,Number=1,Type=String,Description="x">\n')
        out.write("\t".join(["#CHROM POS ID REF ALT QUAL FILTER INFO FORMAT".replace(" ", "\t"), *names]) + "\n")
        for number, share in enumerate(shares, 1):
            row = calls[rng.choice(3, p=share, size=len(names))]
            out.write("\t".join(["1", str(number), f"v{number}", "A", "G", ".", ".", ".", "GT", *row]) + "\n")
    command = ["plink2", "--vcf", "x.vcf", "--hardy", *modifier, "--out", "x"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    theirs = pd.read_csv(tmp_path / "x.hardy", sep="\t")[column]
    source = VcfSource(tmp_path / "x.vcf", pass_only=True)
    (block,) = source.blocks(names)
    assert (theirs < 1e-50).sum() > 50
    np.testing.assert_allclose(SiteCounts.of(block.copies).hardy_p(bool(modifier)), theirs, rtol=DIGITS)


def test_heterozygosity(study, counts):
    theirs = study.report("het")
    np.testing.assert_array_equal(counts.counts["observed_hom"], theirs["O(HOM)"])
    np.testing.assert_array_equal(counts.counts["compared"], theirs["OBS_CT"])
    np.testing.assert_allclose(counts.f, theirs["F"], rtol=DIGITS, atol=1e-7)


def test_kinds_of_variants(study, counts):
    theirs = study.report("scount")
    carried_snv = theirs["HOM_ALT_SNP_CT"] + theirs["HET_SNP_CT"]
    np.testing.assert_array_equal(counts.counts["snv"], carried_snv)
    np.testing.assert_array_equal(counts.counts["singleton"], theirs["DIPLOID_SINGLETON_CT"])
    np.testing.assert_array_equal(counts.counts["indel"], theirs["DIPLOID_NONSNP_NONSYMBOLIC_CT"])


def test_kinship_of_all_pairs(study):
    theirs = study.report("kin0")
    kinship = Kinship(len(study.copies))
    kinship.add(study.block[study.frequent])
    place = {name: number for number, name in enumerate(study.source.samples)}
    pairs = theirs["#IID1"].map(place), theirs["IID2"].map(place)
    assert len(theirs) == 267 * 266 / 2
    np.testing.assert_array_equal(kinship.n_sites[pairs], theirs["NSNP"])
    np.testing.assert_allclose((kinship.opposite / kinship.n_sites)[pairs], theirs["IBS0"], rtol=DIGITS)
    np.testing.assert_allclose((kinship.both_het / kinship.n_sites)[pairs], theirs["HETHET"], rtol=DIGITS)
    undefined = theirs["KINSHIP"].replace(-np.inf, np.nan)  # one of the two has no heterozygous site
    np.testing.assert_allclose(kinship.kinship[pairs], undefined, rtol=DIGITS, atol=1e-6)


def test_components(study):
    ours = components(study.block[study.frequent].T, np.ones(len(study.copies), bool), 5)
    np.testing.assert_allclose(ours.eigenvalues, np.loadtxt(study.folder / "x.eigenval"), rtol=DIGITS)
    theirs = study.report("eigenvec").iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(np.abs(ours.coordinates), np.abs(theirs), rtol=1e-5, atol=1e-6)


def test_bed_written_by_plink2_reads_as_the_vcf(study):
    bed = BedSource(study.folder / "x.bed")
    (block,) = bed.blocks(bed.samples)
    assert bed.samples == study.source.samples
    np.testing.assert_array_equal(block.copies, study.copies)
    for name in ("chromosome", "position", "ref", "alt"):
        np.testing.assert_array_equal(getattr(block, name), getattr(study.block, name))


def test_pgen_written_by_plink2_reads_as_the_vcf(study):
    pytest.importorskip("pgenlib")
    from radiogenomics.genomics.quality.plink import PgenSource

    study.run("--vcf", "x.vcf", "--make-pgen")
    pgen = PgenSource(study.folder / "x.pgen", pass_only=True)
    wanted = pgen.samples[::-3]
    (block,) = pgen.blocks(wanted)
    np.testing.assert_array_equal(block.copies, study.copies[::-3])
    np.testing.assert_array_equal(block.position, study.block.position)
    assert pgen.lengths == {"4": 191154276}


def test_components_separate_the_populations(tmp_path):
    source = VcfSource(source_vcf(), pass_only=True)
    (block,) = source.blocks(source.samples)
    common = block.snv & (SiteCounts.of(block.copies).minor_frequency >= MIN_FREQUENCY)
    pruner = Pruner(tmp_path / "pruned", len(source.samples))
    pruner.add(block.chromosome[common], block[common])
    found = components(pruner.close(), np.ones(len(source.samples), bool), 2)
    sheet = pd.read_csv(shared_data("genomics", "genotypes", "20130606_g1k.ped"), sep="\t", dtype=str)
    population = sheet.set_index("Individual ID").loc[list(source.samples), "Population"]
    first = pd.Series(found.coordinates[:, 0], index=population)
    between = first.groupby(level=0).transform("mean").var() / first.var()
    assert between > 0.5  # by chance 2 / 266
    # Of African ancestry in the south-west of the USA, against Utah and Tuscany: area under the ROC curve.
    ranks = first.rank()
    african = ranks.index == "ASW"
    n = african.sum()
    area = (ranks[african].sum() - n * (n + 1) / 2) / (n * (len(ranks) - n))
    assert max(area, 1 - area) > 0.9
