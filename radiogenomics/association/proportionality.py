"""Whether a hazard ratio changes with time: Schoenfeld residuals against a function of time.

The coefficient of the last column of a fitted model is let grow as β + θ g(t); what is tested is θ = 0, by the score at
the fit with its exact information (Grambsch and Therneau 1994; ``cox.zph`` of R's survival from 3.0 on).
"""

import numpy as np
from numpy.typing import NDArray

from radiogenomics.association.partial_likelihood import Point, Risk

FloatArray = NDArray[np.float64]

# A score with less than this share of its information left by the model's own coefficients cannot be tested.
SHARE_LEFT = 1e-10


def late_times(risk: Risk) -> FloatArray:
    """g(t) at each event (n_events,): 1 less the Kaplan–Meier estimate of all patients just before its time."""
    last, tied = np.unique(risk.end, return_counts=True)
    # Events stand by falling time, so those with fewer at risk come first.
    surviving = np.cumprod((1 - tied / (last + 1))[::-1])[::-1]
    before = np.append(surviving[1:], 1.0)
    late: FloatArray = np.repeat(1 - before, tied)
    return late


def trend(risk: Risk, design: FloatArray, fit: Point, late: FloatArray) -> float:
    """Normal deviate of θ of the last column; above 0 its log hazard ratio grows with time. NaN if it has no answer.

    Parameters
    ----------
    risk : Risk
    design : (n, k) float64
        Columns that span those of the fit, of full rank; the last is the predictor itself, not what covariates leave.
    fit : Point
        The fitted model, of which hazards, weights and sums are taken.
    late : (n_events,) float64
        g(t) at each event.
    """
    g = late - late.mean()
    means = risk.sums(fit.hazard[:, None] * design) / fit.total[:, None]
    products = risk.sums(fit.hazard[:, None] * design * design[:, -1:]) / fit.total[:, None]
    shared = products - means * means[:, -1:]
    information = (design.T * fit.weight) @ design - means.T @ means
    cross, own = g @ shared, float(g**2 @ shared[:, -1])
    left = own - float(cross @ np.linalg.solve(information, cross))
    if not left > SHARE_LEFT * own:
        return float("nan")
    return float(g @ (design[risk.event, -1] - means[:, -1])) / float(np.sqrt(left))
