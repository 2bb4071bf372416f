"""Why an image is refused: one class a reason, with the facts as attributes and a hint to act on.

Messages name files, positions and region names; never what a header says of a patient, a date or a UID. (Archives often
name files after UIDs.)
"""

from collections.abc import Sequence
from pathlib import Path

from radiogenomics.errors import ImagingError, listing


class SeriesError(ImagingError):
    """A folder does not hold one volume."""

    reason = "series"


class NoDicomError(SeriesError):
    """The folder holds no DICOM file."""

    reason = "no_dicom"

    def __init__(self, folder: Path, files: int) -> None:
        self.folder, self.files = folder, files
        super().__init__(
            f"{folder.name}: none of its {files} file(s) is DICOM",
            hint="`series` names the folder that holds the DICOM files of one series",
        )


class UnreadableDicomError(SeriesError):
    """A DICOM file cannot be parsed."""

    reason = "unreadable_dicom"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: not readable as DICOM: {problem}",
            hint="fetch the file again; it is damaged or was not copied to its end; remove it if it is no slice",
        )


class PixelDataError(SeriesError):
    """The pixel data of a file are cut off or cannot be decoded."""

    reason = "pixel_data"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: its pixel data cannot be decoded: {problem}",
            hint="fetch the file again; it is damaged or was not copied to its end",
        )


class SeveralSeriesError(SeriesError):
    """The folder holds more than one image series."""

    reason = "several_series"

    def __init__(self, folder: Path, series: Sequence[str]) -> None:
        self.folder, self.series = folder, tuple(series)
        super().__init__(
            f"{folder.name}: {len(series)} image series: {listing(series, 5)}",
            hint="put each into a folder of its own, or set `imaging.policies.several_series: split` and"
            " `select: SeriesNumber=…` in images.tsv",
        )


class NotAnImageSeriesError(SeriesError):
    """The folder holds localizers, secondary captures or objects without an image, not a CT, MR, PET or US series."""

    reason = "not_an_image_series"

    def __init__(self, folder: Path, what: str, files: Sequence[str]) -> None:
        self.folder, self.what, self.files = folder, what, tuple(files)
        super().__init__(
            f"{folder.name}: {what}: {listing(files, 6)}",
            hint="name the folder of a CT, MR, PET or ultrasound series; take localizers and screen captures out of it,"
            " or set `imaging.policies.not_an_image_series: drop`",
        )


class MultiframeError(SeriesError):
    """A multi-frame object does not describe each of its frames."""

    reason = "multiframe"

    def __init__(self, path: Path, frames: int, described: int) -> None:
        self.path, self.frames, self.described = path, frames, described
        super().__init__(
            f"{path.name}: NumberOfFrames is {frames}, but PerFrameFunctionalGroupsSequence describes {described}",
            hint="fetch the object again, or have it converted anew from the classic series",
        )


class LossyCompressionError(SeriesError):
    """Pixels were compressed with loss."""

    reason = "lossy_compression"

    def __init__(self, folder: Path, how: str, files: Sequence[str]) -> None:
        self.folder, self.how, self.files = folder, how, tuple(files)
        super().__init__(
            f"{folder.name}: compressed with loss ({how}): {listing(files, 4)}",
            hint="fetch the original pixels; `imaging.policies.lossy_compression: accept` takes these as they are",
        )


class VolumeChoiceError(SeriesError):
    """The images sheet names no volume of a series that has several, or one that is not there."""

    reason = "volume_choice"

    def __init__(self, folder: Path, wanted: str, present: Sequence[str]) -> None:
        self.folder, self.wanted, self.present = folder, wanted, tuple(present)
        asked = f"no volume {wanted!r}" if wanted else "several volumes, and none is named"
        super().__init__(
            f"{folder.name}: {asked}; there are {listing(present, 20)}",
            hint="set `select` in images.tsv to the number of one of these, or to KEYWORD=VALUE[;KEYWORD=VALUE]",
        )


class SingleSliceError(SeriesError):
    """One image is no volume: the distance between slices is unknown."""

    reason = "single_slice"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder.name}: one image only, so there is no distance between slices", hint="fetch the whole series"
        )


class MissingTagError(SeriesError):
    """An attribute that decides geometry or values is absent or empty."""

    reason = "missing_tag"

    def __init__(self, path: Path, tag: str) -> None:
        self.path, self.tag = path, tag
        super().__init__(
            f"{path.name}: no {tag}",
            hint="the value is not guessed; export the series with this attribute or leave the image out",
        )


class InvalidTagError(SeriesError):
    """An attribute that decides geometry or values has an impossible value."""

    reason = "invalid_tag"

    def __init__(self, path: Path, tag: str, value: object, expected: str) -> None:
        self.path, self.tag, self.value, self.expected = path, tag, value, expected
        super().__init__(
            f"{path.name}: {tag} is {value!r}, expected {expected}", hint="export the file again or leave the image out"
        )


class MixedGeometryError(SeriesError):
    """Slices of one series differ in an attribute that must be one for a volume."""

    reason = "mixed_geometry"

    def __init__(self, folder: Path, tag: str, values: Sequence[str], files: Sequence[str]) -> None:
        self.folder, self.tag, self.values, self.files = folder, tag, tuple(values), tuple(files)
        super().__init__(
            f"{folder.name}: {tag} differs between slices: {listing(values, 4)}; unlike the first: {listing(files, 4)}",
            hint="the folder mixes acquisitions: keep one of them, or set `imaging.policies.mixed_geometry: drop`",
        )


