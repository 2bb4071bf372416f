"""Feature maps: values around each voxel, against pyradiomics and against single regions."""

import logging

import numpy as np
import pytest
import SimpleITK as sitk

from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.engine import features_of
from radiogenomics.radiomics.errors import NotMappableError
from radiogenomics.radiomics.images import Image, read_image
from radiogenomics.radiomics.maps import feature_maps, write_maps

SHAPE, SPACING = (6, 9, 10), (2.0, 0.8, 0.8)
FEATURES = ["original_firstorder_Mean", "original_glcm_Contrast", "original_glrlm_RunEntropy"]


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(5)
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    mask = (z - 3) ** 2 / 4 + (y - 4) ** 2 / 9 + (x - 5) ** 2 / 9 <= 1
    for name, array in (("v", rng.integers(0, 200, SHAPE).astype(np.int16)), ("m", mask.astype(np.uint8))):
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(SPACING[::-1])
        image.SetOrigin((3.0, -2.0, 7.0))
        sitk.WriteImage(image, str(tmp_path / f"{name}.nii.gz"))
    return tmp_path / "v.nii.gz", tmp_path / "m.nii.gz"


def test_maps_are_those_of_pyradiomics(files):
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    extractor = RadiomicsFeatureExtractor(binWidth=25, additionalInfo=False, kernelRadius=1, maskedKernel=True)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(firstorder=["Mean"], glcm=["Contrast"], glrlm=["RunEntropy"])
    expected = extractor.execute(*map(str, files), voxelBased=True)
    settings = RadiomicsSettings(definition="pyradiomics", bin_width=25)
    image = read_image(files[0])
    found = feature_maps(image, *files, settings, FEATURES, 1)
    whole = sitk.ReadImage(str(files[0]))
    for name in FEATURES:
        on_grid = sitk.Resample(expected[name], whole, sitk.Transform(), sitk.sitkNearestNeighbor)
        theirs = sitk.GetArrayFromImage(on_grid)
        ours = found[name]
        known = np.isfinite(ours)
        assert known.sum() > 50
        np.testing.assert_allclose(ours[known], theirs[known], rtol=1e-6, atol=1e-12)


def test_a_neighbourhood_as_large_as_the_region_has_the_regions_value(files):
    settings = RadiomicsSettings(bin_width=25, min_voxels=1)
    image = read_image(files[0])
    mask = read_image(files[1]).array > 0
    maps = feature_maps(image, *files, settings, FEATURES, max(SHAPE))
    whole = {feature.name: feature.value for feature in features_of(image, mask, settings, *files)}
    for name in FEATURES:
        assert np.isnan(maps[name][~mask]).all()
        np.testing.assert_allclose(maps[name][mask], whole[name], rtol=1e-12)


def test_maps_are_written_on_the_grid_of_the_image(files, tmp_path):
    write_maps(
        volume=files[0],
        mask=files[1],
        settings='{"bin_width": 25}',
        features=FEATURES[:1],
        radius=1,
        folder=tmp_path / "o",
    )
    written, image = sitk.ReadImage(str(tmp_path / "o" / f"{FEATURES[0]}.nii.gz")), sitk.ReadImage(str(files[0]))
    assert written.GetSize() == image.GetSize()
    np.testing.assert_allclose(written.GetOrigin(), image.GetOrigin(), atol=1e-5)
    np.testing.assert_allclose(written.GetSpacing(), image.GetSpacing(), rtol=1e-6)
    array, values = sitk.GetArrayFromImage(written), sitk.GetArrayFromImage(image).astype(float)
    inside = sitk.GetArrayFromImage(sitk.ReadImage(str(files[1]))) > 0
    place = tuple(np.argwhere(inside)[10])
    near = tuple(slice(max(0, at - 1), at + 2) for at in place)
    assert array[place] == pytest.approx(values[near][inside[near]].mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["original_shape_MeshVolume"]),
        ({}, ["original_glcm_Contrst"]),
        ({"resampled_spacing_mm": (1, 1, 1)}, FEATURES),
    ],
)
def test_what_has_no_map_is_refused(files, options, names):
    settings = RadiomicsSettings(bin_width=25, **options)
    with pytest.raises(NotMappableError):
        feature_maps(Image(np.zeros((2, 2, 2)), (1.0, 1.0, 1.0), np.eye(4)), *files, settings, names, 1)
