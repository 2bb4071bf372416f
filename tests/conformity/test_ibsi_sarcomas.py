"""Three soft-tissue sarcomas (CT, PET, MR) against the median of five programs of IBSI-1 phase III.

The settings are those that the programs used: 3D, textures merged over directions, cubic spline interpolation; PET in
SUV, MR scaled by fat. Values are compared where at least four programs agree within 1 % of one another.
"""

import csv
import gzip

import pytest

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.engine import features
from tests.conformity.consensus import AGGREGATIONS, FEATURES
from tests.shared_data import shared_data

SETTINGS = {
    "CT": {
        "resampled_spacing_mm": (1, 1, 1),
        "round_intensities": True,
        "resegment_range": (-200, 200),
        "bin_width": 10,
    },
    "PET": {"resampled_spacing_mm": (3, 3, 3), "resegment_range": (0, None), "bin_width": 0.25},
    "MR_T1": {"resampled_spacing_mm": (1, 1, 1), "bin_width": 10, "bin_origin": 0},
}
# Steps of 1 HU; what the programs did with continuous intensities is not on record.
WITH_VOLUME_HISTOGRAM = ("CT",)
MERGED = [suffix for suffix, ours in AGGREGATIONS.values() if ours == "3d_merged"]
PROGRAMS, AGREEMENT = 4, 0.01
SHARE = 0.98
# Values that at least so many programs agree on, by modality; of about 160 that there are.
FEWEST = {"CT": 140, "PET": 100, "MR_T1": 140}


def medians(patient, modality):
    """Median of the programs by family and name."""
    path = shared_data("ibsi", "sts_validation", "consensus_5core_teams.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["id"], row["modality"]) == (patient, modality)]
    found = {}
    for row in rows:
        tag = row["tag"]
        for suffix in MERGED:
            tag = tag.removesuffix(suffix)
        agreed = int(row["n"]) >= PROGRAMS and float(row["rel_spread"]) <= AGREEMENT
        histogram = tag.startswith("ivh") and modality not in WITH_VOLUME_HISTOGRAM
        if tag in FEATURES and agreed and not histogram:
            found[FEATURES[tag]] = float(row["median"])
    return found


@pytest.mark.parametrize("modality", SETTINGS)
@pytest.mark.parametrize("patient", ["STS_002", "STS_003", "STS_008"])
def test_values_are_the_median_of_five_programs(patient, modality):
    expected = medians(patient, modality)
    folder = shared_data("ibsi", "sts_validation", patient, "nifti")
    settings = RadiomicsSettings.model_validate({**SETTINGS[modality], "aggregation": "3d_merged"})
    values = {
        (each.family, each.name.rpartition("_")[2]): each.value
        for each in features(folder / f"{modality}_image.nii.gz", folder / f"{modality}_mask.nii.gz", settings)
    }
    misses = {
        name: (values[name], value) for name, value in expected.items() if abs(values[name] / value - 1) > AGREEMENT
    }
    assert len(expected) >= FEWEST[modality]
    assert len(misses) <= (1 - SHARE) * len(expected), misses
