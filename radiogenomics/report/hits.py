"""What the results say, in numbers: families of tests, hits by marker, leading pairs, expected against observed p.

Every function takes the results as ``load.sort_results`` orders them.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from radiogenomics.tables import ADJUSTMENTS, NOT_TESTED_COUNTS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
MEDIAN_CHI2 = float(stats.chi2.median(1))  # 0.4549
QQ_POINTS = 400


@dataclass(frozen=True)
class Family:
    """The tests that are corrected together: those of one analysis and one adjustment.

    ``cutoff`` is the −log10 p of the weakest hit; where ``n_hits`` is 0 it is the −log10 p that a single pair would
    have needed (alpha over the number of tests; exact if genes have equally many). It is NaN when nothing was tested.
    """

    analysis: str
    adjustment: str
    n_pairs: int
    n_tested: int
    n_hits: int
    n_genes: int
    n_gene_hits: int
    cutoff: float
    inflation: float
    n_low: int
    n_high: int


@dataclass(frozen=True)
class MarkerHits:
    """Hits of one marker in one analysis; ``best`` is the row of its smallest p in the fullest adjustment tested.

    ``n_carriers`` is None for a marker that is a number. ``hits`` has None for an adjustment under which no pair of the
    marker was tested, ``volume_explained`` is None if that holds for ``crude`` or ``volume``: what was not looked for
    was not found to be absent.
    """

    analysis: str
    marker: str
    n_carriers: int | None
    n_tested: int
    hits: dict[str, int | None]
    volume_explained: int | None
    best: int | None


def is_hit(results: pd.DataFrame, alpha: float) -> Booleans:
    """Rows whose ``q_two_level`` is below ``alpha``; a missing one is not."""
    return results["q_two_level"].to_numpy(dtype=np.float64, na_value=np.nan) < alpha


def neg_log10(q: pd.Series) -> Floats:
    """Take −log10 of adjusted p-values: infinite where one underflowed to 0, NaN where it is missing."""
    values = q.to_numpy(dtype=np.float64, na_value=np.nan)
    with np.errstate(divide="ignore"):
        strength: Floats = 0.0 - np.log10(values)
    return strength


def families(results: pd.DataFrame, alpha: float, summary: pd.DataFrame | None = None) -> list[Family]:
    """Each analysis and adjustment, in the order of the categories; with the summary, counts are those of all pairs."""
    found = {
        (analysis, adjustment): _family(analysis, adjustment, part, alpha)
        for analysis, adjustment, part in by_family(results)
    }
    if summary is None:
        return list(found.values())
    rows = summary.astype({"analysis": str, "adjustment": str}).to_dict("records")
    rows.sort(key=lambda row: (row["analysis"], ADJUSTMENTS.index(row["adjustment"])))
    return [_counted(row, found.get((row["analysis"], row["adjustment"])), alpha) for row in rows]


def by_family(results: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Analysis, adjustment and rows of each family."""
    analysis, adjustment = results["analysis"].cat.codes.to_numpy(), results["adjustment"].cat.codes.to_numpy()
    for a, name in enumerate(results["analysis"].cat.categories):
        for m, adjustment_name in enumerate(ADJUSTMENTS):
            rows = np.flatnonzero((analysis == a) & (adjustment == m))
            if rows.size:
                yield str(name), adjustment_name, results.iloc[rows]


def inflation(neg_log10_p: Floats) -> float:
    """Genomic inflation factor: median of the chi-square(1) of the p-values over that of the null distribution.

    NaN when nothing was tested. Tests of one study are correlated, so it scatters around 1 more than for
    independent tests.
    """
    tested = neg_log10_p[~np.isnan(neg_log10_p)]
    if not tested.size:
        return float("nan")
    return float(np.median(stats.chi2.isf(10.0**-tested, 1)) / MEDIAN_CHI2)


