"""The CT phantom of IBSI-1 from file to feature, by the presets `ibsi/A` to `ibsi/E` (arXiv:1612.07003, chapter 5)."""

from functools import cache

import numpy as np
import pytest

from radiogenomics.boxes import bounding_box
from radiogenomics.config import load_radiomics_settings
from radiogenomics.imaging.convert import convert, mask
from radiogenomics.radiomics.engine import features
from radiogenomics.radiomics.images import read_image, read_mask
from radiogenomics.radiomics.nomenclature import expected_names
from radiogenomics.radiomics.prepare import prepare, resegmented
from tests.conformity.consensus import conforms, consensus, table
from tests.shared_data import shared_data

PLANAR = ("2d_averaged", "2d_slice_merged", "2.5d_direction_merged", "2.5d_merged")
SPATIAL = ("3d_averaged", "3d_merged")
# Values of the table by configuration and aggregation; the first has those of families without textures too.
COUNTS = {
    **{("A", aggregation): count for aggregation, count in zip(PLANAR, (169, 41, 41, 95), strict=True)},
    **{("B", aggregation): count for aggregation, count in zip(PLANAR, (169, 41, 41, 95), strict=True)},
    **{("C", aggregation): count for aggregation, count in zip(SPATIAL, (115, 95), strict=True)},
}
ALL_VALUES = {"A": 346, "B": 346, "C": 210}


@cache
def published():
    """Volume and mask that the IBSI publishes as NIfTI."""
    folder = shared_data("ibsi", "ibsi1_ct_phantom", "nifti")
    return folder / "image" / "phantom.nii.gz", folder / "mask" / "mask.nii.gz"


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    """Volume and mask that the package makes of the same phantom's DICOM series and RTSTRUCT."""
    source, folder = shared_data("ibsi", "ibsi1_ct_phantom", "dicom"), tmp_path_factory.mktemp("phantom")
    volume, region = folder / "phantom.nii.gz", folder / "phantom.mask.nii.gz"
    convert(series=source / "image", select="", settings="{}", volume=volume)
    (segmentation,) = (source / "mask").iterdir()
    mask(segmentation=segmentation, volume=volume, roi="GTV-1", settings="{}", mask=region)
    return volume, region


def settings_of(configuration, aggregation):
    return load_radiomics_settings(f"ibsi/{configuration}").model_copy(update={"aggregation": aggregation})


def misses(files, configuration, aggregation):
    """Number of consensus values that are compared, and those that are missed."""
    whole = aggregation == (SPATIAL if configuration == "C" else PLANAR)[0]
    found = {each.name: each for each in features(*files, settings_of(configuration, aggregation))}
    rows = consensus(f"config_{configuration}", aggregation, whole=whole)
    pairs = {row["tag"]: (found[f"original_{family}_{name}"].value, row) for (family, name), row in rows.items()}
    return len(pairs), {tag: (value, row["value"]) for tag, (value, row) in pairs.items() if not conforms(value, row)}


@pytest.mark.parametrize(("configuration", "aggregation"), COUNTS)
def test_every_consensus_value_is_met_from_nifti(configuration, aggregation):
    assert misses(published(), configuration, aggregation) == (COUNTS[configuration, aggregation], {})


@pytest.mark.parametrize("configuration", ALL_VALUES)
def test_no_value_of_the_table_is_left_out(configuration):
    assert sum(row["kind"] == "feature" for row in table(f"config_{configuration}")) == ALL_VALUES[configuration]
    counted = sum(count for (of, _), count in COUNTS.items() if of == configuration)
    assert counted == ALL_VALUES[configuration]


# One aggregation: image and mask are those of the NIfTI files to the last bit, as the next test says.
@pytest.mark.parametrize(("configuration", "aggregation"), [("A", PLANAR[0]), ("B", PLANAR[0]), ("C", SPATIAL[0])])
def test_every_consensus_value_is_met_from_dicom(converted, configuration, aggregation):
    assert misses(converted, configuration, aggregation) == (COUNTS[configuration, aggregation], {})


