"""Downloads, against servers of our own: resumed, checked, nothing overwritten."""

from __future__ import annotations

import fcntl
import hashlib
import http.server
import io
import os
import re
import threading

import pytest

from tests.datasets import forms
from tf1_models.datasets import download, identify
from tf1_models.errors import InputError, MachineError, UsageError

CONTENT = bytes(range(256)) * 4000
KNOWN = identify.Archive("tiny.tar.gz", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


class Server:
    """Serves one body; `requests` lists the Range headers that came."""

    def __init__(self) -> None:
        self.body, self.ranges, self.cut_after, self.status, self.length = CONTENT, True, None, 200, True
        self.requests = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.answer(self)

            def log_message(self, *_):
                pass

        self.http = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.http.server_port}/tiny.tar.gz"

    def answer(self, handler) -> None:
        asked = handler.headers.get("Range")
        self.requests.append(asked)
        if self.status != 200:
            handler.send_error(self.status)
            return
        first = int(re.fullmatch(r"bytes=(\d+)-", asked).group(1)) if asked and self.ranges else 0
        body = self.body[first:]
        handler.send_response(206 if asked and self.ranges else 200)
        if asked and self.ranges:
            handler.send_header("Content-Range", f"bytes {first}-{len(self.body) - 1}/{len(self.body)}")
        if self.length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.cut_after is not None:
            body, self.cut_after = body[: self.cut_after], None
        try:
            handler.wfile.write(body)
        except OSError:  # the client has heard enough
            pass

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "ARCHIVES", {"python": KNOWN})
    monkeypatch.setattr(download, "_PIECE", 10_000)
    monkeypatch.delenv(download.ENV_URLS, raising=False)
    one = Server()
    yield one
    one.close()


@pytest.fixture
def out(tmp_path):
    return str(tmp_path / "data")


def test_download(server, out):
    seen = []
    path, fetched = download.fetch("python", out, [server.url], lambda done, total: seen.append((done, total)))
    assert fetched and path == os.path.join(out, "tiny.tar.gz") and forms.read(path) == CONTENT
    assert os.listdir(out) == ["tiny.tar.gz"]
    assert seen[0] == (0, len(CONTENT)) and seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_good_archive_is_not_fetched_again(server, out):
    os.makedirs(out)
    path = forms.write(os.path.join(out, "tiny.tar.gz"), CONTENT)
    assert download.fetch("python", out, [server.url]) == (path, False)
    assert server.requests == []


def test_another_file_of_that_name_is_left_alone(server, out):
    os.makedirs(out)
    path = forms.write(os.path.join(out, "tiny.tar.gz"), b"mine")
    with pytest.raises(InputError, match="has a wrong checksum and is left as it is; move it away and try again"):
        download.fetch("python", out, [server.url])
    assert forms.read(path) == b"mine" and server.requests == []


def test_an_interrupted_transfer_goes_on(server, out):
    server.cut_after = 300_000
    said = []
    download.fetch("python", out, [server.url], say=said.append)
    assert server.requests == [None, "bytes=300000-"]
    assert "the connection ended at byte 300000 of 1024000" in " ".join(said)
    assert forms.read(os.path.join(out, "tiny.tar.gz")) == CONTENT


def test_a_part_of_an_earlier_run_is_used(server, out):
    os.makedirs(out)
    forms.write(os.path.join(out, "tiny.tar.gz.part"), CONTENT[:777])
    download.fetch("python", out, [server.url])
    assert server.requests == ["bytes=777-"]
    assert os.listdir(out) == ["tiny.tar.gz"]
    os.rename(os.path.join(out, "tiny.tar.gz"), os.path.join(out, "tiny.tar.gz.part"))
    download.fetch("python", out, [server.url])
    assert len(server.requests) == 1  # a whole part only needs its checksum


def test_a_server_without_ranges_sends_all_of_it(server, out):
    server.ranges = False
    os.makedirs(out)
    forms.write(os.path.join(out, "tiny.tar.gz.part"), b"x" * 777)
    download.fetch("python", out, [server.url])
    assert server.requests == ["bytes=777-"]
    assert forms.read(os.path.join(out, "tiny.tar.gz")) == CONTENT


