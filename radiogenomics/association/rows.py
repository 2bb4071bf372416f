"""Fits to rows of the results table, gathered to row groups of one analysis and adjustment."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.adjusted import Adjusted
from radiogenomics.association.design import Features, Markers
from radiogenomics.association.flags import TESTED
from radiogenomics.association.scan import Fits

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.integer[Any]]

# A crude hit is explained by volume if adjusting for volume removes it and takes more than this share of its estimate.
EXPLAINED_SHARE = 0.5
# Rows of a row group: blocks are put together until there are the first number, and never more than the second.
ROW_GROUP, MAX_ROW_GROUP = 2**17, 2**18
# Columns of adjusted values that are there if the configuration asks for them.
FURTHER = {"by": "q_by", "holm": "p_holm", "storey": "q_storey"}


@dataclass
class Rows:
    """Rows of one analysis. ``write`` takes whole row groups; ``limit`` is the largest p that is kept, None for all.

    ``effects`` are those of markers that are carried or not, and of those that are numbers.
    """

    features: Features
    markers: Markers
    rho: FloatArray
    gene: NDArray[np.int64]
    effects: tuple[str, str]
    adjusted: Mapping[str, Adjusted]
    alpha: float
    limit: float | None
    write: Callable[[pd.DataFrame], None]
    _waiting: dict[str, list[dict[str, NDArray[Any]]]] = field(default_factory=dict)

    def add(self, first: int, fits: Mapping[str, Fits]) -> None:
        """Take the pairs of a block that are kept under any adjustment; its markers begin with number ``first``."""
        kept = keep(fits, self.limit)
        if not kept.any():
            return
        everything = bool(kept.all())

        def rows(values: NDArray[Any]) -> NDArray[Any]:
            return values.T.ravel() if everything else values.T[kept]

        marker, feature = np.nonzero(kept)
        marker += first
        gene = self.gene[marker]
        q = {adjustment: self.adjusted[adjustment].columns(rows(fit.p), gene) for adjustment, fit in fits.items()}
        explained = self._explained({adjustment: rows(fit.estimate) for adjustment, fit in fits.items()}, q)
        for adjustment, fit in fits.items():
            estimate, half = rows(fit.estimate), rows(fit.half_width)
            columns = {
                "feature": feature.astype(np.int32),
                "marker": marker.astype(np.int32),
                "estimate": estimate,
                "se": rows(fit.se),
                "method": rows(fit.method),
                "ci_low": estimate - half,
                "ci_high": estimate + half,
                "statistic": rows(fit.statistic),
                "df": rows(fit.df),
                "p": rows(fit.p),
                "neg_log10_p": rows(fit.neg_log10_p),
                **q[adjustment][0],
                "n": rows(fit.n),
                "n_carriers": rows(fit.n_carriers),
                "volume_explained": explained,
                "flag": rows(fit.flag),
            }
            waiting = self._waiting.setdefault(adjustment, [])
            waiting.append(columns)
            if sum(len(part["flag"]) for part in waiting) >= ROW_GROUP:
                self._flush(adjustment)

    def finish(self) -> None:
        """Write what is left."""
        for adjustment in list(self._waiting):
            self._flush(adjustment)

    def _explained(
        self, estimate: Mapping[str, FloatArray], q: Mapping[str, tuple[dict[str, FloatArray], FloatArray]]
    ) -> BoolArray:
        """A value that is not known may be known not to be below alpha, which is all that is asked of it."""
        if "volume" not in q:
            return np.zeros(len(estimate["crude"]), np.bool_)
        with np.errstate(invalid="ignore"):
            hit, no_hit = q["crude"][0]["q_two_level"] < self.alpha, q["volume"][1] >= self.alpha
            return volume_explained(estimate["crude"], estimate["volume"], hit, no_hit)

    def _flush(self, adjustment: str) -> None:
        parts = self._waiting.pop(adjustment)
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        n = len(columns["flag"])
        ends = np.linspace(0, n, -(-n // MAX_ROW_GROUP) + 1).astype(int).tolist()
        for start, stop in pairwise(ends):
            self.write(self._frame(adjustment, {name: values[start:stop] for name, values in columns.items()}))

    def _frame(self, adjustment: str, columns: dict[str, NDArray[Any]]) -> pd.DataFrame:
        feature, marker, flag = columns["feature"], columns["marker"], columns["flag"]
        names, start = self.features.names, int(marker.min())
        markers = self.markers.names.iloc[start : int(marker.max()) + 1]
        zero = np.zeros(len(flag), np.int8)
        number = zero.astype(bool) if self.markers.numbers is None else self.markers.numbers[marker]
        coded: dict[str, tuple[IntArray, Iterable[str]]] = {
            "analysis": (zero, [self.features.analysis]),
            "feature": (feature, names["feature"]),
            **{name: _shared(feature, names[name]) for name in ("image_type", "family")},
            "marker": (marker - start, markers["marker"]),
            "gene": _shared(marker - start, markers["gene"]),
            "adjustment": (zero, [adjustment]),
            "effect": _shared(number.astype(np.int8), pd.Series(self.effects)),
            "method": (columns["method"], tables.METHODS),
            "flag": (flag, tables.NOT_TESTED_REASONS),
        }
        df = pd.array(columns["df"], dtype="Int32")
        df[(flag != TESTED) | (columns["df"] < 1)] = pd.NA
        carriers = pd.array(columns["n_carriers"], dtype="Int32")
        carriers[number] = pd.NA
        empty = np.full(len(flag), np.nan)
        return pd.DataFrame(
            {
                **{name: columns.get(name, empty) for name in (*columns, *FURTHER.values())},
                **{
                    name: pd.Categorical.from_codes(codes, pd.Index(list(values)))
                    for name, (codes, values) in coded.items()
                },
                "df": df,
                "n_carriers": carriers,
                "n_missing": np.int32(len(self.features.patients)) - columns["n"],
                "volume_rho": self.rho[feature],
            }
        )


def keep(fits: Mapping[str, Fits], limit: float | None) -> BoolArray:
    """Pairs (n_markers, n_features) that are written: all, or those below the limit under any adjustment."""
    smallest = np.fmin.reduce([fit.p for fit in fits.values()]).T
    kept: BoolArray = np.ones(smallest.shape, bool) if limit is None else smallest <= limit
    return kept


def volume_explained(crude: FloatArray, volume: FloatArray, hit: BoolArray, no_hit: BoolArray) -> BoolArray:
    """Hits of the crude fit that adjusting for volume removes, together with a large share of the estimate."""
    with np.errstate(invalid="ignore"):
        explained: BoolArray = hit & no_hit & (np.abs(volume) < EXPLAINED_SHARE * np.abs(crude))
    return explained


def _shared(codes: IntArray, values: pd.Series) -> tuple[IntArray, list[str]]:
    """Codes into the distinct values of a column that several categories share."""
    of_value, distinct = pd.factorize(values.astype(object))
    return of_value[codes], list(distinct)


def _before(rows: pd.DataFrame, q: float, height: float) -> BoolArray:
    """Rows that come before one with this ``q_two_level`` and −log10 p; missing values are the largest."""
    own_q, own_height = (rows[name].to_numpy(float) for name in ("q_two_level", "neg_log10_p"))
    own_q, q = np.nan_to_num(own_q, nan=np.inf), np.inf if np.isnan(q) else q
    own_height, height = np.nan_to_num(own_height, nan=-1.0), -1.0 if np.isnan(height) else height
    before: BoolArray = (own_q < q) | ((own_q == q) & (own_height > height))
    return before


@dataclass
class Top:
    """The rows of smallest ``q_two_level`` and then p, of all shown to it; pairs without either come last."""

    size: int
    _frame: pd.DataFrame | None = None

    def add(self, rows: pd.DataFrame) -> None:
        """Look at some rows."""
        if self._frame is not None:
            if len(self._frame) == self.size:
                rows = rows[_before(rows, *self._frame[["q_two_level", "neg_log10_p"]].iloc[-1])]
            names = [str(name) for name in rows.columns if rows[name].dtype == "category"]
            text = dict.fromkeys(names, object)
            rows = pd.concat([self._frame.astype(text), rows.astype(text)], ignore_index=True)
        q, height = (rows[name].to_numpy(float) for name in ("q_two_level", "neg_log10_p"))
        self._frame = rows.iloc[np.lexsort((-height, q))[: self.size]]

    def frames(self) -> Iterator[pd.DataFrame]:
        """The rows, if any were seen."""
        if self._frame is not None:
            yield self._frame
