"""Which regions of a file are meant by a name, and what becomes of several that fit.

Names are matched as they stand in the file and are never made into paths. DICOM pads names with blanks, so those at the
ends of a ROIName or SegmentLabel mean nothing (PS3.5 table 6.2-1, LO); in all else a name is taken letter by letter.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fnmatch import translate
from pathlib import Path
from typing import Protocol

import numpy as np

from radiogenomics.config.imaging import Imaging
from radiogenomics.errors import listing
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.geometry import BoolArray, Grid
from radiogenomics.imaging.segmentation_errors import (
    AmbiguousRoiError,
    EmptyMaskError,
    MaskOutsideVolumeError,
    MissingRoiError,
    SeveralRegionsError,
)


@dataclass(frozen=True)
class Region:
    """One region on the grid of a volume.

    Parameters
    ----------
    name : str
        Name of the region in the file; what was asked for where regions were united or the file has no names. It may
        hold any character, slashes too: do not make a path of it.
    mask : (n_slices, n_rows, n_columns) bool
        The voxels, at least one of them set.
    notes : tuple of str
        What a reader should know: regions that were passed over or united, slices that were interpolated or left empty.
    number : int
        Place among all regions of the file, from 1 on, whichever of them were asked for or are empty.
    """

    name: str
    mask: BoolArray
    notes: tuple[str, ...] = ()
    number: int = 1


@dataclass(frozen=True)
class Entry:
    """A region that a file lists: its name, and the number by which the reader of the format finds it."""

    name: str
    number: int


class Source(Protocol):
    """A segmentation file that was parsed once."""

    path: Path

    @property
    def anonymous(self) -> bool:
        """Whether the file has no names and one label at most, which any name fits."""

    @property
    def entries(self) -> list[Entry]:
        """Every region under its name, in the order of the file; names may repeat."""

    def exact(self, roi: str) -> list[Entry]:
        """Regions of exactly this name."""

    def read(self, entry: Entry, grid: Grid, references: References, settings: Imaging) -> Region:
        """One region on a volume's grid; its mask may be empty."""


def select(source: Source, roi: str, settings: Imaging) -> list[Entry]:
    """Regions that are meant by ``roi``, sorted by name; several only where the policy says what to do with them.

    A key of ``settings.regions`` stands for its patterns: shell wildcards, upper and lower case alike, against the
    whole name. Any other ``roi`` is a name, matched letter by letter.

    Raises
    ------
    MissingRoiError
        No region fits.
    SeveralRegionsError
        Several names fit the patterns, and ``policies.several_regions`` is ``refuse``.
    AmbiguousRoiError
        Several regions have one name. ``each`` could not tell them apart and refuses them as ``refuse`` does;
        ``largest`` and ``union`` need no names.
    """
    policy, patterns = settings.policies.several_regions, settings.regions.get(roi, ())
    if patterns:
        found = [entry for entry in source.entries if _fits(entry.name, patterns)]
    if not patterns or (not found and source.anonymous):
        found = source.exact(roi)
    if not found:
        raise MissingRoiError(source.path, roi, [entry.name for entry in source.entries], patterns)
    (name, times), *others = Counter(entry.name for entry in found).most_common()
    if others and policy == "refuse":
        raise SeveralRegionsError(source.path, roi, sorted(entry.name for entry in found), patterns)
    if times > 1 and policy in ("refuse", "each"):
        raise AmbiguousRoiError(source.path, name, times)
    return sorted(found, key=lambda entry: (entry.name, entry.number))


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(re.match(translate(pattern.casefold()), name.casefold()) for pattern in patterns)


def read_selected(
    source: Source, roi: str, entries: Sequence[Entry], grid: Grid, references: References, settings: Imaging
) -> tuple[Region, ...]:
    """Read the regions that `select` found, and treat several of them as ``policies.several_regions`` says.

    Of several, those that are empty or lie outside the volume are passed over, with a note.

    Raises
    ------
    EmptyMaskError, MaskOutsideVolumeError
        None of the regions holds a voxel of the volume.
    SegmentationError
        What reading one of them raises.
    """
    places = {entry: number for number, entry in enumerate(source.entries, start=1)}

    def read(entry: Entry) -> Region:
        region = source.read(entry, grid, references, settings)
        return replace(region, number=places.get(entry, 1))  # a label map without names has one region

    if len(entries) == 1:
        region = read(entries[0])
        if not region.mask.any():
            raise EmptyMaskError(source.path, region.name)
        return (region,)
    policy = settings.policies.several_regions
    gathered = _Gathered(roi, policy, grid.voxel_volume_mm3)
    for entry in entries:
        try:
            gathered.add(read(entry))
        except MaskOutsideVolumeError:
            gathered.outside.append(entry.name)
    if not gathered.kept:
        error = MaskOutsideVolumeError if len(gathered.outside) == len(entries) else EmptyMaskError
        raise error(source.path, roi)
    return gathered.result()


class _Gathered:
    """Regions under a policy, taken one by one so that only those are held that will be returned."""

    def __init__(self, roi: str, policy: str, voxel_mm3: float) -> None:
        self.roi, self.voxel_mm3 = roi, voxel_mm3
        self.take: Callable[[Region, int], None] = {
            "each": self._append,
            "largest": self._compete,
            "union": self._unite,
        }[policy]
        self.kept: list[Region] = []
        self.voxels = 0
        self.described: list[str] = []
        self.empty: list[str] = []
        self.outside: list[str] = []

    def add(self, region: Region) -> None:
        """Take one more region into account."""
        voxels = int(np.count_nonzero(region.mask))
        if voxels:
            self.take(region, voxels)
        else:
            self.empty.append(region.name)

    def _append(self, region: Region, _voxels: int) -> None:
        self.kept.append(region)

    def _compete(self, region: Region, voxels: int) -> None:
        if voxels > self.voxels:
            self.described += [self._describe(other.name, self.voxels) for other in self.kept]
            self.kept, self.voxels = [region], voxels
        else:
            self.described.append(self._describe(region.name, voxels))

    def _unite(self, region: Region, voxels: int) -> None:
        notes = tuple(f"{region.name!r}: {note}" for note in region.notes)
        if self.kept:
            self.kept[0].mask[...] |= region.mask
            self.kept = [Region(self.roi, self.kept[0].mask, (*self.kept[0].notes, *notes))]
        else:
            self.kept = [Region(self.roi, region.mask, notes)]
        self.described.append(self._describe(region.name, voxels))

    def _describe(self, name: str, voxels: int) -> str:
        return f"{name!r} ({voxels * self.voxel_mm3 / 1000:.4g} ml)"

    def result(self) -> tuple[Region, ...]:
        """Regions that are kept, each with the notes on the others."""
        notes = []
        if self.described:
            what = "union of" if self.take == self._unite else "the largest; passed over:"
            notes.append(f"{what} {', '.join(self.described)}")
        notes += [f"passed over, since they hold no voxel: {listing(self.empty)}"] if self.empty else []
        notes += [f"passed over, since they lie outside the volume: {listing(self.outside)}"] if self.outside else []
        return tuple(replace(region, notes=(*region.notes, *notes)) for region in self.kept)
