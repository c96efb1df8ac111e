"""Data sets as uint8 arrays: fetched, read from IDX files or from scikit-learn's package, split, binarised.

Standard library, numpy and platformdirs only, so that the app can import it without PyTorch. IDX files lie as
torchvision lays them out, `<folder>/MNIST/raw/train-images-idx3-ubyte`, `.gz` or raw. Whenever one is read,
its header, its length and the range of its labels are checked, and its bytes:

- MNIST: against the MD5 of what is in it, so any compression will do.
- Fashion-MNIST, KMNIST, QMNIST: of these only the MD5 of each published `.gz` is known. So the `.gz` is read
  where there is one, and held against it; in a raw file without its `.gz` a changed pixel goes unnoticed.

QMNIST's test images are the first 10 000 of its 60 000: the same digits in the same order as in MNIST's test
set, so that figures compare.
"""

from __future__ import annotations

import hashlib
import math
import os
import shlex
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from trainer import digits, fetch
from trainer.fetch import Narrate, Patience, Watch
from trainer.files import DamagedFile, Problem, clean, read_bounded

SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10
_GZIP = 16 + zlib.MAX_WBITS  # of zlib: a gzip header, and its checksum at the end

Pixels = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]


# --- values -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images, 0 the paper and 255 the ink, and the class of each, 0…9: the digit, in most data sets."""

    pixels: Pixels  # (images, 784)
    labels: Pixels  # (images,)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set; `checksum` is the SHA-256 (hex) of the training pixels followed by the training labels."""

    name: str
    train: Images
    test: Images
    checksum: str


@dataclass(frozen=True)
class _File:
    """One IDX file: big-endian 32-bit header (magic, count, further dimensions), then the values."""

    name: str
    header: tuple[int, ...]
    md5: str  # of the whole decompressed file,
    is_packed: bool  # or of the `.gz` as published

    @property
    def kind(self) -> np.dtype[Any]:
        """Of its values: the second byte of the magic number tells."""
        return np.dtype({0x08: ">u1", 0x0C: ">i4"}[self.header[0] >> 8])

    @property
    def size(self) -> int:
        return 4 * len(self.header) + self.kind.itemsize * math.prod(self.header[1:])


@dataclass(frozen=True)
class _Part:
    images: _File
    labels: _File
    used: int  # of its images, the first


@dataclass(frozen=True)
class _Source:
    """A data set in IDX files below `<folder>/<title>/raw/`; `megabytes` are to be downloaded."""

    name: str
    title: str
    megabytes: int
    train: _Part
    test: _Part

    @property
    def files(self) -> tuple[_File, ...]:
        return (self.train.images, self.train.labels, self.test.images, self.test.labels)


def _part(stem: str, count: int, images_md5: str, labels_md5: str, is_packed: bool) -> _Part:
    return _Part(
        _File(f"{stem}-images-idx3-ubyte", (0x803, count, SIDE, SIDE), images_md5, is_packed),
        _File(f"{stem}-labels-idx1-ubyte", (0x801, count), labels_md5, is_packed),
        count,
    )


def _q_part(stem: str, count: int, images_md5: str, labels_md5: str, used: int) -> _Part:
    """QMNIST has eight numbers for an image: its class, then where in NIST's collection it is from."""
    return _Part(
        _File(f"qmnist-{stem}-images-idx3-ubyte", (0x803, count, SIDE, SIDE), images_md5, is_packed=True),
        _File(f"qmnist-{stem}-labels-idx2-int", (0xC02, count, 8), labels_md5, is_packed=True),
        used,
    )


