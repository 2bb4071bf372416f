"""Command: test the variants of each gene and mask as a set, against every feature under every adjustment."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from radiogenomics import tables
from radiogenomics.association.design import Markers
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.set_genotypes import SetReader
from radiogenomics.association.set_rows import SetRows
from radiogenomics.association.set_scan import OneMethod, SetScan
from radiogenomics.association.tally import Tally
from radiogenomics.config.association import Association

logger = logging.getLogger(__name__)
Row = Mapping[str, Any]


def sets(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    settings: str,
    genotypes: Path,
    threads: int,
    results: Path,
    summary: Path,
    quantiles: Path,
    stability: Path | None = None,
) -> None:
    """Write the tests of sets, their numbers and the points of their QQ plots.

    ``stability`` is the table that ``min_icc_low`` of the settings needs; features that it leaves out have no rows.

    Raises
    ------
    MissingFileError, TableError
        An input is absent or not what its specification says.
    UnknownMaskError, ScatteredGeneError, NoSetMarkerError
        Genotypes or alterations do not hold the sets.
    NoVolumeFeatureError, VolumeNotPositiveError, NoCommonPatientError
        As ``association test``.
    """
    inputs = Inputs.read(features, markers, covariates, settings, stability)
    reader = SetReader(genotypes, markers, list(inputs.patients.index), inputs.options.sets.masks)
    provenance = inputs.provenance(genotypes)
    none = Markers(pd.DataFrame(columns=["marker", "gene"]), np.empty((len(inputs.patients), 0)))
    summaries: list[Row] = []
    points: list[Row] = []
    with tables.SET_RESULTS.writer(results, provenance) as write:
        for analysis in inputs.analyses(none):
            _analyse(analysis, reader, threads, write, summaries, points)
    tables.SET_SUMMARY.write(tables.SET_SUMMARY.frame(map(dict, summaries)), summary, provenance)
    tables.SET_QUANTILES.write(tables.SET_QUANTILES.frame(map(dict, points)), quantiles, provenance)


def _analyse(
    analysis: Analysis,
    reader: SetReader,
    threads: int,
    write: Callable[[pd.DataFrame], None],
    summaries: list[Row],
    points: list[Row],
) -> None:
    """All sets of one analysis; adds to the rows of the summary and of the quantiles."""
    options, adjustments, kept = analysis.options, analysis.designs, analysis.kept
    methods: tuple[str, ...] = options.sets.methods
    scan = SetScan(analysis.ranked[:, kept], adjustments, options, threads)
    gene_of = reader.gene_of
    tallies: dict[tuple[str, str], Tally] = {
        (adjustment, method): Tally(options.keep_p_below, gene_of) for adjustment in adjustments for method in methods
    }
    names = analysis.features.names["feature"][kept].tolist()
    rows = SetRows(analysis.name, names, reader.names, gene_of, methods, options.keep_p_below)
    for number, (_, fits) in enumerate(scan.run(reader)):
        for adjustment, fit in fits.items():
            for row, method in enumerate(methods):
                tallies[adjustment, method].add(number, OneMethod.of(fit, row))
        rows.add(number, fits)
    adjusted = {key: tally.adjust() for key, tally in tallies.items()}
    rows.write(adjusted, write)
    for (adjustment, method), tally in tallies.items():
        key = {"analysis": analysis.name, "adjustment": adjustment, "method": method}
        two, inflation = adjusted[adjustment, method].levels, tally.inflation()
        summaries.append(
            {
                **key,
                "n_sets": len(reader.names),
                "n_pairs": int(tally.flags.sum()),
                "n_tested": tally.tested,
                "inflation": None if np.isnan(inflation) else inflation,
                "n_hits": two.hits(options.alpha),
                "n_genes": two.n_genes,
                "n_gene_hits": two.gene_hits(options.alpha),
                "q_exact_below": min(two.exact_below, 1.0),
            }
        )
        bins = zip(*tally.quantiles(), strict=True)
        points += [{**key, "observed": seen, "expected": null, "n": int(n)} for seen, null, n in bins]
        _tell(summaries[-1], options)


def _tell(row: Row, options: Association) -> None:
    logger.info(
        "%s, %s, %s: %d of %d pairs of feature and set tested; %d of %d genes, %d pairs below FDR %g",
        *(row[name] for name in ("analysis", "adjustment", "method", "n_tested", "n_pairs")),
        *(row[name] for name in ("n_gene_hits", "n_genes", "n_hits")),
        options.alpha,
    )
    if row["q_exact_below"] < options.alpha:
        logger.warning(
            "%s, %s, %s: adjusted p-values are known below %g only; raise association.keep_p_below to find all hits",
            *(row[name] for name in ("analysis", "adjustment", "method", "q_exact_below")),
        )
