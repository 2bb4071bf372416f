"""Are images and masks what they should be: acquisition facts, flags, overlays, features that could not be computed."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.report import text
from radiogenomics.report.load import Run

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
OUTLIER_SCORE = 3.5  # modified z-score of Iglewicz and Hoaglin
MIN_FOR_OUTLIERS = 10
SPACING_FACTOR = 2.0
FACTS = {"manufacturer": "manufacturer", "model": "model", "kernel": "kernel"}
MEASURES = {
    "spacing_x_mm": "in-plane spacing, mm",
    "spacing_z_mm": "slice spacing, mm",
    "slice_thickness_mm": "slice thickness, mm",
    "kvp": "tube voltage, kV",
    "field_strength_t": "field strength, T",
    "transducer_mhz": "transducer frequency, MHz",
    "roi_volume_ml": "region volume, ml",
}


@dataclass(frozen=True)
class Overlay:
    """One picture of the gallery; ``png`` is base64, empty if the file cannot be shown."""

    patient: str
    image: str
    roi: str
    flags: Sequence[str]
    png: str
    problem: str = ""


def section(run: Run, max_overlays: int) -> dict[str, Any]:
    """Quality table, acquisition summary, gallery and feature counts for the template."""
    features = feature_counts(run.features)
    if run.images is None:
        return {"rows": None, "none": "images" in run.without, "features": features}
    images = run.images.reset_index(drop=True)
    flags = image_flags(images, unusual_facts(run.acquisition))
    order = sorted(
        images.index, key=lambda k: (not flags[k], images["patient_id"][k], images["image_id"][k], images["roi"][k])
    )
    gallery, n_patients = overlays(run.folder, images, flags, order, max_overlays)
    return {
        "rows": [_row(images.iloc[k], flags[k]) for k in order],
        "n_images": len(images),
        "n_patients": int(images["patient_id"].nunique()),
        "n_flagged": sum(bool(found) for found in flags),
        "acquisition": acquisition(images),
        "gallery": gallery,
        "n_gallery_patients": n_patients,
        "features": features,
        "outlier_score": OUTLIER_SCORE,
        "spacing_factor": SPACING_FACTOR,
    }


def unusual_facts(acquisition: pd.DataFrame | None) -> dict[str, list[str]]:
    """What is unusual in how each image was acquired, beside what is typical."""
    found: dict[str, list[str]] = {}
    if acquisition is not None:
        for row in acquisition[acquisition["outlier"]].itertuples():
            name = str(row.fact).replace("_", " ")
            found.setdefault(str(row.image_id), []).append(
                f"{name} {str(row.value) or 'missing'}, usually {row.typical!s}"
            )
    return found


def image_flags(images: pd.DataFrame, unusual: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """List what to look at in each row: mask, volume and spacing, repairs, acquisition, the same voxels elsewhere."""
    flags: list[list[str]] = [[] for _ in range(len(images))]
    border, components, holes, one_slice, notes = (
        images[f"roi_{name}"].tolist() for name in ("touches_border", "components", "holes", "one_slice", "notes")
    )
    volume, spacing = _volume_outliers(images), _spacing_outliers(images)
    twins = _twins(images)
    for k in range(len(images)):
        if border[k]:
            flags[k].append("touches border")
        if components[k] > 1:
            flags[k].append(f"{components[k]} components")
        if one_slice[k]:
            flags[k].append("one slice")
        if holes[k]:
            flags[k].append(f"{holes[k]} cavities" if holes[k] > 1 else "1 cavity")
        if volume[k]:
            flags[k].append("outlier in volume")
        if spacing[k]:
            flags[k].append("unusual spacing")
        if twins[k]:
            flags[k].append(f"same voxels as {twins[k]}")
        flags[k] += [done for done in (images["repairs"][k], notes[k]) if done]
        flags[k] += unusual.get(str(images["image_id"][k]), [])
    return flags


def acquisition(images: pd.DataFrame) -> list[dict[str, Any]]:
    """Scanner facts of each role: counts of names, median and range of numbers, how many are unknown."""
    summary = []
    for (role, modality), part in images.groupby(["role", "modality"], observed=True):
        facts = [(label, _named(part[column])) for column, label in FACTS.items()]
        facts += [(label, _measured(part[column])) for column, label in MEASURES.items()]
        summary.append(
            {"role": str(role), "modality": str(modality), "n": len(part), "facts": [f for f in facts if f[1]]}
        )
    return summary


def overlays(
    folder: Path, images: pd.DataFrame, flags: Sequence[Sequence[str]], order: Sequence[int], limit: int
) -> tuple[list[Overlay], int]:
    """Overlays of at most ``limit`` patients, flagged ones first, and the number of patients shown."""
    patients = list(dict.fromkeys(str(images["patient_id"][k]) for k in order))[:limit]
    shown = set(patients)
    chosen = [k for k in order if str(images["patient_id"][k]) in shown]
    return [_overlay(folder, images.iloc[k], flags[k]) for k in chosen], len(patients)


def read_png(folder: Path, relative: str) -> tuple[str, str]:
    """Read a PNG below ``folder`` as base64, or an empty string and what is wrong with it."""
    path = Path(relative)
    if not relative:
        return "", "no overlay was written"
    if path.is_absolute() or ".." in path.parts:
        return "", "the overlay lies outside the results folder"
    if not (folder / path).is_file():
        return "", f"file is missing: {relative}"
    content = (folder / path).read_bytes()
    if not content.startswith(PNG_SIGNATURE):
        return "", f"not a PNG file: {relative}"
    return base64.b64encode(content).decode("ascii"), ""


def feature_counts(features: pd.DataFrame | None) -> dict[str, Any] | None:
    """Features by image type and family, and values that are missing by reason."""
    if features is None or features.empty:
        return None
    distinct = features[["image_type", "family", "feature"]].drop_duplicates()
    table = pd.crosstab(distinct["image_type"].astype(str), distinct["family"].astype(str))
    table = table.loc[sorted(table.index, key=lambda name: (name != "original", name))]
    notes = features.loc[features["note"].astype(str) != "", "note"].astype(str).value_counts()
    reasons = sorted(((str(note), int(n)) for note, n in notes.items()), key=lambda row: (-row[1], row[0]))
    return {
        "families": [str(name) for name in table.columns],
        "rows": [(str(name), [int(n) for n in counts], int(sum(counts))) for name, *counts in table.itertuples()],
        "total": len(distinct),
        "n_values": len(features),
        "missing": reasons,
    }


def _volume_outliers(images: pd.DataFrame) -> list[bool]:
    outlier = np.zeros(len(images), dtype=bool)
    logarithm = np.log(images["roi_volume_ml"].where(images["roi_volume_ml"] > 0))
    for _, rows in images.groupby(["role", "roi"], observed=True).indices.items():
        values = logarithm.to_numpy()[rows]
        centre = np.nanmedian(values) if np.isfinite(values).any() else np.nan
        spread = np.nanmedian(np.abs(values - centre)) if np.isfinite(values).any() else np.nan
        if len(rows) >= MIN_FOR_OUTLIERS and spread > 0:
            outlier[rows] = 0.6745 * np.abs(values - centre) / spread > OUTLIER_SCORE
    return [bool(value) for value in outlier]


def _spacing_outliers(images: pd.DataFrame) -> list[bool]:
    unusual = np.zeros(len(images), dtype=bool)
    for column in ("spacing_x_mm", "spacing_z_mm"):
        ratio = images[column] / images.groupby("role", observed=True)[column].transform("median")
        unusual |= ((ratio >= SPACING_FACTOR) | (ratio <= 1 / SPACING_FACTOR)).to_numpy()
    return [bool(value) for value in unusual]


def _twins(images: pd.DataFrame) -> list[str]:
    """For each row another image with the same voxels, if there is one."""
    by_hash: dict[str, list[str]] = {}
    for voxels, image in zip(images["voxel_hash"], images["image_id"], strict=True):
        if voxels and image not in by_hash.setdefault(voxels, []):
            by_hash[voxels].append(image)
    pairs = zip(images["voxel_hash"], images["image_id"], strict=True)
    return [next((other for other in by_hash.get(voxels, []) if other != image), "") for voxels, image in pairs]


def _row(image: pd.Series, flags: Sequence[str]) -> Mapping[str, Any]:
    spacing = " × ".join(text.general(image[f"spacing_{axis}_mm"], 3) for axis in "xyz")
    size = " × ".join(text.count(image[name]) for name in ("n_columns", "n_rows", "n_slices"))
    scanner = " ".join(part for part in (image["manufacturer"], image["model"]) if part)
    region = f"{image['role']} · {image['roi']}"
    measures = (
        text.general(image["roi_volume_ml"], 3),
        text.count(image["roi_voxels"]),
        text.count(image["roi_slices"]),
    )
    return {
        "patient": image["patient_id"],
        "flags": list(flags),
        "names": [
            (image["image_id"], region),
            (scanner or text.MISSING, image["kernel"] or text.MISSING),
            (spacing, size),
        ],
        "measures": measures,
    }


def _overlay(folder: Path, image: pd.Series, flags: Sequence[str]) -> Overlay:
    png, problem = read_png(folder, str(image["overlay"]))
    return Overlay(str(image["patient_id"]), str(image["image_id"]), str(image["roi"]), list(flags), png, problem)


def _named(values: pd.Series) -> str:
    counts = values.where(values != "", "unknown").value_counts()
    rows = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    if len(rows) == 1 and rows[0][0] == "unknown":
        return ""
    return ", ".join(f"{name} ({n})" for name, n in rows[:8]) + (f" and {len(rows) - 8} more" if len(rows) > 8 else "")


def _measured(values: pd.Series) -> str:
    known = values.dropna().astype("float64")
    if known.empty:
        return ""
    unknown = f"; unknown in {len(values) - len(known)}" if len(known) < len(values) else ""
    low, high = text.general(known.min(), 3), text.general(known.max(), 3)
    if low == high:
        return f"{low}{unknown or ' in all'}"
    return f"median {text.general(known.median(), 3)} ({low} to {high}){unknown}"
