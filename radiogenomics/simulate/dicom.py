"""A CT series as DICOM files (PS3.3 A.3, CT Image), one slice a file, Explicit VR little endian."""

from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from radiogenomics.files import whole_file
from radiogenomics.simulate.design import Patient
from radiogenomics.simulate.phantom import Phantom
from radiogenomics.simulate.seeds import uid

STUDY_DATE, STUDY_TIME, CONTENT_TIME = "20240115", "101500", "102000"
STUDY_YEAR = 2024
RESCALE_INTERCEPT = -1024
IMPLEMENTATION = "RADIOGENOMICS"


def ct_slices(patient: Patient, phantom: Phantom, seed: int) -> list[FileDataset]:
    """Make the series of one patient.

    Returns
    -------
    list of FileDataset
        One for each slice, from the feet up (rising z), as in ``phantom.hu``. InstanceNumber rises with z or falls,
        by scanner, so that nobody can order slices by it.
    """
    common = _common(patient, phantom, seed)
    return [_slice(common, patient, phantom, seed, index) for index in range(phantom.grid.n_slices)]


def new_file(sop_class: str, sop_instance: str) -> FileDataset:
    """Make an empty dataset with the file meta information that every file of the study has."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid(0, "implementation"))
    meta.ImplementationVersionName = IMPLEMENTATION
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = sop_instance
    return dataset


def save(dataset: Dataset, path: Path) -> None:
    """Write one file, whole or not at all."""
    with whole_file(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True)


def add_patient_and_study(dataset: Dataset, patient: Patient, seed: int) -> None:
    """Add the Patient, General Study and Patient Study modules; age and sex are those of the patients sheet."""
    dataset.PatientName = f"SIM^{patient.patient_id}"
    dataset.PatientID = patient.patient_id
    # Born on New Year's Day, hence of full age on the day of the study.
    dataset.PatientBirthDate = f"{STUDY_YEAR - patient.age}0101"
    dataset.PatientSex = patient.sex
    dataset.PatientAge = f"{patient.age:03d}Y"
    dataset.PatientSize = "1.70"
    dataset.PatientWeight = "70"
    dataset.StudyInstanceUID = uid(seed, patient.patient_id, "study")
    dataset.StudyDate = STUDY_DATE
    dataset.StudyTime = STUDY_TIME
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = f"{patient.index + 1}"
    dataset.AccessionNumber = f"ACC{patient.index + 1:05d}"
    dataset.StudyDescription = "Simulated CT"


def _common(patient: Patient, phantom: Phantom, seed: int) -> Dataset:
    """Set what all slices of the series share."""
    scanner, grid, dataset = patient.scanner, phantom.grid, Dataset()
    add_patient_and_study(dataset, patient, seed)
    dataset.Modality = "CT"
    dataset.SeriesInstanceUID = uid(seed, patient.patient_id, "ct")
    dataset.SeriesNumber = "2"
    dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = STUDY_DATE
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = CONTENT_TIME
    dataset.SeriesDescription = "Lesion, axial"
    dataset.BodyPartExamined = "ABDOMEN"
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = uid(seed, patient.patient_id, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.Manufacturer = scanner.manufacturer
    dataset.ManufacturerModelName = scanner.model
    dataset.InstitutionName = patient.site_name
    dataset.DeviceSerialNumber = f"SIM{patient.site + 1:04d}"
    dataset.SoftwareVersions = "1"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.AcquisitionNumber = "1"
    dataset.KVP = f"{scanner.kvp}"
    dataset.ConvolutionKernel = scanner.kernel
    dataset.SliceThickness = dataset.SpacingBetweenSlices = f"{grid.slice_mm:g}"
    dataset.PixelSpacing = [f"{grid.pixel_mm:g}"] * 2
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = grid.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = f"{RESCALE_INTERCEPT}", "1", "HU"
    dataset.WindowCenter, dataset.WindowWidth = "50", "400"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    return dataset


def _slice(common: Dataset, patient: Patient, phantom: Phantom, seed: int, index: int) -> FileDataset:
    dataset = new_file(CTImageStorage, uid(seed, patient.patient_id, "ct", index))
    dataset.update(common)
    grid = phantom.grid
    number = grid.n_slices - index if patient.scanner.head_first else index + 1
    x, y, z = (round(value, 4) for value in (*grid.origin_mm[:2], float(grid.axis_mm(0)[index])))
    dataset.InstanceNumber = f"{number}"
    dataset.ImagePositionPatient = [f"{x:g}", f"{y:g}", f"{z:g}"]
    dataset.SliceLocation = f"{z:g}"
    stored = phantom.hu[index].astype("<i4") - RESCALE_INTERCEPT
    dataset.PixelData = stored.astype("<u2").tobytes()
    return dataset
