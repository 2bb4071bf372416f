"""Tests of sets as rows of ``association/sets``, once all p-values are known."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from radiogenomics import tables
from radiogenomics.association.adjusted import Adjusted
from radiogenomics.association.rows import ROW_GROUP
from radiogenomics.association.set_scan import SetFits
from radiogenomics.association.set_tests import P_METHOD, TESTED

Arrays = dict[str, NDArray[Any]]
OF_METHOD = ("statistic", "rho", "p", "neg_log10_p", "flag")
COUNTS = ("n", "n_variants", "n_carriers", "n_copies")


@dataclass
class SetRows:
    """Tests that are kept: all, or the features whose p is at most ``limit`` by any method under any adjustment.

    They are held until ``write``, some 40 bytes each.
    """

    analysis: str
    features: Sequence[str]
    names: Sequence[tuple[str, str]]
    gene_of: NDArray[np.int64]
    methods: Sequence[str]
    limit: float | None
    _held: dict[str, list[Arrays]] = field(default_factory=dict)

    def add(self, number: int, fits: Mapping[str, SetFits]) -> None:
        """Take the tests of the set with this number."""
        smallest = np.fmin.reduce([np.fmin.reduce(fit.p, axis=0) for fit in fits.values()])
        kept = np.arange(len(smallest)) if self.limit is None else np.flatnonzero(smallest <= self.limit)
        for adjustment, fit in fits.items():
            arrays = {name: getattr(fit, name)[:, kept] for name in OF_METHOD}
            arrays |= {name: getattr(fit, name)[kept] for name in COUNTS}
            if len(kept):
                arrays |= {"feature": kept.astype(np.int32), "set": np.full(len(kept), number, np.int32)}
                self._held.setdefault(adjustment, []).append(arrays)

    def write(self, adjusted: Mapping[tuple[str, str], Adjusted], write: Callable[[pd.DataFrame], None]) -> None:
        """Write all rows, adjustment by adjustment and method by method."""
        for adjustment, parts in self._held.items():
            for row, method in enumerate(self.methods):
                for group in _gathered(parts):
                    joined = {
                        name: np.concatenate([part[name][row] if name in OF_METHOD else part[name] for part in group])
                        for name in group[0]
                    }
                    write(self._frame(adjustment, method, joined, adjusted[adjustment, method]))
        self._held.clear()

    def _frame(self, adjustment: str, method: str, columns: Arrays, adjusted: Adjusted) -> pd.DataFrame:
        q, _ = adjusted.columns(columns["p"], self.gene_of[columns["set"]])
        codes = np.zeros(len(columns["p"]), np.int8)
        genes, masks = (np.array([name[place] for name in self.names], dtype=object) for place in (0, 1))
        used = np.where(columns["flag"] == TESTED, P_METHOD[method], 0)
        return pd.DataFrame(
            {
                **{name: columns[name] for name in (*OF_METHOD, *COUNTS)},
                **{name: q[name] for name in ("q_gene", "q_two_level", "q_bh")},
                "analysis": _category(codes, [self.analysis]),
                "adjustment": _category(codes, [adjustment]),
                "method": _category(codes, [method]),
                "feature": _category(columns["feature"], self.features),
                "gene": pd.Categorical(genes[columns["set"]]),
                "mask": pd.Categorical(masks[columns["set"]]),
                "p_method": _category(used, tables.SET_P_METHODS),
                "flag": _category(columns["flag"], tables.SET_REASONS),
            }
        )


def _category(codes: NDArray[Any], values: Sequence[str]) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(values))))


def _gathered(parts: Sequence[Arrays]) -> list[list[Arrays]]:
    """Parts in groups of about ``ROW_GROUP`` rows."""
    groups: list[list[Arrays]] = []
    size = ROW_GROUP
    for part in parts:
        if size >= ROW_GROUP:
            groups.append([])
            size = 0
        groups[-1].append(part)
        size += len(part["feature"])
    return groups
