"""Which images of a folder make the volume: one series, its slices, each once, of one kind, time, echo and b-value.

Each function takes images and gives those that stay, with the repairs that the policies asked for; what they do not
allow is refused by name.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

import numpy as np

from radiogenomics.config.models import Policies
from radiogenomics.imaging.dicom import numbers, optional_number, text
from radiogenomics.imaging.errors import (
    DuplicateSliceError,
    InvalidTagError,
    MissingTagError,
    NotAnImageSeriesError,
    SeveralSeriesError,
    SeveralVolumesError,
    VolumeChoiceError,
)
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.resampling import Repair
from radiogenomics.imaging.ultrasound import is_picture

# What volumes of one series that repeat the same positions may differ in, the most telling first.
VOLUME_TAGS = (
    *("EchoNumbers", "EchoTime", "DiffusionBValue", "TemporalPositionIdentifier", "TriggerTime", "FlipAngle"),
    *("AcquisitionNumber", "ImageType", "StackID", "InversionTime", "AcquisitionTime", "ContentTime"),
    *("AcquisitionDateTime", "DiffusionGradientOrientation", "NumberOfTemporalPositions"),
)
# What the images sheet may name in `select`; dates and times would identify.
CLOCKS = ("AcquisitionTime", "ContentTime", "AcquisitionDateTime")
SELECTABLE = ("SeriesNumber", "InstanceNumber", *(tag for tag in VOLUME_TAGS if tag not in CLOCKS))
TAGS = ("SeriesInstanceUID", "SOPInstanceUID", "Modality", "SeriesNumber", "InstanceNumber", *VOLUME_TAGS)
# Slices are of one kind where these are equal, orientation and spacing up to rounding.
KIND_TAGS = ("Rows", "Columns", "FrameOfReferenceUID", "RescaleType", "Units")
ROUNDING = 1e-3
# Values of one attribute that differ by less than this share are the same.
SAME = 1e-6

Selected: TypeAlias = tuple[list[Image], list[Repair]]


def one_series(folder: Path, images: Sequence[Image], select: str, policies: Policies) -> Selected:
    """Images of the one series, or of the volume that ``select`` names by attributes (``EchoTime=4.6;SeriesNumber=3``).

    Raises
    ------
    VolumeChoiceError
        ``select`` is malformed, or nothing has these values.
    SeveralSeriesError, SeveralVolumesError
        Several series; images that ``select`` leaves out, where the policy does not allow to split.
    """
    chosen = _with_values(folder, images, select)
    series = _by_series(images)
    if len(series) > 1 and (policies.several_series == "refuse" or len(_by_series(chosen)) > 1):
        raise SeveralSeriesError(folder, [_describe(members) for members in series])
    if len(series) == 1 and len(chosen) < len(images) and policies.several_volumes == "refuse":
        raise SeveralVolumesError(folder, len(images), len(chosen), [name for name, _ in _wanted(folder, select)])
    if len(chosen) == len(images):
        return chosen, []
    split = SeveralSeriesError if len(series) > 1 else SeveralVolumesError
    return chosen, [Repair(split.reason, "split", f"{len(chosen)} of {len(images)} images: {select}")]


def slices_only(
    folder: Path, images: Sequence[Image], is_slice: Callable[[Image], bool], policies: Policies
) -> Selected:
    """Images without localizers, screen captures and images of another kind; refused unless they may be dropped."""
    foreign = [image.name for image in images if not is_slice(image)]
    if not foreign:
        return list(images), []
    if policies.not_an_image_series == "refuse" or len(foreign) == len(images):
        raise NotAnImageSeriesError(folder, "localizers, screen captures or images of another kind in it", foreign)
    kept = [image for image in images if is_slice(image)]
    return kept, [Repair(NotAnImageSeriesError.reason, "drop", f"{len(foreign)} image(s)")]


def once_each(
    folder: Path, images: Sequence[Image], equal: Callable[[Sequence[Image]], bool], policies: Policies
) -> Selected:
    """Images without copies of an instance; refused unless they may be dropped and their pixels are equal."""
    instances: dict[tuple[str, int], list[Image]] = defaultdict(list)
    for image in images:
        instances[text(image.header, "SOPInstanceUID", path=image.path), image.frame].append(image)
    copies = [image.name for same in instances.values() if len(same) > 1 for image in same]
    if not copies:
        return list(images), []
    if policies.duplicate_slice == "refuse" or not all(equal(same) for same in instances.values() if len(same) > 1):
        raise DuplicateSliceError(folder, copies, same_instance=True)
    return [same[0] for same in instances.values()], [_dropped(len(images) - len(instances))]


def one_kind(images: Sequence[Image], policies: Policies) -> Selected:
    """Images of the kind (matrix, spacing, orientation, frame of reference, unit) that more than half of them share.

    All images where the policy is to refuse, or no kind has the majority: the stack then says what differs. Ultrasound
    pictures, of which each is a volume of its own, may differ.
    """
    if policies.mixed_geometry == "refuse" or is_picture(images[0].header):
        return list(images), []
    largest = max(_kinds(images), key=len)
    if len(largest) == len(images) or 2 * len(largest) <= len(images):
        return list(images), []
    return largest, [Repair("mixed_geometry", "drop", f"{len(images) - len(largest)} of {len(images)} slices")]


def one_volume(folder: Path, images: Sequence[Image], select: str, policies: Policies, tolerance_mm: float) -> Selected:
    """The volume that ``select`` counts to (``2`` is the second), where the policy is to split; else all images.

    Volumes are told apart by kind and, where positions repeat, by the attributes that differ; they are counted in the
    order of these attributes' values. Each ultrasound picture is a volume; they are counted by InstanceNumber.

    Raises
    ------
    VolumeChoiceError
        There are several, and ``select`` names none of them.
    SeveralVolumesError
        There are several ultrasound pictures, or ``select`` counts, where the policy does not allow to split.
    """
    number = int(select) if select.isascii() and select.isdigit() else None
    if policies.several_volumes == "refuse":
        if number is not None:
            raise SeveralVolumesError(folder, len(images), len(images), ["what `select` counts"])
        if is_picture(images[0].header) and len(images) > 1:
            raise SeveralVolumesError(folder, len(images), 0, ["InstanceNumber"])
        return list(images), []
    if is_picture(images[0].header):
        parts = _pictures(images)
    else:
        parts = [part for kind in _kinds(images) for part in _parts(kind, tolerance_mm)]
    if len(parts) == 1 and number in (None, 1):
        return list(images), []
    if number is None or not 1 <= number <= len(parts):
        raise VolumeChoiceError(folder, select, [f"{label} ({len(part)} slices)" for label, part in parts])
    label, part = parts[number - 1]
    return part, [Repair(SeveralVolumesError.reason, "split", f"volume {number} of {len(parts)}: {label}")]


def single_copies(images: Sequence[Image], equal: Callable[[Sequence[Image]], bool], tolerance_mm: float) -> Selected:
    """Images without those that repeat a position with equal pixels; what is left of others is refused by the stack."""
    kept: list[Image] = []
    for group in _by_position(images, tolerance_mm):
        kept += group[:1] if len(group) > 1 and equal(group) else group
    return (kept, [_dropped(len(images) - len(kept))]) if len(kept) < len(images) else (list(images), [])


def varying(images: Sequence[Image], label: Sequence[int]) -> list[str]:
    """Attributes with more than one value at some position."""
    found = []
    for tag in VOLUME_TAGS:
        values: dict[int, set[str]] = defaultdict(set)
        for image, n in zip(images, label, strict=True):
            values[n].add(_shown(image, tag))
        if any(len(distinct) > 1 for distinct in values.values()):
            found.append(tag)
    return found


def _dropped(count: int) -> Repair:
    return Repair(DuplicateSliceError.reason, "drop", f"{count} copies with equal pixels")


def _shown(image: Image, tag: str) -> str:
    return text(image.header, tag, "", path=image.path)


def _by_series(images: Iterable[Image]) -> list[list[Image]]:
    series: dict[str, list[Image]] = defaultdict(list)
    for image in images:
        series[_shown(image, "SeriesInstanceUID")].append(image)
    return list(series.values())


def _describe(members: Sequence[Image]) -> str:
    """Modality, number, count and first file of a series; its description is free text, which may hold a name."""
    first = members[0]
    number = _shown(first, "SeriesNumber") or "without number"
    modality = _shown(first, "Modality") or "unknown modality"
    return f"{modality} series {number} ({len(members)} image(s), e.g. {first.name})"


def _wanted(folder: Path, select: str) -> list[tuple[str, str]]:
    """Attributes and values that ``select`` names; none where it is empty or a number."""
    if not select or (select.isascii() and select.isdigit()):
        return []
    pairs = [part.partition("=") for part in select.split(";")]
    found = [(name.strip(), value.strip()) for name, _, value in pairs]
    if any(name not in SELECTABLE or not value for name, value in found):
        raise VolumeChoiceError(folder, select, [f"{name}=…" for name in SELECTABLE])
    return found


def _with_values(folder: Path, images: Sequence[Image], select: str) -> list[Image]:
    wanted = _wanted(folder, select)
    chosen = [image for image in images if all(_has(image, name, value) for name, value in wanted)]
    if not chosen:
        named = {tuple(f"{name}={_shown(image, name) or '(none)'}" for name, _ in wanted) for image in images}
        raise VolumeChoiceError(folder, select, sorted(";".join(names) for names in named))
    return chosen


def _has(image: Image, name: str, value: str) -> bool:
    """Whether an attribute has a value: as text, or as the same number."""
    found = _shown(image, name)
    if found == value:
        return True
    number = optional_number(image.header, name, path=image.path)
    try:
        return number is not None and abs(number - float(value)) <= SAME * abs(number)
    except ValueError:
        return found.strip("[]").replace("'", "").replace(", ", "\\") == value


def _kinds(images: Sequence[Image]) -> list[list[Image]]:
    """Images grouped by what must be one in a volume."""
    groups: list[tuple[tuple[str, ...], list[float], list[Image]]] = []
    for image in images:
        names, values = tuple(_shown(image, tag) for tag in KIND_TAGS), _axes(image)
        for known, first, members in groups:
            if (
                known == names
                and len(first) == len(values)
                and np.allclose(first, values, rtol=ROUNDING, atol=ROUNDING)
            ):
                members.append(image)
                break
        else:
            groups.append((names, values, [image]))
    return [members for _, _, members in groups]


def _axes(image: Image) -> list[float]:
    found: list[float] = []
    for tag, count in (("ImageOrientationPatient", 6), ("PixelSpacing", 2)):
        try:
            found += numbers(image.header, tag, count, path=image.path)
        except (MissingTagError, InvalidTagError):  # the stack refuses it by name
            return []
    return found


def _by_position(images: Sequence[Image], tolerance_mm: float) -> list[list[Image]]:
    """Images of one kind grouped by position along their normal; one group an image where positions are not stated."""
    try:
        positions = np.array([numbers(image.header, "ImagePositionPatient", 3, path=image.path) for image in images])
    except (MissingTagError, InvalidTagError):
        return [[image] for image in images]
    if len(axes := _axes(images[0])) != 8:
        return [[image] for image in images]
    along = positions @ np.cross(axes[0:3], axes[3:6])
    order = np.argsort(along, kind="stable")
    groups: list[list[Image]] = []
    for n, before in zip(order, [None, *order[:-1]], strict=True):
        if before is not None and along[n] - along[before] <= tolerance_mm:
            groups[-1].append(images[n])
        else:
            groups.append([images[n]])
    return groups


def _parts(images: list[Image], tolerance_mm: float) -> list[tuple[str, list[Image]]]:
    """Volumes in images of one kind, with what tells them apart; one part where nothing does.

    One or two attributes do where they have as many values as a position has images, and each value once a position.
    """
    times = max(len(group) for group in _by_position(images, tolerance_mm))
    if times == 1:
        return [("", images)]
    for count in (1, 2):
        for tags in combinations(VOLUME_TAGS, count):
            parts: dict[tuple[str, ...], list[Image]] = defaultdict(list)
            for image in images:
                parts[tuple(_shown(image, tag) for tag in tags)].append(image)
            if len(parts) == times and all(_once(part, tolerance_mm) for part in parts.values()):
                ordered = sorted(parts.items(), key=lambda item: [_sortable(value) for value in item[0]])
                return [(_label(tags, values), part) for values, part in ordered]
    return _blocks(images, times, tolerance_mm) or [("", images)]


def _pictures(images: Sequence[Image]) -> list[tuple[str, list[Image]]]:
    """Each picture by itself, in the order of InstanceNumber."""
    numbered = sorted((_sortable(_shown(image, "InstanceNumber")), n) for n, image in enumerate(images))
    return [(f"InstanceNumber={_shown(images[n], 'InstanceNumber')}", [images[n]]) for _, n in numbered]


def _once(images: Sequence[Image], tolerance_mm: float) -> bool:
    """Whether no position repeats."""
    return all(len(group) == 1 for group in _by_position(images, tolerance_mm))


def _blocks(images: Sequence[Image], times: int, tolerance_mm: float) -> list[tuple[str, list[Image]]]:
    """Volumes as blocks of InstanceNumber, of equal size and each position once; none where they are not."""
    found = [(optional_number(image.header, "InstanceNumber", path=image.path), image) for image in images]
    numbered = sorted(((number, n) for n, (number, _) in enumerate(found) if number is not None))
    size = len(images) // times
    blocks = [numbered[start : start + size] for start in range(0, len(numbered), size)]
    parts = [(f"InstanceNumber {block[0][0]:g} to {block[-1][0]:g}", [images[n] for _, n in block]) for block in blocks]
    whole = len(numbered) == len(images) == size * times
    return parts if whole and all(_once(part, tolerance_mm) for _, part in parts) else []


def _label(tags: Sequence[str], values: Sequence[str]) -> str:
    """What tells a volume apart; times are named, not shown."""
    return ", ".join(f"{tag}={value}" if tag in SELECTABLE else tag for tag, value in zip(tags, values, strict=True))


def _sortable(value: str) -> tuple[int, float, str]:
    try:
        return 0, float(value), ""
    except ValueError:
        return 1, 0.0, value
