"""Voxel values, padding, the sidecar, and that no patient is in any of it."""

import json

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from radiogenomics.config.imaging import Imaging
from radiogenomics.errors import MissingFileError
from radiogenomics.imaging import errors
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.geometry import Grid
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.volume import read_grid, read_volume, sidecar_path, voxel_hash, write_volume
from tests.unit.imaging import synthetic
from tests.unit.imaging.synthetic import grid, oblique, stored_values, write_series

TOLERANCE_MM = 0.01


def volume_of(folder, **arguments):
    write_series(folder, **arguments)
    return read_volume(read_series(folder, Imaging(pet_unit="stored")))


def set_all(**tags):
    def edit(k, header):
        for name, value in tags.items():
            setattr(header, name, value)

    return edit


def test_every_pet_slice_has_its_own_slope(tmp_path):
    slopes = 0.5 + 0.37 * np.arange(10)

    def edit(k, header):
        header.RescaleSlope = float(slopes[k])

    values = stored_values()
    volume = volume_of(tmp_path, values=values, modality="PT", edit=edit)
    assert volume.values.dtype == np.float32
    assert np.allclose(volume.values, values * slopes[:, None, None], rtol=1e-6)


def test_whole_numbers_become_int16_where_they_fit(tmp_path):
    high = stored_values().astype(np.uint16)
    high[0, 0, 0] = 40_000
    assert volume_of(tmp_path / "too high", values=high).values.dtype == np.float32
    high[0, 0, 0] = 32_767 + 1024
    volume = volume_of(tmp_path / "fits", values=high)
    assert volume.values.dtype == np.int16
    assert volume.values.max() == 32_767


def test_signed_values(tmp_path):
    values = stored_values(low=-1000, high=1000)
    assert np.array_equal(volume_of(tmp_path, values=values, edit=set_all(RescaleIntercept=0)).values, values)


@pytest.mark.parametrize(("modality", "expected"), [("CT", -1024), ("MR", 0), ("PT", 0)])
def test_padding_becomes_air_or_no_signal(tmp_path, modality, expected):
    values = stored_values()
    values[:, :3] = -2000
    volume = volume_of(tmp_path, values=values, modality=modality, edit=set_all(PixelPaddingValue=-2000))
    assert (volume.values[:, :3] == expected).all()
    assert volume.padded_voxels == 10 * 3 * 20
    assert volume.padded_within(values == -2000) == volume.padded_voxels
    assert volume.padded_within(values != -2000) == 0
    assert np.array_equal(volume.values[:, 3:], values[:, 3:] - (1024 if modality == "CT" else 0))


def test_padding_range_is_inclusive_and_may_run_downwards(tmp_path):
    values = stored_values(low=0)
    values[0, 0, :4] = [-2000, -1990, -1980, -1979]
    edit = set_all(PixelPaddingValue=-1980, PixelPaddingRangeLimit=-2000)
    volume = volume_of(tmp_path, values=values, edit=edit)
    assert volume.values[0, 0, :4].tolist() == [-1024, -1024, -1024, -1979 - 1024]
    assert volume.padded_voxels == 3


def test_padding_stated_in_the_wrong_signedness_is_understood(tmp_path):
    values = stored_values()
    values[:, 0] = -2000

    def edit(k, header):
        header.add_new("PixelPaddingValue", "US", 63536)

    volume = volume_of(tmp_path, values=values, edit=edit)
    assert (volume.values[:, 0] == -1024).all()


def test_signed_padding_of_unsigned_pixels_is_understood(tmp_path):
    values = stored_values().astype(np.uint16)
    values[:, 0] = 63_536

    def edit(k, header):
        header.add_new("PixelPaddingValue", "SS", -2000)

    volume = volume_of(tmp_path, values=values, edit=edit)
    assert (volume.values[:, 0] == -1024).all()
    assert volume.padded_voxels == 10 * 20


def as_floats(values, **tags):
    """Store the values as 32-bit floats, in thirds."""

    def edit(k, header):
        del header.PixelData, header.PixelRepresentation, header.BitsStored, header.HighBit
        header.BitsAllocated, header.FloatPixelData = 32, (values[k] / 3).astype("<f4").tobytes()
        set_all(**tags)(k, header)

    return edit


