"""What every feature is called: by us, by the IBSI and by pyradiomics.

The table is `nomenclature.tsv` beside this module. Our names are pyradiomics' where it has the feature and are formed
alike where it has not. Codes and tags are those of the IBSI reference manual (arXiv:1612.07003).
"""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Name(NamedTuple):
    """One feature; empty fields where a standard does not know it.

    ``ibsi_tag`` is the tag of the consensus values without the suffix of the aggregation. ``difference`` says how the
    value of ``definition: pyradiomics`` differs.
    """

    family: str
    name: str
    ibsi_code: str
    ibsi_tag: str
    pyradiomics_family: str
    pyradiomics_name: str
    difference: str


@cache
def nomenclature() -> tuple[Name, ...]:
    """All features, by family, in the order of the IBSI manual."""
    with (files(__package__) / "nomenclature.tsv").open(encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t")
        next(rows)
        return tuple(Name(*row) for row in rows)


def names(family: str, definition: str) -> tuple[str, ...]:
    """Names of the features of a family that a definition, ``ibsi`` or ``pyradiomics``, has."""
    if definition == "pyradiomics":
        own = [(row.pyradiomics_family, row.pyradiomics_name) for row in nomenclature()]
        return tuple(dict.fromkeys(name for of, name in own if of == family))
    return tuple(row.name for row in nomenclature() if row.family == family and row.ibsi_code)
