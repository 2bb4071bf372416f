"""Why an image or a segmentation is refused: one class a reason, with the facts as attributes and a hint to act on.

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
            hint="put each series into a folder of its own",
        )


class NotAnImageSeriesError(SeriesError):
    """The folder holds localizers, secondary captures or objects without an image, not a CT, MR or PET series."""

    reason = "not_an_image_series"

    def __init__(self, folder: Path, what: str, files: Sequence[str]) -> None:
        self.folder, self.what, self.files = folder, what, tuple(files)
        super().__init__(
            f"{folder.name}: {what}: {listing(files, 6)}",
            hint="name the folder of a CT, MR or PET series; take localizers and screen captures out of it",
        )


class MultiframeError(SeriesError):
    """The series is stored as one multi-frame object, which this version does not read."""

    reason = "multiframe"

    def __init__(self, path: Path, frames: int) -> None:
        self.path, self.frames = path, frames
        super().__init__(
            f"{path.name}: a multi-frame object with {frames} frame(s)",
            hint="convert it to single-frame files, e.g. with dcm4che `emf2sf`, or fetch the classic series",
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
            hint="the folder mixes acquisitions; keep the slices of one",
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
            hint="fetch the whole series; positions are along the slice normal",
        )


class DuplicateSliceError(SeriesError):
    """Two files show the same position or are the same instance."""

    reason = "duplicate_slice"

    def __init__(self, folder: Path, files: Sequence[str], same_instance: bool) -> None:
        self.folder, self.files, self.same_instance = folder, tuple(files), same_instance
        what = "the same instance twice" if same_instance else "two slices at one position"
        super().__init__(
            f"{folder.name}: {what}: {listing(files, 6)}",
            hint="remove the copies; if they differ, decide which one belongs to the volume",
        )


class SeveralVolumesError(SeriesError):
    """The series repeats its positions: time points, echoes, b-values or parts."""

    reason = "several_volumes"

    def __init__(self, folder: Path, images: int, positions: int, tags: Sequence[str]) -> None:
        self.folder, self.images, self.positions, self.tags = folder, images, positions, tuple(tags)
        told = f"; they differ in {', '.join(tags)}" if tags else ""
        super().__init__(
            f"{folder.name}: {images} images at {positions} position(s){told}",
            hint="several volumes (time points, echoes, b-values); put the files of one into a folder",
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
            hint="use a reconstruction with one spacing; raise `imaging.slice_tolerance_mm` only for rounded positions",
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
            hint="correct the tilt by resampling before the study, or leave the image out",
        )


class SegmentationError(ImagingError):
    """A segmentation cannot be put on the volume's grid."""

    reason = "segmentation"


class NoSegmentationError(SegmentationError):
    """The image has no segmentation."""

    reason = "no_segmentation"

    def __init__(self, image: str) -> None:
        self.image = image
        super().__init__(
            f"{image}: no segmentation", hint="set `segmentation:` in images.tsv, or take the image out of it"
        )


class UnknownSegmentationError(SegmentationError):
    """The file is none of the formats that are read."""

    reason = "unknown_segmentation"

    def __init__(self, path: Path, found: str) -> None:
        self.path, self.found = path, found
        super().__init__(
            f"{path.name}: {found}",
            hint="give a DICOM SEG or RTSTRUCT (the file, or a folder with this one file), or NIfTI, NRRD or MHA",
        )


class UnreadableSegmentationError(SegmentationError):
    """The file is of a known format but damaged or of an unusual kind."""

    reason = "unreadable_segmentation"

    def __init__(self, path: Path, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"{path.name}: {problem}",
            hint="export the segmentation again as a three-dimensional label map, SEG or RTSTRUCT",
        )


class MissingRoiError(SegmentationError):
    """The segmentation holds no region of the requested name."""

    reason = "missing_roi"

    def __init__(self, path: Path, wanted: str, present: Sequence[str]) -> None:
        self.path, self.wanted, self.present = path, wanted, tuple(present)
        super().__init__(
            f"{path.name}: no region named {wanted!r}; it holds {listing(present)}",
            hint="set `roi` in images.tsv to one of these, letter by letter (a label map without names: a number)",
        )


