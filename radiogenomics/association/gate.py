"""Features that are not stable enough stay in the family as pairs without a test, with the reason."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from radiogenomics import tables
from radiogenomics.association.design import Features
from radiogenomics.association.errors import NoStabilityError
from radiogenomics.association.flags import TESTED, UNSTABLE
from radiogenomics.association.scan import BoolArray, Fits, FloatArray, Scan
from radiogenomics.config.association import Association


def stable(features: Features, options: Association, table: Path | None) -> BoolArray | None:
    """Features (n_features,) that may be tested; None without a limit.

    Those are the ones whose lower bound in the stability table reaches the limit, and those of finished tables, which
    have no row there.

    Raises
    ------
    NoStabilityError
        There is a limit and no table.
    """
    if options.min_icc_low is None:
        return None
    if table is None:
        raise NoStabilityError(options.min_icc_low)
    rows = tables.STABILITY.read(table)
    rows = rows[rows["analysis"].astype(str) == features.analysis]
    low = dict(zip(rows["feature"].astype(str), np.nan_to_num(rows["icc_low"], nan=-np.inf), strict=True))
    return np.array([low.get(name, np.inf) >= options.min_icc_low for name in features.names["feature"]], bool)


def gated(scan: Scan, stable: BoolArray | None) -> Scan:
    """The scan in which features that are not ``stable`` (n_features,) are not tested; None leaves it as it is."""
    return scan if stable is None else GatedScan(scan, stable)


class GatedScan(Scan):
    """A scan whose pairs of unstable features have no test.

    They are fitted all the same, so that a pair which could not be tested anyway keeps its own reason.
    """

    def __init__(self, scan: Scan, stable: BoolArray) -> None:
        self.n_patients, self.n_features, self.threads = scan.n_patients, scan.n_features, scan.threads
        self.effect, self.effect_of_numbers = scan.effect, scan.effect_of_numbers
        self.scan, self.stable = scan, stable

    def fit(self, markers: FloatArray, numbers: BoolArray | None = None) -> dict[str, Fits]:
        """Fit all features, then take the tests of unstable ones away."""
        return {name: _without(fits, ~self.stable) for name, fits in self.scan.fit(markers, numbers).items()}


def _without(fits: Fits, unstable: BoolArray) -> Fits:
    gone = (fits.flag == TESTED) & unstable[:, None]

    def kept(values: FloatArray) -> FloatArray:
        return np.where(gone, np.nan, values)

    return replace(
        fits,
        estimate=kept(fits.estimate),
        se=kept(fits.se),
        statistic=kept(fits.statistic),
        p=kept(fits.p),
        neg_log10_p=kept(fits.neg_log10_p),
        df=np.where(gone, 0, fits.df).astype(np.int32),
        flag=np.where(gone, UNSTABLE, fits.flag).astype(np.int8),
        method=np.where(gone, 0, fits.method).astype(np.int8),
        recomputed=fits.recomputed & ~gone,
    )
