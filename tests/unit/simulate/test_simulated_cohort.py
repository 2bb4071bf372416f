import hashlib

import numpy as np
import pydicom
import pysam
import pytest

from radiogenomics import config as configuration
from radiogenomics.cohort.sheets import read_sheets
from radiogenomics.resources import root
from radiogenomics.simulate.cohort import simulate
from radiogenomics.simulate.design import BLOCK, FAULTS, GENES, NULLS, PLANTED, design
from radiogenomics.simulate.errors import CohortSizeError, OutputExistsError
from radiogenomics.simulate.sheets import config_files
from radiogenomics.simulate.truth import TRUTH


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.blake2b(path.read_bytes()).hexdigest() for path in files}


def test_second_run_gives_the_same_bytes(study, tmp_path):
    simulate(output=tmp_path, patients=14, seed=5, sites=2)
    assert digests(tmp_path) == digests(study.folder)


def test_another_seed_gives_other_images_and_genotypes(study, tmp_path):
    simulate(output=tmp_path, patients=1, seed=6, sites=2)
    for name in ("data/dicom/P001/ct/0008.dcm", "data/genome/cohort.vcf.gz", "data/genome/reference.fa"):
        assert (tmp_path / name).read_bytes() != (study.folder / name).read_bytes()


def test_patient_does_not_depend_on_the_number_of_patients(study, tmp_path):
    simulate(output=tmp_path, patients=12, seed=5, sites=2)
    small, large = digests(tmp_path / "data" / "dicom"), digests(study.folder / "data" / "dicom")
    assert small == {name: digest for name, digest in large.items() if name in small}
    assert genotypes(tmp_path).items() <= genotypes(study.folder).items()


def genotypes(folder):
    """Genotypes of each sample, by site."""
    with pysam.VariantFile(str(folder / "data" / "genome" / "cohort.vcf.gz")) as file:
        rows = list(file)
        return {
            name: tuple((row.pos, row.samples[name]["GT"], row.samples[name]["DP"]) for row in rows)
            for name in file.header.samples
        }


def test_the_files_in_config_are_those_of_the_default_cohort():
    for name, text in config_files(design(60, 1, 2)).items():
        assert (root() / "config" / name).read_text() == text, "run `radiogenomics simulate --output .` at the top"


def test_a_small_cohort_allows_for_its_faults():
    assert "max_failed_share: 0.5" in config_files(design(12, 1, 2))["config.yaml"]


def test_configuration_and_sheets_are_accepted(study):
    config = configuration.load(study.folder / "config" / "config.yaml")
    sheets = read_sheets(config.cohort)
    assert len(sheets.patients) == len(sheets.images) == 14
    assert len(sheets.samples) == 13
    assert config.genomics.reference.is_file()
    assert config.genomics.genes.is_file()
    assert {row.covariates["site"] for row in sheets.patients} == {"site1", "site2"}


def test_study_of_one_site_has_no_site_covariate(tmp_path):
    simulate(output=tmp_path, patients=2, seed=1, sites=1)
    assert set(configuration.load(tmp_path / "config" / "config.yaml").cohort.covariates) == {"age", "sex"}


def test_another_study_is_not_overwritten(study, tmp_path):
    simulate(output=tmp_path, patients=2, seed=1, sites=1)
    before = digests(tmp_path)
    with pytest.raises(OutputExistsError, match=r"config\.yaml") as caught:
        simulate(output=tmp_path, patients=3, seed=1, sites=1)
    assert "--output" in caught.value.hint
    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    ("patients", "seed", "sites", "what"), [(0, 1, 2, "patients"), (10, 1, 5, "sites"), (10, -1, 2, "seed")]
)
def test_sizes_out_of_range_are_refused(patients, seed, sites, what):
    with pytest.raises(CohortSizeError) as caught:
        design(patients, seed, sites)
    assert caught.value.what == what


def test_every_fault_is_in_the_data(study):
    sheets = read_sheets(configuration.load(study.folder / "config" / "config.yaml").cohort)
    images = {row.patient_id: row for row in sheets.images}
    samples = {row.patient_id: row.sample_id for row in sheets.samples}
    faulty = {fault.reason: study.design.patients[fault.patient] for fault in FAULTS}
    with pysam.VariantFile(str(study.genome / "cohort.vcf.gz")) as file:
        sequenced = set(file.header.samples)

    heights = sorted(
        float(pydicom.dcmread(path, stop_before_pixels=True).ImagePositionPatient[2])
        for path in study.images(faulty["missing_slice"].index).glob("ct/*.dcm")
    )
    steps = np.diff(heights)
    assert steps.max() == pytest.approx(2 * steps.min())
    assert images[faulty["no_segmentation"].patient_id].segmentation == ""
    assert samples[faulty["sample_not_in_vcf"].patient_id] not in sequenced
    assert faulty["no_sample"].patient_id not in samples
    assert images[faulty["missing_roi"].patient_id].roi == "GTV-2"
    assert images[faulty["roi_too_small"].patient_id].segmentation.endswith("seg.dcm")


def test_truth_names_every_fault_and_effect(study):
    truth = TRUTH.read(study.folder / "truth.tsv")
    faults = truth[truth["kind"] == "fault"]
    assert set(zip(faults["target"], faults["stage"], strict=True)) == {(f.reason, f.stage) for f in FAULTS}
    assert set(truth.loc[truth["kind"] == "effect", "target"]) == {"texture", "shape", "volume"}
    assert set(truth.loc[truth["kind"] == "null_gene", "subject"]) == {gene.marker for gene in NULLS}


def test_small_cohort_has_no_faults():
    assert not design(11, 1, 2).faults
    assert all(not patient.fault for patient in design(11, 1, 2).patients)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_carriers_are_as_many_as_designed_and_unrelated(seed):
    patients = design(2 * BLOCK, seed, 2).patients
    carriers = {gene.name: np.array([gene.name in patient.carries for patient in patients]) for gene in GENES}
    for gene in GENES:
        assert carriers[gene.name].sum() == 2 * gene.carriers_in_block
    for gene in PLANTED:
        for other in (*PLANTED, *NULLS):
            if other is not gene:
                assert abs(np.corrcoef(carriers[gene.name], carriers[other.name])[0, 1]) < 0.13