_MNIST = _Source(
    "mnist",
    "MNIST",
    12,
    _part("train", 60_000, "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624", False),
    _part("t10k", 10_000, "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637", False),
)
_FASHION = _Source(
    "fashion-mnist",
    "FashionMNIST",
    31,
    _part("train", 60_000, "8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe", True),
    _part("t10k", 10_000, "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310", True),
)
_KMNIST = _Source(
    "kmnist",
    "KMNIST",
    21,
    _part("train", 60_000, "bdb82020997e1d708af4cf47b453dcf7", "e144d726b3acfaa3e44228e80efcd344", True),
    _part("t10k", 10_000, "5c965bf0a639b31b8f53240b1b52f4d7", "7320c461ea6c1c855c0b718fb2a4b134", True),
)
_QMNIST = _Source(
    "qmnist",
    "QMNIST",
    20,
    _q_part("train", 60_000, "ed72d4157d28c017586c42bc6afe6370", "0058f8dd561b90ffdd0f734c6a30e5e4", 60_000),
    _q_part("test", 60_000, "1394631089c404de565df7b7aeaf9412", "5b5b05890a5e13444e108efe57b788aa", 10_000),
)
_SOURCES = {source.name: source for source in (_MNIST, _FASHION, _KMNIST, _QMNIST)}
NAMES = (*_SOURCES, "digits")


# --- loading ----------------------------------------------------------------------------------------


def data_folder(option: Path | None) -> Path:
    """Where data sets lie: `option`, else $VAETUI_DATA, else ./data if it exists, else the user's cache."""
    if option is not None:
        return option
    if os.environ.get("VAETUI_DATA"):
        return Path(os.environ["VAETUI_DATA"])
    local = Path("data")
    return local if local.is_dir() else platformdirs.user_cache_path("vaetui")


def is_here(name: str, folder: Path) -> bool:
    """Whether every file of `name` exists; cheap, so their content is not looked at. Raises `Problem`."""
    _check_name(name)
    if name == "digits":
        return digits.find() is not None
    return not _missing(_SOURCES[name], folder)


def megabytes(name: str) -> int:
    """How much there is to download of `name`; 0 of what cannot be downloaded."""
    return _SOURCES[name].megabytes if name in _SOURCES else 0


def load(name: str, folder: Path) -> Dataset:
    """All of `name`. Raises `Problem` that names the file which is missing or damaged, and the mend."""
    _check_name(name)
    if name == "digits":
        pixels, labels = digits.read(slice(None))
        train = Images(pixels[: digits.TRAIN], labels[: digits.TRAIN])
        test = Images(pixels[digits.TRAIN :], labels[digits.TRAIN :])
    else:
        source = _SOURCES[name]
        train, test = (_read_part(part, source, folder) for part in (source.train, source.test))
    digest = hashlib.sha256(train.pixels.data)
    digest.update(train.labels.data)
    return Dataset(name, train, test, digest.hexdigest())


def load_test(name: str, folder: Path) -> Images:
    """Only the test images of `name`, the same as in `load`. Raises `Problem`."""
    _check_name(name)
    if name == "digits":
        return Images(*digits.read(slice(digits.TRAIN, None)))
    return _read_part(_SOURCES[name].test, _SOURCES[name], folder)


def split(images: int, val_fraction: float, seed: int) -> tuple[Index, Index]:
    """Indices (train,), (val,) of a random split that depends on the seed alone, both in rising order.

    The validation part is `val_fraction` of the images, rounded, but at least one where the fraction is above
    0, and never all. Raises `ValueError` for a fraction outside [0, 1) or without images.
    """
    if not 0 <= val_fraction < 1 or images < 1:
        raise ValueError(f"cannot hold out {val_fraction} of {images} images")
    count = min(max(round(images * val_fraction), int(val_fraction > 0)), images - 1)
    order = np.random.Generator(np.random.PCG64(seed)).permutation(np.arange(images, dtype=np.int64))
    return np.sort(order[count:]), np.sort(order[:count])


def _check_name(name: str) -> None:
    if name not in NAMES:
        known = f"auto, {', '.join(NAMES[:-1])} or {NAMES[-1]}"
        raise Problem(f"there is no data set {clean(name, 40)!r}: choose {known}")


def _raw(source: _Source, folder: Path) -> Path:
    return folder / source.title / "raw"


