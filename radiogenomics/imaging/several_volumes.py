"""Volumes that one series may hold: time points, echoes, b-values, other kinds of slices, ultrasound pictures."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

import numpy as np

from radiogenomics.config.imaging import Policies
from radiogenomics.imaging.dicom import numbers, optional_number, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, SeveralVolumesError, VolumeChoiceError
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.geometry import FloatArray
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
# Slices are of one kind where these are equal, orientation and spacing up to rounding.
KIND_TAGS = ("Rows", "Columns", "FrameOfReferenceUID", "RescaleType", "Units")
ROUNDING = 1e-3

Selected: TypeAlias = tuple[list[Image], list[Repair]]


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
        parts = [part for kind in kinds(images) for part in _parts(kind, tolerance_mm)]
    if len(parts) == 1 and number in (None, 1):
        return list(images), []
    if number is None or not 1 <= number <= len(parts):
        raise VolumeChoiceError(folder, select, [f"{label} ({len(part)} slices)" for label, part in parts])
    label, part = parts[number - 1]
    return part, [Repair(SeveralVolumesError.reason, "split", f"volume {number} of {len(parts)}: {label}")]


def varying(images: Sequence[Image], label: Sequence[int]) -> list[str]:
    """Attributes with more than one value at some position."""
    found = []
    for tag in VOLUME_TAGS:
        values: dict[int, set[str]] = defaultdict(set)
        for image, n in zip(images, label, strict=True):
            values[n].add(shown(image, tag))
        if any(len(distinct) > 1 for distinct in values.values()):
            found.append(tag)
    return found


def kinds(images: Sequence[Image]) -> list[list[Image]]:
    """Images grouped by what must be one in a volume."""
    groups: list[tuple[tuple[str, ...], list[float], list[Image]]] = []
    for image in images:
        names, values = tuple(shown(image, tag) for tag in KIND_TAGS), _axes(image)
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


def by_position(images: Sequence[Image], tolerance_mm: float) -> list[list[Image]]:
    """Images of one kind grouped by position along their normal; one group an image where positions are not stated."""
    try:
        positions = np.array([numbers(image.header, "ImagePositionPatient", 3, path=image.path) for image in images])
    except (MissingTagError, InvalidTagError):
        return [[image] for image in images]
    if len(axes := _axes(images[0])) != 8:
        return [[image] for image in images]
    along_mm = positions @ np.cross(axes[0:3], axes[3:6])
    order = np.argsort(along_mm, kind="stable")
    groups: dict[int, list[Image]] = defaultdict(list)
    for n, label in zip(order, position_labels(along_mm[order], tolerance_mm), strict=True):
        groups[label].append(images[n])
    return list(groups.values())


def position_labels(along_mm: FloatArray, tolerance_mm: float) -> list[int]:
    """Number of the position of each slice, from 0 on; ``along_mm`` rises, and what is within the tolerance is one."""
    labels: list[int] = np.cumsum(np.diff(along_mm, prepend=along_mm[:1]) > tolerance_mm).tolist()
    return labels


def shown(image: Image, tag: str) -> str:
    """Text of an attribute, empty where it is absent."""
    return text(image.header, tag, "", path=image.path)


def _parts(images: list[Image], tolerance_mm: float) -> list[tuple[str, list[Image]]]:
    """Volumes in images of one kind, with what tells them apart; one part where nothing does.

    One or two attributes do where they have as many values as a position has images, and each value once a position.
    """
    times = max(len(group) for group in by_position(images, tolerance_mm))
    if times == 1:
        return [("", images)]
    for count in (1, 2):
        for tags in combinations(VOLUME_TAGS, count):
            parts: dict[tuple[str, ...], list[Image]] = defaultdict(list)
            for image in images:
                parts[tuple(shown(image, tag) for tag in tags)].append(image)
            if len(parts) == times and all(_once(part, tolerance_mm) for part in parts.values()):
                ordered = sorted(parts.items(), key=lambda item: [_sortable(value) for value in item[0]])
                return [(_label(tags, values), part) for values, part in ordered]
    return _blocks(images, times, tolerance_mm) or [("", images)]


def _pictures(images: Sequence[Image]) -> list[tuple[str, list[Image]]]:
    """Each picture by itself, in the order of InstanceNumber."""
    numbered = sorted((_sortable(shown(image, "InstanceNumber")), n) for n, image in enumerate(images))
    return [(f"InstanceNumber={shown(images[n], 'InstanceNumber')}", [images[n]]) for _, n in numbered]


def _once(images: Sequence[Image], tolerance_mm: float) -> bool:
    """Whether no position repeats."""
    return all(len(group) == 1 for group in by_position(images, tolerance_mm))


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
