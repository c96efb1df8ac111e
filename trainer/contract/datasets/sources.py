"""The published data sets, one row each, and the search for their files in a data folder.

Torchvision's layout is `<folder>/<title>/raw/`. Files in `<folder>` itself or in one of its folders are found
too; since many data sets use the same names, the test labels identify them. All files of a data set are read
from one folder.

The MD5 of the content is known for MNIST, Fashion-MNIST and KMNIST, that of the published `.gz` for all four:
only in unpacked or repacked files of QMNIST a changed value is not noticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from trainer.contract.config import CLASSES, SIDE
from trainer.contract.datasets import idx
from trainer.contract.datasets.idx import IdxFile, Read, UnfitError
from trainer.contract.files import Problem, clean

_FOLDERS = 1000  # folders searched, at most

Sums = tuple[str, str]  # MD5 of the content, MD5 of the published `.gz`


@dataclass(frozen=True)
class Part:
    """Training or test images and their labels, of which the first `used` are used."""

    images: IdxFile
    labels: IdxFile
    used: int


@dataclass(frozen=True)
class Source:
    """A data set in IDX files.

    `title` is the class of torchvision.datasets and the name of its folder, `megabytes` the size of the
    download, `checksum` that of `Dataset`, "" where it is not known.
    """

    name: str
    title: str
    megabytes: int
    train: Part
    test: Part
    checksum: str = ""
    mirrors: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[IdxFile, ...]:
        """Images and labels of both parts."""
        return (self.train.images, self.train.labels, self.test.images, self.test.labels)


def part(stem: str, count: int, images: Sums, labels: Sums) -> Part:
    """Return a part in MNIST's format: the label of an image is one byte, its class."""
    return Part(
        IdxFile(f"{stem}-images-idx3-ubyte", (0x803, count, SIDE, SIDE), *images),
        IdxFile(f"{stem}-labels-idx1-ubyte", (0x801, count), *labels, classes=CLASSES),
        count,
    )


def q_part(stem: str, count: int, packed_images: str, packed_labels: str, used: int) -> Part:
    """Return a part in QMNIST's format: the label of an image is eight numbers, its class first.

    Only the MD5s of the published `.gz` are known.
    """
    return Part(
        IdxFile(f"qmnist-{stem}-images-idx3-ubyte", (0x803, count, SIDE, SIDE), "", packed_images),
        IdxFile(f"qmnist-{stem}-labels-idx2-int", (0xC02, count, 8), "", packed_labels, classes=CLASSES),
        used,
    )


def _like_mnist(
    name: str, title: str, megabytes: int, *sums: Sums, mirrors: tuple[str, ...], checksum: str = ""
) -> Source:
    """Return a data set with MNIST's file names and counts; `sums` are in the order of `Source.files`."""
    train, test = part("train", 60_000, *sums[:2]), part("t10k", 10_000, *sums[2:])
    return Source(name, title, megabytes, train, test, checksum, mirrors)


