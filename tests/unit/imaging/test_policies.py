"""Every kind of defective series: refused by default, repaired as its policy says, to 1e-4 mm and the exact voxel."""

import json
import shutil

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import ExplicitVRBigEndian, JPEG2000Lossless, RLELossless, SecondaryCaptureImageStorage, generate_uid

from radiogenomics.config.imaging import Imaging, Policies
from radiogenomics.imaging import errors
from radiogenomics.imaging.dicom import read_header
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.lossy import is_irreversible
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.volume import read_volume, sidecar_path, write_volume
from tests.shared_data import shared_data
from tests.unit.imaging.synthetic import grid, oblique, stored_values, write_series
from tests.unit.imaging.test_series import EVERY, jittered, move, reversed_number, set_tag, tilted, uneven

LOCALIZER = ["ORIGINAL", "PRIMARY", "LOCALIZER"]


def settings(**policies):
    return Imaging(pet_unit="stored", policies=Policies(**policies))


def volume_of(folder, volume="", **policies):
    return read_volume(read_series(folder, settings(**policies), volume))


def two_time_points(folder, values):
    uid = write_series(folder, values, edit=set_tag(EVERY, TemporalPositionIdentifier=1))[0].SeriesInstanceUID
    later = set_tag(EVERY, TemporalPositionIdentifier=2, SeriesInstanceUID=uid)
    write_series(folder, values + 7, edit=later, name="later")


def same_slice_again(folder, values, change=0):
    uid = write_series(folder, values)[0].SeriesInstanceUID
    edit = set_tag([3], SeriesInstanceUID=uid, SOPInstanceUID=generate_uid())
    write_series(folder, values + change, edit=edit, drop=[k for k in EVERY if k != 3], name="again")


def padded(folder, values):
    values[:, :3] = -2000
    write_series(folder, values, edit=set_tag(EVERY, PixelPaddingValue=-2000))


def no_positions(k, header):
    del header.ImagePositionPatient


def slope_of(k):
    return 0.5 + 0.25 * k


# The defects that the reader of SimpleITK, dcm2niix or highdicom meets: how the series is written, the reason of the
# refusal, the policy (None: there is none), the voxels expected where it repairs (None: tested on their own).
SHORT = [k for k in EVERY if k != 9]
CASES = {
    "missing slice": (lambda f, v: write_series(f, v, drop=[4]), "missing_slice", "resample"),
    "duplicate position": (same_slice_again, "duplicate_slice", "drop"),
    "localizer mixed in": (
        lambda f, v: write_series(f, v, edit=set_tag([9], ImageType=LOCALIZER)),
        "not_an_image_series",
        "drop",
    ),
    "non-uniform 2/4 mm": (lambda f, v: write_series(f, v, edit=uneven), "uneven_spacing", "resample"),
    "gantry tilt 15 degrees": (lambda f, v: write_series(f, v, edit=tilted), "gantry_tilt", "correct"),
    "two time points in one series": (two_time_points, "several_volumes", "split"),
    "one slice with another PixelSpacing": (
        lambda f, v: write_series(f, v, edit=set_tag([9], PixelSpacing=[0.8, 0.75])),
        "mixed_geometry",
        "drop",
    ),
    "no ImagePositionPatient": (lambda f, v: write_series(f, v, edit=no_positions), "missing_tag", None),
}
SOUND = {
    "plain": {},
    "oblique": {"place": grid(direction=oblique())},
    "reversed InstanceNumber": {"edit": reversed_number},
    "4 µm jitter": {"edit": jittered},
    "RLE": {"syntax": RLELossless},
    "JPEG 2000": {"syntax": JPEG2000Lossless, "place": grid((10, 40, 48))},
    "big endian": {"syntax": ExplicitVRBigEndian},
}


@pytest.mark.parametrize("case", CASES)
def test_by_default_it_is_refused_by_name(tmp_path, case):
    write, reason, policy = CASES[case]
    write(tmp_path, stored_values())
    with pytest.raises(errors.SeriesError) as caught:
        read_series(tmp_path, settings())
    assert caught.value.reason == reason
    if policy:
        assert f"imaging.policies.{reason}: {policy}" in caught.value.hint