class MixedAcquisitionError(SeriesError):
    """Slices of one series differ in what their values mean or how they were acquired."""

    reason = "mixed_acquisition"

    def __init__(self, folder: Path, tag: str, values: Sequence[str], files: Sequence[str]) -> None:
        self.folder, self.tag, self.values, self.files = folder, tag, tuple(values), tuple(files)
        super().__init__(
            f"{folder.name}: {tag} differs between slices: {listing(values, 4)}; unlike the first: {listing(files, 4)}",
            hint="one value would mean different things in one volume; keep the slices of one acquisition",
        )


class MissingSliceError(SeriesError):
    """A gap between neighbouring slices is a multiple of the spacing."""

    reason = "missing_slice"

    def __init__(self, folder: Path, spacing_mm: float, gaps: Sequence[tuple[float, float, int]]) -> None:
        self.folder, self.spacing_mm, self.gaps = folder, spacing_mm, tuple(gaps)
        self.missing = sum(number for _, _, number in gaps)
        places = ", ".join(f"{number} between {start:.2f} and {end:.2f} mm" for start, end, number in gaps[:6])
        super().__init__(
            f"{folder.name}: {self.missing} slice(s) missing at a spacing of {spacing_mm:.3f} mm: {places}",
            hint="fetch the whole series (positions are along the slice normal), or set"
            " `imaging.policies.missing_slice: resample`",
        )


class DuplicateSliceError(SeriesError):
    """Two files show the same position or are the same instance."""

    reason = "duplicate_slice"

    def __init__(self, folder: Path, files: Sequence[str], same_instance: bool) -> None:
        self.folder, self.files, self.same_instance = folder, tuple(files), same_instance
        what = "the same instance twice" if same_instance else "two slices at one position"
        super().__init__(
            f"{folder.name}: {what}: {listing(files, 6)}",
            hint="remove the copies; `imaging.policies.duplicate_slice: drop` does so where their pixels are equal",
        )


class SeveralVolumesError(SeriesError):
    """The series repeats its positions (time points, echoes, b-values, parts), or holds pictures without any."""

    reason = "several_volumes"

    def __init__(self, folder: Path, images: int, positions: int, tags: Sequence[str]) -> None:
        self.folder, self.images, self.positions, self.tags = folder, images, positions, tuple(tags)
        told = f"; they differ in {', '.join(tags)}" if tags else ""
        super().__init__(
            f"{folder.name}: {images} images at {positions} position(s){told}",
            hint="time points, echoes, b-values, pictures: put the files of one into a folder, or set"
            " `imaging.policies.several_volumes: split` and `select` in images.tsv",
        )


class UnevenSpacingError(SeriesError):
    """Slices are not equally spaced."""

    reason = "uneven_spacing"

    def __init__(
        self, folder: Path, smallest_mm: float, largest_mm: float, deviation_mm: float, tolerance_mm: float
    ) -> None:
        self.folder, self.smallest_mm, self.largest_mm = folder, smallest_mm, largest_mm
        self.deviation_mm, self.tolerance_mm = deviation_mm, tolerance_mm
        super().__init__(
            f"{folder.name}: distances between slices run from {smallest_mm:.4f} to {largest_mm:.4f} mm; "
            f"a slice lies {deviation_mm:.4f} mm from equal spacing (tolerance {tolerance_mm:g} mm)",
            hint="use a reconstruction with one spacing, or set `imaging.policies.uneven_spacing: resample`; raise"
            " `imaging.slice_tolerance_mm` only for rounded positions",
        )


class GantryTiltError(SeriesError):
    """Slices are stacked along a line that is not their normal: a sheared volume."""

    reason = "gantry_tilt"

    def __init__(self, folder: Path, angle_degrees: float, shift_mm: float, tolerance_mm: float) -> None:
        self.folder, self.angle_degrees, self.shift_mm, self.tolerance_mm = (
            folder,
            angle_degrees,
            shift_mm,
            tolerance_mm,
        )
        super().__init__(
            f"{folder.name}: slices are stacked {angle_degrees:.2f}° off their normal; "
            f"one lies {shift_mm:.3f} mm aside (tolerance {tolerance_mm:g} mm)",
            hint="set `imaging.policies.gantry_tilt: correct` to have slices shifted within their planes",
        )


class SidecarError(ImagingError):
    """The JSON beside a volume is damaged or belongs to another volume."""

    reason = "sidecar"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: {problem}",
            hint="convert the series again, or remove the JSON to use the volume's own geometry",
        )


class UnreadableVolumeError(ImagingError):
    """The NIfTI volume cannot be read."""

    reason = "unreadable_volume"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(f"{path.name}: {problem}", hint="give a three-dimensional NIfTI volume")


class PerturbationError(ImagingError):
    """A region cannot be perturbed, or nothing is left of it."""

    reason = "perturbation"

    def __init__(self, problem: str, voxels: int) -> None:
        self.problem, self.voxels = problem, voxels
        super().__init__(
            f"a region of {voxels} voxel(s) {problem}",
            hint="the region is too small for its stability to be measured, or fills the image; check its segmentation",
        )


class NoPlaceError(ImagingError):
    """A region fits nowhere else in the tissue of its image."""

    reason = "no_place"

    def __init__(self, voxels: int, places: int) -> None:
        self.voxels, self.places = voxels, places
        super().__init__(
            f"a region of {voxels} voxel(s) fits at none of {places:,} random places in the tissue of the image",
            hint="the patient is missing from the control of random regions; a larger field of view has more room",
        )
