"""Which covariance the random effect of a mixed model has, from the settings: levels of a covariate, or relatedness."""

from dataclasses import dataclass

import pandas as pd

from radiogenomics.association.covariance import Covariance, Levels
from radiogenomics.association.errors import NobodyRelatedError, UnknownRandomEffectError, UnusableRandomEffectError
from radiogenomics.association.kinship import read_kinship, relatedness
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
    MissingFileError, TableError, NotACovarianceError
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


def require_usable(effect: RandomEffect, options: Association) -> None:
    """See that the variance of the random effect, if there is one, can be told from that of the residual.

    A part of a study, such as one site, need not: what cannot be told there is 0.

    Raises
    ------
    UnusableRandomEffectError
        There are no two levels, or none of several patients.
    NobodyRelatedError
        Fewer than two of the patients are in the file of relatedness.
    """
    covariance = effect.covariance
    if isinstance(covariance, Levels):
        counts = covariance.counts
        if len(counts) < 2 or counts.max() < 2:
            raise UnusableRandomEffectError(str(options.random_effect), len(counts), int(counts.sum()))
    elif covariance is not None and options.kinship is not None and covariance.known.sum() < 2:
        patients = [str(name) for name in effect.fixed.index]
        raise NobodyRelatedError(options.kinship, patients, list(read_kinship(options.kinship).index))
