"""Keys of ``radiomics.perturbations``, and what the changed copies of a batch are made of."""

from typing import Self

from pydantic import Field, model_validator

from radiogenomics.config.section import Section

FEWEST = "one copy says nothing of the spread; ask for two or more, better 20, or none"


class Perturbations(Section):
    """Copies of every image and region, changed as another scan or reader might have changed them."""

    copies: int = Field(
        0,
        ge=0,
        description="Changed copies of each image whose features are extracted; 0 means none, else 2 or more, better"
        " 20. What they cost stands in docs/radiomics.md.",
    )
    noise: bool = Field(True, description="Add Gaussian noise of the level that the image has.")
    rotation_degrees: float = Field(
        6.0, ge=0, le=45, description="Largest turn about the slice axis, to either side; 0 means none."
    )
    translation_voxels: float = Field(
        0.5, ge=0, le=5, description="Largest shift along each axis, to either side, in voxels; 0 means none."
    )
    volume_change: float = Field(
        0.1, ge=0, le=0.5, description="Largest relative growth or shrinkage of the region's volume; 0 means none."
    )
    contour: bool = Field(True, description="Randomise the contour by supervoxels of 500 mm³.")
    seed: int = Field(1, ge=0, description="Seed of these copies and of the control images; it gives the same bytes.")

    @property
    def nothing(self) -> bool:
        """Whether a copy would be the image itself."""
        strengths = (self.rotation_degrees, self.translation_voxels, self.volume_change)
        return not (self.noise or self.contour or any(strengths))

    @model_validator(mode="after")
    def _copies_can_be_compared(self) -> Self:
        if self.copies == 1:
            raise ValueError(FEWEST)
        if self.copies and self.nothing:
            raise ValueError("nothing is perturbed: every kind is off or of strength 0, and all copies would be alike")
        return self


class Copies(Section):
    """All changed copies of an image that a study asks for."""

    perturbations: Perturbations = Field(Perturbations(), description="How and how often images are perturbed.")
    shuffled_voxels: int = Field(0, ge=0, description="Copies with the voxels of the region shuffled.")
    random_regions: int = Field(0, ge=0, description="Copies of the region at random places.")
