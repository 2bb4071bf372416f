"""A scan by the linear mixed model, with one random effect."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.covariance import Covariance
from radiogenomics.association.flags import TESTED
from radiogenomics.association.groups import Rules
from radiogenomics.association.mixed import Mixed, MixedFits
from radiogenomics.association.scan import BoolArray, Fits, Scan
from radiogenomics.tables import METHODS

FloatArray = NDArray[np.float64]
REML, NULL_RATIO = METHODS.index("mixed model"), METHODS.index("mixed model, variances without the marker")


class MixedScan(Scan):
    """Features made ready for several designs, all with the same random effect."""

    effect = "SD per carrier"
    effect_of_numbers = "SD per SD of the marker"
    # A pair takes some hundred times as long as with least squares, so smaller blocks keep all threads at work.
    block_pairs = 2**14

    def __init__(
        self,
        features: FloatArray,
        designs: Mapping[str, FloatArray],
        covariance: Covariance,
        rules: Rules,
        threads: int = 1,
        exact_below: float = 1.0,
    ) -> None:
        super().__init__(features, threads)
        self._models = {
            name: Mixed(features, design, covariance, rules, exact_below) for name, design in designs.items()
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
