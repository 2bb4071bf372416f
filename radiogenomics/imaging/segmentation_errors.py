"""Why a segmentation is refused: one class a reason, with the facts as attributes and a hint to act on.

The same holds for messages as in ``radiogenomics.imaging.errors``.
"""

from collections.abc import Sequence
from pathlib import Path

from radiogenomics.errors import ImagingError, listing


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

    def __init__(self, path: Path, wanted: str, present: Sequence[str], patterns: Sequence[str] = ()) -> None:
        self.path, self.wanted, self.present, self.patterns = path, wanted, tuple(present), tuple(patterns)
        meant = f"fits {listing(patterns)}, the patterns of {wanted!r}" if patterns else f"named {wanted!r}"
        super().__init__(
            f"{path.name}: no region {meant}; it holds {listing(present)}",
            hint=f"add a pattern for one of these to `imaging.regions.{wanted}`"
            if patterns
            else "set `roi` in images.tsv to one of these, letter by letter (a label map without names: a number)",
        )


class SeveralRegionsError(SegmentationError):
    """Several names fit what was asked for."""

    reason = "several_regions"

    def __init__(self, path: Path, wanted: str, found: Sequence[str], patterns: Sequence[str] = ()) -> None:
        self.path, self.wanted, self.found, self.patterns = path, wanted, tuple(found), tuple(patterns)
        super().__init__(
            f"{path.name}: {len(self.found)} regions fit {wanted!r}: {listing(self.found)}",
            hint=f"narrow `imaging.regions.{wanted}`, name one region in images.tsv, or choose in "
            "`imaging.policies.several_regions`; `each` gives an image per region, which one mask cannot hold",
        )


class AmbiguousRoiError(SegmentationError):
    """Several regions have the requested name."""

    reason = "ambiguous_roi"

    def __init__(self, path: Path, wanted: str, times: int) -> None:
        self.path, self.wanted, self.times = path, wanted, times
        super().__init__(
            f"{path.name}: {times} regions are named {wanted!r}",
            hint="give each region its own name, or set `imaging.policies.several_regions` to largest or union",
        )


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

    def __init__(
        self, path: Path, distance_mm: float, distance_voxels: float, tolerance_mm: float, mask: str, volume: str
    ) -> None:
        self.path, self.distance_mm, self.distance_voxels = path, distance_mm, distance_voxels
        self.tolerance_mm, self.mask, self.volume = tolerance_mm, mask, volume
        super().__init__(
            f"{path.name}: voxels lie up to {distance_mm:.4g} mm ({distance_voxels:.3g} voxels) beside those of the "
            f"volume (tolerance {tolerance_mm:g} mm); mask {mask}, volume {volume}",
            hint="masks are not resampled; export it on the grid of the series, or name the series it was drawn on",
        )


class PlanarSegmentationError(SegmentationError):
    """The segmentation belongs to a slide or a radiograph: its pixels have no place in a volume."""

    reason = "planar_segmentation"

    def __init__(self, path: Path, found: str) -> None:
        self.path, self.found = path, found
        super().__init__(
            f"{path.name}: a segmentation of {found}", hint="name the segmentation of a CT, MR, PET or other volume"
        )


class ConflictingOrientationError(SegmentationError):
    """A NIfTI file states two places in space."""

    reason = "conflicting_orientation"

    def __init__(self, path: Path, distance_mm: float, tolerance_mm: float) -> None:
        self.path, self.distance_mm, self.tolerance_mm = path, distance_mm, tolerance_mm
        super().__init__(
            f"{path.name}: qform and sform are both set and place voxels up to {distance_mm:.4g} mm apart "
            f"(tolerance {tolerance_mm:g} mm)",
            hint="programs differ in which they use; save the mask with one of them, or with both alike",
        )


class ShearedMaskError(SegmentationError):
    """The axes of a NIfTI file are not at right angles."""

    reason = "sheared_mask"

    def __init__(self, path: Path, angle_degrees: float) -> None:
        self.path, self.angle_degrees = path, angle_degrees
        super().__init__(
            f"{path.name}: two axes of the sform are {angle_degrees:.3f}° apart, expected 90°",
            hint="voxels are boxes here; save the mask on the grid of the volume",
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
            hint="drawn on another series? pair them with it; where slices differ from those drawn on, "
            "`imaging.policies.off_plane_contour: interpolate` fills the slices between contours",
        )


class TiltedContourError(SegmentationError):
    """A contour is not parallel to the slices, or not flat."""

    reason = "tilted_contour"

    def __init__(
        self, path: Path, roi: str, contour: int, distance_mm: float, angle_degrees: float, tolerance_mm: float
    ) -> None:
        self.path, self.roi, self.contour = path, roi, contour
        self.distance_mm, self.angle_degrees, self.tolerance_mm = distance_mm, angle_degrees, tolerance_mm
        super().__init__(
            f"{path.name}: contour {contour} of region {roi!r} is not parallel to the slices: its vertices lie up to "
            f"{distance_mm:.3f} mm off a parallel plane (tolerance {tolerance_mm:g} mm), its own is turned by "
            f"{angle_degrees:.2f}°",
            hint="drawn on another series or another reconstruction; pair it with the series it was drawn on",
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
