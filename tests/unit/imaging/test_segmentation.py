"""Names of regions, asked for without a volume."""

import numpy as np
import pytest
import SimpleITK as sitk

from radiogenomics.imaging import segmentation_errors
from radiogenomics.imaging.segmentation import require_roi
from tests.unit.imaging.synthetic import grid, write_rtstruct, write_series
from tests.unit.imaging.test_seg import blobs, write_seg


@pytest.fixture(params=["SEG", "RTSTRUCT", "one label", "two labels", "named"])
def segmentation(request, tmp_path):
    """A segmentation of each kind, names that it accepts and names that it does not."""
    if request.param == "SEG":
        path = write_seg(tmp_path / "seg.dcm", write_series(tmp_path / "ct"), blobs())
        return path, ["tumour", "edema"], ["Tumour", "1"]
    if request.param == "RTSTRUCT":
        return write_rtstruct(tmp_path / "rs.dcm", {"GTV": [np.zeros((3, 3))]}), ["GTV"], ["gtv", "1"]
    values = np.zeros(grid().shape, dtype=np.uint8)
    values[3, 3, 3], values[4, 4, 4] = 1, 1 if request.param == "one label" else 2
    image = grid().stamp(sitk.GetImageFromArray(values))
    if request.param == "named":
        for key, value in {"Segment0_Name": "edema", "Segment0_LabelValue": "2"}.items():
            image.SetMetaData(key, value)
    sitk.WriteImage(image, str(tmp_path / "mask.nrrd"))
    accepted = {"one label": ["1", "anything"], "two labels": ["1", "2"], "named": ["edema", "2"]}[request.param]
    return tmp_path / "mask.nrrd", accepted, [] if request.param == "one label" else ["3", "GTV"]


def test_names_are_known_without_a_volume(segmentation):
    path, accepted, refused = segmentation
    for roi in accepted:
        require_roi(path, roi)
    for roi in refused:
        with pytest.raises(segmentation_errors.MissingRoiError):
            require_roi(path, roi)


def test_equal_names_are_ambiguous(tmp_path):
    path = write_seg(tmp_path / "seg.dcm", write_series(tmp_path / "ct"), blobs(), labels=["GTV", "GTV"])
    with pytest.raises(segmentation_errors.AmbiguousRoiError):
        require_roi(path, "GTV")
