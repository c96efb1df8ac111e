"""Download a data set through torchvision: `python -m trainer.data.download mnist FOLDER`.

A process of its own: torchvision takes seconds to import, a broken one may crash, and its downloader has no
timeout. It also skips the other mirrors where the first one fails in an unexpected manner, so they are tried
here one by one. Any failure is one sentence on stderr, cause and remedy, and exit code 1.
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
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue

from trainer.contract.datasets.fetch import SIGN
from trainer.contract.datasets.sources import SOURCES, Source
from trainer.contract.disk_space import FULL
from trainer.contract.files import Problem, clean

SOCKET_SECONDS = 5.0  # without a byte, then the next mirror is tried
REACH_SECONDS = 4.0
SIGNS = 60  # signs of life, one a second while torchvision is imported, so that the parent does not give up
DISK = {*FULL, errno.EACCES, errno.EIO, errno.ENOENT, errno.ENOTDIR, errno.EPERM, errno.EROFS}


def main(arguments: Sequence[str]) -> int:
    """Download data set `arguments[0]` into the folder `arguments[1]`; the exit code."""
    if len(arguments) != 2 or arguments[0] not in SOURCES:
        _say(f"expected the name of a data set ({', '.join(SOURCES)}) and a folder")
        return 2
    source, folder = SOURCES[arguments[0]], Path(arguments[1])
    socket.setdefaulttimeout(SOCKET_SECONDS)
    loaded, answering = threading.Event(), list[str]()
    threading.Thread(target=_reach, args=(source, folder / SIGN, loaded, answering), daemon=True).start()
    try:
        download(source, folder, loaded, answering)
    except Problem as problem:
        _say(str(problem))
        return 1
    return 0


def download(source: Source, folder: Path, loaded: threading.Event, answering: Sequence[str] = ()) -> None:
    """Download into `folder` from the first mirror that works, those that are `answering` before others.

    `loaded` is set when torchvision is imported. Raises `Problem`.
    """
    try:
        from torchvision import datasets
    except Exception as error:  # a broken or mismatched build may raise any error
        raise Problem(
            f"torchvision cannot be loaded ({_reason(error)}): install torch and torchvision anew, "
            "both from the same package index"
        ) from None
    loaded.set()
    kind, reason = getattr(datasets, source.title), ""
    for url in sorted(source.mirrors, key=lambda url: url not in answering):
        kind.mirrors = [url]
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
                for train in (True, False):  # QMNIST fetches only one part, the others both
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
    raise Problem(f"no mirror of {source.title} delivers it ({reason}): check the network")


def _reach(source: Source, sign: Path, loaded: threading.Event, answering: list[str]) -> None:
    """Probe all mirrors while torchvision is imported; report at once where none answers."""
    replies: SimpleQueue[tuple[str, str]] = SimpleQueue()
    for url in source.mirrors:
        file = f"{url}{source.test.labels.name}.gz"  # the smallest file
        threading.Thread(target=_probe, args=(url, file, replies), daemon=True).start()
    reason = ""
    for _ in source.mirrors:
        url, failure = replies.get()
        reason = failure or reason
        if not failure:
            answering.append(url)
            if len(answering) == 1:
                threading.Thread(target=_show_life, args=(sign, loaded), daemon=True).start()
    if not answering:
        _say(f"no mirror answers ({reason}): check the network")


def _probe(url: str, file: str, replies: SimpleQueue[tuple[str, str]]) -> None:
    """Put `url` and why `file` there does not answer, "" where it does, into `replies`."""
    request = urllib.request.Request(file, method="HEAD")  # noqa: S310 (ours)
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
