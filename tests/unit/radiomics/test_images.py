"""Images as SimpleITK reads them, NIfTI without it; what cannot be read says why."""

import gzip
import struct

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, strategies as st

from radiogenomics.errors import MissingFileError
from radiogenomics.radiomics import images
from radiogenomics.radiomics.errors import GridMismatchError, NotFiniteError, UnreadableImageError
from radiogenomics.radiomics.images import Image, read_image, read_mask, require_finite

TYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"]
SHAPE = (4, 5, 6)
ANGLE = np.deg2rad(20)
OBLIQUE = np.array([[np.cos(ANGLE), -np.sin(ANGLE), 0], [np.sin(ANGLE), np.cos(ANGLE), 0], [0, 0, 1]])
SPACING_MM = (0.7, 0.9, 2.5)


def numbers(dtype, shape=SHAPE):
    """Any numbers of a type, its limits among them."""
    random = np.random.default_rng(7)
    if np.dtype(dtype).kind == "f":
        values = random.normal(0, 1000, shape).astype(dtype)
    else:
        limits = np.iinfo(dtype)
        values = random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
        values.flat[:2] = limits.min, limits.max
    return values


def nifti(path, array, *, direction=OBLIQUE, origin=(-50, 20, 300), order="<", qform=True, sform=True, **fields):
    """A NIfTI file as nibabel writes it; ``array`` is (x, y, z)."""
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = direction * SPACING_MM, origin
    image = nib.Nifti1Image(array, affine, nib.Nifti1Header(endianness=order))
    image.header.set_data_dtype(array.dtype.newbyteorder(order))
    image.header.set_xyzt_units("mm")
    image.set_qform(affine if qform else None, code=int(qform))
    image.set_sform(affine if sform else None, code=int(sform))
    for key, value in fields.items():
        image.header[key] = value
    nib.save(image, path)
    return path


@pytest.fixture
def without_itk(monkeypatch):
    """Refuse to read by SimpleITK, so that a test fails where a plain file is not read as one."""
    monkeypatch.setattr(images, "_read_by_itk", lambda path: pytest.fail(f"{path.name} is read by ITK"))


def same(image, path):
    """Whether an image is the one that SimpleITK reads."""
    expected = sitk.ReadImage(str(path))
    direction = np.reshape(expected.GetDirection(), (3, 3))
    np.testing.assert_array_equal(image.array, sitk.GetArrayFromImage(expected))
    np.testing.assert_allclose(image.spacing_mm, expected.GetSpacing()[::-1], rtol=1e-6)
    np.testing.assert_allclose(image.matrix[:3, :3], direction * expected.GetSpacing(), atol=1e-5)
    np.testing.assert_allclose(image.matrix[:3, 3], expected.GetOrigin(), atol=1e-4)
    np.testing.assert_array_equal(image.matrix[3], [0, 0, 0, 1])
    return image.array.dtype.isnative


@pytest.mark.parametrize("suffix", ["nii", "nii.gz", "NII.GZ"])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", TYPES)
def test_plain_nifti_is_what_simpleitk_reads(tmp_path, without_itk, dtype, order, suffix):
    path = nifti(tmp_path / "v.nii.gz", numbers(dtype), order=order)
    if suffix != "nii.gz":
        data = path.read_bytes()
        path = tmp_path / f"w.{suffix}"
        path.write_bytes(gzip.decompress(data) if suffix == "nii" else data)
    image = read_image(path)
    readable = path
    if suffix == "NII.GZ":
        readable = tmp_path / "v.nii.gz"
    assert same(image, readable)
    assert image.array.dtype == np.dtype(dtype)


