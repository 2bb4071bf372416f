"""What a study of this size can find: exact power of the two-group t test, detectable effects, events per variable."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from radiogenomics.association.statistics_errors import OutOfRangeError

FloatArray = NDArray[np.float64]

# Halvings of the interval in which the noncentrality is sought: 2^-60 of its width is left.
HALVINGS = 60
# Points of the integral over the standard deviation, and the probability that lies outside of them on each side.
POINTS, NEGLIGIBLE = 2000, 1e-25


def power(
    effect: ArrayLike,
    n: ArrayLike,
    n_carriers: ArrayLike,
    *,
    alpha: float,
    n_tests: int = 1,
    n_covariates: int = 0,
    r2: ArrayLike = 0.0,
) -> FloatArray:
    """Probability that the two-sided t test of carriers against others is significant.

    Exact for normal residuals of one variance: T is noncentral t with n − 2 − ``n_covariates`` degrees of freedom and
    noncentrality effect · √(carriers · others / n · (1 − R²)). The level is alpha / ``n_tests`` (Bonferroni); with
    ``n_tests`` an effective number of tests it is approximate.

    Parameters
    ----------
    effect : array_like float
        Difference of means in standard deviations of the residual; its sign does not matter.
    n, n_carriers : array_like int
        Patients, and carriers among them; all array_like arguments are broadcast.
    alpha : float
        Between 0 and 1.
    n_tests, n_covariates : int
    r2 : array_like float
        R² of the marker on the covariates.

    Returns
    -------
    float64
        NaN where no degree of freedom or only one group is left.

    Raises
    ------
    OutOfRangeError
    """
    df, information = _design(n, n_carriers, n_covariates, r2)
    return _power(np.abs(np.asarray(effect, float)) * np.sqrt(information), df, _level(alpha, n_tests))


def detectable_effect(
    n: ArrayLike,
    n_carriers: ArrayLike,
    *,
    wanted_power: float,
    alpha: float,
    n_tests: int = 1,
    n_covariates: int = 0,
    r2: ArrayLike = 0.0,
) -> FloatArray:
    """Smallest difference of means, in standard deviations of the residual, that is found with ``wanted_power``.

    Arguments, result and errors as in ``power``, of which this is the inverse; ``wanted_power`` lies between the level
    of one test and 1.
    """
    level = _level(alpha, n_tests)
    if not level < wanted_power < 1:
        raise OutOfRangeError("wanted_power", wanted_power, f"a power above {level:g} and below 1")
    df, information = _design(n, n_carriers, n_covariates, r2)
    low = np.zeros(df.shape)
    high = np.ones(df.shape)
    # Without degrees of freedom the power is NaN and no interval grows.
    while (short := _power(high, df, level) < wanted_power).any():
        high = np.where(short, 2 * high, high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        reached = _power(middle, df, level) >= wanted_power
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect: FloatArray = np.where(information > 0, high / np.sqrt(information), np.nan)
    return effect


def events_per_variable_logistic(outcome: FloatArray, n_parameters: int) -> float:
    """Patients of the rarer outcome for each parameter but the intercept (Peduzzi 1996: at least 10; Riley 2019: more).

    Parameters
    ----------
    outcome : (n_patients,) float64
        0, 1 or NaN.
    n_parameters : int
        Columns of the model, the intercept not counted.

    Raises
    ------
    OutOfRangeError
    """
    return min(int((outcome == 1).sum()), int((outcome == 0).sum())) / _parameters(n_parameters)


def events_per_variable_cox(event: FloatArray, n_parameters: int) -> float:
    """Events for each parameter of a Cox model; ``event`` (n_patients,) is 1 for an event, 0 for censored, or NaN.

    Raises
    ------
    OutOfRangeError
    """
    return int((event == 1).sum()) / _parameters(n_parameters)


def _parameters(n_parameters: int) -> int:
    if n_parameters < 1:
        raise OutOfRangeError("n_parameters", n_parameters, "a model with at least one parameter")
    return n_parameters


def _level(alpha: float, n_tests: int) -> float:
    if not 0 < alpha < 1:
        raise OutOfRangeError("alpha", alpha, "a level above 0 and below 1")
    if n_tests < 1:
        raise OutOfRangeError("n_tests", n_tests, "at least one test")
    return alpha / n_tests


def _design(n: ArrayLike, n_carriers: ArrayLike, n_covariates: int, r2: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Degrees of freedom, and carriers · others / n · (1 − R²); both NaN where there is no test."""
    everyone, carriers, shared = np.broadcast_arrays(*(np.asarray(part, float) for part in (n, n_carriers, r2)))
    df = everyone - 2 - n_covariates
    with np.errstate(divide="ignore", invalid="ignore"):
        information = carriers * (everyone - carriers) / everyone * (1 - shared)
    valid = (df > 0) & (information > 0)
    return np.where(valid, df, np.nan), np.where(valid, information, np.nan)


def _power(noncentrality: FloatArray, df: FloatArray, level: float) -> FloatArray:
    """P(|T| > critical value) of noncentral t, as the mean of a normal probability over the logarithm of χ/√df.

    The integrand is smooth and vanishes at both ends, so the trapezoidal rule is exact to rounding (about 1e-13).
    scipy's ``nctdtr`` returns NaN for some of the tails that are needed here.
    """
    critical = -special.stdtrit(df, level / 2)[..., None]
    half = df[..., None] / 2
    low, high = (
        np.log(inverse(half, NEGLIGIBLE) / half) / 2 for inverse in (special.gammaincinv, special.gammainccinv)
    )
    x = low + (high - low) * np.linspace(0, 1, POINTS)
    weight = np.exp(half * (2 * x - np.expm1(2 * x)))
    shift, scaled = noncentrality[..., None], critical * np.exp(x)
    beyond = special.ndtr(shift - scaled) + special.ndtr(-shift - scaled)
    both: FloatArray = (weight * beyond).sum(axis=-1) / weight.sum(axis=-1)
    return both
