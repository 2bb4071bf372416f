"""PET as standardised uptake value (SUV): activity concentration × body size / injected activity.

The time to which images are corrected for decay is found as in QIBA's vendor-neutral pseudo-code (RSNA Quantitative
Imaging Biomarkers Alliance, FDG-PET/CT profile); the injected activity is decayed to it. Attributes are those of PS3.3
C.8.9.1 (PET Series), C.8.9.2 (PET Isotope) and C.8.9.4 (PET Image). What is missing, or contradicts itself, is refused.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from radiogenomics.imaging.dicom import items, number, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, MixedAcquisitionError
from radiogenomics.imaging.geometry import FloatArray
from radiogenomics.imaging.quantity_errors import (
    BodyFormulaError,
    ImplausibleValueError,
    InjectionTimeError,
    PetUnitError,
    ScanStartError,
    SuvTypeError,
    UncorrectedPetError,
)

SuvUnit = Literal["suvbw", "suvlbm", "suvbsa"]
Value = TypeVar("Value")

# Terms of SUVType (PS3.3 C.8.9.1) for the results, and those that an image in each unit may have.
SUV_TYPES: dict[SuvUnit, str] = {"suvbw": "BW", "suvlbm": "LBMJANMA", "suvbsa": "BSA"}
STORED_TYPES = {"GML": ("BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW"), "CM2ML": ("BSA",)}
ISOTOPE = "RadiopharmaceuticalInformationSequence"

# What numbers can be, in the unit of DICOM. Weight: a newborn to above the limit of scanner tables. Size: a size in cm
# is refused. Activity: 10 MBq in a child to 2 GBq of Rb-82, so that MBq, mCi and (below 1 GBq) kBq are refused.
# Half-life: Rb-82 (76 s) to I-124 (4.2 days).
RANGES = {
    "PatientWeight": ("kg", 1.0, 400.0),
    "PatientSize": ("m", 0.3, 2.5),
    "RadionuclideTotalDose": ("Bq", 1e6, 1e10),
    "RadionuclideHalfLife": ("s", 60.0, 1e6),
}
# After five half-lives 3 % of the dose is left; studies start earlier (F-18: 9 hours, Ga-68: 5.7 hours, Zr-89: 16
# days). A longer interval is a wrong date or a wrong clock, and would multiply the uptake value by more than 32.
MAX_HALF_LIVES = 5
# RadiopharmaceuticalStartTime may be rounded to the minute where RadiopharmaceuticalStartDateTime is not.
SAME_TIME_S = 60
# Scan starts computed from different slices may differ by what changes the factor by this share (F-18: 9.5 s).
SCAN_START_SHARE = 0.001
DAY_S = 86_400


@dataclass(frozen=True)
class Private:
    """A private attribute; ``maker`` is in Manufacturer where a file has lost the private creator."""

    creator: str
    group: int
    element: int
    name: str
    maker: str

    def __str__(self) -> str:
        """Keyword with the tag that it usually has."""
        return f"{self.name} ({self.group:04x},10{self.element:02x})"


GE_SCAN_START = Private("GEMS_PETD_01", 0x0009, 0x0D, "PETScanDateTime", "GE ")
PHILIPS_SUV = Private("Philips PET Private Group", 0x7053, 0x00, "SUVScaleFactor", "PHILIPS")
PHILIPS_ACTIVITY = Private("Philips PET Private Group", 0x7053, 0x09, "ActivityConcentrationScaleFactor", "PHILIPS")
# Private blocks that the header pass reads; a block moves up where another creator has taken the first.
BLOCKS = range(0x10, 0x14)

SUV_TAGS: tuple[str | tuple[int, int], ...] = (
    *("Manufacturer", "Units", "SUVType", "CorrectedImage", "DecayCorrection", ISOTOPE),
    *("PatientWeight", "PatientSize", "PatientSex"),
    *("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "TimezoneOffsetFromUTC"),
    *("FrameReferenceTime", "ActualFrameDuration"),
    *((group, block) for group in (0x0009, 0x7053) for block in BLOCKS),
    *(
        (tag.group, block << 8 | tag.element)
        for tag in (GE_SCAN_START, PHILIPS_SUV, PHILIPS_ACTIVITY)
        for block in BLOCKS
    ),
)


class Headed(Protocol):
    """A file with its header, as the header pass reads it."""

    @property
    def path(self) -> Path: ...  # noqa: D102
    @property
    def header(self) -> Dataset: ...  # noqa: D102


@dataclass(frozen=True)
class _Item:
    """An item of a sequence of a slice."""

    path: Path
    header: Dataset


def suv_factors(images: Sequence[Headed], unit: SuvUnit) -> FloatArray:
    """Factors that turn rescaled stored values into standardised uptake values.

    SUV = (stored value × RescaleSlope + RescaleIntercept) × factor. By unit of the image:

    - ``BQML``: body size / dose at the time to which the images are corrected (DecayCorrection ``START``: scan start,
      ``ADMIN``: injection).
    - ``CNTS``: Philips' SUV scale factor, which gives SUVbw; where there is none or 0, Philips' activity concentration
      scale factor gives Bq/ml. RescaleSlope applies before either of them.
    - ``GML``, ``CM2ML``: an uptake value already, of the kind that SUVType names (BW for GML, BSA for CM2ML if it is
      absent, PS3.3 C.8.9.1); another kind by the ratio of body sizes.

    Parameters
    ----------
    images : sequence of objects with ``path`` and ``header``
        All slices of one PET series, at least one; headers hold `SUV_TAGS`.
    unit : {"suvbw", "suvlbm", "suvbsa"}
        Body size is the weight in g, the lean body mass of Janmahasatian (2005) in g, or the body surface area of
        Du Bois (1916) in cm²; the results are in g/ml, g/ml and cm²/ml.

    Returns
    -------
    (n_images,) float64
        One factor a slice, in the order of ``images``.

    Raises
    ------
    MissingTagError, InvalidTagError
        An attribute that is needed is absent, or has an impossible value.
    MixedAcquisitionError
        Slices differ in an attribute that a series has once, such as the patient's weight or the dose.
    PetUnitError, SuvTypeError
        Values of this unit, or of this type of uptake value, cannot be converted.
    UncorrectedPetError
        CorrectedImage lacks ``ATTN`` or ``DECY``, or DecayCorrection is neither ``START`` nor ``ADMIN``.
    ImplausibleValueError
        A weight, size, dose or half-life outside `RANGES`.
    InjectionTimeError, ScanStartError
        The time from injection to scan is impossible or cannot be told.
    BodyFormulaError
        The formula of the stored type gives no positive mass for the patient.
    """
    units = _shared(images, "Units", text)
    wanted = SUV_TYPES[unit]
    _check_corrections(images)
    if units in STORED_TYPES:
        return np.full(len(images), _ratio(images, wanted, _stored_type(images, units)))
    if units not in ("BQML", "CNTS"):
        raise PetUnitError(images[0].path, units[:16])
    decay = _decay_correction(images)
    scales, concentration = np.ones(len(images)), True
    if units == "CNTS":
        scales, concentration = _philips_scales(images)
    if not concentration:
        return scales * _ratio(images, wanted, "BW")
    return scales * _body_size(images, wanted) / _dose(images, decay)


def body_surface_area_m2(weight_kg: float, size_m: float) -> float:
    """Body surface area in m² (Du Bois & Du Bois, Arch Intern Med 1916; PS3.16 code 126403)."""
    return float(0.007184 * weight_kg**0.425 * (100 * size_m) ** 0.725)


def body_mass_kg(kind: str, weight_kg: float, size_m: float, *, male: bool) -> float:
    """Mass in kg that an uptake value is normalised by; ``kind`` is a term of SUVType other than BW and BSA.

    LBMJANMA: Janmahasatian et al., Clin Pharmacokinet 2005 (PS3.16 code 126406). LBMJAMES128: James 1976 (126405). LBM:
    the same with 120 in place of 128, as Morgan & Bray 1994 print it (126402). IBW: Sugawara et al., Radiology 1999
    (126404); it does not depend on the weight.
    """
    if kind == "LBMJANMA":
        body_mass_index = weight_kg / size_m**2
        return 9270 * weight_kg / (6680 + 216 * body_mass_index if male else 8780 + 244 * body_mass_index)
    if kind == "IBW":
        above_cm = 100 * size_m - 152
        return 48.0 + 1.06 * above_cm if male else 45.5 + 0.91 * above_cm
    linear, quadratic = (1.10, 128 if kind == "LBMJAMES128" else 120) if male else (1.07, 148)
    return linear * weight_kg - quadratic * (weight_kg / (100 * size_m)) ** 2


def _shared(images: Sequence[Headed], tag: str, read: Callable[..., Value]) -> Value:
    """Value that all slices share; values are counted, not shown, since they may concern the patient."""
    values = [read(image.header, tag, path=image.path) for image in images]
    unlike = [image.path.name for image, value in zip(images, values, strict=True) if value != values[0]]
    if unlike:
        distinct = len({str(value) for value in values})
        raise MixedAcquisitionError(images[0].path.parent, tag, [f"{distinct} different"], list(dict.fromkeys(unlike)))
    return values[0]


def _optional_text(header: Dataset, tag: str, *, path: Path) -> str:
    return text(header, tag, "", path=path)


def _terms(header: Dataset, tag: str, *, path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text(header, tag, path=path)))


def _plausible(header: Dataset, tag: str, *, path: Path) -> float:
    """Read a number within its range; the message does not show it."""
    unit, low, high = RANGES[tag]
    try:
        value = number(header, tag, path=path)
    except InvalidTagError:
        raise InvalidTagError(path, tag, "no number", f"one number in {unit}") from None
    if not low <= value <= high:
        raise ImplausibleValueError(path, tag, unit, low, high, above=value > high)
    return value


def _check_corrections(images: Sequence[Headed]) -> None:
    path, done = images[0].path, _shared(images, "CorrectedImage", _terms)
    for term, meaning in (("ATTN", "attenuation"), ("DECY", "decay")):
        if term not in done:
            raise UncorrectedPetError(path, "CorrectedImage", f"has no {term}: not corrected for {meaning}")


def _decay_correction(images: Sequence[Headed]) -> str:
    found = _shared(images, "DecayCorrection", text)
    if found not in ("START", "ADMIN"):
        raise UncorrectedPetError(images[0].path, "DecayCorrection", f"is {found[:16]!r}, neither START nor ADMIN")
    return found


def _stored_type(images: Sequence[Headed], units: str) -> str:
    known = STORED_TYPES[units]
    found = _shared(images, "SUVType", _optional_text) or known[0]
    if found not in known:
        raise SuvTypeError(images[0].path, found[:16], units)
    return found


def _ratio(images: Sequence[Headed], wanted: str, stored: str) -> float:
    """Factor from one type of uptake value to another; nothing of the patient is needed where they are the same."""
    return 1.0 if wanted == stored else _body_size(images, wanted) / _body_size(images, stored)


def _body_size(images: Sequence[Headed], kind: str) -> float:
    """Body size by a term of SUVType: a mass in g, or a surface area in cm² for BSA."""
    weight_kg = _shared(images, "PatientWeight", _plausible)
    if kind == "BW":
        return 1000 * weight_kg
    size_m = _shared(images, "PatientSize", _plausible)
    if kind == "BSA":
        return 10_000 * body_surface_area_m2(weight_kg, size_m)
    sex = _shared(images, "PatientSex", text)
    if sex not in ("M", "F"):
        raise InvalidTagError(images[0].path, "PatientSex", "another value", "M or F, for which formulas exist")
    mass_kg = body_mass_kg(kind, weight_kg, size_m, male=sex == "M")
    if mass_kg <= 0:
        raise BodyFormulaError(images[0].path, kind)
    return 1000 * mass_kg


def _philips_scales(images: Sequence[Headed]) -> tuple[FloatArray, bool]:
    """Philips' factor of each slice, and whether it gives Bq/ml (else SUVbw)."""
    for tag in (PHILIPS_SUV, PHILIPS_ACTIVITY):
        found = [_private_number(image, tag) for image in images]
        if any(found):
            for image, value in zip(images, found, strict=True):
                if value is None:
                    raise MissingTagError(image.path, str(tag))
                if value <= 0:
                    raise InvalidTagError(image.path, str(tag), value, "a number above 0, as in other slices")
            return np.array(found, dtype=np.float64), tag is PHILIPS_ACTIVITY
    raise MissingTagError(images[0].path, f"{PHILIPS_SUV} and no {PHILIPS_ACTIVITY} other than 0")


