"""The results: headline numbers, families of tests, markers with hits, QQ plots, and every row for the browser."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from radiogenomics import tables
from radiogenomics.report import columns, figures, hits, text
from radiogenomics.report.load import Run
from radiogenomics.report.sections.attrition import patient_counts

MAX_MARKERS = 25
NUMBERS = ("estimate", "ci_low", "ci_high", "neg_log10_p", "volume_rho")
COUNTS = ("n", "n_missing")
NAMES = ("analysis", "feature", "marker", "adjustment", "flag")


def section(run: Run) -> dict[str, Any]:
    """Headline, families, markers and QQ plots for the template."""
    found = hits.families(run.results, run.thresholds.alpha, run.summary)
    markers = hits.by_marker(run.results, run.thresholds.alpha)
    missing = hits.not_tested(run.results, run.summary)[list(run.adjustments)]
    with_hits = len({row.marker for row in markers if any(row.hits.values())})
    return {
        "families": found,
        "markers": [marker_row(run.results, row) for row in markers[:MAX_MARKERS]],
        "n_markers_with_hits": with_hits,
        "n_marker_rows": len(markers),
        "qq": _qq(run, found),
        "not_tested": [(str(reason), [int(n) for n in row]) for reason, *row in missing.itertuples()],
        "adjustments": run.adjustments,
        "with_volume": run.thresholds.volume_feature is not None,
        "formulas": formulas(run),
        "share_taken": share_taken(run),
        "starred": any(f.n_tested and not f.n_hits for f in found),
        **headline(run, found, missing),
    }


def headline(run: Run, found: Sequence[hits.Family], missing: pd.DataFrame) -> dict[str, Any]:
    """Collect the few numbers that the page starts with."""
    enrolled, analysed = patient_counts(run)
    pair = hits.pair_of_row(run.results)
    explained = hits.explained_rows(run.results)
    counts = {adjustment: _hits([f for f in found if f.adjustment == adjustment]) for adjustment in tables.ADJUSTMENTS}
    present = [adjustment for adjustment in tables.ADJUSTMENTS if any(f.adjustment == adjustment for f in found)]
    untested = [adjustment for adjustment in present if counts[adjustment] is None]
    comparable = (
        run.thresholds.volume_feature is not None and counts["crude"] is not None and counts["volume"] is not None
    )
    return {
        "enrolled": enrolled,
        "analysed": analysed,
        "n_features": len(run.results["feature"].cat.categories),
        "n_markers": len(run.results["marker"].cat.categories),
        "n_pairs": sum({f.analysis: f.n_pairs for f in found}.values()),
        "n_kept": int(pair[-1]) + 1 if pair.size else 0,
        "kept_below": run.thresholds.keep_p_below,
        "n_rows": len(run.results),
        "n_analyses": len(run.analyses),
        "hits": {adjustment: counts[adjustment] for adjustment in present},
        "genes": _genes(run),
        "any_tested": any(f.n_tested for f in found),
        "reasons": {adjustment: hits.main_reason(missing, adjustment) for adjustment in untested},
        "reason": hits.main_reason(missing),
        "n_explained": len(set(pair[explained].tolist())) if comparable else None,
        "n_max": max((f.n_high for f in found), default=0),
    }


WORDS = {"crude": "without adjustment", "volume": "after adjustment for volume", "full": "with all covariates"}


def sentence(numbers: Mapping[str, Any], alpha: float) -> str:
    """Put the run in one sentence, or in two where a adjustment could not be tested."""
    if not numbers["n_pairs"]:
        return f"{_patients(numbers)}The results table holds no pair."
    pairs = f"{_patients(numbers)}{'of' if _patients(numbers) else 'Of'} {_pairs(numbers)}"
    if not numbers["any_tested"]:
        return f"{pairs}, no pair could be tested (main reason: {numbers['reason']})."
    counts = [
        f"{text.count(n)}{_of_genes(numbers['genes'].get(name, 0))} {WORDS[name]}"
        for name, n in numbers["hits"].items()
        if n is not None
    ]
    are = "is" if [n for n in numbers["hits"].values() if n is not None] == [1] else "are"
    found = (
        f"{pairs}, {text.joined(counts)} {are} associated at a false discovery rate of genes of {text.percent(alpha)}."
    )
    untested = [
        f" No pair could be tested {WORDS[adjustment]} (main reason: {reason})."
        for adjustment, reason in numbers["reasons"].items()
    ]
    return found + "".join(untested)


def _genes(run: Run) -> dict[str, int]:
    """Distinct genes with a hit, by adjustment."""
    found = run.results.loc[hits.is_hit(run.results, run.thresholds.alpha), ["adjustment", "gene"]].astype(str)
    return {str(name): int(n) for name, n in found.groupby("adjustment")["gene"].nunique().items()}


def _of_genes(n: int) -> str:
    return f" in {text.plural(n, 'gene')}" if n else ""


def _patients(numbers: Mapping[str, Any]) -> str:
    """Start of the sentence; empty if nothing is known of patients."""
    if numbers["enrolled"] is not None:
        analysed = f"{text.count(numbers['analysed'])} {'was' if numbers['analysed'] == 1 else 'were'} analysed"
        end = "; " if numbers["n_pairs"] else ". "
        return f"Of {text.plural(numbers['enrolled'], 'patient')} enrolled, {analysed}{end}"
    return f"In up to {text.plural(numbers['n_max'], 'patient')}, " if numbers["n_max"] else ""


def _pairs(numbers: Mapping[str, Any]) -> str:
    if numbers["kept_below"] is not None:  # the rows do not show all features and markers
        return f"{text.plural(numbers['n_pairs'], 'pair')} of imaging feature and genomic marker"
    features = text.plural(numbers["n_features"], "imaging feature")
    markers = text.plural(numbers["n_markers"], "genomic marker")
    analyses = f" in {numbers['n_analyses']} analyses" if numbers["n_analyses"] > 1 else ""
    return f"{text.plural(numbers['n_pairs'], 'pair')} of {features} and {markers}{analyses}"


def formulas(run: Run) -> dict[str, str]:
    """Right-hand side of each adjustment that was made in words."""
    volume = f"log {run.thresholds.volume_feature}" if run.thresholds.volume_feature else "log volume"
    if run.covariates is None:
        further = " + covariates not on record"
    else:
        fixed = [name for name in run.covariates if name != run.thresholds.random_effect]
        further = "".join(f" + {name}" for name in fixed) or " (no further covariate)"
    tested = "feature" if run.thresholds.model == "logistic" else "carrier"
    if run.thresholds.model == "mixed":
        tested = f"(1 | {run.thresholds.random_effect or 'relatedness'}) + {tested}"
    if run.thresholds.volume_feature is None:
        return {name: tested if name == "crude" else f"{tested}{further}" for name in run.adjustments}
    return {"crude": tested, "volume": f"{tested} + {volume}", "full": f"{tested} + {volume}{further}"}


def share_taken(run: Run) -> str:
    """How much of a crude estimate adjustment for volume must take for a pair to count as volume-explained."""
    share = run.thresholds.explained_share
    return "most" if share is None else f"more than {text.percent(share)}"


def marker_row(results: pd.DataFrame, row: hits.MarkerHits) -> dict[str, Any]:
    """One line of the table of markers."""
    best = results.iloc[row.best] if row.best is not None else None
    return {
        "analysis": row.analysis,
        "marker": row.marker,
        "n_carriers": row.n_carriers,
        "n_tested": row.n_tested,
        "hits": row.hits,
        "explained": row.volume_explained,
        "feature": best["feature"] if best is not None else "",
        "adjustment": best["adjustment"] if best is not None else "",
        "estimate": interval(best),
        "q": text.q_value(best["q_two_level"]) if best is not None else text.MISSING,
    }


def interval(row: pd.Series | None) -> str:
    """Estimate with its 95 % interval, if it has one."""
    if row is None or pd.isna(row["estimate"]):
        return text.MISSING
    if pd.isna(row["ci_low"]):
        return text.number(row["estimate"])
    return f"{text.number(row['estimate'])} ({text.number(row['ci_low'])} to {text.number(row['ci_high'])})"


def encoded(run: Run) -> list[columns.Column]:
    """Every row of the results as columns for the browser.

    ``state`` is 1 for a hit plus 2 for a pair that volume explains: decided here, on the exact q, not on its float32.
    """
    results = run.results
    packed = [columns.strings(name, results[name]) for name in NAMES]
    packed += [columns.number(name, results[name].to_numpy(dtype="float64", na_value=float("nan"))) for name in NUMBERS]
    packed += [columns.count(name, results[name].to_numpy()) for name in COUNTS]
    carriers = results["n_carriers"].to_numpy(dtype="float64", na_value=float("nan"))
    whole = columns.number if pd.isna(carriers).any() else columns.count  # those of a marker that is a number miss
    packed.append(whole("n_carriers", carriers))
    packed.append(columns.number("neg_log10_q", hits.neg_log10(results["q_two_level"])))
    state = hits.is_hit(results, run.thresholds.alpha) + 2 * hits.explained_rows(results).astype("uint8")
    return [*packed, columns.count("state", state)]


def browser_data(run: Run, packed: Sequence[columns.Column], found: Sequence[hits.Family]) -> dict[str, Any]:
    """Collect what the page's script needs beside the columns; a number that is missing is null."""
    return {
        "alpha": run.thresholds.alpha,
        "unit": run.effect.unit,
        "axis": run.effect.axis,
        "rows": len(run.results),
        "adjustments": [
            adjustment for adjustment in tables.ADJUSTMENTS if any(f.adjustment == adjustment for f in found)
        ],
        "columns": columns.describe(packed),
        "families": [
            {
                "analysis": f.analysis,
                "adjustment": f.adjustment,
                "tested": f.n_tested,
                "genes": f.n_genes,
                "hits": f.n_hits,
                "cutoff": _finite(f.cutoff),
            }
            for f in found
        ],
    }


