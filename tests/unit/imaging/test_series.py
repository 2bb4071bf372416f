"""What a folder of DICOM files must be to pass as one volume, and the name of the reason where it does not."""

import shutil

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    generate_uid,
)

from radiogenomics.config.imaging import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging import errors, segmentation_errors
from radiogenomics.imaging.dicom import HEAD_BYTES, digest
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.volume import read_volume
from tests.unit.imaging import synthetic
from tests.unit.imaging.synthetic import grid, oblique, stored_values, write_series

SETTINGS = Imaging(pet_unit="stored")


def move(header, offset_mm):
    header.ImagePositionPatient = [float(a + b) for a, b in zip(header.ImagePositionPatient, offset_mm, strict=True)]


def uneven(k, header, narrow=5):
    """2 mm between the first ``narrow`` slices, 4 mm between the others."""
    move(header, (0, 0, -0.5 * k + 2.0 * max(k - narrow + 1, 0)))


def tilted(k, header):
    move(header, (0, np.tan(np.radians(15)) * 2.5 * k, 0))


def jittered(k, header):
    move(header, (0, 0, 0.004 * (-1) ** k))


def reversed_number(k, header):
    header.InstanceNumber = 10 - k


GOOD = {
    "plain": {},
    "oblique": {"place": grid(direction=oblique())},
    "sagittal": {"place": grid(direction=((-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)))},
    "reversed InstanceNumber": {"edit": reversed_number},
    "RLE": {"syntax": RLELossless},
    "JPEG 2000": {"syntax": JPEG2000Lossless, "place": grid((10, 40, 48))},
    "JPEG-LS": {"syntax": JPEGLSLossless},
    "big endian": {"syntax": ExplicitVRBigEndian},
    "MR": {"modality": "MR"},
    "PET": {"modality": "PT"},
}


@pytest.mark.parametrize("case", GOOD)
def test_sound_series_keep_their_geometry_and_their_voxels(tmp_path, case):
    arguments = GOOD[case]
    expected = arguments.get("place", grid())
    values = stored_values(expected.shape)
    write_series(tmp_path, values, **arguments)
    series = read_series(tmp_path, SETTINGS)
    assert np.allclose(series.grid.corners(), expected.corners(), atol=1e-4)
    assert series.grid.shape == expected.shape
    intercept = -1024 if arguments.get("modality", "CT") == "CT" else 0
    assert np.array_equal(read_volume(series).values, values + intercept)


def test_jitter_of_four_micrometres_passes(tmp_path):
    values = stored_values()
    write_series(tmp_path, values, edit=jittered)
    series = read_series(tmp_path, SETTINGS)
    assert series.grid.distance_mm(grid()) < 0.01
    assert np.array_equal(read_volume(series).values, values - 1024)


def test_slices_in_falling_order_are_turned(tmp_path):
    values = stored_values()
    falling = grid(direction=((0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)))
    write_series(tmp_path, values, place=falling)
    series = read_series(tmp_path, SETTINGS)
    assert series.grid.direction[0] == (0.0, 0.0, 1.0)
    assert series.grid.origin_mm == pytest.approx(falling.to_lps([9, 0, 0]), abs=1e-4)
    assert np.array_equal(read_volume(series).values, values[::-1] - 1024)


def test_facts_of_the_acquisition_are_kept(tmp_path):
    headers = write_series(tmp_path)
    series = read_series(tmp_path, SETTINGS)
    assert (series.modality, series.unit) == ("CT", "HU")
    assert series.acquisition.record() == {
        "manufacturer": "Maker",
        "model": "Model 1",
        "kernel": "B30f",
        "slice_thickness_mm": 9.0,
        "kvp": 120.0,
        "field_strength_t": None,
        "sequence": "",
        "echo_time_ms": None,
        "repetition_time_ms": None,
        "flip_angle_degrees": None,
        "depth_mm": None,
        "transducer_mhz": None,
        "contrast": "",
        "tracer": "",
    }
    assert series.series == digest(headers[0].SeriesInstanceUID)
    assert series.references.frame_of_reference == digest(headers[0].FrameOfReferenceUID)
    assert len(series.references.instances) == 10


