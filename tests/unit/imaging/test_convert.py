"""The two commands for single files, through the command line."""

import numpy as np
import pytest
import SimpleITK as sitk

from radiogenomics.cli import main
from radiogenomics.errors import EXIT_BAD_INPUT
from tests.unit.imaging.synthetic import grid, oblique, write_rtstruct, write_series


@pytest.fixture
def study(tmp_path):
    place = grid(direction=oblique())
    headers = write_series(tmp_path / "ct", place=place)
    corners = [(2.5, 2.5), (2.5, 9.5), (9.5, 9.5), (9.5, 2.5)]
    contour = place.to_lps([(4, *corner) for corner in corners])
    write_rtstruct(
        tmp_path / "rs.dcm",
        {"GTV": [contour]},
        frame_of_reference=headers[0].FrameOfReferenceUID,
        instances=[headers[4].SOPInstanceUID],
    )
    return tmp_path


def convert(study):
    return main(["imaging", "convert", "--series", f"{study}/ct", "--volume", f"{study}/p1.nii.gz"])


def mask(study, segmentation="rs.dcm", roi="GTV"):
    files = [
        "--segmentation",
        f"{study}/{segmentation}",
        "--volume",
        f"{study}/p1.nii.gz",
        "--mask",
        f"{study}/m.nii.gz",
    ]
    return main(["imaging", "mask", *files, "--roi", roi])


@pytest.mark.parametrize("sidecar", [True, False])
def test_volume_and_mask(study, sidecar):
    assert convert(study) == 0
    if not sidecar:
        (study / "p1.json").unlink()
    assert mask(study) == 0
    found = sitk.GetArrayFromImage(sitk.ReadImage(str(study / "m.nii.gz")))
    expected = np.zeros(grid().shape)
    expected[4, 3:10, 3:10] = 1
    assert np.array_equal(found, expected)


def test_sidecar_keeps_a_foreign_segmentation_out(study, capsys):
    corners = [(2.5, 2.5), (2.5, 9.5), (9.5, 9.5), (9.5, 2.5)]
    contour = grid(direction=oblique()).to_lps([(4, *corner) for corner in corners])
    write_rtstruct(study / "foreign.dcm", {"GTV": [contour]}, frame_of_reference="1.2.3", instances=["1.2.4"])
    convert(study)
    assert mask(study, "foreign.dcm") == EXIT_BAD_INPUT
    assert "another frame of reference" in capsys.readouterr().err
    assert not (study / "m.nii.gz").exists()


def test_refusals_exit_with_their_hint(study, capsys):
    (study / "ct" / "series_004.dcm").unlink()
    assert convert(study) == EXIT_BAD_INPUT
    assert "1 slice(s) missing" in capsys.readouterr().err
    assert not (study / "p1.nii.gz").exists()
    assert mask(study) == EXIT_BAD_INPUT
    assert "volume not found" in capsys.readouterr().err
