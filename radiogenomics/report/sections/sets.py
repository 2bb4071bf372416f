"""Tests of the variants of a gene as a set: what was found by which method, QQ plots, and what was done in words."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from radiogenomics import tables
from radiogenomics.report import figures, hits, text
from radiogenomics.report.load import Run

MAX_ROWS = 24
# Like features of one set would fill the table.
MAX_PER_SET = 4
NAMES = {"burden": "burden", "skat": "SKAT", "skat_o": "SKAT-O", "acat": "ACAT"}
PAIR = ["analysis", "feature", "gene", "mask"]


def section(run: Run) -> dict[str, Any] | None:
    """Families, panels and leading tests for the template; None if sets were not tested."""
    found = run.audits
    if found.set_summary is None or found.set_results is None:
        return None
    rows = found.set_summary.to_dict("records")
    fullest = [name for name in tables.ADJUSTMENTS if (found.set_summary["adjustment"] == name).any()][-1:]
    return {
        "names": NAMES,
        "methods": [name for name in tables.SET_METHODS if (found.set_summary["method"] == name).any()],
        "masks": tuple(found.settings.get("sets", {}).get("masks", ())),
        "adjustment": "".join(fullest),
        "families": [{**row, "method": NAMES[row["method"]]} for row in rows],
        "n_sets": max((row["n_sets"] for row in rows), default=0),
        "any_tested": any(row["n_tested"] for row in rows),
        "reasons": _reasons(found.set_results),
        "qq": [] if found.set_quantiles is None else _qq(found.set_summary, found.set_quantiles, "".join(fullest)),
        **_leading(found.set_results, "".join(fullest), run.thresholds.alpha),
    }


def _reasons(results: pd.DataFrame) -> list[tuple[str, int]]:
    """Why tests among the rows were not made, the commonest first."""
    counts = results.loc[results["flag"] != "", "flag"].value_counts()
    return [(str(reason), int(n)) for reason, n in counts.items()]


def _qq(summary: pd.DataFrame, quantiles: pd.DataFrame, adjustment: str) -> list[dict[str, Any]]:
    """A panel for each method under the fullest adjustment, by analysis."""
    found = []
    for analysis, part in summary[(summary["adjustment"] == adjustment) & (summary["n_tested"] > 0)].groupby(
        "analysis"
    ):
        drawn, names = [], []
        for row in part.to_dict("records"):
            own = (quantiles[["analysis", "adjustment", "method"]] == [analysis, adjustment, row["method"]]).all(axis=1)
            drawn.append((_family(row), hits.binned_quantiles(quantiles[own])))
            names.append(NAMES[row["method"]])
        found.append({"analysis": str(analysis), "panels": figures.qq_panels(drawn, names)})
    return found


def _family(row: Mapping[Any, Any]) -> hits.Family:
    counts = {name: int(row[name]) for name in ("n_pairs", "n_tested", "n_hits", "n_genes", "n_gene_hits")}
    return hits.Family(
        row["analysis"],
        row["adjustment"],
        **counts,
        cutoff=float("nan"),
        inflation=float(row["inflation"]),
        n_low=0,
        n_high=0,
    )


def _leading(results: pd.DataFrame, adjustment: str, alpha: float) -> dict[str, Any]:
    """Pairs of feature and set with the smallest q by any method, with p of every method."""
    own = results[results["adjustment"] == adjustment]
    best = own[own["q_two_level"] < alpha].sort_values(["q_two_level", "neg_log10_p"], ascending=[True, False])
    best = best.drop_duplicates(PAIR)
    shown = best[best.groupby(["analysis", "gene", "mask"], sort=False).cumcount() < MAX_PER_SET].head(MAX_ROWS)
    by_method = own.set_index([*PAIR, "method"])["neg_log10_p"]
    rows = []
    for row in shown.to_dict("records"):
        key = tuple(row[name] for name in PAIR)
        heights = {name: by_method.get((*key, name)) for name in tables.SET_METHODS}
        rows.append({**row, "p": {name: text.p_value(height) for name, height in heights.items()}})
    return {"rows": [{**row, "q": text.q_value(row["q_two_level"])} for row in rows], "n_hits": len(best)}


def words(run: Run) -> str:
    """Paragraph of the methods text; empty where sets were not tested."""
    found = run.audits
    if found.set_summary is None or "sets" not in found.settings:
        return ""
    rules = found.settings["sets"]
    a, b = (text.general(value) for value in rules["weights"])
    parts = {
        "burden": "the weighted sum of copies by Student's t",
        "skat": "SKAT (Wu 2011), whose p is that of the ratio of quadratic forms, exact for normal residuals",
        "skat_o": "SKAT-O (Lee 2012) over eight mixtures of both, with the p of the smallest of their exact p-values"
        " from the joint normal distribution",
        "acat": "the Cauchy combination (Liu 2019) of burden, SKAT and single variants",
    }
    named = "; ".join(parts[name] for name in rules["methods"])
    return (
        f"Sets of variants. The variants of a gene in the mask {text.joined(rules['masks'], 'or')} were tested together"
        f" against the residuals of each rank-normalised feature on the covariates: {named}. Copies of the rarer allele"
        f" were weighted by the Beta({a}, {b}) density of its frequency among the patients tested; missing genotypes"
        " were set to the mean of the variant, and patients of whom the gene was not assayed were left out. A set was"
        f" tested with at least {text.plural(rules['min_variants'], 'variant')} and"
        f" {text.plural(rules['min_copies'], 'copy', 'copies')}. P-values were adjusted on two levels, as those of"
        " pairs, within one analysis, adjustment and method."
    )
