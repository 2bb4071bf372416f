"""Intensity statistics, histogram and intensity–volume histogram against numpy and scipy, and at their limits."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st
from scipy import stats

from radiogenomics.config.extraction import VolumeHistogram
from radiogenomics.radiomics.families.firstorder import firstorder, percentiles
from radiogenomics.radiomics.families.histogram import histogram
from radiogenomics.radiomics.families.ivh import NAMES, volume_histogram
from radiogenomics.radiomics.nomenclature import names

DEFINITIONS = ("ibsi", "pyradiomics")
regions = st.builds(
    lambda seed, voxels, decimals, shift: np.round(np.random.default_rng(seed).normal(shift, 50, voxels), decimals),
    seed=st.integers(0, 10_000),
    voxels=st.integers(1, 200),
    decimals=st.sampled_from([0, 1, 8]),
    shift=st.sampled_from([-100, 0, 40, 1000]),
)


def by_numpy(values):
    """The statistics of IBSI 3.3 (and 3.4) that intensities and grey levels share."""
    p10, p25, median, p75, p90 = np.percentile(values, [10, 25, 50, 75, 90])
    inner = values[(values >= p10) & (values <= p90)]
    return {
        "Mean": values.mean(),
        "Variance": values.var(),
        "Skewness": stats.skew(values),
        "ExcessKurtosis": stats.kurtosis(values),
        "Median": median,
        "Minimum": values.min(),
        "Maximum": values.max(),
        "10Percentile": p10,
        "90Percentile": p90,
        "InterquartileRange": p75 - p25,
        "Range": np.ptp(values),
        "MeanAbsoluteDeviation": np.abs(values - values.mean()).mean(),
        "RobustMeanAbsoluteDeviation": np.abs(inner - inner.mean()).mean() if len(inner) else math.nan,
        "MedianAbsoluteDeviation": np.abs(values - median).mean(),
        "CoefficientOfVariation": values.std() / values.mean() if values.mean() else math.nan,
        "QuartileCoefficientOfDispersion": (p75 - p25) / (p75 + p25) if p75 + p25 else math.nan,
    }


def information(levels):
    shares = np.unique_counts(levels).counts / len(levels)
    return {"Entropy": stats.entropy(shares, base=2), "Uniformity": (shares**2).sum()}


def levels_of(values, width=25):
    return (np.floor((values - values.min()) / width) + 1).astype(np.int32)


def compare(found, expected, scale=1.0):
    assert found.keys() == expected.keys()
    for name, value in found.items():
        if isinstance(value, str):
            assert not math.isfinite(expected[name]), name
        else:
            assert value == pytest.approx(expected[name], rel=1e-7, abs=1e-9 * scale), name


@given(values=regions, shift=st.sampled_from([0.0, 2000.0]))
def test_intensity_statistics_are_those_of_numpy_and_scipy(values, shift):
    assume(np.ptp(values) > 0)
    scale = np.abs(values).max()
    energy = ((values + shift) ** 2).sum()
    energies = {"Energy": energy, "RootMeanSquared": np.sqrt(energy / len(values))}
    options = {"levels": levels_of(values), "voxel_mm3": 2.5, "energy_shift": shift}
    found = firstorder(values, "ibsi", **options)
    assert set(found) == set(names("firstorder", "ibsi"))
    compare(found, by_numpy(values) | energies, scale)
    # pyradiomics: kurtosis with the 3, two features of the histogram, one of the volume, and no IBSI dispersions.
    expected = by_numpy(values) | energies | {"TotalEnergy": energy * 2.5} | information(options["levels"])
    expected["Kurtosis"] = expected.pop("ExcessKurtosis") + 3
    for name in ("MedianAbsoluteDeviation", "CoefficientOfVariation", "QuartileCoefficientOfDispersion"):
        del expected[name]
    found = firstorder(values, "pyradiomics", **options)
    assert set(found) == set(names("firstorder", "pyradiomics"))
    compare(found, expected, scale)


@given(values=regions)
def test_percentiles_are_those_of_numpy_to_the_last_bit(values):
    shares = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
    assert percentiles(np.sort(values), shares) == np.quantile(values, shares).tolist()


@given(values=regions, empty=st.integers(0, 3))
def test_histogram_features_are_those_of_numpy_and_scipy(values, empty):
    levels = levels_of(values, 10)
    assume(levels.max() > 1)
    n_levels = int(levels.max()) + empty
    counts = np.array([(levels == level).sum() for level in range(1, n_levels + 1)])
    # IBSI 3.4.18: differences of neighbours at the ends, half of those of the next but one between.
    gradient = np.concatenate([[counts[1] - counts[0]], (counts[2:] - counts[:-2]) / 2, [counts[-1] - counts[-2]]])
    # IBSI 3.4.10: of several modes the one that is nearest the mean, the lower at the same distance.
    modes = [level for level in range(1, n_levels + 1) if counts[level - 1] == counts.max()]
    expected = {
        **by_numpy(levels.astype(float)),
        **information(levels),
        "Mode": min(modes, key=lambda level: (abs(level - levels.mean()), level)),
        "MaximumGradient": gradient.max(),
        "MaximumGradientGreyLevel": gradient.argmax() + 1,
        "MinimumGradient": gradient.min(),
        "MinimumGradientGreyLevel": gradient.argmin() + 1,
    }
    found = histogram(levels, n_levels)
    assert set(found) == set(names("histogram", "ibsi"))
    compare(found, expected)


def test_the_mode_by_hand():
    assert histogram(np.array([1, 1, 2, 3, 3, 3], np.int32), 4)["Mode"] == 3
    assert histogram(np.array([1, 1, 2, 5, 5], np.int32), 5)["Mode"] == 1  # as far from the mean 2.8 as 4.6 is not
    assert histogram(np.array([1, 1, 3, 3], np.int32), 3)["Mode"] == 1  # both as far from 2


def shares_at(values, grid):
    """Share of the region that is at least so intense (IBSI 3.5)."""
    return np.array([(values >= level).mean() for level in grid])


def by_definition(values, grid, low, high):
    share = shares_at(values, grid)
    fraction = (np.asarray(grid) - low) / (high - low)
    v10, v90 = (np.append(share[fraction >= level - 1e-9], 0)[0] for level in (0.1, 0.9))
    i10, i90 = (grid[np.flatnonzero(share <= level)[0]] if (share <= level).any() else grid[-1] for level in (0.1, 0.9))
    area = sum((share[1:] + share[:-1]) / 2 * np.diff(fraction))
    return dict(zip(NAMES, (v10, v90, i10, i90, v10 - v90, i10 - i90, area), strict=True))


@given(values=regions)
def test_the_volume_histogram_of_whole_numbers(values):
    values = np.rint(values)
    assume(np.ptp(values) > 0)
    low, high = values.min(), values.max()
    found = volume_histogram(values, VolumeHistogram(), None, None)
    assert set(found) == set(names("ivh", "ibsi"))
    compare(found, by_definition(values, np.arange(low, high + 1), low, high))
    # The ends of the re-segmentation range stand for 0 and 100 %.
    found = volume_histogram(values, VolumeHistogram(), low - 7, high + 30)
    compare(found, by_definition(values, np.arange(low - 7, high + 31), low - 7, high + 30))


@given(values=regions)
def test_the_volume_histogram_of_any_numbers(values):
    assume(np.ptp(values) > 0)
    assume(not np.array_equal(values, np.rint(values)))
    low, high = values.min(), values.max()
    found = volume_histogram(values, VolumeHistogram(), None, None)
    compare(found, by_definition(values, np.unique(values), low, high))


@given(values=regions, width=st.sampled_from([2.5, 10.0]))
def test_the_volume_histogram_of_a_bin_width(values, width):
    low, high = math.floor(values.min() / width) * width, (math.floor(values.max() / width) + 1) * width
    centres = low + width * (np.arange(round((high - low) / width)) + 0.5)
    binned = low + width * (np.floor((values - low) / width) + 0.5)
    found = volume_histogram(values, VolumeHistogram(bin_width=width), low, high)
    compare(found, by_definition(binned, centres, low, high))


@given(values=regions, count=st.sampled_from([10, 1000]))
def test_the_volume_histogram_of_a_bin_count(values, count):
    assume(np.ptp(values) > 0)
    low, high = values.min(), values.max()
    binned = np.minimum(np.floor(count * (values - low) / (high - low)) + 1, count)
    found = volume_histogram(values, VolumeHistogram(bin_count=count), None, None)
    compare(found, by_definition(binned, np.arange(1.0, count + 1), 1, count))


@pytest.mark.parametrize("voxels", [1, 5])
@pytest.mark.parametrize("definition", DEFINITIONS)
def test_equal_intensities_have_values_or_reasons(definition, voxels):
    values, levels = np.full(voxels, 7.0), np.ones(voxels, np.int32)
    found = firstorder(values, definition, levels=levels, voxel_mm3=1.0)
    reasons = {name: value for name, value in found.items() if isinstance(value, str)}
    kurtosis = "ExcessKurtosis" if definition == "ibsi" else "Kurtosis"
    assert reasons == dict.fromkeys(("Skewness", kurtosis), "all intensities are equal")
    zero = {"Variance", "Range", "InterquartileRange", "MeanAbsoluteDeviation", "RobustMeanAbsoluteDeviation"}
    assert all(found[name] == 0 for name in zero)
    assert found["Mean"] == found["Median"] == found["90Percentile"] == 7
    assert found["Energy"] == 49 * voxels
    if definition == "pyradiomics":
        assert (found["Entropy"], found["Uniformity"]) == (0, 1)


def test_one_grey_level_has_no_gradient_and_no_skewness():
    found = histogram(np.ones(4, np.int32), 1)
    assert {name for name, value in found.items() if value == "one grey level"} == {
        f"{end}Gradient{of}" for end in ("Maximum", "Minimum") for of in ("", "GreyLevel")
    }
    assert {name for name, value in found.items() if value == "all intensities are equal"} == {
        "Skewness",
        "ExcessKurtosis",
    }
    assert (found["Entropy"], found["Uniformity"], found["Mode"]) == (0, 1, 1)
    assert math.copysign(1, found["Entropy"]) == 1


@pytest.mark.parametrize("settings", [{}, {"bin_width": 2.5}])
def test_the_volume_histogram_of_one_intensity_says_why_there_is_none(settings):
    found = volume_histogram(np.full(3, 7.0), VolumeHistogram(**settings), None, None)
    assert found == dict.fromkeys(NAMES, "all intensities are equal")


@pytest.mark.parametrize("settings", [{}, {"bin_width": 2.5}])
def test_the_volume_histogram_of_one_intensity_within_a_range(settings):
    found = volume_histogram(np.full(3, 50.0), VolumeHistogram(**settings), 0.0, 100.0)
    assert (found["VolumeFraction10"], found["VolumeFraction90"]) == (1, 0)
    assert found["AreaUnderCurve"] == pytest.approx(0.5, abs=0.02)


def test_a_volume_histogram_of_few_bins_has_nothing_above_the_highest():
    # Centres of four bins of 2.5 are at 12.5, 37.5, 62.5 and 87.5 % of the range.
    found = volume_histogram(np.array([0.0, 3.0, 6.0, 9.0]), VolumeHistogram(bin_width=2.5), 0.0, 10.0)
    assert (found["VolumeFraction10"], found["VolumeFraction90"]) == (1, 0)
    assert (found["Intensity10"], found["Intensity90"]) == (8.75, 3.75)
    assert found["AreaUnderCurve"] == pytest.approx(0.25 * (0.5 + 0.75 + 0.5 + 0.125))


def test_two_voxels_have_none_between_their_percentiles():
    values = np.array([1.0, 2.0])
    found = firstorder(values, "ibsi", levels=levels_of(values), voxel_mm3=1.0)
    assert found["RobustMeanAbsoluteDeviation"] == "no voxel between the percentiles"
    assert found["Variance"] == 0.25


def test_quotients_by_zero_say_so():
    values = np.array([-3.0, -1.0, 1.0, 3.0])
    found = firstorder(values, "ibsi", levels=levels_of(values), voxel_mm3=1.0)
    assert found["CoefficientOfVariation"] == "the mean is 0"
    assert found["QuartileCoefficientOfDispersion"] == "the quartiles add up to 0"


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_intensities_that_differ_by_rounding_have_finite_values(definition):
    values = np.array([1000.0, np.nextafter(1000.0, 2000.0), 1000.0])
    found = firstorder(values, definition, levels=np.ones(3, np.int32), voxel_mm3=1.0)
    assert all(isinstance(value, str) or math.isfinite(value) for value in found.values())
