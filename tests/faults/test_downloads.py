"""Mirrors and downloads that hang, fail, never end or send wrong data."""

import dataclasses
import gc
import gzip
import hashlib
import http.server
import re
import resource
import socket
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.tiny_mnist import contents
from tests.vaetui.cli.shell import call
from trainer.contract.datasets import fetch, registry, sources
from trainer.data import download

# --- mirrors, with the real torchvision ---


class Mirror(http.server.BaseHTTPRequestHandler):
    """Delivers the files below /good/, and otherwise does what the first part of the path says."""

    over = threading.Event()

    def do_HEAD(self) -> None:
        self.send_response(200)  # it answers, so it is tried in its turn
        self.end_headers()

    def do_GET(self) -> None:
        _, how, name = self.path.split("/", 2)
        content = gzip.compress(contents()[name.removesuffix(".gz")], mtime=0)
        getattr(self, f"_{how}")(content)

    def _good(self, content: bytes) -> None:
        self._send(200, content)

    def _page(self, content: bytes) -> None:
        self._send(200, b"<html>log in first</html>")

    def _other(self, content: bytes) -> None:
        self._send(200, gzip.compress(b"other images", mtime=0))

    def _gone(self, content: bytes) -> None:
        self._send(404, b"")

    def _broken(self, content: bytes) -> None:
        self._send(500, b"")

    def _loop(self, content: bytes) -> None:
        self.send_response(302)
        self.send_header("Location", self.path)
        self.end_headers()

    def _cut(self, content: bytes) -> None:
        self._send(200, content[: len(content) // 2], len(content))

    def _hang(self, content: bytes) -> None:
        self._send(200, content[: len(content) // 2], len(content))
        self.wfile.flush()
        self.over.wait(60)

    def _silent(self, content: bytes) -> None:
        self.over.wait(60)

    def _send(self, status: int, content: bytes, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False  # they are waited for when it is closed


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server on this machine."""
    Mirror.over.clear()
    with Server(("127.0.0.1", 0), Mirror) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}/"
        Mirror.over.set()
        made.shutdown()
        thread.join()
    with warnings.catch_warnings():  # urllib leaves sockets open in its errors
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def torchvision(monkeypatch: pytest.MonkeyPatch, source: sources.Source) -> Iterator[None]:
    """The real one with the checksums of the tiny files."""
    datasets = pytest.importorskip("torchvision.datasets")
    packed = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in contents().items()}
    sums = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
    monkeypatch.setattr(datasets.MNIST, "resources", sums)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [])
    monkeypatch.setattr(download, "SOCKET_SECONDS", 30.0)
    monkeypatch.setattr(download, "_reach", lambda *_: None)
    monkeypatch.setenv("no_proxy", "*")
    before = socket.getdefaulttimeout()
    yield
    socket.setdefaulttimeout(before)


def fetched(monkeypatch: pytest.MonkeyPatch, folder: Path, *mirrors: str) -> int:
    one = dataclasses.replace(sources.SOURCES["mnist"], mirrors=mirrors)
    monkeypatch.setitem(sources.SOURCES, "mnist", one)
    return download.main(["mnist", str(folder)])


FAILINGS = {
    "page": "File not found or corrupted",
    "other": "File not found or corrupted",
    "cut": "",
    "loop": "redirect",
    "gone": "HTTP Error 404",
    "broken": "HTTP Error 500",
    "hang": "timed out",
    "silent": "timed out",
}


@pytest.mark.fault(
    "a mirror hangs, is silent, redirects for ever, breaks off, sends a web page, other images or an error",
    "the next mirror is asked; with none left one sentence says what to do",
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # as in `server`
@pytest.mark.parametrize("how", FAILINGS)
def test_the_next_mirror_is_asked(
    how: str,
    server: str,
    torchvision: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    if FAILINGS[how] == "timed out":
        monkeypatch.setattr(download, "SOCKET_SECONDS", 2.0)
    assert fetched(monkeypatch, tmp_path / "one", f"{server}{how}/") == 1
    (sentence,) = capfd.readouterr().err.splitlines()
    assert sentence.startswith("no mirror of MNIST delivers it (")
    assert FAILINGS[how] in sentence
    assert sentence.endswith("): check the network")
    assert fetched(monkeypatch, tmp_path / "two", f"{server}{how}/", f"{server}good/") == 0
    assert registry.inspect("mnist", tmp_path / "two").is_verified


@pytest.mark.fault(
    "the disk is full during a download", "one sentence with what to do; no mirror is asked in vain"
)
def test_a_full_disk_is_no_fault_of_the_mirror(
    server: str,
    torchvision: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        code = fetched(monkeypatch, tmp_path, f"{server}good/", f"{server}silent/")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 1
    mend = "free some space or choose another with --data"
    assert capfd.readouterr().err == f"the data folder cannot be written (File too large): {mend}\n"


# --- the downloader is watched ---

DOWNLOADER = "import sys, pathlib, time\nfolder = pathlib.Path(sys.argv[1])\n"
ENDLESS = """
with (folder / "part.gz").open("wb", buffering=0) as file:
    while True:
        file.write(bytes(1_000_000))
        time.sleep(0.01)
"""
DRIP = """
with (folder / "part.gz").open("wb", buffering=0) as file:
    while True:
        file.write(b".")
        time.sleep(0.05)
"""
SOON, LATER = fetch.Patience(1, 3, 60), fetch.Patience(60, 3, 60)  # for the first byte, for the next ones
WATCHED = {
    "hangs": (SOON, "time.sleep(60)", r"nothing came for \d+ s: check the network"),
    "drips": (LATER, DRIP, r"hardly anything came for \d+ s: check the network"),
    "sends without end": (LATER, ENDLESS, "the mirror sends more than the data set has: try again later"),
    "crashes": (
        LATER,
        "import os; os.kill(os.getpid(), 11)",
        "the downloader ended with code -11: run again",
    ),
    "delivers nothing": (LATER, "", "the mirror sent damaged or wrong files: try again later"),
}


@pytest.mark.fault(
    "a download hangs, drips, never ends, crashes or delivers nothing",
    "given up in bounded time, with what to do; nothing is left behind",
)
@pytest.mark.parametrize("how", WATCHED)
def test_a_download_is_given_up(
    how: str, source: sources.Source, tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience, program, cause = WATCHED[how]
    command = [sys.executable, "-I", "-c", DOWNLOADER + program]
    monkeypatch.setattr(fetch, "command", lambda _, folder: [*command, str(folder)])
    monkeypatch.setattr(registry, "_ASKED", patience)
    folder = tmp_path / "data"
    result = call("train", "--dataset", "mnist", "--data", folder, "--runs", runs)
    assert result.returncode == 1
    sentence = result.stderr.splitlines()[-1]
    assert re.search(f"MNIST not found and could not be downloaded: {cause}", sentence)
    assert sentence.endswith("or use --dataset digits, which needs no network")
    assert list(folder.iterdir()) == []
    assert list(runs.iterdir()) == []
