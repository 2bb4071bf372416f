"""The study as planted: which genes do what, who carries them, who is at which site, and whose data are faulty."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np

from radiogenomics.simulate.errors import CohortSizeError
from radiogenomics.simulate.seeds import Stream, generator, sample_name

# Carriers are drawn in blocks, so that a patient does not depend on the size of the cohort. 27 = 3 × 3 × 3 lets the
# three planted genes have a third of carriers each and be exactly independent of one another within a block.
BLOCK = 27
# A null gene's carriers are redrawn until they correlate less than this, within the block, with every planted gene.
# Otherwise hundreds of features that follow a planted gene would make a null gene look associated by chance.
MAX_CHANCE_CORRELATION = 0.12
MIN_PATIENTS_WITH_FAULTS = 12

Role = Literal["texture", "shape", "volume", "null", "noncoding"]
TEXTURE_FAMILIES = (
    "local", "firstorder", "histogram", "ivh", "glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm",
)  # fmt: skip
SHAPE_FAMILIES = ("shape",)


@dataclass(frozen=True)
class GeneDesign:
    """One gene: what it does to the lesion, and its carriers in a block of ``BLOCK`` patients."""

    name: str
    role: Role
    carriers_in_block: int

    @property
    def marker(self) -> str:
        """Marker that the pipeline tests."""
        return f"{self.name}:non_silent"


GENES = (
    GeneDesign("TEXA1", "texture", 9),
    GeneDesign("SHPB1", "shape", 9),
    GeneDesign("VOLC1", "volume", 9),
    GeneDesign("NULL01", "null", 4),
    GeneDesign("NULL02", "null", 5),
    GeneDesign("NULL03", "null", 6),
    GeneDesign("NULL04", "null", 6),
    GeneDesign("NULL05", "null", 7),
    GeneDesign("NULL06", "null", 7),
    GeneDesign("NULL07", "null", 8),
    GeneDesign("NULL08", "null", 8),
    GeneDesign("NULL09", "null", 9),
    GeneDesign("NULL10", "null", 10),
    GeneDesign("LNCR1", "noncoding", 0),
)
PLANTED = GENES[:3]
NULLS = tuple(gene for gene in GENES if gene.role == "null")


@dataclass(frozen=True)
class Effects:
    """What carrying a planted gene changes, on the scale of the lesion parameter."""

    texture_sd_factor: float = 1.3
    texture_length_factor: float = 0.85
    stretch_shift: float = 0.16
    lobulation_factor: float = 1.6
    radius_factor: float = 1.28


EFFECTS = Effects()


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one patient, and what the pipeline has to say about it."""

    patient: int
    reason: str
    stage: str


FAULTS = (
    Fault(3, "missing_slice", "imaging"),
    Fault(5, "no_segmentation", "imaging"),
    Fault(6, "sample_not_in_vcf", "genomics"),
    Fault(7, "no_sample", "cohort"),
    Fault(8, "roi_too_small", "radiomics"),
    Fault(11, "missing_roi", "imaging"),
)


@dataclass(frozen=True)
class Scanner:
    """How the images of one site differ from those of another."""

    manufacturer: str
    model: str
    kernel: str
    kvp: int
    slice_mm: float
    noise_hu: float
    blur_mm: float
    offset_hu: float
    head_first: bool


SCANNERS = (
    Scanner("Synthetic Imaging", "Phantom One", "B30f", 120, 2.0, 8.0, 0.70, 0.0, False),
    Scanner("Acme Tomography", "Helix 64", "LUNG", 100, 2.5, 14.0, 0.45, 12.0, True),
    Scanner("Example Medical", "Ring 16", "STANDARD", 120, 2.25, 11.0, 0.60, -6.0, False),
    Scanner("Nominal Systems", "Scout 128", "FC18", 110, 2.0, 10.0, 0.55, 5.0, True),
)


@dataclass(frozen=True)
class Patient:
    """One patient as designed; ``index`` counts from 0 and ``carries`` holds names of genes."""

    index: int
    patient_id: str
    sample_id: str
    age: int
    sex: Literal["F", "M"]
    site: int
    carries: frozenset[str]
    fault: str = ""

    @property
    def site_name(self) -> str:
        """Site as the patients sheet names it."""
        return f"site{self.site + 1}"

    @property
    def scanner(self) -> Scanner:
        """Scanner of the site."""
        return SCANNERS[self.site]

    @property
    def segmentation_kind(self) -> Literal["seg", "rtstruct"]:
        """DICOM SEG for every other patient, RTSTRUCT for the rest."""
        return "seg" if self.index % 2 == 0 else "rtstruct"


@dataclass(frozen=True)
class Design:
    """The whole cohort as designed."""

    seed: int
    n_sites: int
    patients: tuple[Patient, ...]
    faults: tuple[Fault, ...] = field(default=())


def design(patients: int, seed: int, sites: int) -> Design:
    """Draw the cohort.

    Parameters
    ----------
    patients : int
        Number of patients, 1 to 999; below ``MIN_PATIENTS_WITH_FAULTS`` nobody's data are faulty.
    seed : int
        Seed, 0 or more.
    sites : int
        Number of sites, 1 to 4.

    Raises
    ------
    CohortSizeError
        A number is out of its range.
    """
    for what, value, low, high in (
        ("patients", patients, 1, 999),
        ("sites", sites, 1, len(SCANNERS)),
        ("seed", seed, 0, 2**31),
    ):
        if not low <= value <= high:
            raise CohortSizeError(what, value, low, high)
    faults = FAULTS if patients >= MIN_PATIENTS_WITH_FAULTS else ()
    reasons = {fault.patient: fault.reason for fault in faults}
    rows = tuple(_patient(index, seed, sites, reasons.get(index, "")) for index in range(patients))
    return Design(seed, sites, rows, faults)


def _patient(index: int, seed: int, sites: int, fault: str) -> Patient:
    random = generator(seed, Stream.CLINICAL, index)
    age = int(random.integers(42, 84))
    sex: Literal["F", "M"] = "F" if random.integers(2) == 0 else "M"
    block = _block(seed, index // BLOCK)
    carries = frozenset(gene for gene, carriers in block.items() if carriers[index % BLOCK])
    patient_id = f"P{index + 1:03d}"
    site = int(random.permutation(sites)[0])
    return Patient(index, patient_id, sample_name(seed, patient_id), age, sex, site, carries, fault)


@lru_cache(maxsize=64)
def _block(seed: int, block: int) -> dict[str, tuple[bool, ...]]:
    """Carriers of every gene among the ``BLOCK`` patients of one block."""
    random = generator(seed, Stream.CARRIERS, block)
    order = random.permutation(BLOCK)
    planted = {gene.name: order // 3**power % 3 == 0 for power, gene in enumerate(PLANTED)}
    drawn = dict(planted)
    for gene in NULLS:
        drawn[gene.name] = _unrelated(random, gene.carriers_in_block, list(planted.values()))
    return {name: tuple(bool(value) for value in carriers) for name, carriers in drawn.items()}


def _unrelated(random: np.random.Generator, carriers: int, others: list[np.ndarray]) -> np.ndarray:
    """``carriers`` patients of a block that correlate with none of the ``others`` by chance."""
    start = np.arange(BLOCK) < carriers
    while True:
        drawn = random.permutation(start)
        if all(abs(np.corrcoef(drawn, other)[0, 1]) <= MAX_CHANCE_CORRELATION for other in others):
            return drawn
