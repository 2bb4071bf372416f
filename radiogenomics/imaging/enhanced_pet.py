"""Enhanced PET (PS3.3 A.56): what a frame states, in the keywords of a classic PET slice.

The rescale of an enhanced object has no unit (RescaleType US). The unit of its values stands in the mappings to real
world values (C.7.6.16.2.11, mandatory in A.56.4), each with slope, intercept and a UCUM code of CID 84 or 85. The range
that a mapping states for stored values is not looked at. Corrections are attributes of their own (C.8.22.6), as is the
time to which values are corrected for decay; `suv` and `decay` read these as they are.
"""

from pathlib import Path
from typing import NamedTuple

from pydicom.dataset import Dataset

from radiogenomics.imaging.dicom import items, number, sop_class, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError

ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"
MAPPINGS = "RealWorldValueMappingSequence"
# Attributes at the top level that are read of an enhanced object only.
ENHANCED_PET_TAGS = ("DecayCorrected", "AttenuationCorrected", "DecayCorrectionDateTime")
# Annotations of the UCUM codes of uptake values and their terms in SUVType (PS3.3 C.8.9.1).
ANNOTATIONS = {
    "SUVbw": "BW",
    "SUVlbm": "LBM",
    "SUVlbm(James128)": "LBMJAMES128",
    "SUVlbm(Janma)": "LBMJANMA",
    "SUVibw": "IBW",
}


class Quantity(NamedTuple):
    """Units (PS3.3 C.8.9.1.1.3) and SUVType of a classic slice."""

    units: str
    suv_type: str = ""


# By UCUM code, the most useful first: activity can be turned into any uptake value. CID 85 has put annotations last
# since 2015, before it put them first. A plain g/ml does not tell which uptake value it is.
QUANTITIES = {
    "Bq/ml": Quantity("BQML"),
    **{code: Quantity("GML", kind) for a, kind in ANNOTATIONS.items() for code in (f"g/ml{{{a}}}", f"{{{a}}}g/ml")},
    **{code: Quantity("CM2ML", "BSA") for code in ("cm2/ml{SUVbsa}", "{SUVbsa}cm2/ml", "cm2/ml")},
}
# Values of RescaleType that are units of PET, for objects that state theirs there in spite of the standard.
RESCALE_TYPES = ("BQML", "GML", "CM2ML")


def pet_frame(path: Path, header: Dataset) -> Dataset:
    """Copy of the header of one frame of an enhanced PET with the keywords of a slice.

    RescaleSlope, RescaleIntercept, Units and SUVType become those of the mapping to activity, else to an uptake value,
    else of the first one, whose unit then is its UCUM code.

    Parameters
    ----------
    path, header
        File, and one frame's attributes with its functional groups put at the top level.

    Raises
    ------
    MissingTagError, InvalidTagError
        There is no mapping with slope, intercept and unit, and RescaleType is no unit of PET.
    """
    frame = Dataset()
    frame.update(header)
    mappings = [(code, item) for item in items(header, MAPPINGS, path=path) if (code := _code(path, item))]
    if not mappings:
        rescaled = text(header, "RescaleType", "", path=path)
        if rescaled not in RESCALE_TYPES:
            raise MissingTagError(path, f"{MAPPINGS} with MeasurementUnitsCodeSequence")
        frame.Units = rescaled
        return frame
    order = list(QUANTITIES)
    code, item = min(mappings, key=lambda found: order.index(found[0]) if found[0] in QUANTITIES else len(order))
    if "RealWorldValueLUTData" in item:
        raise InvalidTagError(path, MAPPINGS, "a table of values", "RealWorldValueSlope and RealWorldValueIntercept")
    found = QUANTITIES.get(code, Quantity(code))
    frame.add_new("Units", "LO", found.units)  # a code of UCUM does not fit the representation CS
    frame.add_new("SUVType", "LO", found.suv_type)
    for keyword in ("Slope", "Intercept"):
        frame.add_new(f"Rescale{keyword}", "FD", number(item, f"RealWorldValue{keyword}", path=path))
    return frame


def is_enhanced_pet(header: Dataset) -> bool:
    """Whether a frame is of an enhanced PET; legacy converted objects keep the attributes of classic slices."""
    return sop_class(header) == ENHANCED_PET


def _code(path: Path, mapping: Dataset) -> str:
    """Code of the unit, in LongCodeValue where it is longer than 16 characters; empty where there is none."""
    units = items(mapping, "MeasurementUnitsCodeSequence", path=path)
    found = (text(unit, tag, "", path=path) for unit in units[:1] for tag in ("CodeValue", "LongCodeValue"))
    return next(filter(None, found), "")
