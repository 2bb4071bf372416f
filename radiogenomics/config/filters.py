"""Convolutional filters of the IBSI (arXiv:2006.05470), as settings."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, model_validator

from radiogenomics.config.section import Name, Section

Boundary = Literal["mirror", "nearest", "periodic", "zero"]
Pooling = Literal["max", "mean"]
Level = Annotated[int, Field(ge=1, le=8)]


class _Filter(Section):
    name: Name = Field(description="What the filtered image is called in tables.")


class _Bounded(_Filter):
    boundary: Boundary = Field("mirror", description="How the image goes on beyond its border.")


class Mean(_Bounded):
    """Mean over a cube or square (S60F)."""

    kind: Literal["mean"]
    support_voxels: Annotated[int, Field(ge=3)] = Field(description="Edge of the cube, odd.")
    planar: bool = Field(False, description="By slice in place of in space.")

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if self.support_voxels % 2 == 0:
            raise ValueError("support_voxels must be odd")
        return self


class LaplacianOfGaussian(_Bounded):
    """Laplacian of Gaussian (L6PA), and its Riesz transform where an order is given."""

    kind: Literal["log"]
    sigma_mm: PositiveFloat = Field(description="Scale in mm.")
    cutoff_sigmas: PositiveFloat = Field(4.0, description="Radius of the kernel in sigmas.")
    planar: bool = Field(False, description="By slice in place of in space.")
    riesz: tuple[int, int, int] | None = Field(None, description="Order of the Riesz transform along z, y and x.")


class Laws(_Bounded):
    """Laws' kernels (JTXT), as they respond or as energy (PQSD)."""

    kind: Literal["laws"]
    kernels: str = Field(description="Kernels along x, y and z, or x and y: L5E5E5.")
    pooling: Pooling | None = Field(None, description="Pool over all right-angle orientations.")
    energy_distance: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Distance in voxels over which absolute responses are averaged."
    )


class Gabor(_Bounded):
    """Modulus of Gabor filters in a plane (Q88H)."""

    kind: Literal["gabor"]
    sigma_mm: PositiveFloat = Field(description="Width of the envelope in mm.")
    wavelength_mm: PositiveFloat = Field(description="Length of the wave in mm.")
    gamma: PositiveFloat = Field(1.0, description="Ratio of the envelope's widths along and across the wave.")
    angles_degrees: Annotated[tuple[float, ...], Field(min_length=1)] = Field(description="Directions of the wave.")
    orthogonal_planes: bool = Field(False, description="Filter along all three axes' planes, not by slice alone.")
    pooling: Pooling = Field("mean", description="How angles and planes are pooled.")


class Wavelet(_Bounded):
    """A band of a separable wavelet without decimation (25BO)."""

    kind: Literal["wavelet"]
    wavelet: str = Field(description="haar, db2, coif1, … as PyWavelets names them.")
    band: Annotated[str, Field(pattern="^[LH]{2,3}$")] = Field(description="L or H along x, y and z, or x and y.")
    level: Level = Field(1, description="Level of the decomposition.")
    pooling: Pooling | None = Field(None, description="Pool over all right-angle orientations.")


class Simoncelli(_Filter):
    """Band of Simoncelli's isotropic wavelet (PRT7), and its Riesz transform where an order is given; periodic."""

    kind: Literal["simoncelli"]
    level: Level = Field(1, description="Level of the decomposition.")
    planar: bool = Field(False, description="By slice in place of in space.")
    riesz: tuple[int, int, int] | None = Field(None, description="Order of the Riesz transform along z, y and x.")


Filter = Annotated[
    Mean | LaplacianOfGaussian | Laws | Gabor | Wavelet | Simoncelli,
    Field(discriminator="kind"),
]