@pytest.mark.parametrize("case", [case for case, (_, _, policy) in CASES.items() if policy])
def test_what_was_done_is_kept(tmp_path, case):
    write, reason, policy = CASES[case]
    write(tmp_path / "series", stored_values())
    volume = volume_of(tmp_path / "series", "1" if policy == "split" else "", **{reason: policy})
    assert [(repair.defect, repair.action) for repair in volume.series.repairs] == [(reason, policy)]
    write_volume(volume, tmp_path / "v.nii.gz")
    told = json.loads(sidecar_path(tmp_path / "v.nii.gz").read_text())["repairs"]
    assert len(told) == 1
    assert told[0].startswith(f"{reason}: {policy} (")


@pytest.mark.parametrize("case", SOUND)
def test_sound_series_need_no_repair(tmp_path, case):
    arguments = SOUND[case]
    place = arguments.get("place", grid())
    values = stored_values(place.shape)
    write_series(tmp_path, values, **arguments)
    volume = volume_of(tmp_path)
    tolerance_mm = 0.005 if case == "4 µm jitter" else 1e-4
    assert np.abs(volume.grid.corners() - place.corners()).max() < tolerance_mm
    assert np.array_equal(volume.values, values - 1024)
    assert volume.series.repairs == ()


def test_slopes_of_every_pet_slice_count(tmp_path):
    values = stored_values()
    write_series(tmp_path, values, modality="PT", edit=lambda k, header: setattr(header, "RescaleSlope", slope_of(k)))
    expected = values * np.array([slope_of(k) for k in EVERY])[:, None, None]
    assert np.array_equal(volume_of(tmp_path).values, expected.astype(np.float32))


def test_padding_never_becomes_a_value_of_tissue(tmp_path):
    padded(tmp_path, values := stored_values())
    volume = volume_of(tmp_path)
    assert (volume.values[:, :3] == -1024).all()
    assert np.array_equal(volume.values[:, 3:], values[:, 3:] - 1024)


def test_missing_slice_is_the_mean_of_its_neighbours(tmp_path):
    values = stored_values()
    write_series(tmp_path, values, drop=[4])
    volume = volume_of(tmp_path, missing_slice="resample")
    assert np.abs(volume.grid.corners() - grid().corners()).max() < 1e-4
    kept = [k for k in EVERY if k != 4]
    assert np.array_equal(volume.values[kept], values[kept] - 1024)
    assert np.array_equal(volume.values[4], (values[3].astype(float) + values[5]) / 2 - 1024)


def test_copies_are_dropped_only_where_their_pixels_are_equal(tmp_path):
    values = stored_values()
    same_slice_again(tmp_path / "equal", values)
    assert np.array_equal(volume_of(tmp_path / "equal", duplicate_slice="drop").values, values - 1024)
    same_slice_again(tmp_path / "other", values, change=1)
    with pytest.raises(errors.DuplicateSliceError):
        read_series(tmp_path / "other", settings(duplicate_slice="drop"))


def test_a_copied_file_is_dropped(tmp_path):
    values = stored_values()
    write_series(tmp_path, values)
    shutil.copy(tmp_path / "series_003.dcm", tmp_path / "copy.dcm")
    assert np.array_equal(volume_of(tmp_path, duplicate_slice="drop").values, values - 1024)


@pytest.mark.parametrize(
    "tags",
    [{"ImageType": LOCALIZER}, {"SOPClassUID": SecondaryCaptureImageStorage}, {"PixelSpacing": [0.8, 0.75]}],
    ids=["localizer", "capture", "spacing"],
)
def test_odd_images_are_left_out(tmp_path, tags):
    values = stored_values()
    write_series(tmp_path, values, edit=set_tag([9], **tags))
    volume = volume_of(tmp_path, not_an_image_series="drop", mixed_geometry="drop")
    assert np.array_equal(volume.values, values[:9] - 1024)
    assert np.abs(volume.grid.corners() - grid((9, 16, 20)).corners()).max() < 1e-4


