"""NIfTI, NRRD and MHA label maps."""

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, strategies as st

from radiogenomics.config.imaging import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging import segmentation_errors
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.segmentation import read_mask, require_roi
from tests.unit.imaging.synthetic import grid, oblique

SETTINGS = Imaging()


def labels(shape=(10, 16, 20), highest=1):
    return np.random.default_rng(3).integers(0, highest + 1, shape).astype(np.uint8)


def write(path, values, place=None, **metadata):
    image = (place or grid(values.shape)).stamp(sitk.GetImageFromArray(values))
    for key, value in metadata.items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path))
    return path


def read(path, roi, place=None):
    return read_mask(path, roi, place or grid(), References(), SETTINGS)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("direction", [grid().direction, oblique()], ids=["axial", "oblique"])
def test_mask_on_the_grid_is_used_as_it_is(tmp_path, suffix, direction):
    place = grid(direction=direction)
    values = labels()
    path = write(tmp_path / f"mask{suffix}", values, place)
    assert np.array_equal(read(path, "any name", place), values > 0)


def test_one_label_takes_any_name_whatever_its_number(tmp_path):
    path = write(tmp_path / "mask.nii.gz", labels() * np.uint8(255))
    assert read(path, "tumour").any()


def test_several_labels_take_their_number(tmp_path):
    values = labels(highest=3)
    path = write(tmp_path / "mask.nii.gz", values)
    assert np.array_equal(read(path, "2"), values == 2)
    with pytest.raises(segmentation_errors.MissingRoiError) as caught:
        read(path, "tumour")
    assert caught.value.present == ("1", "2", "3")


def test_named_segments_take_their_name(tmp_path):
    values = labels(highest=2)
    names = {
        "Segment0_Name": "edema",
        "Segment0_LabelValue": "2",
        "Segment1_Name": "tumour",
        "Segment1_LabelValue": "1",
    }
    path = write(tmp_path / "mask.seg.nrrd", values, **names)
    assert np.array_equal(read(path, "edema"), values == 2)
    assert np.array_equal(read(path, "1"), values == 1)
    with pytest.raises(segmentation_errors.MissingRoiError) as caught:
        read(path, "Tumour")
    assert caught.value.present == ("edema", "tumour")


def test_one_named_segment_takes_its_name_only(tmp_path):
    values = labels()
    path = write(tmp_path / "mask.seg.nrrd", values, Segment0_Name="Liver", Segment0_LabelValue="1")
    assert np.array_equal(read(path, "Liver"), values == 1)
    assert np.array_equal(read(path, "1"), values == 1)
    require_roi(path, "Liver")
    for look in (lambda: read(path, "GTV-1"), lambda: require_roi(path, "GTV-1")):
        with pytest.raises(segmentation_errors.MissingRoiError) as caught:
            look()
        assert caught.value.present == ("Liver",)


def test_segments_may_be_numbered_with_gaps(tmp_path):
    values = labels(highest=2)
    names = {"Segment1_Name": "edema", "Segment1_LabelValue": "2", "Segment10_Name": "tumour"}
    path = write(tmp_path / "mask.seg.nrrd", values, **names)
    assert np.array_equal(read(path, "edema"), values == 2)
    assert np.array_equal(read(path, "tumour"), values == 1)


@pytest.mark.parametrize(
    ("key", "value"), [("LabelValue", "one"), ("LabelValue", "-1"), ("Layer", "1"), ("Layer", "3"), ("Layer", "top")]
)
def test_segments_with_impossible_numbers_are_refused(tmp_path, key, value):
    names = {"Segment0_Name": "tumour", "Segment0_LabelValue": "1", "Segment0_Layer": "0", f"Segment0_{key}": value}
    path = write(tmp_path / "mask.seg.nrrd", labels(), **names)
    with pytest.raises(segmentation_errors.UnreadableSegmentationError, match=f"Segment0_{key} is '{value}'"):
        read(path, "tumour")


