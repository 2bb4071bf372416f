"""The multipart splitter, and a server that misbehaves."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from hypothesis import given, strategies as st

from radiogenomics import tables
from radiogenomics.config.cohort import Pacs
from radiogenomics.pacs import dicomweb
from radiogenomics.pacs.dicomweb import DicomWeb, split_multipart
from radiogenomics.pacs.errors import (
    IncompleteSeriesError,
    MissingCredentialError,
    RequestRefusedError,
    UnknownServerError,
)
from radiogenomics.pacs.fetch import fetch_batch

BOUNDARY = b"a-b_c"


def multipart(parts, *, closed=True):
    head = b"Content-Type: application/dicom\r\nContent-Length: 9\r\n\r\n"
    body = b"".join(b"--" + BOUNDARY + b"\r\n" + head + part + b"\r\n" for part in parts)
    return body + (b"--" + BOUNDARY + b"--\r\n" if closed else b"")


def chunked(body, sizes):
    position = 0
    for size in sizes:
        yield body[position : position + size]
        position += size
    yield body[position:]


@given(
    parts=st.lists(st.one_of(st.binary(max_size=80), st.just(b"\r\n--a-b_"), st.just(b"\r\n\r\n--")), max_size=4),
    sizes=st.lists(st.integers(0, 40), max_size=20),
)
def test_parts_come_out_as_they_went_in_however_they_are_cut(tmp_path_factory, parts, sizes):
    folder = tmp_path_factory.mktemp("parts")
    assert split_multipart(chunked(multipart(parts), sizes), BOUNDARY, folder) == len(parts)
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == parts


@given(cut=st.integers(0, 400))
def test_a_broken_stream_leaves_only_whole_parts(tmp_path_factory, cut):
    folder, parts = tmp_path_factory.mktemp("parts"), [b"x" * 50, b"y" * 60]
    body = multipart(parts)[:cut]
    count = split_multipart([body], BOUNDARY, folder)
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == parts[:count]


def indexed(*results):
    return json.dumps(results).encode()


class Server(BaseHTTPRequestHandler):
    """Answers what the test put into ``plan``: a list of (status, headers, body), the last one for ever.

    ``index`` answers queries for a series, ``instances`` those for its instances.
    """

    plan: ClassVar[list] = []
    seen: ClassVar[list] = []
    index: ClassVar[tuple] = ()
    instances: ClassVar[bytes] = b""

    def do_GET(self):
        self.seen.append((self.path, dict(self.headers)))
        if "includefield" in self.path:
            status, headers, body = self.index
        elif self.path.endswith("/instances"):
            status, headers, body = 200, {}, self.instances
        else:
            status, headers, body = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        self.send_response(status)
        for name, value in headers.items():
            if name != "Content-Length":
                self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length", str(len(body))))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(dicomweb, "PAUSE_S", 0.0)
    Server.plan, Server.seen, Server.index = [], [], (200, {}, indexed({"00201209": {"vr": "IS", "Value": [2]}}))
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/dicom-web"
        httpd.shutdown()
        thread.join()


def settings(url, **server):
    return Pacs.model_validate({"servers": {"x": {"url": url, **server}}, "timeout_s": 5})


MULTIPART = {"Content-Type": f'multipart/related; type="application/dicom"; boundary="{BOUNDARY.decode()}"'}


def test_a_busy_server_is_asked_again(server, tmp_path):
    Server.plan = [(503, {}, b""), (200, MULTIPART, multipart([b"a", b"b"]))]
    assert DicomWeb("x", settings(server)).retrieve("1.2", "3.4", tmp_path) == 2
    assert Server.seen[-1][0] == "/dicom-web/studies/1.2/series/3.4"


def test_a_broken_transfer_is_tried_again_as_a_whole(server, tmp_path):
    body = multipart([b"a", b"b"])
    broken = (200, MULTIPART | {"Content-Length": str(len(body))}, multipart([b"old"], closed=False))
    Server.plan = [broken, broken, (200, MULTIPART, body)]
    assert DicomWeb("x", settings(server)).retrieve("1.2", "3.4", tmp_path) == 2
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [b"a", b"b"]
    Server.plan = [broken]
    with pytest.raises(RequestRefusedError, match=r"after 3 attempt\(s\): ChunkedEncodingError"):
        DicomWeb("x", settings(server)).retrieve("1.2", "3.4", tmp_path)


@pytest.mark.parametrize("entry", [{}, {"00201209": {"vr": "IS"}}, {"00201209": {"vr": "IS", "Value": ["?"]}}])
def test_instances_are_counted_where_the_server_does_not_say_how_many(server, tmp_path, entry):
    Server.index, Server.instances = (200, {}, indexed(entry)), indexed({}, {})
    Server.plan = [(200, MULTIPART, multipart([b"a", b"b"]))]
    assert DicomWeb("x", settings(server)).retrieve("1.2", "3.4", tmp_path) == 2
    Server.instances = indexed({}, {}, {})
    with pytest.raises(IncompleteSeriesError, match="2 of 3"):
        DicomWeb("x", settings(server)).retrieve("1.2", "3.4", tmp_path)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ((200, {"Content-Type": "text/html"}, b"<html>login</html>"), r"query failed after 1 .*not JSON"),
        ((200, {}, b'{"error": "no"}'), "not a list"),
        ((200, {}, b"[]"), "no such series"),
        ((204, {}, b""), "no such series"),
        ((503, {}, b""), r"query failed after 3 attempt\(s\): HTTP 503"),
    ],
)
def test_a_query_that_is_not_answered_is_a_refusal(server, tmp_path, index, message):
    Server.index = index
    with pytest.raises(RequestRefusedError, match=message):
        DicomWeb("x", settings(server)).retrieve("1.2", "3.4", tmp_path)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        ((404, {}, b""), RequestRefusedError, r"HTTP 404"),
        ((401, {}, b""), RequestRefusedError, r"after 1 attempt\(s\): HTTP 401"),
        ((500, {}, b""), RequestRefusedError, r"after 3 attempt\(s\): HTTP 500"),
        ((200, {"Content-Type": "text/html"}, b"hi"), RequestRefusedError, "not multipart"),
        ((200, MULTIPART, multipart([b"a"])), IncompleteSeriesError, "1 of 2 instances"),
        ((200, MULTIPART, multipart([b"a", b"b"], closed=False)), IncompleteSeriesError, "1 of 2 instances"),
    ],
)
def test_what_did_not_arrive_whole_is_refused(server, tmp_path, answer, error, message):
    Server.plan = [answer]
    with pytest.raises(error, match=message):
        DicomWeb("x", settings(server)).retrieve("1.2", "3.4", tmp_path)


def test_credentials_come_from_the_environment_only(server, tmp_path, monkeypatch):
    Server.plan = [(200, MULTIPART, multipart([b"a", b"b"]))]
    monkeypatch.setenv("U", "alice")
    with pytest.raises(MissingCredentialError, match="variable P is not set"):
        DicomWeb("x", settings(server, user_env="U", password_env="P"))
    monkeypatch.setenv("P", "s3cret")
    DicomWeb("x", settings(server, user_env="U", password_env="P")).retrieve("1.2", "3.4", tmp_path)
    assert Server.seen[-1][1]["Authorization"] == "Basic YWxpY2U6czNjcmV0"
    monkeypatch.setenv("T", "token")
    DicomWeb("x", settings(server, token_env="T")).retrieve("1.2", "3.4", tmp_path)
    assert Server.seen[-1][1]["Authorization"] == "Bearer token"


def test_an_unknown_or_silent_server(tmp_path):
    with pytest.raises(UnknownServerError, match="'y'"):
        DicomWeb("y", settings("http://127.0.0.1:9/none"))
    with pytest.raises(RequestRefusedError, match="ConnectionError"):
        DicomWeb("x", settings("http://127.0.0.1:9/none").model_copy(update={"attempts": 1})).retrieve(
            "1", "2", tmp_path
        )


def test_a_failed_series_leaves_no_folder_and_a_row(server, tmp_path):
    Server.plan = [(200, MULTIPART, multipart([b"a"]))]
    row = {
        "patient_id": "P1",
        "image_id": "I1",
        "role": "ct",
        "series": "dicomweb:x/1.2/3.4",
        "segmentation": "",
        "roi": "G",
    }
    failures = tmp_path / "failures.tsv"
    fetch_batch(
        images=json.dumps([row]),
        settings=settings(server).model_dump_json(),
        directory=tmp_path / "out",
        failures=failures,
    )
    assert tables.FAILURES.read(failures)["reason"].tolist() == ["incomplete_series"]
    assert list((tmp_path / "out" / "I1").iterdir()) == []
