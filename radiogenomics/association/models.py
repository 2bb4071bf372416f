"""The statistical model of the configuration as a scan."""

from collections.abc import Mapping

from radiogenomics.association.covariance import Covariance
from radiogenomics.association.errors import UnknownRandomEffectError
from radiogenomics.association.groups import Rules
from radiogenomics.association.linear import LinearScan
from radiogenomics.association.logistic_scan import Limits, LogisticScan
from radiogenomics.association.mixed_scan import MixedScan
from radiogenomics.association.ordinal_scan import OrdinalScan
from radiogenomics.association.rank_scan import RankScan
from radiogenomics.association.scan import FloatArray, Scan
from radiogenomics.config.association import Association


def scan_of(
    options: Association,
    features: FloatArray,
    designs: Mapping[str, FloatArray],
    threads: int,
    covariance: Covariance | None = None,
) -> Scan:
    """The scan of rank-normalised features (n_patients, n_features) under the designs.

    ``covariance`` is that of the random effect, as ``random_effects.random_effect`` gives it; the model ``mixed`` needs
    one.

    Raises
    ------
    UnknownRandomEffectError
    """
    rules = Rules(options.min_patients, options.min_carriers, options.hc3_below, options.precision)
    match options.model:
        case "linear":
            return LinearScan(features, designs, rules, threads)
        case "rank":
            return RankScan(features, designs, rules, threads, options.continuity)
        case "logistic":
            limits = Limits(options.fit_p_below, options.firth_carriers_below)
            return LogisticScan(features, designs, rules, threads, limits)
        case "ordinal":
            return OrdinalScan(features, designs, rules, threads, options.fit_p_below)
        case "mixed":
            if covariance is None:
                raise UnknownRandomEffectError(str(options.random_effect), [])
            return MixedScan(features, designs, covariance, rules, threads, options.reml_p_below)
