"""The study's configuration and its three sheets, as text."""

import math
from collections.abc import Iterable, Sequence

from radiogenomics.simulate.design import Design, Patient
from radiogenomics.simulate.segmentations import ROI_NAME

ROLE = "lesion"
WRONG_ROI = "GTV-2"
GENOME_FOLDER = "../data/genome"

DEFAULT_LIMIT = 0.2

_CONFIG = """\
# A simulated study: {n} patients at {sites} site(s), seed {seed}. What is planted in it stands in truth.tsv.
# Paths are relative to this folder. Every key, its unit and its default: docs/configuration.md

study:
  title: Simulated study with planted associations

cohort:
  patients: patients.tsv
  images: images.tsv
  samples: samples.tsv
  # Columns of the patients sheet that enter the full model, beside the logarithm of the lesion's volume.
  covariates:
    age: number
    sex: category
{site}
genomics:
  reference: {genome}/reference.fa
  genes: {genome}/genes.gff3
  # Artefacts with FILTER LowQual are planted; with false here they would count as alterations.
  pass_only: true
  # One transcript stands for a gene; a common stop in a minor transcript is planted and does not count.
  transcript_policy: longest_cds

radiomics:
  # Extraction settings by DICOM modality: a preset (ct, mr, pet) or a YAML file.
  settings:
    CT: ct

association:
  # A patient carries a gene who has a missense or loss-of-function variant in it.
  classes: [non_silent]
  min_patients: 20
  min_carriers: 5
  alpha: 0.05

workflow:
  batches: 8
  # {n_faults} of {n} patients have faulty data and are excluded with a reason; above this share the run stops.
  max_failed_share: {limit}
"""


def config_files(design: Design) -> dict[str, str]:
    """Text of every file in the folder ``config`` by name."""
    return {
        "config.yaml": _config(design),
        "patients.tsv": patients_sheet(design.patients),
        "images.tsv": images_sheet(design.patients),
        "samples.tsv": samples_sheet(design.patients),
    }


def segmentation_name(patient: Patient) -> str:
    """File of the segmentation in the patient's folder, empty if there is none."""
    return "" if patient.fault == "no_segmentation" else f"{patient.segmentation_kind}.dcm"


def patients_sheet(patients: Iterable[Patient]) -> str:
    """Patients and covariates."""
    rows = ((p.patient_id, p.age, p.sex, p.site_name) for p in patients)
    return _tsv(("patient_id", "age", "sex", "site"), rows)


def images_sheet(patients: Iterable[Patient]) -> str:
    """One CT with one lesion of each patient."""
    return _tsv(("image_id", "patient_id", "role", "series", "segmentation", "roi"), map(_image_row, patients))


def samples_sheet(patients: Iterable[Patient]) -> str:
    """One sample of each patient; it leaves out the patient whose fault is to have none."""
    vcf = f"{GENOME_FOLDER}/cohort.vcf.gz"
    rows = ((p.patient_id, p.sample_id, vcf) for p in patients if p.fault != "no_sample")
    return _tsv(("patient_id", "sample_id", "vcf"), rows)


def _image_row(patient: Patient) -> tuple[str, ...]:
    folder = f"../data/dicom/{patient.patient_id}"
    name = segmentation_name(patient)
    roi = WRONG_ROI if patient.fault == "missing_roi" else ROI_NAME
    return f"{patient.patient_id}-ct", patient.patient_id, ROLE, f"{folder}/ct", name and f"{folder}/{name}", roi


def _config(design: Design) -> str:
    return _CONFIG.format(
        n=len(design.patients),
        sites=design.n_sites,
        seed=design.seed,
        site="    site: category\n" if design.n_sites > 1 else "",
        genome=GENOME_FOLDER,
        n_faults=len(design.faults),
        limit=max(DEFAULT_LIMIT, math.ceil(100 * len(design.faults) / len(design.patients)) / 100),
    )


def _tsv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "".join("\t".join(map(str, row)) + "\n" for row in (header, *rows))
