"""Real segmentations: every segment of dcmqi's and highdicom's test files, against NRRD files and plain pixels."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging import segmentation_errors
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.geometry import Grid, triple
from radiogenomics.imaging.segmentation import read_mask, read_regions, require_roi
from radiogenomics.imaging.series import read_series
from tests.shared_data import shared_data
from tests.unit.imaging.shapes import dice
from tests.unit.imaging.synthetic import AXIAL

ALL = Imaging(regions={"all": ("*",)}, policies={"several_regions": "each"})


def every_region(path, series):
    return {region.name: region for region in read_regions(path, "all", series.grid, series.references, ALL)}


# Segments of each SEG file: the NRRD that dcmqi made of it or from it, and its label there.
DCMQI = {
    "liver.dcm": ("ct-3slice", {"Liver": ("liver_seg.nrrd", 1)}),
    "partial_overlaps.dcm": (
        "ct-3slice",
        {
            "GREEN": ("partial_overlaps-1.nrrd", 1),
            "ORANGE": ("partial_overlaps-2.nrrd", 2),
            "PURPLE": ("partial_overlaps-3.nrrd", 3),
            "LIGHT_BLUE": ("partial_overlaps-1.nrrd", 4),
            "DARK_BLUE": ("partial_overlaps-1.nrrd", 5),
        },
    ),
    "sparse-labelmap-noppv.dcm": ("24x38x3/image", {"Liver": ("sparse_labelmap_noppv_seg.nrrd", 1)}),
    "sparse-labelmap-ppv5.dcm": ("24x38x3/image", {"Liver": ("sparse_labelmap_ppv5_seg.nrrd", 1)}),
    "23x38x3/seg/label.seg": ("23x38x3/image", {"Liver": ("23x38x3/nrrd/label.nrrd", 1)}),
    "24x38x3/seg/label.seg": ("24x38x3/image", {"Liver": ("24x38x3/nrrd/label.nrrd", 1)}),
}


@pytest.mark.parametrize("name", DCMQI)
def test_every_segment_equals_its_nrrd(name):
    root = shared_data("dicom", "dcmqi_segmentations")
    images, truths = DCMQI[name]
    series = read_series(root / images, ALL)
    found = every_region(root / name, series)
    assert sorted(found) == sorted(truths)
    for segment, (truth, label) in truths.items():
        expected = sitk.ReadImage(str(root / truth))
        assert series.grid.distance_mm(Grid.from_image(expected)) < 1e-3
        assert np.array_equal(found[segment].mask, sitk.GetArrayFromImage(expected) == label)


# Label maps on the grid of the CT with three slices, and their labels: with gaps, not from 1 on, without names.
LABEL_MAPS = {
    "liver_seg.nrrd": [1],
    "spine_seg.nrrd": [2],
    "spine_seg_label5.nrrd": [5],
    "heart_seg.nrrd": [3],
    "liver_spine_seg.nrrd": [1, 2],
    "liver_spine_gapped_seg.nrrd": [1, 5],
    "partial_overlaps-1.nrrd": [1, 4, 5],
    "partial_overlaps-2.nrrd": [2],
    "partial_overlaps-3.nrrd": [3],
}


@pytest.mark.parametrize("name", LABEL_MAPS)
def test_every_label_is_read_by_its_number(name):
    root = shared_data("dicom", "dcmqi_segmentations")
    series = read_series(root / "ct-3slice", ALL)
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(root / name)))
    found = every_region(root / name, series)
    assert sorted(found) == [str(label) for label in LABEL_MAPS[name]]
    for label in LABEL_MAPS[name]:
        assert np.array_equal(found[str(label)].mask, values == label)


def test_label_maps_of_single_organs_agree_with_those_of_two():
    root = shared_data("dicom", "dcmqi_segmentations")
    series = read_series(root / "ct-3slice", ALL)
    both = every_region(root / "liver_spine_gapped_seg.nrrd", series)
    for label, single in {"1": "liver_seg.nrrd", "5": "spine_seg_label5.nrrd"}.items():
        assert np.array_equal(both[label].mask, read_mask(root / single, "organ", series.grid, References(), ALL))
    union = Imaging(regions={"organs": ("[15]",)}, policies={"several_regions": "union"})
    (region,) = read_regions(root / "liver_spine_gapped_seg.nrrd", "organs", series.grid, References(), union)
    assert region.mask.sum() == 107_098 + 12_439
    assert region.notes == ("union of '1' (70.36 ml), '5' (8.172 ml)",)


def grid_of(dataset, first_mm, n_slices, slice_mm):
    spacing = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing
    shape = (n_slices, int(dataset.Rows), int(dataset.Columns))
    return Grid(shape, triple([float(value) for value in first_mm]), (slice_mm, *map(float, spacing)), AXIAL)


def position(frame):
    return frame.PlanePositionSequence[0].ImagePositionPatient


@pytest.mark.parametrize("fraction", [0.2, 0.3, 0.5])
@pytest.mark.parametrize(
    "name", ["seg_image_ct_binary.dcm", "seg_image_ct_binary_fractional.dcm", "seg_image_ct_true_fractional.dcm"]
)
def test_highdicom_frames_are_where_their_positions_are(name, fraction):
    path = shared_data("dicom", "highdicom_test_files", name)
    dataset = pydicom.dcmread(path)
    place = grid_of(dataset, position(dataset.PerFrameFunctionalGroupsSequence[0]), 3, 1.25)
    mask = read_mask(path, "first segment", place, References(), Imaging(fraction=fraction))
    threshold = fraction * int(dataset.get("MaximumFractionalValue", 1))
    assert np.array_equal(mask, dataset.pixel_array >= threshold)
    assert dataset.SegmentationType != "FRACTIONAL" or dataset.MaximumFractionalValue == 255


def test_highdicom_overlapping_segments_have_a_frame_far_away():
    path = shared_data("dicom", "highdicom_test_files", "seg_image_ct_binary_overlap.dcm")
    dataset = pydicom.dcmread(path)
    frames = dataset.PerFrameFunctionalGroupsSequence
    place = grid_of(dataset, position(frames[1]), 3, 1.25)
    for n, name in enumerate(("first segment", "second segment")):
        own = [
            k
            for k, frame in enumerate(frames)
            if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber == n + 1
        ]
        mask = read_mask(path, name, place, References(), ALL)
        inside = [k for k in own if float(position(frames[k])[2]) > 0]  # the other lies 200 mm below
        assert len(inside) == 3
        assert np.array_equal(mask, dataset.pixel_array[inside] > 0)
    (first, second) = (read_mask(path, name, place, References(), ALL) for name in ("first segment", "second segment"))
    assert (first & second).any()


def test_highdicom_single_frame_needs_no_second_slice():
    path = shared_data("dicom", "highdicom_test_files", "seg_image_ct_binary_single_frame.dcm")
    dataset = pydicom.dcmread(path)
    place = grid_of(dataset, position(dataset.PerFrameFunctionalGroupsSequence[0]), 1, 5.0)
    mask = read_mask(path, "first segment", place, References(), ALL)
    assert np.array_equal(mask[0], dataset.pixel_array.reshape(128, 128) > 0)


@pytest.mark.parametrize(
    "name",
    [
        "seg_image_cr_binary.dcm",
        "seg_image_sm_control.dcm",
        "seg_image_sm_control_labelmap.dcm",
        "seg_image_sm_control_labelmap_palette_color.dcm",
        "seg_image_sm_dots.dcm",
        "seg_image_sm_dots_tiled_full.dcm",
        "seg_image_sm_numbers.dcm",
    ],
)
def test_slides_and_radiographs_are_refused_by_name(name):
    path = shared_data("dicom", "highdicom_test_files", name)
    what = "without a position in the patient" if "_cr_" in name else "microscopic slide"
    with pytest.raises(segmentation_errors.PlanarSegmentationError, match=what):
        require_roi(path, "first segment")


@pytest.mark.parametrize(("fraction", "voxels"), [(0.5, 82_527), (1.0, 82_527)])
def test_breast_of_an_occupancy_segmentation(fraction, voxels):
    """Its values are 0 and the maximum only, so that the fraction does not matter."""
    root = shared_data("dicom", "mr_fractional_seg_UCSF-BR-06")
    series = read_series(root / "image_dce_pe1", ALL)
    mask = read_mask(root / "mask", "Breast", series.grid, series.references, Imaging(fraction=fraction))
    dataset = pydicom.dcmread(next(path for path in (root / "mask").iterdir() if path.suffix == ".dcm"))
    assert dataset.SegmentationFractionalType == "OCCUPANCY"
    assert set(np.unique(dataset.pixel_array)) <= {0, dataset.MaximumFractionalValue}
    assert mask.sum() == voxels
    for frame, plane in zip(dataset.PerFrameFunctionalGroupsSequence, dataset.pixel_array, strict=True):
        corner = np.round(series.grid.to_index([float(value) for value in position(frame)])).astype(int)
        assert corner[1:].tolist() == [0, 0]
        if 0 <= corner[0] < series.grid.shape[0]:
            assert np.array_equal(mask[corner[0]], plane > 0)


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
@pytest.mark.parametrize("patient", ["STS_002", "STS_003", "STS_008"])
def test_interpolation_changes_nothing_where_every_slice_is_drawn(patient, modality):
    root = shared_data("ibsi", "sts_validation", patient, "dicom", modality)
    settings = Imaging(pet_unit="stored", policies={"off_plane_contour": "interpolate"})
    series = read_series(root / "image", settings)
    pattern = Imaging(regions={"all": ("*",)}, policies={"several_regions": "largest"})
    (region,) = read_regions(root / "mask", "all", series.grid, series.references, pattern)
    (same,) = read_regions(root / "mask", region.name, series.grid, series.references, settings)
    assert np.array_equal(region.mask, same.mask)
    assert same.notes == ()


@pytest.mark.parametrize("modality", ["CT", "PET", "MR_T1"])
@pytest.mark.parametrize("patient", ["STS_002", "STS_003", "STS_008"])
def test_sarcomas_drawn_on_every_other_slice_are_interpolated(patient, modality, tmp_path):
    """Half of the contours are taken out of real structure sets."""
    root = shared_data("ibsi", "sts_validation", patient, "dicom", modality)
    series = read_series(root / "image", Imaging(pet_unit="stored"))
    (path,) = (path for path in (root / "mask").rglob("*") if path.is_file())
    dataset = pydicom.dcmread(path)
    for item in dataset.ROIContourSequence:
        slices = [
            round(float(series.grid.to_index(list(map(float, c.ContourData[:3])))[0])) for c in item.ContourSequence
        ]
        last = max(slices)
        item.ContourSequence = [c for k, c in zip(slices, item.ContourSequence, strict=True) if (last - k) % 2 == 0]
    dataset.save_as(tmp_path / "rs.dcm")
    (whole,) = read_regions(
        root / "mask", "all", series.grid, series.references, ALL.model_copy(update={"policies": LARGEST})
    )
    settings = Imaging(policies={"off_plane_contour": "interpolate"})
    (region,) = read_regions(tmp_path / "rs.dcm", whole.name, series.grid, series.references, settings)
    assert dice(region.mask, whole.mask) >= 0.96
    assert region.mask.sum() == pytest.approx(whole.mask.sum(), rel=0.05)
    assert "were interpolated" in region.notes[0]


LARGEST = ALL.policies.model_copy(update={"several_regions": "largest"})
