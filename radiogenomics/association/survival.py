"""Command: every feature and every marker against every outcome with censored times, by proportional hazards."""

import logging
from pathlib import Path

import pandas as pd

from radiogenomics import tables
from radiogenomics.association.audit import together
from radiogenomics.association.inputs import Analysis, Inputs
from radiogenomics.association.outcomes import Outcome, read_outcomes
from radiogenomics.association.survival_curves import leading_curves
from radiogenomics.association.survival_rows import survival_frame
from radiogenomics.config.association import AUDIT_KEYS

logger = logging.getLogger(__name__)


def survival(
    *,
    features: Path,
    markers: Path,
    covariates: Path,
    outcomes: Path,
    settings: str,
    table: Path,
    curves: Path,
    stability: Path | None = None,
) -> None:
    """Write the tests of each analysis and outcome, and Kaplan–Meier curves of the leading feature and marker.

    ``stability`` is the table that ``min_icc_low`` of the settings needs; features that it leaves out have no rows.

    Raises
    ------
    MissingFileError, TableError
        An input is absent or not what its specification says.
    NoVolumeFeatureError, VolumeNotPositiveError, UnknownClassError, NoCommonPatientError
        As ``association test``.
    """
    inputs = Inputs.read(features, markers, covariates, settings, stability)
    found, drawn = [tables.SURVIVAL.frame([])], [tables.SURVIVAL_CURVES.frame([])]
    named = read_outcomes(outcomes, list(inputs.patients.index))
    for analysis in inputs.analyses():
        for outcome in named:
            tested = survival_frame(analysis, outcome)
            found.append(tested)
            drawn.append(leading_curves(analysis, outcome, tested))
            _tell(analysis, outcome, tested)
    labels = {outcome.name: outcome.label for outcome in named}
    provenance = inputs.provenance(outcomes, without=AUDIT_KEYS, outcomes=labels)
    tables.SURVIVAL.write(together(tables.SURVIVAL, found), table, provenance)
    tables.SURVIVAL_CURVES.write(together(tables.SURVIVAL_CURVES, drawn), curves, provenance)


def _tell(analysis: Analysis, outcome: Outcome, tested: pd.DataFrame) -> None:
    for (kind, adjustment), part in tested.groupby(["kind", "adjustment"], observed=True, sort=False):
        known = part["p"].notna()
        logger.info(
            "%s, %s, %s, %s: %d of %d tested, %d fitted, %d below FDR %g",
            *(analysis.name, outcome.name, kind, adjustment, known.sum(), len(part)),
            (part["method"] == "Cox fit").sum(),
            (part["q_bh"] < analysis.options.alpha).sum(),
            analysis.options.alpha,
        )
