"""Why an ultrasound image is refused: one class a reason, with the facts as attributes and a hint to act on.

The same holds for messages as in ``radiogenomics.imaging.errors``.
"""

from collections.abc import Sequence
from pathlib import Path

from radiogenomics.imaging.errors import SeriesError


class UltrasoundError(SeriesError):
    """An ultrasound picture cannot be measured."""

    reason = "ultrasound"


class NoTissueRegionError(UltrasoundError):
    """None of the regions of a picture is a two-dimensional image of tissue."""

    reason = "no_tissue_region"

    def __init__(self, path: Path, kinds: Sequence[tuple[int, int]]) -> None:
        self.path, self.kinds = path, tuple(kinds)
        found = ", ".join(f"{spatial}/{data}" for spatial, data in kinds)
        super().__init__(
            f"{path.name}: no region with RegionSpatialFormat 1 and RegionDataType 1; there are {found}",
            hint="M-mode, Doppler curves and measurement pages are no images of tissue; name a B-mode picture",
        )


class MixedScaleError(UltrasoundError):
    """The tissue regions of a picture have different scales."""

    reason = "mixed_scale"

    def __init__(self, path: Path, spacings_mm: Sequence[tuple[float, float]]) -> None:
        self.path, self.spacings_mm = path, tuple(spacings_mm)
        shown = ", ".join(f"{rows:.4g} × {columns:.4g}" for rows, columns in spacings_mm)
        super().__init__(
            f"{path.name}: its tissue regions have pixels of {shown} mm",
            hint="one picture cannot have two pixel sizes; export the images of a split screen one by one",
        )


class ColouredPixelsError(UltrasoundError):
    """A picture of tissue holds colours: Doppler, elastography or a tint."""

    reason = "coloured_pixels"

    def __init__(self, path: Path, share: float) -> None:
        self.path, self.share = path, share
        super().__init__(
            f"{path.name}: {share:.1%} of the pixels of its tissue region are coloured",
            hint="colours are no echo intensities; export the B-mode picture without overlay and without tint",
        )


class CineError(UltrasoundError):
    """A picture has several frames: a film, not a volume."""

    reason = "cine"

    def __init__(self, path: Path, frames: int) -> None:
        self.path, self.frames = path, frames
        super().__init__(
            f"{path.name}: a film of {frames} frames",
            hint="frames are times, not slices; export the frame that was segmented as a picture of its own",
        )
