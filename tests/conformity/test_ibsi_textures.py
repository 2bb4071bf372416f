"""Texture families against the IBSI consensus values and printed matrices of the digital phantom."""

import csv
import re

import numpy as np
import pytest

from radiogenomics.radiomics.families.texture import textures
from radiogenomics.radiomics.matrices.cells import cooccurrences, dependences, run_lengths, zone_matrix
from radiogenomics.radiomics.matrices.layout import VOLUME, lay_out
from radiogenomics.radiomics.matrices.neighbourhood import neighbourhood
from radiogenomics.radiomics.matrices.zones import distance_from_border, zones
from radiogenomics.radiomics.nomenclature import nomenclature
from tests.shared_data import shared_data
from tests.unit.radiomics.matrices.labels import PHANTOM

FAMILIES = ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm")
# Suffixes of the tags of the consensus values, and how many values there are.
AGGREGATIONS = {
    "2d_averaged": (("_2D_avg", "_2D"), 95),
    "2d_slice_merged": (("_2D_comb",), 41),
    "2.5d_direction_merged": (("_2_5D_avg", "_2_5D"), 95),
    "2.5d_merged": (("_2_5D_comb",), 41),
    "3d_averaged": (("_3D_avg", "_3D"), 95),
    "3d_merged": (("_3D_comb",), 41),
}
# Of each family one value that the manual prints (3D, merged where there are directions).
PRINTED = [
    ("glcm", "ClusterShade", 17.4),
    ("glszm", "ZonePercentage", 0.0676),
    ("ngtdm", "Complexity", 13.5),
    ("ngtdm", "Busyness", 6.54),
]


def phantom_values(aggregation):
    return textures(PHANTOM, 6, PHANTOM > 0, definition="ibsi", aggregation=aggregation, families=FAMILIES)


def rounded(value):
    """To the three significant digits that consensus values have."""
    return float(f"{value:.3g}")


@pytest.mark.parametrize(("family", "name", "expected"), PRINTED)
def test_phantom_has_the_printed_value(family, name, expected):
    assert rounded(phantom_values("3d_merged")[family][name]) == expected


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_phantom_has_all_consensus_values(aggregation):
    suffixes, number = AGGREGATIONS[aggregation]
    with shared_data("ibsi", "ibsi1_values", "ibsi1_digital_phantom.csv").open(encoding="utf-8") as file:
        consensus = {row["tag"]: row for row in csv.DictReader(file)}
    found = phantom_values(aggregation)
    compared, wrong = 0, {}
    for entry in nomenclature():
        for row in (consensus[tag] for suffix in suffixes if (tag := entry.ibsi_tag + suffix) in consensus):
            if entry.family in FAMILIES and entry.ibsi_code:
                compared += 1
                value, expected = rounded(found[entry.family][entry.name]), float(row["value"])
                if abs(value - expected) > float(row["tolerance"]) + 1e-9 * abs(expected):
                    wrong[row["tag"]] = value, expected
    assert wrong == {}
    assert compared == number


def printed_matrix(caption):
    """Rows of the table with a caption, which wraps, as {(i, j): n}."""
    text = shared_data("ibsi", "ibsi1_values", "06_Digital_phantom_texture_matrices.rst").read_text(encoding="utf-8")
    pattern = r"\s+".join(map(re.escape, caption.split())) + r".*?\n\n(.*?)\n\n"
    table = re.search(pattern, text, re.DOTALL)[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line]
    return {(float(i), float(j)): float(n) for i, j, n in rows[1:]}


def phantom_matrix(caption):
    layout = lay_out(PHANTOM)
    counts = neighbourhood(layout, VOLUME)
    if "co-occurrence" in caption:
        return next(cooccurrences(layout, counts, VOLUME, merged=True))
    if "run length" in caption:
        return run_lengths(layout, counts.first_run, counts.runs, merged=True)
    if "dependence" in caption:
        return dependences(layout, counts)
    distance = distance_from_border(PHANTOM > 0, in_plane=False)
    level, size, depth = zones(layout.levels, distance, layout.offsets(VOLUME), int(layout.voxels.sum()))
    return zone_matrix(level, depth if "distance" in caption else size)


@pytest.mark.parametrize(
    "caption",
    [
        "Merged grey-level co-occurrence matrix extracted volumetrically (3D)",
        "Merged grey-level run length matrix extracted volumetrically (3D)",
        "Grey level size zone matrix extracted volumetrically (3D)",
        "Grey level distance zone matrix extracted volumetrically (3D)",
        "Neighbouring grey level dependence matrix extracted volumetrically (3D)",
    ],
)
def test_phantom_has_the_printed_matrix(caption):
    _, row, column, number = phantom_matrix(caption)
    found = {(i, j): n for i, j, n in zip(row.tolist(), column.tolist(), number.tolist(), strict=True)}
    assert found == printed_matrix(caption)


def test_phantom_has_the_printed_grey_tone_differences():
    counts = neighbourhood(lay_out(PHANTOM), VOLUME)
    difference = (counts.differences[:, 1:] / np.arange(1, counts.differences.shape[1])).sum(axis=1)
    printed = printed_matrix("Neighbourhood grey tone difference matrix extracted volumetrically (3D)")
    assert [s for _, s in printed] == pytest.approx(difference.tolist(), abs=1e-6)
