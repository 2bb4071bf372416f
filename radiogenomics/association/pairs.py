"""Command: test every pair under every adjustment and write the results."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.design import (
    spearman,
)
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.random_effects import require_usable
from radiogenomics.association.rows import EXPLAINED_SHARE, Rows, Top, keep
from radiogenomics.association.summary import quantile_rows, summary_row
from radiogenomics.association.tally import Tally
from radiogenomics.config.association import AUDIT_KEYS, Association

logger = logging.getLogger(__name__)
# Up to so many pairs all that was fitted is held for the second pass, some 250 MB; more are fitted again.
HELD_PAIRS = 2**20


def test(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    settings: str,
    threads: int,
    results: Path,
    tsv: Path | None,
    summary: Path | None,
    quantiles: Path | None,
    stability: Path | None,
) -> None:
    """Test every feature against every marker under each adjustment.

    ``stability`` is the table that ``min_icc_low`` of the settings needs.
    """
    inputs = Inputs.read(features, markers, covariates, settings, stability)
    options = inputs.options
    provenance = inputs.provenance(*options.files, without=AUDIT_KEYS, explained_share=EXPLAINED_SHARE)
    top, accounts = Top(options.tsv_rows), []
    with tables.RESULTS.writer(results, provenance) as write:

        def take(frame: pd.DataFrame) -> None:
            write(frame)
            if tsv is not None:
                top.add(frame)

        accounts += [analyse(analysis, threads, take) for analysis in inputs.analyses()]
    if tsv is not None:
        tables.RESULTS.write(pd.concat([tables.RESULTS.frame([]), *top.frames()], ignore_index=True), tsv)
    if summary is not None:
        tables.SUMMARY.write(
            tables.SUMMARY.frame(row for account in accounts for row in account.summary), summary, provenance
        )
    if quantiles is not None:
        rows = (row for account in accounts for row in account.quantiles)
        tables.QUANTILES.write(tables.QUANTILES.frame(rows), quantiles, provenance)


@dataclass(frozen=True)
class Account:
    """Rows of the tables ``SUMMARY`` and ``QUANTILES`` of one analysis."""

    summary: list[dict[str, object]] = field(default_factory=list)
    quantiles: list[dict[str, object]] = field(default_factory=list)


def analyse(analysis: Analysis, threads: int, write: Callable[[pd.DataFrame], None]) -> Account:
    """Test all pairs of one analysis and write the rows of the results table, row group by row group.

    Two passes: adjusting a p-value needs all others. Beyond ``HELD_PAIRS`` the first pass keeps p-values only, and the
    second fits once more, which with least squares takes less time than writing, without blocks of which nothing is
    kept.
    """
    features, options, volume = analysis.features, analysis.options, analysis.volume
    require_usable(analysis.random, options)
    scan = analysis.scan(analysis.ranked, threads)
    markers, gene = analysis.markers.by_gene()
    tallies = {name: Tally(options.keep_p_below, gene, options.multiplicity) for name in analysis.adjustments}

    def values(block: slice) -> NDArray[np.float64]:
        return markers.values[:, block]

    hold = features.values.shape[1] * markers.values.shape[1] <= HELD_PAIRS
    held, wanted = [], []
    for block, fits in scan.run(values, scan.blocks(markers.values.shape[1]), markers.numbers):
        for adjustment, fit in fits.items():
            tallies[adjustment].add(block.start, fit)
        if keep(fits, options.keep_p_below).any():
            wanted.append(block)
            if hold:
                held.append((block, fits))
    adjusted = {adjustment: tally.adjust() for adjustment, tally in tallies.items()}
    rho = np.full(features.values.shape[1], np.nan) if volume is None else spearman(features.values, volume)
    effects = scan.effect, scan.effect_of_numbers
    rows = Rows(features, markers, rho, gene, effects, adjusted, options.alpha, options.keep_p_below, write)
    for block, fits in held or scan.run(values, wanted, markers.numbers):
        rows.add(block.start, fits)
    rows.finish()
    account = Account()
    for adjustment, tally in tallies.items():
        row = summary_row(features.analysis, adjustment, tally, adjusted[adjustment], options.alpha)
        account.summary.append(row)
        account.quantiles.extend(quantile_rows(features.analysis, adjustment, tally))
        _tell(row, options)
    return account


def _tell(row: Mapping[str, Any], options: Association) -> None:
    logger.info(
        "%s, %s: %d of %d pairs tested, %d fitted on their own; %d of %d genes, %d pairs below FDR %g; inflation %.3f",
        *(row[name] for name in ("analysis", "adjustment", "n_tested", "n_pairs", "n_refitted")),
        *(row[name] for name in ("n_gene_hits", "n_genes", "n_hits")),
        options.alpha,
        row["inflation"],
    )
    if row["q_exact_below"] < options.alpha:
        logger.warning(
            "%s, %s: adjusted p-values are known below %g only; raise association.keep_p_below to find all hits",
            row["analysis"],
            row["adjustment"],
            row["q_exact_below"],
        )
