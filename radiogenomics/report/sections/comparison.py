"""The leading pairs under all three adjustments side by side, so that a pair that volume carries is seen at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics.report import figures, hits, svg, text
from radiogenomics.report.load import Run
from radiogenomics.report.sections.association import interval

MAX_PAIRS = 24
MAX_PER_MARKER = 4
WIDTH = 250.0
LIMIT = 4.0  # wider intervals are cut, so that one sparse pair does not flatten the others


def section(run: Run) -> dict[str, Any]:
    """Rows of the comparison for the template."""
    chosen = hits.leading_pairs(run.results, MAX_PAIRS, MAX_PER_MARKER)
    x = _scale(run.results, chosen)
    alpha = run.thresholds.alpha
    return {
        "pairs": [_pair(run.results.iloc[rows], x, alpha) for rows in chosen],
        "axis": figures.forest_axis(x, run.effect.unit),
        "cut": x.high == LIMIT,
        "reach": x.high,
        "per_marker": MAX_PER_MARKER,
    }


def _scale(results: pd.DataFrame, chosen: Sequence[hits.Integers]) -> svg.Scale:
    rows = np.concatenate(chosen) if chosen else np.empty(0, dtype=np.int64)
    ends = results[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    ends = ends[np.isfinite(ends)]
    largest = float(np.abs(ends).max()) if ends.size else 1.0
    reach = min(max(largest, 0.5) * 1.05, LIMIT)
    return svg.Scale(-reach, reach, 8.0, WIDTH)


def _pair(rows: pd.DataFrame, x: svg.Scale, alpha: float) -> dict[str, Any]:
    first = rows.iloc[0]
    estimates = [
        (str(row["adjustment"]), float(row["estimate"]), float(row["ci_low"]), float(row["ci_high"]))
        for _, row in rows.iterrows()
    ]
    adjustments = [
        {
            "adjustment": row["adjustment"],
            "interval": interval(row),
            "q": text.q_value(row["q_two_level"]),
            "hit": bool(row["q_two_level"] < alpha),
            "flag": row["flag"],
        }
        for _, row in rows.iterrows()
    ]
    return {
        "analysis": first["analysis"],
        "feature": first["feature"],
        "marker": first["marker"],
        "forest": figures.forest(estimates, x),
        "adjustments": adjustments,
        "n": int(first["n"]),
        "carriers": "a number" if pd.isna(first["n_carriers"]) else text.plural(int(first["n_carriers"]), "carrier"),
        "rho": text.number(first["volume_rho"]),
        "explained": bool(rows["volume_explained"].any()),
    }
