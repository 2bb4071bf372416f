"""Morphology and local intensity against the consensus values of the IBSI (arXiv:1612.07003)."""

from functools import cache
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from radiogenomics.radiomics.families.local_intensity import local_intensity
from radiogenomics.radiomics.families.shape import shape
from radiogenomics.radiomics.region import Region
from tests.conformity.consensus import FEATURES, conforms, table
from tests.shared_data import shared_data

# Configuration A computes on the grid of the image and re-segments intensities to this range, in HU.
RANGE_A_HU = (-500, 400)
TAGS = {tag: name for tag, (family, name) in FEATURES.items() if family in ("shape", "local")}
# The IBSI has no consensus on these bodies.
NOT_STANDARDISED = {tag for tag in TAGS if tag.endswith(("_ombb", "_mvee"))}


def read(folder: Path):
    image = nib.load(next(folder.glob("image/*.nii*")))
    mask = nib.load(next(folder.glob("mask/*.nii*")))
    x, y, z = (round(float(mm), 4) for mm in image.header.get_zooms())
    values = np.ascontiguousarray(np.asarray(image.dataobj, dtype=np.float64).T)
    return values, np.ascontiguousarray(np.asarray(mask.dataobj).T > 0), (z, y, x)


@cache
def features(phantom: str):
    image, mask, spacing_mm = read(shared_data("ibsi", f"ibsi1_{phantom}_phantom", "nifti"))
    low, high = RANGE_A_HU
    intensity = mask & (image >= low) & (image <= high) if phantom == "ct" else mask
    region = Region(image, intensity, mask, spacing_mm)
    return shape(region, "ibsi") | local_intensity(region)


@pytest.mark.parametrize("tag", sorted(TAGS.keys() - NOT_STANDARDISED))
@pytest.mark.parametrize(("phantom", "reference"), [("digital", "digital_phantom"), ("ct", "config_A")])
def test_consensus_values_are_met(phantom, reference, tag):
    (row,) = (row for row in table(reference) if row["tag"] == tag)
    assert conforms(features(phantom)[TAGS[tag]], row)
