"""Mutation annotation files against published counts, clinical molecular status, and calls of the same study as VCF."""

import cyvcf2
import pandas as pd
import pytest

from radiogenomics.config.genomics import Genomics
from radiogenomics.genomics.consequence import MEMBERS
from radiogenomics.genomics.genotypes import Wanted, write_sites
from radiogenomics.genomics.maf import read_maf
from radiogenomics.genomics.normalise import header_of
from radiogenomics.genomics.records import Site
from radiogenomics.genomics.remarks import Remarks
from radiogenomics.genomics.samples import TCGA_PATIENT_LENGTH
from radiogenomics.genomics.variants import variants_frame
from tests.shared_data import shared_data

LGG = ("genomics", "tcga_mc3", "mc3_lgg_imaging_patients.maf.gz")


def variants(*parts, by_patient=False, pass_only=True):
    """The variants table of a whole file; a sample stands for a patient, or the 12 characters of its barcode."""
    maf = read_maf(shared_data(*parts), Genomics(consequences="annotated", pass_only=pass_only))
    patients = {name: name[:TCGA_PATIENT_LENGTH] if by_patient else name for name in maf.barcodes}
    return maf, variants_frame([maf.carried(patients)])


def patients_with(frame, gene):
    counts = frame[(frame["gene"] == gene) & frame["consequence_class"].isin(MEMBERS["non_silent"])]
    return set(counts["patient_id"].astype(str))


@pytest.mark.parametrize(("gene", "n"), [("FLT3", 52), ("DNMT3A", 48), ("NPM1", 33), ("IDH2", 20), ("IDH1", 18)])
def test_patients_with_acute_myeloid_leukaemia(gene, n):
    maf, frame = variants("genomics", "maftools", "tcga_laml.maf.gz")
    assert len(maf.barcodes) == 193
    assert len(patients_with(frame, gene)) == n


@pytest.mark.parametrize(
    ("gene", "n"), [("IDH1", 138), ("TP53", 97), ("ATRX", 78), ("CIC", 32), ("EGFR", 14), ("IDH2", 7)]
)
def test_patients_with_glioma_with_all_samples_of_each_and_any_filter(gene, n):
    _, frame = variants(*LGG, by_patient=True, pass_only=False)
    assert frame["patient_id"].nunique() == 188
    assert len(patients_with(frame, gene)) == n


def test_what_did_not_pass_are_mostly_recurrent_tumours():
    maf, frame = variants(*LGG, by_patient=True)
    assert maf.n_filtered == 4236
    assert {gene: len(patients_with(frame, gene)) for gene in ("IDH1", "CIC", "EGFR")} == {
        "IDH1": 138,
        "CIC": 30,
        "EGFR": 13,
    }


def status(clinical, gene):
    """Mutated or not, by patient; those of unknown status are left out."""
    words = {"1": True, "0": False, "Mutant": True, "wt": False}
    return clinical.set_index("Tumor")[gene].map(words).dropna().astype(bool)


# Zhou et al. 2017: molecular status of the same patients, from TCGA's marker paper.
@pytest.mark.parametrize(("gene", "agree"), [("IDH1", 183), ("TP53", 185), ("ATRX", 182)])
def test_agreement_with_the_clinical_table(gene, agree):
    clinical = pd.read_csv(shared_data("radiogenomics", "zhou2017_tcga_lgg", "TCGA_clinical_INFO.csv"), dtype=str)
    _, frame = variants(*LGG, by_patient=True, pass_only=False)
    known = status(clinical, gene)
    known = known[known.index.isin(frame["patient_id"].astype(str))]
    carriers = patients_with(frame, gene)
    assert len(known) == 186
    assert sum((patient in carriers) == mutated for patient, mutated in known.items()) == agree


def test_single_nucleotide_variants_are_those_of_the_vcf(tmp_path):
    vcf = shared_data("genomics", "tcga_mc3", "mc3_lgg_snv.vcf.gz")
    samples = header_of(vcf).samples
    contigs = {name: 250_000_000 for name in [*map(str, range(1, 23)), "X", "Y"]}
    remarks = Remarks(vcf)
    written = tmp_path / "written.vcf"
    calls, counts = write_sites(vcf, Wanted(samples, contigs, contigs, pass_only=True), written, remarks)
    assert counts.records > 5000
    found = set()
    with calls.opened() as opened:
        for record in cyvcf2.VCF(str(written)):
            assert len(record.ALT) >= 1
            for number, alt in enumerate(record.ALT, 1):
                carriers = opened.carriers(Site.parse(record.ID), number).samples
                found |= {(samples[index], record.CHROM, record.POS, record.REF, alt) for index in carriers}
    maf = read_maf(shared_data(*LGG), Genomics(consequences="annotated", pass_only=False))
    rows = maf.rows[maf.rows["ref"].str.fullmatch("[ACGT]") & maf.rows["alt"].str.fullmatch("[ACGT]")]
    patients = rows["barcode"].str[:TCGA_PATIENT_LENGTH]
    stated = set(zip(patients, rows["chromosome"], rows["position"].astype(int), rows["ref"], rows["alt"], strict=True))
    assert len(stated) > 7000
    singles = {item for item in found if len(item[3]) == 1}
    assert singles == stated
