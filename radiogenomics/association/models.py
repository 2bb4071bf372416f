"""The statistical model of the configuration as a scan."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.errors import UnusableRandomEffectError
from radiogenomics.association.groups import Rules
from radiogenomics.association.linear import LinearScan
from radiogenomics.association.logistic_scan import Limits, LogisticScan
from radiogenomics.association.mixed_scan import MixedScan
from radiogenomics.association.rank_scan import RankScan
from radiogenomics.association.scan import FloatArray, Scan
from radiogenomics.config.association import Association


def scan_of(
    options: Association,
    features: FloatArray,
    designs: Mapping[str, FloatArray],
    threads: int,
    levels: NDArray[np.int64] | None = None,
) -> Scan:
    """The scan of rank-normalised features (n_patients, n_features) under the designs.

    ``levels`` (n_patients,) are those of the random effect, -1 where missing, as ``mixed_scan.random_effect`` gives
    them; the model ``mixed`` needs them.

    Raises
    ------
    UnusableRandomEffectError
    """
    rules = Rules(options.min_patients, options.min_carriers, options.hc3_below, options.precision)
    match options.model:
        case "linear":
            return LinearScan(features, designs, rules, threads)
        case "rank":
            return RankScan(features, designs, rules, threads, options.continuity)
        case "logistic":
            limits = Limits(options.firth_p_below, options.firth_carriers_below)
            return LogisticScan(features, designs, rules, threads, limits)
        case "mixed":
            if levels is None:
                raise UnusableRandomEffectError(str(options.random_effect), 0, 0)
            return MixedScan(features, designs, levels, rules, threads, options.reml_p_below)
