"""The data sets, one row each, and how they are loaded and downloaded.

The published ones are IDX files that can be downloaded: `sources` has a row for each and finds their files,
`idx` reads and checks them. `digits` comes with scikit-learn.

QMNIST's test images are the first 10 000 of its 60 000: the same images in the same order as in MNIST's test
set, so that figures compare.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs

from trainer.contract.config import PIXELS
from trainer.contract.datasets import digits, fetch, sources
from trainer.contract.datasets.fetch import Narrate, Patience, Watch
from trainer.contract.datasets.idx import Read
from trainer.contract.datasets.names import AUTO, NAMES
from trainer.contract.datasets.sources import SOURCES, Found, Part, Source
from trainer.contract.files import Problem, clean
from trainer.contract.images import Dataset, Images

FALLBACK = "digits"  # needs no network


@dataclass(frozen=True, eq=False)
class Inspection:
    """A data set that was loaded; `notes` are about files that were skipped.

    `is_verified`: every file has a known checksum, and the right one. Otherwise only its format was checked.
    """

    dataset: Dataset
    is_verified: bool
    notes: tuple[str, ...]


# --- the registry -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One row: everything that differs from one data set to another.

    The functions are called with the data folder and raise `Problem`: `is_here` returns whether every file is
    present, damaged or not, `inspect` loads all of it, `load_test` loads the test images and returns notes
    about skipped files. `megabytes` is the size of the download, 0 where there is nothing to download.
    """

    name: str
    is_here: Callable[[Path], bool]
    inspect: Callable[[Path], Inspection]
    load_test: Callable[[Path], tuple[Images, Sequence[str]]]
    megabytes: int = 0


def _published(name: str) -> Entry:
    """Return the row of a data set of `SOURCES`."""

    def inspect(folder: Path) -> Inspection:
        parts = (SOURCES[name].train, SOURCES[name].test)
        found = _read(SOURCES[name], parts, folder)
        train, test = (_images(part, *both) for part, both in zip(parts, found.parts, strict=True))
        is_verified = all(file.is_verified for file in found.files)
        return Inspection(Dataset(name, train, test, _checksum(train)), is_verified, found.passed_over)

    def load_test(folder: Path) -> tuple[Images, Sequence[str]]:
        part = SOURCES[name].test
        found = _read(SOURCES[name], (part,), folder)
        return _images(part, *found.parts[0]), found.passed_over

    def is_here(folder: Path) -> bool:
        return any(True for _ in sources.places(SOURCES[name], folder))

    return Entry(name, is_here, inspect, load_test, SOURCES[name].megabytes)


def _inspect_digits(_folder: Path) -> Inspection:
    pixels, labels = digits.read(slice(None))
    train = Images(pixels[: digits.TRAIN], labels[: digits.TRAIN])
    test = Images(pixels[digits.TRAIN :], labels[digits.TRAIN :])
    dataset = Dataset(FALLBACK, train, test, _checksum(train))
    return Inspection(dataset, dataset.checksum == digits.CHECKSUM, ())


def _load_test_digits(_folder: Path) -> tuple[Images, Sequence[str]]:
    return Images(*digits.read(slice(digits.TRAIN, None))), ()


_DIGITS = Entry(FALLBACK, lambda _folder: digits.find() is not None, _inspect_digits, _load_test_digits)
DATASETS = {name: _published(name) for name in SOURCES} | {FALLBACK: _DIGITS}


def register(entry: Entry) -> None:
    """Add a data set, for code outside this package; one that belongs to it has a row above."""
    DATASETS[entry.name] = entry
    if entry.name not in NAMES:
        NAMES.append(entry.name)


def _entry(name: str) -> Entry:
    if name not in DATASETS:
        *others, last = DATASETS
        known = f"auto, {', '.join(others)} or {last}"
        raise Problem(f"there is no data set {clean(name, 40)!r}: choose {known}")
    return DATASETS[name]


