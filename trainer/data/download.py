"""Download a data set through torchvision: `python -m trainer.data.download mnist FOLDER`.

A process of its own: torchvision loads for seconds, a broken one may crash, and its downloader knows no
timeout. It also gives up on several mirrors where the first one fails in a way that it does not expect, so
they are tried here one by one. Any failure is one sentence on stderr, cause and remedy, and exit code 1.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue

from trainer.contract.datasets.fetch import SIGN
from trainer.contract.datasets.sources import SOURCES
from trainer.contract.files import Problem, clean


@dataclass(frozen=True)
class Mirrors:
    """The class of torchvision.datasets, the addresses of its files, and the smallest one, for probes."""

    title: str
    urls: tuple[str, ...]
    small: str


# By data set; the smallest file of each is that of the test labels.
SETS = {
    name: Mirrors(source.title, source.mirrors, f"{source.test.labels.name}.gz")
    for name, source in SOURCES.items()
}

SOCKET_SECONDS = 5.0  # without a byte, then the next mirror is tried
REACH_SECONDS = 4.0
SIGNS = 60  # of life, one a second while torchvision loads, so that the parent waits
DISK = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


def main(arguments: Sequence[str]) -> int:
    """Download data set `arguments[0]` into the folder `arguments[1]`; the exit code."""
    if len(arguments) != 2 or arguments[0] not in SETS:
        _say(f"expected the name of a data set ({', '.join(SETS)}) and a folder")
        return 2
    mirrors, folder = SETS[arguments[0]], Path(arguments[1])
    socket.setdefaulttimeout(SOCKET_SECONDS)
    loaded, answering = threading.Event(), list[str]()
    threading.Thread(target=_reach, args=(mirrors, folder / SIGN, loaded, answering), daemon=True).start()
    try:
        download(mirrors, folder, loaded, answering)
    except Problem as problem:
        _say(str(problem))
        return 1
    return 0


def download(mirrors: Mirrors, folder: Path, loaded: threading.Event, answering: Sequence[str] = ()) -> None:
    """Download into `folder` from the first mirror that delivers, those that are `answering` before others.

    `loaded` is set when torchvision is there. Raises `Problem`.
    """
    try:
        from torchvision import datasets
    except Exception as error:  # a broken or mismatched build raises whatever it likes
        raise Problem(
            f"torchvision cannot be loaded ({_reason(error)}): install torch and torchvision anew, "
            "both from the same package index"
        ) from None
    loaded.set()
    kind, reason = getattr(datasets, mirrors.title), ""
    for url in sorted(mirrors.urls, key=lambda url: url not in answering):
        kind.mirrors = [url]
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
                for train in (True, False):  # QMNIST fetches the part that it is asked for, the others all
                    kind(root=folder, train=train, download=True)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in DISK:
                raise Problem(
                    f"the data folder cannot be written ({error.strerror}): "
                    "free some space or choose another with --data"
                ) from None
            reason = _reason(error)
        else:
            return
    raise Problem(f"no mirror of {mirrors.title} delivers it ({reason}): check the network")


def _reach(mirrors: Mirrors, sign: Path, loaded: threading.Event, answering: list[str]) -> None:
    """Ask all mirrors for a reply while torchvision loads; report at once where none answers."""
    replies: SimpleQueue[tuple[str, str]] = SimpleQueue()
    for url in mirrors.urls:
        threading.Thread(target=_ask, args=(url, mirrors.small, replies), daemon=True).start()
    reason = ""
    for _ in mirrors.urls:
        url, failure = replies.get()
        reason = failure or reason
        if not failure:
            answering.append(url)
            if len(answering) == 1:
                threading.Thread(target=_show_life, args=(sign, loaded), daemon=True).start()
    if not answering:
        _say(f"no mirror answers ({reason}): check the network")


def _ask(url: str, small: str, replies: SimpleQueue[tuple[str, str]]) -> None:
    """Put `url` and why it does not answer, "" where it does, into `replies`."""
    request = urllib.request.Request(url + small, method="HEAD")  # noqa: S310 (ours)
    failure = ""
    try:
        with urllib.request.urlopen(request, timeout=REACH_SECONDS):  # noqa: S310
            pass
    except urllib.error.HTTPError:
        pass  # refused, but reached
    except Exception as error:
        failure = _reason(error)
    replies.put((url, failure))


def _show_life(sign: Path, loaded: threading.Event) -> None:
    with contextlib.suppress(OSError):  # a folder that cannot be written is reported by the download
        for _ in range(SIGNS):
            with sign.open("a") as file:
                file.write(".")
            if loaded.wait(1):
                return


def _reason(error: BaseException) -> str:
    """Return the error as one line, without urllib's wrapping: torchvision puts it below the address."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    below = [after for line, after in pairwise(lines) if line.startswith("Tried ")]
    bare = re.sub(r"<urlopen error (.*)>", r"\1", (below or lines)[-1])
    return clean(re.sub(r"\[Errno -?\d+\] ", "", bare), 200).rstrip(".")


def _say(sentence: str) -> None:
    os.write(2, f"{sentence}\n".encode())  # sys.stderr may be redirected


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
