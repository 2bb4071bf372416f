"""Copies of ALT of common variants as markers that are numbers: allele counts, or dosages of imputed files."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiogenomics.config.markers import Dosage
from radiogenomics.errors import listing
from radiogenomics.genomics.errors import MarkersError
from radiogenomics.genomics.markers.chosen_sites import ChosenSites, position_name
from radiogenomics.genomics.markers.dosage_files import DosageFile, Site, merged_sites
from radiogenomics.genomics.markers.files import Owners
from radiogenomics.genomics.markers.rows import NO_STATE, Block, BoolArray, FloatArray, note
from radiogenomics.genomics.quality.files import open_source
from radiogenomics.genomics.quality.genotypes import Choice

logger = logging.getLogger(__name__)

SOURCE = "dosage"
MARKERS_AT_A_TIME = 500
RARE, UNKNOWN, REPEATED = "rare", "no_value", "repeated"


def dosage_blocks(options: Dosage, owners: Owners, patients: Sequence[str], pass_only: bool) -> Iterator[Block]:
    """Markers ``VARIANT:dosage``, some at a time; values are copies of ALT, 0 to 2.

    A genotype that is missing, in whole or in part, has no value. Files are streamed: memory is that of some hundred
    variants, and of the names of all markers.

    Raises
    ------
    MissingFileError, UnreadableVcfError, UnreadableGenotypesError, NoGenotypesOfMafError, MissingExtraError
        A file cannot be read.
    DosageFieldError, DosageError, OrderOfSitesError, MarkersError
        Or not used: it lists variants only, it is of nobody, no variant is left.
    """
    files, chosen = open_files(options, owners, patients, pass_only)
    named = _Names(by_id=options.name == "id")
    left_out: Counter[str] = Counter()
    waiting: list[tuple[str, Site, FloatArray, BoolArray]] = []
    for site in merged_sites(files):
        values, there = np.full(len(patients), np.nan), np.zeros(len(patients), np.bool_)
        for file, found in site.values:
            values[file.patients], there[file.patients] = found, True
        if reason := _left_out(values, options.min_frequency):
            left_out[reason] += 1
        elif not (name := named.of(site)):
            left_out[REPEATED] += 1
        else:
            waiting.append((name, site, values, there))
        if len(waiting) == MARKERS_AT_A_TIME:
            yield _block(waiting)
            waiting = []
    if waiting:
        yield _block(waiting)
    for file in files:
        left_out.update(file.left_out)
        file.require_reference_calls()
    _tell(options, chosen, len(named.taken), left_out)


def open_files(
    options: Dosage,
    owners: Owners,
    patients: Sequence[str],
    pass_only: bool,
    guard: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> tuple[list[DosageFile], ChosenSites]:
    """The files with whose samples they hold, and which sites are read of them; each file is opened under ``guard``.

    Raises
    ------
    As ``dosage_blocks``.
    """
    chosen = ChosenSites(options.regions, options.variants)
    choice = Choice(True, options.field, chosen.has)
    place = {patient: number for number, patient in enumerate(patients)}
    files = []
    for path in options.files:
        with guard():
            source = open_source(path, pass_only, choice)
            owner = owners.of(path, source.samples)
            numbers = np.array([place[patient] for patient in owner.values()], np.intp)
            files.append(DosageFile(source, tuple(owner), numbers))
    seen: dict[frozenset[int], Path] = {}
    for file in files:
        if file.members not in seen:
            _require_disjoint(file, seen)
            seen[file.members] = file.source.path
    if len(seen) > 1 and options.variants is not None and chosen.bare:
        problem = f"{listing(chosen.bare)}: files of other patients may give the same allele another ID, or none"
        raise MarkersError(options.variants, problem, "write contig:position:REF:ALT, or merge the files")
    return files, chosen


def _require_disjoint(file: DosageFile, seen: Mapping[frozenset[int], Path]) -> None:
    """Files have the same patients (one of each chromosome, for instance), or none in common."""
    for members, path in seen.items():
        if not file.members.isdisjoint(members):
            problem = f"it has some patients in common with {path.name} and others not"
            raise MarkersError(file.source.path, problem, "merge the files of these patients (bcftools merge)")


class _Names:
    """Names of markers, each given once."""

    def __init__(self, *, by_id: bool) -> None:
        self.by_id = by_id
        self.taken: set[str] = set()

    def of(self, site: Site) -> str:
        """The ID of a site, where it is wanted, there and free, or else its place and alleles; empty if not free."""
        places = position_name(site.chromosome, site.position, site.ref, site.alt)
        wanted = [site.name, places] if self.by_id and site.name not in ("", ".") else [places]
        name = next((each for each in wanted if each not in self.taken), "")
        if name:
            self.taken.add(name)
        return name


def _left_out(values: FloatArray, min_frequency: float) -> str:
    """Why a variant is no marker, empty if it is one: nobody has a value, or the rarer allele is too rare."""
    known = values[~np.isnan(values)]
    if not len(known):
        return UNKNOWN
    copies, alleles = float(known.sum()), 2 * len(known)
    varies = bool(np.ptp(known) > 0)
    return "" if varies and min(copies, alleles - copies) / alleles >= min_frequency else RARE


def _block(waiting: Sequence[tuple[str, Site, FloatArray, BoolArray]]) -> Block:
    values = np.array([found for _, _, found, _ in waiting])
    there = np.array([present for *_, present in waiting])
    notes: NDArray[np.int8] = np.where(
        np.isnan(values), np.where(there, note("missing genotype"), note("not in the file")), 0
    ).astype(np.int8)
    names = [(f"{name}:{SOURCE}", name, SOURCE) for name, *_ in waiting]
    alleles = [site.alt for _, site, *_ in waiting]
    states = np.full(values.shape, NO_STATE, np.int8)
    return Block(SOURCE, names, states, notes, values=values, effect_alleles=alleles)


def _tell(options: Dosage, chosen: ChosenSites, n: int, left_out: Counter[str]) -> None:
    """Say what was used; no variant at all is refused."""
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(left_out.items())) or "none"
    logger.info("dosage: %d variants are markers; left out: %s", n, reasons)
    if absent := chosen.absent:
        logger.warning("dosage: %d variants of the list are in no file: %s", len(absent), listing(absent, 10))
    if not n:
        hint = "check contigs, alleles and names in `regions` and `variants`, and min_frequency"
        raise MarkersError(options.files[0], f"no variant of genomics.markers.dosage is left ({reasons})", hint)