@given(
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    angles=st.tuples(*[st.floats(-3, 3)] * 3),
    flips=st.tuples(*[st.sampled_from([-1, 1])] * 3),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_grids_of_any_direction_are_those_of_simpleitk(tmp_path_factory, shape, angles, flips, origin):
    turns = []
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        one, other = [each for each in range(3) if each != axis]
        turn[np.ix_([one, other], [one, other])] = [
            [np.cos(angle), -np.sin(angle)],
            [np.sin(angle), np.cos(angle)],
        ]
        turns.append(turn)
    direction = np.linalg.multi_dot(turns) * flips
    path = tmp_path_factory.getbasetemp() / "any.nii"
    nifti(path, numbers("i2", shape), direction=direction, origin=origin)
    with path.open("rb") as file:
        image = images._plain_nifti(file)
    assert same(image, path)


@pytest.mark.parametrize(("slope", "intercept"), [(2.0, 0.0), (0.5, -1024.0), (1.0, 7.0), (-1.0, 0.0)])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
def test_slope_and_intercept_are_applied(tmp_path, without_itk, dtype, slope, intercept):
    stored = numbers(dtype) if dtype != "f4" else np.rint(numbers(dtype))
    path = nifti(tmp_path / "v.nii.gz", stored)
    data = bytearray(gzip.decompress(path.read_bytes()))
    data[112:120] = struct.pack("<2f", slope, intercept)
    path.write_bytes(gzip.compress(bytes(data)))
    found = read_image(path)
    np.testing.assert_allclose(found.array, stored.T * slope + intercept, rtol=1e-6)
    assert same(found, path)


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 0.0), (0.0, 5.0), (1.0, 0.0), (np.nan, np.nan), (np.inf, 3)])
def test_slopes_that_mean_none_leave_numbers_as_they_are(tmp_path, slope, intercept):
    stored = numbers("i2")
    path = nifti(tmp_path / "v.nii.gz", stored)
    data = bytearray(gzip.decompress(path.read_bytes()))
    data[112:120] = struct.pack("<2f", slope, intercept)
    path.write_bytes(gzip.compress(bytes(data)))
    found = read_image(path).array
    assert np.array_equal(found, stored.T)
    assert found.dtype == np.int16


@pytest.mark.parametrize("kept", [0, 3, 0.1, 0.5, 0.9, -1])
@pytest.mark.parametrize("suffix", ["nii", "nii.gz"])
def test_a_file_that_is_cut_off_is_refused(tmp_path, kept, suffix):
    whole = nifti(tmp_path / f"whole.{suffix}", numbers("i2")).read_bytes()
    end = kept if isinstance(kept, int) else int(kept * len(whole))
    (tmp_path / f"cut.{suffix}").write_bytes(whole[:end])
    with pytest.raises(UnreadableImageError, match=rf"^cut\.{suffix}: not readable as an image: "):
        read_image(tmp_path / f"cut.{suffix}")


