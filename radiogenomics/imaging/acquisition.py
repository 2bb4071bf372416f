"""How images were acquired, as their headers state it, and which images of a cohort differ from the others.

Facts are read tolerantly: what is absent, malformed or impossible is empty, never an error, since no fact decides what
voxels mean. Descriptions of series, protocols and software are not read, because people type names into them.
"""

import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from radiogenomics.imaging.dicom import items, optional_number, quiet
from radiogenomics.imaging.errors import InvalidTagError
from radiogenomics.imaging.geometry import BoolArray, FloatArray

# Attributes that are read here. Values of sequences are read with them.
ACQUISITION_TAGS = (
    *("Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "SliceThickness", "KVP", "MagneticFieldStrength"),
    *("ScanningSequence", "SequenceVariant", "MRAcquisitionType", "EchoTime", "RepetitionTime", "FlipAngle"),
    *("ContrastBolusAgent", "ContrastBolusAgentSequence", "ContrastBolusUsageSequence"),
    *("RadiopharmaceuticalInformationSequence", "DepthOfScanField", "SequenceOfUltrasoundRegions"),
)
MAX_LENGTH = 64  # of a text, as of the value representation LO
# What sites write as an agent where there was none, and where it is unknown or was removed; letters and digits only.
DENIALS = frozenset({"NO", "N", "NONE", "NIL", "NO CONTRAST", "NON CONTRAST", "WITHOUT", "WITHOUT CONTRAST"})
UNKNOWN = frozenset({"", "UNKNOWN", "NA", "N A", "REMOVED", "ANONYMIZED", "ANONYMISED", "DEIDENTIFIED"})


@dataclass(frozen=True)
class Acquisition:
    r"""How a series was acquired, as its first slice states it; empty or None where it does not.

    ``sequence`` is ScanningSequence, SequenceVariant and MRAcquisitionType, such as ``GR\SP 3D``. ``tracer`` is the
    coded meaning of the radiopharmaceutical, else its name, in lower-case letters and digits. ``contrast`` is yes where
    an agent is named or a frame states that it was given, no where that is denied in words or by every frame, and empty
    otherwise: the attributes are absent where no contrast was given (PS3.3 C.7.6.4, conditional) but also where nobody
    entered it, and empty (type 2) where the agent is unknown or was removed with the identity (PS3.15 E.1).
    """

    manufacturer: str = ""
    model: str = ""
    kernel: str = ""
    slice_thickness_mm: float | None = None
    kvp: float | None = None
    field_strength_t: float | None = None
    sequence: str = ""
    echo_time_ms: float | None = None
    repetition_time_ms: float | None = None
    flip_angle_degrees: float | None = None
    depth_mm: float | None = None
    transducer_mhz: float | None = None
    contrast: str = ""
    tracer: str = ""

    @classmethod
    def of(cls, path: Path, header: Dataset) -> "Acquisition":
        """Read the facts of one slice; ``header`` holds `ACQUISITION_TAGS` as far as the file does."""
        return cls(
            manufacturer=_text(header, "Manufacturer"),
            model=_text(header, "ManufacturerModelName"),
            kernel=_text(header, "ConvolutionKernel"),
            slice_thickness_mm=_positive(path, header, "SliceThickness"),
            kvp=_positive(path, header, "KVP"),
            field_strength_t=_positive(path, header, "MagneticFieldStrength"),
            sequence=_sequence(header),
            echo_time_ms=_positive(path, header, "EchoTime"),
            repetition_time_ms=_positive(path, header, "RepetitionTime"),
            flip_angle_degrees=_positive(path, header, "FlipAngle"),
            depth_mm=_positive(path, header, "DepthOfScanField"),
            transducer_mhz=_transducer_mhz(path, header),
            contrast=_contrast(path, header),
            tracer=_tracer(path, header),
        )

    def record(self) -> dict[str, Any]:
        """Facts as plain data."""
        return asdict(self)


def _text(header: Dataset, keyword: str) -> str:
    """Values joined by a backslash as in the file, without control characters; empty where there is none."""
    try:
        with quiet():
            value = header.get(keyword)
    except Exception:  # conversion raises ValueError, OverflowError, struct.error, … by value representation
        return ""
    if value is None or isinstance(value, (bytes, Sequence)):
        return ""
    parts = value if isinstance(value, (list, MultiValue)) else [value]
    printable = ["".join(letter if letter.isprintable() else " " for letter in str(part)) for part in parts]
    return "\\".join(" ".join(part.split()) for part in printable)[:MAX_LENGTH].strip(" \\")


def _positive(path: Path, header: Dataset, keyword: str) -> float | None:
    """First number, None unless it is positive: scanners write 0 where they do not know."""
    value = optional_number(header, keyword, path=path)
    return value if value is not None and value > 0 else None


def _items(path: Path, header: Dataset, keyword: str) -> list[Dataset]:
    try:
        return items(header, keyword, path=path)
    except InvalidTagError:
        return []


def _plain(text: str) -> str:
    """Letters and digits of a text, words separated by single spaces."""
    return re.sub(r"[^A-Za-z0-9]+", " ", text).strip()


def _sequence(header: Dataset) -> str:
    """Codes of PS3.3 C.8.3.1; those of scanning sequence and of its variant differ, so that one list holds both."""
    codes = [_text(header, keyword).upper() for keyword in ("ScanningSequence", "SequenceVariant")]
    parts = ["\\".join(code for code in codes if code), _text(header, "MRAcquisitionType").upper()]
    return " ".join(part for part in parts if part)


def _contrast(path: Path, header: Dataset) -> str:
    """Whether contrast was given; the text that tells is not kept."""
    used = _items(path, header, "ContrastBolusUsageSequence")
    given = {_text(item, "ContrastBolusAgentAdministered").upper() for item in used}
    coded = any(
        _text(item, keyword)
        for item in _items(path, header, "ContrastBolusAgentSequence")
        for keyword in ("CodeValue", "LongCodeValue", "URNCodeValue", "CodeMeaning")
    )
    agent = _plain(_text(header, "ContrastBolusAgent")).upper()
    if "YES" in given:
        return "yes"
    if given == {"NO"}:
        return "no"
    if coded or agent not in DENIALS | UNKNOWN:
        return "yes"
    return "no" if agent in DENIALS else ""


def _transducer_mhz(path: Path, header: Dataset) -> float | None:
    """Frequency of the transducer as the first region that knows it states it, in kHz (PS3.3 C.8.5.5)."""
    stated = [
        _positive(path, region, "TransducerFrequency") for region in _items(path, header, "SequenceOfUltrasoundRegions")
    ]
    return next((khz / 1000 for khz in stated if khz is not None), None)


def _tracer(path: Path, header: Dataset) -> str:
    """Name of the radiopharmaceutical (PS3.3 C.8.9.2), from its code where there is one."""
    for item in _items(path, header, "RadiopharmaceuticalInformationSequence"):
        codes = _items(path, item, "RadiopharmaceuticalCodeSequence")
        for name in (*(_text(code, "CodeMeaning") for code in codes), _text(item, "Radiopharmaceutical")):
            if _plain(name):
                return _plain(name).lower()
    return ""


NUMBERS = (
    *("slice_thickness_mm", "kvp", "field_strength_t", "echo_time_ms", "repetition_time_ms", "flip_angle_degrees"),
    *("depth_mm", "transducer_mhz"),
    *("spacing_x_mm", "spacing_y_mm", "spacing_z_mm"),
)
# Facts that are compared, in the order of the table; the spacing is that of the images table.
FACTS = (*(field.name for field in fields(Acquisition)), "spacing_x_mm", "spacing_y_mm", "spacing_z_mm")
OUTLIER_COLUMNS = ("image_id", "patient_id", "role", "modality", "fact", "value", "typical", "n", "outlier")
# Fewer images of a kind do not tell what is typical.
MIN_IMAGES = 5
# Numbers: this many standard deviations from the median, estimated from the median absolute deviation (Iglewicz and
# Hoaglin 1993), and this share of the median, since many protocols state one number without any spread.
MAX_SD, SD_OF_MAD, MIN_SHARE_OF_MEDIAN = 3.5, 1.4826, 0.05
# A number that this share of the images has, give or take 5 % of the median, is another protocol and no outlier: where
# 60 % have 120 kV and 40 % have 100, the deviations' median is 0.
PROTOCOL = 0.25
# Texts: a value of less than the first share, where one value has at least the second.
RARE, COMMON = 0.10, 0.50
# A fact is missed where at least this share of the other images states it.
STATED = 0.90


def outliers(frame: pd.DataFrame) -> pd.DataFrame:
    """Tell which images of a cohort were acquired unlike the others of their role and modality.

    A number is an outlier where it lies further from the median than 3.5 × 1.4826 × the median absolute deviation and
    than 5 % of the median, unless a quarter of the images have it, too (to 5 % of the median). A text is one where less
    than 10 % of the images have it and at least 50 % have the most frequent one. Both take five images that state the
    fact. A fact that is missing, value empty, is one where at least 90 % of the other images, and five of them, state
    it.

    Parameters
    ----------
    frame : DataFrame
        One image a row (further rows of an image are passed over): ``image_id``, ``patient_id``, ``role``,
        ``modality`` and those of `FACTS` that are to be compared. Empty texts and missing numbers are not stated.

    Returns
    -------
    DataFrame
        One fact of one image a row, for facts that any image of the same role and modality states: ``image_id``,
        ``patient_id``, ``role``, ``modality``, ``fact``, ``value`` and ``typical`` (text: the median, or the most
        frequent value and of several the first in the alphabet; empty where fewer than five state it), ``n`` (images
        of the role and modality that state it), ``outlier``. The order of the input does not matter.
    """
    images = frame.drop_duplicates("image_id").astype(
        dict.fromkeys(("image_id", "patient_id", "role", "modality"), "str")
    )
    images = images.sort_values(["role", "modality", "image_id"], kind="stable")
    facts = [fact for fact in FACTS if fact in images]
    parts = [
        part
        for _, group in images.groupby(["role", "modality"])
        for fact in facts
        if (part := _compared(group, fact)) is not None
    ]
    empty = pd.DataFrame({name: pd.Series(dtype=_dtype(name)) for name in OUTLIER_COLUMNS})
    return pd.concat([empty, *parts], ignore_index=True).astype({name: _dtype(name) for name in OUTLIER_COLUMNS})


def _dtype(column: str) -> str:
    return {"n": "int64", "outlier": "bool"}.get(column, "str")


def _compared(group: pd.DataFrame, fact: str) -> pd.DataFrame | None:
    """Rows of one fact in images of one role and modality; None where none states it."""
    values, stated, typical, far = _numbers(group[fact]) if fact in NUMBERS else _texts(group[fact])
    n = int(np.count_nonzero(stated))
    if n == 0:
        return None
    missed = ~stated & (n >= max(MIN_IMAGES, STATED * (len(group) - 1)))
    return pd.DataFrame(
        {
            **{name: group[name].to_numpy() for name in ("image_id", "patient_id", "role", "modality")},
            **{"fact": fact, "value": values, "typical": typical if n >= MIN_IMAGES else "", "n": n},
            "outlier": (far & stated & (n >= MIN_IMAGES)) | missed,
        }
    )


_Compared = tuple[list[str], BoolArray, str, BoolArray]


def _numbers(column: pd.Series) -> _Compared:
    """Values as text, which are stated, the median and which are far from it."""
    values: FloatArray = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    stated = np.isfinite(values)
    if not stated.any():
        return [""] * len(values), stated, "", stated
    median = np.median(values[stated])
    distance = np.abs(np.where(stated, values, median) - median)
    spread = SD_OF_MAD * np.median(distance[stated])
    near = MIN_SHARE_OF_MEDIAN * abs(median)
    known = np.sort(values[stated])
    alike = np.searchsorted(known, values + near, "right") - np.searchsorted(known, values - near, "left")
    far = (distance > max(MAX_SD * spread, near)) & (alike < PROTOCOL * len(known))
    shown = [f"{value:.6g}" if told else "" for value, told in zip(values, stated, strict=True)]
    return shown, stated, f"{median:.6g}", far


def _texts(column: pd.Series) -> _Compared:
    """Values, which are stated, the most frequent one and which are rare."""
    values = column.astype("object").where(column.notna(), "").astype(str)
    stated = (values != "").to_numpy()
    if not stated.any():
        return values.tolist(), stated, "", stated
    counts = values[stated].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    share = values.map(counts).fillna(0).to_numpy(dtype=np.float64) / stated.sum()
    rare = (share < RARE) & (counts.iloc[0] >= COMMON * stated.sum())
    return values.tolist(), stated, str(counts.index[0]), rare
