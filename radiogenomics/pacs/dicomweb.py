"""A DICOMweb client that does one thing: pull the files of a series (WADO-RS, DICOM PS3.18 section 10.4).

Parts are written to disk as they arrive, so memory does not depend on the size of a series.
"""

import logging
import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from radiogenomics.config.cohort import Pacs, Server
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
Result = TypeVar("Result")


class _AnswerError(Exception):
    """An answer that is of no use; ``final`` if the same request would be answered so again."""

    def __init__(self, answer: str, *, final: bool) -> None:
        self.final = final
        super().__init__(answer)


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
        """How many instances the server says a series has (QIDO-RS); counted where it does not say.

        Raises
        ------
        RequestRefusedError
        """
        query = {"SeriesInstanceUID": series, "includefield": NUMBER_OF_INSTANCES}
        found = self._search(f"studies/{study}/series", query)
        if not found:
            raise RequestRefusedError(self.name, "query", "no such series", 1)
        try:
            return int(found[0][NUMBER_OF_INSTANCES]["Value"][0])
        except (KeyError, IndexError, TypeError, ValueError):  # the attribute is optional
            return len(self._search(f"studies/{study}/series/{series}/instances", {}))

    def retrieve(self, study: str, series: str, folder: Path) -> int:
        """Write every instance of a series into ``folder`` as it is stored on the server; returns their number.

        Raises
        ------
        RequestRefusedError, IncompleteSeriesError
        """
        expected = self.number_of_instances(study, series)
        received = self._repeated("retrieval", lambda: self._transfer(study, series, folder))
        if received != expected:
            raise IncompleteSeriesError(self.name, received, expected)
        return received

    def _transfer(self, study: str, series: str, folder: Path) -> int:
        for part in folder.iterdir():  # of an attempt that broke
            part.unlink()
        headers = {
            "Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*',
            "Accept-Encoding": "identity",
        }
        with self._get(f"studies/{study}/series/{series}", headers=headers, stream=True) as answer:
            boundary = re.search(r'boundary="?([^";]+)', answer.headers.get("Content-Type", ""))
            if boundary is None:
                raise _AnswerError("the answer is not multipart", final=True)
            return split_multipart(answer.iter_content(CHUNK_BYTES), boundary.group(1).encode(), folder)

    def _search(self, path: str, query: dict[str, str]) -> list[Any]:
        def search() -> list[Any]:
            answer = self._get(path, params=query, headers={"Accept": "application/dicom+json"})
            if answer.status_code == 204:  # no content: nothing found
                return []
            try:
                found = answer.json()
            except ValueError as error:
                raise _AnswerError("the answer is not JSON", final=True) from error
            if not isinstance(found, list):
                raise _AnswerError("the answer is not a list of results", final=True)
            return found

        return self._repeated("query", search)

    def _get(self, path: str, **options: object) -> "requests.Response":
        response = self.session.get(f"{self.root}/{path}", timeout=self.settings.timeout_s, **options)  # type: ignore[arg-type]
        if response.status_code >= 300:
            response.close()
            raise _AnswerError(f"HTTP {response.status_code}", final=response.status_code < 500)
        return response

    def _repeated(self, what: str, action: Callable[[], Result]) -> Result:
        """The result of ``action``, which is tried again where the server was busy or the connection broke."""
        import requests

        answer = ""
        for attempt in range(1, self.settings.attempts + 1):
            try:
                return action()
            except requests.RequestException as error:
                answer = type(error).__name__
            except _AnswerError as error:
                answer = str(error)
                if error.final:
                    raise RequestRefusedError(self.name, what, answer, attempt) from error
            if attempt < self.settings.attempts:
                time.sleep(PAUSE_S * 2**attempt)
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
