"""How features are extracted from one kind of image; a preset file holds one `RadiomicsSettings`."""

from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from radiogenomics.config.filters import Filter
from radiogenomics.config.section import Distinct, Name, Section

Family = Literal[
    "shape", "local", "firstorder", "histogram", "ivh", "glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm",
    "gldm", "shape2D",
]  # fmt: skip
Aggregation = Literal[
    "2d_averaged", "2d_slice_merged", "2.5d_direction_merged", "2.5d_merged", "3d_averaged", "3d_merged"
]
Transform = Literal["square", "squareroot", "logarithm", "exponential", "gradient"]
FAMILIES: dict[str, tuple[Family, ...]] = {
    "ibsi": (
        "shape", "local", "firstorder", "histogram", "ivh", "glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm",
    ),
    "pyradiomics": ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm", "shape2D"),
}  # fmt: skip
# What only one definition knows, by key.
OF_IBSI = ("bin_origin", "round_intensities", "ivh")
OF_PYRADIOMICS = ("energy_shift",)


class ImageTypes(Section):
    """Which derived images features are computed on."""

    original: bool = Field(True, description="The image as it is.")
    log_sigma_mm: Annotated[tuple[PositiveFloat, ...], Distinct] = Field(
        (), description="Laplacian of Gaussian at these sigmas, in mm; none when empty."
    )
    wavelet: bool = Field(False, description="The eight sub-bands of one undecimated level of the coif1 wavelet.")
    filters: tuple[Filter, ...] = Field(
        (), description="Further filters of IBSI-2, each with a `name`, a `kind` and its parameters."
    )

    transforms: Annotated[tuple[Transform, ...], Distinct] = Field(
        (), description="Transforms of intensities that pyradiomics has, with `definition: pyradiomics`."
    )

    @property
    def log_names(self) -> tuple[str, ...]:
        """What the images of `log_sigma_mm` are called in tables."""
        return tuple(f"log-sigma-{str(sigma).replace('.', '-')}-mm-3D" for sigma in self.log_sigma_mm)

    @property
    def wavelet_names(self) -> tuple[str, ...]:
        """What the images of `wavelet` are called: L or H along x, y and z."""
        return tuple(f"wavelet-{''.join(bands)}" for bands in product("LH", repeat=3)) if self.wavelet else ()

    @property
    def names(self) -> tuple[str, ...]:
        """What all images are called in tables."""
        own = tuple(each.name for each in self.filters)
        original = ("original",) if self.original else ()
        return (*original, *self.log_names, *self.wavelet_names, *self.transforms, *own)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.names:
            raise ValueError("at least one image type must be chosen")
        if repeated := sorted({name for name in self.names if self.names.count(name) > 1}):
            raise ValueError(f"{', '.join(repeated)} stands for more than one image type")
        return self


class Normalise(Section):
    """Intensities of the whole image as standard deviations from its mean, before anything else."""

    sd: float = Field(100.0, gt=0, description="Standard deviation that the image is scaled to; its mean becomes 0.")
    clip_sd: PositiveFloat | None = Field(
        None, description="Intensities farther than this many standard deviations from the mean are set to it."
    )