@pytest.mark.parametrize(("modality", "unit"), [("CT", "HU"), ("PT", "Bq/ml"), ("MR", "")])
def test_unit_follows_the_modality(tmp_path, modality, unit):
    write_series(tmp_path, modality=modality)
    assert read_series(tmp_path, SETTINGS).unit == unit


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("GML", "g/ml"),
        ("CNTS", "counts"),
        ("PROPCPS", "proportional to counts/s"),
        ("PROPCNTS", "proportional to counts"),
    ],
)
def test_unit_of_pet_is_written_out(tmp_path, code, unit):
    write_series(tmp_path, modality="PT", edit=set_tag(EVERY, Units=code))
    assert read_series(tmp_path, SETTINGS).unit == unit


@pytest.mark.parametrize("change", ["deleted", "empty"])
def test_sop_class_of_the_file_counts_where_the_data_set_has_none(tmp_path, change):
    write_series(tmp_path)
    for path in tmp_path.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        if change == "deleted":
            del dataset.SOPClassUID
        else:
            dataset.SOPClassUID = ""
        dataset.save_as(path, enforce_file_format=False)
    assert read_series(tmp_path, SETTINGS).modality == "CT"


def test_mixed_acquisitions_name_attribute_values_and_files(tmp_path):
    write_series(tmp_path, edit=set_tag([5, 6], ConvolutionKernel="B70f"))
    with pytest.raises(errors.MixedAcquisitionError) as caught:
        read_series(tmp_path, SETTINGS)
    assert (caught.value.tag, caught.value.values) == ("ConvolutionKernel", ("B30f", "B70f"))
    assert caught.value.files == ("series_005.dcm", "series_006.dcm")


def set_tag(slices, **tags):
    def edit(k, header):
        if k in slices:
            for name, value in tags.items():
                setattr(header, name, value)

    return edit


def without(tag, k_without=3):
    def edit(k, header):
        if k == k_without:
            delattr(header, tag)

    return edit


