"""DICOM RTSTRUCT (PS3.3 A.19): closed planar contours filled on the grid of a volume."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.dicom import References, coordinates, items, number, read_dataset, text
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.segmentation.contours import Contour, Structure, fill_contours
from radiogenomics.imaging.segmentation.names import region_name
from radiogenomics.imaging.segmentation.regions import Entry, Region

SOP_CLASSES = ("1.2.840.10008.5.1.4.1.1.481.3",)
# ContourGeometricType, PS3.3 C.8.8.6.1; points and open lines enclose no area.
TYPES = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR", "CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


class StructureSet:
    """An RTSTRUCT file, parsed once.

    Raises
    ------
    MissingTagError, InvalidTagError, UnreadableDicomError
    """

    anonymous = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dataset = read_dataset(path)
        self.structures = items(self.dataset, "StructureSetROISequence", path=path)
        if not self.structures:
            raise MissingTagError(path, "StructureSetROISequence")
        names = [region_name(item, "ROIName", path=path, default="") for item in self.structures]
        self.entries = [Entry(name, n) for n, name in enumerate(names)]

    def exact(self, roi: str) -> list[Entry]:
        """Structures whose ROIName is ``roi``."""
        return [entry for entry in self.entries if entry.name == roi]

    def read(self, entry: Entry, grid: Grid, references: References, settings: Imaging) -> Region:
        """Fill one structure's contours on a volume's grid; see `contours.fill_contours`.

        ``policies.off_plane_contour`` decides whether slices between contours are interpolated.

        Returns
        -------
        Region
            Its mask is empty where the contours enclose no voxel centre.

        Raises
        ------
        FrameOfReferenceError, OffPlaneContourError, TiltedContourError, CrossingContoursError
        MaskOutsideVolumeError, MissingTagError, InvalidTagError
        """
        structure = self.structures[entry.number]
        drawn = _contour_items(self.path, self.dataset, int(number(structure, "ROINumber", path=self.path)))
        references.check(
            self.path, _frame_of_reference(self.path, self.dataset, structure), _referenced(self.path, drawn)
        )
        contours = [contour for item in drawn if (contour := _area(self.path, item)) is not None]
        interpolate = settings.policies.off_plane_contour == "interpolate"
        mask, notes = fill_contours(
            Structure(self.path, entry.name, contours), grid, settings.plane_tolerance_mm, interpolate=interpolate
        )
        return Region(entry.name, mask, notes)


def _contour_items(path: Path, dataset: FileDataset, roi_number: int) -> list[Dataset]:
    """Items of the region's ContourSequence, from every ROIContourSequence item of it; none if it was never drawn."""
    return [
        contour
        for item in items(dataset, "ROIContourSequence", path=path)
        if int(number(item, "ReferencedROINumber", path=path)) == roi_number
        for contour in items(item, "ContourSequence", path=path)
    ]


def _area(path: Path, item: Dataset) -> Contour | None:
    """Contour that encloses an area, its points in LPS mm; None for points, lines and contours of less than 3 points.

    A closed contour of one or two points, which some systems leave behind, encloses nothing and is passed over.
    """
    kind = text(item, "ContourGeometricType", path=path)
    if kind not in TYPES:
        raise InvalidTagError(path, "ContourGeometricType", kind, f"one of {', '.join(TYPES)}")
    if not kind.startswith("CLOSED"):
        return None
    data = coordinates(item, "ContourData", path=path)
    if len(data) % 3:
        raise InvalidTagError(path, "ContourData", f"{len(data)} numbers", "three numbers a point")
    points = np.array(data).reshape(-1, 3)
    return Contour(points, kind == "CLOSEDPLANAR_XOR") if len(points) >= 3 else None


def _frame_of_reference(path: Path, dataset: FileDataset, structure: Dataset) -> str:
    """Frame of reference of the region, else the only one that the file refers to, else none."""
    stated = text(structure, "ReferencedFrameOfReferenceUID", "", path=path)
    listed = items(dataset, "ReferencedFrameOfReferenceSequence", path=path)
    if not stated and len(listed) == 1:
        stated = text(listed[0], "FrameOfReferenceUID", "", path=path)
    return stated


def _referenced(path: Path, drawn: Sequence[Dataset]) -> list[str]:
    """Instances that the region was drawn on."""
    return [
        text(image, "ReferencedSOPInstanceUID", "", path=path)
        for item in drawn
        for image in items(item, "ContourImageSequence", path=path)
    ]
