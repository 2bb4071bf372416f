"""Repairs of a stack: slices shifted within their planes (gantry tilt) and interpolated between planes (gaps).

Both keep what was measured apart from what was not: a pixel to which a padded pixel contributes, or none, is padding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radiogenomics.imaging.geometry import BoolArray, FloatArray

# Offsets that differ from whole pixels by less, and weights that differ from 0 or 1 by less, are whole.
WHOLE = 1e-6
Plane = tuple[FloatArray, BoolArray]


@dataclass(frozen=True)
class Repair:
    """A defect that was not refused: its reason, what was done by policy, and the fact in numbers."""

    defect: str
    action: str
    fact: str

    def __str__(self) -> str:
        """As the tables show it."""
        return f"{self.defect}: {self.action} ({self.fact})"


@dataclass(frozen=True)
class Resampling:
    """How the planes of a grid are made of slices.

    Parameters
    ----------
    below : tuple of int
        Slice at or before each plane, in rising order.
    weight : tuple of float
        Weight of the slice after it; 0 takes the slice as it is.
    offsets : (n_slices, 2) tuple
        Row and column of the grid on which the first pixel of each slice lies, in pixels.
    shape : (n_rows, n_columns)
        Pixels of a plane of the grid.
    """

    below: tuple[int, ...]
    weight: tuple[float, ...]
    offsets: tuple[tuple[float, float], ...]
    shape: tuple[int, int]

    def planes(self, read: Callable[[int], Plane]) -> Iterator[Plane]:
        """Values and padding of each plane; ``read(k)`` is called once a slice, in order, two are held at a time."""
        held: dict[int, Plane] = {}
        for below, weight in zip(self.below, self.weight, strict=True):
            wanted = (below,) if weight == 0 else (below, below + 1)
            held = {k: held[k] if k in held else self._placed(k, *read(k)) for k in wanted}
            values, padding = held[below]
            if weight:
                above, more = held[below + 1]
                values, padding = (1 - weight) * values + weight * above, padding | more
            yield values.copy(), padding.copy()

    def _placed(self, k: int, values: FloatArray, padding: BoolArray) -> Plane:
        for axis in range(2):
            values, padding = _shift(values, padding, self.offsets[k][axis], self.shape[axis], axis)
        return values, padding


def between(along_mm: FloatArray, planes_mm: FloatArray, tolerance_mm: float) -> tuple[list[int], list[float]]:
    """Slice below each plane and weight of the next one; a slice within ``tolerance_mm`` is taken as it is."""
    below, weight = [], []
    for plane in planes_mm:
        nearest = int(np.abs(along_mm - plane).argmin())
        if abs(float(along_mm[nearest] - plane)) <= tolerance_mm:
            below.append(nearest)
            weight.append(0.0)
            continue
        k = int(np.searchsorted(along_mm, plane)) - 1
        below.append(k)
        weight.append(float((plane - along_mm[k]) / (along_mm[k + 1] - along_mm[k])))
    return below, weight


def _shift(values: FloatArray, padding: BoolArray, offset: float, length: int, axis: int) -> Plane:
    """Put a plane at ``offset`` pixels along one axis of a plane of ``length``, linearly interpolated."""
    whole = int(np.floor(offset + WHOLE))
    part = offset - whole  # the pixel at index n lies at whole + n + part
    part = 0.0 if part < WHOLE else part
    moved, empty = _moved(values, padding, whole, length, axis)
    if part:
        before, none = _moved(values, padding, whole + 1, length, axis)
        moved, empty = (1 - part) * moved + part * before, empty | none
    return moved, empty


def _moved(values: FloatArray, padding: BoolArray, offset: int, length: int, axis: int) -> Plane:
    """Put a plane at a whole number of pixels; what it does not cover is padding."""
    shape = [length if n == axis else size for n, size in enumerate(values.shape)]
    moved, empty = np.zeros(shape), np.ones(shape, dtype=np.bool_)
    low, high = max(offset, 0), max(min(offset + values.shape[axis], length), 0)
    if high > low:
        target: list[slice] = [slice(None), slice(None)]
        source: list[slice] = [slice(None), slice(None)]
        target[axis], source[axis] = slice(low, high), slice(low - offset, high - offset)
        moved[tuple(target)], empty[tuple(target)] = values[tuple(source)], padding[tuple(source)]
    return moved, empty


def even_planes(along_mm: FloatArray, spacing_mm: float) -> npt.NDArray[np.float64]:
    """Positions from the first slice to the last in equal steps of nearly ``spacing_mm``."""
    steps = max(1, round(float(along_mm[-1] - along_mm[0]) / spacing_mm))
    return np.linspace(along_mm[0], along_mm[-1], steps + 1)
