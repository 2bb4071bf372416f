"""Tail of a quadratic form in residuals over their sum of squares, exact for normal errors and any number of patients.

With r = P y the residuals of a linear model, d their degrees of freedom and λ the eigenvalues of P K P on these d
dimensions, r'Kr / r'r does not depend on the variance, and P(r'Kr / r'r > t) = P(Σ (λⱼ − t) χ²₁ > 0). Dividing by the
estimated variance and taking it as known, as the asymptotic form does, leaves the tail too heavy or too light in small
studies; this does not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.chebyshev import interpolated
from radiogenomics.association.quadratic import log_ratio_tails

FloatArray = NDArray[np.float64]

# Eigenvalues below this share of the largest are 0.
EIGENVALUE_TOLERANCE = 1e-10
# Largest error of ln p, hence relative error of p, that interpolation may add.
INTERPOLATION_ERROR = 1e-9
# Beyond this share of its largest value the ratio has no digits left.
NEARLY_ONE = 1 - 1e-15


@dataclass(frozen=True)
class Ratio:
    """Distribution of r'Kr / r'r.

    Parameters
    ----------
    eigenvalues : (m,) float64
        Those of P K P that are above 0.
    df : int
        d, at least m; the other d − m eigenvalues are 0.
    """

    eigenvalues: FloatArray
    df: int

    @property
    def ends(self) -> tuple[float, float]:
        """Smallest and largest value that the ratio can have."""
        least = float(self.eigenvalues.min()) if len(self.eigenvalues) == self.df else 0.0
        return least, float(self.eigenvalues.max())

    @property
    def varies(self) -> bool:
        """Whether the ratio is more than one number."""
        least, most = self.ends
        return most - least > EIGENVALUE_TOLERANCE * most

    def log_p(self, t: FloatArray) -> FloatArray:
        """Logarithm of P(ratio > t) for each t (n,); NaN where the integral did not settle."""
        least, most = self.ends
        share = np.clip((t - least) / (most - least), 0, NEARLY_ONE)
        # In this variable ln p has neither a root at the lower end nor a pole at the upper one.
        return np.minimum(interpolated(self._log_p, np.sqrt(-np.log1p(-share)), INTERPOLATION_ERROR), 0)

    def _log_p(self, place: FloatArray) -> FloatArray:
        least, most = self.ends
        rest = self.df - len(self.eigenvalues)
        df = np.append(np.ones(len(self.eigenvalues)), [float(rest)] if rest else [])
        eigenvalues = np.append(self.eigenvalues, [0.0] if rest else []) / most
        share, found = -np.expm1(-(place**2)), np.empty(len(place))
        log_ratio_tails(eigenvalues, df, (least + share * (most - least)) / most, found)
        return found
