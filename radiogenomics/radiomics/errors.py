"""Why features cannot be computed for a region."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from radiogenomics.errors import RadiogenomicsError, RadiomicsError, listing

if TYPE_CHECKING:
    from radiogenomics.radiomics.selftest import Check


class RoiTooSmallError(RadiomicsError):
    """The region has fewer voxels than the settings ask for."""

    reason = "roi_too_small"

    def __init__(self, path: Path, voxels: int, minimum: int) -> None:
        self.path, self.voxels, self.minimum = path, voxels, minimum
        super().__init__(
            f"{path.name}: the region has {voxels} voxel(s), the minimum is {minimum}",
            hint="check the segmentation; `min_voxels` in the extraction settings sets the minimum",
        )


class BinsError(RadiomicsError):
    """The bins of the settings do not fit the intensities of the region."""

    reason = "bins"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: {problem}",
            hint="check `bin_width`, `bin_origin` and `ivh` in the extraction settings against the unit of the image",
        )


class NotFiniteError(RadiomicsError):
    """The image holds NaN or infinite values in the region."""

    reason = "not_finite"

    def __init__(self, path: Path, voxels: int) -> None:
        self.path, self.voxels = path, voxels
        super().__init__(
            f"{path.name}: {voxels} voxel(s) that the features depend on are not finite",
            hint="convert the image again; a finite value is needed in every voxel",
        )


class GridMismatchError(RadiomicsError):
    """Volume and mask are not on the same grid."""

    reason = "grid_mismatch"

    def __init__(self, volume: Path, mask: Path, problem: str) -> None:
        self.volume, self.mask, self.problem = volume, mask, problem
        super().__init__(
            f"{mask.name} is not on the grid of {volume.name}: {problem}",
            hint="put the mask on the grid with `radiogenomics imaging mask`",
        )


class NoSettingsError(RadiomicsError):
    """The configuration has no extraction settings for the modality."""

    reason = "no_settings"

    def __init__(self, modality: str, known: tuple[str, ...]) -> None:
        self.modality, self.known = modality, known
        super().__init__(
            f"no extraction settings for modality {modality!r}; there are some for {listing(known)}",
            hint="add the modality to `radiomics.settings`",
        )


class UnreadableImageError(RadiomicsError):
    """A volume or mask cannot be read."""

    reason = "unreadable_image"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path.name}: not readable as an image: {problem}", hint="convert the image again")


class UnknownFeatureError(RadiomicsError):
    """The settings name a feature that does not exist."""

    reason = "unknown_feature"

    def __init__(self, family: str, unknown: Sequence[str], known: Sequence[str]) -> None:
        self.family, self.unknown = family, tuple(unknown)
        super().__init__(
            f"{family} has no feature {listing(self.unknown)}; it has {listing(tuple(known))}",
            hint="correct `features` in the extraction settings, or `featureClass` in pyradiomics' parameter file",
        )


class NotMappableError(RadiomicsError):
    """A feature map is asked for that does not exist; ``unknown`` is None where the settings resample."""

    reason = "not_mappable"

    def __init__(self, unknown: Sequence[str] | None) -> None:
        self.unknown = unknown
        super().__init__(
            "feature maps are made on the image's own grid, and the settings resample it"
            if unknown is None
            else f"no map can be made of {listing(unknown)}",
            hint="name features of first order and of textures of the original image, as the features table has them;"
            " leave `resampled_spacing_mm` out",
        )


class NoPluginError(RadiomicsError):
    """The settings name a plug-in that no installed package provides."""

    reason = "no_plugin"

    def __init__(self, name: str, installed: Sequence[str]) -> None:
        self.name, self.installed = name, tuple(installed)
        super().__init__(
            f"no plug-in {name!r} is installed; there are {listing(self.installed)}",
            hint="install the package that provides it, or take it out of `plugins`",
        )


class PluginError(RadiomicsError):
    """A plug-in fails on a region or breaks its contract."""

    reason = "plugin"

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem
        super().__init__(f"plug-in {name}: {problem}", hint="ask the authors of the plug-in")


class SelftestError(RadiomicsError):
    """The engine does not reproduce the consensus values of the digital phantom on this machine."""

    reason = "selftest"

    def __init__(self, missed: Sequence["Check"]) -> None:
        self.missed = tuple(missed)
        first = missed[0]
        super().__init__(
            f"{len(missed)} value(s) outside their tolerance, the first {first.family} {first.name}"
            f" ({first.aggregation}): {first.found:g} in place of {first.expected:g}",
            hint="install the versions of requirements.lock; report this machine and its numba version",
        )


class CopiesFailedError(RadiomicsError):
    """Some changed copies of an image have no features."""

    reason = "copies"

    def __init__(self, kind: str, wanted: int, problems: Sequence[tuple[int, RadiogenomicsError]]) -> None:
        self.kind, self.wanted, self.problems = kind, wanted, tuple(problems)
        number, first = problems[0]
        super().__init__(
            f"{len(problems)} of {wanted} copies ({kind}) have no features, the first is number {number}:"
            f" {first.message}",
            hint=first.hint,
        )


class ExtractionError(RadiomicsError):
    """pyradiomics refuses the region."""

    reason = "extraction"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: pyradiomics refuses the region: {problem}",
            hint="check the segmentation; `resampled_spacing_mm` must be small against the region",
        )