@pytest.mark.parametrize("label", ["300", "65536", "999999999"])
def test_label_beyond_the_type_of_the_values_is_in_no_voxel(tmp_path, label):
    path = write(tmp_path / "mask.seg.nrrd", labels(), Segment0_Name="tumour", Segment0_LabelValue=label)
    with pytest.raises(segmentation_errors.EmptyMaskError):
        read(path, "tumour")


def test_image_in_place_of_a_label_map(tmp_path):
    path = write(tmp_path / "ct.nii.gz", np.random.default_rng(1).integers(-1000, 1000, (10, 16, 20)).astype(np.int16))
    with pytest.raises(segmentation_errors.MissingRoiError):
        read(path, "GTV")
    with pytest.raises(segmentation_errors.UnreadableSegmentationError, match="whole numbers"):
        read(write(tmp_path / "inf.nrrd", np.where(labels() > 0, np.inf, 0).astype(np.float32)), "GTV")


def test_overlapping_segments_lie_in_layers(tmp_path):
    layers = np.stack([labels(highest=1), labels(highest=1)[::-1]], axis=-1)
    image = grid().stamp(sitk.GetImageFromArray(layers, isVector=True))
    for n, name in enumerate(("tumour", "edema")):
        for key, value in {"Name": name, "LabelValue": "1", "Layer": str(n)}.items():
            image.SetMetaData(f"Segment{n}_{key}", value)
    sitk.WriteImage(image, str(tmp_path / "mask.seg.nrrd"))
    for n, name in enumerate(("tumour", "edema")):
        assert np.array_equal(read(tmp_path / "mask.seg.nrrd", name), layers[..., n] == 1)


def test_flipped_and_cropped_masks_lie_where_they_say(tmp_path):
    values = labels()
    flipped = sitk.Flip(grid().stamp(sitk.GetImageFromArray(values)), [True, True, False])
    cropped = flipped[3:15, 2:12, 1:8]
    sitk.WriteImage(cropped, str(tmp_path / "mask.nii.gz"))
    expected = np.zeros(values.shape, dtype=bool)
    expected[1:8, 4:14, 5:17] = values[1:8, 4:14, 5:17] > 0
    assert np.array_equal(read(tmp_path / "mask.nii.gz", "any"), expected)


@pytest.mark.parametrize(("offset_mm", "passes"), [(1e-4, True), (0.009, True), (0.02, False), (1.25, False)])
def test_origin_may_be_off_by_rounding_only(tmp_path, offset_mm, passes):
    x, y, z = grid().origin_mm
    values = labels()
    path = write(tmp_path / "mask.nrrd", values, grid(origin_mm=(x, y, z + offset_mm)))
    if passes:
        assert np.array_equal(read(path, "any"), values > 0)
    else:
        with pytest.raises(segmentation_errors.MaskGeometryError) as caught:
            read(path, "any")
        assert caught.value.distance_mm == pytest.approx(offset_mm, abs=1e-6)
        assert caught.value.distance_voxels == pytest.approx(offset_mm / 2.5, abs=1e-6)


def test_mask_of_another_spacing_is_not_resampled(tmp_path):
    path = write(tmp_path / "mask.nrrd", labels(), grid(spacing_mm=(5.0, 0.8, 0.7)))
    with pytest.raises(segmentation_errors.MaskGeometryError, match=r"2\.5 mm \(1 voxels\) beside"):
        read(path, "any")


def test_mask_resampled_with_aligned_corners_is_refused(tmp_path):
    path = write(tmp_path / "mask.nrrd", labels((16, 8, 8)), grid((16, 8, 8), spacing_mm=(1.5, 0.8, 0.7)))
    target = grid((21, 8, 8), spacing_mm=(1.125, 0.8, 0.7))
    with pytest.raises(segmentation_errors.MaskGeometryError) as caught:
        read(path, "any", target)
    assert caught.value.distance_mm == pytest.approx(15 * 0.375)


