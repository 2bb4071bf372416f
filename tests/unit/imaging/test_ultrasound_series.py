"""Ultrasound through the reader of series: pictures of one slice, volumes, and what is refused."""

import json

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame

from radiogenomics import tables
from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging.batch import convert_batch
from radiogenomics.imaging.dicom import References, quiet
from radiogenomics.imaging.errors import InvalidTagError, NotAnImageSeriesError, SeveralVolumesError, VolumeChoiceError
from radiogenomics.imaging.nifti import write_nifti
from radiogenomics.imaging.segmentation import read_mask, require_roi
from radiogenomics.imaging.segmentation_errors import FrameOfReferenceError, PlanarSegmentationError
from radiogenomics.imaging.series import read_series
from radiogenomics.imaging.ultrasound import US_IMAGE, US_MULTIFRAME, US_VOLUME
from radiogenomics.imaging.ultrasound_errors import CineError, MixedScaleError
from radiogenomics.imaging.volume import read_volume, write_volume
from tests.unit.imaging.synthetic import save
from tests.unit.imaging.test_seg import write_seg
from tests.unit.imaging.test_ultrasound import BOX, SHAPE, echo, outside, picture, position, region

SPLIT = Imaging(policies={"several_volumes": "split"})


def write_picture(folder, number=1, *, grey=None, frames=1, sop_class=US_IMAGE, colour=True, regions=None):
    """A picture on a screen with a coloured text outside of the tissue, as scanners write it."""
    values = echo() if grey is None else grey
    pixels = np.repeat(values[..., None], 3, axis=-1) if colour else values
    if colour:
        pixels[0, :5] = (0, 200, 255)
    header = picture(*(regions or (region(),)), photometric="RGB" if colour else "MONOCHROME2", sop_class=sop_class)
    header.Rows, header.Columns = values.shape
    header.SOPInstanceUID, header.SeriesInstanceUID = f"1.2.3.{number}", "1.2.3"
    header.Modality, header.InstanceNumber, header.ImageType = "US", number, ["ORIGINAL", "PRIMARY"]
    header.Manufacturer, header.DepthOfScanField = "Maker", 120
    header.SequenceOfUltrasoundRegions[0].TransducerFrequency = 7500
    header.SamplesPerPixel, header.BitsAllocated, header.HighBit, header.PixelRepresentation = 1, 8, 7, 0
    if colour:
        header.SamplesPerPixel, header.PlanarConfiguration = 3, 0
    if frames > 1:
        header.NumberOfFrames = frames
    header.PixelData = np.repeat(pixels[None], frames, axis=0).tobytes()
    header["PixelData"].VR = "OB"
    return save(header, folder / f"{number}.dcm")


@pytest.mark.parametrize("sop_class", [US_IMAGE, US_MULTIFRAME])
@pytest.mark.parametrize("colour", [True, False], ids=["colours", "grey"])
def test_a_picture_is_one_slice_in_millimetres(tmp_path, sop_class, colour):
    write_picture(tmp_path / "us", sop_class=sop_class, colour=colour)
    series = read_series(tmp_path / "us", Imaging())
    volume = read_volume(series)
    assert (series.modality, series.unit, series.acquisition.depth_mm) == ("US", "", 120)
    assert series.acquisition.transducer_mhz == pytest.approx(7.5)
    assert series.grid.shape == (1, *SHAPE)
    assert series.grid.spacing_mm == pytest.approx((1, 0.2, 0.1))
    assert volume.values.dtype == np.int16
    assert np.array_equal(volume.values[0], np.where(outside(BOX), 0, echo()))
    assert volume.padded_voxels == outside(BOX).sum()
    record = write_volume(volume, tmp_path / "us.nii.gz")
    assert record["modality"] == "US"
    written = sitk.ReadImage(str(tmp_path / "us.nii.gz"))
    assert written.GetSpacing() == pytest.approx((0.1, 0.2, 1))
    assert np.array_equal(sitk.GetArrayFromImage(written), volume.values)


def test_black_inside_the_region_is_a_measurement(tmp_path):
    write_picture(tmp_path, grey=np.zeros(SHAPE, np.uint8))
    volume = read_volume(read_series(tmp_path, Imaging()))
    inside = np.zeros((1, *SHAPE), dtype=bool)
    inside[0, BOX[0] : BOX[1], BOX[2] : BOX[3]] = True
    assert volume.padded_within(inside) == 0
    assert volume.padded_within(~inside) == (~inside).sum()