def test_float_pixels_have_their_own_padding(tmp_path):
    values = stored_values()
    values[:, 0] = -3000
    edit = as_floats(values, FloatPixelPaddingValue=-1000.0, PixelPaddingValue=0)
    volume = volume_of(tmp_path, values=values, modality="PT", edit=edit)
    assert (volume.values[:, 0] == 0).all()
    assert volume.padded_voxels == 10 * 20
    assert np.allclose(volume.values[:, 1:], values[:, 1:] / 3)


def test_padding_that_is_no_number_is_refused(tmp_path):
    with pytest.raises(errors.InvalidTagError, match="PixelPaddingValue"):
        volume_of(tmp_path, edit=set_all(PixelPaddingValue=[-2000, -1000]))


@pytest.mark.parametrize("tag", ["RescaleSlope", "RescaleIntercept"])
@pytest.mark.parametrize("modality", ["CT", "PT"])
def test_ct_and_pet_need_their_rescale(tmp_path, modality, tag):
    with pytest.raises(errors.MissingTagError, match=tag):
        volume_of(tmp_path, modality=modality, edit=lambda k, header: delattr(header, tag))


def test_mr_needs_no_rescale_but_uses_one(tmp_path):
    values = stored_values()
    assert np.array_equal(volume_of(tmp_path / "a", values=values, modality="MR").values, values)
    edit = set_all(RescaleSlope=2, RescaleIntercept=5)
    assert np.array_equal(volume_of(tmp_path / "b", values=values, modality="MR", edit=edit).values, values * 2 + 5)


def test_files_of_another_matrix_than_stated_are_refused(tmp_path):
    write_series(tmp_path)
    series = read_series(tmp_path, Imaging(pet_unit="stored"))
    write_series(tmp_path, stored_values((10, 8, 20)), name="series")  # replaced after the check
    with pytest.raises(errors.PixelDataError, match=r"expected \(16, 20\)"):
        read_volume(series)


def test_slope_of_zero_is_refused(tmp_path):
    with pytest.raises(errors.InvalidTagError, match="RescaleSlope"):
        volume_of(tmp_path, modality="PT", edit=set_all(RescaleSlope=0))


def test_truncated_pixels_name_the_file(tmp_path):
    write_series(tmp_path)
    path = tmp_path / "series_004.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(errors.PixelDataError, match=r"series_004\.dcm"):
        read_volume(read_series(tmp_path, Imaging(pet_unit="stored")))


def test_damaged_compressed_pixels_name_the_file(tmp_path):
    write_series(tmp_path, syntax=RLELossless)
    path = tmp_path / "series_004.dcm"
    data = bytearray(path.read_bytes())
    data[-200:-60] = bytes(140)
    path.write_bytes(bytes(data))
    with pytest.raises(errors.PixelDataError, match=r"series_004\.dcm"):
        read_volume(read_series(tmp_path, Imaging(pet_unit="stored")))


@pytest.mark.parametrize("direction", [synthetic.AXIAL, oblique()], ids=["axial", "oblique"])
def test_nifti_and_sidecar_hold_the_same_grid(tmp_path, direction):
    volume = volume_of(tmp_path / "dicom", place=grid(direction=direction))
    path = tmp_path / "p1.nii.gz"
    write_volume(volume, path)
    image = sitk.ReadImage(str(path))
    assert np.array_equal(sitk.GetArrayFromImage(image), volume.values)
    assert Grid.from_image(image).distance_mm(volume.grid) < 1e-3
    found, references = read_grid(path, TOLERANCE_MM)
    assert found == volume.grid
    assert references == volume.series.references


def test_without_a_sidecar_only_geometry_is_known(tmp_path):
    volume = volume_of(tmp_path / "dicom")
    write_volume(volume, tmp_path / "p1.nii.gz")
    sidecar_path(tmp_path / "p1.nii.gz").unlink()
    found, references = read_grid(tmp_path / "p1.nii.gz", TOLERANCE_MM)
    assert found.distance_mm(volume.grid) < 1e-3
    assert references == References()


