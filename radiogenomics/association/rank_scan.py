"""Rank tests of every pair: Mann–Whitney without covariates, partial rank correlation with them."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

from radiogenomics.association.flags import COLLINEAR, FEW_CARRIERS, NO_DF, NO_RESIDUAL, TESTED
from radiogenomics.association.groups import Rules
from radiogenomics.association.pairwise import BoolArray, FloatArray, IntArray, PairwiseScan, Side, Tests
from radiogenomics.association.rank import FEW_GROUPS, NO_DF as RANK_NO_DF, NO_VARIATION, RANK_REASONS, mann_whitney
from radiogenomics.association.rank_correlation import spearman
from radiogenomics.tables import METHODS

MANN_WHITNEY, PARTIAL, SPEARMAN = (
    METHODS.index(name) for name in ("Mann-Whitney", "partial rank correlation", "rank correlation")
)
# A correlation closer to 1 than this leaves nothing but rounding.
CORRELATION_TOLERANCE = 1e-12
_FLAGS = np.full(len(RANK_REASONS), TESTED, np.int8)
_FLAGS[[FEW_GROUPS, NO_VARIATION, RANK_NO_DF]] = FEW_CARRIERS, COLLINEAR, NO_DF


class RankScan(PairwiseScan):
    """Estimates are P − ½, P the probability that a carrier has the larger value of the feature, a tie counting half.

    With covariates P − ½ is half the slope of the feature's ranks on the marker's ranks beside the covariates' ranks;
    without covariates that slope gives P − ½ exactly. For a marker that is a number they are the (partial) rank
    correlation. No standard error.
    """

    effect = "probability of superiority - 0.5"
    effect_of_numbers = "rank correlation"

    def __init__(
        self,
        features: FloatArray,
        designs: Mapping[str, FloatArray],
        rules: Rules,
        threads: int = 1,
        continuity: bool = False,
    ) -> None:
        super().__init__(features, designs, rules, threads)
        self.continuity = continuity

    def tests(
        self, name: str, side: Side, markers: FloatArray, few: IntArray, allowed: BoolArray, numbers: BoolArray
    ) -> Tests:
        """Mann–Whitney if the design is an intercept only, else partial rank correlation; the latter for numbers."""
        if numbers.all() or not numbers.any():
            return self._tests(side, markers, numbers=bool(numbers.any()))
        columns = [np.flatnonzero(numbers == kind) for kind in (False, True)]
        parts = [self._tests(side, markers[:, chosen], numbers=bool(kind)) for kind, chosen in enumerate(columns)]
        order = np.argsort(np.concatenate(columns))
        joined = {field.name: np.hstack([getattr(part, field.name) for part in parts]) for field in fields(Tests)}
        return Tests(**{key: values[:, order] for key, values in joined.items()})

    def _tests(self, side: Side, markers: FloatArray, *, numbers: bool) -> Tests:
        """Markers that are all numbers, or all carrier status."""
        covariates = side.design[:, 1:]
        if numbers or covariates.shape[1]:
            found, method = spearman(side.features, markers, covariates), PARTIAL if covariates.shape[1] else SPEARMAN
            exact = np.abs(found.statistic) >= 1 - CORRELATION_TOLERANCE
        else:
            found, method = mann_whitney(side.features, markers, continuity=self.continuity), MANN_WHITNEY
            exact = np.zeros(found.flag.shape, np.bool_)
        flag = _FLAGS[found.flag]
        flag[exact] = NO_RESIDUAL
        return Tests(
            estimate=found.statistic if numbers else found.effect - 0.5,
            se=np.full(flag.shape, np.nan),
            statistic=found.deviate,
            df=found.df,
            p=found.p,
            neg_log10_p=found.neg_log10_p,
            flag=flag,
            method=np.full(flag.shape, method, np.int8),
            alone=np.zeros(flag.shape, np.bool_),
        )
