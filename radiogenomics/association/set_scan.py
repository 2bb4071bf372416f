"""Every feature against every set, set by set, whatever is missing."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.patterns import patterns
from radiogenomics.association.set_genotypes import VariantSet
from radiogenomics.association.set_tests import (
    FEW_COPIES,
    FEW_PATIENTS,
    FEW_VARIANTS,
    LN_10,
    TESTED,
    Null,
    SetTests,
    Tests,
    untested,
)
from radiogenomics.association.set_weights import Genotypes, genotypes
from radiogenomics.config.association import Association

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int32]

# Patients, features and residuals of features with the same patients.
Group = tuple[NDArray[np.intp], NDArray[np.intp], Null]

# Sets of patients (by assay) whose residuals are held at a time.
HELD_ASSAYS = 4


@dataclass(frozen=True)
class SetFits:
    """One set under one adjustment: arrays (n_methods, n_features).

    Counts of patients and variants are (n_features,).
    """

    statistic: FloatArray
    rho: FloatArray
    p: FloatArray
    neg_log10_p: FloatArray
    flag: NDArray[np.int8]
    n: IntArray
    n_variants: IntArray
    n_carriers: IntArray
    n_copies: IntArray


@dataclass(frozen=True)
class OneMethod:
    """p-values (n_features, 1) of one set and method, as ``tally.Tally`` counts them."""

    p: FloatArray
    neg_log10_p: FloatArray
    flag: NDArray[np.int8]
    recomputed: BoolArray

    @classmethod
    def of(cls, fits: SetFits, method: int) -> "OneMethod":
        """Of one row of the fits."""
        p, height, flag = (each[method][:, None] for each in (fits.p, fits.neg_log10_p, fits.flag))
        return cls(p, height, flag, np.zeros(flag.shape, bool))


class SetScan:
    """Rank-normalised features (n_patients, n_features) and designs made ready for sets."""

    def __init__(
        self, features: FloatArray, designs: Mapping[str, FloatArray], options: Association, threads: int = 1
    ) -> None:
        self.features, self.designs, self.threads = features, dict(designs), threads
        self.min_patients, self.rules = options.min_patients, options.sets
        self._tests = SetTests(self.rules.methods)
        self._nulls: OrderedDict[bytes, dict[str, list[Group]]] = OrderedDict()
        self._lock = Lock()

    def run(self, sets: Iterable[VariantSet]) -> Iterator[tuple[VariantSet, dict[str, SetFits]]]:
        """Fit the sets, in order; threads take whole sets, so the results have the same bits on any number."""
        with ThreadPoolExecutor(self.threads) as pool:
            waiting: deque[tuple[VariantSet, Future[dict[str, SetFits]]]] = deque()
            for each in sets:
                waiting.append((each, pool.submit(self.fit, each)))
                if len(waiting) >= 2 * self.threads:
                    done, future = waiting.popleft()
                    yield done, future.result()
            while waiting:
                done, future = waiting.popleft()
                yield done, future.result()

    def fit(self, variants: VariantSet) -> dict[str, SetFits]:
        """All features against one set under each adjustment."""
        parts = self._null_models(variants.assayed)
        return {name: self._fit(variants, parts[name]) for name in self.designs}

    def _null_models(self, assayed: BoolArray) -> dict[str, list[Group]]:
        """By adjustment: patients, features and residuals of each group of features with the same patients."""
        key = assayed.tobytes()
        with self._lock:
            if key not in self._nulls:
                self._nulls[key] = {name: self._groups(design, assayed) for name, design in self.designs.items()}
            self._nulls.move_to_end(key)
            if len(self._nulls) > HELD_ASSAYS:
                self._nulls.popitem(last=False)
            return self._nulls[key]

    def _groups(self, design: FloatArray, assayed: BoolArray) -> list[Group]:
        complete = np.isfinite(design).all(axis=1) & assayed
        found = []
        for present, columns in patterns(np.isfinite(self.features) & complete[:, None]):
            rows = np.flatnonzero(present)
            found.append((rows, columns, Null.of(self.features[np.ix_(rows, columns)], design[rows])))
        return found

    def _fit(self, variants: VariantSet, parts: list[Group]) -> SetFits:
        shape = len(self.rules.methods), self.features.shape[1]
        statistic, rho, log_p = (np.full(shape, np.nan) for _ in range(3))
        flag = np.zeros(shape, np.int8)
        n, n_variants, n_carriers, n_copies = (np.zeros(shape[1], np.int32) for _ in range(4))
        for rows, columns, null in parts:
            own = genotypes(variants.copies[rows], self.rules.weights)
            found = self._test(null, own, len(rows))
            for target, values in zip(
                (statistic, rho, log_p, flag), (found.statistic, found.rho, found.log_p, found.flag), strict=True
            ):
                target[:, columns] = values
            n[columns], n_variants[columns] = len(rows), len(own.count)
            n_carriers[columns], n_copies[columns] = own.n_carriers, own.count.sum()
        return SetFits(statistic, rho, np.exp(log_p), -log_p / LN_10 + 0.0, flag, n, n_variants, n_carriers, n_copies)

    def _test(self, null: Null, own: Genotypes, n: int) -> Tests:
        reasons = (
            (n < self.min_patients, FEW_PATIENTS),
            (len(own.count) < self.rules.min_variants, FEW_VARIANTS),
            (own.count.sum() < self.rules.min_copies, FEW_COPIES),
        )
        reason = next((code for failed, code in reasons if failed), TESTED)
        return self._tests(null, own) if reason == TESTED else untested(null, len(self.rules.methods), reason)
