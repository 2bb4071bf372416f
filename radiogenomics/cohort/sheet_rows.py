"""Rows of the sheets as they were checked, and what their locations mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from radiogenomics.cohort.outcome_cells import OutcomeCells

REMOTE_PATTERN = re.compile(r"^dicomweb:(?P<server>[A-Za-z0-9_-]+)/(?P<study>[0-9.]{1,64})/(?P<series>[0-9.]{1,64})$")


SEGMENTER = "segmenter:"


PANEL = "panel:"


@dataclass(frozen=True)
class PatientRow:
    """One patient.

    ``covariates`` holds a float, a string or None (missing) for each declared covariate, ``outcomes`` what the sheet
    says of each declared outcome.
    """

    patient_id: str
    covariates: Mapping[str, float | str | None]
    outcomes: Mapping[str, OutcomeCells] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageRow:
    """One image with one region of interest.

    ``series`` and ``segmentation`` are absolute paths or ``dicomweb:SERVER/STUDY_UID/SERIES_UID``, a
    segmentation may be ``segmenter:NAME``; an empty
    ``segmentation`` means that there is none. ``role`` says what the image is in the study. ``select`` names one of
    several volumes of the series, by number or by attributes; usually it is empty.
    """

    image_id: str
    patient_id: str
    role: str
    series: str
    segmentation: str
    roi: str
    select: str = ""


@dataclass(frozen=True)
class SampleRow:
    """One sequenced sample: its name in the variant file ``vcf`` (absolute path).

    ``assayed`` is the file of what was assayed (absolute path) or ``panel:NAME``; empty means everything.
    """

    patient_id: str
    sample_id: str
    vcf: str
    assayed: str = ""


@dataclass(frozen=True)
class Sheets:
    """The cohort as its sheets state it."""

    patients: tuple[PatientRow, ...]
    images: tuple[ImageRow, ...]
    samples: tuple[SampleRow, ...]


def segmenter_of(location: str) -> str | None:
    """Name of the program that makes the segmentation, where the sheet names one: ``segmenter:NAME``."""
    return location.removeprefix(SEGMENTER) if location.startswith(SEGMENTER) else None


def panel_of(location: str) -> str | None:
    """Name of the panel of the configuration, where the sheet names one: ``panel:NAME``."""
    return location.removeprefix(PANEL) if location.startswith(PANEL) else None


def is_remote(location: str) -> bool:
    """Whether a series or segmentation stands on a DICOMweb server."""
    return location.startswith("dicomweb:")
