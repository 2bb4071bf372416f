"""Which regions a name or its patterns mean, and what becomes of several."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from hypothesis import given, strategies as st

from radiogenomics.config.imaging import Imaging
from radiogenomics.imaging import segmentation_errors
from radiogenomics.imaging.dicom import References
from radiogenomics.imaging.segmentation import read_mask, read_regions, require_roi, rtstruct, seg
from radiogenomics.imaging.segmentation.regions import Entry, Region, read_selected, select
from tests.unit.imaging.synthetic import grid, write_rtstruct, write_series
from tests.unit.imaging.test_seg import write_seg

PLACE = grid()
# Name and number of voxels: rows of one slice each, none in common.
REGIONS = {"GTV-1": 3, "gtv-2": 7, "GTVn": 7, "Tumor": 2, "Lung": 9, "GTV-none": 0}


def masks():
    found = {}
    for n, (name, voxels) in enumerate(REGIONS.items()):
        found[name] = np.zeros(PLACE.shape, dtype=bool)
        found[name][n, 4, 2 : 2 + voxels] = True
    return found


def outline(mask):
    """Contours of a row of voxels; where there is none, one too small for a voxel."""
    places = np.argwhere(mask)
    k, j, low, high = (*places[0], places[-1, 2]) if len(places) else (5, 4, 4.7, 4.2)
    return [
        PLACE.to_lps(
            [(k, j + a, i) for a, i in ((-0.4, low - 0.4), (-0.4, high + 0.4), (0.4, high + 0.4), (0.4, low - 0.4))]
        )
    ]


def write_labels(path):
    values = np.zeros(PLACE.shape, dtype=np.uint8)
    image_names = {}
    for n, (name, mask) in enumerate(masks().items(), start=1):
        values[mask] = n
        image_names |= {f"Segment{n}_Name": name, f"Segment{n}_LabelValue": str(n), f"Segment{n}_Layer": "0"}
    image = PLACE.stamp(sitk.GetImageFromArray(values))
    for key, value in image_names.items():
        image.SetMetaData(key, value)
    sitk.WriteImage(image, str(path))
    return path


@pytest.fixture(scope="module", params=["RTSTRUCT", "SEG", "NRRD"])
def segmentation(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("regions")
    if request.param == "RTSTRUCT":
        return write_rtstruct(folder / "rs.dcm", {name: outline(mask) for name, mask in masks().items()})
    if request.param == "NRRD":
        return write_labels(folder / "mask.seg.nrrd")
    pixels = np.stack(list(masks().values()), axis=-1)
    return write_seg(folder / "seg.dcm", write_series(folder / "ct"), pixels, labels=list(REGIONS))


def settings(policy="refuse", *patterns):
    return Imaging(regions={"tumour": patterns} if patterns else {}, policies={"several_regions": policy})


def read(path, policy, *patterns, roi="tumour"):
    return read_regions(path, roi, PLACE, References(), settings(policy, *patterns))


def test_a_pattern_that_fits_one_name_gives_it(segmentation):
    for pattern in ("lung", "LU*", "L?ng", "[kl]ung", "?u[!m]*"):
        (region,) = read(segmentation, "refuse", pattern)
        assert (region.name, region.notes) == ("Lung", ())
        assert np.array_equal(region.mask, masks()["Lung"])


def test_patterns_fit_the_whole_name(segmentation):
    with pytest.raises(segmentation_errors.MissingRoiError) as caught:
        read(segmentation, "refuse", "GTV", "umor", "Lun")
    assert caught.value.present == tuple(REGIONS)
    assert caught.value.patterns == ("GTV", "umor", "Lun")
    assert "imaging.regions.tumour" in caught.value.hint


def test_a_name_without_patterns_is_matched_letter_by_letter(segmentation):
    (region,) = read(segmentation, "refuse", "lung", roi="GTV-1")
    assert region.name == "GTV-1"
    for roi in ("gtv-1", "GTV*", "tumour"):
        with pytest.raises(segmentation_errors.MissingRoiError):
            read(segmentation, "refuse", roi=roi)


def test_a_key_with_patterns_stands_for_them_alone(segmentation):
    """Also where a region has the name of the key."""
    with_key = Imaging(regions={"Lung": ("Tumor",)})
    (region,) = read_regions(segmentation, "Lung", PLACE, References(), with_key)
    assert region.name == "Tumor"


def test_several_are_refused_by_name(segmentation):
    for look in (
        lambda: read(segmentation, "refuse", "gtv*", "tumor"),
        lambda: require_roi(segmentation, "tumour", settings("refuse", "gtv*", "tumor")),
    ):
        with pytest.raises(segmentation_errors.SeveralRegionsError, match="5 regions fit 'tumour'") as caught:
            look()
        assert caught.value.found == ("GTV-1", "GTV-none", "GTVn", "Tumor", "gtv-2")
        assert caught.value.patterns == ("gtv*", "tumor")


def test_each_gives_a_region_a_name(segmentation):
    regions = read(segmentation, "each", "gtv*", "tumor")
    assert [region.name for region in regions] == ["GTV-1", "GTVn", "Tumor", "gtv-2"]
    for region in regions:
        assert np.array_equal(region.mask, masks()[region.name])
        assert region.notes == ("passed over, since they hold no voxel: 'GTV-none'",)
    with pytest.raises(segmentation_errors.SeveralRegionsError):
        read_mask(segmentation, "tumour", PLACE, References(), settings("each", "gtv*"))


def test_largest_names_what_it_passes_over(segmentation):
    (region,) = read(segmentation, "largest", "gtv*", "tumor")
    assert region.name == "GTVn"  # as large as gtv-2, and before it by name
    assert np.array_equal(region.mask, masks()["GTVn"])
    largest, empty = region.notes
    assert largest == ("the largest; passed over: 'GTV-1' (0.0042 ml), 'Tumor' (0.0028 ml), 'gtv-2' (0.0098 ml)")
    assert empty == "passed over, since they hold no voxel: 'GTV-none'"


def test_union_holds_all(segmentation):
    (region,) = read(segmentation, "union", "gtv*", "tumor")
    assert region.name == "tumour"
    assert region.mask.sum() == 3 + 7 + 7 + 2
    assert region.notes[0].startswith("union of 'GTV-1' (0.0042 ml), 'GTVn' (0.0098 ml), 'Tumor'")
    mask = read_mask(segmentation, "tumour", PLACE, References(), settings("union", "gtv*", "tumor"))
    assert np.array_equal(mask, region.mask)


@pytest.mark.parametrize("policy", ["each", "largest", "union"])
def test_headers_alone_tell_what_can_be_read(segmentation, policy):
    require_roi(segmentation, "tumour", settings(policy, "gtv*", "tumor"))
    with pytest.raises(segmentation_errors.MissingRoiError):
        require_roi(segmentation, "tumour", settings(policy, "nothing*"))
    require_roi(segmentation, "Lung")


class Listed:
    """A segmentation in memory that counts how often each region is read."""

    anonymous = False

    def __init__(self, path, regions):
        self.path, self.regions, self.reads = path, list(regions), []
        self.entries = [Entry(name, n) for n, (name, _) in enumerate(self.regions)]

    def exact(self, roi):
        return [entry for entry in self.entries if entry.name == roi]

    def read(self, entry, place, references, section):
        self.reads.append(entry.number)
        name, mask = self.regions[entry.number]
        if mask is None:
            raise segmentation_errors.MaskOutsideVolumeError(self.path, name)
        return Region(name, mask.copy(), ("a note",))


def gather(source, policy, *patterns, roi="tumour"):
    section = settings(policy, *patterns)
    return read_selected(source, roi, select(source, roi, section), PLACE, References(), section)


def some(voxels):
    mask = np.zeros(PLACE.shape, dtype=bool)
    mask.flat[:voxels] = True
    return mask


@pytest.mark.parametrize("policy", ["each", "largest", "union"])
def test_empty_and_foreign_regions(tmp_path, policy):
    source = Listed(tmp_path, [("a1", some(0)), ("a2", None), ("a3", some(4))])
    (region,) = gather(source, policy, "a*")
    assert region.mask.sum() == 4
    assert region.notes[-2:] == (
        "passed over, since they hold no voxel: 'a1'",
        "passed over, since they lie outside the volume: 'a2'",
    )
    with pytest.raises(segmentation_errors.EmptyMaskError):
        gather(Listed(tmp_path, source.regions[:2]), policy, "a*")
    with pytest.raises(segmentation_errors.MaskOutsideVolumeError):
        gather(Listed(tmp_path, [("a1", None), ("a2", None)]), policy, "a*")


@pytest.mark.parametrize("policy", ["each", "largest", "union"])
def test_every_region_is_read_once(tmp_path, policy):
    source = Listed(tmp_path, [(f"a{n}", some(n + 1)) for n in range(5)])
    gather(source, policy, "a*")
    assert sorted(source.reads) == [0, 1, 2, 3, 4]


def test_equal_names_need_a_policy_that_needs_no_names(tmp_path):
    source = Listed(tmp_path, [("a", some(2)), ("a", some(5)), ("b", some(9))])
    for policy in ("refuse", "each"):
        with pytest.raises(segmentation_errors.AmbiguousRoiError) as caught:
            gather(source, policy, roi="a")
        assert caught.value.times == 2
    assert gather(source, "largest", roi="a")[0].mask.sum() == 5
    (united,) = gather(source, "union", roi="a")
    assert (united.name, united.mask.sum(), united.notes[:2]) == ("a", 5, ("'a': a note", "'a': a note"))
    with pytest.raises(segmentation_errors.AmbiguousRoiError):
        gather(source, "each", "?")


sizes = st.lists(st.integers(0, 40), min_size=2, max_size=5).filter(any)


@given(sizes, st.randoms(use_true_random=False))
def test_union_is_at_least_the_largest_and_the_largest_at_least_each(tmp_path_factory, voxels, random):
    flat = np.arange(60)
    regions = []
    for n, size in enumerate(voxels):
        mask = some(0)
        mask.flat[random.sample(flat.tolist(), size)] = True
        regions.append((f"a{n}", mask))
    source = Listed(tmp_path_factory.getbasetemp(), regions)
    each, (largest,), (union,) = (gather(source, policy, "a*") for policy in ("each", "largest", "union"))
    assert len(each) == np.count_nonzero(voxels)
    assert largest.mask.sum() == max(voxels)
    assert all((union.mask >= region.mask).all() for region in (*each, largest))
    assert np.array_equal(union.mask, np.logical_or.reduce([mask for _, mask in regions]))


def test_a_file_is_parsed_and_decoded_once(tmp_path, monkeypatch):
    sources = write_series(tmp_path / "ct")
    labels = np.random.default_rng(5).integers(0, 3, PLACE.shape).astype(np.uint8)
    pixels = np.stack([labels == 1, labels == 2], axis=-1)
    counts = {"read": 0, "decode": 0, "frames": []}
    original = seg.read_dataset, seg.decode, seg.stored_frames

    def counted(name, function):
        def call(*args, **kwargs):
            counts[name] += 1
            return function(*args, **kwargs)

        return call

    def frames(path, dataset, wanted):
        counts["frames"] += wanted
        return original[2](path, dataset, wanted)

    monkeypatch.setattr(seg, "read_dataset", counted("read", original[0]))
    monkeypatch.setattr(seg, "decode", counted("decode", original[1]))
    monkeypatch.setattr(seg, "stored_frames", frames)
    read(write_seg(tmp_path / "map.dcm", sources, labels, kind="LABELMAP"), "each", "*")
    assert (counts["read"], counts["decode"], counts["frames"]) == (1, 1, [])
    read(write_seg(tmp_path / "bits.dcm", sources, pixels), "each", "*")
    assert (counts["read"], counts["decode"], sorted(counts["frames"])) == (2, 1, list(range(20)))
    monkeypatch.setattr(rtstruct, "read_dataset", counted("read", rtstruct.read_dataset))
    path = write_rtstruct(tmp_path / "rs.dcm", {name: outline(mask) for name, mask in masks().items()})
    read(path, "each", "*")
    assert counts["read"] == 3


# As a DICOM attribute holds them: up to 64 characters by the standard, more by some writers.
ODD_NAMES = [
    "GTV/CT1",
    "../../etc/passwd",
    "/absolute",
    "GTV..1",
    "Größe 5 µm",
    "肿瘤",
    "a" * 80,
    "two  blanks",
    "tab\tand\x1funit",
    "*",
    "[x]",
    "C:GTV?",
    "$(touch x)",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_taken_as_they_are(tmp_path, name):
    folder = tmp_path / "here"
    contours = outline(masks()["Lung"])
    path = write_rtstruct(folder / "rs.dcm", {"other": contours, "place holder": contours})
    rename(path, lambda dataset: setattr(dataset.StructureSetROISequence[1], "ROIName", name))
    before = sorted(tmp_path.rglob("*"))
    (region,) = read(path, "refuse", roi=name)
    assert region.name == name
    require_roi(path, name)
    assert sorted(tmp_path.rglob("*")) == before
    assert [found.name for found in read(path, "each", "*")] == sorted(["other", name])


def rename(path, edit):
    dataset = pydicom.dcmread(path)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    with pydicom.config.disable_value_validation():
        edit(dataset)
        dataset.save_as(path)


@pytest.mark.parametrize("stored", ["GTV ", " GTV", "  GTV   "])
def test_blanks_at_the_ends_mean_nothing_in_dicom(tmp_path, stored):
    path = write_rtstruct(tmp_path / "rs.dcm", {stored: outline(masks()["Lung"])})
    assert read(path, "refuse", roi="GTV")[0].name == "GTV"
    pixels = np.stack([masks()["Lung"], masks()["Tumor"]], axis=-1)
    path = write_seg(tmp_path / "seg.dcm", write_series(tmp_path / "ct"), pixels, labels=[stored, "b"])
    assert read(path, "refuse", roi="GTV")[0].name == "GTV"


def test_backslash_is_part_of_a_name(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"x": outline(masks()["Lung"])})
    rename(path, lambda dataset: setattr(dataset.StructureSetROISequence[0], "ROIName", "GTV\\1"))
    assert read(path, "refuse", roi="GTV\\1")[0].name == "GTV\\1"


def test_unnamed_structures_can_be_meant_by_patterns_only(tmp_path):
    path = write_rtstruct(tmp_path / "rs.dcm", {"": outline(masks()["Lung"])})
    assert read(path, "refuse", "*")[0].name == ""


def test_labels_without_names_are_matched_by_number(tmp_path):
    values = np.zeros(PLACE.shape, dtype=np.uint8)
    values[3, 3, 3:6], values[4, 4, 4:6] = 1, 12
    path = tmp_path / "mask.nii.gz"
    sitk.WriteImage(PLACE.stamp(sitk.GetImageFromArray(values)), str(path))
    assert [region.name for region in read(path, "each", "1*")] == ["1", "12"]
    assert read(path, "union", "*")[0].mask.sum() == 5
    assert read(path, "refuse", "?2")[0].mask.sum() == 2
    with pytest.raises(segmentation_errors.MissingRoiError):
        read(path, "refuse", "GTV*")
    values[values == 12] = 0
    sitk.WriteImage(PLACE.stamp(sitk.GetImageFromArray(values)), str(path))
    assert read(path, "refuse", "GTV*")[0].name == "tumour"  # one label without a name is what was asked for
