"""Why voxel values cannot be given a meaning: one class a reason, for PET as uptake values and for MR intensities.

The same holds for messages as in ``radiogenomics.imaging.errors``: a patient's weight, size or sex, a date or a time is
never in them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from radiogenomics.errors import ImagingError


class QuantityError(ImagingError):
    """Stored values cannot be turned into the quantity that is asked for."""

    reason = "quantity"


class PetUnitError(QuantityError):
    """The unit of a PET image has no known relation to activity or uptake."""

    reason = "pet_unit"

    def __init__(self, path: Path, units: str) -> None:
        self.path, self.units = path, units
        super().__init__(
            f"{path.name}: Units {units!r} cannot be converted to an uptake value",
            hint="BQML, GML, CM2ML and Philips' CNTS can; set `imaging.pet_unit: stored` to use the values as they are",
        )


class UncorrectedPetError(QuantityError):
    """A PET image lacks a correction without which an uptake value means nothing."""

    reason = "uncorrected_pet"

    def __init__(self, path: Path, tag: str, problem: str) -> None:
        self.path, self.tag, self.problem = path, tag, problem
        super().__init__(
            f"{path.name}: {tag} {problem}",
            hint="export the reconstruction with attenuation and decay correction, not the uncorrected one",
        )


class SuvTypeError(QuantityError):
    """The image is an uptake value already, of a kind that its unit does not fit or that is unknown."""

    reason = "suv_type"

    def __init__(self, path: Path, suv_type: str, units: str) -> None:
        self.path, self.suv_type, self.units = path, suv_type, units
        super().__init__(
            f"{path.name}: SUVType {suv_type!r} with Units {units!r}",
            hint="GML goes with BW, LBM, LBMJAMES128, LBMJANMA or IBW, CM2ML with BSA; export the series in BQML",
        )


class ImplausibleValueError(QuantityError):
    """A number is outside what it can be in the unit that DICOM prescribes: usually another unit was meant."""

    reason = "implausible_value"

    def __init__(self, path: Path, tag: str, unit: str, low: float, high: float, *, above: bool) -> None:
        self.path, self.tag, self.unit, self.low, self.high, self.above = path, tag, unit, low, high, above
        super().__init__(
            f"{path.name}: {tag} is {'above' if above else 'below'} what it can be in {unit} ({low:g} to {high:g})",
            hint=f"{tag} is in {unit} in DICOM; if another unit or a placeholder was entered, correct the header",
        )


class InjectionTimeError(QuantityError):
    """The time of injection contradicts itself or the time of the scan."""

    reason = "injection_time"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: {problem}",
            hint="the dose cannot be corrected for decay; compare the times with the record of the injection"
            " (de-identification may have shifted only some of them)",
        )


class ScanStartError(QuantityError):
    """The time to which the images are corrected for decay cannot be told."""

    reason = "scan_start"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: SeriesTime is after the acquisition, and the start of the scan is unknown: {problem}",
            hint="fetch the series as the scanner wrote it, with SeriesTime, FrameReferenceTime and private attributes",
        )


class BodyFormulaError(QuantityError):
    """A formula of body mass gives no positive mass for the patient's size and weight."""

    reason = "body_formula"

    def __init__(self, path: Path, suv_type: str) -> None:
        self.path, self.suv_type = path, suv_type
        super().__init__(
            f"{path.name}: the formula of SUVType {suv_type} gives no positive mass for this PatientSize and weight",
            hint="the formula was made for adults of usual build; export the series in BQML, or leave the image out",
        )


class FlatImageError(QuantityError):
    """An image has no contrast, so its intensities cannot be scaled."""

    reason = "flat_image"

    def __init__(self, what: str, voxels: int) -> None:
        self.what, self.voxels = what, voxels
        super().__init__(
            f"{what} have one value ({voxels} voxels)", hint="look at the image; it holds nothing to normalise"
        )


class NoSignalError(QuantityError):
    """No voxel of the foreground is above 0, so there are no logarithms to fit a bias field to."""

    reason = "no_signal"

    def __init__(self) -> None:
        super().__init__(
            "no voxel of the foreground is above 0",
            hint="switch `imaging.mr.bias_correction` off, or leave the image out",
        )


class ThinImageError(QuantityError):
    """An image has one voxel along an axis, so a bias field in three dimensions cannot be fitted."""

    reason = "thin_image"

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)
        super().__init__(
            f"{' × '.join(map(str, shape))} voxels (slices × rows × columns), one along an axis",
            hint="switch `imaging.mr.bias_correction` off, or leave the image out",
        )


class NotFiniteImageError(QuantityError):
    """An image holds values that are not numbers."""

    reason = "not_finite_image"

    def __init__(self, voxels: int) -> None:
        self.voxels = voxels
        super().__init__(f"{voxels} voxel(s) are NaN or infinite", hint="convert or fetch the image again")


class EqualLandmarksError(QuantityError):
    """Neighbouring percentiles of an image are equal, so no line can be drawn between them."""

    reason = "equal_landmarks"

    def __init__(self, landmark: int) -> None:
        self.landmark = landmark
        super().__init__(
            f"landmarks {landmark + 1} and {landmark + 2} of the image are equal",
            hint="the image has too few grey levels for the standard scale; use `zscore` or `percentile`",
        )


class StandardScaleError(QuantityError):
    """A standard scale is damaged, or was fitted on other images."""

    reason = "standard_scale"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: {problem}", hint="fit the scale again with `radiogenomics imaging scale` on all images"
        )


class FewImagesError(QuantityError):
    """A role has too few MR images for a standard scale."""

    reason = "few_images"

    def __init__(self, images: Mapping[str, int], minimum: int) -> None:
        self.images, self.minimum = dict(images), minimum
        counted = ", ".join(f"{role!r} has {n}" for role, n in images.items())
        super().__init__(
            f"a standard scale needs {minimum} MR images of a role; {counted}",
            hint="set `imaging.mr.normalisation` to `zscore` or `percentile`, which look at one image alone",
        )
