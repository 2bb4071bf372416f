"""Partial likelihood of proportional hazards (Cox 1972), with tied events after Breslow 1974 or Efron 1977.

Patients stand in order of falling time, so that every sum over those at risk is a running sum.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

ITERATIONS, HALVINGS = 30, 20
# A step has settled when no log hazard moves by more. Where the likelihood has no maximum it moves by about 1 for ever.
ETA_TOLERANCE = 1e-9
# The information of an orthonormal design below this is that of a likelihood without a maximum.
INFORMATION_TOLERANCE = 1e-12


class Ties(StrEnum):
    """How events at the same time share the patients at risk: all of them for each event, or fewer each time."""

    BRESLOW = "breslow"
    EFRON = "efron"


@dataclass(frozen=True)
class Risk:
    """Patients by falling time: who has an event, and for each event the rows at risk and its share of tied events.

    ``event`` (n,) bool; for each event ``end`` is the last row at risk, ``start`` the first row of its time, ``passed``
    the share of the tied events at risk that counts as gone (Efron: 0, 1/d, … for d events; Breslow: 0).
    """

    event: NDArray[np.bool_]
    start: IntArray
    end: IntArray
    passed: FloatArray

    @classmethod
    def of(cls, time: FloatArray, event: NDArray[np.bool_], ties: Ties) -> "Risk":
        """Of patients already in their order."""
        rows = np.flatnonzero(event)
        start, end = np.searchsorted(-time, -time[rows], "left"), np.searchsorted(-time, -time[rows], "right") - 1
        _, first, tied = np.unique(end, return_index=True, return_counts=True)
        passed = (np.arange(len(rows)) - np.repeat(first, tied)) / np.repeat(tied, tied)
        return cls(event, start, end, passed if ties is Ties.EFRON else np.zeros(len(rows)))

    def sums(self, values: FloatArray) -> FloatArray:
        """Sums of values (n, ...) over those at risk at each event, less what has passed: (n_events, ...)."""
        passed = self.passed.reshape(-1, *[1] * (values.ndim - 1))
        total: FloatArray = np.cumsum(values, axis=0)[self.end]
        if not self.passed.any():
            return total
        events = np.cumsum(values * self.event.reshape(-1, *[1] * (values.ndim - 1)), axis=0)
        before = np.where(self.start.reshape(passed.shape) > 0, events[self.start - 1], 0)
        less: FloatArray = total - passed * (events[self.end] - before)
        return less

    def exposure(self, per_event: FloatArray) -> FloatArray:
        """Sum over events of ``per_event`` times the share of each patient that is at risk there: (n,)."""
        n = len(self.event)
        exposure = np.cumsum(np.bincount(self.end, per_event, n)[::-1].astype(np.float64))[::-1]
        gone = np.bincount(self.end, per_event * self.passed, n)
        exposure[self.event] -= gone[self.end]
        return exposure


@dataclass(frozen=True)
class Point:
    """Model at coefficients ``beta`` (k,): partial log likelihood, martingale residuals, weights, sums of hazards."""

    beta: FloatArray
    value: float
    residual: FloatArray
    hazard: FloatArray
    weight: FloatArray
    total: FloatArray
    information: FloatArray

    @classmethod
    def of(cls, risk: Risk, design: FloatArray, beta: FloatArray) -> "Point":
        """Evaluate the design (n, k)."""
        eta = design @ beta
        hazard = np.exp(eta - eta.max(initial=-np.inf))
        total = risk.sums(hazard)
        weight = hazard * risk.exposure(1 / total)
        value = float((eta - eta.max(initial=-np.inf))[risk.event].sum() - np.log(total).sum())
        means = risk.sums(hazard[:, None] * design) / total[:, None]
        information = (design.T * weight) @ design - means.T @ means
        return cls(beta, value, risk.event - weight, hazard, weight, total, information)


def maximum(risk: Risk, design: FloatArray, start: FloatArray) -> Point | None:
    """Newton's method with halved steps on an orthonormal design; None where it does not settle."""
    here = Point.of(risk, design, start)
    for _ in range(ITERATIONS):
        if np.linalg.eigvalsh(here.information).min(initial=np.inf) <= INFORMATION_TOLERANCE:
            return None
        step = np.linalg.solve(here.information, design.T @ here.residual)
        if np.abs(design @ step).max(initial=0) <= ETA_TOLERANCE:
            return here
        for _ in range(HALVINGS):
            there = Point.of(risk, design, here.beta + step)
            if there.value >= here.value - 1e-12 * abs(here.value):
                break
            step = step / 2
        here = there
    return None
