"""Batches of images before and after harmonisation, and markers that go with the batch, from the audits' tables."""

from typing import Any

import pandas as pd

from radiogenomics import tables
from radiogenomics.report import site_figures, text
from radiogenomics.report.load import Run

# A batch effect is counted at this p, feature by feature and not adjusted for their number.
LEVEL = 0.05


def section(run: Run) -> dict[str, Any] | None:
    """What the template shows; None if nothing was harmonised."""
    features, patients = run.audits.harmonisation, run.audits.harmonised
    asked = settings(run)
    if features is None or patients is None or not asked:
        return None
    return {
        **asked,
        "volume_kept": asked.get("keep_volume") and run.thresholds.volume_feature is not None,
        "analyses": [
            _analysis(part, patients[patients["analysis"] == name], str(asked["batch"]))
            for name, part in features.groupby("analysis", sort=True)
        ],
        "level": LEVEL,
        "aliases": aliases(run),
    }


def settings(run: Run) -> dict[str, Any]:
    """Settings of the harmonisation; empty if there was none."""
    for record in run.provenance.get("association", ()):
        asked = record.get("settings", {}).get("harmonise") or {}
        if asked.get("method", "none") != "none":
            return dict(asked)
    return {}


def aliases(run: Run) -> list[dict[str, Any]]:
    """Tested markers that go with the batch up to the limit or beyond, the strongest first."""
    rows, batch = run.audits.confounding, settings(run).get("batch")
    if rows is None or batch is None:
        return []
    found = rows[(rows["kind"] == "marker") & (rows["confounder"] == batch) & (rows["verdict"] != "")]
    found = found.sort_values("strength", ascending=False, kind="stable")
    return [
        {"marker": row["name"], "strength": text.number(row["strength"]), "refused": row["verdict"] == "refuse"}
        for row in found.drop_duplicates("name").to_dict("records")
    ]


def words(run: Run) -> str:
    """Sentences of the methods text; empty if nothing was harmonised."""
    asked = settings(run)
    if not asked:
        return ""
    kept = [str(name) for name in asked.get("keep", ())]
    if asked.get("keep_volume") and run.thresholds.volume_feature is not None:
        kept.insert(0, f"log {run.thresholds.volume_feature}")
    what = "means" if asked.get("mean_only") else "means and variances"
    towards = f"batch {asked['reference']}" if asked.get("reference") else "their weighted mean"
    return (
        f" Before that, {what} of the features by {asked['batch']} were harmonised by ComBat (parametric empirical"
        f" Bayes; Johnson, Li and Rabinovic 2007), towards {towards},"
        f" {f'keeping what follows {text.joined(kept)}' if kept else 'with no covariate kept'}; markers took no part."
    )


def _analysis(features: pd.DataFrame, patients: pd.DataFrame, batch: str) -> dict[str, Any]:
    used = patients[patients["reason"] == ""]
    sizes = used["batch"].value_counts().sort_index()
    largest = sizes.sort_values(ascending=False, kind="stable").index[: site_figures.MAX_BATCHES].sort_values()
    number = {str(name): place for place, name in enumerate(largest)}
    rest = len(largest)
    drawn = used.dropna(subset=["pc2_before", "pc2_after"])
    places = [number.get(str(name), rest) for name in drawn["batch"]]
    panels = [
        list(zip(drawn[f"pc1_{when}"].astype(float), drawn[f"pc2_{when}"].astype(float), places, strict=True))
        for when in ("before", "after")
    ]
    keys = [(place, f"{name} ({text.count(sizes[name])})") for name, place in number.items()]
    if len(sizes) > rest:
        keys.append((rest, f"{site_figures.OTHER} ({text.count(sizes.drop(largest).sum())})"))
    changed = features[features["reason"] == ""]
    return {
        "analysis": features["analysis"].iloc[0],
        "panels": site_figures.components(panels[0], panels[1], batch) if len(drawn) else [],
        "keys": [site_figures.batch_key(place, words) for place, words in keys],
        "n_features": len(features),
        "n_changed": len(changed),
        "n_patients": len(used),
        "n_batches": len(sizes),
        "smallest": int(sizes.min()),
        "rows": [
            {
                "what": what,
                **{
                    when: f"{text.count((features[f'{column}_{when}'] < LEVEL).sum())} "
                    f"({text.percent((features[f'{column}_{when}'] < LEVEL).mean())})"
                    for when in ("before", "after")
                },
            }
            for what, column in (("means differ (ANOVA)", "p"), ("spreads differ (Levene)", "levene_p"))
        ],
        "shift": [text.number(changed[name].median()) for name in ("shift_raw", "shift")],
        "spread": [text.number(changed[name].median()) for name in ("spread_raw", "spread")],
        "left": [
            (reason, text.plural(int(n), "feature"))
            for reason in tables.HARMONISATION_REASONS[1:]
            if (n := (features["reason"] == reason).sum())
        ],
        "without": [
            (reason, text.plural(int(n), "patient"))
            for reason in tables.LEFT_OUT_REASONS[2:]
            if (n := (patients["reason"] == reason).sum())
        ],
    }