def test_a_damaged_part_is_fetched_anew(server, out):
    os.makedirs(out)
    part = os.path.join(out, "tiny.tar.gz.part")
    for content in (b"x" * 777, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 5)):
        forms.write(part, content)
        path, _ = download.fetch("python", out, [server.url])
        assert forms.read(path) == CONTENT
        os.unlink(path)


def test_wrong_content(server, out):
    server.body = CONTENT[:-1] + b"x"
    with pytest.raises(InputError, match="no mirror gave the official tiny.tar.gz; .*wrong checksum: sha256 "):
        download.fetch("python", out, [server.url])
    assert os.listdir(out) == []


@pytest.mark.parametrize("length", [True, False])
def test_wrong_sizes(server, out, length):
    server.length = length
    for body in (CONTENT + b"x", CONTENT[:-1], b"<html>"):
        server.body = body
        with pytest.raises((InputError, MachineError)):
            download.fetch("python", out, [server.url])
        assert not os.path.exists(os.path.join(out, "tiny.tar.gz"))
        assert all(os.path.getsize(os.path.join(out, name)) < len(CONTENT) for name in os.listdir(out))
    server.body = CONTENT
    download.fetch("python", out, [server.url])


def test_the_next_mirror_is_tried(server, out, monkeypatch):
    other = Server()
    try:
        server.body = CONTENT[:-1] + b"x"
        download.fetch("python", out, ["http://127.0.0.1:9/x", server.url, other.url])
        assert forms.read(os.path.join(out, "tiny.tar.gz")) == CONTENT
        monkeypatch.setenv(download.ENV_URLS, f"{server.url} {other.url}")
        assert download.mirrors("python") == [server.url, other.url]
        assert download.mirrors("python", ["http://x"]) == ["http://x"]
    finally:
        other.close()


def test_no_mirror_at_all(server, out):
    server.status = 404
    with pytest.raises(MachineError, match=r"no mirror could be read \(.*404.*\); name others with --url or"):
        download.fetch("python", out, [server.url, "http://127.0.0.1:9/x", server.url])


def test_usage(server, out, tmp_path):
    for url in ("file:///etc/passwd", "ftp://host/x", "x"):
        with pytest.raises(UsageError, match="is no http or https URL"):
            download.fetch("python", out, [url])
    with pytest.raises(UsageError, match="unknown archive 'matlab'; known: python"):
        download.fetch("matlab", out)
    with pytest.raises(MachineError, match="cannot be written"):
        download.fetch("python", forms.write(str(tmp_path / "file"), b""), [server.url])
    assert not os.path.exists(out)


def test_one_download_at_a_time(server, out, tmp_path):
    os.makedirs(out)
    path = os.path.join(out, "tiny.tar.gz.part")
    with open(path, "ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process is downloading .*; run again when it is done"):
            download.fetch("python", out, [server.url])
    os.unlink(path)
    link = str(tmp_path / "target")
    for make, words in ((os.mkfifo, "is not a regular file"), (lambda p: os.symlink(link, p), "cannot be written")):
        make(path)
        with pytest.raises((InputError, MachineError), match=words):
            download.fetch("python", out, [server.url])
        os.unlink(path)
    assert not os.path.exists(link)


def test_disk_full(server, out, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(download, "_copy", full)
    with pytest.raises(MachineError, match="no room on the disk for tiny.tar.gz; the part stays"):
        download.fetch("python", out, [server.url])


def test_progress_lines():
    stream = io.StringIO()
    progress = download.console_progress(stream)
    for done in range(0, 1001):
        progress(done * 1000, 1_000_000)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 11 and lines[0] == "0.0 of 1.0 MB (0 %)" and lines[-1] == "1.0 of 1.0 MB (100 %)"
    stream.isatty = lambda: True  # type: ignore[method-assign]
    stream.truncate(0)
    download.console_progress(stream)(5, 10)
    assert "\r0.0 of 0.0 MB (50 %)" in stream.getvalue()


def test_built_in_mirrors_are_for_the_official_archives():
    for form, urls in download.URLS.items():
        assert all(url.endswith(identify.ARCHIVES[form].file_name) and url.startswith("https://") for url in urls)
