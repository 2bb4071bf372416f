"""A results table of small p only: counts, λ and QQ plots are those of all pairs, and the page says what is missing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from radiogenomics import tables
from radiogenomics.config.models import Report
from radiogenomics.report import hits
from radiogenomics.report.build import render
from radiogenomics.report.load import load, sort_results
from radiogenomics.report.sections import association

LIMIT, BINS = 0.05, 256
NUMBERS = ("n_pairs", "n_tested", "n_hits", "n_genes", "n_gene_hits", "inflation")


def summary_of(results):
    rows = []
    for family, (_, _, part) in zip(hits.families(results, 0.05), hits.by_family(results), strict=True):
        flags = part["flag"].astype(str)
        counts = {name: int((flags == reason).sum()) for name, reason in tables.NOT_TESTED_COUNTS.items()}
        keys = {
            name: getattr(family, name)
            for name in (
                "analysis",
                "adjustment",
                "n_pairs",
                "n_tested",
                "n_hits",
                "n_genes",
                "n_gene_hits",
                "inflation",
            )
        }
        rows.append({**keys, **counts, "n_refitted": 0, "q_exact_below": 1.0, "q_bh_exact_below": 1.0})
    return tables.SUMMARY.frame(rows)


def quantiles_of(results):
    rows = []
    for analysis, adjustment, part in hits.by_family(results):
        strength = part["neg_log10_p"].to_numpy(float, na_value=np.nan)
        bins, n = np.unique(np.floor(strength[~np.isnan(strength)] * BINS) / BINS, return_counts=True)
        share = np.cumsum(n[::-1])[::-1] / n.sum()
        keys = {"analysis": analysis, "adjustment": adjustment}
        rows += [
            keys | {"observed": a, "expected": -np.log10(b), "n": int(c)}
            for a, b, c in zip(bins, share, n, strict=True)
        ]
    return tables.QUANTILES.frame(rows)


@pytest.fixture(scope="module")
def whole(study):
    return load(study)


@pytest.fixture(scope="module")
def kept(whole):
    pair = hits.pair_of_row(whole.results)
    below = whole.results["p"].to_numpy(float, na_value=np.nan) <= LIMIT
    rows = whole.results[np.isin(pair, pair[below])].copy()
    return dataclasses.replace(
        whole,
        results=sort_results(tables.RESULTS.conform(rows.reset_index(drop=True), "kept")),
        summary=summary_of(whole.results),
        quantiles=quantiles_of(whole.results),
        thresholds=dataclasses.replace(whole.thresholds, keep_p_below=LIMIT),
    )


def test_families_are_those_of_all_pairs(whole, kept):
    expected = hits.families(whole.results, 0.05)
    assert len(kept.results) < len(whole.results)
    found = hits.families(kept.results, 0.05, kept.summary)
    for ours, theirs in zip(found, expected, strict=True):
        for name in (
            "analysis",
            "adjustment",
            "n_pairs",
            "n_tested",
            "n_hits",
            "n_genes",
            "n_gene_hits",
            "inflation",
            "cutoff",
        ):
            assert getattr(ours, name) == pytest.approx(getattr(theirs, name), nan_ok=True)
    pd.testing.assert_frame_equal(
        hits.not_tested(kept.results, kept.summary), hits.not_tested(whole.results), check_names=False
    )


def test_a_family_without_a_kept_row_is_shown(kept):
    none = dataclasses.replace(kept, results=kept.results[:0])
    found = hits.families(none.results, 0.05, none.summary)
    assert [family.n_tested for family in found] == kept.summary["n_tested"].tolist()
    assert len(association.section(none)["qq"][0]["panels"]) == len(found)


def test_binned_quantiles_lie_on_the_exact_ones(whole, kept):
    for analysis, adjustment, part in hits.by_family(whole.results):
        bins = kept.quantiles[(kept.quantiles["analysis"] == analysis) & (kept.quantiles["adjustment"] == adjustment)]
        expected, observed, low, high = hits.binned_quantiles(bins)
        exact = np.sort(part["neg_log10_p"].to_numpy(float, na_value=np.nan))
        exact = exact[~np.isnan(exact)][::-1]
        rank = np.round(10**-expected * len(exact) + 0.5).astype(int)
        assert (np.abs(exact[rank - 1] - observed) < 1.01 / BINS).all()
        assert ((low <= expected) & (expected <= high)).all()


def test_the_page_says_what_is_missing_and_counts_all(whole, kept):
    page, complete = (render(run, "t", Report()) for run in (kept, whole))
    assert "Only pairs with p of at most 0.05 under some adjustment have rows" in page
    assert "Only pairs with p of at most" not in complete
    assert "pairs kept" in page
    assert "pairs tested" in complete
    n_pairs = association.section(whole)["n_pairs"]
    assert association.section(kept)["n_pairs"] == n_pairs > association.section(kept)["n_kept"]