def _private_number(image: Headed, tag: Private) -> float | None:
    value = _private(image, tag)
    if not value:
        return None
    try:
        found = float(value)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InvalidTagError(image.path, str(tag), value[:16], "a finite number")
    return found


def _private(image: Headed, tag: Private) -> str:
    """Value of a private attribute as text, empty where it is absent or another creator has its place."""
    header, creators = image.header, image.header.private_creators(tag.group)
    if tag.creator in creators:
        place = header.private_block(tag.group, tag.creator).get_tag(tag.element)
    elif not creators and tag.maker in text(header, "Manufacturer", "", path=image.path).upper():
        place = Tag(tag.group, 0x1000 | tag.element)
    else:
        return ""
    value = header[place].value if place in header else None
    plain = value.decode("ascii", "replace") if isinstance(value, bytes) else str("" if value is None else value)
    return plain.strip("\0 ")


def _dose(images: Sequence[Headed], decay_correction: str) -> float:
    """Activity in Bq that is left of the injected one at the time to which the images are corrected."""
    isotopes = [_isotope(image) for image in images]
    dose_bq = _shared(isotopes, "RadionuclideTotalDose", _plausible)
    if decay_correction == "ADMIN":
        return dose_bq
    half_life_s = _shared(isotopes, "RadionuclideHalfLife", _plausible)
    scan = _scan_start(images, half_life_s)
    elapsed_s = (scan - _injection(images, isotopes, scan, half_life_s)).total_seconds()
    if elapsed_s < 0:
        raise InjectionTimeError(images[0].path, "the injection is after the start of the scan")
    if elapsed_s > MAX_HALF_LIVES * half_life_s:
        problem = f"the scan starts {elapsed_s / half_life_s:.1f} half-lives after the injection"
        raise InjectionTimeError(images[0].path, f"{problem}, beyond {MAX_HALF_LIVES}")
    return float(dose_bq * 2 ** (-elapsed_s / half_life_s))


