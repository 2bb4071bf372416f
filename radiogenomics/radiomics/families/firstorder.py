"""Intensity statistics (IBSI UHIW) and pyradiomics' first order features."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from radiogenomics.radiomics.region import Definition, FloatArray, LevelArray, Values

FLAT = "all intensities are equal"
EMPTY = "no voxel between the percentiles"
CHUNK = 2**15


def firstorder(
    values: FloatArray, definition: Definition, *, levels: LevelArray, voxel_mm3: float, energy_shift: float = 0.0
) -> Values:
    """First order features of the intensities of a region.

    Parameters
    ----------
    values : (voxels,) float64
        Intensities of the intensity mask.
    definition : ibsi or pyradiomics
        pyradiomics has Kurtosis, which is 3 more than the excess, TotalEnergy, and Entropy and Uniformity of the
        discretised intensities; IBSI has three measures of dispersion more.
    levels : (voxels,) int32
        The same, discretised.
    voxel_mm3
        Volume of a voxel, for TotalEnergy.
    energy_shift
        Added to the intensities for Energy, TotalEnergy and RootMeanSquared.
    """
    found = statistics(values)
    energy = float(sum(np.square(part + energy_shift).sum() for part in _chunks(values)))
    found |= {"Energy": energy, "RootMeanSquared": math.sqrt(energy / len(values))}
    if definition == "ibsi":
        return found
    excess = found.pop("ExcessKurtosis")
    for name in ("MedianAbsoluteDeviation", "CoefficientOfVariation", "QuartileCoefficientOfDispersion"):
        del found[name]
    return found | {
        "Kurtosis": excess + 3 if isinstance(excess, float) else excess,
        "TotalEnergy": energy * voxel_mm3,
        **information(np.bincount(levels)),
    }


def statistics(values: FloatArray) -> Values:
    """The statistics that intensities (IBSI UHIW) and grey levels (ZVCW) have in common; (voxels,) float64."""
    found = _of_ranks(np.sort(values))
    mean, median = float(values.mean()), found["Median"]
    assert isinstance(median, float)
    sums = np.zeros(5)
    for part in _chunks(values):
        centred = part - mean
        squares = centred * centred
        cubes, fourth = squares * centred, squares * squares
        sums += [np.abs(part - median).sum(), np.abs(centred).sum(), squares.sum(), cubes.sum(), fourth.sum()]
    around_median, around_mean, variance, skewness, kurtosis = (sums / len(values)).tolist()
    flat = found["Range"] == 0
    return found | {
        "MedianAbsoluteDeviation": around_median,
        "MeanAbsoluteDeviation": around_mean,
        "Mean": mean,
        "Variance": variance,
        "Skewness": FLAT if flat else skewness / variance**1.5,
        "ExcessKurtosis": FLAT if flat else kurtosis / variance**2 - 3,
        "CoefficientOfVariation": math.sqrt(variance) / mean if mean else "the mean is 0",
    }


def _of_ranks(ordered: FloatArray) -> Values:
    """The statistics of sorted values."""
    p10, p25, median, p75, p90 = percentiles(ordered, (0.1, 0.25, 0.5, 0.75, 0.9))
    robust = ordered[np.searchsorted(ordered, p10) : np.searchsorted(ordered, p90, side="right")]
    return {
        "Median": median,
        "Minimum": float(ordered[0]),
        "Maximum": float(ordered[-1]),
        "10Percentile": p10,
        "90Percentile": p90,
        "InterquartileRange": p75 - p25,
        "Range": float(ordered[-1] - ordered[0]),
        "RobustMeanAbsoluteDeviation": _absolute_deviation(robust) if len(robust) else EMPTY,
        "QuartileCoefficientOfDispersion": (p75 - p25) / (p75 + p25) if p75 + p25 else "the quartiles add up to 0",
    }


def _absolute_deviation(values: FloatArray) -> float:
    mean = values.mean()
    return float(sum(np.abs(part - mean).sum() for part in _chunks(values)) / len(values))


def _chunks(values: FloatArray) -> Iterator[FloatArray]:
    """Parts that stay in the cache while several things are computed of them."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def percentiles(ordered: FloatArray, shares: tuple[float, ...]) -> list[float]:
    """Percentiles of sorted values, linear between ranks, as `numpy.percentile` gives them."""
    found = []
    for share in shares:
        rank = share * (len(ordered) - 1)
        below = math.floor(rank)
        low, high = float(ordered[below]), float(ordered[min(below + 1, len(ordered) - 1)])
        step = rank - below
        found.append(low + (high - low) * step if step < 0.5 else high - (high - low) * (1 - step))
    return found


def information(counts: npt.NDArray[np.integer[Any]]) -> Values:
    """Entropy in bits (IBSI TLU2) and uniformity (BJ5W) of the counts of grey levels, (levels,) integer."""
    shares = counts[counts > 0] / counts.sum()
    return {"Entropy": max(0.0, float(-(shares * np.log2(shares)).sum())), "Uniformity": float((shares * shares).sum())}
