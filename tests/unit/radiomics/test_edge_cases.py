"""Small, flat, cut-off and damaged regions: a value or a reason for every name, or an error that names the files."""

import json
import math
import os
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from radiogenomics import tables
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.engine import features
from radiogenomics.radiomics.errors import BinsError, GridMismatchError, NotFiniteError, RoiTooSmallError
from radiogenomics.radiomics.extract import extract_batch
from radiogenomics.radiomics.images import read_image
from radiogenomics.radiomics.nomenclature import expected_names

SHAPE = (14, 15, 16)
SPACING_MM = (1.0, 0.9, 2.0)
FILTERS = {"log_sigma_mm": [1.0], "wavelet": True}
SETTINGS = {
    "ibsi": {"bin_width": 25, "image_types": FILTERS},
    "ibsi by slice": {"bin_count": 16, "aggregation": "2d_averaged", "image_types": {"log_sigma_mm": [1.0]}},
    "ibsi resampled": {"bin_count": 16, "resampled_spacing_mm": [1.5, 1.5, 1.5], "ivh": {"bin_count": 1000}},
    "pyradiomics": {"definition": "pyradiomics", "bin_width": 25, "image_types": FILTERS},
    "pyradiomics by slice": {"definition": "pyradiomics", "bin_count": 16, "aggregation": "2.5d_direction_merged"},
    "pyradiomics resampled": {"definition": "pyradiomics", "bin_width": 25, "resampled_spacing_mm": [1.5, 1.5, 1.5]},
}


def settings_of(name, **options):
    return RadiomicsSettings.model_validate({"min_voxels": 1, **SETTINGS[name], **options})


def noise():
    return np.random.default_rng(5).normal(40, 60, SHAPE).astype(np.float32)


def region(*slices):
    mask = np.zeros(SHAPE, np.uint8)
    for each in slices:
        mask[each] = 1
    return mask


def with_hole(values, where, value=math.nan):
    values[where] = value
    return values


BLOCK = np.s_[4:9, 5:9, 5:10]
# Image, mask, and how the mask is stored; arrays are (x, y, z).
REGIONS = {
    "block": (noise(), region(BLOCK), {}),
    "one voxel": (noise(), region(np.s_[7, 7, 7]), {}),
    "two voxels": (noise(), region(np.s_[7, 7, 7:9]), {}),
    "two voxels apart": (noise(), region(np.s_[3, 7, 7], np.s_[11, 2, 12]), {}),
    "one slice": (noise(), region(np.s_[4:9, 5:9, 7]), {}),
    "one row": (noise(), region(np.s_[4:9, 7, 7]), {}),
    "flat": (with_hole(noise(), BLOCK, 7), region(BLOCK), {}),
    "flat image": (np.full(SHAPE, -3, np.int16), region(BLOCK), {}),
    "blank image": (np.zeros(SHAPE, np.int16), region(BLOCK), {}),
    "two intensities": (np.where(noise() > 40, 300, -20).astype(np.int16), region(BLOCK), {}),
    "checkerboard": ((np.indices(SHAPE).sum(0) % 2 * 100).astype(np.uint8), region(BLOCK), {}),
    "corner": (noise(), region(np.s_[:4, :4, :4]), {}),
    "opposite corner": (noise(), region(np.s_[-4:, -4:, -4:]), {}),
    "two parts": (noise(), region(np.s_[1:4, 1:4, 1:4], np.s_[9:12, 10:13, 11:15]), {}),
    "whole image": (noise(), region(np.s_[:]), {}),
    "image of one slice": (noise()[:, :, :1], region(np.s_[4:9, 5:9])[:, :, :1], {}),
    "image of two slices": (noise()[:, :, :2], region(np.s_[4:9, 5:9])[:, :, :2], {}),
    "image of one row": (noise()[:, :1, :1], region(np.s_[4:9])[:, :1, :1], {}),
    "image of one voxel": (noise()[:1, :1, :1], region(np.s_[:])[:1, :1, :1], {}),
    "bright picture": (np.clip(noise() + 190, 0, 255).astype(np.uint8), region(BLOCK), {}),
    "large numbers": (noise() * np.float32(1e5), region(BLOCK), {}),
    "small numbers": (noise() * np.float32(1e-6), region(BLOCK), {}),
}
THIN = ("one voxel", "two voxels", "two voxels apart", "one slice", "one row")
LIKE_THE_BLOCK = {
    "label 255": (noise(), region(BLOCK) * 255, {}),
    "origin off by a rounding": (noise(), region(BLOCK), {"shift_mm": 1e-4}),
}
REFUSED = {
    "empty": (noise(), region(), {}, RoiTooSmallError, "M: the region has 0 voxel"),
    "NaN inside": (with_hole(noise(), np.s_[6, 6, 6]), region(BLOCK), {}, NotFiniteError, "V: 1 voxel"),
    "infinite inside": (
        with_hole(noise(), np.s_[6, 6, 6:8], math.inf),
        region(BLOCK),
        {},
        NotFiniteError,
        "V: 2 voxel",
    ),
    "origin off": (noise(), region(BLOCK), {"shift_mm": 1e-2}, GridMismatchError, "M is not on the grid of V: corners"),
    "small mask": (
        noise(),
        region(BLOCK)[:, :, :-1],
        {},
        GridMismatchError,
        r"M is not on the grid of V: \(14, 15, 15\)",
    ),
}


