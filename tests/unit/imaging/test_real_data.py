"""Real series and segmentations, against masks and volumes that others made of them."""

import shutil

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from radiogenomics.config.imaging import Imaging
from radiogenomics.errors import RadiogenomicsError
from radiogenomics.imaging import errors, segmentation_errors
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.segmentation import read_mask, require_roi
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.volume import read_volume
from tests.shared_data import ROOT, shared_data
from tests.unit.imaging import synthetic
from tests.unit.imaging.shapes import dice

SETTINGS = Imaging(pet_unit="stored")


def image_array(path):
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def regions(segmentation):
    """Names of the regions in a file, as the error of a name that it cannot hold lists them."""
    with pytest.raises(segmentation_errors.MissingRoiError) as caught:
        require_roi(segmentation, "no such region")
    return caught.value.present


def pair(series, segmentation, roi=None, settings=SETTINGS):
    """A series with the mask of one of its regions (the first by default)."""
    found = read_series(series, settings)
    roi = roi or regions(segmentation)[0]
    return read_volume(found), read_mask(segmentation, roi, found.grid, found.references, settings)


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
@pytest.mark.parametrize("patient", ["STS_002", "STS_003", "STS_008"])
def test_sarcoma_from_dicom_and_rtstruct_equals_the_published_nifti(patient, modality):
    root = shared_data("ibsi", "sts_validation", patient)
    volume, mask = pair(root / "dicom" / modality / "image", root / "dicom" / modality / "mask")
    published = sitk.ReadImage(str(root / "nifti" / f"{modality}_image.nii.gz"))
    assert volume.grid.distance_mm(Grid.from_image(published)) < 1e-3
    assert np.allclose(volume.values, sitk.GetArrayFromImage(published), rtol=1e-5, atol=1e-5)
    truth = image_array(root / "nifti" / f"{modality}_mask.nii.gz") > 0
    assert dice(mask, truth) >= 0.99
    assert dice(np.roll(mask, 1, axis=2), truth) < 0.99  # one voxel aside would be seen


def test_ibsi_ct_phantom_equals_the_published_nifti():
    root = shared_data("ibsi", "ibsi1_ct_phantom")
    volume, mask = pair(root / "dicom" / "image", root / "dicom" / "mask", "GTV-1")
    published = sitk.ReadImage(str(root / "nifti" / "image" / "phantom.nii.gz"))
    assert volume.grid.distance_mm(Grid.from_image(published)) < 1e-3
    assert np.array_equal(volume.values, sitk.GetArrayFromImage(published))
    assert dice(mask, image_array(root / "nifti" / "mask" / "mask.nii.gz") > 0) >= 0.99


@pytest.mark.parametrize(
    ("segmentation", "roi", "truth", "label"),
    [
        ("liver.dcm", "Liver", "liver_seg.nrrd", 1),
        ("partial_overlaps.dcm", "GREEN", "partial_overlaps-1.nrrd", 1),
        ("partial_overlaps.dcm", "ORANGE", "partial_overlaps-2.nrrd", 2),
        ("partial_overlaps.dcm", "PURPLE", "partial_overlaps-3.nrrd", 3),
        ("partial_overlaps.dcm", "LIGHT_BLUE", "partial_overlaps-1.nrrd", 4),
        ("partial_overlaps.dcm", "DARK_BLUE", "partial_overlaps-1.nrrd", 5),
    ],
)
def test_dcmqi_segments_equal_their_nrrd(segmentation, roi, truth, label):
    root = shared_data("dicom", "dcmqi_segmentations")
    _, mask = pair(root / "ct-3slice", root / segmentation, roi)
    expected = sitk.ReadImage(str(root / truth))
    assert read_series(root / "ct-3slice", SETTINGS).grid.distance_mm(Grid.from_image(expected)) < 1e-3
    assert np.array_equal(mask, sitk.GetArrayFromImage(expected) == label)


@pytest.mark.parametrize("size", ["23x38x3", "24x38x3"])
def test_dcmqi_segments_of_odd_size_equal_their_nrrd(size):
    root = shared_data("dicom", "dcmqi_segmentations", size)
    _, mask = pair(root / "image", root / "seg")
    assert np.array_equal(mask, image_array(root / "nrrd" / "label.nrrd") > 0)


@pytest.mark.parametrize("name", ["noppv", "ppv5"])
def test_dcmqi_label_maps_equal_their_nrrd(name):
    root = shared_data("dicom", "dcmqi_segmentations")
    _, mask = pair(root / "24x38x3" / "image", root / f"sparse-labelmap-{name}.dcm", "Liver")
    truth = image_array(root / f"sparse_labelmap_{name}_seg.nrrd")
    assert np.array_equal(mask, truth == 1)


def test_rt_utils_mock_has_four_regions():
    root = shared_data("dicom", "rt-utils_mock_ct_rtstruct")
    series = read_series(root, SETTINGS)  # structure sets lie in the folder of the series
    assert series.grid.shape == (2, 512, 512)
    path = root / "invalid_reference_rt.dcm"
    assert regions(path) == ("ROI-1", "ROI-2", "ROI-3", "ROI-4")
    for roi in regions(path):
        assert read_mask(path, roi, series.grid, series.references, SETTINGS).sum() > 3000


def test_fractional_segmentation_is_matched_by_its_frame_of_reference():
    root = shared_data("dicom", "mr_fractional_seg_UCSF-BR-06")
    volume, mask = pair(root / "image_dce_pe1", root / "mask", "Breast")
    assert mask.sum() == 82_527
    assert volume.series.modality == "MR"


