"""Which covariance the random effect of a mixed model has, from the settings: levels of a covariate, or relatedness."""

from dataclasses import dataclass

import pandas as pd

from radiogenomics.association.covariance import Covariance, Levels
from radiogenomics.association.errors import UnknownRandomEffectError, UnusableRandomEffectError
from radiogenomics.association.kinship import relatedness
from radiogenomics.config.association import Association


@dataclass(frozen=True)
class RandomEffect:
    """Covariates (rows are patients) that keep a fixed effect, and the covariance of the random effect, if any."""

    fixed: pd.DataFrame
    covariance: Covariance | None


def random_effect(covariates: pd.DataFrame, options: Association) -> RandomEffect:
    """The random effect of patients, who are the index of their covariates.

    Distinct values of the covariate are levels, also of a numeric one.

    Raises
    ------
    UnknownRandomEffectError
    MissingFileError, TableError, NobodyRelatedError, NotACovarianceError
        Of the file of relatedness.
    """
    if options.kinship is not None:
        return RandomEffect(covariates, relatedness(options.kinship, [str(name) for name in covariates.index]))
    name = options.random_effect
    if name is None:
        return RandomEffect(covariates, None)
    if name not in covariates:
        raise UnknownRandomEffectError(name, [str(column) for column in covariates])
    return RandomEffect(covariates.drop(columns=name), Levels(pd.factorize(covariates[name])[0].astype("int64")))


def require_levels(name: str | None, covariance: Covariance | None) -> None:
    """See that levels can tell their variance from that of the residual, if the random effect is one of levels.

    Raises
    ------
    UnusableRandomEffectError
    """
    if isinstance(covariance, Levels):
        counts = covariance.counts
        if len(counts) < 2 or counts.max() < 2:
            raise UnusableRandomEffectError(str(name), len(counts), int(counts.sum()))
