"""Images are what their checksums say, or one sentence; "auto" never fails silently."""

import gzip
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests import ROOT
from trainer.contract.datasets import digits, fetch, registry, sources
from trainer.contract.datasets.fetch import Patience
from trainer.contract.files import DamagedFile, Problem
from trainer.contract.images import split

MNIST = Path(os.environ.get("VAETUI_TEST_DATA", ROOT.parent / "shared" / "data"))
needs_mnist = pytest.mark.skipif(
    not registry.is_here("mnist", MNIST),
    reason=f"no MNIST in {MNIST}: set VAETUI_TEST_DATA to a folder that has it",
)
RAW = Path("MNIST", "raw")
PIXELS = RAW / "train-images-idx3-ubyte"
LABELS = RAW / "t10k-labels-idx1-ubyte"
COUNTS = {"train": 6, "t10k": 4}
Stub = Callable[[str], None]


def _idx(stem: str) -> tuple[bytes, bytes]:
    count, rng = COUNTS[stem], np.random.default_rng(COUNTS[stem])
    pixels = rng.integers(0, 256, (count, 784), np.uint8)
    return (
        struct.pack(">4i", 0x803, count, 28, 28) + pixels.tobytes(),
        struct.pack(">2i", 0x801, count) + bytes(range(count)),
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a tiny MNIST, whose checksums stand in for the real ones."""
    (tmp_path / RAW).mkdir(parents=True)
    parts = []
    for stem, count in COUNTS.items():
        pixels, labels = _idx(stem)
        (tmp_path / RAW / f"{stem}-images-idx3-ubyte").write_bytes(pixels)
        (tmp_path / RAW / f"{stem}-labels-idx1-ubyte").write_bytes(labels)
        sums = (hashlib.md5(pixels).hexdigest(), hashlib.md5(labels).hexdigest())
        parts.append(sources.part(stem, count, (sums[0], ""), (sums[1], "")))
    monkeypatch.setitem(sources.SOURCES, "mnist", sources.Source("mnist", "MNIST", 12, parts[0], parts[1]))
    return tmp_path


def pack(path: Path, content: bytes | None = None) -> Path:
    """Compress a file in place, or other `content` in its stead."""
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes() if content is None else content))
    path.unlink()
    return packed


def refuse(folder: Path) -> str:
    """The sentence with which `folder` is refused; it names the mend."""
    with pytest.raises(DamagedFile) as caught:
        registry.load("mnist", folder)
    assert "delete it and run again, it will be fetched anew" in str(caught.value)
    return str(caught.value)


# --- reading ---


def test_values_and_shapes(folder: Path) -> None:
    loaded = registry.load("mnist", folder)
    assert (loaded.name, loaded.train.pixels.shape, loaded.test.pixels.shape) == ("mnist", (6, 784), (4, 784))
    assert loaded.train.pixels.dtype == loaded.train.labels.dtype == np.uint8
    assert loaded.train.pixels.tobytes() == _idx("train")[0][16:]
    assert loaded.test.labels.tolist() == [0, 1, 2, 3]
    assert loaded.train.pixels.flags.writeable  # PyTorch warns otherwise


def test_checksum_is_of_training_pixels_and_labels(folder: Path) -> None:
    pixels, labels = _idx("train")
    assert registry.load("mnist", folder).checksum == hashlib.sha256(pixels[16:] + labels[8:]).hexdigest()


def test_compressed_and_raw_read_the_same(folder: Path) -> None:
    raw = registry.load("mnist", folder)
    for path in list((folder / RAW).iterdir()):
        pack(path)
    packed = registry.load("mnist", folder)
    assert packed.checksum == raw.checksum
    np.testing.assert_array_equal(packed.test.pixels, raw.test.pixels)


def test_load_test_reads_the_test_part_alone(folder: Path) -> None:
    (folder / PIXELS).write_bytes(b"damaged")
    test = registry.load_test("mnist", folder)
    assert test.pixels.tobytes() == _idx("t10k")[0][16:]
    assert test.labels.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("packed", [False, True])
def test_a_flipped_bit_is_found(folder: Path, packed: bool) -> None:
    content = bytearray((folder / PIXELS).read_bytes())
    content[500] ^= 1
    (folder / PIXELS).write_bytes(content)
    path = pack(folder / PIXELS) if packed else folder / PIXELS
    found, wanted = hashlib.md5(content).hexdigest(), sources.SOURCES["mnist"].train.images.md5
    assert f"{path} is damaged: its checksum is {found}, expected {wanted}" in refuse(folder)


def test_a_flipped_bit_in_the_compressed_bytes_is_found(folder: Path) -> None:
    path = pack(folder / PIXELS)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert str(path) in refuse(folder)


@pytest.mark.parametrize("kept", [0, 3, 15, 16, 2000])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_short_is_found(folder: Path, packed: bool, kept: int) -> None:
    path = pack(folder / PIXELS) if packed else folder / PIXELS
    path.write_bytes(path.read_bytes()[:kept])
    assert str(path) in refuse(folder)


def test_a_file_of_something_else_is_reported_by_its_header(folder: Path) -> None:
    shutil.copy(folder / LABELS, folder / PIXELS)
    assert "IDX header (magic, count, sides) is (2049, 4," in refuse(folder)
    (folder / PIXELS).write_bytes(_idx("t10k")[0])
    assert "is (2051, 4, 28, 28), expected (2051, 6, 28, 28)" in refuse(folder)


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_goes_on_is_found(folder: Path, packed: bool) -> None:
    content = (folder / PIXELS).read_bytes() + b"x"
    (folder / PIXELS).write_bytes(content)
    if packed:
        pack(folder / PIXELS)
    assert "expected" in refuse(folder)


def test_a_bomb_is_not_unpacked(folder: Path) -> None:
    pack(folder / PIXELS, bytes(4 << 20))
    tracemalloc.start()
    try:
        assert "decompresses to more than the expected 4720 bytes" in refuse(folder)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_large_compressed_file_is_not_even_read(folder: Path) -> None:
    packed = pack(folder / PIXELS)
    with packed.open("r+b") as file:
        file.truncate(1 << 40)  # sparse
    assert f"{1 << 40} bytes long" in refuse(folder)


def test_a_missing_file_is_named_with_the_mend(folder: Path) -> None:
    (folder / LABELS).unlink()
    assert not registry.is_here("mnist", folder)
    with pytest.raises(Problem, match=r"t10k-labels-idx1-ubyte\[.gz\] does not exist: .* --data"):
        registry.load("mnist", folder)


@pytest.mark.parametrize("name", ["imagenet", "", "MNIST", "\x1b[31m"])
def test_unknown_names_are_answered_with_the_known_ones(name: str, tmp_path: Path) -> None:
    calls: tuple[Callable[[], object], ...] = (
        lambda: registry.load(name, tmp_path),
        lambda: registry.load_test(name, tmp_path),
        lambda: registry.is_here(name, tmp_path),
        lambda: registry.resolve(name, tmp_path, print),
    )
    for call in calls:
        known = "choose auto, mnist, fashion-mnist, kmnist, qmnist or digits$"
        with pytest.raises(Problem, match=known) as caught:
            call()
        assert "\x1b" not in str(caught.value)


def test_where_data_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert registry.data_folder(None).name == "vaetui"
    (tmp_path / "data").mkdir()
    assert registry.data_folder(None) == Path("data")
    monkeypatch.setenv("VAETUI_DATA", "elsewhere")
    assert registry.data_folder(None) == Path("elsewhere")
    assert registry.data_folder(Path("option")) == Path("option")


@needs_mnist
def test_the_real_mnist_is_what_it_was() -> None:
    mnist = registry.load("mnist", MNIST)
    assert (mnist.train.pixels.shape, mnist.test.pixels.shape) == ((60_000, 784), (10_000, 784))
    assert np.bincount(mnist.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert mnist.train.pixels.mean() == pytest.approx(0.1307 * 255, rel=1e-3)
    assert mnist.checksum == "edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b"


def test_digits_are_whole_and_split_in_stored_order(tmp_path: Path) -> None:
    loaded = registry.load("digits", tmp_path)
    assert (loaded.train.pixels.shape, loaded.test.pixels.shape) == ((1500, 784), (297, 784))
    test = registry.load_test("digits", tmp_path)
    np.testing.assert_array_equal(test.pixels, loaded.test.pixels)
    np.testing.assert_array_equal(test.labels, loaded.test.labels)
    # The same on every machine: runs name it in their configuration.
    assert loaded.checksum == "9168aa7119d604f0700673169e1daaec3b5b8205f628b293d48178f3753aca9f"


def test_neither_torch_nor_sklearn_is_imported() -> None:
    code = """
import sys
from pathlib import Path
import trainer.contract.datasets.registry as data
assert data.resolve("digits", Path(), print) == "digits" and data.load_test("digits", Path()).labels.size
print(*sorted({"torch", "torchvision", "sklearn", "scipy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# --- splitting ---


@pytest.mark.parametrize(
    ("images", "fraction", "val"),
    [
        (60_000, 0.1, 6000),
        (1500, 0.0, 0),
        (10, 0.01, 1),
        (10, 0.99, 9),
        (2, 0.9, 1),
        (1, 0.5, 0),
        (7, 0.5, 4),
    ],
)
def test_split_sizes(images: int, fraction: float, val: int) -> None:
    train, held_out = split(images, fraction, 0)
    assert (len(train), len(held_out)) == (images - val, val)
    assert train.dtype == held_out.dtype == np.int64
    assert sorted([*train, *held_out]) == list(range(images))


def test_split_is_random_and_follows_the_seed() -> None:
    train, val = split(1000, 0.1, 3)
    np.testing.assert_array_equal(val, split(1000, 0.1, 3)[1])
    np.testing.assert_array_equal(train, split(1000, 0.1, 3)[0])
    assert val.tolist() != split(1000, 0.1, 4)[1].tolist()
    assert 400 < val.mean() < 600
    assert split(20, 0.2, 0)[1].tolist() == [2, 4, 6, 19]  # on every machine


@pytest.mark.parametrize(("images", "fraction"), [(10, 1.0), (10, -0.1), (10, float("nan")), (0, 0.1)])
def test_split_refuses_what_cannot_be(images: int, fraction: float) -> None:
    with pytest.raises(ValueError, match="cannot hold out"):
        split(images, fraction, 0)


# --- resolving ---


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Takes the Python program that runs in the downloader's place; its `folder` is where to download to."""

    def use(program: str) -> None:
        whole = f"import sys, pathlib, time, shutil\nfolder = pathlib.Path(sys.argv[1])\n{program}"
        monkeypatch.setattr(
            fetch, "command", lambda name, folder: [sys.executable, "-I", "-c", whole, str(folder)]
        )

    return use


def copy_of(source: Path) -> str:
    return f"shutil.copytree({str(source / 'MNIST')!r}, folder / 'MNIST')"


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_mnist_on_disk_is_used_without_a_message(folder: Path, stub: Stub, name: str) -> None:
    stub("sys.exit('not to be run')")
    said: list[str] = []
    assert registry.resolve(name, folder, said.append) == "mnist"
    assert said == []


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_missing_mnist_is_downloaded(folder: Path, tmp_path: Path, stub: Stub, name: str) -> None:
    stub(copy_of(folder))
    target, said = tmp_path / "deep" / "new", list[str]()
    assert registry.resolve(name, target, said.append) == "mnist"
    assert registry.load("mnist", target).checksum == registry.load("mnist", folder).checksum
    assert [path.name for path in target.iterdir()] == ["MNIST"]
    assert str(target) in said[0]


def test_one_missing_file_is_downloaded(folder: Path, tmp_path: Path, stub: Stub) -> None:
    whole = shutil.copytree(folder / "MNIST", tmp_path / "whole" / "MNIST").parent
    (folder / LABELS).unlink()
    stub(copy_of(whole))
    said: list[str] = []
    assert registry.resolve("auto", folder, said.append) == "mnist"
    assert LABELS.name in said[0]
    assert registry.is_here("mnist", folder)


FAILURES = {
    "at once": ("sys.exit('no mirror answers: check the network')", "no mirror answers: check the network"),
    "crash": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with code -11: run again"),
    "silent": ("time.sleep(60)", "nothing came for 1 s: check the network"),
    "doubting": ("print('no answer: check', flush=True); time.sleep(60)", "no answer: check"),
    "nothing": ("", "the mirror sent damaged or wrong files"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_auto_falls_back_loudly_and_mnist_does_not(
    folder: Path, tmp_path: Path, stub: Stub, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, sentence = FAILURES[failure]
    stub(program)
    for patience in ("_AUTO", "_ASKED"):
        monkeypatch.setattr(registry, patience, Patience(first=1.0, later=1.0, doubted=0.2))
    target, said = tmp_path / "empty", list[str]()
    assert registry.resolve("auto", target, said.append) == "digits"
    assert said[-1].startswith("WARNING: using `digits`")
    assert sentence in said[-1]
    with pytest.raises(Problem, match="--dataset digits") as caught:
        registry.resolve("mnist", target, said.append)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(target.iterdir()) == []


def test_a_damaged_download_is_never_put_in_place(folder: Path, tmp_path: Path, stub: Stub) -> None:
    stub(copy_of(folder) + f"; (folder / {str(PIXELS)!r}).write_bytes(b'<html>log in</html>')")
    target = tmp_path / "empty"
    with pytest.raises(Problem, match="the mirror sent damaged or wrong files: try again later"):
        registry.resolve("mnist", target, print)
    assert list(target.iterdir()) == []


def test_auto_does_not_hide_that_mnist_lost_a_file(folder: Path, stub: Stub) -> None:
    stub("sys.exit('no mirror answers')")
    (folder / LABELS).unlink()
    with pytest.raises(
        Problem, match=f"{LABELS.name} not found and could not be downloaded: no mirror answers"
    ):
        registry.resolve("auto", folder, print)


def test_auto_does_not_hide_that_mnist_is_damaged(folder: Path, stub: Stub) -> None:
    stub("sys.exit('not to be run')")
    (folder / LABELS).write_bytes(b"")
    with pytest.raises(DamagedFile, match=LABELS.name):
        registry.load(registry.resolve("auto", folder, print), folder)


def test_a_data_folder_that_cannot_be_written_is_named(folder: Path, tmp_path: Path, stub: Stub) -> None:
    stub("sys.exit('not to be run')")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Problem, match=rf"{file} cannot be written \(.*\): choose another folder with --data"):
        registry.resolve("mnist", file, print)


def test_what_a_killed_download_left_is_swept(folder: Path, tmp_path: Path, stub: Stub) -> None:
    target = tmp_path / "target"
    old, young = target / ".download-old", target / ".download-young"
    old.mkdir(parents=True)
    young.mkdir()
    os.utime(old, (0, 0))
    stub(copy_of(folder))
    registry.resolve("mnist", target, print)
    assert (old.exists(), young.exists()) == (False, True)


def test_digits_without_scikit_learn_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "find", lambda: None)
    assert not registry.is_here("digits", tmp_path)
    with pytest.raises(Problem, match="install scikit-learn"):
        registry.load("digits", tmp_path)
