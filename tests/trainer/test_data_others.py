"""Fashion-MNIST, KMNIST and QMNIST: where they lie, how they are held against what is known of them."""

import gzip
import hashlib
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from trainer.contract.datasets import fetch, registry, sources
from trainer.contract.files import DamagedFile, Problem

OTHERS = {"fashion-mnist": "FashionMNIST", "kmnist": "KMNIST", "qmnist": "QMNIST"}
FILES = ("train.images", "train.labels", "test.images", "test.labels")
USED = (6, 4)  # QMNIST's test files hold more
INK = np.random.default_rng(0).integers(0, 256, (6, 784), np.uint8).tobytes()


def _q_labels(labels: list[int]) -> bytes:
    """Eight big-endian numbers an image, of which only the first is its class."""
    rows = [
        struct.pack(">8i", label, 4, 2500 + i, -1, 30 + label, 281_769, 0, 0)
        for i, label in enumerate(labels)
    ]
    return struct.pack(">3i", 0xC02, len(labels), 8) + b"".join(rows)


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a data set of which a tiny one lies in `tmp_path`, packed, with checksums of its own."""
    name: str = request.param
    raw = tmp_path / OTHERS[name] / "raw"
    raw.mkdir(parents=True)
    parts = []
    for stem, used in zip(("train", "test" if name == "qmnist" else "t10k"), USED, strict=True):
        count = 6 if name == "qmnist" else used
        images = struct.pack(">4i", 0x803, count, 28, 28) + INK[: 784 * count]
        labels = struct.pack(">2i", 0x801, count) + bytes(range(count))
        if name == "qmnist":
            labels = _q_labels(list(range(count)))
        packed = [gzip.compress(content, mtime=0) for content in (images, labels)]
        sums = [("", hashlib.md5(content).hexdigest()) for content in packed]
        part = sources.part(stem, count, sums[0], sums[1])
        if name == "qmnist":
            part = sources.q_part(stem, count, sums[0][1], sums[1][1], used)
        for file, content in zip((part.images, part.labels), packed, strict=True):
            (raw / f"{file.name}.gz").write_bytes(content)
        parts.append(part)
    monkeypatch.setitem(sources.SOURCES, name, sources.Source(name, OTHERS[name], 20, parts[0], parts[1]))
    return name


def place(name: str, which: str, folder: Path) -> Path:
    """Where the packed file `which` of a data set lies."""
    part, file = which.split(".")
    return folder / OTHERS[name] / "raw" / f"{getattr(getattr(sources.SOURCES[name], part), file).name}.gz"


def unpack(packed: Path) -> Path:
    """Put the raw file in the place of the packed one."""
    raw = packed.with_suffix("")
    raw.write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    return raw


def complaint_about(name: str, folder: Path, path: Path) -> str:
    """The sentence with which `path` is refused; it names the mend."""
    with pytest.raises(DamagedFile) as caught:
        registry.load(name, folder)
    assert str(caught.value).startswith(f"{path} is damaged: ")
    assert "delete it and run again, it will be fetched anew" in str(caught.value)
    return str(caught.value)


def test_files_are_where_and_as_torchvision_lays_them() -> None:
    found = {
        name: [(file.name, file.header, file.size) for file in source.files]
        for name, source in sources.SOURCES.items()
    }
    many, few = (0x803, 60_000, 28, 28), (0x803, 10_000, 28, 28)
    usual = [
        ("train-images-idx3-ubyte", many, 47_040_016),
        ("train-labels-idx1-ubyte", (0x801, 60_000), 60_008),
        ("t10k-images-idx3-ubyte", few, 7_840_016),
        ("t10k-labels-idx1-ubyte", (0x801, 10_000), 10_008),
    ]
    assert found.pop("qmnist") == [
        ("qmnist-train-images-idx3-ubyte", many, 47_040_016),
        ("qmnist-train-labels-idx2-int", (0xC02, 60_000, 8), 1_920_012),
        ("qmnist-test-images-idx3-ubyte", many, 47_040_016),
        ("qmnist-test-labels-idx2-int", (0xC02, 60_000, 8), 1_920_012),
    ]
    assert found == {"mnist": usual, "fashion-mnist": usual, "kmnist": usual}
    used = {name: (source.train.used, source.test.used) for name, source in sources.SOURCES.items()}
    assert set(used.values()) == {(60_000, 10_000)}


def test_other_data_sets_are_read(other: str, tmp_path: Path) -> None:
    assert registry.is_here(other, tmp_path)
    loaded = registry.load(other, tmp_path)
    assert (loaded.name, loaded.train.pixels.shape, loaded.test.pixels.shape) == (other, (6, 784), (4, 784))
    assert loaded.train.pixels.tobytes() == INK
    assert loaded.test.pixels.tobytes() == INK[: 4 * 784]
    assert loaded.train.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert loaded.test.labels.tolist() == [0, 1, 2, 3]
    for array in (loaded.train.pixels, loaded.train.labels, loaded.test.pixels, loaded.test.labels):
        assert array.dtype == np.uint8
        assert array.flags.writeable
        assert array.flags.c_contiguous
    assert loaded.checksum == hashlib.sha256(INK + bytes(range(6))).hexdigest()
    test = registry.load_test(other, tmp_path)
    np.testing.assert_array_equal(test.pixels, loaded.test.pixels)
    np.testing.assert_array_equal(test.labels, loaded.test.labels)


def test_raw_files_without_a_known_checksum_read_the_same(other: str, tmp_path: Path) -> None:
    packed = registry.load(other, tmp_path)
    for which in FILES:
        unpack(place(other, which, tmp_path))
    assert registry.is_here(other, tmp_path)
    raw = registry.load(other, tmp_path)
    assert raw.checksum == packed.checksum
    np.testing.assert_array_equal(raw.test.pixels, packed.test.pixels)


def test_the_packed_file_is_read_before_the_raw_one_where_only_it_has_a_checksum(
    other: str, tmp_path: Path
) -> None:
    packed = registry.load(other, tmp_path)
    for which in FILES:
        place(other, which, tmp_path).with_suffix("").write_bytes(b"not looked at")
    assert registry.load(other, tmp_path).checksum == packed.checksum


def test_only_what_was_checked_counts_as_checked(other: str, tmp_path: Path) -> None:
    """What was compressed anew or unpacked has no known checksum here."""
    published = registry.inspect(other, tmp_path)
    assert published.is_verified
    path = place(other, "train.images", tmp_path)
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content, 1, mtime=7))
    anew = registry.inspect(other, tmp_path)
    unpack(path)
    raw = registry.inspect(other, tmp_path)
    assert {anew.dataset.checksum, raw.dataset.checksum} == {published.dataset.checksum}
    assert (anew.is_verified, raw.is_verified) == (False, False)


def test_a_flipped_bit_in_a_packed_file_is_found_without_a_checksum(other: str, tmp_path: Path) -> None:
    path = place(other, "train.images", tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert "it cannot be decompressed" in complaint_about(other, tmp_path, path)


@pytest.mark.parametrize("which", FILES)
@pytest.mark.parametrize("kept", [0, 3, 11, 40])
def test_a_raw_file_cut_short_is_found(other: str, tmp_path: Path, which: str, kept: int) -> None:
    path = unpack(place(other, which, tmp_path))
    path.write_bytes(path.read_bytes()[: min(kept, path.stat().st_size - 1)])
    assert "expected" in complaint_about(other, tmp_path, path)


@pytest.mark.parametrize("which", FILES)
def test_a_raw_file_that_goes_on_or_is_another_is_found(other: str, tmp_path: Path, which: str) -> None:
    path = unpack(place(other, which, tmp_path))
    content = path.read_bytes()
    path.write_bytes(content + b"x")
    assert "expected" in complaint_about(other, tmp_path, path)
    path.write_bytes(struct.pack(">i", 0x802) + content[4:])
    assert "IDX header (magic, count, sides) is (2050, " in complaint_about(other, tmp_path, path)


@pytest.mark.parametrize("image", [0, 5])
def test_a_raw_file_with_a_class_that_is_none_is_found(other: str, tmp_path: Path, image: int) -> None:
    """Also among the images that are not used."""
    path = unpack(place(other, "test.labels", tmp_path))
    is_q = other == "qmnist"
    count = 6 if is_q else 4
    labels = list(range(count))
    for wrong in (10, 256, -1) if is_q else (10, 255):
        labels[min(image, count - 1)] = wrong
        path.write_bytes(_q_labels(labels) if is_q else struct.pack(">2i", 0x801, count) + bytes(labels))
        sentence = f"it says that an image is of class {wrong}, expected 0 to 9"
        assert sentence in complaint_about(other, tmp_path, path)


@pytest.mark.parametrize("which", FILES)
def test_a_missing_file_of_another_data_set_is_named_with_the_mend(
    other: str, tmp_path: Path, which: str
) -> None:
    path = place(other, which, tmp_path)
    path.unlink()
    assert not registry.is_here(other, tmp_path)
    with pytest.raises(Problem) as caught:
        registry.load(other, tmp_path)
    train = f"`vaetui train --dataset {other} --data {tmp_path}`"
    mend = f"{train} fetches it, or name the folder that holds it with --data"
    assert str(caught.value) == f"{path.with_suffix('')}[.gz] does not exist: {mend}"


# --- fetching ---


def stub(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Run a Python program in the downloader's place; its `folder` is where to download to."""
    whole = f"import sys, pathlib, shutil\nfolder = pathlib.Path(sys.argv[1])\n{program}"
    monkeypatch.setattr(
        fetch, "command", lambda name, folder: [sys.executable, "-I", "-c", whole, str(folder)]
    )


