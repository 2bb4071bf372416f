"""Segmentation by a program: its label map is read like any other; weights and failures are named."""

import hashlib
import sys

import numpy as np
import pytest
import SimpleITK as sitk

from radiogenomics import config
from radiogenomics.config.imaging import Imaging, Segmenter
from radiogenomics.errors import ConfigError
from radiogenomics.imaging.segmenter import SegmenterFailedError, UnknownSegmenterError, WeightsError, segment
from tests.unit.imaging.synthetic import write_series
from tests.unit.imaging.test_batch import row, run

BRIGHT = """
import sys
import SimpleITK as sitk
volume, mask, weights = sys.argv[1:]
limit = float(open(weights).read())
sitk.WriteImage(sitk.Cast(sitk.ReadImage(volume) > limit, sitk.sitkUInt8), mask)
"""


@pytest.fixture
def program(tmp_path):
    (tmp_path / "segment.py").write_text(BRIGHT)
    (tmp_path / "weights.txt").write_text("100")
    return {
        "command": f"{sys.executable} {tmp_path / 'segment.py'} {{volume}} {{mask}} {{weights}}",
        "weights": str(tmp_path / "weights.txt"),
        "sha256": hashlib.sha256(b"100").hexdigest(),
    }


def test_a_batch_measures_what_the_program_draws(tmp_path, program):
    write_series(tmp_path / "ct")
    images, failures, folder = run(
        tmp_path, [row("i1", tmp_path / "ct", "segmenter:bright", "1")], segmenters={"bright": program}
    )
    assert failures.empty
    assert sorted(path.name for path in folder.iterdir()) == ["i1.json", "i1.mask.nii.gz", "i1.nii.gz", "i1.png"]
    volume, mask = (sitk.GetArrayFromImage(sitk.ReadImage(str(folder / f"i1{end}.nii.gz"))) for end in ("", ".mask"))
    np.testing.assert_array_equal(mask > 0, volume > 100)
    assert images["roi_voxels"].tolist() == [int((volume > 100).sum())]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sha256": "0" * 64}, "segmenter_weights"),
        ({"command": f"{sys.executable} -c 'raise SystemExit(3)'"}, "segmenter_failed"),
        ({"command": "no-such-program {volume}"}, "segmenter_failed"),
        ({"command": "true"}, "segmenter_failed"),
        ({"command": "sleep 5", "timeout_s": 0.2}, "segmenter_failed"),
    ],
)
def test_a_program_that_fails_is_a_failure_of_its_image(tmp_path, program, change, reason):
    write_series(tmp_path / "ct")
    _, failures, folder = run(
        tmp_path, [row("i1", tmp_path / "ct", "segmenter:bright", "1")], segmenters={"bright": program | change}
    )
    assert failures["reason"].tolist() == [reason]
    assert str(tmp_path) not in failures["message"].iloc[0]
    assert list(folder.iterdir()) == []


def test_errors_name_the_fact(tmp_path, program):
    known = {"bright": Segmenter.model_validate(program)}
    with pytest.raises(UnknownSegmenterError, match="no segmenter 'dark' in the configuration; there are bright"):
        segment("dark", known, tmp_path / "v", tmp_path / "m")
    (tmp_path / "weights.txt").write_text("200")
    with pytest.raises(WeightsError, match=r"weights\.txt: SHA-256 is [0-9a-f]{64}, [0-9a-f]{64} is stated"):
        segment("bright", known, tmp_path / "v", tmp_path / "m")
    with pytest.raises(SegmenterFailedError, match="segmenter x: exit code 1"):
        segment("x", {"x": Segmenter(command="false")}, tmp_path / "v", tmp_path / "m")
    with pytest.raises(ConfigError, match="weights and sha256 go together"):
        config.load_section(Imaging, '{"segmenters": {"x": {"command": "c", "weights": "w"}}}')
