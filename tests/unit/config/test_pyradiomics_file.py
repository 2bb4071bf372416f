"""Parameter files of pyradiomics in our words; what has none is refused by name."""

import pytest
import yaml

from radiogenomics.config import load_radiomics_settings
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.config.pyradiomics_file import is_pyradiomics, translate
from radiogenomics.errors import ConfigError

# What a file says that says nothing: bins of 25 and the image as it is.
PLAIN = {
    "definition": "pyradiomics",
    "min_voxels": 1,
    "energy_shift": 0,
    "bin_width": 25,
    "aggregation": "3d_averaged",
    "image_types": {"original": True, "transforms": []},
}


def settings_of(**setting):
    return {"setting": setting}


def translated(data):
    ours, problems = translate(data)
    assert problems == []
    RadiomicsSettings.model_validate(ours)
    return ours


TRANSLATED = [
    ({}, {}),
    (settings_of(binWidth=10), {"bin_width": 10}),
    (settings_of(binCount=64), {"bin_width": None, "bin_count": 64}),
    (settings_of(binWidth=10, binCount=64), {"bin_width": None, "bin_count": 64}),
    (settings_of(voxelArrayShift=1000), {"energy_shift": 1000}),
    (settings_of(normalize=True), {"normalise": {"sd": 1, "clip_sd": None}}),
    (
        settings_of(normalize=True, normalizeScale=100, removeOutliers=3),
        {"normalise": {"sd": 100, "clip_sd": 3}},
    ),
    (settings_of(normalize=False, normalizeScale=100, removeOutliers=3), {}),
    (settings_of(minimumROISize=50), {"min_voxels": 51}),  # pyradiomics refuses that size, too
    (
        settings_of(resampledPixelSpacing=[1, 2, 0]),
        {"resampled_spacing_mm": [1, 2, 0], "interpolation": "cubic"},
    ),
    (
        settings_of(resampledPixelSpacing=[1, 1, 1], interpolator="sitkLinear"),
        {"resampled_spacing_mm": [1, 1, 1], "interpolation": "linear"},
    ),
    (
        settings_of(resampledPixelSpacing=[1, 1, 1], interpolator="sitkNearestNeighbor"),
        {"resampled_spacing_mm": [1, 1, 1], "interpolation": "nearest"},
    ),
    (settings_of(interpolator="sitkLinear"), {}),
    (settings_of(resegmentRange=[-50, 150]), {"resegment_range": [-50, 150]}),
    (settings_of(resegmentRange=[0]), {"resegment_range": [0, None]}),
    (settings_of(resegmentRange=[-2, 2], resegmentMode="sigma"), {"resegment_sd": 2}),
    (settings_of(force2D=True), {"aggregation": "2.5d_direction_merged"}),
    (settings_of(force2D=True, weightingNorm="no_weighting"), {"aggregation": "2.5d_merged"}),
    (settings_of(weightingNorm="no_weighting"), {"aggregation": "3d_merged"}),
    # Keys that change nothing, and those that say what is so anyway.
    (
        settings_of(
            additionalInfo=True, geometryTolerance=1e-3, preCrop=True, padDistance=10, enableCExtensions=False,
            minimumROIDimensions=2, label=1, distances=[1], symmetricalGLCM=True, gldm_a=0, force2Ddimension=0,
            correctMask=False, resegmentShape=False, label_channel=0, weightingNorm=None,
        ),
        {},
    ),
    ({"imageType": {"Original": {}}}, {}),
    ({"imageType": None, "featureClass": None, "setting": None}, {}),
    (
        {"imageType": {"LoG": {"sigma": [1.0, 3.0]}}},
        {"image_types": {"original": False, "log_sigma_mm": [1.0, 3.0], "transforms": []}},
    ),
    (
        {"imageType": {"Original": None, "Wavelet": {}}},
        {"image_types": {"original": True, "wavelet": True, "transforms": []}},
    ),
    (
        {"imageType": {"Wavelet": {"wavelet": "coif1", "level": 1, "start_level": 0}}},
        {"image_types": {"original": False, "wavelet": True, "transforms": []}},
    ),
    (
        {"imageType": {key: {} for key in ("Square", "SquareRoot", "Logarithm", "Exponential", "Gradient")}},
        {
            "image_types": {
                "original": False,
                "transforms": ["square", "squareroot", "logarithm", "exponential", "gradient"],
            }
        },
    ),
    (
        {"featureClass": {"shape": None, "glcm": ["Contrast", "Correlation"], "glrlm": []}},
        {"families": ["shape", "glcm", "glrlm"], "features": {"glcm": ["Contrast", "Correlation"]}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("theirs", "ours"), TRANSLATED, ids=range(len(TRANSLATED)))
def test_a_file_has_the_same_meaning_in_our_words(theirs, ours):
    expected = {key: value for key, value in (PLAIN | ours).items() if value is not None}
    assert translated(theirs) == expected


REFUSED = [
    (settings_of(label=2), "setting.label: 2"),
    (settings_of(label_channel=1), "setting.label_channel: 1"),
    (settings_of(distances=[1, 2]), r"setting.distances: [1, 2]"),
    (settings_of(symmetricalGLCM=False), "setting.symmetricalGLCM: False"),
    (settings_of(gldm_a=1), "setting.gldm_a: 1"),
    (settings_of(force2D=True, force2Ddimension=2), "setting.force2Ddimension: 2"),
    (settings_of(correctMask=True), "setting.correctMask: True"),
    (settings_of(resegmentShape=True), "setting.resegmentShape: True"),
    (settings_of(weightingNorm="manhattan"), "setting.weightingNorm: 'manhattan'"),
    (settings_of(resampledPixelSpacing=[1, 1, 1], interpolator="sitkGaussian"), "setting.interpolator: 'sitkGaussian'"),
    (settings_of(resegmentRange=[-2, 3], resegmentMode="sigma"), "setting.resegmentMode: 'sigma'"),
    (settings_of(resegmentRange=[0, 1], resegmentMode="relative"), "setting.resegmentMode: 'relative'"),
    (settings_of(binwidth=3), "setting.binwidth: no setting of ours"),
    (settings_of(kernelRadius=2), "setting.kernelRadius: no setting of ours"),
    ({"voxelSetting": {"kernelRadius": 2}}, "voxelSetting.kernelRadius: voxel-wise"),
    ({"imageType": {"LBP3D": {}}}, "imageType.LBP3D: not translated"),
    ({"imageType": {"LoG": {"sigma": [1.0], "binWidth": 5}}}, "imageType.LoG.binWidth: settings of one image type"),
    ({"imageType": {"Square": {"binWidth": 5}}}, "imageType.Square.binWidth: settings of one image type"),
    ({"imageType": {"Wavelet": {"wavelet": "haar"}}}, "imageType.Wavelet: only"),
    ({"imageType": {"Wavelet": {"level": 2}}}, "imageType.Wavelet: only"),
]


@pytest.mark.parametrize(("theirs", "problem"), REFUSED, ids=[problem for _, problem in REFUSED])
def test_what_has_no_meaning_in_our_words_is_named(theirs, problem):
    _, problems = translate(theirs)
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_all_problems_are_told_at_once(tmp_path):
    path = tmp_path / "params.yaml"
    types = {"LBP2D": {}, "Wavelet": {"level": 3}, "Original": {}}
    path.write_text(yaml.safe_dump({"setting": {"label": 2, "binwidth": 3}, "imageType": types}, sort_keys=False))
    with pytest.raises(ConfigError, match=r"params\.yaml") as caught:
        load_radiomics_settings(str(path))
    keys = ("setting.label", "setting.binwidth", "imageType.LBP2D", "imageType.Wavelet")
    assert [str(caught.value).count(key) for key in keys] == [1, 1, 1, 1]


# In the form of the examples that pyradiomics ships for CT and MR.
EXAMPLE_CT = """
imageType:
  Original: {}
  LoG:
    sigma: [1.0, 2.0, 3.0]  # in mm
  Wavelet: {}
featureClass:
  shape:
  firstorder:  # without values: all features
  glcm:
    - Autocorrelation
    - JointAverage
setting:
  binWidth: 25
  interpolator: sitkBSpline
  resampledPixelSpacing: [1, 1, 1]
  voxelArrayShift: 1000  # of the lowest intensity of CT
  label: 1
"""
EXAMPLE_MR = """
imageType:
  Original:
featureClass:
  firstorder: []
setting:
  normalize: true
  normalizeScale: 100
  preCrop: true
  force2D: true
  force2Ddimension: 0
  binWidth: 5
  voxelArrayShift: 300
  minimumROIDimensions: 2
  minimumROISize: 50
"""


def test_a_file_is_read_as_settings(tmp_path):
    path = tmp_path / "ct.yaml"
    path.write_text(EXAMPLE_CT)
    ct = load_radiomics_settings(str(path))
    assert ct.image_types.names[:4] == ("original", "log-sigma-1-0-mm-3D", "log-sigma-2-0-mm-3D", "log-sigma-3-0-mm-3D")
    assert len(ct.image_types.names) == 12
    assert ct.chosen_families == ("shape", "firstorder", "glcm")
    assert ct.features == {"glcm": ("Autocorrelation", "JointAverage")}
    assert (ct.engine, ct.definition, ct.interpolation) == ("native", "pyradiomics", "cubic")
    path.write_text(EXAMPLE_MR)
    mr = load_radiomics_settings(str(path))
    assert (mr.normalise.sd, mr.normalise.clip_sd) == (100, None)
    assert (mr.aggregation, mr.min_voxels, mr.energy_shift) == ("2.5d_direction_merged", 51, 300)
    assert mr.features == {}


def test_bands_by_slice_are_refused_not_replaced(tmp_path):
    # With force2D pyradiomics has four bands by slice, which are not those in space.
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump({"setting": {"force2D": True}, "imageType": {"Wavelet": {}}}))
    with pytest.raises(ConfigError, match=r"image_types\.wavelet has four bands by slice"):
        load_radiomics_settings(str(path))


@pytest.mark.parametrize(
    ("data", "theirs"),
    [
        ({"setting": {}}, True),
        ({"imageType": {}, "featureClass": {}, "setting": {}, "voxelSetting": {}}, True),
        ({"setting": {}, "bin_width": 3}, False),
        ({"bin_width": 3}, False),
        ({}, False),
    ],
)
def test_their_files_are_known_by_their_sections(data, theirs):
    assert is_pyradiomics(data) == theirs


def test_the_file_is_left_as_it_was():
    data = {"setting": {"binWidth": 5, "label": 1}, "imageType": {"LoG": {"sigma": [1.0]}}}
    before = yaml.safe_dump(data)
    translate(data)
    assert yaml.safe_dump(data) == before