def test_a_film_is_refused_with_what_to_do(tmp_path):
    write_picture(tmp_path, frames=3, sop_class=US_MULTIFRAME)
    with pytest.raises(CineError, match="film of 3 frames") as error:
        read_series(tmp_path, Imaging())
    assert "export the frame" in error.value.hint


def test_one_of_several_pictures_is_named(tmp_path):
    for number in (10, 2):
        write_picture(tmp_path, number, grey=np.full(SHAPE, number, np.uint8), colour=False)
    write_picture(tmp_path, 30, frames=4, sop_class=US_MULTIFRAME)
    with pytest.raises(SeveralVolumesError, match="3 images at 0 position"):
        read_series(tmp_path, Imaging())
    with pytest.raises(VolumeChoiceError) as error:
        read_series(tmp_path, SPLIT)
    assert [shown.partition(" ")[0] for shown in error.value.present] == [f"InstanceNumber={n}" for n in (2, 10, 30)]
    for select, value in (("2", 10), ("InstanceNumber=2", 2)):
        series = read_series(tmp_path, SPLIT, select)
        assert read_volume(series).values.max() == value
        assert [repair.defect for repair in series.repairs] == ["several_volumes"]
    with pytest.raises(CineError):
        read_series(tmp_path, SPLIT, "3")


def test_what_is_wrong_with_a_picture_is_found_in_its_header(tmp_path):
    write_picture(tmp_path / "scale", regions=[region(), region(spacing_cm=(0.03, 0.01))])
    with pytest.raises(MixedScaleError):
        read_series(tmp_path / "scale", Imaging())
    write_picture(tmp_path / "beyond", regions=[region((5, 90, 10, 50))])
    with pytest.raises(InvalidTagError, match="RegionLocationMaxY1"):
        read_series(tmp_path / "beyond", Imaging())


def test_colours_are_no_slices_of_other_modalities(tmp_path):
    write_picture(tmp_path, sop_class="1.2.840.10008.5.1.4.1.1.2")
    with pytest.raises(NotAnImageSeriesError):
        read_series(tmp_path, Imaging())


LOSSY = Imaging(policies={"lossy_compression": "accept"})


def real_film():
    """A film of an ultrasound scanner, JPEG baseline, made smaller with the regions left as they were (pydicom)."""
    with quiet():
        return pydicom.dcmread(get_testdata_file("examples_ybr_color.dcm"))


def test_a_real_film_is_refused(tmp_path):
    real_film().save_as(tmp_path / "film.dcm")
    with pytest.raises(CineError, match="film of 30 frames"):
        read_series(tmp_path, LOSSY)


def test_a_real_frame_with_a_scale_that_fits_is_read(tmp_path):
    film = real_film()
    film.PixelData = encapsulate([get_frame(film.PixelData, 0, number_of_frames=30)])
    film.NumberOfFrames = 1
    film.SequenceOfUltrasoundRegions = [region((10, 220, 60, 260), (0.1, 0.1))]
    film.save_as(tmp_path / "frame.dcm")
    volume = read_volume(read_series(tmp_path, LOSSY))
    decoded = film.pixel_array  # as stored: luminance first
    inside = volume.values[0, 10:220, 60:260]
    assert volume.grid.spacing_mm == (1, 1, 1)
    assert np.abs(inside.astype(int) - decoded[10:220, 60:260, 0])[inside > 0].max() <= 2
    assert volume.values[0, :10].max() == 0


