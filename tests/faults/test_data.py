"""Data sets that are damaged, or others than they claim to be; mirrors that hang, lie or break off."""

import dataclasses
import gc
import gzip
import hashlib
import http.server
import os
import re
import resource
import socket
import struct
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.vaetui.cli.shell import call, complaint
from trainer.contract.datasets import fetch, registry, sources
from trainer.data import download

COUNTS = {"train": 6, "t10k": 4}
RAW = Path("MNIST", "raw")
IMAGES, LABELS = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
REPLACE = "delete it and run again, it will be fetched anew"


def idx(magic: int, shape: tuple[int, ...], values: bytes) -> bytes:
    return struct.pack(f">{1 + len(shape)}i", magic, *shape) + values


def contents() -> dict[str, bytes]:
    made, rng = {}, np.random.default_rng(5)
    for stem, count in COUNTS.items():
        pixels = rng.integers(0, 256, (count, 784), np.uint8).tobytes()
        made[f"{stem}-images-idx3-ubyte"] = idx(0x803, (count, 28, 28), pixels)
        made[f"{stem}-labels-idx1-ubyte"] = idx(0x801, (count,), bytes(range(count)))
    return made


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> sources.Source:
    """A MNIST of ten images, with checksums of its own."""
    sums = {name: (hashlib.md5(content).hexdigest(), "") for name, content in contents().items()}
    train, test = (
        sources.part(stem, count, sums[f"{stem}-images-idx3-ubyte"], sums[f"{stem}-labels-idx1-ubyte"])
        for stem, count in COUNTS.items()
    )
    made = sources.Source("mnist", "MNIST", 12, train, test)
    monkeypatch.setitem(sources.SOURCES, "mnist", made)
    return made


