"""Features that are fitted together, and how a block of markers is fitted on them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.exact import RESIDUAL_TOLERANCE, refit
from radiogenomics.association.flags import (
    COLLINEAR,
    CONSTANT,
    FEW_CARRIERS,
    FEW_PATIENTS,
    NO_DF,
    ONE_PATIENT,
    TESTED,
)
from radiogenomics.association.patterns import patterns
from radiogenomics.association.products import cross, multiply_sparse
from radiogenomics.association.projection import CARRIER, Side, orthonormal, project
from radiogenomics.association.robust import hc3
from radiogenomics.association.scan import ENOUGH
from radiogenomics.association.scattered import Joint, join

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

# Features with the same missing patients are projected on those patients if there are this many of them; for fewer,
# projecting every marker again costs more than finishing each pair.
SMALLEST_GROUP = 16
# Differences that leave less than this share of what they start from have lost three (sums of squares) or four
# (residual of the model) of sixteen digits: such pairs are fitted on their own.
SQUARES_LEFT, RESIDUAL_LEFT = 1e-3, 1e-4


@dataclass(frozen=True)
class Rules:
    """Which pairs are tested, and how.

    Pairs with fewer patients, carriers or non-carriers are flagged; pairs with fewer carriers or non-carriers than
    ``hc3_below`` have HC3 standard errors. ``precision`` is that of the one large product.
    """

    min_patients: int
    min_carriers: int
    hc3_below: int = 0
    precision: Literal["float64", "float32"] = "float64"


@dataclass(frozen=True)
class Found:
    """Fits of a block, (n_markers, n_features of the group) each or of a shape that spreads to it."""

    slope: FloatArray
    se: FloatArray
    df: NDArray[np.int64]
    n: NDArray[np.int64]
    carriers: NDArray[np.int64]
    flag: NDArray[np.int8]
    hc3: BoolArray
    recomputed: BoolArray


@dataclass(frozen=True)
class Group:
    """Features ``columns`` on patients ``rows``.

    ``design`` (c, n) and its ``basis`` (r, n), ``values`` (f, n) of the features and what is left of them.
    """

    rows: IntArray
    columns: IntArray
    design: FloatArray
    basis: FloatArray
    values: FloatArray
    side: Side

    @cached_property
    def left(self) -> FloatArray:
        """Projected features (n, f)."""
        return np.ascontiguousarray(self.side.left.T)

    def fit(self, markers: FloatArray, rules: Rules, numbers: BoolArray | None = None) -> Found:
        """Fit every feature on markers (m, n_patients), NaN where missing; rules of carriers spare ``numbers`` (m,)."""
        raw = np.ascontiguousarray(markers[:, self.rows])
        side = project(raw, self.basis)
        joint = self._joint(side, raw, np.dtype(rules.precision).type)
        df = joint.n - joint.rank - 1
        few = np.minimum(joint.carriers, joint.n - joint.carriers)
        if numbers is not None:
            few = np.where(numbers[:, None], ENOUGH, few)
        flag = self._flags(joint, side, df, few, rules)
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = joint.syg / joint.sgg
            residual = joint.syy - slope * joint.syg
            se = np.sqrt(residual / df / joint.sgg)
        tested = flag == TESTED
        doubtful = tested & (self._short(joint, side) | ~(residual > RESIDUAL_LEFT * joint.syy))
        robust = tested & (few < rules.hc3_below)
        alone = doubtful
        if robust.any():
            if len(self.side.rows):  # leverages differ from pair to pair
                alone = doubtful | robust
            else:
                self._hc3(side, raw, np.flatnonzero(robust.any(axis=1)), slope, se, flag)
        if not tested.all():
            slope[flag != TESTED] = np.nan
            se[flag != TESTED] = np.nan
        if alone.any():
            df = np.broadcast_to(df, flag.shape).copy()
            self._refit(raw, alone, robust, slope, se, df, flag)
        return Found(slope, se, np.maximum(df, 0), joint.n, joint.carriers, flag, robust & (flag == TESTED), doubtful)

    def _joint(self, side: Side, raw: FloatArray, dtype: type[np.floating]) -> Joint:
        """Sums over the rows of each pair."""
        syg = cross(side.left, self.left, dtype)
        if len(self.side.rows):
            return join(self.side, side, raw >= CARRIER, self.basis, syg)
        squares, projected = multiply_sparse(self.left, side.starts, side.rows, side.whitened)
        return Joint(
            syy=self.side.squares - squares - projected,
            sgg=side.squares[:, None],
            syg=syg,
            n=side.present[:, None],
            carriers=side.carriers[:, None],
            rank=side.rank[:, None],
            sure=side.sure[:, None],
        )

    def _flags(
        self, joint: Joint, side: Side, df: NDArray[np.int64], few: NDArray[np.int64], rules: Rules
    ) -> NDArray[np.int8]:
        """Reasons, the first that applies. What holds on all patients of a column holds on fewer."""
        flag = np.zeros((len(side.squares), len(self.columns)), np.int8)
        y_gone = self.side.squares <= RESIDUAL_TOLERANCE * self.side.total
        g_gone = side.sure & (side.squares <= RESIDUAL_TOLERANCE * side.total)
        for where, reason in (
            (joint.sure & (df < 1), NO_DF),
            ((self.side.sure & y_gone)[None, :] | g_gone[:, None], COLLINEAR),
            ((self.side.total <= RESIDUAL_TOLERANCE)[None, :], CONSTANT),
            (few < rules.min_carriers, FEW_CARRIERS),
            (joint.n < rules.min_patients, FEW_PATIENTS),
        ):
            if where.any():
                flag[np.broadcast_to(where, flag.shape)] = reason
        return flag

    def _short(self, joint: Joint, side: Side) -> BoolArray:
        """Pairs whose sums of squares have too few digits, or may be rounding only."""
        close = 10 * RESIDUAL_TOLERANCE
        y_least = np.maximum(SQUARES_LEFT * self.side.squares, close * self.side.total)
        g_least = np.maximum(SQUARES_LEFT * side.squares, close * side.total)
        short: BoolArray = ~joint.sure | ~(joint.syy > y_least) | ~(joint.sgg > g_least[:, None])
        return short

    def _hc3(
        self,
        side: Side,
        raw: FloatArray,
        chosen: IntArray,
        slope: FloatArray,
        se: FloatArray,
        flag: NDArray[np.int8],
    ) -> None:
        one_patient = np.zeros(len(raw), np.bool_)
        hc3(
            self.left, side.left, side.starts, side.rows, side.lost, self.basis, raw, chosen, slope, se, one_patient
        )  # fmt: skip
        flag[one_patient[:, None] & (flag == TESTED)] = ONE_PATIENT

    def _refit(
        self,
        raw: FloatArray,
        chosen: BoolArray,
        robust: BoolArray,
        slope: FloatArray,
        se: FloatArray,
        df: NDArray[np.int64],
        flag: NDArray[np.int8],
    ) -> None:
        pairs = np.ascontiguousarray(np.argwhere(chosen))
        new_slope, new_se = np.empty(len(pairs)), np.empty(len(pairs))
        new_df, new_flag = np.empty(len(pairs), np.int64), np.empty(len(pairs), np.int64)
        refit(self.values, raw, self.design, pairs, robust[chosen], new_slope, new_se, new_df, new_flag)
        slope[chosen], se[chosen], df[chosen], flag[chosen] = new_slope, new_se, new_df, new_flag


def groups(features: FloatArray, design: FloatArray) -> tuple[Group, ...]:
    """Features (n_patients, n_features) in groups with the same missing patients, and one of all the others."""
    complete = np.isfinite(design).all(axis=1)
    found, scattered = [], []
    for mask, columns in patterns(~np.isnan(features[complete])):
        if len(columns) >= SMALLEST_GROUP or mask.all():
            rows = np.flatnonzero(complete)[mask]
            found.append(_group(features, design, rows, columns))
        else:
            scattered.append(columns)
    if scattered:
        found.append(_group(features, design, np.flatnonzero(complete), np.sort(np.concatenate(scattered))))
    return tuple(found)


def _group(features: FloatArray, design: FloatArray, rows: IntArray, columns: IntArray) -> Group:
    x = np.ascontiguousarray(design[rows].T)
    values = np.ascontiguousarray(features[np.ix_(rows, columns)].T)
    basis = orthonormal(x)
    return Group(rows, columns, x, basis, values, project(values, basis))