def write(folder, array, mask, shift_mm=0.0):
    """Volume and mask as NIfTI files."""
    for name, voxels, shift in (("v", array, 0.0), ("m", mask, shift_mm)):
        affine = np.diag([*SPACING_MM, 1.0])
        affine[0, 3] += shift
        image = nib.Nifti1Image(voxels, affine)
        image.header.set_xyzt_units("mm")
        nib.save(image, folder / f"{name}.nii.gz")
    return folder / "v.nii.gz", folder / "m.nii.gz"


def check(found, settings):
    """Every name once and in order, with a finite value or a reason."""
    assert [each.name for each in found] == [name for *_, name in expected_names(settings)]
    for each in found:
        assert math.isfinite(each.value) != bool(each.note), each
        assert each.note != "not finite", each


def bits(found):
    return [(each.name, each.value.hex(), each.note) for each in found]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("case", REGIONS)
def test_every_name_has_a_value_or_a_reason(tmp_path, case, name):
    array, mask, options = REGIONS[case]
    settings = settings_of(name)
    try:
        found = features(*write(tmp_path, array, mask, **options), settings)
    except BinsError as error:
        assert (case, settings.bin_count) == ("large numbers", None), error  # noqa: PT017
        return
    except RoiTooSmallError as error:
        # Resampling to a coarser grid may leave nothing of a thin region.
        assert ("resampled" in name, case in THIN) == (True, True), error  # noqa: PT017
        return
    check(found, settings)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("case", LIKE_THE_BLOCK)
def test_the_same_region_stored_otherwise_has_the_same_values(tmp_path, case, name):
    array, mask, options = LIKE_THE_BLOCK[case]
    expected = features(*write(tmp_path, *REGIONS["block"][:2]), settings_of(name))
    assert bits(features(*write(tmp_path, array, mask, **options), settings_of(name))) == bits(expected)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_computed_is_refused_with_the_names_of_the_files(tmp_path, case, name):
    array, mask, options, error, message = REFUSED[case]
    named = message.replace("M", r"m\.nii\.gz").replace("V", r"v\.nii\.gz")
    files = write(tmp_path, array, mask, **options)
    if error is NotFiniteError and "resampled" in name:
        named = named.partition(":")[0]  # interpolation spreads it
    with pytest.raises(error, match=f"^{named}"):
        features(*files, settings_of(name))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_value_that_is_not_finite_changes_nothing_beyond_the_reach_of_the_filters(tmp_path, name, bad):
    array = np.concatenate([noise()] * 6)
    mask = np.concatenate([region(), region(), REGIONS["block"][1], region(), region(), region()])
    plain = features(*write(tmp_path, array, mask), settings_of(name))
    array[-1] = bad
    assert bits(features(*write(tmp_path, array, mask), settings_of(name))) == bits(plain)


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_more_bins_than_voxels(tmp_path, definition):
    array = np.random.default_rng(1).permutation(math.prod(SHAPE)).reshape(SHAPE).astype(np.int16)
    files = write(tmp_path, array, region(BLOCK))
    settings = settings_of(definition, bin_width=None, bin_count=5000, image_types={})
    found = features(*files, settings)
    check(found, settings)
    values = {each.name: each.value for each in found}
    # Every voxel has a level of its own.
    assert values["original_glszm_ZonePercentage"] == 1
    assert values["original_glrlm_ShortRunEmphasis"] == pytest.approx(1)
    with pytest.raises(BinsError, match=r"^m\.nii\.gz: bins of 1e-06 cut .* more than 100,000 levels"):
        features(*files, settings_of(definition, bin_width=1e-6, image_types={}))


