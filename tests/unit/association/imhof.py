"""The tail of a quadratic form by adaptive quadrature on the imaginary axis, which shares no code with ours."""

import warnings

import numpy as np
from scipy import integrate


def imhof(weights, df, shift, x):
    """P(Σ aⱼ χ²(νⱼ, δⱼ) > x) on the imaginary axis (Imhof 1961, formula 3.2), by adaptive quadrature."""

    def integrand(u):
        au = weights * u
        angle = (df * np.arctan(au) + shift * au / (1 + au**2)).sum() / 2 - x * u / 2
        size = (df * np.log1p(au**2) / 4 + shift * au**2 / (1 + au**2) / 2).sum()
        return np.sin(angle) / u * np.exp(-size)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", integrate.IntegrationWarning)
        value, _ = integrate.quad(integrand, 0, np.inf, limit=4000, epsabs=1e-13, epsrel=1e-12)
    return 0.5 + value / np.pi
