"""``radiogenomics simulate``: write a study whose associations are known."""

import logging
from pathlib import Path

from radiogenomics.files import write_text
from radiogenomics.simulate.annotation import fasta, gff3
from radiogenomics.simulate.calls import carried_classes, draw_calls, write_vcf
from radiogenomics.simulate.design import Design, Patient, design
from radiogenomics.simulate.dicom import ct_slices, save
from radiogenomics.simulate.errors import OutputExistsError
from radiogenomics.simulate.genome import draw_genome
from radiogenomics.simulate.phantom import draw_phantom
from radiogenomics.simulate.segmentations import rtstruct_dataset, seg_dataset
from radiogenomics.simulate.sheets import config_files, segmentation_name
from radiogenomics.simulate.truth import TRUTH, truth
from radiogenomics.simulate.variants import draw_variants

logger = logging.getLogger(__name__)


def simulate(*, output: Path, patients: int, seed: int, sites: int) -> None:
    """Write a study folder: ``config/``, ``data/`` and ``truth.tsv``.

    The same arguments give the same bytes, and a patient is the same in a cohort of any size.

    Parameters
    ----------
    output : Path
        Study folder.
    patients : int
        Number of patients; from 12 on, six of them have faulty data.
    seed : int
        Seed of everything that is drawn.
    sites : int
        Number of sites, 1 to 4, each with a scanner of its own.

    Raises
    ------
    OutputExistsError
        ``output/config`` holds a file of another study; nothing is written.
    CohortSizeError
        A number is out of its range.
    """
    study = design(patients, seed, sites)
    texts = config_files(study)
    _refuse_other_study(output / "config", texts)
    carried = _write_genome(study, output / "data" / "genome")
    for patient in study.patients:
        _write_images(patient, seed, output / "data" / "dicom" / patient.patient_id)
    for name, text in texts.items():
        write_text(output / "config" / name, text)
    TRUTH.write(truth(study, carried), output / "truth.tsv")
    logger.info("wrote %d patients, %d with faulty data, to %s", patients, len(study.faults), output)


def _refuse_other_study(folder: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        path = folder / name
        if path.exists() and path.read_bytes() != text.encode():
            raise OutputExistsError(path)


def _write_genome(study: Design, folder: Path) -> dict[str, set[str]]:
    """Write reference, genes and variants; return what each patient with a readable sample is altered in."""
    genome = draw_genome(study.seed)
    variants = draw_variants(genome, study.seed)
    sequence, index = fasta(genome)
    write_text(folder / "reference.fa", sequence)
    write_text(folder / "reference.fa.fai", index)
    write_text(folder / "genes.gff3", gff3(genome))
    sequenced = [patient for patient in study.patients if patient.fault != "sample_not_in_vcf"]
    calls = {patient.sample_id: draw_calls(patient, variants, study.seed) for patient in sequenced}
    write_vcf(genome, variants, calls, study.seed, folder / "cohort.vcf.gz")
    listed = [patient for patient in sequenced if patient.fault != "no_sample"]
    return {patient.patient_id: carried_classes(calls[patient.sample_id], variants) for patient in listed}


def _write_images(patient: Patient, seed: int, folder: Path) -> None:
    phantom = draw_phantom(patient, seed)
    slices = ct_slices(patient, phantom, seed)
    left_out = len(slices) // 2 if patient.fault == "missing_slice" else None
    for number, image in enumerate(slices):
        if number != left_out:
            save(image, folder / "ct" / f"{number + 1:04d}.dcm")
    if name := segmentation_name(patient):
        make = seg_dataset if patient.segmentation_kind == "seg" else rtstruct_dataset
        save(make(patient, phantom, slices, seed), folder / name)
