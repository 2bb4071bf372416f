"""What could explain a hit: confounders, like features, too few patients, chance, the site; from the audits' tables."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.report import figures, hits, text
from radiogenomics.report.load import Run
from radiogenomics.report.sections import chance, copies, harmonisation

STATED = ("max_association", "max_r2", "cluster_rho", "exchange_within", "site")
SYMBOLS = dict(zip(tables.MEASURES, ("ρ", "η²", "V", "R²"), strict=True))


def section(run: Run) -> dict[str, Any]:
    """Tables and figures for the template; a part whose table is absent is None."""
    found = run.audits
    return {
        "settings": {name: found.settings.get(name) for name in STATED},
        "volume": run.thresholds.volume_feature,
        "badges": badges(run),
        "aliases": None if found.confounding is None else aliases(run, found.confounding),
        "n_markers": 0 if found.confounding is None else _markers(found.confounding)["name"].nunique(),
        "confounders": None if found.confounding is None else confounders(run, found.confounding),
        "clusters": None if found.redundancy is None else clusters(run, found.redundancy),
        "tests": None if found.tests is None else found.tests.to_dict("records"),
        "power": None if found.power is None else power(run, found.power),
        "permutation": None if found.permutation is None else chance.permutation(run, found.permutation),
        "controls": None if found.controls is None else chance.controls(found.controls, found.exceedance),
        "gene_sets": chance.gene_sets(found.exceedance),
        "meta": None if found.meta is None else chance.meta(found.meta, found.sites, run.effect.unit),
        "stability": None if found.stability is None else copies.stability(run, found.stability),
        "persistence": None if found.persistence is None else copies.persistence(found.persistence),
        "bounds": copies.BOUNDS,
        "fragile": copies.FRAGILE,
        "doubtful": chance.DOUBTFUL,
        "harmonisation": harmonisation.section(run),
    }


def badges(run: Run) -> dict[tuple[str, str], str]:
    """What to write beside a marker that a covariate goes with, by analysis and marker."""
    if run.audits.confounding is None:
        return {}
    rows = run.audits.confounding[run.audits.confounding["verdict"] != ""]
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows.to_dict("records"):
        names = found.setdefault((row["analysis"], row["name"]), [])
        names += ["refused"] if row["verdict"] == "refuse" and "refused" not in names else []
        names += [_confounder(run, row)] if row["measure"] != "R squared" else []
    return {
        key: ("cannot be told from " if "refused" in names else "goes with ")
        + (text.joined([name for name in names if name != "refused"] or ["the covariates together"]))
        for key, names in found.items()
    }


def aliases(run: Run, confounding: pd.DataFrame) -> list[dict[str, Any]]:
    """Markers with a verdict, those with most hits first; one line for each confounder."""
    rows = confounding[confounding["verdict"] != ""]
    is_hit = hits.is_hit(run.results, run.thresholds.alpha)
    keys = ["analysis", "marker", "adjustment"]
    counts = run.results.loc[is_hit, keys].astype(str).groupby(keys).size().to_dict()
    lines = [
        {
            "analysis": row["analysis"],
            "marker": row["name"],
            "hits": {name: counts.get((row["analysis"], row["name"], name), 0) for name in tables.ADJUSTMENTS},
            "confounder": _confounder(run, row),
            "strength": f"{SYMBOLS[row['measure']]} = {text.number(row['strength'])}",
            "n": row["n"],
            "refused": row["verdict"] == "refuse",
        }
        for row in rows.to_dict("records")
    ]
    return sorted(lines, key=lambda line: (-max(line["hits"].values()), line["analysis"], line["marker"]))


def confounders(run: Run, confounding: pd.DataFrame) -> list[dict[str, Any]]:
    """How many features follow each confounder. η² is compared with the square of the limit, as ρ² would be."""
    limit = run.audits.settings.get("max_association")
    rows = confounding[confounding["kind"] == "feature"]
    found = []
    for key, part in rows.groupby(["analysis", "confounder", "measure"], sort=True):
        analysis, confounder, measure = map(str, key)
        strength = part["strength"].abs().to_numpy(float)
        if np.isnan(strength).all():
            continue
        bound = None if limit is None else limit if measure == "Spearman rho" else limit**2
        found.append(
            {
                "analysis": analysis,
                "confounder": "volume" if confounder == run.thresholds.volume_feature else confounder,
                "measure": f"|{SYMBOLS[measure]}|" if measure == "Spearman rho" else SYMBOLS[measure],
                "n_features": len(part),
                "n_beyond": None if bound is None else int((strength >= bound).sum()),
                "bound": bound,
                "median": float(np.nanmedian(strength)),
                "largest": float(np.nanmax(strength)),
                "feature": part["name"].iloc[int(np.nanargmax(strength))],
            }
        )
    return found


def clusters(run: Run, redundancy: pd.DataFrame) -> list[dict[str, Any]]:
    """Hits of each family, and how many remain if like features of one marker count once."""
    medoid = redundancy.set_index(["analysis", "feature"])["medoid"]
    found = []
    for analysis, adjustment, part in hits.by_family(run.results):
        own = part.loc[hits.is_hit(part, run.thresholds.alpha), ["feature", "marker", "gene"]].astype(str)
        key = pd.MultiIndex.from_product([[analysis], own["feature"]])
        own["medoid"] = medoid.reindex(key).to_numpy()
        rows = redundancy[redundancy["analysis"] == analysis]
        found.append(
            {
                "analysis": analysis,
                "adjustment": adjustment,
                "n_features": len(rows),
                "n_clusters": rows.loc[rows["medoid"] != "", "medoid"].nunique() or None,
                "n_constant": int(rows["near_constant"].sum()),
                "n_hits": len(own),
                "n_distinct": None
                if (rows["medoid"] == "").any()
                else len(own[["medoid", "marker"]].drop_duplicates()),
                "n_genes": own["gene"].nunique(),
            }
        )
    return found


def power(run: Run, table: pd.DataFrame) -> list[dict[str, Any]]:
    """A figure for each analysis: carriers against the detectable effect under the fullest adjustment tested."""
    found = []
    for analysis, part in table.dropna(subset=["detectable_effect"]).groupby("analysis", sort=True):
        adjustment = [name for name in tables.ADJUSTMENTS if (part["adjustment"] == name).any()][-1]
        rows = part[part["adjustment"] == adjustment]
        is_hit = hits.is_hit(run.results, run.thresholds.alpha) & (run.results["adjustment"] == adjustment).to_numpy()
        with_hits = set(
            run.results.loc[is_hit & (run.results["analysis"] == analysis).to_numpy(), "marker"].astype(str)
        )
        points = [
            (int(row["n_carriers"]), float(row["detectable_effect"]), row["marker"] in with_hits)
            for row in rows.to_dict("records")
        ]
        found.append(
            {
                "analysis": analysis,
                "adjustment": adjustment,
                "figure": figures.power(points),
                "n": int(rows["n"].max()),
                "n_tests": int(rows["n_tests"].max()),
                "n_markers": len(rows),
                "n_all": int((table[table["analysis"] == analysis]["adjustment"] == adjustment).sum()),
                "least": rows["detectable_effect"].min(),
                "median": rows["detectable_effect"].median(),
                "events": rows["events_per_variable"].median(),
            }
        )
    return found


def words(run: Run) -> str:
    """Paragraph of the methods text; empty without an audit."""
    found, parts = run.audits, []
    if found.confounding is not None:
        volume = "volume and " if run.thresholds.volume_feature is not None else ""
        parts.append(
            f"Markers and features were compared with {volume}covariates by Spearman's rho, eta squared and "
            "bias-corrected Cramér's V"
        )
    if found.power is not None:
        parts.append("detectable effects are those found with 80 % power by a t-test at alpha over the number of tests")
    if found.redundancy is not None and "cluster_rho" in found.settings:
        parts.append(
            "features were clustered by complete linkage until any two of a cluster had |rho| of at least "
            f"{text.general(found.settings['cluster_rho'])}"
        )
    if found.permutation is not None and len(found.permutation):
        n = int(found.permutation["n_permutations"].max())
        parts.append(f"family-wise p are of max-T over {text.count(n)} permutations of the residuals")
    if found.controls is not None:
        names = sorted(set(found.controls["control"]))
        parts.append(f"the tests were repeated on negative controls ({text.joined(names)})")
    parts += copies.words(run)
    if found.meta is not None:
        parts.append("hits were estimated in each site and pooled by fixed and by random effects (REML, Hartung-Knapp)")
    return f"Audits. {'; '.join(parts)[:1].upper()}{'; '.join(parts)[1:]}." if parts else ""


def _markers(confounding: pd.DataFrame) -> pd.DataFrame:
    return confounding[confounding["kind"] == "marker"]


def _confounder(run: Run, row: Mapping[Hashable, Any]) -> str:
    if row["measure"] == "R squared":
        return "all covariates together"
    return "volume" if row["confounder"] == run.thresholds.volume_feature else str(row["confounder"])
