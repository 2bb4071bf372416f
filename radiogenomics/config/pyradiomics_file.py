"""A parameter file of pyradiomics, in the words of our settings."""

from collections.abc import Callable, Mapping
from typing import Any

SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")
INTERPOLATORS = {"sitkNearestNeighbor": "nearest", "sitkLinear": "linear", "sitkBSpline": "cubic"}
# Keys that change no value of ours: bookkeeping, and how much of the image is kept, which we choose by the filters.
WITHOUT_EFFECT = (
    "additionalInfo",
    "geometryTolerance",
    "preCrop",
    "padDistance",
    "enableCExtensions",
    "minimumROIDimensions",
)
# Keys that have one value that we can reproduce.
FIXED: dict[str, tuple[object, ...]] = {
    "label": (1,),
    "label_channel": (0,),
    "distances": ([1],),
    "symmetricalGLCM": (True,),
    "gldm_a": (0,),
    "force2Ddimension": (0,),
    "correctMask": (False,),
    "resegmentShape": (False,),
}
TRANSFORMS = ("Square", "SquareRoot", "Logarithm", "Exponential", "Gradient")
WAVELET: dict[str, object] = {"wavelet": "coif1", "level": 1, "start_level": 0}
Problems = list[str]


def is_pyradiomics(data: Mapping[str, Any]) -> bool:
    """Whether a mapping has the sections of a pyradiomics parameter file and no key of ours."""
    return bool(data) and set(data) <= set(SECTIONS)


def translate(data: Mapping[str, Any]) -> tuple[dict[str, Any], Problems]:
    """Our settings with the same meaning, and a line for each key that has none.

    Parameters
    ----------
    data
        The file's content: `setting`, `imageType` and `featureClass`, each of which may be missing.
    """
    problems: Problems = [
        f"voxelSetting.{key}: voxel-wise extraction is not translated" for key in data.get("voxelSetting") or {}
    ]
    ours: dict[str, Any] = {"definition": "pyradiomics", "min_voxels": 1}
    ours |= _settings(dict(data.get("setting") or {}), problems)
    ours["image_types"] = _image_types(data.get("imageType") or {"Original": {}}, problems)
    classes = data.get("featureClass") or {}
    if classes:
        ours["families"] = list(classes)
        ours["features"] = {family: list(names) for family, names in classes.items() if names}
    return ours, problems


def _settings(theirs: dict[str, Any], problems: Problems) -> dict[str, Any]:
    def take(key: str, default: object = None) -> Any:  # noqa: ANN401 - what YAML holds
        value = theirs.pop(key, None)
        return default if value is None else value

    for key in WITHOUT_EFFECT:
        theirs.pop(key, None)
    for key, allowed in FIXED.items():
        if (value := take(key, allowed[0])) not in allowed:
            problems.append(f"setting.{key}: {value!r} is not translated, only {allowed[0]!r} is")
    ours: dict[str, Any] = {"energy_shift": take("voxelArrayShift", 0)}
    count, width = take("binCount"), take("binWidth", 25)
    ours |= {"bin_count": count} if count is not None else {"bin_width": width}
    scale, outliers = take("normalizeScale", 1), take("removeOutliers")
    if take("normalize", False):
        ours["normalise"] = {"sd": scale, "clip_sd": outliers}
    if (size := take("minimumROISize")) is not None:
        ours["min_voxels"] = int(size) + 1
    ours |= _resampling(take("resampledPixelSpacing"), take("interpolator", "sitkBSpline"), problems)
    ours |= _resegmentation(take("resegmentRange"), take("resegmentMode", "absolute"), problems)
    ours["aggregation"] = _aggregation(take("force2D", False), take("weightingNorm"), problems)
    problems += [f"setting.{key}: no setting of ours has this meaning" for key in theirs]
    return ours


def _resampling(spacing: Any, interpolator: Any, problems: Problems) -> dict[str, Any]:  # noqa: ANN401
    if spacing is None:
        return {}
    if interpolator not in INTERPOLATORS:
        problems.append(
            f"setting.interpolator: {interpolator!r} is not translated, only {', '.join(INTERPOLATORS)} are"
        )
        return {}
    return {"resampled_spacing_mm": spacing, "interpolation": INTERPOLATORS[interpolator]}


def _resegmentation(bounds: Any, mode: Any, problems: Problems) -> dict[str, Any]:  # noqa: ANN401
    if bounds is None:
        return {}
    low, high = (*bounds, None)[:2]
    if mode == "absolute":
        return {"resegment_range": [low, high]}
    if mode == "sigma" and high is not None and low == -high:
        return {"resegment_sd": high}
    problems.append(f"setting.resegmentMode: {mode!r} with the range {bounds} is not translated")
    return {}


def _aggregation(flat: bool, norm: str | None, problems: Problems) -> str:
    if norm not in (None, "no_weighting"):
        problems.append(f"setting.weightingNorm: {norm!r} is not translated, only 'no_weighting' is")
    merged = norm == "no_weighting"
    if flat:
        return "2.5d_merged" if merged else "2.5d_direction_merged"
    return "3d_merged" if merged else "3d_averaged"


def _image_types(theirs: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    known: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "Original": lambda _: {"original": True},
        "LoG": lambda own: {"log_sigma_mm": own.pop("sigma", [])},
        "Wavelet": lambda own: {"wavelet": all(own.pop(key, value) == value for key, value in WAVELET.items())},
    }
    ours: dict[str, Any] = {"original": False, "transforms": []}
    for name, custom in theirs.items():
        rest = dict(custom or {})
        if name in TRANSFORMS:
            ours["transforms"].append(name.lower())
        elif name in known:
            ours |= known[name](rest)
        else:
            problems.append(f"imageType.{name}: not translated, only {', '.join((*known, *TRANSFORMS))} are")
            continue
        if name == "Wavelet" and not ours["wavelet"]:
            problems.append(f"imageType.Wavelet: only {WAVELET} is translated")
        problems += [f"imageType.{name}.{key}: settings of one image type are not translated" for key in rest]
    return ours
