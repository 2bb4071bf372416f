"""``radiogenomics simulate score``: results against the planted truth.

A pair of feature and marker is a hit when its ``q_two_level`` is below alpha. Every hit is counted once, as one of

true
    The marker has an effect and the feature's family is one that the effect changes. For the volume gene this holds
    without adjustment only: its carriers have larger lesions, so whatever follows the volume differs.
indirect
    The marker has an effect on the shape and the feature's family is another. A stretched lesion has more edge in it,
    and features near the edge see it. Such a hit is neither right nor wrong; it counts as no false discovery.
false
    Everything else: a null gene, the volume gene once the volume is adjusted for, the texture gene in a shape feature
    (shape is computed on the mask, which the texture leaves alone), any marker that the truth does not name.

The false discovery proportion is false hits over all hits. Hits of one gene rise and fall together, since features are
correlated, so the proportion of one study scatters widely around its mean. What the method controls is that of genes: a
marker with a hit is false if all of its hits are.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.simulate.truth import TRUTH
from radiogenomics.tables import ADJUSTMENTS, RESULTS

COLUMNS = ("analysis", "feature", "family", "marker", "adjustment", "estimate", "p", "q_two_level", "volume_explained")


@dataclass(frozen=True)
class EffectScore:
    """One planted effect under one adjustment; ``best_feature`` is the one of smallest p in the families it changes."""

    marker: str
    target: str
    adjustment: str
    tested: int
    hits: int
    indirect: int
    false: int
    best_feature: str
    estimate: float
    q: float

    @property
    def found(self) -> bool:
        """At least one hit in the families that the effect changes."""
        return self.hits > 0


@dataclass(frozen=True)
class AdjustmentScore:
    """All pairs under one adjustment."""

    adjustment: str
    tested: int
    hits: int
    true: int
    indirect: int
    false: int
    markers: int
    false_markers: int
    null_tested: int
    null_hits: int

    @property
    def false_discovery_proportion(self) -> float:
        """False hits over all hits; 0 when there is none."""
        return self.false / self.hits if self.hits else 0.0


@dataclass(frozen=True)
class Comparison:
    """Results against the truth.

    Attributes
    ----------
    volume_crude, volume_full : int
        Hits of the volume gene under the crude and the full adjustment.
    volume_explained : int
        Crude hits of the volume gene that the results flag as explained by volume.
    """

    alpha: float
    effects: tuple[EffectScore, ...]
    adjustments: tuple[AdjustmentScore, ...]
    volume_crude: int
    volume_full: int
    volume_explained: int

    @property
    def missed(self) -> tuple[str, ...]:
        """Effects on texture or shape without a hit under ``full``, and the volume gene without a crude one."""
        wanted = ((score, "crude" if score.target == "volume" else "full") for score in self.effects)
        return tuple(score.marker for score, adjustment in wanted if score.adjustment == adjustment and not score.found)

    @property
    def passed(self) -> bool:
        """Every effect was found, and adjusting for volume removed most of what volume explains."""
        return not self.missed and 2 * self.volume_full <= self.volume_crude


def score(*, truth: Path, results: Path, alpha: float) -> None:
    """Print how many planted effects the results hold, and how many hits are false.

    Parameters
    ----------
    truth : Path
        ``truth.tsv`` of the simulated study.
    results : Path
        Association results (Parquet).
    alpha : float
        False discovery rate below which a pair is a hit.

    Raises
    ------
    MissingFileError, TableError
    """
    comparison = compare(TRUTH.read(truth), RESULTS.read(results), alpha)
    sys.stdout.write(report(comparison))


def compare(truth: pd.DataFrame, results: pd.DataFrame, alpha: float) -> Comparison:
    """Count hits by what is planted; the rules stand at the head of this module.

    Parameters
    ----------
    truth : DataFrame
        A table of ``TRUTH``.
    results : DataFrame
        A table of ``RESULTS``; rows without a p-value are left out.
    alpha : float
        False discovery rate of a hit.
    """
    pairs = results.loc[results["p"].notna(), list(COLUMNS)].reset_index(drop=True)
    for name in ("feature", "family", "marker", "adjustment"):
        pairs[name] = pairs[name].astype(str)
    effects = truth[truth["kind"] == "effect"]
    pairs["hit"] = pairs["q_two_level"] < alpha
    pairs["kind"] = _kinds(pairs, effects)
    nulls = set(truth.loc[truth["kind"] == "null_gene", "subject"])
    adjustments = tuple(
        _adjustment(pairs[pairs["adjustment"] == adjustment], adjustment, nulls) for adjustment in ADJUSTMENTS
    )
    scores = tuple(
        _effect(
            pairs[(pairs["marker"] == marker) & (pairs["adjustment"] == name)],
            marker,
            target,
            name,
            families.split(","),
        )
        for marker, target, families in effects[["subject", "target", "families"]].itertuples(index=False)
        for name in ADJUSTMENTS
    )
    volume = pairs[pairs["marker"].isin(set(effects.loc[effects["target"] == "volume", "subject"])) & pairs["hit"]]
    crude = volume[volume["adjustment"] == "crude"]
    full = int((volume["adjustment"] == "full").sum())
    return Comparison(alpha, scores, adjustments, len(crude), full, int(crude["volume_explained"].sum()))


def report(comparison: Comparison) -> str:
    """Comparison as text: planted effects, all hits by adjustment, the verdict."""
    explained = f"{comparison.volume_explained} of them flagged volume_explained"
    blocks = [
        [f"Planted effects (hits: q < {comparison.alpha:g} in the families that the effect changes)"],
        _effects_table(comparison.effects),
        ["", f"Volume gene: {comparison.volume_crude} crude hits, {explained}; {comparison.volume_full} full hits"],
        ["", "All pairs (FDP: false hits / hits)"],
        _adjustments_table(comparison.adjustments),
        ["", _verdict(comparison)],
    ]
    return "\n".join(line for block in blocks for line in block) + "\n"


def _effects_table(scores: Sequence[EffectScore]) -> list[str]:
    header = ("marker", "changes", "adjustment", "tested", "hits", "indirect", "false", "best feature", "SD", "q")
    rows = []
    for s in scores:
        counts = (s.tested, s.hits, s.indirect, s.false)
        rows.append((s.marker, s.target, s.adjustment, *counts, s.best_feature, f"{s.estimate:+.2f}", f"{s.q:.1e}"))
    return _table(header, rows)


def _adjustments_table(scores: Sequence[AdjustmentScore]) -> list[str]:
    header = (
        "adjustment",
        "tested",
        "hits",
        "true",
        "indirect",
        "false",
        "FDP",
        "markers",
        "false markers",
        "null hits",
    )
    rows = []
    for m in scores:
        counts, markers = (m.tested, m.hits, m.true, m.indirect, m.false), (m.markers, m.false_markers)
        rows.append((m.adjustment, *counts, f"{m.false_discovery_proportion:.3f}", *markers, m.null_hits))
    return _table(header, rows)


def _kinds(pairs: pd.DataFrame, effects: pd.DataFrame) -> NDArray[np.object_]:
    """Say what a hit of each pair would be: true, indirect or false."""
    kinds = np.full(len(pairs), "false", dtype=object)
    for effect in effects.itertuples(index=False):
        of_marker = (pairs["marker"] == effect.subject).to_numpy()
        if effect.target == "volume":
            kinds[of_marker & (pairs["adjustment"] == "crude").to_numpy()] = "true"
            continue
        kinds[of_marker & pairs["family"].isin(str(effect.indirect).split(",")).to_numpy()] = "indirect"
        kinds[of_marker & pairs["family"].isin(str(effect.families).split(",")).to_numpy()] = "true"
    return kinds


def _adjustment(pairs: pd.DataFrame, adjustment: str, nulls: set[str]) -> AdjustmentScore:
    hits, null = pairs[pairs["hit"]], pairs[pairs["marker"].isin(nulls)]
    counts = {kind: int((hits["kind"] == kind).sum()) for kind in ("true", "indirect", "false")}
    right = hits.loc[hits["kind"] != "false", "marker"].nunique()
    markers = hits["marker"].nunique()
    return AdjustmentScore(
        adjustment,
        len(pairs),
        len(hits),
        **counts,
        markers=markers,
        false_markers=markers - right,
        null_tested=len(null),
        null_hits=int(null["hit"].sum()),
    )


def _effect(pairs: pd.DataFrame, marker: str, target: str, adjustment: str, families: Sequence[str]) -> EffectScore:
    hits, aimed = pairs[pairs["hit"]], pairs[pairs["family"].isin(families)]
    counts = {kind: int((hits["kind"] == kind).sum()) for kind in ("indirect", "false")}
    feature, estimate, q = "", float("nan"), float("nan")
    if len(aimed):
        best = aimed.sort_values(["p", "feature"]).iloc[0]
        feature, estimate, q = str(best["feature"]), float(best["estimate"]), float(best["q_two_level"])
    n_hits = int((hits["kind"] == "true").sum())
    return EffectScore(
        marker, target, adjustment, len(pairs), n_hits, **counts, best_feature=feature, estimate=estimate, q=q
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Columns padded to their widest cell: text to the left, numbers to the right."""
    cells = [[str(value) for value in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    numeric = [all(_is_number(row[column]) for row in cells[1:]) for column in range(len(header))]
    return [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in cells
    ]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _verdict(comparison: Comparison) -> str:
    if comparison.missed:
        return f"Verdict: NOT FOUND: {', '.join(comparison.missed)}"
    if not comparison.passed:
        return "Verdict: all effects found, but most hits of the volume gene survive the adjustment for volume"
    full = comparison.adjustments[-1].false_discovery_proportion
    return f"Verdict: all effects found; adjusting for volume removes the volume gene; fully adjusted FDP {full:.3f}"
