"""One analysis and adjustment in numbers, and its p-values as the points of a QQ plot."""

import math
from collections.abc import Iterator

from radiogenomics.association.adjusted import Adjusted
from radiogenomics.association.tally import Tally
from radiogenomics.tables import NOT_TESTED_COUNTS, NOT_TESTED_REASONS


def summary_row(analysis: str, adjustment: str, tally: Tally, adjusted: Adjusted, alpha: float) -> dict[str, object]:
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
        "n_hits": adjusted.levels.hits(alpha),
        "n_genes": adjusted.levels.n_genes,
        "n_gene_hits": adjusted.levels.gene_hits(alpha),
        "q_exact_below": min(adjusted.levels.exact_below, 1.0),
        "q_bh_exact_below": min(adjusted.pooled.exact_below, 1.0),
    }


def quantile_rows(analysis: str, adjustment: str, tally: Tally) -> Iterator[dict[str, object]]:
    """Rows of ``tables.QUANTILES``."""
    for observed, expected, n in zip(*tally.quantiles(), strict=True):
        yield {"analysis": analysis, "adjustment": adjustment, "observed": observed, "expected": expected, "n": int(n)}
