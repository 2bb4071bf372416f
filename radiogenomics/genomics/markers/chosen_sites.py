"""Which variants are markers of dosage: those of regions, of a list, or all."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path

from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.assays import read_assay
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.quality.genotypes import plain_contig

_PLACE = re.compile(r"(?P<contig>[^:\s]+?)[:-](?P<position>\d+)[:-](?P<ref>[ACGTNacgtn]+)[:-](?P<alt>[ACGTNacgtn]+)")

# Starts (from 0) and ends of disjoint regions in order, by contig.
Regions = Mapping[str, tuple[list[int], list[int]]]


def position_name(chromosome: str, position: int, ref: str, alt: str) -> str:
    """Place and alleles as one name, ``7-55249071-C-T``."""
    return f"{chromosome}-{position}-{ref.upper()}-{alt.upper()}"


class ChosenSites:
    """A site is chosen if it lies in the regions and stands on the list, as far as these are given.

    Raises
    ------
    MissingFileError, AssayError, MarkersError
    """

    def __init__(self, regions: Path | None, variants: Path | None) -> None:
        self._regions: Regions | None = None if regions is None else _read_regions(regions)
        self._names: dict[str, str] | None = None if variants is None else _read_names(variants)
        self._met: set[str] = set()

    def has(self, chromosome: str, position: int, ref: str, alt: str, name: str) -> bool:
        """Whether a site is chosen; positions count from 1."""
        if self._names is not None:
            found = [key for key in (name, position_name(chromosome, position, ref, alt)) if key in self._names]
            if not found:
                return False
            self._met.update(self._names[key] for key in found)
        return self._regions is None or _inside(self._regions.get(chromosome, ([], [])), position)

    @property
    def bare(self) -> list[str]:
        """Names of the list that are IDs, without place and alleles."""
        return [name for name in dict.fromkeys((self._names or {}).values()) if not _PLACE.fullmatch(name)]

    @property
    def absent(self) -> list[str]:
        """Names of the list that no site had, once the files are read."""
        return [name for name in dict.fromkeys((self._names or {}).values()) if name not in self._met]


def _inside(regions: tuple[list[int], list[int]], position: int) -> bool:
    starts, ends = regions
    place = bisect_left(starts, position) - 1  # the last region that starts before the base, which counts from 0
    return place >= 0 and position <= ends[place]


def _read_regions(path: Path) -> Regions:
    if not path.is_file():
        raise MissingFileError(path, "BED (genomics.markers.dosage.regions)")
    assay = read_assay(path)
    if not assay.regions:
        raise MarkersError(path, "a list of words, no BED", "columns contig, start (from 0) and end, separated by tabs")
    return {plain_contig(name): (own.starts.tolist(), own.ends.tolist()) for name, own in assay.regions.items()}


def _read_names(path: Path) -> dict[str, str]:
    """Names as they are compared, with the name in the file; place and alleles in either spelling."""
    if not path.is_file():
        raise MissingFileError(path, "list of variants (genomics.markers.dosage.variants)")
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        if name := line.partition("#")[0].strip().partition("\t")[0]:
            found[name] = name
            if place := _PLACE.fullmatch(name):
                contig = plain_contig(place["contig"])
                found[position_name(contig, int(place["position"]), place["ref"], place["alt"])] = name
    if not found:
        raise MarkersError(path, "no variant", "an ID, or contig:position:REF:ALT, in each line")
    return found
