"""A DICOMweb client that does one thing: pull the files of a series (WADO-RS, DICOM PS3.18 section 10.4).

Parts are written to disk as they arrive, so memory does not depend on the size of a series.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from radiogenomics.config.models import Pacs, Server
from radiogenomics.errors import MissingExtraError
from radiogenomics.pacs.errors import (
    IncompleteSeriesError,
    MissingCredentialError,
    RequestRefusedError,
    UnknownServerError,
)

if TYPE_CHECKING:
    import requests

logger = logging.getLogger(__name__)
CHUNK_BYTES = 1 << 20
NUMBER_OF_INSTANCES = "00201209"
PAUSE_S = 0.5


class DicomWeb:
    """One server.

    Raises
    ------
    UnknownServerError, MissingCredentialError, MissingExtraError
    """

    def __init__(self, name: str, settings: Pacs) -> None:
        if name not in settings.servers:
            raise UnknownServerError(name, tuple(settings.servers))
        self.name, self.settings = name, settings
        self.root = settings.servers[name].url.rstrip("/")
        self.session = _session(name, settings.servers[name])

    def number_of_instances(self, study: str, series: str) -> int:
        """How many instances the server says a series has (QIDO-RS)."""
        query = {"SeriesInstanceUID": series, "includefield": NUMBER_OF_INSTANCES}
        answer = self._get(
            f"studies/{study}/series", "query", params=query, headers={"Accept": "application/dicom+json"}
        )
        found = answer.json() if answer.status_code == 200 else []
        return int(found[0][NUMBER_OF_INSTANCES]["Value"][0]) if found else 0

    def retrieve(self, study: str, series: str, folder: Path) -> int:
        """Write every instance of a series into ``folder`` as it is stored on the server; returns their number.

        Raises
        ------
        RequestRefusedError, IncompleteSeriesError
        """
        expected = self.number_of_instances(study, series)
        headers = {
            "Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*',
            "Accept-Encoding": "identity",
        }
        with self._get(f"studies/{study}/series/{series}", "retrieval", headers=headers, stream=True) as answer:
            boundary = re.search(r'boundary="?([^";]+)', answer.headers.get("Content-Type", ""))
            if boundary is None:
                raise RequestRefusedError(self.name, "retrieval", "the answer is not multipart", 1)
            received = split_multipart(answer.iter_content(CHUNK_BYTES), boundary.group(1).encode(), folder)
        if received != expected:
            raise IncompleteSeriesError(self.name, received, expected)
        return received

    def _get(self, path: str, what: str, **options: object) -> "requests.Response":
        import requests

        answer = "no answer"
        for attempt in range(self.settings.attempts):
            if attempt:
                time.sleep(PAUSE_S * 2**attempt)
            try:
                response = self.session.get(f"{self.root}/{path}", timeout=self.settings.timeout_s, **options)  # type: ignore[arg-type]
            except requests.RequestException as error:
                answer = type(error).__name__
                continue
            if response.status_code < 300:
                return response
            answer = f"HTTP {response.status_code}"
            response.close()
            if response.status_code < 500:  # the same request would be refused again
                raise RequestRefusedError(self.name, what, answer, attempt + 1)
        raise RequestRefusedError(self.name, what, answer, self.settings.attempts)


def split_multipart(chunks: Iterable[bytes], boundary: bytes, folder: Path) -> int:
    """Write each complete part of a multipart/related stream to a file of its own; returns their number.

    A part counts once its closing delimiter has arrived, so that a broken connection leaves no half file.
    """
    stream, delimiter = _Stream(chunks), b"\r\n--" + boundary
    stream.copy_until(delimiter, _nowhere)
    parts = 0
    while stream.take(2) == b"\r\n" and stream.copy_until(b"\r\n\r\n", _nowhere):
        path = folder / f"{parts:06d}.part"
        with path.open("wb") as file:
            complete = stream.copy_until(delimiter, file.write)
        if not complete:
            path.unlink()
            break
        parts += 1
    return parts


class _Stream:
    """Bytes that arrive in chunks, read up to a token. The first delimiter may lack its line break, so one is added."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.buffer = iter(chunks), b"\r\n"

    def copy_until(self, token: bytes, write: Callable[[bytes], object]) -> bool:
        """Hand everything before ``token`` to ``write`` and drop the token; False if the stream ends first."""
        while (found := self.buffer.find(token)) < 0:
            safe = max(0, len(self.buffer) - len(token) + 1)
            write(self.buffer[:safe])
            chunk = next(self.chunks, None)
            if chunk is None:
                return False
            self.buffer = self.buffer[safe:] + chunk
        write(self.buffer[:found])
        self.buffer = self.buffer[found + len(token) :]
        return True

    def take(self, n: int) -> bytes:
        """The next ``n`` bytes, fewer at the end of the stream."""
        while len(self.buffer) < n and (chunk := next(self.chunks, None)) is not None:
            self.buffer += chunk
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken


def _nowhere(_: bytes) -> None:
    """Drop bytes."""


def _session(name: str, server: Server) -> "requests.Session":
    try:
        import requests
    except ImportError as error:
        raise MissingExtraError("pacs", "requests") from error
    session = requests.Session()
    if server.token_env:
        session.headers["Authorization"] = f"Bearer {_secret(name, server.token_env)}"
    elif server.user_env and server.password_env:
        session.auth = (_secret(name, server.user_env), _secret(name, server.password_env))
    return session


def _secret(name: str, variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise MissingCredentialError(name, variable)
    return value
