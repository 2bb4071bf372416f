"""Ultrasound: pixel size from the regions of a picture, grey values from its colours, slices of a volume."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import convert_color_space

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging import frames
from radiogenomics.imaging.dicom import quiet
from radiogenomics.imaging.errors import InvalidTagError, MissingTagError, PixelDataError, UnevenSpacingError
from radiogenomics.imaging.stack import stack
from radiogenomics.imaging.ultrasound import (
    ULTRASOUND_TAGS,
    US_IMAGE,
    US_MULTIFRAME,
    US_VOLUME,
    Calibration,
    calibration,
    grey,
    volume_frame,
)
from radiogenomics.imaging.ultrasound_errors import CineError, ColouredPixelsError, MixedScaleError, NoTissueRegionError
from tests.unit.imaging.synthetic import save

HERE = Path("picture.dcm")
SHAPE = (40, 60)
BOX = (5, 35, 10, 50)
TILTED = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0)


def region(box=BOX, spacing_cm=(0.02, 0.01), kind=(1, 1), units=(3, 3)):
    """A region; ``box`` has its first row and column and those after its last."""
    item = Dataset()
    item.RegionSpatialFormat, item.RegionDataType = kind
    item.RegionLocationMinY0, item.RegionLocationMaxY1 = box[0], box[1] - 1
    item.RegionLocationMinX0, item.RegionLocationMaxX1 = box[2], box[3] - 1
    item.PhysicalUnitsYDirection, item.PhysicalUnitsXDirection = units
    item.PhysicalDeltaY, item.PhysicalDeltaX = spacing_cm
    return item


def picture(*regions, photometric="MONOCHROME2", sop_class=US_IMAGE, **values):
    header = Dataset()
    header.SOPClassUID, header.PhotometricInterpretation, header.BitsStored = sop_class, photometric, 8
    header.Rows, header.Columns = SHAPE
    if regions:
        header.SequenceOfUltrasoundRegions = list(regions)
    for keyword, value in values.items():
        setattr(header, keyword, value)
    return header


def echo():
    return np.random.default_rng(0).integers(0, 256, SHAPE).astype(np.uint8)


def outside(box):
    padding = np.ones(SHAPE, dtype=bool)
    padding[box[0] : box[1], box[2] : box[3]] = False
    return padding


def test_pixels_are_millimetres_inside_the_region():
    found = calibration(HERE, picture(region()))
    assert found == Calibration((pytest.approx(0.2), pytest.approx(0.1)), (BOX,))
    assert found.box == BOX
    assert np.array_equal(found.inside(SHAPE), ~outside(BOX))


def test_regions_count_before_pixel_spacing():
    assert calibration(HERE, picture(region(), PixelSpacing=[9, 9])).spacing_mm == pytest.approx((0.2, 0.1))
    assert calibration(HERE, picture(PixelSpacing=[0.3, 0.4])) == Calibration((0.3, 0.4), ((0, 40, 0, 60),))


def test_a_scale_that_counts_upwards_is_a_distance():
    assert calibration(HERE, picture(region(spacing_cm=(-0.02, 0.01)))).spacing_mm == pytest.approx((0.2, 0.1))


def test_a_split_screen_of_one_scale_and_a_curve_over_it():
    left, right, curve = (0, 40, 0, 25), (0, 40, 35, 60), (30, 40, 0, 60)
    header = picture(region(left), region(right, (0.0200001, 0.01)), region(curve, kind=(4, 10), units=(4, 0)))
    found = calibration(HERE, header)
    assert found.box == (0, 40, 0, 60)
    expected = (~outside(left) | ~outside(right)) & outside(curve)
    assert np.array_equal(found.inside(SHAPE), expected)


def test_a_split_screen_of_two_scales_is_refused():
    with pytest.raises(MixedScaleError, match=r"0\.2 × 0\.1, 0\.21 × 0\.1 mm") as error:
        calibration(HERE, picture(region(), region(spacing_cm=(0.021, 0.01))))
    assert len(error.value.spacings_mm) == 2


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (picture(), "SequenceOfUltrasoundRegions"),
        (picture(region(spacing_cm=(0.02, None))), "PhysicalDeltaX"),
        (picture(region(units=(None, 3))), "PhysicalUnitsYDirection"),
    ],
)
def test_a_picture_without_a_scale_is_refused(header, tag):
    with pytest.raises(MissingTagError) as error:
        calibration(HERE, header)
    assert error.value.tag == tag


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        (picture(region(units=(3, 4))), "PhysicalUnitsXDirection"),
        (picture(region(units=(0, 3))), "PhysicalUnitsYDirection"),
        (picture(region(spacing_cm=(0, 0.01))), "PhysicalDeltaY"),
        (picture(region((5, 42, 10, 50))), "RegionLocationMaxY1"),
        (picture(region((5, 35, 10, 120))), "RegionLocationMaxX1"),
        (picture(region((5, 35, 60, 61))), "RegionLocationMaxX1"),
        (picture(region((20, 10, 10, 50))), "RegionLocationMaxY1"),
        (picture(PixelSpacing=[0.1, 0]), "PixelSpacing"),
    ],
)
def test_an_impossible_scale_is_refused(header, tag):
    with pytest.raises(InvalidTagError) as error:
        calibration(HERE, header)
    assert error.value.tag == tag


def test_a_region_that_ends_at_the_size_of_the_picture():
    assert calibration(HERE, picture(region((5, 41, 10, 61)))).box == (5, 40, 10, 60)


@pytest.mark.parametrize("kind", [(2, 1), (3, 3), (1, 2)], ids=["M-mode", "spectral Doppler", "colour flow"])
def test_a_picture_without_tissue_is_refused(kind):
    with pytest.raises(NoTissueRegionError, match=f"{kind[0]}/{kind[1]}") as error:
        calibration(HERE, picture(region(kind=kind)))
    assert error.value.kinds == (kind,)


@pytest.mark.parametrize("sop_class", [US_IMAGE, US_MULTIFRAME])
def test_a_film_is_no_volume(sop_class):
    with pytest.raises(CineError, match="30 frames") as error:
        calibration(HERE, picture(region(), sop_class=sop_class, NumberOfFrames=30))
    assert error.value.frames == 30
    assert calibration(HERE, picture(region(), sop_class=sop_class, NumberOfFrames=1)).box == BOX


@pytest.mark.parametrize("name", ["examples_ybr_color.dcm", "examples_palette.dcm"])
def test_pictures_that_were_made_smaller_keep_regions_of_the_wrong_scale(name):
    """Files of pydicom: a film of 240 × 320 with a region up to column 595; a picture of 350 rows, up to row 518."""
    with quiet():
        header = pydicom.dcmread(get_testdata_file(name), specific_tags=list(ULTRASOUND_TAGS))
        header.NumberOfFrames = 1
    with pytest.raises(InvalidTagError) as error:
        calibration(HERE, header)
    assert error.value.tag == "RegionLocationMaxY1"


def test_grey_pictures_stay_as_they_are():
    stored = echo()
    values, padding = grey(HERE, picture(region()), stored)
    assert np.array_equal(values, stored)
    assert np.array_equal(padding, outside(BOX))


def test_grey_stored_as_rgb_with_the_rounding_of_jpeg():
    stored = np.repeat(np.clip(echo(), 2, 253)[..., None], 3, axis=-1)
    stored[..., 0] += 1
    stored[..., 2] -= 1
    stored[0, 0] = (255, 0, 0)  # a coloured text outside of tissue
    values, padding = grey(HERE, picture(region(), photometric="RGB"), stored)
    assert np.array_equal(values, stored[..., 1])
    assert values.dtype == np.uint8
    assert np.array_equal(padding, outside(BOX))


@pytest.mark.parametrize("photometric", ["YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("converted", [True, False], ids=["as RGB", "as stored"])
@pytest.mark.parametrize("level", [None, 0, 128, 255], ids=["echo", "black", "neutral", "white"])
def test_grey_stored_as_ybr_whether_decoders_convert_it_or_not(photometric, converted, level):
    expected = echo() if level is None else np.full(SHAPE, level, np.uint8)
    rgb = np.repeat(expected[..., None], 3, axis=-1)
    stored = rgb if converted else convert_color_space(rgb, "RGB", "YBR_FULL")
    values, padding = grey(HERE, picture(region(), photometric=photometric), stored)
    assert np.abs(values.astype(int) - expected).max() <= 1
    assert np.array_equal(padding, outside(BOX))


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422"])
@pytest.mark.parametrize("as_stored", [False, True])
def test_doppler_is_refused_with_its_share(photometric, as_stored):
    stored = np.repeat(echo()[..., None], 3, axis=-1)
    stored[10:20, 20:32] = (200, 40, 0)
    if photometric != "RGB" and as_stored:
        stored = convert_color_space(stored, "RGB", "YBR_FULL")
    with pytest.raises(ColouredPixelsError, match=r"10\.0%") as error:
        grey(HERE, picture(region(), photometric=photometric), stored)
    assert error.value.share == pytest.approx(120 / 1200)


def test_a_coloured_mark_holds_no_measurement():
    stored = np.repeat(echo()[..., None], 3, axis=-1)
    stored[10:12, 20:25] = (255, 255, 0)
    _, padding = grey(HERE, picture(region(), photometric="RGB"), stored)
    assert np.argwhere(padding & ~outside(BOX)).tolist() == [[r, c] for r in (10, 11) for c in range(20, 25)]


@pytest.mark.parametrize("photometric", ["PALETTE COLOR", "MONOCHROME1", "YBR_PARTIAL_422"])
def test_other_colours_are_refused(photometric):
    with pytest.raises(InvalidTagError, match="PhotometricInterpretation"):
        grey(HERE, picture(region(), photometric=photometric), echo())


@pytest.mark.parametrize(
    ("photometric", "shape"), [("RGB", SHAPE), ("MONOCHROME2", (*SHAPE, 3)), ("MONOCHROME2", (40, 61))]
)
def test_pixels_of_another_shape_are_refused(photometric, shape):
    with pytest.raises(PixelDataError, match="expected"):
        grey(HERE, picture(region(), photometric=photometric), np.zeros(shape, np.uint8))


def position(k, spacing_mm=0.5):
    normal = np.cross(TILTED[:3], TILTED[3:])
    return (np.array([-12.5, 3.0, 40.0]) + k * spacing_mm * normal).tolist()


def write_volume(path, order, positions=position, data_type="TISSUE_INTENSITY"):
    """An Enhanced US Volume with frames in some order."""
    header = picture(sop_class=US_VOLUME, NumberOfFrames=len(order), Modality="US", SOPInstanceUID="1.2.3")
    shared, measures, orientation = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.3, 0.4], 9
    orientation.ImageOrientationVolume = list(TILTED)
    shared.PixelMeasuresSequence, shared.PlaneOrientationVolumeSequence = [measures], [orientation]
    header.SharedFunctionalGroupsSequence, header.PerFrameFunctionalGroupsSequence = [shared], []
    for k in order:
        group, place, data = Dataset(), Dataset(), Dataset()
        place.ImagePositionVolume, data.DataType = positions(k), data_type
        group.PlanePositionVolumeSequence, group.ImageDataTypeSequence = [place], [data]
        header.PerFrameFunctionalGroupsSequence.append(group)
    save(header, path)


@pytest.fixture
def frames_of(tmp_path):
    """Frames of a volume that is written with some arguments, as slices."""

    def read(*arguments, **keywords):
        write_volume(tmp_path / "volume.dcm", *arguments, **keywords)
        return frames.read_images(tmp_path, ULTRASOUND_TAGS, "refuse")[0]

    return read


def test_frames_of_a_volume_are_sorted_slices(frames_of):
    order = [2, 0, 3, 1]
    found = stack(Path("folder"), frames_of(order), Imaging())
    assert [image.frame for image in found.images] == [1, 3, 0, 2]
    assert found.grid.shape == (4, *SHAPE)
    assert found.grid.spacing_mm == pytest.approx((0.5, 0.3, 0.4))
    assert found.grid.origin_mm == pytest.approx(position(0))
    assert np.ravel(found.grid.direction) == pytest.approx([0, 0, 1, -0.6, 0.8, 0, 0.8, 0.6, 0])


def test_uneven_frames_of_a_volume_are_refused(frames_of):
    with pytest.raises(UnevenSpacingError):
        stack(Path("folder"), frames_of(range(5), lambda k: position(k**1.5)), Imaging())


def test_a_volume_of_flow_is_refused(frames_of):
    with pytest.raises(InvalidTagError, match="FLOW_VELOCITY"):
        frames_of([0, 1], data_type="FLOW_VELOCITY")


@pytest.mark.parametrize("missing", ["ImagePositionVolume", "ImageOrientationVolume"])
def test_a_frame_without_its_place_is_refused(missing):
    header = picture(
        sop_class=US_VOLUME, ImagePositionVolume=[0, 0, 0], ImageOrientationVolume=list(TILTED), InstanceNumber=3
    )
    frame = volume_frame(HERE, header)
    assert (frame.InstanceNumber, "ImagePositionPatient" in header) == (3, False)
    del header[missing]
    with pytest.raises(MissingTagError, match=missing):
        volume_frame(HERE, header)
