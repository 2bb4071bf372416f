"""The filtered images that settings ask for, in a region's box, and how much of the image they look at."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from radiogenomics.boxes import Box
from radiogenomics.config import filters as settings_of
from radiogenomics.config.extraction import RadiomicsSettings
from radiogenomics.radiomics.boxes import Reach, response_in_box
from radiogenomics.radiomics.filters import gabor, laws, log, mean, pyradiomics, riesz, simoncelli, wavelets
from radiogenomics.radiomics.region import FloatArray

Spacing = tuple[float, float, float]
Image = npt.NDArray[Any]

WAVELET = "coif1"
LOG_CUTOFF_SIGMAS = 4.0
INTENSITY_TRANSFORMS = {
    "square": pyradiomics.square,
    "squareroot": pyradiomics.square_root,
    "logarithm": pyradiomics.logarithm,
    "exponential": pyradiomics.exponential,
}


@dataclass(frozen=True)
class Response:
    """Filtered images that are computed together.

    ``compute`` takes the image and a box in it, (z, y, x) slices, and gives names and values in the box. A value
    depends on the image ``reach`` voxels around it; where that goes beyond the border of a ``periodic`` filter, on the
    far side of the image.
    """

    names: tuple[str, ...]
    compute: Callable[[Image, Box], Iterator[tuple[str, FloatArray]]]
    reach: Reach
    periodic: bool = False


def responses(settings: RadiomicsSettings, spacing_mm: Spacing) -> list[Response]:
    """The filters of the settings for an image of this spacing (z, y, x), by the settings' definition."""
    chosen = settings.image_types
    names = dict(zip(chosen.log_sigma_mm, chosen.log_names, strict=True))
    if settings.definition == "pyradiomics":
        found = [_recursive_log(name, sigma, spacing_mm) for sigma, name in names.items()]
        if chosen.wavelet:
            reach = pyradiomics.wavelet_reach(name=WAVELET)
            found.append(Response(chosen.wavelet_names, _bands, reach, periodic=True))
        return found + [_transform(name, spacing_mm) for name in chosen.transforms]
    wanted: list[settings_of.Filter] = [
        settings_of.LaplacianOfGaussian(name=name, kind="log", sigma_mm=sigma, cutoff_sigmas=LOG_CUTOFF_SIGMAS)
        for sigma, name in names.items()
    ]
    if chosen.wavelet:
        wanted += [
            settings_of.Wavelet(name=name, kind="wavelet", wavelet=WAVELET, band=name.rpartition("-")[2])
            for name in chosen.wavelet_names
        ]
    return [_of_ibsi(each, spacing_mm) for each in (*wanted, *chosen.filters)]


def _recursive_log(name: str, sigma_mm: float, spacing_mm: Spacing) -> Response:
    def compute(image: Image, box: Box) -> Iterator[tuple[str, FloatArray]]:
        yield name, pyradiomics.log(image, sigma_mm=sigma_mm, spacing_mm=spacing_mm, box=box)

    return Response((name,), compute, pyradiomics.log_reach(sigma_mm=sigma_mm, spacing_mm=spacing_mm))


def _transform(name: str, spacing_mm: Spacing) -> Response:
    """A transform of single intensities, which looks at the largest of the whole image, or the gradient."""
    of_gradient = partial(pyradiomics.gradient, spacing_mm=spacing_mm)
    function = of_gradient if name == "gradient" else INTENSITY_TRANSFORMS[name]

    def compute(image: Image, box: Box) -> Iterator[tuple[str, FloatArray]]:
        yield name, function(image, box=box)

    return Response((name,), compute, (1, 1, 1) if name == "gradient" else None)


def _bands(image: Image, box: Box) -> Iterator[tuple[str, FloatArray]]:
    for band, values in pyradiomics.wavelet(image, name=WAVELET, box=box):
        yield f"wavelet-{band}", values


def _of_ibsi(wanted: settings_of.Filter, spacing_mm: Spacing) -> Response:
    response, reach, periodic = _parts(wanted, spacing_mm)

    def compute(image: Image, box: Box) -> Iterator[tuple[str, FloatArray]]:
        yield wanted.name, response_in_box(response, image, box=box, reach=reach, periodic=periodic)

    return Response((wanted.name,), compute, reach, periodic)


def _parts(wanted: settings_of.Filter, spacing_mm: Spacing) -> tuple[Callable[[FloatArray], FloatArray], Reach, bool]:
    """A filter with its parameters bound, its reach, and whether it takes the image as periodic."""
    options = wanted.model_dump(exclude={"name", "kind"})
    boundary = options.get("boundary")
    periodic = boundary == "periodic"
    match wanted:
        case settings_of.Mean():
            return partial(mean.response, **options), mean.reach(**_without(options, "boundary")), periodic
        case settings_of.Laws():
            return partial(laws.response, **options), laws.reach(**_without(options, "boundary")), periodic
        case settings_of.Wavelet():
            return partial(wavelets.response, **options), wavelets.reach(**_without(options, "boundary")), periodic
        case settings_of.LaplacianOfGaussian():
            options |= {"spacing_mm": spacing_mm}
            if (order := options.pop("riesz")) is not None:
                return partial(riesz.response_of_log, order=order, **options), None, True
            return partial(log.response, **options), log.reach(**_without(options, "boundary")), periodic
        case settings_of.Simoncelli():
            if (order := options.pop("riesz")) is not None:
                return partial(riesz.response_of_simoncelli, order=order, **options), None, True
            return partial(simoncelli.response, **options), None, True
        case settings_of.Gabor():
            angles = np.deg2rad(options.pop("angles_degrees"))
            reach = gabor.reach(**_without(options, "boundary", "wavelength_mm", "pooling"), spacing_mm=spacing_mm)
            return partial(gabor.response, angles=angles, spacing_mm=spacing_mm, **options), reach, periodic


def _without(options: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key not in keys}
