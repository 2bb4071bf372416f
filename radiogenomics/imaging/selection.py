"""Which images of a folder make the volume: one series, its slices, each once, of one kind, time, echo and b-value.

Each function takes images and gives those that stay, with the repairs that the policies asked for; what they do not
allow is refused by name.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from radiogenomics.config.imaging import Policies
from radiogenomics.imaging.dicom import optional_number, text
from radiogenomics.imaging.errors import (
    DuplicateSliceError,
    NotAnImageSeriesError,
    SeveralSeriesError,
    SeveralVolumesError,
    VolumeChoiceError,
)
from radiogenomics.imaging.frames import Image
from radiogenomics.imaging.resampling import Repair
from radiogenomics.imaging.several_volumes import SELECTABLE, VOLUME_TAGS, Selected, by_position, kinds, shown
from radiogenomics.imaging.ultrasound import is_picture

TAGS = ("SeriesInstanceUID", "SOPInstanceUID", "Modality", "SeriesNumber", "InstanceNumber", *VOLUME_TAGS)
# Values of one attribute that differ by less than this share are the same.
SAME = 1e-6


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
    largest = max(kinds(images), key=len)
    if len(largest) == len(images) or 2 * len(largest) <= len(images):
        return list(images), []
    return largest, [Repair("mixed_geometry", "drop", f"{len(images) - len(largest)} of {len(images)} slices")]


def single_copies(images: Sequence[Image], equal: Callable[[Sequence[Image]], bool], tolerance_mm: float) -> Selected:
    """Images without those that repeat a position with equal pixels; what is left of others is refused by the stack."""
    kept: list[Image] = []
    for group in by_position(images, tolerance_mm):
        kept += group[:1] if len(group) > 1 and equal(group) else group
    return (kept, [_dropped(len(images) - len(kept))]) if len(kept) < len(images) else (list(images), [])


def _dropped(count: int) -> Repair:
    return Repair(DuplicateSliceError.reason, "drop", f"{count} copies with equal pixels")


def _by_series(images: Iterable[Image]) -> list[list[Image]]:
    series: dict[str, list[Image]] = defaultdict(list)
    for image in images:
        series[shown(image, "SeriesInstanceUID")].append(image)
    return list(series.values())


def _describe(members: Sequence[Image]) -> str:
    """Modality, number, count and first file of a series; its description is free text, which may hold a name."""
    first = members[0]
    number = shown(first, "SeriesNumber") or "without number"
    modality = shown(first, "Modality") or "unknown modality"
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
        named = {tuple(f"{name}={shown(image, name) or '(none)'}" for name, _ in wanted) for image in images}
        raise VolumeChoiceError(folder, select, sorted(";".join(names) for names in named))
    return chosen


def _has(image: Image, name: str, value: str) -> bool:
    """Whether an attribute has a value: as text, or as the same number."""
    found = shown(image, name)
    if found == value:
        return True
    number = optional_number(image.header, name, path=image.path)
    try:
        return number is not None and abs(number - float(value)) <= SAME * abs(number)
    except ValueError:
        return found.strip("[]").replace("'", "").replace(", ", "\\") == value
