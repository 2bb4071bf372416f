import base64
import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from radiogenomics.report import columns
from tests.unit.report.packed import decode


@given(
    hnp.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)),
)
def test_float_column_comes_back_bit_for_bit(values):
    assert decode(columns.encode(values), "float32").tobytes() == values.tobytes()


@pytest.mark.parametrize(("largest", "dtype"), [(0, "uint8"), (255, "uint8"), (256, "uint16"), (65536, "uint32")])
def test_counts_take_the_smallest_type_and_come_back(largest, dtype):
    values = np.array([largest, 0, largest // 2])
    column = columns.count("n", values)
    assert column.array_type == f"{dtype.capitalize()}Array"
    assert decode(column.data, dtype).tolist() == values.tolist()


def test_count_beyond_32_bits_is_refused():
    with pytest.raises(ValueError, match="too large for 32 bits"):
        columns.smallest_type(2**32)


def test_strings_become_codes_into_their_dictionary():
    column = columns.strings("marker", pd.Series(["b", "a", "b"], dtype="category"))
    assert column.names == ("a", "b")
    assert decode(column.data, "uint8").tolist() == [1, 0, 1]


def test_missing_string_is_refused_not_coded():
    with pytest.raises(ValueError, match="missing"):
        columns.strings("marker", pd.Series(["a", None], dtype="category"))


def test_missing_number_stays_missing():
    column = columns.number("estimate", [1.5, np.nan])
    assert np.isnan(decode(column.data, "float32")[1])


def test_gzip_header_holds_no_time():
    packed = base64.b64decode(columns.encode(np.arange(5, dtype=np.uint16)))
    assert packed[4:8] == b"\0\0\0\0"
    assert gzip.decompress(packed) == bytes([0, 1, 2, 3, 4, 0, 0, 0, 0, 0])


def test_json_cannot_leave_its_script_element():
    text = columns.script_json({"name": "</script><script>alert(1)</script>&\u2028"})
    assert not set("<>&\u2028") & set(text)
