"""Columns that have the same patients, so that they can be computed together."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def patterns(present: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Distinct columns of ``present`` (n_patients, n) in order of appearance, each with the columns like it."""
    found: dict[bytes, list[int]] = {}
    for index, column in enumerate(np.packbits(present, axis=0).T):
        found.setdefault(column.tobytes(), []).append(index)
    for columns in found.values():
        yield present[:, columns[0]], np.array(columns, np.intp)
