"""Dataset files that are missing, damaged or of another dataset."""

import dataclasses
import gzip
import os
import socket
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.tiny_mnist import contents
from tests.vaetui.cli.shell import call, complaint
from trainer.contract.datasets import fetch, sources

RAW = Path("MNIST", "raw")
IMAGES, LABELS = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
REPLACE = "delete it and run again, it will be fetched anew"


@pytest.fixture
def raw(tmp_path: Path, source: sources.Source, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with the four files; downloads fail as without a network."""
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
    monkeypatch.setattr("vaetui.cli.train.queue_runs", lambda *_: [])  # what follows is another test's
    result = call("train", "--latent", "2", "--data", tmp_path / "data", "--runs", runs)
    assert result.returncode == 0
    warning = result.stderr.splitlines()[1]
    assert warning.startswith("WARNING: using `digits`")
    assert "no mirror answers: check the network" in warning
    assert list((tmp_path / "data").iterdir()) == []
