"""The lesion's segmentation as DICOM SEG (PS3.3 A.51) or RTSTRUCT (PS3.3 A.19)."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.sr.codedict import codes
from pydicom.uid import RTStructureSetStorage

from radiogenomics.simulate.contours import lesion_contours
from radiogenomics.simulate.design import Patient
from radiogenomics.simulate.dicom import CONTENT_TIME, STUDY_DATE, add_patient_and_study, new_file
from radiogenomics.simulate.lesion import FloatArray
from radiogenomics.simulate.phantom import BoolArray, Phantom, body_outline_mm
from radiogenomics.simulate.seeds import uid

ROI_NAME = "GTV-1"
OTHER_SEGMENT, OTHER_ROI = "Vertebra", "EXTERNAL"
SMALL_ROI_VOXELS = 3
_OUTLINE_POINTS = 72
_SOFTWARE = "radiogenomics simulate"


def lesion_segment(patient: Patient, phantom: Phantom) -> BoolArray:
    """Voxels (slices, rows, columns) that the segmentation holds: the lesion, or three of its voxels for the fault."""
    if patient.fault != "roi_too_small":
        return phantom.lesion_mask
    mask = np.zeros_like(phantom.lesion_mask)
    k, j, i = np.argwhere(phantom.lesion_mask).mean(axis=0).astype(int)
    mask[k, j, i : i + SMALL_ROI_VOXELS] = True
    return mask


def seg_dataset(patient: Patient, phantom: Phantom, slices: Sequence[FileDataset], seed: int) -> Dataset:
    """Binary DICOM SEG with two segments, ``GTV-1`` first, on the grid of the CT."""
    pixels = np.stack([lesion_segment(patient, phantom), phantom.bone_mask], axis=-1).astype(np.uint8)
    lesion = (codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Mass)
    bone = (codes.SCT.AnatomicalStructure, codes.SCT.Bone)
    descriptions = [
        hd.seg.SegmentDescription(number, label, category, kind, hd.seg.SegmentAlgorithmTypeValues.MANUAL)
        for number, label, (category, kind) in ((1, ROI_NAME, lesion), (2, OTHER_SEGMENT, bone))
    ]
    with _quiet("highdicom"):
        dataset = _segmentation(patient, slices, pixels, descriptions, seed)
    return _without_traces(dataset, patient, seed)


def _segmentation(
    patient: Patient,
    slices: Sequence[FileDataset],
    pixels: NDArray[np.uint8],
    descriptions: Sequence[hd.seg.SegmentDescription],
    seed: int,
) -> Dataset:
    dataset: Dataset = hd.seg.Segmentation(
        source_images=list(slices),
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=descriptions,
        series_instance_uid=uid(seed, patient.patient_id, "seg series"),
        series_number=300,
        sop_instance_uid=uid(seed, patient.patient_id, "seg"),
        instance_number=1,
        manufacturer="Synthetic Imaging",
        manufacturer_model_name=_SOFTWARE,
        software_versions="1",
        device_serial_number="SIM",
        content_label="LESION",
        content_description="Simulated lesion",
        content_creator_name="SIM^READER",
    )
    return dataset


def rtstruct_dataset(patient: Patient, phantom: Phantom, slices: Sequence[FileDataset], seed: int) -> FileDataset:
    """RTSTRUCT with the skin and, second, ``GTV-1``; each contour lies in the plane of a slice."""
    dataset = new_file(RTStructureSetStorage, uid(seed, patient.patient_id, "rtstruct"))
    add_patient_and_study(dataset, patient, seed)
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID = uid(seed, patient.patient_id, "rtstruct series")
    dataset.SeriesNumber = "300"
    dataset.OperatorsName = ""
    dataset.Manufacturer = "Synthetic Imaging"
    dataset.ManufacturerModelName = _SOFTWARE
    dataset.InstanceNumber = "1"
    dataset.FrameOfReferenceUID = slices[0].FrameOfReferenceUID
    dataset.PositionReferenceIndicator = ""
    dataset.StructureSetLabel = "LESION"
    dataset.StructureSetDate, dataset.StructureSetTime = STUDY_DATE, CONTENT_TIME
    dataset.ApprovalStatus = "UNAPPROVED"
    dataset.ReferencedFrameOfReferenceSequence = [_referenced_frame(slices)]
    z_mm = phantom.grid.axis_mm(0)
    skin = body_outline_mm(_OUTLINE_POINTS)
    outlines = [np.column_stack([skin, np.full(len(skin), z)]) for z in z_mm]
    structures = ((OTHER_ROI, "EXTERNAL", outlines), (ROI_NAME, "GTV", lesion_contours(phantom.lesion, z_mm)))
    planes = {round(float(z), 4): image for z, image in zip(z_mm, slices, strict=True)}
    frame = slices[0].FrameOfReferenceUID
    numbered = list(enumerate(structures, start=1))
    dataset.StructureSetROISequence = [_roi(number, name, frame) for number, (name, _, _) in numbered]
    dataset.ROIContourSequence = [_roi_contour(number, lines, planes) for number, (_, _, lines) in numbered]
    dataset.RTROIObservationsSequence = [_observation(number, kind) for number, (_, kind, _) in numbered]
    return dataset


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a library from logging every step at level INFO."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _without_traces(dataset: Dataset, patient: Patient, seed: int) -> Dataset:
    """Replace what highdicom takes from the clock, from chance or from its own version."""
    dataset.SeriesDate = dataset.ContentDate = dataset.InstanceCreationDate = STUDY_DATE
    dataset.SeriesTime = dataset.ContentTime = dataset.InstanceCreationTime = CONTENT_TIME
    organization = uid(seed, patient.patient_id, "seg dimensions")
    dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID = organization
    for item in dataset.DimensionIndexSequence:
        item.DimensionOrganizationUID = organization
    dataset.pop("ContributingEquipmentSequence", None)
    dataset.file_meta = new_file(dataset.SOPClassUID, dataset.SOPInstanceUID).file_meta
    return dataset


def _dataset(**elements: object) -> Dataset:
    dataset = Dataset()
    for name, value in elements.items():
        setattr(dataset, name, value)
    return dataset


def _reference(image: Dataset) -> Dataset:
    return _dataset(ReferencedSOPClassUID=image.SOPClassUID, ReferencedSOPInstanceUID=image.SOPInstanceUID)


def _referenced_frame(slices: Sequence[FileDataset]) -> Dataset:
    first = slices[0]
    series = _dataset(SeriesInstanceUID=first.SeriesInstanceUID, ContourImageSequence=[_reference(s) for s in slices])
    study = _dataset(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",  # Detached Study Management, which the module asks for
        ReferencedSOPInstanceUID=first.StudyInstanceUID,
        RTReferencedSeriesSequence=[series],
    )
    return _dataset(FrameOfReferenceUID=first.FrameOfReferenceUID, RTReferencedStudySequence=[study])


def _roi(number: int, name: str, frame: str) -> Dataset:
    return _dataset(
        ROINumber=f"{number}", ReferencedFrameOfReferenceUID=frame, ROIName=name, ROIGenerationAlgorithm="MANUAL"
    )


def _roi_contour(number: int, contours: Sequence[FloatArray], planes: dict[float, FileDataset]) -> Dataset:
    items = [
        _dataset(
            ContourImageSequence=[_reference(planes[round(float(contour[0, 2]), 4)])],
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=f"{len(contour)}",
            ContourData=[f"{value + 0.0:.3f}" for value in np.round(contour, 3).ravel()],
        )
        for contour in contours
    ]
    color = ["255", "0", f"{40 * number}"]
    return _dataset(ReferencedROINumber=f"{number}", ROIDisplayColor=color, ContourSequence=items)


def _observation(number: int, kind: str) -> Dataset:
    return _dataset(
        ObservationNumber=f"{number}", ReferencedROINumber=f"{number}", RTROIInterpretedType=kind, ROIInterpreter=""
    )
