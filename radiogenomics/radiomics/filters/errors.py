"""Why an image cannot be filtered."""

from radiogenomics.errors import RadiomicsError


class ImageTooSmallForFilterError(RadiomicsError):
    """The image has fewer voxels along an axis than the filter needs."""

    reason = "image_too_small_for_filter"

    def __init__(self, name: str, shape: tuple[int, ...], minimum: tuple[int, ...]) -> None:
        self.name, self.shape, self.minimum = name, shape, minimum
        super().__init__(
            f"{name} needs an image of at least {_by(minimum)} voxels (z, y, x), this one has {_by(shape)}",
            hint="leave out the filter, or choose a smaller scale or a finer interpolation grid",
        )


class BlankImageError(RadiomicsError):
    """The image is zero everywhere, so that its intensities cannot be scaled by the largest."""

    reason = "blank_image"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name}: every voxel of the image is zero", hint="check the conversion of the image")


class UnknownKernelError(RadiomicsError):
    """A filter is asked for with a kernel, wavelet or band that does not exist."""

    reason = "unknown_kernel"

    def __init__(self, filter_name: str, wanted: str, expected: str) -> None:
        self.filter_name, self.wanted, self.expected = filter_name, wanted, expected
        super().__init__(
            f"{filter_name}: {wanted!r} is not {expected}",
            hint="name what applies along x, y and z, in this order, or along x and y for a filter by slice",
        )


class UnequalSpacingError(RadiomicsError):
    """The voxels of a plane are not square, and the filter is defined for square ones."""

    reason = "unequal_spacing"

    def __init__(self, name: str, spacing_mm: tuple[float, float, float]) -> None:
        self.name, self.spacing_mm = name, spacing_mm
        super().__init__(
            f"{name} needs equal spacing in each plane it filters; this image has {_by(spacing_mm)} mm (z, y, x)",
            hint="interpolate to isotropic voxels, or leave out the orthogonal planes",
        )


def _by(sizes: tuple[float, ...]) -> str:
    return " × ".join(f"{size:g}" for size in sizes)