def test_without_a_majority_nothing_is_dropped(tmp_path):
    write_series(tmp_path, edit=set_tag(range(5), PixelSpacing=[0.8, 0.75]))
    with pytest.raises(errors.MixedGeometryError):
        read_series(tmp_path, settings(mixed_geometry="drop"))


def test_uneven_slices_are_interpolated_linearly(tmp_path):
    """A ramp along the normal is reproduced exactly; slices of the series that lie on a plane are kept as they are."""
    place = grid((9, 6, 6), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    heights = np.array([0, 2, 4, 6, 8, 10, 14, 18, 22])
    values = np.broadcast_to((100 + 10 * heights)[:, None, None], (9, 6, 6)).astype(np.int16)
    write_series(tmp_path, values, place=place, edit=lambda k, header: move(header, (0, 0, heights[k] - k)))
    volume = volume_of(tmp_path, uneven_spacing="resample")
    assert volume.grid.shape == (12, 6, 6)
    assert volume.grid.spacing_mm[0] == pytest.approx(2)
    assert np.array_equal(volume.values[:, 2, 2], 100 + 20 * np.arange(12) - 1024)
    assert volume.padded_voxels == 0


def slanted(k, header):
    """Tilted along both axes of the image."""
    move(header, (0.4 * k, np.tan(np.radians(15)) * 2.5 * k, 0))


@pytest.mark.parametrize("direction", [grid().direction, oblique()], ids=["axial", "oblique"])
def test_tilt_is_corrected_within_planes(tmp_path, direction):
    """Linear interpolation reproduces a field that is linear in LPS mm: each voxel has the value of its place."""
    place = grid((10, 24, 28), direction=direction)
    step = np.array(direction[2]) * 0.4 + np.array(direction[1]) * np.tan(np.radians(15)) * 2.5
    index = np.moveaxis(np.indices(place.shape), 0, -1)
    there = place.to_lps(index) + step * np.arange(10)[:, None, None, None]
    field = np.array([3.0, -2.0, 5.0])
    stored = np.rint(1000 + there @ field * 8).astype(np.int16)
    write_series(tmp_path, stored, place=place, edit=lambda k, header: move(header, step * k))
    with pytest.raises(errors.GantryTiltError):
        read_series(tmp_path, settings())
    volume = volume_of(tmp_path, gantry_tilt="correct")
    found = volume.grid
    assert np.array(found.direction) == pytest.approx(np.array(direction), abs=1e-6)
    assert found.spacing_mm == pytest.approx(place.spacing_mm)
    every = np.moveaxis(np.indices(found.shape), 0, -1)
    expected = 1000 + found.to_lps(every) @ field * 8 - 1024
    empty = np.array([np.unpackbits(p, count=found.shape[1] * found.shape[2]) for p in volume.padding]).astype(bool)
    inside = ~empty.reshape(found.shape)
    assert np.abs(volume.values - expected)[inside].max() <= 0.5 + 1e-3  # the stored values are rounded
    assert (volume.values[~inside] == -1024).all()
    # All that lies between pixel centres of a slice is kept.
    assert inside.sum() >= 10 * (place.shape[1] - 1) * (place.shape[2] - 1)
    k, j, i = 7, 12, 13
    nearest = np.round(found.to_index(there[k, j, i])).astype(int)
    assert inside[tuple(nearest)]


def test_tilt_by_whole_pixels_moves_pixels_exactly(tmp_path):
    values = stored_values()
    write_series(tmp_path, values, edit=lambda k, header: move(header, (0.7 * k, -2 * 0.8 * k, 0)))
    volume = volume_of(tmp_path, gantry_tilt="correct")
    assert volume.grid.shape == (10, 16 + 18, 20 + 9)
    assert volume.grid.origin_mm == pytest.approx((-31.25, 12.5 - 18 * 0.8, 101.75), abs=1e-4)
    for k in EVERY:
        row, column = 18 - 2 * k, k
        assert np.array_equal(volume.values[k, row : row + 16, column : column + 20], values[k] - 1024)
    assert volume.values.dtype == np.int16
    assert volume.padded_voxels == 10 * (34 * 29 - 16 * 20)


def test_tilt_and_missing_slice_together(tmp_path):
    write_series(tmp_path, edit=tilted, drop=[4])
    volume = volume_of(tmp_path, gantry_tilt="correct", missing_slice="resample")
    assert [repair.defect for repair in volume.series.repairs] == ["missing_slice", "gantry_tilt"]
    assert volume.grid.shape[0] == 10


def test_a_stack_of_two_ends_is_not_made_up(tmp_path):
    place = grid((6, 8, 8))
    write_series(
        tmp_path, stored_values((6, 8, 8)), place=place, edit=lambda k, header: move(header, (0, 0, 500 * (k == 5)))
    )
    with pytest.raises(errors.SeriesError) as caught:
        read_series(tmp_path, settings(missing_slice="resample", uneven_spacing="resample"))
    assert caught.value.reason in ("missing_slice", "uneven_spacing")


@pytest.mark.parametrize(("volume", "change"), [("1", 0), ("2", 7), ("TemporalPositionIdentifier=2", 7)])
def test_one_of_two_time_points_is_taken(tmp_path, volume, change):
    two_time_points(tmp_path, values := stored_values())
    found = volume_of(tmp_path, volume, several_volumes="split")
    assert np.array_equal(found.values, values + change - 1024)


@pytest.mark.parametrize("volume", ["", "0", "3", "EchoTime=7", "PatientID=1", "EchoTime", "first", "²"])
def test_a_volume_that_is_not_there_is_refused_with_those_that_are(tmp_path, volume):
    two_time_points(tmp_path, stored_values())
    with pytest.raises(errors.VolumeChoiceError) as caught:
        read_series(tmp_path, settings(several_volumes="split"), volume)
    assert caught.value.present


def test_volumes_are_told_apart_by_two_attributes_where_one_does_not_do(tmp_path):
    values, uid = stored_values(), generate_uid()
    for n, (echo, b_value) in enumerate([(2, 0), (1, 0), (1, 800), (2, 800)]):
        edit = set_tag(EVERY, EchoNumbers=echo, AcquisitionNumber=b_value, SeriesInstanceUID=uid)
        write_series(tmp_path, values + n, modality="MR", edit=edit, name=f"v{n}")
    wanted = "EchoNumbers=2;AcquisitionNumber=800"
    assert np.array_equal(volume_of(tmp_path, wanted, several_volumes="split").values, values + 3)
    assert [
        int(volume_of(tmp_path, str(n), several_volumes="split").values.min()) - int(values.min()) for n in range(1, 5)
    ] == [1, 2, 0, 3]


def test_one_of_two_series_is_taken(tmp_path):
    values = stored_values()
    write_series(tmp_path, values)
    write_series(tmp_path / "below", values + 1, name="other", edit=set_tag(EVERY, SeriesNumber=9))
    found = volume_of(tmp_path, "SeriesNumber=9", several_series="split")
    assert np.array_equal(found.values, values + 1 - 1024)
    with pytest.raises(errors.SeveralSeriesError):
        read_series(tmp_path, settings(several_series="split"))
    with pytest.raises(errors.SeveralSeriesError):
        read_series(tmp_path, settings(), "SeriesNumber=9")


def jpeg_2000(folder, *, wavelet=None, boxes=b""):
    """A series in JPEG 2000 (.91) whose headers say nothing of loss; ``wavelet`` is written into each codestream."""
    place = grid((3, 64, 64))
    write_series(folder, stored_values(place.shape), place=place, syntax="1.2.840.10008.1.2.4.90")
    for path in folder.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        codestream = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))
        if wavelet is not None:
            codestream[codestream.index(b"\xff\x52") + 13] = wavelet
        dataset.PixelData = encapsulate([boxes + bytes(codestream)])
        dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.91"
        dataset.save_as(path)