def test_sidecar_of_another_volume_is_refused(tmp_path):
    write_volume(volume_of(tmp_path / "a"), tmp_path / "a.nii.gz")
    moved = grid(origin_mm=(-31.25, 12.5, 102.75))
    write_volume(volume_of(tmp_path / "b", place=moved), tmp_path / "b.nii.gz")
    (tmp_path / "b.json").replace(tmp_path / "a.json")
    with pytest.raises(errors.SidecarError, match=r"a\.json"):
        read_grid(tmp_path / "a.nii.gz", TOLERANCE_MM)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(errors.SidecarError, match="geometry_lps"):
        read_grid(tmp_path / "a.nii.gz", TOLERANCE_MM)


def test_volumes_that_are_none(tmp_path):
    with pytest.raises(MissingFileError):
        read_grid(tmp_path / "absent.nii.gz", TOLERANCE_MM)
    (tmp_path / "bad.nii").write_bytes(b"no image")
    with pytest.raises(errors.UnreadableVolumeError, match=r"bad\.nii"):
        read_grid(tmp_path / "bad.nii", TOLERANCE_MM)
    sitk.WriteImage(sitk.Image([4, 4], sitk.sitkUInt8), str(tmp_path / "flat.nii"))
    with pytest.raises(errors.UnreadableVolumeError, match="2 dimensions"):
        read_grid(tmp_path / "flat.nii", TOLERANCE_MM)


def test_same_series_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_volume(volume_of(tmp_path / "dicom"), tmp_path / name / "p1.nii.gz")
    for name in ("p1.nii.gz", "p1.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_hash_depends_on_values_and_geometry_only(tmp_path):
    values = stored_values()
    plain = voxel_hash(volume_of(tmp_path / "a", values=values))
    assert plain == voxel_hash(volume_of(tmp_path / "b", values=values, syntax=RLELossless, name="other"))
    moved = grid(origin_mm=(-31.25, 12.5, 101.7501))
    assert plain != voxel_hash(volume_of(tmp_path / "c", values=values, place=moved))
    values[5, 5, 5] += 1
    assert plain != voxel_hash(volume_of(tmp_path / "d", values=values))


def test_sidecar_and_volume_hold_no_patient_no_date_and_no_uid(tmp_path):
    headers = write_series(tmp_path / "dicom")
    path = tmp_path / "p1.nii.gz"
    write_volume(read_volume(read_series(tmp_path / "dicom", Imaging(pet_unit="stored"))), path)
    text = (tmp_path / "p1.json").read_text()
    secret = [synthetic.PATIENT_ID, synthetic.BIRTH_DATE, "Mustermann", "20240102", "ACC99", "1.2.840", "2.25"]
    secret += [headers[0].SeriesInstanceUID, headers[0].FrameOfReferenceUID, headers[0].SOPInstanceUID]
    assert not [word for word in secret if str(word) in text]
    image = sitk.ReadImage(str(path))
    stored = "".join(image.GetMetaData(key) for key in image.GetMetaDataKeys())
    assert not [word for word in secret[:5] if word in stored]
    record = json.loads(text)
    assert record["padded_voxels"] == 0
    assert len(record["instances"]) == 10


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("signed", [0, 1])
def test_plain_pixels_are_those_of_the_decoder(tmp_path, syntax, bits, signed):
    """Bits above BitsStored, where old scanners kept overlays, mean nothing."""
    values = np.random.default_rng(3).integers(-32_768, 32_767, synthetic.SHAPE).astype(np.int16)
    edit = set_all(BitsStored=bits, HighBit=bits - 1, PixelRepresentation=signed, RescaleIntercept=0)
    write_series(tmp_path, values, edit=edit)
    if syntax == ImplicitVRLittleEndian:
        for path in tmp_path.glob("*.dcm"):
            dataset = pydicom.dcmread(path)
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.save_as(path, implicit_vr=True, little_endian=True)
    series = read_series(tmp_path, Imaging())
    assert all(part.plain is not None for part in series.slices)
    decoded = np.stack([pydicom.dcmread(part.path).pixel_array for part in series.slices])
    assert np.array_equal(read_volume(series).values, decoded)
