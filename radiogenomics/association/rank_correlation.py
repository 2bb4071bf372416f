"""Spearman's ρ and partial rank correlation of every feature with every marker.

A pair is ranked on the patients that have its feature, its marker and every covariate. Ranking is done once for each
pattern of missing values, from an order that is sorted once; the correlations of a pattern are one matrix product.
"""

import numpy as np

from radiogenomics.association.patterns import patterns
from radiogenomics.association.products import product
from radiogenomics.association.projection import orthonormal
from radiogenomics.association.rank import (
    NO_DF,
    NO_VARIATION,
    BoolArray,
    FloatArray,
    Orders,
    RankTests,
    check_rows,
    flag_of,
    results,
)
from radiogenomics.association.tail import tail

# Residual ranks with less than this share of the sum of squares of the ranks are rounding.
SQUARES_TOLERANCE = 1e-10


def spearman(features: FloatArray, markers: FloatArray, covariates: FloatArray | None = None) -> RankTests:
    """Spearman's ρ of every pair, or with covariates the partial rank correlation, tested by Student's t.

    Feature, marker and covariates are ranked on the patients of the pair; ρ is the correlation of what the ranks of
    the covariates leave of the other two. ``df`` is n − 2 less the number of independent covariates. The cost is one
    ranking of all features for each pattern of missing markers.

    Parameters
    ----------
    features : (n_patients, n_features) float64
        NaN where missing.
    markers : (n_patients, n_markers) float64
        Any numbers; NaN where not assayed.
    covariates : (n_patients, n_covariates) float64
        Without categories of more than two levels, which have to be given as 0/1 columns. NaN where missing.

    Raises
    ------
    ShapeMismatchError
    """
    design = np.zeros((len(features), 0)) if covariates is None else covariates
    check_rows(features=features, markers=markers, covariates=design)
    shape = features.shape[1], markers.shape[1]
    rho, slope = np.full(shape, np.nan), np.full(shape, np.nan)
    n, df = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    flat = np.zeros(shape, bool)
    usable = ~np.isnan(design).any(axis=1)
    orders = [Orders.of(values) for values in (features, markers, design)]
    feature_patterns = list(patterns(~np.isnan(features)))
    for marker_rows, columns in patterns(~np.isnan(markers)):
        for feature_rows, chosen in feature_patterns:
            rows, where = usable & marker_rows & feature_rows, np.ix_(chosen, columns)
            n[where] = rows.sum()
            if not rows.any():
                continue
            basis = _basis(orders[2].ranks(rows, np.arange(design.shape[1]))[:, rows])
            left, left_length, left_flat = _unit_residuals(orders[0].ranks(rows, chosen)[:, rows], basis)
            right, right_length, right_flat = _unit_residuals(orders[1].ranks(rows, columns)[:, rows], basis)
            rho[where] = np.clip(product(left, right.T), -1, 1)
            slope[where] = rho[where] * left_length[:, None] / right_length
            flat[where] = left_flat[:, None] | right_flat
            df[where] = rows.sum() - 1 - len(basis)
    flag = flag_of((NO_DF, df < 1), (NO_VARIATION, flat))
    rho[flag != 0] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        t = rho * np.sqrt(df / ((1 - rho) * (1 + rho)))
    p, neg_log10_p = tail(t, np.maximum(df, 1))
    return results(n, df, flag, rho, 0.5 + slope / 2, t, p, neg_log10_p)


def _basis(covariates: FloatArray) -> FloatArray:
    """Orthonormal rows that span an intercept and the covariates: (rank, n)."""
    centred = covariates - covariates.mean(axis=1, keepdims=True)
    return orthonormal(np.ascontiguousarray(np.vstack([np.ones(centred.shape[1]), centred])))


def _unit_residuals(values: FloatArray, basis: FloatArray) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Residuals of the rows on the basis, each of length 1, their lengths, and which are nothing but rounding."""
    left = values - values.mean(axis=1, keepdims=True)
    total = np.einsum("ij,ij->i", left, left)
    left -= product(product(left, basis.T), basis)
    squares = np.einsum("ij,ij->i", left, left)
    flat: BoolArray = squares <= SQUARES_TOLERANCE * total
    length = np.sqrt(np.where(flat, 1, squares))
    left /= length[:, None]
    return left, length, flat
