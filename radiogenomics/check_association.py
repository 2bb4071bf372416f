"""What can be known of the tests before anything runs: random effects, batches to be harmonised."""

import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

import pandas as pd

from radiogenomics.association.batches import check_batches
from radiogenomics.association.random_effects import random_effect, require_usable
from radiogenomics.cohort.sheet_rows import Sheets
from radiogenomics.config.models import Config

logger = logging.getLogger(__name__)
Collect = Callable[[str], AbstractContextManager[None]]


def inspect_random_effect(config: Config, sheets: Sheets, collect: Collect) -> None:
    """See that the levels tell a variance, or that the matrix of kinship can be read and knows the patients.

    ``collect`` takes the errors of a stage. Patients of whom the random effect is not known are told as a warning: they
    are analysed, but in no pair.
    """
    options = config.association
    if options.model != "mixed" or not sheets.patients:
        return
    rows = {row.patient_id: row.covariates for row in sheets.patients}
    with collect("association"):
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=list(config.cohort.covariates))
        effect = random_effect(frame, options)
        require_usable(effect, options)
        if effect.covariance is not None and (lacking := int((~effect.covariance.known).sum())):
            what = options.random_effect if options.kinship is None else options.kinship.name
            text = "the random effect (%s) is not known of %d of %d patients, who are left out of every pair"
            logger.warning(text, what, lacking, len(rows))


def inspect_batches(config: Config, sheets: Sheets, complete: Collection[str], collect: Collect) -> None:
    """Batches that are to be harmonised, as far as the sheets know who of the ``complete`` patients is in them."""
    asked = config.association.harmonise
    if not asked.wanted:
        return
    rows = [row for row in sheets.patients if row.patient_id in complete]
    known = [str(level) for row in rows if (level := row.covariates.get(str(asked.batch))) is not None]
    if len(known) < len(rows):
        text = "%d patients have no %s: without a batch their features are not harmonised and not tested"
        logger.warning(text, len(rows) - len(known), asked.batch)
    with collect("association"):
        check_batches("all roles", known, asked)