class AmbiguousRoiError(SegmentationError):
    """Several regions have the requested name."""

    reason = "ambiguous_roi"

    def __init__(self, path: Path, wanted: str, times: int) -> None:
        self.path, self.wanted, self.times = path, wanted, times
        super().__init__(f"{path.name}: {times} regions are named {wanted!r}", hint="give each region its own name")


class EmptyMaskError(SegmentationError):
    """The region encloses no voxel centre."""

    reason = "empty_mask"

    def __init__(self, path: Path, roi: str) -> None:
        self.path, self.roi = path, roi
        super().__init__(
            f"{path.name}: region {roi!r} holds no voxel",
            hint="the region is empty or smaller than a voxel; correct it or leave the image out",
        )


class MaskOutsideVolumeError(SegmentationError):
    """The region lies outside the volume as a whole."""

    reason = "mask_outside_volume"

    def __init__(self, path: Path, roi: str) -> None:
        self.path, self.roi = path, roi
        super().__init__(
            f"{path.name}: region {roi!r} lies outside the volume",
            hint="the segmentation belongs to another series; pair it with the one it was drawn on",
        )


class MaskGeometryError(SegmentationError):
    """Voxels of the mask do not coincide with voxels of the volume."""

    reason = "mask_geometry_mismatch"

    def __init__(self, path: Path, distance_mm: float, tolerance_mm: float, mask: str, volume: str) -> None:
        self.path, self.distance_mm, self.tolerance_mm, self.mask, self.volume = (
            path,
            distance_mm,
            tolerance_mm,
            mask,
            volume,
        )
        super().__init__(
            f"{path.name}: voxels lie up to {distance_mm:.4g} mm beside those of the volume "
            f"(tolerance {tolerance_mm:g} mm); mask {mask}, volume {volume}",
            hint="masks are not resampled; export it on the grid of the series, or name the series it was drawn on",
        )


class PaddedRegionError(SegmentationError):
    """The region holds pixels that the scanner marked as padding."""

    reason = "padded_region"

    def __init__(self, path: Path, roi: str, padded: int, voxels: int) -> None:
        self.path, self.roi, self.padded, self.voxels = path, roi, padded, voxels
        super().__init__(
            f"{path.name}: {padded} of the {voxels} voxels of region {roi!r} are padding (PixelPaddingValue), "
            "which the scanner did not measure",
            hint="redraw the region inside the scanned field; if tissue has the value of padding, correct the header",
        )


class OffPlaneContourError(SegmentationError):
    """A contour does not lie in a slice."""

    reason = "off_plane_contour"

    def __init__(self, path: Path, roi: str, contour: int, distance_mm: float, tolerance_mm: float) -> None:
        self.path, self.roi, self.contour, self.distance_mm, self.tolerance_mm = (
            path,
            roi,
            contour,
            distance_mm,
            tolerance_mm,
        )
        super().__init__(
            f"{path.name}: contour {contour} of region {roi!r} lies up to {distance_mm:.3f} mm off its slice "
            f"(tolerance {tolerance_mm:g} mm)",
            hint="drawn on another series or along another plane; pair them with the series they were drawn on",
        )


class CrossingContoursError(SegmentationError):
    """Two closed contours of one slice overlap in part, or are nearly the same."""

    reason = "crossing_contours"

    def __init__(self, path: Path, roi: str, slice_index: int, position_mm: float) -> None:
        self.path, self.roi, self.slice_index, self.position_mm = path, roi, slice_index, position_mm
        super().__init__(
            f"{path.name}: contours of region {roi!r} cross in slice {slice_index + 1}, at {position_mm:.2f} mm along "
            "the slice normal; their overlap may be inside or a hole",
            hint="join or separate them and export the structure set again; only CLOSEDPLANAR_XOR contours may cross",
        )


class FrameOfReferenceError(SegmentationError):
    """The segmentation was drawn in another frame of reference or on other images."""

    reason = "frame_of_reference"

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        super().__init__(
            f"{path.name}: {what}",
            hint="pair the segmentation with the series it was drawn on; registered copies need their own segmentation",
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
