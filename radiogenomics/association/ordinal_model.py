"""A fitted model of proportional odds, and what it takes of the information of further predictors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association import cumulative_logit, observed_logit
from radiogenomics.association.projection import basis_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# So many predictors stay in a near cache.
TILE = 128


@dataclass(frozen=True)
class Model:
    """A fitted model; what ``maximise`` filled is kept in ``parts``, from ``residual`` to ``schur``."""

    level: IntArray
    x: FloatArray
    theta: FloatArray
    beta: FloatArray
    value: float
    settled: bool
    parts: tuple[FloatArray, ...]

    @classmethod
    def fitted(cls, response: FloatArray, x: FloatArray, start: "Model | None" = None) -> "Model | None":
        """Of a response (n,) on orthonormal columns (n, c); None where the response has one value.

        ``start`` is a model of the first columns.
        """
        n, c = x.shape
        _, level, counts = np.unique(response, return_inverse=True, return_counts=True)
        if len(counts) < 2:
            return None
        share = np.cumsum(counts)[:-1] / n
        theta, beta = np.log(share / (1 - share)), np.zeros(c)
        if start is not None:
            theta[:] = start.theta
            beta[: len(start.beta)] = start.beta
        k = len(theta)
        parts = (*np.empty((3, n)), *np.empty((2, k)), np.empty((c, k)), np.empty((c, c)))
        level, x = level.astype(np.int64), np.ascontiguousarray(x)
        value, settled = cumulative_logit.maximise(level, x, theta, beta, *parts)
        return cls(level, x, theta, beta, value, settled, parts)

    def terms(self) -> FloatArray:
        """∂l/∂η, the weight of each patient, and what ``whitened`` fills: (n, 2 + c)."""
        residual, upper, lower, diagonal, beside, shared, schur = self.parts
        out = np.empty(self.x.shape)
        observed_logit.whitened(self.level, self.x, upper, lower, diagonal, beside, shared, schur, out)
        return np.column_stack([residual, upper + lower, out])

    def met(self, predictors: FloatArray) -> FloatArray:
        """What the intercepts take of the information of each of the predictors (n, m): (m,)."""
        _, upper, lower, diagonal, beside, *_ = self.parts
        order, out = np.argsort(self.level, kind="stable"), np.empty(predictors.shape[1])
        observed_logit.met_by_intercepts(self.level, order, upper, lower, diagonal, beside, predictors, out, TILE)
        return out

    @property
    def last_error(self) -> float:
        """Standard error of the last coefficient."""
        return float(1 / self.parts[-1][-1, -1])


def covariate_basis(design: FloatArray) -> FloatArray:
    """Orthonormal columns that span those of a design with the intercept, but for the intercept."""
    return basis_of(design - design.mean(axis=0)) if len(design) else np.empty((0, 0))


def with_intercept(x: FloatArray) -> FloatArray:
    """Those columns and the intercept, orthonormal."""
    n = len(x)
    return np.column_stack([np.full((n, 1), 1 / np.sqrt(max(n, 1))), x])
