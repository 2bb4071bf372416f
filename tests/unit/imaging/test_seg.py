"""DICOM SEG as an independent writer (highdicom) stores it."""

import warnings

import highdicom as hd
import numpy as np
import pydicom
import pytest
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging import errors, segmentation_errors
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.segmentation import read_mask, require_roi, seg
from radiogenomics.imaging.series import read_series
from tests.unit.imaging.synthetic import SHAPE, grid, oblique, stored_values, write_series

SETTINGS = Imaging()


def blobs(shape=SHAPE, seed=2):
    """Two overlapping regions that leave slices empty."""
    random = np.random.default_rng(seed).random((*shape, 2)) > 0.6
    random[:2], random[-3:] = False, False
    random[4, ..., 0] = False
    return random


def write_seg(
    path, sources, pixels, kind="BINARY", syntax=ExplicitVRLittleEndian, labels=("tumour", "edema"), **options
):
    descriptions = [
        hd.seg.SegmentDescription(
            segment_number=n,
            segment_label=label,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type="MANUAL",
        )
        for n, label in enumerate(labels, start=1)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        segmentation = hd.seg.Segmentation(
            source_images=sources,
            pixel_array=pixels,
            segmentation_type=kind,
            segment_descriptions=descriptions,
            series_instance_uid=hd.UID(),
            series_number=9,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="Maker",
            manufacturer_model_name="Model",
            software_versions="1",
            device_serial_number="1",
            transfer_syntax_uid=syntax,
            max_fractional_value=200,
            **options,
        )
        segmentation.save_as(path)
    return path


@pytest.fixture
def series(tmp_path):
    """An oblique series with an odd number of pixels, so that bits of frames share bytes."""
    place = grid((10, 15, 19), direction=oblique())
    sources = write_series(tmp_path / "series", stored_values(place.shape), place=place)
    return sources, read_series(tmp_path / "series", SETTINGS)


def read(path, roi, series, references=None, settings=SETTINGS):
    return read_mask(path, roi, series.grid, references or series.references, settings)


def test_binary_segments_overlap_and_leave_slices_out(tmp_path, series):
    sources, image = series
    pixels = blobs(image.grid.shape)
    path = write_seg(tmp_path / "seg.dcm", sources, pixels)
    for n, label in enumerate(("tumour", "edema")):
        assert np.array_equal(read(path, label, image), pixels[..., n])


@pytest.mark.parametrize("kind", ["PROBABILITY", "OCCUPANCY"])
@pytest.mark.parametrize("fraction", [0.05, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless], ids=["plain", "RLE"])
def test_fractional_segments_hold_a_voxel_from_the_fraction_on(tmp_path, series, kind, fraction, syntax):
    sources, image = series
    share = np.random.default_rng(5).random(image.grid.shape).astype(np.float32)
    share[3, 3, 3:6], share[:2] = 1, 0
    path = write_seg(
        tmp_path / "seg.dcm",
        *(sources, share, "FRACTIONAL", syntax),
        labels=["tumour"],
        fractional_type=kind,
    )
    expected = np.round(share * 200) >= 200 * fraction
    assert np.array_equal(read(path, "tumour", image, settings=Imaging(fraction=fraction)), expected)
    if fraction == 0.5:
        assert np.array_equal(read(path, "tumour", image), expected)  # the default


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless], ids=["plain", "RLE"])
def test_label_map_segments(tmp_path, series, syntax):
    sources, image = series
    labels = np.random.default_rng(5).integers(0, 3, image.grid.shape).astype(np.uint8)
    path = write_seg(tmp_path / "seg.dcm", sources, labels, kind="LABELMAP", syntax=syntax)
    assert np.array_equal(read(path, "edema", image), labels == 2)


def test_label_maps_of_16_bits_and_in_colours(tmp_path, series):
    """Stored values count, not the colours that they are shown in."""
    sources, image = series
    labels = np.random.default_rng(5).integers(0, 3, image.grid.shape).astype(np.uint16)
    path = write_seg(tmp_path / "seg.dcm", sources, labels, kind="LABELMAP")

    def recolour(dataset):
        numbers = np.array([0, 300, 41_000], dtype="<u2")
        dataset.PixelData = numbers[dataset.pixel_array].tobytes()
        dataset["PixelData"].VR = "OW"
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.PhotometricInterpretation = 15, "PALETTE COLOR"
        for item in dataset.SegmentSequence:
            item.SegmentNumber = int(numbers[item.SegmentNumber])
        for colour in ("Red", "Green", "Blue"):
            dataset.add_new(f"{colour}PaletteColorLookupTableDescriptor", "US", [256, 0, 16])
            dataset.add_new(f"{colour}PaletteColorLookupTableData", "OW", bytes(512))

    edited(path, recolour)
    assert np.array_equal(read(path, "tumour", image), labels == 1)
    assert np.array_equal(read(path, "edema", image), labels == 2)


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_segments_may_be_numbered_with_gaps(tmp_path, series, kind):
    sources, image = series
    pixels = blobs(image.grid.shape)
    path = write_seg(tmp_path / "seg.dcm", sources, pixels if kind == "BINARY" else pixels.astype(float), kind=kind)

    def renumber(dataset):
        dataset.SegmentSequence[1].SegmentNumber = 7
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            group = frame.SegmentIdentificationSequence[0]
            group.ReferencedSegmentNumber = {1: 1, 2: 7}[group.ReferencedSegmentNumber]

    edited(path, renumber)
    for n, label in enumerate(("tumour", "edema")):
        assert np.array_equal(read(path, label, image), pixels[..., n])


