"""Files of a data set are found wherever they were put, under any name, and judged by their content."""

import functools
import gzip
import hashlib
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import ROOT
from trainer.contract.datasets import idx, registry, sources
from trainer.contract.files import DamagedFile, Problem

MNIST = Path(os.environ.get("VAETUI_TEST_DATA", ROOT.parent / "shared" / "data"))
REAL = dict(sources.SOURCES)
COUNTS = {"train": 6, "t10k": 4}
TITLES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
RAW = Path("MNIST", "raw")
IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def contents(name: str) -> dict[str, bytes]:
    """Four tiny files, other ones for each data set."""
    made, rng = {}, np.random.default_rng(list(TITLES).index(name))
    for stem, count in COUNTS.items():
        pixels, labels = (
            rng.integers(0, top, shape, np.uint8) for top, shape in ((256, (count, 784)), (10, count))
        )
        made[f"{stem}-images-idx3-ubyte"] = struct.pack(">4i", 0x803, count, 28, 28) + pixels.tobytes()
        made[f"{stem}-labels-idx1-ubyte"] = struct.pack(">2i", 0x801, count) + labels.tobytes()
    return made


@pytest.fixture(autouse=True)
def tiny_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data sets of ten images, whose checksums are known as those of the real ones are."""
    for name, title in TITLES.items():
        files = {file: (hashlib.md5(content).hexdigest(), "") for file, content in contents(name).items()}
        train, test = (
            sources.part(stem, count, files[f"{stem}-images-idx3-ubyte"], files[f"{stem}-labels-idx1-ubyte"])
            for stem, count in COUNTS.items()
        )
        monkeypatch.setitem(sources.SOURCES, name, sources.Source(name, title, 12, train, test))


def lay(folder: Path, name: str = "mnist", spell: Callable[[str], str] = str, pack: bool = False) -> Path:
    """Put the four files of a data set into `folder`."""
    for file, content in contents(name).items():
        path = folder / spell(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if pack else content)
    return folder


def dotted(name: str) -> str:
    return name.replace("-idx", ".idx")


def members(content: bytes) -> bytes:
    """Two gzip members, and the zeros with which gzip pads."""
    return gzip.compress(content[:500]) + gzip.compress(content[500:]) + bytes(100)


LAYOUTS: dict[str, Callable[[Path], object]] = {
    "torchvision's": lambda folder: lay(folder / RAW),
    "torchvision's, packed": lambda folder: lay(folder / RAW, spell="{}.gz".format, pack=True),
    "the folder itself": lay,
    "the folder itself, dotted": lambda folder: lay(folder, spell=dotted),
    "the folder itself, dotted and packed": lambda folder: lay(
        folder, spell=lambda name: f"{dotted(name)}.gz", pack=True
    ),
    "one folder down": lambda folder: lay(folder / "archive (1)"),
    "without raw": lambda folder: lay(folder / "MNIST", spell=dotted),
    "raw alone": lambda folder: lay(folder / "raw"),
    "each in a folder of its own": lambda folder: lay(folder, spell=lambda name: f"{name}/{name}"),
    "unpacked by a browser": lambda folder: lay(folder / RAW, spell="{}.gz".format),
    "packed without saying so": lambda folder: lay(folder / RAW, pack=True),
    "through a link": lambda folder: (folder / "link").symlink_to(lay(folder / ".elsewhere")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_are_found_however_they_are_named_and_wherever_they_lie(tmp_path: Path, layout: str) -> None:
    LAYOUTS[layout](tmp_path)
    assert registry.is_here("mnist", tmp_path)
    assert registry.resolve("auto", tmp_path, pytest.fail) == "mnist"
    found = registry.inspect("mnist", tmp_path)
    whole = contents("mnist")
    assert found.dataset.train.pixels.tobytes() == whole[IMAGES][16:]
    assert found.dataset.train.labels.tobytes() == whole[TRAIN_LABELS][8:]
    assert registry.load_test("mnist", tmp_path).pixels.tobytes() == whole[TEST_IMAGES][16:]
    assert (found.is_verified, found.notes) == (True, ())


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    for name, content in contents("mnist").items():
        path = tmp_path / RAW / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(members(content))
    assert registry.inspect("mnist", tmp_path).is_verified
    (tmp_path / RAW / f"{IMAGES}.gz").write_bytes(members(contents("mnist")[IMAGES])[:-110])
    with pytest.raises(DamagedFile, match="cannot be decompressed"):
        registry.load("mnist", tmp_path)


def test_members_without_end_are_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx, "_MEMBERS", 100)
    lay(tmp_path / RAW)
    (tmp_path / RAW / IMAGES).write_bytes(gzip.compress(b"") * 200)
    with pytest.raises(DamagedFile, match="more than 100 gzip members"):
        registry.load("mnist", tmp_path)


# --- the first good one counts ---


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def bound(path: Path) -> None:
    path.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


BAD: dict[str, Callable[[Path], None]] = {
    "empty": empty,
    "cut": cut,
    "fifo": fifo,
    "directory": directory,
    "loop": loop,
    "socket": bound,
    "dangling": lambda path: (path.unlink(), path.symlink_to("nowhere"))[-1],  # type: ignore[func-returns-value]
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_beside_a_good_one_is_named_and_passed_over(
    tmp_path: Path, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    folder = Path("data")
    lay(folder / RAW)
    lay(folder / RAW, spell="{}.gz".format, pack=True)
    BAD[bad](folder / RAW / IMAGES)
    said: list[str] = []
    loaded = registry.load("mnist", folder, said.append)
    assert loaded.train.pixels.tobytes() == contents("mnist")[IMAGES][16:]
    (sentence,) = said
    assert sentence.startswith(f"{folder / RAW / IMAGES} ")
    assert sentence.endswith("; another file was read instead")


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_alone_is_one_sentence_and_is_not_hidden_by_digits(
    tmp_path: Path, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("data")
    lay(folder / RAW)
    BAD[bad](folder / RAW / LABELS)
    assert registry.resolve("auto", folder, pytest.fail) == "mnist"
    for load in (registry.load, registry.load_test):
        with pytest.raises(Problem) as caught:
            load("mnist", folder)
        assert str(caught.value).startswith(f"{folder / RAW / LABELS} ")
        assert str(caught.value).endswith("delete it and run again, it will be fetched anew")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    lay(tmp_path / RAW)
    (tmp_path / RAW / IMAGES).chmod(0)
    with pytest.raises(Problem, match="cannot be read: Permission denied: make it readable"):
        registry.load("mnist", tmp_path)
    (tmp_path / RAW).chmod(0)
    try:
        with pytest.raises(Problem, match="raw cannot be read: make it readable"):
            registry.is_here("mnist", tmp_path)
    finally:
        (tmp_path / RAW).chmod(0o700)


def test_a_whole_folder_elsewhere_goes_before_a_damaged_one(tmp_path: Path) -> None:
    lay(tmp_path / RAW)
    cut(tmp_path / RAW / IMAGES)
    lay(tmp_path)
    found = registry.inspect("mnist", tmp_path)
    assert found.is_verified
    assert [str(tmp_path / RAW / IMAGES) in note for note in found.notes] == [True]


def test_a_data_set_is_never_put_together_from_several_folders(tmp_path: Path) -> None:
    """Of files without a known checksum, those of two folders may belong to two data sets."""
    lay(tmp_path / "one")
    lay(tmp_path / "two")
    (tmp_path / "one" / IMAGES).unlink()
    (tmp_path / "two" / TEST_IMAGES).unlink()
    assert not registry.is_here("mnist", tmp_path)


# --- whose files they are ---


@pytest.mark.parametrize("name", ["fashion-mnist", "kmnist"])
def test_files_of_another_data_set_are_refused_as_what_they_are(tmp_path: Path, name: str) -> None:
    own = lay(tmp_path / TITLES[name] / "raw")
    with pytest.raises(Problem) as caught:
        registry.load(name, tmp_path)
    assert str(caught.value) == (
        f"{own / IMAGES} is not what its name says: it is MNIST's {IMAGES}: "
        "move it to where it belongs and run again, the right one will be fetched"
    )


def test_one_file_of_another_data_set_is_enough(tmp_path: Path) -> None:
    own = lay(tmp_path / RAW)
    (own / TEST_IMAGES).write_bytes(contents("kmnist")[TEST_IMAGES])
    with pytest.raises(Problem, match=f"it is KMNIST's {TEST_IMAGES}"):
        registry.load("mnist", tmp_path)


def test_data_sets_of_the_same_names_lie_side_by_side(tmp_path: Path) -> None:
    lay(tmp_path, "fashion-mnist", spell=dotted)
    lay(tmp_path / "a", "kmnist")
    lay(tmp_path / "b", "mnist")
    for name in TITLES:
        found = registry.inspect(name, tmp_path)
        assert found.dataset.train.pixels.tobytes() == contents(name)[IMAGES][16:]
        assert found.notes == ()


def test_what_lies_about_and_is_no_good_is_named_when_there_is_nothing_else(tmp_path: Path) -> None:
    lay(tmp_path)
    labels = bytearray(contents("mnist")[LABELS])
    labels[-1] = 77
    (tmp_path / LABELS).write_bytes(labels)
    download = registry.needed("auto", tmp_path)
    assert download is not None
    assert download.is_damaged
    cause = f"{tmp_path / LABELS} is damaged: it says that an image is of class 77, expected 0 to 9"
    assert download.notes == (cause,)
    with pytest.raises(Problem, match=r"does not exist \(.* of class 77, .*\): `vaetui train"):
        registry.load("mnist", tmp_path)


def test_unfinished_downloads_are_not_read(tmp_path: Path) -> None:
    lay(tmp_path / ".download-abc")
    assert not registry.is_here("mnist", tmp_path)


# --- the real ones ---


@functools.cache
def real_contents() -> dict[str, bytes]:
    """The four files of MNIST, unpacked."""
    found = sources.read(REAL["mnist"], (REAL["mnist"].train, REAL["mnist"].test), MNIST)
    if found is None:
        pytest.skip(f"no MNIST in {MNIST}: set VAETUI_TEST_DATA to a folder that has it")
    stored = {file.path.name.removesuffix(".gz"): file.path.read_bytes() for file in found.files}
    return {
        name: gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        for name, content in stored.items()
    }


@pytest.mark.parametrize("layout", ["dotted", "flat", "unpacked", "members"])
def test_mnist_by_other_names(layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the widely used archives name it, as a browser unpacks it, as compressors in blocks pack it."""
    monkeypatch.undo()
    for name, content in real_contents().items():
        path, written = {
            "dotted": (tmp_path / dotted(name), content),
            "flat": (tmp_path / name, content),
            "unpacked": (tmp_path / RAW / f"{name}.gz", content),
            "members": (
                tmp_path / RAW / f"{name}.gz",
                b"".join(gzip.compress(part, 1) for part in (content[:5000], content[5000:])),
            ),
        }[layout]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written)
    found = registry.inspect("mnist", tmp_path)
    assert found.is_verified
    assert found.dataset.checksum == REAL["mnist"].checksum


def test_what_is_planned_with_is_of_the_published_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for name in sources.SOURCES:
        blank = registry.blank(name)
        assert (blank.train.pixels.shape, blank.test.pixels.shape) == ((60_000, 784), (10_000, 784))
        assert (len(blank.train.labels), len(blank.test.labels)) == (60_000, 10_000)