EVERY = range(10)
REFUSED = {
    "missing slice": ({"drop": [4]}, errors.MissingSliceError),
    "non-uniform 2/4 mm": ({"edit": uneven}, errors.UnevenSpacingError),
    "mostly 2, some 4 mm": ({"edit": lambda k, header: uneven(k, header, 6)}, errors.UnevenSpacingError),
    "gantry tilt 15 degrees": ({"edit": tilted}, errors.GantryTiltError),
    "one slice aside": ({"edit": lambda k, header: move(header, (0.5 * (k == 3), 0, 0))}, errors.MixedGeometryError),
    "one slice with another PixelSpacing": (
        {"edit": set_tag([3], PixelSpacing=[0.8, 0.75])},
        errors.MixedGeometryError,
    ),
    "one slice turned": (
        {"edit": set_tag([3], ImageOrientationPatient=[0.9986295, 0.0523360, 0, -0.0523360, 0.9986295, 0])},
        errors.MixedGeometryError,
    ),
    "another frame of reference": ({"edit": set_tag([3], FrameOfReferenceUID="1.2.3")}, errors.MixedGeometryError),
    "mixed units": ({"modality": "PT", "edit": set_tag([3], Units="GML")}, errors.MixedGeometryError),
    "no ImagePositionPatient": ({"edit": without("ImagePositionPatient")}, errors.MissingTagError),
    "no PixelSpacing": ({"edit": without("PixelSpacing")}, errors.MissingTagError),
    "no SOPInstanceUID": ({"edit": set_tag([3], SOPInstanceUID="")}, errors.MissingTagError),
    "PET without Units": ({"modality": "PT", "edit": set_tag(EVERY, Units="")}, errors.MissingTagError),
    "PixelSpacing 0": ({"edit": set_tag(EVERY, PixelSpacing=[0, 0.7])}, errors.InvalidTagError),
    "axes not orthogonal": (
        {"edit": set_tag(EVERY, ImageOrientationPatient=[1, 0, 0, 0.1, 0.995, 0])},
        errors.InvalidTagError,
    ),
    "position of two numbers": ({"edit": set_tag([3], ImagePositionPatient=[1, 2])}, errors.InvalidTagError),
    "one slice": ({"drop": range(1, 10)}, errors.SingleSliceError),
    "localizer": (
        {"edit": set_tag(EVERY, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])},
        errors.NotAnImageSeriesError,
    ),
    "localizer mixed in": (
        {"edit": set_tag([0], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])},
        errors.NotAnImageSeriesError,
    ),
    "secondary capture": (
        {"edit": set_tag(EVERY, SOPClassUID=SecondaryCaptureImageStorage)},
        errors.NotAnImageSeriesError,
    ),
    "enhanced object that describes no frame": (
        {"edit": set_tag(EVERY, SOPClassUID=EnhancedCTImageStorage, NumberOfFrames=1), "drop": range(1, 10)},
        errors.MultiframeError,
    ),
    "segmentation only": (
        {"edit": set_tag(EVERY, SOPClassUID=SegmentationStorage), "drop": range(1, 10)},
        errors.NotAnImageSeriesError,
    ),
    "no rows and columns": ({"edit": set_tag(EVERY, Rows=0, Columns=0)}, errors.InvalidTagError),
    "a position beyond any scanner": (
        {"edit": set_tag([3], ImagePositionPatient=["1e30", 0, 0])},
        errors.InvalidTagError,
    ),
    "CT and MR": ({"edit": set_tag([9], SOPClassUID=synthetic.SOP_CLASSES["MR"])}, errors.MixedAcquisitionError),
    "two convolution kernels": ({"edit": set_tag([5, 6], ConvolutionKernel="B70f")}, errors.MixedAcquisitionError),
    "two tube voltages": ({"edit": set_tag([5, 6], KVP=80)}, errors.MixedAcquisitionError),
    "two CT intercepts": ({"edit": set_tag([9], RescaleIntercept=0)}, errors.MixedAcquisitionError),
    "two CT slopes": ({"edit": set_tag([9], RescaleSlope=2)}, errors.MixedAcquisitionError),
    "MR with a rescale in some slices": (
        {"modality": "MR", "edit": set_tag([3], RescaleSlope=2, RescaleIntercept=5)},
        errors.MixedAcquisitionError,
    ),
    "two photometric interpretations": (
        {"edit": set_tag([3], PhotometricInterpretation="MONOCHROME1")},
        errors.MixedAcquisitionError,
    ),
    "palette colours": (
        {"modality": "MR", "edit": set_tag(EVERY, PhotometricInterpretation="PALETTE COLOR")},
        errors.InvalidTagError,
    ),
    "values in the high bits": ({"edit": set_tag(EVERY, BitsStored=12, HighBit=15)}, errors.InvalidTagError),
    "values mapped by a table": (
        {"modality": "MR", "edit": set_tag(EVERY, ModalityLUTSequence=[Dataset()])},
        errors.InvalidTagError,
    ),
    "CT without rescale": ({"edit": without("RescaleIntercept")}, errors.MissingTagError),
    "PET without rescale": ({"modality": "PT", "edit": without("RescaleSlope")}, errors.MissingTagError),
    "same instance twice": ({"edit": set_tag([3, 4], SOPInstanceUID="1.2.3")}, errors.DuplicateSliceError),
}


@pytest.mark.parametrize("case", REFUSED)
def test_doubtful_series_are_refused_by_name(tmp_path, case):
    arguments, expected = REFUSED[case]
    write_series(tmp_path, **arguments)
    with pytest.raises(expected) as caught:
        read_series(tmp_path, SETTINGS)
    assert type(caught.value) is expected
    assert caught.value.hint
    assert synthetic.PATIENT_ID not in str(caught.value)
    assert "Mustermann" not in str(caught.value)


def test_a_copied_file_is_a_duplicate(tmp_path):
    write_series(tmp_path)
    shutil.copy(tmp_path / "series_003.dcm", tmp_path / "copy.dcm")
    with pytest.raises(errors.DuplicateSliceError) as caught:
        read_series(tmp_path, SETTINGS)
    assert set(caught.value.files) == {"copy.dcm", "series_003.dcm"}
    assert caught.value.same_instance