@pytest.mark.parametrize("columns", range(17, 25))
def test_frames_that_start_within_a_byte_are_unpacked(tmp_path, columns):
    place = grid((9, 15, columns))
    sources = write_series(tmp_path / "series", stored_values(place.shape), place=place)
    image = read_series(tmp_path / "series", SETTINGS)
    pixels = blobs(place.shape)
    path = write_seg(tmp_path / "seg.dcm", sources, pixels)
    for n, label in enumerate(("tumour", "edema")):
        assert np.array_equal(read(path, label, image), pixels[..., n])


def test_what_geometry_does_not_need_may_be_absent(tmp_path, series):
    """SliceThickness, FrameOfReferenceUID and the list of source images."""
    sources, image = series
    pixels = blobs(image.grid.shape)
    path = write_seg(tmp_path / "seg.dcm", sources, pixels)

    def strip(dataset):
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        del measures.SliceThickness, dataset.FrameOfReferenceUID
        if "SpacingBetweenSlices" in measures:
            del measures.SpacingBetweenSlices

    edited(path, strip)
    assert np.array_equal(read(path, "tumour", image), pixels[..., 0])

    def forget(dataset):
        del dataset.ReferencedSeriesSequence

    edited(path, forget)  # each frame still names its source
    assert np.array_equal(read(path, "tumour", image), pixels[..., 0])
    with pytest.raises(segmentation_errors.FrameOfReferenceError, match="5 image"):
        read(path, "tumour", image, References("0" * 32, frozenset({"1" * 32})))

    def forget_all(dataset):
        for frame in dataset.PerFrameFunctionalGroupsSequence:
            del frame.DerivationImageSequence

    edited(path, forget_all)
    assert np.array_equal(read(path, "tumour", image), pixels[..., 0])


def test_only_frames_of_the_segment_are_decoded(tmp_path, series, monkeypatch):
    sources, image = series
    pixels = blobs(image.grid.shape)
    pixels[..., 1] = False
    pixels[5, 3:6, 3:6, 1] = True
    path, original, decoded = write_seg(tmp_path / "seg.dcm", sources, pixels), seg.stored_frames, []

    def stored_frames(path, dataset, wanted):
        decoded.extend(wanted)
        return original(path, dataset, wanted)

    monkeypatch.setattr(seg, "stored_frames", stored_frames)
    monkeypatch.setattr(seg, "decode", None)
    assert np.array_equal(read(path, "edema", image), pixels[..., 1])
    assert len(decoded) == 1


@pytest.mark.parametrize("where", ["tiled", "slide", "nowhere"])
def test_segmentations_without_a_place_in_the_patient_are_refused(tmp_path, series, where):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))

    def displace(dataset):
        if where == "tiled":
            dataset.DimensionOrganizationType = "TILED_FULL"
            del dataset.PerFrameFunctionalGroupsSequence
        elif where == "slide":
            dataset.TotalPixelMatrixRows = dataset.TotalPixelMatrixColumns = 50
        else:
            del dataset.SharedFunctionalGroupsSequence
            for frame in dataset.PerFrameFunctionalGroupsSequence:
                del frame.PlanePositionSequence

    edited(path, displace)
    for look in (lambda: read(path, "tumour", image), lambda: require_roi(path, "tumour")):
        with pytest.raises(segmentation_errors.PlanarSegmentationError):
            look()


def test_frames_that_are_not_described_are_refused(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))
    with pytest.raises(segmentation_errors.UnreadableSegmentationError, match="are described"):
        read(edited(path, lambda dataset: dataset.PerFrameFunctionalGroupsSequence.pop()), "tumour", image)


def test_order_of_source_files_does_not_matter(tmp_path, series):
    sources, image = series
    pixels = blobs(image.grid.shape)
    path = write_seg(tmp_path / "seg.dcm", sources[::-1], pixels[::-1])
    assert np.array_equal(read(path, "tumour", image), pixels[..., 0])


def test_one_segment_of_many_is_checked_alone(tmp_path, series):
    sources, image = series
    pixels = blobs(image.grid.shape)
    pixels[..., 1] = False
    path = write_seg(tmp_path / "seg.dcm", sources, pixels)
    assert read(path, "tumour", image).any()
    with pytest.raises(segmentation_errors.EmptyMaskError):
        read(path, "edema", image)
    with pytest.raises(segmentation_errors.MissingRoiError) as caught:
        read(path, "Tumour", image)
    assert caught.value.present == ("tumour", "edema")


