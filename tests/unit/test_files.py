"""Files appear whole, with the permissions that the user's mask gives."""

import os

import pytest

from radiogenomics.files import whole_directory, whole_file, write_text


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_a_file_has_the_permissions_of_an_ordinary_one(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_text(tmp_path / "a.txt", "a")
        (tmp_path / "b.txt").write_text("b")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_an_error_leaves_the_former_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.nii.gz"
    path.write_text("old")

    def fail() -> None:
        with whole_file(path) as temporary:
            assert temporary.name.endswith(".nii.gz")
            temporary.write_text("new")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("a.nii.gz", "old")]


def test_an_error_leaves_the_former_folder_and_nothing_else(tmp_path):
    def write(content: str) -> None:
        with whole_directory(tmp_path / "d") as staging:
            (staging / "x").write_text(content)
            if content == "bad":
                raise KeyError

    write("old")
    write("new")
    with pytest.raises(KeyError):
        write("bad")
    assert [item.name for item in tmp_path.iterdir()] == ["d"]
    assert (tmp_path / "d" / "x").read_text() == "new"
