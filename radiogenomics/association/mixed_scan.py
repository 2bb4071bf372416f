"""A scan by the linear mixed model, with one covariate as the random effect."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics.association.covariance import Levels
from radiogenomics.association.errors import UnknownRandomEffectError, UnusableRandomEffectError
from radiogenomics.association.flags import TESTED
from radiogenomics.association.groups import Rules
from radiogenomics.association.mixed import Mixed, MixedFits
from radiogenomics.association.scan import BoolArray, Fits, Scan
from radiogenomics.tables import METHODS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
REML, NULL_RATIO = METHODS.index("mixed model"), METHODS.index("mixed model, variances without the marker")


def random_effect(covariates: pd.DataFrame, name: str | None) -> tuple[pd.DataFrame, IntArray | None]:
    """The covariates without that of the random effect, and its level of each patient, -1 where missing.

    Distinct values are levels, also of a numeric covariate. Without a ``name`` there is no random effect.

    Raises
    ------
    UnknownRandomEffectError
    """
    if name is None:
        return covariates, None
    if name not in covariates:
        raise UnknownRandomEffectError(name, [str(column) for column in covariates])
    return covariates.drop(columns=name), pd.factorize(covariates[name])[0].astype(np.int64)


def require_levels(name: str | None, levels: IntArray | None) -> None:
    """See that levels (n_patients,) can tell their variance from that of the residual, if there is a random effect.

    Raises
    ------
    UnusableRandomEffectError
    """
    if levels is None:
        return
    counts = np.bincount(levels[levels >= 0], minlength=1)
    if (counts > 0).sum() < 2 or counts.max() < 2:
        raise UnusableRandomEffectError(str(name), int((counts > 0).sum()), int(counts.sum()))


class MixedScan(Scan):
    """Features made ready for several designs, all with the same random effect."""

    effect = "SD per carrier"
    effect_of_numbers = "SD per SD of the marker"

    def __init__(
        self,
        features: FloatArray,
        designs: Mapping[str, FloatArray],
        codes: IntArray,
        rules: Rules,
        threads: int = 1,
        exact_below: float = 1.0,
    ) -> None:
        super().__init__(features, threads)
        known = np.where(codes < 0, np.nan, 0.0)[:, None]
        self._models = {
            name: Mixed(features, design + known, Levels(codes), rules, exact_below) for name, design in designs.items()
        }

    def fit(self, markers: FloatArray, numbers: BoolArray | None = None) -> dict[str, Fits]:
        """Fit all features on markers (n_markers, n_patients) under each design."""
        return {name: _fits(model.fit(markers, numbers)) for name, model in self._models.items()}


def _fits(found: MixedFits) -> Fits:
    method = np.where(found.flag == TESTED, np.where(found.exact, REML, NULL_RATIO), 0)
    return Fits(
        estimate=found.estimate.T,
        se=found.se.T,
        statistic=(found.estimate / found.se).T,
        df=found.whole_df.T,
        p=found.p.T,
        neg_log10_p=found.neg_log10_p.T,
        n=found.n.T.astype(np.int32),
        n_carriers=found.carriers.T.astype(np.int32),
        flag=found.flag.T,
        method=method.T.astype(np.int8),
        recomputed=np.zeros(method.T.shape, np.bool_),
    )
