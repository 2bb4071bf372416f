"""Linear mixed model of every feature on every marker: covariates, marker, one random effect and residual.

The random effect has the covariance K of patients: K = Z Zᵀ for a category such as the site (``covariance.Levels``),
or a matrix of kinship (``covariance.Relatedness``). The ratio of its variance to that of the residual is found by
restricted maximum likelihood (REML), with the marker in the model, or without it once for each feature (EMMAX, Kang and
others 2010) for pairs whose p is not small then. Every pair is fitted on the patients that have both and every
covariate; K is that of these patients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association import reml_pairs
from radiogenomics.association.covariance import Covariance
from radiogenomics.association.exact import RESIDUAL_TOLERANCE
from radiogenomics.association.flags import (
    COLLINEAR,
    CONSTANT,
    FEW_CARRIERS,
    FEW_PATIENTS,
    NO_DF,
    NO_RESIDUAL,
    TESTED,
)
from radiogenomics.association.groups import Rules
from radiogenomics.association.patterns import patterns
from radiogenomics.association.products import product
from radiogenomics.association.projection import Side, project
from radiogenomics.association.rotation import Rotated, rotate, sums
from radiogenomics.association.statistics_errors import ShapeMismatchError
from radiogenomics.association.tail import Tails

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]


@dataclass(frozen=True)
class MixedFits:
    """Pairs (n_markers, n_features), NaN where ``flag`` is not TESTED.

    ``variance`` is that of the residual and ``ratio`` that of the random effect divided by it; both are of the model
    with the marker where ``exact``. There ``df`` are Satterthwaite's, at most n − rank − 1, which they are elsewhere.
    ``p`` and ``neg_log10_p`` take ``df`` rounded down.
    """

    estimate: FloatArray
    se: FloatArray
    df: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    ratio: FloatArray
    variance: FloatArray
    n: NDArray[np.int64]
    carriers: NDArray[np.int64]
    flag: NDArray[np.int8]
    exact: BoolArray

    @property
    def whole_df(self) -> NDArray[np.int32]:
        """``df`` rounded down, at least 1; 0 where not tested."""
        return _whole(self.df)


@dataclass(frozen=True)
class _Part:
    """Features ``columns`` with the same patients ``rows``: their values (f, n) and ratios (f,) without a marker."""

    rows: IntArray
    columns: IntArray
    values: FloatArray
    ratio: FloatArray
    settled: BoolArray


class Mixed:
    """Features made ready for one design: ratios without a marker are found once.

    Parameters
    ----------
    features : (n_patients, n_features) float64
        NaN where missing.
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing.
    covariance : Covariance
    rules : Rules
        Counts that a pair needs.
    exact_below : float
        Pairs with p up to this at the ratio without a marker are fitted at their own; 1 fits all so.
    """

    def __init__(
        self, features: FloatArray, design: FloatArray, covariance: Covariance, rules: Rules, exact_below: float = 1.0
    ) -> None:
        if len(features) != len(design):
            raise ShapeMismatchError(features=features.shape, design=design.shape)
        self.n_features, self.rules, self.exact_below = features.shape[1], rules, exact_below
        self._design, self._covariance, self._tails = design, covariance, Tails()
        complete = np.flatnonzero(np.isfinite(design).all(axis=1) & covariance.known)
        self._parts = tuple(
            self._part(features, complete[mask], columns) for mask, columns in patterns(~np.isnan(features[complete]))
        )

    def _part(self, features: FloatArray, rows: IntArray, columns: IntArray) -> _Part:
        values = np.ascontiguousarray(features[np.ix_(rows, columns)].T)
        ratio, settled = np.zeros(len(columns)), np.zeros(len(columns), np.bool_)
        part = _Part(rows, columns, values, ratio, settled)
        if self.exact_below < 1:
            here = self._rotated(rows, values)
            sound = ~here.void
            free = len(rows) - len(here.basis)
            if free > 0 and sound.any():
                y, yy = here.sums[sound], here.side.squares[sound]
                found, told = np.empty(len(y)), np.empty(len(y), np.bool_)
                reml_pairs.null_ratios(here.basis_sums, y, yy, here.d, free, found, told)
                ratio[sound], settled[sound] = found, told
        return part

    def _rotated(self, rows: IntArray, values: FloatArray) -> Rotated:
        return rotate(values, self._design[rows], *self._covariance.decompose(rows))

    def fit(self, markers: FloatArray, numbers: BoolArray | None = None) -> MixedFits:
        """Fit all features on markers (n_markers, n_patients), NaN where missing.

        Rules of carriers spare ``numbers`` (n_markers,).
        """
        spared = np.zeros(len(markers), np.bool_) if numbers is None else numbers
        shape = (len(markers), self.n_features)
        estimate, se, variance, ratio, df, p, height = (np.full(shape, np.nan) for _ in range(7))
        n, carriers = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        flag, exact = np.zeros(shape, np.int8), np.zeros(shape, np.bool_)
        whole = MixedFits(estimate, se, df, p, height, ratio, variance, n, carriers, flag, exact)
        for part in self._parts:
            on_rows = markers[:, part.rows]
            for mask, chosen in patterns(~np.isnan(on_rows.T)):
                # Most markers lack nobody: then the patients are those of the features.
                self._fit(part, mask, np.ascontiguousarray(on_rows[np.ix_(chosen, mask)]), chosen, spared, whole)
        untested = flag != TESTED
        for values in (estimate, se, variance, ratio, df):
            values[untested] = np.nan
        p[...], height[...] = self._tails(estimate / se, whole.whole_df)
        exact &= ~untested
        return whole

    def _fit(
        self,
        part: _Part,
        mask: BoolArray,
        markers: FloatArray,
        chosen: IntArray,
        spared: BoolArray,
        whole: MixedFits,
    ) -> None:
        """The chosen markers (m, n) on the patients ``mask`` of a part, who all have them."""
        rows = part.rows[mask]
        values = part.values if mask.all() else np.ascontiguousarray(part.values[:, mask])
        where = np.ix_(chosen, part.columns)
        here = self._rotated(rows, values)
        g = project(markers, here.basis)
        free = len(rows) - len(here.basis) - 1
        whole.n[where], whole.carriers[where] = len(rows), g.carriers[:, None]
        length = np.sqrt(np.where(g.squares > 0, g.squares, 1))
        unit = g.left / length[:, None]
        gy = product(unit, np.ascontiguousarray(here.side.left.T))
        flag = self._flags(g, here, gy, free, spared[chosen])
        pairs = _Pairs.empty(flag, part.ratio)
        rotated = (here.basis_sums, sums(here.vectors, unit), here.sums, gy, here.side.squares, here.d, free)
        exact = np.ones(flag.shape, np.bool_)
        if self.exact_below < 1 and free > 0:
            ready = (flag == TESTED) & part.settled
            pairs.fit(rotated, ready, ~exact)
            p, _ = self._tails(pairs.estimate / pairs.se, _whole(pairs.df))
            with np.errstate(invalid="ignore"):
                exact = ~((p > self.exact_below) & (pairs.flag == TESTED))
        if free > 0:
            pairs.fit(rotated, (flag == TESTED) & exact, exact)
        whole.estimate[where], whole.se[where] = pairs.estimate / length[:, None], pairs.se / length[:, None]
        whole.variance[where], whole.ratio[where], whole.df[where] = pairs.variance, pairs.ratio, pairs.df
        whole.flag[where], whole.exact[where] = pairs.flag, exact

    def _flags(self, g: Side, here: Rotated, gy: FloatArray, free: int, spared: BoolArray) -> NDArray[np.int8]:
        """Reasons, the first that applies, as for least squares."""
        n = here.side.left.shape[1]
        gone = (g.squares <= RESIDUAL_TOLERANCE * g.total)[:, None]
        few = ((np.minimum(g.carriers, n - g.carriers) < self.rules.min_carriers) & ~spared)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            exact_fit = ~(1 - gy**2 / here.side.squares > RESIDUAL_TOLERANCE)
        conditions = [
            np.full(gy.shape, n < self.rules.min_patients),
            np.broadcast_to(few, gy.shape),
            np.broadcast_to(here.side.total <= RESIDUAL_TOLERANCE, gy.shape),
            gone | here.void,
            np.full(gy.shape, free < 1),
            exact_fit,
        ]
        reasons = [FEW_PATIENTS, FEW_CARRIERS, CONSTANT, COLLINEAR, NO_DF, NO_RESIDUAL]
        return np.select(conditions, reasons, TESTED).astype(np.int8)


@dataclass(frozen=True)
class _Pairs:
    """Fits (m, f) of markers of length 1."""

    ratio: FloatArray
    estimate: FloatArray
    se: FloatArray
    variance: FloatArray
    df: FloatArray
    flag: NDArray[np.int8]

    @classmethod
    def empty(cls, flag: NDArray[np.int8], ratio: FloatArray) -> "_Pairs":
        start = np.ascontiguousarray(np.broadcast_to(ratio, flag.shape)).copy()
        estimate, se, variance, df = (np.full(flag.shape, np.nan) for _ in range(4))
        return cls(start, estimate, se, variance, df, flag)

    def fit(
        self,
        rotated: tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, int],
        wanted: BoolArray,
        exact: BoolArray,
    ) -> None:
        """Fit wanted pairs; the flag of the others stays."""
        reml_pairs.fit(*rotated, wanted, exact, self.ratio, self.estimate, self.se, self.variance, self.df, self.flag)


def _whole(df: FloatArray) -> NDArray[np.int32]:
    return np.where(np.isnan(df), 0, np.maximum(np.floor(np.nan_to_num(df)), 1)).astype(np.int32)
