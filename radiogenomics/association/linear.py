"""Exact complete-case least squares of every feature on every marker.

For one model, feature = design · γ + marker · β + error. By the theorem of Frisch, Waugh and Lovell β is the slope of
the residual of the feature on the residual of the marker, both after projection on the design. Nothing is imputed: each
pair is fitted on the patients that have both and every covariate, whatever the pattern of missing values. One matrix
product serves all pairs; what a missing value changes is worked out from the few rows that are missing
(``projection``). Where that leaves too few digits, the pair is fitted on its own (``exact``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.flags import TESTED
from radiogenomics.association.groups import Group, Rules, groups
from radiogenomics.association.scan import BoolArray, Fits, Scan
from radiogenomics.association.tail import Tails
from radiogenomics.tables import METHODS

FloatArray = NDArray[np.float64]
UNTESTED, ORDINARY, HC3 = (METHODS.index(name) for name in ("", "least squares", "least squares, HC3"))


def fit(features: FloatArray, markers: FloatArray, design: FloatArray, rules: Rules, *, threads: int = 1) -> Fits:
    """Fit every pair on the patients that have the feature, the marker and every column of the design.

    Parameters
    ----------
    features : (n_patients, n_features) float64
        NaN where missing.
    markers : (n_patients, n_markers) float64
        1 for carriers, 0 for the others, or a dosage; NaN where not assayed.
    design : (n_patients, n_columns) float64
        Intercept and covariates, NaN where missing. Columns may be collinear; their span is what counts.
    rules : Rules
        Which pairs are tested, and how.
    threads : int
        Blocks of markers at a time. The results have the same bits for any number.
    """
    scan = LinearScan(features, {"": design}, rules, threads)
    parts = [fits[""] for _, fits in scan.run(lambda part: markers[:, part], scan.blocks(markers.shape[1]))]
    return Fits(*(np.hstack([getattr(part, field.name) for part in parts]) for field in fields(Fits)))


class LinearScan(Scan):
    """Features (n_patients, n_features) made ready for several designs, to be fitted on markers block by block.

    Memory is that of the features for each design and of ``2 · threads`` blocks, however many markers there are.
    """

    effect = "SD per carrier"
    effect_of_numbers = "SD per SD of the marker"

    def __init__(self, features: FloatArray, designs: Mapping[str, FloatArray], rules: Rules, threads: int = 1) -> None:
        super().__init__(features, threads)
        self.rules = rules
        self._groups = {name: groups(features, design) for name, design in designs.items()}
        self._tails = Tails()

    def fit(self, markers: FloatArray, numbers: BoolArray | None = None) -> dict[str, Fits]:
        """Fit all features on markers (n_markers, n_patients) under each design."""
        return {name: self._fit(markers, parts, numbers) for name, parts in self._groups.items()}

    def _fit(self, markers: FloatArray, parts: Sequence[Group], numbers: BoolArray | None) -> Fits:
        """All features on the markers (n_markers, n_patients) under one design."""
        shape = (len(markers), self.n_features)
        estimate, se = np.full(shape, np.nan), np.full(shape, np.nan)
        df, n, n_carriers = (np.zeros(shape, np.int32) for _ in range(3))
        flag, hc3, recomputed = np.zeros(shape, np.int8), np.zeros(shape, bool), np.zeros(shape, bool)
        for group in parts:
            found = group.fit(markers, self.rules, numbers)
            where = group.columns
            estimate[:, where], se[:, where], df[:, where] = found.slope, found.se, found.df
            n[:, where], n_carriers[:, where], flag[:, where] = found.n, found.carriers, found.flag
            hc3[:, where], recomputed[:, where] = found.hc3, found.recomputed
        t = estimate / se
        p, neg_log10_p = self._tails(t, df)
        method = np.where(flag == TESTED, np.where(hc3, HC3, ORDINARY), UNTESTED).astype(np.int8)
        return Fits(
            estimate=estimate.T,
            se=se.T,
            statistic=t.T,
            df=df.T,
            p=p.T,
            neg_log10_p=neg_log10_p.T,
            n=n.T,
            n_carriers=n_carriers.T,
            flag=flag.T,
            method=method.T,
            recomputed=recomputed.T,
        )


__all__ = ["TESTED", "LinearScan", "Rules", "fit"]