_ROWS = (
    _like_mnist(
        "mnist",
        "MNIST",
        12,
        ("6bbc9ace898e44ae57da46a324031adb", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("a25bea736e30d166cdddb491f175f624", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("2646ac647ad5339dbf082846283269ea", "9fb629c4189551a2d022fa330f9573f3"),
        ("27ae3e4e09519cfbb04c329615203637", "ec29112dd5afa0611ce80d1b7f02629c"),
        checksum="edc0d1098aa497be14ace79ddd5171e5a3dcf9c4d196c015389203eb3ba1f59b",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
    ),
    _like_mnist(
        "fashion-mnist",
        "FashionMNIST",
        31,
        ("f4a8712d7a061bf5bd6d2ca38dc4d50a", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("9018921c3c673c538a1fc5bad174d6f9", "25c81989df183df01b3e8a0aad5dffbe"),
        ("8181f5470baa50b63fa0f6fddb340f0a", "bef4ecab320f06d8554ea6380940ec79"),
        ("15d484375f8d13e6eb1aabb0c3f46965", "bb300cfdad3c16e7a12a480ee83cd310"),
        mirrors=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    ),
    _like_mnist(
        "kmnist",
        "KMNIST",
        21,
        ("92be26ec9822e900ac425d0a0aa84ced", "bdb82020997e1d708af4cf47b453dcf7"),
        ("949e75301f8813e0dc5800dcc320fc52", "e144d726b3acfaa3e44228e80efcd344"),
        ("bf305b8cd328700fbc17f5acbc2856d2", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("9f55f451c0988b028eccdf7d5cc265ab", "7320c461ea6c1c855c0b718fb2a4b134"),
        mirrors=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
    ),
    Source(
        "qmnist",
        "QMNIST",
        20,
        q_part(
            "train", 60_000, "ed72d4157d28c017586c42bc6afe6370", "0058f8dd561b90ffdd0f734c6a30e5e4", 60_000
        ),
        q_part(
            "test", 60_000, "1394631089c404de565df7b7aeaf9412", "5b5b05890a5e13444e108efe57b788aa", 10_000
        ),
        mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
    ),
)
SOURCES = {source.name: source for source in _ROWS}


# --- finding and reading ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Found:
    """Images and labels of the requested parts; `passed_over` says what is wrong with other files."""

    parts: tuple[tuple[Read, Read], ...]
    passed_over: tuple[str, ...]

    @property
    def files(self) -> tuple[Read, ...]:
        """Images and labels of all parts."""
        return tuple(read for both in self.parts for read in both)


def raw(source: Source, folder: Path) -> Path:
    """Return the folder of the files in torchvision's layout, where downloads go too."""
    return folder / source.title / "raw"


def read(source: Source, parts: Sequence[Part], folder: Path) -> Found | None:
    """Read `parts` from the first folder where all their files are good; None where no folder has them.

    Raises `Problem` that names the first bad file and the remedy.
    """
    unfit: list[UnfitError] = []
    foreign = _foreign(source)
    for place in places(source, folder):
        try:
            pairs = tuple(
                (idx.read(part.images, place, foreign), idx.read(part.labels, place, foreign))
                for part in parts
            )
        except UnfitError as error:
            unfit.append(error)
        except FileNotFoundError:  # it was deleted meanwhile
            continue
        else:
            inside = (cause for both in pairs for file in both for cause in file.passed_over)
            return Found(pairs, (*map(str, unfit), *inside))
    if unfit:
        raise unfit[0].problem from None
    return None


def places(source: Source, folder: Path) -> Iterator[Path]:
    """Yield every folder that seems to hold all of `source`, its own one first. Raises `Problem`.

    In its own one only names are checked, in others the test labels must be good, which is fast to check.
    """
    own = raw(source, folder)
    if _is_folder(own) and not os.access(own, os.R_OK | os.X_OK):
        raise Problem(f"{clean(str(own))} cannot be read: make it readable, or choose another with --data")
    for place in _folders(source, folder):
        is_whole = all(idx.candidates(file, place) for file in source.files)
        if is_whole and (place == own or _label_error(source, place) is None):
            yield place


def missing(source: Source, folder: Path) -> list[str]:
    """Return the names of the files that are missing in the data set's own folder."""
    own = raw(source, folder)
    return [file.name for file in source.files if not idx.candidates(file, own)]


def suspects(source: Source, folder: Path) -> tuple[str, ...]:
    """Return what is wrong with test labels outside its own folder that may be those of `source`."""
    others = (place for place in _folders(source, folder) if place != raw(source, folder))
    errors = (_label_error(source, place) for place in others)
    return tuple(str(error) for error in errors if error is not None and not error.is_foreign)


def _label_error(source: Source, place: Path) -> UnfitError | None:
    """Return what is wrong with the test labels in `place`, None for good or missing ones."""
    try:
        with suppress(FileNotFoundError):
            idx.read(source.test.labels, place, _foreign(source))
    except UnfitError as error:
        return error
    return None


def _folders(source: Source, folder: Path) -> Iterator[Path]:
    """Yield the folders to search for files of `source`, in this order."""
    own = raw(source, folder)
    yield own
    yield own.parent
    yield folder
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 (only names are needed)
    except OSError:
        return
    visible = (folder / name for name in names if not name.startswith(".") and name != source.title)
    yield from islice((place for place in visible if _is_folder(place)), _FOLDERS)


def _is_folder(path: Path) -> bool:
    """Return whether `path` is known to be a folder."""
    return os.path.isdir(path)  # noqa: PTH112 (Path.is_dir raises without permission)


def _foreign(source: Source) -> Mapping[str, str]:
    """Return the names of the files of all other data sets, by the MD5 of their content."""
    others = (other for other in SOURCES.values() if other.name != source.name)
    return {file.md5: f"{other.title}'s {file.name}" for other in others for file in other.files if file.md5}