def _find(file: _File, source: _Source, folder: Path) -> Path | None:
    """The file as it lies there: raw, which is read faster, before `.gz`, unless only that has a checksum."""
    plain = _raw(source, folder) / file.name
    packed = plain.with_name(f"{file.name}.gz")
    either = (packed, plain) if file.is_packed else (plain, packed)
    try:
        return next((path for path in either if path.is_file()), None)
    except OSError as error:
        raise Problem(f"{clean(str(plain))} cannot be read: {error.strerror}") from None


def _missing(source: _Source, folder: Path) -> list[_File]:
    return [file for file in source.files if _find(file, source, folder) is None]


def _read_part(part: _Part, source: _Source, folder: Path) -> Images:
    """The images of a part, in arrays of their own that can be written to: PyTorch warns of others."""
    _, pixels = _read_file(part.images, source, folder)
    path, told = _read_file(part.labels, source, folder)
    labels = told.reshape(len(told), -1)[:, 0]
    for label in (int(labels.min()), int(labels.max())):
        if not 0 <= label < CLASSES:
            raise _damaged(path, f"it says that an image is of class {label}, expected 0 to {CLASSES - 1}")
    return Images(pixels[: part.used].reshape(-1, PIXELS).copy(), labels[: part.used].astype(np.uint8))


def _read_file(file: _File, source: _Source, folder: Path) -> tuple[Path, npt.NDArray[Any]]:
    """Where one IDX file lies, and its values in the shape that its header tells."""
    path = _find(file, source, folder)
    if path is None:
        missing = clean(str(_raw(source, folder) / file.name))
        words = ["vaetui", "train", "--dataset", source.name]
        if folder.absolute() != data_folder(None).absolute():
            words += ["--data", clean(str(folder))]
        raise Problem(
            f"{missing}[.gz] does not exist: `{shlex.join(words)}` fetches it, "
            "or name the folder that holds it with --data"
        )
    content = _content(path, file)
    start = 4 * len(file.header)
    header = tuple(word for (word,) in struct.iter_unpack(">i", content[: min(start, len(content) & ~3)]))
    if header != file.header:
        raise _damaged(path, f"its IDX header (magic, count, sides) is {header}, expected {file.header}")
    if len(content) != file.size:
        raise _damaged(path, f"it holds {len(content)} bytes of data, expected {file.size}")
    if not file.is_packed:
        _check_md5(path, content, file.md5)
    return path, np.frombuffer(content, file.kind, offset=start).reshape(file.header[1:])


def _content(path: Path, file: _File) -> bytes:
    """The decompressed bytes of `path`, never more than one above the size expected of them."""
    size, packed = file.size, path.suffix == ".gz"
    limit = size + size // 1000 + 1024 if packed else size  # what cannot be compressed grows by less
    if path.stat().st_size > limit:
        raise _damaged(path, f"it is {path.stat().st_size} bytes long, expected at most {limit}")
    data = read_bounded(path, limit)
    if not packed:
        return data
    if file.is_packed:
        _check_md5(path, data, file.md5)
    unpacking = zlib.decompressobj(_GZIP)
    try:
        content = unpacking.decompress(data, size + 1)  # at once, so that other threads go on meanwhile
    except zlib.error as error:
        raise _damaged(path, f"it cannot be decompressed ({error})") from None
    if len(content) > size:
        raise _damaged(path, f"it decompresses to more than the expected {size} bytes")
    if not unpacking.eof:
        raise _damaged(path, "it cannot be decompressed (its end is missing)")
    return content


def _check_md5(path: Path, content: bytes, expected: str) -> None:
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise _damaged(path, f"its checksum is {found}, expected {expected}")


def _damaged(path: Path, cause: str) -> DamagedFile:
    return DamagedFile(path, f"{cause}: delete it and run again, it will be fetched anew")


# --- binarising -------------------------------------------------------------------------------------

_WORDS = 1 << 14  # random words of eight bytes drawn at once; any number gives the same images


