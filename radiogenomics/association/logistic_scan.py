"""Logistic regression of carrying each marker on each feature: score tests, and Firth's fit of selected pairs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from radiogenomics.association import logistic
from radiogenomics.association.firth import firth
from radiogenomics.association.flags import COLLINEAR, FEW_CARRIERS, NOT_BINARY, TESTED, UNSETTLED
from radiogenomics.association.groups import Rules
from radiogenomics.association.pairwise import BoolArray, FloatArray, IntArray, PairwiseScan, Side, Tests
from radiogenomics.tables import METHODS

SCORE, FIRTH = METHODS.index("score test"), METHODS.index("Firth")
_FLAGS = np.full(len(logistic.LOGISTIC_REASONS), TESTED, np.int8)
_FLAGS[[logistic.ONE_OUTCOME, logistic.COLLINEAR, logistic.NO_NULL, logistic.UNSETTLED]] = (
    FEW_CARRIERS,
    COLLINEAR,
    UNSETTLED,
    UNSETTLED,
)


@dataclass(frozen=True)
class Limits:
    """Pairs up to this p of the score test, or with fewer carriers or non-carriers, get Firth's likelihood."""

    p_below: float = 0.05
    carriers_below: int = 0


class LogisticScan(PairwiseScan):
    """The marker is the outcome, the feature the predictor; estimates are log odds ratios for one SD of the feature.

    Firth's penalised likelihood takes the place of the score test within the limits, and where covariates alone
    separate carriers from others.
    """

    effect = "log odds per SD"
    effect_of_numbers = "log odds per SD"

    def __init__(
        self,
        features: FloatArray,
        designs: Mapping[str, FloatArray],
        rules: Rules,
        threads: int = 1,
        limits: Limits = Limits(),
    ) -> None:
        super().__init__(features, designs, rules, threads)
        self.limits = limits

    def tests(
        self, name: str, side: Side, markers: FloatArray, few: IntArray, allowed: BoolArray, numbers: BoolArray
    ) -> Tests:
        """Score tests of all pairs, then Firth's fit of those that need it; a number is no outcome to be fitted."""
        markers, allowed = np.where(numbers, np.nan, markers), allowed & ~numbers
        found = logistic.score_tests(markers, side.features, side.design)
        with np.errstate(invalid="ignore"):
            doubtful = (found.flag == 0) & ((found.p <= self.limits.p_below) | (few < self.limits.carriers_below))
        alone = allowed & (doubtful | (found.flag == logistic.NO_NULL))
        estimate, se, z = found.one_step.copy(), found.one_step_se.copy(), found.z.copy()
        p, neg_log10_p, flag = found.p.copy(), found.neg_log10_p.copy(), _FLAGS[found.flag]
        flag[:, numbers] = NOT_BINARY
        if alone.any():
            fits = firth(markers, side.features, side.design, np.argwhere(alone))
            estimate[alone], se[alone], flag[alone] = fits.estimate, fits.se, _FLAGS[fits.flag]
            z[alone] = np.sign(fits.estimate) * np.sqrt(fits.lr)
            p[alone], neg_log10_p[alone] = fits.p, fits.neg_log10_p
        return Tests(
            estimate=estimate,
            se=se,
            statistic=z,
            df=np.zeros(flag.shape, np.int32),
            p=p,
            neg_log10_p=neg_log10_p,
            flag=flag,
            method=np.where(alone, FIRTH, SCORE).astype(np.int8),
            alone=alone,
        )
