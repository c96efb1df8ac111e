"""Data sets as uint8 arrays: MNIST from IDX files, `digits` from scikit-learn's package; fetching; splitting.

Standard library, numpy and platformdirs only, so that the app can import it without PyTorch. MNIST lies as
torchvision lays it out, `<folder>/MNIST/raw/train-images-idx3-ubyte`, `.gz` or raw, and is held against the
checksum of its decompressed bytes whenever it is read.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import math
import os
import shutil
import struct
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from trainer import digits, fetch
from trainer.fetch import Patience
from trainer.files import DamagedFile, Problem, clean, read_bounded

SIDE = 28
PIXELS = SIDE * SIDE

Pixels = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]


# --- values -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images, 0 the paper and 255 the ink, and which digit each shows."""

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
    """One IDX file: big-endian 32-bit header (magic, count, further dimensions), then a byte a value."""

    name: str
    header: tuple[int, ...]
    md5: str  # of the whole decompressed file

    @property
    def size(self) -> int:
        return 4 * len(self.header) + math.prod(self.header[1:])


@dataclass(frozen=True)
class _Part:
    images: _File
    labels: _File


@dataclass(frozen=True)
class _Source:
    """A data set in IDX files below `<folder>/<title>/raw/`."""

    title: str
    train: _Part
    test: _Part

    @property
    def files(self) -> tuple[_File, ...]:
        return (self.train.images, self.train.labels, self.test.images, self.test.labels)


def _part(stem: str, count: int, images_md5: str, labels_md5: str) -> _Part:
    return _Part(
        _File(f"{stem}-images-idx3-ubyte", (0x803, count, SIDE, SIDE), images_md5),
        _File(f"{stem}-labels-idx1-ubyte", (0x801, count), labels_md5),
    )


_SOURCES = {
    "mnist": _Source(
        "MNIST",
        _part("train", 60_000, "6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624"),
        _part("t10k", 10_000, "2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637"),
    ),
}
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
        raise Problem(f"there is no data set {clean(name, 40)!r}: choose auto, {' or '.join(NAMES)}")


def _raw(source: _Source, folder: Path) -> Path:
    return folder / source.title / "raw"


def _find(file: _File, source: _Source, folder: Path) -> Path | None:
    """The file as it lies there, raw before compressed because that is read faster."""
    plain = _raw(source, folder) / file.name
    try:
        return next((path for path in (plain, plain.with_name(f"{file.name}.gz")) if path.is_file()), None)
    except OSError as error:
        raise Problem(f"{clean(str(plain))} cannot be read: {error.strerror}") from None


def _missing(source: _Source, folder: Path) -> list[_File]:
    return [file for file in source.files if _find(file, source, folder) is None]


def _read_part(part: _Part, source: _Source, folder: Path) -> Images:
    pixels = _read_file(part.images, source, folder).reshape(-1, PIXELS)
    return Images(pixels, _read_file(part.labels, source, folder))


def _read_file(file: _File, source: _Source, folder: Path) -> Pixels:
    """The values of one IDX file, flat and writable (PyTorch warns of arrays that are not)."""
    path = _find(file, source, folder)
    if path is None:
        missing = clean(str(_raw(source, folder) / file.name))
        raise Problem(
            f"{missing}[.gz] does not exist: `vaetui train --dataset {source.title.lower()}` fetches it, "
            "or name the folder that holds it with --data"
        )
    content = _content(path, file.size)
    start = 4 * len(file.header)
    header = tuple(word for (word,) in struct.iter_unpack(">i", content[: min(start, len(content) & ~3)]))
    if header != file.header:
        raise _damaged(path, f"its IDX header (magic, count, sides) is {header}, expected {file.header}")
    if len(content) != file.size:
        raise _damaged(path, f"it holds {len(content)} bytes of data, expected {file.size}")
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 != file.md5:
        raise _damaged(path, f"its checksum is {md5}, expected {file.md5}")
    return np.frombuffer(content, np.uint8, offset=start).copy()


def _content(path: Path, size: int) -> bytes:
    """The decompressed bytes of `path`, never more than one above `size`, however many it claims to hold."""
    packed = path.suffix == ".gz"
    limit = size + size // 1000 + 1024 if packed else size  # what cannot be compressed grows by less
    if path.stat().st_size > limit:
        raise _damaged(path, f"it is {path.stat().st_size} bytes long, expected at most {limit}")
    data = read_bounded(path, limit)
    if not packed:
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, f"it cannot be decompressed ({error})") from None
    if len(content) > size:
        raise _damaged(path, f"it decompresses to more than the expected {size} bytes")
    return content


def _damaged(path: Path, cause: str) -> DamagedFile:
    return DamagedFile(path, f"{cause}: delete it and run again, it will be fetched anew")


# --- fetching ---------------------------------------------------------------------------------------

_AUTO = Patience(first=9, later=7, doubted=2)  # there is something to fall back to: seconds decide
_ASKED = Patience(first=25, later=25, doubted=25)
_ABANDONED = 86_400.0  # seconds after which a download folder belongs to nobody


def resolve(name: str, folder: Path, narrate: Callable[[str], None]) -> str:
    """The data set that `name` ("auto" or one of NAMES) stands for, downloaded into `folder` where missing.

    "auto" is MNIST where it is here or can be had (10 s without a sign of it decide), else `digits`, which
    `narrate` is told. Raises `Problem`: an unknown name, nothing to be had within 30 s, or, with "auto" too,
    only some of MNIST's files here and no others to be had: that is damage, which `digits` must not hide.
    """
    wanted = "mnist" if name == "auto" else name
    if is_here(wanted, folder) or wanted not in _SOURCES:
        return wanted
    source = _SOURCES[wanted]
    missing = _missing(source, folder)
    nothing_here = len(missing) == len(source.files)
    absent = source.title if nothing_here else " and ".join(file.name for file in missing)
    narrate(f"{absent} not found in {clean(str(folder))}: downloading {source.title} (12 MB)")
    try:
        _fetch(wanted, folder, _AUTO if name == "auto" else _ASKED, narrate)
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


def _fetch(name: str, folder: Path, patience: Patience, narrate: Callable[[str], None]) -> None:
    """Download into a folder of its own, verify, move into place: half a download never looks whole."""
    source = _SOURCES[name]
    place = _raw(source, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        staging = Path(tempfile.mkdtemp(prefix=".download-", dir=folder))
        try:
            cause = fetch.download(name, staging, patience, narrate)
            if cause:
                raise Problem(f"{cause}, or put its files into {clean(str(place))} yourself")
            load(name, staging)
            place.mkdir(parents=True, exist_ok=True)
            for path in (_find(file, source, staging) for file in source.files):
                if path is not None:
                    path.replace(place / path.name)
        except DamagedFile:
            raise Problem("what the mirror sent is damaged: try again later") from None
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise Problem(
            f"{clean(str(folder))} cannot be written ({error.strerror}): choose another folder with --data"
        ) from None


def _sweep(folder: Path) -> None:
    """Remove what killed processes left behind; younger folders may be in use."""
    for leftover in folder.glob(".download-*"):
        with contextlib.suppress(FileNotFoundError):  # another process sweeps too
            if time.time() - leftover.stat().st_mtime > _ABANDONED:
                shutil.rmtree(leftover, ignore_errors=True)
