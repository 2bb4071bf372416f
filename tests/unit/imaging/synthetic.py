"""Small DICOM series and structure sets with known voxels and known geometry."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    RTStructureSetStorage,
    generate_uid,
)

from radiogenomics.imaging.geometry import Grid

SOP_CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage, "PT": PositronEmissionTomographyImageStorage}
SHAPE = (10, 16, 20)
AXIAL = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0))
PATIENT_NAME, PATIENT_ID, BIRTH_DATE = "Mustermann^Erika", "MRN-4711", "19640812"


def rotation(degrees, axis):
    """Rotation matrix about one axis (0, 1, 2)."""
    angle = np.radians(degrees)
    first, second = [n for n in range(3) if n != axis]
    matrix = np.eye(3)
    matrix[[first, second], [first, second]] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def oblique():
    """Directions (slice, row, column) of a doubly oblique stack."""
    turned = np.array(AXIAL) @ rotation(20, 0) @ rotation(35, 2)
    return tuple(tuple(float(value) for value in vector) for vector in turned)


def grid(shape=SHAPE, spacing_mm=(2.5, 0.8, 0.7), origin_mm=(-31.25, 12.5, 101.75), direction=AXIAL):
    """Grid of the synthetic series unless stated otherwise."""
    return Grid(shape, origin_mm, spacing_mm, direction)


def stored_values(shape=SHAPE, low=0, high=2000, seed=1):
    """Random stored values."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.int16)


def slice_dataset(plane, place: Grid, k: int, modality: str, uids: Mapping[str, str]) -> Dataset:
    """One slice with the attributes that scanners write, personal ones included."""
    header = Dataset()
    header.SOPClassUID, header.SOPInstanceUID = (
        SOP_CLASSES[modality],
        generate_uid(entropy_srcs=[uids["series"], str(k)]),
    )
    header.StudyInstanceUID, header.SeriesInstanceUID = uids["study"], uids["series"]
    header.FrameOfReferenceUID, header.PositionReferenceIndicator = uids["frame"], ""
    header.PatientName, header.PatientID, header.PatientBirthDate = PATIENT_NAME, PATIENT_ID, BIRTH_DATE
    header.PatientSex, header.StudyDate, header.StudyTime, header.AccessionNumber = "F", "20240102", "120000", "ACC99"
    header.StudyID, header.ReferringPhysicianName = "7", ""
    header.Modality, header.SeriesNumber, header.InstanceNumber = modality, 4, k + 1
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.Manufacturer, header.ManufacturerModelName, header.SliceThickness = "Maker", "Model 1", 9.0
    header.Rows, header.Columns = plane.shape
    header.PixelSpacing = list(place.spacing_mm[1:])
    header.ImagePositionPatient = [float(value) for value in place.to_lps([k, 0, 0])]
    header.ImageOrientationPatient = [*place.direction[2], *place.direction[1]]
    header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
    header.PixelRepresentation = int(np.issubdtype(plane.dtype, np.signedinteger))
    if modality != "MR":
        header.RescaleSlope, header.RescaleIntercept = 1, -1024 if modality == "CT" else 0
    if modality == "CT":
        header.KVP, header.ConvolutionKernel = 120, "B30f"
    if modality == "PT":
        header.Units = "BQML"
    if modality == "MR":
        header.MagneticFieldStrength = 1.5
    header.PixelData = plane.tobytes()
    header["PixelData"].VR = "OW"
    return header


def save(dataset: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Write a Part 10 file in one transfer syntax, compressing where it is a compressed one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID or generate_uid()
    if syntax == ExplicitVRBigEndian:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = np.frombuffer(dataset.PixelData, dtype="<u2").astype(">u2").tobytes()
        dataset.save_as(path, enforce_file_format=True, little_endian=False, implicit_vr=False)
        return path
    if syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    values=None,
    *,
    place: Grid | None = None,
    modality: str = "CT",
    syntax: str = ExplicitVRLittleEndian,
    edit: Callable[[int, Dataset], None] | None = None,
    drop: Sequence[int] = (),
    name: str = "series",
) -> list[Dataset]:
    """Write one file a slice; ``edit`` may change slice k before it is written, ``drop`` leaves slices out."""
    values = stored_values() if values is None else values
    place = place or grid(values.shape)
    uids = {kind: generate_uid(entropy_srcs=[kind, name]) for kind in ("series", "study", "frame")}
    uids["frame"] = generate_uid(entropy_srcs=["frame"])
    written = []
    for k, plane in enumerate(values):
        if k in drop:
            continue
        header = slice_dataset(plane, place, k, modality, uids)
        if edit is not None:
            edit(k, header)
        save(header, folder / f"{name}_{k:03d}.dcm", syntax)
        written.append(header)
    return written


def write_rtstruct(
    path: Path, regions: Mapping[str, Sequence], *, frame_of_reference: str = "", instances: Sequence[str] = ()
) -> Path:
    """Write a structure set: contours (n_points, 3) in LPS mm by region name; a tuple (type, points) sets the type."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = RTStructureSetStorage, generate_uid(entropy_srcs=[str(path)])
    dataset.Modality, dataset.PatientName, dataset.PatientID = "RTSTRUCT", PATIENT_NAME, PATIENT_ID
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for n, (name, contours) in enumerate(regions.items(), start=1):
        structure, drawn = Dataset(), Dataset()
        structure.ROINumber, structure.ROIName = n, name
        if frame_of_reference:
            structure.ReferencedFrameOfReferenceUID = frame_of_reference
        drawn.ReferencedROINumber, drawn.ContourSequence = n, []
        for contour in contours:
            kind, points = contour if isinstance(contour, tuple) else ("CLOSED_PLANAR", contour)
            item = Dataset()
            item.ContourGeometricType, item.NumberOfContourPoints = kind, len(points)
            item.ContourData = [f"{value:.6f}" for value in np.ravel(points)]
            if instances:
                item.ContourImageSequence = [Dataset()]
                item.ContourImageSequence[0].ReferencedSOPInstanceUID = instances[0]
            drawn.ContourSequence.append(item)
        dataset.StructureSetROISequence.append(structure)
        dataset.ROIContourSequence.append(drawn)
    return save(dataset, path)