def test_compressed_data_that_is_damaged_is_refused(tmp_path):
    path = nifti(tmp_path / "v.nii.gz", numbers("i2", (20, 20, 20)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableImageError, match=r"^v\.nii\.gz: "):
        read_image(path)


SHEARED = OBLIQUE @ np.array([[1, 0.2, 0], [0, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("qform only", {"sform": False}),
        ("microns", {"xyzt_units": 3}),
        ("metres", {"xyzt_units": 1}),
    ],
)
def test_unusual_nifti_is_what_simpleitk_reads(tmp_path, name, options):
    path = nifti(tmp_path / "v.nii.gz", numbers("i2"), **options)
    assert same(read_image(path), path)


def test_sheared_axes_are_refused(tmp_path):
    path = nifti(tmp_path / "v.nii.gz", numbers("i2"), direction=SHEARED, qform=False)
    with pytest.raises(UnreadableImageError, match=r"^v\.nii\.gz: "):
        read_image(path)


@pytest.mark.parametrize(
    ("array", "problem"), [(numbers("i2", (4, 5)), "2 dimensions"), (numbers("i2", (4, 5, 6, 2)), "4 dimensions")]
)
def test_images_that_are_not_volumes_are_refused(tmp_path, array, problem):
    nib.save(nib.Nifti1Image(array, np.eye(4)), tmp_path / "v.nii.gz")
    with pytest.raises(UnreadableImageError, match=problem):
        read_image(tmp_path / "v.nii.gz")


def test_colours_are_refused(tmp_path):
    sitk.WriteImage(sitk.GetImageFromArray(numbers("u1", (4, 5, 6, 3)), isVector=True), str(tmp_path / "v.nrrd"))
    with pytest.raises(UnreadableImageError, match=r"3 channel\(s\)"):
        read_image(tmp_path / "v.nrrd")


@pytest.mark.parametrize("suffix", ["nrrd", "mha"])
@pytest.mark.parametrize("dtype", TYPES)
def test_other_formats_are_read_too(tmp_path, dtype, suffix):
    stored = Image(numbers(dtype), (2.5, 0.9, 0.7), np.eye(4)).array
    image = sitk.GetImageFromArray(stored)
    image.SetSpacing(SPACING_MM)
    image.SetDirection(OBLIQUE.ravel())
    image.SetOrigin((1, 2, 3))
    path = tmp_path / f"v.{suffix}"
    sitk.WriteImage(image, str(path))
    found = read_image(path)
    assert same(found, path)
    assert found.array.dtype == np.dtype(dtype)


def test_an_image_goes_to_simpleitk_and_back(tmp_path):
    path = nifti(tmp_path / "v.nii.gz", numbers("f4"))
    image = read_image(path)
    sitk.WriteImage(image.to_itk(), str(tmp_path / "w.nrrd"))
    back = read_image(tmp_path / "w.nrrd")
    assert np.array_equal(back.array, image.array)
    np.testing.assert_allclose(back.matrix, image.matrix, atol=1e-9)
    np.testing.assert_allclose(back.spacing_mm, image.spacing_mm)


def test_a_file_that_is_not_there_and_one_that_is_something_else(tmp_path):
    with pytest.raises(MissingFileError, match=r"no\.nii\.gz"):
        read_image(tmp_path / "no.nii.gz")
    for name in ("text.nii", "text.nii.gz", "text.nrrd"):
        (tmp_path / name).write_text("no image " * 100)
        with pytest.raises(UnreadableImageError, match=name):
            read_image(tmp_path / name)


@pytest.fixture
def pair(tmp_path):
    """An image in memory and a function that writes a mask for it."""
    volume = nifti(tmp_path / "v.nii.gz", numbers("i2"))
    image = read_image(volume)

    def mask(array=None, **options):
        return nifti(tmp_path / "m.nii.gz", np.ones(SHAPE, "u1") if array is None else array, **options)

    return image, volume, mask


@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
def test_every_value_but_zero_is_the_region(pair, dtype):
    image, volume, mask = pair
    labels = np.zeros(SHAPE, dtype)
    labels[1, 2, 3], labels[0, 1, 1] = 1, 100
    region = read_mask(mask(labels), image, volume)
    assert region.dtype == bool
    assert np.array_equal(region, (labels > 0).T)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"origin": (-50, 20.01, 300)}, r"corners lie up to 0\.01 mm apart"),
        ({"direction": OBLIQUE * [1, 1, -1]}, "corners lie up to"),
        ({"direction": np.eye(3)}, "corners lie up to"),
        ({"array": np.ones((4, 5, 5), "u1")}, r"\(4, 5, 5\) voxels against \(4, 5, 6\)"),
        ({"array": np.ones((6, 5, 4), "u1")}, r"\(6, 5, 4\) voxels against \(4, 5, 6\)"),
    ],
)
def test_a_mask_on_another_grid_is_refused_with_both_names(pair, options, problem):
    image, volume, mask = pair
    with pytest.raises(GridMismatchError, match=rf"^m\.nii\.gz is not on the grid of v\.nii\.gz: {problem}"):
        read_mask(mask(**options), image, volume)


def test_a_rounding_of_the_grid_is_let_pass(pair):
    image, volume, mask = pair
    assert read_mask(mask(origin=(-50.0004, 20, 300.0005)), image, volume).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_counted(tmp_path, bad):
    values = numbers("f4")
    require_finite(tmp_path, values)
    values[0, 0, :2] = bad
    with pytest.raises(NotFiniteError, match=r"^v\.nii: 2 voxel\(s\)"):
        require_finite(tmp_path / "v.nii", values)
    require_finite(tmp_path, numbers("i4"))