def test_equal_labels_are_ambiguous(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape), labels=["tumour", "tumour"])
    with pytest.raises(segmentation_errors.AmbiguousRoiError):
        read(path, "tumour", image)


def test_segmentation_of_another_patient_is_refused(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))
    foreign = References("0" * 32, frozenset({"1" * 32}))
    with pytest.raises(segmentation_errors.FrameOfReferenceError):
        read(path, "tumour", image, foreign)


def shifted(path, offset_mm):
    dataset = pydicom.dcmread(path)
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        place = frame.PlanePositionSequence[0]
        place.ImagePositionPatient = [
            f"{a + b:.6f}" for a, b in zip(place.ImagePositionPatient, offset_mm, strict=True)
        ]
    dataset.save_as(path)
    return path


def test_frames_beside_the_grid_are_refused_with_their_distance(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))
    row = np.array(image.grid.direction[2])
    with pytest.raises(segmentation_errors.MaskGeometryError) as caught:
        read(shifted(path, 0.3 * row), "tumour", image)
    assert caught.value.distance_mm == pytest.approx(0.3, abs=1e-4)
    assert caught.value.distance_voxels == pytest.approx(0.3 / 0.7, abs=1e-3)  # along rows a voxel is 0.7 mm long
    assert "0.3 mm (0.429 voxels)" in str(caught.value)


def test_frames_outside_the_volume_are_cut_off_or_refused(tmp_path, series):
    sources, image = series
    pixels = blobs(image.grid.shape)
    path = write_seg(tmp_path / "seg.dcm", sources, pixels)
    up = image.grid.steps_mm[0]
    expected = np.zeros(image.grid.shape, dtype=bool)
    expected[4:] = pixels[:-4, ..., 0]
    assert np.array_equal(read(shifted(path, 4 * up), "tumour", image), expected)
    with pytest.raises(segmentation_errors.MaskOutsideVolumeError):
        read(shifted(path, 40 * up), "tumour", image)


def test_flipped_frames_land_where_their_orientation_says(tmp_path, series):
    sources, image = series
    pixels = blobs(image.grid.shape)
    path = write_seg(tmp_path / "seg.dcm", sources, pixels)
    dataset = pydicom.dcmread(path)
    shared = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    shared.ImageOrientationPatient = [f"{-value:.12f}" for value in shared.ImageOrientationPatient]
    last = image.grid.steps_mm[1] * 14 + image.grid.steps_mm[2] * 18
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        place = frame.PlanePositionSequence[0]
        place.ImagePositionPatient = [f"{a + b:.6f}" for a, b in zip(place.ImagePositionPatient, last, strict=True)]
    dataset.save_as(path)
    assert np.array_equal(read(path, "tumour", image), pixels[:, ::-1, ::-1, 0])


@pytest.mark.parametrize("tag", ["PerFrameFunctionalGroupsSequence", "SegmentSequence", "SegmentationType"])
def test_segmentation_without_a_part_names_it(tmp_path, series, tag):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))
    dataset = pydicom.dcmread(path)
    delattr(dataset, tag)
    dataset.save_as(path)
    with pytest.raises(errors.MissingTagError, match=tag):
        read(path, "tumour", image)


def test_truncated_segmentation_is_refused(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(errors.PixelDataError, match=r"seg\.dcm"):
        read(path, "tumour", image)


def edited(path, edit):
    dataset = pydicom.dcmread(path)
    edit(dataset)
    dataset.save_as(path)
    return path


def test_frames_of_an_unknown_segment_are_refused(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))

    def renumber(dataset):
        frame = dataset.PerFrameFunctionalGroupsSequence[1]
        frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 7

    with pytest.raises(errors.InvalidTagError, match="ReferencedSegmentNumber is 7, expected one of 1, 2"):
        read(edited(path, renumber), "tumour", image)


def test_unknown_types_of_segmentation_are_refused(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))
    with pytest.raises(errors.InvalidTagError, match="BINARY, FRACTIONAL, LABELMAP"):
        read(edited(path, lambda dataset: setattr(dataset, "SegmentationType", "BINAR")), "tumour", image)


@pytest.mark.parametrize("axis", [1, 2], ids=["rows", "columns"])
def test_frames_of_another_spacing_are_refused_where_their_corners_fit(tmp_path, series, axis):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))

    def respace(dataset):
        measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        spacing, number = list(measures.PixelSpacing), image.grid.shape[axis]
        spacing[axis - 1] = f"{spacing[axis - 1] * number / (number - 1):.12f}"  # one pixel more between the corners
        measures.PixelSpacing = spacing

    with pytest.raises(segmentation_errors.MaskGeometryError):
        read(edited(path, respace), "tumour", image)


def test_frames_beyond_any_scanner_are_refused(tmp_path, series):
    sources, image = series
    path = write_seg(tmp_path / "seg.dcm", sources, blobs(image.grid.shape))

    def throw(dataset):
        dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient[0] = "1e30"

    with pytest.raises(errors.InvalidTagError, match="ImagePositionPatient"):
        read(edited(path, throw), "tumour", image)
