"""What every feature is called: by us, by the IBSI and by pyradiomics.

The table is `nomenclature.tsv` beside this module. Our names are pyradiomics' where it has the feature and are formed
alike where it has not. Codes and tags are those of the IBSI reference manual (arXiv:1612.07003).
"""

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.errors import UnknownFeatureError
from radiogenomics.radiomics.plugins import plugin

# Families that are computed on the image as it is alone, not on its filtered versions.
UNFILTERED = ("shape", "local", "shape2D")


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


@cache
def names(family: str, definition: str) -> tuple[str, ...]:
    """Names of the features of a family that a definition, ``ibsi`` or ``pyradiomics``, has."""
    if definition == "pyradiomics":
        own = [(row.pyradiomics_family, row.pyradiomics_name) for row in nomenclature()]
        return tuple(dict.fromkeys(name for of, name in own if of == family))
    return tuple(row.name for row in nomenclature() if row.family == family and row.ibsi_code)


def expected_names(settings: RadiomicsSettings) -> Iterator[tuple[str, str, str]]:
    """Image type, family and full name of every feature that the settings ask for.

    Raises
    ------
    UnknownFeatureError
        `features` names one that the definition does not have.
    """
    for family in settings.chosen_families:
        known = names(family, settings.definition)
        wanted = settings.features.get(family, known)
        if unknown := [name for name in wanted if name not in known]:
            raise UnknownFeatureError(family, unknown, known)
        for image_type in ("original",) if family in UNFILTERED else settings.image_types.names:
            yield from ((image_type, family, f"{image_type}_{family}_{name}") for name in wanted)
    for own in settings.plugins:
        yield from (("original", own, f"original_{own}_{name}") for name in plugin(own).describe())
