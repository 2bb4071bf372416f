"""Shape of real segmentations against pyradiomics."""

import numpy as np
import pytest
import SimpleITK as sitk

from radiogenomics.radiomics.families.shape import shape
from radiogenomics.radiomics.region import Region
from tests.shared_data import shared_data


@pytest.mark.parametrize("case", ["brain1", "breast1", "lung1"])
def test_real_segmentations_have_the_shape_of_pyradiomics(case):
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    image = sitk.ReadImage(str(shared_data("pyradiomics", f"{case}_image.nrrd")))
    label = sitk.ReadImage(str(shared_data("pyradiomics", f"{case}_label.nrrd")))
    extractor = RadiomicsFeatureExtractor(additionalInfo=False)
    extractor.disableAllFeatures()
    extractor.enableFeatureClassByName("shape")
    expected = {name.rpartition("_")[2]: float(value) for name, value in extractor.execute(image, label).items()}
    mask = np.ascontiguousarray(sitk.GetArrayFromImage(label) == 1)
    values = sitk.GetArrayFromImage(image).astype(np.float64)
    x, y, z = image.GetSpacing()
    assert shape(Region(values, mask, mask, (z, y, x)), "pyradiomics") == pytest.approx(expected, rel=1e-9)