# --- loading ----------------------------------------------------------------------------------------


def data_folder(option: Path | None) -> Path:
    """Return `option`, else $VAETUI_DATA, else ./data if it exists, else the user's cache folder."""
    if option is not None:
        return option
    if os.environ.get("VAETUI_DATA"):
        return Path(os.environ["VAETUI_DATA"])
    local = Path("data")
    return local if local.is_dir() else platformdirs.user_cache_path("vaetui")


def is_here(name: str, folder: Path) -> bool:
    """Return whether every file of `name` is present; loading them finds damage. Raises `Problem`."""
    return _entry(name).is_here(folder)


def megabytes(name: str) -> int:
    """Return the size of the download of `name`, 0 where there is nothing to download."""
    return DATASETS[name].megabytes if name in DATASETS else 0


def load(name: str, folder: Path, note: Narrate = fetch.ignore) -> Dataset:
    """Load all of `name`; `note` is called with a sentence on each skipped file.

    Raises `Problem` that names the missing or damaged file and the remedy.
    """
    inspection = inspect(name, folder)
    _report_skipped(inspection.notes, note)
    return inspection.dataset


def inspect(name: str, folder: Path) -> Inspection:
    """Load all of `name`, with what was checked. Raises `Problem` as `load` does."""
    return _entry(name).inspect(folder)


def load_test(name: str, folder: Path, note: Narrate = fetch.ignore) -> Images:
    """Load only the test images of `name`, the same as in `load`. Raises `Problem`."""
    images, notes = _entry(name).load_test(folder)
    _report_skipped(notes, note)
    return images


def blank(name: str) -> Dataset:
    """Return as many black images as the published `name` has, to plan a training before its download.

    The checksum is "" where only the downloaded files give it.
    """
    source = SOURCES[name]
    train, test = (
        Images(np.broadcast_to(np.uint8(0), (part.used, PIXELS)), np.zeros(part.used, np.uint8))
        for part in (source.train, source.test)
    )
    return Dataset(name, train, test, source.checksum)


def _read(source: Source, parts: Sequence[Part], folder: Path) -> Found:
    """Read `parts`. Raises `Problem` that names the missing or damaged file and the remedy."""
    found = sources.read(source, parts, folder)
    if found is None:
        missing = sources.missing(source, folder)
        absent = sources.raw(source, folder) / (missing or [source.train.images.name])[0]
        also = "".join(f" ({cause})" for cause in sources.suspects(source, folder)[:1])
        words = ["vaetui", "train", "--dataset", source.name]
        if folder.absolute() != data_folder(None).absolute():
            words += ["--data", clean(str(folder))]
        raise Problem(
            f"{clean(str(absent))}[.gz] does not exist{also}: `{shlex.join(words)}` fetches it, "
            "or name the folder that holds it with --data"
        )
    return found


def _images(part: Part, images: Read, labels: Read) -> Images:
    """Return the images of a part in writable arrays: PyTorch warns of others."""
    classes = labels.values.reshape(len(labels.values), -1)[:, 0]
    pixels = images.values[: part.used].reshape(-1, PIXELS)
    return Images(pixels.copy(), classes[: part.used].astype(np.uint8))


def _report_skipped(causes: Sequence[str], note: Narrate) -> None:
    for cause in causes:
        note(f"{cause}; another file was read instead")


def _checksum(train: Images) -> str:
    digest = hashlib.sha256(train.pixels.data)
    digest.update(train.labels.data)
    return digest.hexdigest()


# --- fetching ---------------------------------------------------------------------------------------

_AUTO = Patience(first=9, later=9, doubted=2)  # short: there is a fallback
_ASKED = Patience(first=25, later=25, doubted=25)


