"""Each way in which a download fails is one sentence and exit code 1."""

import dataclasses
import errno
import http.server
import os
import socket
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError

import pytest

from tests import tiny
from trainer.contract.datasets import fetch
from trainer.contract.datasets.sources import SOURCES
from trainer.data import download

reach = download._reach


class _Mirror(http.server.BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror() -> Iterator[str]:
    """The address of a server on this machine that answers."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Mirror) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The mirror is a port of this machine without a server; nothing of a test reaches the next."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses
        monkeypatch.setenv("no_proxy", "*")
        closed_port = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        for name, source in list(SOURCES.items()):
            monkeypatch.setitem(SOURCES, name, dataclasses.replace(source, mirrors=(closed_port,)))
        monkeypatch.setattr(download, "_reach", lambda *_: None)  # it would speak between two tests
        before, threads = socket.getdefaulttimeout(), set(threading.enumerate())
        yield
        tiny.wait_until(lambda: not set(threading.enumerate()) - threads)  # their words belong to this test
        socket.setdefaulttimeout(before)


def install(monkeypatch: pytest.MonkeyPatch, fetch: Callable[[Path], None]) -> None:
    """A torchvision whose MNIST downloads by calling `fetch`."""

    def mnist(*, root: Path, train: bool, download: bool) -> None:
        assert download
        fetch(root)

    module = types.ModuleType("torchvision")
    module.datasets = types.SimpleNamespace(MNIST=mnist)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", module)


@pytest.mark.parametrize(
    ("name", "title"),
    [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST"), ("kmnist", "KMNIST"), ("qmnist", "QMNIST")],
)
def test_each_name_is_a_class_of_torchvision_asked_for_both_parts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, title: str
) -> None:
    """QMNIST fetches only the part that it is asked for."""
    asked: list[tuple[Path, bool]] = []

    def fetch(*, root: Path, train: bool, download: bool) -> None:
        assert download
        asked.append((root, train))

    module = types.ModuleType("torchvision")
    module.datasets = types.SimpleNamespace(**{title: fetch})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torchvision", module)
    assert download.main([name, str(tmp_path)]) == 0
    assert asked == [(tmp_path, True), (tmp_path, False)]


def fail(error: Exception) -> Callable[[Path], None]:
    def raiser(_: Path) -> None:
        raise error

    return raiser


def last_line(capfd: pytest.CaptureFixture[str]) -> str:
    return capfd.readouterr().err.splitlines()[-1]


def test_success(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def fetch(root: Path) -> None:
        sys.stderr.write("100%")  # torchvision's progress bar
        (root / "file").touch()

    install(monkeypatch, fetch)
    assert download.main(["mnist", str(tmp_path)]) == 0
    assert (tmp_path / "file").exists()
    assert "100%" not in capfd.readouterr().err
    assert socket.getdefaulttimeout() == download.SOCKET_SECONDS


torchvisions_words = RuntimeError(
    "Error downloading train-images-idx3-ubyte.gz:\nTried https://a/, got:\nHTTP Error 403: Forbidden\n"
    "Tried https://b/, got:\n<urlopen error [Errno -2] Name or service not known>\n"
)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (torchvisions_words, "no mirror of MNIST delivers it (Name or service not known): check the network"),
        (URLError("unreachable"), "no mirror of MNIST delivers it (unreachable): check the network"),
        (TimeoutError("timed out"), "no mirror of MNIST delivers it (timed out): check the network"),
        (ConnectionResetError(errno.ECONNRESET, "reset"), "no mirror of MNIST delivers it (reset)"),
        (EOFError(), "no mirror of MNIST delivers it (EOFError): check the network"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "cannot be written (No space left on device): free",
        ),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be written (Permission denied): free"),
    ],
)
def test_failures(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    sentence: str,
) -> None:
    install(monkeypatch, fail(error))
    assert download.main(["mnist", str(tmp_path)]) == 1
    assert sentence in capfd.readouterr().err


def test_a_torchvision_that_does_not_load(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class Mismatched(types.ModuleType):
        def __getattr__(self, name: str) -> object:
            raise RuntimeError("operator torchvision::nms does not exist")

    for module in (None, Mismatched("torchvision")):
        monkeypatch.setitem(sys.modules, "torchvision", module)
        assert download.main(["mnist", str(tmp_path)]) == 1
        assert (
            "install torch and torchvision anew, both from the same package index" in capfd.readouterr().err
        )


def test_a_mirror_that_answers_is_seen_while_torchvision_loads(tmp_path: Path, mirror: str) -> None:
    loaded, sign = threading.Event(), tmp_path / fetch.SIGN
    answering: list[str] = []
    mnist = SOURCES["mnist"]
    reach(dataclasses.replace(mnist, mirrors=(*mnist.mirrors, mirror)), sign, loaded, answering)
    assert answering == [mirror]
    tiny.wait_until(lambda: sign.exists() and sign.stat().st_size >= 2)
    loaded.set()


def test_a_mirror_that_does_not_answer_is_reported_at_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reach(SOURCES["mnist"], tmp_path / fetch.SIGN, threading.Event(), [])
    assert last_line(capfd) == "no mirror answers (Connection refused): check the network"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("arguments", [[], ["mnist"], ["imagenet", "folder"]])
def test_wrong_use(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert download.main(arguments) == 2
    assert "(mnist, fashion-mnist, kmnist, qmnist) and a folder" in last_line(capfd)
