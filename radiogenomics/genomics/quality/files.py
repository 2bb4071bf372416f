"""Which files are read for whom, and reading them: each alone, then those with reference calls together."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from radiogenomics.config.genomics import Genomics
from radiogenomics.errors import RadiogenomicsError
from radiogenomics.genomics.maf import is_maf
from radiogenomics.genomics.quality.errors import NoGenotypesOfMafError
from radiogenomics.genomics.quality.genotypes import EVERYTHING, Choice, Source
from radiogenomics.genomics.quality.joined import joined
from radiogenomics.genomics.quality.joint import Joint
from radiogenomics.genomics.quality.people import Person
from radiogenomics.genomics.quality.plink import BedSource, PgenSource
from radiogenomics.genomics.quality.samples import SampleCounts
from radiogenomics.genomics.quality.vcf import VcfSource
from radiogenomics.genomics.samples import find_sample

logger = logging.getLogger(__name__)

# A file with a smaller share of homozygous reference calls lists variants only: what it does not list is unknown.
MIN_REFERENCE_SHARE = 0.05


@dataclass
class Part:
    """One file with the people whose samples it holds, under these names."""

    path: Path
    source: Source
    people: list[Person]
    names: list[str]
    counts: SampleCounts = field(init=False)

    def __post_init__(self) -> None:
        self.counts = SampleCounts(len(self.names))

    @property
    def has_reference(self) -> bool:
        """Whether the file states reference calls, so that what is missing is known to be missing."""
        return self.counts.reference_share >= MIN_REFERENCE_SHARE


@dataclass
class Reading:
    """What was read.

    ``notes`` says of a patient why nothing was, by the reason of an error; ``joint`` holds the samples of the parts
    ``together`` in this order, None if no file has reference calls.
    """

    parts: list[Part]
    notes: dict[str, str]
    together: list[Part] = field(default_factory=list)
    joint: Joint | None = None

    @property
    def people(self) -> list[Person]:
        """Who is in ``joint``."""
        return [person for part in self.together for person in part.people]


def open_source(path: Path, pass_only: bool, choice: Choice = EVERYTHING) -> Source:
    """Open a file of genotypes by its suffix and content.

    Raises
    ------
    MissingFileError, UnreadableVcfError, UnreadableGenotypesError, NoGenotypesOfMafError, MissingExtraError,
    DosageFieldError
    """
    if path.suffix == ".bed":
        return BedSource(path, choice)
    if path.suffix == ".pgen":
        return PgenSource(path, pass_only, choice)
    if is_maf(path):
        raise NoGenotypesOfMafError(path)
    return VcfSource(path, pass_only, choice)


def open_all(paths: Sequence[Path], options: Genomics) -> Reading:
    """All samples of some files; samples stand for patients.

    Raises
    ------
    As ``open_source``.
    """
    sources = [(path, open_source(path, options.pass_only)) for path in dict.fromkeys(paths)]
    return Reading(
        [
            Part(path, source, [Person(name, name, path) for name in source.samples], list(source.samples))
            for path, source in sources
        ],
        {},
    )


def open_for(people: Sequence[Person], given: Sequence[Path], options: Genomics) -> Reading:
    """The samples of ``people``, each in the first of the ``given`` files that has it, or in the file of the sheet.

    Raises
    ------
    As ``open_source``, of a given file; one of the sheet that cannot be read is noted with its people.
    """
    reading = Reading([], {})
    missing = {person.patient_id for person in people}
    for path in dict.fromkeys(given or (person.vcf for person in people)):
        owners = [person for person in people if person.patient_id in missing and (given or person.vcf == path)]
        try:
            source = open_source(path, options.pass_only)
        except RadiogenomicsError as error:
            if given:
                raise
            _note(reading, path, owners, error)
            continue
        found: dict[str, Person] = {}
        for person in owners:
            try:
                found[find_sample(path, person.sample_id, source.samples, options.sample_id)] = person
            except RadiogenomicsError as error:
                reading.notes[person.patient_id] = error.reason
        if found:
            reading.parts.append(Part(path, source, list(found.values()), list(found)))
        for person in found.values():
            missing.remove(person.patient_id)
            reading.notes.pop(person.patient_id, None)
    return reading


def read(reading: Reading, options: Genomics, given: bool, scratch: Path) -> None:
    """Count every file; then feed those with reference calls, site by site, to what is computed of samples together.

    One file alone is read once. Memory is bounded by the number of samples, not of sites.

    Raises
    ------
    UnreadableVcfError, UnreadableGenotypesError, OrderOfSitesError
        The first two of a given file only; others are noted.
    """
    alone = _joint(reading.parts, options, scratch) if len(reading.parts) == 1 else None
    for part in list(reading.parts):
        try:
            for block in part.source.blocks(part.names):
                part.counts.add(block)
                if alone:
                    alone.add(block)
        except RadiogenomicsError as error:
            if given:
                raise
            _note(reading, part.path, part.people, error)
            reading.parts.remove(part)
    reading.together = [part for part in reading.parts if part.has_reference]
    if alone is None and reading.together:
        reading.joint = _joint(reading.together, options, scratch)
        left_out: Counter[str] = Counter()
        for block in joined([(part.source, part.names) for part in reading.together], left_out):
            reading.joint.add(block)
        reading.joint.reasons += left_out
    elif reading.together:
        reading.joint = alone


def _joint(parts: Sequence[Part], options: Genomics, scratch: Path) -> Joint:
    label = list(_labels(parts, options))
    groups = [np.array([each == name for each in label]) for name in sorted(set(label) - {""})]
    lengths = {name: length for part in parts for name, length in part.source.lengths.items()}
    return Joint(len(label), lengths, options.quality, groups, scratch)


def _labels(parts: Sequence[Part], options: Genomics) -> Iterator[str]:
    """The group of each sample: what the sheet states, or else its file."""
    for number, part in enumerate(parts):
        for person in part.people:
            yield person.group if options.quality.group_column else str(number)


def _note(reading: Reading, path: Path, people: Sequence[Person], error: RadiogenomicsError) -> None:
    logger.warning("%s: genotypes not looked at: %s (%d sample(s))", path.name, error.reason, len(people))
    reading.notes.update(dict.fromkeys((person.patient_id for person in people), error.reason))