def test_bins_that_start_above_the_intensities_are_refused_by_the_name_of_the_mask(tmp_path):
    with pytest.raises(BinsError, match=r"^m\.nii\.gz: an intensity of .* lies below bin_origin 1000"):
        features(*write(tmp_path, *REGIONS["block"][:2]), settings_of("ibsi", bin_origin=1000, image_types={}))


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_resegmentation_that_leaves_nothing_is_refused_by_the_name_of_the_mask(tmp_path, definition):
    settings = settings_of(definition, resegment_range=[5000, 6000], image_types={})
    with pytest.raises(RoiTooSmallError, match=r"^m\.nii\.gz: the region has 0 voxel"):
        features(*write(tmp_path, *REGIONS["block"][:2]), settings)


def image_row(number, mask):
    filler = {column.name: 0 for column in tables.IMAGES.columns} | {"roi_touches_border": False}
    text = {column.name: "" for column in tables.IMAGES.columns if column.dtype in ("string", "category")}
    keys = {"patient_id": f"P{number}", "image_id": f"I{number}", "roi": "GTV", "role": "ct", "modality": "CT"}
    return filler | text | keys | {"volume": "v.nii.gz", "mask": mask}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_second_run_and_a_batch_give_the_same_bits(tmp_path, name):
    volume, mask = write(tmp_path, *REGIONS["block"][:2])
    mask.rename(tmp_path / "block.nii.gz")
    write(tmp_path, *REGIONS["two parts"][:2])[1].rename(tmp_path / "parts.nii.gz")
    masks = ("block.nii.gz", "parts.nii.gz", "block.nii.gz")
    single = [bits(features(volume, tmp_path / each, settings_of(name))) for each in masks]
    assert single[0] == single[2]
    assert single[0] != single[1]
    rows = [image_row(number, each) for number, each in enumerate(masks)]
    tables.IMAGES.write(tables.IMAGES.frame(rows), tmp_path / "images.parquet")
    options = json.dumps({"CT": settings_of(name).model_dump(mode="json")})
    outputs = {"features": tmp_path / "f.parquet", "failures": tmp_path / "failures.tsv", "scale": None}
    extract_batch(images=tmp_path / "images.parquet", results=tmp_path, settings=options, **outputs)
    frame = tables.FEATURES.read(outputs["features"])
    for number, expected in enumerate(single):
        part = frame[frame["patient_id"] == f"P{number}"]
        triples = zip(part["feature"], part["value"], part["note"], strict=True)
        assert [(feature, float(value).hex(), note) for feature, value, note in triples] == expected


def test_an_image_is_not_changed(tmp_path):
    volume, mask = write(tmp_path, *REGIONS["block"][:2])
    before = read_image(volume).array
    for name in SETTINGS:
        features(volume, mask, settings_of(name, normalise={"clip_sd": 2}))
    assert np.array_equal(read_image(volume).array, before)


PROGRAM = """
import sys
from pathlib import Path
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.engine import features
for text in sys.argv[3:]:
    for each in features(Path(sys.argv[1]), Path(sys.argv[2]), RadiomicsSettings.model_validate_json(text)):
        print(each.name, each.value.hex(), each.note, sep="|")
"""


@pytest.mark.parametrize("threads", ["1", "2"])
def test_the_number_of_threads_changes_no_bit(tmp_path, threads):
    files = write(tmp_path, *REGIONS["block"][:2])
    settings = [settings_of(name) for name in SETTINGS]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    limits["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = threads
    program = [sys.executable, "-c", PROGRAM, *map(str, files), *(each.model_dump_json() for each in settings)]
    done = subprocess.run(program, env=os.environ | limits, capture_output=True, text=True, check=True)
    expected = [bits(features(*files, each)) for each in settings]
    assert [tuple(line.split("|")) for line in done.stdout.splitlines()] == [row for part in expected for row in part]
