"""Whether features and hits repeat themselves in perturbed copies of the images."""

from typing import Any

import pandas as pd

from radiogenomics.report import text
from radiogenomics.report.load import Run
from radiogenomics.report.sections.chance import MAX_PER_MARKER, MAX_ROWS, leading

# Bounds of Koo and Li (2016) for moderate, good and excellent reliability.
BOUNDS = (0.5, 0.75, 0.9)
# A hit that fewer copies than this share of them repeat is called fragile.
FRAGILE = 0.5
STRENGTHS = {
    "rotation_degrees": "rotation of up to {}°",
    "translation_voxels": "translation of up to {} voxel along each axis",
    "volume_change": "change of the region's volume by up to {}",
}


def stability(run: Run, table: pd.DataFrame) -> list[dict[str, Any]]:
    """One analysis each: how many features of each family have a lower bound beyond common limits."""
    families = _families(run)
    limit = run.thresholds.min_icc_low
    found = []
    for analysis, part in table.groupby("analysis", sort=True):
        rows = part.assign(family=part["feature"].map(families).fillna(text.MISSING))
        found.append(
            {
                "analysis": analysis,
                "k": int(part["k"].max()),
                "n": int(part["n"].max()),
                "n_features": len(part),
                "n_passed": None if limit is None else int((part["icc_low"] >= limit).sum()),
                "limit": limit,
                "rows": [{"family": name, **_counts(own)} for name, own in rows.groupby("family", sort=True)]
                + [{"family": "all", **_counts(rows)}],
            }
        )
    return found


def _counts(rows: pd.DataFrame) -> dict[str, Any]:
    low = rows["icc_low"].to_numpy(float)
    return {
        "n": len(rows),
        "median": rows["icc"].median(),
        "least": rows["icc_low"].min(),
        "beyond": [int((low >= bound).sum()) for bound in BOUNDS],
        "unknown": int((rows["flag"] != "").sum()),
    }


def _families(run: Run) -> dict[str, str]:
    source = run.results if run.features is None else run.features
    rows = source[["feature", "family"]].astype(str).drop_duplicates("feature")
    return dict(zip(rows["feature"], rows["family"], strict=True))


def persistence(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The hits of each analysis with the smallest p, and in how many copies of the cohort they are hits again."""
    found = []
    for analysis, part in table.groupby("analysis", sort=True):
        rows = leading(part.sort_values("neg_log10_p", ascending=False, kind="stable"), MAX_ROWS)
        found.append(
            {
                "analysis": analysis,
                "adjustment": part["adjustment"].iloc[0],
                "per_marker": MAX_PER_MARKER,
                "n": len(part),
                "n_copies": int(part["n_copies"].max()),
                "n_always": int((part["share"] == 1).sum()),
                "n_fragile": int((part["share"] < FRAGILE).sum()),
                "rows": [
                    {**row, "p": text.p_value(row["neg_log10_p"]), "median_p": text.p_value(row["median_neg_log10_p"])}
                    for row in rows.to_dict("records")
                ],
            }
        )
    return found


def words(run: Run) -> list[str]:
    """Parts of the methods text."""
    audits = run.audits
    if audits.stability is None or not len(audits.stability):
        return []
    k = int(audits.stability["k"].max())
    parts = [
        f"features were extracted again from {text.plural(k, 'perturbed copy', 'perturbed copies')} of each image"
        f"{_strengths(run)}, and stability is ICC(1,1) over the copies with its 95 % interval"
    ]
    if (limit := run.thresholds.min_icc_low) is not None:
        parts.append(f"features with a lower bound below {text.general(limit)} were not tested")
    if audits.persistence is not None:
        parts.append(
            "for each hit the share of copies of the cohort is stated in which the whole analysis finds it again, with"
            " the same sign"
        )
    return parts


def _strengths(run: Run) -> str:
    options = run.audits.perturbations
    if not options:
        return ""
    stated = ["noise of the image's own level"] if options.get("noise") else []
    for name, phrase in STRENGTHS.items():
        if value := options.get(name):
            stated.append(phrase.format(text.percent(value) if name == "volume_change" else text.general(value)))
    stated += ["contours randomised by supervoxels"] if options.get("contour") else []
    return f" ({text.joined(stated)}, each drawn anew; after Zwanenburg et al. 2019)"