@pytest.mark.parametrize("boxes", [b"", b"\x00\x00\x00\x0cjP  \r\n\x87\n"])
def test_the_wavelet_of_jpeg_2000_tells_whether_it_is_lossy(tmp_path, boxes):
    jpeg_2000(tmp_path / "reversible", boxes=boxes)
    assert read_series(tmp_path / "reversible", settings()).repairs == ()
    jpeg_2000(tmp_path / "irreversible", wavelet=0, boxes=boxes)
    with pytest.raises(errors.LossyCompressionError, match="JPEG 2000"):
        read_series(tmp_path / "irreversible", settings())


def test_a_codestream_that_does_not_state_its_coding_is_refused(tmp_path):
    jpeg_2000(tmp_path)
    for path in tmp_path.glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PixelData = encapsulate([b"\xff\x4f\xff\x51\x00\x04\x00\x00\xff\x90" + bytes(20)])
        dataset.save_as(path)
    with pytest.raises(errors.PixelDataError, match="does not state its coding"):
        read_series(tmp_path, settings())


@pytest.mark.parametrize(
    ("name", "irreversible"),
    [("JPEG2000.dcm", True), ("693_J2KI.dcm", False), ("MR_small_jp2klossless.dcm", False)],
)
def test_wavelets_of_real_files(name, irreversible):
    """``693_J2KI.dcm`` is reversible and cut off at a rate, as its header states."""
    path = shared_data("dicom", "pydicom_test_files", name)
    assert is_irreversible(path, read_header(path, ("Rows",))[1]) == irreversible


