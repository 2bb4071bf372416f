"""A scan by functions that test all pairs of some features and markers at once, such as ``rank`` and ``logistic``.

Which pairs are tested, and the reasons of those that are not, are the same as for least squares.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.flags import COLLINEAR, CONSTANT, FEW_CARRIERS, FEW_PATIENTS, TESTED
from radiogenomics.association.groups import Rules
from radiogenomics.association.products import product
from radiogenomics.association.projection import CARRIER
from radiogenomics.association.scan import ENOUGH, Fits, Scan

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Codes = NDArray[np.int8]


@dataclass(frozen=True)
class Side:
    """Patients with every column of a design: their features (n, f), the design (n, c), and who they are."""

    rows: IntArray
    features: FloatArray
    design: FloatArray


@dataclass(frozen=True)
class Tests:
    """What a function found: arrays (n_features, n_markers) as in ``Fits``; that of untested pairs is not used."""

    estimate: FloatArray
    se: FloatArray
    statistic: FloatArray
    df: NDArray[np.int32]
    p: FloatArray
    neg_log10_p: FloatArray
    flag: Codes
    method: Codes
    alone: BoolArray


class PairwiseScan(Scan):
    """Features made ready for several designs; a subclass says how all pairs of a block are tested."""

    def __init__(self, features: FloatArray, designs: Mapping[str, FloatArray], rules: Rules, threads: int = 1) -> None:
        super().__init__(features, threads)
        self.rules = rules
        self._sides = {name: _side(features, design) for name, design in designs.items()}

    @abstractmethod
    def tests(
        self, name: str, side: Side, markers: FloatArray, few: IntArray, allowed: BoolArray, numbers: BoolArray
    ) -> Tests:
        """Test the pairs of one block under one design.

        Parameters
        ----------
        name : str
            Of the design.
        side : Side
        markers : (n, m) float64
            On the patients of the side, NaN where not assayed.
        few : (f, m) int64
            Carriers or non-carriers, whichever are fewer.
        allowed : (f, m) bool
            Pairs with enough patients and carriers; nothing is kept of the others.
        numbers : (m,) bool
            Markers that are numbers.
        """

    def fit(self, markers: FloatArray, numbers: BoolArray | None = None) -> dict[str, Fits]:
        """Test all features on markers (n_markers, n_patients) under each design."""
        numbers = np.zeros(len(markers), np.bool_) if numbers is None else numbers
        return {name: self._fit(name, side, markers[:, side.rows].T, numbers) for name, side in self._sides.items()}

    def _fit(self, name: str, side: Side, markers: FloatArray, numbers: BoolArray) -> Fits:
        there = np.isfinite(side.features).T.astype(np.float64)
        n, carriers = (
            product(there, part.astype(np.float64)).astype(np.int64)
            for part in (~np.isnan(markers), markers >= CARRIER)
        )
        few = np.where(numbers, ENOUGH, self.fewest(n, carriers))
        allowed = (n >= self.rules.min_patients) & (few >= self.rules.min_carriers)
        found = self.tests(name, side, markers, few, allowed, numbers)
        flag = np.select([n < self.rules.min_patients, few < self.rules.min_carriers], [FEW_PATIENTS, FEW_CARRIERS], 0)
        flag = np.where(allowed, found.flag, flag).astype(np.int8)
        flag[_constant(side.features, markers, flag == COLLINEAR)] = CONSTANT
        tested = flag == TESTED
        estimate, se, statistic, p, neg_log10_p = (
            np.where(tested, part, np.nan)
            for part in (found.estimate, found.se, found.statistic, found.p, found.neg_log10_p)
        )
        return Fits(
            estimate=estimate,
            se=se,
            statistic=statistic,
            df=np.where(tested, found.df, 0).astype(np.int32),
            p=p,
            neg_log10_p=neg_log10_p,
            n=n.astype(np.int32),
            n_carriers=carriers.astype(np.int32),
            flag=flag,
            method=np.where(tested, found.method, 0).astype(np.int8),
            recomputed=tested & found.alone,
        )

    def fewest(self, n: IntArray, carriers: IntArray) -> IntArray:
        """What ``min_carriers`` is held against."""
        fewest: IntArray = np.minimum(carriers, n - carriers)
        return fewest


def _side(features: FloatArray, design: FloatArray) -> Side:
    rows = np.flatnonzero(np.isfinite(design).all(axis=1))
    return Side(rows, features[rows], design[rows])


def _constant(features: FloatArray, markers: FloatArray, chosen: BoolArray) -> BoolArray:
    """Chosen pairs whose feature does not vary among the patients with the marker."""
    constant = np.zeros(chosen.shape, np.bool_)
    for row in np.flatnonzero(chosen.any(axis=1)):
        columns = np.flatnonzero(chosen[row])
        there = np.isfinite(features[:, row])[:, None] & ~np.isnan(markers[:, columns])
        low, high = (np.where(there, features[:, [row]], end) for end in (np.inf, -np.inf))
        constant[row, columns] = low.min(axis=0) >= high.max(axis=0)
    return constant
