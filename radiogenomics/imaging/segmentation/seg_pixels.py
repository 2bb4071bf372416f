"""Frames of a SEG, decoded one at a time: a segment with few of them costs no more than these."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import ExplicitVRBigEndian

from radiogenomics.imaging.decoding import decoding
from radiogenomics.imaging.dicom import number, transfer_syntax
from radiogenomics.imaging.errors import PixelDataError
from radiogenomics.imaging.geometry import Values


def stored_frames(path: Path, dataset: FileDataset, wanted: Sequence[int]) -> Iterator[Values]:
    """Stored values (n_rows, n_columns) of some frames, in the given order; a palette is not applied.

    Raises
    ------
    PixelDataError
        They are cut off or cannot be decoded.
    MissingTagError, InvalidTagError
    """
    if not wanted:
        return
    syntax = transfer_syntax(dataset)
    known = syntax.is_transfer_syntax and not syntax.is_private
    plain = known and not syntax.is_encapsulated and syntax != ExplicitVRBigEndian
    if plain and number(dataset, "BitsAllocated", path=path) == 1:
        yield from _unpacked(path, dataset, wanted)
        return
    found = iter_pixels(dataset, indices=list(wanted), raw=True)
    for _ in wanted:
        with decoding(path):
            stored = next(found)
        yield stored


def _unpacked(path: Path, dataset: FileDataset, wanted: Sequence[int]) -> Iterator[Values]:
    """Frames of single bits, the lowest of a byte first; a frame may start within a byte (PS3.5 section 8.1.1).

    pydicom 3.0.2 unpacks whole objects rightly, but not a frame by itself that reaches into one byte more than its
    pixels fill: "cannot reshape array of size 283 into shape (15,19)" for the second of several frames of 285 pixels.
    """
    rows, columns = (int(number(dataset, tag, path=path)) for tag in ("Rows", "Columns"))
    size = rows * columns
    needed = -(-int(number(dataset, "NumberOfFrames", path=path)) * size // 8)
    data = np.frombuffer(dataset.get("PixelData", b"") or b"", dtype=np.uint8)
    if len(data) < needed:
        raise PixelDataError(path, f"cut off: {len(data)} bytes, {needed} expected")
    for n in wanted:
        first, skipped = divmod(n * size, 8)
        packed = data[first : -(-(n + 1) * size // 8)]
        bits = np.unpackbits(packed, bitorder="little")[skipped : skipped + size]
        yield bits.reshape(rows, columns)
