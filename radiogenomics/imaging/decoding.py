"""Stored pixels of DICOM files, decompressed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.pixels.utils import iter_pixels, pixel_array

from radiogenomics.imaging.dicom import quiet, read_dataset
from radiogenomics.imaging.errors import PixelDataError
from radiogenomics.imaging.geometry import Values

# Length of the head of a pixel data element by tag and value representation (none: implicit, PS3.5 7.1.3).
PLAIN_PIXELS = {(b"\xe0\x7f\x10\x00", b"OW"): 12, (b"\xe0\x7f\x10\x00", b""): 8}


def decode(path: Path, dataset: FileDataset) -> Values:
    """Stored values of a file's pixels, decompressed; PixelDataError where they are cut off or damaged."""
    with decoding(path):
        stored: Values = dataset.pixel_array
    return stored


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn whatever a decoder raises into PixelDataError, a panic of one written in Rust too (no `Exception`)."""
    try:
        with quiet():
            yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        raise PixelDataError(path, f"{type(error).__name__}: {error}") from error


def read_frames(path: Path, frames: Sequence[int]) -> Iterator[Values]:
    """Stored values (n_rows, n_columns) of some frames of a file, in the given order, decoded one at a time.

    Raises
    ------
    UnreadableDicomError, PixelDataError
    """
    if list(frames) == [0]:  # files without meta information, too
        dataset = read_dataset(path, pixels=True)
        with decoding(path):
            stored: Values = pixel_array(dataset, index=0)
        yield stored
        return
    found = iter_pixels(path, indices=list(frames))
    for _ in frames:
        with decoding(path):
            stored = next(found)
        yield stored


def read_plain(path: Path, offset: int, shape: tuple[int, int], signed: bool, bits: int) -> Values | None:
    """Stored values of a file's only frame, uncompressed, little endian, of 16 bits each; None where it is none.

    Parameters
    ----------
    offset : int
        Start of the pixel data element, as `read_header` gives it.
    bits : int
        BitsStored; bits above it mean nothing and are cleared, or made to continue the sign.
    """
    size = 2 * shape[0] * shape[1]
    with path.open("rb") as stream:
        stream.seek(offset)
        head = stream.read(12)
        start = PLAIN_PIXELS.get((head[:4], head[4:6] if head[4:6].isalpha() else b""))
        if start is None or int.from_bytes(head[start - 4 : start], "little") != size:
            return None
        stream.seek(offset + start)
        stored = np.fromfile(stream, dtype="<i2" if signed else "<u2", count=shape[0] * shape[1])
    if stored.size != shape[0] * shape[1]:
        return None
    if bits < 16:
        np.left_shift(stored, 16 - bits, out=stored)
        np.right_shift(stored, 16 - bits, out=stored)
    return stored.reshape(shape)
