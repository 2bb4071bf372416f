"""Grey levels against pyradiomics' own and by the formulas of the IBSI."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st
from radiomics.imageoperations import binImage

from radiogenomics.radiomics.discretise import MAX_LEVELS, DiscretisationError, fixed_count, fixed_width

WIDTHS = [1, 25, 0.25, 0.1, 7.3, 1e-3]
COUNTS = [2, 3, 16, 32, 1000]


@st.composite
def intensities(draw, dtypes=("u1", "i2", "f4", "f8")):
    """Values of a region in the type of an image, whole, decimal, or any, close together or far apart."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    low = 0 if dtype.kind == "u" else -1000
    whole = st.integers(low, 250 if dtype.kind == "u" else 1000)
    kinds = [whole]
    if dtype.kind == "f":
        tenths = whole.map(lambda number: number / 10)
        kinds += [tenths, st.floats(-1000, 1000, width=32), st.floats(-1, 1, width=32)]
    return np.array(draw(st.lists(draw(st.sampled_from(kinds)), min_size=1, max_size=40))).astype(dtype)


def of_pyradiomics(values, **bins):
    if values.dtype.kind in "iu":
        values = values.astype(np.int64)  # its edges of bins overflow in the 8 bits of an ultrasound picture
    matrix, _ = binImage(values[None, None].copy(), np.ones((1, 1, len(values)), bool), **bins)
    return matrix.ravel()


@given(values=intensities(), width=st.sampled_from(WIDTHS))
def test_fixed_width_as_pyradiomics(values, width):
    if np.ptp(values.astype(float)) / width > MAX_LEVELS:
        return
    found = fixed_width(values, width, None, "pyradiomics")
    assert found.dtype == np.int32
    assert found.tolist() == of_pyradiomics(values, binWidth=width).tolist()


@given(values=intensities(), count=st.sampled_from(COUNTS))
def test_fixed_count_as_pyradiomics(values, count):
    found = fixed_count(values, count, "pyradiomics")
    try:
        np.histogram_bin_edges(values, count)
    except ValueError:
        assert (found == 1).all()  # pyradiomics fails: bins would be narrower than numbers are apart
        return
    if values.min() == values.max():
        assert (found == 1).all()  # pyradiomics gives a level in the middle of a range that it makes up
    else:
        assert found.tolist() == of_pyradiomics(values, binCount=count).tolist()


def exactly(value):
    return Fraction(float(value))


@given(values=intensities(), width=st.sampled_from([1, 25, 0.25, 2.5]), below=st.sampled_from([None, 0, 25, 1000]))
def test_fixed_width_by_the_formula_of_the_ibsi(values, width, below):
    values = values.astype(np.float64)
    origin = None if below is None else float(values.min()) - below
    low = exactly(values.min() if origin is None else origin)
    # IBSI 2.7.2: a level is the number of whole widths above the lower edge of the first bin, plus one.
    exact = [(exactly(value) - low) / Fraction(width) for value in values]
    clear = [abs(bins - round(bins)) > 1e-9 or bins == round(bins) for bins in exact]
    found = fixed_width(values, width, origin, "ibsi")
    assert found.min() >= 1
    assert [level for level, sure in zip(found, clear, strict=True) if sure] == [
        math.floor(bins) + 1 for bins, sure in zip(exact, clear, strict=True) if sure
    ]


@given(values=intensities(), count=st.sampled_from(COUNTS))
def test_fixed_count_by_the_formula_of_the_ibsi(values, count):
    values = values.astype(np.float64)
    low, high = exactly(values.min()), exactly(values.max())
    found = fixed_count(values, count, "ibsi")
    if low == high:
        assert (found == 1).all()
        return
    exact = [count * (exactly(value) - low) / (high - low) for value in values]
    clear = [abs(bins - round(bins)) > 1e-9 or bins == round(bins) for bins in exact]
    # IBSI 2.7.1: the maximum belongs to the last bin.
    assert [level for level, sure in zip(found, clear, strict=True) if sure] == [
        min(math.floor(bins) + 1, count) for bins, sure in zip(exact, clear, strict=True) if sure
    ]
    assert found.min() == 1
    assert found.max() == count


def test_bins_are_closed_below():
    values = np.array([-500.0, -475.0, -475.1, 0.0, 400.0])
    assert fixed_width(values, 25, -500, "ibsi").tolist() == [1, 2, 1, 21, 37]
    assert fixed_count(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), 4, "ibsi").tolist() == [1, 2, 3, 4, 4]


def test_one_intensity_has_one_level():
    for definition in ("ibsi", "pyradiomics"):
        assert fixed_width(np.full(3, 7.0), 25, None, definition).tolist() == [1, 1, 1]
        assert fixed_count(np.full(3, 7.0), 32, definition).tolist() == [1, 1, 1]
    assert fixed_width(np.full(3, 7.0), 2, 0, "ibsi").tolist() == [4, 4, 4]


def test_an_intensity_below_the_first_bin_is_refused():
    with pytest.raises(DiscretisationError, match="an intensity of -3 lies below bin_origin 0"):
        fixed_width(np.array([5.0, -3.0]), 25, 0, "ibsi")


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_more_levels_than_make_sense_are_refused(definition):
    values = np.array([0.0, MAX_LEVELS * 1.0])
    assert fixed_width(values, 1, None, definition).max() == MAX_LEVELS + 1
    with pytest.raises(DiscretisationError, match=r"bins of 0\.5 cut 0 to 100000 into more than 100,000 levels"):
        fixed_width(values, 0.5, None, definition)


def test_the_brightest_of_eight_bits_has_its_bin():
    values = np.array([0, 49, 206, 255], np.uint8)
    assert fixed_width(values, 25, None, "pyradiomics").tolist() == [1, 2, 9, 11]
    assert fixed_width(values[2:], 25, None, "pyradiomics").tolist() == [1, 3]


def test_the_largest_of_large_numbers_is_in_the_last_bin():
    values = np.array([0, 1e7, 3e7], np.float32)
    assert values[-1] + 1 == values[-1]
    assert fixed_count(values, 3, "pyradiomics").tolist() == [1, 2, 3]


def test_intensities_that_differ_by_rounding_alone_have_one_level():
    values = np.array([282.8427, np.nextafter(282.8427, 300)])
    assert fixed_count(values, 32, "pyradiomics").tolist() == [1, 1]


@pytest.mark.parametrize("definition", ["ibsi", "pyradiomics"])
def test_the_whole_range_of_a_type_does_not_overflow(definition):
    values = np.array([-32768, 0, 32767], np.int16)
    assert fixed_count(values, 4, definition).tolist() == [1, 3, 4]
    assert fixed_width(values, 16384, None, definition).tolist() == [1, 3, 4]