def test_another_slice_at_a_position_is_a_duplicate(tmp_path):
    uid = write_series(tmp_path)[0].SeriesInstanceUID
    write_series(
        tmp_path,
        edit=set_tag([3], SeriesInstanceUID=uid, SOPInstanceUID=generate_uid()),
        drop=[k for k in EVERY if k != 3],
        name="again",
    )
    with pytest.raises(errors.DuplicateSliceError) as caught:
        read_series(tmp_path, SETTINGS)
    assert set(caught.value.files) == {"again_003.dcm", "series_003.dcm"}
    assert not caught.value.same_instance


def test_two_time_points_are_several_volumes_and_told_apart(tmp_path):
    uid = write_series(tmp_path, edit=set_tag(EVERY, TemporalPositionIdentifier=1))[0].SeriesInstanceUID
    later = set_tag(EVERY, TemporalPositionIdentifier=2, SeriesInstanceUID=uid)
    write_series(tmp_path, edit=later, name="later")
    with pytest.raises(errors.SeveralVolumesError) as caught:
        read_series(tmp_path, SETTINGS)
    assert (caught.value.images, caught.value.positions) == (20, 10)
    assert caught.value.tags == ("TemporalPositionIdentifier",)


def test_two_series_in_a_folder_are_both_named(tmp_path):
    write_series(tmp_path)
    write_series(tmp_path / "below", modality="PT", name="other", edit=set_tag(EVERY, SeriesNumber=9))
    with pytest.raises(errors.SeveralSeriesError) as caught:
        read_series(tmp_path, SETTINGS)
    told = str(caught.value)
    assert "CT series 4 (10 image(s)" in told
    assert "PT series 9 (10 image(s)" in told


def test_missing_slices_are_counted_and_placed(tmp_path):
    write_series(tmp_path, stored_values((20, 8, 8)), place=grid((20, 8, 8)), drop=[4, 5, 11])
    with pytest.raises(errors.MissingSliceError) as caught:
        read_series(tmp_path, SETTINGS)
    assert caught.value.missing == 3
    assert [number for _, _, number in caught.value.gaps] == [2, 1]
    assert caught.value.gaps[0][:2] == pytest.approx((101.75 + 3 * 2.5, 101.75 + 6 * 2.5))


def test_missing_tag_names_file_and_tag(tmp_path):
    write_series(tmp_path, edit=without("ImagePositionPatient"))
    with pytest.raises(errors.MissingTagError) as caught:
        read_series(tmp_path, SETTINGS)
    assert (caught.value.path.name, caught.value.tag) == ("series_003.dcm", "ImagePositionPatient")


def test_segmentations_and_other_files_beside_the_series_are_passed_over(tmp_path):
    write_series(tmp_path)
    synthetic.write_rtstruct(tmp_path / "rs.dcm", {"GTV": [np.zeros((3, 3))]})
    (tmp_path / "notes.txt").write_text("not DICOM")
    (tmp_path / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    (tmp_path / ".hidden").touch()
    (tmp_path / "._series_003.dcm").write_bytes(b"AppleDouble" * 20)
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "part.dcm").touch()
    (tmp_path / "empty.json").touch()
    (tmp_path / "README").write_text("short")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "below").symlink_to(tmp_path / ".cache")
    (tmp_path / "thumbnails").write_bytes(bytes(range(200)))
    assert read_series(tmp_path, SETTINGS).grid.shape == synthetic.SHAPE


@pytest.mark.parametrize("place", [0, 9], ids=["first slice", "last slice"])
@pytest.mark.parametrize("what", ["empty", "100 bytes", "a link to nothing", "no DICOM"])
@pytest.mark.parametrize("name", ["series_{:03d}.dcm", "1.2.840.{}", "IM{:04d}"])
def test_files_that_may_have_been_slices_are_not_passed_over(tmp_path, name, what, place):
    write_series(tmp_path)
    path = (tmp_path / f"series_{place:03d}.dcm").rename(tmp_path / name.format(place))
    data = path.read_bytes()
    if what == "a link to nothing":
        path.unlink()
        path.symlink_to(tmp_path / "nowhere")
    elif what == "no DICOM":
        path = path.rename(tmp_path / "slice.IMA")
        path.write_bytes(b"<html>not found</html>" * 10)
    else:
        path.write_bytes(data[: 100 if what == "100 bytes" else 0])
    with pytest.raises(errors.UnreadableDicomError, match=path.name):
        read_series(tmp_path, SETTINGS)