def test_pet_with_267_slopes():
    """Positions of this scanner jump by 0.08 mm where two bed positions meet: within the default tolerance, just so."""
    root = shared_data("dicom", "pet_ge_bqml_rtstruct_STS_001", "FDG_PET")
    with pytest.raises(errors.UnevenSpacingError):
        read_series(root / "image", Imaging(slice_tolerance_mm=0.02))
    volume, mask = pair(root / "image", root / "mask", "GTV_Mass")
    assert (volume.series.unit, volume.values.dtype) == ("Bq/ml", np.float32)
    assert mask.sum() == 5095
    assert volume.values[mask].mean() > 3 * volume.values.mean()


@pytest.mark.parametrize("syntax", ["rle", "j2k", "jpeg", "jpegls"])
def test_compressed_series_equal_their_nifti(syntax):
    root = shared_data("dicom", "dicom2nifti", "generic", f"compressed_{syntax}")
    found = read_volume(read_series(root / "001", SETTINGS))
    truth = sitk.ReadImage(str(root / "001_ground_truth.nii.gz"))
    assert resampled_difference(found, truth) == 0


def resampled_difference(volume, truth):
    """Largest difference to an image whose axes may be stored in another order, voxel by voxel."""
    onto = sitk.Resample(truth, volume.to_image(), sitk.Transform(), sitk.sitkNearestNeighbor)
    return np.abs(sitk.GetArrayFromImage(onto).astype(float) - volume.values).max()


@pytest.mark.parametrize(
    "case",
    [
        "hitachi/anatomical/001",
        "hitachi/anatomical/001_implicit",
        "failing/slicecount/001",
        "philips_enhanced/anatomical/001",
        "philips_enhanced/anatomical/001_implicit",
        "siemens_multiframe/anatomical/001",
    ],
)
def test_uncompressed_series_equal_their_nifti(case):
    """Two slices are a volume: their distance is stated by their positions."""
    root = shared_data("dicom", "dicom2nifti")
    found = read_volume(read_series(root / case, SETTINGS))
    truth = sitk.ReadImage(str(root / f"{case}_ground_truth.nii.gz"))
    assert found.grid.shape[1:] == truth.GetSize()[:2] or found.grid.shape[0] in truth.GetSize()
    # Philips rescales with slopes of many digits; float32 holds values of a few thousands to 2.5e-4.
    assert resampled_difference(found, truth) <= (3e-4 if case.startswith("philips") else 0)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("failing/gantrytilting/001", errors.GantryTiltError),
        ("failing/notavolume/001", errors.SeveralVolumesError),
        ("failing/sliceincrement/001", errors.MissingSliceError),
        ("failing/sliceincrement/002", errors.MissingSliceError),
        ("failing/sliceorientation/001", errors.MixedGeometryError),
        ("ge/fmri/001", errors.SeveralVolumesError),
    ],
)
def test_real_series_that_are_no_volume_are_refused_by_name(case, expected):
    with pytest.raises(expected):
        read_series(shared_data("dicom", "dicom2nifti", case), SETTINGS)


def odd_files():
    folders = ("pydicom_test_files", "pydicom-data", "highdicom_test_files")
    files = [path for folder in folders for path in sorted((ROOT / "dicom" / folder).glob("*"))]
    return [pytest.param(path, id=path.name) for path in files if path.is_file()] or [
        pytest.param(ROOT / "dicom", id="none")
    ]


def refusal(function):
    """The typed error of a call, None where it succeeds; any other exception fails the test."""
    try:
        function()
    except RadiogenomicsError as error:
        return error
    return None


@pytest.mark.parametrize("path", odd_files())
def test_odd_files_give_a_reason_or_a_volume(tmp_path, path):
    shared_data("dicom", "pydicom_test_files")
    shutil.copy(path, tmp_path)
    refused = refusal(lambda: read_volume(read_series(tmp_path, SETTINGS)))
    assert refused is None or (refused.reason and refused.hint)


@pytest.mark.parametrize("path", odd_files())
def test_odd_files_list_their_regions_or_give_a_reason(path):
    shared_data("dicom", "pydicom_test_files")
    place = synthetic.grid()
    refused = refusal(lambda: require_roi(path, "no such region"))
    if isinstance(refused, segmentation_errors.MissingRoiError):
        refused = refusal(lambda: read_mask(path, refused.present[0], place, References(), SETTINGS))
    assert refused is not None  # none of them lies on this grid
    assert refused.reason
    assert refused.hint


@pytest.mark.parametrize("name", ["MR_truncated.dcm", "CT_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm"])
def test_two_copies_as_slices_reach_the_pixels(tmp_path, name):
    """Single files do not get as far as their pixels; two slices made of one do."""

    source = shared_data("dicom", "pydicom_test_files", name)
    for k in range(2):
        dataset = pydicom.dcmread(source)
        dataset.SOPInstanceUID = f"1.2.{k}"
        position = np.array(dataset.ImagePositionPatient, dtype=float)
        row, column = np.array(dataset.ImageOrientationPatient, dtype=float).reshape(2, 3)
        dataset.ImagePositionPatient = [f"{value:.6f}" for value in position + 3 * k * np.cross(row, column)]
        dataset.save_as(tmp_path / f"{k}.dcm")
    series = read_series(tmp_path, SETTINGS)
    assert series.grid.spacing_mm[0] == pytest.approx(3, abs=1e-5)
    if name == "MR_truncated.dcm":
        with pytest.raises(errors.PixelDataError):
            read_volume(series)
    else:
        assert read_volume(series).values.std() > 10
