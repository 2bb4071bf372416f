"""Consensus values of the IBSI, read from its tables, in the words of the package."""

import csv
from functools import cache

from radiogenomics.radiomics.nomenclature import nomenclature
from tests.shared_data import shared_data

# How the tables call an aggregation: its suffix in tags, and the one of ours; a family without directions has half.
AGGREGATIONS = {
    "2D, averaged": ("_2D_avg", "2d_averaged"),
    "2D, slice-merged": ("_2D_comb", "2d_slice_merged"),
    "2.5D, direction-merged": ("_2_5D_avg", "2.5d_direction_merged"),
    "2.5D, merged": ("_2_5D_comb", "2.5d_merged"),
    "3D, averaged": ("_3D_avg", "3d_averaged"),
    "3D, merged": ("_3D_comb", "3d_merged"),
    "2D": ("_2D", "2d_averaged"),
    "2.5D": ("_2_5D", "2.5d_merged"),
    "3D": ("_3D", "3d_merged"),
}
FEATURES = {row.ibsi_tag: (row.family, row.name) for row in nomenclature() if row.ibsi_tag}


@cache
def table(configuration):
    """Rows of the table of one configuration that have a value: of features and diagnostics."""
    with shared_data("ibsi", "ibsi1_values", f"ibsi1_{configuration}.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["value"]]


def consensus(configuration, aggregation, whole=False):
    """Row by (family, name) of all features of an aggregation; ``whole`` adds those that have no aggregation."""
    found = {}
    for row in table(configuration):
        suffix, ours = AGGREGATIONS.get(row["aggregation"], ("", aggregation if whole else None))
        if row["kind"] == "feature" and ours == aggregation:
            found[FEATURES[row["tag"].removesuffix(suffix)]] = row
    return found


def conforms(value, row):
    """Whether a value, as it is or to the three significant digits that the consensus has, is within its tolerance."""
    expected, tolerance = float(row["value"]), float(row["tolerance"])
    # The rounding of decimal fractions to binary ones is let pass.
    return any(abs(each - expected) <= tolerance + 1e-9 * abs(expected) for each in (value, float(f"{value:.3g}")))
