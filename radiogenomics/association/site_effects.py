"""What a site, scanner or any other category explains of the features, before and after harmonisation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.statistics_errors import TooFewRowsError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True)
class Anova:
    """One-way analysis of variance of each feature, arrays (n_features,).

    ``eta2`` is the share of the variance between groups, 0 to 1. NaN where a feature has values in fewer than two
    groups, no more values than groups, or no variation.
    """

    eta2: FloatArray
    f: FloatArray
    p: FloatArray


def anova(values: FloatArray, groups: IntArray) -> Anova:
    """Differences of means: F test of equal means under equal variances (Fisher).

    Parameters
    ----------
    values : (n_rows, n_features) float64
        NaN where missing; each feature uses the rows that have it.
    groups : (n_rows,) int
        0 … n_groups − 1; −1 where not known, and the row is not used.
    """
    known = groups >= 0
    values, member = values[known], np.eye(int(groups.max(initial=-1)) + 1)[groups[known]]
    present = np.isfinite(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(present, values - np.where(present, values, 0).sum(axis=0) / present.sum(axis=0), 0)
        n = member.T @ present
        means = np.where(n > 0, member.T @ left / n, 0)
        between = (n * means**2).sum(axis=0)
        within = (np.where(present, left - member @ means, 0) ** 2).sum(axis=0)
        used = (n > 0).sum(axis=0)
        df_between, df_within = used - 1, n.sum(axis=0) - used
        largest = np.max(np.abs(np.where(present, values, 0)), axis=0, initial=0)
        valid = (df_between > 0) & (df_within > 0) & (between + within > 1e-20 * n.sum(axis=0) * largest**2)
        eta2 = np.where(valid, between / (between + within), np.nan)
        f = np.where(valid, between / df_between / (within / df_within), np.nan)
        return Anova(eta2, f, np.where(valid, special.fdtrc(df_between, df_within, f), np.nan))


def levene(values: FloatArray, groups: IntArray) -> Anova:
    """Differences of spread: ``anova`` of the distances from the median of the group (Brown and Forsythe 1974)."""
    distance = np.full(values.shape, np.nan)
    for group in np.unique(groups[groups >= 0]):
        rows = groups == group
        some = np.isfinite(values[rows]).any(axis=0)
        part = values[np.ix_(rows, some)]
        distance[np.ix_(rows, some)] = np.abs(part - np.nanmedian(part, axis=0))
    return anova(distance, groups)


@dataclass(frozen=True)
class SiteVariance:
    """Principal components of the standardised features, and how much of each a category explains.

    ``share`` (n_components,) of the variance, ``eta2`` (n_components,) between groups, ``total`` the mean of ``eta2``
    weighted by ``share``. ``by_chance`` is what groups of these sizes explain of pure noise, (G − 1) / (n − 1).
    """

    share: FloatArray
    eta2: FloatArray
    total: float
    by_chance: float
    n_features: int


def site_variance(values: FloatArray, groups: IntArray, *, n_components: int = 10) -> SiteVariance:
    """Variance of the first principal components that lies between groups; features with a missing value are left out.

    Parameters
    ----------
    values : (n_rows, n_features) float64
    groups : (n_rows,) int
        −1 where not known, and the row is not used.

    Raises
    ------
    TooFewRowsError
        Fewer than three rows, or no complete feature that varies.
    """
    known = groups >= 0
    values, groups = values[known], groups[known]
    if len(values) < 3:
        raise TooFewRowsError(len(values), 3, "principal components")
    u, s, n_features = principal(values)
    kept = s[:n_components] > s[0] * 1e-10
    share = (s**2 / (s**2).sum())[:n_components][kept]
    eta2 = anova(u[:, :n_components][:, kept], groups).eta2
    by_chance = (len(np.unique(groups)) - 1) / (len(groups) - 1)
    return SiteVariance(share, eta2, float((share * eta2).sum() / share.sum()), by_chance, n_features)


def principal(values: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Principal components of the standardised features that are complete and vary.

    Parameters
    ----------
    values : (n_rows, n_features) float64

    Returns
    -------
    (n_rows, n_components) float64, (n_components,) float64, int
        Left singular vectors, each with its largest entry above 0; singular values, the largest first; features used.

    Raises
    ------
    TooFewRowsError
        No complete feature varies.
    """
    complete = values[:, np.isfinite(values).all(axis=0)]
    varying = complete[:, np.ptp(complete, axis=0) > 0]
    if not varying.shape[1]:
        raise TooFewRowsError(0, 1, "features without missing values, for principal components")
    standard = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    u, s, _ = np.linalg.svd(standard, full_matrices=False)
    top = u[np.abs(u).argmax(axis=0), np.arange(u.shape[1])]
    return u * np.where(top < 0, -1, 1), s, varying.shape[1]