def test_folder_without_dicom_and_no_folder(tmp_path):
    (tmp_path / "notes.txt").write_text("not DICOM")
    with pytest.raises(errors.NoDicomError) as caught:
        read_series(tmp_path, SETTINGS)
    assert caught.value.files == 1
    with pytest.raises(MissingFileError):
        read_series(tmp_path / "absent", SETTINGS)


def test_file_of_garbage_behind_the_prefix_is_unreadable(tmp_path):
    write_series(tmp_path)
    (tmp_path / "bad.dcm").write_bytes(b"\0" * 128 + b"DICM" + bytes(range(256)))
    with pytest.raises(errors.UnreadableDicomError, match=r"bad\.dcm"):
        read_series(tmp_path, SETTINGS)


def test_data_set_without_preamble_is_read(tmp_path):
    values = stored_values()
    write_series(tmp_path, values)
    for path in tmp_path.glob("*.dcm"):
        data = path.read_bytes()
        length = int.from_bytes(data[140:144], "little")  # FileMetaInformationGroupLength
        path.write_bytes(data[144 + length :])
    series = read_series(tmp_path, SETTINGS)
    assert np.array_equal(read_volume(series).values, values - 1024)


def test_tolerance_is_that_of_the_settings(tmp_path):
    write_series(tmp_path, edit=lambda k, header: move(header, (0, 0, 0.05 * (k == 3))))
    with pytest.raises(errors.UnevenSpacingError) as caught:
        read_series(tmp_path, Imaging(slice_tolerance_mm=0.04))
    assert caught.value.deviation_mm == pytest.approx(0.05, abs=1e-6)
    assert read_series(tmp_path, Imaging(slice_tolerance_mm=0.06)).grid.shape == synthetic.SHAPE


def test_reasons_are_stable_and_each_its_own():
    classes = [
        value
        for value in {**vars(errors), **vars(segmentation_errors)}.values()
        if isinstance(value, type) and issubclass(value, errors.ImagingError)
    ]
    reasons = [value.reason for value in classes]
    assert len(set(reasons)) == len(reasons)
    assert {"missing_slice", "duplicate_slice", "gantry_tilt", "several_series", "empty_mask"} <= set(reasons)


def test_headers_are_read_without_pixels(tmp_path):
    write_series(tmp_path)
    for path in tmp_path.glob("*.dcm"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) - 200])  # cut inside the pixel data
    assert read_series(tmp_path, SETTINGS).grid.shape == synthetic.SHAPE


def test_tilt_is_measured(tmp_path):
    write_series(tmp_path, edit=tilted)
    with pytest.raises(errors.GantryTiltError) as caught:
        read_series(tmp_path, SETTINGS)
    assert caught.value.angle_degrees == pytest.approx(15, abs=1e-3)


def test_slice_out_of_line_is_named(tmp_path):
    write_series(tmp_path, edit=lambda k, header: move(header, (0.5 * (k == 3), 0, 0)))
    with pytest.raises(errors.MixedGeometryError) as caught:
        read_series(tmp_path, SETTINGS)
    assert (caught.value.tag, caught.value.files) == ("ImagePositionPatient", ("series_003.dcm",))


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
@pytest.mark.parametrize("spare", [-1400, -1000, -700, -200, 0, 70_000])
def test_headers_may_be_longer_than_what_is_parsed_in_memory(tmp_path, syntax, spare):
    """An element of about the size of the head moves those that follow, or the pixels, across its end or behind it."""
    values = stored_values((3, 200, 200))

    def edit(k, header):
        header.private_block(0x0011, "MAKER", create=True).add_new(0x10, "OB", bytes(HEAD_BYTES + spare if k else 2))

    deflated = syntax == DeflatedExplicitVRLittleEndian
    write_series(tmp_path, values, edit=edit, syntax=ExplicitVRLittleEndian if deflated else syntax)
    for path in tmp_path.glob("*.dcm") if deflated else ():
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(path)
    assert np.array_equal(read_volume(read_series(tmp_path, SETTINGS)).values, values - 1024)
