import shutil
import subprocess
from collections import Counter

import highdicom as hd
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from radiogenomics.simulate.phantom import draw_phantom
from radiogenomics.simulate.segmentations import OTHER_SEGMENT, ROI_NAME

SEG, RTSTRUCT = 2, 1
SMALL = 8


def dciodvfy(path):
    done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Warning"))]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (dicom3tools) is not installed")
@pytest.mark.parametrize("name", ["P001/ct/0001.dcm", "P002/ct/0001.dcm", "P001/seg.dcm", "P002/rtstruct.dcm"])
def test_validator_finds_no_fault(study, name):
    assert dciodvfy(study.folder / "data" / "dicom" / name) == []


def read_series(folder):
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    return sitk.ReadImage(names)


@pytest.mark.parametrize("index", [0, 1, 4])
def test_simpleitk_reads_the_planted_voxels_and_geometry(study, index):
    patient = study.design.patients[index]
    phantom = draw_phantom(patient, study.design.seed)
    image = read_series(study.images(index) / "ct")
    assert np.array_equal(sitk.GetArrayFromImage(image), phantom.hu)
    assert image.GetSpacing() == pytest.approx(phantom.grid.spacing_mm[::-1])
    assert image.GetOrigin() == pytest.approx(phantom.grid.origin_mm, abs=1e-3)
    assert image.GetDirection() == pytest.approx(np.eye(3).ravel())


def test_instance_numbers_do_not_order_slices_alike_at_all_sites(study):
    rises = set()
    for index in range(6):
        files = [pydicom.dcmread(path, stop_before_pixels=True) for path in study.images(index).glob("ct/*.dcm")]
        files.sort(key=lambda file: file.ImagePositionPatient[2])
        rises.add(files[0].InstanceNumber < files[-1].InstanceNumber)
    assert rises == {True, False}


def test_sites_differ_in_scanner_and_sheet_agrees_with_dicom(study):
    scanners = {}
    for patient in study.design.patients:
        file = pydicom.dcmread(study.images(patient.index) / "ct" / "0001.dcm", stop_before_pixels=True)
        assert (file.PatientID, str(file.PatientName)) == (patient.patient_id, f"SIM^{patient.patient_id}")
        assert (file.PatientAge, file.PatientSex) == (f"{patient.age:03d}Y", patient.sex)
        scanners.setdefault(patient.site, set()).add(
            (file.Manufacturer, file.ConvolutionKernel, float(file.SliceThickness))
        )
    assert all(len(found) == 1 for found in scanners.values())
    assert len(set().union(*scanners.values())) == 2


def test_seg_holds_the_planted_mask(study):
    patient = study.design.patients[SEG]
    phantom = draw_phantom(patient, study.design.seed)
    seg = hd.seg.segread(study.images(SEG) / "seg.dcm")
    assert [seg.get_segment_description(number).segment_label for number in (1, 2)] == [ROI_NAME, OTHER_SEGMENT]
    sources = [pydicom.dcmread(path).SOPInstanceUID for path in sorted(study.images(SEG).glob("ct/*.dcm"))]
    pixels = seg.get_pixels_by_source_instance(
        sources, segment_numbers=[1], combine_segments=True, ignore_spatial_locations=True
    )
    assert np.array_equal(pixels > 0, phantom.lesion_mask)


def test_small_region_has_three_voxels(study):
    seg = hd.seg.segread(study.images(SMALL) / "seg.dcm")
    volume = seg.get_volume(segment_numbers=[1], combine_segments=True)
    assert (volume.array > 0).sum() == 3


def area_mm2(points):
    x, y = points[:, 0], points[:, 1]
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


@pytest.mark.parametrize("index", [1, 3, 9])
def test_rtstruct_contours_enclose_the_planted_lesion(study, index):
    patient = study.design.patients[index]
    phantom = draw_phantom(patient, study.design.seed)
    file = pydicom.dcmread(study.images(index) / "rtstruct.dcm")
    names = {roi.ROINumber: roi.ROIName for roi in file.StructureSetROISequence}
    (contours,) = [item for item in file.ROIContourSequence if names[item.ReferencedROINumber] == ROI_NAME]
    areas = Counter()
    for contour in contours.ContourSequence:
        points = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        assert np.ptp(points[:, 2]) == 0
        areas[float(points[0, 2])] += area_mm2(points)
    assert sum(areas.values()) * phantom.grid.slice_mm == pytest.approx(phantom.lesion.volume_mm3, rel=0.02)
    for z, voxels in zip(phantom.grid.axis_mm(0), phantom.lesion_mask.sum(axis=(1, 2)), strict=True):
        assert areas[float(z)] == pytest.approx(voxels * phantom.grid.pixel_mm**2, rel=0.06, abs=8)


def test_contours_refer_to_slices_that_share_their_plane(study):
    file = pydicom.dcmread(study.images(RTSTRUCT) / "rtstruct.dcm")
    slices = {s.SOPInstanceUID: s for s in map(pydicom.dcmread, study.images(RTSTRUCT).glob("ct/*.dcm"))}
    for item in file.ROIContourSequence:
        for contour in item.ContourSequence:
            image = slices[contour.ContourImageSequence[0].ReferencedSOPInstanceUID]
            assert contour.ContourData[2] == pytest.approx(image.ImagePositionPatient[2])
