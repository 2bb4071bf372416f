"""The planted truth as one long table."""

from collections.abc import Iterator, Mapping

import pandas as pd

from radiogenomics.simulate.design import EFFECTS, NULLS, SCANNERS, SHAPE_FAMILIES, TEXTURE_FAMILIES, Design
from radiogenomics.table import Column, Table

KINDS = ("effect", "null_gene", "site_shift", "fault", "carrier")

TRUTH = Table(
    "simulate/truth",
    "One thing that was planted in a simulated study.",
    Column(
        "kind",
        "category",
        "effect of a gene; null_gene: a gene without one; site_shift; fault of a patient's data; carrier of a marker",
        values=KINDS,
    ),
    Column("subject", "string", "marker (<gene>:<class>), site, or patient of a fault"),
    Column("target", "string", "texture, shape or volume; what a site shifts; reason of a fault; patient who carries"),
    Column("stage", "string", "stage that has to refuse the patient, empty where the row is not about a fault"),
    Column("families", "string", "families of features that the effect has to show in, separated by commas"),
    Column("indirect", "string", "families of features that the effect may show in, since it moves the lesion's edge"),
    Column("size", "float64", "size of the effect on the lesion or the image", nullable=True),
    Column("unit", "string", "unit of the size; factor: the quantity is multiplied by it"),
    Column("detail", "string", "what was changed, in words"),
    key=("kind", "subject", "target"),
)


def truth(design: Design, carried: Mapping[str, set[str]]) -> pd.DataFrame:
    """Make the truth table of a study.

    Parameters
    ----------
    design : Design
        The study.
    carried : mapping
        Markers that each patient with a readable sample is altered in, by patient.
    """
    rows = [*_effects(), *_sites(design)]
    rows += [_row("fault", design.patients[f.patient].patient_id, f.reason, stage=f.stage) for f in design.faults]
    markers = sorted({marker for found in carried.values() for marker in found})
    rows += [
        _row("carrier", marker, patient) for marker in markers for patient, found in carried.items() if marker in found
    ]
    return TRUTH.frame(rows)


def _effects() -> Iterator[dict[str, object]]:
    texture, shape = ",".join(TEXTURE_FAMILIES), ",".join(SHAPE_FAMILIES)
    yield _row(
        "effect",
        "TEXA1:non_silent",
        "texture",
        families=texture,
        size=EFFECTS.texture_sd_factor,
        unit="factor",
        detail=f"standard deviation of the lesion's texture; its correlation length × {EFFECTS.texture_length_factor}",
    )
    yield _row(
        "effect",
        "SHPB1:non_silent",
        "shape",
        families=shape,
        indirect=texture,
        size=EFFECTS.stretch_shift,
        unit="log of the long half-axis",
        detail=f"the lesion is stretched at the same volume; its bumps × {EFFECTS.lobulation_factor}",
    )
    yield _row(
        "effect",
        "VOLC1:non_silent",
        "volume",
        families=f"{shape},{texture}",
        size=round(EFFECTS.radius_factor**3, 3),
        unit="factor",
        detail="volume of the lesion, and nothing that is not due to it",
    )
    for gene in NULLS:
        yield _row("null_gene", gene.marker, "")


def _sites(design: Design) -> Iterator[dict[str, object]]:
    reference = SCANNERS[0]
    for number, scanner in enumerate(SCANNERS[1 : design.n_sites], start=2):
        site = f"site{number}"
        yield _row("site_shift", site, "offset", size=scanner.offset_hu - reference.offset_hu, unit="HU")
        yield _row("site_shift", site, "noise", size=scanner.noise_hu / reference.noise_hu, unit="factor")
        yield _row("site_shift", site, "blur", size=scanner.blur_mm / reference.blur_mm, unit="factor")
        yield _row("site_shift", site, "slice_thickness", size=scanner.slice_mm / reference.slice_mm, unit="factor")


def _row(kind: str, subject: str, target: str, **others: object) -> dict[str, object]:
    empty: dict[str, object] = dict.fromkeys(("stage", "families", "indirect", "unit", "detail"), "")
    return {"kind": kind, "subject": subject, "target": target, **empty, "size": None, **others}
