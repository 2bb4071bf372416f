"""How features were extracted, in the words of a paper."""

from collections.abc import Mapping
from typing import Any

from radiogenomics.report import text
from radiogenomics.report.load import Run

Record = Mapping[str, Any]


def words(run: Run) -> str:
    """Paragraph on extraction; empty if nothing is known of it."""
    presets = {key: value for settings in run.settings("radiomics") for key, value in _presets(settings)}
    if not presets and run.features is None:
        return ""
    n = (
        f"{text.count(run.features['feature'].nunique())} features were"
        if run.features is not None
        else "Features were"
    )
    if "images" in run.without:
        return f"Radiomics. {n} taken from finished tables, as they stand; the study has no images."
    start = f"Radiomics. {n} extracted from each region."
    return " ".join([start, *(_preset(name, preset) for name, preset in sorted(presets.items())), _selftest(run)])


def _selftest(run: Run) -> str:
    if run.selftest is None:
        return ""
    agreeing, all_values = text.count(run.selftest["agrees"].sum()), text.count(len(run.selftest))
    return (
        f"On the machine of this run the native engine gave {agreeing} of {all_values} values of the IBSI-1 digital"
        " phantom within the tolerance of their consensus."
    )


def _presets(settings: Record) -> list[tuple[str, Record]]:
    """Find extraction settings by modality, whether the record holds one set or several."""
    if "families" in settings or "bin_width" in settings:
        return [("All images", settings)]
    if isinstance(nested := settings.get("settings"), dict):
        return _presets(nested)
    return [(str(key), value) for key, value in settings.items() if isinstance(value, dict)]


def _preset(name: str, preset: Record) -> str:
    parts = []
    if "engine" in preset:
        standard = "the IBSI-1 reference manual" if preset.get("definition") == "ibsi" else "pyradiomics 3"
        own = "native engine" if preset["engine"] == "native" else "pyradiomics"
        parts.append(f"{own}, features as defined by {standard}")
    if preset.get("bin_width") is not None:
        origin = preset.get("bin_origin")
        start = "" if origin is None else f" from {text.general(origin)}"
        parts.append(f"fixed bin width of {text.general(preset['bin_width'])}{start}")
    if preset.get("bin_count") is not None:
        parts.append(f"{preset['bin_count']} bins")
    if spacing := preset.get("resampled_spacing_mm"):
        size = " × ".join(text.general(value) for value in spacing)
        parts.append(f"resampled to {size} mm ({preset.get('interpolation', 'cubic')})")
    elif "resampled_spacing_mm" in preset:
        parts.append("at the image's own spacing")
    if scale := preset.get("normalise"):
        parts.append(f"image scaled to mean 0 and SD {text.general(scale['sd'])}")
    low, high = preset.get("resegment_range") or (None, None)
    if low is not None or high is not None:
        ends = [f"{word} {text.general(end)}" for word, end in (("from", low), ("to", high)) if end is not None]
        parts.append(f"intensities {' '.join(ends)} kept")
    if preset.get("resegment_sd"):
        parts.append(f"intensities farther than {text.general(preset['resegment_sd'])} SD from the mean left out")
    if "aggregation" in preset:
        parts.append(f"texture matrices {preset['aggregation'].replace('_', ' ')}")
    if types := preset.get("image_types"):
        parts.append(f"image types: {text.joined(_image_types(types))}")
    if families := preset.get("families"):
        parts.append(f"families: {text.joined(families)}")
    if "min_voxels" in preset:
        parts.append(f"regions of fewer than {preset['min_voxels']} voxels refused")
    return f"{name}: {'; '.join(parts)}." if parts else ""


def _image_types(types: Record) -> list[str]:
    names = ["original"] if types.get("original") else []
    if sigmas := types.get("log_sigma_mm"):
        names.append(f"Laplacian of Gaussian (sigma {', '.join(text.general(sigma) for sigma in sigmas)} mm)")
    names += ["wavelet (coif1, eight sub-bands)"] if types.get("wavelet") else []
    return [*names, *types.get("transforms", ()), *(str(each["name"]) for each in types.get("filters", ()))]
