"""Which sites count for the markers of a gene: classes of consequences, burden masks, hotspots."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.config.genomics import Genomics
from radiogenomics.config.markers import Mask
from radiogenomics.genomics.consequence import MEMBERS
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.carried import Cohort
from radiogenomics.genomics.markers.files import read_columns
from radiogenomics.genomics.markers.rows import BoolArray, FloatArray

HOTSPOT = re.compile(r"(?:p\.)?(?P<before>[A-Z*])?(?P<position>[1-9][0-9]*)(?P<after>[A-Z*])?")
# What annotations state: 12G>12D and 12GA>12V as bcftools does, or HGVS with one residue or two.
_RESIDUES = re.compile(r"(?P<position>\d+)(?P<before>[A-Z*]+)(?:>\d+(?P<after>[A-Z*]+))?")
_HGVS = re.compile(r"p\.\(?[A-Za-z*]+?(?P<first>\d+)(?:_[A-Za-z*]+?(?P<last>\d+))?")
HINT = "columns `gene` and `amino_acid` (12, G12 or G12D) or `variant` (chromosome-position-REF-ALT)"


def selections(cohort: Cohort, options: Genomics, annotations: Sequence[Path]) -> dict[str, BoolArray]:
    """Which sites count, (n_sites,), for each class of marker that the settings name."""
    kinds = cohort.sites["consequence_class"]
    found: dict[str, BoolArray] = {kind: kinds.isin(MEMBERS[kind]).to_numpy() for kind in options.classes}
    if options.markers.hotspots is not None:
        found["hotspot"] = hotspots(cohort.sites, options.markers.hotspots)
    return found | masked(cohort, options.markers.masks, annotations)


def masked(cohort: Cohort, masks: Mapping[str, Mask], annotations: Sequence[Path]) -> dict[str, BoolArray]:
    """Which sites count, (n_sites,), for each burden mask."""
    numbers = _numbers(annotations) if any(mask.max_frequency for mask in masks.values()) else {}
    return {name: _mask(cohort, mask, numbers) for name, mask in masks.items()}


def hotspots(sites: pd.DataFrame, path: Path) -> BoolArray:
    """Sites that a file of hotspots names, by variant, or by the amino acid that a non-silent variant changes.

    Where the file states residues they must be those of the variant: numbers of two transcripts may differ.

    Raises
    ------
    MissingFileError, MarkersError
    """
    variants, places = read_hotspots(path)
    chosen = np.zeros(len(sites), bool)
    known = sites["gene"].isin({gene for gene, _ in (*variants, *places)})
    for number in np.flatnonzero(known):
        site = sites.iloc[number]
        chosen[number] = (site["gene"], site["variant"]) in variants or (
            site["consequence_class"] in MEMBERS["non_silent"]
            and any(
                _fits(wanted, residues)
                for position, residues in changed(site["amino_acid_change"])
                for wanted in places.get((site["gene"], position), ())
            )
        )
    return chosen


def read_hotspots(path: Path) -> tuple[set[tuple[str, str]], dict[tuple[str, int], list[tuple[str, str]]]]:
    """Gene and variant; and by gene and position the residues before and after, as far as stated.

    Raises
    ------
    MissingFileError, MarkersError
    """
    rows = read_columns(path, ("gene",), ("amino_acid", "variant"), HINT)
    variants: set[tuple[str, str]] = set()
    places: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for line, (gene, amino_acid, variant) in enumerate(rows.to_numpy(str).tolist(), 2):
        if variant:
            variants.add((gene, variant))
        elif match := HOTSPOT.fullmatch(amino_acid):
            stated = match["before"] or "", match["after"] or ""
            places.setdefault((gene, int(match["position"])), []).append(stated)
        else:
            raise MarkersError(path, f"line {line}: {amino_acid!r} is no amino acid", HINT)
    return variants, places


def changed(change: str) -> list[tuple[int, tuple[str, str]]]:
    """Positions of the amino acids that a change concerns, each with the residues before and after, as far as known."""
    if match := _RESIDUES.fullmatch(change):
        start, before, after = int(match["position"]), match["before"], match["after"] or ""
        single = after if len(before) == len(after) == 1 else ""
        return [(start + place, (residue, single)) for place, residue in enumerate(before)]
    if match := _HGVS.match(change):
        first, last = int(match["first"]), int(match["last"] or match["first"])
        return [(position, ("", "")) for position in range(first, last + 1)]
    return []


def _fits(wanted: tuple[str, str], found: tuple[str, str]) -> bool:
    before, after = wanted
    return before in ("", found[0]) and after in ("", found[1])


def _mask(cohort: Cohort, mask: Mask, numbers: Mapping[str, pd.Series]) -> BoolArray:
    chosen: BoolArray = cohort.sites["consequence_class"].isin(mask.classes).to_numpy(copy=True)
    chosen &= cohort.frequencies() <= mask.max_cohort_frequency
    for name, limit in mask.max_frequency.items():
        if name in numbers:
            stated: FloatArray = cohort.sites["variant"].map(numbers[name]).to_numpy(float)
            chosen &= ~(stated > limit)
    return chosen


def _numbers(annotations: Sequence[Path]) -> dict[str, pd.Series]:
    """Number of each variant by ``RESOURCE.FIELD``."""
    frames = [tables.ANNOTATIONS.read(path) for path in annotations]
    frame = pd.concat(frames, ignore_index=True) if frames else tables.ANNOTATIONS.frame([])
    names = frame["resource"].astype(str) + "." + frame["field"].astype(str)
    return {str(name): part.set_index("variant")["number"] for name, part in frame.groupby(names)}