def _hits(found: Sequence[hits.Family]) -> int | None:
    """Hits of one adjustment over all analyses; None if it tested nothing."""
    return sum(f.n_hits for f in found) if any(f.n_tested for f in found) else None


def _qq(run: Run, found: Sequence[hits.Family]) -> list[dict[str, Any]]:
    """Panels by analysis: from the rows, or from the table of quantiles where these are not all pairs."""
    rows = {(analysis, adjustment): part for analysis, adjustment, part in hits.by_family(run.results)}
    drawn: dict[str, list[tuple[hits.Family, tuple[hits.Floats, ...]]]] = {}
    for family in found:
        if not family.n_tested:
            continue
        if run.thresholds.keep_p_below is None:
            part = rows[family.analysis, family.adjustment]
            points = hits.quantiles(part["neg_log10_p"].to_numpy(dtype="float64", na_value=float("nan")))
        elif run.quantiles is not None:
            bins = run.quantiles
            points = hits.binned_quantiles(
                bins[(bins["analysis"] == family.analysis) & (bins["adjustment"] == family.adjustment)]
            )
        else:
            continue
        drawn.setdefault(family.analysis, []).append((family, points))
    return [{"analysis": name, "panels": figures.qq_panels(panels)} for name, panels in drawn.items()]


def _finite(value: float) -> float | None:
    return value if value == value and abs(value) != float("inf") else None