@pytest.fixture
def raw(tmp_path: Path, source: sources.Source, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with its four files; who tries to download finds no network."""
    monkeypatch.setattr(fetch, "download", lambda *_: "no mirror answers: check the network")
    folder = tmp_path / "data" / RAW
    folder.mkdir(parents=True)
    for name, content in contents().items():
        (folder / name).write_bytes(content)
    return folder


def train(raw: Path, runs: Path, *words: str) -> Any:
    return call("train", "--dataset", "mnist", "--data", raw.parents[1], "--runs", runs, *words)


def assert_refused_before_training(
    raw: Path, runs: Path, path: Path, cause: str, mend: str = REPLACE
) -> None:
    """One sentence that names the file, the cause and the mend, and nothing else happened."""
    for words in ((), ("--dry-run",)):
        result = train(raw, runs, *words)
        assert result.returncode == 1
        sentence = complaint(result)
        assert sentence.startswith(f"{path} ")
        assert cause in sentence
        assert sentence.endswith(mend)
        assert list(runs.iterdir()) == []


# --- damaged files ---

Harm = Callable[[Path], None]


def rewrite(change: Callable[[bytes], bytes]) -> Harm:
    def harm(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return harm


def instead(put: Callable[[Path], object]) -> Harm:
    def harm(path: Path) -> None:
        path.unlink()
        put(path)

    return harm


def flipped(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def bind(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(here)


HARMS: dict[str, tuple[str, Harm, str]] = {
    "truncated": (
        IMAGES,
        rewrite(lambda content: content[:3000]),
        "it holds 3000 bytes of data, expected 4720",
    ),
    "truncated inside gzip": (
        IMAGES,
        rewrite(lambda content: gzip.compress(content)[:-50]),
        "its end is missing",
    ),
    "a flipped bit": (IMAGES, rewrite(flipped), "its checksum is "),
    "a flipped bit inside gzip": (
        IMAGES,
        rewrite(lambda c: flipped(gzip.compress(c))),
        "cannot be decompressed",
    ),
    "a wrong count": (
        IMAGES,
        rewrite(lambda c: c[:4] + struct.pack(">i", 7) + c[8:]),
        "expected (2051, 6, 28, 28)",
    ),
    "a count without bound": (
        IMAGES,
        rewrite(lambda c: c[:4] + b"\xff" * 12 + c[16:]),
        "is (2051, -1, -1, -1)",
    ),
    "label 77": (LABELS, rewrite(lambda content: content[:-1] + bytes([77])), "of class 77, expected 0 to 9"),
    "images in place of labels": (
        LABELS,
        instead(lambda path: path.write_bytes(contents()[IMAGES])),
        "expected",
    ),
    "labels in place of images": (
        IMAGES,
        instead(lambda path: path.write_bytes(contents()[LABELS])),
        "is (2049, 4",
    ),
    "nothing": (IMAGES, rewrite(lambda _: b""), "its IDX header (magic, count, sides) is ()"),
    "a web page": (LABELS, rewrite(lambda _: b"<!DOCTYPE html><html>log in</html>"), "its IDX header"),
    "a bomb": (IMAGES, rewrite(lambda _: gzip.compress(bytes(50 << 20), 1)), "bytes long, expected at most"),
    "a small bomb": (
        IMAGES,
        rewrite(lambda _: gzip.compress(bytes(2 << 20))),
        "more than the expected 4720 bytes",
    ),
    "a bomb of members": (
        IMAGES,
        rewrite(lambda _: gzip.compress(bytes(100)) * 100),
        "more than the expected 4720",
    ),
    "a terabyte": (IMAGES, lambda path: os.truncate(path, 1 << 40), f"it is {1 << 40} bytes long"),
    "a directory": (LABELS, instead(Path.mkdir), "it is a directory, not a regular file"),
    "a FIFO": (LABELS, instead(os.mkfifo), "it is a FIFO, not a regular file"),
    "a socket": (LABELS, instead(bind), "it is a socket, not a regular file"),
    "a device": (
        LABELS,
        instead(lambda path: path.symlink_to("/dev/zero")),
        "it is a device, not a regular file",
    ),
    "a link to itself": (LABELS, instead(lambda path: path.symlink_to(path)), "cannot be read: "),
    "a link to nowhere": (LABELS, instead(lambda path: path.symlink_to("nowhere")), "cannot be read: "),
}


@pytest.mark.fault(
    "a file of a data set is truncated, has a flipped bit, a wrong count or label 77, is another file, a "
    "bomb, a directory, FIFO, socket, device or a link without end",
    "one sentence with file, cause and mend, before anything is written or trained",
)
@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_file_is_refused_before_training(raw: Path, runs: Path, harm: str) -> None:
    name, damage, cause = HARMS[harm]
    damage(raw / name)
    tracemalloc.start()
    try:
        assert_refused_before_training(raw, runs, raw / name, cause)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20  # most of it modules
    finally:
        tracemalloc.stop()


@pytest.mark.fault(
    "a damaged file of a data set beside a good one, gzipped or in another folder",
    "the good one is read, the bad one named",
)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["gzipped", "in another folder"])
@pytest.mark.parametrize("harm", ["truncated", "nothing", "a FIFO", "a link to itself"])
def test_the_first_good_file_counts(raw: Path, runs: Path, harm: str, elsewhere: bool) -> None:
    name, damage, _ = HARMS[harm]
    if elsewhere:
        for file, content in contents().items():
            (raw.parents[1] / file.replace("-idx", ".idx")).write_bytes(content)
    else:
        (raw / f"{name}.gz").write_bytes(gzip.compress(contents()[name]))
    damage(raw / name)
    result = train(raw, runs, "--latent", "2", "--dry-run")
    assert result.returncode == 0
    (sentence,) = result.stderr.splitlines()
    assert sentence.startswith(f"{raw / name} ")
    assert sentence.endswith("; another file was read instead")
    assert "mnist" in result.stdout


@pytest.mark.fault(
    "MNIST's files in the folder of Fashion-MNIST or KMNIST",
    "refused as what they are, before anything is trained",
)
@pytest.mark.parametrize(("name", "title"), [("fashion-mnist", "FashionMNIST"), ("kmnist", "KMNIST")])
def test_another_data_set_is_refused_as_what_it_is(
    raw: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, name: str, title: str
) -> None:
    other, mnist = sources.SOURCES[name], sources.SOURCES["mnist"]
    tiny = {
        part: dataclasses.replace(
            getattr(mnist, part),
            **{
                kind: dataclasses.replace(
                    getattr(getattr(mnist, part), kind), md5=getattr(getattr(other, part), kind).md5
                )
                for kind in ("images", "labels")
            },
        )
        for part in ("train", "test")
    }
    monkeypatch.setitem(sources.SOURCES, name, dataclasses.replace(other, **tiny))  # MNIST's counts
    own = raw.parents[1] / title / "raw"
    raw.parent.rename(own.parent)
    result = call("train", "--dataset", name, "--data", raw.parents[1], "--runs", runs)
    assert result.returncode == 1
    assert f"{own / IMAGES} is not what its name says: it is MNIST's {IMAGES}" in complaint(result)
    assert list(runs.iterdir()) == []


@pytest.mark.fault(
    "only some of MNIST's files are there, and no network", "said so; no other images stand in"
)
@pytest.mark.parametrize("dataset", ["auto", "mnist"])
def test_half_of_mnist_is_not_hidden(raw: Path, runs: Path, dataset: str) -> None:
    (raw / LABELS).unlink()
    result = call("train", "--dataset", dataset, "--data", raw.parents[1], "--runs", runs)
    assert result.returncode == 1
    assert (
        f"{LABELS} not found and could not be downloaded: no mirror answers: check the network"
        in result.stderr
    )
    assert list(runs.iterdir()) == []


@pytest.mark.fault(
    "no network, and MNIST is not there", "`auto` trains the bundled digits and says so loudly"
)
def test_without_a_network_digits_stand_in_loudly(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "download", lambda *_: "no mirror answers: check the network")
    monkeypatch.setattr("vaetui.runs.launch.create_runs", lambda *_: [])  # what follows is another test's
    result = call("train", "--latent", "2", "--data", tmp_path / "data", "--runs", runs)
    assert result.returncode == 0
    warning = result.stderr.splitlines()[1]
    assert warning.startswith("WARNING: using `digits`")
    assert "no mirror answers: check the network" in warning
    assert list((tmp_path / "data").iterdir()) == []


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
    """The real one, told the checksums of the tiny files."""
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
    one = dataclasses.replace(download.SETS["mnist"], urls=mirrors)
    monkeypatch.setitem(download.SETS, "mnist", one)
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