def write_us_volume(path, order):
    """An Enhanced US Volume whose frames hold their place in the stack."""
    header = picture(sop_class=US_VOLUME, NumberOfFrames=len(order), Modality="US")
    header.SOPInstanceUID, header.SeriesInstanceUID, header.InstanceNumber = "1.2.3", "1.2", 1
    header.FrameOfReferenceUID, header.VolumeFrameOfReferenceUID = "1.2.9", "1.2.8"
    header.SamplesPerPixel, header.BitsAllocated, header.HighBit, header.PixelRepresentation = 1, 8, 7, 0
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [0.3, 0.4]
    orientation.ImageOrientationVolume = [0.8, 0.6, 0.0, -0.6, 0.8, 0.0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationVolumeSequence = [measures], [orientation]
    header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence = [shared], []
    for k in order:
        group, place = Dataset(), Dataset()
        place.ImagePositionVolume = position(k)
        group.PlanePositionVolumeSequence = [place]
        header.PerFrameFunctionalGroupsSequence.append(group)
    header.PixelData = np.stack([np.full(SHAPE, 10 + k, np.uint8) for k in order]).tobytes()
    header["PixelData"].VR = "OB"
    return save(header, path)


def test_a_volume_is_sorted_by_its_positions(tmp_path):
    write_us_volume(tmp_path / "volume.dcm", [2, 0, 3, 1])
    series = read_series(tmp_path, Imaging())
    assert series.grid.spacing_mm == pytest.approx((0.5, 0.3, 0.4))
    volume = read_volume(series)
    assert volume.values[:, 0, 0].tolist() == [10, 11, 12, 13]
    assert volume.padded_voxels == 0


def convert(tmp_path, mask):
    """Failures and rows of a batch of one picture with a label map."""
    write_picture(tmp_path / "us")
    volume = read_volume(read_series(tmp_path / "us", Imaging()))
    write_nifti(mask.astype(np.uint8), volume.grid, tmp_path / "mask.nii.gz")
    row = {"image_id": "i", "patient_id": "p", "role": "us", "roi": "lesion", "select": ""}
    row |= {"series": str(tmp_path / "us"), "segmentation": str(tmp_path / "mask.nii.gz")}
    out = tmp_path / "results" / "imaging" / "b000"
    files = {"table": tmp_path / "images.parquet", "failures": tmp_path / "failures.tsv"}
    convert_batch(images=json.dumps([row]), fetched=None, settings="{}", directory=out, **files)
    return tables.FAILURES.read(files["failures"]), tables.IMAGES.read(files["table"]), out


def picture_for_highdicom(folder, number=1, grey=None):
    """A picture with the attributes of patient and study that a writer of segmentations asks for."""
    path = write_picture(folder, number, grey=grey, colour=False)
    with quiet():
        header = pydicom.dcmread(path)
    header.StudyInstanceUID = "1.2.9"
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"):
        setattr(header, keyword, "")
    header.AccessionNumber = header.StudyID = header.ReferringPhysicianName = ""
    return header


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_a_seg_of_the_picture_lies_on_its_pixels(tmp_path, kind):
    header = picture_for_highdicom(tmp_path / "us")
    series = read_series(tmp_path / "us", Imaging())
    pixels = (np.random.default_rng(3).random((1, *SHAPE)) > 0.7).astype(np.uint8)
    path = write_seg(tmp_path / "seg.dcm", [header], pixels, kind=kind, labels=("lesion",))
    require_roi(path, "lesion")
    assert np.array_equal(read_mask(path, "lesion", series.grid, series.references, Imaging()), pixels == 1)


def test_a_seg_of_another_picture_is_refused(tmp_path):
    other = picture_for_highdicom(tmp_path / "other", 2)
    small = picture_for_highdicom(tmp_path / "small", 1, grey=np.ones((38, 55), np.uint8))
    write_picture(tmp_path / "us", 1)
    series = read_series(tmp_path / "us", Imaging())
    for header, error in ((other, FrameOfReferenceError), (small, PlanarSegmentationError)):
        mask = np.ones((1, header.Rows, header.Columns), np.uint8)
        path = write_seg(tmp_path / "seg.dcm", [header], mask, labels=("lesion",))
        with pytest.raises(error):
            read_mask(path, "lesion", series.grid, series.references, Imaging())
    with pytest.raises(PlanarSegmentationError, match="not known to be the volume's"):
        read_mask(path, "lesion", series.grid, References(), Imaging())


def test_a_region_of_a_picture_goes_through_a_batch(tmp_path):
    mask = np.zeros((1, *SHAPE), dtype=bool)
    mask[0, 10:20, 20:40] = True
    failed, images, out = convert(tmp_path, mask)
    assert failed.empty
    row = images.iloc[0]
    assert (row["modality"], row["roi_one_slice"], row["roi_touches_border"]) == ("US", True, False)
    assert row["roi_volume_ml"] == pytest.approx(200 * 0.2 * 0.1 * 1 / 1000)
    assert (out / "i.png").stat().st_size > 0


def test_a_region_that_leaves_the_tissue_is_refused(tmp_path):
    mask = np.zeros((1, *SHAPE), dtype=bool)
    mask[0, 2:20, 20:40] = True
    failed, images, _ = convert(tmp_path, mask)
    assert failed["reason"].tolist() == ["padded_region"]
    assert images.empty