def quantiles(neg_log10_p: Floats, limit: int = QQ_POINTS) -> tuple[Floats, Floats, Floats, Floats]:
    """Give expected and observed −log10 p with the 95 % band of independent uniform p-values, at about ``limit`` ranks.

    Returns
    -------
    expected, observed, low, high : (k,) float64
        Largest −log10 p first. All leading ranks are kept, the others thinned evenly on the log scale.
    """
    observed = np.sort(neg_log10_p[~np.isnan(neg_log10_p)])[::-1]
    n = observed.size
    if n == 0:
        empty = np.empty(0)
        return empty, empty, empty, empty
    half = min(n, limit // 2)
    ranks = np.unique(np.r_[np.arange(1, half + 1), np.geomspace(1, n, limit - half).round().astype(np.int64)])
    expected = -np.log10((ranks - 0.5) / n)
    low, high = (-np.log10(stats.beta.ppf(q, ranks, n - ranks + 1)) for q in (0.975, 0.025))
    return expected, observed[ranks - 1], low, high


def binned_quantiles(bins: pd.DataFrame, limit: int = QQ_POINTS) -> tuple[Floats, Floats, Floats, Floats]:
    """The same from bins of −log10 p, ``observed`` at their lower end and ``n`` tests in each."""
    ordered = bins.sort_values("observed", ascending=False)
    ranks, observed = np.cumsum(ordered["n"].to_numpy(np.int64)), ordered["observed"].to_numpy(np.float64)
    wanted = np.unique(np.searchsorted(ranks, np.geomspace(ranks[0], ranks[-1], limit)))
    ranks, n = ranks[wanted], int(ranks[-1])
    low, high = (-np.log10(stats.beta.ppf(q, ranks, n - ranks + 1)) for q in (0.975, 0.025))
    return -np.log10((ranks - 0.5) / n), observed[wanted], low, high


def pair_of_row(results: pd.DataFrame) -> Integers:
    """Give each row the number of its pair (analysis, feature, marker), counted from 0."""
    if not len(results):
        return np.empty(0, dtype=np.int64)
    changed = np.zeros(len(results), dtype=bool)
    for column in ("analysis", "feature", "marker"):
        codes = results[column].cat.codes.to_numpy()
        changed[1:] |= codes[1:] != codes[:-1]
    return np.cumsum(changed).astype(np.int64)


def explained_rows(results: pd.DataFrame) -> Booleans:
    """Rows of pairs that volume explains, under every adjustment of the pair."""
    pair = pair_of_row(results)
    marked = results["volume_explained"].to_numpy(dtype=bool)
    return np.isin(pair, pair[marked])


def by_marker(results: pd.DataFrame, alpha: float) -> list[MarkerHits]:
    """Markers with hits under the fullest adjustment first, then by their smallest p."""
    hit, explained = is_hit(results, alpha), explained_rows(results)
    strength = _strength(results)
    keys = results["analysis"].cat.codes.to_numpy().astype(np.int64) * len(results["marker"].cat.categories)
    keys = keys + results["marker"].cat.codes.to_numpy()
    order = np.argsort(keys, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(keys[order])) + 1) if order.size else []
    arrays = _Arrays(
        results["adjustment"].cat.codes.to_numpy(),
        results["n_carriers"].to_numpy(dtype=np.float64, na_value=np.nan),
        hit,
        explained,
        strength,
    )
    rows = [_marker(results, rows, arrays) for rows in groups]
    return sorted(rows, key=lambda row: _rank(row, strength))


def leading_pairs(results: pd.DataFrame, limit: int, per_marker: int) -> list[Integers]:
    """Rows of the pairs with the smallest p under any adjustment, at most ``per_marker`` pairs of one marker."""
    pair, strength = pair_of_row(results), _strength(results)
    if not pair.size:
        return []
    starts = np.flatnonzero(np.r_[True, np.diff(pair) > 0])
    best = np.maximum.reduceat(strength, starts)
    markers = results["marker"].cat.codes.to_numpy()
    taken: dict[int, int] = {}
    chosen: list[Integers] = []
    for number in np.argsort(-best, kind="stable"):
        marker = int(markers[starts[number]])
        if not np.isfinite(best[number]) or len(chosen) == limit:
            break
        if taken.get(marker, 0) < per_marker:
            taken[marker] = taken.get(marker, 0) + 1
            end = starts[number + 1] if number + 1 < starts.size else pair.size
            chosen.append(np.arange(starts[number], end))
    return chosen


