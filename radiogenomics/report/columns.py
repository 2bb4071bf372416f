"""Columns as the page carries them: typed arrays, byte planes apart, gzip, base64.

A million rows are then some megabytes in the file and plain typed arrays in the browser. The bytes of each number are
put into planes (all first bytes, all second bytes, …) before compression, since sign and exponent repeat and the low
bits do not. The counterpart is ``static/columns.js``.
"""

import base64
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from markupsafe import Markup

COMPRESSION = 6
_ARRAY_TYPES = {"float32": "Float32Array", "uint8": "Uint8Array", "uint16": "Uint16Array", "uint32": "Uint32Array"}


@dataclass(frozen=True)
class Column:
    """One column: ``array_type`` is that of JavaScript, ``names`` the dictionary that codes point into, if any."""

    name: str
    array_type: str
    data: str
    names: tuple[str, ...] | None = None


def number(name: str, values: npt.ArrayLike) -> Column:
    """Make a column of float32, missing values as NaN."""
    return _column(name, np.asarray(values, dtype=np.float32))


def count(name: str, values: npt.ArrayLike) -> Column:
    """Make a column of counts in the smallest unsigned type that holds them."""
    array = np.asarray(values)
    return _column(name, array.astype(smallest_type(int(array.max(initial=0)))))


def strings(name: str, values: pd.Series) -> Column:
    """Write a categorical column as codes into its categories, in their order; it must have no missing value."""
    categories = tuple(str(value) for value in values.cat.categories)
    codes = values.cat.codes.to_numpy()
    if (codes < 0).any():
        raise ValueError(f"column {name} has missing values")
    return _column(name, codes.astype(smallest_type(len(categories) - 1)), categories)


def smallest_type(largest: int) -> type[np.unsignedinteger[Any]]:
    """Smallest unsigned integer type that holds 0 to ``largest``."""
    for dtype in (np.uint8, np.uint16, np.uint32):
        if largest <= np.iinfo(dtype).max:
            return dtype
    raise ValueError(f"{largest} is too large for 32 bits")


def encode(array: npt.NDArray[Any]) -> str:
    """Little-endian bytes of a one-dimensional array in planes, gzip with no time in it, base64."""
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    planes = little.view(np.uint8).reshape(array.size, array.dtype.itemsize).T
    return base64.b64encode(gzip.compress(planes.tobytes(), COMPRESSION, mtime=0)).decode("ascii")


def script_json(data: object) -> Markup:
    """JSON that may stand inside a ``<script>`` element whatever the strings in it hold."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def describe(columns: Sequence[Column]) -> list[dict[str, object]]:
    """Describe the columns as the page has to know them to decode them."""
    return [
        {
            "name": column.name,
            "type": column.array_type,
            **({"values": column.names} if column.names is not None else {}),
        }
        for column in columns
    ]


def _column(name: str, array: npt.NDArray[Any], names: tuple[str, ...] | None = None) -> Column:
    return Column(name, _ARRAY_TYPES[array.dtype.name], encode(array), names)