def binarise(pixels: Pixels, part: str) -> Pixels:
    """Grey levels uint8 (images, 784) → 0 and 255 of the same shape: v becomes ink with probability v/255.

    A fixed draw (Salakhutdinov & Murray 2008): the text `part`, such as "mnist/test", alone decides it, so
    that it is the same on every machine, whatever the seed of a run, and the first images come out the same
    however many follow.
    """
    grey, ink, done = pixels.reshape(-1), np.empty(pixels.size, np.uint8), 0
    for draws in _draws(part):
        levels = grey[done : done + len(draws)]
        np.multiply(draws[: len(levels)] < levels, np.uint8(255), out=ink[done : done + len(levels)])
        done += len(levels)
        if done >= len(grey):
            break
    return ink.reshape(pixels.shape)


def _draws(part: str) -> Iterator[Pixels]:
    """Whole numbers from 0 to 254, each as likely: PCG64's bytes less every 255.

    Of numpy's streams only that of the bits is promised to stay the same in every version.
    """
    bits = np.random.PCG64(int.from_bytes(hashlib.sha256(part.encode()).digest(), "big"))
    while True:
        drawn = bits.random_raw(_WORDS).astype("<u8", copy=False).view(np.uint8)
        yield drawn[drawn < 255]


def as_judged(images: Images, binarize: str, part: str) -> Images:
    """`images` as a model with `Data.binarize` is validated and tested on them: grey, or binarised as `part`.

    "fixed" and "dynamic" give the same: dynamic binarization (Burda et al. 2015) draws afresh for every
    training step only, since figures of a new draw each epoch would not compare.
    """
    return images if binarize == "none" else Images(binarise(images.pixels, part), images.labels)


# --- fetching ---------------------------------------------------------------------------------------

_AUTO = Patience(first=9, later=7, doubted=2)  # there is something to fall back to: seconds decide
_ASKED = Patience(first=25, later=25, doubted=25)


def resolve(name: str, folder: Path, narrate: Narrate, watch: Watch = fetch.nobody) -> str:
    """The data set that `name` ("auto" or one of NAMES) stands for, downloaded into `folder` where missing.

    "auto" is MNIST where it is here or can be had (10 s without a sign of it decide), else `digits`, which
    `narrate` is told. Raises `Problem`: an unknown name, nothing to be had within 30 s, or, with "auto" too,
    only some of MNIST's files here and no others to be had: that is damage, which `digits` must not hide.
    `watch` is as for `fetch.download`.
    """
    wanted = "mnist" if name == "auto" else name
    if is_here(wanted, folder) or wanted not in _SOURCES:
        return wanted
    source = _SOURCES[wanted]
    missing = _missing(source, folder)
    nothing_here = len(missing) == len(source.files)
    absent = source.title if nothing_here else " and ".join(file.name for file in missing)
    narrate(f"{absent} not found in {clean(str(folder))}: downloading {source.title} ({source.megabytes} MB)")
    try:
        _fetch(wanted, folder, _AUTO if name == "auto" else _ASKED, narrate, watch)
    except Problem as problem:
        if name != "auto" or not nothing_here:
            raise Problem(
                f"{absent} not found and not to be had: {problem}, "
                "or use --dataset digits, which needs no network"
            ) from None
        narrate(
            f"WARNING: using `digits`, {digits.COUNT} real digits that ship with scikit-learn, instead of "
            f"{source.title}, which is not to be had: {problem}"
        )
        return "digits"
    narrate(f"{source.title} is now in {clean(str(folder))}")
    return wanted


def _fetch(name: str, folder: Path, patience: Patience, narrate: Narrate, watch: Watch) -> None:
    """Download into a folder of its own, verify, move into place: half a download never looks whole."""
    source = _SOURCES[name]
    place = _raw(source, folder)
    try:
        with fetch.staging(folder) as staging:
            cause = fetch.download(name, staging, patience, narrate, watch)
            if cause:
                raise Problem(f"{cause}, or put its files into {clean(str(place))} yourself")
            load(name, staging)
            place.mkdir(parents=True, exist_ok=True)
            for path in (_find(file, source, staging) for file in source.files):
                if path is not None:
                    path.replace(place / path.name)
    except DamagedFile:
        raise Problem("what the mirror sent is damaged: try again later") from None
    except OSError as error:
        raise Problem(
            f"{clean(str(folder))} cannot be written ({error.strerror}): choose another folder with --data"
        ) from None
