"""The IBSI digital phantom on the user's machine: every feature against its consensus value.

Phantom and values are those of the IBSI reference manual (arXiv:1612.07003, chapter 5) and of the consensus table of
Zwanenburg et al., Radiology 2020;295:328.
"""

import csv
import logging
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.provenance import Provenance
from radiogenomics.radiomics.engine import features_of
from radiogenomics.radiomics.errors import SelftestError
from radiogenomics.radiomics.images import Image
from radiogenomics.radiomics.region import BoolArray

logger = logging.getLogger(__name__)
# Rows of the slices, one slice a line.
INTENSITIES = (
    "14411 14611 41641 44641",
    "14411 11611 11311 44611",
    "14411 11111 11911 11611",
    "14411 11111 11111 11611",
)
REGION = (
    "11111 11111 11111 11111",
    "11111 11111 01111 11111",
    "11100 11111 11011 11111",
    "11100 11111 11111 11111",
)
SPACING_MM = 2.0
NAME = Path("digital phantom")


@dataclass(frozen=True)
class Check:
    """One feature of the phantom; ``found`` is NaN where none was computed."""

    family: str
    name: str
    aggregation: str
    expected: float
    tolerance: float
    found: float

    @property
    def agrees(self) -> bool:
        """Whether the value, to the three digits that the consensus has, lies within its tolerance."""
        allowed = self.tolerance * (1 + 1e-9)  # decimal fractions are not binary ones
        return any(abs(value - self.expected) <= allowed for value in (self.found, float(f"{self.found:.3g}")))


def phantom() -> tuple[Image, BoolArray]:
    """Intensities and region of the digital phantom, 5 × 4 × 4 voxels of 2 mm."""
    intensities, region = (
        np.array([[list(row) for row in line.split()] for line in lines]).astype(np.uint8)
        for lines in (INTENSITIES, REGION)
    )
    return Image(intensities, (SPACING_MM,) * 3, np.diag([*(SPACING_MM,) * 3, 1.0])), region > 0


def checks() -> list[Check]:
    """Compute every feature of the phantom that has a consensus value, with every aggregation."""
    with (files(__package__) / "digital_phantom.tsv").open(encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file, delimiter="\t"), key=lambda row: row["aggregation"])
    image, region = phantom()
    found = []
    for aggregation, group in groupby(rows, key=lambda row: row["aggregation"]):
        settings = RadiomicsSettings.model_validate({"bin_width": 1, "aggregation": aggregation, "min_voxels": 1})
        values = {feature.name: feature.value for feature in features_of(image, region, settings, NAME, NAME)}
        for row in group:
            value = values[f"original_{row['family']}_{row['name']}"]
            numbers = float(row["value"]), float(row["tolerance"]), value
            found.append(Check(row["family"], row["name"], aggregation, *numbers))
    return found


def selftest(*, output: Path | None) -> None:
    """Check the engine against the digital phantom, print how each family fares and write the table.

    Raises
    ------
    SelftestError
        A value lies outside its tolerance; the table is written nevertheless.
    """
    done = checks()
    frame = pd.DataFrame([{**vars(check), "agrees": check.agrees} for check in done])
    if output is not None:
        tables.SELFTEST.write(tables.SELFTEST.conform(frame, NAME.name), output, Provenance("radiomics", {}, {}))
    for family, part in frame.groupby("family", sort=False):
        logger.info("%-12s %3d of %3d", family, part["agrees"].sum(), len(part))
    logger.info("IBSI-1 digital phantom: %d of %d values within tolerance", frame["agrees"].sum(), len(frame))
    if not frame["agrees"].all():
        raise SelftestError([check for check in done if not check.agrees])