def test_mask_outside_and_empty_mask(tmp_path):
    x, y, z = grid().origin_mm
    far = write(tmp_path / "far.nrrd", labels(), grid(origin_mm=(x, y, z + 250.0)))
    with pytest.raises(segmentation_errors.MaskOutsideVolumeError):
        read(far, "any")
    with pytest.raises(segmentation_errors.EmptyMaskError):
        read(write(tmp_path / "empty.nrrd", labels() * np.uint8(0)), "any")


def test_probabilities_are_not_labels(tmp_path):
    path = write(tmp_path / "mask.nrrd", labels() * np.float32(0.7))
    with pytest.raises(segmentation_errors.UnreadableSegmentationError, match="whole numbers"):
        read(path, "any")
    values = labels()
    assert np.array_equal(read(write(tmp_path / "whole.nrrd", values.astype(np.float32)), "any"), values > 0)


def test_files_that_are_no_segmentation(tmp_path):
    (tmp_path / "bad.nii").write_bytes(b"no image")
    with pytest.raises(segmentation_errors.UnreadableSegmentationError):
        read(tmp_path / "bad.nii", "any")
    (tmp_path / "notes.txt").write_text("no segmentation")
    with pytest.raises(segmentation_errors.UnknownSegmentationError):
        read(tmp_path / "notes.txt", "any")
    (tmp_path / "folder").mkdir()
    with pytest.raises(segmentation_errors.UnknownSegmentationError, match="0 SEG or RTSTRUCT"):
        read(tmp_path / "folder", "any")
    with pytest.raises(MissingFileError):
        read(tmp_path / "absent.nii", "any")
    sitk.WriteImage(sitk.Image([4, 4], sitk.sitkUInt8), str(tmp_path / "flat.nrrd"))
    with pytest.raises(segmentation_errors.UnreadableSegmentationError, match="2 dimensions"):
        read(tmp_path / "flat.nrrd", "any")


@pytest.mark.parametrize(
    ("offset_mm", "message"), [((0.35, 0, 0), "0.35 mm (0.5 voxels)"), ((0, 0.2, 0), "0.2 mm (0.25 voxels)")]
)
def test_distance_is_told_in_mm_and_voxels(tmp_path, offset_mm, message):
    x, y, z = (float(value) for value in np.add(grid().origin_mm, offset_mm))
    path = write(tmp_path / "mask.nrrd", labels(), grid(origin_mm=(x, y, z)))
    with pytest.raises(segmentation_errors.MaskGeometryError) as caught:
        read(path, "any")
    assert message in str(caught.value)


def write_nifti(path, values, *, qform=None, sform=None):
    """Values (k, j, i) or (t, k, j, i) with matrices to RAS mm; None leaves a code at 0."""
    image = nibabel.Nifti1Image(values.T, None)
    image.header.set_zooms((0.7, 0.8, 2.5, 1.0)[: values.ndim])
    image.set_qform(qform, 0 if qform is None else 1)
    image.set_sform(sform, 0 if sform is None else 1)
    nibabel.save(image, path)
    return path


def ras(offset_mm=0.0, shear=0.0):
    """Matrix of the grid, moved along x or sheared."""
    x, y, z = grid().origin_mm
    matrix = np.diag([-0.7, -0.8, 2.5, 1.0])
    matrix[:3, 3] = -x - offset_mm, -y, z
    matrix[0, 1] = shear
    return matrix