@pytest.mark.parametrize("how", ["tag", "syntax"])
def test_lossy_pixels_are_refused_or_accepted(tmp_path, how):
    write_series(tmp_path, edit=set_tag(EVERY, LossyImageCompression="01") if how == "tag" else None)
    if how == "syntax":
        for path in tmp_path.glob("*.dcm"):
            dataset = pydicom.dcmread(path)
            dataset.compress("1.2.840.10008.1.2.4.81", jls_error=1, generate_instance_uid=False)
            if "LossyImageCompression" in dataset:
                del dataset.LossyImageCompression
            dataset.save_as(path)
    with pytest.raises(errors.LossyCompressionError):
        read_series(tmp_path, settings())
    volume = volume_of(tmp_path, lossy_compression="accept")
    assert [repair.action for repair in volume.series.repairs] == ["accept"]


def test_damaged_files_are_left_out_and_missed_as_slices(tmp_path):
    values = stored_values()
    write_series(tmp_path, values)
    for k, size in ((4, 300), (0, 5), (9, 200)):
        path = tmp_path / f"series_{k:03d}.dcm"
        path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(errors.MissingSliceError):
        read_series(tmp_path, settings(unreadable_dicom="drop"))
    volume = volume_of(tmp_path, unreadable_dicom="drop", missing_slice="resample")
    assert volume.grid.shape[0] == 8
    assert np.array_equal(volume.values[0], values[1] - 1024)


def test_a_file_that_is_shorter_than_its_pixels_is_found_in_the_header_pass(tmp_path):
    place = grid((4, 64, 64))
    write_series(tmp_path, stored_values(place.shape), place=place)
    path = tmp_path / "series_002.dcm"
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(errors.PixelDataError, match="cut off"):
        read_series(tmp_path, settings())


def test_an_image_of_impossible_size_is_not_allocated(tmp_path):
    write_series(tmp_path, edit=set_tag([3], Rows=65_000, Columns=65_000))
    with pytest.raises(errors.InvalidTagError, match="Rows"):
        read_series(tmp_path, settings())


def test_repairs_leave_the_grid_of_a_sound_series(tmp_path):
    write_series(tmp_path)
    every = {name: field.annotation.__args__[-1] for name, field in Policies.model_fields.items()}
    series = read_series(tmp_path, settings(**every))
    assert series.grid == read_series(tmp_path, settings()).grid
    assert isinstance(series.grid, Grid)
    assert series.repairs == ()
    assert series.resampling is None
