"""The activity that is left of an injection at the time to which PET images are corrected for decay.

The time is found as in QIBA's vendor-neutral pseudo-code (RSNA Quantitative Imaging Biomarkers Alliance, FDG-PET/CT
profile). Attributes are those of PS3.3 C.8.9.1 (PET Series), C.8.9.2 (PET Isotope) and C.8.9.4 (PET Image). An
enhanced PET states the time (C.8.22.6). What is missing, or contradicts itself, is refused; a date or a time is never
in a message.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from radiogenomics.imaging.dicom import number, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError
from radiogenomics.imaging.pet_header import (
    GE_SCAN_START,
    Headed,
    Item,
    isotope,
    optional_text,
    plausible,
    private_text,
    shared,
)
from radiogenomics.imaging.quantity_errors import InjectionTimeError, ScanStartError

Correction = Literal["ADMIN", "START", "STATED"]

# After five half-lives 3 % of the dose is left; studies start earlier (F-18: 9 hours, Ga-68: 5.7 hours, Zr-89: 16
# days). A longer interval is a wrong date or a wrong clock, and would multiply the uptake value by more than 32.
MAX_HALF_LIVES = 5
# RadiopharmaceuticalStartTime may be rounded to the minute where RadiopharmaceuticalStartDateTime is not.
SAME_TIME_S = 60
# Scan starts computed from different slices may differ by what changes the factor by this share (F-18: 9.5 s).
SCAN_START_SHARE = 0.001
DAY_S = 86_400


def dose(images: Sequence[Headed], corrected_to: Correction) -> float:
    """Activity in Bq that is left of the injected one at the time to which the images are corrected for decay.

    ``corrected_to`` is the injection (``ADMIN``), the start of the scan (``START``), which is looked for, or the time
    that an enhanced PET states (``STATED``, DecayCorrectionDateTime).
    """
    isotopes = [isotope(image) for image in images]
    dose_bq = shared(isotopes, "RadionuclideTotalDose", plausible)
    if corrected_to == "ADMIN":
        return dose_bq
    half_life_s = shared(isotopes, "RadionuclideHalfLife", plausible)
    scan = _stated(images) if corrected_to == "STATED" else _scan_start(images, half_life_s)
    elapsed_s = (scan - _injection(images, isotopes, scan, half_life_s)).total_seconds()
    if elapsed_s < 0:
        raise InjectionTimeError(images[0].path, "the injection is after the start of the scan")
    if elapsed_s > MAX_HALF_LIVES * half_life_s:
        problem = f"the scan starts {elapsed_s / half_life_s:.1f} half-lives after the injection"
        raise InjectionTimeError(images[0].path, f"{problem}, beyond {MAX_HALF_LIVES}")
    return float(dose_bq * 2 ** (-elapsed_s / half_life_s))


def _stated(images: Sequence[Headed]) -> datetime:
    tag, zone = "DecayCorrectionDateTime", shared(images, "TimezoneOffsetFromUTC", optional_text)
    return _local(images[0].path, tag, shared(images, tag, text), zone)


def _scan_start(images: Sequence[Headed], half_life_s: float) -> datetime:
    """Time to which images with DecayCorrection START are corrected.

    SeriesTime, unless it is after the earliest acquisition (a series that was written or processed later). Then GE's
    private start of the scan; else, what acquisition, FrameReferenceTime and frame duration of the slices agree on.
    """
    series = _moment(images[0].path, "SeriesTime", *(shared(images, tag, text) for tag in ("SeriesDate", "SeriesTime")))
    acquired = [_acquisition(image) for image in images]
    if series <= min(acquired):
        return series
    stated = shared(images, str(GE_SCAN_START), lambda header, _, path: private_text(Item(path, header), GE_SCAN_START))
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
    path, zone = images[0].path, shared(images, "TimezoneOffsetFromUTC", optional_text)
    dated, clock = (
        shared(isotopes, tag, optional_text)
        for tag in ("RadiopharmaceuticalStartDateTime", "RadiopharmaceuticalStartTime")
    )
    if dated:
        start = _local(path, "RadiopharmaceuticalStartDateTime", dated, zone)
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


def _local(path: Path, tag: str, stated: str, zone: str) -> datetime:
    """Date and time, which must be in the series' own time zone ``zone`` (&ZZXX, empty if unknown)."""
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