@pytest.mark.parametrize("forms", ["qform", "sform", "both"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_either_transformation_of_nifti_places_the_mask(tmp_path, forms, suffix):
    values = labels()
    chosen = {form: ras() for form in ("qform", "sform") if forms in (form, "both")}
    assert np.array_equal(read(write_nifti(tmp_path / f"mask{suffix}", values, **chosen), "any"), values > 0)


@pytest.mark.parametrize(("offset_mm", "passes"), [(0.009, True), (0.02, False), (5.0, False)])
def test_transformations_that_differ_are_refused(tmp_path, offset_mm, passes):
    path = write_nifti(tmp_path / "mask.nii.gz", labels(), qform=ras(), sform=ras(offset_mm))
    if passes:
        assert read(path, "any").any()
        return
    for look in (lambda: read(path, "any"), lambda: require_roi(path, "any")):
        with pytest.raises(segmentation_errors.ConflictingOrientationError) as caught:
            look()
        assert caught.value.distance_mm == pytest.approx(offset_mm, abs=1e-5)


def test_sheared_axes_are_refused_by_name(tmp_path):
    path = write_nifti(tmp_path / "mask.nii.gz", labels(), sform=ras(shear=0.2))
    with pytest.raises(segmentation_errors.ShearedMaskError, match=r"75\.964°"):
        read(path, "any")
    both = write_nifti(tmp_path / "both.nii.gz", labels(), qform=ras(), sform=ras(shear=0.2))
    with pytest.raises(segmentation_errors.ConflictingOrientationError, match="3 mm apart"):
        read(both, "any")


def test_nifti_without_a_place_fits_no_volume(tmp_path):
    with pytest.raises(segmentation_errors.MaskGeometryError):
        read(write_nifti(tmp_path / "mask.nii.gz", labels()), "any")


def test_masks_along_a_fourth_axis_are_numbered(tmp_path):
    values = np.stack([labels(highest=1), labels(highest=1)[::-1] * 7, labels() * 0]).astype(np.uint8)
    path = write_nifti(tmp_path / "mask.nii.gz", values, qform=ras())
    assert np.array_equal(read(path, "1"), values[0] > 0)
    assert np.array_equal(read(path, "2"), values[1] > 0)
    with pytest.raises(segmentation_errors.EmptyMaskError):
        read(path, "3")
    with pytest.raises(segmentation_errors.MissingRoiError) as caught:
        read(path, "7")
    assert caught.value.present == ("1", "2", "3")
    require_roi(path, "3")


def test_a_fourth_axis_of_one_volume_is_none(tmp_path):
    values = labels(highest=3)
    path = write_nifti(tmp_path / "mask.nii.gz", values[None], qform=ras())
    assert np.array_equal(read(path, "2"), values == 2)


def test_labels_along_a_fourth_axis_are_refused(tmp_path):
    values = np.stack([labels(highest=1), labels(highest=3)])
    path = write_nifti(tmp_path / "mask.nii.gz", values, qform=ras())
    with pytest.raises(segmentation_errors.UnreadableSegmentationError, match=r"volume 2 of 2 .* labels 1, 2, 3"):
        read(path, "1")


def test_layers_without_names_are_numbered(tmp_path):
    layers = np.stack([labels(highest=1), labels(highest=1)[::-1]], axis=-1)
    image = grid().stamp(sitk.GetImageFromArray(layers, isVector=True))
    sitk.WriteImage(image, str(tmp_path / "mask.nrrd"))
    for n in range(2):
        assert np.array_equal(read(tmp_path / "mask.nrrd", str(n + 1)), layers[..., n] == 1)
    with pytest.raises(segmentation_errors.MissingRoiError):
        read(tmp_path / "mask.nrrd", "any name")


@given(st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()), st.integers(0, 2**31))
def test_axes_stored_otherwise_give_the_same_mask(tmp_path_factory, order, flips, seed):
    values = np.random.default_rng(seed).integers(0, 2, (4, 5, 6)).astype(np.uint8)
    values[1, 1, 1] = 1
    place = grid(values.shape, direction=oblique())
    image = sitk.Flip(sitk.PermuteAxes(place.stamp(sitk.GetImageFromArray(values)), order), flips)
    path = tmp_path_factory.getbasetemp() / "turned.nrrd"
    sitk.WriteImage(image, str(path))
    assert np.array_equal(read(path, "any", place), values > 0)
