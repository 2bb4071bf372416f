"""Command: what could explain a hit, and what the study could not have found, from the tables that were tested."""

import logging
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.association.audit_rows import confounding_rows, effective_rows, power_frame, redundancy_frame
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.errors import listing
from radiogenomics.table import Table

logger = logging.getLogger(__name__)


def audit(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    summary: Path,
    settings: str,
    confounding: Path,
    power: Path,
    tests: Path,
    redundancy: Path,
) -> None:
    """Write how features and markers follow the confounders, what can be found, and how alike features are.

    Raises
    ------
    MissingFileError, TableError
        An input is absent or not what its specification says.
    NoVolumeFeatureError, VolumeNotPositiveError, UnknownClassError, NoCommonPatientError
        As ``association test``.
    """
    inputs = Inputs.read(features, markers, covariates, settings)
    made = tables.SUMMARY.read(summary)
    outputs = {
        tables.CONFOUNDING: confounding,
        tables.POWER: power,
        tables.EFFECTIVE_TESTS: tests,
        tables.REDUNDANCY: redundancy,
    }
    found: dict[Table, list[pd.DataFrame]] = {table: [table.frame([])] for table in outputs}
    for analysis in inputs.analyses():
        n_tests = _tests_of(made, analysis.name)
        found[tables.CONFOUNDING].append(tables.CONFOUNDING.frame(confounding_rows(analysis)))
        found[tables.POWER].append(power_frame(analysis, n_tests))
        found[tables.EFFECTIVE_TESTS].append(tables.EFFECTIVE_TESTS.frame(effective_rows(analysis)))
        found[tables.REDUNDANCY].append(redundancy_frame(analysis))
        _tell(analysis, found[tables.CONFOUNDING][-1], found[tables.REDUNDANCY][-1])
    provenance = inputs.provenance(summary)
    for table, path in outputs.items():
        table.write(together(table, found[table]), path, provenance)


def together(table: Table, parts: list[pd.DataFrame]) -> pd.DataFrame:
    """One frame of several; categories of the parts may differ."""
    text = {column.name: "object" for column in table.columns if column.dtype == "category"}
    kept = [part for part in parts if len(part)] or parts[:1]
    return pd.concat([part.astype(text) for part in kept], ignore_index=True)


def _tests_of(summary: pd.DataFrame, analysis: str) -> dict[str, int]:
    """Tests made under each adjustment."""
    rows = summary[summary["analysis"].astype(str) == analysis]
    return dict(zip(rows["adjustment"].astype(str), rows["n_tested"].astype(int), strict=True))


def _tell(analysis: Analysis, confounding: pd.DataFrame, redundancy: pd.DataFrame) -> None:
    for verdict, meaning in (
        ("refuse", "cannot be told from covariates"),
        ("flag", "go with covariates up to the limit or beyond"),
    ):
        rows = confounding[confounding["verdict"] == verdict]
        if len(rows):
            names = [
                f"{row.marker} with {row.confounder} ({row.measure} {row.strength:.2f})"
                for row in rows.rename(columns={"name": "marker"}).itertuples(index=False, name="Row")
            ]
            logger.warning("%s: %d markers %s: %s", analysis.name, rows["name"].nunique(), meaning, listing(names, 6))
    logger.info(
        "%s: %d features in %d clusters; %d hardly vary",
        analysis.name,
        len(redundancy),
        redundancy.loc[redundancy["medoid"] != "", "medoid"].nunique(),
        int(redundancy["near_constant"].sum()),
    )
