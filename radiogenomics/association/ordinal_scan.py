"""Proportional odds of every pair, the feature as an ordered response: score tests, and fits of those of small p."""

from collections.abc import Mapping

import numpy as np

from radiogenomics.association import ordinal
from radiogenomics.association.flags import COLLINEAR, TESTED, UNSETTLED
from radiogenomics.association.groups import Rules
from radiogenomics.association.pairwise import BoolArray, FloatArray, IntArray, PairwiseScan, Side, Tests
from radiogenomics.association.projection import basis_of
from radiogenomics.association.tail import tail
from radiogenomics.tables import METHODS

SCORE, FITTED = METHODS.index("score test"), METHODS.index("proportional odds")
# A feature of one value is collinear with the intercepts; the frame calls it constant.
_FLAGS = np.full(len(ordinal.ORDINAL_REASONS), TESTED, np.int8)
_FLAGS[[ordinal.ONE_VALUE, ordinal.COLLINEAR, ordinal.NO_NULL]] = COLLINEAR, COLLINEAR, UNSETTLED


class OrdinalScan(PairwiseScan):
    """Estimates are log odds ratios of a larger value of the feature, for carriers or for one SD of the marker.

    A pair whose score test gives at most ``fit_p_below`` is fitted by maximum likelihood, and its score test is made
    with the expected information. Its square is that of a correlation between ranks and marker times the number of
    patients, so p is that of a correlation, by Student's t: the normal tail is too small with covariates. Where the fit
    does not settle, as when a marker orders the feature, the first step stays the estimate.
    """

    effect = "log odds of a larger value per carrier"
    effect_of_numbers = "log odds of a larger value per SD of the marker"

    def __init__(
        self,
        features: FloatArray,
        designs: Mapping[str, FloatArray],
        rules: Rules,
        threads: int = 1,
        fit_p_below: float = 0.05,
    ) -> None:
        super().__init__(features, designs, rules, threads)
        self.fit_p_below = fit_p_below

    def tests(
        self, name: str, side: Side, markers: FloatArray, few: IntArray, allowed: BoolArray, numbers: BoolArray
    ) -> Tests:
        """Score tests of all pairs, then the fits of those that are worth one."""
        found = ordinal.score_tests(side.features, markers, side.design)
        estimate, se, z = found.estimate.copy(), found.se.copy(), found.z.copy()
        p, neg_log10_p = found.p.copy(), found.neg_log10_p.copy()
        chosen = allowed & (found.flag == 0) & (np.where(found.flag == 0, found.p, 1) <= self.fit_p_below)
        pairs = np.argwhere(chosen)
        fits = ordinal.fits(side.features, markers, side.design, pairs)
        settled = fits.flag == 0
        df = np.zeros(z.shape, np.int32)
        df[chosen] = np.maximum(found.n[chosen] - basis_of(side.design).shape[1] - 1, 1)
        z[chosen] = _student(fits.z, found.n[chosen], df[chosen])
        p[chosen], neg_log10_p[chosen] = tail(z[chosen], df[chosen])
        alone = np.zeros(chosen.shape, np.bool_)
        alone[tuple(pairs[settled].T)] = True
        estimate[alone], se[alone] = fits.estimate[settled], fits.se[settled]
        return Tests(
            estimate=estimate,
            se=se,
            statistic=z,
            df=df,
            p=p,
            neg_log10_p=neg_log10_p,
            flag=_FLAGS[found.flag],
            method=np.where(alone, FITTED, SCORE).astype(np.int8),
            alone=alone,
        )


def _student(z: FloatArray, n: IntArray, df: IntArray) -> FloatArray:
    """Student's t of the correlation r with z² = n r²; infinite where it is 1."""
    share = np.minimum(z**2 / n, 1.0)
    with np.errstate(divide="ignore"):
        t: FloatArray = np.sign(z) * np.sqrt(df * share / (1 - share))
    return t