def test_another_data_set_is_downloaded_verified_and_put_in_place(
    other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As torchvision leaves it, packed and raw beside each other: what was verified is what is kept."""
    title = OTHERS[other]
    whole = shutil.copytree(tmp_path / title, tmp_path / "mirror" / title)
    for path in list((whole / "raw").iterdir()):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    stub(monkeypatch, f"shutil.copytree({str(whole)!r}, folder / {title!r})")
    target, said = tmp_path / "new", list[str]()
    assert registry.resolve(other, target, said.append) == other
    assert registry.load(other, target).checksum == registry.load(other, tmp_path).checksum
    assert [path.name for path in target.iterdir()] == [title]
    assert {path.suffix for path in (target / title / "raw").iterdir()} == {".gz"}
    assert said == [
        f"{title} not found in {target}: downloading {title} (20 MB)",
        f"{title} is now in {target}",
    ]
    assert registry.resolve(other, target, said.append) == other
    assert len(said) == 2


def test_another_data_set_that_is_not_to_be_had_never_becomes_digits(
    other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(monkeypatch, "sys.exit('no mirror answers: check the network')")
    target = tmp_path / "empty"
    with pytest.raises(Problem) as caught:
        registry.resolve(other, target, list[str]().append)
    raw = target / OTHERS[other] / "raw"
    assert str(caught.value) == (
        f"{OTHERS[other]} not found and could not be downloaded: no mirror answers: check the network, "
        f"or put its files into {raw} yourself, or use --dataset digits, which needs no network"
    )
    assert list(target.iterdir()) == []


def test_each_download_says_its_own_size() -> None:
    assert {name: source.megabytes for name, source in sources.SOURCES.items()} == {
        "mnist": 12,
        "fashion-mnist": 31,
        "kmnist": 21,
        "qmnist": 20,
    }
