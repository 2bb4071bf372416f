"""A column of the page back from its text, as ``static/columns.js`` does it."""

import base64
import gzip

import numpy as np


def decode(data: str, dtype: str) -> np.ndarray:
    """Get the array back from its text."""
    kind = np.dtype(dtype).newbyteorder("<")
    planes = np.frombuffer(gzip.decompress(base64.b64decode(data)), dtype=np.uint8)
    return np.ascontiguousarray(planes.reshape(kind.itemsize, -1).T).view(kind).reshape(-1)