def _isotope(image: Headed) -> _Item:
    found = items(image.header, ISOTOPE, path=image.path)
    if not found:
        raise MissingTagError(image.path, ISOTOPE)
    if len(found) > 1:
        raise InvalidTagError(image.path, ISOTOPE, f"{len(found)} items", "one item, one injection")
    return _Item(image.path, found[0])


def _scan_start(images: Sequence[Headed], half_life_s: float) -> datetime:
    """Time to which images with DecayCorrection START are corrected.

    SeriesTime, unless it is after the earliest acquisition (a series that was written or processed later). Then GE's
    private start of the scan; else, what acquisition, FrameReferenceTime and frame duration of the slices agree on.
    """
    series = _moment(
        images[0].path, "SeriesTime", *(_shared(images, tag, text) for tag in ("SeriesDate", "SeriesTime"))
    )
    acquired = [_acquisition(image) for image in images]
    if series <= min(acquired):
        return series
    stated = _shared(images, str(GE_SCAN_START), lambda header, _, path: _private(_Item(path, header), GE_SCAN_START))
    if stated:
        return _moment(images[0].path, str(GE_SCAN_START), stated[:8], stated[8:])
    starts = [start - _since_scan_start(image, half_life_s) for image, start in zip(images, acquired, strict=True)]
    spread_s = (max(starts) - min(starts)).total_seconds()
    if spread_s * np.log(2) / half_life_s > SCAN_START_SHARE:
        raise ScanStartError(images[0].path, f"slices lead to times that are {spread_s:.1f} s apart")
    return min(starts)


