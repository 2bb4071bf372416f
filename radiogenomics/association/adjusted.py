"""Adjusted p-values of one analysis and adjustment as functions of p, and of the gene where that counts."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from radiogenomics.association.levels import Levels, find
from radiogenomics.association.multiplicity import null_share
from radiogenomics.association.statistics_errors import NullShareError

logger = logging.getLogger(__name__)
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class StepUp:
    """Benjamini-Hochberg adjusted p-values as a function of p: ``q[i]`` up to ``p[i]``, and none beyond the last.

    Below ``exact_below`` a q is that over all tests to the last
    bit; a larger one is not known and left out, but it is known not to lie below.
    """

    p: FloatArray
    q: FloatArray
    exact_below: float

    def __call__(self, p: FloatArray) -> FloatArray:
        """Adjusted values of p-values of any shape, NaN where p is NaN or q is not known."""
        values, ends = p.ravel(), np.array([0, len(self.p)])
        step = find(values, np.zeros(len(values), np.int64), ends, self.p)
        # The last place is that of a p which no step reaches.
        q = np.append(np.where(self.q < self.exact_below, self.q, np.nan), np.nan)
        return q[step].reshape(p.shape)


@dataclass(frozen=True)
class Adjusted:
    """All adjusted values of one analysis and adjustment."""

    levels: Levels
    pooled: StepUp
    further: Mapping[str, Callable[[FloatArray], FloatArray]] = field(default_factory=dict)

    def columns(self, p: FloatArray, gene: IntArray) -> tuple[dict[str, FloatArray], FloatArray]:
        """Columns of the results for pairs (k,), and a lower bound of their ``q_two_level``."""
        q, least = self.levels(p, gene)
        gene_q = np.where(np.isnan(p), np.nan, self.levels.gene_q[gene])
        found = {"q_gene": gene_q, "q_two_level": q, "q_bh": self.pooled(p)}
        return found | {name: adjust(p) for name, adjust in self.further.items()}, least


def adjusted(
    two: Levels, pooled: StepUp, p: FloatArray, tests: int, above: IntArray, further: Collection[str]
) -> Adjusted:
    """Put together what the results hold.

    Parameters
    ----------
    two, pooled
        Of the same tests.
    p : (n_kept,) float64
        The p-values that are known, sorted.
    tests : int
        Number of all.
    above : (n,) int
        Tests with p ≥ λ for each of ``multiplicity.LAMBDAS``; used by Storey's only.
    further : collection of str
        ``by``, ``holm``, ``storey``.
    """
    found: dict[str, Callable[[FloatArray], FloatArray]] = {}
    if "by" in further:
        harmonic = float(special.digamma(tests + 1) - special.digamma(1))  # 1 + 1/2 + … + 1/tests
        found["q_by"] = lambda values: np.minimum(pooled(values) * harmonic, 1)
    if "holm" in further:
        found["p_holm"] = _holm(p, tests)
    if "storey" in further and tests:
        try:
            share = null_share(above, tests)
        except NullShareError as error:
            logger.warning("q_storey is left out: %s", error)
        else:
            found["q_storey"] = lambda values: share * pooled(values)
    return Adjusted(two, pooled, found)


def _holm(p: FloatArray, tests: int) -> Callable[[FloatArray], FloatArray]:
    """Holm's step down, which needs smaller p-values only; from the first value of 1 on all are 1."""
    steps = np.maximum.accumulate(p * (tests - np.arange(len(p))))
    end = int(np.searchsorted(steps, 1))
    last = p[-1] if len(p) else -np.inf
    short, steps = p[:end].copy(), np.append(steps[:end], 1)

    def adjust(values: FloatArray) -> FloatArray:
        place = np.searchsorted(short, values)
        return np.where(values <= last, steps[place], np.nan)

    return adjust