def not_tested(results: pd.DataFrame, summary: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count the pairs that were not tested: a row for each reason, a column for each adjustment."""
    if summary is not None:
        counts = summary.groupby(summary["adjustment"].astype(str))[list(NOT_TESTED_COUNTS)].sum().T
        counts = counts.rename(index=NOT_TESTED_COUNTS).reindex(columns=list(ADJUSTMENTS), fill_value=0)
        return counts[counts.any(axis=1)].sort_index()
    flags = results.loc[results["flag"] != "", ["flag", "adjustment"]]
    return pd.crosstab(flags["flag"].astype(str), flags["adjustment"].astype(str)).reindex(
        columns=list(ADJUSTMENTS), fill_value=0
    )


def main_reason(missing: pd.DataFrame, adjustment: str | None = None) -> str:
    """Most frequent reason in what ``not_tested`` gives (under one adjustment); empty if every pair was tested."""
    counts = missing.sum(axis=1) if adjustment is None else missing[adjustment]
    counts = counts[counts > 0]
    return min(counts.index, key=lambda reason: (-counts[reason], reason)) if len(counts) else ""


def _counted(row: Mapping[Hashable, Any], kept: Family | None, alpha: float) -> Family:
    """A family by its row of the summary; where the rows of its hits are, the cutoff is theirs."""
    tested, hits = int(row["n_tested"]), int(row["n_hits"])
    cutoff = float(-np.log10(alpha / tested)) if tested else float("nan")
    low, high = (kept.n_low, kept.n_high) if kept is not None else (0, 0)
    return Family(
        row["analysis"],
        row["adjustment"],
        int(row["n_pairs"]),
        tested,
        hits,
        int(row["n_genes"]),
        int(row["n_gene_hits"]),
        kept.cutoff if kept is not None and kept.n_hits else cutoff,
        float("nan") if pd.isna(row["inflation"]) else float(row["inflation"]),
        low,
        high,
    )


def _family(analysis: str, adjustment: str, part: pd.DataFrame, alpha: float) -> Family:
    strength = part["neg_log10_p"].to_numpy(dtype=np.float64, na_value=np.nan)
    hit = is_hit(part, alpha)
    tested = ~np.isnan(strength)
    n_tested = int(tested.sum())
    if hit.any():
        cutoff = float(np.nanmin(strength[hit]))
    else:
        cutoff = float(-np.log10(alpha / n_tested)) if n_tested else float("nan")
    n = part["n"].to_numpy()[tested]
    low, high = (int(n.min()), int(n.max())) if n.size else (0, 0)
    gene = part["gene"].cat.codes.to_numpy()
    found = gene[part["q_gene"].to_numpy(dtype=np.float64, na_value=np.nan) < alpha]
    counts = len(part), n_tested, int(hit.sum()), np.unique(gene[tested]).size, np.unique(found).size
    return Family(analysis, adjustment, *counts, cutoff, inflation(strength), low, high)


def _strength(results: pd.DataFrame) -> Floats:
    """−log10 p with −inf where a pair was not tested."""
    strength = results["neg_log10_p"].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(strength), -np.inf, strength)


@dataclass(frozen=True)
class _Arrays:
    """Columns of the results that are looked at once for each marker."""

    adjustment: npt.NDArray[np.integer[Any]]
    n_carriers: Floats
    hit: Booleans
    explained: Booleans
    strength: Floats


def _marker(results: pd.DataFrame, rows: Integers, arrays: _Arrays) -> MarkerHits:
    adjustment, strength = arrays.adjustment[rows], arrays.strength[rows]
    tested, first_adjustment = np.isfinite(strength), adjustment == adjustment.min()
    counts = {
        name: int(arrays.hit[rows[adjustment == code]].sum()) if (tested & (adjustment == code)).any() else None
        for code, name in enumerate(ADJUSTMENTS)
    }
    explained = int((arrays.explained[rows] & first_adjustment).sum())
    carriers = arrays.n_carriers[rows]
    most_adjusted = rows[tested & (adjustment == adjustment[tested].max())] if tested.any() else rows[:0]
    return MarkerHits(
        analysis=str(results["analysis"].iloc[rows[0]]),
        marker=str(results["marker"].iloc[rows[0]]),
        n_carriers=None if np.isnan(carriers).all() else int(np.nanmax(carriers)),
        n_tested=int((tested & first_adjustment).sum()),
        hits=counts,
        volume_explained=None if None in (counts["crude"], counts["volume"]) else explained,
        best=int(most_adjusted[np.argmax(arrays.strength[most_adjusted])]) if most_adjusted.size else None,
    )


def _rank(row: MarkerHits, strength: Floats) -> tuple[object, ...]:
    counts: Sequence[int] = [-(row.hits[adjustment] or 0) for adjustment in reversed(ADJUSTMENTS)]
    return (*counts, -float(strength[row.best]) if row.best is not None else float("inf"), row.analysis, row.marker)
