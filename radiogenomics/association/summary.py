"""One analysis and adjustment in numbers, and its p-values as the points of a QQ plot."""

import math
from collections.abc import Iterator

from radiogenomics.association.tally import StepUp, Tally
from radiogenomics.tables import NOT_TESTED_COUNTS, NOT_TESTED_REASONS


def summary_row(analysis: str, adjustment: str, tally: Tally, adjusted: StepUp, alpha: float) -> dict[str, object]:
    """Row of ``tables.SUMMARY``."""
    inflation = tally.inflation()
    return {
        "analysis": analysis,
        "adjustment": adjustment,
        "n_pairs": int(tally.flags.sum()),
        "n_tested": tally.tested,
        **{name: int(tally.flags[NOT_TESTED_REASONS.index(why)]) for name, why in NOT_TESTED_COUNTS.items()},
        "n_refitted": tally.recomputed,
        "inflation": None if math.isnan(inflation) else inflation,
        "n_hits": adjusted.hits(alpha),
        "q_exact_below": min(adjusted.exact_below, 1.0),
    }


def quantile_rows(analysis: str, adjustment: str, tally: Tally) -> Iterator[dict[str, object]]:
    """Rows of ``tables.QUANTILES``."""
    for observed, expected, n in zip(*tally.quantiles(), strict=True):
        yield {"analysis": analysis, "adjustment": adjustment, "observed": observed, "expected": expected, "n": int(n)}