class VolumeHistogram(Section):
    """Steps of the intensity–volume histogram (IBSI 3.5.2)."""

    bin_width: PositiveFloat | None = Field(
        None, description="Fixed width, for calibrated continuous intensities; null uses intensities as they are."
    )
    bin_count: Annotated[int, Field(ge=2)] | None = Field(
        None, description="Fixed number, for arbitrary units (IBSI: 1000)."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.bin_width is not None and self.bin_count is not None:
            raise ValueError("give bin_width or bin_count, not both")
        return self


class RadiomicsSettings(Section):
    """How features are extracted from one kind of image; a preset file holds one of these."""

    engine: Literal["native", "pyradiomics"] = Field(
        "native", description="Own engine, or the package pyradiomics (with `definition: pyradiomics`)."
    )
    definition: Literal["ibsi", "pyradiomics"] = Field(
        "ibsi",
        description="Features and steps as the IBSI reference manual defines them, or as pyradiomics 3 has them.",
    )
    normalise: Normalise | None = Field(None, description="Scale the whole image first (arbitrary units, as in MR).")
    resampled_spacing_mm: tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat] | None = Field(
        None,
        description="Voxel spacing (x, y, z) in mm to resample to before extraction; 0 keeps an axis, null all.",
    )
    interpolation: Literal["nearest", "linear", "cubic"] = Field(
        "cubic",
        description="Of the image when it is resampled: nearest, (tri)linear or (tri)cubic spline. Masks are taken"
        " linearly from 0.5 (IBSI) or by the nearest voxel (pyradiomics).",
    )
    round_intensities: bool = Field(
        False, description="Round resampled intensities to whole numbers (CT, whose HU are whole)."
    )
    resegment_range: tuple[float | None, float | None] | None = Field(
        None, description="Lowest and highest intensity that count, both inclusive; null is open."
    )
    resegment_sd: PositiveFloat | None = Field(
        None, description="Leave out intensities farther than this many standard deviations from the region's mean."
    )
    bin_width: PositiveFloat | None = Field(
        None, description="Fixed bin width in units of the image (HU for CT). Exactly one of bin_width and bin_count."
    )
    bin_origin: float | None = Field(
        None,
        description="Lower edge of the first bin of a fixed width; null takes the lower end of `resegment_range`, or"
        " else the region's minimum.",
    )
    bin_count: Annotated[int, Field(ge=2)] | None = Field(
        None, description="Fixed number of bins. Exactly one of bin_width and bin_count."
    )
    ivh: VolumeHistogram = Field(VolumeHistogram())
    aggregation: Aggregation = Field(
        "3d_averaged",
        description="How texture matrices of slices and directions are merged or their features averaged.",
    )
    energy_shift: float = Field(
        0.0, description="Added to intensities before Energy and RootMeanSquared (pyradiomics: voxelArrayShift)."
    )
    families: Annotated[tuple[Family, ...], Distinct] | None = Field(
        None, min_length=1, description="Feature families; null takes all that the definition has, but not `shape2D`."
    )
    features: dict[Family, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Names of the features that are kept, by family; a family not named keeps all.",
    )
    plugins: Annotated[tuple[Name, ...], Distinct] = Field(
        (), description="Feature plug-ins of installed packages, by the name of their entry point."
    )
    image_types: ImageTypes = Field(
        ImageTypes(), description="Images that features are computed on; shape is computed once, on the mask."
    )
    min_voxels: int = Field(
        64,
        ge=1,
        description="Smallest region, in voxels, that features are computed for; it holds before and after resampling.",
    )

    @property
    def chosen_families(self) -> tuple[Family, ...]:
        """The families to compute, in the order of the definition; those of one slice only if asked for."""
        wanted = set(FAMILIES[self.definition]) - {"shape2D"} if self.families is None else set(self.families)
        return tuple(family for family in FAMILIES[self.definition] if family in wanted)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.bin_width is None) == (self.bin_count is None):
            raise ValueError("give exactly one of bin_width and bin_count")
        if self.engine == "pyradiomics" and self.definition != "pyradiomics":
            raise ValueError("engine pyradiomics knows its own definition alone: set `definition: pyradiomics`")
        foreign = OF_IBSI if self.definition == "pyradiomics" else OF_PYRADIOMICS
        if strange := [key for key in foreign if getattr(self, key) != type(self).model_fields[key].default]:
            raise ValueError(f"{', '.join(strange)} means nothing under `definition: {self.definition}`")
        if unknown := set(self.families or ()) - set(FAMILIES[self.definition]):
            raise ValueError(f"families {sorted(unknown)} do not exist under `definition: {self.definition}`")
        if self.definition == "ibsi" and self.image_types.transforms:
            raise ValueError("image_types.transforms mean nothing under `definition: ibsi`")
        if self.definition == "pyradiomics" and self.image_types.filters:
            raise ValueError("image_types.filters mean nothing under `definition: pyradiomics`")
        if self.definition == "pyradiomics" and self.aggregation.startswith("2d_"):
            raise ValueError(f"aggregation {self.aggregation} does not exist under `definition: pyradiomics`")
        if self.definition == "pyradiomics" and self.aggregation.startswith("2.5d") and self.image_types.wavelet:
            raise ValueError(
                f"image_types.wavelet has four bands by slice in pyradiomics with aggregation {self.aggregation}, which"
                " are not supported: take a 3d aggregation"
            )
        if self.engine == "pyradiomics" and self.resegment_range is not None and self.resegment_sd is not None:
            raise ValueError("engine pyradiomics takes resegment_range or resegment_sd, not both")
        if taken := set(self.plugins) & {family for families in FAMILIES.values() for family in families}:
            raise ValueError(f"plug-ins {sorted(taken)} have the names of feature families")
        if self.bin_count is not None and self.bin_origin is not None:
            raise ValueError("bin_origin goes with bin_width")
        low, high = self.resegment_range or (None, None)
        if low is not None and high is not None and low > high:
            raise ValueError("resegment_range must rise")
        return self
