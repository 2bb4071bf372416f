"""PET as standardised uptake value (SUV): activity concentration × body size / injected activity.

The injected activity is decayed to the time to which the images are corrected (see `decay`). Attributes are those of
PS3.3 C.8.9.1 (PET Series), C.8.9.2 (PET Isotope) and C.8.9.4 (PET Image); frames of an enhanced PET have theirs from
`enhanced_pet`. What is missing, or contradicts itself, is refused.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from radiogenomics.imaging.decay import Correction, dose
from radiogenomics.imaging.dicom import text
from radiogenomics.imaging.enhanced_pet import ENHANCED_PET_TAGS, is_enhanced_pet
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError
from radiogenomics.imaging.geometry import FloatArray
from radiogenomics.imaging.pet_header import (
    BLOCKS,
    GE_SCAN_START,
    ISOTOPE,
    PHILIPS_ACTIVITY,
    PHILIPS_SUV,
    Headed,
    optional_text,
    plausible,
    private_number,
    shared,
    terms,
)
from radiogenomics.imaging.quantity_errors import BodyFormulaError, PetUnitError, SuvTypeError, UncorrectedPetError

SuvUnit = Literal["suvbw", "suvlbm", "suvbsa"]

# Terms of SUVType (PS3.3 C.8.9.1) for the results, and those that an image in each unit may have.
SUV_TYPES: dict[SuvUnit, str] = {"suvbw": "BW", "suvlbm": "LBMJANMA", "suvbsa": "BSA"}
# Terms of DecayCorrection (PS3.3 C.8.9.1.1.5) that say to which event images are corrected.
EVENTS: tuple[Correction, ...] = ("START", "ADMIN")
STORED_TYPES = {"GML": ("BW", "LBM", "LBMJAMES128", "LBMJANMA", "IBW"), "CM2ML": ("BSA",)}

SUV_TAGS: tuple[str | tuple[int, int], ...] = (
    *("Manufacturer", "Units", "SUVType", "CorrectedImage", "DecayCorrection", ISOTOPE),
    *("PatientWeight", "PatientSize", "PatientSex"),
    *("SeriesDate", "SeriesTime", "AcquisitionDate", "AcquisitionTime", "TimezoneOffsetFromUTC"),
    *("FrameReferenceTime", "ActualFrameDuration", *ENHANCED_PET_TAGS),
    *((group, block) for group in (0x0009, 0x7053) for block in BLOCKS),
    *(
        (tag.group, block << 8 | tag.element)
        for tag in (GE_SCAN_START, PHILIPS_SUV, PHILIPS_ACTIVITY)
        for block in BLOCKS
    ),
)


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
        CorrectedImage lacks ``ATTN`` or ``DECY``, or DecayCorrection is neither ``START`` nor ``ADMIN``; in an enhanced
        PET, AttenuationCorrected or DecayCorrected is not ``YES``.
    ImplausibleValueError
        A weight, size, dose or half-life outside `RANGES`.
    InjectionTimeError, ScanStartError
        The time from injection to scan is impossible or cannot be told.
    BodyFormulaError
        The formula of the stored type gives no positive mass for the patient.
    """
    units = shared(images, "Units", text)
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
    return scales * _body_size(images, wanted) / dose(images, decay)


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


def _check_corrections(images: Sequence[Headed]) -> None:
    path = images[0].path
    if is_enhanced_pet(images[0].header):
        for tag in ("AttenuationCorrected", "DecayCorrected"):
            if shared(images, tag, text) != "YES":
                raise UncorrectedPetError(path, tag, "is not YES")
        return
    done = shared(images, "CorrectedImage", terms)
    for term, meaning in (("ATTN", "attenuation"), ("DECY", "decay")):
        if term not in done:
            raise UncorrectedPetError(path, "CorrectedImage", f"has no {term}: not corrected for {meaning}")


def _decay_correction(images: Sequence[Headed]) -> Correction:
    if is_enhanced_pet(images[0].header):
        return "STATED"
    found = shared(images, "DecayCorrection", text)
    for known in EVENTS:
        if found == known:
            return known
    raise UncorrectedPetError(images[0].path, "DecayCorrection", f"is {found[:16]!r}, neither START nor ADMIN")


def _stored_type(images: Sequence[Headed], units: str) -> str:
    known = STORED_TYPES[units]
    found = shared(images, "SUVType", optional_text) or known[0]
    if found not in known:
        raise SuvTypeError(images[0].path, found[:16], units)
    return found


def _ratio(images: Sequence[Headed], wanted: str, stored: str) -> float:
    """Factor from one type of uptake value to another; nothing of the patient is needed where they are the same."""
    return 1.0 if wanted == stored else _body_size(images, wanted) / _body_size(images, stored)


def _body_size(images: Sequence[Headed], kind: str) -> float:
    """Body size by a term of SUVType: a mass in g, or a surface area in cm² for BSA."""
    weight_kg = shared(images, "PatientWeight", plausible)
    if kind == "BW":
        return 1000 * weight_kg
    size_m = shared(images, "PatientSize", plausible)
    if kind == "BSA":
        return 10_000 * body_surface_area_m2(weight_kg, size_m)
    sex = shared(images, "PatientSex", text)
    if sex not in ("M", "F"):
        raise InvalidTagError(images[0].path, "PatientSex", "another value", "M or F, for which formulas exist")
    mass_kg = body_mass_kg(kind, weight_kg, size_m, male=sex == "M")
    if mass_kg <= 0:
        raise BodyFormulaError(images[0].path, kind)
    return 1000 * mass_kg


def _philips_scales(images: Sequence[Headed]) -> tuple[FloatArray, bool]:
    """Philips' factor of each slice, and whether it gives Bq/ml (else SUVbw)."""
    for tag in (PHILIPS_SUV, PHILIPS_ACTIVITY):
        found = [private_number(image, tag) for image in images]
        if any(found):
            for image, value in zip(images, found, strict=True):
                if value is None:
                    raise MissingTagError(image.path, str(tag))
                if value <= 0:
                    raise InvalidTagError(image.path, str(tag), value, "a number above 0, as in other slices")
            return np.array(found, dtype=np.float64), tag is PHILIPS_ACTIVITY
    raise MissingTagError(images[0].path, f"{PHILIPS_SUV} and no {PHILIPS_ACTIVITY} other than 0")