def _acquisition(image: Headed) -> datetime:
    date, clock = (text(image.header, tag, path=image.path) for tag in ("AcquisitionDate", "AcquisitionTime"))
    return _moment(image.path, "AcquisitionTime", date, clock)


def _since_scan_start(image: Headed, half_life_s: float) -> timedelta:
    """Time from the start of the scan to the start of the slice's frame.

    FrameReferenceTime (PS3.3 C.8.9.4.1.5) runs from the start of the scan to the moment in the frame at which the count
    rate is the average of the frame: ln(λT / (1 - exp(-λT))) / λ after the frame's start, with its duration T.
    """
    reference_s, duration_s = (
        number(image.header, tag, path=image.path) / 1000 for tag in ("FrameReferenceTime", "ActualFrameDuration")
    )
    if reference_s <= 0 or duration_s <= 0:
        raise ScanStartError(image.path, "FrameReferenceTime and ActualFrameDuration are not both above 0")
    decays = np.log(2) / half_life_s * duration_s
    average_s = np.log(decays / -np.expm1(-decays)) * duration_s / decays
    return timedelta(seconds=float(reference_s - average_s))


def _injection(images: Sequence[Headed], isotopes: Sequence[Headed], scan: datetime, half_life_s: float) -> datetime:
    """Start of the injection: RadiopharmaceuticalStartDateTime, else RadiopharmaceuticalStartTime before the scan."""
    path, zone = images[0].path, _shared(images, "TimezoneOffsetFromUTC", _optional_text)
    dated, clock = (
        _shared(isotopes, tag, _optional_text)
        for tag in ("RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime")
    )
    if dated:
        start = _local(path, dated, zone)
        if clock:
            _check_same_time(path, start, _moment(path, "RadiopharmaceuticalStartTime", f"{start:%Y%m%d}", clock))
        return start
    if not clock:
        raise MissingTagError(path, "RadiopharmaceuticalStartDateTime")
    start = _moment(path, "RadiopharmaceuticalStartTime", f"{scan:%Y%m%d}", clock)
    if start > scan:  # past midnight
        start -= timedelta(seconds=DAY_S)
    if (scan - start).total_seconds() + DAY_S <= MAX_HALF_LIVES * half_life_s:
        raise InjectionTimeError(
            path, "no RadiopharmaceuticalStartDateTime; with this half-life the day can be earlier"
        )
    return start