def test_the_mask_of_the_contours_is_the_published_one(converted):
    (volume, region), (expected_volume, expected_region) = converted, published()
    image, expected = read_image(volume), read_image(expected_volume)
    assert np.array_equal(image.array, expected.array)
    np.testing.assert_allclose(image.matrix, expected.matrix, atol=1e-4)
    assert np.array_equal(read_mask(region, image, volume), read_mask(expected_region, expected, expected_volume))


def of_image(stage, array, spacing_mm):
    """Diagnostics of an image: its dimensions, its spacing and its intensities."""
    return {
        **{f"img_dim_{axis}_{stage}_img": size for axis, size in zip("zyx", array.shape, strict=True)},
        **{f"vox_dim_{axis}_{stage}_img": step for axis, step in zip("zyx", spacing_mm, strict=True)},
        **intensities("{}_int_" + f"{stage}_img", array),
    }


def of_roi(stage, array, intensity, morphology):
    """Diagnostics of a region: dimensions of its masks and of their bounding boxes, voxels and intensities."""
    found = {f"int_mask_dim_{axis}_{stage}_roi": size for axis, size in zip("zyx", array.shape, strict=True)}
    for kind, voxels in (("int", intensity), ("morph", morphology)):
        box = bounding_box(voxels)
        for axis, part in zip("zyx", box, strict=True):
            found[f"{kind}_mask_bb_dim_{axis}_{stage}_roi"] = part.stop - part.start
        found[f"{kind}_mask_vox_count_{stage}_roi"] = int(voxels.sum())
    return found | intensities("int_mask_{}_int_" + f"{stage}_roi", array[intensity])


def intensities(tag, values):
    return {tag.format(name): float(getattr(values, name)()) for name in ("mean", "min", "max")}


@cache
def prepared(configuration):
    """Image and region as they are in the file, and the whole image, region and intensity mask after preparation."""
    volume, region = published()
    image = read_image(volume)
    initial = read_mask(region, image, volume)
    settings = load_radiomics_settings(f"ibsi/{configuration}")
    ready = prepare(image, initial, settings, None)
    return image, initial, ready, resegmented(ready.image, ready.mask, settings)


@pytest.mark.parametrize("configuration", ALL_VALUES)
def test_every_diagnostic_of_the_preparation_is_met(configuration):
    image, initial, ready, intensity = prepared(configuration)
    found = {
        **of_image("init", image.array, image.spacing_mm),
        **of_image("interp", ready.image, ready.spacing_mm),
        **of_roi("init", image.array, initial, initial),
        **of_roi("interp", ready.image, ready.mask, ready.mask),
        **of_roi("reseg", ready.image, intensity, ready.mask),
    }
    rows = {row["tag"]: row for row in table(f"config_{configuration}") if row["kind"] == "diagnostic"}
    assert found.keys() == rows.keys()
    assert len(rows) == 60
    assert {tag: (found[tag], row["value"]) for tag, row in rows.items() if not conforms(found[tag], row)} == {}


@pytest.mark.parametrize("aggregation", SPATIAL)
@pytest.mark.parametrize("configuration", "DE")
def test_configurations_without_reference_values_give_every_feature(configuration, aggregation):
    # No values of D and E are published with the data; what they share with C is.
    settings = settings_of(configuration, aggregation)
    found = features(*published(), settings)
    assert [each.name for each in found] == [name for *_, name in expected_names(settings)]
    assert [each.name for each in found if each.note or not np.isfinite(each.value)] == []
    values = {each.name: each.value for each in found}
    *_, of_c, _ = prepared("C")
    *_, ready, intensity = prepared(configuration)
    assert ready.spacing_mm == (2.0, 2.0, 2.0)
    assert np.array_equal(ready.mask, of_c.mask)  # masks are interpolated linearly whatever the image is
    assert values["original_shape_VoxelVolume"] == ready.mask.sum() * 8
    outer = ready.image[ready.mask]
    if configuration == "D":
        assert intensity.sum() == (np.abs(outer - outer.mean()) <= 3 * outer.std()).sum()
    assert 0.9 * ready.mask.sum() < intensity.sum() < ready.mask.sum()
    assert values["original_firstorder_Minimum"] == ready.image[intensity].min()
    assert values["original_histogram_Maximum"] == 32
