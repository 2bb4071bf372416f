"""Variant files as lines with numbers: plain, gzipped or BGZF; what is cut off is said.

A BGZF file that ends between two of its blocks reads like a whole one; only its last block, an empty one, tells (SAM
specification, section 4.1.2).
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.errors import UnreadableVcfError

GZIP_MAGIC = b"\x1f\x8b"
BCF_MAGIC = b"BCF"
BGZF_EXTRA = b"\x06\x00BC\x02\x00"  # from byte 10: length of the extra field, then its identifier
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def is_bcf(path: Path) -> bool:
    """Whether a file is BCF, compressed or not."""
    with _opened(path) as stream:
        try:
            return stream.read(3) == BCF_MAGIC
        except (EOFError, OSError, zlib.error):
            return False


def require_whole(path: Path) -> None:
    """Refuse a file that is not there, and a BGZF file without its last block.

    Raises
    ------
    MissingFileError, UnreadableVcfError
    """
    if not path.is_file():
        raise MissingFileError(path, "variant file")
    with path.open("rb") as raw:
        start = raw.read(16)
        if start.startswith(GZIP_MAGIC) and start[10:16] == BGZF_EXTRA:
            raw.seek(max(0, raw.seek(0, io.SEEK_END) - len(BGZF_END)))
            if raw.read() != BGZF_END:
                raise UnreadableVcfError(path, "the last block of a BGZF file is missing: it was cut off")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, line ends kept.

    Raises
    ------
    UnreadableVcfError
        The compressed data are damaged or end too early.
    """
    number = 0
    try:
        with _opened(path) as stream, io.TextIOWrapper(stream, encoding="utf-8", errors="replace") as text:
            for number, line in enumerate(text, 1):
                yield number, line
    except (EOFError, OSError, zlib.error) as error:
        raise UnreadableVcfError(path, f"after line {number}: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as raw:
        zipped = raw.read(2) == GZIP_MAGIC
    with gzip.open(path) if zipped else path.open("rb") as stream:
        yield stream  # type: ignore[misc]