@dataclass(frozen=True)
class Download:
    """The download that `source` needs.

    `absent` names what is missing in `folder`, `place` is its destination; `notes` are about damaged files of
    the same names. `is_damaged`: there are damaged files, or only some are missing.
    """

    source: Source
    folder: Path
    absent: str
    notes: tuple[str, ...]
    is_damaged: bool

    @property
    def place(self) -> Path:
        """The folder for the files."""
        return sources.raw(self.source, self.folder)

    def sentence(self, doing: str) -> str:
        """Return what is missing, followed by `doing` and the size of the download."""
        size = f"{self.source.title} ({self.source.megabytes} MB)"
        return f"{self.absent} not found in {clean(str(self.folder))}: {doing} {size}"


def needed(name: str, folder: Path) -> Download | None:
    """Return the download that `name` ("auto" or one of DATASETS) needs, None where it is on disk.

    Nothing is written and no network used. Raises `Problem` for an unknown name.
    """
    wanted = _resolved(name)
    if is_here(wanted, folder) or wanted not in SOURCES:
        return None
    source = SOURCES[wanted]
    missing = sources.missing(source, folder)
    notes = sources.suspects(source, folder)
    nothing_here = len(missing) == len(source.files)
    absent = source.title if nothing_here or not missing else " and ".join(missing)
    return Download(source, folder, absent, notes, is_damaged=bool(notes) or not nothing_here)


def resolve(name: str, folder: Path, narrate: Narrate, watch: Watch = fetch.ignore) -> str:
    """Return the data set for `name`, "auto" or one of DATASETS, downloaded into `folder` where missing.

    "auto" is MNIST if it is on disk or can be downloaded (given up after 10 s without a byte), else `digits`,
    which is reported to `narrate`. Raises `Problem` for an unknown name, a failed download, or, with "auto"
    too, if some of MNIST's files are missing or damaged: `digits` must not hide that. `watch` is as for
    `fetch.download`.
    """
    download = needed(name, folder)
    if download is None:
        return _resolved(name)
    source = download.source
    for sentence in download.notes:
        narrate(f"{sentence}; it is ignored")
    narrate(download.sentence("downloading"))
    try:
        _fetch(download, _AUTO if name == "auto" else _ASKED, narrate, watch)
    except Problem as problem:
        if name != "auto" or download.is_damaged:
            also = "".join(f" ({cause})" for cause in download.notes[:1])
            raise Problem(
                f"{download.absent} not found{also} and could not be downloaded: {problem}, "
                "or use --dataset digits, which needs no network"
            ) from None
        narrate(
            f"WARNING: using `digits`, which is bundled, instead of {source.title}, which could not be "
            f"downloaded: {problem}"
        )
        return FALLBACK
    narrate(f"{source.title} is now in {clean(str(folder))}")
    return source.name


def _resolved(name: str) -> str:
    return AUTO if name == "auto" else name


def _fetch(download: Download, patience: Patience, narrate: Narrate, watch: Watch) -> None:
    """Download into a temporary folder, verify, move into place: partial downloads are never used."""
    source, folder, place = download.source, download.folder, download.place
    try:
        with fetch.staging(folder) as staging:
            cause = fetch.download(source.name, staging, patience, narrate, watch, source.megabytes)
            if cause:
                raise Problem(f"{cause}, or put its files into {clean(str(place))} yourself")
            files = _delivered(source, staging)
            place.mkdir(parents=True, exist_ok=True)
            for path in files:
                path.replace(place / path.name)
    except OSError as error:
        where = clean(str(error.filename2 or folder))
        raise Problem(
            f"{where} cannot be written ({error.strerror}): choose another folder with --data"
        ) from None


def _delivered(source: Source, staging: Path) -> list[Path]:
    """Return the files of a download, all of them verified. Raises `Problem`."""
    with suppress(Problem):
        found = sources.read(source, (source.train, source.test), staging)
        if found is not None and all(file.is_verified for file in found.files):
            return [file.path for file in found.files]
    raise Problem("the mirror sent damaged or wrong files: try again later")