def _local(path: Path, stated: str, zone: str) -> datetime:
    """Date and time of the injection, which must be in the series' own time zone ``zone`` (&ZZXX, empty if unknown)."""
    tag = "RadiopharmaceuticalStartDateTime"
    local, sign, offset = re.split(r"([+-]|$)", stated, maxsplit=1)
    if sign and sign + offset != zone:
        raise InjectionTimeError(path, f"{tag} has another offset from UTC than TimezoneOffsetFromUTC")
    return _moment(path, tag, local[:8], local[8:])


def _check_same_time(path: Path, dated: datetime, clock: datetime) -> None:
    apart_s = abs((dated - clock).total_seconds())
    apart_s = min(apart_s, DAY_S - apart_s)
    if apart_s > SAME_TIME_S:
        names = "RadiopharmaceuticalStartDateTime and RadiopharmaceuticalStartTime"
        raise InjectionTimeError(path, f"{names} are {apart_s:.0f} s apart")


def _moment(path: Path, tag: str, date: str, clock: str) -> datetime:
    """Date and time of day to the minute at least (PS3.5 6.2, with the separators of ACR-NEMA); never in a message."""
    day = re.fullmatch(r"(\d{4})\.?(\d{2})\.?(\d{2})", date)
    time = re.fullmatch(r"(\d{2}):?(\d{2})(?::?(\d{2}(?:\.\d{1,6})?))?", clock)
    try:
        if day and time:
            year, month, of_month = (int(part) for part in day.groups())
            whole = datetime(year, month, of_month, int(time[1]), int(time[2]))
            return whole + timedelta(seconds=float(time[3] or 0))
    except ValueError:
        pass
    raise InvalidTagError(path, tag, "no date and time", "a date, and a time of day to the minute or better")
