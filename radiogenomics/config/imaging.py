"""Keys of ``imaging``."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from radiogenomics.config.section import Distinct, Name, Section

PetUnit = Literal["stored", "suvbw", "suvlbm", "suvbsa"]


class Policies(Section):
    """What is done with a defect of a series or a segmentation; each key is the reason that it is refused for."""

    several_series: Literal["refuse", "split"] = Field(
        "refuse",
        description="Several image series in a folder: `split` takes the one that the images sheet names in `select`.",
    )
    several_volumes: Literal["refuse", "split"] = Field(
        "refuse",
        description="A series that repeats its positions (time points, echoes, b-values): `split` takes the volume that"
        " the images sheet names in `select`.",
    )
    not_an_image_series: Literal["refuse", "drop"] = Field(
        "refuse", description="Localizers, screen captures and colour images among the slices: `drop` leaves them out."
    )
    unreadable_dicom: Literal["refuse", "drop"] = Field(
        "refuse",
        description="Files that are damaged or cut off: `drop` leaves them out; a slice that is missing then counts as"
        " missing.",
    )
    duplicate_slice: Literal["refuse", "drop"] = Field(
        "refuse",
        description="The same slice twice: `drop` keeps the first of equal pixels; unequal ones are refused still.",
    )
    mixed_geometry: Literal["refuse", "drop"] = Field(
        "refuse",
        description="Slices of another matrix, PixelSpacing, orientation or frame of reference: `drop` keeps the kind"
        " that more than half of the slices share.",
    )
    missing_slice: Literal["refuse", "resample"] = Field(
        "refuse", description="Gaps in an even stack: `resample` fills them linearly from their neighbours."
    )
    uneven_spacing: Literal["refuse", "resample"] = Field(
        "refuse", description="Unequal distances: `resample` interpolates linearly to slices at the median distance."
    )
    gantry_tilt: Literal["refuse", "correct"] = Field(
        "refuse", description="A sheared stack: `correct` shifts each slice within its plane, by linear interpolation."
    )
    lossy_compression: Literal["refuse", "accept"] = Field(
        "refuse", description="Pixels that were compressed with loss, now or earlier: `accept` takes them as they are."
    )
    off_plane_contour: Literal["refuse", "interpolate"] = Field(
        "refuse",
        description="RTSTRUCT contours between slices: `interpolate` fills the slices between contours by their signed"
        " distances.",
    )
    several_regions: Literal["refuse", "each", "largest", "union"] = Field(
        "refuse",
        description="Several regions that fit one pattern: take each, the one of the largest volume, or all as one.",
    )


class MagneticResonance(Section):
    """What is done with the arbitrary intensities of MR."""

    bias_correction: bool = Field(
        False, description="Correct the bias field with N4 (Tustison 2010) before anything else."
    )
    normalisation: Literal["none", "zscore", "percentile", "nyul"] = Field(
        "none",
        description="Scale intensities by mean and standard deviation, or from the 1st to the 99th percentile, of the"
        " image's foreground; or map landmarks of the foreground to a scale that is fitted on all images of a role"
        " (Nyúl 2000).",
    )


class Segmenter(Section):
    """A program that segments a volume; nothing is downloaded for it."""

    command: str = Field(
        description="Command line; `{volume}` (NIfTI), `{mask}` (label map to write) and `{weights}` are filled in."
    )
    weights: Path | None = Field(None, description="File with the weights of its model.")
    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None = Field(
        None, description="SHA-256 of the weights; other weights are refused."
    )
    timeout_s: float = Field(3600, gt=0, description="Longest time, in seconds, that one image may take.")

    @model_validator(mode="after")
    def _digest_of_weights(self) -> Self:
        if (self.weights is None) != (self.sha256 is None):
            raise ValueError("weights and sha256 go together")
        return self


class Imaging(Section):
    """From DICOM to volumes and masks."""

    slice_tolerance_mm: float = Field(
        0.05,
        gt=0,
        description="Largest deviation of a slice position, in mm, from equal spacing along the slice normal.",
    )
    mask_tolerance_mm: float = Field(
        0.01,
        gt=0,
        description="Largest distance, in mm, between the voxels of a mask's grid and the image's for a match.",
    )
    plane_tolerance_mm: float = Field(
        0.1, gt=0, description="Largest distance, in mm, of an RTSTRUCT contour from the centre of its slice."
    )
    fraction: float = Field(
        0.5, gt=0, le=1, description="Share from which a voxel of a fractional segmentation belongs to the region."
    )
    regions: dict[str, Annotated[tuple[str, ...], Distinct, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="Patterns by the name that the images sheet uses as `roi`, e.g. `tumour: [GTV*, Tumor]`; `*`, `?`"
        " and `[…]` as in a shell, upper and lower case alike. A name without patterns is matched letter by letter.",
    )
    pet_unit: PetUnit = Field(
        "suvbw",
        description="PET as standardised uptake value by body weight, lean body mass (Janmahasatian) or body surface"
        " area (Du Bois), or in the unit that is stored.",
    )
    segmenters: dict[Name, Segmenter] = Field(
        default_factory=dict,
        description="Programs that segment, by the name that the images sheet gives as `segmentation`:"
        " `segmenter:NAME`.",
    )
    mr: MagneticResonance = Field(MagneticResonance())
    policies: Policies = Field(Policies())
