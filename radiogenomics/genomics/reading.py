"""Variant files as lines with numbers: plain, gzipped or BGZF; what is cut off is said.

A BGZF file that ends between two of its blocks reads like a whole one; only its last block, an empty one, tells (SAM
specification, section 4.1.2).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from isal import igzip, isal_zlib

from radiogenomics.errors import MissingFileError
from radiogenomics.genomics.errors import UnreadableVcfError

GZIP_MAGIC = b"\x1f\x8b"
BCF_MAGIC = b"BCF"
DAMAGED = (EOFError, OSError, cast(type[Exception], isal_zlib.error))
BUFFER = 1 << 18
BGZF_EXTRA = b"\x06\x00BC\x02\x00"  # from byte 10: length of the extra field, then its identifier
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def is_bcf(path: Path) -> bool:
    """Whether a file is BCF, compressed or not."""
    with _opened(path) as stream:
        try:
            return stream.read(3) == BCF_MAGIC
        except DAMAGED:
            return False


def is_gzip(path: Path) -> bool:
    """Whether a file is compressed by gzip, in blocks or as a whole."""
    with path.open("rb") as raw:
        return raw.read(2) == GZIP_MAGIC


def is_bgzf(path: Path) -> bool:
    """Whether a file is in blocks of gzip, as bgzip writes."""
    with path.open("rb") as raw:
        start = raw.read(16)
    return start.startswith(GZIP_MAGIC) and start[10:16] == BGZF_EXTRA


def require_whole(path: Path) -> None:
    """Refuse a file that is not there, and a BGZF file without its last block.

    Raises
    ------
    MissingFileError, UnreadableVcfError
    """
    if not path.is_file():
        raise MissingFileError(path, "variant file")
    with path.open("rb") as raw:
        if is_bgzf(path):
            raw.seek(max(0, raw.seek(0, io.SEEK_END) - len(BGZF_END)))
            if raw.read() != BGZF_END:
                raise UnreadableVcfError(path, "the last block of a BGZF file is missing: it was cut off")


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1; each ends with a newline if the file ends it.

    Raises
    ------
    UnreadableVcfError
        The compressed data are damaged or end too early.
    """
    for number, line in byte_lines(path):
        yield number, text_of(line)


def byte_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """As ``lines``, undecoded: a line of a thousand samples is mostly left unread.

    Raises
    ------
    UnreadableVcfError
    """
    number = 0
    try:
        with _opened(path) as stream:
            for line in stream:
                if b"\r" not in line:
                    number += 1
                    yield number, line
                    continue
                for part in line.replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines(keepends=True):
                    number += 1
                    yield number, part
    except DAMAGED as error:
        raise UnreadableVcfError(path, f"after line {number}: {error}") from error


def text_of(line: bytes) -> str:
    """A line as text; bytes that are not UTF-8 are replaced."""
    return line.decode("utf-8", "replace")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if is_gzip(path):  # ISA-L unpacks in a third of zlib's time
        unpacked: IO[bytes] = igzip.open(path)  # type: ignore[no-untyped-call]
        with unpacked, io.BufferedReader(cast(io.RawIOBase, unpacked), BUFFER) as stream:
            yield stream
    else:
        with path.open("rb") as plain:
            yield plain
